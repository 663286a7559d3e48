-- The distributions and tests of src/statistics.h, against figures of 19 digits: see test/oracle/distributions.py
BEGIN;
SELECT no_plan();

CREATE FUNCTION pg_temp.normal_cdf(float8) RETURNS float8
	AS '$libdir/fma', 'fma_test_normal_cdf' LANGUAGE C STRICT;
CREATE FUNCTION pg_temp.normal_sf(float8) RETURNS float8
	AS '$libdir/fma', 'fma_test_normal_sf' LANGUAGE C STRICT;
CREATE FUNCTION pg_temp.normal_quantile(float8) RETURNS float8
	AS '$libdir/fma', 'fma_test_normal_quantile' LANGUAGE C STRICT;
CREATE FUNCTION pg_temp.beta_cdf(float8, float8, float8) RETURNS float8
	AS '$libdir/fma', 'fma_test_beta_cdf' LANGUAGE C STRICT;
CREATE FUNCTION pg_temp.beta_sf(float8, float8, float8) RETURNS float8
	AS '$libdir/fma', 'fma_test_beta_sf' LANGUAGE C STRICT;
CREATE FUNCTION pg_temp.beta_quantile(float8, float8, float8) RETURNS float8
	AS '$libdir/fma', 'fma_test_beta_quantile' LANGUAGE C STRICT;
CREATE FUNCTION pg_temp.beta_upper_quantile(float8, float8, float8) RETURNS float8
	AS '$libdir/fma', 'fma_test_beta_upper_quantile' LANGUAGE C STRICT;
CREATE FUNCTION pg_temp.student_t_sf(float8, float8) RETURNS float8
	AS '$libdir/fma', 'fma_test_student_t_sf' LANGUAGE C STRICT;
CREATE FUNCTION pg_temp.chi_square_sf(float8, float8) RETURNS float8
	AS '$libdir/fma', 'fma_test_chi_square_sf' LANGUAGE C STRICT;
CREATE FUNCTION pg_temp.hypergeometric_sf(bigint, bigint, bigint, bigint) RETURNS float8
	AS '$libdir/fma', 'fma_test_hypergeometric_sf' LANGUAGE C STRICT;
CREATE FUNCTION pg_temp.hypergeometric_cdf(bigint, bigint, bigint, bigint) RETURNS float8
	AS '$libdir/fma', 'fma_test_hypergeometric_cdf' LANGUAGE C STRICT;
CREATE FUNCTION pg_temp.hypergeometric_two_sided(bigint, bigint, bigint, bigint) RETURNS float8
	AS '$libdir/fma', 'fma_test_hypergeometric_two_sided' LANGUAGE C STRICT;
CREATE FUNCTION pg_temp.mcnemar_p(bigint, bigint) RETURNS float8
	AS '$libdir/fma', 'fma_test_mcnemar_p' LANGUAGE C STRICT;
CREATE FUNCTION pg_temp.two_proportion_z(bigint, bigint, bigint, bigint) RETURNS float8
	AS '$libdir/fma', 'fma_test_two_proportion_z' LANGUAGE C STRICT;
CREATE FUNCTION pg_temp.welch_p(float8, float8, float8, float8, float8, float8, int) RETURNS float8
	AS '$libdir/fma', 'fma_test_welch_p' LANGUAGE C STRICT;

