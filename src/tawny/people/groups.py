"""Groups of channels: a right given to a person by the name of a group follows the group when its
channels change. What a person was given directly stays beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tawny.errors import ConflictError, NotFoundError, RequestError
from tawny.model.zones import current_ms
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Scope
from tawny.people.names import shown_name
from tawny.state.database import Database
from tawny.state.tables import (
    channel_groups,
    group_channels,
    user_channels,
    user_groups,
    users,
)

LONGEST_NAME = 128
_LONGEST_CHANNEL = 256
_MOST_CHANNELS = 1000


@dataclass(frozen=True, slots=True)
class ChannelGroup:
    """A group, its channels, and who has it."""

    id: int
    name: str
    channels: Sequence[str]
    people: Sequence[str]
    """The names they sign in with."""


class ChannelGroups:
    """The groups of one installation; administrators only."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def list(self, caller: Caller) -> list[ChannelGroup]:
        """Every group, by name."""
        caller.need(Scope.ADMIN)
        with self._database.read() as connection:
            return _groups(connection)

    def create(self, caller: Caller, name: str, channels: Sequence[str]) -> ChannelGroup:
        """Make a group. Raises `RequestError`, and `ConflictError` for a name that is taken."""
        caller.need(Scope.ADMIN)
        name, channels = _legal_name(name), legal_channels(channels)
        with self._database.write() as connection:
            _check_free(connection, name, None)
            group_id: int = connection.execute(
                channel_groups.insert()
                .values(name=name, created_ms=current_ms())
                .returning(channel_groups.c.id)
            ).scalar_one()
            _set_group_channels(connection, group_id, channels)
            self._audit.add(connection, caller, "group_created", name, channels=channels)
            return _group(connection, group_id)

    def change(self, caller: Caller, group_id: int, changes: Mapping[str, Any]) -> ChannelGroup:
        """Change `name` or `channels`; from then on everybody who has the group sees these."""
        caller.need(Scope.ADMIN)
        changed: dict[str, Any] = {}
        if "name" in changes:
            changed["name"] = _legal_name(changes["name"])
        if "channels" in changes:
            changed["channels"] = legal_channels(changes["channels"])
        with self._database.write() as connection:
            before = _group(connection, group_id)
            if "name" in changed:
                _check_free(connection, changed["name"], group_id)
                connection.execute(
                    channel_groups.update()
                    .where(channel_groups.c.id == group_id)
                    .values(name=changed["name"])
                )
            if "channels" in changed:
                _set_group_channels(connection, group_id, changed["channels"])
            self._audit.add(connection, caller, "group_changed", before.name, **changed)
            return _group(connection, group_id)

    def delete(self, caller: Caller, group_id: int) -> None:
        """Delete a group: who has it sees its channels no longer, unless given otherwise."""
        caller.need(Scope.ADMIN)
        with self._database.write() as connection:
            group = _group(connection, group_id)
            connection.execute(channel_groups.delete().where(channel_groups.c.id == group_id))
            self._audit.add(
                connection, caller, "group_deleted", group.name,
                channels=list(group.channels), people=list(group.people),
            )  # fmt: skip


def legal_channels(channels: Iterable[str]) -> list[str]:
    """The ids of channels that are given, each once and in order; also of some that nothing was
    heard of yet. Raises `RequestError`."""
    kept = sorted(set(channels))
    if len(kept) > _MOST_CHANNELS:
        raise RequestError(
            "channels: found {count}; allowed at most {most}; make groups of them",
            count=len(kept),
            most=_MOST_CHANNELS,
        )
    for channel in kept:
        if not 1 <= len(channel) <= _LONGEST_CHANNEL:
            raise RequestError(
                "channels: found an id of {count} characters; allowed 1 to {longest}",
                count=len(channel),
                longest=_LONGEST_CHANNEL,
            )
    return kept


