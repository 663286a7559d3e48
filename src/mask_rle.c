/*
 * mask_rle.c
 *		Masks from and to the run-length encoding of the COCO datasets.
 *
 * An encoding is {"size": [height, width], "counts": ...}: the lengths of runs
 * of pixels outside and inside an object in turns, outside first, column by
 * column.  Counts are an array, or a string of 5 bits a character (T.-Y. Lin
 * et al., Microsoft COCO, 2014, and its published API): the lowest bits first,
 * 0x20 set where more follow, 48 added, and from the fourth count on the
 * difference to the count two before.
 */
#include "fma.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"

#include "mask_runs.h"
#include "value.h"

#define RLE "COCO run-length encoding"

/* The compressed form of counts */
#define CHARACTER_BASE 48
#define CHARACTER_BITS 5
#define CHARACTER_MORE 0x20
#define CHARACTER_SIGN 0x10
#define CHARACTER_MASK 0x1f
#define FIRST_DIFFERENCE 3

/* A number of more characters is beyond every mask. */
#define MAX_CHARACTERS 8

/* The label of pixels that no object covers: not one of a mask */
#define UNCOVERED FMA_MASK_LABELS

/* Counts being read: they become runs of UNCOVERED and a label in turns */
typedef struct Counts
{
	FmaJson    *json;
	uint32		pixels;			/* of the mask */
	uint32		label;
	int64		n;				/* so far */
	int64		last[2];		/* the last two, of even and of odd place */
	FmaRuns		runs;
} Counts;

/* One count more */
static void
AddCount(Counts *counts, int64 count)
{
	if (count < 0 || count > (int64) (counts->pixels - counts->runs.pixels))
		FmaJsonBad(counts->json, "counts", psprintf("has a run of %lld pixels after %u of %u",
													(long long) count, counts->runs.pixels, counts->pixels));
	FmaRunsAppend(&counts->runs, counts->n % 2 == 0 ? UNCOVERED : counts->label, count);
	counts->last[counts->n % 2] = count;
	counts->n++;
}

/* Reads compressed counts */
static void
ReadString(Counts *counts, const char *text, int length)
{
	for (int i = 0; i < length;)
	{
		int64		value = 0;
		int			begin = i;
		int			character;

		do
		{
			if (i == length)
				FmaJsonBad(counts->json, "counts", psprintf("ends within the number that begins at character %d", begin + 1));
			character = (unsigned char) text[i] - CHARACTER_BASE;
			if (character < 0 || character > (CHARACTER_MORE | CHARACTER_MASK))
				FmaJsonBad(counts->json, "counts", psprintf("has a character that is not of the encoding at character %d", i + 1));
			if (i - begin == MAX_CHARACTERS)
				FmaJsonBad(counts->json, "counts", psprintf("has a number beyond every mask at character %d", begin + 1));
			value |= (int64) (character & CHARACTER_MASK) << (CHARACTER_BITS * (i - begin));
			i++;
		} while ((character & CHARACTER_MORE) != 0);
		if ((character & CHARACTER_SIGN) != 0)
			value -= INT64CONST(1) << (CHARACTER_BITS * (i - begin));
		if (counts->n >= FIRST_DIFFERENCE)
			value += counts->last[counts->n % 2];
		AddCount(counts, value);
	}
}

/* Reads counts that are an array */
static void
ReadArray(Counts *counts)
{
	JsonbValue *elements;
	int			n;

	FmaJsonArray(counts->json, "counts", &elements, &n);
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		AddCount(counts, FmaJsonElementInt64(counts->json, "counts", &elements[i], 0, PG_UINT32_MAX));
	}
	pfree(elements);
}

/* Reads a size; after the first object it must be the same */
static void
ReadSize(FmaJson *rle, uint32 *width, uint32 *height)
{
	JsonbValue *size;
	int			n;
	uint32		h;
	uint32		w;

	FmaJsonArray(rle, "size", &size, &n);
	if (n != 2)
		FmaJsonBad(rle, "size", "must be [height, width]");
	h = FmaJsonElementInt64(rle, "size", &size[0], 1, FMA_MASK_MAX_SIDE);
	w = FmaJsonElementInt64(rle, "size", &size[1], 1, FMA_MASK_MAX_SIDE);
	if (*width != 0 && (w != *width || h != *height))
		FmaJsonBad(rle, "size", psprintf("is [%u, %u], and another object's [%u, %u]", h, w, *height, *width));
	*width = w;
	*height = h;
}

