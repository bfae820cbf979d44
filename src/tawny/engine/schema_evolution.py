"""Files that were written before a field was added to the contract, read as if they had it.

The contract only grows, and files of the log are not rewritten for it: what a file does not have
is null. Reading files by the names of their columns opens each of them beforehand, so it is done
only for a family that has grown.
"""

from __future__ import annotations

from collections.abc import Sequence

from tawny.engine.literals import files_literal
from tawny.log.files import Snapshot
from tawny.model.layout import family_schema

SQL_TYPES = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "timestamp[us, tz=UTC]": "TIMESTAMPTZ",
    "list<item: string>": "VARCHAR[]",
}
"""The types of the log's columns as SQL writes them."""


def events_of(snapshot: Snapshot, family: str, paths: Sequence[str], *options: str) -> str:
    """The events in files of a family, for the place after FROM: every column that the family has
    today, `log_version`, and what `options` of `read_parquet` add."""
    more = "".join(f", {option}" for option in options)
    files = f"read_parquet({files_literal(paths)}, hive_partitioning = false{more}"
    if family not in snapshot.grown_families:
        return f"{files})"
    columns = ", ".join(
        f"CAST(NULL AS {SQL_TYPES[str(field.type)]}) AS {field.name}"
        for field in family_schema(family)
    )
    return (
        f"(SELECT * FROM {files}, union_by_name = true) "
        f"UNION ALL BY NAME SELECT {columns} WHERE false)"
    )
