"""Erasure: what `contact.erased` asks for is purged from storage (docs/log.md, erased contacts).

The events stay, who did what when; the person goes: identifiers, attribute names and values,
message contents and post URLs, conversation URLs, resolve comments, follow-up texts. The values in
refused events go too. The files that held them are written again and the old ones deleted at once,
those of older versions too. What arrives for an erased contact later goes at the next maintenance.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tawny.disk import flush, held_lock, translated_os_errors
from tawny.engine.engines import open_of_folder
from tawny.engine.erasure import (
    create_erased_tables,
    files_with_person,
    newest_erasure,
    write_purged,
)
from tawny.engine.key_index import keep_keys
from tawny.log.files import Snapshot
from tawny.settings import Settings
from tawny.state.event_log import event_log
from tawny.upkeep.exported_files import ExportedFile, delete_erased

PENDING = "purge.pending"
"""Lies in the data folder while old files of a purge may still have to be deleted."""


PURGED = "purged"
"""Holds the version of the log up to which everything is purged."""


@dataclass
class Purged:
    """What a purge did."""

    contacts: int = 0
    """Contacts ever erased."""
    files: int = 0
    """Files of the log that were written again without the person."""
    exported: list[ExportedFile] = field(default_factory=list)
    """Files already exported that hold the person."""


def purge_what_is_new(home: Path, settings: Settings) -> Purged:
    """The same for a server, again and again: it costs little when nobody was erased since the last
    time and nothing arrived for those who were."""
    with purging(home):
        snapshot = event_log(home, settings).snapshot()
        try:
            done = int((home / PURGED).read_text(encoding="ascii"))
        except (OSError, ValueError):
            done = -1
        if not snapshot.paths("contact") or snapshot.version == done:
            return Purged()
        with open_of_folder(home, settings) as duck:
            contacts = create_erased_tables(duck, snapshot)
            nobody_new = contacts == 0 or newest_erasure(duck, snapshot) <= done
            if nobody_new and not (contacts and files_with_person(duck, snapshot, done)):
                _write_done(home, snapshot.version)
                return Purged(contacts)
        return purge_alone(home, settings)


def newest_erasure_of(home: Path, settings: Settings, snapshot: Snapshot) -> int:
    """The version of the log with which somebody was erased last; -1 without."""
    if not snapshot.paths("contact"):
        return -1
    with open_of_folder(home, settings, threads=1) as duck:
        return newest_erasure(duck, snapshot)


def _forget(home: Path, settings: Settings) -> None:
    """Have the state database forget the person: in refused events, and in what was deleted, such
    as events on their way into the log."""
    if not settings.has_state(home):
        return
    # A log without a state database does not wait for its library.
    from tawny.state.database import open_database
    from tawny.state.refusals import RefusalStore

    with contextlib.closing(open_database(home, settings)) as database:
        # About whom a refused event was, nobody can tell.
        RefusalStore(home, settings, database).drop_values(of_all=True)
        database.forget_deleted()


def _write_done(home: Path, version: int) -> None:
    path = home / PURGED
    with translated_os_errors(str(path)):
        path.write_text(str(version), encoding="ascii")


def purge(home: Path, settings: Settings) -> Purged:
    """Purge every erased contact; see `purge_alone`. Nothing is written, no lock either, where no
    contact ever was."""
    if not event_log(home, settings).snapshot().paths("contact"):
        return Purged()
    with purging(home):
        return purge_alone(home, settings)


@contextlib.contextmanager
def purging(home: Path) -> Iterator[None]:
    """Let nobody else purge while the body runs: who purges is told which files held the person,
    once."""
    with held_lock(home / "purge.lock", str(home)):
        yield


def purge_alone(home: Path, settings: Settings) -> Purged:
    """Purge every erased contact from the log, then from the exports that are kept; nothing is
    written when nothing is left to purge. For who holds `purging`.

    Killed at any instant, the log holds all of its events, and the next purge finishes the work.
    An export that reads an older version at that moment begins again on what is there now.
    """
    log = event_log(home, settings)
    snapshot = log.snapshot()
    result = Purged()
    if not snapshot.paths("contact"):
        return result
    with open_of_folder(home, settings) as duck:
        result.contacts = create_erased_tables(duck, snapshot)
        if result.contacts == 0:
            return result
        with log.writing():
            snapshot = log.snapshot()
            create_erased_tables(duck, snapshot)
            affected = files_with_person(duck, snapshot)
            pending = home / PENDING
            if affected:
                with translated_os_errors(str(pending)):
                    pending.touch()
                flush(home)
            for file in affected:
                written = write_purged(duck, snapshot, file)
                if sum(new.rows for new in written) != file.rows:
                    raise AssertionError("a purge would change the number of events")
                version = log.commit(written, remove=[file])
                keep_keys(duck, log.folder, [file], written, version)
            result.files = len(affected)
            if pending.exists():
                log.delete_unused_files(0)
                pending.unlink()
        snapshot = log.snapshot()
        result.exported = delete_erased(home, settings, duck, snapshot)
        _forget(home, settings)
        _write_done(home, snapshot.version)
    return result
