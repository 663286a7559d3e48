/*
 * failure.h
 *		The value fma_failures.
 */
#ifndef FMA_FAILURE_H
#define FMA_FAILURE_H

#include "fma.h"

#define FMA_FAILURES_TYPE "fma_failures"
#define FMA_FAILURES_VERSION 1

/* The value, which is also the aggregates' state: 0 <= failures <= n */
typedef struct FmaFailures
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint8		version;
	uint8		unused[3];		/* 0, as equality compares bytes */
	int64		n;
	int64		failures;
} FmaFailures;

#endif							/* FMA_FAILURE_H */
