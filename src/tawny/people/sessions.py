"""Open sessions: who is signed in where, and ending one of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tawny.errors import NotFoundError
from tawny.model.zones import current_ms
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Scope
from tawny.state.database import Database
from tawny.state.tables import sessions, users

# The first that fits: every browser also says the names of those it descends from.
_BROWSERS = (
    ("Edge", r"Edg(e|A|iOS)?/"), ("Opera", r"OPR/"), ("Vivaldi", r"Vivaldi/"),
    ("Samsung Internet", r"SamsungBrowser/"), ("Firefox", r"(Firefox|FxiOS)/"),
    ("Chrome", r"(Chrome|Chromium|CriOS)/"), ("Safari", r"Version/.*Safari/"), ("curl", r"^curl/"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", r"iPhone"), ("iPad", r"iPad"), ("Android", r"Android"), ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"), ("ChromeOS", r"CrOS"), ("Linux", r"Linux|X11"),
)  # fmt: skip


def browser_of_agent(user_agent: str) -> str:
    """The browser and the system that the header `User-Agent` names, with a bar between; either may
    be empty. Versions are left out: they change, the session does not.

    >>> browser_of_agent("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
    'Firefox|Linux'
    >>> browser_of_agent("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) "
    ...     "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1")
    'Safari|iPhone'
    >>> browser_of_agent("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
    ...     "(KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0")
    'Edge|Windows'
    >>> browser_of_agent("python-httpx/0.28")
    '|'
    """
    text = user_agent[:400]
    found = [
        next((name for name, pattern in table if re.search(pattern, text)), "")
        for table in (_BROWSERS, _SYSTEMS)
    ]
    return "|".join(found)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session of a person. Times are milliseconds since 1970 UTC."""

    id: int
    browser: str
    """Such as `Firefox`; empty when nobody knows."""
    system: str
    """Such as `Linux`; empty when nobody knows."""
    address: str
    created_ms: int
    seen_ms: int
    """To about a minute."""
    is_callers: bool
    """Whether it is the one that asks."""


class Sessions:
    """The open sessions of one installation."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def list(self, caller: Caller, user_id: int | None = None) -> tuple[str, Sequence[OpenSession]]:
        """The name of a person and the open sessions, last seen first: the caller's own, or for an
        administrator anybody's. Raises `NotFoundError`."""
        user_id = caller.user_id if user_id is None else user_id
        if user_id != caller.user_id:
            caller.need(Scope.ADMIN)
        with self._database.read() as connection:
            name = connection.execute(
                sa.select(users.c.name).where(users.c.id == user_id)
            ).scalar_one_or_none()
            rows = connection.execute(
                sa.select(sessions)
                .where(sessions.c.user_id == user_id, sessions.c.expires_ms > current_ms())
                .order_by(sessions.c.seen_ms.desc(), sessions.c.id.desc())
            ).all()
        if name is None:
            raise NotFoundError("there is nobody with the number {user_id}", user_id=user_id)
        found = []
        for row in rows:
            browser, _, system = (row.browser or "").partition("|")
            found.append(
                OpenSession(
                    id=row.id,
                    browser=browser,
                    system=system,
                    address=row.address,
                    created_ms=row.created_ms,
                    seen_ms=row.seen_ms,
                    is_callers=row.id == caller.session_id,
                )
            )
        return str(name), found

    def end(self, caller: Caller, session_id: int) -> None:
        """End a session at once: an own one, or for an administrator anybody's. Raises
        `NotFoundError`, also for one of somebody else that the caller may not know of."""
        with self._database.write() as connection:
            row = connection.execute(
                sa.select(sessions, users.c.name)
                .join(users, users.c.id == sessions.c.user_id)
                .where(sessions.c.id == session_id)
            ).first()
            may = row is not None and (row.user_id == caller.user_id or caller.may(Scope.ADMIN))
            if row is None or not may:
                raise NotFoundError(
                    "there is no open session with the number {session_id}", session_id=session_id
                )
            connection.execute(sessions.delete().where(sessions.c.id == session_id))
            self._audit.add(
                connection, caller, "session_ended", row.name,
                browser=(row.browser or "").replace("|", " ").strip(), address=row.address,
            )  # fmt: skip
