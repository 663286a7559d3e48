/*
 * coco.c
 *		Average precision and recall of boxes as COCO defines them: fma_coco.
 *
 * Source: the evaluation of bounding boxes that is published with COCO (T.-Y.
 * Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014).  Its
 * reference implementation runs on NumPy; figures are equal to the last bit,
 * so sums here are made in NumPy's order.
 *
 * Each image is matched in 40 ways at once (a bit for each of 4 ranges of area
 * and 10 thresholds), and what remains of a prediction is its score and two
 * words.  These are sorted, label by label, at the end.
 */
#include "matching.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "arguments.h"
#include "labels.h"

PG_FUNCTION_INFO_V1(fma_coco);

/* Thresholds of the overlap: 0.50, 0.55 ... 0.95 */
#define THRESHOLDS 10
#define FIRST_THRESHOLD 0.5
#define LAST_THRESHOLD 0.95
#define THRESHOLD_75 5			/* the index of 0.75 */

/* Recalls at which precision is read: 0, 0.01 ... 1 */
#define RECALLS 101

/* Ranges of area, in pixels */
typedef enum Area
{
	ALL, SMALL, MEDIUM, LARGE,
	AREAS						/* how many there are */
} Area;

#define SMALL_AREA (32.0 * 32.0)
#define LARGE_AREA (96.0 * 96.0)
#define MAX_AREA (1e5 * 1e5)

static const double area_low[AREAS] = {0, 0, SMALL_AREA, LARGE_AREA};
static const double area_high[AREAS] = {MAX_AREA, SMALL_AREA, LARGE_AREA, MAX_AREA};

/* The way of matching of an area and a threshold, and of all thresholds of an area */
#define WAY(area, threshold) (UINT64CONST(1) << ((area) * THRESHOLDS + (threshold)))
#define WAYS(area) (((UINT64CONST(1) << THRESHOLDS) - 1) << ((area) * THRESHOLDS))

/* Recall is also shown of so many best predictions of an image */
#define DEPTHS 2
static const int64 depths[DEPTHS] = {1, 10};

/* Added to a denominator that can be 0: the distance from 1 to the next double */
#define SPACING_OF_ONE 2.220446049250313e-16

/*
 * NumPy (1.9 to 2.2) sums what is in its buffer pairwise, down to blocks that
 * are added in a loop, eight partial sums in turns.
 */
#define SUM_BUFFER 8192
#define SUM_BLOCK 128
#define SUM_LANES 8

#define FIRST_DETECTIONS 64

/* What is kept of a prediction; each bit is a way of matching */
typedef struct Detection
{
	double		score;
	int64		place;			/* in the order of images */
	uint64		found;			/* it found a truth that counts */
	uint64		ignored;		/* it counts neither as right nor as wrong */
} Detection;

#define ST_SORT SortDetections
#define ST_ELEMENT_TYPE Detection
#define ST_COMPARE(a, b) ((a)->score != (b)->score ? ((a)->score < (b)->score ? 1 : -1) : \
						  (a)->place < (b)->place ? -1 : (a)->place > (b)->place)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* All of one label */
typedef struct Class
{
	int64		truths[AREAS];	/* those that count */
	int64		found[DEPTHS][THRESHOLDS];	/* truths that the best predictions found */
	int64		right;			/* predictions, at the first threshold */
	int64		wrong;
	int64		n;
	int64		room;
	Detection  *detections;
} Class;

/* Precision at every threshold and recall, of an area */
typedef struct Curves
{
	double		precision[THRESHOLDS][RECALLS];
	double		recall[THRESHOLDS];
} Curves;

typedef struct Coco
{
	FmaBoxes   *boxes;
	FmaBudget  *budget;
	MemoryContext context;
	FmaCandidates candidates;
	int64		max_detections;
	double		thresholds[THRESHOLDS];
	double		recalls[RECALLS];
	uint32		nclasses;
	Class	   *classes;
} Coco;

/* The figures of a label, or of all; NaN is undefined */
typedef struct Figures
{
	int64		truths;
	int64		detections;
	int64		right;
	int64		wrong;
	double		ap[AREAS];
	double		ap_50;
	double		ap_75;
	double		ar_depth[DEPTHS];
	double		ar[AREAS];
} Figures;

/* Numbers from first to last, as NumPy's linspace rounds them */
static void
Space(double *numbers, int n, double first, double last)
{
	double		step = (last - first) / (n - 1);

	for (int i = 0; i < n - 1; i++)
		numbers[i] = i * step + first;
	numbers[n - 1] = last;
}

