"""The two sides that a person names: each by a receipt or an instant, with what is compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from msgspec import structs

from tawny.differences.side import NOW, Side, side_of_instant, side_of_receipt
from tawny.errors import RequestError
from tawny.exports.request import ExportRequest, columns_by_type
from tawny.exports.session import ExportSession
from tawny.model.zones import instant_text, moment_ms, requested_zone
from tawny.settings import Settings


@dataclass(frozen=True, slots=True)
class NamedSide:
    """A side as it was named."""

    label: str
    """What the call names it by: `A`, `b`."""
    name: str
    """What stood there: a file, the id of a run, an instant, `now`."""
    receipt: Mapping[str, Any] | None = None
    """Of the file or the run; None for an instant."""
    channels: tuple[str, ...] | None = None
    """Instead of those of the receipt: who asks sees no others."""


def two_sides(
    home: Path,
    settings: Settings,
    named: Sequence[NamedSide],
    asked: ExportRequest,
    now_ms: int,
) -> tuple[Side, Side]:
    """The sides of a comparison. `asked` says what two instants are about; beside a receipt its
    export names one of a bundle, and its columns are those that are compared. Raises
    `RequestError`."""
    with ExportSession(home, settings, now_ms) as session:
        newest = session.log_version
        found = [_of_receipt(one, asked, newest) for one in named]
        known = next(filter(None, found), None)
        if known is None and not asked.export_type:
            raise RequestError(
                "TYPE: found nothing; two instants need it, and the options of an export"
            )
        request = asked if known is None else known.request
        media = settings.content_media("on-demand")
        sides = []
        for one, side in zip(named, found, strict=True):
            if side is None:
                as_of = now_ms
                if one.name != NOW:
                    as_of = moment_ms(one.label, one.name, requested_zone(request.time_zone))
                then = structs.replace(request, as_of=instant_text(as_of))
                side = side_of_instant(one.name, then, media, newest)
                session.check(side.request)
            sides.append(_of_columns(side, asked.columns))
    before, now = sides
    return before, now


def _of_receipt(one: NamedSide, asked: ExportRequest, newest: int) -> Side | None:
    if one.receipt is None:
        return None
    side = side_of_receipt(one.name, one.receipt, asked.export_type or None, newest)
    if one.channels is None:
        return side
    return replace(side, request=structs.replace(side.request, channels=one.channels))


def _of_columns(side: Side, columns: tuple[str, ...]) -> Side:
    if not columns:
        return side
    columns_by_type([side.request.export_type], columns)
    return replace(side, request=structs.replace(side.request, columns=columns))
