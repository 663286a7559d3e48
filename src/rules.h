/*
 * rules.h
 *		Thresholds on metrics, and whether a run's results keep to them.
 */
#ifndef FMA_RULES_H
#define FMA_RULES_H

#include "fma.h"

/* Checks the rules of a run's dataset against what the run has stored; returns how many rows that made */
extern int64 FmaStoreRuleResults(int64 run_id);

#endif							/* FMA_RULES_H */
