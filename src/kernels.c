/*
 * kernels.c
 *		Arithmetic on rows of float32: AVX-512, AVX2 and plain C.
 *
 * The functions that give the same bits everywhere are written once, with the
 * compiler's vectors of fixed width: which operations are done in which order
 * is then the same whatever instructions they become, as nothing is contracted.
 * They are compiled three times.  The fast ones use fused multiply-adds, and so
 * are written for each instruction set.
 */
#include "kernels.h"

#include "utils/guc.h"
#include "utils/memutils.h"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define FMA_X86
#include <immintrin.h>
#define WITH_AVX512 __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")))
#define WITH_AVX2 __attribute__((target("avx2,fma")))
#endif

/* Rows of a tile that the AVX2 and plain forms work on at a time, as their registers are fewer */
#define AVX2_ROWS 4
#define PLAIN_ROWS 2

/* Sums that a dot product is added up in at the same time, since an addition takes a few cycles */
#define DOT_SUMS 4

#define ALIGNMENT 64

/* Vectors of fixed width; those with "Unaligned" are only for loads and stores */
typedef float Floats __attribute__((vector_size(64)));
typedef float HalfFloats __attribute__((vector_size(32)));
typedef double Doubles __attribute__((vector_size(64)));
typedef float UnalignedFloats __attribute__((vector_size(64), aligned(4), may_alias));
typedef float UnalignedHalfFloats __attribute__((vector_size(32), aligned(4), may_alias));
typedef double UnalignedDoubles __attribute__((vector_size(64), aligned(8), may_alias));

#define FLOATS 16				/* numbers in one of Floats */
#define DOUBLES 8

typedef enum InstructionSet
{
	SET_AUTO,
	SET_PLAIN,
	SET_AVX2,
	SET_AVX512
} InstructionSet;

static const struct config_enum_entry instruction_sets[] = {
	{"auto", SET_AUTO, false},
	{"plain", SET_PLAIN, false},
	{"avx2", SET_AVX2, false},
	{"avx512", SET_AVX512, false},
	{NULL, 0, false}
};

static int	instruction_set = SET_AUTO;

/* Loads and stores by pointers to unaligned vectors */
#define LOAD(type, pointer) (*(const Unaligned##type *) (pointer))
#define STORE(type, pointer, value) (*(Unaligned##type *) (pointer) = (value))
#define TO_DOUBLES(pointer) __builtin_convertvector(LOAD(HalfFloats, pointer), Doubles)

/* The sum of a vector's numbers, always in this order */
#define SUM_DOUBLES(v) ((((v)[0] + (v)[4]) + ((v)[2] + (v)[6])) + (((v)[1] + (v)[5]) + ((v)[3] + (v)[7])))

