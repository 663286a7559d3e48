-- Clusters and duplicates in runs, on the photographs of garments: against plain SQL over the source
BEGIN;
SELECT no_plan();
\set QUIET on
SET client_min_messages = warning;
\i examples/load.sql
\set QUIET off

CREATE FUNCTION latest(name text) RETURNS bigint LANGUAGE SQL STABLE
	AS $$ SELECT max(run_id) FROM fma_result_run JOIN fma_dataset AS d USING (dataset_id) WHERE d.name = latest.name $$;
CREATE FUNCTION note(name text, stage text) RETURNS text LANGUAGE SQL STABLE
	AS $$ SELECT s.note FROM fma_result_stage AS s WHERE s.run_id = latest(name) AND s.stage = note.stage $$;

-- Setting
SELECT throws_ok($$ SELECT fma_register('x', 'fashion_predictions', truth => 'true_label', prediction => 'pred_label', clusters => 5) $$, '22023',
	'dataset "x" cannot be registered', 'clusters need an embedding');
SELECT throws_ok(format($$ SELECT fma_register('x', 'fashion_predictions', truth => 'true_label', prediction => 'pred_label', embedding => 'embedding', clusters => %s) $$, k),
	'22023', 'dataset "x" cannot be registered', k || ' clusters') FROM unnest(ARRAY[-1, 0, 1, 1001]) AS k;
SELECT lives_ok($$ SELECT fma_register('fashion', 'fashion_predictions', truth => 'true_label', prediction => 'pred_label', confidence => 'confidence', id => 'id', batch => 'batch',
	model_version => 'model_version', embedding => 'embedding', clusters => 5, features => ARRAY['true_label', 'brightness', 'ink_area']) $$, 'clusters is an argument');
SELECT is((SELECT settings -> 'clusters' FROM fma_dataset), '5', 'kept as an integer');
SELECT throws_ok($$ SELECT fma_alter_dataset('fashion', '{"duplicate_threshold": 1.5}') $$, '22023', NULL, 'a similarity is at most 1');
SELECT throws_ok($$ SELECT fma_exclude_duplicates('fashion') $$, '55000', 'dataset "fashion" has no complete run yet', 'no run, no duplicates');
SELECT ok(fma_add_rule('fashion', 'FailureRate', 0.2, by => 'cluster') > 0, 'a rule by cluster');
SELECT ok(fma_run('fashion') > 0, 'a run');
SELECT is((SELECT status FROM fma_result_run WHERE run_id = latest('fashion')), 'complete', 'which is complete');

-- The model is what fma_kmeans gives, and rows are where it puts them
SELECT is((SELECT model::text FROM fma_cluster_model),
	(SELECT fma_kmeans(embedding, 5, '{"seed": 1}' ORDER BY id::text COLLATE "C")::text FROM fashion_predictions WHERE model_version = 'v2'),
	'the model is that of the current version''s rows, by the seed 1, in the order of the ids');
SELECT is((SELECT (k, embedding, fitted_by_run, retired)::text FROM fma_cluster_model), format('(5,embedding,%s,f)', latest('fashion')), 'with where it comes from');
CREATE TEMP TABLE assigned AS SELECT p.*, true_label <> pred_label AS failed, fma_kmeans_assign(m.model, p.embedding) AS cluster, fma_kmeans_distance(m.model, p.embedding) AS distance
	FROM fashion_predictions AS p, fma_cluster_model AS m;
SELECT bag_eq($$ SELECT model_version, segment::int, n, (fma_failure_counts(failures)).failures FROM fma_result_summary WHERE run_id = latest('fashion') AND segment_by = 'cluster' $$,
	$$ SELECT model_version, cluster, count(*) AS n, count(*) FILTER (WHERE failed) FROM assigned GROUP BY 1, 2 $$, 'summaries by cluster, of each version');
CREATE TEMP TABLE whole AS SELECT count(*) AS n, count(*) FILTER (WHERE failed) AS failures FROM assigned WHERE model_version = 'v2';
CREATE TEMP TABLE plain AS SELECT cluster, count(*) AS n, count(*) FILTER (WHERE failed) AS failures, avg(distance) AS mean_distance,
	1 - avg(failed::int)::float8 AS accuracy FROM assigned WHERE model_version = 'v2' GROUP BY 1;
