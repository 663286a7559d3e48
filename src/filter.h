/*
 * filter.h
 *		Which predictions are asked for, as SQL over a dataset's source.
 */
#ifndef FMA_FILTER_H
#define FMA_FILTER_H

#include "as_of.h"

/* What a caller asked for; pointers are NULL where it did not */
typedef struct FmaFilter
{
	bool		only_errors;
	bool		only_confident_errors;
	const char *truth;			/* labels as they are shown */
	const char *prediction;
	bool		has_min_confidence;
	double		min_confidence;
	bool		has_max_confidence;
	double		max_confidence;
	Jsonb	   *conditions;
	const char *model_version;
	bool		has_since;
	TimestampTz since;
	bool		has_until;
	TimestampTz until;

	/* the rows that a hotspot was counted on */
	FmaStoredRun	   *run;
	Jsonb	   *hotspot;		/* its conditions */
} FmaFilter;

extern void FmaFilterHotspot(const FmaDataset *dataset, FmaFilter *filter, int rank);

/* To be called while acting as the dataset's owner: operators are named as its statements find them */
extern char *FmaConditionsToPredicate(const FmaDataset *dataset, Jsonb *conditions);
extern char *FmaFilteredFromSql(const FmaDataset *dataset, const FmaFilter *filter);
extern char *FmaLabelFilter(const FmaDataset *dataset, const char *truth, const char *prediction);
extern char *FmaEqualsSql(const FmaDataset *dataset, FmaRole role, const char *value);
extern char *FmaConfidentSql(const FmaDataset *dataset);

/* The column of a role, and an error if the dataset has none */
extern char *FmaRequireColumn(const FmaDataset *dataset, FmaRole role, const char *argument);

#endif							/* FMA_FILTER_H */
