"""The account of a desk by its API: which calls there are, and which limits they fall under."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx

from tawny.errors import RequestError
from tawny.sources.budget import RateBudget
from tawny.sources.http.client import DeskHttp, Json, Parameters, StatusError
from tawny.sources.http.pages import ApiPage, cursor_pages, linked_pages, time_pages
from tawny.sources.http.secret_words import printable

EXPORT, CHAT, OTHER = "export", "chat", "other"
LIMITS_PER_MINUTE = {EXPORT: 10, CHAT: 200, OTHER: 200}
"""What the documentation promises every plan, until the desk says more."""

EXPORT_PAGE = 1000
LEAST_AGE_S = 60
"""The exports never give what is younger, and refuse to begin there."""
_USERS_AT_ONCE = 100

_TOTAL = re.compile(r"total=(\d+)")
_REMAINING = re.compile(r"remaining=(\d+)")
_RESETS = re.compile(r"resets=(\d+)")


class ZendeskAccount:
    """One account. Raises `SourceError`."""

    def __init__(
        self, address: str, base_url: str | None, headers: Mapping[str, str], budget: str
    ) -> None:
        """`address` is that of people; calls go to `base_url`, where it is another one."""
        self.url = address
        self._limits = _Limits()
        option = "--subdomain" if base_url is None else "--base-url"
        self.budget = RateBudget(budget, LIMITS_PER_MINUTE)
        self.http = DeskHttp(option, base_url or address, headers, self.budget, self._limits.read)

    def ask(self, path: str, parameters: Parameters | None = None) -> Json:
        """The object of a call that is no export."""
        return self.http.get(path, parameters or {}, OTHER)

    def _export(self, path: str, parameters: Parameters) -> Json:
        return self.http.get(path, parameters, EXPORT)

    def _chat(self, path: str, parameters: Parameters) -> Json:
        return self.http.get(path, parameters, CHAT)

    # --- exports --------------------------------------------------------------------------------

    def tickets(self, start_s: int, cursor: str | None) -> Iterator[ApiPage]:
        """Every ticket as it is now, by its last update, archived and deleted ones too."""
        return cursor_pages(
            self._export, "/api/v2/incremental/tickets/cursor.json", "tickets",
            {"start_time": start_s},
            {"support_type_scope": "all", "per_page": EXPORT_PAGE, "include": "users"}, cursor,
        )  # fmt: skip

    def users(self, start_s: int, cursor: str | None) -> Iterator[ApiPage]:
        """Everybody, by the last update."""
        return cursor_pages(
            self._export, "/api/v2/incremental/users/cursor.json", "users",
            {"start_time": start_s}, {"per_page": EXPORT_PAGE, "include": "organizations"}, cursor,
        )  # fmt: skip

    def ticket_events(self, start_s: int) -> Iterator[ApiPage]:
        """Every update of every ticket, in the order of time."""
        return time_pages(
            self._export, "/api/v2/incremental/ticket_events.json", "ticket_events",
            {"include": "comment_events", "support_type_scope": "all", "per_page": EXPORT_PAGE},
            start_s, EXPORT_PAGE,
        )  # fmt: skip

    def organizations(self, start_s: int) -> Iterator[ApiPage]:
        """Every organization, by its last update."""
        return time_pages(
            self._export, "/api/v2/incremental/organizations.json", "organizations",
            {"per_page": EXPORT_PAGE}, start_s, EXPORT_PAGE,
        )  # fmt: skip

    def agent_timeline(self, start_us: int) -> Iterator[ApiPage]:
        """When each agent was what in the chat; the start in microseconds."""
        return time_pages(
            self._chat, "/api/v2/chat/incremental/agent_timeline", "agent_timeline", {}, start_us,
            EXPORT_PAGE,
        )  # fmt: skip

    # --- lists ----------------------------------------------------------------------------------

    def all(self, path: str, name: str) -> list[Any]:
        """A list that is read whole."""
        return list(self.listed(path, name, {}))

    def listed(self, path: str, name: str, parameters: Parameters) -> Iterator[Any]:
        """Some of a list; what is no object in it cannot be read, nor named."""
        for page in linked_pages(self.ask, path, name, parameters):
            yield from (one for one in page.items if isinstance(one, dict))

    def perhaps(self, path: str, name: str) -> list[Any]:
        """The same of what some plans have not: empty for those."""
        try:
            return self.all(path, name)
        except StatusError as error:
            if error.status in (403, 404):
                return []
            raise

    def some(self, path: str, name: str, parameters: Parameters) -> Iterator[ApiPage]:
        """A list page by page."""
        return linked_pages(self.ask, path, name, parameters)

    def users_by_id(self, ids: Sequence[int]) -> list[Any]:
        """People by their numbers; those that are gone for good are not among them."""
        found: list[Any] = []
        for start in range(0, len(ids), _USERS_AT_ONCE):
            wanted = ",".join(map(str, ids[start : start + _USERS_AT_ONCE]))
            try:
                found += self.ask("/api/v2/users/show_many.json", {"ids": wanted}).get("users", [])
            except StatusError as error:
                if error.status != 404:
                    raise
        return found

    def texts(self, ticket: int) -> dict[int, str | None]:
        """The texts of a ticket's comments as they are now; none of a ticket that is gone."""
        try:
            pages = list(self.some(f"/api/v2/tickets/{ticket}/comments.json", "comments", {}))
        except StatusError as error:
            if error.status in (403, 404):
                return {}
            raise
        return {
            one["id"]: one.get("plain_body") or one.get("body")
            for page in pages
            for one in page.items
            if isinstance(one, dict) and isinstance(one.get("id"), int)
        }


