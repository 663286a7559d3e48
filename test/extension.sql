BEGIN;
SELECT plan(1);
SELECT is((SELECT extversion FROM pg_extension WHERE extname = 'fma'), '1.0', 'installed');
SELECT * FROM finish();
ROLLBACK;
