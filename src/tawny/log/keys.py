"""The index of the log's keys: which (`source`, `id`) are there, without opening its files.

It lies in `cache/keys` of the data folder and is a function of the log, so it is safe to delete:
what is missing is made again from the files of the log. A run is a file of sorted 64-bit hashes of
keys, followed by the place of each: event family and day, which say where in the log to look. The
list `keys.json` says which runs there are and which files of the log they cover. A run may hold
more than the log does, never less than the files it covers, so a hit is always compared with the
rows, and a miss is a miss.
"""

from __future__ import annotations

import bisect
import contextlib
import json
import mmap
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from tawny.disk import flush, held_lock, translated_os_errors
from tawny.model.events import FAMILIES

FORMAT = 1
DAYS = 1 << 22
"""A place is the number of the family times this, and the day since 0001-01-01 (UTC)."""

_KEY_BYTES, _PLACE_BYTES = 8, 4
_LIST = "keys.json"
_LOCK = "lock"


@dataclass(frozen=True, slots=True)
class KeyRun:
    """One file of sorted keys and their places."""

    name: str
    rows: int

    @property
    def size_bytes(self) -> int:
        """How large the file is."""
        return self.rows * (_KEY_BYTES + _PLACE_BYTES)


@dataclass(frozen=True, slots=True)
class KeyIndex:
    """What the index covers."""

    folder: Path
    function: int
    """A sign of the hash function: keys of another one say nothing."""
    version: int = -1
    """The newest version of the log of which every file is covered."""
    files: frozenset[str] = frozenset()
    """Files of the log that are covered, those that were replaced included."""
    runs: tuple[KeyRun, ...] = ()
    repetitions: str = ""
    """The file that lists the events that do not count, because an earlier one has their key."""

    def read(self, run: KeyRun) -> Keys:
        """The keys of a run. Raises `StorageError` when it is gone."""
        path = self.folder / run.name
        with translated_os_errors(str(path)):
            return Keys(path, run.rows)


class Keys:
    """The keys of a run, mapped into memory: nothing is read but what is looked at."""

    def __init__(self, path: Path, rows: int) -> None:
        with path.open("rb") as stream:
            self._map = mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ)
        whole = memoryview(self._map)
        self._keys = whole[: rows * _KEY_BYTES].cast("Q")
        self._places = whole[rows * _KEY_BYTES :].cast("I")
        self.rows = rows

    def __contains__(self, key: int) -> bool:
        at = bisect.bisect_left(self._keys, key)
        return at < self.rows and self._keys[at] == key

    def table(self) -> pa.Table:
        """Columns `key` and `place`, without a copy."""
        keys, places = pa.py_buffer(self._keys), pa.py_buffer(self._places)
        return pa.table(
            {
                "key": pa.Array.from_buffers(pa.uint64(), self.rows, [None, keys]),
                "place": pa.Array.from_buffers(pa.uint32(), self.rows, [None, places]),
            }
        )


def keys_folder(log_folder: Path) -> Path:
    """Where the index of a log lies."""
    return log_folder.parent / "cache" / "keys"


def read_index(folder: Path, function: int) -> KeyIndex:
    """The index as it lies in a folder; an empty one when there is none that is whole."""
    empty = KeyIndex(folder, function)
    try:
        found = json.loads((folder / _LIST).read_text(encoding="utf-8"))
        index = KeyIndex(
            folder,
            found["function"],
            found["version"],
            frozenset(found["files"]),
            tuple(KeyRun(*run) for run in found["runs"]),
            found["repetitions"],
        )
        # A new family of the contract comes after the others, or numbers would mean another.
        known = found["families"] == list(FAMILIES)[: len(found["families"])]
        if found["format"] != FORMAT or index.function != function or not known:
            return empty
        for run in index.runs:
            if (folder / run.name).stat().st_size != run.size_bytes:
                return empty
        if index.repetitions and not (folder / index.repetitions).exists():
            return empty
    except (OSError, ValueError, KeyError, TypeError):
        return empty
    return index


def write_index(index: KeyIndex) -> None:
    """Make this the index of its folder, and delete what no list names any more. The caller holds
    the lock. Raises `StorageError`."""
    content = {
        "format": FORMAT,
        "function": index.function,
        "families": list(FAMILIES),
        "version": index.version,
        "files": sorted(index.files),
        "runs": [[run.name, run.rows] for run in index.runs],
        "repetitions": index.repetitions,
    }
    with translated_os_errors(str(index.folder)):
        work = index.folder / f".{secrets.token_hex(8)}.part"
        work.write_text(json.dumps(content), encoding="utf-8")
        flush(work)
        work.replace(index.folder / _LIST)
        named = {_LIST, _LOCK, index.repetitions, *(run.name for run in index.runs)}
        for path in index.folder.iterdir():
            if path.name not in named:
                path.unlink(missing_ok=True)


def write_run(folder: Path, rows: int, batches: Iterable[pa.RecordBatch]) -> KeyRun:
    """Write sorted keys (columns `key`, `place`) as a run, on the disk when this returns. It counts
    once a list names it. Raises `StorageError`."""
    name = f"{secrets.token_hex(8)}.run"
    with translated_os_errors(str(folder)):
        with (folder / name).open("wb") as stream:
            at = 0
            for batch in batches:
                for column, begin, size in (
                    (batch.column(0), 0, _KEY_BYTES),
                    (batch.column(1), rows * _KEY_BYTES, _PLACE_BYTES),
                ):
                    buffer = column.buffers()[1]
                    assert buffer is not None
                    content = memoryview(buffer)
                    first = column.offset * size
                    stream.seek(begin + at * size)
                    stream.write(content[first : first + len(column) * size])
                at += batch.num_rows
            assert at == rows, "keys were lost on their way into a run"
        flush(folder / name)
    return KeyRun(name, rows)


@contextlib.contextmanager
def changing(folder: Path) -> Iterator[None]:
    """Hold the lock of the index; it ends with the process. Raises `StorageError`."""
    with translated_os_errors(str(folder)):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with held_lock(folder / _LOCK, str(folder)):
        yield
