"""An explanation of a cell, asked with the rights of who asks: over the API and on the page of a
run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tawny.exports.request import ExportRequest, request_json
from tawny.model.zones import current_ms
from tawny.people.callers import Caller
from tawny.server.services import Services


def explanation(
    services: Services,
    caller: Caller,
    language: str,
    request: ExportRequest,
    row: str,
    column: str,
    receipt: Mapping[str, Any] | None = None,
    *,
    subject: str,
) -> dict[str, Any]:
    """What `tawny.explanations.telling.as_json` says of a cell of a request that the caller may
    make; with the receipt of a file, as it was there. The audit trail names it by `subject`, the
    export or the run."""
    found = services.draw(
        "explanation",
        {
            "request": request_json(request),
            "now_ms": current_ms(),
            "given_channels": caller.channels is not None,
            "row": row,
            "column": column,
            "language": language,
            **({} if receipt is None else {"receipt": receipt}),
        },
    )
    services.audit.record(
        caller,
        "explanation_read",
        f"{subject} {row} {column}"[:200],
        channels=list(request.channels),
    )
    return found
