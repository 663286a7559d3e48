/*
 * scores.c
 *		Aggregates that need every row in order of its score: ROC AUC with
 *		DeLong's interval, average precision, calibration error in bins of
 *		equal mass.
 *
 * The state keeps each class's scores as sortable integers: in an array while
 * that is within work_mem, then in a sort that spills to temporary files.  All
 * figures come from one walk through the distinct scores, lowest first, with
 * exact counts, so ties and the way the rows were kept cannot matter.
 */
#include "fma.h"

#include "arguments.h"
#include "catalog/pg_operator_d.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "statistics.h"
#include "sums.h"
#include "utils/memutils.h"
#include "utils/tuplesort.h"

#define ST_SORT SortKeys
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Room for keys at first: small, as there may be a group for each few rows */
#define FIRST_ROOM 8

/* A sort's least memory in kB (as PostgreSQL's least work_mem) */
#define LEAST_SORT_MEMORY 64

#define DEFAULT_CONFIDENCE_LEVEL 0.95
#define MAX_BINS 1000

/* The two classes, as indexes: boolean values */
#define NEGATIVE 0
#define POSITIVE 1
#define CLASSES 2

/* The sortable scores ("keys") of one class */
typedef struct Keys
{
	int64		count;
	int64		room;			/* how many the array can hold */
	int64	   *array;			/* NULL while there is none, and after a spill */
	Tuplesortstate *sort;		/* where the keys are after a spill */
} Keys;

/* The state of these aggregates */
typedef struct Scores
{
	MemoryContext context;		/* shared by all groups: one each would cost too much */
	bool		spilled;
	bool		sorted;
	double		setting;		/* confidence_level or bins */
	Keys		keys[CLASSES];
} Scores;

/* A walk through the distinct scores, lowest first; the fields tell of the score at hand */
typedef struct Walk
{
	Scores	   *scores;
	int64		key;
	int64		count[CLASSES]; /* rows that have this score */
	int64		below[CLASSES]; /* rows that have a lower one */
	int64		taken[CLASSES]; /* rows fetched so far, ... */
	int64		next[CLASSES];	/* ... of which the last is still to come, ... */
	bool		more[CLASSES];	/* ... if there is one */
} Walk;

/* Sums over the pairs of a positive and a negative row, in half pairs */
typedef struct Pairs
{
	int64		rows[CLASSES];
	int128		won;			/* 2 where the positive scores higher, 1 on a tie */
	int128		squares[CLASSES];	/* sum over the class of squares of what each row won */
} Pairs;

/*
 * A score as an integer with the same order.  Negative doubles sort backwards
 * by their bits, so these are turned round; adding 0 turns -0 into 0.
 */
static inline int64
ScoreToKey(double score)
{
	int64		key;

	score += 0.0;
	memcpy(&key, &score, sizeof(key));
	return key < 0 ? key ^ PG_INT64_MAX : key;
}

/* The score that a key stands for */
static inline double
KeyToScore(int64 key)
{
	double		score;

	if (key < 0)
		key ^= PG_INT64_MAX;
	memcpy(&score, &key, sizeof(score));
	return score;
}

/* The state of a group that has no rows yet */
static Scores *
NewScores(FunctionCallInfo fcinfo, double setting)
{
	MemoryContext context;
	Scores	   *scores;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "rank aggregate's function called outside an aggregate");
	scores = MemoryContextAllocZero(context, sizeof(Scores));
	scores->context = context;
	scores->setting = setting;
	return scores;
}

/* Lets go of the temporary files; called when the state's memory is */
static void
ReleaseSorts(Datum state)
{
	Scores	   *scores = (Scores *) DatumGetPointer(state);

	for (int class = 0; class < CLASSES; class++)
		if (scores->keys[class].sort != NULL)
			tuplesort_end(scores->keys[class].sort);
}

/*
 * May the final function be called more than once for a state?  It is when two
 * aggregates share the state, and when a hash table is read again.
 */
static bool
IsReadAgain(FunctionCallInfo fcinfo)
{
	AggState   *aggregate = castNode(AggState, fcinfo->context);

	return AggStateIsShared(fcinfo) ||
		aggregate->aggstrategy == AGG_HASHED || aggregate->aggstrategy == AGG_MIXED;
}

