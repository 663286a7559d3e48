/*
 * dataset.h
 *		A registered table of predictions, and acting for its owner.
 */
#ifndef FMA_DATASET_H
#define FMA_DATASET_H

#include "fma.h"

#include "datatype/timestamp.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"

/* What a column of the source means; the names are fma_register's arguments */
typedef enum FmaRole
{
	FMA_TRUTH,
	FMA_PREDICTION,
	FMA_CONFIDENCE,
	FMA_PROBABILITIES,
	FMA_ID,
	FMA_OCCURRED_AT,
	FMA_BATCH,
	FMA_EMBEDDING,
	FMA_PLACE,
	FMA_LONGITUDE,
	FMA_LATITUDE,
	FMA_MODEL_VERSION,
	FMA_UNIT,
	FMA_IMAGE,
	FMA_NROLES
} FmaRole;

extern const char *const FmaRoleNames[FMA_NROLES + 1];

typedef enum FmaTask
{
	FMA_CLASSIFICATION,			/* truth and prediction are labels */
	FMA_REGRESSION,				/* truth and prediction are numbers */
	FMA_CONDITION,				/* only a condition says what failed */
	FMA_SEGMENTATION,			/* a row is an image, truth and prediction are masks */
	FMA_DETECTION				/* a row is an image, truth and prediction are its boxes */
} FmaTask;

extern const char *const FmaTaskNames[];

/* Names longer than this are refused, so that they fit an index and a message */
#define FMA_MAX_NAME 200

#define FMA_HIGH_CONFIDENCE 0.8

/* As Cityscapes has it */
#define FMA_DEFAULT_IGNORE_LABEL 255

/* A row of fma_dataset */
typedef struct FmaDataset
{
	int32		id;
	char	   *name;
	Oid			owner;
	Oid			relation;
	Jsonb	   *settings;		/* as stored: keys are the names of fma_register's arguments */

	FmaTask		task;
	char	   *columns[FMA_NROLES];	/* names, or NULL */
	List	   *features;		/* of char *, names of columns */
	List	   *probability_labels; /* of char * */
	char	   *failed;			/* SQL over the alias t, every name qualified; or NULL */
	char	   *filter;			/* likewise */
	char	   *labels;			/* JSON object: raw label to shown label; or NULL */
	char	   *metric;			/* of an image, which fails below min_metric; or NULL */
	double		min_metric;
	double		min_confidence; /* of a box that counts */
	double		min_iou;		/* of boxes that match */
	int			ignore_label;	/* of a mask: pixels that truly are it do not count */
	double		high_confidence;
	char	   *period;			/* "auto", "hour", "day", ... */
	char	   *timezone;
	char	   *current_version;	/* set by the user, or NULL */
} FmaDataset;

/* What the caller wants to do with a dataset */
typedef enum FmaAccess
{
	FMA_READ,					/* see its results */
	FMA_READ_PREDICTIONS,		/* and its predictions */
	FMA_MANAGE					/* run, alter, delete it */
} FmaAccess;

extern FmaDataset *FmaFindDataset(const char *name);
extern bool FmaMayReadPredictions(const FmaDataset *dataset);
extern FmaDataset *FmaGetDataset(const char *name, FmaAccess access);
extern void FmaLockDataset(const FmaDataset *dataset);
extern FmaDataset *FmaGetLockedDataset(const char *name);
extern void FmaReadSettings(FmaDataset *dataset);

/* One error with everything that no longer fits the source, at the start of a run */
extern void FmaCheckDataset(const FmaDataset *dataset);

/* A setting by its key: as text, or a default where it is missing */
extern char *FmaSettingText(const FmaDataset *dataset, const char *key);
extern double FmaSettingNumber(const FmaDataset *dataset, const char *key, double missing);

/* Extension objects, quoted and with their schema */
extern const char *FmaSchema(void);
extern Oid	FmaExtensionOwner(void);
extern Oid	FmaTypeOid(const char *name);

/*
 * Acting as another role, with names looked up in pg_catalog alone and the
 * settings that shape text forms fixed.  An error ends it by itself, with the
 * (sub)transaction.
 */
typedef struct FmaIdentity
{
	Oid			user;
	int			context;
	int			guc_level;
} FmaIdentity;

extern FmaIdentity FmaActAsOwner(const FmaDataset *dataset);
extern FmaIdentity FmaActAsExtension(void);
extern void FmaActAgain(FmaIdentity identity);

extern int	FmaFixNames(void);

/* Our own statements on our own tables; between SPI_connect and SPI_finish not needed */
extern uint64 FmaWrite(const char *statement, int nargs, Oid *types, Datum *values, const char *nulls);
extern int64 FmaInsert(const char *statement, int nargs, Oid *types, Datum *values, const char *nulls);

/*
 * SQL over the source, whose alias is t.  Each returns NULL where the dataset
 * has no such thing.
 */
extern char *FmaColumnSql(const FmaDataset *dataset, FmaRole role);	/* t."column", as it is */
extern char *FmaLabelSql(const FmaDataset *dataset, FmaRole role);	/* truth or prediction as text, mapped */
extern char *FmaShownLabel(const FmaDataset *dataset, const char *label);	/* not SQL: a label, mapped */
extern char *FmaTextSql(const FmaDataset *dataset, FmaRole role);	/* a column as text */
extern char *FmaFloat8Sql(const FmaDataset *dataset, FmaRole role); /* a column as double precision */
extern char *FmaFiniteSql(const char *number); /* NULL where it is NaN or infinite */
extern char *FmaTimeSql(const FmaDataset *dataset);	/* occurred_at as timestamptz */
extern char *FmaFailedSql(const FmaDataset *dataset);	/* boolean: failed; NULL where unlabelled */
extern char *FmaCorrectSql(const FmaDataset *dataset);	/* boolean: the prediction is right */
extern char *FmaLossSql(const FmaDataset *dataset); /* what finders search: failed, or the absolute error */

/* The cluster of an embedding (SQL) by the stored model of which a condition (SQL) holds */
extern char *FmaClusterSql(const char *condition, const char *embedding);

/* review.c: " AND ..." without the rows that were excluded as duplicates; NULL if none were */
extern char *FmaExclusionSql(const FmaDataset *dataset);

/* "FROM source AS t WHERE ...": the filter, and a span of time (NULL: open) */
extern char *FmaFromSql(const FmaDataset *dataset, const char *since, const char *until);

#endif							/* FMA_DATASET_H */