/* Reads the counts of an object as runs of UNCOVERED and its label */
static FmaRuns
ReadCounts(FmaJson *rle, uint32 label, uint32 width, uint32 height)
{
	JsonbValue *field = FmaJsonField(rle, "counts");
	Counts		counts = {0};

	counts.json = rle;
	counts.pixels = width * height;
	counts.label = label;
	if (field->type == jbvString)
		ReadString(&counts, field->val.string.val, field->val.string.len);
	else if (field->type == jbvBinary && JsonContainerIsArray(field->val.binary.data))
		ReadArray(&counts);
	else
		FmaJsonBad(rle, "counts", "must be a string or an array");
	if (counts.runs.pixels != counts.pixels)
		FmaJsonBad(rle, "counts", psprintf("covers %u of %u x %u pixels", counts.runs.pixels, width, height));
	return counts.runs;
}

/*
 * Reads an encoding, or a COCO annotation that has one as its "segmentation";
 * the label is its "category_id", or 1.
 */
static FmaRuns
ReadObject(JsonbValue *element, uint32 *width, uint32 *height)
{
	FmaJson		object = {RLE};
	FmaJson		rle;
	uint32		label = 1;

	if (element->type != jbvBinary || !JsonContainerIsObject(element->val.binary.data))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input for type %s", RLE),
				 errdetail("It must be an object with \"size\" and \"counts\", or an array of such.")));
	object.object = JsonbValueToJsonb(element);
	rle = object;
	if (FmaJsonHas(&object, "segmentation"))
	{
		JsonbValue *segmentation = FmaJsonField(&object, "segmentation");

		if (segmentation->type == jbvBinary && JsonContainerIsArray(segmentation->val.binary.data))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("polygons are no run-length encoding"),
					 errdetail("\"segmentation\" is an array."),
					 errhint("Encode them first, for instance by annToRLE of COCO's API.")));
		rle = FmaJsonObject(&object, "segmentation", RLE);
	}
	if (FmaJsonHas(&object, "category_id"))
		label = FmaJsonInt64(&object, "category_id", 0, FMA_MASK_LABELS - 1);
	ReadSize(&rle, width, height);
	return ReadCounts(&rle, label, *width, *height);
}

/* What is seen of two rasters that lie on each other: the upper one where it covers */
static FmaRuns
Overlay(const FmaRuns *below, const FmaRuns *above)
{
	FmaRuns		result = {0};
	uint32		b = 0;
	uint32		a = 0;
	uint32		b_left = below->runs[0].length;
	uint32		a_left = above->runs[0].length;

	for (;;)
	{
		uint32		n = Min(b_left, a_left);
		uint32		label = above->runs[a].label;

		FmaRunsAppend(&result, label == UNCOVERED ? below->runs[b].label : label, n);
		b_left -= n;
		a_left -= n;
		if (a_left == 0)
		{
			if (++a == above->n)
				break;
			a_left = above->runs[a].length;
		}
		if (b_left == 0)
			b_left = below->runs[++b].length;
	}
	return result;
}

/* Lays n > 0 rasters on each other, later ones above, in n log n steps; the array is used up */
static FmaRuns
OverlayAll(FmaRuns *layers, int n)
{
	for (int step = 1; step < n; step *= 2)
		for (int i = 0; i + step < n; i += 2 * step)
		{
			FmaRuns		both = Overlay(&layers[i], &layers[i + step]);

			CHECK_FOR_INTERRUPTS();
			pfree(layers[i].runs);
			pfree(layers[i + step].runs);
			layers[i] = both;
		}
	return layers[0];
}

/* Checks the argument "background": a label */
static uint32
BackgroundArg(int32 background)
{
	if (background < 0 || background >= FMA_MASK_LABELS)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("background must be a label between 0 and %d", FMA_MASK_LABELS - 1),
				 errdetail("background is %d.", background)));
	return background;
}

PG_FUNCTION_INFO_V1(fma_mask_from_rle);
/*
 * (rle, background): a mask from one encoding or an array of them, each with
 * its label as "category_id" (or 1).  Of overlapping objects the later one is
 * seen; pixels of none get "background".
 */
Datum
fma_mask_from_rle(PG_FUNCTION_ARGS)
{
	Jsonb	   *rle = PG_GETARG_JSONB_P(0);
	uint32		background = BackgroundArg(PG_GETARG_INT32(1));
	bool		many = JB_ROOT_IS_ARRAY(rle) && !JB_ROOT_IS_SCALAR(rle);
	int			n = many ? JB_ROOT_COUNT(rle) : 1;
	FmaRuns    *layers = palloc0_array(FmaRuns, Max(n, 1));
	FmaRuns		runs;
	uint32		width = 0;
	uint32		height = 0;
	uint64		total = 0;

	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an array of run-length encodings must not be empty"),
				 errdetail("Without an object the size of the mask is unknown.")));
	for (int i = 0; i < n; i++)
	{
		JsonbValue	whole;

		JsonbToJsonbValue(rle, &whole);
		layers[i] = ReadObject(many ? getIthJsonbValueFromContainer(&rle->root, i) : &whole, &width, &height);
		total += layers[i].n;
		if (total > FMA_MASK_MAX_RUNS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many runs for a mask"),
					 errdetail("The limit is %d runs in all objects; %d of %d objects have more.",
							   FMA_MASK_MAX_RUNS, i + 1, n)));
	}
	runs = OverlayAll(layers, n);
	for (uint32 i = 0; i < runs.n; i++)
		if (runs.runs[i].label == UNCOVERED)
			runs.runs[i].label = background;
	runs = FmaRunsTranspose(&runs, height);
	PG_RETURN_POINTER(FmaMaskMake(&runs, width, height));
}

