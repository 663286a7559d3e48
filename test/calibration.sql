\set ON_ERROR_STOP on
BEGIN;
SELECT plan(121);

-- Real predictions: two models on the same 10,000 images, and the second one's probabilities on the first 1,000
CREATE TABLE seen (id int, model text, confidence float8, correct boolean);
\copy seen FROM PROGRAM 'gzip -dc test/data/confidences.csv.gz' (FORMAT csv)
CREATE TABLE probable (truth text, probabilities float8[]);
\copy probable FROM PROGRAM 'gzip -dc test/data/probabilities.csv.gz' (FORMAT csv)
ANALYZE seen;
ANALYZE probable;

CREATE FUNCTION pg_temp.labels() RETURNS text[] IMMUTABLE LANGUAGE sql
	RETURN '{T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot}'::text[];

CREATE FUNCTION pg_temp.near(a float8, b float8, tolerance float8 DEFAULT 1e-12) RETURNS boolean IMMUTABLE LANGUAGE sql
	RETURN abs(a - b) <= tolerance;

-- Oracles: figures of test/oracle/calibration.py (NumPy, SciPy, scikit-learn)

CREATE TEMP TABLE expected_errors (model, bins, ece, mce, l2, ace, debiased,
	brier, reliability, resolution, uncertainty, variance, covariance, log_loss) AS VALUES
	('v1', 1, 1.1848399999792e-05, 1.1848399999792e-05, 1.1848399999792e-05, 1.1848399999792e-05, 0, 0.0559354818141204, 1.40384582555072e-10, 0, 0.07702719, 0.0208623757746158, 0.04195408410088, 0.180408767597794),
	('v1', 10, 0.00397786739999998, 0.0482241458333334, 0.0111622392964868, 0.020197883599917, 0, 0.0559354818141204, 0.000124595586112033, 0.0204265997833636, 0.07702719, 0.00058459773401331, 0.00137430172264136, 0.180408767597794),
	('v1', 15, 0.00549891980000003, 0.237062, 0.0127774515549227, 0.0430816448049496, 0, 0.0559354818141204, 0.000163263268238397, 0.0210972496961052, 0.07702719, 0.000272226823526083, 0.00042994858153884, 0.180408767597794),
	('v1', 100, 0.0158191915999999, 0.452562, 0.035002235333104, 0.0838396956007283, 0, 0.0559354818141204, 0.00122515647831399, 0.0223060006821576, 0.07702719, 6.94792400705762e-06, 1.78119060430549e-05, 0.180408767597794),
	('v1', 1000, 0.0461952896, 0.796626333333333, 0.103598393933031, 0.182973126595951, 0, 0.0559354818141204, 0.0107326272255035, 0.031821825748967, 0.07702719, 7.16643038669622e-08, 2.58132671989722e-06, 0.180408767597794),
	('v2', 1, 0.00567943500000001, 0.00567943500000001, 0.00567943500000001, 0.00567943500000001, 0.00444977531691998, 0.0916137008475072, 3.22559819192251e-05, 0, 0.12454236, 0.033284366619588, 0.066245281754, 0.286570716663147),
	('v2', 10, 0.00879481039999996, 0.0409241818181818, 0.0134506021618182, 0.0200559496870343, 0.00579747197379075, 0.0916137008475072, 0.000180918698515509, 0.0324502555549527, 0.12454236, 0.000750988712188748, 0.00141031100824439, 0.286570716663147),
	('v2', 15, 0.00831824139999999, 0.0917473333333333, 0.0140666471247654, 0.0219945355564467, 0, 0.0916137008475072, 0.000197870561332671, 0.0326631190083474, 0.12454236, 0.000337886837103333, 0.000801297542581367, 0.286570716663147),
	('v2', 100, 0.020780122, 0.2473555, 0.0356308922568018, 0.0509946022671551, 0, 0.0916137008475072, 0.00126956048301582, 0.0342053789659007, 0.12454236, 8.06066766474083e-06, 9.01337272671516e-07, 0.286570716663147),
	('v2', 1000, 0.0620078828, 0.748172, 0.109244108062498, 0.146840995736422, 0, 0.0916137008475072, 0.0119342751463708, 0.0448612837254119, 0.12454236, 7.78061878480764e-08, 1.72837963954769e-06, 0.286570716663147);
CREATE TEMP VIEW errors AS
	SELECT e.*, r, b.brier AS b, b.reliability AS b_rel, b.resolution AS b_res, b.uncertainty AS b_unc,
		b.within_bin_variance AS b_wbv, b.within_bin_covariance AS b_wbc
	FROM expected_errors e,
		LATERAL (SELECT fma_reliability(confidence, correct, e.bins) AS r FROM seen WHERE seen.model = e.model) s,
		fma_confidence_brier(r) b;

