"""Who asks, and what that person or program may do. Every layer above asks here, nowhere else.

A supervisor sees the exports of the channels given to that person and nothing else. Presence has
no channel: who was available when is about people, so the two types that show it (`user-presence`
and `users`) need a right of their own, which an administrator gives along with the channels.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from tawny.errors import NotAllowedError
from tawny.model.rights import Right
from tawny.text import Text, joined


class Role(enum.StrEnum):
    """What a person is here for."""

    ADMINISTRATOR = "administrator"
    SUPERVISOR = "supervisor"


class Scope(enum.StrEnum):
    """What an API token may be used for; a token never may more than the person it belongs to."""

    EVENTS_WRITE = "events:write"
    EXPORTS_READ = "exports:read"
    EXPORTS_WRITE = "exports:write"
    SCHEDULES_WRITE = "schedules:write"
    METRICS_READ = "metrics:read"
    ADMIN = "admin"


ALL_SCOPES = frozenset(Scope)
LOOKING_AT_RUNS = (Scope.EXPORTS_READ, Scope.EXPORTS_WRITE)
"""One of these is needed to look at runs; with the second alone a token sees those of its
person."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request: a person with a session, or a token on a person's behalf."""

    user_id: int
    name: str
    """The name the person signs in with."""
    role: Role
    channels: frozenset[str] | None
    """Channels the caller may see; None = all."""
    presence: bool
    """Whether the caller may see presence, which belongs to no channel."""
    scopes: frozenset[Scope] = ALL_SCOPES
    display_name: str = ""
    language: str | None = None
    """`en`, `fr`, or None: as the browser asks."""
    email: str = ""
    """Where mail reaches the person; empty = nowhere."""
    theme: str | None = None
    """`light`, `dark`, or None: as the browser asks."""
    session_id: int | None = None
    token_id: int | None = None
    csrf: str | None = None
    """What an unsafe request of this session must carry; None for a token."""
    address: str = ""
    """Where the request came from, for the audit trail."""
    request_id: str = ""

    @property
    def administrator(self) -> bool:
        """Whether the caller may do everything."""
        return self.role is Role.ADMINISTRATOR and Scope.ADMIN in self.scopes

    def may(self, scope: Scope) -> bool:
        """Whether the caller's role and token allow this."""
        if scope not in self.scopes:
            return False
        if scope in (Scope.ADMIN, Scope.METRICS_READ, Scope.EVENTS_WRITE):
            return self.role is Role.ADMINISTRATOR
        return True

    def need(self, *scopes: Scope) -> None:
        """Raise `NotAllowedError` unless the caller may one of these."""
        if not any(self.may(scope) for scope in scopes):
            if self.token_id is None:
                raise NotAllowedError("only administrators may do this; ask one of them")
            raise NotAllowedError(
                "this token may not do this: it would need the scope {scope}, and a person who may "
                "do it",
                scope=joined(" or ", [scope.value for scope in scopes]),
            )

    def sees_channel(self, channel: str) -> bool:
        """Whether the caller may know of a channel."""
        return self.channels is None or channel in self.channels

    def has(self, right: Right | None) -> bool:
        """Whether the caller has a right; None is one that everybody has."""
        return right is None or self.presence

    def allowed_channels(self, asked: Sequence[str]) -> tuple[str, ...]:
        """The channels a request of this caller means. None asked = all the caller may see; for
        a caller who sees everything that stays an empty list."""
        if self.channels is None:
            return tuple(asked)
        for channel in asked:
            if channel not in self.channels:
                raise NotAllowedError(
                    "channel: found {channel!r}; allowed: {allowed}",
                    channel=channel,
                    allowed=", ".join(sorted(self.channels)) or Text("none, ask an administrator"),
                )
        if not self.channels:
            raise NotAllowedError("no channels were given to you; ask an administrator")
        return tuple(asked) or tuple(sorted(self.channels))
