/*
 * distributions.c
 *		Normal, beta, Student, chi-square and hypergeometric distributions.
 *
 * Probabilities are built from logarithms in Loader's saddle-point form ("Fast
 * and accurate computation of binomial probabilities", 2000): a factorial is
 * (x/e)^x times a factor near sqrt(2 pi x), and the powers are gathered into
 * deviances, which are never negative.  Nothing large is subtracted from
 * anything large, so that the tails keep their digits where differences of
 * lgamma() would not (at a billion rows those have seven digits left).
 */
#include "statistics.h"

#include "miscadmin.h"
#include "utils/float.h"

/* Series and continued fractions end when a step changes less than this. */
#define NEGLIGIBLE 1e-16

/* How many steps pass between two looks for a cancel */
#define STEPS_PER_INTERRUPT_CHECK 65536

#define HALF_LOG_2PI 0.91893853320467274178
#define SQRT_2PI 2.50662827463100050242

/* ----------
 * Building blocks
 * ----------
 */

/* Lets a cancel through, now and then */
static inline void
CheckForCancel(int64 step)
{
	if (step % STEPS_PER_INTERRUPT_CHECK == 0)
		CHECK_FOR_INTERRUPTS();
}

/*
 * log(x!) - x log(x) + x, for real x >= 0.
 *
 * Stirling's series (DLMF 5.11.1) where eight terms of it suffice; smaller
 * arguments are raised by its recurrence, whose steps have no cancellation.
 */
static double
StirlingRemainder(double x)
{
	static const double terms[] = {
		1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680,
		1.0 / 1188, -691.0 / 360360, 1.0 / 156, -3617.0 / 122400
	};
	const double enough = 8.0;
	double		below = 0.0;
	double		series = 0.0;
	double		z = x;

	if (x == 0.0)
		return 0.0;
	for (; z < enough; z += 1.0)
		below += (z + 0.5) * log1p(1.0 / z) - 1.0;
	for (int i = lengthof(terms) - 1; i >= 0; i--)
		series = series / (z * z) + terms[i];
	return below + series / z + 0.5 * log(x) + HALF_LOG_2PI;
}

/*
 * x log(x/m) + m - x: what an observation x costs where m was expected.
 *
 * "excess" is x - m, which the caller often knows with more digits than the
 * subtraction would give.  The series in (x-m)/(x+m) is used wherever the
 * plain formula would cancel.
 */
static double
Deviance(double x, double m, double excess)
{
	const double series_below = 0.5;
	double		v = excess / (x + m);
	double		power = v;
	double		sum = 0.0;

	if (x == 0.0)
		return m;
	if (fabs(v) >= series_below)
		return x * log(x / m) - excess;
	for (int i = 3;; i += 2)
	{
		double		term;

		power *= v * v;
		term = power / i;
		sum += term;
		if (fabs(term) <= NEGLIGIBLE * v * v)
			break;
	}
	return excess * v + 2.0 * x * sum;
}

/* ----------
 * Normal
 * ----------
 */

/* P[Z <= z] of the standard normal distribution */
double
FmaNormalCdf(double z)
{
	return 0.5 * erfc(-z * M_SQRT1_2);
}

/* P[Z > z] */
double
FmaNormalSf(double z)
{
	return 0.5 * erfc(z * M_SQRT1_2);
}

/*
 * The z > 0 with P[Z > z] = p, for p < 1/4: Abramowitz and Stegun 26.2.23 (good
 * to 4.5e-4), then Halley's method, which triples the digits each time.
 */
static double
NormalUpperQuantile(double p)
{
	double		t = sqrt(-2.0 * log(p));
	double		z = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
		(1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)));

	for (int i = 0; i < 3; i++)
	{
		double		step = (FmaNormalSf(z) / p - 1.0) * SQRT_2PI * exp(0.5 * z * z + log(p));

		z += step / (1.0 - 0.5 * z * step);
	}
	return z;
}

/*
 * The z with P[Z <= z] = p.  Near 1/2 the distance of p from it is what keeps
 * the digits, further out the smaller tail is.
 */