static pg_attribute_always_inline float
SumFloats(const float *v)
{
	HalfFloats	s = LOAD(HalfFloats, v) + LOAD(HalfFloats, v + FLOATS / 2);

	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* Squared distance of a row and a centre */
static pg_attribute_always_inline double
Distance(const float *row, const double *centre, int dimension)
{
	Doubles		sum = {0};
	double		rest = 0;
	int			i = 0;

	for (; i + DOUBLES <= dimension; i += DOUBLES)
	{
		Doubles		difference = TO_DOUBLES(row + i) - LOAD(Doubles, centre + i);

		sum += difference * difference;
	}
	for (; i < dimension; i++)
		rest += (row[i] - centre[i]) * (row[i] - centre[i]);
	return SUM_DOUBLES(sum) + rest;
}

/* Squared distance of two rows, in double */
static pg_attribute_always_inline double
RowDistance(const float *a, const float *b, int dimension)
{
	Doubles		sum = {0};
	double		rest = 0;
	int			i = 0;

	for (; i + DOUBLES <= dimension; i += DOUBLES)
	{
		Doubles		difference = TO_DOUBLES(a + i) - TO_DOUBLES(b + i);

		sum += difference * difference;
	}
	for (; i < dimension; i++)
		rest += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
	return SUM_DOUBLES(sum) + rest;
}

/* Squared distance of two rows, in float32 */
static pg_attribute_always_inline float
RoughDistance(const float *a, const float *b, int dimension)
{
	Floats		sum = {0};
	float		rest = 0;
	int			i = 0;

	for (; i + FLOATS <= dimension; i += FLOATS)
	{
		Floats		difference = LOAD(Floats, a + i) - LOAD(Floats, b + i);

		sum += difference * difference;
	}
	for (; i < dimension; i++)
		rest += (a[i] - b[i]) * (a[i] - b[i]);
	return SumFloats((const float *) &sum) + rest;
}

/* Dot product of two rows, in double */
static pg_attribute_always_inline double
Product(const float *a, const float *b, int dimension)
{
	Doubles		sum = {0};
	double		rest = 0;
	int			i = 0;

	for (; i + DOUBLES <= dimension; i += DOUBLES)
		sum += TO_DOUBLES(a + i) * TO_DOUBLES(b + i);
	for (; i < dimension; i++)
		rest += (double) a[i] * b[i];
	return SUM_DOUBLES(sum) + rest;
}

/* Adds a row, or takes it away; what rounding takes goes into "low" (Knuth's TwoSum) */
static pg_attribute_always_inline void
Accumulate(double *restrict high, double *restrict low, const float *restrict row, double sign, int dimension)
{
	int			i = 0;

	for (; i + DOUBLES <= dimension; i += DOUBLES)
	{
		Doubles		value = TO_DOUBLES(row + i) * sign;
		Doubles		old = LOAD(Doubles, high + i);
		Doubles		sum = old + value;
		Doubles		part = sum - old;

		STORE(Doubles, low + i, LOAD(Doubles, low + i) + ((old - (sum - part)) + (value - part)));
		STORE(Doubles, high + i, sum);
	}
	for (; i < dimension; i++)
	{
		double		value = row[i] * sign;
		double		sum = high[i] + value;
		double		part = sum - high[i];

		low[i] += (high[i] - (sum - part)) + (value - part);
		high[i] = sum;
	}
}

/* Lowers bounds by a drift; the same operations whatever the compiler makes of the loop */
static pg_attribute_always_inline void
LowerBounds(float *restrict bounds, float *restrict lowest, const int32 *restrict label, int n,
			float drift, int32 except, float drift_of_except)
{
	for (int i = 0; i < n; i++)
	{
		float		bound = bounds[i] * FMA_ROUND_DOWN - (label[i] == except ? drift_of_except : drift) * FMA_ROUND_UP;

		bounds[i] = bound;
		lowest[i] = bound < lowest[i] ? bound : lowest[i];
	}
}

/* Raises bounds by the drift of each row's centre */
static pg_attribute_always_inline void
RaiseBounds(float *restrict bounds, const int32 *restrict label, const float *restrict drift, int n)
{
	for (int i = 0; i < n; i++)
		bounds[i] = (bounds[i] + drift[label[i]]) * FMA_ROUND_UP;
}

/* The functions above, compiled for an instruction set */
#define DEFINE_SAME_EVERYWHERE(set, attribute) \
attribute static double \
set##Distance(const float *row, const double *centre, int dimension) \
{ \
	return Distance(row, centre, dimension); \
} \
attribute static double \
set##RowDistance(const float *a, const float *b, int dimension) \
{ \
	return RowDistance(a, b, dimension); \
} \
attribute static float \
set##RoughDistance(const float *a, const float *b, int dimension) \
{ \
	return RoughDistance(a, b, dimension); \
} \
attribute static double \
set##Product(const float *a, const float *b, int dimension) \
{ \
	return Product(a, b, dimension); \
} \
attribute static void \
set##LowerBounds(float *bounds, float *lowest, const int32 *label, int n, float drift, int32 except, float drift_of_except) \
{ \
	LowerBounds(bounds, lowest, label, n, drift, except, drift_of_except); \
} \
attribute static void \
set##RaiseBounds(float *bounds, const int32 *label, const float *drift, int n) \
{ \
	RaiseBounds(bounds, label, drift, n); \
} \
attribute static void \
set##Accumulate(double *high, double *low, const float *row, double sign, int dimension) \
{ \
	Accumulate(high, low, row, sign, dimension); \
}

DEFINE_SAME_EVERYWHERE(Plain, )

/* Some rows of a tile; a product is rounded before it is added */
static void
PlainMultiply(const float *const *rows, const float *packed, int dimension, const float *start, FmaTile tile)
{
	for (int r = 0; r < FMA_TILE_ROWS; r += PLAIN_ROWS)
	{
		Floats		total[PLAIN_ROWS];

		for (int i = 0; i < PLAIN_ROWS; i++)
			total[i] = LOAD(Floats, start);
		for (int from = 0; from < dimension; from += FMA_TILE_BLOCK)
		{
			int			to = Min(from + FMA_TILE_BLOCK, dimension);
			Floats		sum[PLAIN_ROWS] = {{0}};

			for (int i = from; i < to; i++)
				for (int j = 0; j < PLAIN_ROWS; j++)
					sum[j] += LOAD(Floats, packed + (Size) i * FLOATS) * rows[r + j][i];
			for (int i = 0; i < PLAIN_ROWS; i++)
				total[i] += sum[i];
		}
		for (int i = 0; i < PLAIN_ROWS; i++)
			STORE(Floats, tile[r + i], total[i]);
	}
}

static void
PlainLowest(const FmaTile tile, const int32 *except, float *lowest)
{
	for (int r = 0; r < FMA_TILE_ROWS; r++)
	{
		float		low = INFINITY;

		for (int l = 0; l < FMA_TILE_LANES; l++)
			if (tile[r][l] < low && l != except[r])
				low = tile[r][l];
		lowest[r] = low;
	}
}

static float
PlainDot(const float *a, const float *b, int dimension)
{
	Floats		total = {0};
	float		rest = 0;
	int			i = 0;

	for (; i + FLOATS <= dimension; i += FLOATS)
		total += LOAD(Floats, a + i) * LOAD(Floats, b + i);
	for (; i < dimension; i++)
		rest += a[i] * b[i];
	return SumFloats((const float *) &total) + rest;
}

static const FmaKernels plain_kernels = {
	"plain", PlainMultiply, PlainLowest, PlainDot,
	PlainDistance, PlainRowDistance, PlainRoughDistance, PlainProduct,
	PlainLowerBounds, PlainRaiseBounds, PlainAccumulate
};

#ifdef FMA_X86

DEFINE_SAME_EVERYWHERE(Avx2, WITH_AVX2)
DEFINE_SAME_EVERYWHERE(Avx512, WITH_AVX512)

/* The lowest of each of eight vectors of eight numbers: pairs of vectors are merged until one is left */
WITH_AVX2 static inline __m256
LowestOfEach(const __m256 *v)
{
	__m256		pair[4],
				four[2];

	for (int i = 0; i < 4; i++)
		pair[i] = _mm256_min_ps(_mm256_unpacklo_ps(v[2 * i], v[2 * i + 1]), _mm256_unpackhi_ps(v[2 * i], v[2 * i + 1]));
	for (int i = 0; i < 2; i++)
		four[i] = _mm256_min_ps(_mm256_shuffle_ps(pair[2 * i], pair[2 * i + 1], 0x44),
								_mm256_shuffle_ps(pair[2 * i], pair[2 * i + 1], 0xee));
	return _mm256_min_ps(_mm256_permute2f128_ps(four[0], four[1], 0x20), _mm256_permute2f128_ps(four[0], four[1], 0x31));
}

WITH_AVX2 static void
Avx2Multiply(const float *const *rows, const float *packed, int dimension, const float *start, FmaTile tile)
{
	for (int r = 0; r < FMA_TILE_ROWS; r += AVX2_ROWS)
	{
		for (int j = 0; j < AVX2_ROWS; j++)
			memcpy(tile[r + j], start, sizeof(tile[0]));
		for (int from = 0; from < dimension; from += FMA_TILE_BLOCK)
		{
			int			to = Min(from + FMA_TILE_BLOCK, dimension);
			__m256		low[AVX2_ROWS],
						high[AVX2_ROWS];

			for (int j = 0; j < AVX2_ROWS; j++)
				low[j] = high[j] = _mm256_setzero_ps();
			for (int i = from; i < to; i++)
			{
				__m256		column_low = _mm256_loadu_ps(packed + (Size) i * FLOATS),
							column_high = _mm256_loadu_ps(packed + (Size) i * FLOATS + FLOATS / 2);

#pragma GCC unroll 4
				for (int j = 0; j < AVX2_ROWS; j++)
				{
					__m256		element = _mm256_broadcast_ss(rows[r + j] + i);

					low[j] = _mm256_fmadd_ps(element, column_low, low[j]);
					high[j] = _mm256_fmadd_ps(element, column_high, high[j]);
				}
			}
			for (int j = 0; j < AVX2_ROWS; j++)
			{
				float	   *to_row = tile[r + j];

				_mm256_storeu_ps(to_row, _mm256_add_ps(_mm256_loadu_ps(to_row), low[j]));
				_mm256_storeu_ps(to_row + FLOATS / 2, _mm256_add_ps(_mm256_loadu_ps(to_row + FLOATS / 2), high[j]));
			}
		}
	}
}

WITH_AVX2 static void
Avx2Lowest(const FmaTile tile, const int32 *except, float *lowest)
{
	const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
	const __m256 infinite = _mm256_set1_ps(INFINITY);
	__m256		half[FMA_TILE_ROWS];

	for (int r = 0; r < FMA_TILE_ROWS; r++)
	{
		__m256i		left_out = _mm256_set1_epi32(except[r]);
		__m256		low = _mm256_loadu_ps(tile[r]),
					high = _mm256_loadu_ps(tile[r] + FLOATS / 2);

		low = _mm256_blendv_ps(low, infinite, _mm256_castsi256_ps(_mm256_cmpeq_epi32(lanes, left_out)));
		left_out = _mm256_sub_epi32(left_out, _mm256_set1_epi32(FLOATS / 2));
		high = _mm256_blendv_ps(high, infinite, _mm256_castsi256_ps(_mm256_cmpeq_epi32(lanes, left_out)));
		half[r] = _mm256_min_ps(low, high);
	}
	_mm256_storeu_ps(lowest, LowestOfEach(half));
}

WITH_AVX2 static float
Avx2Dot(const float *a, const float *b, int dimension)
{
	__m256		sum[DOT_SUMS];
	__m128		half;
	float		rest = 0;
	int			i = 0;

	for (int j = 0; j < DOT_SUMS; j++)
		sum[j] = _mm256_setzero_ps();
	for (; i + DOT_SUMS * FLOATS / 2 <= dimension; i += DOT_SUMS * FLOATS / 2)
#pragma GCC unroll 4
		for (int j = 0; j < DOT_SUMS; j++)
			sum[j] = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + j * FLOATS / 2), _mm256_loadu_ps(b + i + j * FLOATS / 2), sum[j]);
	for (; i < dimension; i++)
		rest += a[i] * b[i];
	sum[0] = _mm256_add_ps(_mm256_add_ps(sum[0], sum[1]), _mm256_add_ps(sum[2], sum[3]));
	half = _mm_add_ps(_mm256_castps256_ps128(sum[0]), _mm256_extractf128_ps(sum[0], 1));
	half = _mm_add_ps(half, _mm_movehl_ps(half, half));
	half = _mm_add_ss(half, _mm_shuffle_ps(half, half, 1));
	return _mm_cvtss_f32(half) + rest;
}

