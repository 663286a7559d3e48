-- register: saying what a table's columns mean, and who may see what is found in it

CREATE FUNCTION fma_register(name text, relation text,
	truth text DEFAULT NULL, prediction text DEFAULT NULL, confidence text DEFAULT NULL,
	id text DEFAULT NULL, occurred_at text DEFAULT NULL, batch text DEFAULT NULL, features text[] DEFAULT NULL,
	unit text DEFAULT NULL, place text DEFAULT NULL, longitude text DEFAULT NULL, latitude text DEFAULT NULL,
	model_version text DEFAULT NULL, image text DEFAULT NULL, embedding text DEFAULT NULL, clusters integer DEFAULT NULL,
	probabilities text DEFAULT NULL, probability_labels text[] DEFAULT NULL,
	failed text DEFAULT NULL, filter text DEFAULT NULL, labels jsonb DEFAULT NULL, task text DEFAULT NULL,
	metric text DEFAULT NULL, min_metric double precision DEFAULT NULL,
	high_confidence double precision DEFAULT NULL, period text DEFAULT NULL, timezone text DEFAULT NULL,
	current_version text DEFAULT NULL, options jsonb DEFAULT NULL) RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION fma_register(text, text, text, text, text, text, text, text, text[], text, text, text, text, text, text, text, integer, text, text[], text, text, jsonb, text, text, double precision, double precision, text, text, text, jsonb)
IS 'Registers a table or view of predictions; returns the number of the dataset.
The arguments name its columns. Nothing is copied. One error lists all that is wrong.';

CREATE FUNCTION fma_alter_dataset(name text, changes jsonb) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION fma_alter_dataset(text, jsonb) IS 'Changes settings of a dataset.
The keys are fma_register''s arguments, name, owner and relation; null takes a setting away.';

CREATE FUNCTION fma_unregister(name text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION fma_unregister(text) IS 'Deletes a dataset with its rules and results.
The table of predictions itself stays as it is.';

CREATE FUNCTION fma_share(name text, role text, allowed boolean DEFAULT true, predictions boolean DEFAULT true) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION fma_share(text, text, boolean, boolean) IS 'Lets a role read a dataset''s results and predictions, or no longer.
The role "public" means everybody. predictions => false: the results alone. Another call changes it.';
