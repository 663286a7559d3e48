/*
 * labels.c
 *		The order of labels, and how they are shown.
 */
#include "labels.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

/* A label with more digits is not taken for a number. */
#define MAX_NUMBER_LENGTH 64

/* How much of a label an error message shows, in characters */
#define MESSAGE_CHARACTERS 60

/* What is sorted: a label, its number if all are numbers, and its place */
typedef struct SortItem
{
	const FmaLabel *label;
	Datum		number;			/* numeric */
	uint32		position;
} SortItem;

/* A bigint's label: its decimal form, written into the caller's buffer */
FmaLabel
FmaInt64Label(int64 value, char *buffer)
{
	return FmaMakeLabel(buffer, pg_lltoa(value, buffer));
}

/* Whether a label is a plain decimal number: [+-] digits [. digits] */
bool
FmaIsNumberLabel(const FmaLabel *label)
{
	const char *p = label->bytes;
	const char *end = p + label->length;
	int			digits = 0;

	if (label->length == 0 || label->length > MAX_NUMBER_LENGTH)
		return false;
	if (*p == '-' || *p == '+')
		p++;
	for (; p < end && *p >= '0' && *p <= '9'; p++)
		digits++;
	if (p < end && *p == '.')
		for (p++; p < end && *p >= '0' && *p <= '9'; p++)
			digits++;
	return p == end && digits > 0;
}

/* Compares bytes; a prefix comes first */
static int
CompareBytes(const FmaLabel *a, const FmaLabel *b)
{
	int			result = memcmp(a->bytes, b->bytes, Min(a->length, b->length));

	return result != 0 ? result : (a->length > b->length) - (a->length < b->length);
}

/* qsort_arg comparator; "arg" tells whether all labels are numbers */
static int
CompareItems(const void *a, const void *b, void *arg)
{
	const SortItem *x = a;
	const SortItem *y = b;
	int			result;

	CHECK_FOR_INTERRUPTS();
	if (*(bool *) arg)
	{
		result = DatumGetInt32(DirectFunctionCall2(numeric_cmp, x->number, y->number));

		if (result != 0)
			return result;
	}
	result = CompareBytes(x->label, y->label);
	return result != 0 ? result : (x->position > y->position) - (x->position < y->position);
}

/*
 * Sorts labels: order[k] becomes the position of the k-th.  Bytes decide, no
 * collation; numbers go by value when every label is one.  Equal ones stay in
 * their order.
 */
void
FmaSortLabels(const FmaLabel *labels, uint32 *order, uint32 count)
{
	SortItem   *items = palloc_array(SortItem, Max(count, 1));
	bool		numbers = count > 0;

	for (uint32 i = 0; i < count && numbers; i++)
		numbers = FmaIsNumberLabel(&labels[i]);
	for (uint32 i = 0; i < count; i++)
	{
		items[i].label = &labels[i];
		items[i].position = i;
		items[i].number = (Datum) 0;
		if (numbers)
		{
			char		digits[MAX_NUMBER_LENGTH + 1];

			CHECK_FOR_INTERRUPTS();
			memcpy(digits, labels[i].bytes, labels[i].length);
			digits[labels[i].length] = '\0';
			items[i].number = DirectFunctionCall3(numeric_in, CStringGetDatum(digits),
												  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
		}
	}
	qsort_arg(items, count, sizeof(SortItem), CompareItems, &numbers);
	for (uint32 i = 0; i < count; i++)
		order[i] = items[i].position;
	for (uint32 i = 0; i < count && numbers; i++)
		pfree(DatumGetPointer(items[i].number));
	pfree(items);
}

/* A label for an error message: quoted, cut to a readable length */
char *
FmaLabelForMessage(const char *bytes, uint32 length)
{
	int			shown = pg_mbcharcliplen(bytes, length, MESSAGE_CHARACTERS);

	return psprintf("\"%.*s\"%s", shown, bytes, (uint32) shown < length ? "..." : "");
}