/* All rows of a tile at once */
WITH_AVX512 static void
Avx512Multiply(const float *const *rows, const float *packed, int dimension, const float *start, FmaTile tile)
{
	__m512		total[FMA_TILE_ROWS];

	for (int r = 0; r < FMA_TILE_ROWS; r++)
		total[r] = _mm512_loadu_ps(start);
	for (int from = 0; from < dimension; from += FMA_TILE_BLOCK)
	{
		int			to = Min(from + FMA_TILE_BLOCK, dimension);
		__m512		sum[FMA_TILE_ROWS];

		for (int r = 0; r < FMA_TILE_ROWS; r++)
			sum[r] = _mm512_setzero_ps();
		for (int i = from; i < to; i++)
		{
			__m512		column = _mm512_loadu_ps(packed + (Size) i * FLOATS);

#pragma GCC unroll 8
			for (int r = 0; r < FMA_TILE_ROWS; r++)
				sum[r] = _mm512_fmadd_ps(_mm512_set1_ps(rows[r][i]), column, sum[r]);
		}
		for (int r = 0; r < FMA_TILE_ROWS; r++)
			total[r] = _mm512_add_ps(total[r], sum[r]);
	}
	for (int r = 0; r < FMA_TILE_ROWS; r++)
		_mm512_storeu_ps(tile[r], total[r]);
}