SELECT bag_eq($$ SELECT cluster, n, failures, round(failure_rate::numeric, 9) AS rate, round(lift::numeric, 9) AS lift, round(share_of_failures::numeric, 9) AS share,
		round(impact::numeric, 9) AS impact, round(accuracy::numeric, 9) AS accuracy, round(mean_distance::numeric, 9) AS distance FROM fma_clusters $$,
	$$ SELECT c.cluster, c.n, c.failures, round((c.failures / c.n::float8)::numeric, 9) AS rate, round((c.failures / c.n::float8 / (w.failures / w.n::float8))::numeric, 9) AS lift,
		round((c.failures / w.failures::float8)::numeric, 9) AS share, round(((w.failures - c.failures) / (w.n - c.n)::float8)::numeric, 9) AS impact,
		round(c.accuracy::numeric, 9) AS accuracy, round(c.mean_distance::numeric, 9) AS distance FROM plain AS c, whole AS w $$,
	'fma_clusters is what plain SQL counts; impact is the rate of the others');
SELECT results_eq($$ SELECT cluster, p_value, q_value FROM fma_clusters ORDER BY cluster $$,
	$$ SELECT cluster, p, (fma_adjust_p(array_agg(p) OVER (), 'bh'))[row_number() OVER (ORDER BY cluster)] FROM (
		SELECT cluster, (SELECT fma_failure_test(fma_failures(failed) FILTER (WHERE a.cluster = c.cluster), fma_failures(failed) FILTER (WHERE a.cluster <> c.cluster))
			FROM assigned AS a WHERE model_version = 'v2') AS p FROM plain AS c ORDER BY cluster) AS t ORDER BY cluster $$, 'p and q of each against the rest');
SELECT bag_eq($$ SELECT cluster, confused_truth, confused_prediction, confused_n FROM fma_clusters $$,
	$$ SELECT DISTINCT ON (cluster) cluster, true_label, pred_label, count(*) AS n FROM assigned WHERE model_version = 'v2' AND failed
		GROUP BY 1, 2, 3 ORDER BY cluster, n DESC, true_label COLLATE "C", pred_label COLLATE "C" $$, 'the pair most often confused');
SELECT bag_eq($$ SELECT cluster, representatives FROM fma_clusters $$,
	$$ SELECT cluster, string_agg(id::text, ', ' ORDER BY rank) FROM (SELECT *, row_number() OVER (PARTITION BY cluster ORDER BY distance, id::text COLLATE "C") AS rank
		FROM assigned WHERE model_version = 'v2') AS a WHERE rank <= 5 GROUP BY 1 $$, 'the rows nearest to the centroid');
SELECT bag_eq($$ SELECT segment::int, value, passed FROM fma_result_rule WHERE run_id = latest('fashion') $$,
	$$ SELECT cluster, failures / n::float8 AS value, failures / n::float8 <= 0.2 AS passed FROM plain $$, 'the rule is checked for each cluster');

-- The cluster is a condition, whose predicate is SQL over the source
SELECT ok((SELECT count(*) > 0 FROM fma_hotspots WHERE slice ~ '^cluster = \d$'), 'a cluster is a hotspot');
SELECT ok((SELECT count(*) > 0 FROM fma_slice_metrics WHERE slice ~ 'cluster = ' AND slice ~ ' and '), 'and a condition among others');
CREATE FUNCTION counted(predicate text, OUT n bigint, OUT failures bigint) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT count(*), count(*) FILTER (WHERE true_label <> pred_label) FROM fashion_predictions WHERE model_version = ''v2'' AND %s', predicate) INTO n, failures;
END $$;
SELECT is_empty($$ SELECT slice FROM fma_result_slice AS s, counted(predicate) AS c WHERE run_id = latest('fashion') AND (s.n, s.failures) <> (c.n, c.failures) $$,
	'predicates select the slices'' rows');
SELECT is_empty($$ SELECT slice FROM fma_result_slice AS x JOIN fma_result_summary AS s ON s.run_id = x.run_id AND s.segment_by = x.kind AND s.rank = x.rank
	WHERE x.run_id = latest('fashion') AND s.min_confidence IS NULL AND s.n <> x.n $$, 'so do the metrics');
SELECT is((SELECT total FROM fma_list_predictions('fashion', hotspot => h.rank::int, page_size => 1)), h.n, 'the rows behind ' || h.slice) FROM fma_hotspots AS h;
SELECT is((SELECT total FROM fma_list_predictions('fashion', conditions => '[{"column": "cluster", "op": "in", "values": [1, 2]}]', model_version => 'v2', page_size => 1)),
	(SELECT sum(n) FROM plain WHERE cluster IN (1, 2))::bigint, 'a condition on clusters that a user writes');