class _Limits:
    """What headers say of limits. The limit of the account stands on every answer; that of exports
    has a header of its own, or is what stands on exports alone."""

    def __init__(self) -> None:
        self._account: int | None = None
        self._on_exports: int | None = None

    def read(self, budget: RateBudget, kind: str, headers: httpx.Headers) -> None:
        """Learn from the answer to a call of a kind."""
        for name, value in headers.items():
            if name.lower().startswith("zendesk-ratelimit-"):
                _learn(budget, kind, *(one.search(value) for one in (_TOTAL, _REMAINING, _RESETS)))
                if kind == EXPORT:
                    return
        told = headers.get("x-rate-limit") or headers.get("ratelimit-limit") or ""
        if not told.isdigit():
            return
        if kind == EXPORT:
            self._on_exports = int(told)
        elif kind == CHAT:
            budget.learn(CHAT, int(told))
        else:
            self._account = int(told)
            budget.learn(OTHER, self._account)
        own = self._on_exports not in (None, self._account)
        if self._on_exports is not None and self._account is not None and own:
            budget.learn(EXPORT, self._on_exports)
        left = headers.get("x-rate-limit-remaining") or headers.get("ratelimit-remaining") or ""
        resets = headers.get("ratelimit-reset") or ""
        if left == "0" and resets.isdigit():
            budget.used_up(kind, float(resets))


def _learn(
    budget: RateBudget, kind: str, total: re.Match[str] | None, left: re.Match[str] | None,
    resets: re.Match[str] | None,
) -> None:  # fmt: skip
    if total is not None:
        budget.learn(kind, int(total[1]))
    if left is not None and left[1] == "0" and resets is not None:
        budget.used_up(kind, float(resets[1]))


def address_of(options: Mapping[str, Any]) -> str:
    """By which an account is known, wherever it is read. Raises `RequestError`."""
    if options.get("subdomain"):
        return f"https://{options['subdomain']}.zendesk.com"
    if options.get("base_url"):
        return str(options["base_url"])
    raise RequestError(
        "--subdomain: found nothing; a source of the kind zendesk needs it, or --base-url"
    )


def headers_of(options: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, str]:
    """By which the desk knows who asks. Raises `RequestError`."""
    if ("token" in secrets) is ("oauth_token" in secrets):
        raise RequestError(
            "--token: a source of the kind zendesk needs --email with --token, or --oauth-token"
        )
    if "oauth_token" in secrets:
        words = f"Bearer {printable('--oauth-token', secrets['oauth_token'])}"
    else:
        if not options.get("email"):
            raise RequestError(
                "--email: found nothing; allowed the address of the administrator whose token it is"
            )
        login = f"{options['email']}/token:{printable('--token', secrets['token'])}"
        words = f"Basic {base64.b64encode(login.encode()).decode()}"
    return {"Authorization": words}
