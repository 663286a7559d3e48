/*
 * confusion.c
 *		fma_confusion in SQL: the aggregate, its text and binary forms, its cells.
 */
#include "fma.h"

#include "funcapi.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/json.h"
#include "matrix.h"
#include "value.h"

#define TYPE_NAME FMA_CONFUSION_TYPE

/* fma_cells lists empty cells, too, up to this many labels */
#define ZERO_CELLS_LABELS 100

/* Checks a weight */
static double
CheckWeight(double weight)
{
	if (unlikely(!(weight >= 0.0 && weight < FMA_MAX_WEIGHT)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("weight must be at least 0 and below 2^63"),
				 errdetail("weight is %s.", FmaFloat8ToString(weight))));
	return weight;
}

/* The state of an aggregate, ready to be changed; "weighted" asks for weights */
static FmaConfusion *
StateArg(FunctionCallInfo fcinfo, bool weighted)
{
	FmaConfusion *state = FmaValueArg(fcinfo, 0, TYPE_NAME, FMA_CONFUSION_VERSION);

	if (unlikely(!FmaIsBuilding(state) || (weighted && !FmaIsWeighted(state))))
		return FmaConfusionBuild(state, weighted);
	if (unlikely(!FmaInAggregate(fcinfo)))
		return FmaConfusionBuild(state, weighted);
	return state;
}

/*
 * The transition of every overload: (state, truth, prediction [, weight]).
 * The functions are strict: a row with a NULL never gets here.
 */
static inline Datum
AddRow(FunctionCallInfo fcinfo, const FmaLabel *truth, const FmaLabel *prediction)
{
	bool		weighted = PG_NARGS() == 4;
	double		weight = weighted ? CheckWeight(PG_GETARG_FLOAT8(3)) : 1.0;
	FmaConfusion *state = StateArg(fcinfo, weighted);

	FmaConfusionAddRow(&state, truth, prediction, &weight);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(fma_confusion_add_text);
/* Counts a row of two text labels */
Datum
fma_confusion_add_text(PG_FUNCTION_ARGS)
{
	text	   *a = PG_GETARG_TEXT_PP(1);
	text	   *b = PG_GETARG_TEXT_PP(2);
	FmaLabel	truth = FmaMakeLabel(VARDATA_ANY(a), VARSIZE_ANY_EXHDR(a));
	FmaLabel	prediction = FmaMakeLabel(VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b));

	return AddRow(fcinfo, &truth, &prediction);
}

PG_FUNCTION_INFO_V1(fma_confusion_add_bigint);
/* Counts a row of two integer labels */
Datum
fma_confusion_add_bigint(PG_FUNCTION_ARGS)
{
	char		a[FMA_INT64_LABEL_BYTES];
	char		b[FMA_INT64_LABEL_BYTES];
	FmaLabel	truth = FmaInt64Label(PG_GETARG_INT64(1), a);
	FmaLabel	prediction = FmaInt64Label(PG_GETARG_INT64(2), b);

	return AddRow(fcinfo, &truth, &prediction);
}

PG_FUNCTION_INFO_V1(fma_confusion_add_boolean);
/* Counts a row of two boolean labels, "true" and "false" as text has them */
Datum
fma_confusion_add_boolean(PG_FUNCTION_ARGS)
{
	FmaLabel	truth = PG_GETARG_BOOL(1) ? FmaMakeLabel("true", 4) : FmaMakeLabel("false", 5);
	FmaLabel	prediction = PG_GETARG_BOOL(2) ? FmaMakeLabel("true", 4) : FmaMakeLabel("false", 5);

	return AddRow(fcinfo, &truth, &prediction);
}

PG_FUNCTION_INFO_V1(fma_confusion_combine);
/* The sum of two matrices, for partial aggregates, fma_rollup and "+" */
Datum
fma_confusion_combine(PG_FUNCTION_ARGS)
{
	FmaConfusion *state = StateArg(fcinfo, false);
	FmaConfusion *other = FmaValueArg(fcinfo, 1, TYPE_NAME, FMA_CONFUSION_VERSION);

	FmaConfusionAdd(&state, other);
	if (!FmaInAggregate(fcinfo))
		state = FmaConfusionCompact(state);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(fma_confusion_final);
/* The compact form of an aggregate's state */
Datum
fma_confusion_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(FmaConfusionArg(fcinfo, 0));
}

