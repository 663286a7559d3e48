"""Reads every view through SQLAlchemy's reflection, as BI tools do.

Run by script/test-clients, with the connection in the environment (PGHOST ...)
and the schema of the extension as the argument. Prints one line a view; fails
when a column's type is not known to SQLAlchemy, when a view has other rows than
psql sees, or when a value is not finite.
"""
import math
import sys

import sqlalchemy

SCALARS = (sqlalchemy.BigInteger, sqlalchemy.Integer, sqlalchemy.Float, sqlalchemy.Text, sqlalchemy.Boolean, sqlalchemy.DateTime)

schema = sys.argv[1]
engine = sqlalchemy.create_engine("postgresql+psycopg2://")
metadata = sqlalchemy.MetaData()
metadata.reflect(engine, schema=schema, views=True, only=lambda name, _: name.startswith("fma_"))
names = sqlalchemy.inspect(engine).get_view_names(schema)
assert names, "no view found"

with engine.connect() as connection:
    for name in sorted(names):
        table = metadata.tables[f"{schema}.{name}"]
        for column in table.columns:
            assert isinstance(column.type, SCALARS), f"{name}.{column.name} is {column.type!r}"
            assert column.comment, f"{name}.{column.name} has no comment"
        rows = connection.execute(sqlalchemy.select(table)).fetchall()
        count = connection.execute(sqlalchemy.text(f'SELECT count(*) FROM "{schema}"."{name}"')).scalar()
        assert len(rows) == count, f"{name}: {len(rows)} rows, psql sees {count}"
        assert all(math.isfinite(value) for row in rows for value in row if isinstance(value, float)), f"{name} has a value that is not finite"
        print(f"ok   sqlalchemy {name}: {count} rows, {len(table.columns)} columns")
