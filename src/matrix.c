/*
 * matrix.c
 *		The two layouts of fma_confusion, and the way from one to the other.
 *
 * Layout of "data":
 *
 *				building				compact
 *	counts		int64[room * room]		int64[labels * labels]		square
 *				FmaSparseCell[slots]	FmaSparseCell[cells]		sparse, by key
 *	weights		FmaSum for each			double for each				if weighted
 *	labels		FmaLabelEntry[room]		uint32[labels], where each ends
 *				uint16 slots[2 * room]
 *	bytes		of the labels			of the labels, in their order
 *
 * A group of two labels takes 240 bytes while it is built.  Rooms are powers
 * of two and double, so that growing costs a constant per label or cell.
 */
#include "matrix.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

/* The first rooms: a chunk of 256 bytes of PostgreSQL's allocator, with its header */
#define FIRST_LABEL_ROOM 2
#define CHUNK_HEADER 16

/* The first slots of a sparse matrix's hash table */
#define FIRST_CELL_ROOM 256

/*
 * More text than this in the labels of one value means a wrong column.  With
 * all cells in use as well, a value takes at most 256 MB while it is built, and
 * its text form is still small enough to be read back by jsonb.
 */
#define MAX_LABEL_BYTES (64 * 1024 * 1024)

/* A value that holds nothing */
FmaConfusion *
FmaConfusionEmpty(void)
{
	FmaConfusion *empty = palloc0(offsetof(FmaConfusion, data));

	SET_VARSIZE(empty, offsetof(FmaConfusion, data));
	empty->version = FMA_CONFUSION_VERSION;
	return empty;
}

/* An argument, plain and compact */
FmaConfusion *
FmaConfusionArg(FunctionCallInfo fcinfo, int argno)
{
	FmaConfusion *confusion = FmaValueArg(fcinfo, argno, FMA_CONFUSION_TYPE, FMA_CONFUSION_VERSION);

	return FmaIsBuilding(confusion) ? FmaConfusionCompact(confusion) : confusion;
}

/* A label by its index */
FmaLabel
FmaConfusionLabel(const FmaConfusion *confusion, uint32 index)
{
	FmaAssert(index < confusion->nlabels);
	if (FmaIsBuilding(confusion))
	{
		const FmaLabelEntry *entries = (const FmaLabelEntry *) FmaEntries(confusion);
		const char *bytes = (const char *) (entries + confusion->label_room) +
			2 * confusion->label_room * sizeof(uint16);
		FmaLabel	label;

		label.bytes = bytes + entries[index].offset;
		label.length = entries[index].length;
		label.head = entries[index].head;
		label.tail = entries[index].tail;
		return label;
	}
	else
	{
		const uint32 *ends = (const uint32 *) FmaEntries(confusion);
		uint32		begin = index == 0 ? 0 : ends[index - 1];

		return FmaMakeLabel((const char *) (ends + confusion->nlabels) + begin, ends[index] - begin);
	}
}

/* Steps to the next cell that is not empty; start with *position = 0 */
bool
FmaNextCell(const FmaConfusion *confusion, uint64 *position, FmaCell *cell)
{
	size_t		room = FmaCellRoom(confusion);

	while (*position < room)
	{
		size_t		at = (*position)++;

		if (FmaIsSparse(confusion))
		{
			const FmaSparseCell *sparse = &((const FmaSparseCell *) confusion->data)[at];

			cell->n = sparse->n;
			cell->truth = sparse->key >> 32;
			cell->prediction = (uint32) sparse->key;
		}
		else
		{
			cell->n = ((const int64 *) confusion->data)[at];
			cell->truth = at / confusion->label_room;
			cell->prediction = at % confusion->label_room;
		}
		if (cell->n == 0)
			continue;
		cell->weight.low = 0.0;
		if (!FmaIsWeighted(confusion))
			cell->weight.high = (double) cell->n;
		else if (FmaIsBuilding(confusion))
			cell->weight = ((const FmaSum *) FmaWeights(confusion))[at];
		else
			cell->weight.high = ((const double *) FmaWeights(confusion))[at];
		return true;
	}
	return false;
}

