/*
 * box_sets_io.c
 *		fma_boxes in SQL: the aggregate, its text and binary forms.
 */
#include "box_sets.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"

#define TYPE_NAME FMA_BOX_SET_TYPE

/* The keys of a box's text form */
#define LABEL_KEY "label"
#define X_KEY "x"
#define Y_KEY "y"
#define WIDTH_KEY "width"
#define HEIGHT_KEY "height"
#define SCORE_KEY "score"
#define CROWD_KEY "iscrowd"
#define AREA_KEY "area"

static const char *const keys[] = {
	LABEL_KEY, X_KEY, Y_KEY, WIDTH_KEY, HEIGHT_KEY, SCORE_KEY, CROWD_KEY, AREA_KEY, NULL
};

/* A box that has nothing but a label and a place, checked; + 0.0 turns -0 into 0 */
static FmaBoxRecord
MakeBox(uint64 label_length, double x, double y, double width, double height)
{
	FmaBoxRecord box = {0};

	box.length = label_length;
	box.x = FmaCheckCoordinate(X_KEY, x) + 0.0;
	box.y = FmaCheckCoordinate(Y_KEY, y) + 0.0;
	box.width = FmaCheckExtent(WIDTH_KEY, width) + 0.0;
	box.height = FmaCheckExtent(HEIGHT_KEY, height) + 0.0;
	box.area = box.width * box.height;
	box.score = 1;
	return box;
}

/* Gives a box a score */
static void
SetScore(FmaBoxRecord *box, double score)
{
	box->score = FmaCheckUnit(SCORE_KEY, score) + 0.0;
	box->flags |= FMA_BOX_SCORED;
}

/* Gives a box an area of its own */
static void
SetArea(FmaBoxRecord *box, double area)
{
	FmaCheckExtent(AREA_KEY, area);
	if (area != box->area)
		box->flags |= FMA_BOX_AREA;
	box->area = area + 0.0;
}

PG_FUNCTION_INFO_V1(fma_boxes_add);
/*
 * The transition of every overload: (state, label, x, y, width, height [, score
 * [, iscrowd, area]]).  Those of five and six arguments are strict; with eight
 * a NULL says that the box has no score, is no crowd, has no area of its own.
 */
Datum
fma_boxes_add(PG_FUNCTION_ARGS)
{
	enum {STATE, LABEL, X, Y, WIDTH, HEIGHT, SCORE, CROWD, AREA};
	FmaBoxSet  *set;
	FmaBoxRecord box;
	text	   *label;

	for (int i = STATE; i <= HEIGHT; i++)
		if (PG_ARGISNULL(i))
			return FmaLeaveOut(fcinfo);
	label = PG_GETARG_TEXT_PP(LABEL);
	box = MakeBox(VARSIZE_ANY_EXHDR(label), PG_GETARG_FLOAT8(X), PG_GETARG_FLOAT8(Y), PG_GETARG_FLOAT8(WIDTH),
				  PG_GETARG_FLOAT8(HEIGHT));
	if (PG_NARGS() > SCORE && !PG_ARGISNULL(SCORE))
		SetScore(&box, PG_GETARG_FLOAT8(SCORE));
	if (PG_NARGS() > CROWD && !PG_ARGISNULL(CROWD) && PG_GETARG_BOOL(CROWD))
		box.flags |= FMA_BOX_CROWD;
	if (PG_NARGS() > AREA && !PG_ARGISNULL(AREA))
		SetArea(&box, PG_GETARG_FLOAT8(AREA));
	set = FmaValueToChange(fcinfo, TYPE_NAME, FMA_BOX_SET_VERSION);
	FmaBoxSetAdd(&set, &box, VARDATA_ANY(label));
	PG_RETURN_POINTER(set);
}

PG_FUNCTION_INFO_V1(fma_boxes_combine);
/* The boxes of two values together, for partial aggregates, fma_rollup and "+" */
Datum
fma_boxes_combine(PG_FUNCTION_ARGS)
{
	FmaBoxSet  *set = FmaValueToChange(fcinfo, TYPE_NAME, FMA_BOX_SET_VERSION);
	FmaBoxSet  *other = FmaValueArg(fcinfo, 1, TYPE_NAME, FMA_BOX_SET_VERSION);

	FmaBoxSetAddAll(&set, other);
	PG_RETURN_POINTER(FmaInAggregate(fcinfo) ? set : FmaBoxSetCompact(set));
}

