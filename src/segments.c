/*
 * segments.c
 *		A series of periods cut into segments of constant level.
 *
 * The cuts minimise the sum over segments of minus the log likelihood at the
 * segment's own level, plus a penalty for each cut: optimal partitioning
 * (Jackson et al. 2005), exactly.  Candidates for the last cut are pruned by
 * the levels at which they could still win (functional pruning: Rigaill 2015;
 * Maidstone, Hocking, Rigaill and Fearnhead 2017), which keeps a few dozen of
 * them whether the series changes often or never.  PELT's own pruning (Killick,
 * Fearnhead and Eckley 2012) finds the same cuts, and nothing to prune in a
 * series that does not change.
 */
#include "segments.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "random.h"
#include "statistics.h"

/* Logits of rates beyond this are as good as infinite */
#define MOST_LOGIT 40.0

/* Rounding that is allowed for, relative to what is compared */
#define ROUNDING 1e-10

/* Newton's steps to a root; few are needed */
#define MOST_STEPS 100

#define FIRST_CAPACITY 64

/* The dispersion is seen in blocks that hold this many failures and successes on average */
#define BLOCK_FAILURES 10.0
#define LEAST_DIFFERENCES 3

/* They are compared at distances of up to a week of days, and a tenth of the series */
#define MOST_LAG 7
#define PERIODS_A_LAG 10

/* The median of |z| over the deviation of z, for a normal z */
#define MEDIAN_TO_DEVIATION 0.67448975019608174320

/* Replicates are not drawn where it is less likely than this that any of them counts */
#define HOPELESS 1e-6

/* Draws of no more rows are made row by row; others with a larger variance than this are normal, rounded */
#define FEW_ROWS 8
#define NORMAL_VARIANCE 100.0

/* x log(x / y), 0 for x = 0 */
static inline double
XLogX(double x, double y)
{
	return x > 0 ? x * log(x / y) : 0;
}

/*
 * The log likelihood of rows at their own level, up to a constant of the data.
 * Both families are exponential with the natural parameter t: t * loss - A(t) * rows
 * with A = log(1 + e^t) or t^2 / 2.
 */
static inline double
LogLikelihood(const FmaSeries *series, double rows, double loss)
{
	if (series->rate)
		return XLogX(loss, rows) + XLogX(rows - loss, rows);
	return loss * loss / (2 * rows);
}

/* A and its derivative, the level, at t */
static inline double
Potential(bool rate, double t, double *level)
{
	double		e;

	if (!rate)
	{
		*level = t;
		return t * t / 2;
	}
	e = exp(-fabs(t));
	*level = (t > 0 ? 1 : e) / (1 + e);
	return Max(t, 0) + log1p(e);
}

/* What a cut adds to the log likelihood of the periods from "from" to before "to", without the dispersion */
static double
RawEvidence(const FmaSeries *series, int from, int split, int to)
{
	const double *rows = series->rows,
			   *loss = series->loss;
	double		evidence = LogLikelihood(series, rows[split] - rows[from], loss[split] - loss[from]) +
		LogLikelihood(series, rows[to] - rows[split], loss[to] - loss[split]) -
		LogLikelihood(series, rows[to] - rows[from], loss[to] - loss[from]);

	return Max(evidence, 0);
}

/* The log likelihood ratio of a cut: two levels from "from" to before "to" against one */
double
FmaSplitEvidence(const FmaSeries *series, int from, int split, int to)
{
	return RawEvidence(series, from, split, to) / series->dispersion;
}

/* ----------
 * Dispersion
 * ----------
 */

/* Puts the value of a rank (from 0) in its place, smaller ones before and larger ones behind it (Hoare's selection) */
static double
SelectRank(double *values, int n, int rank)
{
	int			low = 0,
				high = n - 1;

	while (low < high)
	{
		double		pivot = values[low + (high - low) / 2];
		int			i = low,
					j = high;

		while (i <= j)
		{
			while (values[i] < pivot)
				i++;
			while (values[j] > pivot)
				j--;
			if (i <= j)
			{
				double		other = values[i];

				values[i++] = values[j];
				values[j--] = other;
			}
		}
		if (rank <= j)
			high = j;
		else if (rank >= i)
			low = i;
		else
			break;
	}
	return values[rank];
}