/* Allocates a value with the rooms given in "shape", whose data are zero */
static FmaConfusion *
Allocate(const FmaConfusion *shape)
{
	bool		building = FmaIsBuilding(shape);
	FmaConfusion *confusion;
	Size		size;

	/* The rooms alone say where the regions are: measure on the shape. */
	size = FmaEntries(shape) - (const char *) shape;
	size += (Size) shape->label_room *
		(building ? sizeof(FmaLabelEntry) + 2 * sizeof(uint16) : sizeof(uint32));
	size += shape->byte_room;
	confusion = palloc0(size);
	memcpy(confusion, shape, offsetof(FmaConfusion, data));
	confusion->nlabels = confusion->ncells = confusion->nbytes = 0;
	SET_VARSIZE(confusion, size);
	return confusion;
}

/*
 * Copies a value, compact or not, into the building layout with the rooms that
 * "rooms" asks for (and more bytes, where the allocator gives them anyway).
 */
static FmaConfusion *
Rebuild(const FmaConfusion *old, const FmaConfusion *rooms)
{
	FmaConfusion shape = *rooms;
	FmaConfusion *confusion;
	FmaCell		cell;
	uint64		position = 0;
	Size		rest;

	shape.flags |= FMA_CONFUSION_BUILDING;
	if (shape.label_room > FMA_DENSE_LABELS)
	{
		shape.flags |= FMA_CONFUSION_SPARSE;
		shape.cell_room = Max(shape.cell_room, FIRST_CELL_ROOM);
	}
	else
		shape.cell_room = 0;
	rest = FmaEntries(&shape) - (char *) &shape +
		shape.label_room * (sizeof(FmaLabelEntry) + 2 * sizeof(uint16)) + CHUNK_HEADER;
	shape.byte_room = pg_nextpower2_64(rest + shape.byte_room) - rest;

	confusion = Allocate(&shape);
	for (uint32 i = 0; i < old->nlabels; i++)
	{
		FmaLabel	label = FmaConfusionLabel(old, i);

		(void) FmaConfusionAddLabel(&confusion, &label);
	}
	while (FmaNextCell(old, &position, &cell))
		FmaConfusionAddCell(&confusion, &cell);
	return confusion;
}

/* A copy in the building layout, with weights if asked for or already there */
FmaConfusion *
FmaConfusionBuild(const FmaConfusion *confusion, bool weighted)
{
	FmaConfusion shape = *confusion;

	shape.label_room = pg_nextpower2_32(Max(confusion->nlabels, FIRST_LABEL_ROOM));
	shape.cell_room = pg_nextpower2_32(2 * Max(confusion->ncells, 1));
	shape.flags = weighted || FmaIsWeighted(confusion) ? FMA_CONFUSION_WEIGHTED : 0;
	return Rebuild(confusion, &shape);
}

/* Adds a label that may be there already; returns its index.  May move the value. */
uint32
FmaConfusionAddLabel(FmaConfusion **confusion, const FmaLabel *label)
{
	FmaConfusion *c = *confusion;
	FmaLabelEntry *entries;
	uint16	   *slots;
	uint32		index = FmaFindLabel(c, label);
	uint32		slot;

	if (index != FMA_MAX_LABELS)
		return index;
	if (c->nlabels == FMA_MAX_LABELS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many different labels for a confusion matrix"),
				 errdetail("The limit is %d labels; the next one is %s.", FMA_MAX_LABELS,
						   FmaLabelForMessage(label->bytes, label->length)),
				 errhint("Is one of the columns an identifier, a number or free text instead of a class?")));
	if (label->length > MAX_LABEL_BYTES - c->nbytes)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("labels too long for a confusion matrix"),
				 errdetail("The limit is %d bytes for all labels; %u labels have %u, and the next one %u: %s.",
						   MAX_LABEL_BYTES, c->nlabels, c->nbytes, label->length,
						   FmaLabelForMessage(label->bytes, label->length)),
				 errhint("Is one of the columns free text or a document instead of a class?")));
	if (c->nlabels == c->label_room || label->length > c->byte_room - c->nbytes)
	{
		FmaConfusion shape = *c;

		if (c->nlabels == c->label_room)
			shape.label_room *= 2;
		if (!FmaIsSparse(c) && shape.label_room > FMA_DENSE_LABELS)
			shape.cell_room = 2 * FMA_DENSE_LABELS * FMA_DENSE_LABELS;
		shape.byte_room = c->nbytes + label->length;
		*confusion = c = Rebuild(c, &shape);
	}
	entries = (FmaLabelEntry *) FmaEntries(c);
	slots = (uint16 *) (entries + c->label_room);
	index = c->nlabels++;
	entries[index].head = label->head;
	entries[index].tail = label->tail;
	entries[index].length = label->length;
	entries[index].offset = c->nbytes;
	memcpy((char *) (slots + 2 * c->label_room) + c->nbytes, label->bytes, label->length);
	c->nbytes += label->length;
	slot = FmaLabelHash(label) & (2 * c->label_room - 1);
	while (slots[slot] != 0)
		slot = (slot + 1) & (2 * c->label_room - 1);
	slots[slot] = index + 1;
	return index;
}

