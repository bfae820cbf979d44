"""Moving acknowledged events from the inbox into the log, exactly once whatever crashes between.

One mover at a time: whoever moves holds a lock on a file of the data folder. First the events are
in the log, durable; then their rows go. Killed between the two, the next mover writes them again,
and the log leaves out what it has.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from tawny.disk import translated_os_errors
from tawny.model.explanation import Refusal
from tawny.runs.ingest import Ingest, Outcome
from tawny.settings import Settings
from tawny.state.database import Database, open_database, open_database_for_reading
from tawny.state.inbox import Inbox
from tawny.state.refusals import RefusalStore

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
        if not settings.text("state_url") and not (home / "state.db").exists():
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
            refused: list[Refusal] = []

            def refuse(_: str, refusal: Refusal, into: list[Refusal] = refused) -> None:
                into.append(refusal)

            with Ingest(home, settings, refuse) as ingest:
                # Nothing is refused here unless the rules became stricter since the events were
                # acknowledged.
                for row in rows:
                    ingest.read("inbox", [row.body])
                ingest.flush()
                total.accepted += ingest.outcome.accepted
                total.duplicates += ingest.outcome.duplicates
                total.refused += ingest.outcome.refused
            RefusalStore(home, settings, database).add("inbox", refused)
            inbox.remove(rows)
    return total


@contextlib.contextmanager
def _moving(home: Path, wait: bool) -> Iterator[bool]:
    """Be the one who moves, while the body runs; false when there is another and no waiting."""
    path = home / "inbox.lock"
    with translated_os_errors(str(path)):
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(lock)
