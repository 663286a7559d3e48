/*
 * mask_runs.c
 *		The runs of a mask: collected, turned from rows to columns, packed, read.
 *
 * A run is packed into one word, (length - 1) << label_bits | place of its
 * label among those that occur, of seven bits a byte, the lowest first; the
 * highest bit of a byte says that another follows.  With 19 labels a run of up
 * to 4 pixels takes one byte and one of up to 512 two.  A mask has one form:
 * labels ascending and all in use, no run beside one of the same label.
 */
#include "mask_runs.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#define FIRST_RUN_ROOM 64

/* Bits of a word that a byte holds, and the bit that says "more" */
#define WORD_BITS 7
#define WORD_MORE 0x80

/* Between two looks for a cancel */
#define RUNS_PER_CHECK 65536

/* Makes room for another run */
void
FmaRunsGrow(FmaRuns *runs)
{
	CHECK_FOR_INTERRUPTS();
	if (runs->n >= FMA_MASK_MAX_RUNS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many runs for a mask"),
				 errdetail("The limit is %d runs of pixels of one label; they cover %u pixels so far.",
						   FMA_MASK_MAX_RUNS, runs->pixels),
				 errhint("Is this a mask of labels, and not an image or noise?")));
	if (runs->room == 0)
	{
		runs->room = FIRST_RUN_ROOM;
		runs->runs = palloc_array(FmaRun, runs->room);
	}
	else
	{
		runs->room *= 2;
		runs->runs = repalloc_array(runs->runs, FmaRun, runs->room);
	}
}

/*
 * How many of n labels of "size" bytes are like the first.  Eight bytes are
 * compared at a time, since most runs are long.
 */
static inline uint32
CountSame(const uint8 *labels, uint32 n, uint32 size)
{
	uint32		per_word = sizeof(uint64) / size;
	uint64		pattern = 0;
	uint64		word;
	uint32		i = 1;

	for (uint32 k = 0; k < per_word; k++)
		memcpy((char *) &pattern + k * size, labels, size);
	for (; i + per_word <= n; i += per_word)
	{
		memcpy(&word, labels + (size_t) i * size, sizeof(word));
		if (word != pattern)
			break;
	}
	while (i < n && memcmp(labels + (size_t) i * size, labels, size) == 0)
		i++;
	return i;
}

/* Appends pixels, a byte each */
void
FmaRunsAppendBytes(FmaRuns *runs, const uint8 *labels, uint32 n)
{
	for (uint32 i = 0, length; i < n; i += length)
	{
		length = CountSame(labels + i, n - i, sizeof(uint8));
		FmaRunsAppend(runs, labels[i], length);
	}
}

/* Appends pixels of 16 bits, in the machine's order of bytes */
void
FmaRunsAppendWords(FmaRuns *runs, const uint16 *labels, uint32 n)
{
	for (uint32 i = 0, length; i < n; i += length)
	{
		length = CountSame((const uint8 *) (labels + i), n - i, sizeof(uint16));
		FmaRunsAppend(runs, labels[i], length);
	}
}

/* Where a line of pixels changes while lines are gone through */
typedef struct Change
{
	uint16		at;
	uint16		label;
} Change;

/*
 * Where the lines along which "inner" runs change: the changes of line k end
 * with number ends[k] - 1.  Each run is one at its first pixel, and one more at
 * the start of each further stretch of "inner" pixels that it goes on in.
 */
static Change *
ListChanges(const FmaRuns *runs, uint32 inner, uint32 *ends)
{
	Change	   *changes = NULL;

	/* Twice through the runs: changes are counted, then put into their places. */
	for (int pass = 0; pass < 2; pass++)
	{
		uint32		pixel = 0;

		for (uint32 r = 0; r < runs->n; r++)
		{
			uint32		end = pixel + runs->runs[r].length;

			if (r % RUNS_PER_CHECK == 0)
				CHECK_FOR_INTERRUPTS();
			while (pixel < end)
			{
				uint32		line = pixel % inner;

				if (changes == NULL)
					ends[line]++;
				else
				{
					Change	   *change = &changes[ends[line]++];

					change->at = pixel / inner;
					change->label = runs->runs[r].label;
				}
				pixel = Min(end, pixel - line + inner);
			}
		}
		if (pass == 0)
		{
			uint32		n = 0;

			for (uint32 line = 0; line < inner; line++)
			{
				uint32		count = ends[line];

				ends[line] = n;
				n += count;
			}
			changes = palloc_array(Change, n);
		}
	}
	return changes;
}

/*
 * Runs column by column, made of runs row by row (inner = the width), or the
 * other way round (inner = the height).  A line is kept as pixels and changed
 * where it changes, so space is 4 bytes a run and a few for each line.
 */
FmaRuns
FmaRunsTranspose(const FmaRuns *runs, uint32 inner)
{
	uint32		outer = runs->pixels / inner;
	uint32	   *ends = palloc0_array(uint32, inner);
	uint16	   *pixels = palloc_array(uint16, outer);
	Change	   *changes = ListChanges(runs, inner, ends);
	FmaRuns		result = {0};

	FmaAssert(inner * outer == runs->pixels);
	for (uint32 line = 0, i = 0; line < inner; line++)
	{
		CHECK_FOR_INTERRUPTS();
		for (; i < ends[line]; i++)
			pixels[changes[i].at] = changes[i].label;
		FmaRunsAppendWords(&result, pixels, outer);
	}
	pfree(ends);
	pfree(pixels);
	pfree(changes);
	return result;
}