/* The hash table slot of a sparse cell: where it is, or where it goes */
static size_t
FindSlot(const FmaConfusion *confusion, uint64 key)
{
	const FmaSparseCell *cells = (const FmaSparseCell *) confusion->data;
	size_t		mask = confusion->cell_room - 1;
	size_t		slot = murmurhash32((uint32) key ^ murmurhash32((uint32) (key >> 32))) & mask;

	while (cells[slot].n != 0 && cells[slot].key != key)
		slot = (slot + 1) & mask;
	return slot;
}

/* Makes sure that one more sparse cell fits (at most three quarters are used) */
static void
ReserveCell(FmaConfusion **confusion)
{
	FmaConfusion *c = *confusion;

	if (c->ncells >= FMA_MAX_CELLS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many different pairs of labels for a confusion matrix"),
				 errdetail("The limit is %d pairs of truth and prediction; there are %u labels.",
						   FMA_MAX_CELLS, c->nlabels),
				 errhint("Are both columns classes? Group rare labels into one.")));
	if (c->ncells >= c->cell_room / 4 * 3)
	{
		FmaConfusion shape = *c;

		shape.cell_room *= 2;
		shape.byte_room = c->nbytes;	/* not the spare bytes, which would double as well */
		*confusion = Rebuild(c, &shape);
	}
}

/* Adds to a cell of a value that is being built.  May move the value. */
void
FmaConfusionAddCell(FmaConfusion **confusion, const FmaCell *cell)
{
	size_t		at;

	FmaAssert(FmaIsBuilding(*confusion));
	FmaAssert(cell->n > 0 && cell->truth < (*confusion)->nlabels && cell->prediction < (*confusion)->nlabels);
	if (FmaIsSparse(*confusion))
	{
		uint64		key = ((uint64) cell->truth << 32) | cell->prediction;
		FmaSparseCell *sparse;

		at = FindSlot(*confusion, key);
		sparse = &((FmaSparseCell *) (*confusion)->data)[at];
		if (sparse->n == 0)
		{
			ReserveCell(confusion);
			at = FindSlot(*confusion, key);
			sparse = &((FmaSparseCell *) (*confusion)->data)[at];
			(*confusion)->ncells++;
		}
		sparse->key = key;
		sparse->n = FmaAddCounts(sparse->n, cell->n, FMA_CONFUSION_TYPE);
	}
	else
	{
		int64	   *counts = (int64 *) (*confusion)->data;

		at = (size_t) cell->truth * (*confusion)->label_room + cell->prediction;
		counts[at] = FmaAddCounts(counts[at], cell->n, FMA_CONFUSION_TYPE);
	}
	if (FmaIsWeighted(*confusion))
		FmaSumAddSum(&((FmaSum *) FmaWeights(*confusion))[at], cell->weight);
}

/* Adds all of another value to one that is being built.  May move the latter. */
void
FmaConfusionAdd(FmaConfusion **confusion, const FmaConfusion *other)
{
	uint32	   *indexes = palloc_array(uint32, Max(other->nlabels, 1));
	uint64		position = 0;
	FmaCell		cell;

	CHECK_FOR_INTERRUPTS();
	if (FmaIsWeighted(other) && !FmaIsWeighted(*confusion))
		*confusion = FmaConfusionBuild(*confusion, true);
	for (uint32 i = 0; i < other->nlabels; i++)
	{
		FmaLabel	label = FmaConfusionLabel(other, i);

		indexes[i] = FmaConfusionAddLabel(confusion, &label);
	}
	while (FmaNextCell(other, &position, &cell))
	{
		cell.truth = indexes[cell.truth];
		cell.prediction = indexes[cell.prediction];
		FmaConfusionAddCell(confusion, &cell);
	}
	pfree(indexes);
}

