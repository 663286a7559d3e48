/*
 * matching.c
 *		Which predicted box finds which true one: fma_match_boxes.
 *
 * Boxes of one label are matched as COCO does (T.-Y. Lin et al., Microsoft
 * COCO: Common Objects in Context, ECCV 2014, and the evaluation published with
 * it).  What remains is then matched across labels, which shows what is taken
 * for what and changes no label's counts of found, missed and wrong boxes.
 */
#include "matching.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "arguments.h"

PG_FUNCTION_INFO_V1(fma_match_boxes);

/* Room for candidates that is made at first */
#define FIRST_CANDIDATES 64

/* A threshold of 1 accepts what rounding took from an overlap of 1. */
#define LARGEST_THRESHOLD (1 - 1e-10)

/* There is one way of matching here: one pair of thresholds. */
#define ONLY_WAY UINT64CONST(1)

static const char *const outcome_names[] = {"match", "confusion", "crowd", "invention", "miss"};

/* The area of two boxes' intersection over that of their union; over a crowd, over the prediction's own area */
static double
Overlap(const FmaBox *prediction, const FmaBox *truth)
{
	double		area = prediction->width * prediction->height;
	double		width,
				height,
				both;

	width = Min(prediction->width + prediction->x, truth->width + truth->x) - Max(prediction->x, truth->x);
	if (width <= 0)
		return 0;
	height = Min(prediction->height + prediction->y, truth->height + truth->y) - Max(prediction->y, truth->y);
	if (height <= 0)
		return 0;
	both = width * height;
	return both / (truth->crowd ? area : area + truth->width * truth->height - both);
}

/* Makes a list of the truths that a prediction overlaps by at least the threshold, in their order */
void
FmaFindCandidates(FmaCandidates *candidates, const FmaBox *prediction, FmaBox *truths, int64 ntruths, double threshold)
{
	CHECK_FOR_INTERRUPTS();
	candidates->n = 0;
	if (ntruths > candidates->room)
	{
		int64		room = Max(Max(2 * candidates->room, ntruths), FIRST_CANDIDATES);

		FmaCharge(candidates->budget, (room - candidates->room) * sizeof(FmaCandidate));
		if (candidates->list != NULL)
			pfree(candidates->list);
		candidates->list = MemoryContextAllocHuge(candidates->context, room * sizeof(FmaCandidate));
		candidates->room = room;
	}
	threshold = Min(threshold, LARGEST_THRESHOLD);
	for (int64 i = 0; i < ntruths; i++)
	{
		double		overlap = Overlap(prediction, &truths[i]);

		/* Boxes that only touch do not match, however low the threshold. */
		if (overlap >= threshold && overlap > 0)
		{
			candidates->list[candidates->n].truth = &truths[i];
			candidates->list[candidates->n].overlap = overlap;
			candidates->n++;
		}
	}
}

/* Whether a candidate is preferred to another: the larger overlap, then the later row */
static bool
IsBetter(const FmaCandidate *a, const FmaCandidate *b)
{
	return a->overlap > b->overlap || (a->overlap == b->overlap && a->truth->row > b->truth->row);
}

/*
 * The truth that a prediction takes among its candidates: the one with the
 * largest overlap, the last one on a tie, one that counts before one that is
 * ignored.  It is closed to the predictions that follow, unless it is a crowd.
 * NULL if there is none.
 */
const FmaCandidate *
FmaTakeTruth(const FmaCandidates *candidates, double threshold, uint64 way)
{
	const FmaCandidate *best = NULL;

	threshold = Min(threshold, LARGEST_THRESHOLD);
	for (int64 i = 0; i < candidates->n; i++)
	{
		const FmaCandidate *candidate = &candidates->list[i];
		bool		ignored = (candidate->truth->ignored & way) != 0;
		bool		best_ignored = best != NULL && (best->truth->ignored & way) != 0;

		if (candidate->overlap < threshold || ((candidate->truth->closed & way) != 0 && !candidate->truth->crowd))
			continue;
		if (best == NULL || (best_ignored && !ignored) ||
			(best_ignored == ignored && IsBetter(candidate, best)))
			best = candidate;
	}
	if (best != NULL)
		best->truth->closed |= way;
	return best;
}

/* The prediction takes the best of its candidates, if there is one */
static void
Take(FmaMatching *matching, FmaBox *prediction)
{
	const FmaCandidate *taken = FmaTakeTruth(&matching->candidates, matching->iou, ONLY_WAY);

	if (taken != NULL)
	{
		prediction->match = taken->truth;
		prediction->overlap = taken->overlap;
	}
}

