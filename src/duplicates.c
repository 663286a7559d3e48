/*
 * duplicates.c
 *		Rows whose embeddings are nearly the same: pairs, and groups of them.
 *
 * Pairs are exact: the similarity of two rows is computed in double precision
 * from the numbers as they are stored, and compared with the threshold.
 * Groups are made while pairs are found, and no pair is kept.
 */
#include "embedded.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "labels.h"
#include "slices.h"

PG_FUNCTION_INFO_V1(fma_find_duplicates);
PG_FUNCTION_INFO_V1(fma_duplicate_groups);

/* Pairs that room is made for at first */
#define FIRST_PAIRS 1024

typedef struct Pair
{
	uint32		a;
	uint32		b;
	double		similarity;
} Pair;

typedef struct PairList
{
	FmaBudget  *budget;
	double		threshold;
	int64		max_pairs;
	int64		n;
	int64		room;
	Pair	   *pairs;
	const uint32 *rank;			/* of rows, by their ids */
} PairList;

/* Some rows that are connected, each with another by a similarity of at least the threshold */
typedef struct RowGroup
{
	uint32		root;			/* what FmaComponents calls it */
	uint32		size;
	uint32		representative;
	double		min_similarity; /* of a row to the representative */
	bool		differ[FMA_EMBEDDED_TEXTS]; /* whether two rows have different labels, sets */
	const char *text[FMA_EMBEDDED_TEXTS];	/* a row's label, set */
} RowGroup;

typedef struct Member
{
	RowGroup   *group;
	uint32		row;
	double		similarity;		/* to the representative */
} Member;

typedef struct Grouping
{
	FmaEmbedded *embedded;
	int64		nmembers;
	Member	   *members;
	int64		ngroups;
	RowGroup   *groups;
	const uint32 *rank;			/* of members, by their ids */
} Grouping;

/* The cosine similarity from which rows are duplicates */
static double
ThresholdArg(FunctionCallInfo fcinfo, int argno)
{
	double		threshold = FmaNumberArg(fcinfo, argno, "threshold");

	if (threshold <= 0 || threshold > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("threshold must be above 0 and at most 1"),
				 errdetail("threshold is %s.", FmaFloat8ToString(threshold)),
				 errhint("It is a cosine similarity: 1 for embeddings of one direction, 0.99 for an angle of 8 degrees.")));
	return threshold;
}

/*
 * The rank of rows by their ids, in an array that has an element for each row:
 * numbers by value when all these ids are numbers, otherwise by bytes.  Rows with
 * one id are in the order of the query.
 */
static uint32 *
RankRows(FmaEmbedded *embedded, const uint32 *rows, int64 n)
{
	uint32	   *rank;
	uint32	   *order;
	FmaLabel   *labels;
	Size		size = (sizeof(FmaLabel) + sizeof(uint32)) * n;

	FmaCharge(&embedded->budget, sizeof(uint32) * embedded->points.n + size);
	rank = palloc_extended(sizeof(uint32) * embedded->points.n, MCXT_ALLOC_HUGE);
	order = palloc_extended(sizeof(uint32) * n, MCXT_ALLOC_HUGE);
	labels = palloc_extended(sizeof(FmaLabel) * n, MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < n; i++)
	{
		const char *id = FmaEmbeddedText(embedded, rows[i], 0);

		labels[i] = FmaMakeLabel(id, strlen(id));
	}
	FmaSortLabels(labels, order, n);
	for (int64 i = 0; i < n; i++)
		rank[rows[order[i]]] = i;
	pfree(labels);
	pfree(order);
	FmaRelease(&embedded->budget, size);
	return rank;
}

/* Takes in a pair (FmaPairFunction) */
static void
AddPair(void *argument, uint32 a, uint32 b, double similarity)
{
	PairList   *list = argument;

	if (list->n == list->max_pairs)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("more than " INT64_FORMAT " pairs have a similarity of at least %s",
						list->max_pairs, FmaFloat8ToString(list->threshold)),
				 errhint("Ask for a higher threshold or more max_pairs; fma_duplicate_groups has no such limit, as it lists rows instead of pairs.")));
	if (list->n == list->room)
	{
		int64		room = list->room == 0 ? FIRST_PAIRS : list->room * 2;

		FmaCharge(list->budget, sizeof(Pair) * (room - list->room));
		list->pairs = list->room == 0 ? palloc(sizeof(Pair) * room) : repalloc_huge(list->pairs, sizeof(Pair) * room);
		list->room = room;
	}
	list->pairs[list->n].a = a;
	list->pairs[list->n].b = b;
	list->pairs[list->n].similarity = similarity;
	list->n++;
}

/* qsort_arg comparator: the most similar first, then by ids */
static int
ComparePairs(const void *a, const void *b, void *arg)
{
	const Pair *x = a,
			   *y = b;
	const uint32 *rank = arg;

	CHECK_FOR_INTERRUPTS();
	if (x->similarity != y->similarity)
		return x->similarity < y->similarity ? 1 : -1;
	if (x->a != y->a)
		return rank[x->a] < rank[y->a] ? -1 : 1;
	return rank[x->b] < rank[y->b] ? -1 : x->b != y->b;
}