/* qsort comparator of cells, by truth and prediction */
static int
CompareCells(const void *a, const void *b)
{
	const FmaCell *x = a;
	const FmaCell *y = b;

	if (x->truth != y->truth)
		return x->truth < y->truth ? -1 : 1;
	return x->prediction < y->prediction ? -1 : (x->prediction > y->prediction);
}

/* All cells of a value, with labels renumbered and in their new order */
static FmaCell *
SortedCells(const FmaConfusion *confusion, const uint32 *rank, uint32 *count)
{
	uint32		room = FmaIsSparse(confusion) ? confusion->ncells : confusion->nlabels * confusion->nlabels;
	FmaCell    *cells = palloc_extended(sizeof(FmaCell) * Max(room, 1), MCXT_ALLOC_HUGE);
	uint64		position = 0;
	uint32		n = 0;

	while (FmaNextCell(confusion, &position, &cells[n]))
	{
		cells[n].truth = rank[cells[n].truth];
		cells[n].prediction = rank[cells[n].prediction];
		if (++n == room)
			break;
	}
	if (confusion->nlabels > FMA_DENSE_LABELS)
		qsort(cells, n, sizeof(FmaCell), CompareCells);
	*count = n;
	return cells;
}

/* The compact layout of a value: the same bytes for the same matrix */
FmaConfusion *
FmaConfusionCompact(const FmaConfusion *confusion)
{
	uint32		nlabels = confusion->nlabels;
	FmaLabel   *labels = palloc_array(FmaLabel, Max(nlabels, 1));
	uint32	   *order = palloc_array(uint32, Max(nlabels, 1));
	uint32	   *rank = palloc_array(uint32, Max(nlabels, 1));
	FmaConfusion shape = *confusion;
	FmaConfusion *compact;
	FmaCell    *cells;
	uint32		ncells;
	uint32	   *ends;

	for (uint32 i = 0; i < nlabels; i++)
		labels[i] = FmaConfusionLabel(confusion, i);
	FmaSortLabels(labels, order, nlabels);
	for (uint32 i = 0; i < nlabels; i++)
		rank[order[i]] = i;
	cells = SortedCells(confusion, rank, &ncells);

	/* The empty matrix has one form, whether weights were asked for or not. */
	shape.flags = nlabels > 0 ? confusion->flags & FMA_CONFUSION_WEIGHTED : 0;
	if (nlabels > FMA_DENSE_LABELS)
		shape.flags |= FMA_CONFUSION_SPARSE;
	shape.label_room = nlabels;
	shape.cell_room = FmaIsSparse(&shape) ? ncells : 0;
	shape.byte_room = confusion->nbytes;
	compact = Allocate(&shape);
	compact->nlabels = nlabels;
	compact->ncells = shape.cell_room;
	compact->nbytes = shape.byte_room;

	for (uint32 i = 0; i < ncells; i++)
	{
		size_t		at = i;

		if (FmaIsSparse(compact))
		{
			FmaSparseCell *sparse = &((FmaSparseCell *) compact->data)[i];

			sparse->key = ((uint64) cells[i].truth << 32) | cells[i].prediction;
			sparse->n = cells[i].n;
		}
		else
		{
			at = (size_t) cells[i].truth * nlabels + cells[i].prediction;
			((int64 *) compact->data)[at] = cells[i].n;
		}
		if (FmaIsWeighted(compact))
			((double *) FmaWeights(compact))[at] = FmaSumValue(cells[i].weight);
	}

	ends = (uint32 *) FmaEntries(compact);
	for (uint32 i = 0, end = 0; i < nlabels; i++)
	{
		const FmaLabel *label = &labels[order[i]];

		memcpy((char *) (ends + nlabels) + end, label->bytes, label->length);
		ends[i] = end += label->length;
	}
	pfree(labels);
	pfree(order);
	pfree(rank);
	pfree(cells);
	return compact;
}