/* The median, which reorders the values */
static double
Median(double *values, int n)
{
	double		upper = SelectRank(values, n, n / 2);

	return n % 2 == 1 ? upper : (SelectRank(values, n, n / 2 - 1) + upper) / 2;
}

/* The difference of two blocks' levels over its standard deviation */
static double
Difference(const FmaSeries *series, int a, int b, int c, int d)
{
	double		n1 = series->rows[b] - series->rows[a],
				n2 = series->rows[d] - series->rows[c],
				k1 = series->loss[b] - series->loss[a],
				k2 = series->loss[d] - series->loss[c],
				rate = (k1 + k2) / (n1 + n2),
				variance = (series->rate ? rate * (1 - rate) : 1) * (1 / n1 + 1 / n2);

	return variance > 0 ? (k2 / n2 - k1 / n1) / sqrt(variance) : 0;
}

/*
 * By how much the variance of the periods exceeds what their rows explain: at
 * least once.  If the rows say nothing of that ("explained" is false), at least
 * the mean square of the differences of neighbours.
 *
 * From the median of squared differences of periods that are near each other,
 * so that a few changes do not count; at distances of 1 to 7 periods, so that
 * slow waves and the week's cycle count as noise.  Periods of few rows are
 * joined first: single failures have no useful median.
 */
double
FmaSeriesDispersion(const FmaSeries *series, bool explained)
{
	double		all = series->rows[series->n],
				rate = series->loss[series->n] / all,
				enough = series->rate ? BLOCK_FAILURES / Min(rate, 1 - rate) : 1;
	int		   *edges = palloc_extended(sizeof(int) * (series->n + 1), MCXT_ALLOC_HUGE);
	double	   *squares;
	int			nblocks = 0,
				ndifferences = 0,
				lags;
	double		sum = 0,
				dispersion;

	edges[0] = 0;
	for (int i = 1; i <= series->n; i++)
		if (series->rows[i] - series->rows[edges[nblocks]] >= enough)
			edges[++nblocks] = i;
	lags = Max(Min((int64) MOST_LAG * nblocks / series->n, nblocks / PERIODS_A_LAG), 1);
	squares = palloc_extended(sizeof(double) * Max(nblocks, 1) * lags, MCXT_ALLOC_HUGE);
	for (int lag = 1; lag <= lags; lag++)
		for (int i = 0; i + lag < nblocks; i++)
		{
			double		z = Difference(series, edges[i], edges[i + 1], edges[i + lag], edges[i + lag + 1]);

			squares[ndifferences++] = z * z;
			if (lag == 1)
				sum += z * z;
		}
	dispersion = explained ? 1 : sum / Max(nblocks - 1, 1);
	if (ndifferences >= LEAST_DIFFERENCES)
		dispersion = Max(dispersion, Median(squares, ndifferences) / (MEDIAN_TO_DEVIATION * MEDIAN_TO_DEVIATION));
	pfree(edges);
	pfree(squares);
	return dispersion;
}

/* ----------
 * Cuts
 * ----------
 */

/* A natural parameter, with A and the level there */
typedef struct Point
{
	double		t;
	double		potential;
	double		level;
} Point;

/*
 * A candidate for the last cut, where it is the best.
 *
 * What a candidate costs is the cost of the best cuts before it plus minus the
 * log likelihood of what follows it, at a natural parameter t.  Candidates
 * s < u differ by
 *		g(t) = cost_s - cost_u - t * (loss_u - loss_s) + A(t) * (rows_u - rows_s),
 * whatever follows u.  So the range of t is divided into pieces, each with the
 * candidate that is the best there; as g is convex, a new candidate leaves of
 * a piece at most an interval.  A candidate without a piece is never the best.
 */
typedef struct Piece
{
	int			start;
	double		cost;
	Point		end;			/* where the next piece begins */
} Piece;

