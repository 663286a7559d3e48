-- fma_regression on real predictions: against exact fractions, in every kind of plan, through text and bytes
BEGIN;
SELECT plan(52);

CREATE TABLE delays (id int PRIMARY KEY, y float8, yhat float8);
\copy delays FROM PROGRAM 'gzip -dc test/data/delays.csv.gz' CSV HEADER
ANALYZE delays;
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TABLE whole AS SELECT fma_regression(y, yhat) AS r FROM delays;

-- figures in exact fractions, by test/oracle/regression.py
CREATE TEMP TABLE oracle (name text, n bigint, mae float8, rmse float8, r2 float8, bias float8);
INSERT INTO oracle VALUES
	('delays', 20000, 15.230661, 25.54534250523958, 0.21587180045775564, 0.411695),
	('delays 0', 6575, 15.328138403041825, 25.971147085913916, 0.21111957366950013, 0.6408684410646388),
	('delays 1', 6737, 15.152107763099302, 25.46622481228222, 0.20214450054548652, 0.18548166839839691),
	('delays 2', 6688, 15.21395933014354, 25.200489713856392, 0.2342358887979334, 0.41426435406698564),
	('1e9 and thousandths', 10000, 0.0002497497797012329, 0.00028845839799692975, 0.0015014694992173908, -0.0002497497797012329),
	('1e15 and units', 10000, 1.0, 1.0, 0.999987999988, 1.0),
	('1e9 and a bit', 10000, 5.960464477539063e-08, 8.429369702178807e-08, -1.0, -5.960464477539063e-08),
	('outlier first', 10000, 2.1426, 2.6457513110645907, 0.99999999999993, -0.9998),
	('tiny and huge', 10000, 1.8444444444444444e+27, 1.2949006435891814e+28, -0.013768823843842736, 1.509090909090909e+27);
CREATE TEMP VIEW sets AS
	SELECT 'delays' AS name, id AS i, y, yhat FROM delays
	UNION ALL SELECT 'delays ' || id % 3, id, y, yhat FROM delays
	UNION ALL SELECT name, i, y, yhat FROM (SELECT i, i * 7919 % 1000 AS v FROM generate_series(1, 10000) AS i) AS q,
		LATERAL (VALUES
			('1e9 and thousandths', 1e9::float8 + v::float8 / 1e6, 1e9::float8 + v::float8 / 2e6),
			('1e15 and units', 1e15::float8 + v, 1e15::float8 + v + 1),
			('1e9 and a bit', 1e9::float8 + i % 2 * 2::float8 ^ -23, 1e9),
			('outlier first', CASE i WHEN 1 THEN 0 ELSE 1e9 + i % 7 END, CASE i WHEN 1 THEN 0 ELSE 1e9 + i % 5 END),
			('tiny and huge', (1 - 2 * (i % 2)) * 10::float8 ^ (i % 60 - 30), 0)) AS s (name, y, yhat);

-- relative difference at most 1e-12
CREATE FUNCTION pg_temp.close(have float8, want float8) RETURNS boolean LANGUAGE sql
RETURN abs(have - want) <= 1e-12 * abs(want);
SELECT is(format('n %s, %s %s %s %s', m.n, pg_temp.close(m.mae, o.mae), pg_temp.close(m.rmse, o.rmse),
	pg_temp.close(m.r2, o.r2), pg_temp.close(m.bias, o.bias)), format('n %s, t t t t', o.n), 'metrics of ' || name)
	FROM (SELECT name, (fma_regression_metrics(fma_regression(y, yhat))).* FROM sets GROUP BY name) AS m JOIN oracle AS o USING (name) ORDER BY name;
-- the same rows backwards, and merged from many groups
SELECT is(m, b, 'order of rows and groups: ' || name)
	FROM (SELECT name, fma_regression_metrics(fma_regression(y, yhat)) AS m FROM sets GROUP BY name) AS m
	JOIN (SELECT name, fma_regression_metrics(fma_rollup(r)) AS b
		FROM (SELECT name, fma_regression(y, yhat ORDER BY i DESC) AS r FROM sets GROUP BY name, i % 97) AS q GROUP BY name) AS b USING (name)
	ORDER BY name;

