/*
 * encode.h
 *		The rows of a query as small integers: losses, and codes of conditions.
 *
 * A finder's query has the loss first and the conditions after it.  A column
 * becomes one feature (a timestamp several), whose codes take one byte a row,
 * and every feature has a list of conditions, each a range of its codes.
 */
#ifndef FMA_ENCODE_H
#define FMA_ENCODE_H

#include "fma.h"

#include "lib/stringinfo.h"

#include "chunks.h"
#include "dictionary.h"
#include "query.h"

/* What a column's type makes of its values */
typedef enum FmaUse
{
	FMA_USE_VALUES,				/* each value is a condition */
	FMA_USE_NUMBER,				/* quantile bins, unless there are few values */
	FMA_USE_TIME				/* parts of the calendar */
} FmaUse;

typedef struct FmaColumn
{
	char	   *name;
	int			index;			/* in the query's columns, from 0 */
	Oid			type;			/* as declared */
	Oid			base_type;		/* domains resolved */
	FmaUse		use;
	FmaDictionary dictionary;
	bool		wide;			/* too many values to number: the rows are keys */
	bool		repeats;		/* a value was seen twice, as far as is known */
	bool		left_out;
	FmaChunks	rows;			/* 0 for NULL or 1 + number in 2 bytes; or keys in 8 */
} FmaColumn;

/* What about a column a feature looks at */
typedef enum FmaPart
{
	FMA_PART_VALUE,
	FMA_PART_RANGE,
	FMA_PART_HOUR,
	FMA_PART_WEEKDAY,
	FMA_PART_MONTH,
	FMA_PART_PERIOD
} FmaPart;

typedef enum FmaConditionKind
{
	FMA_IS_NULL,
	FMA_IS_NOT_NULL,
	FMA_EQUALS,					/* "from" */
	FMA_OTHER,					/* none of the feature's frequent values */
	FMA_WITHIN					/* from "from" (or unbounded) to below "to" (or unbounded) */
} FmaConditionKind;

typedef struct FmaCondition
{
	FmaConditionKind kind;
	uint8		low;			/* codes that satisfy it, both included */
	uint8		high;
	const char *from;			/* literals, not quoted */
	const char *to;
	const char *shown;			/* how a person names it, or NULL */
} FmaCondition;

/* Codes are one byte; the last one may mean "no condition". */
#define FMA_MAX_CODES 256
#define FMA_MAX_VALUES 250

typedef struct FmaFeature
{
	FmaColumn  *column;
	FmaPart		part;
	bool		ordered;		/* neighbouring codes can be merged: codes 0 .. nordered - 1 */
	int			nordered;
	bool		has_nan;		/* ranges without an upper bound must exclude NaN */
	bool		as_double;		/* a numeric column that was binned as doubles */
	int			ncodes;
	uint8	   *codes;			/* one a row */
	int			nconditions;
	FmaCondition *conditions;
	const char **frequent;		/* what FMA_OTHER excludes */
	int			nfrequent;
} FmaFeature;

struct FmaEncoding;

typedef struct FmaEncodeOptions
{
	int			bins;
	int			max_values;
	bool		intervals;
	bool		paired;			/* two losses: what is searched is the second minus the first */
	bool		no_loss;		/* every column is a condition, and numbers are kept even if all differ */
	const char *unit;			/* name of a column, or NULL */
	const char *timezone;
	const char *cluster;		/* name of a column that is computed, or NULL */
	const char *cluster_sql;	/* by this, over the source */
	int			cluster_model;	/* its model's number */
	StringInfo	notes;			/* takes what would be a notice, or NULL */

	/* what to do with a column before its values become conditions, or NULL */
	void		(*look) (struct FmaEncoding *encoding, FmaColumn *column, void *argument);
	void	   *look_argument;
} FmaEncodeOptions;

