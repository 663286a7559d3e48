-- changes: when runs' failures changed, how the rows differ from earlier ones, and why the rate changed

CREATE TABLE fma_result_changepoint (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	rank bigint NOT NULL,
	"time" timestamptz,
	period_length text,
	starts_at timestamptz,
	ends_at timestamptz,
	n_before bigint,
	failures_before bigint,
	rate_before double precision,
	ci_low_before double precision,
	ci_high_before double precision,
	n_after bigint,
	failures_after bigint,
	rate_after double precision,
	ci_low_after double precision,
	ci_high_after double precision,
	difference double precision,
	dispersion double precision,
	llr double precision,
	p_value double precision,
	predicate text,
	PRIMARY KEY (run_id, rank)
);
COMMENT ON TABLE fma_result_changepoint IS 'change points of runs'' timelines
As fma_find_changepoints returns them, of the current model version.';
COMMENT ON COLUMN fma_result_changepoint.run_id IS 'the run';
COMMENT ON COLUMN fma_result_changepoint.rank IS 'from 1, the clearest change first';
COMMENT ON COLUMN fma_result_changepoint."time" IS 'start of the first period after the change';
COMMENT ON COLUMN fma_result_changepoint.period_length IS 'length of the periods';
COMMENT ON COLUMN fma_result_changepoint.starts_at IS 'start of the segment before the change';
COMMENT ON COLUMN fma_result_changepoint.ends_at IS 'end of the segment after it, excluded';
COMMENT ON COLUMN fma_result_changepoint.n_before IS 'rows before, up to the change before';
COMMENT ON COLUMN fma_result_changepoint.failures_before IS 'failures among them';
COMMENT ON COLUMN fma_result_changepoint.rate_before IS 'failure rate or mean loss before';
COMMENT ON COLUMN fma_result_changepoint.ci_low_before IS 'lower end of its 95 % interval';
COMMENT ON COLUMN fma_result_changepoint.ci_high_before IS 'upper end of it';
COMMENT ON COLUMN fma_result_changepoint.n_after IS 'rows after, up to the next change';
COMMENT ON COLUMN fma_result_changepoint.failures_after IS 'failures among them';
COMMENT ON COLUMN fma_result_changepoint.rate_after IS 'failure rate or mean loss after';
COMMENT ON COLUMN fma_result_changepoint.ci_low_after IS 'lower end of its 95 % interval';
COMMENT ON COLUMN fma_result_changepoint.ci_high_after IS 'upper end of it';
COMMENT ON COLUMN fma_result_changepoint.difference IS 'rate after minus rate before: positive where it got worse';
COMMENT ON COLUMN fma_result_changepoint.dispersion IS 'variance of the periods against that of independent rows';
COMMENT ON COLUMN fma_result_changepoint.llr IS 'logarithm of the likelihood ratio';
COMMENT ON COLUMN fma_result_changepoint.p_value IS 'p-value by simulation';
COMMENT ON COLUMN fma_result_changepoint.predicate IS 'the rows after the change, as SQL over the source''s columns';

CREATE TABLE fma_result_drift (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	reference_run_id bigint,
	reference_from timestamptz,
	rows_after timestamptz,
	rank bigint NOT NULL,
	feature text NOT NULL,
	kind text,
	n_reference bigint,
	n_current bigint,
	nulls_reference bigint,
	nulls_current bigint,
	cells integer,
	psi double precision,
	jensen_shannon double precision,
	hellinger double precision,
	total_variation double precision,
	chi_square double precision,
	chi_square_p double precision,
	ks double precision,
	ks_p double precision,
	wasserstein double precision,
	q_value double precision,
	verdict text,
	PRIMARY KEY (run_id, rank)
);
COMMENT ON TABLE fma_result_drift IS 'how the newer rows of runs differ from a reference, column by column
As fma_drift returns it.';
COMMENT ON COLUMN fma_result_drift.run_id IS 'the run';
COMMENT ON COLUMN fma_result_drift.reference_run_id IS 'the run whose rows are the reference; NULL: the first half of this run''s time. It may have been pruned';
COMMENT ON COLUMN fma_result_drift.reference_from IS 'time of the reference''s oldest row';
COMMENT ON COLUMN fma_result_drift.rows_after IS 'rows after this time are compared with the reference''s, up to it';
COMMENT ON COLUMN fma_result_drift.rank IS 'from 1, the largest psi first';
COMMENT ON COLUMN fma_result_drift.feature IS 'the column, or a part of its time';
COMMENT ON COLUMN fma_result_drift.kind IS 'number, category or calendar';
COMMENT ON COLUMN fma_result_drift.n_reference IS 'rows of the reference';
COMMENT ON COLUMN fma_result_drift.n_current IS 'newer rows';
COMMENT ON COLUMN fma_result_drift.nulls_reference IS 'rows of the reference without a value';
COMMENT ON COLUMN fma_result_drift.nulls_current IS 'newer rows without a value';
COMMENT ON COLUMN fma_result_drift.cells IS 'values or bins that were compared';
COMMENT ON COLUMN fma_result_drift.psi IS 'population stability index';
COMMENT ON COLUMN fma_result_drift.jensen_shannon IS 'Jensen-Shannon distance, 0 to 1';
COMMENT ON COLUMN fma_result_drift.hellinger IS 'Hellinger distance, 0 to 1';
COMMENT ON COLUMN fma_result_drift.total_variation IS 'share of rows that would have to change, 0 to 1';
COMMENT ON COLUMN fma_result_drift.chi_square IS 'chi-square statistic of the cells';
COMMENT ON COLUMN fma_result_drift.chi_square_p IS 'its p-value';
COMMENT ON COLUMN fma_result_drift.ks IS 'Kolmogorov-Smirnov distance, of numbers';
COMMENT ON COLUMN fma_result_drift.ks_p IS 'its p-value';
COMMENT ON COLUMN fma_result_drift.wasserstein IS 'mean distance that values moved, of numbers';
COMMENT ON COLUMN fma_result_drift.q_value IS 'p-value after correction for all columns';
COMMENT ON COLUMN fma_result_drift.verdict IS 'drift, slight, unclear or none: effect and chance together';

