"""The sign-in lock-out: limits on guessing passwords, which nobody can use to keep somebody else
out.

Wrong passwords are counted by name and network, so that a stranger slows down only the own guesses.
Many strangers together are slowed down by the name alone; whoever has signed in before in this
browser is then let through by a cookie, and has a count of their own. All of it ends with the
window, with a new password, or when an administrator says so.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from tawny.errors import TooManyError
from tawny.model.zones import current_ms
from tawny.people.audit import Audit
from tawny.people.hashing import hashed
from tawny.state.database import Database
from tawny.state.tables import known_browsers, sign_in_failures, users

WINDOW_S = 900
ALLOWED = 5
"""Wrong passwords for one name from one network, or from one known browser, within the window."""
ALLOWED_NETWORK = 30
"""From one network for any name: several people may share it."""
ALLOWED_NAME = 50
"""For one name from anywhere, known browsers aside."""

_KEPT_MS = 400 * 86_400_000
"""A browser that was not seen for so long is forgotten; its cookie ends earlier."""


@dataclass(frozen=True, slots=True)
class Try:
    """A try to sign in that has been counted as a failure, to be taken back when it is none."""

    name: str
    network: str
    browser_id: int | None


@dataclass(frozen=True, slots=True)
class Slowed:
    """That somebody's sign-in has to wait; `until_ms` in milliseconds since 1970 UTC."""

    failures: int
    until_ms: int
    networks: tuple[str, ...]
    """Where they came from, for which it waits."""


class Tries:
    """The tries to sign in of one installation."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def begin(self, name: str, address: str, browser: str, request_id: str) -> Try:
        """Count a failure before the password is looked at, so that many tries at the same moment
        are counted too; `succeed` takes it back. `browser` is the cookie of a known one, or empty.
        Raises `TooManyError` where there were too many."""
        network = network_of(address)
        since_ms = current_ms() - WINDOW_S * 1000
        with self._database.write() as connection:
            browser_id = _known(connection, name, browser)
            counts = _counts(connection, since_ms, name, network, browser_id)
            if browser_id is not None and counts[0][0] >= ALLOWED:
                # Whoever has the cookie and not the password is a stranger like all others.
                browser_id = None
                counts = _counts(connection, since_ms, name, network, None)
            waits_ms = [oldest - since_ms for count, oldest, most in counts if count >= most]
            if not waits_ms:
                connection.execute(
                    sign_in_failures.insert().values(
                        name_hash=hashed(name),
                        address=network,
                        at_ms=current_ms(),
                        browser_id=browser_id,
                    )
                )
                return Try(name, network, browser_id)
            connection.execute(
                sign_in_failures.delete().where(sign_in_failures.c.at_ms <= since_ms)
            )
            self._audit.add_unknown(connection, "", address, request_id, "sign_in_limited")
        wait_s = max(1, max(waits_ms) // 1000)
        raise TooManyError(
            "sign-in: too many failures; try again in {minutes} minutes",
            minutes=-(-wait_s // 60),
            retry_after_s=wait_s,
        )

    def succeed(self, connection: sa.Connection, one: Try) -> None:
        """The password was right: what was wrong from there before does not count any more."""
        connection.execute(
            sign_in_failures.delete().where(
                sign_in_failures.c.name_hash == hashed(one.name),
                sign_in_failures.c.address == one.network,
                sign_in_failures.c.browser_id.is_not_distinct_from(one.browser_id),
            )
        )

    def forget(self, connection: sa.Connection, name: str) -> None:
        """Nobody waits any more to sign in under a name."""
        connection.execute(
            sign_in_failures.delete().where(sign_in_failures.c.name_hash == hashed(name))
        )

    def slowed(self, connection: sa.Connection, names: Iterable[str]) -> Mapping[str, Slowed]:
        """Whose sign-in has to wait, by name."""
        since_ms = current_ms() - WINDOW_S * 1000
        found: dict[str, list[tuple[str, int, int]]] = {}
        for row in connection.execute(
            sa.select(
                sign_in_failures.c.name_hash,
                sign_in_failures.c.address,
                sa.func.count(),
                sa.func.min(sign_in_failures.c.at_ms),
            )
            .where(sign_in_failures.c.at_ms > since_ms, sign_in_failures.c.browser_id.is_(None))
            .group_by(sign_in_failures.c.name_hash, sign_in_failures.c.address)
        ):
            found.setdefault(row[0], []).append((row[1], row[2], row[3]))
        slowed = {}
        for name in names:
            tries = found.get(hashed(name), [])
            total = sum(count for _, count, _ in tries)
            waiting = [one for one in tries if one[1] >= ALLOWED or total >= ALLOWED_NAME]
            if waiting:
                until_ms = max(oldest for _, _, oldest in waiting) + WINDOW_S * 1000
                networks = tuple(sorted(network for network, _, _ in waiting))
                slowed[name] = Slowed(total, until_ms, networks)
        return slowed

    def remember_browser(self, connection: sa.Connection, user_id: int, cookie: str) -> str | None:
        """Know a browser again in which somebody has signed in; returns the cookie it gets, None
        when it has one for that person."""
        now_ms = current_ms()
        connection.execute(
            known_browsers.delete().where(known_browsers.c.seen_ms <= now_ms - _KEPT_MS)
        )
        seen = connection.execute(
            known_browsers.update()
            .where(
                known_browsers.c.secret_hash == hashed(cookie),
                known_browsers.c.user_id == user_id,
            )
            .values(seen_ms=now_ms)
        )
        if seen.rowcount:
            return None
        secret = secrets.token_urlsafe(32)
        connection.execute(
            known_browsers.insert().values(
                user_id=user_id, secret_hash=hashed(secret), created_ms=now_ms, seen_ms=now_ms
            )
        )
        return secret


def network_of(address: str) -> str:
    """What is counted as one place: an IPv4 address, or the /64 of an IPv6 one, of which everybody
    has as many as wanted.

    >>> network_of("203.0.113.7"), network_of("2001:db8::1:2:3:4"), network_of("::ffff:203.0.113.7")
    ('203.0.113.7', '2001:db8::/64', '203.0.113.7')
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


def _known(connection: sa.Connection, name: str, browser: str) -> int | None:
    if not browser:
        return None
    return connection.execute(
        sa.select(known_browsers.c.id)
        .join(users, users.c.id == known_browsers.c.user_id)
        .where(users.c.name == name, known_browsers.c.secret_hash == hashed(browser))
    ).scalar()


def _counts(
    connection: sa.Connection, since_ms: int, name: str, network: str, browser_id: int | None
) -> list[tuple[int, int, int]]:
    """Recent failures that count for a try: how many, since when, how many are allowed."""
    of_name = sign_in_failures.c.name_hash == hashed(name)
    of_network = sign_in_failures.c.address == network
    of_browser = sign_in_failures.c.browser_id.is_not_distinct_from(browser_id)
    limits = [
        (of_name & of_network & of_browser, ALLOWED),
        (of_network & of_browser, ALLOWED_NETWORK),
        (of_name & of_browser, ALLOWED_NAME),
    ]
    if browser_id is not None:
        limits = [(of_name & of_browser, ALLOWED)]
    found = []
    for condition, allowed in limits:
        count, oldest_ms = connection.execute(
            sa.select(sa.func.count(), sa.func.min(sign_in_failures.c.at_ms)).where(
                sign_in_failures.c.at_ms > since_ms, condition
            )
        ).one()
        found.append((count, oldest_ms or 0, allowed))
    return found
