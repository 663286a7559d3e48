/*
 * masks.c
 *		fma_mask in SQL: its text and binary forms, from and to bytes, its areas.
 */
#include "fma.h"

#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/builtins.h"

#include "mask_runs.h"
#include "masks.h"
#include "value.h"

#define TYPE_NAME FMA_MASK_TYPE

/* Pixels between two looks for a cancel */
#define PIXELS_PER_CHECK (1024 * 1024)

/* "label:length " at its longest */
#define RUN_TEXT_BYTES 18

PG_FUNCTION_INFO_V1(fma_mask_out);
/*
 * Text form: {"width": 4, "height": 2, "runs": "0:3 7:5"}: label and number of
 * pixels of each run, row by row.
 */
Datum
fma_mask_out(PG_FUNCTION_ARGS)
{
	FmaMask    *mask = FmaMaskArg(fcinfo, 0);
	FmaMaskReader reader;
	StringInfoData out;
	uint32		pixel = 0;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"width\": %u, \"height\": %u, \"runs\": \"", mask->width, mask->height);
	FmaMaskReaderInit(&reader, mask);
	while (FmaMaskRead(&reader))
		for (uint32 i = 0; i < reader.n; i++)
		{
			enlargeStringInfo(&out, RUN_TEXT_BYTES);
			if (pixel > 0)
				out.data[out.len++] = ' ';
			out.len += pg_ultoa_n(mask->labels[reader.labels[i]], out.data + out.len);
			out.data[out.len++] = ':';
			out.len += pg_ultoa_n(reader.ends[i] - pixel, out.data + out.len);
			pixel = reader.ends[i];
		}
	appendStringInfoString(&out, "\"}");
	PG_RETURN_CSTRING(out.data);
}

/* Reads a decimal number of at most "high" from a text that may not end with 0; false if there is none */
static bool
ReadNumber(const char **p, const char *end, uint32 high, uint32 *value)
{
	const char *begin = *p;
	uint64		number = 0;

	for (; *p < end && **p >= '0' && **p <= '9'; (*p)++)
	{
		number = number * 10 + (**p - '0');
		if (number > high)
			return false;
	}
	*value = number;
	return *p > begin;
}

PG_FUNCTION_INFO_V1(fma_mask_in);
/* Reads the text form */
Datum
fma_mask_in(PG_FUNCTION_ARGS)
{
	FmaJson		json = FmaJsonOpen(TYPE_NAME, PG_GETARG_CSTRING(0));
	int64		width = FmaJsonInt64(&json, "width", 1, FMA_MASK_MAX_SIDE);
	int64		height = FmaJsonInt64(&json, "height", 1, FMA_MASK_MAX_SIDE);
	uint32		pixels = width * height;
	JsonbValue *field = FmaJsonField(&json, "runs");
	FmaRuns		runs = {0};
	const char *p;
	const char *end;

	if (field->type != jbvString)
		FmaJsonBad(&json, "runs", "must be a string, \"label:length label:length ...\"");
	p = field->val.string.val;
	end = p + field->val.string.len;
	while (p < end)
	{
		uint32		label;
		uint32		length;
		int			at = p - field->val.string.val;

		if (!ReadNumber(&p, end, FMA_MASK_LABELS - 1, &label) || p == end || *p++ != ':' ||
			!ReadNumber(&p, end, pixels, &length) || length == 0 ||
			(p < end && (*p++ != ' ' || p == end)))
			FmaJsonBad(&json, "runs", psprintf("has no run \"label:length\" of a label up to %d and 1 to %u pixels at character %d",
											   FMA_MASK_LABELS - 1, pixels, at + 1));
		if (length > pixels - runs.pixels)
			FmaJsonBad(&json, "runs", psprintf("covers more than %lld x %lld pixels", (long long) width, (long long) height));
		FmaRunsAppend(&runs, label, length);
	}
	if (runs.pixels != pixels)
		FmaJsonBad(&json, "runs", psprintf("covers %u of %lld x %lld pixels", runs.pixels, (long long) width, (long long) height));
	PG_RETURN_POINTER(FmaMaskMake(&runs, width, height));
}

