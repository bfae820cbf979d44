"""The event log: one append-only Delta table, the only truth.

A commit adds files that are already whole and flushed, so the version number of the table is a
snapshot that readers may use for as long as they like while writers go on. Each row carries the
`log_version` it arrived with; the events of an old version can therefore be read from any later
one, also when compaction has rewritten the files.

Layout: `log/family=<family>/month=<YYYY-MM>/<random>.parquet`, months in UTC.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, PostCommitHookProperties, Schema
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from tawny.disk import flush, translated_os_errors
from tawny.errors import LogVersionError, StorageError
from tawny.log.mending import mend
from tawny.model.events import FAMILIES
from tawny.model.validation import family_schema
from tawny.model.zones import instant_text, to_ms

FORMAT = 2
"""Version of the layout. A log with a larger number was written by a newer Tawny. A new field of
the contract needs no new number: the table gets its column when it is next written to."""

PARTITIONS = ["family", "month"]

PROPERTIES = {"delta.dataSkippingStatsColumns": "time"}
"""Each file says its first and last time and nothing of other columns, which may hold people.
Without this, deltalake takes what is not said for "no row can match", and its readers miss rows."""

CHECKPOINT_EVERY = 100
"""Commits between two checkpoints of the table."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """One Parquet file of the log. Times are the first and last of its events, inclusive."""

    path: str
    """Relative to the log's folder."""
    family: str
    month: str
    rows: int
    size_bytes: int
    first_ms: int
    last_ms: int

    @classmethod
    def of_row(cls, row: dict[str, object]) -> LogFile:
        """From a row of Delta's list of files."""
        return cls(
            path=str(row["path"]),
            family=str(row["partition.family"]),
            month=str(row["partition.month"]),
            rows=int(row["num_records"]),  # type: ignore[call-overload]
            size_bytes=int(row["size_bytes"]),  # type: ignore[call-overload]
            first_ms=to_ms(row["min.time"]),  # type: ignore[arg-type]
            last_ms=to_ms(row["max.time"]),  # type: ignore[arg-type]
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The log at one version. `version` is -1 while nothing was ever written."""

    folder: Path
    version: int
    files: Sequence[LogFile] = field(default=())
    has_grown: bool = False
    """Whether there may be files without some of the columns: a field was added to the contract
    after the log was begun."""

    def paths(
        self, family: str, first_ms: int | None = None, last_ms: int | None = None
    ) -> list[str]:
        """Absolute paths of a family's files that may hold events in `[first_ms, last_ms]`."""
        return [
            str(self.folder / file.path)
            for file in self.files
            if file.family == family
            and (last_ms is None or file.first_ms <= last_ms)
            and (first_ms is None or file.last_ms >= first_ms)
        ]

    def months(self) -> list[str]:
        """The UTC months (`YYYY-MM`) that hold events, in order."""
        return sorted({file.month for file in self.files})

    @property
    def rows(self) -> int:
        """How many events there are."""
        return sum(file.rows for file in self.files)

    @property
    def size_bytes(self) -> int:
        """How large the files of this version are."""
        return sum(file.size_bytes for file in self.files)


def log_schema() -> pa.Schema:
    """Every column of the table: envelope, the fields of all types, `log_version`, partitions."""
    fields: dict[str, pa.DataType] = {}
    for family in FAMILIES:
        for column in family_schema(family):
            fields[column.name] = column.type
    fields |= {"log_version": pa.int64(), "family": pa.string(), "month": pa.string()}
    return pa.schema(list(fields.items()))


class EventLog:
    """The log in the folder `home/log`. Nothing is created before the first event arrives."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "log"

    def snapshot(self) -> Snapshot:
        """The newest version. Raises `LogVersionError` or `StorageError`."""
        table = self._open()
        if table is None:
            return Snapshot(self.folder, -1)
        rows = pa.table(table.get_add_actions(flatten=True)).to_pylist()
        files = sorted((LogFile.of_row(row) for row in rows), key=lambda file: file.path)
        # Columns that are added later come after the others.
        has_grown = _column_names(table) != log_schema().names
        return Snapshot(self.folder, table.version(), tuple(files), has_grown)

    def changed_ns(self) -> int | None:
        """Another number after every commit; None before the first. Much quicker than a snapshot,
        for who only asks whether there is something new."""
        try:
            return (self.folder / "_delta_log").stat().st_mtime_ns
        except OSError:
            return None

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the writers' lock; other processes that write wait. It ends with the process."""
        with translated_os_errors(f"the data folder {self.home}"):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.home / "log.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def commit(self, add: Sequence[LogFile], remove: Sequence[LogFile] = ()) -> int:
        """Make files part of the log and take others out, in one step; returns the version.

        The caller holds the writers' lock. When this returns, the commit survives a power cut:
        files are flushed before the commit names them, and the commit before it is reported.
        """
        table = self._open_for_writing()
        now_ms = int(time.time() * 1000)
        folders = {self.folder}
        for file in add:
            path = self.folder / file.path
            flush(path)
            folders |= {path.parent, path.parent.parent}
        for folder in folders:
            flush(folder)
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
                False,
                now_ms,
                file.size_bytes,
                {"family": file.family, "month": file.month},
            )
            for file in remove
        ]
        version = table.version() + 1
        with translated_errors(self.folder):
            table.create_write_transaction(
                actions,
                "append",
                table.schema(),
                partition_by=PARTITIONS,
                post_commithook_properties=PostCommitHookProperties(create_checkpoint=False),
            )
        self._flush_commit(version)
        if version % CHECKPOINT_EVERY == 0:
            self._checkpoint()
        return version

    def _checkpoint(self) -> None:
        """Sum up the commits so far in one file, flushed like everything else."""
        with translated_errors(self.folder):
            DeltaTable(self._uri).create_checkpoint()
        for path in (self.folder / "_delta_log").glob("*checkpoint*"):
            flush(path)
        flush(self.folder / "_delta_log")

    def next_version(self) -> int:
        """The version the next commit will have, for a caller that holds the writers' lock."""
        return self._open_for_writing().version() + 1

    def delete_unused_files(self, older_than_hours: int) -> list[str]:
        """Delete files that no version needs: left by a crash, or replaced by compaction longer
        ago than that. A reader that started since then is safe. Returns their paths."""
        table = self._open()
        if table is None:
            return []
        with translated_errors(self.folder):
            return table.vacuum(
                retention_hours=older_than_hours,
                dry_run=False,
                enforce_retention_duration=False,
                full=True,
            )

    def _open_for_writing(self) -> DeltaTable:
        """The table with every column events have today; the caller holds the writers' lock."""
        table = self._open()
        if table is None:
            return self._create()
        names = set(_column_names(table))
        missing = [column for column in log_schema() if column.name not in names]
        hooks = PostCommitHookProperties(create_checkpoint=False)
        if missing:
            with translated_errors(self.folder):
                table.alter.add_columns(
                    Schema.from_arrow(pa.schema(missing)).fields, post_commithook_properties=hooks
                )
            self._flush_commit(table.version())
        if not PROPERTIES.items() <= table.metadata().configuration.items():
            with translated_errors(self.folder):
                table.alter.set_table_properties(PROPERTIES, post_commithook_properties=hooks)
            self._flush_commit(table.version())
        return table

    def _flush_commit(self, version: int) -> None:
        flush(self.folder / "_delta_log" / f"{version:020d}.json")
        flush(self.folder / "_delta_log")

    def _open(self) -> DeltaTable | None:
        if not (self.folder / "_delta_log").is_dir():
            return None
        try:
            table = self._open_mended()
        except TableNotFoundError:
            return None
        found = table.metadata().description or ""
        number = found.removeprefix("format ")
        if not number.isdecimal():
            raise StorageError(
                "{folder}: found a Delta table that is not a Tawny event log (description "
                "{found!r}); choose another data folder with --home",
                folder=self.folder,
                found=found,
            )
        if int(number) > FORMAT:
            raise LogVersionError(
                "{folder}: found an event log of format {number}, this Tawny reads up to format "
                "{format}; upgrade Tawny (pip install --upgrade tawny)",
                folder=self.folder,
                number=number,
                format=FORMAT,
            )
        if int(number) < FORMAT:
            raise LogVersionError(
                "{folder}: found an event log of format {number}, from before the first release; "
                "this Tawny reads format {format} (ingest the events again into another --home)",
                folder=self.folder,
                number=number,
                format=FORMAT,
            )
        unknown = set(_column_names(table)).difference(log_schema().names)
        if unknown:
            # Compaction would lose what they hold.
            raise LogVersionError(
                "{folder}: found the column {column}, which this Tawny does not know; upgrade "
                "Tawny (pip install --upgrade tawny)",
                folder=self.folder,
                column=min(unknown),
            )
        return table

    def _open_mended(self) -> DeltaTable:
        """The table; when it cannot be read, what a power cut has left of it is mended first."""
        try:
            with translated_errors(self.folder):
                return DeltaTable(self._uri)
        except StorageError as error:
            with self.writing():
                if not mend(self.folder / "_delta_log"):
                    raise error
        with translated_errors(self.folder):
            return DeltaTable(self._uri)

    @property
    def _uri(self) -> str:
        """The folder as Delta takes it."""
        return str(self.folder.absolute())

    def _create(self) -> DeltaTable:
        with translated_errors(self.folder):
            table = DeltaTable.create(
                self._uri,
                Schema.from_arrow(log_schema()),
                partition_by=PARTITIONS,
                name="tawny event log",
                description=f"format {FORMAT}",
                configuration=PROPERTIES,
            )
        flush(self.folder / "_delta_log")
        flush(self.folder)
        flush(self.home)
        return table


def _column_names(table: DeltaTable) -> list[str]:
    return [column.name for column in table.schema().fields]


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