/* Notes a prediction that is looked at */
static void
AddPrediction(FmaMatching *matching, FmaBox *prediction)
{
	if (matching->n == matching->room)
	{
		int64		room = Max(2 * matching->room, FIRST_CANDIDATES);

		FmaCharge(matching->candidates.budget, (room - matching->room) * sizeof(FmaBox *));
		matching->predictions = matching->room == 0 ?
			MemoryContextAllocHuge(matching->candidates.context, room * sizeof(FmaBox *)) :
			repalloc_huge(matching->predictions, room * sizeof(FmaBox *));
		matching->room = room;
	}
	matching->predictions[matching->n++] = prediction;
}

/* Matches the boxes of one label */
static void
MatchLabel(FmaMatching *matching, FmaLabelBoxes *group)
{
	int64		n = Min(group->n[FMA_PREDICTION], matching->max_detections);

	for (int64 i = 0; i < group->n[FMA_TRUTH]; i++)
		group->boxes[FMA_TRUTH][i].ignored = group->boxes[FMA_TRUTH][i].crowd ? ONLY_WAY : 0;
	for (int64 i = 0; i < n; i++)
	{
		FmaBox	   *prediction = &group->boxes[FMA_PREDICTION][i];

		FmaFindCandidates(&matching->candidates, prediction, group->boxes[FMA_TRUTH], group->n[FMA_TRUTH], matching->iou);
		Take(matching, prediction);
		AddPrediction(matching, prediction);
	}
}

/* Matches what is left, whatever its label; crowds are of their label alone */
static void
MatchAcrossLabels(FmaMatching *matching, FmaBoxList *truths)
{

	for (int64 i = 0; i < truths->n; i++)
		if (truths->boxes[i].crowd)
		{
			truths->boxes[i].crowd = false;
			truths->boxes[i].closed = ONLY_WAY;
		}
	for (int64 i = 0; i < matching->n; i++)
		if (matching->predictions[i]->match == NULL)
		{
			FmaFindCandidates(&matching->candidates, matching->predictions[i], truths->boxes, truths->n, matching->iou);
			Take(matching, matching->predictions[i]);
		}
}

/* qsort comparator: the highest score first, then in the order of the query */
static int
CompareScores(const void *a, const void *b)
{
	const FmaBox *x = *(const FmaBox *const *) a,
			   *y = *(const FmaBox *const *) b;

	CHECK_FOR_INTERRUPTS();
	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return x->row < y->row ? -1 : x->row > y->row;
}

/* qsort comparator: in the order of the query */
static int
CompareRows(const void *a, const void *b)
{
	const FmaBox *x = a,
			   *y = b;

	CHECK_FOR_INTERRUPTS();
	return x->row < y->row ? -1 : x->row > y->row;
}

/*
 * Matches the boxes of an image and tells what became of each: predictions from
 * the highest score, then misses.  Lists are as FmaNextImage gives them; it
 * leaves them in another order.
 */
void
FmaMatchImage(FmaMatching *matching, FmaImageBoxes *image, FmaOutcomeFunction tell, void *argument)
{
	FmaBoxList *truths = &image->lists[FMA_TRUTH];
	FmaLabelBoxes group = {0};

	matching->n = 0;
	while (FmaNextLabel(image, &group))
		MatchLabel(matching, &group);
	qsort(matching->predictions, matching->n, sizeof(FmaBox *), CompareScores);
	if (matching->across_labels)
		MatchAcrossLabels(matching, truths);
	for (int64 i = 0; i < matching->n; i++)
	{
		const FmaBox *prediction = matching->predictions[i];
		const FmaBox *truth = prediction->match;

		tell(argument, truth == NULL ? FMA_INVENTION : (truth->ignored & ONLY_WAY) != 0 ? FMA_CROWD :
			 truth->label == prediction->label ? FMA_MATCH : FMA_CONFUSED, truth, prediction);
	}
	/* This moves the truths, to which matches point; they have been told. */
	qsort(truths->boxes, truths->n, sizeof(FmaBox), CompareRows);
	for (int64 i = 0; i < truths->n; i++)
		if (((truths->boxes[i].closed | truths->boxes[i].ignored) & ONLY_WAY) == 0)
			tell(argument, FMA_MISS, &truths->boxes[i], NULL);
}

