"""What leads from one state of the log to another in a feed, part by part."""

from __future__ import annotations

from typing import Any

from tawny.engine.duck import Duck
from tawny.engine.feed_rows import (
    RESTLESS_PART,
    changes_between,
    is_restless,
    kept_rows,
    make_changes,
)
from tawny.engine.fresh_events import EventsRead, LogState
from tawny.engine.touched import Touched
from tawny.engine.touched_spans import TouchedSpans
from tawny.feeds.periods import TouchedPeriod, border_text, touched_periods
from tawny.feeds.request import FeedRequest
from tawny.feeds.units import StateRows
from tawny.log.files import Snapshot
from tawny.model.periods import Period
from tawny.model.zones import offset_segments
from tawny.queries.catalogue import query

Row = dict[str, Any]

_ROWS_OF_A_CONVERSATION = 20
"""About how many rows an export may have of one, unless a conversation is its row."""
_ROWS_OF_AN_AGENT = 1000
_FEWEST = 20


class StateChanges:
    """What leads from one state to another, in parts."""

    def __init__(
        self,
        duck: Duck,
        duck_before: Duck | None,
        snapshot: Snapshot,
        request: FeedRequest,
        content_media: list[str] | None,
        before: LogState | None,
        until: LogState,
        erasures_until: int | None = None,
    ) -> None:
        """With `erasures_until` who was erased in a later version is shown: only who compares with
        what was said then asks for it."""
        self.before, self.until = before, until
        self._duck = duck
        self._request = request
        export = self._export = query(request.export_type)
        self._zone = request.zone
        self._segments = offset_segments(self._zone, snapshot.months())
        self._key = export.head.key
        self._columns = (*export.beside_columns, *export.columns)
        read = EventsRead.by([export])
        self._touched = Touched(duck, snapshot, read, before, until)
        self._periods = []
        if export.sums_up:
            spans = TouchedSpans(duck, read, self._touched).spans()
            self._periods = touched_periods(request.period or "", self._zone, spans)
            self.things = len(self._periods)
            self._make_restless_of_periods()
        elif export.scope:
            self.things = self._touched.make_conversations()
            if self._is_of("message_id"):
                self._touched.make_restless_messages()
        else:
            self.things = self._touched.make_agents()
        # Nothing is other in any period: what is compared is one that nobody asks for.
        ranges = [one.range for one in self._periods] or [Period(0, 1)]
        common: dict[str, Any] = {
            "channels": request.channels, "content_media": content_media, "periods": ranges,
        }  # fmt: skip
        # Nothing is said of anybody who was erased since, whenever the answer was begun.
        self._now = StateRows(
            duck, snapshot, export, until, erasures_until=erasures_until, **common
        )
        self._was = None
        if before is not None and duck_before is not None:
            self._was = StateRows(
                duck_before, snapshot, export, before, erasures_until=before.version, **common
            )
        self._place = self._size = -1
        self._found = 0

    def _make_restless_of_periods(self) -> None:
        self._touched.make_restless_conversations()
        if self._is_of("contact_profile_id"):
            self._touched.make_restless_contacts()

    def _is_of(self, column: str) -> bool:
        """Whether each row is about one of what a column names."""
        return column in self._key

    def size_for(self, limit: int) -> int:
        """Of how many things a part is made for an answer of so many rows."""
        if self._export.sums_up:
            return 1
        rows = _ROWS_OF_A_CONVERSATION if self._export.scope else _ROWS_OF_AN_AGENT
        if self._is_of("conversation_id"):
            rows = 1
        return max(_FEWEST, limit // rows)

    def make_part(self, place: int, size: int) -> int:
        """Compare the things from `place` on in both states; returns how many rows there are."""
        if (place, size) == (self._place, self._size):
            return self._found
        if self._export.sums_up:
            self._found = self._make_period(place)
        else:
            self._found = self._make_things(place, size)
        self._place, self._size = place, size
        return self._found

    @property
    def period(self) -> Period | None:
        """That of the part that was made last, where rows sum up."""
        if not self._export.sums_up:
            return None
        return self._periods[self._place].range if self._periods else Period(0, 1)

    def rows(self, first: int, end: int) -> list[Row]:
        """Some rows of the part that was made last."""
        if end <= first:
            return []
        beside: Row = {}
        if self._export.sums_up:
            found = self._periods[self._place].range
            beside = {
                "period_from": border_text(self._zone, found.from_ms),
                "period_to": border_text(self._zone, found.to_ms),
            }
        rows = []
        for row in changes_between(self._duck, self._columns, self._segments, first, end):
            op = row.pop("op")
            if op == "delete":
                row = {name: row[name] for name in row if name in self._key}
            rows.append({"op": op, "at": self.until.version, **beside, **row})
        return rows

    def _make_period(self, place: int) -> int:
        period = self._periods[place] if self._periods else TouchedPeriod(Period(0, 1), False)
        self._now.of_period(place)
        if self._was is not None:
            self._was.of_period(place)
        restless = "true" if period.is_restless else "false"
        if period.is_restless and self._is_of("contact_profile_id"):
            restless = is_restless("contact_profile_id")
        bounds = {"from_ms": period.range.from_ms, "to_ms": period.range.to_ms}
        return self._compare(restless, period.is_restless, bounds)

    def _make_things(self, place: int, size: int) -> int:
        wanted = self._touched.make_part(place, size)
        states = [state for state in (self._now, self._was) if state is not None]
        if not self._export.scope:
            for state in states:
                state.of_agents(wanted)
            return self._compare(is_restless("user_id", RESTLESS_PART), True, {})
        scope = self._touched.scope_of_part()
        for state in states:
            state.of_conversations(wanted, scope)
        restless = is_restless("conversation_id", "restless_conversations", "conversation_id")
        if self._is_of("message_id"):
            restless = is_restless("message_id")
        return self._compare(restless, True, {})

    def _compare(self, restless: str, of_restless: bool, bounds: dict[str, int]) -> int:
        was = self._was
        return make_changes(
            self._duck,
            self._request.export_type,
            self._key,
            self._columns,
            before=None if was is None else kept_rows(was.duck),
            restless="false" if was is None else restless,
            of_restless=of_restless and was is not None,
            values=bounds,
        )