-- Every plan gives the same bytes
CREATE FUNCTION pg_temp.plan_has(query text, pattern text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON, COSTS OFF) ' || query INTO plan;
	RETURN plan::text ~ pattern;
END
$$;
SET LOCAL max_parallel_workers_per_gather = 4;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT ok(pg_temp.plan_has('SELECT fma_regression(y, yhat) FROM delays', '"Gather".*"Partial Mode": "Partial"'), 'parallel plan');
SELECT is((SELECT fma_regression(y, yhat) FROM delays), r, 'parallel') FROM whole;
SET LOCAL max_parallel_workers_per_gather = 0;

CREATE TABLE parts (LIKE delays) PARTITION BY HASH (id);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT * FROM delays;
SET LOCAL enable_partitionwise_aggregate = on;
SELECT ok(pg_temp.plan_has('SELECT fma_regression(y, yhat) FROM parts', '"Append".*"Partial Mode": "Partial"'), 'partitionwise plan');
SELECT is((SELECT fma_regression(y, yhat) FROM parts), r, 'partitionwise') FROM whole;
RESET enable_partitionwise_aggregate;

CREATE TABLE stored AS SELECT id % 97 AS part, fma_regression(y, yhat) AS r FROM delays GROUP BY 1;
SELECT is((SELECT fma_rollup(r) FROM stored), r, 'rollup of stored values') FROM whole;
SELECT is((SELECT fma_rollup(r) FROM stored WHERE part < 50) + (SELECT fma_rollup(r) FROM stored WHERE part >= 50), r, 'sum') FROM whole;
SELECT is((SELECT fma_rollup(r::text::fma_regression) FROM stored), r, 'out, in, combine') FROM whole;
SELECT is(a.r + b.r, b.r + a.r, 'a + b = b + a') FROM stored AS a, stored AS b WHERE a.part = 1 AND b.part = 2;
SELECT is((SELECT fma_regression(y, yhat) FILTER (WHERE y > 1e9) FROM delays)::text, '{}', 'an empty FILTER');
SELECT ok(r + '{}' = r AND '{}' + r = r, 'the empty value adds nothing') FROM whole;
SELECT is((SELECT fma_rollup(r) FROM stored WHERE false)::text, '{}', 'rollup of no values');
SELECT ok((SELECT bool_and(fma_regression_add(r, 1, 2) <> r) FROM stored) AND (SELECT fma_rollup(r) FROM stored) = r,
	'a transition called by hand leaves a stored value as it was') FROM whole;

-- Windows, running and moving
SELECT is((SELECT count(*) FROM (SELECT id, fma_regression(y, yhat) OVER (ORDER BY id) AS running,
		fma_regression(y, yhat) OVER last_20 AS moving, min(id) OVER last_20 AS first
		FROM (SELECT * FROM delays ORDER BY id LIMIT 300) AS d WINDOW last_20 AS (ORDER BY id ROWS 19 PRECEDING)) AS w
	WHERE running = (SELECT fma_regression(y, yhat) FROM delays AS d WHERE d.id <= w.id)
		AND moving = (SELECT fma_regression(y, yhat) FROM delays AS d WHERE d.id BETWEEN w.first AND w.id)), 300::bigint, 'windows');

-- Equality and hash
SELECT ok(fma_regression_hash(r) = fma_regression_hash(r::text::fma_regression) AND NOT r <> r, 'equal values have equal hashes') FROM whole;
SELECT ok(a.r <> b.r AND NOT a.r = b.r, 'different values differ') FROM stored AS a, stored AS b WHERE a.part = 1 AND b.part = 2;
SELECT is((SELECT count(*) FROM (SELECT r FROM (TABLE stored UNION ALL TABLE stored) AS q GROUP BY r) AS g), 97::bigint, 'GROUP BY a value');

-- Text and bytes; a bytea has the envelope of any value in COPY (FORMAT binary)
CREATE TABLE bytes (b bytea);
CREATE TABLE received (r fma_regression);
CREATE FUNCTION pg_temp.receive(b bytea) RETURNS fma_regression LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/fma_test_regression';
	result fma_regression;