SELECT is(count(*), 10::bigint, 'all figures are there') FROM errors;
SELECT ok(bool_and(pg_temp.near(fma_ece(r), ece)), 'ECE') FROM errors;
SELECT ok(bool_and(pg_temp.near(fma_mce(r), mce)), 'MCE') FROM errors;
SELECT ok(bool_and(pg_temp.near(fma_ece_debiased(r), debiased)), 'debiased L2') FROM errors;
SELECT ok(bool_and(pg_temp.near(fma_calibration_error(r, 'l1'), ece) AND pg_temp.near(fma_calibration_error(r, 'l2'), l2)
	AND pg_temp.near(fma_calibration_error(r, 'max'), mce) AND pg_temp.near(fma_calibration_error(r, 'mean'), ace)),
	'the norms of the calibration error') FROM errors;
SELECT ok(bool_and(pg_temp.near(b, brier)), 'Brier score') FROM errors;
SELECT ok(bool_and(pg_temp.near(b_rel, reliability) AND pg_temp.near(b_res, resolution) AND pg_temp.near(b_unc, uncertainty)
	AND pg_temp.near(b_wbv, variance) AND pg_temp.near(b_wbc, covariance)), 'the five parts of the Brier score') FROM errors;
SELECT ok(bool_and(pg_temp.near(b, b_rel - b_res + b_unc + b_wbv - b_wbc)), 'the five parts make up the Brier score') FROM errors;
SELECT ok(bool_and(pg_temp.near(fma_confidence_log_loss(r), log_loss, 1e-13)), 'log loss') FROM errors;
SELECT ok(bool_and(fma_ece(r) = direct), 'fma_ece(confidence, correct, bins) equals fma_ece of the value')
	FROM errors e, LATERAL (SELECT fma_ece(confidence, correct, e.bins) AS direct FROM seen WHERE seen.model = e.model) s;
SELECT ok(bool_and(fma_ece(r) = direct), 'fma_ece(confidence, correct) has 10 bins')
	FROM errors e, LATERAL (SELECT fma_ece(confidence, correct) AS direct FROM seen WHERE seen.model = e.model) s
	WHERE bins = 10;
SELECT is(fma_reliability(confidence, correct), fma_reliability(confidence, correct, 10), '10 bins by default') FROM seen;

-- What calibration alone would show: exact expectation, p-values of 100,000 simulations
CREATE TEMP TABLE expected_if_calibrated (model, n, bins, expected, p_value, p_with_ties) AS VALUES
	('v1', 20, 1, 0.0317353156738736, 1, 1),
	('v1', 20, 10, 0.063093406316759, 0.65775, 0.65775),
	('v1', 20, 100, 0.0703632035611778, 0.65689, 0.65689),
	('v1', 50, 1, 0.030341121056701, 1, 1),
	('v1', 50, 10, 0.074922357482017, 0.92854, 0.92854),
	('v1', 50, 100, 0.139707842197841, 0.4889, 0.49479),
	('v1', 500, 1, 0.00828051374309356, 0.77402, 0.77402),
	('v1', 500, 10, 0.0210429594373804, 0.72445, 0.72713),
	('v1', 500, 100, 0.0603606086280497, 0.74911, 0.75233),
	('v1', 10000, 1, 0.00189067925439446, 1, 1),
	('v1', 10000, 10, 0.00491699207223076, 0.72959, 0.73177),
	('v1', 10000, 100, 0.0153801530216097, 0.37, 0.37333),
	('v2', 20, 1, 0.0542032595275998, 1, 1),
	('v2', 20, 10, 0.12078006120567, 0.34428, 0.34428),
	('v2', 20, 100, 0.171858206300747, 0.8119, 0.8119),
	('v2', 50, 1, 0.0379054971744228, 0.68358, 0.83716),
	('v2', 50, 10, 0.0990990252776814, 0.88278, 0.88278),
	('v2', 50, 100, 0.198145877335593, 0.37378, 0.37849),
	('v2', 500, 1, 0.0111728647924268, 0.00089, 0.00089),
	('v2', 500, 10, 0.0302296815201124, 0.00426, 0.00437),
	('v2', 500, 100, 0.0911732475394133, 0.517, 0.5214),
	('v2', 10000, 1, 0.00246249144770213, 0.06598, 0.06598),
	('v2', 10000, 10, 0.00652006800163963, 0.11779, 0.11878),
	('v2', 10000, 100, 0.020393815055059, 0.4099, 0.41348);
CREATE TEMP VIEW if_calibrated AS
	SELECT e.*, c.expected AS got, c.p_value AS p
	FROM expected_if_calibrated e,
		LATERAL (SELECT fma_reliability(confidence, correct, e.bins) AS r FROM seen WHERE seen.model = e.model AND id < e.n) s,
		fma_ece_if_calibrated(r) c;
