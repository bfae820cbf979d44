"""What the log says of events that may be there already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tawny.engine.arrivals import incoming_tables
from tawny.engine.duck import Duck
from tawny.engine.engines import open_of_folder
from tawny.engine.key_index import open_index
from tawny.engine.repetitions import release, repeated_arrivals, sort_out
from tawny.intake.inbox import flush
from tawny.intake.ingest import MOST_LINES
from tawny.log.files import Snapshot
from tawny.model.checking import ACCEPTED, DUPLICATE, MOST_EXPLAINED, REFUSED
from tawny.model.refusals import Refusal
from tawny.model.validation import validate_lines
from tawny.settings import Settings
from tawny.state.event_log import event_log


@dataclass(frozen=True, slots=True)
class Compared:
    """What some events are: for each `ACCEPTED` when the log has none with its key, else
    `DUPLICATE` or `REFUSED`; and why the first of those are refused, by number from 0."""

    outcomes: bytes
    refusals: Mapping[int, Refusal]


def compared(home: Path, settings: Settings, parts: Sequence[bytes]) -> list[Compared]:
    """Compare the legal lines of several requests, each by itself, with the log. What waits in the
    inbox is moved there before. For no request the index of the log is made whole."""
    if any(parts):
        flush(home, settings)
    snapshot = event_log(home, settings).snapshot()
    with open_of_folder(home, settings) as duck:
        if not any(parts):
            open_index(duck, snapshot)
        return [_compared(duck, snapshot, lines) for lines in parts]


def _compared(duck: Duck, snapshot: Snapshot, lines: bytes) -> Compared:
    batch = validate_lines(lines)
    tables = incoming_tables([batch], MOST_LINES)
    if not tables:
        return Compared(b"", {})
    refusals: dict[int, Refusal] = {}
    refused: list[int] = []

    def refuse(arrival: int, why: Callable[[], Refusal]) -> None:
        if len(refused) < MOST_EXPLAINED:
            refusals[arrival] = why()
        refused.append(arrival)

    sort_out(duck, snapshot, tables, refuse, newest=False)
    outcomes = dict.fromkeys(
        sorted(int(str(row)) for rows in batch.numbers.values() for row in rows.to_pylist()),
        ACCEPTED,
    )
    outcomes |= dict.fromkeys(repeated_arrivals(duck), DUPLICATE)
    outcomes |= dict.fromkeys(refused, REFUSED)
    release(duck, tables)
    places = {arrival: place for place, arrival in enumerate(outcomes)}
    return Compared(
        bytes(outcomes.values()), {places[arrival]: one for arrival, one in refusals.items()}
    )
