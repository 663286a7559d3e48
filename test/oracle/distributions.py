#!/usr/bin/env python3
"""The figures of test/distributions.sql, computed with 40 digits (400 where a
difference would cost them) by mpmath: Debian's python3-mpmath.  SciPy is not
the oracle here, since its own tails are good to some ten digits only.

    python3 test/oracle/distributions.py > figures, and put them into the test

Nearly every figure is a plain sum: the beta distribution by its power series, whose
terms are all positive, the hypergeometric one term by term.
"""
from math import comb

from mpmath import mp, mpf

mp.dps = 40
DIFFERENCE_DIGITS = 400


def beta_series(a, b, x, y):
    """P[X <= x] = x^a y^b / (a B(a, b)) * (1 + (a+b)/(a+1) x + ...)"""
    log_power = (a * mp.log(x) + b * mp.log(y) - mp.log(a)
                 - (mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)))
    term = total = mpf(1)
    j = 0
    while True:
        ratio = (a + b + j) * x / (a + 1 + j)
        term *= ratio
        total += term
        j += 1
        if ratio < 1 and term < total * mpf(10) ** -mp.dps * (1 - ratio):
            return mp.exp(log_power) * total


def beta_cdf(a, b, x, y=None):
    """P[X <= x]; from the side where the series is short"""
    with mp.workdps(DIFFERENCE_DIGITS):
        a, b, x = mpf(a), mpf(b), mpf(x)
        y = 1 - x if y is None else mpf(y)
    below = a * y >= b * x
    near_one = y < 0.01 and a * y < 5000
    near_zero = x < 0.01 and b * x < 5000
    if below and not near_one:
        return beta_series(a, b, x, y)
    if not below and not near_zero:
        return 1 - beta_series(b, a, y, x)
    with mp.workdps(DIFFERENCE_DIGITS):
        return 1 - beta_series(b, a, y, x) if below else beta_series(a, b, x, y)


def beta_sf(a, b, x):
    with mp.workdps(DIFFERENCE_DIGITS):
        return beta_cdf(b, a, 1 - mpf(x), mpf(x))