/* Where the arguments stand that functions of matching have */
enum Argument
{
	TRUTH_QUERY, PREDICTION_QUERY, CONF, IOU, ACROSS_LABELS, MAX_DETECTIONS
};

/* The thresholds, which all functions of matching have in the same places */
void
FmaMatchingArgs(FunctionCallInfo fcinfo, FmaMatching *matching)
{
	matching->conf = FmaCheckUnit("conf", FmaNumberArg(fcinfo, CONF, "conf"));
	matching->iou = FmaCheckUnit("iou", FmaNumberArg(fcinfo, IOU, "iou"));
	FmaNeedArg(fcinfo, ACROSS_LABELS, "across_labels");
	matching->across_labels = PG_GETARG_BOOL(ACROSS_LABELS);
	matching->max_detections = PG_INT64_MAX;
	matching->candidates.context = CurrentMemoryContext;
}

/*
 * Reads the boxes of the two queries that are the first arguments and matches
 * them, in a memory context of its own.  "boxes" is set before anyone is told.
 */
void
FmaMatchQueries(FunctionCallInfo fcinfo, bool with_ids, FmaBoxes **boxes, FmaOutcomeFunction tell, void *argument)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "fma boxes", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	FmaMatching matching = {0};
	char	   *truth_query = FmaWordArg(fcinfo, TRUTH_QUERY, "truth_query");
	char	   *prediction_query = FmaWordArg(fcinfo, PREDICTION_QUERY, "prediction_query");
	FmaImageBoxes *image;

	FmaMatchingArgs(fcinfo, &matching);
	if (!PG_ARGISNULL(MAX_DETECTIONS))
		matching.max_detections = FmaIntegerArg(fcinfo, MAX_DETECTIONS, "max_detections", 1, PG_INT32_MAX);
	*boxes = FmaReadBoxes(truth_query, prediction_query, matching.conf, with_ids);
	matching.candidates.budget = FmaBoxBudget(*boxes);
	while ((image = FmaNextImage(*boxes)) != NULL)
		FmaMatchImage(&matching, image, tell, argument);
	FmaFreeBoxes(*boxes);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

/* What fma_match_boxes fills */
typedef struct MatchRows
{
	FunctionCallInfo fcinfo;
	MemoryContext row_context;
	FmaBoxes   *boxes;
} MatchRows;

/* Puts a row of fma_match_boxes (FmaOutcomeFunction) */
static void
PutMatch(void *argument, FmaOutcome outcome, const FmaBox *truth, const FmaBox *prediction)
{
	MatchRows  *rows = argument;
	const FmaLabel *labels = FmaBoxLabels(rows->boxes);
	MemoryContext caller = MemoryContextSwitchTo(rows->row_context);
	Datum		values[8];
	bool		nulls[8] = {false};

	CHECK_FOR_INTERRUPTS();
	values[0] = CStringGetTextDatum(FmaImageText(rows->boxes));
	values[1] = CStringGetTextDatum(outcome_names[outcome]);
	values[2] = FmaTextOrNull(truth == NULL ? NULL : truth->id, &nulls[2]);
	values[3] = FmaTextOrNull(prediction == NULL ? NULL : prediction->id, &nulls[3]);
	values[4] = FmaTextOrNull(truth == NULL ? NULL : labels[truth->label].bytes, &nulls[4]);
	values[5] = FmaTextOrNull(prediction == NULL ? NULL : labels[prediction->label].bytes, &nulls[5]);
	nulls[6] = prediction == NULL;
	values[6] = nulls[6] ? (Datum) 0 : Float8GetDatum(prediction->score);
	nulls[7] = truth == NULL || prediction == NULL;
	values[7] = nulls[7] ? (Datum) 0 : Float8GetDatum(prediction->overlap);
	FmaPutRow(rows->fcinfo, values, nulls);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(rows->row_context);
}

/*
 * fma_match_boxes(truth_query, prediction_query, conf, iou, across_labels,
 * max_detections): one row a match, confusion, miss or invention.  Images in
 * their order; in an image predictions from the highest score, then misses.
 */
Datum
fma_match_boxes(PG_FUNCTION_ARGS)
{
	MatchRows	rows;

	InitMaterializedSRF(fcinfo, 0);
	rows.fcinfo = fcinfo;
	rows.row_context = AllocSetContextCreate(CurrentMemoryContext, "fma row", ALLOCSET_DEFAULT_SIZES);
	FmaMatchQueries(fcinfo, true, &rows.boxes, PutMatch, &rows);
	MemoryContextDelete(rows.row_context);
	return (Datum) 0;
}
