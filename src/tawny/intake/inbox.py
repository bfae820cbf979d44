"""Moving acknowledged events from the inbox into the log, exactly once whatever crashes between.

One mover at a time: whoever moves holds a lock on a file of the data folder. First the events are
in the log, durable; then their rows go. Killed between the two, the next mover writes them again,
and the log leaves out what it has.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tawny.disk import held_lock
from tawny.intake.ingest import Ingest, Outcome
from tawny.log.files import Snapshot
from tawny.model.refusals import Refusal
from tawny.settings import Settings
from tawny.state.database import Database, open_database, open_database_for_reading
from tawny.state.event_log import event_log
from tawny.state.inbox import Inbox
from tawny.state.refusals import RefusalStore

Refused = dict[str, list[Refusal]]

MOST_EVENTS = 200_000
"""Moved in one commit of the log; bounds the memory of a move."""


def flush(
    home: Path, settings: Settings, database: Database | None = None, *, wait: bool = True
) -> Outcome:
    """Move everything that was acknowledged before the call. An export does this before it takes
    its snapshot, so that it sees every event acknowledged before it started.

    Without `wait`, nothing is moved while another process moves: for who looks at the log and may
    miss what came in a moment ago."""
    if database is None:
        if not settings.has_state(home):
            return Outcome()
        with contextlib.closing(open_database_for_reading(home, settings)) as database:
            if not Inbox(database).waiting().last_id:
                return Outcome()
        with contextlib.closing(open_database(home, settings)) as database:
            return flush(home, settings, database, wait=wait)
    inbox = Inbox(database)
    total = Outcome()
    last_id = inbox.waiting().last_id
    if not last_id:
        return total
    with _moving(home, wait) as moving:
        while moving and (rows := inbox.first(last_id, MOST_EVENTS)):
            refused: dict[str, list[Refusal]] = {}

            def refuse(name: str, refusal: Refusal, into: Refused = refused) -> None:
                into.setdefault(name, []).append(refusal)

            # It was decided when the events were acknowledged which of a key came first.
            with Ingest(home, settings, refuse, deciding=contextlib.nullcontext) as ingest:
                # Nothing is refused here unless the rules became stricter since then.
                for row in rows:
                    ingest.read(f"api request {row.request_id or 'unknown'}", [row.body])
                ingest.flush()
                total.accepted += ingest.outcome.accepted
                total.duplicates += ingest.outcome.duplicates
                total.refused += ingest.outcome.refused
            store = RefusalStore(home, settings, database)
            for name, refusals in refused.items():
                store.add(name, refusals)
            inbox.remove(rows)
    return total


def look(home: Path, settings: Settings) -> tuple[int, Snapshot]:
    """How many acknowledged events are not in the log yet, and the log they are not in: nothing is
    moved between the two."""
    if not settings.has_state(home):
        return 0, event_log(home, settings).snapshot()
    with (
        contextlib.closing(open_database_for_reading(home, settings)) as database,
        _moving(home, True),
    ):
        return Inbox(database).waiting().events, event_log(home, settings).snapshot()


@contextlib.contextmanager
def _moving(home: Path, wait: bool) -> Iterator[bool]:
    """Be the one who moves, while the body runs; false when there is another and no waiting."""
    path = home / "inbox.lock"
    with held_lock(path, str(path), wait=wait) as lock:
        yield lock is not None