/* Puts the pairs into their order, and each pair's rows */
static void
SortPairs(FmaEmbedded *embedded, PairList *list)
{
	int64		nrows = 0;
	Size		size = sizeof(uint32) * embedded->points.n + embedded->points.n;
	bool	   *seen;
	uint32	   *rows;
	uint32	   *rank;

	FmaCharge(&embedded->budget, size);
	rows = palloc_extended(sizeof(uint32) * embedded->points.n, MCXT_ALLOC_HUGE);
	seen = palloc_extended(embedded->points.n, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int64 i = 0; i < list->n; i++)
		seen[list->pairs[i].a] = seen[list->pairs[i].b] = true;
	for (int64 row = 0; row < embedded->points.n; row++)
		if (seen[row])
			rows[nrows++] = row;
	rank = RankRows(embedded, rows, nrows);
	for (int64 i = 0; i < list->n; i++)
	{
		Pair	   *pair = &list->pairs[i];

		if (rank[pair->a] > rank[pair->b])
		{
			uint32		a = pair->a;

			pair->a = pair->b;
			pair->b = a;
		}
	}
	qsort_arg(list->pairs, list->n, sizeof(Pair), ComparePairs, rank);
}

/*
 * fma_find_duplicates(query, threshold, max_pairs): all pairs of rows with a
 * cosine similarity of at least "threshold".
 */
