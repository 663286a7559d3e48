/*
 * page.h
 *		The report as a page of HTML: what its sections share.
 */
#ifndef FMA_PAGE_H
#define FMA_PAGE_H

#include "markup.h"

/* What cannot be more in a page that a person reads; a report has less */
#define FMA_MAX_TABLE_ROWS 1000
#define FMA_MAX_HOTSPOTS 100
#define FMA_MAX_MATRIX 100

/* p-values from here on may be chance */
#define FMA_SIGNIFICANT 0.05

/* Counts below this are written in full */
#define FMA_EXACT_COUNT 1e6

/* SQL is shown whole up to so many characters */
#define FMA_SQL_LENGTH 4000

typedef struct FmaPage
{
	StringInfo	out;
	FmaNode    *report;
	pg_tz	   *zone;			/* of all times */
	const char *rows;			/* what the report counts: rows or images */
	bool		is_loss;		/* rates are mean losses, not shares of failures */
	double		labelled;		/* rows that can be judged, or NaN */
	double		baseline;		/* the rate of all rows, or NaN */
	double		bar_max;		/* end of the bars in the table at hand */

	/* The confusion matrix */
	FmaNode    *labels;
	int			n_labels;		/* 0 without a matrix */
	bool		is_folded;		/* the last label stands for several */

	/* Hotspots that were put, by rank: their rows can be linked to */
	FmaNode    *hotspots[FMA_MAX_HOTSPOTS + 1];
	int			hotspot;		/* the one at hand, or 0 */
} FmaPage;

/* What a cell of a table shows of a row */
typedef enum FmaCellKind
{
	FMA_CELL_TEXT,				/* a string from data */
	FMA_CELL_COUNT,
	FMA_CELL_SHARE,
	FMA_CELL_RATE,				/* a share or a mean loss */
	FMA_CELL_DIFFERENCE,		/* of two rates, with its sign */
	FMA_CELL_NUMBER,
	FMA_CELL_LIFT,
	FMA_CELL_P,
	FMA_CELL_TIME,
	FMA_CELL_RANGE,				/* "key" to "other", which are rates */
	FMA_CELL_DIFFERENCE_RANGE,	/* or differences */
	FMA_CELL_NUMBER_RANGE,		/* or numbers */
	FMA_CELL_BAR,				/* the rate under "key" with its interval */
	FMA_CELL_OWN,				/* whatever "put" puts */
	FMA_CELL_OWN_NUMBER			/* the same, of a number under "key" */
} FmaCellKind;

typedef struct FmaPageColumn
{
	const char *head;
	FmaCellKind kind;
	const char *key;
	const char *other;
	void		(*put) (FmaPage *page, FmaNode *row);
} FmaPageColumn;

/* A table of rows; columns of which no row has anything are left out */
typedef struct FmaPageTable
{
	const char *caption;
	bool		is_titled;		/* by what stands above: the caption is for those who cannot see that */
	const FmaPageColumn *columns;	/* the first is the row's header */
	int			n_columns;
	int			max_rows;		/* 0: as many as there may be */
	const char *more;			/* the view that has those beyond */
	void		(*row_attributes) (FmaPage *page, FmaNode *row);
	void		(*after_row) (FmaPage *page, FmaNode *row, int n_columns);
	bool		(*is_wanted) (FmaPage *page, FmaNode *row);
	const int  *order;			/* the rows to show, where these are not all or in another order */
	int			n_order;
} FmaPageTable;

#define FMA_PAGE_TABLE(caption_, columns_) \
	.caption = (caption_), .columns = (columns_), .n_columns = lengthof(columns_)

/* page_table.c */
extern void FmaPutTable(FmaPage *page, const FmaPageTable *table, FmaNode *list);
extern void FmaPutBarOf(FmaPage *page, FmaNode *row, const char *key);
extern void FmaPutRate(FmaPage *page, double rate);
extern void FmaPutSql(FmaPage *page, const char *summary, const char *sql);
extern double FmaListMax(FmaNode *list, const char *key, double least);
extern const char *FmaRateKey(FmaPage *page);
extern char *(*FmaRateFormat(FmaPage *page)) (double value);

/* The sections: page_findings.c, page_matrix.c, page_when.c, page_checks.c, page_rows.c */
extern void FmaPutWhatFails(FmaPage *page);
extern void FmaPutHotspots(FmaPage *page);
extern void FmaPutMatrix(FmaPage *page);
extern void FmaPutLabels(FmaPage *page);
extern void FmaPutCalibration(FmaPage *page);
extern void FmaPutConfidenceCurve(FmaPage *page);
extern void FmaPutTimeline(FmaPage *page);
extern void FmaPutBatches(FmaPage *page);
extern void FmaPutClusters(FmaPage *page);
extern void FmaPutPlaces(FmaPage *page);
extern void FmaPutSpaceTime(FmaPage *page);
extern void FmaPutRules(FmaPage *page);
extern void FmaPutComparison(FmaPage *page);
extern void FmaPutDrift(FmaPage *page);
extern void FmaPutExplanation(FmaPage *page);
extern void FmaPutExamples(FmaPage *page);
extern void FmaPutDuplicates(FmaPage *page);
extern void FmaPutNotes(FmaPage *page);
extern void FmaPutReproduce(FmaPage *page);

extern bool FmaHasExamples(FmaPage *page);
extern double FmaMatrixCount(FmaPage *page, int truth, int prediction);
extern bool FmaCellHasRows(FmaPage *page, int truth, int prediction);
extern int	FmaFindLabel(FmaPage *page, const char *label);

/* page_style.c */
extern const char *const FmaPageStyle[];

#endif							/* FMA_PAGE_H */
