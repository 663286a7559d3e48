/*
 * run.h
 *		An analysis of a dataset: what its stages share.
 *
 * A stage reads the source as the dataset's owner, in the run's snapshot, and
 * stores what it found as the extension's owner.  The two never meet in one
 * statement: rows go through a tuplestore.
 */
#ifndef FMA_RUN_H
#define FMA_RUN_H

#include "dataset.h"
#include "images.h"
#include "query.h"

#include "datatype/timestamp.h"
#include "utils/tuplestore.h"

/* Batches, places or periods, times model versions, that are summarised */
#define FMA_MAX_SEGMENTS 10000

/* A model version, as the survey of the source found it */
typedef struct FmaVersion
{
	char	   *name;			/* NULL: rows without one */
	int64		n;
	TimestampTz last_at;		/* of its rows; DT_NOBEGIN if none has a time */
} FmaVersion;

/* A slice or hotspot that was stored */
typedef struct FmaFound
{
	const char *kind;			/* "slice" or "hotspot" */
	int64		rank;
	char	   *slice;
	char	   *predicate;
	int64		n_units;		/* 0 without units */
	double		design_effect;
} FmaFound;

typedef struct FmaRun
{
	FmaDataset *dataset;
	int64		run_id;
	MemoryContext context;		/* lives as long as the run */
	bool		has_since;
	bool		has_until;
	TimestampTz since;
	TimestampTz until;

	/* the dataset's options */
	int			max_slices;
	int			max_order;
	int64		min_rows;		/* 0: the finders' default */
	int			bins;
	int			max_values;
	double		fdr;
	double		min_lift;
	int			replicates;
	int64		reference_run;	/* 0: the run before */

	/* the source as SQL; conditions may be added with AND */
	char	   *from;			/* "FROM source AS t WHERE ..." */
	char	   *from_all;		/* the same with what was excluded as duplicates */
	char	   *from_current;	/* the same, rows of the current model version */

	/* known after the summaries */
	int64		n;
	int64		failures;		/* -1: the dataset has no failures, only errors */
	TimestampTz first_at;		/* of the rows with a finite time; DT_NOEND if there are none */
	TimestampTz last_at;		/* DT_NOBEGIN if there are none */
	List	   *versions;		/* of FmaVersion *, oldest first */
	char	   *version;		/* the current one, or NULL */
	char	   *period;			/* of the timeline, or NULL */
	bool		by_batch;		/* whether there are batches, few enough to be summarised */
	bool		by_place;
	bool		by_cluster;
	int			cluster_model;	/* of the clusters that the rows are in; 0 if there are none */
	char	   *cluster_name;	/* of the cluster among the features */
	int64		places;			/* of all versions, each with its own; not counted beyond FMA_MAX_SEGMENTS */
	List	   *thresholds;		/* of FmaThreshold *, the rules' */

	/* known after the slices */
	List	   *found;			/* of FmaFound * */
	int64		hotspots;

	int64		failed_rules;	/* results of rules that did not pass */

	StringInfoData note;		/* what the current stage left out */
} FmaRun;

/* A stage of a run; the table of all stages is in stages.c */
typedef struct FmaStage
{
	const char *name;
	const char *(*left_out) (FmaRun *run);	/* why it does not apply, or NULL; may be NULL itself */
	int64		(*execute) (FmaRun *run);	/* returns how many rows of results it stored */
} FmaStage;

extern const FmaStage FmaStages[];
extern const int FmaNumberOfStages;

extern void FmaNote(FmaRun *run, const char *format,...) pg_attribute_printf(2, 3);

/* Rows of a query, kept */
typedef struct FmaRows
{
	FmaRowReader reader;
	MemoryContext context;
	TupleDesc	columns;
	Tuplestorestate *store;
} FmaRows;

/* A column of rows that C makes, named as in their table */
typedef struct FmaResultColumn
{
	const char *name;
	Oid			type;
} FmaResultColumn;

extern TupleDesc FmaDescribe(const FmaResultColumn *columns, int n);