/* Moves the keys of both classes to sorts that can spill to disk */
static void
Spill(Scores *scores, FunctionCallInfo fcinfo)
{
	MemoryContext old = MemoryContextSwitchTo(scores->context);
	int			memory = Max(work_mem / CLASSES, LEAST_SORT_MEMORY);
	int			options = IsReadAgain(fcinfo) ? TUPLESORT_RANDOMACCESS : TUPLESORT_NONE;

	AggRegisterCallback(fcinfo, ReleaseSorts, PointerGetDatum(scores));
	scores->spilled = true;
	for (int class = 0; class < CLASSES; class++)
	{
		Keys	   *keys = &scores->keys[class];

		keys->sort = tuplesort_begin_datum(INT8OID, Int8LessOperator, InvalidOid, false, memory, NULL, options);
		for (int64 i = 0; i < keys->count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			tuplesort_putdatum(keys->sort, Int64GetDatum(keys->array[i]), false);
		}
		if (keys->array != NULL)
			pfree(keys->array);
		keys->array = NULL;
		keys->room = 0;
	}
	MemoryContextSwitchTo(old);
}

/*
 * Makes room for another key, or spills when the arrays of both classes would
 * be larger than work_mem.
 *
 * A window's state never spills: a sort takes no more rows once it has been
 * read, but a frame grows from row to row.
 */
static pg_noinline void
MakeRoom(Scores *scores, int class, FunctionCallInfo fcinfo)
{
	Keys	   *keys = &scores->keys[class];
	int64		room = Max(2 * keys->room, FIRST_ROOM);

	if (AggCheckCallContext(fcinfo, NULL) == AGG_CONTEXT_AGGREGATE)
	{
		int64		allowed = (int64) work_mem * 1024 / (int64) sizeof(int64);

		room = Min(room, allowed - scores->keys[!class].room);
		if (room <= keys->count)
		{
			Spill(scores, fcinfo);
			return;
		}
	}
	if (keys->array == NULL)
		keys->array = MemoryContextAllocHuge(scores->context, room * sizeof(int64));
	else
		keys->array = repalloc_huge(keys->array, room * sizeof(int64));
	keys->room = room;
}

/* Adds a row */
static void
AddScore(Scores *scores, int class, double score, FunctionCallInfo fcinfo)
{
	Keys	   *keys = &scores->keys[class];

	if (!scores->spilled && keys->count >= keys->room)
		MakeRoom(scores, class, fcinfo);
	if (!scores->spilled)
		keys->array[keys->count] = ScoreToKey(score);
	else
		tuplesort_putdatum(keys->sort, Int64GetDatum(ScoreToKey(score)), false);
	keys->count++;
	scores->sorted = false;
}

/* Fetches a class's next key, if there is one */
static inline void
Fetch(Walk *walk, int class)
{
	Keys	   *keys = &walk->scores->keys[class];

	CHECK_FOR_INTERRUPTS();
	walk->more[class] = walk->taken[class] < keys->count;
	if (!walk->more[class])
		return;
	if (keys->sort == NULL)
		walk->next[class] = keys->array[walk->taken[class]];
	else
	{
		Datum		value;
		bool		isnull;

		if (!FmaTuplesortGetDatum(keys->sort, &value, &isnull))
			elog(ERROR, "sort ended before its last row");
		walk->next[class] = DatumGetInt64(value);
	}
	walk->taken[class]++;
}

/*
 * Begins a walk.
 *
 * Sorting the array does not change what the state stands for, so a window may
 * go on adding rows afterwards, and other final functions may walk again.
 */
static void
StartWalk(Walk *walk, Scores *scores)
{
	memset(walk, 0, sizeof(Walk));
	walk->scores = scores;
	for (int class = 0; class < CLASSES; class++)
	{
		Keys	   *keys = &scores->keys[class];

		if (keys->sort == NULL)
		{
			if (!scores->sorted)
				SortKeys(keys->array, keys->count);
		}
		else if (!scores->sorted)
			tuplesort_performsort(keys->sort);
		else
			tuplesort_rescan(keys->sort);
	}
	scores->sorted = true;
	for (int class = 0; class < CLASSES; class++)
		Fetch(walk, class);
}

/* Goes to the next distinct score; false when there is none */
static bool
NextScore(Walk *walk)
{
	if (!walk->more[NEGATIVE] && !walk->more[POSITIVE])
		return false;
	if (!walk->more[POSITIVE])
		walk->key = walk->next[NEGATIVE];
	else if (!walk->more[NEGATIVE])
		walk->key = walk->next[POSITIVE];
	else
		walk->key = Min(walk->next[NEGATIVE], walk->next[POSITIVE]);

	for (int class = 0; class < CLASSES; class++)
	{
		walk->below[class] += walk->count[class];
		walk->count[class] = 0;
		while (walk->more[class] && walk->next[class] == walk->key)
		{
			walk->count[class]++;
			Fetch(walk, class);
		}
	}
	return true;
}

/* Refuses a setting that is NULL or differs from that of the group's other rows */
static double
CheckSetting(FunctionCallInfo fcinfo, const char *argument, double setting)
{
	Scores	   *scores = PG_ARGISNULL(0) ? NULL : (Scores *) PG_GETARG_POINTER(0);

	if (scores != NULL && scores->setting != setting)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be the same in all rows of a group", argument),
				 errdetail("%s is %s after %s.", argument,
						   FmaFloat8ToString(setting), FmaFloat8ToString(scores->setting))));
	return setting;
}

