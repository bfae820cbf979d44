"""What a test of the access to the API finds out: whose the token is, and what is there."""

from __future__ import annotations

from typing import Any

from tawny.sources.chatwoot.api import CALL, ApiDesk
from tawny.sources.chatwoot.api_rows import Json, conversation_row, instant_us
from tawny.sources.chatwoot.enumerations import LOCALES
from tawny.sources.chatwoot.unmeasured import API_NOT_MEASURED, API_NOTES, NOTES
from tawny.sources.http.client import LISTED, StatusError
from tawny.sources.reader import DeskAccess, SourceError
from tawny.text import Text


def read_account(desk: ApiDesk) -> Json:
    """The account itself; the desk learns since when it is there. Raises `SourceError` where the
    token is of nobody who sees everything."""
    profile = desk.ask_desk("/api/v1/profile")
    accounts = profile.get("accounts")
    mine = [
        one for one in accounts or () if isinstance(one, dict) and one.get("id") == desk.account
    ]
    if isinstance(accounts, list) and not mine:
        raise SourceError(
            "--account: found {account}, which whose token it is does not belong to; allowed one "
            "of {known}",
            account=desk.account,
            known=", ".join(str(one.get("id")) for one in accounts if isinstance(one, dict)) or "-",
        )
    role = mine[0].get("role") if mine else profile.get("role")
    if role != "administrator":
        raise SourceError(
            "--token: found one of the role {role}; an agent sees only the inboxes he is a member "
            "of, allowed the token of an administrator, from Profile settings, Access token",
            role=str(role or "-")[:40],
        )
    try:
        account: dict[str, Any] = dict(desk.ask(""))
    except StatusError as error:
        if error.status not in (401, 403, 404):
            raise
        account = {"name": mine[0].get("name") if mine else None}
    desk.created_us = instant_us(account.get("created_at")) or desk.created_us
    return account


def locale_of(account: Json) -> int | None:
    """The number of an account's language."""
    found = account.get("locale")
    return LOCALES.index(found) if found in LOCALES else None


def version(desk: ApiDesk) -> str:
    """The version of the installation; empty where it does not tell."""
    try:
        return str(desk.ask_desk("/api").get("version") or "")[:40]
    except SourceError:
        return ""


def read_access(desk: ApiDesk) -> DeskAccess:
    """Read only what is small."""
    account = read_account(desk)
    first = desk.ask("conversations", {"status": "all", "page": 1})
    contacts = desk.ask("contacts", {"page": 1})
    counts = {
        "conversations": _count(first, "all_count"),
        "contacts": _count(contacts, "count"),
        **{name: len(desk.listed(name)) for name in ("inboxes", "teams", "labels", "agents")},
    }
    newest = [
        conversation_row(one).activity_us for one in first.get(LISTED) or ()
        if isinstance(one, dict) and "id" in one and "inbox_id" in one
    ]  # fmt: skip
    return DeskAccess(
        account=str(account.get("name") or desk.account),
        version=version(desk),
        counts=counts,
        oldest_us=None,
        newest_us=max((one for one in newest if one is not None), default=None),
        clock_difference_s=desk.http.clock_difference_s,
        not_measured=API_NOT_MEASURED,
        notes=(
            Text("budget: {calls} calls a minute", calls=desk.budget.allowed(CALL)),
            *API_NOTES,
            *NOTES,
        ),
    )


def _count(page: Json, name: str) -> int:
    meta = page.get("meta")
    found = meta.get(name) if isinstance(meta, dict) else None
    return found if isinstance(found, int) else len(page.get(LISTED) or ())