/* Appends one cell's count or weight */
static void
AppendAmount(StringInfo out, const FmaCell *cell, bool weight)
{
	if (weight)
		FmaAppendFloat8(out, FmaSumValue(cell->weight));
	else
		appendStringInfo(out, INT64_FORMAT, cell->n);
}

/* Appends the square of counts or weights, row by row of the truth */
static void
AppendSquare(StringInfo out, const FmaConfusion *confusion, bool weight)
{
	uint64		position = 0;
	FmaCell		cell;
	bool		more = FmaNextCell(confusion, &position, &cell);

	for (uint32 t = 0; t < confusion->nlabels; t++)
	{
		appendStringInfoString(out, t == 0 ? "[" : ", [");
		for (uint32 p = 0; p < confusion->nlabels; p++)
		{
			if (p > 0)
				appendStringInfoString(out, ", ");
			if (more && cell.truth == t && cell.prediction == p)
			{
				AppendAmount(out, &cell, weight);
				more = FmaNextCell(confusion, &position, &cell);
			}
			else
				appendStringInfoChar(out, '0');
		}
		appendStringInfoChar(out, ']');
	}
}

/* Appends the list of cells that are not empty: [truth, prediction, n [, weight]] */
static void
AppendCells(StringInfo out, const FmaConfusion *confusion)
{
	uint64		position = 0;
	FmaCell		cell;

	for (bool first = true; FmaNextCell(confusion, &position, &cell); first = false)
	{
		appendStringInfo(out, "%s[%u, %u, ", first ? "" : ", ", cell.truth, cell.prediction);
		AppendAmount(out, &cell, false);
		if (FmaIsWeighted(confusion))
		{
			appendStringInfoString(out, ", ");
			AppendAmount(out, &cell, true);
		}
		appendStringInfoChar(out, ']');
	}
}

PG_FUNCTION_INFO_V1(fma_confusion_out);
/*
 * Text form: {"labels": [...], "counts": [[...], ...]}, a row for each true
 * label and a column for each predicted one, and "weights" of the same shape if
 * there are any; beyond 64 labels "cells", with labels by their index from 0.
 */
Datum
fma_confusion_out(PG_FUNCTION_ARGS)
{
	FmaConfusion *confusion = FmaConfusionArg(fcinfo, 0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "{\"labels\": [");
	for (uint32 i = 0; i < confusion->nlabels; i++)
	{
		FmaLabel	label = FmaConfusionLabel(confusion, i);

		if (i > 0)
			appendStringInfoString(&out, ", ");
		escape_json(&out, pnstrdup(label.bytes, label.length));
	}
	if (FmaIsSparse(confusion))
	{
		appendStringInfo(&out, "], \"weighted\": %s, \"cells\": [", FmaIsWeighted(confusion) ? "true" : "false");
		AppendCells(&out, confusion);
	}
	else
	{
		appendStringInfoString(&out, "], \"counts\": [");
		AppendSquare(&out, confusion, false);
		if (FmaIsWeighted(confusion))
		{
			appendStringInfoString(&out, "], \"weights\": [");
			AppendSquare(&out, confusion, true);
		}
	}
	appendStringInfoString(&out, "]}");
	PG_RETURN_CSTRING(out.data);
}

/* Reads the labels of a text form; the order is ours to choose, repeats are not */
static void
ReadLabels(FmaJson *json, FmaConfusion **confusion)
{
	JsonbValue *elements;
	int			count;

	FmaJsonArray(json, "labels", &elements, &count);
	for (int i = 0; i < count; i++)
	{
		FmaLabel	label;

		if (elements[i].type != jbvString)
			FmaJsonBad(json, "labels", "must be strings");
		label = FmaMakeLabel(elements[i].val.string.val, elements[i].val.string.len);
		if (FmaConfusionAddLabel(confusion, &label) != (uint32) i)
			FmaJsonBad(json, "labels", psprintf("has %s twice", FmaLabelForMessage(label.bytes, label.length)));
	}
}

/* Reads a row of a square or a cell: an array of a known length */
static JsonbValue *
ReadTuple(FmaJson *json, const char *key, const JsonbValue *element, uint32 length)
{
	JsonbIterator *iterator;
	JsonbValue *items = palloc_array(JsonbValue, Max(length, 1));
	JsonbValue	value;

	if (element->type != jbvBinary || !JsonContainerIsArray(element->val.binary.data) ||
		JsonContainerSize(element->val.binary.data) != length)
		FmaJsonBad(json, key, psprintf("must hold arrays of %u elements", length));
	iterator = JsonbIteratorInit(element->val.binary.data);
	(void) JsonbIteratorNext(&iterator, &value, true);
	for (uint32 i = 0; i < length; i++)
		(void) JsonbIteratorNext(&iterator, &items[i], true);
	return items;
}

