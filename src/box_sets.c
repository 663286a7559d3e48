/*
 * box_sets.c
 *		The two layouts of fma_boxes, and two values as the boxes of an image.
 */
#include "box_sets.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

/* The first size of a value that is built: a chunk of PostgreSQL's allocator that holds three boxes or so */
#define FIRST_SIZE 256

/* A value that holds no box */
FmaBoxSet *
FmaBoxSetEmpty(void)
{
	FmaBoxSet  *empty = palloc0(offsetof(FmaBoxSet, data));

	SET_VARSIZE(empty, offsetof(FmaBoxSet, data));
	empty->version = FMA_BOX_SET_VERSION;
	return empty;
}

/* An argument, plain and compact */
FmaBoxSet *
FmaBoxSetArg(FunctionCallInfo fcinfo, int argno)
{
	FmaBoxSet  *set = FmaValueArg(fcinfo, argno, FMA_BOX_SET_TYPE, FMA_BOX_SET_VERSION);

	return (set->flags & FMA_BOX_SET_BUILDING) != 0 ? FmaBoxSetCompact(set) : set;
}

/* Makes room for more boxes.  May move the value. */
static void
Reserve(FmaBoxSet **set, uint32 nboxes, uint64 nbytes)
{
	Size		needed = offsetof(FmaBoxSet, data) + (*set)->nbytes + nbytes;
	Size		size;
	FmaBoxSet  *larger;

	if (nboxes > FMA_MAX_BOXES - (*set)->nboxes || nbytes > FMA_MAX_BOX_BYTES - (*set)->nbytes)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many boxes for one image"),
				 errdetail("The limit is %d boxes and %d bytes with their labels.", FMA_MAX_BOXES, FMA_MAX_BOX_BYTES),
				 errhint("Make a value for each image, with GROUP BY.")));
	if (needed <= VARSIZE(*set))
		return;
	size = Max(pg_nextpower2_64(needed), FIRST_SIZE);
	larger = palloc(size);
	memcpy(larger, *set, offsetof(FmaBoxSet, data) + (*set)->nbytes);
	memset((char *) larger + offsetof(FmaBoxSet, data) + (*set)->nbytes, 0,
		   size - offsetof(FmaBoxSet, data) - (*set)->nbytes);
	SET_VARSIZE(larger, size);
	*set = larger;
}

/* Adds a box, all of which has been checked.  May move the value. */
void
FmaBoxSetAdd(FmaBoxSet **set, const FmaBoxRecord *box, const char *label)
{
	uint64		size = FmaBoxRecordSize(box->length);
	FmaBoxRecord *record;

	Reserve(set, 1, size);
	record = (FmaBoxRecord *) ((*set)->data + (*set)->nbytes);
	*record = *box;
	memcpy(FmaBoxRecordLabel(record), label, box->length);
	(*set)->flags |= FMA_BOX_SET_BUILDING;
	(*set)->nboxes++;
	(*set)->nbytes += size;
}

/* Adds all boxes of another value.  May move the first. */
void
FmaBoxSetAddAll(FmaBoxSet **set, const FmaBoxSet *other)
{
	CHECK_FOR_INTERRUPTS();
	if (other->nboxes == 0)
		return;
	Reserve(set, other->nboxes, other->nbytes);
	memcpy((*set)->data + (*set)->nbytes, other->data, other->nbytes);
	(*set)->flags |= FMA_BOX_SET_BUILDING;
	(*set)->nboxes += other->nboxes;
	(*set)->nbytes += other->nbytes;
}

/* Compares the labels of two boxes: their bytes; a prefix comes first */
static int
CompareLabels(const FmaBoxRecord *a, const FmaBoxRecord *b)
{
	int			result = memcmp(FmaBoxRecordLabel(a), FmaBoxRecordLabel(b), Min(a->length, b->length));

	return result != 0 ? result : (a->length > b->length) - (a->length < b->length);
}

/*
 * qsort comparator: by label, then the highest score first, as boxes are
 * matched; then by all that tells boxes apart, for one order of the same boxes
 */
