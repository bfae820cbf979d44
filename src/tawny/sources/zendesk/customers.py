"""Organizations and people, by their last update."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tawny.sources.reader import Page, Record
from tawny.sources.zendesk.context import SyncContext
from tawny.sources.zendesk.directory import agent_record
from tawny.sources.zendesk.people import (
    AGENT_ROLES,
    CUSTOMER_ROLE,
    contact_record,
    organization_record,
)
from tawny.sources.zendesk.settling import Settling
from tawny.sources.zendesk.words import id_of, instant_ms, number_of

Json = Mapping[str, Any]


class PeopleExports:
    """Reads them."""

    def __init__(self, at: SyncContext, settling: Settling) -> None:
        self._at = at
        self._settling = settling

    def organizations(self) -> Iterator[Page]:
        """What organizations are called, which people name."""
        for page in self._at.desk.organizations(self._at.start_s("organizations_s")):
            records: list[Record] = []
            for row in page.items:
                with self._at.one("organization", row):
                    self._at.report.read["organizations"] += 1
                    records.append(organization_record(row))
            self._at.cursors["organizations_s"] = self._at.reached_s(page.next)
            yield self._at.page(records)

    def users(self) -> Iterator[Page]:
        """Agents and customers."""
        for page in self._at.desk.users(self._at.since_s, self._at.cursors.get("users")):
            organizations = self._organization_names(page.items)
            records: list[Record] = []
            is_whole = True
            for row in page.items:
                with self._at.one("user", row):
                    created_us = instant_ms(row["created_at"]) * 1000
                    if self._at.window.is_young(created_us):
                        is_whole = False
                        continue
                    self._at.report.read["users"] += 1
                    records += self._user(row, organizations)
            if is_whole:
                self._at.cursors["users"] = page.next
            yield self._at.page(records)

    def _user(self, row: Json, organizations: Mapping[int, str]) -> Iterator[Record]:
        number, role = number_of(row["id"]), row.get("role")
        if role in AGENT_ROLES or self._at.directory.is_virtual(number):
            yield agent_record(self._at.directory, row)
            return
        if role != CUSTOMER_ROLE:
            self._at.report.unknown_value("users.role", role, f"user/{number}")
        if row.get("active") is False:
            # What is left of somebody who is gone is no new version of him.
            self._settling.gone(number)
            return
        yield contact_record(
            self._at.directory, row, organizations.get(id_of(row.get("organization_id")) or 0)
        )

    def _organization_names(self, rows: Sequence[Any]) -> dict[int, str]:
        ids = {
            row["organization_id"] for row in rows
            if isinstance(row, dict) and isinstance(row.get("organization_id"), int)
        }  # fmt: skip
        known = self._at.ledger.load([f"organization/{one}" for one in sorted(ids)])
        return {one: known[f"organization/{one}"]["name"].note for one in ids
                if "name" in known[f"organization/{one}"]}  # fmt: skip