SELECT throws_ok(format($$ SELECT * FROM fma_list_predictions('fashion', conditions => '[%s]') $$, c), '22023', 'invalid conditions', c)
	FROM unnest(ARRAY['{"column": "cluster", "cluster_model": "1", "op": "=", "value": 1}', '{"column": "cluster", "cluster_model": 0, "op": "=", "value": 1}',
		'{"column": "cluster", "part": "hour", "op": "=", "value": 1}']) AS c;

-- The same model in the next run, until another is asked for
CREATE TEMP TABLE before AS SELECT cluster, n, failures FROM fma_clusters;
UPDATE fashion SET pred_label = 'Bag' WHERE id < 500;
SELECT lives_ok($$ SELECT fma_run('fashion') $$, 'the rows have changed');
SELECT is((SELECT count(*) FROM fma_cluster_model), 1::bigint, 'the model has not');
SELECT bag_eq($$ SELECT cluster, n FROM fma_clusters $$, $$ SELECT cluster, n FROM before $$, 'nor have the clusters');
SELECT isnt((SELECT sum(failures) FROM fma_clusters), (SELECT sum(failures) FROM before), 'but their failures');
SELECT lives_ok($$ SELECT fma_refit_clusters('fashion') $$, 'a refit is asked for');
SELECT lives_ok($$ SELECT fma_run('fashion') $$, 'and made by the next run');
SELECT results_eq($$ SELECT retired, fitted_by_run = latest('fashion') FROM fma_cluster_model ORDER BY model_id $$, $$ VALUES (true, false), (false, true) $$, 'with a new model');
SELECT is_empty($$ SELECT slice FROM fma_result_slice AS s JOIN fma_result_run USING (run_id), counted(predicate) AS c WHERE run_id = (SELECT min(run_id) FROM fma_result_run) AND s.n <> c.n $$,
	'predicates of earlier runs mean what they meant');
SELECT fma_alter_dataset('fashion', '{"clusters": 3}');
SELECT fma_run('fashion');
SELECT is((SELECT count(*) FROM fma_clusters), 3::bigint, 'another number of clusters is another model');
SELECT is(note('fashion', 'summaries'), 'clusters were fitted anew: there were 5, of column "embedding"', 'and said');
SELECT is(fma_prune('fashion', '0'), 3::bigint, 'old runs are pruned');
SELECT is((SELECT count(*) FROM fma_cluster_model), 1::bigint, 'with their models');

-- Rows without an embedding, and embeddings that do not fit
UPDATE fashion_embedding SET embedding = NULL WHERE id % 10 = 0;
SELECT fma_run('fashion');
SELECT is((SELECT n FROM fma_clusters WHERE cluster IS NULL), 1000::bigint, 'rows without an embedding are the cluster NULL');
UPDATE fashion_embedding SET embedding = embedding[1:63] WHERE id = 17;
SELECT fma_run('fashion');
SELECT is((SELECT status FROM fma_result_run WHERE run_id = latest('fashion')), 'complete', 'another dimension does not stop a run');
SELECT matches(note('fashion', 'summaries'), '^no clusters, since the model does not fit the embeddings: .*63.*64.*fma_refit_clusters', 'which says so');
SELECT is(note('fashion', 'clusters'), 'left out: there is no model that fits, as stage summaries tells', 'and has no clusters');
SELECT matches(note('fashion', 'duplicates'), '^left out: .*', 'nor duplicates');
SELECT is_empty($$ SELECT * FROM fma_clusters $$, 'none are shown');
SELECT throws_ok($$ SELECT fma_exclude_duplicates('fashion') $$, '55000', format('run %s of dataset "fashion" did not search for duplicates', latest('fashion')), 'and none excluded');
UPDATE fashion_embedding SET embedding = embedding[1:63];
SELECT fma_refit_clusters('fashion');
SELECT fma_run('fashion');
SELECT is((SELECT count(*) FROM fma_clusters), 4::bigint, 'a refit makes it right');

