"""Files already exported that hold a contact who was erased since: named, and deleted where they
are still ours (docs/log.md, erased contacts).

The files of a server's runs are ours. The command line writes where it is told; the folder keeps a
list of these files, one line of JSON each, so that they can be named.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tawny.disk import sha256_of, translated_os_errors
from tawny.engine.duck import Duck
from tawny.engine.erasure import create_newly_erased, newest_erasure, newly_erased_between
from tawny.exports.bundle import receipts_in
from tawny.exports.receipt import erasures_version
from tawny.exports.request import request_of_json
from tawny.log.files import Snapshot
from tawny.model.zones import to_ms
from tawny.scratch import scratch_folder
from tawny.settings import Settings
from tawny.upkeep.file_contacts import holds_any, is_about_contacts, shows_contacts

ACTION = "erased_contact_found"
"""What the audit trail says of a file of a run."""

LIST = "exported.ndjson"
"""In the data folder: path and receipt of every file that the command line wrote."""


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file with an erased contact in it."""

    name: str
    """Its path, or its name and its run."""
    what: str
    """`deleted`; `yours`: it lies where its owner put it; `gone`: it is no longer there, copies
    may be."""
    sure: bool = True
    """Whether the contact is in it; else nothing in it says whom its rows are about, and the
    contact may be."""
    people: tuple[str, ...] = ()
    """Who downloaded it, as they sign in."""


def remember(home: Path, path: Path, receipt: Mapping[str, Any]) -> None:
    """Put a file that was written outside the data folder on the list. A folder that cannot be
    written keeps no list."""
    if not _personal(receipt):
        return
    line = json.dumps({"path": str(path.absolute()), **receipt})
    with contextlib.suppress(OSError), (home / LIST).open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")


def delete_erased(
    home: Path, settings: Settings, duck: Duck, snapshot: Snapshot
) -> list[ExportedFile]:
    """Look through the files that are older than an erasure; what is found is deleted where it is
    ours, written down in the audit trail, and returned."""
    newest = newest_erasure(duck, snapshot)
    if newest < 0:
        return []
    looker = _Looker(home, duck, snapshot, newest)
    return [*_of_runs(home, settings, looker), *_of_command_line(home, looker)]


