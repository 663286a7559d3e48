/*
 * findings.h
 *		What the stages share that search the source for slices.
 */
#ifndef FMA_FINDINGS_H
#define FMA_FINDINGS_H

#include "run.h"
#include "slices.h"

extern char *FmaUnusedName(const FmaDataset *dataset, const char *name);
extern void FmaAddFeatures(FmaRun *run, StringInfo sql, const char *alias);
extern void FmaAddCluster(FmaRun *run, StringInfo sql, const char *alias);
extern FmaEncoding *FmaEncodeSource(FmaRun *run, const char *query, bool paired);
extern FmaSearch *FmaSearchSource(FmaRun *run, FmaEncoding *encoding, int max_order, FmaAgainst against);

#endif							/* FMA_FINDINGS_H */
