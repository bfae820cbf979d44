"""A certificate in words, a line each, for people; in English and French."""

from __future__ import annotations

from collections.abc import Iterator

from tawny.erasures.certificate import Certificate, DeliveryPart, FilePart, TraceCheck
from tawny.model.zones import instant_text, to_ms
from tawny.schedules.rows import Erasure
from tawny.text import Text

_FILES = {
    "deleted": Text("deleted"),
    "yours": Text("not ours to delete: delete it, or export it again"),
    "replaced": Text("what lies there now was made without the contact"),
    "gone": Text("no longer there; copies of it may be"),
}
_DELIVERIES = {
    Erasure.FOLLOWED: Text("made again without the contact"),
    Erasure.SENT: Text("sent, and cannot be taken back"),
    Erasure.GONE: Text("the destination was removed, nobody knows how to get there"),
    Erasure.DUE: Text("not taken back yet; it is tried again by itself while the server runs"),
}


def lines_of(certificate: Certificate) -> Iterator[Text]:
    """The certificate line by line."""
    event, log = certificate.event, certificate.log
    yield Text(
        "certificate {id}: contact {contact} was erased",
        id=certificate.id, contact=certificate.contact_id,
    )  # fmt: skip
    at = instant_text(to_ms(certificate.issued_at))
    if event.sent_before:
        yield Text("issued {at}; the contact had been erased before", at=at)
    else:
        yield Text("issued {at}; event {source} {id}", at=at, source=event.source, id=event.id)
    yield Text(
        "log: version {before} before, {after} now; files written again: {files}; events that stay "
        "without the person: {events}, in conversations: {conversations}",
        before=log.version_before, after=log.version_after, files=log.rewritten_files,
        events=log.events, conversations=log.conversations,
    )  # fmt: skip
    yield from (_file_line(file) for file in certificate.files)
    yield from (_delivery_line(delivery) for delivery in certificate.deliveries)
    yield from _check_lines(certificate.check)
    if certificate.state_database_outside:
        yield Text(
            "check: the state database lies outside of the data folder; what it held of the "
            "contact was deleted, its bytes were not looked through"
        )
    yield Text(
        "ids of the contact, of its conversations and of its messages stay; where ids are personal "
        "(an e-mail address, a telephone number), these stay too"
    )
    if certificate.complete:
        yield Text("everything that held the contact was reached")
    else:
        yield Text("not everything that held the contact was reached; see above")


def _file_line(file: FilePart) -> Text:
    if file.sure:
        line = Text("file {name}: {what}", name=file.name, what=_FILES[file.what])
    else:
        line = Text("file {name}, which may have held the contact: {what}",
                    name=file.name, what=_FILES[file.what])  # fmt: skip
    if not file.downloaded_by:
        return line
    return Text("{line}; downloaded by {people}", line=line, people=", ".join(file.downloaded_by))


def _delivery_line(delivery: DeliveryPart) -> Text:
    return Text(
        "delivery {id} ({schedule} to {destination}, {files}): {what}",
        id=delivery.id, schedule=delivery.schedule, destination=delivery.destination,
        files=", ".join(delivery.files), what=_DELIVERIES[delivery.what],
    )  # fmt: skip


def _check_lines(check: TraceCheck) -> Iterator[Text]:
    if check.is_log_clean:
        yield Text("check: every personal column of the contact is empty in the log")
    else:
        yield Text("check: the log still holds something of the contact; run it again")
    if not check.texts and not check.too_short:
        yield Text("check: the log held no text of the contact any more that could be looked for")
        return
    yield Text(
        "check: looked through {files} files of the data folder, {bytes} bytes, for {texts} texts "
        "of the contact",
        files=check.files, bytes=check.bytes, texts=check.texts,
    )  # fmt: skip
    if check.too_short:
        yield Text(
            "check: not looked for, because they are too short and stand in many files by chance: "
            "{texts}",
            texts=check.too_short,
        )
    if check.of_others:
        yield Text(
            "check: found, but in ids or in events of others too: {texts}", texts=check.of_others
        )
    yield from (Text("check: found in {file}", file=file) for file in check.found_in)
    yield from (Text("check: cannot be read: {file}", file=file) for file in check.unreadable)
    if not check.found_in:
        yield Text("check: nothing else was found")
