/*
 * neighbour_kernels.c
 *		What the search for neighbours computes most, for what the processor has.
 *
 * The product has the same bits in every form.  The hits may differ in what is
 * on the edge, as some forms use fused multiply-adds; who uses them looks again.
 */
#include "neighbours.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_X86
#include <immintrin.h>
#define WITH_AVX2 __attribute__((target("avx2,fma")))
#define WITH_AVX512 __attribute__((target("avx512f")))
#endif

/* Sums that go on side by side in a dot product */
#define LANES 16

/* The dot product of two rows of doubles */
static pg_attribute_always_inline double
Product(const double *a, const double *b, int dimension)
{
	double		sums[LANES] = {0};
	int			i = 0;

	for (; i + LANES <= dimension; i += LANES)
		for (int l = 0; l < LANES; l++)
			sums[l] += a[i + l] * b[i + l];
	for (int l = 0; i + l < dimension; l++)
		sums[l] += a[i + l] * b[i + l];
	for (int width = LANES / 2; width > 0; width /= 2)
		for (int l = 0; l < width; l++)
			sums[l] += sums[l + width];
	return sums[0];
}

/* The coordinates of a row along FMA_FOLDED directions */
static pg_attribute_always_inline void
Project(const double *row, const double *directions, int dimension, double *coordinates)
{
	double		sums[FMA_FOLDED] = {0};

	for (int i = 0; i < dimension; i++)
		for (int k = 0; k < FMA_FOLDED; k++)
			sums[k] += row[i] * directions[i * FMA_FOLDED + k];
	memcpy(coordinates, sums, sizeof(sums));
}

/* The rows of a leaf that are near each row of another one; plain C */
static void
PlainHits(const float *a, const float *limits, const float *b, const float *halves, uint64 *hits)
{
	for (int i = 0; i < FMA_LEAF_ROWS; i++)
	{
		float		score[FMA_LEAF_ROWS];
		uint32		any = 0;
		uint64		found = 0;

		for (int j = 0; j < FMA_LEAF_ROWS; j++)
			score[j] = -halves[j];
		for (int k = 0; k < FMA_FOLDED; k++)
			for (int j = 0; j < FMA_LEAF_ROWS; j++)
				score[j] += a[k * FMA_LEAF_ROWS + i] * b[k * FMA_LEAF_ROWS + j];
		for (int j = 0; j < FMA_LEAF_ROWS; j++)
			any += score[j] >= limits[i];
		for (int j = 0; any > 0 && j < FMA_LEAF_ROWS; j++)
			found |= (uint64) (score[j] >= limits[i]) << j;
		hits[i] = found;
	}
}

static double
PlainProduct(const double *a, const double *b, int dimension)
{
	return Product(a, b, dimension);
}

static void
PlainProject(const double *row, const double *directions, int dimension, double *coordinates)
{
	Project(row, directions, dimension, coordinates);
}

static const FmaLeafKernels plain_kernels = {"plain", PlainHits, PlainProduct, PlainProject};

#ifdef HAVE_X86

