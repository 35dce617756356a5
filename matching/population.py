"""The records of a matching run, as they were read: everything that a plan knows of the database."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from golden_records.entities import EntityType
from golden_records.models import MatchState
from matching.tables import active_records, attribute_table

_STATUS: Final = ("golden_id", "version", "match_state")


@dataclass(frozen=True, slots=True)
class Population:
    """The records of a run: `ids` ascending, `versions`, which wait (`pending`), and `golden_ids` (None: none yet)."""

    attributes: pa.Table
    ids: NDArray[np.int64]
    versions: NDArray[np.int32]
    pending: NDArray[np.bool_]
    golden_ids: list[str | None]


def population(entity: EntityType) -> Population:
    """Read every active record of an entity type."""
    table = attribute_table(entity, active_records(entity), extra=_STATUS)
    return Population(
        attributes=table.drop_columns(list(_STATUS)),
        ids=table["id"].to_numpy(),
        versions=np.array(table["version"].to_pylist(), np.int32) if table.num_rows else np.empty(0, np.int32),
        pending=np.array([state != MatchState.MATCHED for state in table["match_state"].to_pylist()], bool),
        golden_ids=table["golden_id"].to_pylist(),
    )
