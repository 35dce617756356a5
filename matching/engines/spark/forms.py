"""Match forms in Spark: made once per record, carried as texts, and made columns again where pairs are scored."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - as everywhere
from pyspark.sql.types import ArrayType, LongType, ShortType, StringType, StructField, StructType

from matching.core.blocking import BlockingKeys, blocking_keys
from matching.core.columns import Column
from matching.core.declarations import MatchConfig
from matching.core.encode import encode
from matching.core.prepare import Prepared, prepare
from matching.core.seats import seats_of

Batches = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


def form_columns(config: MatchConfig) -> list[str]:
    """Name the columns of the match forms, in the order of the config's fields."""
    return [f"form_{number}" for number in range(len(config.fields))]


def with_forms(records: DataFrame, config: MatchConfig) -> DataFrame:
    """Give for each record its `id`, its `seat` (see `matching.core.seats`), its match forms, and its keys: lists `rules` and `keys`."""
    forms = [StructField(name, StringType()) for name in form_columns(config)]
    keys = [StructField("rules", ArrayType(ShortType())), StructField("keys", ArrayType(LongType()))]
    return records.mapInArrow(
        _preparing(config), StructType([StructField("id", LongType()), StructField("seat", LongType()), *forms, *keys])
    )


def keys_of(forms: DataFrame) -> DataFrame:
    """Give every key of every record: `id`, `rule` (number in the config), `key`."""
    each = F.explode(F.arrays_zip("rules", "keys")).alias("each")
    return forms.select("id", each).select("id", F.col("each.rules").alias("rule"), F.col("each.keys").alias("key"))


def prepared_of(columns: Sequence[pa.Array | pa.ChunkedArray], config: MatchConfig) -> Prepared:
    """Make the columns of match forms again of texts, one array per field of the config."""
    made = {field.name: encode(texts) for field, texts in zip(config.fields, columns, strict=True)}
    return Prepared(len(columns[0]), made)


def _preparing(config: MatchConfig) -> Batches:
    def prepare_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            table = pa.Table.from_batches([batch])
            prepared = prepare(table, config)
            forms = [_texts(prepared.columns[field.name]) for field in config.fields]
            names = ["id", "seat", *form_columns(config), "rules", "keys"]
            seats = seats_of(table, config.clusters)
            seat = np.full(len(batch), -1) if seats is None else seats
            yield pa.RecordBatch.from_arrays([batch["id"], pa.array(seat), *forms, *_key_lists(blocking_keys(prepared, config))], names)

    return prepare_batches


def _texts(column: Column) -> pa.Array:
    return column.values.take(pa.array(column.codes, mask=column.codes < 0))


def _key_lists(found: BlockingKeys) -> tuple[pa.ListArray, pa.ListArray]:
    order = np.argsort(found.row, kind="stable")
    ends: NDArray[np.int64] = np.bincount(found.row, minlength=found.size).cumsum()
    offsets = pa.array(np.append(0, ends).astype(np.int32))
    rules, keys = pa.array(found.rule[order], pa.int16()), pa.array(found.key[order], pa.int64())
    return pa.ListArray.from_arrays(offsets, rules), pa.ListArray.from_arrays(offsets, keys)
