-- fma_kmeans: the surface, and every kind of bad input
\set SHOW_CONTEXT never

-- six points in two groups, by hand: means (1/3, 1/3) and (28/3, 28/3); each inertia 4/3
CREATE TABLE point (id int, e real[]);
INSERT INTO point VALUES (1, '{0,0}'), (2, '{1,0}'), (3, '{0,1}'), (4, '{9,9}'), (5, '{10,9}'), (6, '{9,10}'), (7, NULL);
SELECT fma_kmeans(e, 2, '{"init": [[0, 0], [9, 9]]}') AS m FROM point \gset
SELECT :'m';
SELECT * FROM fma_kmeans_centroids(:'m');
-- inertia 8/3; Calinski-Harabasz 243 / (8/3 / 4) = 364.5; Davies-Bouldin (1 + 1) * mean distance / (9 sqrt 2)
SELECT * FROM fma_kmeans_quality(:'m');
SELECT id, fma_kmeans_assign(:'m', e), fma_kmeans_distance(:'m', e) FROM point ORDER BY id;
-- as a window
SELECT id, fma_kmeans_assign(fma_kmeans(e, 2) OVER (), e) FROM point ORDER BY id;
-- every type of array
SELECT fma_kmeans_assign(:'m', '{9,8}'::real[]), fma_kmeans_assign(:'m', '{9,8}'::double precision[]),
	fma_kmeans_assign(:'m', '{9,8}'::integer[]), fma_kmeans_assign(:'m', '{9,8}'::numeric[]);
SELECT fma_kmeans(e, 2) = fma_kmeans(e::double precision[], 2), fma_kmeans(e, 2) = fma_kmeans(e::integer[], 2),
	fma_kmeans(e, 2) = fma_kmeans(e::numeric[], 2), fma_kmeans(e, 2) = fma_kmeans(e, 2, NULL), fma_kmeans(e, 2) <> fma_kmeans(e, 3) FROM point;
-- one cluster, as many clusters as rows, no rows
SELECT (fma_kmeans_quality(fma_kmeans(e, 1))).* FROM point;
SELECT (fma_kmeans_quality(fma_kmeans(e, 6))).* FROM point;
SELECT fma_kmeans(e, 3) FROM point WHERE false;
SELECT fma_kmeans(e, 3) FROM point WHERE e IS NULL;
-- a centroid that gets no row takes the row furthest from its own, which is id 1
SELECT cluster, size, centroid FROM fma_kmeans_centroids((SELECT fma_kmeans(e, 2, '{"init": [[5, 5], [100, 100]]}' ORDER BY id) FROM point));
-- directions, not places
SELECT fma_kmeans_assign(m, '{100,1}'::real[]), fma_kmeans_assign(m, '{0.1,2}'::real[]), round(fma_kmeans_distance(m, '{5,0}'::real[])::numeric, 12)
	FROM (SELECT fma_kmeans(e, 2, '{"spherical": true, "init": [[1, 0], [0, 1]]}') AS m FROM (VALUES ('{3,0}'::real[]), ('{8,0}'), ('{0,1}'), ('{0,7}')) AS v (e)) AS q;
-- one pass as a value
SELECT fma_kmeans_step(e, :'m') AS s FROM point \gset
SELECT :'s';
SELECT fma_kmeans_update(:'s');
SELECT fma_kmeans_step(e, :'m') FROM point WHERE false;
SELECT fma_kmeans_step(e, :'m') FROM point WHERE e IS NULL;
SELECT fma_kmeans_update('{}'), fma_kmeans_update('{"left_out": 3}');
SELECT fma_kmeans_train('SELECT e FROM point ORDER BY id', 2, '{"init": [[0, 0], [9, 9]]}') = :'m';
SELECT fma_kmeans_train('SELECT e FROM point WHERE false', 2);