class _Looker:
    """Looks whether files hold people who were erased after they were made."""

    def __init__(
        self, home: Path, duck: Duck, snapshot: Snapshot, newest_erasure_version: int
    ) -> None:
        self._home = home
        self._duck = duck
        self._snapshot = snapshot
        self._newest = newest_erasure_version
        self._version: int | None = None

    def concerns(self, receipt: dict[str, Any]) -> bool:
        """Whether somebody was erased since; makes the table of them."""
        version = erasures_version(receipt)
        if version >= self._newest or not _personal(receipt):
            return False
        if version != self._version:
            self._version = version
            create_newly_erased(self._duck, self._snapshot, version)
        return True

    def is_in(self, path: Path, receipt: dict[str, Any]) -> bool:
        """Whether somebody is in a file, or may be in one that does not say whom its rows are
        about."""
        return any(
            holds_any(self._duck, file, request_of_json(one["request"]), "newly_erased")
            if _shows(one)
            else self._was_about_then(one)
            for file, one in self._files_in(path, receipt)
        )

    def _files_in(
        self, path: Path, receipt: dict[str, Any]
    ) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Each file about contacts with its receipt; one of an archive is there for that long."""
        if not zipfile.is_zipfile(path) or receipt["request"].get("bundle") != "zip":
            yield from ((path, one) for one in _personal(receipt))
            return
        names = {entry["export"]: entry["file"] for entry in receipt["files"]}
        with zipfile.ZipFile(path) as archive:
            for one in _personal(receipt):
                with tempfile.TemporaryDirectory(
                    prefix=f"export-{os.getpid()}-", dir=scratch_folder(self._home)
                ) as folder:
                    yield Path(archive.extract(names[one["request"]["export"]], folder)), one

    def may_have_been_in(self, receipt: dict[str, Any]) -> bool:
        """Of a file that cannot be looked into: whether it was about that time."""
        return any(map(self._was_about_then, _personal(receipt)))

    def _was_about_then(self, receipt: dict[str, Any]) -> bool:
        first_ms, end_ms = (
            None if text is None else to_ms(datetime.datetime.fromisoformat(text))
            for text in (receipt["from_utc"], receipt["to_utc"])
        )
        return newly_erased_between(self._duck, self._snapshot, first_ms, end_ms)


def _of_runs(home: Path, settings: Settings, looker: _Looker) -> Iterator[ExportedFile]:
    if not settings.has_state(home):
        return
    # A folder without a server has no runs, and does not wait for the database's library.
    from tawny.people.audit import Audit
    from tawny.runs.store import RunStore
    from tawny.state.database import open_database

    with contextlib.closing(open_database(home, settings)) as database:
        store, audit = RunStore(database), Audit(database)
        for run in store.with_receipt():
            assert run.receipt is not None
            if not looker.concerns(run.receipt):
                continue
            relative = store.file_path(run.id)
            path = home / relative if relative else None
            people = audit.downloads(run.id)
            if path is not None and path.is_file():
                what = "deleted"
                found = looker.is_in(path, run.receipt)
            else:
                # Whoever downloaded it may still have it; that is said once.
                what = "gone"
                found = (
                    len(people) > 0
                    and not audit.has(ACTION, run.id)
                    and looker.may_have_been_in(run.receipt)
                )
            if not found:
                continue
            with database.write() as connection:
                audit.add_own(
                    connection, ACTION, run.id, file=run.file_name, what=what,
                    downloaded_by=list(people),
                )  # fmt: skip
            store.expire(run.id)
            shutil.rmtree(home / "exports" / run.id, ignore_errors=True)
            yield ExportedFile(
                f"{run.file_name} (run {run.id})", what, _says_whom(run.receipt), people
            )


def _of_command_line(home: Path, looker: _Looker) -> list[ExportedFile]:
    """Files on the list; those that are gone are named once and leave it."""
    path = home / LIST
    if not path.exists():
        return []
    found = []
    kept: dict[str, str] = {}
    with translated_os_errors(str(path)):
        lines = path.read_text(encoding="utf-8").splitlines()
    # Of several files of one name the last one is there.
    entries = {entry["path"]: entry for entry in map(_entry, lines) if entry is not None}
    for name, entry in entries.items():
        is_there = Path(name).is_file()
        if is_there:
            kept[name] = json.dumps(entry)
        if not looker.concerns(entry):
            kept[name] = json.dumps(entry)
        elif is_there and _is_same(Path(name), entry) and looker.is_in(Path(name), entry):
            found.append(ExportedFile(name, "yours", _says_whom(entry)))
        elif not is_there and looker.may_have_been_in(entry):
            found.append(ExportedFile(name, "gone"))
    if len(kept) < len(lines):
        work = path.with_name(f".{LIST}.part")
        with translated_os_errors(str(path)):
            work.write_text("".join(f"{line}\n" for line in kept.values()), encoding="utf-8")
            work.replace(path)
    return found


def _says_whom(receipt: dict[str, Any]) -> bool:
    """Whether the file of a receipt says whom its rows are about."""
    return all(map(_shows, _personal(receipt)))


def _shows(receipt: dict[str, Any]) -> bool:
    return shows_contacts(request_of_json(receipt["request"]))


def _personal(receipt: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The receipts in a receipt whose rows are about single contacts."""
    return [one for one in receipts_in(receipt) if is_about_contacts(one["request"]["export"])]


def _entry(line: str) -> dict[str, Any] | None:
    """A line of the list; None for one that a crash cut off."""
    try:
        entry = json.loads(line)
        return entry if isinstance(entry["path"], str) else None
    except (ValueError, KeyError, TypeError):
        return None


def _is_same(path: Path, entry: dict[str, Any]) -> bool:
    """Whether a file is the one of that receipt; a changed one cannot be read by its columns."""
    return bool(path.stat().st_size == entry["bytes"] and sha256_of(path) == entry["sha256"])
