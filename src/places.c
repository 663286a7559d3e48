/*
 * places.c
 *		The rows of a query gathered into places and periods.
 *
 * While the query is read, a row is the number of its point, cell or name, the
 * key of its time, and what else there is: 4 to 24 bytes.  Afterwards the places
 * are put in order, so that the order of the rows never shows, and the rows are
 * counted by place and period.
 */
#include "places.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "circles.h"
#include "losses.h"

#define FIRST_ROWS 4096

/* Distinct points are places, unless they are more than this and no cell_km is given */
#define MANY_POINTS 1000

/* Cells that are made of them, at the most */
#define FEW_CELLS 400

/* A smaller expected rate counts as this one */
#define LEAST_EXPECTED 1e-9

/* Coordinates on the unit sphere are added as integers of this unit */
#define SPHERE_BITS 52

static const char *const role_names[] = {"longitude", "latitude", "time", "place", "expected", "stratum"};

/* Where the rows of a name are */
typedef struct FmaNamed
{
	double		longitude;		/* of the first row */
	double		latitude;
	bool		varies;
	int128		sum[3];			/* on the sphere */
	int64		rows;
} FmaNamed;

/* Whether a column may have this type, and what to say if not */
static const char *
TypeNeeded(FmaPlaceColumn role, Oid type)
{
	switch (role)
	{
		case FMA_PLACE_LONGITUDE:
		case FMA_PLACE_LATITUDE:
		case FMA_PLACE_EXPECTED:
			return FmaIsNumber(type) ? NULL : "a number";
		case FMA_PLACE_TIME:
			return FmaCalendarHasPeriods(type) ? NULL : "a date or timestamp";
		default:
			return NULL;		/* anything with equality, which the dictionary checks */
	}
}

/* Takes note of a column after the loss */
static void
StartColumn(FmaPlaces *places, Form_pg_attribute attribute)
{
	const char *name = NameStr(attribute->attname);
	FmaPlaceColumn		role;
	FmaColumn  *column;
	const char *needed;

	for (role = 0; role < FMA_PLACE_COLUMNS && strcmp(name, role_names[role]) != 0; role++)
		;
	if (role == FMA_PLACE_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("the column \"%s\" has no meaning for a scan of space and time", name),
				 errhint("After the loss, name columns longitude, latitude, time, place, expected or stratum, "
						 "with AS.")));
	if (places->columns[role] != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg("the query has two columns named \"%s\"", name)));
	column = palloc0(sizeof(FmaColumn));
	column->name = pstrdup(name);
	column->index = attribute->attnum - 1;
	column->type = attribute->atttypid;
	column->base_type = getBaseType(attribute->atttypid);
	needed = TypeNeeded(role, column->base_type);
	if (needed != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the column \"%s\" must be %s", name, needed),
				 errdetail("It has type %s.", format_type_be(attribute->atttypid))));
	FmaDictionaryInit(&column->dictionary, column->type, attribute->attcollation, column->name, &places->budget);
	places->columns[role] = column;
}

/* What is asked for is a scan of space, of time, or of both */
static void
CheckColumns(FmaPlaces *places)
{
	FmaColumn **columns = places->columns;

	if ((columns[FMA_PLACE_LONGITUDE] == NULL) != (columns[FMA_PLACE_LATITUDE] == NULL))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("the query has a column \"%s\" but no column \"%s\"",
						columns[FMA_PLACE_LONGITUDE] != NULL ? "longitude" : "latitude",
						columns[FMA_PLACE_LONGITUDE] != NULL ? "latitude" : "longitude")));
	if (columns[FMA_PLACE_LONGITUDE] == NULL && columns[FMA_PLACE_NAME] != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("the query has a column \"place\" but no columns \"longitude\" and \"latitude\"")));
	if (columns[FMA_PLACE_LONGITUDE] == NULL && columns[FMA_PLACE_TIME] == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("the query has neither a position nor a time"),
				 errhint("Name columns longitude and latitude, or time, or all three, with AS.")));
	if (columns[FMA_PLACE_NAME] != NULL && places->options.cell_km > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cell_km cannot be combined with a column \"place\""),
				 errhint("Leave out one of the two: rows are gathered by name or into cells.")));
}