SELECT is(count(*), 24::bigint, 'all figures are there') FROM if_calibrated;
SELECT is(string_agg(format('%s %s %s: %s %s', model, n, bins, expected, got), E'\n'), NULL, 'expected ECE of a calibrated model')
	FROM if_calibrated WHERE pg_temp.near(got / expected, 1, CASE WHEN n <= 50 THEN 0.02 ELSE 5e-4 END) IS NOT TRUE;
SELECT is(string_agg(format('%s %s %s: %s %s', model, n, bins, p_value, p), E'\n'), NULL, 'p-value of a calibrated model')
	FROM if_calibrated WHERE (p BETWEEN p_value * 0.98 - 0.003 AND p_with_ties * 1.02 + 0.003) IS NOT TRUE;

-- One bin of equal confidences is a binomial test, whose p is known exactly
CREATE TEMP TABLE binomials (n, k, p, p_value) AS VALUES
	(1, 1, 0.7::float8, 1),
	(1, 0, 0.7::float8, 0.3),
	(10, 9, 0.55::float8, 0.0506489405104492),
	(50, 49, 0.85::float8, 0.0160715215986519),
	(50, 30, 0.85::float8, 1.58619374601308e-05),
	(300, 260, 0.92::float8, 0.00117199606242662),
	(1000, 960, 0.95::float8, 0.167368751641552),
	(5000, 4700, 0.95::float8, 0.00134194971148868);
SELECT is(string_agg(format('%s %s %s: %s %s', n, k, p, b.p_value, c.p_value), E'\n'), NULL, 'equal confidences: binomial')
	FROM binomials b,
		LATERAL (SELECT fma_reliability(p, i <= k) AS r FROM generate_series(1, n) i) s,
		fma_ece_if_calibrated(r) c
	WHERE pg_temp.near(c.p_value, b.p_value, 1e-6 + b.p_value * 0.02) IS NOT TRUE;

-- Calibrated models are rejected as often as the level says, or less where outcomes are few
CREATE TEMP TABLE rejected AS
	SELECT n, count(*) AS models, avg((p_value <= 0.05)::int) AS share, avg(ece) / avg(expected) AS ratio
	FROM (SELECT n, fma_ece(r) AS ece, (fma_ece_if_calibrated(r)).* FROM (
		SELECT n, model, fma_reliability(c, u < c) AS r FROM (
			-- uniform confidences and outcomes from a hash of the row's number
			SELECT n, model, (hashint8extended(i, model) & 4294967295) / 4294967296.0::float8 AS c,
				(hashint8extended(i, model + 1000000) & 4294967295) / 4294967296.0::float8 AS u
			FROM (VALUES (50, 200), (500, 100), (10000, 20)) v(n, models),
				generate_series(1, models) model, generate_series(1, n) i) rows
		GROUP BY n, model) by_model) by_n
	GROUP BY n;
SELECT ok(bool_and(abs(share - 0.05) < 3 * sqrt(0.05 * 0.95 / models)) AND count(*) = 3,
	'calibrated models: 5 % are rejected at 5 %: ' || string_agg(share::numeric(6, 4)::text, ', ')) FROM rejected;
SELECT ok(bool_and(abs(ratio - 1) < 0.1), 'calibrated models: their mean ECE is the expected one') FROM rejected;

-- Bins
SELECT is(string_agg(format('%s %s', e.*, b.*), E'\n'), NULL, 'bins with Wilson intervals')
	FROM (VALUES
	(3, 8, 0.278001375, 0.25, 0.028001375, 0.071479212752109, 0.590724569689831),
	(4, 48, 0.360724145833333, 0.3125, 0.0482241458333334, 0.199456834465878, 0.453330714158916),
	(5, 200, 0.46011217, 0.44, 0.02011217, 0.372978192511859, 0.509283246653413),
	(6, 416, 0.549693742788462, 0.548076923076923, 0.00161681971153838, 0.500029352952465, 0.595244706242064),
	(7, 474, 0.653047335443038, 0.694092827004219, -0.0410454915611813, 0.651187830363671, 0.73387712497551),
	(8, 514, 0.751495667315175, 0.729571984435798, 0.0219236828793775, 0.689574199744126, 0.766163740855405),
	(9, 801, 0.854713443196005, 0.85518102372035, -0.000467580524344591, 0.829113951943574, 0.87785758110063),
	(10, 7539, 0.986662157447937, 0.986470354158376, 0.000191803289560921, 0.983603707779978, 0.988841496065896)) e(bin, n, mean_confidence, accuracy, gap, ci_low, ci_high)
	FULL JOIN (SELECT b.* FROM (SELECT fma_reliability(confidence, correct) AS r FROM seen WHERE model = 'v1') s, fma_bins(r) b
		WHERE n > 0) b USING (bin)
	WHERE (e.n = b.n AND pg_temp.near(e.mean_confidence, b.mean_confidence) AND pg_temp.near(e.accuracy, b.accuracy)
		AND pg_temp.near(e.gap, b.gap) AND pg_temp.near(e.ci_low, b.ci_low) AND pg_temp.near(e.ci_high, b.ci_high)) IS NOT TRUE;
