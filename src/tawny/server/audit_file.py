"""The audit trail as a CSV file: one writer for pages and API, so that neither can let through what
the other protects from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

from litestar.response import Stream

from tawny.model.zones import instant_text
from tawny.people.audit import AuditEntry
from tawny.people.callers import Caller
from tawny.queries.guard import guard
from tawny.server.services import Services

COLUMNS = (
    "id", "at", "actor", "token_id", "address", "request_id", "action", "subject", "detail",
)  # fmt: skip
_BLOCK = 1000


def trail_as_csv(services: Services, caller: Caller) -> Stream:
    """The whole trail, newest first, times in UTC. No text runs as a formula: people choose names,
    programs request ids, and a proxy says addresses. Reading it is written down."""
    services.audit.record(caller, "audit_read")
    return Stream(
        _lines(services, caller),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="tawny-audit.csv"'},
    )


def _lines(services: Services, caller: Caller) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    cursor: int | None = None
    while True:
        page = services.audit.list(caller, cursor, _BLOCK)
        writer.writerows(_cells(entry) for entry in page.items)
        yield text.getvalue()
        text.seek(0)
        text.truncate()
        if page.next_cursor is None:
            return
        cursor = int(page.next_cursor)


def _cells(entry: AuditEntry) -> list[str]:
    cells = (
        entry.id, instant_text(entry.at_ms), entry.actor, entry.token_id, entry.address,
        entry.request_id, entry.action, entry.subject,
        json.dumps(entry.detail, ensure_ascii=False, sort_keys=True),
    )  # fmt: skip
    return ["" if cell is None else guard(str(cell)) for cell in cells]
