-- Failure rates: a small table of flights whose predicted arrival was wrong by 15 minutes or more
create table flight (origin text, carrier text, failed boolean);
insert into flight
	select origin, case when i % 3 = 0 then 'AA' else 'UA' end, i <= wrong
	from (values ('ATL', 400, 42), ('BOI', 12, 3), ('DEN', 250, 31), ('EWR', 180, 45), ('ORD', 320, 61), ('SFO', 90, 2), ('XNA', 1, 1))
		as v(origin, flights, wrong), generate_series(1, flights) as i;
insert into flight values ('ATL', 'AA', null), ('GUM', 'UA', null);

-- the rate of each group
select origin, fma_slice_failure_rate(failed) as rate from flight group by origin order by origin;

-- Failure rate by airport with interval and test against the other airports, the significant ones first
select origin, (fma_failure_counts(f)).*, round(fma_failure_rate(f)::numeric, 4) as rate,
	round(low::numeric, 4) as low, round(high::numeric, 4) as high, p::numeric(12, 10), fma_q_value(p) over ()::numeric(12, 10) as q
from (select origin, f, fma_failure_test(f, fma_rollup(f) over () - f, 'greater') as p
	from (select origin, fma_failures(failed) as f from flight group by origin) as airport) as tested,
	fma_failure_interval(f)
order by q, rate desc, origin;

-- the same with arrays
select t.origin, t.p::numeric(12, 10), t.q::numeric(12, 10)
from (select array_agg(origin order by origin) as origins, array_agg(p order by origin) as ps
	from (select origin, fma_failure_test(f, total - f) as p
		from (select origin, fma_failures(failed) as f from flight group by origin) as airport,
			(select fma_failures(failed) as total from flight) as everything) as tested) as a,
	unnest(origins, ps, fma_adjust_p(ps, 'holm')) as t(origin, p, q)
order by origin;

-- stored values add up
create table by_origin as select origin, carrier, fma_failures(failed) as f from flight group by origin, carrier;
select origin, fma_rollup(f), fma_failure_rate(fma_rollup(f)) from by_origin group by origin order by origin limit 3;
select fma_rollup(f), (select fma_failures(failed) from flight) = fma_rollup(f) as same from by_origin;
select '{"n": 4, "failures": 1}'::fma_failures + '{"n": 3, "failures": 3}', '{"n": 4, "failures": 1}'::fma_failures - '{"n": 3, "failures": 1}';

-- intervals
select method, round(i.low::numeric, 12) as low, round(i.high::numeric, 12) as high from unnest(array['wilson', 'jeffreys', 'clopper-pearson']) as method,
	fma_failure_interval('{"n": 12, "failures": 0}', method, 0.9) as i;
select round(low::numeric, 12) as low, high from fma_failure_interval(confidence_level => 0.5, failures => '{"n": 1, "failures": 1}');

select fma_failure_interval('{"n": 12, "failures": 0}', 'wilson', 1e-300), (fma_bins(fma_reliability_add('{}', 0.5, false, 1), 1e-300)).ci_low;

-- no rows
select fma_failures(failed), fma_slice_failure_rate(failed), fma_failure_rate(fma_failures(failed)) from flight where false;
select fma_failures(failed), fma_slice_failure_rate(failed), fma_failure_rate(fma_failures(failed)) from flight where origin = 'GUM';
select fma_failure_interval('{}'), fma_failure_test('{}', '{"n": 1, "failures": 1}'), fma_failure_counts('{}'), '{}'::fma_failures;
select fma_q_value(p) over () from (values (null::float8)) as v(p);

-- text that is no value
select '{"n": 3}'::fma_failures;
select '{"failures": 3}'::fma_failures;
select '{"n": 3, "failures": 4}'::fma_failures;
select '{"n": -1, "failures": 0}'::fma_failures;
select '{"n": 3, "failures": -1}'::fma_failures;
select '{"n": 3.5, "failures": 1}'::fma_failures;
select '{"n": "3", "failures": 1}'::fma_failures;
select '{"n": 9223372036854775808, "failures": 1}'::fma_failures;
select '[3, 1]'::fma_failures;
select 'three'::fma_failures;
select ''::fma_failures;

-- counts out of range
select '{"n": 9223372036854775807, "failures": 0}'::fma_failures + '{"n": 1, "failures": 0}';
select fma_rollup(f) from (values ('{"n": 9223372036854775807, "failures": 7}'::fma_failures), ('{"n": 9223372036854775807, "failures": 7}')) as v(f);
select fma_failures_add('{"n": 9223372036854775807, "failures": 0}', true);
select fma_failure_test('{"n": 9223372036854775807, "failures": 0}', '{"n": 1, "failures": 0}');
select '{"n": 4, "failures": 1}'::fma_failures - '{"n": 5, "failures": 1}';
select '{"n": 4, "failures": 1}'::fma_failures - '{"n": 2, "failures": 2}';
select '{"n": 4, "failures": 3}'::fma_failures - '{"n": 2, "failures": 0}';
select round(fma_failure_test('{"n": 4611686018427387903, "failures": 2}', '{"n": 4611686018427387903, "failures": 5}', 'less')::numeric, 10) as p;

-- arguments out of range
select fma_failure_interval('{"n": 3, "failures": 1}', 'wald');
select fma_failure_interval('{"n": 3, "failures": 1}', 'Wilson');
select fma_failure_interval('{}', 'wilson', 0);
select fma_failure_interval('{"n": 3, "failures": 1}', 'wilson', 1);
select fma_failure_interval('{"n": 3, "failures": 1}', 'wilson', 95);
select fma_failure_interval('{"n": 3, "failures": 1}', 'wilson', 'NaN');
select fma_failure_test('{"n": 3, "failures": 1}', '{"n": 3, "failures": 1}', 'worse');
select fma_failure_test('{"n": 3, "failures": 1}', '{"n": 3, "failures": 1}', 'less', 'bayes');
select fma_adjust_p('{0.1, 1.2}');
select fma_adjust_p('{-0.1}');
select fma_adjust_p('{NaN}');
select fma_adjust_p('{{0.1, 0.2}, {0.3, 0.4}}');
select fma_adjust_p('{0.1}', 'fdr');
select fma_q_value(p) over () from (values (0.5), (5)) as v(p);
select fma_q_value(0.5, 'fdr') over ();
select fma_q_value(0.5, null) over ();
select fma_q_value(0.5, m) over () from (values ('bh'), ('holm')) as v(m);

drop table flight, by_origin;