-- Units: intervals are wider, and there is no test that holds
CREATE TABLE shot AS SELECT p.*, p.id / 20 AS session, NULL::int AS cluster FROM fashion_predictions AS p WHERE model_version = 'v2';
SELECT fma_register('shots', 'shot', truth => 'true_label', prediction => 'pred_label', id => 'id', unit => 'session', embedding => 'embedding', clusters => 4, features => ARRAY['cluster', 'batch']);
SELECT fma_run('shots');
SELECT is((SELECT count(*) FROM fma_clusters WHERE dataset = 'shots' AND n_units > 0 AND design_effect >= 1 AND p_value IS NULL AND q_value IS NULL AND ci_low < failure_rate), 5::bigint, 'with units');
SELECT ok((SELECT count(*) > 0 FROM fma_slice_metrics WHERE dataset = 'shots' AND slice ~ 'cluster of embedding = '), 'a feature may be called cluster already');

-- Columns may have the names that a run gives its own, and names as long as names can be
CREATE TABLE named AS SELECT id, true_label, pred_label, model_version, timestamp '2025-01-01' + id * interval '1 hour' AS at, id / 20 AS session, batch,
	ink_area, noise, brightness, contrast, embedding FROM fashion_predictions WHERE id < 3000;
SELECT fma_register('plain', 'named', truth => 'true_label', prediction => 'pred_label', id => 'id', model_version => 'model_version', occurred_at => 'at', unit => 'session',
	embedding => 'embedding', clusters => 3, features => ARRAY['true_label', 'batch', 'ink_area', 'noise', 'brightness', 'contrast']);
CREATE VIEW odd AS SELECT id, true_label, pred_label, model_version, at, session AS "0", batch AS cluster, ink_area AS fma_loss, noise AS fma_id, brightness AS fma_loss_a,
	contrast AS fma_loss_b, embedding AS "an embedding whose name has sixty-three bytes, as many as names" FROM named;
SELECT fma_register('odd', 'odd', truth => 'true_label', prediction => 'pred_label', id => 'id', model_version => 'model_version', occurred_at => 'at', unit => '0',
	embedding => 'an embedding whose name has sixty-three bytes, as many as names', clusters => 3, features => ARRAY['true_label', 'cluster', 'fma_loss', 'fma_id', 'fma_loss_a', 'fma_loss_b']);
SELECT fma_run(name, until => '2025-03-20') FROM unnest(ARRAY['plain', 'odd']) AS name;
SELECT fma_run(name) FROM unnest(ARRAY['plain', 'odd']) AS name;
SELECT is((SELECT (status, message)::text FROM fma_result_run WHERE run_id = latest('odd')), '(complete,)', 'columns may be called as those of a run');
SELECT cmp_ok((SELECT count(*) FROM fma_result_slice WHERE run_id = latest('odd') AND slice ~ 'cluster of an embedding whose'), '>', 0::bigint, 'the cluster has a name of its own');
CREATE FUNCTION figures(name text) RETURNS TABLE (kind text, n bigint, figure float8, p float8) LANGUAGE SQL STABLE AS $$
	SELECT kind, n, mean_loss, p_value FROM fma_result_slice WHERE run_id = latest(name)
	UNION ALL SELECT 'compared', n, difference, p_value FROM fma_result_comparison WHERE run_id = latest(name)
	UNION ALL SELECT 'confirmed', n, mean_loss, p_value FROM fma_result_confirmation WHERE run_id = latest(name) $$;
SELECT bag_eq($$ SELECT * FROM figures('odd') $$, $$ SELECT * FROM figures('plain') $$, 'and the figures are the same');
SELECT is((SELECT count(DISTINCT kind) FROM figures('odd')), 4::bigint, 'of all stages');

-- Rows without an id are not named, and do no harm
CREATE VIEW nameless AS SELECT CASE WHEN id % 3 > 0 THEN id END AS id, true_label, pred_label, embedding FROM named WHERE model_version = 'v2';
SELECT fma_register('nameless', 'nameless', truth => 'true_label', prediction => 'pred_label', id => 'id', embedding => 'embedding', clusters => 3);
SELECT fma_run('nameless');
SELECT is((SELECT array_agg(DISTINCT cardinality(string_to_array(representatives, ', '))) FROM fma_clusters WHERE dataset = 'nameless' AND cluster IS NOT NULL), ARRAY[5], 'five ids a cluster');
SELECT is(note('nameless', 'duplicates'), '1000 row(s) without an id were not looked at', 'rows without an id are noted');
SELECT bag_eq($$ SELECT group_id, id, representative FROM fma_result_duplicate WHERE run_id = latest('nameless') $$,
	$$ SELECT group_id, id, representative FROM fma_duplicate_groups('SELECT id, embedding FROM nameless WHERE id IS NOT NULL') $$, 'the others are searched for duplicates');

