-- fma_failures: figures against an oracle, every way of aggregating, hostile bytes.
BEGIN;
SELECT no_plan();

CREATE FUNCTION pg_temp.near(got float8, want float8, relative float8 DEFAULT 1e-12) RETURNS boolean
	LANGUAGE sql IMMUTABLE AS 'SELECT coalesce(got = want OR abs(got - want) <= relative * abs(want), false)';

-- Figures: see test/oracle/failure.py

CREATE TEMP TABLE interval_figure (k bigint, n bigint, method text, level float8, low float8, high float8);
INSERT INTO interval_figure VALUES
	(0, 1, 'wilson', 0.95, 0.0, 0.7934506856227626),
	(0, 1, 'wilson', 0.8, 0.0, 0.6215524967746472),
	(0, 1, 'jeffreys', 0.95, 0, 0.8532536836904248),
	(0, 1, 'jeffreys', 0.8, 0, 0.6486428019743725),
	(0, 1, 'clopper-pearson', 0.95, 0, 0.975),
	(0, 1, 'clopper-pearson', 0.8, 0, 0.9),
	(1, 1, 'wilson', 0.95, 0.20654931437723745, 1.0),
	(1, 1, 'wilson', 0.8, 0.3784475032253528, 1.0),
	(1, 1, 'jeffreys', 0.95, 0.1467463163095752, 1),
	(1, 1, 'jeffreys', 0.8, 0.35135719802562754, 1),
	(1, 1, 'clopper-pearson', 0.95, 0.025000000000000022, 1),
	(1, 1, 'clopper-pearson', 0.8, 0.09999999999999998, 1),
	(0, 20, 'wilson', 0.95, 0.0, 0.16112515805281932),
	(0, 20, 'wilson', 0.8, 0.0, 0.07588697911076443),
	(0, 20, 'jeffreys', 0.95, 0, 0.1166389829048754),
	(0, 20, 'jeffreys', 0.8, 0, 0.06461200279283401),
	(0, 20, 'clopper-pearson', 0.95, 0, 0.1684334709830853),
	(0, 20, 'clopper-pearson', 0.8, 0, 0.10874906186625448),
	(3, 12, 'wilson', 0.95, 0.08894166839405476, 0.5323053349335657),
	(3, 12, 'wilson', 0.8, 0.12686989816320599, 0.43332396417962654),
	(3, 12, 'jeffreys', 0.95, 0.07594232891948485, 0.5291910836265507),
	(3, 12, 'jeffreys', 0.8, 0.1240814537442761, 0.43124232839514964),
	(3, 12, 'clopper-pearson', 0.95, 0.05486064452799275, 0.5718584618781891),
	(3, 12, 'clopper-pearson', 0.8, 0.09565290556860402, 0.4752662990255387),
	(20, 20, 'wilson', 0.95, 0.8388748419471806, 1.0),
	(20, 20, 'wilson', 0.8, 0.9241130208892355, 1.0),
	(20, 20, 'jeffreys', 0.95, 0.8833610170951246, 1),
	(20, 20, 'jeffreys', 0.8, 0.935387997207166, 1),
	(20, 20, 'clopper-pearson', 0.95, 0.8315665290169147, 1),
	(20, 20, 'clopper-pearson', 0.8, 0.8912509381337456, 1),
	(7, 100, 'wilson', 0.95, 0.03431926106727268, 0.137495147390735),
	(7, 100, 'wilson', 0.8, 0.043779052020856656, 0.11011714043977833),
	(7, 100, 'jeffreys', 0.95, 0.03185495906919643, 0.1325092239645523),
	(7, 100, 'jeffreys', 0.8, 0.043223654254381426, 0.10894394388922246),
	(7, 100, 'clopper-pearson', 0.95, 0.028605288907438697, 0.13891972845585732),
	(7, 100, 'clopper-pearson', 0.8, 0.03936901341262836, 0.1149028166355525),
	(984, 9950, 'wilson', 0.95, 0.09318278699360666, 0.10491575284935292),
	(984, 9950, 'wilson', 0.8, 0.09512512270806851, 0.10279621532945357),
	(984, 9950, 'jeffreys', 0.95, 0.09314557549565357, 0.10487667453696964),
	(984, 9950, 'jeffreys', 0.8, 0.09511672429668923, 0.10278736138727093),
	(984, 9950, 'clopper-pearson', 0.95, 0.09309666527982663, 0.10492823714437698),
	(984, 9950, 'clopper-pearson', 0.8, 0.09506734768694662, 0.10283847256060608),
	(1, 1000000, 'wilson', 0.95, 1.7652457674537152e-07, 5.664911804311441e-06),
	(1, 1000000, 'wilson', 0.8, 2.991087936626332e-07, 3.3432596393544588e-06),
	(1, 1000000, 'jeffreys', 0.95, 1.0789766246541874e-07, 4.674192046729828e-06),
	(1, 1000000, 'jeffreys', 0.8, 2.9218721743773026e-07, 3.1256902120294726e-06),
	(1, 1000000, 'clopper-pearson', 0.95, 2.53178076637942e-08, 5.571630655172243e-06),
	(1, 1000000, 'clopper-pearson', 0.8, 1.0536051010740735e-07, 3.889714549770347e-06),
	(45000, 100000, 'wilson', 0.95, 0.44691853792667374, 0.4530853033845845),
	(45000, 100000, 'wilson', 0.8, 0.4479846836306886, 0.452016958716753),
	(45000, 100000, 'jeffreys', 0.95, 0.4469180428941966, 0.45308485136485555),
	(45000, 100000, 'jeffreys', 0.8, 0.4479845734226877, 0.4520168548145263),
	(45000, 100000, 'clopper-pearson', 0.95, 0.44691304615357574, 0.45308985433449417),
	(45000, 100000, 'clopper-pearson', 0.8, 0.44797957553069156, 0.4520218567795007);