BEGIN
	DELETE FROM bytes;
	DELETE FROM received;
	INSERT INTO bytes VALUES (b);
	EXECUTE format('COPY bytes TO %L (FORMAT binary)', file);
	EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
	SELECT r INTO STRICT result FROM received;
	RETURN result;
END
$$;
CREATE TEMP TABLE hard AS SELECT name, fma_regression(y, yhat) AS r FROM sets GROUP BY name;
SELECT is((SELECT count(*) FROM hard WHERE r::text::fma_regression = r), 9::bigint, 'text round trip');
SELECT is((SELECT count(*) FROM hard WHERE pg_temp.receive(fma_regression_send(r)) = r), 9::bigint, 'binary round trip');
SELECT is(pg_temp.receive(fma_regression_send('{}'))::text, '{}', 'binary round trip of the empty value');
SELECT ok(length(substring(r::text FROM '"squared_error": .*?]')) > 60, 'three parts are kept') FROM hard WHERE name = 'tiny and huge';

-- Layouts written by release 1.0 are read forever
CREATE TEMP TABLE frozen AS SELECT fma_regression(y, yhat) AS r,
	'{"n": 3, "truth_low": 1, "truth_high": 4, "error": [0.5], "absolute_error": [2.5], "squared_error": [2.25], "truth": [7], "squared_truth": [21]}' AS text,
	'\x0100000000000000033ff000000000000040100000000000003fe000000000000000000000000000000000000000000000400400000000000000000000000000000000000000000000400200000000000000000000000000000000000000000000401c00000000000000000000000000000000000000000000403500000000000000000000000000000000000000000000'::bytea AS bytes
	FROM (VALUES (1, 2), (2, 2.5), (4, 3)) AS v (y, yhat);
SELECT is(r::text, text, 'frozen text is written') FROM frozen;
SELECT is(text::fma_regression, r, 'frozen text is read') FROM frozen;
SELECT is(fma_regression_send(r), bytes, 'frozen bytes are written') FROM frozen;
SELECT is(pg_temp.receive(bytes), r, 'frozen bytes are read') FROM frozen;

-- Hostile bytes
SELECT throws_like(format('SELECT pg_temp.receive(%L)', bad), message, 'recv: ' || name) FROM frozen, LATERAL (VALUES
	('nothing', ''::bytea, 'no data left in message'),
	('version 0', set_byte(bytes, 0, 0), 'unknown version 0 of the binary form of type fma_regression'),
	('version 2', set_byte(bytes, 0, 2), 'unknown version 2 of the binary form of type fma_regression'),
	('n below 0', set_byte(bytes, 1, 255), 'invalid binary form of type fma_regression'),
	('NaN', overlay(bytes PLACING '\x7ff8000000000000' FROM 26), 'invalid binary form of type fma_regression'),
	('infinity', overlay(bytes PLACING '\x7ff0000000000000' FROM 26), 'invalid binary form of type fma_regression'),
	('truncated', substr(bytes, 1, length(bytes) - 1), 'insufficient data left in message'),
	('truncated early', substr(bytes, 1, 5), 'insufficient data left in message'),
	('too long', bytes || '\x00', 'invalid binary form of type fma_regression')) AS h (name, bad, message);
-- Whichever byte is changed, the value is refused or harmless
CREATE FUNCTION pg_temp.survives(b bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	r fma_regression;
	m record;
BEGIN
	r := pg_temp.receive(b);
	m := fma_regression_metrics(r + r);
	IF r::text::fma_regression <> r OR m::text ~* 'nan|infinity' THEN
		RETURN 'harmful';
	END IF;
	RETURN 'read';
EXCEPTION WHEN invalid_binary_representation OR numeric_value_out_of_range THEN
	RETURN 'refused';
END
$$;
SELECT is(array_agg(DISTINCT outcome ORDER BY outcome), '{read,refused}', 'recv: every byte changed')
	FROM (SELECT pg_temp.survives(set_byte(bytes, i, get_byte(bytes, i) # x)) AS outcome
		FROM frozen, generate_series(0, length(bytes) - 1) AS i, unnest('{1,64,128,255}'::int[]) AS x) AS q;

SELECT * FROM finish();
ROLLBACK;
