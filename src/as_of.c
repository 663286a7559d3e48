/*
 * as_of.c
 *		Which run the views show: the newest complete one, or the newest up to
 *		a run that the setting fma.as_of_run names.
 */
#include "as_of.h"

#include "utils/guc.h"

PG_FUNCTION_INFO_V1(fma_as_of_run);

#define SETTING "fma.as_of_run"

/* Runs have numbers beyond what an integer setting holds, so it is a string */
static char *as_of_text;
static int64 as_of = PG_INT64_MAX;

/* A number from 1, or nothing */
static bool
ParseRun(const char *text, int64 *run)
{
	char	   *end;

	*run = PG_INT64_MAX;
	if (text == NULL || *text == '\0')
		return true;
	errno = 0;
	*run = strtoi64(text, &end, 10);
	return *end == '\0' && errno == 0 && *run > 0 && isdigit((unsigned char) *text);
}

static bool
CheckRun(char **text, void **extra, GucSource source)
{
	int64		run;

	if (ParseRun(*text, &run))
		return true;
	GUC_check_errdetail("It is the number of a run, or empty.");
	return false;
}

static void
AssignRun(const char *text, void *extra)
{
	(void) ParseRun(text, &as_of);
}

void
FmaDefineAsOfRun(void)
{
	DefineCustomStringVariable(SETTING,
							   "Views and dashboard functions show the newest complete run up to this one.",
							   "Empty: the newest.",
							   &as_of_text, "", PGC_USERSET, 0, CheckRun, AssignRun, NULL);
}

int64
FmaAsOfRun(void)
{
	return as_of;
}

/* Shows a run until AtEOXact_GUC(false, result) */
int
FmaShowRun(int64 run)
{
	int			level = NewGUCNestLevel();

	(void) set_config_option(SETTING, psprintf(INT64_FORMAT, run), PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return level;
}

/* fma_as_of_run() -> the greatest number of a run that views show */
Datum
fma_as_of_run(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(as_of);
}