double
FmaNormalQuantile(double p)
{
	double		distance = p - 0.5;
	double		z = distance * SQRT_2PI;

	if (!(p >= 0.0 && p <= 1.0))
		return get_float8_nan();
	if (p == 0.0 || p == 1.0)
		return p == 0.0 ? -get_float8_infinity() : get_float8_infinity();
	if (p < 0.25)
		return -NormalUpperQuantile(p);
	if (p > 0.75)
		return NormalUpperQuantile(1.0 - p);
	for (int i = 0; i < 4; i++)
	{
		double		step = (0.5 * erf(z * M_SQRT1_2) - distance) * SQRT_2PI * exp(0.5 * z * z);

		z -= step / (1.0 + 0.5 * z * step);
	}
	return z;
}

/* ----------
 * Beta
 * ----------
 */

/*
 * A point of the unit interval by its distances from both ends, so that
 * neither end costs digits.  "low" is what rounding took from y.
 */
typedef struct Point
{
	double		x;
	double		y;
	double		x_low;
	double		y_low;
} Point;

/* The point x, for a double in [0, 1] */
static Point
PointAt(double x)
{
	Point		point = {x, 1.0 - x, 0.0, 0.0};

	point.y_low = (1.0 - point.y) - x;
	return point;
}

/* The same point seen from the other end */
static Point
PointMirrored(Point point)
{
	return (Point) {point.y, point.x, point.y_low, point.x_low};
}

/* a y - b x, the signed distance from the mean times a + b, with its low digits */
static double
BetaDistance(double a, double b, Point at)
{
	double		ay = a * at.y;
	double		bx = b * at.x;
	double		low = fma(a, at.y, -ay) + a * at.y_low - fma(b, at.x, -bx) - b * at.x_low;

	return (ay - bx) + low;
}

/* log of x^a y^b / B(a, b) */
static double
BetaLogPower(double a, double b, Point at)
{
	double		n = a + b;
	double		distance = BetaDistance(a, b, at);

	return StirlingRemainder(n) - StirlingRemainder(a) - StirlingRemainder(b)
		- Deviance(a, n * at.x, distance) - Deviance(b, n * at.y, -distance)
		+ log(a * (b / n));
}

/*
 * log P[X <= x] for x at or below the mean: the continued fraction of DiDonato
 * and Morris ("Significant digit computation of the incomplete beta function
 * ratios", 1992, equation 9) by Lentz's method.  Its elements are positive up to
 * step b, so that successive values enclose the limit.  Takes some
 * sqrt(max(a, b)) steps near the mean, few in the tails.
 */
static double
BetaLogLowerTail(double a, double b, Point at)
{
	double		distance = BetaDistance(a, b, at);
	double		fraction = a * (distance + 1.0) / (a + 1.0);
	double		c = fraction;
	double		d = 0.0;

	for (int64 step = 1;; step++)
	{
		double		m = (double) step;
		double		width = a + 2.0 * m - 1.0;
		double		above = ((a + m - 1.0) / width) * ((a + b + m - 1.0) / width) * m * (b - m) * at.x * at.x;
		double		below = m + m * (b - m) * at.x / width +
			(a + m) * (distance + 1.0 + m * (1.0 + at.y)) / (width + 2.0);
		double		change;

		d = 1.0 / (below + above * d);
		c = below + above / c;
		change = c * d;
		fraction *= change;
		if (fabs(change - 1.0) <= 2.0 * NEGLIGIBLE || isnan(change))
			break;
		CheckForCancel(step);
	}
	return BetaLogPower(a, b, at) - log(fraction);
}

/* log P[X <= x], on either side of the mean */
static double
BetaLogCdf(double a, double b, Point at)
{
	if (BetaDistance(a, b, at) >= 0.0)
		return BetaLogLowerTail(a, b, at);
	return log1p(-exp(BetaLogLowerTail(b, a, PointMirrored(at))));
}

/* P[X <= x], on either side of the mean */
static double
BetaCdfAt(double a, double b, Point at)
{
	if (at.x <= 0.0)
		return 0.0;
	if (at.y <= 0.0)
		return 1.0;
	if (BetaDistance(a, b, at) >= 0.0)
		return exp(BetaLogLowerTail(a, b, at));
	return 1.0 - exp(BetaLogLowerTail(b, a, PointMirrored(at)));
}

/* P[X <= x] of the beta distribution, for a, b >= 0.5 (below, with fewer digits) */
double
FmaBetaCdf(double a, double b, double x)
{
	FmaAssert(a > 0.0 && b > 0.0);
	if (isnan(x))
		return x;
	return BetaCdfAt(a, b, PointAt(Min(Max(x, 0.0), 1.0)));
}