PG_FUNCTION_INFO_V1(fma_mask_send);
/* Binary form: version, width, height and number of runs (int32), then label (uint16) and length (int32) of each */
Datum
fma_mask_send(PG_FUNCTION_ARGS)
{
	FmaMask    *mask = FmaMaskArg(fcinfo, 0);
	FmaMaskReader reader;
	StringInfoData out;
	uint32		pixel = 0;

	pq_begintypsend(&out);
	pq_sendbyte(&out, FMA_MASK_VERSION);
	pq_sendint32(&out, mask->width);
	pq_sendint32(&out, mask->height);
	pq_sendint32(&out, mask->nruns);
	FmaMaskReaderInit(&reader, mask);
	while (FmaMaskRead(&reader))
		for (uint32 i = 0; i < reader.n; i++)
		{
			pq_sendint16(&out, mask->labels[reader.labels[i]]);
			pq_sendint32(&out, reader.ends[i] - pixel);
			pixel = reader.ends[i];
		}
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

PG_FUNCTION_INFO_V1(fma_mask_recv);
/* Reads the binary form, believing nothing */
Datum
fma_mask_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	FmaRuns		runs = {0};
	uint32		width;
	uint32		height;
	uint32		nruns;

	FmaRecvVersion(message, TYPE_NAME, FMA_MASK_VERSION);
	width = pq_getmsgint(message, 4);
	height = pq_getmsgint(message, 4);
	if (width < 1 || height < 1 || width > FMA_MASK_MAX_SIDE || height > FMA_MASK_MAX_SIDE)
		FmaRecvBad(TYPE_NAME, psprintf("Its size is %u x %u, which is not between 1 x 1 and %d x %d",
									   width, height, FMA_MASK_MAX_SIDE, FMA_MASK_MAX_SIDE));
	nruns = pq_getmsgint(message, 4);
	for (uint32 i = 0; i < nruns; i++)
	{
		uint32		label = pq_getmsgint(message, 2);
		uint32		length = pq_getmsgint(message, 4);

		if (length < 1 || length > width * height - runs.pixels)
			FmaRecvBad(TYPE_NAME, psprintf("A run of %u pixels follows %u of %u x %u", length, runs.pixels, width, height));
		FmaRunsAppend(&runs, label, length);
	}
	if (runs.pixels != width * height)
		FmaRecvBad(TYPE_NAME, psprintf("Its runs cover %u of %u x %u pixels", runs.pixels, width, height));
	FmaRecvEnd(message, TYPE_NAME);
	PG_RETURN_POINTER(FmaMaskMake(&runs, width, height));
}

PG_FUNCTION_INFO_V1(fma_mask_eq);
/* Whether two masks have the same size and labels */
Datum
fma_mask_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(FmaSameBytes(FmaMaskArg(fcinfo, 0), FmaMaskArg(fcinfo, 1)));
}

PG_FUNCTION_INFO_V1(fma_mask_ne);
/* The negation of fma_mask_eq */
Datum
fma_mask_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!FmaSameBytes(FmaMaskArg(fcinfo, 0), FmaMaskArg(fcinfo, 1)));
}

PG_FUNCTION_INFO_V1(fma_mask_hash);
/* A hash that agrees with "=" */
Datum
fma_mask_hash(PG_FUNCTION_ARGS)
{
	return FmaHashBytes(FmaMaskArg(fcinfo, 0));
}

PG_FUNCTION_INFO_V1(fma_mask_from_bytes);
/*
 * (pixels bytea, width, height): a mask from raw labels, row by row from the
 * top left, one byte each or two with the lower first (NumPy's uint8 and
 * uint16 on today's machines).  Which of these it is follows from the length.
 */
Datum
fma_mask_from_bytes(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	int32		width = PG_GETARG_INT32(1);
	int32		height = PG_GETARG_INT32(2);
	const uint8 *data = (const uint8 *) VARDATA_ANY(bytes);
	Size		size = VARSIZE_ANY_EXHDR(bytes);
	FmaRuns		runs = {0};
	uint32		pixels;

	FmaMaskCheckSize(width, height);
	pixels = (uint32) width * height;
	if (size != pixels && size != (Size) 2 * pixels)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("pixels must have 1 or 2 bytes for each pixel"),
				 errdetail("%d x %d are %u pixels, and there are %zu bytes.", width, height, pixels, size)));
	for (uint32 i = 0, n; i < pixels; i += n)
	{
		CHECK_FOR_INTERRUPTS();
		n = Min(pixels - i, PIXELS_PER_CHECK);
		if (size == pixels)
			FmaRunsAppendBytes(&runs, data + i, n);
		else
			for (uint32 k = i; k < i + n; k++)
				FmaRunsAppend(&runs, data[2 * (Size) k] | data[2 * (Size) k + 1] << 8, 1);
	}
	PG_RETURN_POINTER(FmaMaskMake(&runs, width, height));
}

