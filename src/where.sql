-- where: where and when more rows of runs failed than elsewhere

CREATE TABLE fma_result_space_time (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	rank bigint NOT NULL,
	place text,
	longitude double precision,
	latitude double precision,
	radius_km double precision,
	places integer,
	starts_at timestamptz,
	ends_at timestamptz,
	n bigint,
	failures bigint,
	expected double precision,
	relative_risk double precision,
	llr double precision,
	p_value double precision,
	gumbel_p double precision,
	predicate text,
	PRIMARY KEY (run_id, rank)
);
COMMENT ON TABLE fma_result_space_time IS 'clusters of places and periods with more failures, of runs
As fma_find_space_time returns them, of the current model version.';
COMMENT ON COLUMN fma_result_space_time.run_id IS 'the run';
COMMENT ON COLUMN fma_result_space_time.rank IS 'from 1, the likeliest cluster first';
COMMENT ON COLUMN fma_result_space_time.place IS 'the place in the middle';
COMMENT ON COLUMN fma_result_space_time.longitude IS 'its longitude, degrees';
COMMENT ON COLUMN fma_result_space_time.latitude IS 'its latitude, degrees';
COMMENT ON COLUMN fma_result_space_time.radius_km IS 'distance of the farthest place, km';
COMMENT ON COLUMN fma_result_space_time.places IS 'places in the circle';
COMMENT ON COLUMN fma_result_space_time.starts_at IS 'start of the first period';
COMMENT ON COLUMN fma_result_space_time.ends_at IS 'end of the last period, excluded';
COMMENT ON COLUMN fma_result_space_time.n IS 'rows';
COMMENT ON COLUMN fma_result_space_time.failures IS 'failures among them';
COMMENT ON COLUMN fma_result_space_time.expected IS 'failures expected if nothing were wrong';
COMMENT ON COLUMN fma_result_space_time.relative_risk IS 'failures over expected inside, divided by the same outside';
COMMENT ON COLUMN fma_result_space_time.llr IS 'logarithm of the likelihood ratio';
COMMENT ON COLUMN fma_result_space_time.p_value IS 'p-value by simulation, corrected for all places and periods looked at';
COMMENT ON COLUMN fma_result_space_time.gumbel_p IS 'the same by a Gumbel distribution, for small values';
COMMENT ON COLUMN fma_result_space_time.predicate IS 'as SQL over the source''s columns';

ALTER TABLE fma_result_space_time ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_space_time FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_space_time IS 'results of the runs that the current user may read';

ALTER TABLE fma_result_space_time OWNER TO @extowner@;
-- After the owner has changed, or a dump would hold this as a change of the extension.
GRANT SELECT ON fma_result_space_time TO PUBLIC;

SELECT pg_extension_config_dump('fma_result_space_time', '');
