"""What is compared: the rows of an export in one state of the log. A side is named by a receipt, or
by an instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import structs

from tawny.engine.fresh_events import LogState
from tawny.engine.snapshot import View
from tawny.errors import RequestError
from tawny.exports.bundle import receipt_of_file
from tawny.exports.receipt import (
    changed_since,
    erasures_version,
    replay_of_receipt,
    request_of_receipt,
)
from tawny.exports.request import Bounds, ExportRequest, resolve
from tawny.text import Text

NOW = "now"
"""Names the newest state of the log as of this instant."""


@dataclass(frozen=True, slots=True)
class Side:
    """The rows of an export in one state of the log."""

    name: str
    """As it was named: a file, a run, an instant."""
    request: ExportRequest
    """Of one export, with its `as_of`."""
    content_media: Sequence[str] | None
    """Media whose message contents it shows; None = all."""
    log_version: int
    erasures_version: int
    """Who was erased in a later version is in it."""
    notes: tuple[Text, ...] = ()
    """Why its file may have had other rows."""

    @property
    def bounds(self) -> Bounds:
        """The instants it is about."""
        return resolve(self.request, 0)

    @property
    def state(self) -> LogState:
        """The state of the log."""
        return LogState(self.log_version, self.bounds.as_of_ms)

    def view(self, content_media: Sequence[str] | None) -> View:
        """Which part of the log it sees, with the contents of messages of some media."""
        bounds = self.bounds
        return View(
            as_of_ms=bounds.as_of_ms,
            from_ms=bounds.from_ms,
            to_ms=bounds.to_ms,
            log_version=self.log_version,
            channels=tuple(self.request.channels),
            content_media=content_media,
            erasures_until=self.erasures_version,
        )


def side_of_receipt(
    name: str, receipt: Mapping[str, Any], export_type: str | None, newest: int
) -> Side:
    """The side of the file of a receipt, of a bundle that of an export in it; `newest` is the
    version of the log. Raises `RequestError`."""
    try:
        request = request_of_receipt(receipt)
        if request.is_bundle:
            if export_type not in request.export_types:
                raise RequestError(
                    "{name}: found a bundle; name one of its exports: {allowed}",
                    name=name,
                    allowed=", ".join(request.export_types),
                )
            receipt = receipt_of_file(dict(receipt), export_type)
            request = request_of_receipt(receipt)
        replay = replay_of_receipt(receipt)
        erased = erasures_version(receipt)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RequestError(
            "{name}: found no receipt; allowed the receipt of an export", name=name
        ) from error
    if request.changes is not None:
        raise RequestError(
            "{name}: found a file of changes; allowed the receipt of an export of rows", name=name
        )
    if export_type not in (None, request.export_type):
        raise RequestError(
            "{name}: found a file of {found}; asked was {export_type}",
            name=name,
            found=request.export_type,
            export_type=export_type,
        )
    if not -1 <= replay.log_version <= newest:  # an empty log has version -1
        raise RequestError(
            "the receipt is of version {log_version} of an event log, this one is at version "
            "{version}; use the data folder the file was made from",
            log_version=replay.log_version,
            version=newest,
        )
    resolve(request, 0)
    asked = structs.replace(request, remakes=None, corrects=None)
    return Side(
        name,
        asked,
        replay.content_media,
        replay.log_version,
        min(erased, newest),
        tuple(changed_since(request, replay)),
    )


def side_of_instant(
    name: str, request: ExportRequest, content_media: Sequence[str] | None, newest: int
) -> Side:
    """The side of a request with its `as_of`, on the newest version of the log. Raises
    `RequestError`."""
    resolve(request, 0)
    return Side(name, request, content_media, newest, newest)


def check_alike(before: Side, now: Side) -> None:
    """Raise `RequestError` unless two sides answer the same question."""
    one, other = before.request, now.request
    pairs = {
        "export": (one.export_type, other.export_type),
        "from": (before.bounds.from_ms, now.bounds.from_ms),
        "to": (before.bounds.to_ms, now.bounds.to_ms),
        "tz": (one.time_zone, other.time_zone),
        "channel": (sorted(set(one.channels)), sorted(set(other.channels))),
    }
    shown = {"from": (one.start, other.start), "to": (one.end, other.end)}
    for name, (first, second) in pairs.items():
        if first != second:
            found = shown.get(name, (first, second))
            check_same(name, _text(found[0]), _text(found[1]))


def check_same(name: str, first: str, second: str) -> None:
    """Raise `RequestError` where two sides differ in a part of the question, as it is shown."""
    if first != second:
        raise RequestError(
            "{name}: found {first!r} of the one and {second!r} of the other; compared are "
            "files of the same export, range, time zone and channels",
            name=name,
            first=first,
            second=second,
        )


def _text(value: object) -> str:
    return (", ".join(value) or "all") if isinstance(value, list) else str(value)
