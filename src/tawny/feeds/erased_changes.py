"""Files of changes in which somebody is who was erased since: which they are, and what is other in
them when they are made again between the same two states of the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tawny.engine.change_rows import other_rows
from tawny.engine.duck import Duck
from tawny.engine.erasure import create_erased_since, erasures_of
from tawny.engine.fresh_events import EventsRead
from tawny.engine.touched import Touched
from tawny.feeds.cursor import state_of
from tawny.feeds.periods import border_text
from tawny.feeds.request import FeedRequest
from tawny.log.files import Snapshot
from tawny.model.zones import instant_text
from tawny.queries.catalogue import query

_BORDERS = ("period_from", "period_to")

MOST_ROWS = 1000
"""So many rows that are other ones are named; all are counted."""


@dataclass(frozen=True, slots=True)
class ChangeFile:
    """What a file of changes is about."""

    export_type: str
    since: str | None
    """The cursor that it goes on from."""
    cursor: str
    erasures_version: int
    """Who was erased in a later version may be in it."""


def may_hold_erased(duck: Duck, snapshot: Snapshot, file: ChangeFile) -> bool:
    """Whether somebody may be in a file who was erased since: whether it is about any conversation
    of theirs."""
    until = state_of(file.cursor)
    export = query(file.export_type)
    if until is None or not (export.scope or export.sums_up):
        return False
    first_version = create_erased_since(duck, snapshot, file.erasures_version)
    if first_version is None or first_version > until.version:
        return False
    before = None if file.since is None else state_of(file.since)
    touched = Touched(duck, snapshot, EventsRead.by([export]), before, until)
    return touched.touches_any("erased_since")


def row_key(request: FeedRequest) -> Sequence[str]:
    """What tells the rows of a feed apart."""
    export = query(request.export_type)
    return [*(_BORDERS if export.sums_up else ()), *export.head.key]


def erased_rows(
    duck: Duck, snapshot: Snapshot, request: FeedRequest, erasures_version: int
) -> Mapping[str, Any]:
    """What is other in rows that were gathered again than in those that were put aside, as a
    receipt says it, with the erasures that made it so."""
    counts = {"added": 0, "removed": 0, "changed": 0}
    named: list[dict[str, Any]] = []
    for row in other_rows(duck, row_key(request)):
        was, now = row.pop("was"), row.pop("now")
        word = "changed" if was and now else "removed" if was else "added"
        counts[word] += 1
        if len(named) < MOST_ROWS:
            borders = {
                name: border_text(request.zone, row.pop(name)) for name in _BORDERS if name in row
            }
            named.append({"row": word, **borders, **row})
    events = erasures_of(duck, snapshot, erasures_version, "touches") if named else []
    first = [
        {"source": source, "id": id_, "type": type_, "time": instant_text(int(str(at_ms)))}
        for source, id_, type_, at_ms in events
    ]
    return {**counts, "rows": named, "events": {"count": len(first), "first": first[:100]}}
