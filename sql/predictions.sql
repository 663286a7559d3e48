-- predictions: the surface and its errors
CREATE TABLE shots (id int PRIMARY KEY, taken timestamptz, site text, light float8, truth text, guess text, confidence float8, picture text);
INSERT INTO shots VALUES
	(1, '2024-01-01 10:00+00', 'north', 0.9, 'cat', 'cat', 0.99, 'https://img/1.jpg'),
	(2, '2024-01-02 23:30+00', 'north', 0.2, 'cat', 'dog', 0.95, 'https://img/2.jpg'),
	(3, '2024-01-03 10:00+00', 'south', 0.3, 'dog', 'cat', 0.55, 'https://img/3.jpg'),
	(4, '2024-01-04 10:00+00', 'south', NULL, 'dog', 'dog', NULL, NULL),
	(5, '2024-01-05 10:00+00', NULL, 0.8, NULL, 'dog', 0.75, 'https://img/5.jpg');
INSERT INTO fma_dataset (name, owner, relation, settings) VALUES ('shots', current_user::regrole, 'shots', '{"truth": "truth", "prediction": "guess",
	"confidence": "confidence", "id": "id", "occurred_at": "taken", "image": "picture", "features": ["site", "light"]}');
SET TimeZone = 'UTC';

SELECT * FROM fma_list_predictions('shots');
SELECT id, error_type, total FROM fma_list_predictions('shots', only_errors => true, sort => 'confidence_asc');
SELECT id, total, total_is_exact FROM fma_list_predictions('shots', page => 2, page_size => 2, count_limit => 3);
SELECT id FROM fma_list_predictions('shots', only_high_confidence_errors => true);
SELECT id FROM fma_list_predictions('shots', true_label => 'cat', pred_label => 'dog');
SELECT id FROM fma_list_predictions('shots', since => '2024-01-02', until => '2024-01-04', max_conf => 0.9);
SELECT id FROM fma_list_predictions('shots', conditions => '[{"column": "site", "op": "=", "value": "south"}, {"column": "light", "op": "<", "value": 0.5}]');
SELECT id FROM fma_list_predictions('shots', conditions => '[{"column": "taken", "part": "hour", "timezone": "Asia/Tokyo", "op": "=", "value": 8}]');
SELECT id FROM fma_list_predictions('shots', conditions => '[{"column": "site", "op": "is null"}]');
SELECT * FROM fma_get_prediction('shots', '2') \gx
SELECT fma_export_query('shots', only_errors => true) AS query \gset
\pset format unaligned
SELECT regexp_replace(:'query', '( FROM|CASE (WHEN abs|\(t)| WHERE| ORDER BY)', E'\n\\1', 'g') AS query;
SELECT jsonb_pretty(fma_get_predictions('shots', page_size => 1));
\pset format aligned
COPY (:query) TO STDOUT (FORMAT csv, HEADER);
COPY (SELECT row_to_json(e) FROM (:query) AS e) TO STDOUT (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02');

-- what cannot be asked for
SELECT * FROM fma_list_predictions('shot');
SELECT * FROM fma_list_predictions(NULL);
SELECT * FROM fma_list_predictions('shots', page => 0);
SELECT * FROM fma_list_predictions('shots', page => NULL);
SELECT * FROM fma_list_predictions('shots', page_size => 101);
SELECT * FROM fma_list_predictions('shots', count_limit => 0);
SELECT * FROM fma_list_predictions('shots', sort => 'id');
SELECT * FROM fma_list_predictions('shots', min_conf => 90);
SELECT * FROM fma_list_predictions('shots', max_conf => 'NaN');
SELECT * FROM fma_list_predictions('shots', min_conf => 0.9, max_conf => 0.1);
SELECT * FROM fma_list_predictions('shots', true_label => 'cow');
SELECT * FROM fma_list_predictions('shots', model_version => 'v1');
SELECT * FROM fma_list_predictions('shots', hotspot => 1);
SELECT * FROM fma_list_predictions('shots', conditions => '{"site": "south"}');
SELECT * FROM fma_list_predictions('shots', conditions => '[{"column": "site", "op": "==", "value": "south"}]');
SELECT * FROM fma_list_predictions('shots', conditions => '[{"column": "picture", "op": "is null"}, {"column": "place", "op": "is null"}]');
SELECT * FROM fma_list_predictions('shots', conditions => '[{"column": "site", "op": "=", "values": ["south"]}]');
SELECT * FROM fma_list_predictions('shots', conditions => '[{"column": "site", "op": "=", "value": ["south"]}]');
SELECT * FROM fma_list_predictions('shots', conditions => '[{"column": "site", "op": "=", "value": null}]');
SELECT * FROM fma_list_predictions('shots', conditions => '[{"column": "site", "op": "in", "value": "south"}]');
SELECT * FROM fma_list_predictions('shots', conditions => '[{"column": "site", "op": "=", "val": "south"}]');
SELECT * FROM fma_list_predictions('shots', conditions => '[{"op": "=", "value": "south"}]');
SELECT * FROM fma_list_predictions('shots', conditions => '[{"column": "light", "part": "month", "op": "=", "value": 1}]');
SELECT * FROM fma_list_predictions('shots', conditions => '[{"column": "taken", "part": "year", "op": "=", "value": 1}]');
SELECT * FROM fma_list_predictions('shots', conditions => '[{"column": "taken", "part": "hour", "timezone": "Mars", "op": "=", "value": 1}]');
SELECT * FROM fma_list_predictions('shots', conditions => '[{"column": "light", "timezone": "UTC", "op": "=", "value": 1}]');
SELECT * FROM fma_list_predictions('shots', conditions => '[{"column": "light", "type": "integer", "op": "=", "value": 1}]');
SELECT * FROM fma_get_prediction('shots', 'two');
SELECT * FROM fma_get_prediction('shots', '22');

-- the source changes
ALTER TABLE shots RENAME COLUMN guess TO answer;
SELECT * FROM fma_list_predictions('shots');
ALTER TABLE shots RENAME COLUMN answer TO guess;
DROP TABLE shots;
SELECT * FROM fma_list_predictions('shots');
DELETE FROM fma_dataset WHERE name = 'shots';
