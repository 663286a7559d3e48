/*
 * problems.c
 *		Everything that is wrong with what a user asked for, to be said at once.
 */
#include "problems.h"

#include "utils/varlena.h"

/* A name with more differences than this, or than a third of its letters, is another name */
#define MAX_DIFFERENCES 3

/* The last codes of a class of SQLSTATEs are zeros: "42000" for all of class 42 */
#define CLASS(a, b) MAKE_SQLSTATE(a, b, '0', '0', '0')

void
FmaInitProblems(FmaProblems *problems)
{
	problems->count = 0;
	problems->hint = NULL;
	initStringInfo(&problems->text);
}

/* Adds a line; "argument" is what it is about, or NULL */
void
FmaAddProblem(FmaProblems *problems, const char *argument, const char *format,...)
{
	if (problems->count++ > 0)
		appendStringInfoChar(&problems->text, '\n');
	if (argument != NULL)
		appendStringInfo(&problems->text, "%s: ", argument);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, format);
		needed = appendStringInfoVA(&problems->text, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&problems->text, needed);
	}
}

/* Whether an error is about what the user wrote, and not about the server's state */
static bool
IsUsersError(const ErrorData *error)
{
	int			category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	return category == CLASS('4', '2') || category == CLASS('2', '2') || category == CLASS('3', 'F') ||
		category == CLASS('0', 'A') || error->sqlerrcode == ERRCODE_READ_ONLY_SQL_TRANSACTION;
}

/*
 * Does some work in a subtransaction.  An error about what the user wrote
 * becomes a problem, and false is returned; any other error is passed on.
 */
bool
FmaTryNoting(FmaProblems *problems, const char *argument, void (*work) (void *), void *data)
{
	ErrorData  *error = FmaTry(work, data);

	if (error == NULL)
		return true;
	if (!IsUsersError(error))
		ReThrowError(error);
	if (error->hint != NULL)
		FmaAddProblem(problems, argument, "%s (%s)", error->message, error->hint);
	else
		FmaAddProblem(problems, argument, "%s", error->message);
	return false;
}

/* "; did you mean ...?" with the nearest of the names (char *), or nothing */
char *
FmaDidYouMean(const char *name, List *names)
{
	const char *nearest = NULL;
	int			least = MAX_DIFFERENCES + 1;
	ListCell   *cell;

	foreach(cell, names)
	{
		const char *other = lfirst(cell);
		int			differences;

		if (pg_strcasecmp(name, other) == 0)
			differences = 0;
		else if (strlen(name) > NAMEDATALEN)
			continue;
		else
			differences = varstr_levenshtein_less_equal(name, strlen(name), other, strlen(other), 1, 1, 1, least, true);
		if (differences < least && differences <= (int) strlen(name) / 3)
		{
			least = differences;
			nearest = other;
		}
	}
	return nearest == NULL ? pstrdup("") : psprintf("; did you mean \"%s\"?", nearest);
}
