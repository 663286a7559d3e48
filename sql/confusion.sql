-- fma_confusion: the surface, and every error
\pset null NULL
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION error_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	EXECUTE query;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE || ': ' || SQLERRM, 'detail: ' || nullif(detail, ''), 'hint: ' || nullif(hint, ''));
END $$;

CREATE TABLE pet (id int, truth text, prediction text);
INSERT INTO pet VALUES (1, 'cat', 'cat'), (2, 'cat', 'dog'), (3, 'dog', 'dog'), (4, 'dog', 'dog'), (5, 'eel', 'cat'),
	(6, NULL, 'cat'), (7, 'cat', NULL), (8, NULL, NULL);

-- the six overloads
SELECT fma_confusion(truth, prediction) FROM pet;
SELECT fma_confusion(truth, prediction, id) FROM pet;
SELECT fma_confusion(id, id / 2) FROM pet WHERE id < 4;
SELECT fma_confusion(id, id / 2, 0.5) FROM pet WHERE id < 4;
SELECT fma_confusion(truth = 'cat', prediction = 'cat') FROM pet;
SELECT fma_confusion(truth = 'cat', prediction = 'cat', id) FROM pet;
SELECT fma_confusion('a', 'b');
SELECT fma_confusion(1::smallint, 2), fma_confusion(-9223372036854775808, 9223372036854775807);
SELECT fma_confusion('x'::varchar, 'x '::bpchar);

-- nothing, and one class
SELECT fma_confusion(truth, prediction) FROM pet WHERE false;
SELECT fma_confusion(truth, prediction, NULL) FROM pet;
SELECT fma_confusion(truth, prediction, 1.0) FILTER (WHERE false) FROM pet;
SELECT fma_confusion(NULL::text, NULL::text), fma_confusion(NULL::bigint, 1), fma_confusion(true, NULL);
SELECT truth, fma_confusion(truth, prediction) FROM pet GROUP BY truth ORDER BY truth;
SELECT fma_confusion('one', 'one') FROM generate_series(1, 3);
SELECT fma_rollup(c) FROM (VALUES (NULL::fma_confusion)) AS v (c);
SELECT fma_rollup(c) FROM (VALUES ('{}'::fma_confusion), (NULL)) AS v (c);

-- what is added: labels of both, counts, and counts as weights where one side has weights
SELECT fma_confusion(truth, prediction) + fma_confusion(prediction, truth) FROM pet;
SELECT '{}' + fma_confusion(truth, prediction) = fma_confusion(truth, prediction) FROM pet;
SELECT fma_confusion('a', 'a') + fma_confusion('a', 'b', 0.25);
SELECT fma_confusion('a', 'b', 0.25) + fma_confusion('a', 'a');
SELECT NULL + fma_confusion('a', 'a'), '{}'::fma_confusion + '{}'::fma_confusion;
SELECT fma_confusion('a', 'a') = fma_confusion('a', 'a'), fma_confusion('a', 'a') = fma_confusion('a', 'b'),
	fma_confusion('a', 'a') <> fma_confusion('a', 'a', 1), fma_confusion('a', 'a', 1) = fma_confusion('a', 'a', 1.5);