typedef struct Pieces
{
	Point		begin;
	int			n;
	int			capacity;
	Piece	   *pieces;
} Pieces;

static Point
MakePoint(bool rate, double t)
{
	Point		point;

	point.t = t;
	point.potential = Potential(rate, t, &point.level);
	return point;
}

/* Adds a piece that ends at a point */
static void
AddPiece(Pieces *pieces, const Piece *piece, Point end, FmaBudget *budget)
{
	Piece	   *before = pieces->n > 0 ? &pieces->pieces[pieces->n - 1] : NULL;

	if (end.t <= (before ? before->end.t : pieces->begin.t))
		return;
	if (before != NULL && before->start == piece->start)
	{
		before->end = end;
		return;
	}
	if (pieces->n == pieces->capacity)
	{
		FmaCharge(budget, sizeof(Piece) * pieces->capacity);
		pieces->capacity *= 2;
		pieces->pieces = repalloc_huge(pieces->pieces, sizeof(Piece) * pieces->capacity);
	}
	pieces->pieces[pieces->n] = *piece;
	pieces->pieces[pieces->n++].end = end;
}

/* What a candidate costs more than a later one, as a function of t */
typedef struct Excess
{
	bool		rate;
	double		cost,
				rows,
				loss;
} Excess;

static inline double
ExcessAt(const Excess *excess, const Point *point)
{
	return excess->cost - point->t * excess->loss + point->potential * excess->rows;
}

static inline double
SlopeAt(const Excess *excess, const Point *point)
{
	return point->level * excess->rows - excess->loss;
}

/*
 * Moves a point where the excess is positive and falls in the direction of
 * "limit" to where it is 0.  Newton's steps never pass the root of a convex
 * function.  Returns false if there is no root before the limit.
 */
static bool
MoveToRoot(const Excess *excess, Point *point, double limit)
{
	bool		rising = limit > point->t;

	for (int step = 0; step < MOST_STEPS; step++)
	{
		double		g = ExcessAt(excess, point),
					slope = SlopeAt(excess, point),
					next = point->t - g / slope;

		if (g <= 0 || next == point->t)
			break;
		if (rising ? slope >= 0 || next >= limit : slope <= 0 || next <= limit)
			return false;
		*point = MakePoint(excess->rate, next);
	}
	return true;
}

/* Divides a piece that begins at a point between its candidate and a later one */
static void
DividePiece(const FmaSeries *series, const Piece *piece, Point begin, const Piece *later, Pieces *divided, FmaBudget *budget)
{
	Excess		excess = {series->rate, piece->cost - later->cost,
		(series->rows[later->start] - series->rows[piece->start]) / series->dispersion,
		(series->loss[later->start] - series->loss[piece->start]) / series->dispersion};
	Point		low = begin,
				high = piece->end;
	bool		worse_low = ExcessAt(&excess, &low) > 0,
				worse_high = ExcessAt(&excess, &high) > 0;

	if ((worse_low && !MoveToRoot(&excess, &low, piece->end.t)) ||
		(worse_high && !MoveToRoot(&excess, &high, begin.t)))
	{
		AddPiece(divided, later, piece->end, budget);
		return;
	}
	if (worse_low)
		AddPiece(divided, later, low, budget);
	AddPiece(divided, piece, high, budget);
	if (worse_high)
		AddPiece(divided, later, piece->end, budget);
}

/* The best of the candidates for the last cut before "end", and its cost */
static int
BestStart(const FmaSeries *series, const Pieces *alive, int end, double *best)
{
	int			start = 0;

	*best = INFINITY;
	for (int i = 0; i < alive->n; i++)
	{
		int			s = alive->pieces[i].start;
		double		cost = alive->pieces[i].cost -
			LogLikelihood(series, series->rows[end] - series->rows[s], series->loss[end] - series->loss[s]) / series->dispersion;

		if (cost < *best || (cost == *best && s < start))
		{
			*best = cost;
			start = s;
		}
	}
	return start;
}

/*
 * The cuts of least cost: their places (a cut at i is before period i), in
 * order.  "penalty" is the cost of a cut in units of the log likelihood;
 * segments have at least "shortest" periods.
 */
