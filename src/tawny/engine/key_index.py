"""Making the index of keys from the log, and keeping it up with it.

Who writes to the log adds the keys of what it wrote; whatever else is missing is read from the
files. Keys that come up twice in that way are of logs that an earlier version has written: of such
events only the one that arrived first counts, and the others are listed beside the index.
"""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tawny.disk import flush
from tawny.engine.duck import Duck
from tawny.engine.literals import files_literal
from tawny.errors import StorageError
from tawny.log.files import LogFile, Snapshot
from tawny.log.keys import (
    DAYS,
    KeyIndex,
    KeyRun,
    changing,
    keys_folder,
    read_index,
    write_index,
    write_run,
)
from tawny.model.events import FAMILIES

MOST_ROWS_READ = 4_000_000
"""Keys of files are read in parts of about this many."""

LARGEST_RUN_ROWS = 1 << 24
GROWTH = 4
"""Runs are merged until each is this many times larger than the next, up to the largest: a look-up
asks few runs, and each key is written few times."""

KEY = "hash(source, id)"

_NO_REPETITIONS = (
    "SELECT CAST(NULL AS VARCHAR) AS family, CAST(NULL AS VARCHAR) AS source, "
    "CAST(NULL AS VARCHAR) AS id, CAST(NULL AS BIGINT) AS log_version WHERE false"
)

# Counted by number first: all keys as texts would need several times the memory.
_REPETITIONS = """
WITH rows_there AS ({rows}),
several AS (SELECT key FROM rows_there GROUP BY key HAVING count(*) > 1)
SELECT family, source, id, log_version FROM (
    SELECT
        family, source, id, log_version,
        row_number() OVER (
            PARTITION BY source, id ORDER BY log_version, time, coalesce(sequence, ''), family
        ) AS nth
    FROM rows_there WHERE key IN (SELECT key FROM several)
) AS numbered
WHERE nth > 1
"""


def place(family: str) -> str:
    """The place of an event of a family, as SQL."""
    number = list(FAMILIES).index(family) * DAYS
    return f"CAST({number} + date_diff('day', DATE '0001-01-01', CAST(time AS DATE)) AS UINTEGER)"


def key_function(duck: Duck) -> int:
    """A sign of the engine's hash function, which may change with its version."""
    return int(str(duck.rows("SELECT hash(hash('Tawny', 'key'), 1, 64)")[0][0]))


def open_index(duck: Duck, snapshot: Snapshot, *, newest: bool = False) -> KeyIndex:
    """The index, made to cover a snapshot. With `newest` the caller holds the writers' lock, so
    that the snapshot is the newest there is.

    Where the data folder cannot be written, raises `StorageError`.
    """
    folder = keys_folder(snapshot.folder)
    index = read_index(folder, key_function(duck))
    if _covers(index, snapshot, newest):
        if index.version < snapshot.version:
            _keep_version(index, snapshot)
        return index
    with changing(folder):
        index = read_index(folder, index.function)
        if not _covers(index, snapshot, newest):
            index = _covering(duck, snapshot, index, newest)
            write_index(index)
    return index


@contextlib.contextmanager
def index_for_reading(duck: Duck, snapshot: Snapshot) -> Iterator[KeyIndex]:
    """The same for who only reads: where the data folder cannot be written, the index is made in a
    temporary folder."""
    try:
        index = open_index(duck, snapshot)
    except StorageError:
        with tempfile.TemporaryDirectory(prefix="tawny-keys-") as folder:
            empty = KeyIndex(Path(folder), key_function(duck))
            yield _covering(duck, snapshot, empty, newest=False)
        return
    yield index


def add_keys(
    duck: Duck, snapshot: Snapshot, select: str, files: Sequence[LogFile], version: int
) -> None:
    """Add the keys of files that were committed as a version after a snapshot; `select` gives their
    columns `key` and `place`. The caller holds the writers' lock.

    What cannot be written costs time at the next look into the index, nothing else.
    """
    folder = keys_folder(snapshot.folder)
    with contextlib.suppress(StorageError), changing(folder):
        index = read_index(folder, key_function(duck))
        if not _covers(index, snapshot, newest=True):
            return
        run = _write(duck, folder, select, sum(file.rows for file in files))
        index = replace(
            index,
            version=version,
            files=index.files.union(file.path for file in files),
            runs=(*index.runs, run),
        )
        write_index(_merged(duck, index))


def keep_keys(
    duck: Duck,
    folder: Path,
    removed: Sequence[LogFile],
    added: Sequence[LogFile],
    version: int,
) -> None:
    """After a commit of a version that wrote files again: their keys are the same, and readers of
    an older version may still use what was replaced. The caller holds the writers' lock."""
    index_folder = keys_folder(folder)
    with contextlib.suppress(StorageError), changing(index_folder):
        index = read_index(index_folder, key_function(duck))
        if not index.files.issuperset(file.path for file in removed):
            return
        there = {name for name in index.files if (folder / name).exists()}
        there.update(file.path for file in added)
        if index.version == version - 1:
            index = replace(index, version=version)
        write_index(replace(index, files=frozenset(there)))


def create_known_keys(duck: Duck, snapshot: Snapshot, *, newest: bool) -> None:
    """Create the view `known_keys (key, place)` over the index made to cover a snapshot."""
    for tries_left in (2, 1, 0):
        index = open_index(duck, snapshot, newest=newest)
        try:
            _create_view(duck, "known_keys", index, index.runs)
        except StorageError:
            # Another process has merged runs meanwhile, or somebody has deleted the cache.
            if not tries_left:
                raise
        else:
            return