WITH_AVX512 static void
Avx512Lowest(const FmaTile tile, const int32 *except, float *lowest)
{
	const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	const __m512 infinite = _mm512_set1_ps(INFINITY);
	__m256		half[FMA_TILE_ROWS];

	for (int r = 0; r < FMA_TILE_ROWS; r++)
	{
		__mmask16	left_out = _mm512_cmpeq_epi32_mask(lanes, _mm512_set1_epi32(except[r]));
		__m512		row = _mm512_mask_mov_ps(_mm512_loadu_ps(tile[r]), left_out, infinite);

		half[r] = _mm256_min_ps(_mm512_castps512_ps256(row), _mm512_extractf32x8_ps(row, 1));
	}
	_mm256_storeu_ps(lowest, LowestOfEach(half));
}

WITH_AVX512 static float
Avx512Dot(const float *a, const float *b, int dimension)
{
	__m512		sum[DOT_SUMS];
	int			i = 0;

	for (int j = 0; j < DOT_SUMS; j++)
		sum[j] = _mm512_setzero_ps();
	for (; i + DOT_SUMS * FLOATS <= dimension; i += DOT_SUMS * FLOATS)
#pragma GCC unroll 4
		for (int j = 0; j < DOT_SUMS; j++)
			sum[j] = _mm512_fmadd_ps(_mm512_loadu_ps(a + i + j * FLOATS), _mm512_loadu_ps(b + i + j * FLOATS), sum[j]);
	for (; i < dimension; i += FLOATS)
	{
		__mmask16	there = dimension - i >= FLOATS ? 0xffff : (1 << (dimension - i)) - 1;

		sum[0] = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(there, a + i), _mm512_maskz_loadu_ps(there, b + i), sum[0]);
	}
	return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(sum[0], sum[1]), _mm512_add_ps(sum[2], sum[3])));
}

