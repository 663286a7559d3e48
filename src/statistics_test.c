/*
 * statistics_test.c
 *		Lets the tests call the statistics from SQL; empty but in the test build.
 */
#include "statistics.h"

#ifdef FMA_ASSERTIONS

#define ARG(i) PG_GETARG_FLOAT8(i)
#define COUNT(i) PG_GETARG_INT64(i)

/* Defines fma_test_NAME(...) -> float8, the value of an expression over ARG(i) and COUNT(i) */
#define TEST_FUNCTION(name, expression) \
	PG_FUNCTION_INFO_V1(fma_test_##name); \
	Datum \
	fma_test_##name(PG_FUNCTION_ARGS) \
	{ \
		FMA_RETURN_FLOAT8_OR_NULL(expression); \
	} \
	extern int no_such_variable

TEST_FUNCTION(normal_cdf, FmaNormalCdf(ARG(0)));
TEST_FUNCTION(normal_sf, FmaNormalSf(ARG(0)));
TEST_FUNCTION(normal_quantile, FmaNormalQuantile(ARG(0)));
TEST_FUNCTION(beta_cdf, FmaBetaCdf(ARG(0), ARG(1), ARG(2)));
TEST_FUNCTION(beta_sf, FmaBetaSf(ARG(0), ARG(1), ARG(2)));
TEST_FUNCTION(beta_quantile, FmaBetaQuantile(ARG(0), ARG(1), ARG(2)));
TEST_FUNCTION(beta_upper_quantile, FmaBetaUpperQuantile(ARG(0), ARG(1), ARG(2)));
TEST_FUNCTION(student_t_sf, FmaStudentTSf(ARG(0), ARG(1)));
TEST_FUNCTION(chi_square_sf, FmaChiSquareSf(ARG(0), ARG(1)));
TEST_FUNCTION(hypergeometric_sf, FmaHypergeometricSf(COUNT(0), COUNT(1), COUNT(2), COUNT(3)));
TEST_FUNCTION(hypergeometric_cdf, FmaHypergeometricCdf(COUNT(0), COUNT(1), COUNT(2), COUNT(3)));
TEST_FUNCTION(hypergeometric_two_sided, FmaHypergeometricTwoSided(COUNT(0), COUNT(1), COUNT(2), COUNT(3)));
TEST_FUNCTION(mcnemar_p, FmaMcNemarP(COUNT(0), COUNT(1)));
TEST_FUNCTION(two_proportion_z, FmaTwoProportionZ(COUNT(0), COUNT(1), COUNT(2), COUNT(3)));
TEST_FUNCTION(welch_p, FmaWelchP(ARG(0), ARG(1), ARG(2), ARG(3), ARG(4), ARG(5),
								 (FmaAlternative) PG_GETARG_INT32(6)));

#endif							/* FMA_ASSERTIONS */