def create_repetitions(duck: Duck, index: KeyIndex) -> None:
    """Create the table `repetitions (family, source, id, log_version)`: events that do not count,
    because another one with their key arrived before."""
    select = _NO_REPETITIONS
    if index.repetitions:
        path = files_literal([str(index.folder / index.repetitions)])
        select = f"SELECT * FROM read_parquet({path})"
    duck.execute(f"CREATE OR REPLACE TEMP TABLE repetitions AS {select}")


def _covers(index: KeyIndex, snapshot: Snapshot, newest: bool) -> bool:
    if newest and index.version > snapshot.version:
        return False  # of another log, or of this one before a backup took its place
    return index.files.issuperset(file.path for file in snapshot.files)


def _keep_version(index: KeyIndex, snapshot: Snapshot) -> None:
    """Say that the index is whole at a version that brought no files."""
    with contextlib.suppress(StorageError), changing(index.folder):
        index = read_index(index.folder, index.function)
        if _covers(index, snapshot, newest=False) and index.version < snapshot.version:
            write_index(replace(index, version=snapshot.version))


def _covering(duck: Duck, snapshot: Snapshot, index: KeyIndex, newest: bool) -> KeyIndex:
    """The index with the files of a snapshot that it lacks."""
    if newest and index.version > snapshot.version:
        index = KeyIndex(index.folder, index.function)
    missing = [file for file in snapshot.files if file.path not in index.files]
    duck.execute("CREATE OR REPLACE TEMP TABLE repeated_keys (key UBIGINT)")
    for part in _parts(missing):
        _create_view(duck, "known_keys", index, index.runs)
        duck.execute(f"CREATE OR REPLACE TEMP TABLE new_keys AS {_keys_of(snapshot, part)}")
        duck.execute(
            "INSERT INTO repeated_keys SELECT key FROM new_keys GROUP BY key HAVING count(*) > 1 "
            "UNION SELECT new_keys.key FROM new_keys SEMI JOIN known_keys USING (key)"
        )
        rows = sum(file.rows for file in part)
        run = _write(duck, index.folder, "SELECT key, place FROM new_keys", rows)
        duck.execute("DROP TABLE new_keys")
        index = _merged(duck, replace(index, runs=(*index.runs, run)))
    if duck.rows("SELECT count(*) > 0 FROM repeated_keys") == [(True,)]:
        index = _with_repetitions(duck, snapshot, index)
    return replace(
        index,
        version=max(index.version, snapshot.version),
        files=index.files.union(file.path for file in snapshot.files),
    )


def _with_repetitions(duck: Duck, snapshot: Snapshot, index: KeyIndex) -> KeyIndex:
    """The index with the list of events whose key arrived before; `repeated_keys` holds every key
    of which that may be so."""
    create_repetitions(duck, index)
    rows = " UNION ALL ".join(
        f"SELECT {KEY} AS key, '{family}' AS family, source, id, log_version, time, sequence "
        f"FROM read_parquet({files_literal(paths)}, hive_partitioning = false) "
        f"WHERE {KEY} IN (SELECT key FROM repeated_keys)"
        for family in FAMILIES
        if (paths := snapshot.paths(family))
    )
    name = f"repetitions-{secrets.token_hex(8)}.parquet"
    duck.copy(
        f"SELECT * FROM repetitions UNION SELECT * FROM ({_REPETITIONS.format(rows=rows)})",
        index.folder / name,
        "FORMAT parquet",
    )
    flush(index.folder / name)
    return replace(index, repetitions=name)


def _keys_of(snapshot: Snapshot, files: Sequence[LogFile]) -> str:
    by_family: dict[str, list[str]] = {}
    for file in files:
        by_family.setdefault(file.family, []).append(str(snapshot.folder / file.path))
    return " UNION ALL ".join(
        f"SELECT {KEY} AS key, {place(family)} AS place "
        f"FROM read_parquet({files_literal(paths)}, hive_partitioning = false)"
        for family, paths in by_family.items()
    )


def _parts(files: Sequence[LogFile]) -> list[list[LogFile]]:
    parts: list[list[LogFile]] = []
    rows = MOST_ROWS_READ
    for file in files:
        if rows >= MOST_ROWS_READ:
            parts.append([])
            rows = 0
        parts[-1].append(file)
        rows += file.rows
    return parts


def _merged(duck: Duck, index: KeyIndex) -> KeyIndex:
    """The index with its smaller runs merged into one, where they have become many."""
    runs = sorted(index.runs, key=lambda run: run.rows, reverse=True)
    first = len(runs) - 1
    rows = runs[first].rows
    while (
        first > 0
        and runs[first - 1].rows < GROWTH * rows
        and rows + runs[first - 1].rows <= LARGEST_RUN_ROWS
    ):
        first -= 1
        rows += runs[first].rows
    if first == len(runs) - 1:
        return index
    _create_view(duck, "merged_keys", index, runs[first:])
    run = _write(duck, index.folder, "SELECT key, place FROM merged_keys", rows)
    return replace(index, runs=(*runs[:first], run))


def _write(duck: Duck, folder: Path, select: str, rows: int) -> KeyRun:
    """Write the keys that a query gives as a run."""
    return write_run(folder, rows, duck.batches(f"{select} ORDER BY key", rows=122_880))


def _create_view(duck: Duck, name: str, index: KeyIndex, runs: Sequence[KeyRun]) -> None:
    """A view `name (key, place)` over runs, mapped into memory."""
    selects = ["SELECT CAST(NULL AS UBIGINT) AS key, CAST(NULL AS UINTEGER) AS place WHERE false"]
    for number, run in enumerate(runs):
        duck.register(f"{name}_{number}", index.read(run).table())
        selects.append(f"SELECT key, place FROM {name}_{number}")
    duck.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {' UNION ALL '.join(selects)}")