CREATE TABLE fma_result_explanation (
	run_id bigint NOT NULL REFERENCES fma_result_run ON DELETE CASCADE,
	reference_run_id bigint,
	reference_from timestamptz,
	rows_after timestamptz,
	rank bigint NOT NULL,
	feature text NOT NULL,
	condition text,
	predicate text,
	n_reference bigint,
	n_current bigint,
	share_reference double precision,
	share_current double precision,
	rate_reference double precision,
	rate_current double precision,
	mix_effect double precision,
	rate_effect double precision,
	total_effect double precision,
	p_value double precision,
	q_value double precision,
	PRIMARY KEY (run_id, rank)
);
COMMENT ON TABLE fma_result_explanation IS 'why the rate of the newer rows is another one, by condition: mix or rate
As fma_explain_change returns it.';
COMMENT ON COLUMN fma_result_explanation.run_id IS 'the run';
COMMENT ON COLUMN fma_result_explanation.reference_run_id IS 'the run whose rows are the reference; NULL: the first half of this run''s time. It may have been pruned';
COMMENT ON COLUMN fma_result_explanation.reference_from IS 'time of the reference''s oldest row';
COMMENT ON COLUMN fma_result_explanation.rows_after IS 'rows after this time are compared with the reference''s, up to it';
COMMENT ON COLUMN fma_result_explanation.rank IS 'from 1: features by what their mix explains, their conditions after them';
COMMENT ON COLUMN fma_result_explanation.feature IS 'the column, or a part of its time';
COMMENT ON COLUMN fma_result_explanation.condition IS 'a condition on it; NULL: the feature as a whole';
COMMENT ON COLUMN fma_result_explanation.predicate IS 'the condition as SQL over the source''s columns';
COMMENT ON COLUMN fma_result_explanation.n_reference IS 'rows of the reference';
COMMENT ON COLUMN fma_result_explanation.n_current IS 'newer rows';
COMMENT ON COLUMN fma_result_explanation.share_reference IS 'share of the reference''s rows';
COMMENT ON COLUMN fma_result_explanation.share_current IS 'share of the newer rows';
COMMENT ON COLUMN fma_result_explanation.rate_reference IS 'failure rate or mean loss in the reference';
COMMENT ON COLUMN fma_result_explanation.rate_current IS 'failure rate or mean loss among the newer rows';
COMMENT ON COLUMN fma_result_explanation.mix_effect IS 'change of the rate of all rows since there are more or fewer such rows';
COMMENT ON COLUMN fma_result_explanation.rate_effect IS 'change of the rate of all rows since such rows fail at another rate';
COMMENT ON COLUMN fma_result_explanation.total_effect IS 'both together';
COMMENT ON COLUMN fma_result_explanation.p_value IS 'p-value of the change of the rate';
COMMENT ON COLUMN fma_result_explanation.q_value IS 'p-value after correction for all conditions';

ALTER TABLE fma_result_changepoint ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_changepoint FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_changepoint IS 'results of the runs that the current user may read';
ALTER TABLE fma_result_drift ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_drift FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_drift IS 'results of the runs that the current user may read';
ALTER TABLE fma_result_explanation ENABLE ROW LEVEL SECURITY;
CREATE POLICY fma_result_reader ON fma_result_explanation FOR SELECT USING (run_id IN (SELECT run_id FROM fma_result_run));
COMMENT ON POLICY fma_result_reader ON fma_result_explanation IS 'results of the runs that the current user may read';

ALTER TABLE fma_result_changepoint OWNER TO @extowner@;
ALTER TABLE fma_result_drift OWNER TO @extowner@;
ALTER TABLE fma_result_explanation OWNER TO @extowner@;
-- After the owner has changed, or a dump would hold this as a change of the extension.
GRANT SELECT ON fma_result_changepoint, fma_result_drift, fma_result_explanation TO PUBLIC;

SELECT pg_extension_config_dump('fma_result_changepoint', '');
SELECT pg_extension_config_dump('fma_result_drift', '');
SELECT pg_extension_config_dump('fma_result_explanation', '');