-- bad embeddings
SELECT fma_kmeans(e, 1) FROM (VALUES ('{1}'::real[]), ('{1,2}')) AS v (e);
SELECT fma_kmeans('{}'::real[], 1);
SELECT fma_kmeans('{{1}}'::real[], 1);
SELECT fma_kmeans('{1,NULL}'::real[], 1);
SELECT fma_kmeans('{1,NaN}'::real[], 1);
\echo :LAST_ERROR_SQLSTATE
SELECT fma_kmeans('{infinity,1}'::double precision[], 1);
SELECT fma_kmeans('{1,-1e16}'::double precision[], 1);
SELECT fma_kmeans('{1e400}'::numeric[], 1);
SELECT fma_kmeans('{NaN}'::numeric[], 1);
SELECT fma_kmeans(array_fill(0::real, '{65536}'), 1);
SELECT fma_kmeans('{0,0}'::real[], 1, '{"spherical": true}');
SELECT fma_kmeans_assign(:'m', '{1}'::real[]);
SELECT fma_kmeans_assign(:'m', '{1,NaN}'::real[]);
-- bad k
SELECT fma_kmeans(e, 0) FROM point;
SELECT fma_kmeans(e, 65536) FROM point;
SELECT fma_kmeans(e, NULL) FROM point;
SELECT fma_kmeans(e, id) FROM point;
SELECT fma_kmeans(e, 7) FROM point;
\echo :LAST_ERROR_SQLSTATE
SELECT fma_kmeans('{1,2}'::real[], 2) FROM generate_series(1, 5);
SELECT fma_kmeans(e, 3) FROM (VALUES ('{1}'::real[]), ('{2}'), ('{1}'), ('{2}')) AS v (e);
SELECT fma_kmeans(e, 3, '{"init": [[1], [2], [3]]}') FROM (VALUES ('{1}'::real[]), ('{2}'), ('{1}'), ('{2}')) AS v (e);
SELECT fma_kmeans(array_fill(0::real, '{65535}'), 129);
-- bad options
SELECT fma_kmeans(e, 2, '[]') FROM point;
SELECT fma_kmeans(e, 2, '{"sed": 1}') FROM point;
\echo :LAST_ERROR_SQLSTATE
SELECT fma_kmeans(e, 2, '{"seed": 1.5}') FROM point;
SELECT fma_kmeans(e, 2, '{"seed": "1"}') FROM point;
\echo :LAST_ERROR_SQLSTATE
SELECT fma_kmeans(e, 2, '{"max_iterations": 0}') FROM point;
SELECT fma_kmeans(e, 2, '{"tolerance": -1}') FROM point;
SELECT fma_kmeans(e, 2, '{"spherical": 1}') FROM point;
SELECT fma_kmeans(e, 2, '{"init": 1}') FROM point;
SELECT fma_kmeans(e, 2, '{"init": [[1, 2]]}') FROM point;
SELECT fma_kmeans(e, 2, '{"init": [1, 2]}') FROM point;
SELECT fma_kmeans(e, 2, '{"init": [[], []]}') FROM point;
SELECT fma_kmeans(e, 2, '{"init": [[1, 2], [1]]}') FROM point;
SELECT fma_kmeans(e, 2, '{"init": [[1, 2], [1, "3"]]}') FROM point;
SELECT fma_kmeans(e, 2, '{"init": [[1, 2], [1, 1e16]]}') FROM point;
SELECT fma_kmeans(e, 2, '{"init": [[1], [2]]}') FROM point;
SELECT fma_kmeans(e, 2, '{"init": [[0, 0], [1, 2]], "spherical": true}') FROM point WHERE id > 1;
-- memory
SET fma.kmeans_memory = '64kB';
SELECT fma_kmeans(ARRAY[i, i]::real[], 2) FROM generate_series(1, 10000) AS i;
\echo :LAST_ERROR_SQLSTATE
SELECT fma_kmeans(array_fill(0::real, '{1000}'), 50);
SELECT fma_kmeans_train('SELECT array_fill(0::real, ''{100}'') FROM generate_series(1, 200)', 10);
RESET fma.kmeans_memory;
-- bad queries
SELECT fma_kmeans_train(NULL, 2);
SELECT fma_kmeans_train('SELECT e FROM point', NULL);
SELECT fma_kmeans_train('SELECT id, e FROM point', 2);
SELECT fma_kmeans_train('SELECT id FROM point', 2);
\echo :LAST_ERROR_SQLSTATE
SELECT fma_kmeans_train('DELETE FROM point', 2);
SELECT fma_kmeans_train('SELECT e FROM point', 7);
-- bad steps
SELECT fma_kmeans_step(e, NULL) FROM point;
SELECT fma_kmeans_step('{1}'::real[], :'m');
SELECT fma_kmeans_step(e, CASE WHEN id < 4 THEN a.m ELSE b.m END) FROM point, (SELECT fma_kmeans(e, 1) AS m FROM point) AS a, (SELECT fma_kmeans(e, 2) AS m FROM point) AS b;
SELECT fma_rollup(s) FROM (SELECT fma_kmeans_step(e, m) AS s FROM point, (SELECT fma_kmeans(e, k) AS m FROM point, generate_series(1, 2) AS k GROUP BY k) AS q GROUP BY m) AS q;
-- transitions called by hand
SELECT fma_kmeans_step_add(NULL, '{1,2}'::real[], :'m') = fma_kmeans_step_add('{}', '{1,2}'::real[], :'m');
SELECT fma_kmeans_step_add(NULL, NULL::real[], :'m');