PG_FUNCTION_INFO_V1(fma_mask_to_bytes);
/* (mask, bytes_per_pixel): the opposite of fma_mask_from_bytes; NULL takes one byte if the labels fit */
Datum
fma_mask_to_bytes(PG_FUNCTION_ARGS)
{
	FmaMask    *mask;
	FmaMaskReader reader;
	uint16		highest;
	int			each;
	Size		size;
	bytea	   *result;
	uint8	   *out;
	uint32		pixel = 0;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	mask = FmaMaskArg(fcinfo, 0);
	highest = mask->labels[mask->nlabels - 1];
	each = !PG_ARGISNULL(1) ? PG_GETARG_INT32(1) : (highest <= PG_UINT8_MAX ? 1 : 2);
	if (each < 1 || each > 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bytes_per_pixel must be 1 or 2"),
				 errdetail("bytes_per_pixel is %d.", each)));
	if (each == 1 && highest > PG_UINT8_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the labels of this mask do not fit into one byte each"),
				 errdetail("The highest label is %d.", highest),
				 errhint("Ask for 2 bytes_per_pixel.")));
	size = (Size) FmaMaskPixels(mask) * each + VARHDRSZ;
	if (!AllocSizeIsValid(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the pixels of this mask do not fit into a bytea"),
				 errdetail("%u x %u pixels of %d bytes are more than 1 GB.", mask->width, mask->height, each)));
	result = palloc(size);
	SET_VARSIZE(result, size);
	out = (uint8 *) VARDATA(result);
	FmaMaskReaderInit(&reader, mask);
	while (FmaMaskRead(&reader))
		for (uint32 i = 0; i < reader.n; i++)
		{
			uint16		label = mask->labels[reader.labels[i]];

			if (each == 1)
				memset(out + pixel, label, reader.ends[i] - pixel);
			else
				for (Size k = pixel; k < reader.ends[i]; k++)
				{
					out[2 * k] = (uint8) label;
					out[2 * k + 1] = label >> 8;
				}
			pixel = reader.ends[i];
		}
	PG_RETURN_BYTEA_P(result);
}

PG_FUNCTION_INFO_V1(fma_mask_size);
/* Width, height, pixels and runs of a mask */
Datum
fma_mask_size(PG_FUNCTION_ARGS)
{
	FmaMask    *mask = FmaMaskArg(fcinfo, 0);
	Datum		values[4];
	bool		nulls[4] = {0};

	values[0] = Int32GetDatum(mask->width);
	values[1] = Int32GetDatum(mask->height);
	values[2] = Int64GetDatum(FmaMaskPixels(mask));
	values[3] = Int64GetDatum(mask->nruns);
	return FmaMakeRow(fcinfo, values, nulls);
}

/* The name of a label: its number, or what "names" (a JSON object of ids, or NULL) call it */
FmaLabel
FmaMaskLabelName(const Jsonb *names, const char *mask, uint16 label)
{
	char	   *digits = palloc(FMA_INT64_LABEL_BYTES);
	FmaLabel	number = FmaInt64Label(label, digits);
	JsonbValue	key;
	JsonbValue *name;

	if (names == NULL)
		return number;
	key.type = jbvString;
	key.val.string.val = digits;
	key.val.string.len = number.length;
	name = findJsonbValueFromContainer(unconstify(JsonbContainer *, &names->root), JB_FOBJECT, &key);
	if (name == NULL || name->type != jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 name == NULL ? errmsg("label %d has no name in labels", label) :
				 errmsg("the name of label %d in labels must be a string", label),
				 errdetail("The %s has pixels of label %d.", mask, label),
				 errhint("Names are given by label, as in {\"0\": \"road\", \"1\": \"car\"}.")));
	return FmaMakeLabel(name->val.string.val, name->val.string.len);
}

/* The argument "labels" of several functions: an object of names, or NULL */
const Jsonb *
FmaMaskNamesArg(FunctionCallInfo fcinfo, int argno)
{
	Jsonb	   *names;

	if (PG_ARGISNULL(argno))
		return NULL;
	names = PG_GETARG_JSONB_P(argno);
	if (!JB_ROOT_IS_OBJECT(names))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("labels must be a JSON object"),
				 errhint("Names are given by label, as in {\"0\": \"road\", \"1\": \"car\"}.")));
	return names;
}

PG_FUNCTION_INFO_V1(fma_mask_areas);
/* (mask, labels): a row for each label that occurs: id, name, pixels, share of all */
Datum
fma_mask_areas(PG_FUNCTION_ARGS)
{
	FmaMask    *mask;
	const Jsonb *names;
	FmaMaskReader reader;
	uint32	   *areas;
	uint32		pixel = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	mask = FmaMaskArg(fcinfo, 0);
	names = FmaMaskNamesArg(fcinfo, 1);
	areas = palloc0_array(uint32, mask->nlabels);
	FmaMaskReaderInit(&reader, mask);
	while (FmaMaskRead(&reader))
		for (uint32 i = 0; i < reader.n; i++)
		{
			areas[reader.labels[i]] += reader.ends[i] - pixel;
			pixel = reader.ends[i];
		}
	for (uint32 i = 0; i < mask->nlabels; i++)
	{
		FmaLabel	name = FmaMaskLabelName(names, "mask", mask->labels[i]);
		Datum		values[4];
		bool		nulls[4] = {0};

		values[0] = Int32GetDatum(mask->labels[i]);
		values[1] = PointerGetDatum(cstring_to_text_with_len(name.bytes, name.length));
		values[2] = Int64GetDatum(areas[i]);
		values[3] = Float8GetDatum((double) areas[i] / pixel);
		FmaPutRow(fcinfo, values, nulls);
	}
	PG_RETURN_NULL();
}
