/*
 * conditions.c
 *		Conditions as SQL, as JSON, and as a person reads them.
 *
 * The SQL is over the query's columns: SELECT ... FROM (query) q WHERE it
 * selects exactly the rows that were counted.  Values are quoted untyped
 * literals, which take on the column's type (0.1 would not equal the real
 * 0.1); integers stand as they are.
 */
#include "conditions.h"

#include "catalog/pg_type.h"
#include "catalog/pg_operator.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "parser/parse_oper.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* A longer value is cut in the readable text alone */
#define SHOWN_LENGTH 60

/*
 * Fixes the settings that literals depend on, so that they read back as the same
 * value whatever the session's are.  To be undone with AtEOXact_GUC(true, level).
 */
int
FmaFixLiterals(void)
{
	int			nest_level = NewGUCNestLevel();

	(void) set_config_option("datestyle", "ISO", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("intervalstyle", "postgres", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("extra_float_digits", "1", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return nest_level;
}

/* Appends an operator of a type with itself, with its schema where the name alone would find another */
void
FmaAppendOperator(StringInfo out, Oid operator, Oid type)
{
	char	   *name = get_opname(operator);

	if (compatible_oper_opid(list_make1(makeString(name)), type, type, true) == operator)
		appendStringInfo(out, " %s ", name);
	else
	{
		HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
		char	   *schema = get_namespace_name(((Form_pg_operator) GETSTRUCT(tuple))->oprnamespace);

		ReleaseSysCache(tuple);
		appendStringInfo(out, " OPERATOR(%s.%s) ", quote_identifier(schema), name);
	}
}

static void
AppendEquals(StringInfo out, FmaColumn *column)
{
	FmaAppendOperator(out, column->dictionary.equals_operator, column->base_type);
}

/* Whether a value may stand without quotes: an integer that the parser reads as one */
static bool
IsPlainInteger(FmaColumn *column, const char *value)
{
	return (column->base_type == INT2OID || column->base_type == INT4OID || column->base_type == INT8OID) &&
		strcmp(value, "-9223372036854775808") != 0;
}

/*
 * Whether a literal needs its type's name: a row does, and a type that borrows
 * the equality of another (a regclass is compared as an oid) would be read as that one
 */
static bool
NeedsTypeName(Oid type, Oid equals)
{
	Oid			left,
				right;

	if (type_is_rowtype(type))
		return true;
	op_input_types(equals, &left, &right);
	return left != type && left != TEXTOID && !IsPolymorphicType(left);
}

/* Appends a quoted literal of a type (domains resolved), which is compared by "equals" or its like */
void
FmaAppendLiteral(StringInfo out, Oid type, Oid equals, const char *value)
{
	appendStringInfoString(out, quote_literal_cstr(value));
	if (NeedsTypeName(type, equals))
		appendStringInfo(out, "::%s", format_type_extended(type, -1, FORMAT_TYPE_FORCE_QUALIFY));
}

/* Appends a value of a column */
static void
AppendLiteral(StringInfo out, FmaColumn *column, const char *value)
{
	if (IsPlainInteger(column, value))
		appendStringInfoString(out, value);
	else
		FmaAppendLiteral(out, column->base_type, column->dictionary.equals_operator, value);
}

/* "x IS NULL" of a row looks into it; this form does not */
const char *
FmaNullTest(Oid type, bool isnull)
{
	if (type_is_rowtype(type))
		return isnull ? " IS NOT DISTINCT FROM NULL" : " IS DISTINCT FROM NULL";
	return isnull ? " IS NULL" : " IS NOT NULL";
}

/* The field of the calendar that a feature looks at, as extract() names it */
static const char *
PartField(FmaPart part)
{
	switch (part)
	{
		case FMA_PART_HOUR:
			return "hour";
		case FMA_PART_WEEKDAY:
			return "isodow";
		case FMA_PART_MONTH:
			return "month";
		default:
			return NULL;
	}
}

/* Appends that a column, written as "name", has one of some values, or none of them; it is not NULL */
static void
AppendMembership(StringInfo out, FmaColumn *column, const char *name, const char **values, int n, bool among)
{
	StringInfoData equals;
	bool		by_name;

	initStringInfo(&equals);
	AppendEquals(&equals, column);
	by_name = strcmp(equals.data, " = ") == 0 && !type_is_rowtype(column->base_type);
	if (by_name)
		appendStringInfo(out, among ? "%s IN (" : "%s NOT IN (", name);
	else
		appendStringInfoString(out, among ? "(" : "NOT (");
	for (int i = 0; i < n; i++)
	{
		if (by_name)
			appendStringInfoString(out, i > 0 ? ", " : "");
		else
			appendStringInfo(out, "%s%s%s", i > 0 ? " OR " : "", name, equals.data);
		AppendLiteral(out, column, values[i]);
	}
	appendStringInfoChar(out, ')');
}

/* Appends that a column of the query has one of some values (literals, not quoted) */
void
FmaValuesPredicate(StringInfo out, FmaColumn *column, const char **values, int n)
{
	AppendMembership(out, column, quote_identifier(column->name), values, n, true);
}

/* One side of a range */
static void
AppendBound(StringInfo out, FmaFeature *feature, const char *name, const char *sign, const char *value, bool *first)
{
	if (!*first)
		appendStringInfoString(out, " AND ");
	*first = false;
	appendStringInfo(out, "%s %s ", name, sign);
	AppendLiteral(out, feature->column, value);
}

/* Appends a condition as an SQL expression over the query's columns */
void
FmaConditionPredicate(StringInfo out, FmaEncoding *encoding, FmaFeature *feature, FmaCondition *condition)
{
	FmaColumn  *column = feature->column;
	const char *field = PartField(feature->part);
	const char *name = FmaIsCluster(encoding, column) ? encoding->options.cluster_sql : quote_identifier(column->name);
	bool		first = true;

	if (feature->as_double)
		name = psprintf("%s::double precision", name);
	switch (condition->kind)
	{
		case FMA_IS_NULL:
		case FMA_IS_NOT_NULL:
			appendStringInfo(out, "%s%s", name, FmaNullTest(column->base_type, condition->kind == FMA_IS_NULL));
			break;
		case FMA_EQUALS:
			if (field != NULL && column->base_type == TIMESTAMPTZOID)
				appendStringInfo(out, "extract(%s FROM %s AT TIME ZONE %s) = %s", field, name,
								 quote_literal_cstr(encoding->options.timezone), condition->from);
			else if (field != NULL)
				appendStringInfo(out, "extract(%s FROM %s) = %s", field, name, condition->from);
			else
			{
				appendStringInfoString(out, name);
				AppendEquals(out, column);
				AppendLiteral(out, column, condition->from);
			}
			break;
		case FMA_OTHER:
			AppendMembership(out, column, name, feature->frequent, feature->nfrequent, false);
			break;
		case FMA_WITHIN:
			if (condition->from != NULL)
				AppendBound(out, feature, name, ">=", condition->from, &first);
			if (condition->to != NULL)
				AppendBound(out, feature, name, "<", condition->to, &first);
			else if (feature->has_nan)
				AppendBound(out, feature, name, "<>", "NaN", &first);
			break;
	}
}

/* Appends one element of the conditions */
static void
AppendElement(StringInfo out, FmaEncoding *encoding, FmaFeature *feature, const char *op, const char *value)
{
	const char *field = PartField(feature->part);

	if (out->len > 1)
		appendStringInfoString(out, ", ");
	appendStringInfoString(out, "{\"column\": ");
	escape_json(out, feature->column->name);
	if (FmaIsCluster(encoding, feature->column))
		appendStringInfo(out, ", \"cluster_model\": %d", encoding->options.cluster_model);
	if (field != NULL)
		appendStringInfo(out, ", \"part\": \"%s\"", field);
	if (feature->column->base_type == TIMESTAMPTZOID && field != NULL)
	{
		appendStringInfoString(out, ", \"timezone\": ");
		escape_json(out, encoding->options.timezone);
	}
	if (feature->as_double)
		appendStringInfoString(out, ", \"type\": \"double precision\"");
	appendStringInfo(out, ", \"op\": \"%s\"", op);
	if (value != NULL)
	{
		appendStringInfoString(out, ", \"value\": ");
		if (field != NULL || IsPlainInteger(feature->column, value))
			appendStringInfoString(out, value);
		else
			escape_json(out, value);
	}
	appendStringInfoChar(out, '}');
}

/* Appends a condition as elements {"column", "op", "value"} of a JSON array that has been opened */
void
FmaConditionJson(StringInfo out, FmaEncoding *encoding, FmaFeature *feature, FmaCondition *condition)
{
	switch (condition->kind)
	{
		case FMA_IS_NULL:
			AppendElement(out, encoding, feature, "is null", NULL);
			break;
		case FMA_IS_NOT_NULL:
			AppendElement(out, encoding, feature, "is not null", NULL);
			break;
		case FMA_EQUALS:
			AppendElement(out, encoding, feature, "=", condition->from);
			break;
		case FMA_OTHER:
			AppendElement(out, encoding, feature, "not in", NULL);
			out->data[--out->len] = '\0';
			appendStringInfoString(out, ", \"values\": [");
			for (int i = 0; i < feature->nfrequent; i++)
			{
				appendStringInfoString(out, i > 0 ? ", " : "");
				if (IsPlainInteger(feature->column, feature->frequent[i]))
					appendStringInfoString(out, feature->frequent[i]);
				else
					escape_json(out, feature->frequent[i]);
			}
			appendStringInfoString(out, "]}");
			break;
		case FMA_WITHIN:
			if (condition->from != NULL)
				AppendElement(out, encoding, feature, ">=", condition->from);
			if (condition->to != NULL)
				AppendElement(out, encoding, feature, "<", condition->to);
			else if (feature->has_nan)
				AppendElement(out, encoding, feature, "<>", "NaN");
			break;
	}
}

/* What a feature looks at, as a person reads it */
const char *
FmaFeatureName(const FmaFeature *feature)
{
	const char *name = feature->column->name;

	switch (feature->part)
	{
		case FMA_PART_HOUR:
			return psprintf("hour of %s", name);
		case FMA_PART_WEEKDAY:
			return psprintf("weekday of %s", name);
		case FMA_PART_MONTH:
			return psprintf("month of %s", name);
		default:
			return name;
	}
}

/*
 * Whether two spans of time can be compared by a feature: not by their periods
 * and months, in which they differ anyway
 */
bool
FmaComparable(const FmaFeature *feature)
{
	return feature->column->use != FMA_USE_TIME || feature->part == FMA_PART_HOUR || feature->part == FMA_PART_WEEKDAY;
}

/* A value as a person reads it: as it is, cut if it is long */
static void
AppendShown(StringInfo out, FmaColumn *column, const char *value)
{
	int			length = strlen(value);

	if (length == 0)
		appendStringInfoString(out, "''");
	else if (column->base_type == BOOLOID)
		appendStringInfoString(out, *value == 't' ? "true" : "false");
	else if (length > SHOWN_LENGTH)
		appendStringInfo(out, "%.*s...", pg_mbcliplen(value, length, SHOWN_LENGTH), value);
	else
		appendStringInfoString(out, value);
}

/* A range: integers with both ends, other values up to below the upper one */
static void
AppendRange(StringInfo out, FmaFeature *feature, FmaCondition *condition)
{
	const char *name = feature->column->name;
	const char *from = condition->from;
	const char *to = condition->to;
	bool		closed = to != NULL && IsPlainInteger(feature->column, to);

	if (closed)
		to = psprintf(INT64_FORMAT, strtoi64(to, NULL, 10) - 1);
	if (from == NULL && to == NULL)
		appendStringInfo(out, "%s is a number", name);
	else if (from == NULL)
		appendStringInfo(out, "%s %s %s", name, closed ? "<=" : "<", to);
	else if (to == NULL)
		appendStringInfo(out, "%s >= %s", name, from);
	else if (closed && strcmp(from, to) == 0)
		appendStringInfo(out, "%s = %s", name, from);
	else
		appendStringInfo(out, "%s in [%s, %s%c", name, from, to, closed ? ']' : ')');
}

/* Appends a condition as a person reads it */
void
FmaConditionText(StringInfo out, FmaFeature *feature, FmaCondition *condition)
{
	const char *name = feature->column->name;

	switch (condition->kind)
	{
		case FMA_IS_NULL:
			appendStringInfo(out, "%s is null", name);
			break;
		case FMA_IS_NOT_NULL:
			appendStringInfo(out, "%s is not null", name);
			break;
		case FMA_EQUALS:
			if (feature->part == FMA_PART_HOUR)
				appendStringInfo(out, "hour of %s = %s", name, condition->from);
			else if (feature->part == FMA_PART_WEEKDAY || feature->part == FMA_PART_MONTH)
				appendStringInfo(out, "%s %s %s", name, feature->part == FMA_PART_MONTH ? "in" : "on a", condition->shown);
			else
			{
				appendStringInfo(out, "%s = ", name);
				AppendShown(out, feature->column, condition->from);
			}
			break;
		case FMA_OTHER:
			appendStringInfo(out, "%s = (other)", name);
			break;
		case FMA_WITHIN:
			if (condition->shown != NULL)
				appendStringInfo(out, "%s %s", name, condition->shown);
			else
				AppendRange(out, feature, condition);
			break;
	}
}