/* The query's columns are known: find what each is for, by its name */
static void
Start(FmaRowReader *reader, TupleDesc tuple)
{
	FmaPlaces  *places = (FmaPlaces *) reader;
	MemoryContext caller = MemoryContextSwitchTo(places->context);
	Form_pg_attribute loss = TupleDescAttr(tuple, 0);

	if (getBaseType(loss->atttypid) != BOOLOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the query's first column must be boolean: whether the row failed"),
				 errdetail("\"%s\" has type %s.", NameStr(loss->attname), format_type_be(loss->atttypid)),
				 errhint("Say which errors are failures, for example with abs(error) > 30.")));
	places->loss_name = pstrdup(NameStr(loss->attname));
	for (int i = 1; i < tuple->natts; i++)
		StartColumn(places, TupleDescAttr(tuple, i));
	CheckColumns(places);
	MemoryContextSwitchTo(caller);
}

/* One array of the rows, twice as long */
static void *
GrowArray(FmaPlaces *places, void *array, Size width)
{
	FmaCharge(&places->budget, width * (places->capacity - places->nrows));
	return array == NULL ? palloc_extended(width * places->capacity, MCXT_ALLOC_HUGE) :
		repalloc_huge(array, width * places->capacity);
}

/* Makes room for one more row */
static void
GrowRows(FmaPlaces *places)
{
	MemoryContext caller = MemoryContextSwitchTo(places->context);

	if (places->nrows == PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the query has more than %d rows", PG_INT32_MAX)));
	places->capacity = places->nrows == 0 ? FIRST_ROWS : Min(places->nrows * 2, PG_INT32_MAX);
	places->points = GrowArray(places, places->points, sizeof(uint32));
	if (places->columns[FMA_PLACE_TIME] != NULL)
		places->times = GrowArray(places, places->times, sizeof(uint64));
	if (places->columns[FMA_PLACE_STRATUM] != NULL)
		places->strata = GrowArray(places, places->strata, sizeof(uint32));
	if (places->columns[FMA_PLACE_EXPECTED] != NULL)
		places->expected = GrowArray(places, places->expected, sizeof(double));
	MemoryContextSwitchTo(caller);
}

/* The value of a number column */
static double
NumberIn(FmaPlaces *places, FmaPlaceColumn role, TupleTableSlot *slot)
{
	FmaColumn  *column = places->columns[role];

	return FmaNumberAsDouble(column->base_type, slot->tts_values[column->index]);
}

/* An angle within its range */
static double
AngleIn(FmaPlaces *places, FmaPlaceColumn role, TupleTableSlot *slot, int most)
{
	double		angle = NumberIn(places, role, slot);

	if (!(angle >= -most && angle <= most))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be between -%d and %d degrees", role_names[role], most, most),
				 errdetail("%s is %s.", role_names[role], FmaFloat8ToString(angle)),
				 errhint("Leave such rows out, or repair them.")));
	return angle + 0.0;			/* -0 becomes 0 */
}

/* The number of a value in a column's dictionary */
static uint32
NumberOfValue(FmaColumn *column, Datum value)
{
	FmaDictionary *dictionary = &column->dictionary;

	if (dictionary->equality == FMA_BY_KEY)
		value = (Datum) FmaKeyOf(dictionary->type, value);
	else if (dictionary->length == -1)
		value = dictionary->equality == FMA_BY_BYTES ?
			PointerGetDatum(PG_DETOAST_DATUM_PACKED(value)) : PointerGetDatum(PG_DETOAST_DATUM(value));
	return FmaDictionaryNumber(dictionary, value);
}

