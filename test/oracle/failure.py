#!/usr/bin/env python3
"""The figures of test/failure.sql: intervals of a rate by mpmath, tests of two
rates by SciPy, and p-values corrected for their number (written out here from
the definitions, not from the usual algorithms: for each p the least level at
which it would be rejected).

    python3 test/oracle/failure.py > figures, and put them into the test
"""
from mpmath import mpf, sqrt
from scipy.stats import hypergeom, norm

from distributions import beta_quantile, beta_upper_quantile, normal_quantile


def interval(k, n, method, level):
    # Ends that are known are left to "0" and "1"; the others with 40 digits, since
    # SciPy's beta.ppf and Wilson interval have as few as seven of a small end.
    tail = (1 - mpf(level)) / 2
    if method == 'wilson':
        z, k, n = -normal_quantile(tail), mpf(k), mpf(n)
        middle, width = k + z * z / 2, z * sqrt(k * (n - k) / n + z * z / 4)
        return (middle - width) / (n + z * z), (middle + width) / (n + z * z)
    if method == 'jeffreys':
        low, high = (k + 0.5, n - k + 0.5), (k + 0.5, n - k + 0.5)
    else:
        low, high = (k, n - k + 1), (k + 1, n - k)
    return 0 if k == 0 else beta_quantile(*low, tail), 1 if k == n else beta_upper_quantile(*high, tail)


def exact(k1, n1, k2, n2, alternative):
    distribution = hypergeom(n1 + n2, k1 + k2, n1)
    if alternative == 'greater':
        return distribution.sf(k1 - 1)
    if alternative == 'less':
        return distribution.cdf(k1)
    limit = distribution.pmf(k1) * (1 + 1e-7)
    outcomes = range(max(0, k1 - n2), min(n1, k1 + k2) + 1)
    return min(1.0, sum(p for p in distribution.pmf(outcomes) if p <= limit))


def normal(k1, n1, k2, n2, alternative):
    pooled = (k1 + k2) / (n1 + n2)
    z = (k1 / n1 - k2 / n2) / (pooled * (1 - pooled) * (1 / n1 + 1 / n2)) ** 0.5
    return {'greater': norm.sf(z), 'less': norm.cdf(z), 'two-sided': 2 * norm.sf(abs(z))}[alternative]


def adjusted(p, method):
    """The least level at which each p is rejected"""
    m = len(p)
    harmonic = sum(1 / i for i in range(1, m + 1))

    def level(i):
        if method == 'bonferroni':
            return min(1, m * p[i])
        if method == 'holm':
            # rejected when every smaller p is rejected, each against its own share
            return min(1, max((m - sum(x < p[j] for x in p)) * p[j] for j in range(m) if p[j] <= p[i]))
        factor = harmonic if method == 'by' else 1
        # rejected when some p at least as large stands below its line
        return min(1, min(factor * m * p[j] / sum(x <= p[j] for x in p) for j in range(m) if p[j] >= p[i]))
    return [level(i) for i in range(m)]


def show(rows):
    print(',\n'.join('(' + ', '.join(repr(v) if isinstance(v, str) else
                                     "'{" + ', '.join(map(repr, map(float, v))) + "}'" if isinstance(v, list) else
                                     repr(v if isinstance(v, int) else float(v)) for v in row) + ')'
                     for row in rows) + '\n')


if __name__ == '__main__':
    show((k, n, method, level, *interval(k, n, method, level))
         for k, n in ((0, 1), (1, 1), (0, 20), (3, 12), (20, 20), (7, 100), (984, 9950), (1, 1000000), (45000, 100000))
         for method in ('wilson', 'jeffreys', 'clopper-pearson') for level in (0.95, 0.8))
    show((*table, alternative, exact(*table, alternative), normal(*table, alternative))
         for table in ((16, 50, 984, 9950), (5, 50, 984, 9950), (2, 100, 984, 9900), (3, 7, 5, 9), (60, 100, 45, 95))
         for alternative in ('two-sided', 'greater', 'less'))
    p = [0.01, 0.04, 0.03, 0.5, 0.005, 0.03, 1.0, 0.0, 0.012, 0.9]
    show((p, method, adjusted(p, method)) for method in ('bh', 'by', 'holm', 'bonferroni'))
