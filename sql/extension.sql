select extname, extversion from pg_extension where extname = 'fma';