SELECT ok(pg_temp.near(i.low, f.low) AND pg_temp.near(i.high, f.high),
		format('%s interval at %s of %s of %s', method, level, k, n))
	FROM interval_figure AS f,
		fma_failure_interval(format('{"n": %s, "failures": %s}', n, k)::fma_failures, method, level) AS i;
SELECT is(fma_failure_interval('{"n": 12, "failures": 3}'),
	fma_failure_interval('{"n": 12, "failures": 3}', 'wilson', 0.95), 'the default is Wilson at 0.95');

CREATE TEMP TABLE test_figure (k1 bigint, n1 bigint, k2 bigint, n2 bigint, alternative text, exact float8, normal float8);
INSERT INTO test_figure VALUES
	(16, 50, 984, 9950, 'two-sided', 1.641637392683687e-05, 2.0094400820566932e-07),
	(16, 50, 984, 9950, 'greater', 1.641637392683687e-05, 1.0047200410283466e-07),
	(16, 50, 984, 9950, 'less', 0.9999964760236921, 0.999999899527996),
	(5, 50, 984, 9950, 'two-sided', 0.9999999999999998, 0.979161225029033),
	(5, 50, 984, 9950, 'greater', 0.5589720338685826, 0.4895806125145165),
	(5, 50, 984, 9950, 'less', 0.6263581237789073, 0.5104193874854834),
	(2, 100, 984, 9900, 'two-sided', 0.0037121678407956173, 0.008054725936925475),
	(2, 100, 984, 9900, 'greater', 0.9996456584730679, 0.9959726370315373),
	(2, 100, 984, 9900, 'less', 0.0021313981970224345, 0.0040273629684627376),
	(3, 7, 5, 9, 'two-sided', 1.0, 0.6142946646634824),
	(3, 7, 5, 9, 'greater', 0.8426573426573426, 0.6928526676682588),
	(3, 7, 5, 9, 'less', 0.5, 0.3071473323317412),
	(60, 100, 45, 95, 'two-sided', 0.08592234025973465, 0.07696661918514056),
	(60, 100, 45, 95, 'greater', 0.05198965919689534, 0.03848330959257028),
	(60, 100, 45, 95, 'less', 0.9722038682610293, 0.9615166904074297);
CREATE TEMP VIEW tested AS
	SELECT f.*, format('{"n": %s, "failures": %s}', n1, k1)::fma_failures AS slice,
		format('{"n": %s, "failures": %s}', n2, k2)::fma_failures AS rest
	FROM test_figure AS f;
SELECT ok(pg_temp.near(fma_failure_test(slice, rest, alternative, 'exact'), exact, 1e-11),
		format('exact %s test of %s and %s', alternative, slice, rest))
	FROM tested;
SELECT ok(pg_temp.near(fma_failure_test(slice, rest, alternative, 'normal'), normal, 1e-11),
		format('normal %s test of %s and %s', alternative, slice, rest))
	FROM tested;
