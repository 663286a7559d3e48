/*
 * example_groups.h
 *		Rows that are kept for a report, in groups: what examples.c and
 *		examples_json.c share.
 */
#ifndef FMA_EXAMPLE_GROUPS_H
#define FMA_EXAMPLE_GROUPS_H

#include "examples.h"
#include "query.h"

/*
 * Columns of the query; after them one for each hotspot: whether the row is in
 * it.  A row that is an image is in many cells, of which it has the labels.
 */
enum
{
	COLUMN_KEY, COLUMN_SORT_ID, COLUMN_FAILED, COLUMN_CONFIDENT_ERROR, COLUMN_ID, COLUMN_TRUTH, COLUMN_PREDICTION, COLUMN_CONFIDENCE, COLUMN_ERROR_TYPE,
	COLUMN_IMAGE, COLUMN_LOSS, COLUMN_OCCURRED_AT, COLUMN_TRUTHS, COLUMN_PREDICTIONS, COLUMN_HOTSPOTS
};

/* A row that is kept, and the values it is sorted by, which point into it */
typedef struct Example
{
	HeapTuple	row;
	NullableDatum key;
	NullableDatum id;
} Example;

typedef enum ExampleKind
{
	GROUP_ERRORS, GROUP_HOTSPOT, GROUP_CELL
} ExampleKind;

typedef struct ExampleGroup
{
	ExampleKind	kind;
	int			rank;			/* of a hotspot */
	char	   *slice;			/* likewise */
	Jsonb	   *conditions;
	int			truth;			/* of a cell: numbers of labels */
	int			prediction;
	double		stored;			/* rows when the run counted them; NaN if it did not */
	int64		total;
	int64		confident_errors;
	int			n_items;
	Example    *items;			/* the best first */
} ExampleGroup;

/* How values of a column are compared */
typedef struct Order
{
	FmgrInfo   *compare;
	Oid			collation;
} Order;

typedef struct Examples
{
	FmaRowReader reader;
	const FmaDataset *dataset;
	const FmaStoredRun *run;
	MemoryContext context;		/* of what is kept */
	TupleDesc	columns;
	Order		orders[COLUMN_SORT_ID + 1];
	int			per_group;
	List	   *groups;			/* of ExampleGroup *: errors, hotspots, cells */
	List	   *hotspots;		/* those of the groups that are hotspots */
	int			n_labels;
	char	  **labels;			/* in the matrix's order */
	int		   *sorted;			/* their numbers, by bytes */
	ExampleGroup **cells;		/* by truth * n_labels + prediction; NULL without rows */
} Examples;

extern bool FmaHasConfidentErrors(const FmaDataset *dataset);
extern NullableDatum FmaItemValue(const Examples *examples, HeapTuple row, int column);
extern JsonbValue *FmaPushExamples(const Examples *examples);

#endif							/* FMA_EXAMPLE_GROUPS_H */