/* The square field "key" of a text form: its rows */
static JsonbValue *
ReadSquare(FmaJson *json, const char *key, uint32 nlabels)
{
	JsonbValue *rows;
	int			count;

	FmaJsonArray(json, key, &rows, &count);
	if ((uint32) count != nlabels)
		FmaJsonBad(json, key, psprintf("must have %u rows, one for each label", nlabels));
	return rows;
}

/* Adds a cell that came from outside */
static void
ReadCell(FmaJson *json, const char *key, FmaConfusion **confusion, FmaCell *cell, const JsonbValue *weight)
{
	cell->weight.high = (double) cell->n;
	cell->weight.low = 0.0;
	if (weight != NULL)
		cell->weight.high = FmaJsonElementFloat8(json, key, weight);
	if (cell->weight.high < 0.0)
		FmaJsonBad(json, key, "must not be negative");
	if (cell->n == 0 && cell->weight.high > 0.0)
		FmaJsonBad(json, key, "has a weight where the count is 0");
	if (!FmaIsCellWeight(cell->weight.high, cell->n))
		FmaJsonBad(json, key, psprintf("has the weight %s, beyond 2^63 for each of " INT64_FORMAT " rows",
									   FmaFloat8ToString(cell->weight.high), cell->n));
	if (cell->n > 0)
		FmaConfusionAddCell(confusion, cell);
}

PG_FUNCTION_INFO_V1(fma_confusion_in);
/* Reads either text form; {} is the empty matrix */
Datum
fma_confusion_in(PG_FUNCTION_ARGS)
{
	FmaJson		json = FmaJsonOpen(TYPE_NAME, PG_GETARG_CSTRING(0));
	FmaConfusion *confusion;
	FmaCell		cell;

	if (JsonContainerSize(&json.object->root) == 0)
		PG_RETURN_POINTER(FmaConfusionEmpty());

	confusion = FmaConfusionBuild(FmaConfusionEmpty(),
								  FmaJsonHas(&json, "weights") || FmaJsonTrue(&json, "weighted"));
	ReadLabels(&json, &confusion);
	if (FmaJsonHas(&json, "cells"))
	{
		JsonbValue *cells;
		int			count;

		if (FmaJsonHas(&json, "counts") || FmaJsonHas(&json, "weights"))
			FmaJsonBad(&json, "cells", "cannot stand beside \"counts\" or \"weights\"");
		FmaJsonArray(&json, "cells", &cells, &count);
		for (int i = 0; i < count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			JsonbValue *items = ReadTuple(&json, "cells", &cells[i], FmaIsWeighted(confusion) ? 4 : 3);

			cell.truth = FmaJsonElementInt64(&json, "cells", &items[0], 0, (int64) confusion->nlabels - 1);
			cell.prediction = FmaJsonElementInt64(&json, "cells", &items[1], 0, (int64) confusion->nlabels - 1);
			cell.n = FmaJsonElementInt64(&json, "cells", &items[2], 0, PG_INT64_MAX);
			ReadCell(&json, "cells", &confusion, &cell, FmaIsWeighted(confusion) ? &items[3] : NULL);
			pfree(items);
		}
	}
	else
	{
		JsonbValue *counts = ReadSquare(&json, "counts", confusion->nlabels);
		JsonbValue *weights = FmaIsWeighted(confusion) ?
			ReadSquare(&json, "weights", confusion->nlabels) : NULL;

		for (cell.truth = 0; cell.truth < confusion->nlabels; cell.truth++)
		{
			JsonbValue *row = ReadTuple(&json, "counts", &counts[cell.truth], confusion->nlabels);
			JsonbValue *weight_row = weights == NULL ? NULL :
				ReadTuple(&json, "weights", &weights[cell.truth], confusion->nlabels);

			CHECK_FOR_INTERRUPTS();
			for (cell.prediction = 0; cell.prediction < confusion->nlabels; cell.prediction++)
			{
				cell.n = FmaJsonElementInt64(&json, "counts", &row[cell.prediction], 0, PG_INT64_MAX);
				ReadCell(&json, weights == NULL ? "counts" : "weights", &confusion, &cell,
						 weights == NULL ? NULL : &weight_row[cell.prediction]);
			}
			pfree(row);
			if (weight_row != NULL)
				pfree(weight_row);
		}
	}
	PG_RETURN_POINTER(FmaConfusionCompact(confusion));
}

