/*
 * fma.c
 *		The module's entry and the checks that every topic shares.
 */
#include "fma.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

#include "as_of.h"
#include "kernels.h"
#include "kmeans.h"
#include "query.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

/* Defines the settings when the module is loaded */
void
_PG_init(void)
{
	FmaDefineSearchMemory();
	FmaDefineKmeansMemory();
	FmaDefineInstructionSet();
	FmaDefineAsOfRun();
	MarkGUCPrefixReserved("fma");
}

/* A double in its shortest form that reads back as the same number */
char *
FmaFloat8ToString(double value)
{
	return float8out_internal(value);
}

/* Reports an argument outside [0, 1] */
void
FmaBadUnitValue(const char *argument, double value)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s must be between 0 and 1", argument),
			 errdetail("%s is %s.", argument, FmaFloat8ToString(value)),
			 value > 1.0 && value <= 100.0 ?
			 errhint("If these are percentages, divide them by 100.") :
			 errhint("Leave such rows out with FILTER (WHERE %s BETWEEN 0 AND 1), or repair them.", argument)));
}

/* Checks the level of an interval: 0.95 means 95 % */
double
FmaCheckConfidenceLevel(double level)
{
	if (!(level > 0.0 && level < 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence_level must be between 0 and 1, both excluded"),
				 errdetail("confidence_level is %s.", FmaFloat8ToString(level)),
				 errhint("Say 0.95 for an interval of 95 %%.")));
	return level;
}

/* Checks a design effect: the variance over that of independent rows */
double
FmaCheckDesignEffect(double value)
{
	if (!(value > 0.0) || isinf(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("design_effect must be positive and finite"),
				 errdetail("design_effect is %s.", FmaFloat8ToString(value)),
				 errhint("It is the variance over that of independent rows: 1 for these.")));
	return value;
}

/* The index of a word among the choices (NULL-terminated) of an argument */
int
FmaChoose(const char *argument, const char *value, const char *const *choices)
{
	StringInfoData list;

	for (int i = 0; choices[i] != NULL; i++)
		if (strcmp(value, choices[i]) == 0)
			return i;

	initStringInfo(&list);
	for (int i = 0; choices[i] != NULL; i++)
		appendStringInfo(&list, "%s%s", i == 0 ? "" : ", ", choices[i]);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown %s \"%s\"", argument, value),
			 errhint("Use one of: %s.", list.data)));
	return -1;					/* keep compiler quiet */
}

/* A text argument as a C string; the caller knows that it is not NULL */
char *
FmaTextArg(FunctionCallInfo fcinfo, int argno)
{
	return text_to_cstring(PG_GETARG_TEXT_PP(argno));
}

Datum
FmaTextOrNull(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

/* Adds a row to a set-returning function's result (after InitMaterializedSRF) */
void
FmaPutRow(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* The row of a function with OUT arguments */
Datum
FmaMakeRow(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc	description;

	if (get_call_result_type(fcinfo, NULL, &description) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(description), values, nulls));
}

/*
 * Whether an error is not the work's own: a cancel, a shutdown, or one after
 * which the whole transaction is to be repeated
 */
static bool
IsPassedOn(const ErrorData *error)
{
	int			category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	return category == ERRCODE_OPERATOR_INTERVENTION || category == ERRCODE_TRANSACTION_ROLLBACK;
}

/* Does something in a subtransaction; returns the error that ended and undid it, or NULL */
ErrorData *
FmaTry(void (*action) (void *argument), void *argument)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		action(argument);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		if (IsPassedOn(error))
			ReThrowError(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}
