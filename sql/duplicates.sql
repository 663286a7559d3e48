-- Near-duplicates: the surface, edge cases, errors, cancels, memory
\set VERBOSITY default
CREATE TABLE photos (id int, embedding real[], label text, split text);
INSERT INTO photos VALUES
	(1, '{1, 0, 0}', 'cat', 'train'), (2, '{2, 0.1, 0}', 'cat', 'test'), (10, '{1, 0.1, 0}', 'dog', 'train'),
	(3, '{0, 1, 0}', 'dog', 'train'), (4, '{0, 3, 0}', 'dog', 'train'), (5, '{0, 0, 1}', 'owl', 'test'),
	(6, NULL, 'owl', 'test'), (7, '{0, 0, 0}', 'owl', 'train'), (8, NULL, NULL, NULL),
	(9, '{0, -1, 0}', 'dog', 'test'), (11, '{0, 1, 1}', NULL, 'test'), (12, '{0, 1, 1}', 'owl', NULL);

-- Pairs
SELECT * FROM fma_find_duplicates('SELECT id, embedding FROM photos');
SET client_min_messages = warning;
SELECT * FROM fma_find_duplicates('SELECT id, embedding FROM photos', 0.7);
SELECT * FROM fma_find_duplicates('SELECT id, embedding FROM photos', threshold := 1, max_pairs := 2);

-- Groups: a wrong label, a leak, neither
SELECT * FROM fma_duplicate_groups('SELECT id, embedding, label, split FROM photos');
SELECT group_id, size, id, label, set, labels_disagree, crosses_sets FROM fma_duplicate_groups('SELECT id, embedding, label FROM photos', 0.999);
SELECT group_id, size, id, label, set, labels_disagree, crosses_sets FROM fma_duplicate_groups('SELECT id, embedding, NULL, split FROM photos', 0.999);
SELECT group_id, size, id, label, set, labels_disagree, crosses_sets FROM fma_duplicate_groups('SELECT id, embedding FROM photos', 0.999);
-- A chain: the ends are less similar than the threshold
SELECT group_id, id, representative, similarity, min_similarity FROM fma_duplicate_groups('SELECT i, ARRAY[cos(i / 10.0), sin(i / 10.0)] FROM generate_series(1, 4) AS i');

-- Ids of any type: numbers by value if all are numbers, else by bytes; the same id twice
SELECT id_a, id_b FROM fma_find_duplicates('SELECT i, ARRAY[1, 1] FROM generate_series(9, 11) AS i');
SELECT id_a, id_b FROM fma_find_duplicates($$SELECT 'photo ' || i, ARRAY[1, 1] FROM generate_series(9, 11) AS i$$);
SELECT id_a, id_b FROM fma_find_duplicates($$SELECT date '2024-02-28' + i, ARRAY[1, 1] FROM generate_series(0, 1) AS i$$);
SELECT id_a, id_b FROM fma_find_duplicates($$SELECT point(i, 0), ARRAY[1, 1] FROM generate_series(1, 2) AS i$$);
SELECT * FROM fma_duplicate_groups('SELECT 1, ARRAY[1, i], i FROM generate_series(50, 52) AS i');

-- Types: domains, and whatever has a cast to real[], as vectors have
CREATE DOMAIN direction AS double precision[];
SELECT * FROM fma_find_duplicates('SELECT i, ARRAY[1, i]::direction FROM generate_series(8, 9) AS i');
CREATE TYPE vec AS (x real, y real);
CREATE FUNCTION vec_to_real(vec) RETURNS real[] LANGUAGE sql IMMUTABLE AS $$ SELECT ARRAY[$1.x, $1.y] $$;
CREATE FUNCTION vec_to_real3(vec, int, boolean) RETURNS real[] LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN $2 = -1 THEN ARRAY[$1.x, $1.y] END $$;
CREATE CAST (vec AS real[]) WITH FUNCTION vec_to_real(vec) AS IMPLICIT;
SELECT * FROM fma_find_duplicates('SELECT i, (1, i)::vec FROM generate_series(8, 9) AS i');
DROP CAST (vec AS real[]);
CREATE CAST (vec AS real[]) WITH FUNCTION vec_to_real3(vec, int, boolean) AS ASSIGNMENT;
SELECT * FROM fma_find_duplicates('SELECT i, (1, i)::vec FROM generate_series(8, 9) AS i');