def set_groups(connection: sa.Connection, user_id: int, names: Iterable[str]) -> list[str]:
    """Give a person these groups and no others; returns their names. Raises `RequestError` for one
    that does not exist."""
    wanted = sorted(set(names))
    rows = connection.execute(sa.select(channel_groups.c.name, channel_groups.c.id))
    ids = {row.name: int(row.id) for row in rows}
    for name in wanted:
        if name not in ids:
            raise RequestError(
                "groups: found {name!r}, which there is not; make the group first", name=name
            )
    connection.execute(user_groups.delete().where(user_groups.c.user_id == user_id))
    for name in wanted:
        connection.execute(user_groups.insert().values(user_id=user_id, group_id=ids[name]))
    return wanted


def groups_of_people(connection: sa.Connection, user_id: int | None = None) -> dict[int, list[str]]:
    """The names of the groups of everybody, or of one person, by the person's number."""
    given = (
        sa.select(user_groups.c.user_id, channel_groups.c.name)
        .join(channel_groups, channel_groups.c.id == user_groups.c.group_id)
        .order_by(channel_groups.c.name)
    )
    if user_id is not None:
        given = given.where(user_groups.c.user_id == user_id)
    found: dict[int, list[str]] = {}
    for row in connection.execute(given):
        found.setdefault(row.user_id, []).append(row.name)
    return found


def channels_given(connection: sa.Connection, user_id: int) -> frozenset[str]:
    """All channels a supervisor may see: those given directly and those of the groups."""
    directly = sa.select(user_channels.c.channel_id).where(user_channels.c.user_id == user_id)
    by_group = (
        sa.select(group_channels.c.channel_id)
        .join(user_groups, user_groups.c.group_id == group_channels.c.group_id)
        .where(user_groups.c.user_id == user_id)
    )
    return frozenset(connection.execute(directly.union(by_group)).scalars())


def _legal_name(name: str) -> str:
    kept = shown_name("name", name)
    if not 1 <= len(kept) <= LONGEST_NAME:
        raise RequestError(
            "name: found {count} characters; allowed 1 to {longest}",
            count=len(kept),
            longest=LONGEST_NAME,
        )
    return kept


def _check_free(connection: sa.Connection, name: str, but: int | None) -> None:
    """Names of groups are told apart without regard to capitals."""
    for row in connection.execute(sa.select(channel_groups.c.id, channel_groups.c.name)):
        if row.id != but and row.name.casefold() == name.casefold():
            raise ConflictError("name: {name!r} is taken; choose another", name=row.name)


def _set_group_channels(connection: sa.Connection, group_id: int, channels: Iterable[str]) -> None:
    connection.execute(group_channels.delete().where(group_channels.c.group_id == group_id))
    for channel in channels:
        connection.execute(group_channels.insert().values(group_id=group_id, channel_id=channel))


def _groups(connection: sa.Connection, group_id: int | None = None) -> list[ChannelGroup]:
    rows = sa.select(channel_groups).order_by(channel_groups.c.name)
    members = sa.select(group_channels).order_by(group_channels.c.channel_id)
    having = (
        sa.select(user_groups.c.group_id, users.c.name)
        .join(users, users.c.id == user_groups.c.user_id)
        .order_by(users.c.name)
    )
    if group_id is not None:
        rows = rows.where(channel_groups.c.id == group_id)
        members = members.where(group_channels.c.group_id == group_id)
        having = having.where(user_groups.c.group_id == group_id)
    channels: dict[int, list[str]] = {}
    for row in connection.execute(members):
        channels.setdefault(row.group_id, []).append(row.channel_id)
    people: dict[int, list[str]] = {}
    for row in connection.execute(having):
        people.setdefault(row.group_id, []).append(row.name)
    return [
        ChannelGroup(
            row.id, row.name, tuple(channels.get(row.id, ())), tuple(people.get(row.id, ()))
        )
        for row in connection.execute(rows)
    ]


def _group(connection: sa.Connection, group_id: int) -> ChannelGroup:
    found = _groups(connection, group_id)
    if not found:
        raise NotFoundError("there is no group with the number {group_id}", group_id=group_id)
    return found[0]
