"""What a test of the access finds out: whose the secret is, what is there, what will be missing."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator, Sequence
from typing import Any

from tawny.sources.http.client import StatusError
from tawny.sources.reader import DeskAccess, SourceError
from tawny.sources.zendesk.desk import EXPORT, EXPORT_PAGE, OTHER, ZendeskAccount
from tawny.sources.zendesk.unmeasured import NOTES, not_measured
from tawny.sources.zendesk.words import instant_ms
from tawny.text import Text

_LISTS = (
    ("tickets", "/api/v2/tickets/count.json"),
    ("users", "/api/v2/users/count.json"),
    ("groups", "/api/v2/groups/count.json"),
)


def read_access(desk: ZendeskAccount) -> DeskAccess:
    """Read only what is small. Raises `SourceError` where the right is missing."""
    me = desk.ask("/api/v2/users/me.json").get("user")
    me = me if isinstance(me, dict) else {}
    if me.get("role") != "admin":
        raise SourceError(
            "--token: found one of the role {role}; the exports of Zendesk are for administrators, "
            "who make a token in Admin Center, Apps and integrations, APIs, Zendesk API",
            role=str(me.get("role") or "end-user"),
        )
    brands = desk.all("/api/v2/brands.json", "brands")
    counts: dict[str, int] = {}
    for name, path in _LISTS:
        counts[name] = _count(desk, path)
    counts["brands"] = len(brands)
    first = next(desk.tickets(0, None))
    times = [*_times(first.items)]
    notes = [
        Text(
            "budget: {exports} calls of exports a minute, {others} others",
            exports=desk.budget.allowed(EXPORT), others=desk.budget.allowed(OTHER),
        ),
        *NOTES,
    ]  # fmt: skip
    if counts["tickets"] > EXPORT_PAGE:
        notes.append(
            Text("the first sync reads {pages} pages of tickets at least",
                 pages=counts["tickets"] // EXPORT_PAGE + 1)
        )  # fmt: skip
    newest_us = desk.http.now_us() if not first.ended else None
    return DeskAccess(
        account=_name(brands, desk.url),
        version="v2",
        counts=counts,
        oldest_us=min(times, default=None) and min(times) * 1000,
        newest_us=newest_us or (max(times) * 1000 if times else None),
        clock_difference_s=desk.http.clock_difference_s,
        not_measured=not_measured(has_chat=_has_chat(desk)),
        notes=tuple(notes),
    )


def _times(rows: Sequence[Any]) -> Iterator[int]:
    """When records were made; those that do not say so are named by the sync."""
    for row in rows:
        with contextlib.suppress(ValueError, OverflowError):
            yield instant_ms(row.get("created_at") if isinstance(row, dict) else None)


def _count(desk: ZendeskAccount, path: str) -> int:
    try:
        found = desk.ask(path).get("count")
    except StatusError as error:
        if error.status not in (403, 404):
            raise
        return 0
    value = found.get("value") if isinstance(found, dict) else found
    return value if isinstance(value, int) else 0


def _name(brands: list[Any], url: str) -> str:
    for one in brands:
        if isinstance(one, dict) and (one.get("default") or len(brands) == 1):
            return str(one.get("name"))
    return url.partition("://")[2]


def _has_chat(desk: ZendeskAccount) -> bool:
    now = datetime.datetime.fromtimestamp(desk.http.now_us() / 1_000_000, datetime.UTC)
    before_us = int((now - datetime.timedelta(minutes=5)).timestamp() * 1_000_000)
    try:
        next(desk.agent_timeline(before_us))
    except StatusError as error:
        if error.status not in (403, 404):
            raise
        return False
    return True
