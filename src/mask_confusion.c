/*
 * mask_confusion.c
 *		Two masks of one size, compared run by run: their pixels, their segments.
 */
#include "fma.h"

#include "arguments.h"
#include "mask_runs.h"
#include "masks.h"
#include "matrix.h"

/*
 * Up to this many pairs of labels they are counted in a square of at most 8 MB;
 * beyond it each overlap of two runs is added to the matrix, which is slower.
 */
#define MAX_SQUARE (1024 * 1024)

/* A label of a mask that has no place in the matrix so far */
#define NO_PLACE PG_UINT32_MAX

/* A matrix of two masks' pixels that is being made */
typedef struct Comparison
{
	const FmaMask *truth;
	const FmaMask *prediction;
	const Jsonb *names;
	int32		ignore;			/* a label of the truth that does not count, or -1 */
	FmaConfusion *confusion;
	uint32	   *truth_places;	/* in the matrix, by place in the mask */
	uint32	   *prediction_places;
} Comparison;

/* Pixels by pair of labels, as their places in the masks */
typedef struct Square
{
	int64	   *pixels;
	uint32		width;			/* labels of the prediction */
} Square;

/* Checks that two masks have the same size; the arguments' names are for the message */
static void
CheckSameSize(const FmaMask *a, const FmaMask *b, const char *a_name, const char *b_name)
{
	if (a->width != b->width || a->height != b->height)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("two masks to be compared must have the same size"),
				 errdetail("%s has %u x %u pixels, %s %u x %u.", a_name, a->width, a->height, b_name, b->width, b->height),
				 errhint("Enlarge or cut one of them before it is stored.")));
}

/* What is done with the pixels that two runs share; a and b are places of labels in their mask */
typedef void (*OverlapAction) (void *state, uint32 a, uint32 b, uint32 pixels);

/*
 * Goes through two masks and does something with each overlap.  Which of two
 * runs ends first is as good as random, so the step has no branch; inlined, the
 * state stays in registers.
 */
static pg_attribute_always_inline void
ForEachOverlap(const FmaMask *a, const FmaMask *b, OverlapAction action, void *state)
{
	FmaMaskReader a_reader;
	FmaMaskReader b_reader;
	uint32		pixel = 0;
	uint32		i = 0;
	uint32		j = 0;

	FmaMaskReaderInit(&a_reader, a);
	FmaMaskReaderInit(&b_reader, b);
	for (;;)
	{
		if (i == a_reader.n)
		{
			if (!FmaMaskRead(&a_reader))
				break;
			i = 0;
		}
		if (j == b_reader.n)
		{
			(void) FmaMaskRead(&b_reader);
			j = 0;
		}
		while (i < a_reader.n && j < b_reader.n)
		{
			uint32		a_end = a_reader.ends[i];
			uint32		b_end = b_reader.ends[j];
			uint32		end = Min(a_end, b_end);

			action(state, a_reader.labels[i], b_reader.labels[j], end - pixel);
			pixel = end;
			/* "i += a_end <= b_end" and the like, which compilers make branches of */
			i += 1 - ((b_end - a_end) >> 31);
			j += 1 - ((a_end - b_end) >> 31);
		}
	}
	FmaAssert(pixel == FmaMaskPixels(a));
}

/* Counts an overlap in a square */
static inline void
AddToSquare(void *state, uint32 truth, uint32 prediction, uint32 pixels)
{
	Square	   *square = state;

	square->pixels[(size_t) truth * square->width + prediction] += pixels;
}

/* Where a label of one of the masks is in the matrix, by its name */
static uint32
PlaceOf(Comparison *comparison, const FmaMask *mask, uint32 *places, uint32 label)
{
	if (places[label] == NO_PLACE)
	{
		FmaLabel	name = FmaMaskLabelName(comparison->names, mask == comparison->truth ? "truth" : "prediction",
											mask->labels[label]);

		places[label] = FmaConfusionAddLabel(&comparison->confusion, &name);
	}
	return places[label];
}