PG_FUNCTION_INFO_V1(fma_boxes_final);
/* The compact form of an aggregate's state */
Datum
fma_boxes_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(FmaBoxSetArg(fcinfo, 0));
}

PG_FUNCTION_INFO_V1(fma_boxes_out);
/*
 * Text form: [{"label": "car", "x": 1, "y": 2, "width": 3, "height": 4}, ...],
 * with "score", "iscrowd" and "area" where a box has them.
 */
Datum
fma_boxes_out(PG_FUNCTION_ARGS)
{
	static const char *const numbers[] = {X_KEY, Y_KEY, WIDTH_KEY, HEIGHT_KEY, SCORE_KEY, AREA_KEY};
	FmaBoxSet  *set = FmaBoxSetArg(fcinfo, 0);
	const FmaBoxRecord *box = (const FmaBoxRecord *) set->data;
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '[');
	for (uint32 i = 0; i < set->nboxes; i++, box = FmaNextBoxRecord(box))
	{
		const double values[] = {box->x, box->y, box->width, box->height, box->score, box->area};
		const bool	there[] = {true, true, true, true, (box->flags & FMA_BOX_SCORED) != 0, (box->flags & FMA_BOX_AREA) != 0};
		char	   *label = pnstrdup(FmaBoxRecordLabel(box), box->length);

		appendStringInfoString(&out, i == 0 ? "{\"" LABEL_KEY "\": " : ", {\"" LABEL_KEY "\": ");
		escape_json(&out, label);
		pfree(label);
		for (int k = 0; k < lengthof(numbers); k++)
			if (there[k])
			{
				appendStringInfo(&out, ", \"%s\": ", numbers[k]);
				FmaAppendFloat8(&out, values[k]);
			}
		appendStringInfoString(&out, (box->flags & FMA_BOX_CROWD) != 0 ? ", \"" CROWD_KEY "\": true}" : "}");
	}
	appendStringInfoChar(&out, ']');
	PG_RETURN_CSTRING(out.data);
}

/* Which box of a value from outside an error is about */
static void
NameBox(void *argument)
{
	errcontext("box %d of a value of type %s", *(int *) argument, TYPE_NAME);
}

/* Reads a box of a text form */
static void
ReadBox(FmaJson *json, FmaBoxSet **set)
{
	JsonbValue *label;
	FmaBoxRecord box;

	FmaJsonOnly(json, keys);
	label = FmaJsonField(json, LABEL_KEY);
	if (label->type != jbvString)
		FmaJsonBad(json, LABEL_KEY, "must be a string");
	box = MakeBox(label->val.string.len, FmaJsonFloat8(json, X_KEY), FmaJsonFloat8(json, Y_KEY),
				  FmaJsonFloat8(json, WIDTH_KEY), FmaJsonFloat8(json, HEIGHT_KEY));
	if (FmaJsonHas(json, SCORE_KEY))
		SetScore(&box, FmaJsonFloat8(json, SCORE_KEY));
	if (FmaJsonTrue(json, CROWD_KEY))
		box.flags |= FMA_BOX_CROWD;
	if (FmaJsonHas(json, AREA_KEY))
		SetArea(&box, FmaJsonFloat8(json, AREA_KEY));
	FmaBoxSetAdd(set, &box, label->val.string.val);
}

PG_FUNCTION_INFO_V1(fma_boxes_in);
/* Reads the text form; the boxes may be in any order */
Datum
fma_boxes_in(PG_FUNCTION_ARGS)
{
	int			count;
	JsonbValue *elements = FmaJsonOpenArray(TYPE_NAME, PG_GETARG_CSTRING(0), &count);
	FmaBoxSet  *set = FmaBoxSetEmpty();
	int			number = 0;
	ErrorContextCallback callback = {error_context_stack, NameBox, &number};

	error_context_stack = &callback;
	for (int i = 0; i < count; i++)
	{
		FmaJson		json;

		CHECK_FOR_INTERRUPTS();
		number = i + 1;
		json = FmaJsonElementObject(TYPE_NAME, &elements[i]);
		ReadBox(&json, &set);
		pfree(json.object);
	}
	error_context_stack = callback.previous;
	PG_RETURN_POINTER(FmaBoxSetCompact(set));
}

