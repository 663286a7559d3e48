-- report: all that a run found, as one JSON object (doc/report.md)

-- private functions: its parts

CREATE FUNCTION fma_report_confusion(confusion fma_confusion) RETURNS jsonb
	LANGUAGE SQL IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH label AS (
		SELECT m.label, m.place, row_number() OVER (ORDER BY m.fn + m.fp DESC, m.place) <= 30 AS shown
		FROM fma_class_metrics(confusion) WITH ORDINALITY AS m (label, support, predicted, tp, fp, fn, tn, precision, recall, f1, iou, place)
	), line AS (
		SELECT l.label, row_number() OVER (ORDER BY l.place) AS line, true AS is_label FROM label AS l WHERE l.shown
		UNION ALL
		SELECT '(other)', count(*) FILTER (WHERE l.shown) + 1, false FROM label AS l HAVING NOT bool_and(l.shown)
	), position AS (
		SELECT l.label, coalesce(k.line, (SELECT max(o.line) FROM line AS o)) AS line
		FROM label AS l LEFT JOIN line AS k ON l.shown AND k.is_label AND k.label = l.label
	), cell AS (
		SELECT t.line AS truth, p.line AS prediction, sum(c.n)::bigint AS n
		FROM fma_cells(confusion, false) AS c JOIN position AS t ON t.label = c.truth JOIN position AS p ON p.label = c.prediction
		GROUP BY t.line, p.line
	), square AS (
		SELECT t.line AS truth, p.line AS prediction, coalesce(c.n, 0) AS n,
			sum(c.n) OVER (PARTITION BY t.line) AS of_truth, sum(c.n) OVER (PARTITION BY p.line) AS of_prediction
		FROM line AS t CROSS JOIN line AS p LEFT JOIN cell AS c ON c.truth = t.line AND c.prediction = p.line
	), rows AS (
		SELECT s.truth, jsonb_agg(s.n ORDER BY s.prediction) AS counts,
			jsonb_agg(s.n / s.of_truth::double precision ORDER BY s.prediction) AS share_of_truth,
			jsonb_agg(s.n / s.of_prediction::double precision ORDER BY s.prediction) AS share_of_prediction
		FROM square AS s GROUP BY s.truth
	)
	SELECT jsonb_build_object(
		'labels', (SELECT jsonb_agg(l.label ORDER BY l.line) FROM line AS l),
		'counts', jsonb_agg(r.counts ORDER BY r.truth),
		'share_of_truth', jsonb_agg(r.share_of_truth ORDER BY r.truth),
		'share_of_prediction', jsonb_agg(r.share_of_prediction ORDER BY r.truth),
		'folded', (SELECT count(*) FROM label AS l WHERE NOT l.shown))
	FROM rows AS r HAVING count(*) > 0;
END;
COMMENT ON FUNCTION fma_report_confusion(fma_confusion) IS 'a confusion matrix as JSON: the 30 most confused labels, and the others together
The others are one label, (other), the last one; folded is their number, 0 where all are shown. NULL where there are no labels.';

