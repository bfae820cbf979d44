"""What a server knows of the events that are there: those in the inbox, in memory, and those in the
log, by its index of keys."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path

from tawny.engine.arrivals import Arrivals, arrivals_of
from tawny.engine.duck import Duck
from tawny.engine.key_index import key_function
from tawny.errors import StorageError
from tawny.intake.key_table import KeyTable
from tawny.log.keys import KeyIndex, Keys, keys_folder, read_index
from tawny.model.checking import LegalEvents, checked_lines
from tawny.scratch import scratch_folder
from tawny.state.inbox import Inbox

LOOK_EVERY_S = 0.5
"""So often is asked what was moved into the log."""
BEHIND_S = 5.0
"""An index that lacks the newest version for so long has to be made whole."""
TABLE_KEYS = 1 << 17
"""Keys are forgotten by about so many at a time."""
_READ_EVENTS = 100_000
_MEMORY_MB = 200
_COMMIT = re.compile(r"(\d{20})\.json")


class KnownKeys:
    """Of one thread; the index of the log is whole when this is made."""

    def __init__(self, home: Path, inbox: Inbox) -> None:
        self._log_folder = home / "log"
        self._inbox = inbox
        self._duck = Duck(scratch_folder(home), _MEMORY_MB, 1)
        self._function = key_function(self._duck)
        self._tables: deque[KeyTable] = deque()
        """Of what waits in the inbox; a key is in one of them at most."""
        self._last_rows: deque[int] = deque()
        """For each table the newest row of the inbox that it has keys of."""
        self._rows: deque[tuple[int, int]] = deque()
        """Rows that wait in the inbox, and how many events each has."""
        self.waiting_events = 0
        self.last_row = 0
        """The newest row of the inbox that is known."""
        self._looked_at = -LOOK_EVERY_S
        self._whole_at = time.monotonic()
        self._direct_ingests = 0
        self._is_unsure = True
        self._index = KeyIndex(keys_folder(self._log_folder), self._function)
        self._runs: dict[str, Keys] = {}

    def close(self) -> None:
        """Let go of the engine."""
        self._duck.close()

    def arrivals(self, requests: Sequence[LegalEvents]) -> list[Arrivals]:
        """The events of several requests."""
        return arrivals_of(self._duck, requests)

    def refresh(self, direct_ingests: int) -> bool:
        """Learn what other processes have taken in, and forget what is in the log by now. False
        when the index of the log has lacked something for a while.

        The caller may decide which event came first; `direct_ingests` is the number of ingests
        into the log until then."""
        while rows := self._inbox.since(self.last_row, _READ_EVENTS):
            legal = [checked_lines(row.body, row.events).legal() for row in rows]
            for row, arrivals in zip(rows, self.arrivals(legal), strict=True):
                self.add(row.id, arrivals, range(len(arrivals)))
        now = time.monotonic()
        is_sure = direct_ingests == self._direct_ingests and not self._is_unsure
        if is_sure and now - self._looked_at < LOOK_EVERY_S:
            return True
        self._looked_at = now
        # In this order: what is no longer in the inbox was in the log, and its index, before.
        oldest_row = self._inbox.oldest_id()
        newest_version = self._newest_version()
        self._read_index()
        if self._index.version >= newest_version:
            self._whole_at = now
            self._forget(oldest_row)
            self._is_unsure = False
        elif direct_ingests != self._direct_ingests:
            self._is_unsure = True
        self._direct_ingests = direct_ingests
        if now - self._whole_at < BEHIND_S:
            return True
        self._whole_at = now
        return False

    def add(self, row: int, arrivals: Arrivals, places: Iterable[int]) -> None:
        """Keep the keys and contents of some events, which are a row of the inbox now."""
        keys, contents = arrivals.keys, arrivals.contents
        count = 0
        for place in places:
            count += 1
            # A key that is there already is of the event that came first.
            if self.waiting(keys[place]) is None:
                self._table().add(keys[place], contents[place], row)
                self._last_rows[-1] = row
        self._rows.append((row, count))
        self.waiting_events += count
        self.last_row = max(self.last_row, row)

    def waiting(self, key: int) -> tuple[int, int] | None:
        """Content and row of an event that waits in the inbox, or did a moment ago."""
        for table in self._tables:
            if there := table.get(key):
                return there
        return None

    def is_logged(self, key: int) -> bool:
        """Whether the log may have an event with this key: it has one of the same hash, or nobody
        can tell at this moment."""
        return self._is_unsure or any(key in keys for keys in self._runs.values())

    def _table(self) -> KeyTable:
        """One that has room."""
        if not self._tables or self._tables[-1].count == self._tables[-1].most_keys:
            self._tables.append(KeyTable(TABLE_KEYS))
            self._last_rows.append(0)
        return self._tables[-1]

    def _forget(self, oldest_row: int | None) -> None:
        """Forget what is no longer in the inbox."""
        while self._rows and (oldest_row is None or self._rows[0][0] < oldest_row):
            self.waiting_events -= self._rows.popleft()[1]
        while self._tables and (oldest_row is None or self._last_rows[0] < oldest_row):
            self._tables.popleft()
            self._last_rows.popleft()

    def _newest_version(self) -> int:
        try:
            names = [path.name for path in (self._log_folder / "_delta_log").iterdir()]
        except OSError:
            return -1
        found = (_COMMIT.fullmatch(name) for name in names)
        return max((int(match.group(1)) for match in found if match), default=-1)

    def _read_index(self) -> None:
        """Map the runs that are new. What was deleted stays mapped until the index is whole."""
        index = read_index(self._index.folder, self._function)
        if index.version < self._index.version or index == self._index:
            return
        try:
            self._runs = {
                run.name: self._runs.get(run.name) or index.read(run) for run in index.runs
            }
        except StorageError:
            return  # merged meanwhile: the next look finds the list that says so
        self._index = index