PG_FUNCTION_INFO_V1(fma_confusion_send);
/* Binary form: version, weighted, labels, then the cells that are not empty */
Datum
fma_confusion_send(PG_FUNCTION_ARGS)
{
	FmaConfusion *confusion = FmaConfusionArg(fcinfo, 0);
	StringInfoData out;
	FmaCell		cell;
	int64		ncells = 0;

	for (uint64 position = 0; FmaNextCell(confusion, &position, &cell);)
		ncells++;
	pq_begintypsend(&out);
	pq_sendbyte(&out, FMA_CONFUSION_VERSION);
	pq_sendbyte(&out, FmaIsWeighted(confusion) ? 1 : 0);
	pq_sendint64(&out, confusion->nlabels);
	for (uint32 i = 0; i < confusion->nlabels; i++)
	{
		FmaLabel	label = FmaConfusionLabel(confusion, i);

		FmaSendCountedText(&out, label.bytes, label.length);
	}
	pq_sendint64(&out, ncells);
	for (uint64 position = 0; FmaNextCell(confusion, &position, &cell);)
	{
		pq_sendint32(&out, cell.truth);
		pq_sendint32(&out, cell.prediction);
		pq_sendint64(&out, cell.n);
		if (FmaIsWeighted(confusion))
			pq_sendfloat8(&out, FmaSumValue(cell.weight));
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

/* Reads one cell of a binary form and checks it */
static void
ReceiveCell(StringInfo message, FmaConfusion **confusion)
{
	FmaCell		cell;

	cell.truth = pq_getmsgint(message, 4);
	cell.prediction = pq_getmsgint(message, 4);
	if (cell.truth >= (*confusion)->nlabels || cell.prediction >= (*confusion)->nlabels)
		FmaRecvBad(TYPE_NAME, psprintf("Cell (%u, %u) is outside its %u labels",
									   cell.truth, cell.prediction, (*confusion)->nlabels));
	cell.n = FmaRecvInt64(message, TYPE_NAME, "A count", 1, PG_INT64_MAX);
	cell.weight.high = FmaIsWeighted(*confusion) ? pq_getmsgfloat8(message) : (double) cell.n;
	cell.weight.low = 0.0;
	if (!FmaIsCellWeight(cell.weight.high, cell.n))
		FmaRecvBad(TYPE_NAME, psprintf("A weight of " INT64_FORMAT " rows is %s", cell.n,
									   FmaFloat8ToString(cell.weight.high)));
	FmaConfusionAddCell(confusion, &cell);
}

PG_FUNCTION_INFO_V1(fma_confusion_recv);
/* Reads the binary form, believing nothing */
Datum
fma_confusion_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	FmaConfusion *confusion;
	int64		nlabels;
	int64		ncells;
	int			weighted;

	FmaRecvVersion(message, TYPE_NAME, FMA_CONFUSION_VERSION);
	weighted = pq_getmsgbyte(message);
	if (weighted > 1)
		FmaRecvBad(TYPE_NAME, psprintf("Its flags are %d", weighted));
	confusion = FmaConfusionBuild(FmaConfusionEmpty(), weighted == 1);
	nlabels = FmaRecvInt64(message, TYPE_NAME, "The number of labels", 0, FMA_MAX_LABELS);
	for (int64 i = 0; i < nlabels; i++)
	{
		int			length = pq_getmsgint(message, 4);
		FmaLabel	label;
		char	   *bytes;
		int			converted;

		if (length < 0)
			FmaRecvBad(TYPE_NAME, psprintf("A label has the length %d", length));
		bytes = pq_getmsgtext(message, length, &converted);
		label = FmaMakeLabel(bytes, converted);
		if (FmaConfusionAddLabel(&confusion, &label) != i)
			FmaRecvBad(TYPE_NAME, psprintf("It has the label %s twice", FmaLabelForMessage(bytes, converted)));
		pfree(bytes);
	}
	ncells = FmaRecvInt64(message, TYPE_NAME, "The number of cells", 0, FMA_MAX_CELLS);
	for (int64 i = 0; i < ncells; i++)
		ReceiveCell(message, &confusion);
	FmaRecvEnd(message, TYPE_NAME);
	PG_RETURN_POINTER(FmaConfusionCompact(confusion));
}

PG_FUNCTION_INFO_V1(fma_confusion_eq);
/* Whether two matrices have the same labels, counts and weights */
Datum
fma_confusion_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(FmaSameBytes(FmaConfusionArg(fcinfo, 0), FmaConfusionArg(fcinfo, 1)));
}