int *
FmaCutSeries(const FmaSeries *series, double penalty, int shortest, FmaBudget *budget, int *ncuts)
{
	int			n = series->n;
	Size		size = (sizeof(double) + sizeof(int)) * ((Size) n + 1);
	double		most = series->rate ? MOST_LOGIT : 1;
	double	   *best;
	int		   *last,
			   *cuts;
	Pieces		alive,
				divided;
	Point		top;

	FmaCharge(budget, size);
	best = palloc_extended(sizeof(double) * (n + 1), MCXT_ALLOC_HUGE);
	last = palloc_extended(sizeof(int) * (n + 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < n && !series->rate; i++)
		most = Max(most, fabs((series->loss[i + 1] - series->loss[i]) / (series->rows[i + 1] - series->rows[i])));
	top = MakePoint(series->rate, most);
	alive = divided = (Pieces) {MakePoint(series->rate, -most), 0, FIRST_CAPACITY};
	alive.pieces = palloc(sizeof(Piece) * FIRST_CAPACITY);
	divided.pieces = palloc(sizeof(Piece) * FIRST_CAPACITY);
	best[0] = -penalty;
	for (int end = shortest; end <= n; end++)
	{
		int			start = end - shortest;

		CHECK_FOR_INTERRUPTS();
		if (start == 0 || start >= shortest)
		{
			Piece		later = {start, best[start] + penalty, top};
			Point		begin = alive.begin;
			Pieces		spare = alive;

			divided.n = 0;
			for (int i = 0; i < alive.n; i++)
			{
				DividePiece(series, &alive.pieces[i], begin, &later, &divided, budget);
				begin = alive.pieces[i].end;
			}
			AddPiece(&divided, &later, top, budget);
			alive = divided;
			divided = spare;
		}
		last[end] = BestStart(series, &alive, end, &best[end]);
	}

	*ncuts = 0;
	for (int end = n; end >= shortest && last[end] > 0; end = last[end])
		(*ncuts)++;
	cuts = palloc(sizeof(int) * Max(*ncuts, 1));
	for (int end = n, i = *ncuts - 1; i >= 0; end = last[end], i--)
		cuts[i] = last[end];
	pfree(best);
	pfree(last);
	pfree(alive.pieces);
	pfree(divided.pieces);
	FmaRelease(budget, size);
	return cuts;
}

/* ----------
 * Chance
 * ----------
 */

/* A number in (0, 1) */
static inline double
RandomUnit(FmaRandom *random)
{
	return ((double) (FmaRandomBits(random) >> 11) + 0.5) / 9007199254740992.0;
}

/* A standard normal number (Box and Muller 1958; the other one of the pair is not used) */
static inline double
RandomNormal(FmaRandom *random)
{
	double		radius = sqrt(-2 * log(RandomUnit(random)));

	return radius * cos(2 * M_PI * RandomUnit(random));
}

/* log(n! / (k! (n - k)!)) */
static inline double
LogChoose(double n, double k)
{
	return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

/*
 * Draws the failures among n rows of N that hold K: hypergeometric, by searching
 * its probabilities outward from the mode.
 */
static double
RandomFailures(FmaRandom *random, double n, double K, double N)
{
	double		least = Max(0, n - (N - K)),
				most = Min(n, K);
	double		mean = n * (K / N),
				variance = N > 1 ? mean * (1 - K / N) * ((N - n) / (N - 1)) : 0;
	double		mode,
				down,
				up,
				p_down,
				p_up,
				u;

	if (least == most)
		return least;
	if (n <= FEW_ROWS)
	{
		double		left = K;

		for (; n > 0; n--, N--)
			left -= RandomUnit(random) * N < left;
		return K - left;
	}
	if (variance > NORMAL_VARIANCE)
		return Min(Max(rint(mean + sqrt(variance) * RandomNormal(random)), least), most);
	mode = Min(Max(floor((n + 1) * ((K + 1) / (N + 2))), least), most);
	down = up = mode;
	p_down = p_up = exp(LogChoose(K, mode) + LogChoose(N - K, n - mode) - LogChoose(N, n));
	u = RandomUnit(random) - p_up;
	while (u > 0 && (p_down > 0 || p_up > 0))
	{
		p_up = up < most ? p_up * ((K - up) * (n - up)) / ((up + 1) * (N - K - n + up + 1)) : 0;
		if (p_up > 0)
		{
			up++;
			if ((u -= p_up) <= 0)
				return up;
		}
		p_down = down > least ? p_down * (down * (N - K - n + down)) / ((K - down + 1) * (n - down + 1)) : 0;
		if (p_down > 0)
		{
			down--;
			if ((u -= p_down) <= 0)
				return down;
		}
	}
	return mode;
}

/* Fills a series of the same rows whose level does not change; failures are as many as were seen */
static void
DrawSeries(const FmaSeries *series, int from, FmaSeries *drawn, FmaRandom *random)
{
	double		N = drawn->rows[drawn->n],
				K = series->loss[from + drawn->n] - series->loss[from];

	for (int i = 0; i < drawn->n; i++)
	{
		double		n = drawn->rows[i + 1] - drawn->rows[i];
		double		loss = series->rate ? RandomFailures(random, n, K, N) : sqrt(n) * RandomNormal(random);

		drawn->loss[i + 1] = drawn->loss[i] + loss;
		N -= n;
		K -= loss;
	}
}

/*
 * A bound of log p, from the sum over all places of the cut.  For K failures in
 * N rows the probability of any outcome of a cut is at most
 * sqrt(8 K (N - K) / N) exp(-evidence), by Stirling's bounds of binomial
 * coefficients, and there are at most min(K, N - K) + 1 outcomes.
 */
static double
LogBound(const FmaSeries *series, int from, int to, double evidence)
{
	double		N = series->rows[to] - series->rows[from],
				K = series->loss[to] - series->loss[from];

	if (series->rate)
		return log(to - from) + 0.5 * log(Max(8 * K * (N - K) / N, 1)) + log(Min(K, N - K) + 1) - evidence;
	return log(to - from) + log(2 * FmaNormalSf(sqrt(2 * evidence)));
}

/*
 * The share of series without a change that show as much evidence for a cut
 * somewhere as this one does at its cut, from "from" to before "to":
 * (1 + how many of the replicates do) / (1 + replicates).  NaN without
 * replicates.  A replicate is drawn by its number, so that p is always the same.
 */
double
FmaCutP(const FmaSeries *series, int from, int split, int to, int shortest,
		int replicates, uint64 seed, FmaBudget *budget)
{
	FmaSeries	drawn = {to - from, series->rate, NULL, NULL, 1};
	double		evidence = FmaSplitEvidence(series, from, split, to),
				enough = evidence * (1 - ROUNDING);
	Size		size = 2 * sizeof(double) * ((Size) drawn.n + 1);
	int			as_large = 0;

	if (replicates == 0)
		return NAN;
	if (LogBound(series, from, to, evidence) + log(replicates) < log(HOPELESS))
		return 1.0 / (replicates + 1.0);
	FmaCharge(budget, size);
	drawn.rows = palloc_extended(size / 2, MCXT_ALLOC_HUGE);
	drawn.loss = palloc_extended(size / 2, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i <= drawn.n; i++)
		drawn.rows[i] = series->rows[from + i] - series->rows[from];
	for (int replicate = 0; replicate < replicates; replicate++)
	{
		FmaRandom	random;
		bool		found = false;

		CHECK_FOR_INTERRUPTS();
		FmaRandomInit(&random, seed, (uint64) split << 32 | (uint32) replicate);
		DrawSeries(series, from, &drawn, &random);
		for (int i = shortest; i + shortest <= drawn.n && !found; i++)
			found = RawEvidence(&drawn, 0, i, drawn.n) >= enough;
		as_large += found;
	}
	pfree(drawn.rows);
	pfree(drawn.loss);
	FmaRelease(budget, size);
	return (as_large + 1.0) / (replicates + 1.0);
}