/* Appends a count in the compressed form */
static void
AppendCompressed(StringInfo out, int64 value)
{
	bool		more;

	do
	{
		int			character = value & CHARACTER_MASK;

		value >>= CHARACTER_BITS;
		more = (character & CHARACTER_SIGN) != 0 ? value != -1 : value != 0;
		appendStringInfoChar(out, CHARACTER_BASE + (more ? character | CHARACTER_MORE : character));
	} while (more);
}

/* A stretch of pixels of one label, column by column */
typedef struct Stretch
{
	uint32		start;
	uint32		length;
} Stretch;

/* Appends one object's encoding */
static void
AppendObject(StringInfo out, const FmaMask *mask, uint16 label, const Stretch *stretches, uint32 n, bool compressed)
{
	StringInfoData counts;
	int64		last[2] = {0, 0};
	uint32		pixel = 0;

	initStringInfo(&counts);
	/* In turns: what lies before a stretch, the stretch, and at last the rest, if any. */
	for (uint32 i = 0; i < 2 * n + 1; i++)
	{
		uint32		end = i == 2 * n ? FmaMaskPixels(mask) :
			stretches[i / 2].start + (i % 2 == 0 ? 0 : stretches[i / 2].length);
		int64		count = end - pixel;

		if (i == 2 * n && count == 0)
			break;
		if (compressed)
			AppendCompressed(&counts, i < FIRST_DIFFERENCE ? count : count - last[i % 2]);
		else
			appendStringInfo(&counts, "%s%lld", i == 0 ? "" : ", ", (long long) count);
		last[i % 2] = count;
		pixel = end;
	}
	appendStringInfo(out, "%s{\"size\": [%u, %u], \"category_id\": %u, \"counts\": ", out->len == 1 ? "" : ", ",
					 mask->height, mask->width, label);
	if (compressed)
		escape_json(out, counts.data);
	else
		appendStringInfo(out, "[%s]", counts.data);
	appendStringInfoChar(out, '}');
	pfree(counts.data);
}

PG_FUNCTION_INFO_V1(fma_mask_to_rle);
/*
 * (mask, compressed, background): an array of encodings, one for each label
 * that occurs but the background; NULL leaves out none.
 */
Datum
fma_mask_to_rle(PG_FUNCTION_ARGS)
{
	FmaMask    *mask;
	int32		background;
	FmaRuns		runs;
	uint32	   *begins;			/* of each label's stretches */
	Stretch    *stretches;
	StringInfoData out;
	uint32		pixel = 0;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	mask = FmaMaskArg(fcinfo, 0);
	background = PG_ARGISNULL(2) ? -1 : BackgroundArg(PG_GETARG_INT32(2));
	runs = FmaMaskRuns(mask);
	runs = FmaRunsTranspose(&runs, mask->width);

	/* Stretches by label: counted, then put into their places. */
	begins = palloc0_array(uint32, FMA_MASK_LABELS + 1);
	stretches = palloc_array(Stretch, runs.n);
	for (uint32 i = 0; i < runs.n; i++)
		begins[runs.runs[i].label + 1]++;
	for (uint32 label = 0; label < FMA_MASK_LABELS; label++)
		begins[label + 1] += begins[label];
	for (uint32 i = 0; i < runs.n; i++)
	{
		Stretch    *stretch = &stretches[begins[runs.runs[i].label]++];

		stretch->start = pixel;
		stretch->length = runs.runs[i].length;
		pixel += runs.runs[i].length;
	}

	/* Each label's begin is now its end. */
	initStringInfo(&out);
	appendStringInfoChar(&out, '[');
	for (uint32 i = 0; i < mask->nlabels; i++)
	{
		uint32		label = mask->labels[i];
		uint32		begin = label == 0 ? 0 : begins[label - 1];

		CHECK_FOR_INTERRUPTS();
		if ((int32) label != background)
			AppendObject(&out, mask, label, stretches + begin, begins[label] - begin, PG_GETARG_BOOL(1));
	}
	appendStringInfoChar(&out, ']');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data));
}