/* The same, with 8 numbers in a register: four rows and 16 columns at a time */
WITH_AVX2 static void
Avx2Hits(const float *a, const float *limits, const float *b, const float *halves, uint64 *hits)
{
	const __m256 minus = _mm256_set1_ps(-0.0f);

	memset(hits, 0, sizeof(uint64) * FMA_LEAF_ROWS);
	for (int i = 0; i < FMA_LEAF_ROWS; i += 4)
		for (int j = 0; j < FMA_LEAF_ROWS; j += 16)
		{
			__m256		score[4][2];

#pragma GCC unroll 4
			for (int r = 0; r < 4; r++)
			{
				score[r][0] = _mm256_xor_ps(_mm256_loadu_ps(halves + j), minus);
				score[r][1] = _mm256_xor_ps(_mm256_loadu_ps(halves + j + 8), minus);
			}
			for (int k = 0; k < FMA_FOLDED; k++)
			{
				__m256		low = _mm256_loadu_ps(b + k * FMA_LEAF_ROWS + j),
							high = _mm256_loadu_ps(b + k * FMA_LEAF_ROWS + j + 8);

#pragma GCC unroll 4
				for (int r = 0; r < 4; r++)
				{
					__m256		number = _mm256_set1_ps(a[k * FMA_LEAF_ROWS + i + r]);

					score[r][0] = _mm256_fmadd_ps(number, low, score[r][0]);
					score[r][1] = _mm256_fmadd_ps(number, high, score[r][1]);
				}
			}
#pragma GCC unroll 4
			for (int r = 0; r < 4; r++)
			{
				__m256		limit = _mm256_set1_ps(limits[i + r]);
				uint32		low = _mm256_movemask_ps(_mm256_cmp_ps(score[r][0], limit, _CMP_GE_OQ)),
							high = _mm256_movemask_ps(_mm256_cmp_ps(score[r][1], limit, _CMP_GE_OQ));

				hits[i + r] |= (uint64) (low | high << 8) << j;
			}
		}
}

/* The same, with 16 numbers in a register: four rows and 64 columns at a time */
WITH_AVX512 static void
Avx512Hits(const float *a, const float *limits, const float *b, const float *halves, uint64 *hits)
{
	for (int i = 0; i < FMA_LEAF_ROWS; i += 4)
	{
		__m512		score[4][4];

#pragma GCC unroll 4
		for (int r = 0; r < 4; r++)
#pragma GCC unroll 4
			for (int c = 0; c < 4; c++)
				score[r][c] = _mm512_sub_ps(_mm512_setzero_ps(), _mm512_loadu_ps(halves + 16 * c));
		for (int k = 0; k < FMA_FOLDED; k++)
		{
			__m512		column[4];

#pragma GCC unroll 4
			for (int c = 0; c < 4; c++)
				column[c] = _mm512_loadu_ps(b + k * FMA_LEAF_ROWS + 16 * c);
#pragma GCC unroll 4
			for (int r = 0; r < 4; r++)
			{
				__m512		number = _mm512_set1_ps(a[k * FMA_LEAF_ROWS + i + r]);

#pragma GCC unroll 4
				for (int c = 0; c < 4; c++)
					score[r][c] = _mm512_fmadd_ps(number, column[c], score[r][c]);
			}
		}
#pragma GCC unroll 4
		for (int r = 0; r < 4; r++)
		{
			hits[i + r] = 0;
#pragma GCC unroll 4
			for (int c = 0; c < 4; c++)
				hits[i + r] |= (uint64) _mm512_cmp_ps_mask(score[r][c], _mm512_set1_ps(limits[i + r]), _CMP_GE_OQ) << (16 * c);
		}
	}
}

WITH_AVX2 static double
Avx2Product(const double *a, const double *b, int dimension)
{
	return Product(a, b, dimension);
}

WITH_AVX2 static void
Avx2Project(const double *row, const double *directions, int dimension, double *coordinates)
{
	Project(row, directions, dimension, coordinates);
}

WITH_AVX512 static double
Avx512Product(const double *a, const double *b, int dimension)
{
	return Product(a, b, dimension);
}

WITH_AVX512 static void
Avx512Project(const double *row, const double *directions, int dimension, double *coordinates)
{
	Project(row, directions, dimension, coordinates);
}

static const FmaLeafKernels avx2_kernels = {"avx2", Avx2Hits, Avx2Product, Avx2Project};
static const FmaLeafKernels avx512_kernels = {"avx512", Avx512Hits, Avx512Product, Avx512Project};

#endif							/* HAVE_X86 */

/* The functions in the form that the others (kernels.c) have, by its name */
const FmaLeafKernels *
FmaChooseLeafKernels(const char *name)
{
#ifdef HAVE_X86
	if (strcmp(name, avx512_kernels.name) == 0)
		return &avx512_kernels;
	if (strcmp(name, avx2_kernels.name) == 0)
		return &avx2_kernels;
#endif
	return &plain_kernels;
}
