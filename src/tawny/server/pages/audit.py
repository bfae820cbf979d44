"""The audit trail: on a page, and as a CSV file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

from litestar import Response, get
from litestar.response import Stream

from tawny.model.zones import instant_text
from tawny.server.pages.names import N_
from tawny.server.pages.rendering import AnyRequest, render
from tawny.server.services import Services
from tawny.state.callers import Caller, Scope

_ADMIN = {"scope": Scope.ADMIN}
PAGE_SIZE = 50
_BLOCK = 1000

ACTIONS = {
    "set_up": N_("Created the first administrator"),
    "sign_in": N_("Signed in"),
    "sign_in_failed": N_("Failed to sign in"),
    "sign_in_limited": N_("Was kept from trying to sign in"),
    "sign_out": N_("Signed out"),
    "password_changed": N_("Changed the password"),
    "user_created": N_("Added a person"),
    "user_changed": N_("Changed a person"),
    "token_created": N_("Made a token"),
    "token_revoked": N_("Revoked a token"),
    "export_requested": N_("Asked for an export"),
    "export_cancelled": N_("Cancelled an export"),
    "file_downloaded": N_("Downloaded a file"),
    "preview_read": N_("Looked at the first rows"),
    "charts_read": N_("Looked at the charts"),
    "audit_read": N_("Exported the audit trail"),
    "erased_contact_found": N_("Found an erased contact in a file"),
}
COLUMNS = (
    "id",
    "time",
    "actor",
    "token_id",
    "address",
    "request_id",
    "action",
    "subject",
    "detail",
)


def _cursor(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


@get("/audit", opt=_ADMIN, sync_to_thread=True)
def audit_page(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """Who did what, when, from where; newest first."""
    cursor = request.query_params.get("cursor", "")
    page = services.audit.list(caller, _cursor(cursor), PAGE_SIZE)
    return render(
        request, caller, "audit.html", entries=page.items, next_cursor=page.next_cursor,
        cursor=cursor, actions=ACTIONS,
    )  # fmt: skip


@get("/audit.csv", opt=_ADMIN, sync_to_thread=True)
def audit_csv(caller: Caller, services: Services) -> Stream:
    """The whole trail, newest first, times in UTC. Texts cannot run as formulas."""
    services.audit.record(caller, "audit_read")
    return Stream(
        _lines(caller, services),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="tawny-audit.csv"'},
    )


def _lines(caller: Caller, services: Services) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    cursor: int | None = None
    while True:
        page = services.audit.list(caller, cursor, _BLOCK)
        for one in page.items:
            writer.writerow(
                [
                    one.id, instant_text(one.at_ms), _safe(one.actor), one.token_id, one.address,
                    _safe(one.request_id), one.action, _safe(one.subject),
                    json.dumps(one.detail, ensure_ascii=False, sort_keys=True),
                ]
            )  # fmt: skip
        yield text.getvalue()
        text.seek(0)
        text.truncate()
        if page.next_cursor is None:
            return
        cursor = int(page.next_cursor)


def _safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: people choose names and request ids."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


ROUTES = [audit_page, audit_csv]