CREATE TEMP TABLE figure (name text, a float8[], want float8);
INSERT INTO figure VALUES
	('normal_cdf', '{-37}', 5.725571222524576823e-300),
	('normal_cdf', '{-8.5}', 9.479534822203318354e-18),
	('normal_cdf', '{-1.96}', 0.02499789514822043621),
	('normal_cdf', '{0}', 0.5),
	('normal_cdf', '{0.001}', 0.5003989422139110626),
	('normal_cdf', '{6}', 0.999999999013412355),
	('normal_sf', '{-3}', 0.9986501019683699055),
	('normal_sf', '{0.3}', 0.3820885778110473669),
	('normal_sf', '{2.5}', 0.006209665325776135167),
	('normal_sf', '{10}', 7.619853024160526066e-24),
	('normal_sf', '{37}', 5.725571222524576823e-300),
	('normal_sf', '{37.5}', 4.605353009581954844e-308),
	('normal_quantile', '{1e-300}', -37.04709629936119924),
	('normal_quantile', '{1e-20}', -9.26234008979840758),
	('normal_quantile', '{0.025}', -1.959963984540054212),
	('normal_quantile', '{0.2499}', -0.6748044701106099873),
	('normal_quantile', '{0.25}', -0.6744897501960817432),
	('normal_quantile', '{0.4999999}', -2.506628274703111599e-7),
	('normal_quantile', '{0.6}', 0.2533471031357997413),
	('normal_quantile', '{0.75}', 0.6744897501960817432),
	('normal_quantile', '{0.975}', 1.959963984540053856),
	('normal_quantile', '{0.999999}', 4.753424308817087766),
	('beta_cdf', '{0.5, 0.5, 0.3}', 0.369010119565545375),
	('beta_cdf', '{0.5, 0.5, 1e-10}', 6.366197723781916842e-6),
	('beta_cdf', '{2, 3, 0.5}', 0.6875),
	('beta_cdf', '{12.5, 88.5, 0.01}', 1.226717539729073541e-10),
	('beta_cdf', '{12.5, 88.5, 0.3}', 0.9999895916040622144),
	('beta_cdf', '{30, 1, 1e-08}', 1.000000000000000628e-240),
	('beta_cdf', '{10000.0, 100000.0, 0.0905}', 0.3192702338391475905),
	('beta_cdf', '{10000.0, 100000.0, 0.07}', 4.88111984727888897e-150),
	('beta_cdf', '{1000000.0, 1000000.0, 0.4999}', 0.3886487178623220419),
	('beta_cdf', '{1000000.0, 1000000.0, 0.489}', 7.21292383454593482e-213),
	('beta_cdf', '{5000000.0, 0.5, 0.9999}', 1.75149072692577251e-219),
	('beta_cdf', '{3.7, 10000000.0, 1e-07}', 0.02995407606240500813),
	('beta_cdf', '{100000000.0, 900000000.0, 0.0997}', 3.683958641720190563e-220),
	('beta_sf', '{0.5, 0.5, 0.3}', 0.630989880434454625),
	('beta_sf', '{12.5, 88.5, 0.3}', 1.040839593778557649e-5),
	('beta_sf', '{100, 900, 0.5}', 1.338675407679915098e-162),
	('beta_sf', '{10000.0, 100000.0, 0.12}', 2.236719950645109181e-209),
	('beta_sf', '{0.5, 5000000.0, 1e-06}', 0.00156539843283964558),
	('beta_sf', '{1000000.0, 1000000.0, 0.51}', 2.490453657610394275e-176),
	('beta_sf', '{1.5, 1000000000.0, 1e-09}', 0.572406704159549185),
	('beta_sf', '{10000000.0, 90000000.0, 0.10006}', 0.02276452680957658003),
	('beta_quantile', '{0.5, 0.5, 0.025}', 0.001541333133436012072),
	('beta_quantile', '{3.5, 10.5, 0.025}', 0.06965666863961643417),
	('beta_quantile', '{3, 8, 0.975}', 0.5560954623076414831),
	('beta_quantile', '{4, 2, 1e-10}', 0.002115638280676002332),
	('beta_quantile', '{0.5, 20.5, 1e-10}', 3.878213999574302082e-22),
	('beta_quantile', '{12.5, 1000000.0, 0.025}', 6.559800777966541331e-6),
	('beta_quantile', '{1000.5, 90000.5, 0.025}', 0.01032712514800730319),
	('beta_upper_quantile', '{3.5, 10.5, 0.025}', 0.4973721219753461993),
	('beta_upper_quantile', '{1, 1000000.0, 0.025}', 3.688872650206489023e-6),
	('beta_upper_quantile', '{0.5, 1000.5, 0.025}', 0.002508164341422298227),
	('beta_upper_quantile', '{7, 3, 1e-12}', 0.9999771656608785501),
	('student_t_sf', '{0.1, 1}', 0.4682744825694464287),
	('student_t_sf', '{1, 1}', 0.25),
	('student_t_sf', '{0.999, 1}', 0.2501592345470892573),
	('student_t_sf', '{50, 1}', 0.006365349100972796679),
	('student_t_sf', '{10000000000.0, 1}', 3.183098861837906715e-11),
	('student_t_sf', '{2, 2.5}', 0.07869574787898299331),
	('student_t_sf', '{30, 7.3}', 3.244402659563980334e-9),
	('student_t_sf', '{-3, 17.3}', 0.996030708513248671),
	('student_t_sf', '{5, 10000.0}', 2.915163306831323645e-7),
	('student_t_sf', '{100, 200.5}', 2.378176107564307002e-173),
	('student_t_sf', '{36, 100000.0}', 2.705573300289303703e-282),
	('student_t_sf', '{0.5, 10000000.0}', 0.308537544227007542),
	('student_t_sf', '{2, 10000000.0}', 0.02275014544592147664),
	('student_t_sf', '{37, 10000000.0}', 6.000606161319170903e-300),
	('chi_square_sf', '{0.1, 1}', 0.7518296340458492758),
	('chi_square_sf', '{3.84, 1}', 0.05004352124870510319),
	('chi_square_sf', '{1000, 1}', 1.795832784800726195e-219),
	('chi_square_sf', '{1300, 2}', 5.111951948651156247e-283),
	('chi_square_sf', '{5, 4}', 0.2872974951836457831),
	('chi_square_sf', '{100, 50}', 3.454931382984863942e-5),
	('chi_square_sf', '{30, 7.5}', 0.0001430158788290485204),
	('chi_square_sf', '{10000.0, 9900.0}', 0.2379154309125291335),
	('chi_square_sf', '{1010000.0, 1000000.0}', 9.068528823262076864e-13),
	('chi_square_sf', '{999000.0, 1000000.0}', 0.7601767314598728127),
	('hypergeometric_sf', '{16, 50, 1000, 10000}', 1.641637392683687006e-5),
	('hypergeometric_sf', '{5, 50, 1000, 10000}', 0.569218853756602915),
	('hypergeometric_sf', '{10, 10, 20, 30}', 0.006149306299231336713),
	('hypergeometric_sf', '{1, 5, 1, 1000000000}', 5.0e-9),
	('hypergeometric_sf', '{150, 300, 3000, 300000}', 5.305812762671970683e-214),
	('hypergeometric_sf', '{105000, 1000000, 1000000, 10000000}', 1.613427620403090865e-68),
	('hypergeometric_sf', '{100000, 1000000, 1000000, 10000000}', 0.5005513510693725116),
	('hypergeometric_sf', '{111000, 1000000, 100000000, 1000000000}', 6.981695734032611045e-286),
	('hypergeometric_sf', '{10086000, 100000000, 100000000, 1000000000}', 1.974248355764830322e-200),
	('hypergeometric_sf', '{250050000, 500000000, 500000000, 1000000000}', 1.270334286053221252e-10),
	('hypergeometric_cdf', '{0, 50, 1000, 10000}', 0.005083859850718883844),
	('hypergeometric_cdf', '{5, 50, 1000, 10000}', 0.6161697210683383872),
	('hypergeometric_cdf', '{0, 300, 3000, 300000}', 0.0489668437557670079),
	('hypergeometric_cdf', '{99500, 1000000, 1000000, 10000000}', 0.03955736435525804256),
	('hypergeometric_cdf', '{90000, 1000000, 100000000, 1000000000}', 1.12715679466411999e-251),
	('hypergeometric_cdf', '{249950000, 500000000, 500000000, 1000000000}', 1.270334286053221252e-10),
	('hypergeometric_two_sided', '{16, 50, 1000, 10000}', 1.641637392683687006e-5),
	('hypergeometric_two_sided', '{1, 50, 1000, 10000}', 0.05770893234672104331),
	('hypergeometric_two_sided', '{3, 10, 10, 20}', 0.1788954079975751802),
	('hypergeometric_two_sided', '{7, 10, 10, 20}', 0.1788954079975751802),
	('hypergeometric_two_sided', '{5, 10, 10, 20}', 1.0),
	('hypergeometric_two_sided', '{0, 5, 3, 40}', 1.0),
	('hypergeometric_two_sided', '{1010, 10000, 30000, 300000}', 0.7345770327585742487),
	('hypergeometric_two_sided', '{99500, 1000000, 1000000, 10000000}', 0.07894851264946082162),
	('hypergeometric_two_sided', '{100001, 1000000, 1000000, 10000000}', 0.997196524923385707),
	('hypergeometric_two_sided', '{100700, 1000000, 100000000, 1000000000}', 0.01965678060855396906),
	('mcnemar_p', '{0, 5}', 0.0625),
	('mcnemar_p', '{5, 0}', 0.0625),
	('mcnemar_p', '{4, 4}', 1.0),
	('mcnemar_p', '{10, 3}', 0.09228515625),
	('mcnemar_p', '{100, 160}', 0.0002389419030681402244),
	('mcnemar_p', '{1000, 2000}', 1.009014862794134051e-75),
	('two_proportion_z', '{16, 50, 984, 9950}', 5.198462170061129939),
	('two_proportion_z', '{0, 50, 1000, 9950}', -2.362937350027786336),
	('two_proportion_z', '{500, 1000, 500, 1000}', 0.0),
	('two_proportion_z', '{123456789, 1000000000, 123460000, 1000000000}', -0.2182623002059990122),
	('welch_p', '{1.5, 2.0, 10, 0.5, 1.0, 20, 0}', 0.06579275110942961754),
	('welch_p', '{1.5, 2.0, 10, 0.5, 1.0, 20, 1}', 0.03289637555471480877),
	('welch_p', '{1.5, 2.0, 10, 0.5, 1.0, 20, 2}', 0.9671036244452851912),
	('welch_p', '{0.31, 0.2, 500, 0.1, 0.09, 300000, 1}', 1.000812811802844479e-23),
	('welch_p', '{5.0, 0.0, 3, 1.0, 4.0, 2, 0}', 0.2163468959387854597),
	('welch_p', '{7.0, 1.0, 1000000.0, 6.98, 1.0, 10000000.0, 0}', 4.674412207293833551e-81);