/* The sum of a buffer: halves, down to blocks that are added in eight lanes */
static double
PairwiseSum(const double *numbers, int64 n)
{
	double		lanes[SUM_LANES];
	double		sum = 0;
	int64		i = 0;

	if (n > SUM_BLOCK)
	{
		int64		half = n / 2 - n / 2 % SUM_LANES;

		return PairwiseSum(numbers, half) + PairwiseSum(numbers + half, n - half);
	}
	if (n >= SUM_LANES)
	{
		memcpy(lanes, numbers, sizeof(lanes));
		for (i = SUM_LANES; i < n - n % SUM_LANES; i += SUM_LANES)
			for (int lane = 0; lane < SUM_LANES; lane++)
				lanes[lane] += numbers[i + lane];
		sum = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
	}
	for (; i < n; i++)
		sum += numbers[i];
	return sum;
}

/* The mean; undefined of nothing */
static double
Mean(const double *numbers, int64 n)
{
	double		sum = 0;

	for (int64 i = 0; i < n; i += SUM_BUFFER)
		sum += PairwiseSum(numbers + i, Min(n - i, SUM_BUFFER));
	return n == 0 ? NAN : sum / n;
}

/* The ways of matching for whose area something is too small or too large */
static uint64
WaysOutside(double area)
{
	uint64		ways = 0;

	for (Area range = ALL; range < AREAS; range++)
		if (area < area_low[range] || area > area_high[range])
			ways |= WAYS(range);
	return ways;
}

/* The next detection of a class, to be filled */
static Detection *
NewDetection(Coco *coco, Class *class)
{
	if (class->n == class->room)
	{
		int64		room = Max(2 * class->room, FIRST_DETECTIONS);

		FmaCharge(coco->budget, (room - class->room) * sizeof(Detection));
		class->detections = class->room == 0 ? MemoryContextAlloc(coco->context, room * sizeof(Detection)) :
			repalloc_huge(class->detections, room * sizeof(Detection));
		class->room = room;
	}
	class->detections[class->n].place = class->n;
	return &class->detections[class->n++];
}

/* Matches a prediction in every way */
static void
MatchDetection(Coco *coco, const FmaBox *prediction, Detection *detection)
{
	uint64		outside = WaysOutside(prediction->area);

	detection->score = prediction->score;
	detection->found = detection->ignored = 0;
	if (coco->candidates.n == 0)
	{
		detection->ignored = outside;
		return;
	}
	for (Area area = ALL; area < AREAS; area++)
		for (int t = 0; t < THRESHOLDS; t++)
		{
			uint64		way = WAY(area, t);
			const FmaCandidate *taken = FmaTakeTruth(&coco->candidates, coco->thresholds[t], way);

			if (taken == NULL)
				detection->ignored |= outside & way;
			else if ((taken->truth->ignored & way) != 0)
				detection->ignored |= way;
			else
				detection->found |= way;
		}
}

/* Matches an image's boxes of one label */
static void
MatchLabel(Coco *coco, FmaLabelBoxes *group)
{
	Class	   *class = &coco->classes[group->label];
	int64		n = Min(group->n[FMA_PREDICTION], coco->max_detections);

	for (int64 i = 0; i < group->n[FMA_TRUTH]; i++)
	{
		FmaBox	   *truth = &group->boxes[FMA_TRUTH][i];

		truth->ignored = truth->crowd ? PG_UINT64_MAX : WaysOutside(truth->area);
		for (Area area = ALL; area < AREAS; area++)
			class->truths[area] += (truth->ignored & WAY(area, 0)) == 0;
	}
	for (int64 i = 0; i < n; i++)
	{
		Detection  *detection = NewDetection(coco, class);

		FmaFindCandidates(&coco->candidates, &group->boxes[FMA_PREDICTION][i],
						  group->boxes[FMA_TRUTH], group->n[FMA_TRUTH], coco->thresholds[0]);
		MatchDetection(coco, &group->boxes[FMA_PREDICTION][i], detection);
		for (int depth = 0; depth < DEPTHS; depth++)
			for (int t = 0; t < THRESHOLDS && i < depths[depth]; t++)
				class->found[depth][t] += (detection->found & WAY(ALL, t)) != 0;
		class->right += (detection->found & WAY(ALL, 0)) != 0;
		class->wrong += ((detection->found | detection->ignored) & WAY(ALL, 0)) == 0;
	}
}

/*
 * Precision and recall of a class at one threshold.  Between two predictions
 * that are right precision only falls, so the first of these are all that
 * matter; "at" has room for the precision at each.
 */