/* Checks a width and a height */
void
FmaMaskCheckSize(int64 width, int64 height)
{
	if (width < 1 || height < 1 || width > FMA_MASK_MAX_SIDE || height > FMA_MASK_MAX_SIDE)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("width and height of a mask must be between 1 and %d", FMA_MASK_MAX_SIDE),
				 errdetail("They are %lld x %lld.", (long long) width, (long long) height)));
}

/* How many bytes a word takes */
static inline uint32
WordBytes(uint64 word)
{
	return word == 0 ? 1 : pg_leftmost_one_pos64(word) / WORD_BITS + 1;
}

/* Packs runs, which must cover the mask */
FmaMask *
FmaMaskMake(const FmaRuns *runs, uint32 width, uint32 height)
{
	uint16	   *places;			/* by label: whether it occurs, then its place */
	FmaMask    *mask;
	uint32		highest = 0;
	uint32		nlabels = 0;
	uint8		label_bits;
	Size		size;
	uint8	   *out;

	FmaAssert(runs->pixels == width * height && runs->n > 0);
	for (uint32 i = 0; i < runs->n; i++)
		highest = Max(highest, runs->runs[i].label);
	FmaAssert(highest < FMA_MASK_LABELS);
	places = palloc0_array(uint16, highest + 1);
	for (uint32 i = 0; i < runs->n; i++)
		places[runs->runs[i].label] = 1;
	for (uint32 label = 0; label <= highest; label++)
		if (places[label] != 0)
			places[label] = nlabels++;
	label_bits = nlabels == 1 ? 0 : pg_leftmost_one_pos32(nlabels - 1) + 1;

	size = offsetof(FmaMask, labels) + nlabels * sizeof(uint16);
	for (uint32 i = 0; i < runs->n; i++)
		size += WordBytes((uint64) (runs->runs[i].length - 1) << label_bits | places[runs->runs[i].label]);

	mask = palloc0(size);
	SET_VARSIZE(mask, size);
	mask->version = FMA_MASK_VERSION;
	mask->label_bits = label_bits;
	mask->width = width;
	mask->height = height;
	mask->nruns = runs->n;
	mask->nlabels = nlabels;
	out = (uint8 *) (mask->labels + nlabels);
	for (uint32 i = 0; i < runs->n; i++)
	{
		uint16		place = places[runs->runs[i].label];
		uint64		word = (uint64) (runs->runs[i].length - 1) << label_bits | place;

		mask->labels[place] = runs->runs[i].label;
		for (; word >= WORD_MORE; word >>= WORD_BITS)
			*out++ = (uint8) word | WORD_MORE;
		*out++ = word;
	}
	FmaAssert((char *) out == (char *) mask + size);
	pfree(places);
	return mask;
}

/* Begins to read a mask */
void
FmaMaskReaderInit(FmaMaskReader *reader, const FmaMask *mask)
{
	reader->mask = mask;
	reader->next = (const uint8 *) (mask->labels + mask->nlabels);
	reader->left = mask->nruns;
	reader->pixel = 0;
	reader->n = 0;
}

/* Unpacks the next piece; false at the end of the mask */
bool
FmaMaskRead(FmaMaskReader *reader)
{
	const uint8 *next = reader->next;
	uint32		n = Min(reader->left, FMA_MASK_PIECE);
	uint32		bits = reader->mask->label_bits;
	uint32		labels = ((uint32) 1 << bits) - 1;
	uint32		pixel = reader->pixel;

	CHECK_FOR_INTERRUPTS();
	for (uint32 i = 0; i < n; i++)
	{
		uint64		word = *next++;

		if (word & WORD_MORE)
		{
			/* Nearly every word has one byte or two. */
			word = (word & ~WORD_MORE) | (uint64) *next << WORD_BITS;
			if (*next++ & WORD_MORE)
			{
				word &= ~((uint64) WORD_MORE << WORD_BITS);
				for (uint32 shift = 2 * WORD_BITS;; shift += WORD_BITS)
				{
					word |= (uint64) (*next & ~WORD_MORE) << shift;
					if ((*next++ & WORD_MORE) == 0)
						break;
				}
			}
		}
		reader->labels[i] = word & labels;
		reader->ends[i] = pixel += (uint32) (word >> bits) + 1;
	}
	FmaAssert(n > 0 || (pixel == FmaMaskPixels(reader->mask) &&
						(const char *) next == (const char *) reader->mask + VARSIZE(reader->mask)));
	reader->next = next;
	reader->left -= n;
	reader->pixel = pixel;
	reader->n = n;
	return n > 0;
}

/* All runs of a mask */
FmaRuns
FmaMaskRuns(const FmaMask *mask)
{
	FmaMaskReader reader;
	FmaRuns		runs = {0};
	uint32		pixel = 0;

	FmaMaskReaderInit(&reader, mask);
	while (FmaMaskRead(&reader))
		for (uint32 i = 0; i < reader.n; i++)
		{
			FmaRunsAppend(&runs, mask->labels[reader.labels[i]], reader.ends[i] - pixel);
			pixel = reader.ends[i];
		}
	return runs;
}
