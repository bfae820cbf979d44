"""The audit trail: on a page, and as a CSV file."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from urllib.parse import urlencode

from litestar import Response, get
from litestar.response import Stream

from tawny.model.zones import local_to_ms
from tawny.people.audit import AuditEntry, AuditFilter
from tawny.people.callers import Scope
from tawny.runs.store import RunStore
from tawny.server.audit_file import trail_as_csv
from tawny.server.dependencies import Caller, Services
from tawny.server.pages.bounds import range_words
from tawny.server.pages.rendering import AnyRequest, Reader, is_part, reader_of, render
from tawny.server.pages.submitted import of_query
from tawny.text import N_

_ADMIN = {"scope": Scope.ADMIN}
PAGE_SIZE = 50

ACTIONS = {
    "set_up": N_("Created the first administrator"),
    "sign_in": N_("Signed in"),
    "sign_in_failed": N_("Failed to sign in"),
    "sign_in_limited": N_("Was kept from trying to sign in"),
    "sign_out": N_("Signed out"),
    "password_changed": N_("Changed the password"),
    "user_created": N_("Added a person"),
    "user_invited": N_("Made a link for a person to choose a password"),
    "user_changed": N_("Changed a person"),
    "user_deleted": N_("Deleted a person"),
    "group_created": N_("Made a group of channels"),
    "group_changed": N_("Changed a group of channels"),
    "group_deleted": N_("Deleted a group of channels"),
    "sign_in_freed": N_("Let a person try to sign in again"),
    "password_link_made": N_("A link for a new password was made on the server"),
    "password_reset": N_("Got a new password by a link"),
    "token_created": N_("Made a token"),
    "token_revoked": N_("Revoked a token"),
    "export_requested": N_("Asked for an export"),
    "export_saved": N_("Saved an export"),
    "saved_export_changed": N_("Changed a saved export"),
    "saved_export_deleted": N_("Deleted a saved export"),
    "schedule_added": N_("Made a schedule"),
    "schedule_changed": N_("Changed a schedule"),
    "schedule_paused": N_("Paused a schedule"),
    "schedule_resumed": N_("Had a schedule go on"),
    "schedule_removed": N_("Removed a schedule"),
    "schedule_run": N_("Had a schedule run at once"),
    "schedule_backfilled": N_("Had past ranges of a schedule made"),
    "delivery_retried": N_("Had a delivery tried again"),
    "export_sent": N_("Sent an export to a destination"),
    "destination_added": N_("Set up a destination"),
    "destination_changed": N_("Changed a destination"),
    "destination_removed": N_("Removed a destination"),
    "destination_tested": N_("Tested a destination"),
    "source_added": N_("Set up a source"),
    "source_changed": N_("Changed a source"),
    "source_paused": N_("Paused a source"),
    "source_resumed": N_("Ended the pause of a source"),
    "source_removed": N_("Removed a source"),
    "source_tested": N_("Tested a source"),
    "source_webhook_made": N_("Made a secret address for webhooks"),
    "sync_requested": N_("Asked for a sync"),
    "export_cancelled": N_("Cancelled an export"),
    "export_deleted": N_("Deleted an export"),
    "file_deleted": N_("Deleted a file"),
    "link_used": N_("Fetched a file by the link of a mail"),
    "file_downloaded": N_("Downloaded a file"),
    "preview_read": N_("Looked at an export"),
    "charts_read": N_("Looked at an export"),
    "feed_read": N_("Read a change feed"),
    "explanation_read": N_("Had a cell explained"),
    "timeline_read": N_("Looked at a conversation over time"),
    "differences_read": N_("Compared an export with another state"),
    "audit_read": N_("Exported the audit trail"),
    "erasure_requested": N_("Had a contact erased"),
    "verification_requested": N_("Had the data verified"),
    "erased_contact_found": N_("Found an erased contact in a file"),
    "delivery_with_erased_contact": N_("Found an erased contact in delivered files"),
    "log_accepted": N_("Took a damaged event log as it is"),
    "session_ended": N_("Ended a session"),
    "sample_loaded": N_("Loaded sample data"),
    "sample_removed": N_("Removed sample data"),
}


LOOKS = (
    *("preview_read", "charts_read", "feed_read", "explanation_read", "timeline_read"),
    "differences_read",
)
"""What somebody does again and again without changing anything: one line while nothing else is
between."""
_BLOCK = 200
_MOST_READ = 2000


@dataclass(slots=True)
class Line:
    """A line as the page shows it: an entry, and how many equal ones before it are folded in."""

    entry: AuditEntry
    times: int = 1


def folded_lines(
    services: Services, caller: Caller, cursor: int | None, wanted: AuditFilter
) -> tuple[list[Line], str | None]:
    """A page of lines, and where the next one begins."""
    lines: list[Line] = []
    last: dict[tuple[str, str], Line] = {}
    read = 0
    while True:
        page = services.audit.list(caller, cursor, _BLOCK, wanted)
        for entry in page.items:
            key = (entry.actor, entry.subject)
            if entry.action in LOOKS and key in last:
                last[key].times += 1
            elif len(lines) == PAGE_SIZE:
                return lines, str(cursor)
            else:
                line = Line(entry)
                lines.append(line)
                if entry.action in LOOKS:
                    last[key] = line
                else:
                    last.clear()
            cursor = entry.id
        read += len(page.items)
        if page.next_cursor is None or read >= _MOST_READ:
            return lines, page.next_cursor


def _cursor(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _day_ms(text: str, reader: Reader, days: int = 0) -> int | None:
    """Where a day begins for the reader, some days later; None for what is no day."""
    try:
        day = datetime.date.fromisoformat(text) + datetime.timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return local_to_ms(datetime.datetime.combine(day, datetime.time()), reader.zone)


@get("/audit", opt=_ADMIN, sync_to_thread=True)
def audit_page(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """Who did what, when, from where; newest first, and what is asked for of it."""
    fields, reader = of_query(request), reader_of(request, caller)
    chosen = {
        "person": fields.one("person")[:200],
        "action": fields.chosen("action", ACTIONS, ""),
        "subject": fields.one("subject")[:200],
        "from": fields.one("from")[:10],
        "to": fields.one("to")[:10],
    }
    action = chosen["action"]
    wanted = AuditFilter(
        actor=chosen["person"],
        actions=LOOKS if action in LOOKS else (action,) if action else (),
        subject=chosen["subject"],
        from_ms=_day_ms(chosen["from"], reader),
        to_ms=_day_ms(chosen["to"], reader, 1),
    )
    cursor = fields.one("cursor")
    lines, following = folded_lines(services, caller, _cursor(cursor), wanted)

    def url(cursor: str) -> str:
        query = urlencode({name: value for name, value in chosen.items() if value})
        more = f"cursor={cursor}" if cursor else ""
        kept = "&".join(part for part in (query, more) if part)
        return f"/audit?{kept}" if kept else "/audit"

    part = is_part(request)
    return render(
        request, caller, "parts/audit_trail.html" if part else "audit.html",
        headers={"HX-Replace-Url": url(cursor)} if part else None,
        lines=lines, following=following, cursor=cursor, url=url, chosen=chosen,
        filtered=any(chosen.values()),
        actions=ACTIONS,
        choices={key: label for key, label in ACTIONS.items() if key != LOOKS[1]},
        people=services.accounts.shown_names(),
        runs=RunStore(services.database).several([line.entry.subject for line in lines]),
        range_words=lambda run: range_words(run, reader),
    )  # fmt: skip


@get("/audit.csv", opt=_ADMIN, sync_to_thread=True)
def audit_csv(caller: Caller, services: Services) -> Stream:
    """The whole trail as a file."""
    return trail_as_csv(services, caller)


ROUTES = [audit_page, audit_csv]
