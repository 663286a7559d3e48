-- Registering: what a person types, what is derived, and what is refused
-- Other tests register datasets too
ALTER SEQUENCE fma_dataset_dataset_id_seq RESTART WITH 10001;
CREATE DOMAIN score AS float4 CHECK (value >= 0);
CREATE TYPE garment AS ENUM ('shirt', 'coat');
CREATE TABLE predictions (
	id int PRIMARY KEY, taken_at timestamptz, day date, camera text, batch int, model text,
	true_label text, pred_label text, confidence score, kind garment, brightness float8, indoors boolean, noise numeric,
	price money, y float8, y_hat float8, votes int[], p float8[], vector real[], words text[], document jsonb, raw bytea, corner point, lon float8, lat float8, link text);

-- The features are all columns left that can serve
SELECT fma_register('fashion', 'predictions', truth => 'true_label', prediction => 'pred_label', confidence => 'confidence');
SELECT name, owner::text ~ '.' AS owner, relation, jsonb_pretty(settings) AS settings FROM fma_dataset;
-- Everything there is
SELECT fma_register('all', 'public.predictions', 'true_label', 'pred_label', 'confidence', id => 'id', occurred_at => 'taken_at', batch => 'batch',
	features => ARRAY['kind', 'brightness', 'true_label'], unit => 'day', place => 'camera', longitude => 'lon', latitude => 'lat', model_version => 'model', image => 'link',
	embedding => 'vector', probabilities => 'p', probability_labels => ARRAY['shirt', 'coat'], failed => 'true_label <> pred_label OR brightness IS NULL', filter => 'NOT indoors',
	labels => '{"coat": "Coat"}', task => 'classification', high_confidence => 0.9, period => 'week', timezone => 'America/New_York', current_version => 'v2',
	options => '{"max_slices": 20, "max_order": 3, "min_rows": 10, "bins": 4, "max_values": 30, "fdr": 0.01, "min_lift": 1.5}');
SELECT jsonb_pretty(settings) AS settings FROM fma_dataset WHERE name = 'all';
-- The task is derived
SELECT fma_register('residuals', 'predictions', truth => 'y', prediction => 'y_hat', features => '{}');
SELECT fma_register('rank', 'predictions', truth => 'id', prediction => 'batch', features => '{}');
SELECT fma_register('far off', 'predictions', failed => 'abs(y - y_hat) > 15', unit => 'day');
SELECT name, settings ->> 'task' AS task, settings ->> 'failed' AS failed, settings -> 'derived' AS derived FROM fma_dataset ORDER BY dataset_id;

-- Rows that are images: the task and what they are judged by are derived
CREATE TABLE scenes (id int PRIMARY KEY, truth fma_mask, prediction fma_mask, place text, brightness float8, label text);
SELECT fma_register('scenes', 'scenes', truth => 'truth', prediction => 'prediction', place => 'place', labels => '{"0": "road", "7": "car"}', options => '{"ignore_label": 9}');
SELECT fma_register('judged', 'scenes', truth => 'truth', prediction => 'prediction', task => 'segmentation', metric => 'PixelAccuracy', min_metric => 0.9, features => '{}');
SELECT fma_register('own', 'scenes', truth => 'truth', prediction => 'prediction', features => '{}', failed => 'fma_iou(fma_mask_confusion(truth, prediction)) < 0.7');
CREATE TABLE shots (id int PRIMARY KEY, truth fma_boxes, prediction fma_boxes, score float8);
SELECT fma_register('shots', 'shots', truth => 'truth', prediction => 'prediction', confidence => 'score', features => '{}', options => '{"min_confidence": 0.3, "min_iou": 0.75}');
SELECT name, settings FROM fma_dataset WHERE relation IN ('scenes'::regclass, 'shots'::regclass) ORDER BY dataset_id;
SELECT fma_alter_dataset('own', '{"failed": null, "metric": "F1Score"}');
SELECT settings FROM fma_dataset WHERE name = 'own';

-- One error says all that is wrong
\set VERBOSITY default
SELECT fma_register('', 'prediction');
\echo :LAST_ERROR_SQLSTATE
SELECT fma_register('wrong', 'predictions', truth => 'True_Label', prediction => 'predlabel', confidence => 'camera', occurred_at => 'y', id => 'document', batch => 'words', embedding => 'words',
	probabilities => 'vector', place => 'lat', latitude => 'lat', unit => 'nothing', image => 'raw', features => ARRAY['camera', 'corner', 'brightnes'],
	failed => 'y - y_hat', filter => 'count(*) > 3', labels => '{"a": 1}', task => 'segments', high_confidence => 80, period => 'fortnight', timezone => 'Mars/Phobos', current_version => 'v1',
	options => '{"max_oder": 2, "bins": 1, "fdr": "low", "max_slices": 2.5}');