CREATE FUNCTION fma_report_register(of_dataset text, relation text, settings jsonb) RETURNS text
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	WITH setting AS (
		SELECT s.key, s.value, array_position(p.proargnames, s.key) AS place
		FROM pg_extension AS e JOIN pg_depend AS m ON m.refclassid = 'pg_extension'::regclass AND m.refobjid = e.oid AND m.classid = 'pg_proc'::regclass
			JOIN pg_proc AS p ON p.oid = m.objid, jsonb_each(settings) AS s
		WHERE e.extname = 'fma' AND m.deptype = 'e' AND p.proname = 'fma_register' AND s.key <> 'derived'
	)
	SELECT format('SELECT fma_register(%L, %L%s%s);', of_dataset, relation,
		(SELECT string_agg(format(', %I => %s', s.key, CASE jsonb_typeof(s.value)
				WHEN 'array' THEN coalesce((SELECT 'ARRAY[' || string_agg(quote_literal(a.value), ', ' ORDER BY a.place) || ']'
					FROM jsonb_array_elements_text(s.value) WITH ORDINALITY AS a (value, place)), '''{}''')
				WHEN 'number' THEN s.value::text
				ELSE quote_literal(s.value #>> '{}') END), '' ORDER BY s.place)
			FROM setting AS s WHERE s.place IS NOT NULL),
		(SELECT format(', options => %L', jsonb_object_agg(s.key, s.value)) FROM setting AS s WHERE s.place IS NULL HAVING count(*) > 0));
END;
COMMENT ON FUNCTION fma_report_register(text, text, jsonb) IS 'the call of fma_register that makes a dataset with these settings';

CREATE FUNCTION fma_report_sections(of_dataset text) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	WITH run AS (
		SELECT l.dataset, l.run_id, l.started_at, l.finished_at, l.since, l.until, l.n, l.first_at, l.last_at, l.period, l.model_version,
			r.settings, coalesce(r.settings ->> 'task', 'classification') AS task, coalesce(r.settings ->> 'timezone', 'UTC') AS timezone,
			(SELECT format('%I.%I', s.nspname, c.relname) FROM fma_dataset AS d JOIN pg_class AS c ON c.oid = d.relation
				JOIN pg_namespace AS s ON s.oid = c.relnamespace WHERE d.dataset_id = l.dataset_id) AS source
		FROM fma_latest_run AS l JOIN fma_result_run AS r USING (run_id) WHERE l.dataset = of_dataset
	), summary AS (
		SELECT s.* FROM fma_newest_summary(of_dataset, NULL) AS s
	), overview AS (
		SELECT fma_get_overview(of_dataset) AS figures
	), timeline AS (
		SELECT t.* FROM fma_timeline AS t JOIN run USING (dataset) WHERE t.model_version IS NOT DISTINCT FROM run.model_version
	), place AS (
		SELECT p.*, p.failures - (p.n - p.unlabelled) * s.failure_rate AS excess, p.n * (p.mae - s.mae) AS excess_error
		FROM fma_places AS p JOIN run USING (dataset) JOIN fma_overview AS s ON s.dataset = p.dataset AND s.is_current
		WHERE p.model_version IS NOT DISTINCT FROM run.model_version
	), batch AS (
		SELECT b.*, row_number() OVER (ORDER BY CASE WHEN b.numbers THEN b.batch::numeric END DESC, b.batch COLLATE "C" DESC) AS age
		FROM (SELECT b.*, bool_and(b.batch ~ '^-?[0-9]{1,18}$') OVER () AS numbers FROM fma_batches AS b JOIN run USING (dataset)
			WHERE b.model_version IS NOT DISTINCT FROM run.model_version) AS b
	)
	SELECT jsonb_build_object(
		'format', 1,
		'fma_version', (SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'fma'),
		'made_at', statement_timestamp(),
		'dataset', of_dataset,
		'task', run.task,
		'source', run.source,
		'row_means', CASE WHEN run.task IN ('segmentation', 'detection') THEN 'image' ELSE 'prediction' END,
		'run', jsonb_build_object('run_id', run.run_id, 'started_at', run.started_at, 'finished_at', run.finished_at,
			'since', run.since, 'until', run.until, 'n', run.n, 'first_at', run.first_at, 'last_at', run.last_at,
			'period', run.period, 'timezone', run.timezone, 'model_version', run.model_version),
		'overview', overview.figures,
		'versions', (SELECT jsonb_agg(to_jsonb(o) - '{dataset,run_id}'::text[] ORDER BY o.model_version COLLATE "C")
			FROM fma_overview AS o WHERE o.dataset = of_dataset),
		'previous', (SELECT jsonb_build_object('run_id', h.run_id, 'time', h."time", 'model_version', h.model_version, 'n', h.n,
				'failure_rate', h.failure_rate, 'ci_low', h.ci_low, 'ci_high', h.ci_high, 'mae', h.mae)
			FROM fma_run_history AS h WHERE h.dataset = of_dataset AND h.run_id < run.run_id ORDER BY h.run_id DESC LIMIT 1),
		'hotspots', (SELECT coalesce(jsonb_agg(to_jsonb(h) - '{dataset,run_id,model_version}'::text[] ORDER BY h.rank), '[]')
			FROM fma_hotspots AS h WHERE h.dataset = of_dataset),
		'slices', (SELECT coalesce(jsonb_agg(to_jsonb(s) - '{dataset,run_id,model_version}'::text[] ORDER BY s.rank), '[]')
			FROM fma_slice_metrics AS s WHERE s.dataset = of_dataset AND s.rank <= 20),
		'confusion', fma_report_confusion(summary.confusion),
		'labels', (SELECT coalesce(jsonb_agg(to_jsonb(m) - '{dataset,run_id,model_version}'::text[] ORDER BY m.fn DESC, m.fp DESC, m.label COLLATE "C"), '[]')
			FROM (SELECT m.* FROM fma_label_metrics AS m WHERE m.dataset = of_dataset AND m.model_version IS NOT DISTINCT FROM run.model_version
				ORDER BY m.fn DESC, m.fp DESC, m.label COLLATE "C" LIMIT 1000) AS m),
		'calibration', (SELECT jsonb_build_object('n', b.n, 'mean_confidence', b.mean_confidence, 'accuracy', b.accuracy)
				|| (SELECT jsonb_object_agg(k, overview.figures -> k) FROM unnest('{ece,mce,ece_if_calibrated,ece_p_value}'::text[]) AS k)
				|| jsonb_build_object('bins', (SELECT jsonb_agg(to_jsonb(c) - '{dataset,run_id,model_version,ece}'::text[] ORDER BY c.bin)
					FROM fma_calibration AS c WHERE c.dataset = of_dataset AND c.model_version IS NOT DISTINCT FROM run.model_version))
			FROM fma_bins(fma_coarsen(summary.reliability, 1)) AS b WHERE b.n > 0),
		'confidence_curve', (SELECT coalesce(jsonb_agg(to_jsonb(c) - '{dataset,run_id,model_version}'::text[] ORDER BY c.threshold), '[]')
			FROM fma_confidence_curve AS c WHERE c.dataset = of_dataset AND c.model_version IS NOT DISTINCT FROM run.model_version
				AND c.coverage IS NOT NULL),
		'timeline', (SELECT jsonb_build_object('period', run.period,
				'points', jsonb_agg(to_jsonb(t) - '{dataset,run_id,model_version}'::text[] ORDER BY t."time"),
				'changepoints', (SELECT coalesce(jsonb_agg(to_jsonb(c) - '{dataset,run_id,model_version}'::text[] ORDER BY c.rank), '[]')
					FROM fma_changepoints AS c WHERE c.dataset = of_dataset))
			FROM timeline AS t HAVING count(t."time") > 0),
		'batches', (SELECT coalesce(jsonb_agg(to_jsonb(b) - '{dataset,run_id,model_version,numbers,age}'::text[] ORDER BY b.age DESC), '[]')
			FROM batch AS b WHERE b.age <= 200),
		'batches_total', (SELECT count(*) FROM batch),
		'clusters', (SELECT coalesce(jsonb_agg(to_jsonb(c) - '{dataset,run_id,model_version}'::text[]
				ORDER BY c.failure_rate DESC NULLS LAST, c.mae DESC NULLS LAST, c.cluster), '[]')
			FROM fma_clusters AS c WHERE c.dataset = of_dataset),
		'places', (SELECT coalesce(jsonb_agg(to_jsonb(p) - '{dataset,run_id,model_version,excess,excess_error}'::text[]
				ORDER BY p.excess DESC NULLS LAST, p.excess_error DESC NULLS LAST, p.n DESC, p.place COLLATE "C"), '[]')
			FROM (SELECT p.* FROM place AS p
				ORDER BY p.excess DESC NULLS LAST, p.excess_error DESC NULLS LAST, p.n DESC, p.place COLLATE "C" LIMIT 300) AS p),
		'places_total', (SELECT count(*) FROM place),
		'space_time', (SELECT coalesce(jsonb_agg(to_jsonb(x) - '{dataset,run_id,model_version}'::text[] ORDER BY x.rank), '[]')
			FROM fma_space_time_hotspots AS x WHERE x.dataset = of_dataset),
		'rules', (SELECT coalesce(jsonb_agg(to_jsonb(x) - '{dataset,run_id,model_version}'::text[] ORDER BY x.rank), '[]')
			FROM fma_rule_results AS x WHERE x.dataset = of_dataset AND x.rank <= 200),
		'rules_total', (SELECT count(*) FROM fma_rule_results AS x WHERE x.dataset = of_dataset),
		'rules_failed', (SELECT count(*) FROM fma_rule_results AS x WHERE x.dataset = of_dataset AND NOT x.passed),
		'comparison', (SELECT coalesce(jsonb_agg(to_jsonb(x) - '{dataset,run_id,model_version}'::text[]
				ORDER BY x.version_a COLLATE "C", x.version_b COLLATE "C", x.rank), '[]')
			FROM fma_model_comparison AS x WHERE x.dataset = of_dataset AND x.rank <= 20),
		'drift', (SELECT coalesce(jsonb_agg(to_jsonb(x) - '{dataset,run_id,model_version}'::text[] ORDER BY x.rank), '[]')
			FROM fma_drift_metrics AS x WHERE x.dataset = of_dataset AND x.rank <= 20),
		'explanation', (SELECT coalesce(jsonb_agg(to_jsonb(x) - '{dataset,run_id,model_version}'::text[]
				ORDER BY x.condition IS NOT NULL, x.rank), '[]')
			FROM (SELECT x.* FROM fma_change_explanation AS x WHERE x.dataset = of_dataset
				ORDER BY x.condition IS NOT NULL, x.rank LIMIT 20) AS x),
		'duplicates', (SELECT coalesce(jsonb_agg(to_jsonb(x) - '{dataset,run_id,model_version}'::text[]
				ORDER BY x.labels_disagree DESC NULLS LAST, x.crosses_batches DESC NULLS LAST, x.group_id), '[]')
			FROM (SELECT x.* FROM fma_duplicate_review AS x WHERE x.dataset = of_dataset
				ORDER BY x.labels_disagree DESC NULLS LAST, x.crosses_batches DESC NULLS LAST, x.group_id LIMIT 20) AS x),
		'duplicates_total', (SELECT count(DISTINCT x.group_id) FROM fma_result_duplicate AS x WHERE x.run_id = run.run_id),
		'stages', (SELECT coalesce(jsonb_agg(jsonb_build_object('stage', x.stage,
				'status', CASE WHEN x.note LIKE 'left out: %' THEN 'left out' ELSE 'complete' END,
				'seconds', x.stage_seconds, 'rows', x.stage_rows, 'message', x.note) ORDER BY x.position), '[]')
			FROM fma_run_log AS x WHERE x.run_id = run.run_id AND x.stage IS NOT NULL),
		'reproduce', jsonb_build_array(fma_report_register(of_dataset, run.source, run.settings),
			format('SELECT fma_run(%L%s%s);', of_dataset, coalesce(', since => ' || quote_literal(to_jsonb(run.since) #>> '{}'), ''),
				coalesce(', until => ' || quote_literal(to_jsonb(run.until) #>> '{}'), '')),
			format('SELECT fma_report_html(%L, %s);', of_dataset, run.run_id)))
	FROM run CROSS JOIN overview LEFT JOIN summary ON true;
END;
COMMENT ON FUNCTION fma_report_sections(text) IS 'the sections of fma_report_json that are read from views';

-- functions

CREATE FUNCTION fma_report_json(dataset text, run bigint DEFAULT NULL, examples integer DEFAULT 20) RETURNS jsonb
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE COST 10000;
COMMENT ON FUNCTION fma_report_json(text, bigint, integer) IS 'all that a run found, as one JSON object of a documented shape
run: a complete run of the dataset, by default the newest. examples: how many rows are listed for each hotspot and cell of the confusion matrix; 0 for none, and the source is not read.';

CREATE FUNCTION fma_report_html(dataset text, run bigint DEFAULT NULL, examples integer DEFAULT 20) RETURNS text
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	SELECT fma_render_html(fma_report_json(dataset, run, examples));
END;
COMMENT ON FUNCTION fma_report_html(text, bigint, integer) IS 'all that a run found, as one page of HTML
psql -XAtqc "SELECT fma_report_html(''flights'')" -o report.html';

CREATE FUNCTION fma_report_markdown(dataset text, run bigint DEFAULT NULL, examples integer DEFAULT 20) RETURNS text
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	SELECT fma_render_markdown(fma_report_json(dataset, run, examples));
END;
COMMENT ON FUNCTION fma_report_markdown(text, bigint, integer) IS 'all that a run found, as GitHub-flavoured Markdown
For an issue, a pull request or a wiki.';
