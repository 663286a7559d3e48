/*
 * source.h
 *		The table or view that a dataset reads: what its columns are good for.
 */
#ifndef FMA_SOURCE_H
#define FMA_SOURCE_H

#include "dataset.h"
#include "problems.h"

#include "nodes/bitmapset.h"

extern void FmaCheckSource(const FmaDataset *dataset, FmaProblems *problems);
extern FmaTask FmaDeriveTask(const FmaDataset *dataset);
extern List *FmaDeriveFeatures(const FmaDataset *dataset, Bitmapset *failed_columns, StringInfo left_out);

#endif							/* FMA_SOURCE_H */