def root(function, low, high):
    """Where a rising function changes sign, by bisection"""
    while high - low > mpf(10) ** -20:
        middle = (low + high) / 2
        if function(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def beta_quantile(a, b, p):
    """On the scale of log(x / (1 - x)), so that small x have their digits"""
    def above(u):
        return beta_cdf(a, b, 1 / (1 + mp.exp(-u)), 1 / (1 + mp.exp(u))) - mpf(p)
    u = root(above, mpf(-60), mpf(40))
    return 1 / (1 + mp.exp(-u))


def beta_upper_quantile(a, b, q):
    return 1 - beta_quantile(b, a, q)


def normal_sf(z):
    return mp.erfc(mpf(z) / mp.sqrt(2)) / 2


def normal_cdf(z):
    return normal_sf(-z)


def normal_quantile(p):
    return root(lambda z: normal_cdf(z) - mpf(p), mpf(-38), mpf(6))


def student_t_sf(t, df):
    with mp.workdps(DIFFERENCE_DIGITS):
        t, df = mpf(t), mpf(df)
        x, y = df / (df + t * t), t * t / (df + t * t)
    upper = beta_cdf(df / 2, mpf(1) / 2, x, y) / 2
    return upper if t > 0 else 1 - upper


def chi_square_sf(x, df):
    return mp.gammainc(mpf(df) / 2, mpf(x) / 2, regularized=True)


def hypergeometric_outcomes(k, n, K, N, step):
    """The probabilities of k, k + step, ..."""
    def log_factorial(v):
        return mp.loggamma(mpf(v) + 1)
    if not max(0, n + K - N) <= k <= min(n, K):
        return
    p = mp.exp(log_factorial(K) + log_factorial(N - K) + log_factorial(n) + log_factorial(N - n)
               - log_factorial(N) - log_factorial(k) - log_factorial(K - k) - log_factorial(n - k)
               - log_factorial(N - K - n + k))
    while p > 0:
        yield p
        if step > 0:
            p *= mpf((K - k) * (n - k)) / ((k + 1) * (N - K - n + k + 1))
        else:
            p *= mpf(k * (N - K - n + k)) / ((K - k + 1) * (n - k + 1))
        k += step


def tail(outcomes, limit=1):
    """The sum of falling probabilities, of those up to a limit"""
    total = mpf(0)
    for p in outcomes:
        if p <= limit:
            total += p
            if p < total * mpf(10) ** -35:
                break
    return total


def hypergeometric_sf(k, n, K, N):
    if k * N > n * K:
        return tail(hypergeometric_outcomes(k, n, K, N, 1))
    return 1 - tail(hypergeometric_outcomes(k - 1, n, K, N, -1))


def hypergeometric_cdf(k, n, K, N):
    if k * N < n * K:
        return tail(hypergeometric_outcomes(k, n, K, N, -1))
    return 1 - tail(hypergeometric_outcomes(k + 1, n, K, N, 1))


def hypergeometric_two_sided(k, n, K, N):
    """All outcomes no more likely than k, where equal means within 1e-7"""
    mode = (n + 1) * (K + 1) // (N + 2)
    limit = next(hypergeometric_outcomes(k, n, K, N, 1)) * (1 + mpf(10) ** -7)
    return (tail(hypergeometric_outcomes(mode, n, K, N, 1), limit)
            + tail(hypergeometric_outcomes(mode - 1, n, K, N, -1), limit))


def mcnemar_p(b, c):
    fewer = sum(comb(b + c, i) for i in range(min(b, c) + 1))
    return min(mpf(1), 2 * mpf(fewer) / mpf(2) ** (b + c))


def two_proportion_z(k1, n1, k2, n2):
    pooled = mpf(k1 + k2) / (n1 + n2)
    return (mpf(k1) / n1 - mpf(k2) / n2) / mp.sqrt(pooled * (1 - pooled) * (mpf(1) / n1 + mpf(1) / n2))


def welch_p(m1, v1, n1, m2, v2, n2, alternative):
    m1, v1, n1, m2, v2, n2 = map(mpf, (m1, v1, n1, m2, v2, n2))
    e1, e2 = v1 / n1, v2 / n2
    t = (m1 - m2) / mp.sqrt(e1 + e2)
    df = (e1 + e2) ** 2 / (e1 ** 2 / (n1 - 1) + e2 ** 2 / (n2 - 1))
    return 2 * student_t_sf(abs(t), df) if alternative == 0 else student_t_sf(t if alternative == 1 else -t, df)


MILLION, BILLION = 10 ** 6, 10 ** 9
CASES = [
    (normal_cdf, [(-37,), (-8.5,), (-1.96,), (0,), (0.001,), (6,)]),
    (normal_sf, [(-3,), (0.3,), (2.5,), (10,), (37,), (37.5,)]),
    (normal_quantile, [(1e-300,), (1e-20,), (0.025,), (0.2499,), (0.25,), (0.4999999,), (0.6,), (0.75,),
                       (0.975,), (0.999999,)]),
    (beta_cdf, [(0.5, 0.5, 0.3), (0.5, 0.5, 1e-10), (2, 3, 0.5), (12.5, 88.5, 0.01), (12.5, 88.5, 0.3),
                (30, 1, 1e-8), (1e4, 1e5, 0.0905), (1e4, 1e5, 0.07), (1e6, 1e6, 0.4999), (1e6, 1e6, 0.489),
                (5e6, 0.5, 0.9999), (3.7, 1e7, 1e-7), (1e8, 9e8, 0.0997)]),
    (beta_sf, [(0.5, 0.5, 0.3), (12.5, 88.5, 0.3), (100, 900, 0.5), (1e4, 1e5, 0.12), (0.5, 5e6, 1e-6),
               (1e6, 1e6, 0.51), (1.5, 1e9, 1e-9), (1e7, 9e7, 0.10006)]),
    (beta_quantile, [(0.5, 0.5, 0.025), (3.5, 10.5, 0.025), (3, 8, 0.975), (4, 2, 1e-10), (0.5, 20.5, 1e-10),
                     (12.5, 1e6, 0.025), (1e3 + 0.5, 9e4 + 0.5, 0.025)]),
    (beta_upper_quantile, [(3.5, 10.5, 0.025), (1, 1e6, 0.025), (0.5, 1000.5, 0.025), (7, 3, 1e-12)]),
    (student_t_sf, [(0.1, 1), (1, 1), (0.999, 1), (50, 1), (1e10, 1), (2, 2.5), (30, 7.3), (-3, 17.3), (5, 1e4),
                    (100, 200.5), (36, 1e5), (0.5, 1e7), (2, 1e7), (37, 1e7)]),
    (chi_square_sf, [(0.1, 1), (3.84, 1), (1000, 1), (1300, 2), (5, 4), (100, 50), (30, 7.5), (1e4, 9.9e3),
                     (1.01e6, 1e6), (0.999e6, 1e6)]),
    (hypergeometric_sf, [(16, 50, 1000, 10000), (5, 50, 1000, 10000), (10, 10, 20, 30), (1, 5, 1, BILLION),
                         (150, 300, 3000, 300000), (105000, MILLION, MILLION, 10 * MILLION),
                         (100000, MILLION, MILLION, 10 * MILLION), (111000, MILLION, 100 * MILLION, BILLION),
                         (10086000, 100 * MILLION, 100 * MILLION, BILLION),
                         (250050000, 500 * MILLION, 500 * MILLION, BILLION)]),
    (hypergeometric_cdf, [(0, 50, 1000, 10000), (5, 50, 1000, 10000), (0, 300, 3000, 300000),
                          (99500, MILLION, MILLION, 10 * MILLION), (90000, MILLION, 100 * MILLION, BILLION),
                          (249950000, 500 * MILLION, 500 * MILLION, BILLION)]),
    (hypergeometric_two_sided, [(16, 50, 1000, 10000), (1, 50, 1000, 10000), (3, 10, 10, 20), (7, 10, 10, 20),
                                (5, 10, 10, 20), (0, 5, 3, 40), (1010, 10000, 30000, 300000),
                                (99500, MILLION, MILLION, 10 * MILLION), (100001, MILLION, MILLION, 10 * MILLION),
                                (100700, MILLION, 100 * MILLION, BILLION)]),
    (mcnemar_p, [(0, 5), (5, 0), (4, 4), (10, 3), (100, 160), (1000, 2000)]),
    (two_proportion_z, [(16, 50, 984, 9950), (0, 50, 1000, 9950), (500, 1000, 500, 1000),
                        (123456789, BILLION, 123460000, BILLION)]),
    (welch_p, [(1.5, 2.0, 10, 0.5, 1.0, 20, 0), (1.5, 2.0, 10, 0.5, 1.0, 20, 1), (1.5, 2.0, 10, 0.5, 1.0, 20, 2),
               (0.31, 0.2, 500, 0.1, 0.09, 300000, 1), (5.0, 0.0, 3, 1.0, 4.0, 2, 0), (7.0, 1.0, 1e6, 6.98, 1.0, 1e7, 0)]),
]

if __name__ == '__main__':
    lines = []
    for function, arguments in CASES:
        for a in arguments:
            with mp.workdps(40):
                lines.append("\t('%s', '{%s}', %s)" % (
                    function.__name__, ', '.join(repr(v) for v in a), mp.nstr(function(*a), 19, min_fixed=-5, max_fixed=5)))
    print(',\n'.join(lines))