-- The least count expected is 3.5 for 3 of 7, 4.945 for 5 of 50, and 5 or more for the others.
SELECT is(fma_failure_test(slice, rest, alternative),
		fma_failure_test(slice, rest, alternative, CASE
			WHEN normal < 0.01 OR least(k1 + k2, n1 + n2 - k1 - k2) * least(n1, n2)::float8 / (n1 + n2) < 5
			THEN 'exact' ELSE 'normal' END),
		format('auto chooses for %s of %s and %s', alternative, slice, rest))
	FROM tested;
SELECT is((SELECT count(*) FROM tested WHERE fma_failure_test(slice, rest, alternative)
		= fma_failure_test(slice, rest, alternative, 'normal')), 5::bigint, 'auto is normal sometimes');
SELECT is(fma_failure_test(slice, rest), fma_failure_test(slice, rest, 'two-sided', 'auto'), 'defaults')
	FROM tested WHERE k1 = 16 AND alternative = 'less';
SELECT is(fma_failure_test('{"n": 10, "failures": 0}', '{"n": 90, "failures": 0}'), 1::float8,
	'no failure anywhere says nothing');
SELECT is(fma_failure_test('{"n": 10, "failures": 0}', '{"n": 90, "failures": 0}', 'greater', 'normal'), NULL,
	'the normal test is undefined then');
SELECT is(fma_failure_test('{}', '{"n": 90, "failures": 1}'), NULL, 'no p without rows');
SELECT is(fma_failure_test('{"n": 90, "failures": 1}', '{}', 'less', method), NULL, method || ': no p without a rest')
	FROM unnest(ARRAY['auto', 'exact', 'normal']) AS method;

-- An exact test of 10^18 rows takes seconds, and can be cancelled.
CREATE FUNCTION pg_temp.cancelled_within(query text, seconds float8) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	start timestamptz := clock_timestamp();
BEGIN
	EXECUTE query;
	RETURN false;
EXCEPTION WHEN query_canceled THEN
	RETURN clock_timestamp() - start < make_interval(secs => seconds);
END $$;
SET LOCAL statement_timeout = '50ms';
SELECT ok(pg_temp.cancelled_within($$SELECT fma_failure_test('{"n": 4000000000000000000, "failures": 2000000000000000001}',
	'{"n": 4000000000000000000, "failures": 2000000000000000000}', 'greater', 'exact')$$, 1), 'a cancel is heard');
SET LOCAL statement_timeout = 0;

CREATE TEMP TABLE correction_figure (p float8[], method text, q float8[]);
INSERT INTO correction_figure VALUES
	('{0.01, 0.04, 0.03, 0.5, 0.005, 0.03, 1.0, 0.0, 0.012, 0.9}', 'bh', '{0.03, 0.05714285714285715, 0.049999999999999996, 0.625, 0.025, 0.049999999999999996, 1.0, 0.0, 0.03, 1.0}'),
	('{0.01, 0.04, 0.03, 0.5, 0.005, 0.03, 1.0, 0.0, 0.012, 0.9}', 'by', '{0.08786904761904761, 0.16736961451247165, 0.1464484126984127, 1.0, 0.07322420634920634, 0.1464484126984127, 1.0, 0.0, 0.08786904761904761, 1.0}'),
	('{0.01, 0.04, 0.03, 0.5, 0.005, 0.03, 1.0, 0.0, 0.012, 0.9}', 'holm', '{0.08, 0.18, 0.18, 1.0, 0.045, 0.18, 1.0, 0.0, 0.084, 1.0}'),
	('{0.01, 0.04, 0.03, 0.5, 0.005, 0.03, 1.0, 0.0, 0.012, 0.9}', 'bonferroni', '{0.1, 0.4, 0.3, 1.0, 0.05, 0.3, 1.0, 0.0, 0.12, 1.0}');
SELECT ok(array_length(fma_adjust_p(f.p, method), 1) = 10 AND (SELECT bool_and(pg_temp.near(got, want))
		FROM unnest(fma_adjust_p(f.p, method), q) AS t(got, want)), method)
	FROM correction_figure AS f;
SELECT is(fma_adjust_p('{0.01,0.04,0.03}'), fma_adjust_p('{0.01,0.04,0.03}', 'bh'), 'bh is the default');
SELECT is(fma_adjust_p(array_prepend(NULL, f.p) || NULL::float8, method), array_prepend(NULL, fma_adjust_p(f.p, method)) || NULL::float8,
		method || ' does not count NULLs')
	FROM correction_figure AS f;
