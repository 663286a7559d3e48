-- predictions: the rows behind the figures (doc/predictions.md)

CREATE FUNCTION fma_list_predictions(dataset text,
	only_errors boolean DEFAULT false, only_high_confidence_errors boolean DEFAULT false,
	true_label text DEFAULT NULL, pred_label text DEFAULT NULL,
	min_conf double precision DEFAULT NULL, max_conf double precision DEFAULT NULL,
	hotspot integer DEFAULT NULL, conditions jsonb DEFAULT NULL,
	sort text DEFAULT 'confidence_desc', page integer DEFAULT 1, page_size integer DEFAULT 10,
	model_version text DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
	count_limit integer DEFAULT 10000,
	OUT id text, OUT true_label text, OUT pred_label text, OUT confidence double precision, OUT error_type text,
	OUT image_url text, OUT occurred_at timestamptz, OUT model_version text, OUT total bigint, OUT total_is_exact boolean)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE COST 10000 ROWS 10;
COMMENT ON FUNCTION fma_list_predictions(text, boolean, boolean, text, text, double precision, double precision, integer, jsonb, text,
	integer, integer, text, timestamptz, timestamptz, integer) IS 'a page of a dataset''s predictions, the most confident first
hotspot is the rank of one of the newest complete run''s; conditions are [{"column", "op", "value"}] as the finders write them; sort is confidence_desc or confidence_asc.
Of images true_label and pred_label are the pair that the image confuses most, and asked for, those with such a cell.
error_type is correct, error or confident_error. total counts all rows asked for, no further than count_limit (NULL: all); total_is_exact says whether it reached the end.';

CREATE FUNCTION fma_get_prediction(dataset text, id text, model_version text DEFAULT NULL,
	OUT id text, OUT true_label text, OUT pred_label text, OUT confidence double precision, OUT error_type text,
	OUT image_url text, OUT failed boolean, OUT loss double precision, OUT occurred_at timestamptz, OUT model_version text,
	OUT batch text, OUT unit text, OUT place text, OUT longitude double precision, OUT latitude double precision,
	OUT probabilities jsonb, OUT embedding jsonb, OUT attributes jsonb, OUT metrics jsonb)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE COST 1000 ROWS 1;
COMMENT ON FUNCTION fma_get_prediction(text, text, text) IS 'all about one prediction, its features as JSON
metrics is an image''s own, of task segmentation or detection: what it is judged by, its labels, and the cells of its confusion matrix.
One row, or one for each model version that has the id; none where no row has it.';

CREATE FUNCTION fma_export_query(dataset text,
	only_errors boolean DEFAULT false, only_high_confidence_errors boolean DEFAULT false,
	true_label text DEFAULT NULL, pred_label text DEFAULT NULL,
	min_conf double precision DEFAULT NULL, max_conf double precision DEFAULT NULL,
	hotspot integer DEFAULT NULL, conditions jsonb DEFAULT NULL,
	sort text DEFAULT 'confidence_desc',
	model_version text DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
	RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE COST 1000;
COMMENT ON FUNCTION fma_export_query(text, boolean, boolean, text, text, double precision, double precision, integer, jsonb, text,
	text, timestamptz, timestamptz) IS 'the SELECT of the predictions that are asked for, to be put into COPY
Columns id, true_label, pred_label, confidence, error_type, image_url. It runs with the rights of whoever executes it, and has the owner''s expressions in it.';