SELECT fma_register('fashion', 'predictions', truth => 'true_label', confidence => 'true_label');
SELECT fma_register('wrong', 'predictions', truth => 'true_label', prediction => 'y', task => 'regression', probabilities => 'p', labels => '{}');
SELECT fma_register('wrong', 'predictions', features => ARRAY['camera', 'camera', NULL], options => '[]');
SELECT fma_register('wrong', 'predictions', features => ARRAY['camera', 'camera'], probability_labels => '{a}', high_confidence => 'NaN');
SELECT fma_register(repeat('n', 201), 'predictions', task => 'classification');
SELECT fma_register('wrong', 'fma_dataset_dataset_id_seq', failed => 'true');
SELECT fma_register('wrong', 'no.such.place.at.all', failed => 'true');
SELECT fma_register('wrong', 'pred ictions', failed => 'true');
CREATE TEMP TABLE passing AS SELECT true AS failed;
SELECT fma_register('wrong', 'passing', failed => 'failed');
SELECT fma_register(NULL, 'predictions');
\echo :LAST_ERROR_SQLSTATE
SELECT fma_register('wrong', NULL);

-- of images
SELECT fma_register('wrong', 'scenes', truth => 'label', prediction => 'prediction', labels => '{"road": "Road", "65536": "x", "1": "one", "01": "one"}', metric => 'Recall', min_metric => 1.5,
	probabilities => 'truth', options => '{"min_iou": 0.3, "ignore_label": 65536}');
SELECT fma_register('wrong', 'scenes', truth => 'truth', prediction => 'prediction', metric => 'IoU', failed => 'false');
SELECT fma_register('wrong', 'scenes', truth => 'truth', prediction => 'prediction', metric => 'mIoU');
SELECT fma_register('wrong', 'scenes', truth => 'truth', task => 'segmentation', prediction => 'prediction', min_metric => 'NaN');
SELECT fma_register('wrong', 'scenes', truth => 'truth', prediction => 'truth');
SELECT fma_register('wrong', 'scenes', truth => 'truth', prediction => 'prediction', task => 'classification');
SELECT fma_register('wrong', 'scenes', truth => 'truth', task => 'segmentation');
SELECT fma_register('wrong', 'predictions', truth => 'true_label', prediction => 'pred_label', metric => 'IoU', min_metric => 0.5, options => '{"min_confidence": 0.5, "min_iou": 0.5, "ignore_label": 0}');
SELECT fma_register('wrong', 'shots', truth => 'truth', prediction => 'score', labels => '{"a": "b"}', metric => 'IoU', min_metric => -1, task => 'detection', options => '{"min_iou": 2, "ignore_label": 1}');
SELECT fma_register('wrong', 'shots', truth => 'truth', prediction => 'prediction', task => 'segmentation');
SELECT fma_alter_dataset('judged', '{"task": "classification"}');
SELECT fma_alter_dataset('judged', '{"metric": "Recall"}');

