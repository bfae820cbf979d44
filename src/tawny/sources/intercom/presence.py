"""Who was there when, from the log of what admins did. It needs the right to read that log, and
begins where it is kept from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tawny.sources.events import Event, Fact, Facts, without_nulls
from tawny.sources.intercom.context import DAY_S, IntercomReading
from tawny.sources.intercom.words import id_of, instant_ms, needed_id
from tawny.sources.reader import Page, Record

AWAY, LOGIN, LOGOUT = "admin_away_mode_change", "admin_login_success", "admin_logout"
CURSOR = "activities_s"
_SPAN_S = 30 * DAY_S
_MODE = "mode"
"""The ledger's mark of the away mode that an admin is in."""


class AdminActivity(NamedTuple):
    """One change. `time_ms` in milliseconds since 1970 UTC."""

    time_ms: int
    id: str
    kind: str
    is_away: bool
    reason: str | None


class Presence:
    """Reads them."""

    def __init__(self, at: IntercomReading) -> None:
        self._at = at

    def pages(self) -> Iterator[Page]:
        """All since the last time, month by month; the newest come first there."""
        at = self._at
        start_s, end_s = at.start_s(CURSOR), at.horizon_s
        if CURSOR not in at.cursors:
            start_s = max(start_s, at.workspace.created_ms // 1000)
        with at.optional("activity_logs"):
            while start_s <= end_s:
                stop_s = min(end_s, start_s + _SPAN_S)
                yield at.page(self._records(start_s, stop_s))
                at.cursors[CURSOR] = max(stop_s, at.cursors.get(CURSOR) or 0)
                start_s = stop_s + 1

    def _records(self, start_s: int, stop_s: int) -> list[Record]:
        found: dict[str, list[AdminActivity]] = {}
        for page in self._at.desk.activities(start_s, stop_s):
            for row in page.items:
                with self._at.one("activity", row):
                    self._at.report.read["activities"] += 1
                    kind = str(row.get("activity_type"))
                    if kind not in (AWAY, LOGIN, LOGOUT):
                        self._at.report.ignored["activity"] += 1
                        continue
                    subject, activity = _activity(row, kind)
                    if not self._at.window.is_young(activity.time_ms * 1000):
                        found.setdefault(subject, []).append(activity)
        return [
            Record(f"presence/{admin}", _Told(self._at.directory.named(admin), sorted(own)))
            for admin, own in found.items()
        ]


def _activity(row: Mapping[str, Any], kind: str) -> tuple[str, AdminActivity]:
    """Whom a change is about, and the change. Whoever did it for somebody else stands apart from
    the admin who is involved. Raises `ValueError`."""
    metadata = row.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    named = metadata.get("admin")
    subject = id_of(named.get("id") if isinstance(named, dict) else metadata.get("admin_id"))
    if subject is None:
        by = row.get("performed_by")
        subject = needed_id(by.get("id") if isinstance(by, dict) else None)
    reason = metadata.get("away_status_reason")
    if kind == AWAY and not isinstance(metadata.get("away_mode"), bool):
        raise ValueError("an away mode")
    return subject, AdminActivity(
        instant_ms(row.get("created_at")), needed_id(row.get("id")), kind,
        metadata.get("away_mode") is True, str(reason) if reason else None,
    )  # fmt: skip


class _Told:
    def __init__(self, agent: str, activities: list[AdminActivity]) -> None:
        self._agent = agent
        self._activities = activities

    def __call__(self, facts: Facts) -> Iterator[Event]:
        for one in self._activities:
            data = without_nulls({"agent_id": self._agent, **self._presence(facts, one)})
            yield Event(f"activity/{one.id}", "presence.changed", one.time_ms, data)

    def _presence(self, facts: Facts, one: AdminActivity) -> dict[str, str | None]:
        """Whoever comes back is in the mode that was set last."""
        if one.kind == LOGOUT:
            return {"presence": "offline"}
        if one.kind == LOGIN:
            known = facts.get(f"login/{one.id}")
            mode = known.note if known else facts[_MODE].note if _MODE in facts else ""
            facts[f"login/{one.id}"] = Fact(one.time_ms, "", mode)
        else:
            mode = f"away {one.reason or ''}".strip() if one.is_away else ""
            before = facts.get(_MODE)
            if before is None or before.time_ms <= one.time_ms:
                facts[_MODE] = Fact(one.time_ms, "", mode)
        if not mode:
            return {"presence": "available"}
        return {"presence": "away", "away_state": mode.partition(" ")[2] or None}
