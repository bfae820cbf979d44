"""What a test of the access finds out: whose the secret is, what is there, what will be missing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tawny.sources.http.client import StatusError
from tawny.sources.intercom.context import DAY_S
from tawny.sources.intercom.desk import OTHER, SEARCH, VERSION, WINDOW_S, IntercomDesk
from tawny.sources.intercom.unmeasured import NOTES, not_measured
from tawny.sources.reader import DeskAccess, SourceError
from tawny.text import Text


def read_access(desk: IntercomDesk) -> DeskAccess:
    """Read only what is small. Raises `SourceError` where a right is missing."""
    workspace = desk.workspace()
    later_s = desk.http.now_us() // 1_000_000 + DAY_S

    def found(path: str, name: str, field: str, order: str) -> tuple[int, int | None]:
        """How many hits there are, and the field of the first one in seconds."""
        page = next(desk.search(path, name, 0, later_s, 1, field, order))
        told = page.whole.get("total_count")
        values = [row.get(field) for row in page.items if isinstance(row, dict)]
        first = values[0] if values and isinstance(values[0], int) else None
        return (told if isinstance(told, int) else len(page.items)), first

    counts: dict[str, int] = {}
    conversations = ("/conversations/search", "conversations", "created_at")
    counts["conversations"], oldest_s = _allowed(
        "conversations", lambda: found(*conversations, "ascending")
    )
    _, newest_s = _allowed("conversations", lambda: found(*conversations, "descending"))
    counts["contacts"], _ = _allowed(
        "contacts", lambda: found("/contacts/search", "data", "created_at", "ascending")
    )
    for what, path, name in (
        ("admins", "/admins", "admins"), ("teams", "/teams", "teams"), ("tags", "/tags", "data"),
    ):  # fmt: skip
        counts[what] = len(_allowed(what, partial(desk.all, path, name)))
    _allowed("data attributes", lambda: desk.all("/data_attributes", "data", {"model": "contact"}))
    notes = [
        Text(
            "budget: {others} calls in {seconds} s, {searches} searches",
            others=desk.budget.allowed(OTHER), seconds=int(WINDOW_S),
            searches=desk.budget.allowed(SEARCH),
        ),
        Text("the first sync asks for each of {count} conversations",
             count=counts["conversations"]),
        *NOTES,
    ]  # fmt: skip
    return DeskAccess(
        account=workspace.name,
        version=VERSION,
        counts=counts,
        oldest_us=None if oldest_s is None else oldest_s * 1_000_000,
        newest_us=None if newest_s is None else newest_s * 1_000_000,
        clock_difference_s=desk.http.clock_difference_s,
        not_measured=not_measured(has_activities=_has_activities(desk)),
        notes=tuple(notes),
        address=workspace.address,
    )


def _allowed(what: str, ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except StatusError as error:
        if error.status != 403:
            raise
        raise SourceError(
            "--token: it may not read {what}; give the app this right in the Developer Hub, "
            "Authentication", what=what,
        ) from None  # fmt: skip


def _has_activities(desk: IntercomDesk) -> bool:
    now_s = desk.http.now_us() // 1_000_000
    try:
        next(desk.activities(now_s - 300, now_s))
    except StatusError as error:
        if error.status not in (403, 404):
            raise
        return False
    return True
