"""The floor: candidate pairs by equality joins in DuckDB, nothing compared, learnt or clustered."""

import json
import sys

import duckdb

from tests.benchmarks.match import measured, now

RULES = ("email", "phone", "last_name, postcode", "first_name, last_name", "org_name, city", "street, city", "tax_id")

if __name__ == "__main__":
    connection = duckdb.connect()
    connection.sql(f"create table records as select *, row_number() over () as place from '{sys.argv[1]}'")
    started = now()
    joins = " union ".join(
        f"(select l.place, r.place from records l join records r using ({rule}) where l.place < r.place)"  # no text from outside
        for rule in RULES
    )
    (candidates,) = connection.sql(f"select count(*) from ({joins})").fetchall()[0]
    print(json.dumps(measured(started) | {"candidates": candidates}))