-- Nothing to find
RESET client_min_messages;
SELECT * FROM fma_find_duplicates('SELECT id, embedding FROM photos WHERE false');
SELECT * FROM fma_duplicate_groups('SELECT id, embedding FROM photos WHERE embedding IS NULL');
SELECT * FROM fma_find_duplicates('SELECT id, embedding FROM photos WHERE id = 7');
SELECT * FROM fma_duplicate_groups('SELECT id, embedding FROM photos WHERE id = 5');
SELECT * FROM fma_duplicate_groups('SELECT id, embedding FROM photos WHERE id IN (1, 5)');

-- Errors
SELECT * FROM fma_find_duplicates(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_duplicates('SELECT id, embedding FROM photos', 99);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_duplicates('SELECT id, embedding FROM photos', 0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_duplicate_groups('SELECT id, embedding FROM photos', 'NaN');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_duplicate_groups('SELECT id, embedding FROM photos', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_duplicates('SELECT id, embedding FROM photos', max_pairs := 0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_duplicates('SELECT id, embedding FROM photos WHERE id < 5', max_pairs := 1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_duplicates('SELECT id FROM photos');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_duplicates('SELECT id, embedding, label FROM photos');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_duplicate_groups('SELECT id, embedding, label, split, 1 FROM photos');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_duplicates('SELECT embedding, id FROM photos');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_duplicates('SELECT NULL::int, embedding FROM photos');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_duplicates($$SELECT id, CASE id WHEN 3 THEN '{1, 2}' ELSE embedding END FROM photos$$);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_duplicates($$VALUES ('a', '{1, 2, NaN}'::real[])$$);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_duplicates($$VALUES ('a', '{1, -Infinity}'::float8[])$$);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_duplicates($$VALUES ('a', '{NaN, 1}'::numeric[])$$);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_duplicates($$VALUES ('a', '{1, 1e400}'::numeric[])$$);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_duplicates($$VALUES ('a', '{1, NULL}'::int[])$$);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_duplicates($$VALUES ('a', '{}'::int[])$$);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_duplicates($$VALUES ('a', '{{1, 2}, {3, 4}}'::int[])$$);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM fma_find_duplicates('SELECT 1, 2; SELECT 3, 4');
\echo :LAST_ERROR_SQLSTATE

-- The caller's rights
CREATE ROLE fma_duplicates_reader;
SET ROLE fma_duplicates_reader;
SELECT * FROM fma_find_duplicates('SELECT id, embedding FROM photos');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- Memory, and cancels while reading and comparing; nothing is left behind
SET fma.search_memory = '1MB';
SELECT * FROM fma_find_duplicates('SELECT i, array_fill(1.5::real, ARRAY[100]) FROM generate_series(1, 5000) AS i');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM fma_find_duplicates('SELECT i, ARRAY[1, 2] FROM generate_series(1, 100) AS i');
\echo :LAST_ERROR_SQLSTATE
RESET fma.search_memory;
\set VERBOSITY terse
SET statement_timeout = 50;
SELECT count(*) FROM fma_find_duplicates('SELECT i, ARRAY[i, 1] FROM generate_series(1, 100000000) AS i');
SET statement_timeout = 400;
SELECT count(*) FROM fma_find_duplicates('SELECT i, ARRAY[i, 1] FROM generate_series(1, 100000) AS i', max_pairs := 1000000000000);
SELECT count(*) FROM fma_duplicate_groups('SELECT i, ARRAY[cos(i), sin(i), 1] FROM generate_series(1, 10000000) AS i', 0.999);
RESET statement_timeout;
\set VERBOSITY default
SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'fma%';
DROP ROLE fma_duplicates_reader;