SELECT is(count(*), 2::bigint, 'empty bins are rows with n = 0 and NULLs')
	FROM (SELECT fma_reliability(confidence, correct) AS r FROM seen WHERE model = 'v1') s, fma_bins(r)
	WHERE n = 0 AND num_nulls(mean_confidence, accuracy, gap, ci_low, ci_high) = 5 AND num_nulls(bin, low, high) = 0;
SELECT ok(bool_and(a.ci_low < b.ci_low AND a.ci_high > b.ci_high), 'a higher confidence_level makes wider intervals')
	FROM (SELECT fma_reliability(confidence, correct) AS r FROM seen) s, fma_bins(r, 0.99) a JOIN fma_bins(r) b USING (bin);

-- Every value on an edge or a bit beside it lies in the bin whose edges say so
CREATE TEMP TABLE edges AS
	SELECT bins, p FROM (VALUES (1), (2), (3), (7), (10), (15), (49), (100), (997), (1000)) v(bins), generate_series(0, bins) k,
		LATERAL (VALUES (k::float8 / bins), ((k::numeric / bins)::float8), (k * (1::float8 / bins)),
			(k::float8 / bins * (1 - 2::float8 ^ -53)), (k::float8 / bins * (1 + 2::float8 ^ -52))) e(p)
	WHERE p <= 1;
SELECT is(string_agg(format('%s %s %s', e.bins, p, b.bin), ' '), NULL, 'bins hold [low, high), and 1 the last')
	FROM (SELECT bins, p, fma_reliability(p, true, bins) AS r FROM edges GROUP BY bins, p) e,
		fma_bins(r) b
	WHERE n = 1 AND NOT (low <= p AND (p < high OR p = 1 AND bin = bins));
SELECT is(sum(n), (SELECT count(*) FROM edges)::numeric, 'no row is lost on an edge')
	FROM (SELECT fma_reliability(p, true, bins) AS r FROM edges GROUP BY bins) e, fma_bins(r);
SELECT is(array_agg(bin ORDER BY p), '{30,58,100}', '0.29, 0.57 and 1 with 100 bins')
	FROM (SELECT p, fma_reliability(p, true, 100) AS r FROM (VALUES (0.29::float8), (0.57), (1)) v(p) GROUP BY p) s, fma_bins(r)
	WHERE n = 1;
SELECT is(array_agg(bin ORDER BY p), '{1,2,3,4,5,6,7,8,9,10,10}', 'multiples of 0.1 with 10 bins')
	FROM (SELECT p, fma_reliability(p::float8, true) AS r FROM generate_series(0, 1, 0.1) p GROUP BY p) s, fma_bins(r)
	WHERE n = 1;
SELECT is(fma_reliability('-0'::float8, true), fma_reliability(0::float8, true), '-0 is 0');

-- Extremes
SELECT ok(pg_temp.near(fma_confidence_log_loss(fma_reliability(1.0, false)), 36.04365338911715, 1e-13),
	'log loss of certainty that was wrong is clipped');
SELECT ok(pg_temp.near(fma_confidence_log_loss(fma_reliability(0.0, true)), 36.04365338911715, 1e-13),
	'log loss of impossibility that came true is clipped');
SELECT ok(pg_temp.near(fma_confidence_log_loss(fma_reliability(1.0, true)), 2.220446049250313e-16, 1e-17),
	'log loss of certainty that was right');
SELECT ok(bool_and(pg_temp.near(fma_confidence_log_loss(r) / -ln(p), 1, 1e-15)), 'log loss of one row, over the whole range')
	FROM (SELECT p, fma_reliability(p, true) AS r FROM (SELECT 2::float8 ^ -(k / 40.0) AS p FROM generate_series(1, 2000) k) v
		GROUP BY p) s WHERE p > 2.3e-16;
SELECT is(fma_ece_if_calibrated(fma_reliability(1.0, true)), (0::float8, 1::float8), 'certainty that was right: nothing to expect');
SELECT is(fma_ece_if_calibrated(fma_reliability(1.0, false)), (0::float8, 1e-12::float8), 'certainty that was wrong: p at its least');
SELECT ok((SELECT p_value FROM fma_ece_if_calibrated(fma_reliability(0.9, i % 2 = 0))) = 1e-12, 'half right at 0.9: p at its least')
	FROM generate_series(1, 100000) i;

