-- Loads the examples' data; run in the project's directory: psql -f examples/load.sql
-- What the columns mean and where the data comes from: examples/README.md
CREATE TABLE fashion (
	id int, batch int, model_version text, true_label text, pred_label text, confidence float8,
	brightness float8, contrast float8, ink_area float8, bbox_aspect float8, edge_density float8,
	sharpness float8, noise float8, PRIMARY KEY (id, model_version)
);
\copy fashion FROM PROGRAM 'gzip -dc examples/fashion/predictions.csv.gz' CSV HEADER

-- What the classifier makes of each photograph: its last layer but one
CREATE TABLE fashion_embedding (id int PRIMARY KEY, embedding real[]);
\copy fashion_embedding FROM PROGRAM 'gzip -dc examples/fashion/embeddings.csv.gz' CSV HEADER
CREATE VIEW fashion_predictions AS SELECT fashion.*, embedding FROM fashion LEFT JOIN fashion_embedding USING (id);

CREATE TABLE flights (
	id int PRIMARY KEY, ts timestamp, origin text, destination text, distance int, hour int, dow int,
	origin_recent_delay float8, dest_recent_delay float8, origin_recent_departures int, route_mean_delay float8,
	true_label text, pred_label text, confidence float8, p_late float8
);
\copy flights FROM PROGRAM 'gzip -dc examples/flights/predictions.csv.gz' CSV HEADER

CREATE TABLE airports (
	iata text PRIMARY KEY, name text, city text, state text, country text, lat float8, lon float8
);
\copy airports FROM 'examples/flights/airports.csv' CSV HEADER

-- What the model was asked about, with where and on which day: flights of one day share their weather
CREATE VIEW flight_predictions AS
SELECT flights.*, ts::date AS day, lon, lat FROM flights LEFT JOIN airports ON iata = origin;

CREATE TABLE scene_truth (
	box_id int PRIMARY KEY, scene_id int, place text, label text, x_min int, y_min int, x_max int, y_max int,
	area_px int, visible float8, quadrant text, image_id int
);
\copy scene_truth FROM PROGRAM 'gzip -dc examples/scenes/boxes_gt.csv.gz' CSV HEADER

CREATE TABLE scene_prediction (
	box_id int PRIMARY KEY, scene_id int, place text, label text, score float8,
	x_min int, y_min int, x_max int, y_max int, area_px int, quadrant text
);
\copy scene_prediction FROM PROGRAM 'gzip -dc examples/scenes/boxes_pred.csv.gz' CSV HEADER

-- A row for each image: its masks, what the network's inner layer makes of it, and the photographs of the worst
CREATE TEMP TABLE scene_mask (
	scene_id int, place text, n_objects int, brightness float8, contrast float8, conf_mean float8, conf_fg_mean float8,
	truth fma_mask, prediction fma_mask
);
\copy scene_mask FROM PROGRAM 'gzip -dc examples/scenes/scenes.csv.gz' CSV HEADER
CREATE TEMP TABLE scene_embedding (scene_id int, embedding real[]);
\copy scene_embedding FROM PROGRAM 'gzip -dc examples/scenes/embeddings.csv.gz' CSV HEADER
CREATE TEMP TABLE scene_image (scene_id int, image text);
\copy scene_image FROM PROGRAM 'gzip -dc examples/scenes/images.csv.gz' CSV HEADER
CREATE TABLE scene AS SELECT * FROM scene_mask JOIN scene_embedding USING (scene_id) LEFT JOIN scene_image USING (scene_id) ORDER BY scene_id;
ALTER TABLE scene ADD PRIMARY KEY (scene_id);
DROP TABLE scene_mask, scene_embedding, scene_image;

-- Its boxes stand in two tables, a row each; this makes values of them
CREATE INDEX ON scene_truth (scene_id);
CREATE INDEX ON scene_prediction (scene_id);
CREATE VIEW scene_boxes AS
SELECT scene_id, place, n_objects, brightness, contrast, embedding, image,
	(SELECT fma_boxes(label, x_min, y_min, x_max - x_min, y_max - y_min)
		FROM scene_truth AS box WHERE box.scene_id = scene.scene_id) AS truth,
	(SELECT fma_boxes(label, x_min, y_min, x_max - x_min, y_max - y_min, score)
		FROM scene_prediction AS box WHERE box.scene_id = scene.scene_id) AS prediction
FROM scene;

ANALYZE fashion, fashion_embedding, flights, airports, scene_truth, scene_prediction, scene;
