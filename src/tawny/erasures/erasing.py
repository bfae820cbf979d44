"""Take a contact out of everything: the event that says so, the purge, the deliveries that follow,
and a look whether anything is left."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from tawny.disk import sha256_of
from tawny.engine.contact_texts import ContactTexts, is_erased, is_known, texts_of_contact
from tawny.engine.engines import open_of_folder
from tawny.engine.erasure import create_erased_tables, files_with_person, newest_erasure
from tawny.erasures.certificate import (
    Certificate,
    DeliveryPart,
    ErasureEvent,
    ErasureRequest,
    FilePart,
    LogPart,
    TraceCheck,
    certificates,
    is_complete,
)
from tawny.erasures.traces import is_telling, look_through
from tawny.errors import FailureError, RequestError
from tawny.intake.direct import direct_ingest
from tawny.intake.moving import move_inbox
from tawny.model.refusals import Refusal
from tawny.model.zones import current_ms, from_ms, instant_text
from tawny.settings import Settings
from tawny.state.event_log import event_log
from tawny.upkeep.erase import purge_alone, purging
from tawny.upkeep.exported_files import ExportedFile

SOURCE = "/tawny"

Follow = Callable[[int], None]
"""Has what was delivered follow the erasures up to a version of the log, as far as that goes in
some minutes."""


def erase(home: Path, settings: Settings, request: ErasureRequest, follow: Follow) -> Certificate:
    """Erase a contact, and keep and return the certificate. Killed at any instant it can be begun
    again; a contact who is erased already is looked for once more.

    Raises `RequestError` where the log knows nothing of the contact, and what its parts raise.
    """
    contact_id = request.contact_id
    move_inbox(home, settings)
    log = event_log(home, settings)
    snapshot = log.snapshot()
    with open_of_folder(home, settings) as duck:
        texts = texts_of_contact(duck, snapshot, contact_id)
        sent_before = is_erased(duck, snapshot, contact_id)
    if not texts.events and not texts.conversations:
        raise _unknown(contact_id)
    earlier = sorted(
        (one for one in certificates(home).results() if one.contact_id == contact_id),
        key=lambda one: one.issued_at,
    )
    known = {one.id for certificate in earlier for one in certificate.deliveries}
    of_others = {one.id for one in _deliveries(home, settings)} - known
    event = ErasureEvent(SOURCE, f"erase/{contact_id}", request.requested_at, sent_before)
    with purging(home):
        if not sent_before:
            _send(home, settings, event, contact_id)
        purged = purge_alone(home, settings)
    files = [(file, _digest(file)) for file in purged.exported]
    after = log.snapshot()
    with open_of_folder(home, settings) as duck:
        erasure_version = newest_erasure(duck, after)
    follow(erasure_version)
    deliveries = [one for one in _deliveries(home, settings) if one.id not in of_others]
    certificate = Certificate(
        id=request.id,
        contact_id=contact_id,
        requested_by=request.requested_by,
        requested_at=request.requested_at,
        issued_at=from_ms(current_ms()),
        event=event,
        log=LogPart(
            snapshot.version, after.version, purged.files, texts.conversations, texts.events
        ),
        files=_with_earlier([_file_part(file, digest) for file, digest in files], earlier),
        deliveries=deliveries,
        check=_check(home, settings, texts),
        state_database_outside=bool(settings.text("state_url")),
    )
    certificate.complete = is_complete(certificate)
    certificates(home).finish(certificate)
    return certificate


def check_known(home: Path, settings: Settings, contact_id: str) -> None:
    """Raises `RequestError` where the log knows nothing of a contact."""
    move_inbox(home, settings)
    snapshot = event_log(home, settings).snapshot()
    with open_of_folder(home, settings, threads=1) as duck:
        if not is_known(duck, snapshot, contact_id):
            raise _unknown(contact_id)


def _unknown(contact_id: str) -> RequestError:
    return RequestError(
        "contact: found {found}, of whom the log holds nothing; give the contact_id as the "
        "events have it",
        found=contact_id,
    )


def _send(home: Path, settings: Settings, event: ErasureEvent, contact_id: str) -> None:
    """Send the event by the door that all events come by."""
    refused: list[Refusal] = []
    line = json.dumps(
        {
            "specversion": "1.0",
            "source": event.source,
            "id": event.id,
            "type": "contact.erased",
            "time": instant_text(int(event.time.timestamp() * 1000)),
            "data": {"contact_id": contact_id},
        }
    )
    with direct_ingest(home, settings, lambda _name, refusal: refused.append(refusal)) as ingest:
        ingest.read("erasure", [line.encode() + b"\n"])
        ingest.flush()
    if refused:
        raise FailureError("the event contact.erased was refused: {reason}", reason=refused[0].text)


def _digest(file: ExportedFile) -> str | None:
    if file.what != "yours":
        return None
    with contextlib.suppress(OSError):
        return sha256_of(Path(file.name))
    return None


def _file_part(file: ExportedFile, digest: str | None) -> FilePart:
    what = file.what
    if what == "yours" and _digest(file) != digest:
        what = "replaced"
    return FilePart(file.name, what, file.sure, list(file.people))  # type: ignore[arg-type]


def _with_earlier(files: list[FilePart], earlier: Sequence[Certificate]) -> list[FilePart]:
    """Also what earlier certificates of the contact named that is not there any more to be found;
    copies of it may be."""
    named = {file.name: file for one in earlier for file in one.files}
    for file in files:
        named[file.name] = file
    return [
        FilePart(file.name, "gone", file.sure, file.downloaded_by)
        if file.what == "yours" and file not in files
        else file
        for file in named.values()
    ]


def _deliveries(home: Path, settings: Settings) -> Sequence[DeliveryPart]:
    if not settings.has_state(home):
        return []
    # A folder without a server has no deliveries, and does not wait for the database's library.
    from tawny.schedules.store_revisions import RevisionStore
    from tawny.state.database import open_database

    with contextlib.closing(open_database(home, settings)) as database:
        return [
            DeliveryPart(
                one.delivery_id, one.schedule, one.destination, from_ms(one.range.from_ms),
                from_ms(one.range.to_ms), one.revision, list(one.files), one.erasure,
            )
            for one in RevisionStore(database).erased_deliveries()
        ]  # fmt: skip


def _check(home: Path, settings: Settings, contact: ContactTexts) -> TraceCheck:
    telling = [text for text in contact.texts if is_telling(text)]
    looked = look_through(home, telling)
    log = event_log(home, settings)
    snapshot = log.snapshot()
    with open_of_folder(home, settings) as duck:
        create_erased_tables(duck, snapshot)
        is_log_clean = not files_with_person(duck, snapshot)
    # What the log still says, with the contact's own columns empty, are ids or texts of others.
    of_log = {(snapshot.folder / file.path).relative_to(home).as_posix() for file in snapshot.files}
    of_others = {piece for piece, names in looked.found.items() if names & of_log}
    left = {
        name for piece, names in looked.found.items() if piece not in of_others for name in names
    }
    return TraceCheck(
        files=looked.files,
        bytes=looked.size_bytes,
        texts=len(telling),
        too_short=len(contact.texts) - len(telling),
        of_others=len(of_others),
        found_in=sorted(left),
        unreadable=list(looked.unreadable),
        is_log_clean=is_log_clean,
    )
