"""The events that one of two states of the log has and the other has not, by what they name.

`moved_events` has a line for each: its key, the version with which it arrived, on which side it is.
`moved_links (event, name, id)` says what it names: the contact, conversation, message and so on.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tawny.engine.duck import Duck
from tawny.engine.event_keys import EVENT_KEY, EventKey, event_key
from tawny.engine.evidence import as_sent
from tawny.engine.fresh_events import ERASED, EventsRead, FreshEvents, LogState
from tawny.log.files import Snapshot
from tawny.model.events import EVENT_TYPES
from tawny.model.layout import family_columns

DECISIVE = (ERASED, "conversation.created")
"""What decides whether others count at all, so that it is named in none of their rows."""

_CLOSEST_FIRST = (
    *("message_id", "survey_id", "attribute_id", "conversation_id", "topic_id", "tag_id"),
    *("contact_id", "agent_id", "team_id", "channel_id"),
)
"""What events name, the narrowest first."""

Links = Collection[tuple[str, str]]
"""Names of columns with an id each."""


@dataclass(frozen=True, slots=True)
class MovedEvent:
    """An event that only one of the states has."""

    key: EventKey
    log_version: int
    """With which it arrived."""
    is_now: bool
    """Whether the later side has it."""


class MovedEvents:
    """Finds them among the events that an export reads, on a connection of the embedded engine."""

    def __init__(
        self,
        duck: Duck,
        snapshot: Snapshot,
        read: EventsRead,
        before: LogState,
        now: LogState,
        erasures: tuple[int, int],
    ) -> None:
        """`erasures` are the versions up to which erasures count in each of the states."""
        self._duck = duck
        both = LogState(
            min(before.version, now.version, *erasures), min(before.as_of_ms, now.as_of_ms)
        )
        either = LogState(
            max(before.version, now.version, *erasures), max(before.as_of_ms, now.as_of_ms)
        )
        self._families = sorted(read.families)
        self._all = FreshEvents(duck, snapshot, read, both, either, "instants")
        types = ", ".join(f"'{name}'" for name in sorted(read.types))
        has = [_has(state, erased) for state, erased in zip((before, now), erasures, strict=True)]
        parts, links = [], []
        for family in self._families:
            source = f"fresh_events_{family} WHERE type IN ({types}) AND ({has[0]}) <> ({has[1]})"
            parts.append(
                f"SELECT {EVENT_KEY} AS event, log_version, {has[1]} AS is_now FROM {source}"
            )
            names = [name for name in family_columns(family) if name in _CLOSEST_FIRST]
            links += [
                f"SELECT {EVENT_KEY} AS event, type, '{name}' AS name, {name} AS id FROM {source} "
                f"AND {name} IS NOT NULL"
                for name in names
            ]
        duck.make_step("moved_events", "\nUNION ALL\n".join(parts), {}, reads=1)
        duck.make_step("moved_links", "\nUNION ALL\n".join(links), {}, reads=1)

    def among(self, keys: Collection[EventKey]) -> list[MovedEvent]:
        """Those of some events that moved, in their order."""
        if not keys:
            return []
        rows = self._duck.rows(
            "SELECT event, log_version, is_now FROM moved_events "
            "WHERE list_contains($keys, event) ORDER BY event",
            {"keys": [one.key for one in keys]},
        )
        return [_moved(row) for row in rows]

    def naming(self, links: Links, *, only_decisive: bool = False) -> list[MovedEvent]:
        """Those that name any of some things: what decides whether they count at all, else those
        that name the narrowest of them."""
        if not links:
            return []
        self._look_for(links)
        decisive = ", ".join(f"'{name}'" for name in DECISIVE)
        place = " ".join(
            f"WHEN links.name = '{name}' THEN {place + 1}"
            for place, name in enumerate(_CLOSEST_FIRST)
        )
        # The creation of a conversation names its channel and contact too; only what is looked for
        # by the conversation itself is decided by it.
        found = (
            "SELECT links.event, min(CASE WHEN links.type = 'contact.erased' "
            "OR (links.type = 'conversation.created' AND links.name = 'conversation_id') THEN 0 "
            f"{place} END) AS place FROM moved_links AS links INNER JOIN looked_for "
            "ON looked_for.name = links.name AND looked_for.id = links.id "
            f"{f'WHERE links.type IN ({decisive})' if only_decisive else ''} GROUP BY links.event"
        )
        nearest = "place = 0" if only_decisive else f"place = (SELECT min(place) FROM ({found}))"
        rows = self._duck.rows(
            "SELECT moved_events.event, log_version, is_now FROM moved_events "
            f"INNER JOIN ({found}) AS found ON found.event = moved_events.event "
            f"WHERE {nearest} ORDER BY moved_events.event"
        )
        return [_moved(row) for row in rows]

    def touched(self, links: Links) -> set[tuple[str, str]]:
        """Those of some things that any of them names."""
        if not links:
            return set()
        self._look_for(links)
        rows = self._duck.rows(
            "SELECT name, id FROM looked_for SEMI JOIN moved_links USING (name, id)"
        )
        return {(str(name), str(one)) for name, one in rows}

    def _look_for(self, links: Links) -> None:
        """Make the table `looked_for` of some things."""
        names, ids = [name for name, _ in links], [one for _, one in links]
        table = {"name": pa.array(names, pa.string()), "id": pa.array(ids, pa.string())}
        self._duck.add_table("looked_for", pa.table(table))

    def links(self, keys: Collection[EventKey]) -> set[tuple[str, str]]:
        """What some events name, of either state."""
        found: set[tuple[str, str]] = set()
        by_family: dict[str, list[EventKey]] = {}
        for key in keys:
            by_family.setdefault(EVENT_TYPES[key.type].family, []).append(key)
        for family, named in by_family.items():
            names = [name for name in family_columns(family) if name in _CLOSEST_FIRST]
            first_ms, last_ms = min(k.time_ms for k in named), max(k.time_ms for k in named)
            near = self._all.make_near("events_behind", family, first_ms, last_ms)
            rows = self._duck.named_rows(
                f"SELECT {', '.join(names)} FROM {near} WHERE list_contains($keys, {EVENT_KEY})",
                {"keys": [key.key for key in named]},
            )
            found |= {
                (name, str(one)) for row in rows for name, one in row.items() if one is not None
            }
        return found

    def owners(self, conversations: Collection[str]) -> list[tuple[str, str]]:
        """The contacts and channels of some conversations, as links."""
        if "conversation" not in self._families or not conversations:
            return []
        rows = self._duck.rows(
            "SELECT DISTINCT contact_id, channel_id FROM all_conversation "
            "WHERE type = 'conversation.created' AND list_contains($ids, conversation_id)",
            {"ids": sorted(conversations)},
        )
        named = [(("contact_id", row[0]), ("channel_id", row[1])) for row in rows]
        return [(name, str(one)) for pair in named for name, one in pair if one is not None]

    def channels(self, conversations: Collection[str]) -> dict[str, str]:
        """The channel of each of some conversations that were created."""
        if "conversation" not in self._families or not conversations:
            return {}
        rows = self._duck.rows(
            "SELECT conversation_id, min_by(channel_id, time_ms) FROM all_conversation "
            "WHERE type = 'conversation.created' AND list_contains($ids, conversation_id) "
            "GROUP BY conversation_id",
            {"ids": sorted(conversations)},
        )
        return {str(conversation): str(channel) for conversation, channel in rows}

    def events(self, keys: Collection[EventKey]) -> dict[EventKey, dict[str, Any]]:
        """Some moved events as they would be sent, without the texts of messages."""
        found: dict[EventKey, dict[str, Any]] = {}
        wanted = {key.key: key for key in keys}
        for family in {EVENT_TYPES[key.type].family for key in keys}:
            rows = self._duck.named_rows(
                f"SELECT {EVENT_KEY} AS event_key, * EXCLUDE (time) FROM fresh_events_{family} "
                "WHERE list_contains($keys, event_key)",
                {"keys": list(wanted)},
            )
            for row in rows:
                key = wanted[row.pop("event_key")]
                found[key] = as_sent({**row, "content": None})
        return found


def _has(state: LogState, erasures_version: int) -> str:
    """The condition under which a state has an event; an erasure counts whatever its time."""
    return (
        f"CASE WHEN type = '{ERASED}' THEN log_version <= {int(erasures_version)} "
        f"ELSE log_version <= {int(state.version)} AND time_ms <= {int(state.as_of_ms)} END"
    )


def _moved(row: tuple[object, ...]) -> MovedEvent:
    key, version, is_now = row
    return MovedEvent(event_key(str(key)), int(str(version)), bool(is_now))
