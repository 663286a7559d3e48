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
#define FMA_FIXED_BITS 62
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

/*
 * a + b rounded, and in *error what rounding took (Knuth). Needs strict
 * IEEE arithmetic: no -ffast-math.
 */
static inline double
FmaTwoSum(double a, double b, double *error)
{
	double		s = a + b;
	double		v = s - a;

	*error = (a - (s - v)) + (b - v);
	return s;
}

/* A sum of doubles and, in "low", what rounding took from it */
typedef struct FmaSum
{
	double		high;
	double		low;
} FmaSum;

/* Adds a double, then renormalises, so that "high" is the sum rounded once */
static inline void
FmaSumAdd(FmaSum *sum, double value)
{
	double		error;
	double		s = FmaTwoSum(sum->high, value, &error);
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

static inline double
FmaSumValue(FmaSum sum)
{
	return sum.high + sum.low;
}

/*
 * A sum of doubles in three parts, about 159 bits, the largest first.
 *
 * For what is subtracted later (sums of squares): a variance survives a mean a
 * billion times larger.  Where 159 bits hold the sum of all rows exactly, as
 * with nearly all real data, any order of adding ends in the same three parts.
 */
#define FMA_WIDE_PARTS 3

typedef struct FmaWideSum
{
	double		part[FMA_WIDE_PARTS];
} FmaWideSum;

/* Adds a double and a smaller one (the rounding error of a product, or 0) */
static inline void
FmaWideAddPair(FmaWideSum *sum, double high, double low)
{
	double		s0,
				s1,
				s2,
				e0,
				e1,
				e2;

	s0 = FmaTwoSum(sum->part[0], high, &e0);
	s1 = FmaTwoSum(sum->part[1], e0, &e1);
	s1 = FmaTwoSum(s1, low, &e2);
	s2 = sum->part[2] + (e1 + e2);

	/* Each part becomes the rest rounded to a double; + 0.0 turns -0 into 0. */
	s1 = FmaTwoSum(s1, s2, &s2);
	s0 = FmaTwoSum(s0, s1, &s1);
	s1 = FmaTwoSum(s1, s2, &s2);
	sum->part[0] = FmaTwoSum(s0, s1, &s1) + 0.0;
	sum->part[1] = FmaTwoSum(s1, s2, &s2) + 0.0;
	sum->part[2] = s2 + 0.0;
}

static inline void
FmaWideAdd(FmaWideSum *sum, double value)
{
	FmaWideAddPair(sum, value, 0.0);
}

/* Adds the exact product of two doubles */
static inline void
FmaWideAddProduct(FmaWideSum *sum, double a, double b)
{
	double		p = a * b;

	FmaWideAddPair(sum, p, fma(a, b, -p));
}

/* Adds another sum */
static inline void
FmaWideAddSum(FmaWideSum *sum, const FmaWideSum *other)
{
	FmaWideAddPair(sum, other->part[0], other->part[1]);
	FmaWideAdd(sum, other->part[2]);
}

static inline double
FmaWideValue(const FmaWideSum *sum)
{
	return sum->part[0] + (sum->part[1] + sum->part[2]);
}

/* n * sum(x^2) - sum(x)^2 of n numbers: n times their sum of squared deviations */
static inline double
FmaWideVariation(double n, const FmaWideSum *sum, const FmaWideSum *squares)
{
	FmaWideSum	difference = {{0}};

	for (int i = 0; i < FMA_WIDE_PARTS; i++)
	{
		FmaWideAddProduct(&difference, n, squares->part[i]);
		for (int k = 0; k < FMA_WIDE_PARTS; k++)
			FmaWideAddProduct(&difference, -sum->part[i], sum->part[k]);
	}
	return FmaWideValue(&difference);
}

/* An integer as a sum, exactly */
static inline FmaWideSum
FmaWideFromInt128(int128 value)
{
	FmaWideSum	sum;

	for (int i = 0; i < FMA_WIDE_PARTS; i++)
	{
		sum.part[i] = (double) value;
		value -= (int128) sum.part[i];
	}
	return sum;
}

#endif							/* FMA_SUMS_H */
