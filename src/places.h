/*
 * places.h
 *		The rows of a query gathered into places and periods.
 */
#ifndef FMA_PLACES_H
#define FMA_PLACES_H

#include "fma.h"

#include "encode.h"
#include "grid.h"
#include "period.h"

/* The bit of a row's point that says that it failed */
#define FMA_FAILED 0x80000000u

/* What the columns after the loss are, by their names */
typedef enum FmaPlaceColumn
{
	FMA_PLACE_LONGITUDE,
	FMA_PLACE_LATITUDE,
	FMA_PLACE_TIME,
	FMA_PLACE_NAME,
	FMA_PLACE_EXPECTED,
	FMA_PLACE_STRATUM,
	FMA_PLACE_COLUMNS
} FmaPlaceColumn;

typedef struct FmaPlacesOptions
{
	double		cell_km;		/* NaN: only if there are many points; 0: never */
	int			period;			/* FmaPeriodLength, or -1: a fitting one */
	const char *timezone;
} FmaPlacesOptions;

typedef struct FmaPlaces
{
	FmaRowReader reader;
	FmaPlacesOptions options;
	FmaBudget	budget;
	MemoryContext context;

	char	   *loss_name;
	FmaColumn  *columns[FMA_PLACE_COLUMNS]; /* NULL if the query has none */
	bool		unlabelled;		/* rows were left out for a NULL in the loss */
	bool		nulls[FMA_PLACE_COLUMNS];	/* or in these */
	int64		left_out;		/* by a NULL in these */

	/* rows as read; arrays that the query has no column for are NULL */
	int64		nrows;
	int64		capacity;
	uint32	   *points;			/* number of the point, cell or name; the highest bit: failed */
	uint64	   *times;			/* keys */
	uint32	   *strata;			/* 1 + number, 0 for NULL */
	double	   *expected;
	uint64		first_time;
	uint64		last_time;
	FmaPairs	pairs;			/* points or cells */
	struct FmaNamed *named;		/* positions of names */
	uint32		nnamed;
	uint32		named_capacity;

	/* places, in the order of their names or positions */
	int			nplaces;
	double	   *longitude;
	double	   *latitude;
	uint32	   *numbers;		/* in the pairs or the dictionary of names */
	bool		gridded;
	FmaGrid		grid;
	FmaPeriods	periods;		/* n is 1 if there is no time */

	/* cells: place * periods.n + period */
	int64		failures;
	int32	   *cell_failures;
	int32	   *cell_rows;
	bool		poisson;
	double	   *weights;		/* of cells: rows, or expected failures as whole numbers */
	double		weight;			/* of all cells */
} FmaPlaces;

extern FmaPlaces *FmaGatherPlaces(const char *query, const FmaPlacesOptions *options);
extern void FmaGatherCells(FmaPlaces *places);

#endif							/* FMA_PLACES_H */
