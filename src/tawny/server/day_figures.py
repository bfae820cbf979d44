"""The figures of the day, as each reader may know them: computed by a worker process, and once for
readers of the same channels while the log is the same."""

from __future__ import annotations

import datetime
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from tawny.exports.periods import period
from tawny.exports.request import ExportRequest, request_json
from tawny.model.zones import current_ms, from_ms, requested_zone
from tawny.people.callers import Caller, Scope
from tawny.reading.figures import Figures
from tawny.server.cached_reading import CachedReading

PERIOD = "last-7-days"
"""What the figures are of, by its name among the periods of the form."""
_MOST_KEPT = 200
_TRUE_FOR_MS = 600_000
"""Conversations grow older where nothing arrives, too."""


@dataclass(frozen=True, slots=True)
class DayFigures:
    """What a reader is shown: the period, the one before it, and as of when that is so."""

    as_of_ms: int
    start: datetime.date
    end: datetime.date
    """Not included."""
    later: Figures
    earlier: Figures
    is_current: bool
    """Whether nothing has come in since, and it is a moment ago."""
    data_begin: datetime.datetime | None
    """When the first event of a conversation was, where that is not before both periods; in the
    time zone asked for. None for who does not see every channel."""


class DayFiguresReader:
    """Reads and keeps them. `read` is a job of a worker; `log_state` is quick, and different
    whenever the log is."""

    def __init__(
        self,
        read: Callable[[Mapping[str, Any]], dict[str, Any]],
        log_state: Callable[[], Hashable],
    ) -> None:
        self._read = read
        self._log_state = log_state
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, CachedReading] = OrderedDict()

    def get(
        self, caller: Caller, time_zone: str, patience_s: float, newer_within_s: float
    ) -> DayFigures | None:
        """The figures of the channels of a caller, by the calendar of a time zone; None when they
        take longer than that the first time (they go on), and those before when newer ones do.
        Raises `RequestError` when none of the channels has events."""
        caller.need(Scope.EXPORTS_READ)
        zone = requested_zone(time_zone)
        start, end = period(PERIOD, current_ms(), zone)
        first_day = start - (end - start)
        request = ExportRequest(
            time_zone=time_zone,
            start=first_day.isoformat(),
            end=end.isoformat(),
            channels=caller.allowed_channels(()),
        )
        found = self._reading(request, start.isoformat()).get_within(patience_s, newer_within_s)
        if found is None:
            return None
        later, earlier = (Figures(**one) for one in found.found["periods"])
        begins_ms, begin = found.found["begins_ms"], None
        if caller.channels is None and begins_ms is not None:
            local = from_ms(begins_ms).astimezone(zone)
            begin = local if local.date() >= first_day else None
        return DayFigures(
            found.found["as_of_ms"], start, end, later, earlier, found.is_current, begin
        )

    def _reading(self, request: ExportRequest, middle: str) -> CachedReading:
        def read() -> dict[str, Any]:
            now_ms = current_ms()
            arguments = {
                "request": request_json(request), "middle": middle, "now_ms": now_ms,
                "given_channels": True,
            }  # fmt: skip
            return {**self._read(arguments), "as_of_ms": now_ms}

        def state() -> Hashable:
            return self._log_state(), current_ms() // _TRUE_FOR_MS

        with self._lock:
            kept = self._kept.pop(request, None) or CachedReading(read, state)
            self._kept[request] = kept
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return kept