typedef struct FmaEncoding
{
	FmaRowReader reader;
	FmaEncodeOptions options;
	FmaBudget	budget;
	MemoryContext context;

	/* while reading */
	bool		pooled;			/* two queries, whose rows stay in their order */
	bool		second;			/* the second one is being read */
	int64		split;			/* rows of the first one */
	int			nlosses;
	Oid			loss_type[2];
	char	   *loss_name[2];
	bool		unlabelled;		/* rows were left out, since a loss is NULL */
	FmaChunks	losses[2];
	int			ncolumns;
	FmaColumn  *columns;
	FmaColumn  *unit_column;

	/* the rows: failures first, or in the order of their units */
	int64		nrows;
	bool		boolean;		/* the loss (both of them, if paired) is boolean */
	int64		failures;		/* boolean: rows 0 .. failures - 1 failed, unless there are units */
	int64	   *loss;			/* otherwise: loss / loss_unit, rounded */
	double		loss_unit;		/* a power of two */
	int64	   *first_loss;		/* paired: the first loss / loss_unit */
	uint32	   *position;		/* of a row as read, if it is not implied */
	int64		nunits;
	int64	   *unit_start;		/* nunits + 1 positions */

	int			nfeatures;
	FmaFeature *features;
} FmaEncoding;

extern FmaEncoding *FmaEncode(const char *query, const FmaEncodeOptions *options);
extern FmaEncoding *FmaEncodePair(const char *reference, const char *current, const FmaEncodeOptions *options);

/* Whether rows are put failures first */
static inline bool
FmaFailuresFirst(const FmaEncoding *encoding)
{
	return encoding->boolean && !encoding->options.paired && !encoding->pooled;
}

/* Whether a column is the cluster, whose numbers are names; conditions are also written without an encoding */
static inline bool
FmaIsCluster(const FmaEncoding *encoding, const FmaColumn *column)
{
	return encoding != NULL && encoding->options.cluster != NULL && strcmp(column->name, encoding->options.cluster) == 0;
}

/* Whether the loss is one boolean, so that its mean is a rate of failures */
static inline bool
FmaLossIsRate(const FmaEncoding *encoding)
{
	return encoding->boolean && !encoding->options.paired;
}

/* For the parts of the encoding */
extern FmaFeature *FmaNewFeature(FmaEncoding *encoding, FmaColumn *column, FmaPart part);
extern FmaCondition *FmaNewCondition(FmaFeature *feature, FmaConditionKind kind, int code);
extern void FmaMapNumbers(FmaEncoding *encoding, FmaFeature *feature, const uint8 *map);
extern void FmaMapKeys(FmaEncoding *encoding, FmaFeature *feature,
					   uint8 (*map) (void *argument, bool isnull, uint64 key), void *argument);
extern void FmaCodeCalendar(FmaEncoding *encoding, FmaColumn *column);
extern void FmaCodeNumber(FmaEncoding *encoding, FmaColumn *column);
extern void FmaLeaveColumnOut(FmaEncoding *encoding, FmaColumn *column, const char *reason);
extern void FmaCodeValues(FmaEncoding *encoding, FmaColumn *column);
extern void FmaAddIntervals(FmaFeature *feature);

/* A row of a column that is still in chunks */
static inline uint16
FmaRowNumber(FmaColumn *column, int64 row)
{
	return ((uint16 *) column->rows.chunks[row / FMA_CHUNK_ROWS])[row % FMA_CHUNK_ROWS];
}

static inline uint64
FmaRowKey(FmaColumn *column, int64 row, bool *isnull)
{
	char	   *chunk = column->rows.chunks[row / FMA_CHUNK_ROWS];
	int			i = row % FMA_CHUNK_ROWS;

	*isnull = (chunk[FMA_CHUNK_ROWS * sizeof(uint64) + i / 8] >> (i % 8)) & 1;
	return ((uint64 *) chunk)[i];
}

#endif							/* FMA_ENCODE_H */
