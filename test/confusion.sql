-- fma_confusion: the same matrix whichever way the rows come, and bytes that nobody should trust
\set ECHO none
\set QUIET on
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
SELECT no_plan();

-- A condition somewhere in a plan: a path of jsonpath over EXPLAIN's JSON
CREATE FUNCTION plan_of(query text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN plan;
END $$;

-- Whether two matrices are the same, but for rounding of the weights
CREATE FUNCTION near(a fma_confusion, b fma_confusion) RETURNS boolean LANGUAGE sql AS $$
	SELECT count(*) = count(x.n) AND count(*) = count(y.n) AND coalesce(bool_and(x.n = y.n AND abs(x.weight - y.weight) <= 1e-12 * greatest(x.weight, y.weight)), true)
	FROM fma_cells(a, false) AS x FULL JOIN fma_cells(b, false) AS y USING (truth, prediction) $$;

-- Rows: 40 labels of various lengths (8 of them numbers in one column), NULLs, weights with all their digits
CREATE TABLE row_ (id int, grp int, t text, p text, ti bigint, pi bigint, tb boolean, pb boolean, w double precision, wi int) PARTITION BY HASH (grp);
CREATE TABLE row_0 PARTITION OF row_ FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE row_1 PARTITION OF row_ FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO row_
SELECT i, i % 13, nullif(repeat('label ', t % 7) || t, 'label label 2'), repeat('label ', p % 7) || p, nullif(t, 3) - 20, p - 20, nullif(t % 3, 2) = 0, p % 3 = 0,
	(hashint4(i) & 65535) / 65537.0, hashint4(i + 7) & 1023
FROM generate_series(1, 20000) AS i, LATERAL (SELECT (hashint4(i + 1) & 65535) % 40 AS t, (hashint4(i + 2) & 65535) % 40 AS p) AS x;
ANALYZE row_;

-- The six overloads: arguments, truth, prediction, weight (for plain SQL)
CREATE TABLE overload (args text, t text, p text, w text, exact boolean);
INSERT INTO overload VALUES ('t, p', 't', 'p', '1', true), ('t, p, w', 't', 'p', 'w', false), ('t, p, wi', 't', 'p', 'wi', true), ('ti, pi', 'ti', 'pi', '1', true), ('ti, pi, w', 'ti', 'pi', 'w', false),
	('ti, pi, wi', 'ti', 'pi', 'wi', true), ('tb, pb', 'tb', 'pb', '1', true), ('tb, pb, w', 'tb', 'pb', 'w', false);

-- Evaluates a query for each overload, with %s for the arguments
CREATE FUNCTION each(query text, OUT args text, OUT exact boolean, OUT value fma_confusion) RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
	FOR args, exact IN SELECT o.args, o.exact FROM overload AS o LOOP
		EXECUTE format(query, args) INTO value;
		RETURN NEXT;
	END LOOP;
END $$;

SET max_parallel_workers_per_gather = 0;
CREATE TABLE plain AS SELECT * FROM each('SELECT fma_confusion(%s) FROM row_');
SELECT ok(bool_and(value IS NOT NULL AND (SELECT count(*) FROM fma_cells(value, false)) >= 4), 'there is something to compare') FROM plain;
-- Compares what another way of counting gives: the same bytes, or 1e-12 where weights are not integers
CREATE FUNCTION same(query text, description text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT ok(bool_and(CASE WHEN p.exact THEN fma_confusion_send(e.value) = fma_confusion_send(p.value) AND e.value = p.value ELSE near(e.value, p.value) END), 'the same ' || description || ': ' || p.args)
	FROM each(query) AS e JOIN plain AS p USING (args) GROUP BY p.args ORDER BY p.args $$;


-- against GROUP BY and sum()
CREATE FUNCTION by_hand(args text, t text, p text, w text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	good boolean;
BEGIN
	EXECUTE format($q$SELECT count(*) = count(c.n) AND count(*) = count(h.n) AND bool_and(c.n = h.n AND abs(c.weight - h.w) <= 1e-12 * h.w)
		FROM (SELECT x.* FROM plain, fma_cells(value, false) AS x WHERE args = $1) AS c
		FULL JOIN (SELECT (%1$s)::text AS truth, (%2$s)::text AS prediction, count(*) AS n, sum(%3$s)::float8 AS w FROM row_ WHERE %1$s IS NOT NULL AND %2$s IS NOT NULL GROUP BY 1, 2) AS h
		USING (truth, prediction)$q$, t, p, w) INTO good USING args;
	RETURN good;
END $$;
SELECT ok(by_hand(args, t, p, w), 'GROUP BY gives the same: ' || args) FROM overload;
SELECT ok(bool_and(weight = w), 'integer weights are exact') FROM (SELECT x.* FROM plain, fma_cells(value, false) AS x WHERE args = 't, p, wi') AS c
JOIN (SELECT t AS truth, p AS prediction, sum(wi) AS w FROM row_ GROUP BY 1, 2) AS h USING (truth, prediction);

-- parallel
SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT ok(plan_of('SELECT fma_confusion(t, p) FROM row_') @? '$.** ? (@."Node Type" == "Gather").** ? (@."Partial Mode" == "Partial")', 'the plan is parallel');
SELECT same('SELECT fma_confusion(%s) FROM row_', 'with workers');
SELECT same('SELECT fma_rollup(c) FROM (SELECT fma_confusion(%s) AS c FROM row_ GROUP BY grp) AS g', 'from groups with workers');
SELECT is((SELECT fma_confusion(t, p) FROM row_ WHERE id < 0), '{}', 'workers without rows');
CREATE TABLE daily AS SELECT grp, fma_confusion(t, p) AS c, fma_confusion(t, p, wi) AS cw FROM row_ GROUP BY grp;
ALTER TABLE daily SET (parallel_workers = 2);
ANALYZE daily;
SELECT ok(plan_of('SELECT fma_rollup(c) FROM daily') @? '$.** ? (@."Node Type" == "Gather").** ? (@."Partial Mode" == "Partial")', 'the plan of a rollup is parallel');
SELECT is(fma_rollup(c), (SELECT value FROM plain WHERE args = 't, p'), 'rollup of stored groups, with workers') FROM daily;
SELECT is(fma_rollup(cw), (SELECT value FROM plain WHERE args = 't, p, wi'), 'rollup of stored weighted groups, with workers') FROM daily;
RESET max_parallel_workers_per_gather; RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
SET max_parallel_workers_per_gather = 0;

-- partitionwise
SET enable_partitionwise_aggregate = on;
SELECT ok(plan_of('SELECT fma_confusion(t, p) FROM row_') @? '$.** ? (@."Node Type" == "Append").** ? (@."Partial Mode" == "Partial")', 'the plan is partitionwise');
SELECT same('SELECT fma_confusion(%s) FROM row_', 'partitionwise');
SELECT same('SELECT fma_rollup(c) FROM (SELECT fma_confusion(%s) AS c FROM row_ GROUP BY grp) AS g', 'from partitionwise groups');
RESET enable_partitionwise_aggregate;

-- sorted and hashed groups, in any order of rows
SET enable_hashagg = off;
SELECT ok(plan_of('SELECT fma_confusion(t, p) FROM row_ GROUP BY grp') @? '$.** ? (@."Strategy" == "Sorted")', 'the plan sorts');
SELECT same('SELECT fma_rollup(c) FROM (SELECT fma_confusion(%s) AS c FROM row_ GROUP BY grp) AS g', 'from sorted groups');
RESET enable_hashagg;
SELECT same('SELECT fma_confusion(%s ORDER BY hashint4(id)) FROM row_', 'in another order');
SELECT same('SELECT fma_confusion(%s) + (SELECT fma_confusion(%1$s) FROM row_ WHERE id > 7777) FROM row_ WHERE id <= 7777', 'by +');
SELECT same('SELECT (SELECT fma_confusion(%s) FROM row_ WHERE id > 7777) + (SELECT fma_confusion(%1$s) FROM row_ WHERE id <= 7777)', 'by + the other way round');
SELECT same('SELECT fma_confusion(%s) FILTER (WHERE id < 0) + fma_confusion(%1$s) FROM row_', 'beside an empty filter');
SELECT same('SELECT fma_rollup(c) FROM (SELECT fma_confusion(%s) FILTER (WHERE grp > 5) AS c FROM row_ GROUP BY grp UNION ALL SELECT fma_confusion(%1$s) FROM row_ WHERE grp <= 5 UNION ALL SELECT NULL) AS g', 'with empty groups');
SELECT is(fma_confusion(t, p) FILTER (WHERE false), '{}', 'an empty filter') FROM row_;

-- windows: running, moving, and over all
SELECT same('SELECT c FROM (SELECT grp, fma_confusion(%s) OVER (ORDER BY grp) AS c FROM row_) AS o ORDER BY grp DESC LIMIT 1', 'running');
SELECT same('SELECT fma_confusion(%s) OVER () FROM row_ LIMIT 1', 'over all');
SELECT ok(bool_and(running = (SELECT fma_confusion(t, p) FROM row_ AS r WHERE r.id <= o.id)), 'running frames') FROM (SELECT id, fma_confusion(t, p) OVER (ORDER BY id) AS running FROM row_ WHERE id <= 60) AS o;
SELECT ok(bool_and(moving = (SELECT fma_confusion(t, p) FROM row_ AS r WHERE r.id BETWEEN o.id - 3 AND o.id + 1 AND r.id <= 60)), 'moving frames')
FROM (SELECT id, fma_confusion(t, p) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND 1 FOLLOWING) AS moving FROM row_ WHERE id <= 60) AS o;
SELECT ok(bool_and(moving = (SELECT fma_confusion(tb, pb, wi) FROM row_ AS r WHERE r.id BETWEEN o.id - 3 AND o.id - 1)), 'moving frames with weights')
FROM (SELECT id, fma_confusion(tb, pb, wi) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING) AS moving FROM row_ WHERE id <= 60) AS o;
SELECT ok(bool_and(moving = (SELECT fma_rollup(c) FROM daily AS d WHERE d.grp BETWEEN o.grp - 2 AND o.grp)), 'moving frames of a rollup')
FROM (SELECT grp, fma_rollup(c) OVER (ORDER BY grp ROWS 2 PRECEDING) AS moving FROM daily) AS o;
-- final functions leave the state alone: two results share it
SELECT ok(a = b AND a = (SELECT value FROM plain WHERE args = 't, p') AND c > 0, 'a shared state') FROM (SELECT fma_confusion(t, p) AS a, fma_confusion(t, p) AS b, fma_accuracy(fma_confusion(t, p)) AS c FROM row_) AS s;

-- grouping sets, DISTINCT
SELECT ok(bool_and(c = d.value), 'grouping sets') FROM (SELECT fma_confusion(t, p) AS c, grouping(grp) AS g FROM row_ GROUP BY ROLLUP (grp)) AS s, plain AS d WHERE g = 1 AND d.args = 't, p';

-- text and binary forms
SELECT ok(bool_and(value::text::fma_confusion = value AND fma_confusion_send(value::text::fma_confusion) = fma_confusion_send(value)), 'text is lossless') FROM plain;
SELECT ok(bool_and(jsonb_typeof(value::text::jsonb) = 'object'), 'text is JSON') FROM plain;
SET extra_float_digits = -15;
SELECT ok(bool_and(value::text::fma_confusion = value), 'text is lossless whatever extra_float_digits') FROM plain;
RESET extra_float_digits;
CREATE FUNCTION copy_round_trip(what text, format text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	good boolean;
BEGIN
	EXECUTE format('COPY (SELECT value FROM %s) TO %L (FORMAT %s)', what, current_setting('data_directory') || '/fma_copy', format);
	CREATE TEMP TABLE back (value fma_confusion);
	EXECUTE format('COPY back FROM %L (FORMAT %s)', current_setting('data_directory') || '/fma_copy', format);
	EXECUTE format('SELECT (SELECT count(*) FROM back) = (SELECT count(*) FROM %1$s) AND NOT EXISTS (SELECT value FROM back EXCEPT ALL SELECT value FROM %1$s)', what) INTO good;
	DROP TABLE back;
	RETURN good;
END $$;
SELECT ok(copy_round_trip('plain', 'binary'), 'binary COPY is lossless');
SELECT ok(copy_round_trip('plain', 'text'), 'COPY is lossless');
-- what Citus does: states to text, back, combined
SELECT same('SELECT fma_rollup(c::text::fma_confusion) FROM (SELECT fma_confusion(%s) AS c FROM row_ GROUP BY grp) AS g', 'out, in, combined');

-- the state itself, stored: an aggregate without a final function
CREATE AGGREGATE building(text, text) (SFUNC = fma_confusion_add_text, STYPE = fma_confusion, INITCOND = '{}');
CREATE AGGREGATE building(text, text, double precision) (SFUNC = fma_confusion_add_text, STYPE = fma_confusion, INITCOND = '{}');
CREATE AGGREGATE combined(fma_confusion) (SFUNC = fma_confusion_combine, STYPE = fma_confusion, COMBINEFUNC = fma_confusion_combine, PARALLEL = SAFE);
CREATE TABLE state AS SELECT grp, building(t, p) AS s, building(t, p, wi) AS sw, fma_confusion(t, p) AS c, fma_confusion(t, p, wi) AS cw FROM row_ GROUP BY grp;
SELECT ok(bool_and(pg_column_size(s) <> pg_column_size(c)), 'a building layout was stored') FROM state;
SELECT ok(bool_and(s = c AND c = s AND sw = cw AND NOT s <> c AND fma_confusion_hash(s) = fma_confusion_hash(c) AND fma_confusion_send(s) = fma_confusion_send(c) AND s::text = c::text
	AND s + s = c + c AND fma_accuracy(s) = fma_accuracy(c) AND (SELECT sum(n) FROM fma_cells(s)) = (SELECT sum(n) FROM fma_cells(c))), 'and reads as the value') FROM state;
SELECT ok(fma_rollup(s) = fma_rollup(c) AND fma_rollup(sw) = fma_rollup(cw) AND combined(s) = fma_rollup(c) AND combined(c) = fma_rollup(c) AND combined(sw) = fma_rollup(cw), 'and can be rolled up') FROM state;
SELECT ok((SELECT bool_and(s = c AND sw = cw) FROM state), 'and was not changed by that');
SELECT ok(bool_and(fma_confusion_add_text(s, 'a', 'b') = c + (SELECT fma_confusion('a', 'b'))), 'a transition by hand leaves its argument') FROM state;
SELECT ok((SELECT bool_and(s = c) FROM state), '(it did)');
SELECT ok(combined(c) = fma_rollup(c), 'combining by another aggregate') FROM (SELECT c FROM daily ORDER BY grp) AS d;

-- toasted and compressed values, short and long, as arguments
CREATE TABLE toasted (id int, c fma_confusion);
ALTER TABLE toasted ALTER c SET STORAGE external;
INSERT INTO toasted SELECT g, fma_confusion(i, i * 7 % 300) FROM generate_series(1, 3) AS g, generate_series(1, 300 * g) AS i GROUP BY g;
INSERT INTO toasted VALUES (4, '{}'), (5, '{"labels": ["1"], "counts": [[1]]}');
ALTER TABLE toasted ALTER c SET STORAGE extended;
INSERT INTO toasted SELECT g + 5, fma_confusion(i % 50, i % 49) FROM generate_series(1, 3) AS g, generate_series(1, 300 * g) AS i GROUP BY g;
SELECT ok(bool_or(pg_column_compression(c) IS NOT NULL) AND pg_relation_size((SELECT reltoastrelid FROM pg_class WHERE oid = 'toasted'::regclass)) > 0 AND bool_or(pg_column_size(c) < 127), 'values are toasted, compressed and short') FROM toasted;
SELECT ok(fma_rollup(c) = fma_rollup(c::text::fma_confusion) AND combined(c) = fma_rollup(c), 'toasted values can be rolled up') FROM toasted;
SELECT ok(bool_and(c + c = c::text::fma_confusion + c::text::fma_confusion AND c = c::text::fma_confusion AND fma_confusion_hash(c) = fma_confusion_hash(c::text::fma_confusion)
	AND fma_accuracy(c) IS NOT DISTINCT FROM fma_accuracy(c::text::fma_confusion) AND fma_confusion_send(c) = fma_confusion_send(c::text::fma_confusion)
	AND c + '{}' = c AND '{}' + c = c), 'toasted values are read as others') FROM toasted;
SELECT is(count(DISTINCT id), 7::bigint, 'and listed (one is empty)') FROM toasted, fma_class_metrics(c);

-- equality: DISTINCT, GROUP BY, hash joins, arrays, UNION
SELECT is(count(DISTINCT id), 8::bigint, 'grouped by the value') FROM (SELECT min(id) AS id FROM (SELECT * FROM toasted UNION ALL SELECT id + 100, c::text::fma_confusion FROM toasted) AS u GROUP BY c) AS g;
SELECT is(count(*), 8::bigint, 'distinct') FROM (SELECT DISTINCT c FROM (SELECT c FROM toasted UNION ALL SELECT c::text::fma_confusion FROM toasted) AS u) AS d;
SET enable_nestloop = off; SET enable_mergejoin = off;
SELECT ok(plan_of('SELECT FROM toasted AS a JOIN toasted AS b USING (c)') @? '$.** ? (@."Node Type" == "Hash Join")', 'the plan is a hash join');
SELECT is(count(*), 8::bigint, 'hash join') FROM toasted AS a JOIN (SELECT c::text::fma_confusion AS c FROM toasted) AS b USING (c);
RESET enable_nestloop; RESET enable_mergejoin;

-- the border between the two layouts, against GROUP BY
SELECT ok(bool_and(c.n = h.n AND c.weight = h.w) AND count(*) = count(c.n) AND count(*) = count(h.n), k || ' labels')
FROM unnest(ARRAY[1, 2, 3, 63, 64, 65, 128, 129, 300, 5000]) AS k,
	LATERAL (SELECT fma_confusion((i * 7919) % k, (i * i) % k, i % 5) AS m, fma_confusion((i * 7919) % k, (i * i) % k) AS u FROM generate_series(0::bigint, greatest(2 * k, 1000)) AS i) AS a,
	LATERAL (SELECT x.truth, x.prediction, x.n, x.weight FROM fma_cells(m, false) AS x) AS c
	FULL JOIN LATERAL (SELECT k AS k2, ((i * 7919) % k)::text AS truth, ((i * i) % k)::text AS prediction, count(*) AS n, sum(i % 5) AS w FROM generate_series(0::bigint, greatest(2 * k, 1000)) AS i GROUP BY 1, 2, 3) AS h
	ON c.truth = h.truth AND c.prediction = h.prediction
GROUP BY k ORDER BY k;

-- growth: labels and pairs, with and without weights
CREATE TABLE many AS SELECT i, 'label ' || (hashint4(i) & 65535) % 10000 AS t, 'label ' || (hashint4(i + 1) & 65535) % 10000 AS p FROM generate_series(1, 200000) AS i;
ANALYZE many;
SELECT ok(count(*) > 190000 AND count(*) = count(c.n) AND count(*) = count(h.n) AND bool_and(c.n = h.n AND c.weight = h.n * 0.5), '10,000 labels, 200,000 pairs')
FROM fma_cells((SELECT fma_confusion(t, p, 0.5) FROM many)) AS c FULL JOIN (SELECT t AS truth, p AS prediction, count(*) AS n FROM many GROUP BY 1, 2) AS h USING (truth, prediction);
SELECT ok((SELECT fma_confusion(t, p) FROM many) = (SELECT fma_rollup(c) FROM (SELECT fma_confusion(t, p) AS c FROM many GROUP BY i % 7) AS g), 'from groups');
SELECT ok(c::text::fma_confusion = c, 'and back from text') FROM (SELECT fma_confusion(t, p) AS c FROM many) AS m;

-- more groups than fit into memory
SET work_mem = '64kB';
CREATE TABLE spilled AS SELECT i % 30000 AS g, fma_confusion(t, p) AS c FROM many GROUP BY 1;
CREATE FUNCTION analyzed(query text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ' || query INTO plan;
	RETURN plan;
END $$;
SET enable_sort = off;
SELECT ok(analyzed('SELECT i % 30000 AS g, fma_confusion(t, p) AS c FROM many GROUP BY 1') @? '$.** ? (@."Strategy" == "Hashed" && @."HashAgg Batches" > 1)', 'the hash table spills');
RESET enable_sort;
RESET work_mem;
SET enable_hashagg = off;
SELECT ok(count(*) = 30000 AND bool_and(s.c = d.c), 'groups that were spilled') FROM spilled AS s FULL JOIN (SELECT i % 30000 AS g, fma_confusion(t, p) AS c FROM many GROUP BY 1) AS d USING (g);
RESET enable_hashagg;

-- memory: 100,000 groups of two labels
CREATE TABLE small AS SELECT i % 100000 AS g, CASE WHEN i % 3 = 0 THEN 'late' ELSE 'on_time' END AS t, CASE WHEN i % 5 = 0 THEN 'late' ELSE 'on_time' END AS p FROM generate_series(1, 300000) AS i;
ANALYZE small;
SET work_mem = '1GB';
SET hash_mem_multiplier = 1;
CREATE FUNCTION peak_kb(query text) RETURNS bigint LANGUAGE sql AS $$
	SELECT max(x::bigint) FROM jsonb_path_query(analyzed(query), '$.**."Peak Memory Usage"') AS x $$;
SELECT cmp_ok((peak_kb('SELECT g, fma_confusion(t, p) FROM small GROUP BY g') - peak_kb('SELECT g, count(*) FROM small GROUP BY g')) * 1024 / 100000, '<=', 512::bigint, 'at most 512 bytes a group beyond count(*)');
SELECT cmp_ok(peak_kb('SELECT g, count(*) FROM small GROUP BY g'), '>', 1000::bigint, '(it was measured)');
SELECT ok(analyzed('SELECT g, fma_confusion(t, p) FROM small GROUP BY g') @? '$.** ? (@."Strategy" == "Hashed" && @."HashAgg Batches" == 1)', '(in memory)');
RESET work_mem; RESET hash_mem_multiplier;

-- a long aggregation can be stopped
CREATE FUNCTION canceled(query text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	RETURN false;
EXCEPTION WHEN query_canceled THEN
	RETURN clock_timestamp() < statement_timestamp() + interval '1 second';
END $$;
SET statement_timeout = '100ms';
SELECT ok(canceled('SELECT fma_confusion(i % 9, i % 7) FROM generate_series(1::bigint, 1000000000000) AS i'), 'a row at a time');
SELECT ok(canceled('SELECT fma_rollup(c) FROM toasted, generate_series(1::bigint, 1000000000000)'), 'a value at a time');
SELECT ok(canceled('SELECT count(*) FROM fma_cells((SELECT fma_confusion(i, i) FROM generate_series(1, 16384) AS i), true)'), 'all cells of 16,384 labels');
RESET statement_timeout;

-- Frozen: what was stored once must be read for ever, and is written the same way
CREATE TABLE frozen (what text, t text, b text);
INSERT INTO frozen VALUES
	('empty', '{"labels": [], "counts": []}', '010000000000000000000000000000000000'),
	('two labels', '{"labels": ["a", "b"], "counts": [[0, 1], [0, 0]]}', '0100000000000000000200000001610000000162000000000000000100000000000000010000000000000001'),
	('weights', '{"labels": ["a", "b"], "counts": [[0, 1], [0, 0]], "weights": [[0, 0.5], [0, 0]]}', '01010000000000000002000000016100000001620000000000000001000000000000000100000000000000013fe0000000000000'),
	('other labels', '{"labels": ["", "\"\n", "é😀"], "counts": [[9223372036854775807, 0, 0], [0, 0, 0], [0, 2, 3]]}',
		'010000000000000000030000000000000002220a00000006c3a9f09f9880000000000000000300000000000000007fffffffffffffff000000020000000100000000000000020000000200000002' || '0000000000000003'),
	('numbers', '{"labels": ["9", "10"], "counts": [[1, 2], [3, 4]]}', '010000000000000000020000000139000000023130000000000000000400000000000000000000000000000001000000000000000100000000000000020000000100000000000000000000000300000001000000010000000000000004');
INSERT INTO frozen SELECT 'sparse', '{"labels": [' || string_agg('"' || i || '"', ', ' ORDER BY i) || '], "weighted": false, "cells": [[0, 64, 7], [64, 1, 8]]}',
	'0100' || '0000000000000041' || string_agg(lpad(to_hex(length(i::text)), 8, '0') || encode(i::text::bytea, 'hex'), '' ORDER BY i) || '0000000000000002' || '00000000000000400000000000000007' || '00000040000000010000000000000008'
FROM generate_series(1, 65) AS i;
INSERT INTO frozen SELECT 'sparse with weights', '{"labels": [' || string_agg('"' || i || '"', ', ' ORDER BY i) || '], "weighted": true, "cells": [[0, 64, 7, 0.1], [64, 1, 8, 1e-300]]}',
	'0101' || '0000000000000041' || string_agg(lpad(to_hex(length(i::text)), 8, '0') || encode(i::text::bytea, 'hex'), '' ORDER BY i) || '0000000000000002' || '000000000000004000000000000000073fb999999999999a' || '0000004000000001000000000000000801a56e1fc2f8f359'
FROM generate_series(1, 65) AS i;

-- Reads a binary form as a client would send it
CREATE TABLE received (c fma_confusion);
CREATE FUNCTION receive(form bytea) RETURNS fma_confusion LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/fma_copy';
	result fma_confusion;
BEGIN
	PERFORM lo_from_bytea(4711, '\x5047434f50590aff0d0a0000000000000000000001'::bytea || int4send(length(form)) || form || '\xffff'::bytea);
	PERFORM lo_export(4711, file);
	PERFORM lo_unlink(4711);
	EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
	DELETE FROM received RETURNING c INTO result;
	RETURN result;
END $$;
SELECT is(t::fma_confusion::text, t, 'frozen text: ' || what) FROM frozen;
SELECT is(encode(fma_confusion_send(t::fma_confusion), 'hex'), b, 'frozen bytes written: ' || what) FROM frozen;
SELECT is(receive(decode(b, 'hex'))::text, t, 'frozen bytes read: ' || what) FROM frozen;

-- Hostile bytes: an error of class 08 or 22 (or a stated limit), or a value that reads back from what it is written as
CREATE FUNCTION survives(form bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	c fma_confusion;
BEGIN
	c := receive(form);
	IF c::text::fma_confusion = c AND receive(fma_confusion_send(c)) = c AND c + '{}' = c THEN
		RETURN 'value';
	END IF;
	RETURN 'unstable: ' || c::text;
EXCEPTION WHEN OTHERS THEN
	IF left(SQLSTATE, 2) IN ('08', '22') OR SQLSTATE = '54000' THEN
		RETURN 'error';
	END IF;
	RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
-- every byte, except those in the middle of many labels
CREATE VIEW place AS SELECT what, b, n FROM frozen, generate_series(0, length(b) / 2 - 1) AS n WHERE n < 60 OR n >= length(b) / 2 - 60;
CREATE TABLE attack AS
SELECT what, kind, survives(form) AS outcome FROM (
	SELECT what, 'truncated' AS kind, substring(decode(b, 'hex') FROM 1 FOR n) AS form FROM place
	UNION ALL SELECT what, 'flipped', set_byte(decode(b, 'hex'), n, get_byte(decode(b, 'hex'), n) # x) FROM place, unnest(ARRAY[1, 128, 255]) AS x
	UNION ALL SELECT what, 'longer', decode(b || '00', 'hex') FROM frozen) AS a;
SELECT is((SELECT string_agg(DISTINCT outcome, ', ' ORDER BY outcome) FROM attack), 'error, value', 'hostile bytes are refused or are a value');
SELECT is((SELECT string_agg(DISTINCT outcome, ', ') FROM attack WHERE kind <> 'flipped'), 'error', 'cut or longer forms are refused');
SELECT cmp_ok((SELECT count(*) FROM attack), '>', 1000::bigint, '(many were tried)');

CREATE FUNCTION refused(hex text, state text, message text, problem text, description text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found_detail text;
BEGIN
	PERFORM receive(decode(hex, 'hex'));
	RETURN fail(description || ': it was read');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS found_detail = PG_EXCEPTION_DETAIL;
	RETURN is(SQLSTATE || ' ' || SQLERRM || coalesce(' ' || nullif(found_detail, ''), ''), state || ' ' || message || coalesce(' ' || problem, ''), description);
END $$;
SELECT refused(hex, state, message, problem, description) FROM (VALUES
	('02', '22P03', 'unknown version 2 of the binary form of type fma_confusion', NULL, 'a version from the future'),
	('00', '22P03', 'unknown version 0 of the binary form of type fma_confusion', NULL, 'no version'),
	('0102', '22P03', 'invalid binary form of type fma_confusion', 'Its flags are 2.', 'unknown flags'),
	('0100' || '7fffffffffffffff', '22P03', 'invalid binary form of type fma_confusion', 'The number of labels is 9223372036854775807, which is not between 0 and 16384.', 'too many labels'),
	('0100' || 'ffffffffffffffff', '22P03', 'invalid binary form of type fma_confusion', 'The number of labels is -1, which is not between 0 and 16384.', 'negative labels'),
	('0100' || '0000000000004000', '08P01', 'insufficient data left in message', NULL, 'labels that are not there'),
	('0100' || '0000000000000001' || 'ffffffff', '22P03', 'invalid binary form of type fma_confusion', 'A label has the length -1.', 'a negative length'),
	('0100' || '0000000000000001' || '7fffffff', '08P01', 'insufficient data left in message', NULL, 'a huge label'),
	('0100' || '0000000000000002' || '0000000161' || '0000000161' || '0000000000000000', '22P03', 'invalid binary form of type fma_confusion', 'It has the label "a" twice.', 'a label twice'),
	('0100' || '0000000000000001' || '00000001ff' || '0000000000000000', '22021', 'invalid byte sequence for encoding "UTF8": 0xff', NULL, 'a label in no encoding'),
	('0100' || '0000000000000001' || '0000000100' || '0000000000000000', '22021', 'invalid byte sequence for encoding "UTF8": 0x00', NULL, 'a label with a zero byte'),
	('0100' || '0000000000000001' || '0000000161' || '0000000000200001', '22P03', 'invalid binary form of type fma_confusion', 'The number of cells is 2097153, which is not between 0 and 2097152.', 'too many cells'),
	('0100' || '0000000000000001' || '0000000161' || '0000000000000001' || '0000000100000000' || '0000000000000001', '22P03', 'invalid binary form of type fma_confusion', 'Cell (1, 0) is outside its 1 labels.', 'a cell outside'),
	('0100' || '0000000000000001' || '0000000161' || '0000000000000001' || '0000000000000000' || '0000000000000000', '22P03', 'invalid binary form of type fma_confusion', 'A count is 0, which is not between 1 and 9223372036854775807.', 'an empty cell'),
	('0100' || '0000000000000001' || '0000000161' || '0000000000000001' || '0000000000000000' || '8000000000000000', '22P03', 'invalid binary form of type fma_confusion', 'A count is -9223372036854775808, which is not between 1 and 9223372036854775807.', 'a negative count'),
	('0100' || '0000000000000001' || '0000000161' || '0000000000000002' || '0000000000000000' || '7fffffffffffffff' || '0000000000000000' || '0000000000000001', '22003', 'count out of range in fma_confusion', 'A count would exceed 9223372036854775807.', 'counts that overflow'),
	('0101' || '0000000000000001' || '0000000161' || '0000000000000001' || '0000000000000000' || '0000000000000001' || '7ff8000000000000', '22P03', 'invalid binary form of type fma_confusion', 'A weight of 1 rows is NaN.', 'a weight NaN'),
	('0101' || '0000000000000001' || '0000000161' || '0000000000000001' || '0000000000000000' || '0000000000000001' || '7ff0000000000000', '22P03', 'invalid binary form of type fma_confusion', 'A weight of 1 rows is Infinity.', 'an infinite weight'),
	('0101' || '0000000000000001' || '0000000161' || '0000000000000001' || '0000000000000000' || '0000000000000001' || 'bff0000000000000', '22P03', 'invalid binary form of type fma_confusion', 'A weight of 1 rows is -1.', 'a negative weight'),
	('0101' || '0000000000000001' || '0000000161' || '0000000000000001' || '0000000000000000' || '0000000000000001' || '43f0000000000000', '22P03', 'invalid binary form of type fma_confusion', 'A weight of 1 rows is 1.8446744073709552e+19.', 'a weight of 2^64')
) AS v (hex, state, message, problem, description);
SELECT is(receive(decode('0101' || '0000000000000001' || '0000000161' || '0000000000000001' || '0000000000000000' || '0000000000000001' || '8000000000000000', 'hex')), '{"labels": ["a"], "counts": [[1]], "weights": [[0]]}', 'a weight of -0');
SELECT is(receive(decode('01010000000000000000' || '0000000000000000', 'hex')), '{}', 'an empty matrix with weights is the empty matrix');
SELECT is(receive(decode('0100' || '0000000000000002' || '0000000162' || '0000000161' || '0000000000000001' || '0000000000000001' || '0000000000000005', 'hex')), '{"labels": ["a", "b"], "counts": [[0, 0], [5, 0]]}', 'labels in any order');

-- Nothing that is added up leaves the range that can be written and read
SELECT ok(c::text::fma_confusion = c AND receive(fma_confusion_send(c)) = c, 'the largest weights') FROM (
	SELECT fma_rollup('{"labels": ["a"], "counts": [[1000000000000000000]], "weights": [[9223372036854774784000000000000000000]]}'::fma_confusion) AS c FROM generate_series(1, 9)) AS x;
SELECT throws_ok($$SELECT fma_rollup('{"labels": ["a"], "counts": [[1000000000000000000]], "weights": [[1e36]]}'::fma_confusion) FROM generate_series(1, 10)$$, '22003', 'count out of range in fma_confusion');

SELECT * FROM finish();