/* P[X > x] */
double
FmaBetaSf(double a, double b, double x)
{
	FmaAssert(a > 0.0 && b > 0.0);
	if (isnan(x))
		return x;
	return BetaCdfAt(b, a, PointMirrored(PointAt(Min(Max(x, 0.0), 1.0))));
}

/* The point with log(x/y) = logit */
static Point
PointAtLogit(double logit)
{
	return (Point) {1.0 / (1.0 + exp(-logit)), 1.0 / (1.0 + exp(logit)), 0.0, 0.0};
}

/*
 * The point below which the probability p lies, p <= 1/2.
 *
 * As a function of log(x/y), log P[X <= x] is concave: Newton's method
 * converges from everywhere, after its first step from one side.
 */
static Point
BetaLowerPoint(double a, double b, double p)
{
	const int	most_steps = 100;
	const double converged = 1e-11;	/* the error after such a step is its square */
	double		logit = log(a / b) + FmaNormalQuantile(p) * sqrt(1.0 / a + 1.0 / b);
	double		target = log(p);

	for (int i = 0; i < most_steps; i++)
	{
		Point		at = PointAtLogit(logit);
		double		log_cdf;
		double		step;

		if (at.x == 0.0 || at.y == 0.0)
			break;
		log_cdf = BetaLogCdf(a, b, at);
		step = (log_cdf - target) * exp(log_cdf - BetaLogPower(a, b, at));
		logit -= step;
		if (!(fabs(step) > converged))
			break;
	}
	return PointAtLogit(logit);
}

/* The x with P[X <= x] = p and P[X > x] = q, where p + q = 1 and the smaller one counts */
static double
BetaQuantileBetween(double a, double b, double p, double q)
{
	if (!(p >= 0.0 && q >= 0.0))
		return get_float8_nan();
	if (p == 0.0 || q == 0.0)
		return p == 0.0 ? 0.0 : 1.0;
	if (p <= q)
		return BetaLowerPoint(a, b, p).x;
	return BetaLowerPoint(b, a, q).y;
}

/* The x with P[X <= x] = p */
double
FmaBetaQuantile(double a, double b, double p)
{
	FmaAssert(a > 0.0 && b > 0.0);
	return BetaQuantileBetween(a, b, p, 1.0 - p);
}

/* The x with P[X > x] = q: exact digits also where x is small */
double
FmaBetaUpperQuantile(double a, double b, double q)
{
	FmaAssert(a > 0.0 && b > 0.0);
	return BetaQuantileBetween(a, b, 1.0 - q, q);
}

/* ----------
 * Student's t and chi-square
 * ----------
 */

/*
 * P[T > t] of Student's t with df > 0 degrees of freedom, not necessarily whole.
 * Zero where t * t / df overflows.
 */
double
FmaStudentTSf(double t, double df)
{
	double		ratio = t / sqrt(df) * (t / sqrt(df));
	Point		at = {1.0 / (1.0 + ratio), 1.0 / (1.0 + 1.0 / ratio), 0.0, 0.0};
	double		tail;

	if (isnan(t) || !(df > 0.0))
		return get_float8_nan();
	if (isinf(df))
		return FmaNormalSf(t);
	tail = 0.5 * BetaCdfAt(0.5 * df, 0.5, at);
	return t > 0.0 ? tail : 1.0 - tail;
}

/* The t that |T| stays below with probability "level", T being Student's with df > 0 degrees of freedom */
double
FmaStudentTTwoSided(double level, double df)
{
	double		x = FmaBetaQuantile(df / 2, 0.5, 1 - level);

	return sqrt(df * (1 - x) / x);
}

/*
 * P[X > x] of the chi-square distribution with df > 0 degrees of freedom: the
 * incomplete gamma function by its power series (DLMF 8.11.4) below the mean
 * and its continued fraction (DLMF 8.9.2, contracted) above.
 */
