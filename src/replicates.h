/*
 * replicates.h
 *		Data sets in which nothing is wrong, and how good their best windows are.
 */
#ifndef FMA_REPLICATES_H
#define FMA_REPLICATES_H

#include "scan.h"

extern void FmaScanReplicates(FmaScan *scan, int32 *lanes, int replicates_wanted, uint64 seed, FmaBudget *budget,
							  double *best);

#endif							/* FMA_REPLICATES_H */
