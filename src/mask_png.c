/*
 * mask_png.c
 *		Masks from PNG images, by libpng where the extension was built with it.
 *
 * What libpng allocates is palloc'd, and its errors are raised by ereport from
 * its error callback, which does not return.  So libpng never jumps by itself,
 * and what it held goes with the memory context, however the call ends.
 */
#include "fma.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "mask_runs.h"

#ifdef FMA_WITH_PNG

#include <png.h>

/* Of a 16-bit sample, whose higher byte comes first */
#define SAMPLE_BYTES 2

/* The image's bytes, read from front to back */
typedef struct Source
{
	const uint8 *next;
	Size		left;
} Source;

/* libpng's error callback: it must not return, and libpng may be left as it is */
pg_noreturn static void
RaiseError(png_structp png, png_const_charp message)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid PNG image"),
			 errdetail("libpng says: %s.", message)));
}

/* libpng's warnings are about what is not needed here. */
static void
IgnoreWarning(png_structp png, png_const_charp message)
{
}

/* libpng's read callback */
static void
ReadSource(png_structp png, png_bytep data, size_t length)
{
	Source	   *source = png_get_io_ptr(png);

	if (length > source->left)
		png_error(png, "the image ends too early");
	memcpy(data, source->next, length);
	source->next += length;
	source->left -= length;
}

/* libpng's allocation callbacks; a size too large for PostgreSQL is an error of the image */
static png_voidp
Allocate(png_structp png, png_alloc_size_t size)
{
	return AllocSizeIsValid(size) ? palloc(size) : NULL;
}

static void
Release(png_structp png, png_voidp memory)
{
	pfree(memory);
}

/* Checks what an image declares before any pixel is unpacked */
static void
CheckHeader(int64 width, int64 height, int type, int64 max_pixels)
{
	if (width > FMA_MASK_MAX_SIDE || height > FMA_MASK_MAX_SIDE || width * height > max_pixels)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("PNG image too large"),
				 errdetail("It declares %lld x %lld pixels; at most %d x %d and max_pixels = %lld are allowed.",
						   (long long) width, (long long) height, FMA_MASK_MAX_SIDE, FMA_MASK_MAX_SIDE, (long long) max_pixels),
				 errhint("If this is a mask that you trust, give a larger max_pixels.")));
	if (type != PNG_COLOR_TYPE_GRAY && type != PNG_COLOR_TYPE_PALETTE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a mask must be a grey PNG image or one with a palette"),
				 errdetail("This one has %s.", (type & PNG_COLOR_MASK_COLOR) != 0 ? "colours" : "transparency"),
				 errhint("Labels are grey levels or places in the palette. Convert the colours to these first.")));
}

/* Begins to read an image; its signature has been checked, and whatever is not needed is skipped */
static png_structp
OpenImage(Source *source, png_infop *info)
{
	png_structp png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, NULL, RaiseError, IgnoreWarning,
											   NULL, Allocate, Release);

	if (png == NULL)
		elog(ERROR, "libpng is not the version %s that fma was built with", PNG_LIBPNG_VER_STRING);
	*info = png_create_info_struct(png);
	if (*info == NULL)
		elog(ERROR, "libpng could not be set up");
	png_set_read_fn(png, source, ReadSource);
	/* Sizes are checked by CheckHeader; texts, profiles and the like are never unpacked. */
	png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
	png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
	png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_DEFAULT);
	png_read_info(png, *info);
	return png;
}

/* Appends a row of samples: a byte each, or two with the higher first */
static void
AppendRow(FmaRuns *runs, const uint8 *row, uint32 width, int depth)
{
	if (depth <= BITS_PER_BYTE)
		FmaRunsAppendBytes(runs, row, width);
	else
		for (uint32 x = 0; x < width; x++)
			FmaRunsAppend(runs, row[SAMPLE_BYTES * x] << BITS_PER_BYTE | row[SAMPLE_BYTES * x + 1], 1);
}

/* All pixels as runs.  An image that comes in several passes is unpacked as a whole. */
static FmaRuns
ReadRuns(png_structp png, png_infop info, uint32 width, uint32 height)
{
	FmaRuns		runs = {0};
	int			depth = png_get_bit_depth(png, info);
	int			passes;
	Size		row_size;
	uint8	   *rows;

	png_set_packing(png);		/* a byte for each sample of 1, 2 or 4 bits */
	passes = png_set_interlace_handling(png);
	png_read_update_info(png, info);
	row_size = png_get_rowbytes(png, info);
	FmaAssert(row_size == (Size) width * (depth <= BITS_PER_BYTE ? 1 : SAMPLE_BYTES));
	rows = palloc_extended(row_size * (passes > 1 ? height : 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int pass = 0; pass < passes; pass++)
		for (uint32 y = 0; y < height; y++)
		{
			uint8	   *row = rows + (passes > 1 ? y * row_size : 0);

			CHECK_FOR_INTERRUPTS();
			png_read_row(png, row, NULL);
			if (pass == passes - 1)
				AppendRow(&runs, row, width, depth);
		}
	pfree(rows);
	png_read_end(png, NULL);
	return runs;
}

#endif							/* FMA_WITH_PNG */

PG_FUNCTION_INFO_V1(fma_mask_from_png);
/*
 * (png, max_pixels): a mask from a grey PNG image, whose levels are the labels
 * as they are stored (16 bits up to 65535), or from one with a palette, whose
 * places are the labels.  max_pixels bounds the work: a small file may declare
 * a huge image.  Memory: one row, or the whole of an interlaced image.
 */
Datum
fma_mask_from_png(PG_FUNCTION_ARGS)
{
#ifdef FMA_WITH_PNG
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	int64		max_pixels = PG_GETARG_INT64(1);
	Source		source;
	png_structp png;
	png_infop	info;
	uint32		width;
	uint32		height;
	FmaRuns		runs;

	source.next = (const uint8 *) VARDATA_ANY(bytes);
	source.left = VARSIZE_ANY_EXHDR(bytes);
	png = OpenImage(&source, &info);
	width = png_get_image_width(png, info);
	height = png_get_image_height(png, info);
	CheckHeader(width, height, png_get_color_type(png, info), max_pixels);
	runs = ReadRuns(png, info, width, height);
	png_destroy_read_struct(&png, &info, NULL);
	PG_RETURN_POINTER(FmaMaskMake(&runs, width, height));
#else
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("fma was built without libpng"),
			 errhint("Build it again with libpng's development files (libpng-dev), or give the pixels to fma_mask_from_bytes.")));
	PG_RETURN_NULL();
#endif
}