/* Refuses a setting that is NULL: it would be taken for "no rows" */
static void
CheckSettingNotNull(FunctionCallInfo fcinfo, const char *argument, int argno)
{
	FmaNeedArg(fcinfo, argno, argument);
}

/* Adds the row of a transition function's arguments 1 and 2 */
static Datum
AddRow(FunctionCallInfo fcinfo, double setting)
{
	Scores	   *scores = PG_ARGISNULL(0) ? NewScores(fcinfo, setting) : (Scores *) PG_GETARG_POINTER(0);

	AddScore(scores, PG_GETARG_BOOL(2) ? POSITIVE : NEGATIVE, PG_GETARG_FLOAT8(1), fcinfo);
	PG_RETURN_POINTER(scores);
}

/*
 * Adds a row (score, positive [, confidence_level]).
 *
 * Scores may be any number, infinity too, as only their order counts.  Errors:
 * score NaN; confidence_level NULL, not in (0, 1), or not the same in all rows.
 */
PG_FUNCTION_INFO_V1(fma_scores_add);
Datum
fma_scores_add(PG_FUNCTION_ARGS)
{
	double		level = DEFAULT_CONFIDENCE_LEVEL;

	if (PG_NARGS() > 3)
	{
		CheckSettingNotNull(fcinfo, "confidence_level", 3);
		level = CheckSetting(fcinfo, "confidence_level", FmaCheckConfidenceLevel(PG_GETARG_FLOAT8(3)));
	}
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return FmaLeaveOut(fcinfo);
	if (isnan(PG_GETARG_FLOAT8(1)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("score must not be NaN"),
				 errdetail("score is NaN."),
				 errhint("Leave such rows out with FILTER (WHERE score <> 'NaN'), or repair them.")));
	return AddRow(fcinfo, level);
}

/*
 * Adds a row (confidence, correct, bins).
 *
 * Errors: confidence not in [0, 1]; bins NULL, not in 1 ... 1000, or not the
 * same in all rows.
 */
PG_FUNCTION_INFO_V1(fma_confidences_add);
Datum
fma_confidences_add(PG_FUNCTION_ARGS)
{
	int			bins;

	CheckSettingNotNull(fcinfo, "bins", 3);
	bins = PG_GETARG_INT32(3);
	if (bins < 1 || bins > MAX_BINS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bins must be between 1 and %d", MAX_BINS),
				 errdetail("bins is %d.", bins)));
	CheckSetting(fcinfo, "bins", bins);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return FmaLeaveOut(fcinfo);
	(void) FmaCheckUnit("confidence", PG_GETARG_FLOAT8(1));
	return AddRow(fcinfo, bins);
}

/* Compares every positive with every negative; false where a class is missing */
static bool
ComparePairs(Scores *scores, Pairs *pairs)
{
	Walk		walk;

	memset(pairs, 0, sizeof(Pairs));
	for (int class = 0; class < CLASSES; class++)
		pairs->rows[class] = scores->keys[class].count;
	if (pairs->rows[NEGATIVE] == 0 || pairs->rows[POSITIVE] == 0)
		return false;

	StartWalk(&walk, scores);
	while (NextScore(&walk))
	{
		int64		above = pairs->rows[POSITIVE] - walk.below[POSITIVE] - walk.count[POSITIVE];
		int64		positive_wins = 2 * walk.below[NEGATIVE] + walk.count[NEGATIVE];
		int64		negative_loses = 2 * above + walk.count[POSITIVE];

		pairs->won += (int128) positive_wins * walk.count[POSITIVE];
		pairs->squares[POSITIVE] += (int128) positive_wins * positive_wins * walk.count[POSITIVE];
		pairs->squares[NEGATIVE] += (int128) negative_loses * negative_loses * walk.count[NEGATIVE];
	}
	return true;
}

/* The share of pairs won, ties counting half: the area under the ROC curve */
static double
ShareWon(const Pairs *pairs)
{
	return (double) pairs->won / (2.0 * pairs->rows[NEGATIVE] * pairs->rows[POSITIVE]);
}

/*
 * DeLong's estimate of the variance of the area: for each class the variance of
 * its rows' shares of pairs won, divided by its size.  It takes two rows of each
 * class; else NaN.
 */