/* Adds pixels to the matrix */
static void
AddToConfusion(Comparison *comparison, uint32 truth, uint32 prediction, int64 pixels)
{
	FmaCell		cell = {0};

	if (pixels == 0 || comparison->truth->labels[truth] == comparison->ignore)
		return;
	cell.truth = PlaceOf(comparison, comparison->truth, comparison->truth_places, truth);
	cell.prediction = PlaceOf(comparison, comparison->prediction, comparison->prediction_places, prediction);
	cell.n = pixels;
	FmaConfusionAddCell(&comparison->confusion, &cell);
}

/* The same for an overlap, where a square would be too large */
static void
AddOverlap(void *comparison, uint32 truth, uint32 prediction, uint32 pixels)
{
	AddToConfusion(comparison, truth, prediction, pixels);
}

/* Places that are all unknown */
static uint32 *
NoPlaces(uint32 nlabels)
{
	uint32	   *places = palloc_array(uint32, nlabels);

	for (uint32 i = 0; i < nlabels; i++)
		places[i] = NO_PLACE;
	return places;
}

/* The argument "ignore" of several functions; -1 if it is NULL */
static int32
IgnoreArg(FunctionCallInfo fcinfo, int argno)
{
	int32		ignore = PG_ARGISNULL(argno) ? -1 : PG_GETARG_INT32(argno);

	if (!PG_ARGISNULL(argno) && (ignore < 0 || ignore >= FMA_MASK_LABELS))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("ignore must be a label between 0 and %d", FMA_MASK_LABELS - 1),
				 errdetail("ignore is %d.", ignore),
				 errhint("NULL ignores nothing.")));
	return ignore;
}

/*
 * The pixels of the masks that are the first two arguments, in a matrix that is
 * still built; "labels" and "ignore" are the arguments from "argno" on.
 */
static FmaConfusion *
PixelConfusion(FunctionCallInfo fcinfo, int argno)
{
	Comparison	c = {0};

	c.truth = FmaMaskArg(fcinfo, 0);
	c.prediction = FmaMaskArg(fcinfo, 1);
	c.names = FmaMaskNamesArg(fcinfo, argno);
	c.ignore = IgnoreArg(fcinfo, argno + 1);
	CheckSameSize(c.truth, c.prediction, "truth", "prediction");

	c.confusion = FmaConfusionBuild(FmaConfusionEmpty(), false);
	c.truth_places = NoPlaces(c.truth->nlabels);
	c.prediction_places = NoPlaces(c.prediction->nlabels);
	if ((uint64) c.truth->nlabels * c.prediction->nlabels > MAX_SQUARE)
		ForEachOverlap(c.truth, c.prediction, AddOverlap, &c);
	else
	{
		Square		square;

		square.width = c.prediction->nlabels;
		square.pixels = palloc0_array(int64, c.truth->nlabels * square.width);
		ForEachOverlap(c.truth, c.prediction, AddToSquare, &square);
		for (uint32 t = 0; t < c.truth->nlabels; t++)
			for (uint32 p = 0; p < square.width; p++)
				AddToConfusion(&c, t, p, square.pixels[t * square.width + p]);
	}
	return c.confusion;
}

PG_FUNCTION_INFO_V1(fma_mask_confusion);
/*
 * (truth, prediction, labels, ignore): the confusion matrix of the pixels of
 * two masks.  labels: names by id, or NULL; two ids may share a name.
 *
 * Pixels whose truth is "ignore" are left out, whatever is predicted; "ignore"
 * as a prediction of others is a label like all (M. Cordts et al., The
 * Cityscapes Dataset, 2016, and its evaluation scripts).  NULL ignores nothing.
 * Cost: runs of both masks, not pixels.
 */
Datum
fma_mask_confusion(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(FmaConfusionCompact(PixelConfusion(fcinfo, 2)));
}

/* The pixels of a label in both masks */
typedef struct Segment
{
	int64		truth;
	int64		prediction;
	int64		shared;
} Segment;

/* Counts one segment in a matrix */
static void
AddSegment(FmaConfusion **segments, const FmaLabel *name, const Segment *segment, double iou, const FmaLabel *background)
{
	int64		either = segment->truth + segment->prediction - segment->shared;

	/* Segments that only meet are not the same, however low the threshold. */
	if (segment->shared > 0 && (double) segment->shared / (double) either >= iou)
		FmaConfusionAddRow(segments, name, name, NULL);
	else
	{
		if (segment->truth > 0)
			FmaConfusionAddRow(segments, name, background, NULL);
		if (segment->prediction > 0)
			FmaConfusionAddRow(segments, background, name, NULL);
	}
}