SELECT is_empty($$ SELECT id FROM fma_list_predictions('fashion', conditions => (SELECT format('[{"column": "cluster", "cluster_model": %s, "op": "is not null"}]', max(model_id)) FROM fma_cluster_model)::jsonb) $$,
	'no dataset is looked at by the model of another one');

-- Duplicates: as fma_duplicate_groups finds them
SELECT fma_unregister('fashion');
DELETE FROM fashion_embedding;
\copy fashion_embedding FROM PROGRAM 'gzip -dc examples/fashion/embeddings.csv.gz' CSV HEADER
SELECT fma_register('fashion', 'fashion_predictions', truth => 'true_label', prediction => 'pred_label', id => 'id', batch => 'batch', model_version => 'model_version',
	embedding => 'embedding', features => ARRAY['brightness']);
SELECT fma_run('fashion');
CREATE TEMP TABLE groups AS SELECT * FROM fma_duplicate_groups('SELECT id, embedding, true_label, batch FROM fashion_predictions WHERE model_version = ''v2''');
SELECT bag_eq($$ SELECT group_id, size, id, representative, similarity, min_similarity, label, batch, labels_disagree, crosses_batches FROM fma_result_duplicate WHERE run_id = latest('fashion') $$,
	$$ SELECT * FROM groups $$, 'the run''s groups are the finder''s');
SELECT bag_eq($$ SELECT group_id, size, representative, labels_disagree, crosses_batches, min_similarity, excluded FROM fma_duplicate_review WHERE dataset = 'fashion' $$,
	$$ SELECT DISTINCT group_id, size, representative, labels_disagree, crosses_sets, min_similarity, 0::bigint FROM groups $$, 'a row a group to be reviewed');
SELECT is((SELECT ids || ': ' || labels FROM fma_duplicate_review WHERE dataset = 'fashion' AND representative = '573'), '573, 1632: Ankle boot, Sneaker', 'with ids and labels');
SELECT is(note('fashion', 'clusters'), 'left out: the dataset has no clusters', 'clusters are not asked for');
SELECT throws_ok($$ SELECT fma_refit_clusters('fashion') $$, '55000', 'dataset "fashion" has no clusters', 'nor refitted');
-- left out of later runs
SELECT is(fma_exclude_duplicates('fashion'), (SELECT count(*) FROM groups WHERE id <> representative), 'all but the representatives');
SELECT fma_run('fashion');
CREATE TEMP TABLE kept AS SELECT * FROM fashion_predictions WHERE id::text NOT IN (SELECT id FROM groups WHERE id <> representative);
SELECT bag_eq($$ SELECT model_version, n, failures FROM fma_overview WHERE dataset = 'fashion' $$,
	$$ SELECT model_version, count(*) AS n, count(*) FILTER (WHERE true_label <> pred_label) FROM kept GROUP BY 1 $$, 'are what later runs read');
SELECT is(note('fashion', 'summaries'), format('%s row(s) left out as duplicates, by fma_exclude_duplicates', (SELECT count(*) FROM fashion) - (SELECT count(*) FROM kept)), 'and say');
SELECT is((SELECT count(*) FROM fma_result_slice AS s, LATERAL (SELECT count(*) AS n FROM kept WHERE model_version = 'v2') AS k WHERE run_id = latest('fashion') AND s.n > k.n), 0::bigint, 'in the slices too');
SELECT is((SELECT sum(excluded) FROM fma_duplicate_review WHERE dataset = 'fashion'), (SELECT count(*)::numeric FROM groups WHERE id <> representative), 'the review still shows the groups');
SELECT is(fma_exclude_duplicates('fashion'), (SELECT count(*) FROM groups WHERE id <> representative), 'doing it again changes nothing');
SELECT is((SELECT total FROM fma_list_predictions('fashion', page_size => 1)), 10000::bigint, 'predictions are all there');
SELECT is(fma_exclude_duplicates('fashion', exclude => false), (SELECT count(*) FROM groups WHERE id <> representative), 'nothing is lost');
SELECT fma_run('fashion');
SELECT is((SELECT n FROM fma_result_run WHERE run_id = latest('fashion')), (SELECT count(*) FROM fashion), 'all rows are back');
SELECT fma_exclude_duplicates('fashion');
SELECT fma_alter_dataset('fashion', '{"id": "batch"}');
SELECT is((SELECT count(*) FROM fma_excluded), 0::bigint, 'ids of another column are not left out');
SELECT fma_alter_dataset('fashion', '{"id": "id", "duplicate_threshold": 0.999}');
SELECT fma_run('fashion');
SELECT is((SELECT count(*) FROM fma_result_duplicate WHERE run_id = latest('fashion')),
	(SELECT count(*) FROM fma_duplicate_groups('SELECT id, embedding FROM fashion_predictions WHERE model_version = ''v2''', 0.999)), 'the threshold is an option');