CREATE TEMP VIEW computed AS
	SELECT name, a, want, CASE name
		WHEN 'normal_cdf' THEN pg_temp.normal_cdf(a[1])
		WHEN 'normal_sf' THEN pg_temp.normal_sf(a[1])
		WHEN 'normal_quantile' THEN pg_temp.normal_quantile(a[1])
		WHEN 'beta_cdf' THEN pg_temp.beta_cdf(a[1], a[2], a[3])
		WHEN 'beta_sf' THEN pg_temp.beta_sf(a[1], a[2], a[3])
		WHEN 'beta_quantile' THEN pg_temp.beta_quantile(a[1], a[2], a[3])
		WHEN 'beta_upper_quantile' THEN pg_temp.beta_upper_quantile(a[1], a[2], a[3])
		WHEN 'student_t_sf' THEN pg_temp.student_t_sf(a[1], a[2])
		WHEN 'chi_square_sf' THEN pg_temp.chi_square_sf(a[1], a[2])
		WHEN 'hypergeometric_sf' THEN pg_temp.hypergeometric_sf(a[1]::bigint, a[2]::bigint, a[3]::bigint, a[4]::bigint)
		WHEN 'hypergeometric_cdf' THEN pg_temp.hypergeometric_cdf(a[1]::bigint, a[2]::bigint, a[3]::bigint, a[4]::bigint)
		WHEN 'hypergeometric_two_sided' THEN pg_temp.hypergeometric_two_sided(a[1]::bigint, a[2]::bigint, a[3]::bigint, a[4]::bigint)
		WHEN 'mcnemar_p' THEN pg_temp.mcnemar_p(a[1]::bigint, a[2]::bigint)
		WHEN 'two_proportion_z' THEN pg_temp.two_proportion_z(a[1]::bigint, a[2]::bigint, a[3]::bigint, a[4]::bigint)
		WHEN 'welch_p' THEN pg_temp.welch_p(a[1], a[2], a[3], a[4], a[5], a[6], a[7]::int)
	END AS got
	FROM figure;
