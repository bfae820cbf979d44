"""Taking events in over the network: checked, on the disk, and only then acknowledged.

Requests that come at the same time share one transaction, so that many small ones cost one flush
of the disk and not many. Before that each event is looked for among those that wait in the inbox
and in the index of the log: a repetition is left out, and what has the key of another event is
compared with it by a worker. One thread decides, so two requests cannot both be first.
"""

from __future__ import annotations

import bisect
import concurrent.futures
import io
import queue
import threading
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tawny.engine.arrivals import Arrivals
from tawny.errors import StorageError, TawnyError, TooManyError
from tawny.intake.compare import Compared
from tawny.intake.key_table import KeyTable
from tawny.intake.known_keys import KnownKeys
from tawny.intake.precedence import Precedence
from tawny.model.checking import ACCEPTED, DUPLICATE, NO_EVENTS, REFUSED, LegalEvents, blocks_of
from tawny.model.refusals import Refusal
from tawny.state.inbox import ROW_BYTES, Inbox

MOST_WAITING_BYTES = 64 << 20
"""What may wait for the disk; beyond it senders are told to come back."""
MOST_UNMOVED_EVENTS = 2_000_000
"""What may wait in the inbox, whose keys are held in memory."""
_MOST_IN_ONE = 64
_THIS_GROUP = 1 << 62
"""The row of what is not in the inbox yet: newer than any."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of the legal events of a request: for each `ACCEPTED`, `DUPLICATE` or `REFUSED`,
    and why the first of those that are refused are, by their place among the legal ones, from 0."""

    outcomes: bytes
    refusals: Mapping[int, Refusal]

    def count(self, outcome: int) -> int:
        """Of how many events this came."""
        return self.outcomes.count(outcome)


@dataclass(slots=True)
class _Waiting:
    legal: LegalEvents
    request_id: str
    done: concurrent.futures.Future[Answer]
    arrivals: Arrivals | None = None
    outcomes: bytearray = field(default_factory=bytearray)
    """By place; 0 of what is not decided."""
    compared: bytearray = field(default_factory=bytearray)
    """By place, what the log said of an event: `ACCEPTED` where it has none with the key."""
    refusals: dict[int, Refusal] = field(default_factory=dict)
    doubtful: array[int] = field(default_factory=lambda: array("I"))
    """Places of what has to be compared with the log."""
    compared_row: int = 0
    """The newest row of the inbox that was in the log when that was compared, and ..."""
    compared_ingests: int = -1
    """... how many ingests had written to the log by then."""