/*
 * The matrix of an image's segments from that of its pixels: all pixels of a
 * label are one segment.  The background is none.
 */
FmaConfusion *
FmaCountSegments(const FmaConfusion *pixels, double iou, const FmaLabel *background)
{
	FmaConfusion *result = FmaConfusionBuild(FmaConfusionEmpty(), false);
	Segment    *segments = palloc0_array(Segment, Max(pixels->nlabels, 1));
	uint64		position = 0;
	FmaCell		cell;

	while (FmaNextCell(pixels, &position, &cell))
	{
		segments[cell.truth].truth += cell.n;
		segments[cell.prediction].prediction += cell.n;
		if (cell.truth == cell.prediction)
			segments[cell.truth].shared += cell.n;
	}
	for (uint32 i = 0; i < pixels->nlabels; i++)
	{
		FmaLabel	name = FmaConfusionLabel(pixels, i);

		if (!FmaSameLabel(&name, background))
			AddSegment(&result, &name, &segments[i], iou, background);
	}
	pfree(segments);
	return FmaConfusionCompact(result);
}

PG_FUNCTION_INFO_V1(fma_segment_confusion);
/*
 * (truth, prediction, iou, labels, ignore, background): the confusion matrix of
 * the segments of two masks: all pixels of a label are one segment.  It is found
 * where the intersection with the predicted segment of the same label over their
 * union is at least "iou"; otherwise it is missed, and the predicted one, if
 * there is one, is invented.  Pixels count as for fma_mask_confusion; those of
 * a label that is the background make no segment.
 */
Datum
fma_segment_confusion(PG_FUNCTION_ARGS)
{
	FmaLabel	background;
	double		iou;
	char	   *background_text;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	iou = FmaCheckUnit("iou", FmaNumberArg(fcinfo, 2, "iou"));
	background_text = FmaWordArg(fcinfo, 5, "background");
	background = FmaMakeLabel(background_text, strlen(background_text));
	PG_RETURN_POINTER(FmaCountSegments(PixelConfusion(fcinfo, 3), iou, &background));
}

/* What fma_mask_iou counts: pixels of a label, or of any but 0 */
typedef struct Region
{
	const uint16 *a_labels;
	const uint16 *b_labels;
	int32		label;			/* or -1 */
	int64		shared;
	int64		either;
} Region;

/* Counts an overlap for fma_mask_iou */
static inline void
AddToRegion(void *state, uint32 a, uint32 b, uint32 pixels)
{
	Region	   *region = state;
	int32		a_label = region->a_labels[a];
	int32		b_label = region->b_labels[b];
	bool		in_a = region->label < 0 ? a_label != 0 : a_label == region->label;
	bool		in_b = region->label < 0 ? b_label != 0 : b_label == region->label;

	region->shared += (in_a & in_b) ? pixels : 0;
	region->either += (in_a | in_b) ? pixels : 0;
}

PG_FUNCTION_INFO_V1(fma_mask_iou);
/*
 * (a, b, label): intersection over union of the pixels of a label in two masks
 * (P. Jaccard, 1901); without a label, of all pixels that are not 0, as for the
 * masks of single objects.  NULL where neither mask has such a pixel.
 */
Datum
fma_mask_iou(PG_FUNCTION_ARGS)
{
	FmaMask    *a;
	FmaMask    *b;
	Region		region = {0};

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	a = FmaMaskArg(fcinfo, 0);
	b = FmaMaskArg(fcinfo, 1);
	region.a_labels = a->labels;
	region.b_labels = b->labels;
	region.label = PG_ARGISNULL(2) ? -1 : PG_GETARG_INT32(2);
	if (!PG_ARGISNULL(2) && (region.label < 0 || region.label >= FMA_MASK_LABELS))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("label must be between 0 and %d", FMA_MASK_LABELS - 1),
				 errdetail("label is %d.", region.label)));
	CheckSameSize(a, b, "a", "b");
	ForEachOverlap(a, b, AddToRegion, &region);
	if (region.either == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((double) region.shared / (double) region.either);
}