-- Nothing
CREATE TEMP TABLE nothing AS SELECT fma_reliability(confidence, correct) AS r FROM seen WHERE false;
SELECT is(r::text, '{}', 'no rows: the empty value') FROM nothing;
SELECT is(num_nulls(fma_ece(r), fma_mce(r), fma_ece_debiased(r), fma_calibration_error(r, 'l2'), fma_confidence_log_loss(r)), 5,
	'nothing is known of no rows') FROM nothing;
SELECT ok((fma_ece_if_calibrated(r)) IS NULL AND fma_confidence_brier(r) IS NULL, 'rows of NULLs of no rows') FROM nothing;
SELECT is_empty('SELECT fma_bins(r) FROM nothing', 'no bins of no rows');
SELECT is(fma_ece(confidence, correct), NULL, 'fma_ece of no rows') FROM seen WHERE false;
SELECT is(fma_classwise_ece(probabilities, pg_temp.labels(), truth), NULL, 'classwise ECE of no rows') FROM probable WHERE false;
SELECT is(fma_reliability(NULL::float8, true)::text, '{}', 'a NULL confidence is left out');
SELECT is(fma_reliability(0.5, NULL::boolean, 10)::text, '{}', 'a NULL outcome is left out');
SELECT is(fma_ece(c, y), 0.4::float8, 'rows with a NULL are left out')
	FROM (VALUES (0.6::float8, true), (NULL, false), (0.1, NULL)) v(c, y);
SELECT is((SELECT fma_reliability(confidence, correct) FILTER (WHERE false) + fma_reliability(confidence, correct) FROM seen),
	(SELECT fma_reliability(confidence, correct) FROM seen), 'the empty value + r = r');
SELECT is((SELECT fma_reliability(confidence, correct, 20) + r FROM seen, nothing GROUP BY r),
	(SELECT fma_reliability(confidence, correct, 20) FROM seen), 'r + the empty value = r, whatever the bins');

-- The same bytes from every plan.  "whole" is one process over all rows.
CREATE TABLE whole AS SELECT fma_reliability(confidence, correct) AS r, fma_reliability(confidence, correct, 1000) AS r1000,
	fma_ece(confidence, correct) AS ece FROM seen;

