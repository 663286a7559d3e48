-- What every benchmark uses: timings in one session, in turns, as ratios.
--
--   SELECT bench('topic', 'what is timed', 'sql', 'floor or peer', 'sql of the peer', goal, better)
--
-- goal: the ratio to reach; better: 'less' when the ratio must be at most the
-- goal, 'more' when the peer must take at least goal times as long.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
CREATE TABLE IF NOT EXISTS bench_result (
	at serial, topic text, what text, ms numeric, peer text, peer_ms numeric,
	ratio numeric, low numeric, high numeric, goal text, reached boolean
);

CREATE FUNCTION bench_ms(sql text) RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
	t timestamptz := clock_timestamp();
BEGIN
	EXECUTE sql;
	RETURN extract(epoch FROM clock_timestamp() - t) * 1000;
END $$;

CREATE FUNCTION bench(topic text, what text, sql text, peer text, peer_sql text, goal numeric, better text DEFAULT 'less',
	runs int DEFAULT 5) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	a double precision[] := '{}';
	b double precision[] := '{}';
	r numeric[] := '{}';
BEGIN
	PERFORM bench_ms(peer_sql), bench_ms(sql);
	FOR i IN 1..runs LOOP
		b := b || bench_ms(peer_sql);
		a := a || bench_ms(sql);
		r := r || (CASE WHEN better = 'less' THEN a[i] / b[i] ELSE b[i] / a[i] END)::numeric;
	END LOOP;
	INSERT INTO bench_result (topic, what, ms, peer, peer_ms, ratio, low, high, goal, reached)
	SELECT topic, what, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY x)::numeric),
		peer, (SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY y)::numeric) FROM unnest(b) AS y),
		(SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY y)::numeric, 2) FROM unnest(r) AS y),
		(SELECT round(min(y), 2) FROM unnest(r) AS y), (SELECT round(max(y), 2) FROM unnest(r) AS y),
		CASE better WHEN 'less' THEN '<= ' ELSE '>= ' END || goal,
		(SELECT CASE better WHEN 'less' THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY y) <= goal
			ELSE percentile_cont(0.5) WITHIN GROUP (ORDER BY y) >= goal END FROM unnest(r) AS y)
	FROM unnest(a) AS x;
END $$;

-- SELECT bench_goal('topic', 'what is timed', 'sql', milliseconds): where the goal is a person's patience, not a ratio
CREATE FUNCTION bench_goal(topic text, what text, sql text, goal numeric) RETURNS void LANGUAGE sql AS $$
	INSERT INTO bench_result (topic, what, ms, goal, reached)
	SELECT topic, what, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms)::numeric, 1), '<= ' || goal || ' ms',
		percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) <= goal
	FROM generate_series(1, 5) AS run, LATERAL (SELECT bench_ms(sql) AS ms WHERE run > 0) AS m
$$;