static double
DeLongVariance(const Pairs *pairs)
{
	FmaWideSum	won = FmaWideFromInt128(pairs->won);
	double		variance = 0;

	for (int class = 0; class < CLASSES; class++)
	{
		double		n = pairs->rows[class];
		double		others = 2.0 * pairs->rows[!class];
		FmaWideSum	squares = FmaWideFromInt128(pairs->squares[class]);

		if (n < 2)
			return NAN;
		variance += FmaWideVariation(n, &won, &squares) / (n * (n - 1)) / (others * others) / n;
	}
	return variance;
}

/*
 * Area under the ROC curve: the probability that a positive scores higher than
 * a negative, ties counting half (Hanley and McNeil 1982).  One class only: NULL.
 */
PG_FUNCTION_INFO_V1(fma_roc_auc_final);
Datum
fma_roc_auc_final(PG_FUNCTION_ARGS)
{
	Pairs		pairs;

	if (!ComparePairs((Scores *) PG_GETARG_POINTER(0), &pairs))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(ShareWon(&pairs));
}

/*
 * The area with its interval: DeLong, DeLong and Clarke-Pearson 1988, computed
 * in one walk as Sun and Xu 2014, clamped to [0, 1].
 *
 * low and high are NULL where the variance cannot be told: a single row of a
 * class, or an estimate of zero (classes fully apart, or all scores tied).
 */
PG_FUNCTION_INFO_V1(fma_roc_auc_interval_final);
Datum
fma_roc_auc_interval_final(PG_FUNCTION_ARGS)
{
	Scores	   *scores = (Scores *) PG_GETARG_POINTER(0);
	Pairs		pairs;
	double		area;
	double		variance;
	Datum		values[3];
	bool		nulls[3] = {false, true, true};

	if (!ComparePairs(scores, &pairs))
		PG_RETURN_NULL();
	area = ShareWon(&pairs);
	variance = DeLongVariance(&pairs);
	values[0] = Float8GetDatum(area);
	if (variance > 0)
	{
		double		reach = -FmaNormalQuantile((1 - scores->setting) / 2) * sqrt(variance);

		values[1] = FmaFloat8OrNull(Max(area - reach, 0.0), &nulls[1]);
		values[2] = FmaFloat8OrNull(Min(area + reach, 1.0), &nulls[2]);
	}
	PG_RETURN_DATUM(FmaMakeRow(fcinfo, values, nulls));
}

/*
 * Average precision: over the distinct scores, highest first, the sum of
 * (gain of recall) x (precision at or above the score); a step, not an
 * interpolation.  No positives: NULL.
 */
PG_FUNCTION_INFO_V1(fma_average_precision_final);
Datum
fma_average_precision_final(PG_FUNCTION_ARGS)
{
	Scores	   *scores = (Scores *) PG_GETARG_POINTER(0);
	int64		negatives = scores->keys[NEGATIVE].count;
	int64		positives = scores->keys[POSITIVE].count;
	FmaSum		sum = {0};
	Walk		walk;

	if (positives == 0)
		PG_RETURN_NULL();
	StartWalk(&walk, scores);
	while (NextScore(&walk))
	{
		int64		hits = positives - walk.below[POSITIVE];
		int64		misses = negatives - walk.below[NEGATIVE];

		FmaSumAdd(&sum, (double) walk.count[POSITIVE] * ((double) hits / (hits + misses)));
	}
	PG_RETURN_FLOAT8(FmaSumValue(sum) / positives);
}

/*
 * Calibration error in bins of equal mass: sum over the bins of
 * (share of rows) x |accuracy - mean confidence|.
 *
 * A row with r rows of lower confidence, of N, is in bin floor(bins x r / N), so
 * equal confidences share a bin.  A bin that holds no row adds nothing.
 */
PG_FUNCTION_INFO_V1(fma_adaptive_ece_final);
Datum
fma_adaptive_ece_final(PG_FUNCTION_ARGS)
{
	Scores	   *scores = (Scores *) PG_GETARG_POINTER(0);
	int64		bins = (int64) scores->setting;
	int64		rows = scores->keys[NEGATIVE].count + scores->keys[POSITIVE].count;
	int128		error = 0;
	int128		gap = 0;		/* of the bin at hand: sum of confidence - correct */
	int64		bin = 0;
	Walk		walk;

	StartWalk(&walk, scores);
	while (NextScore(&walk))
	{
		int64		group_bin = (int64) ((int128) bins * (walk.below[NEGATIVE] + walk.below[POSITIVE]) / rows);
		int64		fixed = FmaToFixed(KeyToScore(walk.key));

		if (group_bin != bin)
		{
			error += gap < 0 ? -gap : gap;
			gap = 0;
			bin = group_bin;
		}
		gap += (int128) fixed * walk.count[NEGATIVE] +
			(int128) (fixed - FmaToFixed(1.0)) * walk.count[POSITIVE];
	}
	error += gap < 0 ? -gap : gap;
	PG_RETURN_FLOAT8(FmaFromFixed(error) / rows);
}
