-- What PostgREST or PostGraphile shows: schema "api" and nothing else.
-- Run once, with psql, by the owner of the database in which the extension is:
--
--   psql -v ON_ERROR_STOP=1 -f examples/dashboards/api.sql DATABASE
--
-- Every function takes typed arguments, and none takes SQL. They run with the
-- rights of web_anon, who reads the datasets that are shared with that role and
-- no table of yours.

SELECT 'CREATE ROLE web_anon NOLOGIN'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'web_anon') \gexec
-- The server logs in as this role, which may do nothing but become web_anon. To give it a password: \password authenticator
SELECT 'CREATE ROLE authenticator LOGIN NOINHERIT'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'authenticator') \gexec
GRANT web_anon TO authenticator;
ALTER ROLE web_anon SET statement_timeout = '30s';

BEGIN;

-- The bodies of the functions below are bound to the extension's objects here and now, wherever it is
SELECT format('SET LOCAL search_path = %I', nspname)
FROM pg_extension JOIN pg_namespace AS s ON s.oid = extnamespace WHERE extname = 'fma' \gexec

CREATE SCHEMA api;
COMMENT ON SCHEMA api IS 'Where models fail: results of fma for dashboards';

-- PostgREST sends what a function returns as this type as the media type of that name
CREATE DOMAIN api."text/html" AS text;

CREATE VIEW api.datasets WITH (security_invoker) AS
	SELECT dataset, run_id, finished_at, since, until, n, first_at, last_at, model_version FROM fma_latest_run;
COMMENT ON VIEW api.datasets IS 'The datasets that may be read, and the newest run of each';

CREATE FUNCTION api.overview(dataset text, model_version text DEFAULT NULL) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	SELECT fma_get_overview(dataset, model_version);
END;
COMMENT ON FUNCTION api.overview(text, text) IS 'The figures of the newest run';

CREATE FUNCTION api.confusion_matrix(dataset text, model_version text DEFAULT NULL) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	SELECT fma_get_confusion_matrix(dataset, model_version);
END;
COMMENT ON FUNCTION api.confusion_matrix(text, text) IS 'Which label is taken for which';

CREATE FUNCTION api.errors_by_class(dataset text, model_version text DEFAULT NULL) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	SELECT fma_get_errors_by_class(dataset, model_version);
END;
COMMENT ON FUNCTION api.errors_by_class(text, text) IS 'The errors of each true label, the label with most of them first';

CREATE FUNCTION api.calibration(dataset text, bins integer DEFAULT 10, model_version text DEFAULT NULL) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	SELECT fma_get_calibration(dataset, bins, model_version);
END;
COMMENT ON FUNCTION api.calibration(text, integer, text) IS 'The reliability diagram';

CREATE FUNCTION api.confidence_curve(dataset text, model_version text DEFAULT NULL) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	SELECT fma_get_confidence_curve(dataset, model_version);
END;
COMMENT ON FUNCTION api.confidence_curve(text, text) IS 'Errors and coverage when only confident predictions are trusted';

CREATE FUNCTION api.predictions(dataset text, only_errors boolean DEFAULT false, only_high_confidence_errors boolean DEFAULT false,
	true_label text DEFAULT NULL, pred_label text DEFAULT NULL, min_conf double precision DEFAULT NULL, max_conf double precision DEFAULT NULL,
	hotspot integer DEFAULT NULL, conditions jsonb DEFAULT NULL, sort text DEFAULT 'confidence_desc', page integer DEFAULT 1,
	page_size integer DEFAULT 10, model_version text DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	SELECT fma_get_predictions(dataset, only_errors, only_high_confidence_errors, true_label, pred_label, min_conf, max_conf,
		hotspot, conditions, sort, page, page_size, model_version, since, until);
END;
COMMENT ON FUNCTION api.predictions(text, boolean, boolean, text, text, double precision, double precision, integer, jsonb, text, integer,
	integer, text, timestamptz, timestamptz) IS 'A page of the rows behind the figures';

CREATE FUNCTION api.report_json(dataset text, run bigint DEFAULT NULL, examples integer DEFAULT 20) RETURNS jsonb
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	SELECT fma_report_json(dataset, run, least(examples, 100));
END;
COMMENT ON FUNCTION api.report_json(text, bigint, integer) IS 'Everything that a run found, as one object';

CREATE FUNCTION api.report(dataset text, run bigint DEFAULT NULL, examples integer DEFAULT 20) RETURNS api."text/html"
	LANGUAGE SQL STABLE
BEGIN ATOMIC
	SELECT fma_report_html(dataset, run, least(examples, 100))::api."text/html";
END;
COMMENT ON FUNCTION api.report(text, bigint, integer) IS 'The report as a page: one HTML file without scripts';

-- Whoever else uses the database shall not find these; who comes over HTTP finds nothing else
REVOKE ALL ON SCHEMA api FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA api FROM PUBLIC;
GRANT USAGE ON SCHEMA api TO web_anon;
GRANT SELECT ON api.datasets TO web_anon;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA api TO web_anon;
-- The extension's functions look its own objects up there; HTTP shows nothing of it
SELECT format('GRANT USAGE ON SCHEMA %I TO web_anon', nspname)
FROM pg_extension JOIN pg_namespace AS s ON s.oid = extnamespace WHERE extname = 'fma' \gexec

COMMIT;
