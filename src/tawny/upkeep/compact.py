"""Compaction: the many small files of a month become few large ones.

What the log holds does not change: rows keep the version they arrived with, and a snapshot taken
before still finds its files, which are deleted only after the time the settings give.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tawny.disk import translated_os_errors
from tawny.engine.duck import Duck
from tawny.engine.engines import open_of_folder
from tawny.engine.key_index import keep_keys
from tawny.engine.log_files import columns_of, write_merged
from tawny.errors import EngineMemoryError
from tawny.log.files import LogFile
from tawny.log.table import EventLog
from tawny.settings import Settings
from tawny.state.event_log import event_log

SMALL_FILE_ROWS = 100_000
"""A file with fewer events is worth merging with another of its month."""

SMALL_FILE_BYTES = 32_000_000
"""Nor is one with long texts, of more bytes than this."""

LARGEST_FILE_ROWS = 2_000_000
LARGEST_FILE_BYTES = 96_000_000
"""Merging stops here, so that one step never rewrites a whole year, and what is sorted fits into
memory: on disk texts take a fourth of it or less."""


@dataclass
class Compacted:
    """What a compaction did."""

    files_before: int = 0
    files_after: int = 0
    deleted_files: int = 0


def compact(
    home: Path,
    settings: Settings,
    files_per_month: int = 1,
    on_step: Callable[[int, int], None] = lambda _done, _all: None,
) -> Compacted:
    """Merge the small files of every family and month that has more than that many.

    Each month is a commit of its own and holds the writers' lock only as long; killed between or
    inside them, the log is as it was or as it will be.
    """
    log = event_log(home, settings)
    result = Compacted(files_before=len(log.snapshot().files))
    groups = _groups(log, files_per_month)
    if groups:
        with open_of_folder(home, settings) as duck:
            for done, group in enumerate(groups):
                on_step(done, len(groups))
                _merge_what_fits(log, duck, group)
            on_step(len(groups), len(groups))
    snapshot = log.snapshot()
    result.files_after = len(snapshot.files)
    if snapshot.version >= 0:
        with log.writing():
            result.deleted_files = len(
                log.delete_unused_files(settings.number("unused_files_hours"))
            )
    return result


def _groups(log: EventLog, files_per_month: int) -> list[list[LogFile]]:
    """Files to be merged, by family, month and columns: the small ones where there are more than
    that many, up to a total."""
    by_month: dict[tuple[str, str], list[LogFile]] = {}
    for file in log.snapshot().files:
        if file.rows < SMALL_FILE_ROWS and file.size_bytes < SMALL_FILE_BYTES:
            by_month.setdefault((file.family, file.month), []).append(file)
    # What a file does not have tells a field that was not known from one that was empty.
    by_columns: dict[tuple[str, str, tuple[str, ...]], list[LogFile]] = {}
    for (family, month), files in by_month.items():
        if len(files) > files_per_month:
            for file in files:
                columns = columns_of(str(log.folder / file.path))
                by_columns.setdefault((family, month, columns), []).append(file)
    groups = []
    for key in sorted(by_columns):
        group: list[LogFile] = []
        rows = size_bytes = 0
        for file in sorted(by_columns[key], key=lambda file: (file.first_ms, file.path)):
            rows += file.rows
            size_bytes += file.size_bytes
            if group and (rows > LARGEST_FILE_ROWS or size_bytes > LARGEST_FILE_BYTES):
                groups.append(group)
                group, rows, size_bytes = [], file.rows, file.size_bytes
            group.append(file)
        groups.append(group)
    return [group for group in groups if len(group) > 1]


def _merge_what_fits(log: EventLog, duck: Duck, group: list[LogFile]) -> None:
    """Merge a group, or its halves where the whole does not fit into memory; two files that do not
    are large enough."""
    try:
        _merge(log, duck, group)
    except EngineMemoryError:
        middle = len(group) // 2
        for half in (group[:middle], group[middle:]):
            if len(half) > 1:
                _merge_what_fits(log, duck, half)


def _merge(log: EventLog, duck: Duck, group: list[LogFile]) -> None:
    with log.writing():
        snapshot = log.snapshot()
        if not set(snapshot.files).issuperset(group):
            return  # another compaction was here first
        written = write_merged(duck, snapshot, group)
        if sum(file.rows for file in written) != sum(file.rows for file in group):
            for file in written:
                with contextlib.suppress(OSError), translated_os_errors(file.path):
                    (log.folder / file.path).unlink()
            raise AssertionError("compaction would change the number of events; nothing was done")
        version = log.commit(written, remove=group)
        keep_keys(duck, log.folder, group, written, version)