static const FmaKernels avx2_kernels = {
	"avx2", Avx2Multiply, Avx2Lowest, Avx2Dot,
	Avx2Distance, Avx2RowDistance, Avx2RoughDistance, Avx2Product,
	Avx2LowerBounds, Avx2RaiseBounds, Avx2Accumulate
};

static const FmaKernels avx512_kernels = {
	"avx512", Avx512Multiply, Avx512Lowest, Avx512Dot,
	Avx512Distance, Avx512RowDistance, Avx512RoughDistance, Avx512Product,
	Avx512LowerBounds, Avx512RaiseBounds, Avx512Accumulate
};

#endif							/* FMA_X86 */

/* The functions for this processor; a set that it has not is replaced by the next simpler one */
const FmaKernels *
FmaChooseKernels(void)
{
#ifdef FMA_X86
	InstructionSet limit = instruction_set == SET_AUTO ? SET_AVX512 : instruction_set;

	if (limit >= SET_AVX512 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
		__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
		return &avx512_kernels;
	if (limit >= SET_AVX2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		return &avx2_kernels;
#endif
	return &plain_kernels;
}

/* Defines the setting; called when the module is loaded */
void
FmaDefineInstructionSet(void)
{
	DefineCustomEnumVariable("fma.instruction_set",
							 "Sets the instructions that distances are computed with.",
							 "Results are the same with all of them; this is for tests. One that the processor has not is replaced by the next simpler one.",
							 &instruction_set,
							 SET_AUTO,
							 instruction_sets,
							 PGC_USERSET,
							 GUC_NOT_IN_SAMPLE,
							 NULL, NULL, NULL);
}

/* Memory for vectors, on a boundary that suits the processor; it is freed with its context */
float *
FmaAllocAligned(MemoryContext context, Size count)
{
	return (float *) TYPEALIGN(ALIGNMENT, MemoryContextAllocHuge(context, count * sizeof(float) + ALIGNMENT));
}