class Acknowledger:
    """One thread that writes what requests bring into the inbox, and one that has doubtful events
    compared. `compare` takes the lines of several requests and says what they are once everything
    that waited in the inbox is in the log; for none it makes the index of the log whole.
    `on_accepted` is called whenever events became durable."""

    def __init__(
        self,
        inbox: Inbox,
        precedence: Precedence,
        known: Callable[[], KnownKeys],
        compare: Callable[[Sequence[bytes]], Sequence[Compared]],
        on_accepted: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_accepted = on_accepted
        self._inbox = inbox
        self._precedence = precedence
        self._open_known = known
        self._known: KnownKeys | None = None
        self._compare = compare
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._doubtful: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting_bytes = 0
        self._thread = threading.Thread(target=self._write, name="acknowledge", daemon=True)
        self._comparer = threading.Thread(target=self._decide, name="compare", daemon=True)
        self._thread.start()
        self._comparer.start()

    def submit(self, legal: LegalEvents, request_id: str) -> concurrent.futures.Future[Answer]:
        """Hand over legal events. The future is done when those that are new are durable."""
        size_bytes = len(legal.body)
        with self._lock:
            if self._waiting_bytes and self._waiting_bytes + size_bytes > MOST_WAITING_BYTES:
                raise TooManyError(
                    "events: too many wait for the disk; send these again later", retry_after_s=1
                )
            self._waiting_bytes += size_bytes
        done: concurrent.futures.Future[Answer] = concurrent.futures.Future()
        self._queue.put(_Waiting(legal, request_id, done))
        return done

    def close(self) -> None:
        """Write what is waiting and end."""
        self._queue.put(None)
        self._thread.join(30)
        self._doubtful.put(None)
        self._comparer.join(30)

    def _write(self) -> None:
        while group := _next(self._queue):
            try:
                known = self._opened()
                new = [waiting for waiting in group if waiting.arrivals is None]
                for waiting, arrivals in zip(new, known.arrivals([w.legal for w in new]),
                                             strict=True):  # fmt: skip
                    waiting.arrivals = arrivals
                    waiting.outcomes = bytearray(len(arrivals))
                    waiting.compared = bytearray(len(arrivals))
                with self._precedence.deciding() as direct_ingests:
                    self._refresh(known, direct_ingests)
                    self._write_group(known, group, direct_ingests)
            except TawnyError as error:
                self._fail(group, error)
            except Exception as error:
                # The thread must outlive anything, or no event would ever be taken in again.
                name = type(error).__name__
                self._fail(group, StorageError("the inbox cannot be written: {error}", error=name))
        if self._known is not None:
            self._known.close()

    def _opened(self) -> KnownKeys:
        """What is known; the first time the index of the log is made whole."""
        if self._known is None:
            self._compare([])
            self._known = self._open_known()
        return self._known

    def _refresh(self, known: KnownKeys, direct_ingests: int) -> None:
        if not known.refresh(direct_ingests):
            # A disk was full when keys were written, or a process was killed before it wrote them.
            self._doubtful.put(_Waiting(NO_EVENTS, "", concurrent.futures.Future()))
        if known.waiting_events > MOST_UNMOVED_EVENTS:
            raise TooManyError(
                "events: too many wait to be moved into the log; send these again later",
                retry_after_s=30,
            )

    def _write_group(
        self, known: KnownKeys, group: Sequence[_Waiting], direct_ingests: int
    ) -> None:
        came = KeyTable(sum(len(waiting.outcomes) for waiting in group))
        fresh = [_sort_out(known, waiting, came, direct_ingests) for waiting in group]
        written: list[tuple[Arrivals, Sequence[int]]] = []

        def rows() -> Iterator[tuple[bytes, int, str]]:
            for waiting, places in zip(group, fresh, strict=True):
                for lines, places_of_row in _rows_of(waiting, places):
                    assert waiting.arrivals is not None
                    written.append((waiting.arrivals, places_of_row))
                    yield lines, len(places_of_row), waiting.request_id

        if any(fresh):
            for row, (arrivals, places) in zip(self._inbox.add(rows()), written, strict=True):
                known.add(row, arrivals, places)
            self._on_accepted()
        for waiting in group:
            if waiting.doubtful:
                waiting.compared_row = known.last_row
                waiting.compared_ingests = direct_ingests
                self._doubtful.put(waiting)
            else:
                self._finish(waiting)

    def _decide(self) -> None:
        """Have doubtful events compared with those that have their keys."""
        while group := _next(self._doubtful):
            try:
                parts = [_lines_of(waiting, waiting.doubtful) for waiting in group]
                for waiting, found in zip(group, self._compare(parts), strict=True):
                    for place, outcome in zip(waiting.doubtful, found.outcomes, strict=True):
                        waiting.compared[place] = outcome
                    waiting.refusals |= {
                        waiting.doubtful[number]: refusal
                        for number, refusal in found.refusals.items()
                    }
                    waiting.doubtful = array("I")
            except TawnyError as error:
                self._fail(group, error)
            except Exception as error:
                name = type(error).__name__
                self._fail(group, StorageError("the log cannot be read: {error}", error=name))
            else:
                for waiting in group:
                    if waiting.legal.body:
                        self._queue.put(waiting)

    def _finish(self, waiting: _Waiting) -> None:
        self._forget(waiting)
        # A request that was given up meanwhile has cancelled its future.
        if waiting.done.set_running_or_notify_cancel():
            waiting.done.set_result(Answer(bytes(waiting.outcomes), waiting.refusals))

    def _fail(self, group: Sequence[_Waiting], error: TawnyError) -> None:
        for waiting in group:
            self._forget(waiting)
            if waiting.done.set_running_or_notify_cancel():
                waiting.done.set_exception(error)

    def _forget(self, waiting: _Waiting) -> None:
        with self._lock:
            self._waiting_bytes -= len(waiting.legal.body)


def _sort_out(
    known: KnownKeys, waiting: _Waiting, came: KeyTable, direct_ingests: int
) -> array[int]:
    """The places of the events that are new; `came` has those that came in the same group. What
    has the key of another event is doubtful until that is looked at."""
    arrivals, outcomes = waiting.arrivals, waiting.outcomes
    assert arrivals is not None
    fresh = array("I")
    log_is_compared = waiting.compared_ingests == direct_ingests
    for place, key in enumerate(arrivals.keys):
        if outcomes[place]:
            continue
        compared = waiting.compared[place]
        there = came.get(key) or known.waiting(key)
        if there and compared == ACCEPTED and there[1] <= waiting.compared_row:
            there = None  # another key of the same hash
        if compared in (REFUSED, DUPLICATE):
            outcomes[place] = compared
        elif there and there[0] == arrivals.contents[place]:
            outcomes[place] = DUPLICATE
        elif there or (known.is_logged(key) and not (compared and log_is_compared)):
            waiting.doubtful.append(place)
        else:
            came.add(key, arrivals.contents[place], _THIS_GROUP)
            outcomes[place] = ACCEPTED
            fresh.append(place)
    return fresh


def _lines_of(waiting: _Waiting, places: Sequence[int]) -> bytes:
    """The lines of some of the events of a request, given in their order."""
    if len(places) == len(waiting.legal):
        return waiting.legal.body
    taken = io.BytesIO()
    lines = enumerate(io.BytesIO(waiting.legal.body), 1)
    for place in places:
        wanted = waiting.legal.lines[place]
        taken.write(next(line for number, line in lines if number == wanted))
    return taken.getvalue()


def _rows_of(waiting: _Waiting, places: array[int]) -> Iterator[tuple[bytes, array[int]]]:
    """The lines of events, given by their places, as rows of the inbox with the places in each."""
    lines = _lines_of(waiting, places) if places else b""
    begin = last_line = 0
    for block in blocks_of(lines, ROW_BYTES):
        last_line += block.count(b"\n")
        end = last_line
        if lines is waiting.legal.body:
            # As it came: blank lines are there too.
            end = bisect.bisect_right(waiting.legal.lines, last_line)
        if end > begin:
            yield block, places[begin:end]
        begin = end


def _next(waiting: queue.SimpleQueue[_Waiting | None]) -> list[_Waiting]:
    """What waits now, after at least one came; nothing when the end has come."""
    first = waiting.get()
    group = [] if first is None else [first]
    while group and len(group) < _MOST_IN_ONE:
        try:
            following = waiting.get_nowait()
        except queue.Empty:
            break
        if following is None:
            waiting.put(None)
            break
        group.append(following)
    return group
