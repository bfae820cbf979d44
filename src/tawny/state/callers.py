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
from tawny.text import Text

PRESENCE_TYPES = frozenset(["user-presence", "users"])
"""Export types whose rows come from presence, which belongs to no channel."""


class Role(enum.StrEnum):
    """What a person is here for."""

    ADMINISTRATOR = "administrator"
    SUPERVISOR = "supervisor"


class Scope(enum.StrEnum):
    """What an API token may be used for; a token never may more than the person it belongs to."""

    EVENTS_WRITE = "events:write"
    EXPORTS_READ = "exports:read"
    EXPORTS_WRITE = "exports:write"
    METRICS_READ = "metrics:read"
    ADMIN = "admin"


ALL_SCOPES = frozenset(Scope)


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

    def need(self, scope: Scope) -> None:
        """Raise `NotAllowedError` unless `may(scope)`."""
        if not self.may(scope):
            raise NotAllowedError(
                "{scope}: {who} may not do this; ask an administrator",
                scope=scope.value,
                who=Text("this token") if self.token_id else self.name,
            )

    def sees_channel(self, channel: str) -> bool:
        """Whether the caller may know of a channel."""
        return self.channels is None or channel in self.channels

    def sees_type(self, export_type: str) -> bool:
        """Whether the caller may run an export type."""
        return self.presence or export_type not in PRESENCE_TYPES

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
            raise NotAllowedError("channels: none were given to you; ask an administrator")
        return tuple(asked) or tuple(sorted(self.channels))
