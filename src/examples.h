/*
 * examples.h
 *		Rows of the source that show what a run's figures are made of.
 */
#ifndef FMA_EXAMPLES_H
#define FMA_EXAMPLES_H

#include "as_of.h"
#include "report_values.h"

extern Jsonb *FmaReadExamples(const FmaDataset *dataset, const FmaStoredRun *run, FmaNode *report, int per_group, List **notes);

#endif							/* FMA_EXAMPLES_H */