double
FmaChiSquareSf(double x, double df)
{
	double		a = 0.5 * df;
	double		z = 0.5 * x;
	double		power;

	if (isnan(x) || !(df > 0.0))
		return get_float8_nan();
	if (x <= 0.0)
		return 1.0;
	if (isinf(x))
		return 0.0;
	/* z^a exp(-z) / Gamma(a + 1) */
	power = exp(-StirlingRemainder(a) - Deviance(a, z, a - z));
	if (z < a + 1.0)
	{
		double		term = 1.0;
		double		sum = 1.0;

		for (int64 step = 1; term > NEGLIGIBLE * sum; step++)
		{
			term *= z / (a + step);
			sum += term;
			CheckForCancel(step);
		}
		return 1.0 - power * sum;
	}
	else
	{
		double		fraction = z + 1.0 - a;
		double		c = fraction;
		double		d = 0.0;

		for (int64 step = 1;; step++)
		{
			double		above = step * (a - step);
			double		below = z + 1.0 - a + 2.0 * step;
			double		change;

			d = 1.0 / (below + above * d);
			c = below + above / c;
			change = c * d;
			fraction *= change;
			if (fabs(change - 1.0) <= 2.0 * NEGLIGIBLE)
				break;
			CheckForCancel(step);
		}
		return power * a / fraction;
	}
}

/* ----------
 * Hypergeometric
 * ----------
 */

/* Two lists of n and N - n rows, K failures in both together */
typedef struct Draw
{
	int64		n;
	int64		K;
	int64		N;
	double		margins;		/* log of the factors that depend on these alone */
} Draw;

/* The distribution, with what all its probabilities share */
static Draw
DrawOf(int64 n, int64 K, int64 N)
{
	Draw		draw = {n, K, N, 0.0};

	FmaAssert(n >= 0 && K >= 0 && n <= N && K <= N);
	draw.margins = StirlingRemainder((double) K) + StirlingRemainder((double) (N - K)) +
		StirlingRemainder((double) n) + StirlingRemainder((double) (N - n)) -
		StirlingRemainder((double) N);
	return draw;
}

/* The fewest failures that n rows can hold, and the most */
static inline int64
DrawFewest(const Draw *draw)
{
	return Max(0, draw->n - (draw->N - draw->K));
}

static inline int64
DrawMost(const Draw *draw)
{
	return Min(draw->n, draw->K);
}

/* Compares k with the mean n K / N, exactly; positive above it */
static inline int128
DrawAboveMean(const Draw *draw, int64 k)
{
	return (int128) k * draw->N - (int128) draw->n * draw->K;
}

/* log P[X = k], for a k that can happen: the four cells of the table against their expectations */
static double
DrawLogDensity(const Draw *draw, int64 k)
{
	double		n = (double) draw->n;
	double		K = (double) draw->K;
	double		N = (double) draw->N;
	double		rest = (double) (draw->N - draw->n);
	double		good = (double) (draw->N - draw->K);
	double		cells[4] = {
		(double) k, (double) (draw->n - k), (double) (draw->K - k),
		(double) (draw->N - draw->K - draw->n + k)
	};
	double		expected[4] = {n * (K / N), n * (good / N), rest * (K / N), rest * (good / N)};
	double		excess = (double) DrawAboveMean(draw, k) / N;
	double		result = draw->margins;

	for (int i = 0; i < 4; i++)
		result -= StirlingRemainder(cells[i]) +
			Deviance(cells[i], expected[i], i == 0 || i == 3 ? excess : -excess);
	return result;
}

/*
 * P[X >= k] for a k above the mean, relative to P[X = k]: each probability from
 * the one before.  The ratios fall, which bounds what is left out.  Takes at most
 * some nine standard deviations of steps, of some 2 ns each.
 */
static double
DrawUpperSum(const Draw *draw, int64 k)
{
	double		failures_left = (double) (draw->K - k);
	double		rows_left = (double) (draw->n - k);
	double		failures = (double) k + 1.0;
	double		rest_good = (double) (draw->N - draw->K - draw->n + k) + 1.0;
	int64		steps = DrawMost(draw) - k;
	double		term = 1.0;
	double		sum = 1.0;

	for (int64 step = 0; step < steps; step++)
	{
		double		ratio = (failures_left * rows_left) / (failures * rest_good);

		term *= ratio;
		sum += term;
		if (term <= (1.0 - ratio) * NEGLIGIBLE * sum)
			break;
		failures_left -= 1.0;
		rows_left -= 1.0;
		failures += 1.0;
		rest_good += 1.0;
		CheckForCancel(step);
	}
	return sum;
}

/* The same table with failures and successes exchanged: k becomes n - k */
static Draw
DrawMirrored(const Draw *draw)
{
	Draw		mirrored = *draw;

	mirrored.K = draw->N - draw->K;
	return mirrored;
}