-- bad text
SELECT '[]'::fma_kmeans;
SELECT '{}'::fma_kmeans;
CREATE FUNCTION changed(change jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT (fma_kmeans('{1,2}'::real[], 1)::text::jsonb || change)::text::fma_kmeans::text
$$;
SELECT changed('{}');
SELECT changed('{"silhouette": 0}');
SELECT changed('{"k": 0}');
SELECT changed('{"k": 2}');
SELECT changed('{"dimension": 3}');
SELECT changed('{"dimension": 65536}');
SELECT changed('{"iterations": -1}');
SELECT changed('{"converged": 1}');
SELECT changed('{"sizes": [-1]}');
SELECT changed('{"sizes": [1, 2]}');
SELECT changed('{"inertias": [-1]}');
SELECT changed('{"distances": [1e400]}');
SELECT changed('{"centroids": [[1, 2], [1, 2]]}');
SELECT changed('{"centroids": [1]}');
SELECT changed('{"centroids": [[1, 2, 3]]}');
SELECT changed('{"centroids": [[1, 1e16]]}');
SELECT changed('{"centroids": [[1, "NaN"]]}');
CREATE FUNCTION changed_step(change jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT (fma_kmeans_step('{1,2}'::real[], (SELECT fma_kmeans('{1,1}'::real[], 1)))::text::jsonb || change)::text::fma_kmeans_step::text
$$;
SELECT changed_step('{}');
SELECT changed_step('{"model": 1}');
SELECT changed_step('{"model": {}}');
SELECT changed_step('{"left_out": -1}');
SELECT changed_step('{"sizes": [0]}');
SELECT changed_step('{"sizes": [-1]}');
SELECT changed_step('{"inertias": [[-1]]}');
SELECT changed_step('{"inertias": [[1, 0, 0, 0]]}');
SELECT changed_step('{"inertias": [[1e32]]}');
SELECT changed_step('{"distances": [[1e16]]}');
SELECT changed_step('{"distances": [[]]}');
SELECT changed_step('{"sums": [[1, 1e16]]}');
SELECT changed_step('{"sums": [[1]]}');
SELECT changed_step('{"sums": [[1, [1, 2, 3]]]}');
SELECT changed_step('{"furthest": [[1e16, 2]]}');
SELECT changed_step('{"furthest": [[1]]}');
SELECT changed_step('{"silhouette": [2]}');
SELECT '{"sizes": [1]}'::fma_kmeans_step;

DROP FUNCTION changed, changed_step;
DROP TABLE point;