/* Made by C, or read from the source as the dataset's owner */
extern FmaRows *FmaMakeRows(FmaRun *run, TupleDesc columns);
extern FmaRows *FmaReadSource(FmaRun *run, const char *query);
extern ErrorData *FmaTryQuery(FmaRun *run, const char *query);	/* of the source; NULL if all is well */
extern void FmaAddRow(FmaRows *rows, Datum *values, bool *nulls);
extern void FmaEachRow(FmaRows *rows, void (*take) (void *argument, TupleTableSlot *slot), void *argument);
extern void FmaFreeRows(FmaRows *rows);

/* The rows of a query of ours on our own tables, as they were when the run began */
extern void FmaEachResult(FmaRun *run, const char *query, void (*take) (void *argument, TupleTableSlot *slot), void *argument);

/*
 * Executes a statement of ours in which the rows are the table fma_rows, $1
 * the run's number, and $2 a text or NULL.  Returns the rows touched.
 */
extern int64 FmaStoreRows(FmaRun *run, FmaRows *rows, const char *statement, const char *text);
extern int64 FmaStoreAndFreeRows(FmaRun *run, FmaRows *rows, const char *statement, const char *text);

/*
 * Stores the rows of a finder, which a query of the source calls, after "change"
 * has exchanged them, if it is not NULL; "insert" is a statement as above.
 */
extern int64 FmaStoreFinding(FmaRun *run, const char *query, FmaRows *(*change) (FmaRun *run, FmaRows *rows), const char *insert);

/* changes.c: the length of periods as the finders take it, or NULL */
extern const char *FmaPeriodOfTimes(FmaRun *run);

/* summaries.c: SQL that slices share */
extern char *FmaRowsSql(FmaRun *run, const char *from, const char *more);
extern char *FmaValuesSql(FmaRun *run);
extern char *FmaNamesOfValues(FmaRun *run);
extern int64 FmaStoreSummaries(FmaRun *run, FmaRows *rows, const char *columns);

/* clusters.c: the model, found or fitted; and a row's cluster as SQL */
extern void FmaPrepareClusters(FmaRun *run);
extern char *FmaRunClusterSql(FmaRun *run, const char *alias);

extern void FmaNoteExclusion(FmaRun *run);

/* The stages */
extern int64 FmaRunSummaries(FmaRun *run);
extern const char *FmaLeaveOutUnits(FmaRun *run);
extern int64 FmaRunUnits(FmaRun *run);
extern const char *FmaLeaveOutClusters(FmaRun *run);
extern int64 FmaRunClusters(FmaRun *run);
extern const char *FmaLeaveOutDuplicates(FmaRun *run);
extern int64 FmaRunDuplicates(FmaRun *run);
extern const char *FmaLeaveOutSlices(FmaRun *run);
extern int64 FmaRunSlices(FmaRun *run);
extern const char *FmaLeaveOutSliceMetrics(FmaRun *run);
extern int64 FmaRunSliceMetrics(FmaRun *run);
extern const char *FmaLeaveOutConfirmation(FmaRun *run);
extern int64 FmaRunConfirmation(FmaRun *run);
extern const char *FmaLeaveOutVersions(FmaRun *run);
extern int64 FmaRunVersions(FmaRun *run);
extern const char *FmaLeaveOutChangepoints(FmaRun *run);
extern int64 FmaRunChangepoints(FmaRun *run);
extern const char *FmaLeaveOutDrift(FmaRun *run);
extern int64 FmaRunDrift(FmaRun *run);
extern const char *FmaLeaveOutExplanation(FmaRun *run);
extern int64 FmaRunExplanation(FmaRun *run);
extern const char *FmaLeaveOutSpaceTime(FmaRun *run);
extern int64 FmaRunSpaceTime(FmaRun *run);
extern int64 FmaRunRules(FmaRun *run);

/* "SELECT loss, features ..." for the finders; the loss comes first, under this name if it is unused */
#define FMA_LOSS_NAME "fma_loss"

#endif							/* FMA_RUN_H */
