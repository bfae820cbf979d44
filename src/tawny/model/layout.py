"""The columns of the log's tables and their Arrow types, from the classes of the events.

Apart from the validator, whose decoders an export does not wait for.
"""

from __future__ import annotations

import pyarrow as pa

from tawny.model.events import FAMILIES

TIME_TYPE = pa.timestamp("us", "UTC")
"""How the log keeps the instant of an event: milliseconds, in the unit that Delta tables have."""


def family_columns(family: str) -> tuple[str, ...]:
    """The data columns of a family's table: the fields of its types, in order of appearance."""
    names = dict.fromkeys(name for data in FAMILIES[family] for name in data.__struct_fields__)
    return tuple(names)


def arrow_type(column: str) -> pa.DataType:
    """The Arrow type of a data column; nearly all are texts."""
    return _OTHER_TYPES.get(column, pa.string())


_OTHER_TYPES: dict[str, pa.DataType] = {
    "score": pa.int64(),
    "until": TIME_TYPE,
    "channels": pa.list_(pa.string()),
}


ENVELOPE_COLUMNS: dict[str, pa.DataType] = {
    "type": pa.string(),
    "time": TIME_TYPE,
    "sequence": pa.string(),
    "source": pa.string(),
    "id": pa.string(),
}


def family_schema(family: str) -> pa.Schema:
    """Columns of a family's table: envelope, then data."""
    columns = ENVELOPE_COLUMNS | {name: arrow_type(name) for name in family_columns(family)}
    return pa.schema(list(columns.items()))
