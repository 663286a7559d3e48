/*
 * report.h
 *		All that a run found, as one JSON object.
 */
#ifndef FMA_REPORT_H
#define FMA_REPORT_H

#include "as_of.h"

/* Rows that a report may list of each hotspot and cell */
#define FMA_MAX_EXAMPLES 100

extern Jsonb *FmaMakeReport(const FmaDataset *dataset, const FmaStoredRun *run, int examples);

#endif							/* FMA_REPORT_H */
