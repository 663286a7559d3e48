-- markdown: a report as GitHub-flavoured Markdown (doc/report.md)

CREATE FUNCTION fma_render_markdown(report jsonb) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION fma_render_markdown(jsonb) IS 'a report as GitHub-flavoured Markdown, without images
From what fma_report_json or fma_save_report made. Every string from data is escaped.';
