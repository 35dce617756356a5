"""A table of customers as it stands in the database: each column in its standard form, dictionary-encoded.

`standardised IN.parquet OUT.parquet` writes it, labels included.
"""

import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from matching.core.autoconfig import config_for
from matching.core.columns import Column
from matching.core.prepare import prepare
from matching.engines.labelled import LABELS

_FIELDS = {
    "kind": "kind", "first_name": "given", "last_name": "family", "org_name": "name", "birth_date": "birth_date", "email": "email",
    "phone": "phone", "postcode": "postcode", "city": "city", "tax_id": "registration_id",
}  # fmt: skip


def standardised(table: pa.Table) -> pa.Table:
    """Give the same rows and columns; what both sides of the benchmark start from."""
    columns = prepare(table, config_for(table, {}, "customer")).columns
    found = {name: _array(columns[field]) for name, field in _FIELDS.items()}
    house, street = (_array(columns[name]).dictionary_decode() for name in ("house", "street"))
    found["street"] = pc.binary_join_element_wise(pc.fill_null(house, ""), street, " ").dictionary_encode()
    made = pa.table({name: found.get(name, table[name]) for name in table.column_names})
    return made.rename_columns({"record_id": "id"} if "record_id" in made.column_names else {})


def _array(column: Column) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(column.codes, mask=column.codes < 0), column.values)


if __name__ == "__main__":
    labelled = pq.read_table(sys.argv[1])
    made = standardised(labelled.drop_columns([LABELS]))
    pq.write_table(made.append_column(LABELS, labelled[LABELS]), sys.argv[2], row_group_size=len(labelled), compression="zstd")