SELECT ok(coalesce(got = want OR abs(got - want) <= 1e-12 * abs(want), false), format('%s%s is %s', name, a, want))
	FROM computed;

-- Ends, and what is undefined

SELECT is(pg_temp.normal_quantile(0), '-Infinity'::float8, 'quantile of 0');
SELECT is(pg_temp.normal_quantile(1), 'Infinity'::float8, 'quantile of 1');
SELECT is(pg_temp.normal_quantile(1.5), NULL, 'no quantile beyond 1');
SELECT is(ARRAY[pg_temp.beta_cdf(2, 3, -1), pg_temp.beta_cdf(2, 3, 0), pg_temp.beta_cdf(2, 3, 1), pg_temp.beta_sf(2, 3, 0), pg_temp.beta_sf(2, 3, 7)],
	'{0,0,1,1,0}'::float8[], 'the ends of the beta distribution');
SELECT is(ARRAY[pg_temp.beta_quantile(2, 3, 0), pg_temp.beta_quantile(2, 3, 1), pg_temp.beta_upper_quantile(2, 3, 0)], '{0,1,1}'::float8[],
	'and its quantiles there');
SELECT is(ARRAY[pg_temp.student_t_sf(0, 3), pg_temp.student_t_sf('Infinity', 3), pg_temp.student_t_sf('-Infinity', 3)], '{0.5,0,1}'::float8[],
	'the ends of Student''s t');
