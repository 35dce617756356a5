"""Which match config files are matched by, and the table that it reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import yaml

from golden_records.errors import MdmError
from matching.core.autoconfig import config_of
from matching.core.config import ConfigErrors, load_config
from matching.core.declarations import MatchConfig
from matching.core.forms import FORMS
from matching.core.recognise import ATTRIBUTE_ROLES
from matching.files.columns import Together

AUTO: Final = "auto"
_SHIPPED: Final = Path(__file__).parents[1] / "configs"
SHIPPED: Final = ("customer", "project")


class NothingToCompare(MdmError):
    """No column of the files tells anything that records could be compared by."""

    code = "nothing_to_compare"
    title = "Nothing to compare"


class UnreadableConfig(MdmError):
    """The match config can't be opened, or is no YAML."""

    code = "unreadable_config"
    title = "The match config can't be read"


@dataclass(frozen=True, slots=True)
class Arranged:
    """A config with the table that it reads, and which column of the files each of its attributes is taken from."""

    config: MatchConfig
    table: pa.Table
    sources: Mapping[str, str]


def read_config(name: str) -> MatchConfig | None:
    """Read a shipped config, or one of a file; None for `auto`. Raises `ConfigErrors` with all errors, `UnreadableConfig`."""
    if name == AUTO:
        return None
    path = _SHIPPED / f"{name}.yml" if name in SHIPPED else Path(name)
    try:
        return load_config(path)
    except ConfigErrors as error:
        raise ConfigErrors([f"{path.name}: {message}" for message in error.messages]) from None
    except (OSError, UnicodeDecodeError) as error:
        remedy = f"Use {AUTO}, {', '.join(SHIPPED)} or the path of a YAML file."
        raise UnreadableConfig(f"There is no match config '{name}' that can be opened ({error}).", remedy=remedy) from None
    except yaml.YAMLError as error:
        raise UnreadableConfig(f"{path.name} is no YAML: {error}", remedy="Mend the file where the message says.") from None


def arrange(together: Together, config: MatchConfig | None, entity: str) -> Arranged:
    """Give the table that a config reads; without one, make the config for the columns. Raises `NothingToCompare`."""
    if config is None:
        config = config_of(together.meaning, entity, together.table.num_rows)
        sources = {name: name for field in config.fields for name in field.of}
        table = together.table
    else:
        table, sources = _attributes(together, config)
    if not sources or not config.comparisons:
        remedy = "Say what columns mean with --map, for example --map KNAME1=legal_name; see docs/matching-files.md."
        raise NothingToCompare("No column was understood as something that records can be compared by.", remedy=remedy)
    columns = {name: table[column] for name, column in sources.items()}
    if (ids := _unique_ids(together)) is not None:
        columns["id"] = ids
    return Arranged(config, pa.table(columns), sources)


def _unique_ids(together: Together) -> pa.Array | None:
    """Give ids that name each row once, so that the order of rows is no part of the result; None where there are none."""
    ids = together.ids
    if ids is None or ids.null_count:
        return None
    if together.file.any():
        ids = pc.binary_join_element_wise(pa.array(together.file).cast(pa.string()), ids, ":")
    return ids if len(pc.unique(ids)) == len(ids) else None


def _attributes(together: Together, config: MatchConfig) -> tuple[pa.Table, dict[str, str]]:
    """Find the attributes of a config: by the name of a column, else by what a column means."""
    table, meaning = _with_parts(together), together.meaning
    sources = {}
    for attribute in dict.fromkeys(name for field in config.fields for name in field.of):
        role = ATTRIBUTE_ROLES.get(attribute, attribute)
        if attribute in table.column_names:
            sources[attribute] = attribute
        elif meaning.one(role):
            sources[attribute] = meaning.one(role)[0]
    return table, sources


def _with_parts(together: Together) -> pa.Table:
    """Add the two parts of names that stand in one column, and streets with their numbers, as attributes have them."""
    table, roles = together.table, together.meaning.roles
    if "full_name" in roles and not {"given_name", "family_name"} & set(roles):
        whole = table[roles["full_name"][0]].combine_chunks().cast(pa.string())
        table = table.append_column("given_name", FORMS["given_part"](whole)).append_column("family_name", FORMS["family_part"](whole))
    return table