SELECT is(fma_adjust_p('{}'), '{}'::float8[], 'nothing to adjust');
SELECT is(fma_adjust_p('{NULL}'), '{NULL}'::float8[], 'nothing but NULL');
SELECT is(fma_adjust_p('[5:6]={0.2,0.1}', 'bonferroni'), '[5:6]={0.4,0.2}'::float8[], 'bounds are kept');
-- ten thousand tests: rising p have rising q, of at least p and at most 1
SELECT ok(bool_and(q >= p AND q <= 1 AND q >= before), method || ' is monotone')
	FROM (SELECT method, p, q, coalesce(lag(q) OVER (PARTITION BY method ORDER BY p), 0) AS before
		FROM (SELECT method, array_agg((i * 7919 % 10007) / 10007.0::float8 ^ 1.5) AS ps
			FROM generate_series(1, 10000) AS i, unnest(ARRAY['bh', 'by', 'holm', 'bonferroni']) AS method
			GROUP BY method) AS a, unnest(ps, fma_adjust_p(ps, method)) AS t(p, q)) AS b
	GROUP BY method;
SELECT results_eq(
	format('SELECT fma_q_value(p, %L) OVER () FROM unnest(%L::float8[]) WITH ORDINALITY AS u(p, i) ORDER BY i', method, f.p || NULL::float8),
	format('SELECT unnest(fma_adjust_p(%L, %L))', f.p || NULL::float8, method),
	'fma_q_value by ' || method)
	FROM correction_figure AS f;
SELECT results_eq(
	$$SELECT g, fma_q_value(p) OVER (PARTITION BY g) FROM (VALUES (1, 0.01), (2, 0.5), (1, 0.03)) AS v(g, p) ORDER BY g, p$$,
	$$VALUES (1, 0.02::float8), (1, 0.03), (2, 0.5)$$, 'fma_q_value counts the p of its partition');

-- The memory that computing a p takes is let go row by row: it was 3.4 kB of each, all kept until the last
CREATE FUNCTION pg_temp.peak_kb() RETURNS int LANGUAGE sql AS
	$$SELECT substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s*(\d+) kB')::int$$;
CREATE TEMP TABLE peak AS SELECT pg_temp.peak_kb() AS before;
SELECT is((SELECT count(q) FROM (SELECT fma_q_value(fma_failure_test(format('{"n": 10, "failures": %s}', i % 5)::fma_failures,
	'{"n": 100, "failures": 10}')) OVER () AS q FROM generate_series(1, 100000) AS i) AS s), 100000::bigint, '100,000 tests at once');
SELECT cmp_ok(pg_temp.peak_kb() - before, '<', 100000, 'take less than 100 MB') FROM peak;

-- Every way to the same value

CREATE TABLE prediction (id int, day int, failed boolean) PARTITION BY LIST (day);
CREATE TABLE prediction_0 PARTITION OF prediction FOR VALUES IN (0);
CREATE TABLE prediction_1 PARTITION OF prediction FOR VALUES IN (1);
CREATE TABLE prediction_2 PARTITION OF prediction FOR VALUES IN (2);
INSERT INTO prediction SELECT i, i % 3, CASE WHEN i % 11 = 0 THEN NULL ELSE i % 7 = 0 END FROM generate_series(1, 20000) AS i;
ANALYZE prediction;
-- 20000 rows, 1818 of them NULL, 2857 divisible by 7, 259 by 77
CREATE FUNCTION pg_temp.expected() RETURNS text LANGUAGE sql AS $$SELECT '{"n": 18182, "failures": 2598}'$$;

CREATE FUNCTION pg_temp.plan_has(query text, path jsonpath) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON, COSTS OFF) ' || query INTO plan;
	RETURN jsonb_path_exists(plan, path);
END $$;

SELECT is((SELECT fma_failures(failed)::text FROM prediction), pg_temp.expected(), 'one process');
SELECT is((SELECT fma_slice_failure_rate(failed) FROM prediction), 2598 / 18182::float8, 'its rate');
SELECT is((SELECT fma_rollup(f)::text FROM (SELECT fma_failures(failed) AS f FROM prediction GROUP BY id % 50) AS g),
	pg_temp.expected(), 'rollup of groups');
SELECT is((SELECT fma_rollup(f)::text FROM (SELECT fma_failures(failed) AS f FROM prediction GROUP BY id) AS g),
	pg_temp.expected(), 'rollup of single rows and of empty values');

SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT ok(pg_temp.plan_has('SELECT fma_failures(failed), fma_slice_failure_rate(failed) FROM prediction',
	'$.** ? (@."Node Type" like_regex "^Gather" && exists(@.** ? (@."Partial Mode" == "Partial")))'), 'the next runs in parallel');
SELECT is((SELECT fma_failures(failed)::text FROM prediction), pg_temp.expected(), 'parallel');
SELECT is((SELECT fma_slice_failure_rate(failed) FROM prediction), 2598 / 18182::float8, 'its rate');
CREATE TABLE stored AS SELECT id, fma_failures(failed) AS f FROM prediction GROUP BY id;
ANALYZE stored;
SELECT ok(pg_temp.plan_has('SELECT fma_rollup(f) FROM stored',
	'$.** ? (@."Node Type" like_regex "^Gather" && exists(@.** ? (@."Partial Mode" == "Partial")))'), 'the next runs in parallel');
SELECT is((SELECT fma_rollup(f)::text FROM stored), pg_temp.expected(), 'parallel rollup of stored values');

SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL enable_partitionwise_aggregate = on;
SELECT ok(pg_temp.plan_has('SELECT fma_failures(failed) FROM prediction',
	'$.** ? (@."Node Type" == "Append" && exists(@.** ? (@."Partial Mode" == "Partial")))'), 'the next runs by partition');
SELECT is((SELECT fma_failures(failed)::text FROM prediction), pg_temp.expected(), 'partitionwise');

SELECT is((SELECT (fma_failures(failed) FILTER (WHERE id < 0))::text FROM prediction), '{"n": 0, "failures": 0}', 'an empty FILTER');
SELECT is((SELECT fma_slice_failure_rate(failed) FILTER (WHERE id < 0) FROM prediction), NULL, 'has no rate');
SELECT is((SELECT (fma_rollup(f) FILTER (WHERE id < 0))::text FROM stored), '{"n": 0, "failures": 0}', 'nor a rollup anything');
SELECT is((SELECT fma_failures(NULL::boolean) FROM prediction)::text, '{"n": 0, "failures": 0}', 'only NULLs');
SELECT is((SELECT fma_failures(failed)::text FROM prediction WHERE false), '{"n": 0, "failures": 0}', 'no rows');

CREATE TEMP VIEW series AS SELECT id, coalesce(failed, false) AS failed FROM prediction WHERE id <= 500;
SELECT ok(count(*) = 500 AND bool_and(r.f::text = format('{"n": %s, "failures": %s}', id, id / 7 - id / 77)
		AND r.rate = fma_failure_rate(r.f)), 'a running window')
	FROM (SELECT id, fma_failures(failed) OVER w AS f, fma_slice_failure_rate(failed) OVER w AS rate
		FROM series WINDOW w AS (ORDER BY id)) AS r;
SELECT ok(count(*) = 500 AND bool_and(r.f = (SELECT fma_failures(failed) FROM series AS s WHERE s.id BETWEEN r.id - 30 AND r.id + 3)
		AND r.rate = (SELECT avg(failed::int)::float8 FROM series AS s WHERE s.id BETWEEN r.id - 30 AND r.id + 3)),
		'a moving window')
	FROM (SELECT id, fma_failures(failed) OVER w AS f, fma_slice_failure_rate(failed) OVER w AS rate
		FROM series WINDOW w AS (ORDER BY id ROWS BETWEEN 30 PRECEDING AND 3 FOLLOWING)) AS r;
SELECT ok(count(*) = 500 AND bool_and(r.f = (SELECT fma_failures(failed) FROM prediction AS p WHERE p.id BETWEEN r.id - 30 AND r.id)),
		'a moving rollup, NULLs among the rows')
	FROM (SELECT id, fma_rollup(f) OVER (ORDER BY id ROWS 30 PRECEDING) AS f FROM stored WHERE id <= 500) AS r;
SELECT is((SELECT array_agg(f::text ORDER BY f::text) FROM (SELECT fma_failures(failed) OVER (ORDER BY id ROWS 1 PRECEDING) AS f
		FROM series WHERE id BETWEEN 6 AND 8) AS r),
	ARRAY['{"n": 1, "failures": 0}', '{"n": 2, "failures": 1}', '{"n": 2, "failures": 1}'], 'window results are kept apart');

