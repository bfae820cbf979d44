"""The account of a desk by its API: which calls there are, and the tables that they give."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from tawny.errors import RequestError
from tawny.sources.budget import RateBudget
from tawny.sources.chatwoot.api_rows import (
    Json,
    contact_row,
    conversation_row,
    file_type,
    instant_us,
    message_row,
    number,
)  # fmt: skip
from tawny.sources.chatwoot.enumerations import CONTACT_ATTRIBUTE
from tawny.sources.http.client import LISTED, DeskHttp, Parameters, StatusError
from tawny.sources.http.pages import pages_before, pages_until_empty
from tawny.sources.report import GapReport

CALL = "call"
CALLS_PER_MINUTE = 3_000
"""What a desk allows an address by default; it tells nothing of its limits."""
MOST_CALLS_PER_MINUTE = 599
"""Others at the same address have to get through too."""
FIRST_RELEASE_US = 1_483_228_800_000_000
"""2017: nothing in a desk is older. For an account that does not say since when it is there."""
_MOST_ASKED_ONE_BY_ONE = 200
_TWILIO = {"sms": 0, "whatsapp": 1}
_BOTS = {"active": 0, "inactive": 1}


class ApiDesk:
    """One account. Raises `SourceError`."""

    def __init__(
        self, url: str, account: int, token: str, budget: str, *, content: bool, has_members: bool
    ) -> None:
        """With `has_members` it is asked who is in which team; `budget` is such as `50%`."""
        if not re.fullmatch(r"[!-~]+", token):
            raise RequestError(
                "{option}: found something that is no token; allowed one word of printable ASCII "
                "characters",
                option="--token",
            )
        headers = {"api_access_token": token}
        share = RateBudget(budget, {CALL: CALLS_PER_MINUTE}).allowed(CALL)
        self.budget = RateBudget("100%", {CALL: min(MOST_CALLS_PER_MINUTE, share)})
        self.http = DeskHttp("--url", url, headers, self.budget, gives_lists=True)
        self.account = account
        self.content = content
        self.created_us = FIRST_RELEASE_US
        """Since when the account is there; what says nothing of its own time is as old."""
        self._has_members = has_members
        self._lists: dict[str, Sequence[Json]] = {}
        self._contact_inboxes: dict[int, Sequence[SimpleNamespace]] = {}
        self._there: dict[str, frozenset[int]] = {}

    def ask(self, path: str, parameters: Parameters | None = None) -> Json:
        """The object of a call to the account; of a list one that holds it."""
        return self._ask_account(path, parameters or {})

    def ask_desk(self, path: str) -> Json:
        """The object of a call to the desk."""
        return self._asked(path, {})

    def _asked(self, path: str, parameters: Parameters) -> dict[str, Any]:
        found = self.http.get(path, parameters, CALL)
        # The same things are told in one, two or three layers.
        for _ in range(2):
            for layer in ("data", "payload"):
                if isinstance(found.get(layer), dict):
                    found = {"meta": found.get("meta"), **found[layer]}
                elif isinstance(found.get(layer), list):
                    found = {**found, LISTED: found[layer]}
        return found

    def listed(self, path: str) -> Sequence[Json]:
        """A list that is read whole, once; empty where a version has it not."""
        if path not in self._lists:
            try:
                found = self.ask(path).get(LISTED)
            except StatusError as error:
                if error.status not in (403, 404):
                    raise
                found = []
            self._lists[path] = [one for one in found or () if isinstance(one, dict)]
        return self._lists[path]

    # --- pages ----------------------------------------------------------------------------------

    def conversations(self) -> Iterator[Sequence[Any]]:
        """All of them, those with the newest activity first."""
        return pages_until_empty(
            self._ask_account, "conversations", LISTED,
            {"status": "all", "assignee_type": "all", "sort_by": "last_activity_at_desc"},
        )  # fmt: skip

    def updated_since(self, since_us: int, now_us: int) -> frozenset[int]:
        """Conversations that were changed without any activity, where a version tells them; others
        give the first page of all."""
        seconds = max(1, (now_us - since_us) // 1_000_000)
        page = self.ask("conversations", {"status": "all", "updated_within": seconds})
        return frozenset(
            one["id"]
            for one in page.get(LISTED) or ()
            if isinstance(one, dict)
            and isinstance(one.get("id"), int)
            and (instant_us(one.get("updated_at")) or 0) >= since_us
        )

    def contacts(self) -> Iterator[Sequence[Any]]:
        """All of them, those with the newest activity first."""
        return pages_until_empty(
            self._ask_account, "contacts", LISTED,
            {"sort": "-last_activity_at", "include_contact_inboxes": "true"},
        )  # fmt: skip

    def answers(self) -> Iterator[Sequence[Any]]:
        """Answers to surveys, the newest first."""
        return pages_until_empty(
            self._ask_account, "csat_survey_responses", LISTED, {"sort": "-created_at"}
        )

    def messages(self, conversation: int) -> Iterator[Sequence[Any]]:
        """The messages of a conversation, the newest page first."""
        return pages_before(self._ask_account, f"conversations/{conversation}/messages", LISTED)

    def messages_by_time(
        self, conversation: SimpleNamespace, report: GapReport
    ) -> Sequence[tuple[SimpleNamespace, int | None]]:
        """The messages of a conversation, each with what its first attachment is."""
        found = {}
        for page in self.messages(conversation.id):
            for one in page:
                name = one.get("id") if isinstance(one, dict) else None
                with report.one(f"message/{name}"):
                    row = message_row(one, conversation, content=self.content)
                    found[row.id] = (row, file_type(one))
        return sorted(found.values(), key=lambda one: (one[0].created_at or 0, one[0].id))

    def _ask_account(self, path: str, parameters: Parameters) -> dict[str, Any]:
        return self._asked(f"/api/v1/accounts/{self.account}/{path}".rstrip("/"), parameters)

    def signals(self, conversation: int) -> Sequence[Json]:
        """The reporting events of a conversation; none where a version does not tell them."""
        try:
            found = self.ask(f"conversations/{conversation}/reporting_events").get(LISTED)
        except StatusError as error:
            if error.status != 404:
                raise
            return ()
        return [one for one in found or () if isinstance(one, dict)]

    def perhaps(self, path: str) -> Json | None:
        """A record; None where there is none."""
        try:
            return self.ask(path)
        except StatusError as error:
            if error.status != 404:
                raise
            return None

    def conversation(self, display_id: int) -> SimpleNamespace | None:
        """A conversation by the number that people see."""
        found = self.perhaps(f"conversations/{display_id}")
        return None if found is None else conversation_row(found)

    def contact(self, contact_id: int) -> SimpleNamespace | None:
        """A contact by its number."""
        found = self.perhaps(f"contacts/{contact_id}")
        return None if found is None else self.remembered(contact_row(found))

    def remembered(self, contact: SimpleNamespace) -> SimpleNamespace:
        """A contact, whose inboxes are asked for later."""
        self._contact_inboxes[contact.id] = contact.inboxes
        return contact

    def forget_contacts(self) -> None:
        """The inboxes of contacts that were read are needed no more."""
        self._contact_inboxes.clear()

    # --- tables ---------------------------------------------------------------------------------

    def has(self, table: str) -> bool:
        """When something was deleted is not told."""
        return table != "audits"

    def _timed(self, row: Json, **values: Any) -> SimpleNamespace:
        created_us = instant_us(row.get("created_at")) or self.created_us
        updated_us = instant_us(row.get("updated_at")) or created_us
        return SimpleNamespace(
            id=number(row["id"]), created_at=created_us, updated_at=updated_us, **values
        )

    def of_account(self, table: str, *_columns: str) -> Sequence[SimpleNamespace]:
        """All rows of a small table that belong to the account."""
        if table == "teams":
            return [self._timed(one, name=one["name"]) for one in self.listed("teams")]
        if table == "labels":
            return [self._timed(one, title=one.get("title")) for one in self.listed("labels")]
        if table == "inboxes":
            return [self._inbox(one) for one in self.listed("inboxes")]
        if table == "channel_twilio_sms":
            return [
                SimpleNamespace(id=one.get("channel_id"), medium=_TWILIO.get(str(one["medium"])))
                for one in self.listed("inboxes")
                if "medium" in one
            ]
        return ()

    def _inbox(self, one: Json) -> SimpleNamespace:
        return self._timed(
            one, name=one.get("name"), channel_id=one.get("channel_id"),
            channel_type=one.get("channel_type"), business_name=one.get("business_name"),
            working_hours_enabled=one.get("working_hours_enabled") is True,
            timezone=one.get("timezone"),
        )  # fmt: skip

    def of_inboxes(self, table: str, *columns: str) -> Sequence[SimpleNamespace]:
        """All rows of a small table that belong to an inbox of the account."""
        found: list[SimpleNamespace] = []
        for inbox in self.listed("inboxes"):
            if table == "working_hours":
                for day in inbox.get("working_hours") or ():
                    values = {name: day.get(name) for name in columns}
                    found.append(
                        SimpleNamespace(**{**values, "inbox_id": inbox["id"], "updated_at": None})
                    )
            elif table == "agent_bot_inboxes":
                bot = self.perhaps(f"inboxes/{inbox['id']}/agent_bot") or {}
                inner = bot.get("agent_bot")
                if isinstance(inner, dict) and isinstance(inner.get("id"), int):
                    found.append(
                        SimpleNamespace(
                            inbox_id=inbox["id"],
                            agent_bot_id=inner["id"],
                            status=_BOTS.get(str(inner.get("status", "active")), 1),
                        )
                    )
        return found

    def users(self) -> Sequence[SimpleNamespace]:
        """Those who are in the account now."""
        return [
            self._timed(one, name=one.get("name"), email=one.get("email"))
            for one in self.listed("agents")
        ]

    def team_members(self) -> Sequence[SimpleNamespace]:
        """Who is in which of the account's teams."""
        if not self._has_members:
            return ()
        return [
            SimpleNamespace(team_id=team["id"], user_id=one["id"])
            for team in self.listed("teams")
            for one in self.listed(f"teams/{team['id']}/team_members")
        ]

    def agent_bots(self) -> Sequence[SimpleNamespace]:
        """The account's bots, and the global ones."""
        return [self._timed(one, name=one.get("name")) for one in self.listed("agent_bots")]

    def taggings(self, kind: str, ids: Sequence[int]) -> Sequence[SimpleNamespace]:
        """None: which labels there are is told, and not when they were put there."""
        del kind, ids
        return ()

    def contact_inboxes(self, contact_ids: Sequence[int]) -> Sequence[SimpleNamespace]:
        """Where contacts that were read are reached."""
        return [row for one in contact_ids for row in self._contact_inboxes.get(one, ())]

    def definitions(self) -> Mapping[str, str]:
        """Names of the attributes of contacts, by key."""
        return {
            one["attribute_key"]: one["attribute_display_name"]
            for one in self.listed("custom_attribute_definitions")
            if one.get("attribute_model") in (CONTACT_ATTRIBUTE, "contact_attribute")
            and one.get("attribute_key")
            and one.get("attribute_display_name")
        }

    def there(self, table: str, column: str, numbers: Sequence[int]) -> frozenset[int]:
        """Which of some records are there: of those that no list has, a few are asked for one by
        one, since a list moves while it is read."""
        del column
        if table == "labels":
            return frozenset(number(one["id"]) for one in self.listed("labels"))
        if table not in self._there:
            pages = self.conversations() if table == "conversations" else self.contacts()
            self._there[table] = frozenset(
                one["id"]
                for page in pages
                for one in page
                if isinstance(one, dict) and isinstance(one.get("id"), int)
            )
        found = self._there[table] & frozenset(numbers)
        missing = sorted(frozenset(numbers) - found)
        if len(missing) <= _MOST_ASKED_ONE_BY_ONE:
            found |= {one for one in missing if self.perhaps(f"{table}/{one}") is not None}
        return found