/* Adds a row to the positions of a name */
static void
AddNamed(FmaPlaces *places, uint32 number, double longitude, double latitude)
{
	FmaNamed   *named;
	double		x[3];

	while (number >= places->named_capacity)
	{
		uint32		capacity = Max(places->named_capacity * 2, 64);

		FmaCharge(&places->budget, sizeof(FmaNamed) * (Size) (capacity - places->named_capacity));
		places->named = places->named == NULL ?
			MemoryContextAlloc(places->context, sizeof(FmaNamed) * (Size) capacity) :
			repalloc_huge(places->named, sizeof(FmaNamed) * (Size) capacity);
		places->named_capacity = capacity;
	}
	named = &places->named[number];
	if (number >= places->nnamed)
	{
		memset(named, 0, sizeof(FmaNamed));
		places->nnamed = number + 1;
		named->longitude = longitude;
		named->latitude = latitude;
	}
	named->varies |= longitude != named->longitude || latitude != named->latitude;
	FmaPutOnSphere(longitude, latitude, x);
	for (int i = 0; i < 3; i++)
		named->sum[i] += (int64) rint(ldexp(x[i], SPHERE_BITS));
	named->rows++;
}

static inline uint64
BitsOf(double value)
{
	uint64		bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline double
DoubleOf(uint64 bits)
{
	double		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* The number of a row's name, cell or point */
static uint32
PointOf(FmaPlaces *places, TupleTableSlot *slot)
{
	FmaColumn  *name = places->columns[FMA_PLACE_NAME];
	double		longitude,
				latitude;

	if (places->columns[FMA_PLACE_LONGITUDE] == NULL)
		return 0;
	longitude = AngleIn(places, FMA_PLACE_LONGITUDE, slot, 180);
	latitude = AngleIn(places, FMA_PLACE_LATITUDE, slot, 90);
	if (name != NULL)
	{
		uint32		number = NumberOfValue(name, slot->tts_values[name->index]);

		AddNamed(places, number, longitude, latitude);
		return number;
	}
	if (places->gridded)
	{
		FmaGridCell cell = FmaFindGridCell(&places->grid, longitude, latitude);

		return FmaPairNumber(&places->pairs, cell.band, cell.column);
	}
	return FmaPairNumber(&places->pairs, BitsOf(longitude), BitsOf(latitude));
}

/* The key of a row's time */
static uint64
TimeOf(FmaPlaces *places, TupleTableSlot *slot)
{
	FmaColumn  *column = places->columns[FMA_PLACE_TIME];
	Datum		value = slot->tts_values[column->index];
	uint64		key = FmaKeyOf(column->base_type, value);

	if (column->base_type == DATEOID ? DATE_NOT_FINITE(DatumGetDateADT(value)) :
		TIMESTAMP_NOT_FINITE(DatumGetTimestamp(value)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("the time must be finite"),
				 errdetail("It is %s.", OutputFunctionCall(&column->dictionary.output, value)),
				 errhint("Leave such rows out, with WHERE isfinite(...).")));
	places->first_time = places->nrows == 0 ? key : Min(places->first_time, key);
	places->last_time = places->nrows == 0 ? key : Max(places->last_time, key);
	return key;
}

/* Takes in one row of the query */
static void
Row(FmaRowReader *reader, TupleTableSlot *slot)
{
	FmaPlaces  *places = (FmaPlaces *) reader;
	int64		row = places->nrows;
	bool		complete = true;

	slot_getallattrs(slot);
	if (slot->tts_isnull[0])
	{
		places->unlabelled = true;
		return;
	}
	for (FmaPlaceColumn role = 0; role < FMA_PLACE_COLUMNS; role++)
		if (role != FMA_PLACE_STRATUM && places->columns[role] != NULL && slot->tts_isnull[places->columns[role]->index])
		{
			places->nulls[role] = true;
			complete = false;
		}
	if (!complete)
	{
		places->left_out++;
		return;
	}
	if (row == places->capacity)
		GrowRows(places);
	places->points[row] = PointOf(places, slot) | (DatumGetBool(slot->tts_values[0]) ? FMA_FAILED : 0);
	if (places->times != NULL)
		places->times[row] = TimeOf(places, slot);
	if (places->strata != NULL)
	{
		FmaColumn  *column = places->columns[FMA_PLACE_STRATUM];

		places->strata[row] = slot->tts_isnull[column->index] ? 0 :
			NumberOfValue(column, slot->tts_values[column->index]) + 1;
	}
	if (places->expected != NULL)
	{
		double		expected = FmaCheckUnit("expected", NumberIn(places, FMA_PLACE_EXPECTED, slot));

		places->expected[row] = Max(expected, LEAST_EXPECTED);
		if (expected == 0)
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("expected must be above 0"),
					 errhint("A row that cannot fail says nothing; leave it out.")));
	}
	places->failures += (places->points[row] & FMA_FAILED) != 0;
	places->budget.rows = ++places->nrows;
}

