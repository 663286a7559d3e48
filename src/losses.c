/*
 * losses.c
 *		The first column of a finder's query: boolean (failed) or a number.
 */
#include "losses.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

/* Beyond this the sum of the squares of 2^31 losses may be no double */
#define MAX_LOSS 1e130

/* Whether a type is one of numbers */
bool
FmaIsNumber(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID ||
		type == FLOAT4OID || type == FLOAT8OID || type == NUMERICOID;
}

/* A loss or number as a double */
double
FmaNumberAsDouble(Oid type, Datum value)
{
	switch (type)
	{
		case BOOLOID:
			return DatumGetBool(value);
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		case INT8OID:
			return (double) DatumGetInt64(value);
		case FLOAT4OID:
			return DatumGetFloat4(value);
		case FLOAT8OID:
			return DatumGetFloat8(value);
		default:
			return DatumGetFloat8(DirectFunctionCall1(numeric_float8, value));
	}
}

/* Refuses a column that can be no loss; "paired" if the query has two of them */
void
FmaCheckLossType(Form_pg_attribute attribute, bool paired)
{
	Oid			type = getBaseType(attribute->atttypid);

	if (type != BOOLOID && !FmaIsNumber(type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" cannot be a loss", NameStr(attribute->attname)),
				 errdetail("It has type %s.", format_type_be(attribute->atttypid)),
				 errhint("The query's first column%s must be boolean (failed) or a number (an error).",
						 paired ? "s, the losses of A and B," : "")));
}

/* A row's loss, 0 or 1 if it is boolean; "type" has its domains resolved */
double
FmaReadLoss(Oid type, const char *name, Datum value)
{
	double		loss = FmaNumberAsDouble(type, value);

	if (unlikely(!(fabs(loss) <= MAX_LOSS)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the loss \"%s\" must be a number between -1e130 and 1e130", name),
				 errdetail("It is %s.", FmaFloat8ToString(loss)),
				 errhint("Leave such rows out, or say with CASE what they count.")));
	return loss;
}
