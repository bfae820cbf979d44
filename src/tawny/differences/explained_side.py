"""The events behind the cells of some rows, in one of two states: the keys that an explanation
would name, without their words."""

from __future__ import annotations

from tawny.engine import evidence
from tawny.engine.base import Embedded
from tawny.engine.event_keys import EventKey
from tawny.engine.snapshot import View
from tawny.explanations.rules import MAKES_ROW, ROW, Rule
from tawny.exports.request import Bounds
from tawny.exports.slicing import Slicing
from tawny.log.files import Snapshot
from tawny.queries.catalogue import explained_query
from tawny.queries.row_keys import asked_row

_ZEROS = ("0", "0.0")
_LOCKED = "conversation.locked"


class ExplainedSide:
    """The steps of an export with their events, on a connection, for the rows in the table
    `evidence.ASKED`."""

    def __init__(
        self,
        engine: Embedded,
        snapshot: Snapshot,
        export_type: str,
        view: View,
        bounds: Bounds,
        rules: list[Rule],
    ) -> None:
        self._engine = engine
        self._export_type = export_type
        self._bounds = bounds
        self._witnesses = []
        if any(rule.measured == "locks" for rule in rules):
            self._witnesses = evidence.lock_witnesses(engine, snapshot, view)
        facts = tuple(dict.fromkeys(fact for rule in rules for fact in rule.facts))
        export = evidence.looking_at_row(
            engine,
            snapshot,
            view,
            explained_query(export_type, facts),
            {witness.conversation_id for witness in self._witnesses},
        )
        self._steps = [step.name for step in export.all_steps]
        slicing = Slicing(export, snapshot, [view])
        self._values = next(slicing.prepare(0, engine, self._steps))

    def find(self, row: str, statement: str) -> None:
        """Look for the events behind the cells of a row, by its key as text."""
        asked = asked_row(self._export_type, row, self._bounds.zone)
        evidence.ask(self._engine, asked | {"export_type": self._export_type})
        evidence.find(self._engine, statement, self._values)

    def of_row(self) -> set[EventKey]:
        """The events that make the row which was looked for last."""
        return self._closed({one.event for one in evidence.found_by(self._engine, {ROW})})

    def of_cell(self, rule: Rule, value: str | None) -> set[EventKey]:
        """The events behind a cell of it."""
        rules = {ROW, MAKES_ROW, *rule.names}
        keys = {one.event for one in evidence.found_by(self._engine, rules)}
        if value in _ZEROS and rule.measured == "locks":
            keys |= {witness.event for witness in self._witnesses}
        if value in _ZEROS and rule.measured == "presence":
            witness = evidence.presence_witness(self._engine)
            keys |= {witness} if witness is not None else set()
        return self._closed(keys)

    def _closed(self, keys: set[EventKey]) -> set[EventKey]:
        """With both ends of the lock sessions among them, and what decided their kinds."""
        locks = [key for key in keys if key.type == _LOCKED]
        if locks and "lock_sessions" in self._steps:
            for session in evidence.sessions(self._engine, locks):
                keys |= {session.locked, session.ended}
                keys |= {session.decided} if session.decided is not None else set()
        return keys
