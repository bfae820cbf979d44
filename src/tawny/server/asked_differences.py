"""What differs in an export between two states, asked with the rights of who asks: over the API and
on the page of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from msgspec import structs

from tawny.differences.asked import NamedSide
from tawny.differences.side import NOW, side_of_receipt
from tawny.errors import ConflictError
from tawny.exports.request import ExportRequest, request_json
from tawny.model.zones import current_ms
from tawny.people.callers import Caller
from tawny.runs.naming import why_no_file
from tawny.runs.parts import allowed_exports
from tawny.server.services import Services

_ANY_VERSION = 2**62


def named_side(
    services: Services, caller: Caller, label: str, given: str | Mapping[str, Any]
) -> NamedSide:
    """A side as it was named: by a receipt, the id of a run, an instant or `now`."""
    if not isinstance(given, str):
        return NamedSide(label, "receipt", given)
    if given == NOW or is_instant(given):
        return NamedSide(label, given)
    run = services.runs.get(caller, given)
    if run.receipt is None:
        raise ConflictError(why_no_file(run))
    return NamedSide(label, given, run.receipt)


def is_instant(text: str) -> bool:
    """Whether a text is meant as an instant: no id of a run has a `-` there."""
    return text[:4].isdecimal() and text[4:5] == "-"


def differences(
    services: Services,
    caller: Caller,
    language: str,
    sides: tuple[NamedSide, NamedSide],
    asked: ExportRequest,
    *,
    offset: int,
    limit: int,
    most_folds: int = 0,
) -> dict[str, Any]:
    """What differs, as `tawny.differences.telling.as_json` says it, its rows folded where so many
    `folds` are asked for; who may make the export may ask, of the channels that were given. Raises
    `NotAllowedError`."""
    allowed = []
    for side in sides:
        if side.receipt is None:
            allowed.append(side)
            continue
        export_type = asked.export_type or None
        of = side_of_receipt(side.name, side.receipt, export_type, _ANY_VERSION).request
        allowed_exports(caller, of)
        channels = caller.allowed_channels(of.channels)
        allowed.append(NamedSide(side.label, side.name, side.receipt, channels))
    if asked.export_type:
        allowed_exports(caller, asked)
    request = structs.replace(asked, channels=caller.allowed_channels(asked.channels))
    found = services.draw(
        "differences",
        {
            "request": request_json(request),
            "sides": [asdict(side) for side in allowed],
            "now_ms": current_ms(),
            "given_channels": caller.channels is not None,
            "offset": offset,
            "limit": limit,
            "most_folds": most_folds,
            "language": language,
        },
    )
    services.audit.record(
        caller,
        "differences_read",
        f"{found['export']}: {sides[0].name} {sides[1].name}"[:200],
        channels=found["channels"],
    )
    return found