static void
ComputeCurve(Coco *coco, const Class *class, Area area, int t, double *at, Curves *curves)
{
	uint64		way = WAY(area, t);
	double		truths = class->truths[area];
	int64		right = 0;
	int64		wrong = 0;
	int64		k = 0;

	CHECK_FOR_INTERRUPTS();
	for (int64 i = 0; i < class->n; i++)
	{
		const Detection *detection = &class->detections[i];

		if ((detection->found & way) != 0)
		{
			right++;
			at[right - 1] = right / ((double) (wrong + right) + SPACING_OF_ONE);
		}
		else
			wrong += (detection->ignored & way) == 0;
	}
	FmaAssert(right <= class->truths[area]);
	curves->recall[t] = right / truths;
	for (k = right - 2; k >= 0; k--)
		at[k] = Max(at[k], at[k + 1]);
	k = 0;
	for (int r = 0; r < RECALLS; r++)
	{
		while (k < right && (k + 1) / truths < coco->recalls[r])
			k++;
		curves->precision[t][r] = k < right ? at[k] : 0;
	}
}

/* The mean over thresholds (outermost), recalls and classes; "first" and "n" choose thresholds */
static double
MeanPrecision(const Curves *curves, uint32 nclasses, int first, int n, double *scratch)
{
	double	   *next = scratch;

	for (int t = first; t < first + n; t++)
		for (int r = 0; r < RECALLS; r++)
			for (uint32 i = 0; i < nclasses; i++)
				*next++ = curves[i].precision[t][r];
	return Mean(scratch, next - scratch);
}

static double
MeanRecall(const Curves *curves, uint32 nclasses, double *scratch)
{
	double	   *next = scratch;

	for (int t = 0; t < THRESHOLDS; t++)
		for (uint32 i = 0; i < nclasses; i++)
			*next++ = curves[i].recall[t];
	return Mean(scratch, next - scratch);
}

/* Figures of some classes in an area, whose curves are given */
static void
Summarise(const Curves *curves, uint32 nclasses, Area area, double *scratch, Figures *figures)
{
	figures->ap[area] = MeanPrecision(curves, nclasses, 0, THRESHOLDS, scratch);
	figures->ar[area] = MeanRecall(curves, nclasses, scratch);
	if (area == ALL)
	{
		figures->ap_50 = MeanPrecision(curves, nclasses, 0, 1, scratch);
		figures->ap_75 = MeanPrecision(curves, nclasses, THRESHOLD_75, 1, scratch);
	}
}

/* The recall of the best few predictions of each image */
static void
SummariseDepths(Coco *coco, const uint32 *order, uint32 first, uint32 n, double *scratch, Figures *figures)
{
	for (int depth = 0; depth < DEPTHS; depth++)
	{
		double	   *next = scratch;

		for (int t = 0; t < THRESHOLDS; t++)
			for (uint32 i = first; i < first + n; i++)
			{
				const Class *class = &coco->classes[order[i]];

				if (class->truths[ALL] > 0)
					*next++ = class->found[depth][t] / (double) class->truths[ALL];
			}
		figures->ar_depth[depth] = Mean(scratch, next - scratch);
	}
}

/* Counts of a class, added to those of all */
static void
CountClass(const Class *class, Figures *figures, Figures *all)
{
	figures->truths = class->truths[ALL];
	figures->detections = class->n;
	figures->right = class->right;
	figures->wrong = class->wrong;
	all->truths += figures->truths;
	all->detections += figures->detections;
	all->right += figures->right;
	all->wrong += figures->wrong;
}

/* Makes all figures: those of each class, in the order of labels, and those of all */
static void
ComputeFigures(Coco *coco, const uint32 *order, Figures *figures, Figures *all)
{
	Size		size = (sizeof(Curves) + sizeof(double) * THRESHOLDS * RECALLS) * Max(coco->nclasses, 1);
	Curves	   *curves;
	double	   *scratch;
	double	   *at;
	int64		most = 1;

	for (uint32 i = 0; i < coco->nclasses; i++)
	{
		Class	   *class = &coco->classes[order[i]];

		SortDetections(class->detections, class->n);
		CountClass(class, &figures[i], all);
		most = Max(most, class->truths[ALL]);
	}
	FmaCharge(coco->budget, size + sizeof(double) * most);
	curves = palloc_extended(sizeof(Curves) * Max(coco->nclasses, 1), MCXT_ALLOC_HUGE);
	scratch = palloc_extended(sizeof(double) * THRESHOLDS * RECALLS * Max(coco->nclasses, 1), MCXT_ALLOC_HUGE);
	at = palloc_extended(sizeof(double) * most, MCXT_ALLOC_HUGE);
	for (Area area = ALL; area < AREAS; area++)
	{
		uint32		n = 0;

		for (uint32 i = 0; i < coco->nclasses; i++)
		{
			const Class *class = &coco->classes[order[i]];
			bool		defined = class->truths[area] > 0;

			for (int t = 0; t < THRESHOLDS && defined; t++)
				ComputeCurve(coco, class, area, t, at, &curves[n]);
			Summarise(&curves[n], defined ? 1 : 0, area, scratch, &figures[i]);
			n += defined;
		}
		Summarise(curves, n, area, scratch, all);
	}
	for (uint32 i = 0; i < coco->nclasses; i++)
		SummariseDepths(coco, order, i, 1, scratch, &figures[i]);
	SummariseDepths(coco, order, 0, coco->nclasses, scratch, all);
}