SELECT is((SELECT fma_rollup(f::text::fma_failures)::text FROM stored), pg_temp.expected(), 'text round trip');
-- out -> in -> combine, as a distributed plan does
SELECT is((SELECT fma_failures_combine((a.f::text)::fma_failures, (b.f::text)::fma_failures)::text
	FROM (SELECT fma_failures(failed) AS f FROM prediction WHERE day = 0) AS a,
		(SELECT fma_failures(failed) AS f FROM prediction WHERE day > 0) AS b), pg_temp.expected(), 'out, in, combine');
SELECT is((SELECT f + '{}'::fma_failures FROM stored WHERE id = 7), '{"n": 1, "failures": 1}'::fma_failures, 'the empty value adds nothing');
SELECT is('{}'::fma_failures + '{"n": 1, "failures": 1}', '{"n": 1, "failures": 1}'::fma_failures, 'on either side');
SELECT is('{"n": 7, "failures": 2}'::fma_failures - '{"n": 4, "failures": 2}', '{"n": 3, "failures": 0}'::fma_failures, 'difference');
SELECT ok((f + f)::text = '{"n": 2, "failures": 2}' AND f::text = '{"n": 1, "failures": 1}', '+ leaves its arguments alone')
	FROM stored WHERE id = 7;
SELECT ok((SELECT count(*) = 3 FROM (SELECT DISTINCT f FROM stored) AS d), 'hashed: empty, success, failure')
	WHERE set_config('enable_sort', 'off', true) = 'off';
SELECT is((SELECT count(*) FROM stored AS a JOIN (VALUES ('{"n": 1, "failures": 1}'::fma_failures)) AS v(f) USING (f)), 2598::bigint, 'joined by =');
SELECT ok('{"n": 2, "failures": 1}'::fma_failures <> '{"n": 2, "failures": 0}' AND NOT '{}'::fma_failures <> '{}', '<>');

-- Frozen layouts, and bytes from outside

-- The binary form of a bytea is the bytes themselves, so this is what a client's COPY would send.
CREATE TABLE bytes (b bytea);
CREATE TABLE received (f fma_failures);
CREATE FUNCTION pg_temp.receive(b bytea) RETURNS fma_failures LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/fma_test_failure';
	result fma_failures;
BEGIN
	TRUNCATE bytes, received;
	INSERT INTO bytes VALUES (b);
	EXECUTE format('COPY bytes TO %L (FORMAT binary)', file);
	EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
	SELECT f INTO STRICT result FROM received;
	RETURN result;
END $$;

SELECT is(fma_failures_send('{"n": 18182, "failures": 2598}'), '\x0100000000000047060000000000000a26', 'frozen binary form, version 1');
SELECT is(pg_temp.receive('\x0100000000000047060000000000000a26')::text, '{"n": 18182, "failures": 2598}', 'frozen text form');
SELECT is(pg_temp.receive('\x017fffffffffffffff7fffffffffffffff')::text,
	'{"n": 9223372036854775807, "failures": 9223372036854775807}', 'the largest counts');
SELECT is(pg_temp.receive('\x0100000000000000000000000000000000')::text, '{"n": 0, "failures": 0}', 'no rows');
SELECT is(fma_failures_hash('{"n": 18182, "failures": 2598}'), fma_failures_hash(pg_temp.receive('\x0100000000000047060000000000000a26')),
	'equal values hash equally');
SELECT throws_ok(format('SELECT pg_temp.receive(%L)', b), state, message, format('%s is refused', b))
	FROM (VALUES ('\x', '08P01', 'no data left in message'),
		('\x01', '08P01', 'insufficient data left in message'),
		('\x010000000000000001', '08P01', 'insufficient data left in message'),
		('\x01000000000000000100000000000000', '08P01', 'insufficient data left in message'),
		('\x010000000000000001000000000000000000', '22P03', 'invalid binary form of type fma_failures'),
		('\x0100000000000000010000000000000002', '22P03', 'invalid binary form of type fma_failures'),
		('\x0100000000000000018000000000000000', '22P03', 'invalid binary form of type fma_failures'),
		('\x01ffffffffffffffff0000000000000000', '22P03', 'invalid binary form of type fma_failures'),
		('\x0000000000000000010000000000000001', '22P03', 'unknown version 0 of the binary form of type fma_failures'),
		('\x0200000000000000010000000000000001', '22P03', 'unknown version 2 of the binary form of type fma_failures')
	) AS v(b, state, message);

SELECT * FROM finish();
ROLLBACK;