-- labels are bytes: empty, spaces, case, quotes, newlines, other scripts, emoji, long ones
SELECT fma_confusion(l, l) FROM unnest(ARRAY['', ' ', 'a', 'A', 'a ', '"', '''', '\', E'\n', E'\t', E'\x01', 'é', 'e' || U&'\0301', '猫', '😀', 'null', '[]']) AS l;
SELECT quote_literal(truth), n FROM fma_cells((SELECT fma_confusion(l, l) FROM unnest(ARRAY['', ' ', '"', E'\n', '😀']) AS l), false);
SELECT fma_confusion(l, l)::text::fma_confusion = fma_confusion(l, l) FROM unnest(ARRAY['', ' ', '"', '\', E'\r\n', E'\x7f', '😀', repeat('x', 10000)]) AS l;
SELECT length(truth), length(prediction), n FROM fma_cells((SELECT fma_confusion(repeat('x', 10000), repeat('x', 9999) || 'y')), false);
-- lengths about the size of a label's key, which differ in one place
SELECT (SELECT count(*) FROM fma_cells(fma_confusion(overlay(repeat('x', n) PLACING 'y' FROM k FOR 1), repeat('x', n)), false)) = n
FROM unnest(ARRAY[1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 18, 33]) AS n, generate_series(1, n) AS k GROUP BY n ORDER BY n;

-- their order: numbers by value if all are numbers, else bytes
SELECT fma_confusion(l, l) FROM unnest(ARRAY['10', '9', '-1', '0.5', '+3', '.25', '7.']) AS l;
SELECT fma_confusion(l, l) FROM unnest(ARRAY['10', '9', '-1', 'x']) AS l;
SELECT fma_confusion(l, l) FROM unnest(ARRAY['1', '01', '1.0', '+1']) AS l;
SELECT fma_confusion(l, l) FROM unnest(ARRAY['10', '9', '1e3']) AS l;
SELECT fma_confusion(l, l) FROM unnest(ARRAY['10', '9', '', '.', '-', 'NaN']) AS l;
SELECT fma_confusion(l, l) FROM unnest(ARRAY['b', 'B', 'a', 'á', 'Z']) AS l;
SELECT fma_confusion(l, l) FROM unnest(ARRAY[9223372036854775807, -9223372036854775808, 100, 20, 3]) AS l;
SELECT fma_confusion(9, 10) + fma_confusion('9', 'x');

-- weights
SELECT fma_confusion('a', 'b', '-0.0'), fma_confusion('a', 'b', 0), fma_confusion('a', 'b', 1e-300);
SELECT fma_confusion('a', 'b', 9223372036854774784);
SELECT fma_confusion('a', 'b', w) FROM generate_series(0.1, 1, 0.1) AS w;
SELECT error_of($$SELECT fma_confusion('a', 'b', -1)$$);
SELECT error_of($$SELECT fma_confusion('a', 'b', -1e-300)$$);
SELECT error_of($$SELECT fma_confusion('a', 'b', 'NaN')$$);
SELECT error_of($$SELECT fma_confusion('a', 'b', 'Infinity')$$);
SELECT error_of($$SELECT fma_confusion('a', 'b', '-Infinity')$$);
SELECT error_of($$SELECT fma_confusion('a', 'b', 9223372036854775808)$$);
SELECT error_of($$SELECT fma_confusion(1, 2, 1e19)$$), error_of($$SELECT fma_confusion(true, false, 1e19)$$);

-- more than can be counted
SELECT error_of($$SELECT '{"labels": ["a"], "counts": [[9223372036854775807]]}'::fma_confusion + fma_confusion('a', 'a')$$);
SELECT error_of($$SELECT fma_rollup(c) FROM unnest(ARRAY['{"labels": ["a"], "counts": [[9223372036854775807]]}', '{"labels": ["a"], "counts": [[1]]}']::fma_confusion[]) AS c$$);
SELECT error_of($$SELECT fma_confusion_add_text('{"labels": ["a"], "counts": [[9223372036854775807]]}', 'a', 'a')$$);
SELECT fma_confusion_add_text('{"labels": ["a"], "counts": [[9223372036854775806]]}', 'a', 'a');
SELECT n FROM fma_cells((SELECT fma_confusion(i, i) FROM generate_series(1, 16384) AS i), false) GROUP BY n;
SELECT error_of($$SELECT fma_confusion(i, i) FROM generate_series(1, 16385) AS i$$);
SELECT error_of($$SELECT fma_confusion('id ' || i, repeat('long ', 100) || i) FROM generate_series(1, 9000) AS i$$);
SELECT error_of($$SELECT fma_confusion(i % 1500, i / 1500) FROM generate_series(0, 1500 * 1500 - 1) AS i$$);
SELECT error_of($$SELECT fma_confusion('a', repeat('x', 65 * 1024 * 1024))$$);
SELECT error_of($$SELECT fma_confusion(repeat('x', 1024 * 1024) || i, 'a') FROM generate_series(1, 70) AS i$$);

-- types that are no labels say so
SELECT error_of($$SELECT fma_confusion(1.5, 2.5)$$);
SELECT error_of($$SELECT fma_confusion(current_date, current_date)$$);

-- the text form: any JSON layout, keys in any order, labels in any order
SELECT '{}'::fma_confusion, ' { } '::fma_confusion, '{"labels": [], "counts": []}'::fma_confusion = '{}';
SELECT '{"labels": [], "counts": [], "weights": []}'::fma_confusion = '{}', '{"labels": [], "weighted": true, "cells": []}'::fma_confusion = '{}';
SELECT '{"counts":[[1,2],[3,4]],"labels":["b","a"]}'::fma_confusion;
SELECT '{"labels": ["b", "a"], "cells": [[0, 1, 2], [1, 1, 4], [0, 1, 5]]}'::fma_confusion;
SELECT '{"labels": ["b", "a"], "weighted": true, "cells": [[0, 1, 2, 0.5]]}'::fma_confusion;
SELECT '{"labels": ["b", "a"], "counts": [[1, 2], [3, 0]], "weights": [[0.5, 2], [0, 0]]}'::fma_confusion;
SELECT '{"labels": ["\u0061", "\ud83d\ude00"], "counts": [[0, 0], [0, 1e3]]}'::fma_confusion;
SELECT '{"labels": ["a"], "counts": [[9223372036854775807]]}'::fma_confusion;
-- labels without a row are kept
SELECT '{"labels": ["a", "b"], "counts": [[0, 0], [0, 0]]}'::fma_confusion;

-- the text form: what is refused
SELECT t, error_of(format('SELECT %L::fma_confusion', t)) FROM unnest(ARRAY[
	'', '[]', 'null', '"x"', '1', 'true', '{', '{"labels"}', '{"a": 1}',
	'{"labels": ["a"]}', '{"counts": [[1]]}', '{"labels": "a", "counts": [[1]]}', '{"labels": {"a": 1}, "counts": [[1]]}', '{"labels": [1], "counts": [[1]]}',
	'{"labels": [null], "counts": [[1]]}', '{"labels": [["a"]], "counts": [[1]]}',
	'{"labels": ["a", "a"], "counts": [[1, 2], [3, 4]]}', '{"labels": ["a", "\u0061"], "counts": [[1, 2], [3, 4]]}',
	'{"labels": ["a\u0000b"], "counts": [[1]]}', '{"labels": ["\ud83d"], "counts": [[1]]}',
	'{"labels": ["a"], "counts": []}', '{"labels": ["a"], "counts": [1]}', '{"labels": ["a"], "counts": [[1, 2]]}', '{"labels": ["a"], "counts": [[1], [2]]}',
	'{"labels": ["a", "b"], "counts": [[1, 2], [3]]}', '{"labels": ["a"], "counts": 1}', '{"labels": ["a"], "counts": {"a": 1}}', '{"labels": ["a"], "counts": [{"a": 1}]}',
	'{"labels": [], "counts": [[1]]}',
	'{"labels": ["a"], "counts": [[-1]]}', '{"labels": ["a"], "counts": [[1.5]]}', '{"labels": ["a"], "counts": [["1"]]}', '{"labels": ["a"], "counts": [[null]]}',
	'{"labels": ["a"], "counts": [[9223372036854775808]]}', '{"labels": ["a"], "counts": [[-9223372036854775809]]}',
	'{"labels": ["a"], "counts": [[1e40]]}', '{"labels": ["a"], "counts": [[NaN]]}',
	'{"labels": ["a"], "counts": [[1]], "weights": [[1, 2]]}', '{"labels": ["a"], "counts": [[1]], "weights": []}', '{"labels": ["a"], "counts": [[1]], "weights": 1}',
	'{"labels": ["a"], "counts": [[1]], "weights": null}', '{"labels": ["a"], "counts": [[1]], "weights": [["1"]]}',
	'{"labels": ["a"], "counts": [[1]], "weights": [[-0.5]]}', '{"labels": ["a"], "counts": [[0]], "weights": [[0.5]]}', '{"labels": ["a"], "counts": [[1]], "weights": [[1e19]]}',
	'{"labels": ["a"], "weights": [[1]]}', '{"labels": ["a"], "counts": [[1]], "weighted": true}', '{"labels": ["a"], "counts": [[1]], "weighted": 1}',
	'{"labels": ["a"], "cells": 1}', '{"labels": ["a"], "cells": [1]}', '{"labels": ["a"], "cells": [[0, 0]]}', '{"labels": ["a"], "cells": [[0, 0, 1, 1]]}',
	'{"labels": ["a"], "cells": [[0, 1, 1]]}', '{"labels": ["a"], "cells": [[-1, 0, 1]]}', '{"labels": ["a"], "cells": [[0, 0, -1]]}',
	'{"labels": ["a"], "cells": [[0, 0, 9223372036854775807], [0, 0, 1]]}', '{"labels": ["a"], "weighted": true, "cells": [[0, 0, 1]]}',
	'{"labels": [], "cells": [[0, 0, 1]]}', '{"labels": ["a"], "counts": [[1]], "cells": []}', '{"labels": ["a"], "weights": [[1]], "cells": []}',
	'{"labels": ["a"], "counts": [[1]], "weights": [[1e400]]}', '{"labels": ["a"], "counts": [[1e400]]}'
]) AS t;
SELECT left(error_of(format('SELECT %L::fma_confusion', json_build_object('labels', (SELECT json_agg(i::text) FROM generate_series(1, 16385) AS i), 'cells', '[]'::json))), 300);

-- the cells
\pset format aligned
\pset tuples_only off
SELECT * FROM fma_cells((SELECT fma_confusion(truth, prediction) FROM pet));
SELECT * FROM fma_cells((SELECT fma_confusion(truth, prediction, id) FROM pet), false);
SELECT * FROM fma_cells('{}');
SELECT * FROM fma_cells(NULL);
SELECT * FROM fma_cells('{"labels": ["a", "b"], "counts": [[0, 0], [0, 0]]}');
SELECT * FROM fma_cells('{"labels": ["a"], "counts": [[2]], "weights": [[0]]}');
-- cells without rows: by default up to 100 labels
SELECT k, count(*) FILTER (WHERE c.n > 0) AS filled, count(*) AS listed FROM unnest(ARRAY[2, 100, 101]) AS k,
	LATERAL (SELECT (x).* FROM (SELECT fma_cells(fma_confusion(i, i)) AS x FROM generate_series(1, k) AS i) AS y) AS c GROUP BY k ORDER BY k;
SELECT count(*), sum(n) FROM fma_cells((SELECT fma_confusion(i, i) FROM generate_series(1, 101) AS i), true);
SELECT truth, prediction, n FROM fma_cells((SELECT fma_confusion(truth, prediction) FROM pet)) \crosstabview
-- numbers keep their order in the listing
SELECT truth, prediction, n FROM fma_cells((SELECT fma_confusion(i, 11 - i) FROM generate_series(8, 11) AS i), false);

DROP TABLE pet;
DROP FUNCTION error_of;