/* The smallest cells of a round size (1, 2 or 5 times a power of ten) that are few; points become cells */
static void
GatherIntoCells(FmaPlaces *places)
{
	static const double steps[] = {1, 2, 5};
	FmaPairs	points = places->pairs;
	FmaPairs	cells;
	uint32	   *map;

	FmaCharge(&places->budget, sizeof(uint32) * (Size) points.n);
	map = palloc_extended(sizeof(uint32) * (Size) points.n, MCXT_ALLOC_HUGE);
	for (int step = 0;; step++)
	{
		CHECK_FOR_INTERRUPTS();
		places->grid = FmaMakeGrid(Min(FMA_LEAST_CELL_KM * steps[step % 3] * pow(10, step / 3), FMA_MOST_CELL_KM));
		FmaPairsInit(&cells, &places->budget);
		for (uint32 i = 0; i < points.n && cells.n <= FEW_CELLS; i++)
		{
			FmaGridCell cell = FmaFindGridCell(&places->grid, DoubleOf(points.pairs[2 * (Size) i]),
											   DoubleOf(points.pairs[2 * (Size) i + 1]));

			map[i] = FmaPairNumber(&cells, cell.band, cell.column);
		}
		if (cells.n <= FEW_CELLS)
			break;
	}
	for (int64 row = 0; row < places->nrows; row++)
		places->points[row] = map[places->points[row] & ~FMA_FAILED] | (places->points[row] & FMA_FAILED);
	ereport(NOTICE,
			(errmsg("%u points were gathered into %u cells of %s km", points.n, cells.n,
					FmaFloat8ToString(places->grid.cell_km)),
			 errhint("Say cell_km for cells of another size; 0 makes every point a place.")));
	places->gridded = true;
	places->pairs = cells;
	pfree(map);
	FmaRelease(&places->budget, sizeof(uint32) * (Size) points.n);
}

/* Where a place is: its point, the middle of its cell, or the middle of the rows of its name */
static void
LocatePlace(FmaPlaces *places, uint32 number, double *longitude, double *latitude)
{
	if (places->columns[FMA_PLACE_NAME] != NULL)
	{
		FmaNamed   *named = &places->named[number];
		double		x[3],
					length;

		*longitude = named->longitude;
		*latitude = named->latitude;
		if (!named->varies)
			return;
		for (int i = 0; i < 3; i++)
			x[i] = ldexp((double) named->sum[i], -SPHERE_BITS) / named->rows;
		length = sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
		if (length < ldexp(1.0, -SPHERE_BITS / 2))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the rows of one place lie on opposite sides of the globe"),
					 errdetail("The place is \"%s\".",
							   FmaDictionaryText(&places->columns[FMA_PLACE_NAME]->dictionary, number))));
		*longitude = atan2(x[1], x[0]) * (180 / M_PI);
		*latitude = atan2(x[2], sqrt(x[0] * x[0] + x[1] * x[1])) * (180 / M_PI);
	}
	else if (places->gridded)
	{
		int			band = places->pairs.pairs[2 * (Size) number],
					column = places->pairs.pairs[2 * (Size) number + 1];

		*longitude = (FmaGridWest(&places->grid, band, column) + FmaGridWest(&places->grid, band, column + 1)) / 2;
		*latitude = (FmaGridSouth(&places->grid, band) + FmaGridSouth(&places->grid, band + 1)) / 2;
	}
	else
	{
		*longitude = DoubleOf(places->pairs.pairs[2 * (Size) number]);
		*latitude = DoubleOf(places->pairs.pairs[2 * (Size) number + 1]);
	}
}