/* Puts a row of fma_coco; the label is NULL for all */
static void
PutFigures(FunctionCallInfo fcinfo, const char *label, const Figures *figures)
{
	Datum		values[17];
	bool		nulls[17] = {false};
	int			i = 0;

#define PUT(value) (values[i] = FmaFloat8OrNull(value, &nulls[i]), i++)
	nulls[i] = label == NULL;
	values[i++] = label == NULL ? (Datum) 0 : CStringGetTextDatum(label);
	values[i++] = Int64GetDatum(figures->truths);
	values[i++] = Int64GetDatum(figures->detections);
	values[i++] = Int64GetDatum(figures->right);
	values[i++] = Int64GetDatum(figures->wrong);
	PUT(figures->ap[ALL]);
	PUT(figures->ap_50);
	PUT(figures->ap_75);
	for (Area area = SMALL; area < AREAS; area++)
		PUT(figures->ap[area]);
	for (int depth = 0; depth < DEPTHS; depth++)
		PUT(figures->ar_depth[depth]);
	for (Area area = ALL; area < AREAS; area++)
		PUT(figures->ar[area]);
#undef PUT
	FmaAssert(i == lengthof(values));
	FmaPutRow(fcinfo, values, nulls);
}

/*
 * fma_coco(truth_query, prediction_query, max_detections): COCO's twelve
 * numbers over all labels, in a first row without a label, and for each label.
 * What a label without truths cannot have is NULL; its wrong boxes are counted.
 */
Datum
fma_coco(PG_FUNCTION_ARGS)
{
	MemoryContext caller;
	Coco		coco = {0};
	Figures    *figures;
	Figures		all = {0};
	FmaImageBoxes *image;
	uint32	   *order;
	char	   *truth_query;
	char	   *prediction_query;

	InitMaterializedSRF(fcinfo, 0);
	coco.context = AllocSetContextCreate(CurrentMemoryContext, "fma boxes", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(coco.context);
	truth_query = FmaWordArg(fcinfo, 0, "truth_query");
	prediction_query = FmaWordArg(fcinfo, 1, "prediction_query");
	coco.max_detections = FmaIntegerArg(fcinfo, 2, "max_detections", 1, PG_INT32_MAX);
	Space(coco.thresholds, THRESHOLDS, FIRST_THRESHOLD, LAST_THRESHOLD);
	Space(coco.recalls, RECALLS, 0, 1);

	coco.boxes = FmaReadBoxes(truth_query, prediction_query, 0, false);
	coco.candidates.budget = coco.budget = FmaBoxBudget(coco.boxes);
	coco.candidates.context = coco.context;
	coco.nclasses = FmaBoxLabelCount(coco.boxes);
	FmaCharge(coco.budget, (sizeof(Class) + sizeof(Figures)) * coco.nclasses);
	coco.classes = palloc0_array(Class, Max(coco.nclasses, 1));
	while ((image = FmaNextImage(coco.boxes)) != NULL)
	{
		FmaLabelBoxes group = {0};

		while (FmaNextLabel(image, &group))
			MatchLabel(&coco, &group);
	}
	order = palloc_array(uint32, Max(coco.nclasses, 1));
	FmaSortLabels(FmaBoxLabels(coco.boxes), order, coco.nclasses);
	figures = palloc0_array(Figures, Max(coco.nclasses, 1));
	ComputeFigures(&coco, order, figures, &all);
	PutFigures(fcinfo, NULL, &all);
	for (uint32 i = 0; i < coco.nclasses; i++)
		PutFigures(fcinfo, FmaBoxLabels(coco.boxes)[order[i]].bytes, &figures[i]);
	FmaFreeBoxes(coco.boxes);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(coco.context);
	return (Datum) 0;
}