/* P[X >= k] */
static double
DrawSf(const Draw *draw, int64 k)
{
	Draw		mirrored;

	if (k <= DrawFewest(draw))
		return 1.0;
	if (k > DrawMost(draw))
		return 0.0;
	if (DrawAboveMean(draw, k) > 0)
		return exp(DrawLogDensity(draw, k) + log(DrawUpperSum(draw, k)));
	mirrored = DrawMirrored(draw);
	/* P[X <= k - 1] of the failures is P[X >= n - k + 1] of the successes. */
	return 1.0 - exp(DrawLogDensity(draw, k - 1) + log(DrawUpperSum(&mirrored, draw->n - k + 1)));
}

/*
 * P[X >= k], where X failures are among n rows drawn from N that hold K: the
 * p-value of a slice of n rows with k failures for "greater".
 */
double
FmaHypergeometricSf(int64 k, int64 n, int64 K, int64 N)
{
	Draw		draw = DrawOf(n, K, N);

	return Min(DrawSf(&draw, k), 1.0);
}

/* P[X <= k], the p-value for "less" */
double
FmaHypergeometricCdf(int64 k, int64 n, int64 K, int64 N)
{
	Draw		draw = DrawOf(n, K, N);
	Draw		mirrored = DrawMirrored(&draw);

	return Min(DrawSf(&mirrored, n - k), 1.0);
}

/*
 * About where an outcome below the mean is as likely as k above it: as far away,
 * less what the skewness takes (equal terms of the Edgeworth series).
 */
static int64
DrawOpposite(const Draw *draw, int64 k)
{
	double		N = (double) draw->N;
	double		n = (double) draw->n / N;
	double		K = (double) draw->K / N;
	double		variance = N * n * (1.0 - n) * K * (1.0 - K);
	double		excess = (double) DrawAboveMean(draw, k) / N;
	double		shift = (1.0 - 2.0 * n) * (1.0 - 2.0 * K) * (excess * excess / variance / 3.0 - 1.0);

	return k - (int64) ceil(2.0 * excess - Max(Min(shift, excess), -excess));
}

/*
 * The largest outcome below the mean whose log probability is at most "limit",
 * or the fewest possible - 1.  Probabilities rise towards the mean; the search
 * gallops from "guess".
 */
static int64
DrawLastBelow(const Draw *draw, double limit, int64 guess, int64 mean)
{
	int64		low = DrawFewest(draw) - 1;	/* known to qualify, or nothing does */
	int64		high = mean + 1;	/* known not to qualify */
	int64		step = 1;

	guess = Max(Min(guess, high - 1), low + 1);
	/* Close in from the guess by doubling steps, until both ends are near. */
	while (high - low > 1)
	{
		if (DrawLogDensity(draw, guess) <= limit)
		{
			low = guess;
			guess = high - low > 2 * step ? low + step : low + (high - low) / 2;
		}
		else
		{
			high = guess;
			guess = high - low > 2 * step ? high - step : low + (high - low) / 2;
		}
		step *= 2;
	}
	return low;
}

/*
 * The probability of all outcomes no more likely than k (Fisher's exact test,
 * two-sided).  Outcomes as likely as k but for rounding count as no more likely:
 * within 1e-7, as in R's fisher.test.
 */
double
FmaHypergeometricTwoSided(int64 k, int64 n, int64 K, int64 N)
{
	const double tolerance = 1e-7;
	Draw		draw = DrawOf(n, K, N);
	int128		above = DrawAboveMean(&draw, k);
	double		limit;
	int64		mean;
	int64		last;
	double		p;

	if (k < DrawFewest(&draw) || k > DrawMost(&draw))
		return 0.0;
	/* Make k the upper side. */
	if (above < 0)
	{
		draw = DrawMirrored(&draw);
		k = n - k;
		above = -above;
	}
	if (above == 0)
		return 1.0;
	mean = (int64) (((int128) draw.n * draw.K) / draw.N);
	limit = DrawLogDensity(&draw, k) + log1p(tolerance);
	last = DrawLastBelow(&draw, limit, DrawOpposite(&draw, k), mean);
	/* Outcomes between k and the mean that are as likely, too: few, and only where N is huge. */
	for (; k > mean + 1 && DrawLogDensity(&draw, k - 1) <= limit; k--)
		CheckForCancel(k);
	if (last == k - 1)
		return 1.0;
	p = DrawSf(&draw, k);
	if (last >= DrawFewest(&draw))
	{
		Draw		mirrored = DrawMirrored(&draw);

		p += DrawSf(&mirrored, draw.n - last);
	}
	return Min(p, 1.0);
}