/* Names by their order, cells by band and column, points by longitude and latitude */
static int
ComparePlaces(const void *a, const void *b, void *argument)
{
	FmaPlaces  *places = argument;
	uint32		left = *(const uint32 *) a,
				right = *(const uint32 *) b;

	CHECK_FOR_INTERRUPTS();
	if (places->columns[FMA_PLACE_NAME] != NULL)
		return FmaDictionaryCompare(&places->columns[FMA_PLACE_NAME]->dictionary, left, right);
	for (int i = 0; i < 2; i++)
	{
		uint64		bits_left = places->pairs.pairs[2 * (Size) left + i],
					bits_right = places->pairs.pairs[2 * (Size) right + i];
		double		x = places->gridded ? (double) bits_left : DoubleOf(bits_left),
					y = places->gridded ? (double) bits_right : DoubleOf(bits_right);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

/* Puts the places in order, and the rows into them */
static void
OrderPlaces(FmaPlaces *places)
{
	uint32		n = places->columns[FMA_PLACE_LONGITUDE] == NULL ? 1 :
		places->columns[FMA_PLACE_NAME] != NULL ? places->nnamed : places->pairs.n;
	uint32	   *map;

	if (n > FMA_CIRCLE_PLACE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("there are more than %u places", FMA_CIRCLE_PLACE)));
	places->nplaces = n;
	FmaCharge(&places->budget, (2 * sizeof(uint32) + 2 * sizeof(double)) * (Size) n);
	places->numbers = palloc_extended(sizeof(uint32) * (Size) n, MCXT_ALLOC_HUGE);
	map = palloc_extended(sizeof(uint32) * (Size) n, MCXT_ALLOC_HUGE);
	places->longitude = palloc_extended(sizeof(double) * (Size) n, MCXT_ALLOC_HUGE);
	places->latitude = palloc_extended(sizeof(double) * (Size) n, MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < n; i++)
		places->numbers[i] = i;
	if (places->columns[FMA_PLACE_LONGITUDE] != NULL)
		qsort_arg(places->numbers, n, sizeof(uint32), ComparePlaces, places);
	for (uint32 i = 0; i < n; i++)
	{
		map[places->numbers[i]] = i;
		if (places->columns[FMA_PLACE_LONGITUDE] != NULL)
			LocatePlace(places, places->numbers[i], &places->longitude[i], &places->latitude[i]);
	}
	for (int64 row = 0; row < places->nrows; row++)
		places->points[row] = map[places->points[row] & ~FMA_FAILED] | (places->points[row] & FMA_FAILED);
	pfree(map);
	FmaRelease(&places->budget, sizeof(uint32) * (Size) n);
}

/* Reads a query and gathers its rows into places, in the current memory context */
FmaPlaces *
FmaGatherPlaces(const char *query, const FmaPlacesOptions *options)
{
	FmaPlaces  *places = palloc0(sizeof(FmaPlaces));

	places->reader.start = Start;
	places->reader.row = Row;
	places->options = *options;
	places->context = CurrentMemoryContext;
	places->budget.limit = FmaSearchMemory();
	places->gridded = options->cell_km > 0;
	if (places->gridded)
		places->grid = FmaMakeGrid(options->cell_km);
	FmaPairsInit(&places->pairs, &places->budget);
	FmaReadQuery(query, &places->reader);
	if (places->left_out > 0)
		ereport(NOTICE,
				(errmsg(INT64_FORMAT " rows were left out, since their position, place, time or expected rate is NULL",
						places->left_out)));
	if (places->nrows == 0)
	{
		ereport(NOTICE, (errmsg("the query returned no row with a loss")));
		return places;
	}
	if (!places->gridded && isnan(options->cell_km) && places->pairs.n > MANY_POINTS)
		GatherIntoCells(places);
	OrderPlaces(places);
	return places;
}