-- A condition is one boolean expression over the columns
CREATE FUNCTION wild(float8) RETURNS boolean LANGUAGE SQL AS 'SELECT $1 > 0.5';
CREATE TABLE bad_label (label text);
SELECT fma_register('wrong', 'predictions', failed => $$true, false$$);
SELECT fma_register('wrong', 'predictions', failed => $$true FROM pg_class$$);
SELECT fma_register('wrong', 'predictions', failed => $$true); DROP TABLE predictions; --$$);
SELECT fma_register('wrong', 'predictions', failed => $$true) OR (true$$);
SELECT fma_register('wrong', 'predictions', failed => $$*$$);
SELECT fma_register('wrong', 'predictions', failed => $$t.*$$);
SELECT fma_register('wrong', 'predictions', failed => $$$$);
SELECT fma_register('wrong', 'predictions', failed => $$true AS failed$$);
SELECT fma_register('wrong', 'predictions', failed => $$true LIMIT 1$$);
SELECT fma_register('wrong', 'predictions', failed => $$true UNION SELECT true$$);
SELECT fma_register('wrong', 'predictions', failed => $$sum(y) OVER () > 3$$);
SELECT fma_register('wrong', 'predictions', failed => $$unnest(p) > 0.5$$);
SELECT fma_register('wrong', 'predictions', failed => $$wild(y)$$);
SELECT fma_register('wrong', 'predictions', failed => $$random() < y$$);
SELECT fma_register('wrong', 'predictions', failed => $$$1$$);
SELECT fma_register('wrong', 'predictions', failed => $$y > '1,5'$$);
SELECT fma_register('wrong', 'predictions', failed => $$y > 1 /* $$);
SELECT fma_register('wrong', 'predictions', failed => $$'text'$$);
SELECT fma_register('wrong', 'predictions', failed => $$EXISTS (SELECT FROM bad_label FOR UPDATE)$$);
SELECT count(*) FROM fma_dataset WHERE name = 'wrong';
-- and is stored with its names qualified
CREATE SCHEMA ops;
CREATE FUNCTION ops.close_to(float8, float8) RETURNS boolean LANGUAGE SQL IMMUTABLE AS 'SELECT abs($1 - $2) < 1';
CREATE OPERATOR ops.=~ (LEFTARG = float8, RIGHTARG = float8, FUNCTION = ops.close_to);
SET search_path = public, ops;
SELECT fma_register('qualified', 'predictions', features => '{}', failed => $$NOT (y =~ y_hat) AND predictions.true_label IN (SELECT label FROM bad_label) -- not all$$,
	filter => $$kind = 'coat' AND t.day > '2024-01-01'$$);
RESET search_path;
SELECT settings ->> 'failed' AS failed, settings ->> 'filter' AS filter FROM fma_dataset WHERE name = 'qualified';
-- An operator that only a search path finds
CREATE FUNCTION ops.same_garment(garment, garment) RETURNS boolean LANGUAGE SQL IMMUTABLE AS 'SELECT $1::text = $2::text';
CREATE OPERATOR ops.= (LEFTARG = garment, RIGHTARG = garment, FUNCTION = ops.same_garment);
SET search_path = ops, public, pg_catalog;
SELECT fma_register('wrong', 'predictions', failed => $$kind IS DISTINCT FROM 'coat'$$);
RESET search_path;

-- Altering: the keys are the arguments; null takes a setting away
SELECT fma_alter_dataset('fashion', '{"confidence": null, "place": "camera", "options": {"bins": 3}, "high_confidence": 0.95}');
SELECT fma_alter_dataset('fashion', '{"name": "clothes", "max_order": 1, "features": ["camera"]}');
SELECT fma_alter_dataset('clothes', '{"truth": "y", "prediction": "y_hat"}');
SELECT name, settings, changed_at >= created_at AS changed FROM fma_dataset WHERE dataset_id = 10001;
SELECT fma_alter_dataset('clothes', '{"features": null, "options": null}');
SELECT settings FROM fma_dataset WHERE dataset_id = 10001;
SELECT fma_alter_dataset('clothes', '{"bin": 3, "name": "all", "owner": "nobody at all", "relation": 3, "derived": ["task"], "options": {"order": 3}}');
SELECT fma_alter_dataset('clothes', '[]');
SELECT fma_alter_dataset('nothing', '{}');
\echo :LAST_ERROR_SQLSTATE
-- What was renamed or dropped is noticed
ALTER TABLE predictions RENAME y_hat TO yhat;
ALTER TABLE predictions DROP COLUMN brightness;
ALTER TABLE predictions ALTER confidence TYPE text;
SELECT fma_alter_dataset('all', '{}');
SELECT fma_alter_dataset('far off', '{}');
SELECT fma_alter_dataset('far off', '{"failed": "abs(y - yhat) > 15"}');
CREATE TABLE moved AS SELECT * FROM predictions;
DROP TABLE predictions CASCADE;
SELECT fma_alter_dataset('far off', '{}');
SELECT fma_alter_dataset('far off', '{"relation": "moved"}');
SELECT relation, settings ->> 'failed' AS failed FROM fma_dataset WHERE name = 'far off';

-- Sharing and deleting
SELECT fma_share('far off', 'public'), fma_share('far off', 'public');
SELECT role FROM fma_dataset_share;
SELECT fma_share('far off', 'public', false), fma_share('far off', 'public', allowed => false);
SELECT count(*) FROM fma_dataset_share;
SELECT fma_share('far off', 'nobody at all');
INSERT INTO fma_result_run (dataset_id, status, started_at, settings, fma_version) SELECT dataset_id, 'complete', now(), settings, '1.0' FROM fma_dataset WHERE name IN ('far off', 'rank');
SELECT fma_unregister('far off');
SELECT d.name FROM fma_result_run JOIN fma_dataset AS d USING (dataset_id);
SELECT fma_unregister('far off');
-- NULLs do nothing
SELECT fma_unregister(NULL) IS NULL AS a, fma_share('rank', NULL) IS NULL AS b, fma_alter_dataset('rank', NULL) IS NULL AS c;
DELETE FROM fma_dataset WHERE dataset_id > 10000;