-- too many to be searched
SET fma.search_memory = '1MB';
SELECT fma_alter_dataset('fashion', '{"features": []}');
SELECT fma_run('fashion');
RESET fma.search_memory;
SELECT is((SELECT status FROM fma_result_run WHERE run_id = latest('fashion')), 'complete', 'a search that does not fit in memory is left out of a run');
SELECT matches(note('fashion', 'duplicates'), '^left out: .*(memory|rows)', 'with a note');
SELECT fma_alter_dataset('fashion', '{"duplicate_threshold": 0}');
SELECT fma_run('fashion');
SELECT is(note('fashion', 'duplicates'), 'left out: duplicate_threshold is 0', 'or nobody wants it');

-- Who sees it: whoever may read the dataset
CREATE ROLE cluster_owner;
CREATE ROLE cluster_stranger;
GRANT ALL ON ALL TABLES IN SCHEMA pg_temp TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA pg_temp TO PUBLIC;
CREATE SCHEMA cluster_home AUTHORIZATION cluster_owner;
SET ROLE cluster_owner;
CREATE TABLE cluster_home.photo AS SELECT i AS id, 'a' AS truth, CASE WHEN i % 3 = 0 THEN 'b' ELSE 'a' END AS guess, ARRAY[cos(i), sin(i), i % 4] AS e FROM generate_series(1, 600) AS i;
SELECT fma_register('photos', 'cluster_home.photo', truth => 'truth', prediction => 'guess', id => 'id', embedding => 'e', clusters => 3, features => ARRAY[]::text[]);
SELECT fma_run('photos');
SELECT is((SELECT sum(n) FROM fma_clusters WHERE dataset = 'photos'), 600::numeric, 'an owner sees his clusters; no feature is needed');
SELECT ok((SELECT count(*) > 0 FROM fma_slice_metrics WHERE dataset = 'photos'), 'and slices by cluster');
SELECT ok(fma_exclude_duplicates('photos') > 0, 'excludes duplicates');
SELECT ok(fma_run('photos') > 0, 'and runs again');
SELECT is((SELECT (r.status, r.n)::text FROM fma_result_run AS r WHERE run_id = latest('photos')), (SELECT ('complete', 600 - count(*))::text FROM fma_excluded), 'without them');
SELECT throws_ok(format('DELETE FROM %s', t), '42501', NULL, 'nobody writes ' || t) FROM unnest(ARRAY['fma_cluster_model', 'fma_result_cluster', 'fma_result_duplicate', 'fma_excluded']) AS t;
SET ROLE cluster_stranger;
SELECT is((SELECT count(*) FROM fma_cluster_model) + (SELECT count(*) FROM fma_result_cluster) + (SELECT count(*) FROM fma_result_duplicate) + (SELECT count(*) FROM fma_excluded)
	+ (SELECT count(*) FROM fma_clusters) + (SELECT count(*) FROM fma_duplicate_review), 0::bigint, 'a stranger sees nothing');
SELECT throws_ok(format('SELECT %s(''photos'')', f), '42704', NULL, 'and calls nothing: ' || f) FROM unnest(ARRAY['fma_refit_clusters', 'fma_exclude_duplicates']) AS f;
SET ROLE cluster_owner;
SELECT fma_share('photos', 'cluster_stranger');
SET ROLE cluster_stranger;
SELECT is((SELECT count(*) > 0 FROM fma_clusters), true, 'whom it is shared with reads it');
SELECT throws_ok(format('SELECT %s(''photos'')', f), '42501', NULL, 'and changes nothing: ' || f) FROM unnest(ARRAY['fma_refit_clusters', 'fma_exclude_duplicates']) AS f;
RESET ROLE;
SELECT fma_unregister('photos');
SELECT is((SELECT count(*) FROM fma_excluded), 0::bigint, 'it goes with the dataset');
SELECT * FROM finish();
ROLLBACK;
