/*
 * losses.h
 *		The first column of a finder's query: boolean (failed) or a number.
 */
#ifndef FMA_LOSSES_H
#define FMA_LOSSES_H

#include "fma.h"

#include "catalog/pg_attribute.h"

extern bool FmaIsNumber(Oid type);
extern double FmaNumberAsDouble(Oid type, Datum value);
extern void FmaCheckLossType(Form_pg_attribute attribute, bool paired);
extern double FmaReadLoss(Oid type, const char *name, Datum value);

#endif							/* FMA_LOSSES_H */