CREATE FUNCTION pg_temp.plan_has(query text, pattern text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
	RETURN plan::text ~ pattern;
END $$;

SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 4;
SELECT ok(pg_temp.plan_has('SELECT fma_reliability(confidence, correct), fma_ece(confidence, correct, 10) FROM seen', '"Gather".*"Partial Mode": "Partial"'),
	'parallel plan');
CREATE TEMP TABLE in_parallel AS SELECT fma_reliability(confidence, correct) AS r, fma_reliability(confidence, correct, 1000) AS r1000,
	fma_ece(confidence, correct) AS ece FROM seen;
SELECT ok(p.r = w.r AND p.r1000 = w.r1000 AND p.ece = w.ece, 'parallel: values of 1000 bins, too') FROM in_parallel p, whole w;
SELECT ok(pg_temp.plan_has('SELECT fma_classwise_ece(probabilities, ''{a,b}'', truth) FROM probable', '"Partial Mode": "Partial"'),
	'parallel plan of the classwise error');
CREATE TEMP TABLE classwise_parallel AS SELECT fma_classwise_ece(probabilities, pg_temp.labels(), truth) AS ece FROM probable;
SET LOCAL max_parallel_workers_per_gather = 0;

CREATE TABLE parts (LIKE seen) PARTITION BY LIST (model);
CREATE TABLE parts_v1 PARTITION OF parts FOR VALUES IN ('v1');
CREATE TABLE parts_v2 PARTITION OF parts FOR VALUES IN ('v2');
INSERT INTO parts SELECT * FROM seen;
SET LOCAL enable_partitionwise_aggregate = on;
SELECT ok(pg_temp.plan_has('SELECT fma_reliability(confidence, correct) FROM parts', '"Append".*"Partial Mode": "Partial"'), 'partitionwise plan');
SELECT is((SELECT fma_reliability(confidence, correct) FROM parts), r, 'partitionwise') FROM whole;
RESET enable_partitionwise_aggregate;

SELECT is((SELECT fma_rollup(part) FROM (SELECT fma_reliability(confidence, correct) AS part FROM seen GROUP BY id % 97) s), r, 'rollup of groups')
	FROM whole;
SELECT is((SELECT fma_reliability(confidence, correct) FROM seen WHERE id % 3 = 0) + (SELECT fma_reliability(confidence, correct) FROM seen WHERE id % 3 <> 0),
	r, 'sum of two halves') FROM whole;
SELECT is((SELECT fma_reliability(confidence, correct) FROM (SELECT * FROM seen ORDER BY confidence DESC) s), r, 'order of the rows') FROM whole;

SELECT is(fma_coarsen(fma_reliability(confidence, correct, 100), bins), fma_reliability(confidence, correct, bins), 'coarsened to ' || bins)
	FROM seen, (VALUES (10), (25)) v(bins) GROUP BY bins ORDER BY bins;
SELECT ok(bool_and(fma_coarsen(fine, bins) = coarse), 'coarsened, with confidences on the edges and next to them')
FROM (SELECT bins, fma_reliability(p, correct, bins * k) AS fine, fma_reliability(p, correct, bins) AS coarse
	FROM generate_series(1, 40) AS bins, generate_series(2, 25, 7) AS k, generate_series(0, bins * k) AS i,
		(VALUES (0), (2::float8 ^ -53), (-2::float8 ^ -53)) AS d(nudge), (VALUES (true), (false)) AS c(correct),
		LATERAL (SELECT least(greatest(i::float8 / (bins * k) + nudge, 0), 1) AS p) AS p
	GROUP BY bins, k) AS s;
CREATE TABLE stored AS SELECT id % 7 AS part, fma_reliability(confidence, correct, 1000) AS r FROM seen GROUP BY 1;
SELECT is((SELECT fma_rollup(r) FROM stored), r1000, 'rollup of stored, compressed values') FROM whole;
SELECT is((SELECT fma_rollup(r) FROM (SELECT r FROM stored UNION ALL SELECT r FROM nothing) s), r1000, 'rollup with an empty value among them') FROM whole;

-- Windows
CREATE TEMP TABLE running AS
	SELECT id, fma_reliability(confidence, correct) OVER (ORDER BY id) AS r,
		fma_reliability(confidence, correct) OVER (ORDER BY id ROWS BETWEEN 20 PRECEDING AND 5 FOLLOWING) AS moving,
		fma_ece(confidence, correct, 5) OVER (ORDER BY id ROWS BETWEEN 20 PRECEDING AND CURRENT ROW) AS ece
	FROM seen WHERE model = 'v1' AND id < 300;
SELECT is(count(*), 300::bigint, 'running window') FROM running w
	WHERE r = (SELECT fma_reliability(confidence, correct) FROM seen WHERE model = 'v1' AND seen.id <= w.id);
SELECT is(count(*), 300::bigint, 'moving window') FROM running w
	WHERE moving = (SELECT fma_reliability(confidence, correct) FROM seen
		WHERE model = 'v1' AND seen.id BETWEEN w.id - 20 AND least(w.id + 5, 299));
SELECT is(count(*), 300::bigint, 'moving window of fma_ece') FROM running w
	WHERE ece = (SELECT fma_ece(confidence, correct, 5) FROM seen WHERE model = 'v1' AND seen.id BETWEEN w.id - 20 AND w.id);

-- A transition called by hand leaves its argument alone
SELECT is((SELECT fma_reliability_add(r, 0.5, true)) = r, false, 'a transition by hand adds a row') FROM whole;
SELECT is((SELECT fma_reliability(confidence, correct) FROM seen), r, 'and leaves the stored value as it was') FROM whole;

-- Text and binary forms
SELECT is(r::text::fma_reliability, r, 'text round trip') FROM whole;
SELECT is(r1000::text::fma_reliability, r1000, 'text round trip, 1000 bins') FROM whole;
SELECT ok(r::text::jsonb ?& '{bins,n,correct,confidence,confidence_squared,confidence_when_correct,log_loss}', 'the text is JSON') FROM whole;

-- What a client would do with COPY (FORMAT binary); a bytea has the envelope of any value
CREATE TABLE bytes (b bytea);
CREATE TABLE received (r fma_reliability);
CREATE FUNCTION pg_temp.receive(b bytea) RETURNS fma_reliability LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/fma_test_calibration';
	result fma_reliability;
BEGIN
	DELETE FROM bytes;
	DELETE FROM received;
	INSERT INTO bytes VALUES (b);
	EXECUTE format('COPY bytes TO %L (FORMAT binary)', file);
	EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
	SELECT r INTO STRICT result FROM received;
	RETURN result;
END $$;
SELECT is(pg_temp.receive(fma_reliability_send(r)), r, 'binary round trip') FROM whole;
SELECT is(pg_temp.receive(fma_reliability_send(r1000)), r1000, 'binary round trip, 1000 bins') FROM whole;
SELECT is(pg_temp.receive(fma_reliability_send(r)), r, 'binary round trip of the empty value') FROM nothing;

-- As Citus does: states leave workers as text and are added by the coordinator
CREATE AGGREGATE pg_temp.ece_state(float8, boolean) (SFUNC = fma_ece_add, STYPE = fma_reliability, INITCOND = '{}');
CREATE AGGREGATE pg_temp.classwise_state(float8[], text[], text) (SFUNC = fma_classwise_ece_add, STYPE = fma_reliability, INITCOND = '{}');
CREATE AGGREGATE pg_temp.classwise_state(float8[], text[], text, int) (SFUNC = fma_classwise_ece_add, STYPE = fma_reliability, INITCOND = '{}');
SELECT is((SELECT fma_rollup(part::text::fma_reliability) FROM (SELECT fma_reliability(confidence, correct) AS part FROM seen GROUP BY id % 5) s), r,
	'out, in, combine: fma_reliability') FROM whole;
SELECT is((SELECT fma_ece(fma_rollup(part::text::fma_reliability)) FROM (SELECT pg_temp.ece_state(confidence, correct) AS part FROM seen GROUP BY id % 5) s), ece,
	'out, in, combine: fma_ece') FROM whole;
CREATE TEMP TABLE classwise AS SELECT pg_temp.classwise_state(probabilities, pg_temp.labels(), truth) AS state FROM probable;
SELECT is((SELECT fma_rollup(part::text::fma_reliability) FROM (SELECT pg_temp.classwise_state(probabilities, pg_temp.labels(), truth) AS part
	FROM probable GROUP BY truth) s), state, 'out, in, combine: fma_classwise_ece') FROM classwise;
SELECT is(pg_temp.receive(fma_reliability_send(state)), state, 'binary round trip of a classwise state') FROM classwise;

-- Layouts written by release 1.0 are read forever
CREATE TEMP TABLE frozen AS SELECT fma_reliability(c, y, 2) AS r, pg_temp.ece_state(c, y) AS gaps,
	pg_temp.classwise_state(ARRAY[c, 1 - c], '{a,b}', CASE WHEN y THEN 'a' ELSE 'b' END, 2) AS classes
	FROM (VALUES (0.25::float8, false), (0.5, true), (0.5, false), (1, true)) v(c, y);
SELECT is(r::text, '{"bins": 2, "n": [1, 3], "correct": [0, 2], "confidence": [1152921504606846976, 9223372036854775808], "confidence_squared": [288230376151711744, 6917529027641081856], "confidence_when_correct": [0, 6917529027641081856], "log_loss": 120622714279365960}', 'frozen text') FROM frozen;
SELECT is(encode(fma_reliability_send(r), 'hex'), '0102000000000000000200000000000000010000000000000001000000000000000300000000000000000000000000000002000000000000000010000000000000000000000000000000800000000000000000000000000000000400000000000000000000000000000060000000000000000000000000000000000000000000000000000000000000006000000000000000000000000000000001ac89b834770d48', 'frozen bytes') FROM frozen;
SELECT is(r::text::fma_reliability, r, 'frozen text is read') FROM frozen;
SELECT is(pg_temp.receive(decode('0102000000000000000200000000000000010000000000000001000000000000000300000000000000000000000000000002000000000000000010000000000000000000000000000000800000000000000000000000000000000400000000000000000000000000000060000000000000000000000000000000000000000000000000000000000000006000000000000000000000000000000001ac89b834770d48', 'hex')), r, 'frozen bytes are read') FROM frozen;
SELECT is(gaps::text, '{"bins": 10, "n": [0, 0, 1, 0, 0, 2, 0, 0, 0, 1], "correct": [0, 0, 0, 0, 0, 1, 0, 0, 0, 1], "confidence": [0, 0, 1152921504606846976, 0, 0, 4611686018427387904, 0, 0, 0, 4611686018427387904]}', 'frozen text of fma_ece') FROM frozen;
SELECT is(classes::text, '{"bins": 2, "classes": 2, "labels_hash": 2087329992, "n": [1, 3, 1, 3], "correct": [0, 2, 0, 2], "confidence": [1152921504606846976, 9223372036854775808, 0, 8070450532247928832]}', 'frozen text of fma_classwise_ece') FROM frozen;
SELECT is(classes::text::fma_reliability, classes, 'frozen text of fma_classwise_ece is read') FROM frozen;
SELECT is(encode(fma_reliability_send(classes), 'hex'), '010100000000000000020000000000000002000000007c6a20c80000000000000001000000000000000300000000000000010000000000000003000000000000000000000000000000020000000000000000000000000000000200000000000000001000000000000000000000000000000080000000000000000000000000000000000000000000000000000000000000007000000000000000', 'frozen bytes of fma_classwise_ece') FROM frozen;
SELECT is(pg_temp.receive(decode('010100000000000000020000000000000002000000007c6a20c80000000000000001000000000000000300000000000000010000000000000003000000000000000000000000000000020000000000000000000000000000000200000000000000001000000000000000000000000000000080000000000000000000000000000000000000000000000000000000000000007000000000000000', 'hex')), classes, 'frozen bytes of fma_classwise_ece are read') FROM frozen;

-- Hash and equality agree
SELECT is(fma_reliability_hash(a), fma_reliability_hash(b), 'equal values have equal hashes')
	FROM (SELECT r AS a, r::text::fma_reliability AS b FROM whole) s;
SELECT is(count(*), 2::bigint, 'GROUP BY a value') FROM (
	SELECT r FROM (SELECT fma_reliability(confidence, correct) AS r FROM seen GROUP BY model UNION ALL
		SELECT fma_reliability(confidence, correct) AS r FROM seen GROUP BY model) s GROUP BY r) g;
SELECT ok(r <> r1000 AND NOT r <> r, 'different values differ') FROM whole;

-- Classwise
SELECT is(string_agg(format('%s: %s %s', bins, ece, got), E'\n'), NULL, 'classwise ECE')
	FROM (VALUES
	(10, 0.012081679),
	(15, 0.013434629)) e(bins, ece),
	LATERAL (SELECT fma_classwise_ece(probabilities, pg_temp.labels(), truth, bins) AS got FROM probable) s
	WHERE pg_temp.near(ece, got) IS NOT TRUE;
SELECT is(fma_classwise_ece(probabilities, pg_temp.labels(), truth), (SELECT ece FROM classwise_parallel), 'classwise ECE in parallel') FROM probable;
SELECT is(fma_classwise_ece(probabilities, pg_temp.labels(), truth), fma_classwise_ece(probabilities, pg_temp.labels(), truth, 10),
	'classwise ECE has 10 bins') FROM probable;
SELECT ok(pg_temp.near(fma_classwise_ece(probabilities, pg_temp.labels(), truth), (
	SELECT avg(ece) FROM (SELECT fma_ece(probabilities[k], truth = label) AS ece
		FROM probable, unnest(pg_temp.labels()) WITH ORDINALITY l(label, k) GROUP BY k) s)), 'classwise ECE is the mean of the classes'' ECE') FROM probable;
SELECT is(fma_classwise_ece(p, '{a,b}', t), 0.25::float8, 'classwise ECE leaves out rows with a NULL')
	FROM (VALUES ('{0.75,0.25}'::float8[], 'a'), (NULL, 'a'), ('{1,0}', NULL)) v(p, t);

-- Hostile bytes
CREATE TEMP TABLE hostile (name, bytes, message) AS VALUES
	('nothing', '', '%no data left in message%'),
	('version 2', '0202', 'unknown version 2 of the binary form of type fma_reliability'),
	('version 0', '0002', 'unknown version 0 of the binary form of type fma_reliability'),
	('kind 3', '0103', 'invalid binary form of type fma_reliability'),
	('bytes after the empty value', '010000', 'invalid binary form of type fma_reliability'),
	('no bins', '0102' || repeat('00', 8) || repeat('00', 7) || '01', 'invalid binary form of type fma_reliability'),
	('2^62 bins', '010240' || repeat('00', 14) || '01', 'invalid binary form of type fma_reliability'),
	('2^62 classes', '0101' || repeat('00', 7) || '0a40' || repeat('00', 7), 'invalid binary form of type fma_reliability');
INSERT INTO hostile SELECT 'truncated at ' || i, encode(substr(fma_reliability_send(r), 1, i), 'hex'), '%insufficient data left in message%'
	FROM frozen, generate_series(3, length(fma_reliability_send(r)) - 1, 7) i;
SELECT throws_like(format('SELECT pg_temp.receive(decode(%L, ''hex''))', bytes), message, 'recv: ' || name) FROM hostile;
-- Whichever byte is changed, the value is refused or harmless
CREATE FUNCTION pg_temp.survives(b bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	r fma_reliability;
BEGIN
	r := pg_temp.receive(b);
	IF r::text::fma_reliability <> r OR fma_classwise_ece_final(r + r) = 'NaN' THEN
		RETURN 'harmful';
	END IF;
	IF r::text LIKE '%classes%' THEN
		RETURN 'read';
	END IF;
	IF (SELECT concat_ws(' ', fma_ece(r), fma_mce(r), fma_ece_debiased(r), fma_calibration_error(r, 'mean'), fma_confidence_log_loss(r),
			fma_ece_if_calibrated(r), fma_confidence_brier(r), string_agg(line::text, ' ')) FROM fma_bins(r) AS line) ~* 'nan|infinity' THEN
		RETURN 'harmful';
	END IF;
	RETURN 'read';
EXCEPTION WHEN invalid_binary_representation OR invalid_parameter_value OR protocol_violation OR numeric_value_out_of_range THEN
	RETURN 'refused';
END $$;
SELECT ok(bool_and(outcome IN ('read', 'refused')) AND count(DISTINCT outcome) = 2, 'recv: every byte changed')
	FROM (SELECT pg_temp.survives(set_byte(bytes, i, get_byte(bytes, i) # x)) AS outcome
		FROM frozen, LATERAL (VALUES (fma_reliability_send(r)), (fma_reliability_send(classes))) v(bytes),
			generate_series(0, length(bytes) - 1) i, unnest('{1,128}'::int[]) x) s;

SELECT * FROM finish();
ROLLBACK;
