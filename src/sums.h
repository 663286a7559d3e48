/*
 * sums.h
 *		Sums that do not depend on the order of the rows.
 *
 * Values bounded by [-1, 1] (confidences and what is made of them) are added
 * as integers, so that every plan gives the same bytes.  Sums of arbitrary
 * doubles (weights, regression) carry their rounding error along, and agree to
 * far better than 1e-12.
 */
#ifndef FMA_SUMS_H
#define FMA_SUMS_H

#include "fma.h"

/* Fixed point: one is 2^62, so that a value in [-1, 1] fits an int64. */
#define FMA_FIXED_ONE 4611686018427387904.0

/*
 * A value in [-1, 1] in fixed point.  Multiplying by a power of two is exact;
 * the cast cuts off what is below 2^-62, the same way for the same value.
 */
static inline int64
FmaToFixed(double value)
{
	return (int64) (value * FMA_FIXED_ONE);
}

/* A sum of fixed-point values as a double */
static inline double
FmaFromFixed(int128 sum)
{
	return (double) sum / FMA_FIXED_ONE;
}

/* A sum of doubles and, in "low", what rounding took from it */
typedef struct FmaSum
{
	double		high;
	double		low;
} FmaSum;

/*
 * Adds a double (Knuth's two-sum, then a renormalisation, so that "high" is
 * the sum rounded once).  Needs strict IEEE arithmetic: no -ffast-math.
 */
static inline void
FmaSumAdd(FmaSum *sum, double value)
{
	double		s = sum->high + value;
	double		b = s - sum->high;
	double		error = (sum->high - (s - b)) + (value - b);
	double		low = sum->low + error;

	sum->high = s + low;
	sum->low = low - (sum->high - s);
}

/* Adds another sum */
static inline void
FmaSumAddSum(FmaSum *sum, FmaSum other)
{
	FmaSumAdd(sum, other.high);
	FmaSumAdd(sum, other.low);
}

/* Adds the exact square or product of doubles, by splitting (Dekker) through fma() */
static inline void
FmaSumAddProduct(FmaSum *sum, double a, double b)
{
	double		p = a * b;

	FmaSumAdd(sum, p);
	FmaSumAdd(sum, fma(a, b, -p));
}

static inline double
FmaSumValue(FmaSum sum)
{
	return sum.high + sum.low;
}

#endif							/* FMA_SUMS_H */