static int
CompareRecords(const void *a, const void *b)
{
	const FmaBoxRecord *x = *(const FmaBoxRecord *const *) a,
			   *y = *(const FmaBoxRecord *const *) b;
	int			result = CompareLabels(x, y);

	CHECK_FOR_INTERRUPTS();
	if (result != 0)
		return result;
	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	if (x->x != y->x)
		return x->x < y->x ? -1 : 1;
	if (x->y != y->y)
		return x->y < y->y ? -1 : 1;
	if (x->width != y->width)
		return x->width < y->width ? -1 : 1;
	if (x->height != y->height)
		return x->height < y->height ? -1 : 1;
	if (x->area != y->area)
		return x->area < y->area ? -1 : 1;
	return (x->flags > y->flags) - (x->flags < y->flags);
}

/* The compact layout of a value: the same bytes for the same boxes */
FmaBoxSet *
FmaBoxSetCompact(const FmaBoxSet *set)
{
	Size		size = offsetof(FmaBoxSet, data) + set->nbytes;
	const FmaBoxRecord **order = palloc_array(const FmaBoxRecord *, Max(set->nboxes, 1));
	const FmaBoxRecord *record = (const FmaBoxRecord *) set->data;
	FmaBoxSet  *compact = palloc(size);
	char	   *to = compact->data;

	for (uint32 i = 0; i < set->nboxes; i++)
	{
		order[i] = record;
		record = FmaNextBoxRecord(record);
	}
	FmaAssert((const char *) record == set->data + set->nbytes);
	qsort(order, set->nboxes, sizeof(*order), CompareRecords);
	memcpy(compact, set, offsetof(FmaBoxSet, data));
	SET_VARSIZE(compact, size);
	compact->flags = 0;
	for (uint32 i = 0; i < set->nboxes; i++)
	{
		Size		length = FmaBoxRecordSize(order[i]->length);

		memcpy(to, order[i], length);
		to += length;
	}
	pfree(order);
	return compact;
}

/* A value whose boxes are taken out in their order */
typedef struct Cursor
{
	uint32		n;				/* taken so far */
	uint32		nboxes;
	const FmaBoxRecord *record; /* the next one */
} Cursor;

/* Takes a box out into an image's list; one that scores too little is passed over */
static void
TakeRecord(Cursor *cursor, FmaBoxSource source, uint32 label, double least_score, FmaBoxList *list)
{
	const FmaBoxRecord *record = cursor->record;

	cursor->record = FmaNextBoxRecord(record);
	cursor->n++;
	if (source == FMA_TRUTH || record->score >= least_score)
	{
		FmaBox	   *box = &list->boxes[list->n++];

		box->x = record->x;
		box->y = record->y;
		box->width = record->width;
		box->height = record->height;
		box->area = record->area;
		box->score = record->score;
		box->row = cursor->n;
		box->label = label;
		box->crowd = source == FMA_TRUTH && (record->flags & FMA_BOX_CROWD) != 0;
	}
}

/*
 * The boxes of two compact values as those of an image, without predictions
 * that score less than "least_score".  Returns the labels by their number.
 */
FmaLabel *
FmaPairBoxSets(const FmaBoxSet *truth, const FmaBoxSet *prediction, double least_score, FmaImageBoxes *image)
{
	const FmaBoxSet *sets[FMA_BOX_SOURCES] = {truth, prediction};
	FmaLabel   *labels = palloc_array(FmaLabel, Max(truth->nboxes + prediction->nboxes, 1));
	Cursor		cursors[FMA_BOX_SOURCES];

	for (int source = 0; source < FMA_BOX_SOURCES; source++)
	{
		cursors[source] = (Cursor) {0, sets[source]->nboxes, (const FmaBoxRecord *) sets[source]->data};
		image->lists[source].n = 0;
		image->lists[source].room = sets[source]->nboxes;
		image->lists[source].boxes = palloc0_array(FmaBox, Max(sets[source]->nboxes, 1));
	}
	for (uint32 label = 0;; label++)
	{
		const FmaBoxRecord *first = NULL;

		CHECK_FOR_INTERRUPTS();
		for (int source = 0; source < FMA_BOX_SOURCES; source++)
			if (cursors[source].n < cursors[source].nboxes &&
				(first == NULL || CompareLabels(cursors[source].record, first) < 0))
				first = cursors[source].record;
		if (first == NULL)
			return labels;
		labels[label] = FmaMakeLabel(FmaBoxRecordLabel(first), first->length);
		for (int source = 0; source < FMA_BOX_SOURCES; source++)
			while (cursors[source].n < cursors[source].nboxes && CompareLabels(cursors[source].record, first) == 0)
				TakeRecord(&cursors[source], source, label, least_score, &image->lists[source]);
	}
}