PG_FUNCTION_INFO_V1(fma_boxes_send);
/* Binary form: version, number of boxes (int32); of each the label, its flags (a byte) and its numbers */
Datum
fma_boxes_send(PG_FUNCTION_ARGS)
{
	FmaBoxSet  *set = FmaBoxSetArg(fcinfo, 0);
	const FmaBoxRecord *box = (const FmaBoxRecord *) set->data;
	StringInfoData out;

	pq_begintypsend(&out);
	pq_sendbyte(&out, FMA_BOX_SET_VERSION);
	pq_sendint32(&out, set->nboxes);
	for (uint32 i = 0; i < set->nboxes; i++, box = FmaNextBoxRecord(box))
	{
		FmaSendCountedText(&out, FmaBoxRecordLabel(box), box->length);
		pq_sendbyte(&out, box->flags);
		pq_sendfloat8(&out, box->x);
		pq_sendfloat8(&out, box->y);
		pq_sendfloat8(&out, box->width);
		pq_sendfloat8(&out, box->height);
		if ((box->flags & FMA_BOX_SCORED) != 0)
			pq_sendfloat8(&out, box->score);
		if ((box->flags & FMA_BOX_AREA) != 0)
			pq_sendfloat8(&out, box->area);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

/* Reads a box of a binary form */
static void
ReceiveBox(StringInfo message, FmaBoxSet **set)
{
	int			length = pq_getmsgint(message, sizeof(int32));
	int			converted;
	char	   *label;
	int			flags;
	double		place[4];
	FmaBoxRecord box;

	if (length < 0)
		FmaRecvBad(TYPE_NAME, psprintf("A label has the length %d", length));
	label = pq_getmsgtext(message, length, &converted);
	flags = pq_getmsgbyte(message);
	if ((flags & ~(FMA_BOX_SCORED | FMA_BOX_CROWD | FMA_BOX_AREA)) != 0)
		FmaRecvBad(TYPE_NAME, psprintf("Its flags are %d", flags));
	for (int i = 0; i < lengthof(place); i++)
		place[i] = pq_getmsgfloat8(message);
	box = MakeBox(converted, place[0], place[1], place[2], place[3]);
	if ((flags & FMA_BOX_SCORED) != 0)
		SetScore(&box, pq_getmsgfloat8(message));
	if ((flags & FMA_BOX_AREA) != 0)
		SetArea(&box, pq_getmsgfloat8(message));
	box.flags |= flags & FMA_BOX_CROWD;
	FmaBoxSetAdd(set, &box, label);
	pfree(label);
}

PG_FUNCTION_INFO_V1(fma_boxes_recv);
/* Reads the binary form, believing nothing */
Datum
fma_boxes_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	FmaBoxSet  *set = FmaBoxSetEmpty();
	uint32		nboxes;
	int			number = 0;
	ErrorContextCallback callback = {error_context_stack, NameBox, &number};

	FmaRecvVersion(message, TYPE_NAME, FMA_BOX_SET_VERSION);
	nboxes = pq_getmsgint(message, sizeof(int32));
	error_context_stack = &callback;
	for (uint32 i = 0; i < nboxes; i++)
	{
		CHECK_FOR_INTERRUPTS();
		number = i + 1;
		ReceiveBox(message, &set);
	}
	error_context_stack = callback.previous;
	FmaRecvEnd(message, TYPE_NAME);
	PG_RETURN_POINTER(FmaBoxSetCompact(set));
}

PG_FUNCTION_INFO_V1(fma_boxes_eq);
/* Whether two values hold the same boxes */
Datum
fma_boxes_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(FmaSameBytes(FmaBoxSetArg(fcinfo, 0), FmaBoxSetArg(fcinfo, 1)));
}

PG_FUNCTION_INFO_V1(fma_boxes_ne);
/* The negation of fma_boxes_eq */
Datum
fma_boxes_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!FmaSameBytes(FmaBoxSetArg(fcinfo, 0), FmaBoxSetArg(fcinfo, 1)));
}

PG_FUNCTION_INFO_V1(fma_boxes_hash);
/* A hash that agrees with "=" */
Datum
fma_boxes_hash(PG_FUNCTION_ARGS)
{
	return FmaHashBytes(FmaBoxSetArg(fcinfo, 0));
}
