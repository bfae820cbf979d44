"""Which events make rows and cells differ.

The events behind a cell are asked for in both states. Those of them that only one state has are
its causes. What is behind the cell in one state only though both have it (a message that counts no
more) has its own reason, which names its conversation or contact: an erasure, a creation that came
late. Where neither says anything (a tag was taken off), the cause is what moved and names what the
row or the events behind it are about, the narrowest first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from tawny.differences.alike import AlikeRows, Cells, Differing
from tawny.differences.cause import DifferenceCause, kind_of
from tawny.differences.explained_side import ExplainedSide
from tawny.differences.side import Side
from tawny.engine.duck import Duck
from tawny.engine.event_keys import EventKey
from tawny.engine.fresh_events import EventsRead
from tawny.engine.moved_events import MovedEvent, MovedEvents
from tawny.engine.snapshot import View
from tawny.explanations.rules import Rule, rule_of
from tawny.feeds.engines import State
from tawny.log.arrivals import arrivals_ms
from tawny.log.files import Snapshot
from tawny.queries.catalogue import query
from tawny.queries.columns import Column

MOST_CAUSES = 20
"""So many are named of a cell."""
_MOST_LOOKED_AT = 500
"""Of so many events behind a cell it is looked at what they name."""

_NAMES = {
    "contact_profile_id": "contact_id",
    "user_id": "agent_id",
    "outbound_message_id": "message_id",
    "inbound_message_id": "message_id",
}
"""What columns of exports name, where events call it otherwise."""

_ELSEWHERE = "another"


class Causes:
    """Finds them for the rows in the table `evidence.ASKED` of both connections."""

    def __init__(
        self,
        ducks: Mapping[State, Duck],
        snapshot: Snapshot,
        sides: Mapping[State, Side],
        views: Mapping[State, View],
        columns: Sequence[Column],
        *,
        hides_elsewhere: bool,
    ) -> None:
        request = sides["now"].request
        self._export_type = request.export_type
        self._channels = set(request.channels)
        self._hides_elsewhere = hides_elsewhere
        self._snapshot = snapshot
        self._states = {state: side.state for state, side in sides.items()}
        found = [rule_of(self._export_type, column.key) for column in columns]
        rules = [rule for rule in found if rule is not None]
        self._statement = rules[0].statement
        self._sides: dict[State, ExplainedSide] = {
            state: ExplainedSide(
                ducks[state], snapshot, self._export_type, view, sides[state].bounds, rules
            )
            for state, view in views.items()
        }
        self._moved = MovedEvents(
            ducks["now"],
            snapshot,
            EventsRead.by([query(self._export_type)]),
            self._states["before"],
            self._states["now"],
            (sides["before"].erasures_version, sides["now"].erasures_version),
        )
        self._alike = AlikeRows(self._moved, self._export_type)
        self._known: dict[EventKey, DifferenceCause] = {}
        self._arrivals: dict[int, int | None] = {}
        self._time_passed = DifferenceCause("time_passed")
        self._row, self._links = "", set[tuple[str, str]]()
        self._looked: set[State] = set()

    def look_over(self, rows: Sequence[Cells]) -> None:
        """Get ready for some rows, by their cells in either state."""
        self._alike.look_over(rows)

    def of_cells(
        self, row: str, cells: Cells, differing: Differing
    ) -> Sequence[Sequence[DifferenceCause]]:
        """Why the cells of a row differ that both states have, looked up once for rows alike."""
        kind = self._alike.kind_of(cells, differing)
        found = self._alike.causes(kind)
        if found is None:
            self.look_at(row, cells, "changed")
            found = [self.of_cell(column, before, now) for column, before, now in differing]
            self._alike.keep(kind, found)
        return found

    def look_at(self, row: str, cells: Cells, change: str) -> None:
        """Go on to a row, by its key, with its cells in either state."""
        self._row = row
        self._links = {
            (_NAMES.get(name, name), cell)
            for name, cell in cells.items()
            if name.endswith("_id") and cell is not None
        }
        sides: dict[str, set[State]] = {"added": {"now"}, "removed": {"before"}}
        for state in sides.get(change, {"before", "now"}):
            self._sides[state].find(row, self._statement)
        self._looked = sides.get(change, {"before", "now"})

    def of_row(self, change: str) -> Sequence[DifferenceCause]:
        """Why the row is there on one side only."""
        return self._of([self._sides[state].of_row() for state in sorted(self._looked)], change)

    def of_cell(
        self, column: Column, before: str | None, now: str | None
    ) -> Sequence[DifferenceCause]:
        """Why a cell of the row differs."""
        rule = rule_of(self._export_type, column.key)
        if rule is None:
            return self.of_row("changed")
        behind = [self._keys("before", rule, before), self._keys("now", rule, now)]
        return self._of(behind, "changed")

    def _keys(self, state: State, rule: Rule, cell: str | None) -> set[EventKey]:
        return self._sides[state].of_cell(rule, cell)

    def _of(self, behind: Sequence[set[EventKey]], change: str) -> Sequence[DifferenceCause]:
        every = set().union(*behind)
        one_sided = every if len(behind) == 1 else behind[0] ^ behind[1]
        direct = self._moved.among(every)
        rest = one_sided - {one.key for one in direct}
        if change == "changed" or not direct:
            named = self._named_by(rest)
            decisive = self._shown(self._moved.naming(named, only_decisive=True))
            if not direct and not decisive:
                links = (named or self._named_by(every)) | self._links
                decisive = self._shown(self._moved.naming(self._with_owners(links)))
            known = {one.key for one in direct}
            direct = [*direct, *(one for one in decisive if one.key not in known)]
        if direct:
            return self._causes(direct)
        before, now = self._states["before"], self._states["now"]
        if before.as_of_ms != now.as_of_ms:
            return [self._time_passed]
        return [DifferenceCause("among")]

    def _named_by(self, keys: Collection[EventKey]) -> set[tuple[str, str]]:
        """What events name, with the contacts of their conversations."""
        if not keys:
            return set()
        return self._with_owners(self._moved.links(sorted(keys)[:_MOST_LOOKED_AT]))

    def _with_owners(self, links: set[tuple[str, str]]) -> set[tuple[str, str]]:
        conversations = [one for name, one in links if name == "conversation_id"]
        return links | set(self._moved.owners(conversations))

    def _shown(self, found: Iterable[MovedEvent]) -> list[MovedEvent]:
        """Those of events that something is named by which count in a request of these channels;
        locks count elsewhere too."""
        listed = list(found)
        if not self._channels or not listed:
            return listed
        events = self._moved.events([one.key for one in listed])
        conversations = {
            key: str(event["data"]["conversation_id"])
            for key, event in events.items()
            if "conversation_id" in event["data"]
        }
        channels = self._moved.channels(set(conversations.values()))
        return [
            one
            for one in listed
            if one.key not in conversations
            or one.key.type == "conversation.locked"
            or channels.get(conversations[one.key]) in self._channels
        ]

    def _causes(self, moved: Sequence[MovedEvent]) -> Sequence[DifferenceCause]:
        first = moved[:MOST_CAUSES]
        missing = [one for one in first if one.key not in self._known]
        if missing:
            events = self._moved.events([one.key for one in missing])
            conversations = {str(e["data"].get("conversation_id")) for e in events.values()}
            channels = self._moved.channels(conversations) if self._hides_elsewhere else {}
            for one in missing:
                event = events[one.key]
                conversation = event["data"].get("conversation_id")
                is_hidden = (
                    self._hides_elsewhere
                    and conversation is not None
                    and channels.get(str(conversation)) not in self._channels
                )
                if is_hidden:
                    hidden = {
                        name: _ELSEWHERE
                        for name in ("conversation_id", "message_id", "survey_id", "contact_id")
                        if name in event["data"]
                    }
                    event = {**event, "data": {**event["data"], **hidden}}
                self._known[one.key] = DifferenceCause(
                    kind=kind_of(one, self._states["before"].version, self._states["now"].version),
                    is_now=one.is_now,
                    event=event,
                    is_hidden=is_hidden,
                    arrived_ms=self._arrived_ms(one.log_version),
                    time_ms=one.key.time_ms,
                    log_version=one.log_version,
                )
        return [self._known[one.key] for one in first]

    def _arrived_ms(self, version: int) -> int | None:
        if version not in self._arrivals:
            self._arrivals[version] = arrivals_ms(self._snapshot.folder, [version]).get(version)
        return self._arrivals[version]
