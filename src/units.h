/*
 * units.h
 *		Tests when rows come in units that are independent, not the rows.
 */
#ifndef FMA_UNITS_H
#define FMA_UNITS_H

#include "search.h"

extern FmaUnitSums *FmaCountUnits(FmaSearch *search, const FmaFeature *const *features, int order, int64 *ncells);
extern void FmaFreeUnits(FmaSearch *search, FmaUnitSums *sums, int64 ncells);
extern void FmaTestUnits(FmaSearch *search, FmaSlice *slice, const FmaTally *tally, const FmaUnitSums *units,
						 const FmaTally *const *general, const FmaUnitSums *const *general_units, int ngeneral,
						 double *rest);

#endif							/* FMA_UNITS_H */