SELECT is(pg_temp.student_t_sf(2, 'Infinity'), pg_temp.normal_sf(2), 'Student''s t without end is normal');
SELECT is(ARRAY[pg_temp.chi_square_sf(-1, 3), pg_temp.chi_square_sf(0, 3), pg_temp.chi_square_sf('Infinity', 3)], '{1,1,0}'::float8[],
	'the ends of chi-square');
SELECT is(ARRAY[pg_temp.student_t_sf(1, 0), pg_temp.chi_square_sf(1, 0)], ARRAY[NULL, NULL]::float8[], 'no degrees of freedom');
SELECT is(ARRAY[pg_temp.hypergeometric_sf(0, 5, 3, 40), pg_temp.hypergeometric_sf(4, 5, 3, 40), pg_temp.hypergeometric_cdf(3, 5, 3, 40),
	pg_temp.hypergeometric_cdf(-1, 5, 3, 40), pg_temp.hypergeometric_two_sided(4, 5, 3, 40)], '{1,0,1,0,0}'::float8[],
	'outcomes that cannot happen');
SELECT is(ARRAY[pg_temp.hypergeometric_sf(0, 0, 0, 0), pg_temp.hypergeometric_two_sided(0, 0, 0, 0), pg_temp.hypergeometric_two_sided(5, 5, 40, 40)],
	'{1,1,1}'::float8[], 'the only outcome');
SELECT is(ARRAY[pg_temp.two_proportion_z(0, 0, 1, 2), pg_temp.two_proportion_z(0, 9, 0, 9), pg_temp.two_proportion_z(9, 9, 9, 9)],
	ARRAY[NULL, NULL, NULL]::float8[], 'z is undefined');
SELECT is(ARRAY[pg_temp.welch_p(1, 1, 1, 0, 1, 9, 0), pg_temp.welch_p(1, 1, 9, 0, 1, 1, 0), pg_temp.welch_p(1, 0, 9, 0, 0, 9, 0)],
	ARRAY[NULL, NULL, NULL]::float8[], 'Welch''s p is undefined');
SELECT is(pg_temp.mcnemar_p(0, 0), 1::float8, 'no pair that differs');

-- Properties

SELECT ok(bool_and(abs(pg_temp.normal_cdf(pg_temp.normal_quantile(p)) / p - 1) < 1e-12), 'normal quantiles lead back')
	FROM (SELECT exp(-i * i / 20.0)::float8 AS p FROM generate_series(1, 110) AS i) AS s;
SELECT ok(bool_and(abs(pg_temp.beta_cdf(a, b, pg_temp.beta_quantile(a, b, p)) / p - 1) < 1e-11), 'beta quantiles lead back')
	FROM unnest('{0.5, 1, 3.5, 40, 1000.5}'::float8[]) AS a, unnest('{0.5, 1, 2, 77.5, 1e5}'::float8[]) AS b,
		unnest('{1e-9, 0.025, 0.3, 0.5, 0.6}'::float8[]) AS p;
-- Every table of up to 14 rows against factorials
CREATE TEMP TABLE outcome AS
	SELECT n, failures, rows, k, factorial(failures) * factorial(rows - failures) * factorial(n) * factorial(rows - n) / (factorial(rows)
		* factorial(k) * factorial(failures - k) * factorial(n - k) * factorial(rows - failures - n + k)) AS p
	FROM generate_series(1, 14) AS rows, generate_series(0, rows) AS n, generate_series(0, rows) AS failures,
		generate_series(greatest(0, n + failures - rows), least(n, failures)) AS k;
CREATE TEMP VIEW exhaustive AS
	SELECT k, n, failures, rows, sum(p) OVER (w ORDER BY k)::float8 AS cdf, sum(p) OVER (w ORDER BY k DESC)::float8 AS sf,
		(SELECT sum(o.p) FROM outcome AS o WHERE (o.n, o.failures, o.rows) = (outcome.n, outcome.failures, outcome.rows) AND o.p <= outcome.p * 1.0000001)::float8 AS two_sided
	FROM outcome WINDOW w AS (PARTITION BY n, failures, rows);
SELECT is(count(*) FILTER (WHERE abs(pg_temp.hypergeometric_cdf(k, n, failures, rows) / cdf - 1) <= 1e-12
		AND abs(pg_temp.hypergeometric_sf(k, n, failures, rows) / sf - 1) <= 1e-12
		AND abs(pg_temp.hypergeometric_two_sided(k, n, failures, rows) / two_sided - 1) <= 1e-12), count(*), 'every small table')
	FROM exhaustive;
SELECT is((SELECT count(*) FROM outcome), 3059::bigint, 'there are so many');

SELECT * FROM finish();
ROLLBACK;
