/*
 * known.h
 *		What a run already knows of its images: which of them failed.
 */
#ifndef FMA_KNOWN_H
#define FMA_KNOWN_H

#include "dataset.h"

extern void FmaStartKnowing(const FmaDataset *dataset);
extern void FmaStopKnowing(void);
extern char *FmaKnownSql(const FmaDataset *dataset, const char *truth, const char *prediction, const char *failed);

#endif							/* FMA_KNOWN_H */
