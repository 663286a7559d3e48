-- page: a report as HTML (doc/page.md)

CREATE FUNCTION fma_render_html(report jsonb) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION fma_render_html(jsonb) IS 'a report as one page of HTML, without a script and without a request
From what fma_report_json or fma_save_report made: psql -XAtqc "SELECT fma_render_html(report) FROM fma_report ..." -o report.html.';
