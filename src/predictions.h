/*
 * predictions.h
 *		A row of the source as lists of predictions show it.
 */
#ifndef FMA_PREDICTIONS_H
#define FMA_PREDICTIONS_H

#include "dataset.h"

extern void FmaPutColumn(StringInfo select, const char *sql, const char *type, const char *name);
extern void FmaPutPrediction(StringInfo select, const FmaDataset *dataset);
extern char *FmaErrorTypeSql(const char *failed, const char *confident);
extern char *FmaWorstCellSql(const char *confusion);
extern char *FmaSortKeySql(const FmaDataset *dataset, FmaRole role);

#endif							/* FMA_PREDICTIONS_H */
