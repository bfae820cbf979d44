"""The table as the library for Delta tables has it: opening, creating, its schema, its errors."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, Schema
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from tawny.errors import LogVersionError, StorageError
from tawny.log.files import LogFile
from tawny.model.events import FAMILIES
from tawny.model.layout import family_schema
from tawny.model.zones import instant_text

FORMAT = 2
"""Version of the layout. A log with a larger number was written by a newer Tawny. A new field of
the contract needs no new number: the table gets its column when it is next written to."""

PARTITIONS = ["family", "month"]

PROPERTIES = {"delta.dataSkippingStatsColumns": "time"}
"""Each file says its first and last time and nothing of other columns, which may hold people.
Without this, deltalake takes what is not said for "no row can match", and its readers miss rows."""


def log_schema() -> pa.Schema:
    """Every column of the table: envelope, the fields of all types, `log_version`, partitions."""
    fields: dict[str, pa.DataType] = {}
    for family in FAMILIES:
        for column in family_schema(family):
            fields[column.name] = column.type
    fields |= {"log_version": pa.int64(), "family": pa.string(), "month": pa.string()}
    return pa.schema(list(fields.items()))


def uri(folder: Path) -> str:
    """The folder as Delta takes it."""
    return str(folder.absolute())


def load(folder: Path, version: int | None = None) -> DeltaTable | None:
    """The table in a folder, the newest version or another one; None when there is none. Raises
    `LogVersionError` for a log of another Tawny, `StorageError` for what cannot be read."""
    if not (folder / "_delta_log").is_dir():
        return None
    try:
        with translated_errors(folder):
            table = DeltaTable(uri(folder), version=version)
    except TableNotFoundError:
        return None
    _check_is_ours(table, folder)
    return table


def identity(folder: Path) -> str:
    """What tells a log from another one in the same place; empty while there is none."""
    table = load(folder)
    return "" if table is None else str(table.metadata().id)


def create(folder: Path) -> DeltaTable:
    """A new table without events."""
    with translated_errors(folder):
        return DeltaTable.create(
            uri(folder),
            Schema.from_arrow(log_schema()),
            partition_by=PARTITIONS,
            name="tawny event log",
            description=f"format {FORMAT}",
            configuration=PROPERTIES,
        )


def _check_is_ours(table: DeltaTable, folder: Path) -> None:
    found = table.metadata().description or ""
    number = found.removeprefix("format ")
    if not number.isdecimal():
        raise StorageError(
            "{folder}: found a Delta table that is not a Tawny event log (description "
            "{found!r}); choose another data folder with --home",
            folder=folder,
            found=found,
        )
    if int(number) > FORMAT:
        raise LogVersionError(
            "{folder}: found an event log of format {number}, this Tawny reads up to format "
            "{format}; upgrade Tawny (pip install --upgrade tawny)",
            folder=folder,
            number=number,
            format=FORMAT,
        )
    if int(number) < FORMAT:
        raise LogVersionError(
            "{folder}: found an event log of format {number}, from before the first release; "
            "this Tawny reads format {format} (ingest the events again into another --home)",
            folder=folder,
            number=number,
            format=FORMAT,
        )
    unknown = set(column_names(table)).difference(log_schema().names)
    if unknown:
        # Compaction would lose what they hold.
        raise LogVersionError(
            "{folder}: found the column {column}, which this Tawny does not know; upgrade "
            "Tawny (pip install --upgrade tawny)",
            folder=folder,
            column=min(unknown),
        )


def actions_of(
    add: Sequence[LogFile], remove: Sequence[LogFile], now_ms: int
) -> list[AddAction | RemoveAction]:
    """What a commit does, as Delta writes it."""
    actions: list[AddAction | RemoveAction] = [
        AddAction(
            file.path,
            file.size_bytes,
            {"family": file.family, "month": file.month},
            now_ms,
            not remove,
            _stats(file),
        )
        for file in add
    ]
    actions += [
        RemoveAction(
            file.path,
            not add,
            now_ms,
            file.size_bytes,
            {"family": file.family, "month": file.month},
        )
        for file in remove
    ]
    return actions


def files_of(table: DeltaTable) -> list[LogFile]:
    """The files of a version, by path."""
    rows = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    return sorted((LogFile.of_row(row) for row in rows), key=lambda file: file.path)


def column_names(table: DeltaTable) -> list[str]:
    """The columns of the table, in order."""
    return [column.name for column in table.schema().fields]


def grown_families(table: DeltaTable) -> frozenset[str]:
    """The families with a column that the table lacks, or got after it was begun."""
    names = column_names(table)
    # Columns that are added later come after the partitions.
    first = set(names[: names.index(PARTITIONS[-1]) + 1])
    return frozenset(
        family for family in FAMILIES if not first.issuperset(family_schema(family).names)
    )


def _stats(file: LogFile) -> str:
    return json.dumps(
        {
            "numRecords": file.rows,
            "minValues": {"time": instant_text(file.first_ms)},
            "maxValues": {"time": instant_text(file.last_ms)},
            "nullCount": {"time": 0},
        }
    )


@contextlib.contextmanager
def translated_errors(folder: Path) -> Iterator[None]:
    """Turn what Delta raises into the tree of Tawny's errors."""
    try:
        yield
    except TableNotFoundError:
        raise
    except (DeltaError, OSError) as error:
        text = _one_line(str(error))
        newer = ("unsupported reader", "protocol", "minimum reader version", "table features")
        if any(sign in text.lower() for sign in newer):
            raise LogVersionError(
                "the event log {folder}: {text}; it was written by a newer version, upgrade Tawny",
                folder=folder,
                text=text,
            ) from error
        raise StorageError(
            "the event log {folder} cannot be read or written: {text}", folder=folder, text=text
        ) from error


def _one_line(text: str) -> str:
    """A library's message without its colours, notation and line ends."""
    if "No space left" in text:
        return "No space left on device"
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return " ".join(plain.split())[:300]
