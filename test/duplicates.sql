-- Duplicates: exactly the pairs and groups of brute force; types, order of rows, instruction sets, worst cases.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT plan(26);

-- What was found, as the oracle says it
CREATE FUNCTION found(query text, threshold double precision) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', p.n, p.total::numeric(20, 6), p.ids, g.groups, g.n, g.largest, g.lowest::numeric(20, 6), g.ids)
	FROM (SELECT count(*) AS n, sum(similarity) AS total, md5(string_agg(id_a || '-' || id_b, ',' ORDER BY id_a::int, id_b::int)) AS ids
			FROM fma_find_duplicates(query, threshold)) AS p,
		(SELECT max(group_id) AS groups, count(*) AS n, max(size) AS largest, sum(min_similarity) FILTER (WHERE id = representative) AS lowest,
			md5(string_agg(id || '-' || representative, ',' ORDER BY id::int)) AS ids FROM fma_duplicate_groups(query, threshold)) AS g
$$;

-- 10,000 rows of 64 whole numbers, which Python makes too
CREATE FUNCTION noise(x bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT (x * x % 2147483647 * 48271 + x * 69621) % 2147483647 $$;
CREATE TABLE made AS
SELECT i AS id, array_agg(((noise(i / 20 * 64 + k) % 2001 - 1000) * 4 + (noise(1000000 + i * 64 + k) % 201 - 100) * (i % 7) * 2)::int ORDER BY k) AS embedding
FROM generate_series(0::bigint, 9999) AS i, generate_series(0, 63) AS k GROUP BY i;
CREATE TABLE fashion_embedding (id int, embedding float8[]);
\copy fashion_embedding FROM PROGRAM 'gzip -dc examples/fashion/embeddings.csv.gz' CSV HEADER

-- From test/oracle/duplicates.py
CREATE TABLE oracle (name text, threshold float8, pairs int, total float8, ids text, groups int, n int, largest int, lowest float8, group_ids text);
INSERT INTO oracle VALUES
	('made', 0.98, 33458, 33144.20687781753, '560785393b8080f73defbf5e300c65f2', 500, 6604, 16, 488.94852010414166, '1d438668cf5a02f325b52e844cd4e9d6'),
	('fashion', 0.98, 194480, 191804.7729893557, '055ecd5056deb34e726f8a76de5e9020', 226, 6433, 1756, 218.40991216240775, 'fbb7317d2d438eb1ecec27afd8296e74'),
	('made', 0.99, 17433, 17356.484396531094, 'e7a9e23a6724a07e31b721b9bc2a6c50', 500, 4723, 12, 495.4623241359201, '3cb79809d3ed98e95055f61f9a3caa24'),
	('fashion', 0.99, 40774, 40471.542723432, '61ef5e6b03f6264e0c19f17314f5cba6', 279, 3277, 770, 274.7917714364842, 'daa3520dd8b43217d576058182244d4b'),
	('made', 0.999, 1733, 1732.652382362356, '28cc3c8c8bc929b40fa92948fa9ac460', 500, 1558, 6, 499.90739404144995, '729f10ed2a0db8558064687d2f06ea46'),
	('fashion', 0.999, 8, 7.9945769369751325, 'f04a19090f1a87f443d016c0e7878f5b', 5, 12, 3, 4.996309267317788, 'bb4a43f94cb5c54ed2b4896e9bc25c07');
SELECT is(found(format('SELECT id, embedding FROM %s', CASE name WHEN 'made' THEN 'made' ELSE 'fashion_embedding' END), threshold),
	concat_ws(' ', pairs, total::numeric(20, 6), ids, groups, n, largest, lowest::numeric(20, 6), group_ids),
	format('%s, %s: the pairs and groups of brute force', name, threshold))
FROM oracle ORDER BY name, threshold;

-- The types, the order of the rows and the instructions do not matter: whole numbers are the same in all types
CREATE FUNCTION all_found(query text) RETURNS text LANGUAGE sql AS $$ SELECT found(query, 0.99) || ' ' || md5(string_agg(d::text, ',')) FROM fma_find_duplicates(query) AS d $$;
CREATE TABLE few AS SELECT * FROM made WHERE id < 2000;
SELECT is(all_found(format('SELECT id, %s FROM few ORDER BY %s', embedding, ordering)), all_found('SELECT id, embedding FROM few'), what)
FROM (VALUES ('embedding::real[]', 'id', 'real[]'), ('embedding::float8[]', 'id', 'double precision[]'), ('embedding::numeric[]', 'id', 'numeric[]'),
	('embedding', 'id DESC', 'another order of the rows'), ('embedding', 'noise(id)', 'no order of the rows')) AS v (embedding, ordering, what);
SET LOCAL fma.instruction_set = 'plain';
SELECT is(all_found('SELECT id, embedding::real[] FROM few'), (SELECT all_found('SELECT id, embedding FROM few')), 'plain instructions');
CREATE TABLE plain AS SELECT all_found('SELECT id, embedding FROM few') AS found, all_found('SELECT id, embedding FROM fashion_embedding') AS fashion;
SET LOCAL fma.instruction_set = 'avx2';
SELECT is(all_found('SELECT id, embedding FROM few'), (SELECT found FROM plain), 'AVX2 gives the same bits');
SELECT is(all_found('SELECT id, embedding FROM fashion_embedding'), (SELECT fashion FROM plain), 'AVX2 gives the same bits: fashion');
RESET fma.instruction_set;
SELECT is(all_found('SELECT id, embedding FROM few'), (SELECT found FROM plain), 'the best instructions give the same bits');
SELECT is(all_found('SELECT id, embedding FROM fashion_embedding'), (SELECT fashion FROM plain), 'the best instructions give the same bits: fashion');

-- A row scaled by a power of two has the same similarities, and at any scale nearly so
SELECT is(all_found('SELECT id, (SELECT array_agg(x * 2::float8 ^ (id % 40 - 20) ORDER BY o) FROM unnest(embedding) WITH ORDINALITY AS u (x, o))::float8[] FROM few'),
	all_found('SELECT id, embedding FROM few'), 'lengths do not matter');
SELECT is(found('SELECT id, (SELECT array_agg(x * 1.0e-290 * (1 + id) ORDER BY o) FROM unnest(embedding) WITH ORDINALITY AS u (x, o))::float8[] FROM few', 0.99),
	found('SELECT id, embedding FROM few', 0.99), 'nor do tiny numbers');

-- Brute force in SQL, over dimensions, thresholds and kinds of data; says what is wrong, or that nothing is
CREATE FUNCTION cosine(a float8[], b float8[]) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
	SELECT sum(x * y) / nullif(sqrt(sum(x * x) * sum(y * y)), 0) FROM unnest(a, b) AS u (x, y)
$$;
CREATE FUNCTION check_pairs(rows int, dimension int, kind text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	t float8;
	wrong bigint;
	checked bigint := 0;
BEGIN
	DROP TABLE IF EXISTS data, brute;
	EXECUTE format('CREATE TEMP TABLE data ON COMMIT DROP AS SELECT i AS id, array_agg((%s)::float8 ORDER BY k) AS embedding
		FROM generate_series(1::bigint, %s) AS i, generate_series(1, %s) AS k GROUP BY i', CASE kind
			WHEN 'any' THEN 'noise(i * 1000 + k) / 2147483648.0 - 0.5'
			WHEN 'positive' THEN '0.05 + noise(i * 1000 + k) / 2147483648.0'
			WHEN 'clusters' THEN 'noise(i % 7 * 1000 + k) / 2147483648.0 - 0.5 + (noise(i * 1000 + k) / 2147483648.0 - 0.5) * (i % 5) / 10'
			WHEN 'line' THEN '1 + i * k / 1000.0'
			WHEN 'sparse' THEN 'CASE WHEN noise(i * 1000 + k) % 8 = 0 OR k = 1 + i % 2 THEN 1 + i % 3 ELSE 0 END' END, rows, dimension);
	CREATE TEMP TABLE brute ON COMMIT DROP AS SELECT a.id AS id_a, b.id AS id_b, cosine(a.embedding, b.embedding) AS similarity FROM data AS a JOIN data AS b ON a.id < b.id;
	FOREACH t IN ARRAY '{0.1, 0.70001, 0.95, 0.99, 0.9999}'::float8[] LOOP
		SELECT count(*) INTO wrong FROM (SELECT * FROM brute WHERE similarity >= t) AS b
			FULL JOIN (SELECT id_a::bigint, id_b::bigint, similarity FROM fma_find_duplicates('TABLE data', t)) AS f USING (id_a, id_b)
			WHERE (b.similarity - f.similarity BETWEEN -1e-14 AND 1e-14) IS NOT TRUE;
		IF wrong > 0 THEN
			RETURN format('%s of dimension %s: %s pairs differ at %s', kind, dimension, wrong, t);
		END IF;
		-- Each pair is within a group, and nobody is in a group without a pair
		SELECT count(*) INTO wrong FROM (SELECT id_a, id_b FROM brute WHERE similarity >= t) AS b
			FULL JOIN fma_duplicate_groups('TABLE data', t) AS g ON g.id::bigint = id_a
			FULL JOIN fma_duplicate_groups('TABLE data', t) AS h ON h.id::bigint = id_b
			WHERE g.group_id <> h.group_id OR (id_a IS NULL AND coalesce(g.id, h.id)::bigint NOT IN (SELECT unnest(ARRAY[id_a, id_b]) FROM brute WHERE similarity >= t));
		IF wrong > 0 THEN
			RETURN format('%s of dimension %s: groups differ at %s', kind, dimension, t);
		END IF;
		checked := checked + (SELECT count(*) FROM fma_find_duplicates('TABLE data', t));
	END LOOP;
	RETURN CASE WHEN checked > 0 OR kind = 'any' THEN 'all right' ELSE 'no pairs' END;
END $$;
SELECT is((SELECT string_agg(DISTINCT check_pairs(60, d, kind), '; ') FROM unnest('{1,2,15,16,17,40}'::int[]) AS d), 'all right', 'brute force in SQL: ' || kind)
FROM unnest('{any,positive,clusters,line,sparse}'::text[]) AS kind;

-- A threshold of 1 finds what has one direction, whatever its length
SELECT results_eq($$ SELECT id_a, id_b FROM fma_find_duplicates('SELECT i, ARRAY[0.1, 0.7, -0.3, 1e-3]::float8[] || CASE WHEN i = 4 THEN 1e-5 ELSE 0 END::float8
		FROM generate_series(1, 4) AS i UNION ALL SELECT 5, ARRAY[3, 21, -9, 0.03, 0]', 1) ORDER BY 1, 2 $$,
	$$ VALUES ('1', '2'), ('1', '3'), ('1', '5'), ('2', '3'), ('2', '5'), ('3', '5') $$, 'a threshold of 1');

-- Worst cases: 1,800 million pairs are never listed, and a chain is one group
SET LOCAL statement_timeout = '20s';
SELECT results_eq($$ SELECT count(*), min(size), min(min_similarity) FROM fma_duplicate_groups('SELECT i, ARRAY[1, 2, 3, 4.5]::real[] FROM generate_series(1, 60000) AS i') $$,
	$$ VALUES (60000::bigint, 60000::bigint, 1::float8) $$, '60,000 equal rows are one group');
SELECT results_eq($$ SELECT count(*), min(size), max(group_id), min(min_similarity) < 0 FROM fma_duplicate_groups('SELECT i, ARRAY[cos(i / 10000.0), sin(i / 10000.0)] FROM generate_series(1, 30000) AS i', 0.99999999) $$,
	$$ VALUES (30000::bigint, 30000::bigint, 1::bigint, true) $$, 'a chain of 30,000 rows is one group, with ends that have nothing in common');
RESET statement_timeout;

SELECT * FROM finish();
ROLLBACK;
