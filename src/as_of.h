/*
 * as_of.h
 *		Which run of a dataset is meant.
 */
#ifndef FMA_AS_OF_H
#define FMA_AS_OF_H

#include "dataset.h"

extern void FmaDefineAsOfRun(void);
extern int64 FmaAsOfRun(void);
extern int	FmaShowRun(int64 run);

/* A complete run of a dataset: the newest, or the one that the views show */
typedef struct FmaStoredRun
{
	int64		id;
	char	   *model_version;	/* the current version, whose slices were searched; or NULL */
	bool		has_since;
	TimestampTz since;
	bool		has_until;
	TimestampTz until;
} FmaStoredRun;

extern FmaStoredRun *FmaNewestRun(const FmaDataset *dataset);
extern FmaStoredRun *FmaShownRun(const FmaDataset *dataset);
extern FmaStoredRun *FmaCompleteRun(const FmaDataset *dataset, int64 id);
extern bool FmaHasFailed(const FmaDataset *dataset, int64 id);

#endif							/* FMA_AS_OF_H */
