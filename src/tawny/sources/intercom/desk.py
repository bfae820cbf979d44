"""The workspace of a desk by its API: which calls there are, and which limits they fall under."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from tawny.sources.budget import RateBudget
from tawny.sources.http.client import DeskHttp, Json, Parameters, StatusError
from tawny.sources.http.pages import ApiPage, numbered_pages, searched_pages
from tawny.sources.http.secret_words import printable
from tawny.sources.intercom.words import instant_ms, listed, needed_id
from tawny.sources.reader import SourceError

VERSION = "2.14"
"""The account's default changes without a word, so this is always asked for."""
HOURS_VERSION = "2.17"
"""The first that tells office hours."""
OTHER, SEARCH = "other", "search"
WINDOW_S = 10.0
"""Limits are counted within it."""
LIMITS = {OTHER: 1_666, SEARCH: 166}
"""What the documentation promises an app, until the desk says more."""
PAGE = 150
MOST_PARTS = 500
"""So many parts of a conversation are shown, the newest."""

REGIONS: Mapping[str, str] = {
    "us": "https://api.intercom.io",
    "eu": "https://api.eu.intercom.io",
    "au": "https://api.au.intercom.io",
}
_PAGES: Mapping[str, str] = {
    "us": "https://app.intercom.com",
    "eu": "https://app.eu.intercom.com",
    "au": "https://app.au.intercom.com",
}
"""Where people open a workspace."""


class Workspace:
    """Whose the secret is. `created_ms` in milliseconds since 1970 UTC."""

    def __init__(self, region: str, me: Json) -> None:
        app = me.get("app")
        if not isinstance(app, dict):
            raise SourceError("--token: whose it is has no workspace")
        self.id = needed_id(app.get("id_code"))
        self.name = str(app.get("name") or self.id)
        created = app.get("created_at")
        self.created_ms = instant_ms(created) if created is not None else 0
        self._pages = _PAGES[region]

    @property
    def address(self) -> str:
        """By which the workspace is known, wherever it is read."""
        return f"{self._pages}/a/apps/{self.id}"

    def conversation_url(self, conversation: str) -> str:
        """Where people open a conversation."""
        return f"{self._pages}/a/inbox/{self.id}/inbox/conversation/{conversation}"


class IntercomDesk:
    """One workspace. Raises `SourceError`."""

    def __init__(
        self, region: str, base_url: str | None, token: str, budget: str, address: str
    ) -> None:
        """`address` is that of the workspace it has to be; empty = whichever it is."""
        self._region = region
        self._base_url = base_url
        self._address = address
        self._headers = {
            "Authorization": f"Bearer {printable('--token', token)}", "Intercom-Version": VERSION,
        }  # fmt: skip
        self.budget = RateBudget(budget, LIMITS, window_s=WINDOW_S)
        self.http = self._http(base_url or REGIONS[region])

    def _http(self, url: str, headers: Mapping[str, str] | None = None) -> DeskHttp:
        option = "--region" if self._base_url is None else "--base-url"
        all_headers = {**self._headers, **(headers or {})}
        return DeskHttp(option, url, all_headers, self.budget, _read_limits)

    def workspace(self) -> Workspace:
        """Whose the secret is. Raises `SourceError` for one of another workspace."""
        try:
            me = self.ask("/me")
        except StatusError as error:
            if error.status == 401 and self._base_url is None:
                self._look_elsewhere()
            raise
        found = Workspace(self._region, me)
        if self._address and found.address != self._address:
            raise SourceError(
                "--token: found one of {found}; this source reads {address}, add another one",
                found=found.address, address=self._address,
            )  # fmt: skip
        return found

    def _look_elsewhere(self) -> None:
        """A secret of another region is one that nobody knows here."""
        for region, url in REGIONS.items():
            if region == self._region:
                continue
            other = self._http(url)
            try:
                other.get("/me", {}, OTHER)
            except SourceError:
                continue
            finally:
                other.close()
            raise SourceError(
                "--region: found {region}; the token is one of a workspace in the region {other}",
                region=self._region, other=region,
            )  # fmt: skip

    def ask(self, path: str, parameters: Parameters | None = None) -> Json:
        """The object of a call that is no search."""
        return self.http.get(path, parameters or {}, OTHER)

    def _ask(self, path: str, parameters: Parameters) -> Json:
        return self.ask(path, parameters)

    def _search(self, path: str, asked: Json) -> Json:
        return self.http.post(path, asked, SEARCH)

    # --- lists ----------------------------------------------------------------------------------

    def all(self, path: str, name: str, parameters: Parameters | None = None) -> list[Any]:
        """A list that is read whole."""
        return listed(self.ask(path, parameters), name)

    def perhaps(self, path: str, name: str) -> list[Any]:
        """The same of what some workspaces have not: empty for those."""
        try:
            return self.all(path, name)
        except StatusError as error:
            if error.status in (403, 404):
                return []
            raise

    def schedules(self) -> list[Any]:
        """Its office hours, which a later version of the API tells; none where it does not."""
        later = self._http(self.http.url, {"Intercom-Version": HOURS_VERSION})
        later.traffic = self.http.traffic
        try:
            return listed(later.get("/office_hours_schedules", {}, OTHER), "data")
        except StatusError as error:
            if error.status in (400, 403, 404, 406):
                return []
            raise
        finally:
            later.close()

    def one(self, path: str) -> Json | None:
        """A record by its address, its texts without markup; none of what is gone."""
        try:
            return self.ask(path, {"display_as": "plaintext"})
        except StatusError as error:
            if error.status in (404, 410):
                return None
            raise

    def conversation(self, number: str) -> Json | None:
        """A conversation with its parts. One that became a part of another one leads there."""
        try:
            return self.one(f"/conversations/{number}")
        except StatusError as error:
            if 300 <= error.status <= 399:
                return {"id": ""}
            raise

    def contact(self, number: str) -> Json | None:
        """A contact; of one that became another one, who is left."""
        return self.one(f"/contacts/{number}")

    def activities(self, after_s: int, before_s: int) -> Iterator[ApiPage]:
        """What admins did between two moments, both included."""
        return numbered_pages(
            self._ask, "/admins/activity_logs", "activity_logs",
            {"created_at_after": after_s, "created_at_before": before_s},
        )  # fmt: skip

    # --- searches -------------------------------------------------------------------------------

    def search(
        self, path: str, name: str, after_s: int, before_s: int, size: int = PAGE,
        field: str = "updated_at", order: str = "ascending",
    ) -> Iterator[ApiPage]:  # fmt: skip
        """Records whose field lies between two moments, neither included."""
        query: Json = {
            "query": {
                "operator": "AND",
                "value": [
                    {"field": field, "operator": ">", "value": after_s},
                    {"field": field, "operator": "<", "value": before_s},
                ],
            },
            "sort": {"field": field, "order": order},
        }
        return searched_pages(self._search, path, name, query, size)


def _read_limits(budget: RateBudget, kind: str, headers: httpx.Headers) -> None:
    """Limits stand on every answer: how many calls there are in a window, how many are left, and
    when the next one begins."""
    limit = headers.get("x-ratelimit-limit") or ""
    if limit.isdigit():
        budget.learn(kind, int(limit))
    left, reset = headers.get("x-ratelimit-remaining"), headers.get("x-ratelimit-reset") or ""
    if left == "0" and reset.isdigit():
        budget.used_up(kind, max(0.0, int(reset) - time.time()))