PG_FUNCTION_INFO_V1(fma_confusion_ne);
/* The negation of fma_confusion_eq */
Datum
fma_confusion_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!FmaSameBytes(FmaConfusionArg(fcinfo, 0), FmaConfusionArg(fcinfo, 1)));
}

PG_FUNCTION_INFO_V1(fma_confusion_hash);
/* A hash that agrees with "=" */
Datum
fma_confusion_hash(PG_FUNCTION_ARGS)
{
	return FmaHashBytes(FmaConfusionArg(fcinfo, 0));
}

/* Puts one row of fma_cells */
static void
PutCell(FunctionCallInfo fcinfo, const Datum *labels, const FmaCell *cell,
		const double *support, const double *predicted, double total)
{
	double		weight = FmaSumValue(cell->weight);
	Datum		values[7];
	bool		nulls[7] = {false};

	values[0] = labels[cell->truth];
	values[1] = labels[cell->prediction];
	values[2] = Int64GetDatum(cell->n);
	/* An empty sum makes the share 0/0, which is NaN, which is NULL. */
	values[3] = FmaFloat8OrNull(weight / support[cell->truth], &nulls[3]);
	values[4] = FmaFloat8OrNull(weight / predicted[cell->prediction], &nulls[4]);
	values[5] = FmaFloat8OrNull(weight / total, &nulls[5]);
	values[6] = Float8GetDatum(weight);
	FmaPutRow(fcinfo, values, nulls);
}

PG_FUNCTION_INFO_V1(fma_cells);
/*
 * fma_cells(confusion, zeros boolean = NULL): one row a cell, by truth and
 * prediction in the order of labels, with its share of the row, of the column
 * and of all.  Cells without rows are listed if "zeros" is true, or NULL and
 * there are at most 100 labels.
 */
Datum
fma_cells(PG_FUNCTION_ARGS)
{
	FmaConfusion *confusion;
	Datum	   *labels;
	double	   *support;
	double	   *predicted;
	double		total = 0.0;
	bool		zeros;
	uint64		position = 0;
	FmaCell		cell;
	bool		more;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	confusion = FmaConfusionArg(fcinfo, 0);
	zeros = PG_ARGISNULL(1) ? confusion->nlabels <= ZERO_CELLS_LABELS : PG_GETARG_BOOL(1);
	/* Texts are made once, not for each of what may be millions of cells. */
	labels = palloc_array(Datum, Max(confusion->nlabels, 1));
	for (uint32 i = 0; i < confusion->nlabels; i++)
	{
		FmaLabel	label = FmaConfusionLabel(confusion, i);

		labels[i] = PointerGetDatum(cstring_to_text_with_len(label.bytes, label.length));
	}
	support = palloc0_array(double, Max(confusion->nlabels, 1));
	predicted = palloc0_array(double, Max(confusion->nlabels, 1));
	while (FmaNextCell(confusion, &position, &cell))
	{
		support[cell.truth] += FmaSumValue(cell.weight);
		predicted[cell.prediction] += FmaSumValue(cell.weight);
		total += FmaSumValue(cell.weight);
	}

	position = 0;
	if (!zeros)
	{
		while (FmaNextCell(confusion, &position, &cell))
		{
			CHECK_FOR_INTERRUPTS();
			PutCell(fcinfo, labels, &cell, support, predicted, total);
		}
		PG_RETURN_NULL();
	}
	more = FmaNextCell(confusion, &position, &cell);
	for (uint32 t = 0; t < confusion->nlabels; t++)
	{
		CHECK_FOR_INTERRUPTS();
		for (uint32 p = 0; p < confusion->nlabels; p++)
		{
			FmaCell		zero = {t, p, 0, {0.0, 0.0}};

			if (more && cell.truth == t && cell.prediction == p)
			{
				PutCell(fcinfo, labels, &cell, support, predicted, total);
				more = FmaNextCell(confusion, &position, &cell);
			}
			else
				PutCell(fcinfo, labels, &zero, support, predicted, total);
		}
	}
	PG_RETURN_NULL();
}