Datum
fma_find_duplicates(PG_FUNCTION_ARGS)
{
	MemoryContext context,
				caller;
	FmaEmbedded *embedded;
	PairList	list = {0};

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(CurrentMemoryContext, "fma search", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	list.threshold = ThresholdArg(fcinfo, 1);
	list.max_pairs = FmaIntegerArg(fcinfo, 2, "max_pairs", 1, PG_INT64_MAX);
	embedded = FmaReadEmbedded(FmaWordArg(fcinfo, 0, "query"), 1);
	list.budget = &embedded->budget;
	FmaEachPair(&embedded->points, list.threshold, AddPair, &list);
	if (list.n > 0)
		SortPairs(embedded, &list);
	for (int64 i = 0; i < list.n; i++)
	{
		Datum		values[3];
		bool		nulls[3] = {false};

		CHECK_FOR_INTERRUPTS();
		values[0] = CStringGetTextDatum(FmaEmbeddedText(embedded, list.pairs[i].a, 0));
		values[1] = CStringGetTextDatum(FmaEmbeddedText(embedded, list.pairs[i].b, 0));
		values[2] = Float8GetDatum(list.pairs[i].similarity);
		FmaPutRow(fcinfo, values, nulls);
		pfree(DatumGetPointer(values[0]));
		pfree(DatumGetPointer(values[1]));
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return (Datum) 0;
}

static void *
ChargedAlloc(FmaEmbedded *embedded, Size size)
{
	FmaCharge(&embedded->budget, size);
	return palloc_extended(Max(size, 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* Makes the groups of all components that have more than one row, and their members */
static void
MakeGroups(Grouping *grouping, const uint32 *component)
{
	FmaEmbedded *embedded = grouping->embedded;
	int64		nrows = embedded->points.n;
	uint32	   *size = ChargedAlloc(embedded, sizeof(uint32) * nrows);	/* of a root's component; then the group's number */
	uint32	   *rows;

	for (int64 row = 0; row < nrows; row++)
		size[component[row]]++;
	for (int64 row = 0; row < nrows; row++)
	{
		grouping->nmembers += size[component[row]] > 1;
		grouping->ngroups += component[row] == row && size[row] > 1;
	}
	if (grouping->ngroups == 0)
		return;
	rows = ChargedAlloc(embedded, sizeof(uint32) * grouping->nmembers);
	grouping->members = ChargedAlloc(embedded, sizeof(Member) * grouping->nmembers);
	grouping->groups = ChargedAlloc(embedded, sizeof(RowGroup) * grouping->ngroups);
	grouping->nmembers = grouping->ngroups = 0;
	for (int64 row = 0; row < nrows; row++)
		if (component[row] == row && size[row] > 1)
		{
			RowGroup   *group = &grouping->groups[grouping->ngroups];

			group->root = group->representative = row;
			group->size = size[row];
			size[row] = grouping->ngroups++;
		}
		else if (component[row] == row)
			size[row] = PG_UINT32_MAX;
	for (int64 row = 0; row < nrows; row++)
		if (size[component[row]] != PG_UINT32_MAX)
		{
			grouping->members[grouping->nmembers].group = &grouping->groups[size[component[row]]];
			grouping->members[grouping->nmembers].row = row;
			rows[grouping->nmembers++] = row;
		}
	grouping->rank = RankRows(embedded, rows, grouping->nmembers);
}

/* Notes whether a member's label (set) is another one than that of an earlier member */
static void
CompareText(RowGroup *group, int text, const char *value)
{
	if (value == NULL)
		return;
	if (group->text[text] == NULL)
		group->text[text] = value;
	else if (strcmp(group->text[text], value) != 0)
		group->differ[text] = true;
}

/* Finds out what the groups are like */
static void
DescribeGroups(Grouping *grouping)
{
	FmaEmbedded *embedded = grouping->embedded;

	for (int64 i = 0; i < grouping->nmembers; i++)
	{
		Member	   *member = &grouping->members[i];
		RowGroup   *group = member->group;

		if (grouping->rank[member->row] < grouping->rank[group->representative])
			group->representative = member->row;
		for (int text = FMA_EMBEDDED_LABEL; text < embedded->ntexts; text++)
			CompareText(group, text, FmaEmbeddedText(embedded, member->row, text));
		group->min_similarity = 1;
	}
	for (int64 i = 0; i < grouping->nmembers; i++)
	{
		Member	   *member = &grouping->members[i];
		RowGroup   *group = member->group;

		CHECK_FOR_INTERRUPTS();
		member->similarity = FmaSimilarity(&embedded->points, member->row, group->representative);
		group->min_similarity = Min(group->min_similarity, member->similarity);
	}
}

/* qsort_arg comparator: large groups first; in a group the representative, then the most similar */
static int
CompareMembers(const void *a, const void *b, void *arg)
{
	const Member *x = a,
			   *y = b;
	const uint32 *rank = arg;
	uint32		x_head = x->group->representative,
				y_head = y->group->representative;

	CHECK_FOR_INTERRUPTS();
	if (x->group != y->group)
	{
		if (x->group->size != y->group->size)
			return x->group->size < y->group->size ? 1 : -1;
		return rank[x_head] < rank[y_head] ? -1 : 1;
	}
	if ((x->row == x_head) != (y->row == y_head))
		return x->row == x_head ? -1 : 1;
	if (x->similarity != y->similarity)
		return x->similarity < y->similarity ? 1 : -1;
	return rank[x->row] < rank[y->row] ? -1 : rank[x->row] > rank[y->row];
}

static void
PutMember(FunctionCallInfo fcinfo, FmaEmbedded *embedded, const Member *member, int64 group_id)
{
	const RowGroup *group = member->group;
	Datum		values[10];
	bool		nulls[10] = {false};
	int			i = 0;

	values[i++] = Int64GetDatum(group_id);
	values[i++] = Int64GetDatum(group->size);
	values[i++] = CStringGetTextDatum(FmaEmbeddedText(embedded, member->row, FMA_EMBEDDED_ID));
	values[i++] = CStringGetTextDatum(FmaEmbeddedText(embedded, group->representative, FMA_EMBEDDED_ID));
	values[i++] = Float8GetDatum(member->similarity);
	values[i++] = Float8GetDatum(group->min_similarity);
	for (int text = FMA_EMBEDDED_LABEL; text < FMA_EMBEDDED_TEXTS; text++)
	{
		values[i] = FmaTextOrNull(FmaEmbeddedText(embedded, member->row, text), &nulls[i]);
		i++;
	}
	for (int text = FMA_EMBEDDED_LABEL; text < FMA_EMBEDDED_TEXTS; text++)
	{
		nulls[i] = text >= embedded->ntexts;
		values[i++] = BoolGetDatum(group->differ[text]);
	}
	FmaAssert(i == lengthof(values));
	FmaPutRow(fcinfo, values, nulls);
}

/*
 * fma_duplicate_groups(query, threshold): connected components of the pairs, one
 * row for each of their rows.
 */
Datum
fma_duplicate_groups(PG_FUNCTION_ARGS)
{
	MemoryContext context,
				row_context,
				caller;
	Grouping	grouping = {0};
	int64		group_id = 0;
	double		threshold;

	InitMaterializedSRF(fcinfo, 0);
	context = AllocSetContextCreate(CurrentMemoryContext, "fma search", ALLOCSET_DEFAULT_SIZES);
	row_context = AllocSetContextCreate(context, "fma row", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	threshold = ThresholdArg(fcinfo, 1);
	grouping.embedded = FmaReadEmbedded(FmaWordArg(fcinfo, 0, "query"), FMA_EMBEDDED_TEXTS);
	MakeGroups(&grouping, FmaComponents(&grouping.embedded->points, threshold));
	DescribeGroups(&grouping);
	qsort_arg(grouping.members, grouping.nmembers, sizeof(Member), CompareMembers, (void *) grouping.rank);
	MemoryContextSwitchTo(row_context);
	for (int64 i = 0; i < grouping.nmembers; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i == 0 || grouping.members[i].group != grouping.members[i - 1].group)
			group_id++;
		PutMember(fcinfo, grouping.embedded, &grouping.members[i], group_id);
		MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return (Datum) 0;
}
