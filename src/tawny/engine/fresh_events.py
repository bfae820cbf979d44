"""The events of the log in a later of two of its states, as views of the embedded engine:
`all_<family>` are those of a family, `fresh_<family>` those of them that the earlier state had not,
each with its `step`: the version with which it came into sight, or the instant it is dated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from tawny.engine.duck import Duck
from tawny.engine.file_ids import FileIds
from tawny.engine.schema_evolution import SQL_TYPES
from tawny.log.arrivals import arrivals_ms
from tawny.log.files import Snapshot
from tawny.model.events import CONVERSATION_FAMILIES, FAMILIES
from tawny.model.layout import family_schema
from tawny.model.zones import EARLIEST_MS, LATEST_MS, instant_text
from tawny.queries.catalogue import Query

UNKNOWN_STEP = -1
"""Of an event that was dated after its commit: it came into sight some time later."""


@dataclass(frozen=True, slots=True)
class LogState:
    """What the log said as of the commit of a version."""

    version: int
    as_of_ms: int


ERASED = "contact.erased"

Steps = Literal["versions", "instants"]
"""What `step` says of an event: with which version it came into sight, or of when it is dated."""


@dataclass(frozen=True, slots=True)
class EventsRead:
    """Which events exports read, and by which steps."""

    families: frozenset[str]
    types: frozenset[str]
    steps: frozenset[str]
    """The names of the steps."""

    @classmethod
    def by(cls, exports: Iterable[Query]) -> EventsRead:
        """Those that some exports read."""
        exports = list(exports)
        families = frozenset[str]().union(*(export.families for export in exports))
        all_steps = [step for export in exports for step in export.all_steps]
        sql = "\n".join([*(step.sql for step in all_steps), *(one.select for one in exports)])
        types = {
            data.event_type
            for known in FAMILIES.values()
            for data in known
            if f"'{data.event_type}'" in sql
        }
        if any("erased_contacts" in export.tables for export in exports):
            types.add(ERASED)
            families |= {"contact"}
        return cls(families, frozenset(types), frozenset(step.name for step in all_steps))


class FreshEvents:
    """The events that exports read, on a connection of the embedded engine."""

    def __init__(
        self,
        duck: Duck,
        snapshot: Snapshot,
        read: EventsRead,
        before: LogState | None,
        now: LogState,
        steps: Steps = "versions",
    ) -> None:
        """`before` is None for who has seen nothing yet; nothing is called fresh then."""
        self._duck = duck
        self._snapshot = snapshot
        self._before = before
        self._now = now
        self.ids = FileIds(duck, snapshot)
        self.steps: Steps = steps
        self.families, self.types = read.families, read.types
        self.unknown_step = UNKNOWN_STEP if steps == "versions" else EARLIEST_MS
        """The step of what may have come into sight at any; of instants the earliest."""
        self.until_ms = now.as_of_ms if before is None else max(now.as_of_ms, before.as_of_ms)
        self.since_ms = now.as_of_ms if before is None else min(now.as_of_ms, before.as_of_ms)
        for family in self.families:
            self._create_all(family)
        self._make_fresh()

    def make_near(self, name: str, family: str, first_ms: int, last_ms: int) -> str:
        """Make a view of those of `all_<family>` that lie in a span of time, both ends included, of
        the files that can hold any; returns its name."""
        paths = self._snapshot.paths(family, first_ms, last_ms)
        return self.make_part(name, family, paths, _within(first_ms, last_ms))

    def make_holding(
        self,
        name: str,
        family: str,
        column: str,
        ids: str,
        within: tuple[int, int] | None = None,
    ) -> str:
        """Make a view of a part of `all_<family>` that has every event whose column is one of a
        select of ids, of the files that can hold any; returns its name. Of a span of time, both
        ends included, where one is given."""
        first_ms, last_ms = within or (None, None)
        paths = self.ids.paths(family, column, ids, first_ms, last_ms)
        conditions = [] if within is None else _within(*within)
        return self.make_part(name, family, paths, conditions)

    def paths(self, family: str, first_ms: int | None, last_ms: int | None) -> list[str]:
        """Absolute paths of a family's files that may hold events of a span of time."""
        return self._snapshot.paths(family, first_ms, last_ms)

    def make_part(
        self, name: str, family: str, paths: Sequence[str], conditions: Sequence[str] = ()
    ) -> str:
        """Make a view of those of `all_<family>` that are in some files; returns its name."""
        self._create(name, family, paths, conditions)
        return name

    def _create_all(self, family: str) -> None:
        self._create(f"all_{family}", family, self._snapshot.paths(family), [])

    def _create(
        self, name: str, family: str, paths: Sequence[str], conditions: Sequence[str]
    ) -> None:
        names = _columns(family)
        if paths:
            source = self._duck.events(self._snapshot, family, paths)
            # An erasure counts whatever its time.
            conditions = [
                *conditions,
                f"log_version <= {self._now.version}",
                f"(time_ms <= {self.until_ms} OR type = '{ERASED}')",
            ]
            select = (
                f"SELECT {', '.join(names)} FROM {source} AS events "
                f"WHERE {' AND '.join(conditions)}"
            )
        else:
            types = {"time_ms": "BIGINT", "log_version": "BIGINT"} | {
                field.name: SQL_TYPES[str(field.type)] for field in family_schema(family)
            }
            columns = ", ".join(f"CAST(NULL AS {types[name]}) AS {name}" for name in names)
            select = f"SELECT {columns} WHERE false"
        self._duck.make_view(name, select)

    def _is_fresh(self) -> str:
        if self._before is None:
            return "false"
        if self.since_ms == self.until_ms:
            # What nobody saw then came later; files of before that are not opened.
            return f"log_version > {self._before.version}"
        return (
            f"(log_version > {self._before.version} OR "
            f"(time_ms > {self.since_ms} AND type <> '{ERASED}'))"
        )

    def _make_fresh(self) -> None:
        duck = self._duck
        for family in self.families:
            duck.make_step(
                f"fresh_events_{family}",
                # Contents are long, and nobody asks what was said.
                f"SELECT {', '.join(_columns(family, without=['content']))} FROM all_{family} "
                f"WHERE {self._is_fresh()}",
                {},
                reads=1,
            )
        if self.steps == "versions":
            self._know_commits()
        for family in self.families:
            duck.make_view(f"fresh_{family}", self._with_step(f"fresh_events_{family}"))

    def _know_commits(self) -> None:
        """Make `committed (version, at_ms)` of the versions that fresh events came with."""
        duck, versions = self._duck, set()
        for family in self.families:
            rows = duck.rows(f"SELECT DISTINCT log_version FROM fresh_events_{family}")
            versions |= {int(str(row[0])) for row in rows}
        committed = arrivals_ms(self._snapshot.folder, versions)
        duck.add_table(
            "committed",
            pa.table(
                {
                    "version": pa.array(list(committed), pa.int64()),
                    "at_ms": pa.array(list(committed.values()), pa.int64()),
                }
            ),
        )

    def _with_step(self, events: str) -> str:
        if self.steps == "instants":
            # An erasure counts whatever its time.
            return (
                f"SELECT events.*, CASE WHEN type = '{ERASED}' THEN {self.unknown_step} "
                f"ELSE time_ms END AS step FROM {events} AS events"
            )
        return (
            "SELECT events.*, CASE WHEN committed.at_ms IS NULL OR (time_ms > committed.at_ms "
            f"AND type <> '{ERASED}') THEN {self.unknown_step} ELSE log_version END AS step "
            f"FROM {events} AS events LEFT JOIN committed ON committed.version = events.log_version"
        )

    def was_there(self) -> str:
        """The condition under which an event of `all_<family>` was in sight before."""
        if self._before is None:
            return "false"
        return f"log_version <= {self._before.version} AND time_ms <= {self.since_ms}"

    def was_there_before(self, families: Iterable[str]) -> str:
        """The same of events that were in sight at every instant that fresh events of some families
        are dated, where steps are instants."""
        condition = self.was_there()
        if self.steps == "instants" and self._before is not None:
            dated = " UNION ALL ".join(f"SELECT time_ms FROM fresh_{name}" for name in families)
            [[first_ms]] = self._duck.rows(f"SELECT min(time_ms) FROM ({dated}) AS fresh")
            if first_ms is not None:
                condition += f" AND time_ms <= {int(str(first_ms))}"
        return condition

    def reads(self, event_type: str) -> bool:
        """Whether the export reads events of a type."""
        return event_type in self.types

    def own_families(self) -> list[str]:
        """The families that it reads whose events name a conversation."""
        return [family for family in CONVERSATION_FAMILIES if family in self.families]


def _columns(family: str, without: Sequence[str] = ()) -> list[str]:
    names = ["time_ms", "log_version", *family_schema(family).names]
    return [name for name in names if name not in without]


def _within(first_ms: int, last_ms: int) -> list[str]:
    first, last = instant_text(max(first_ms, EARLIEST_MS)), instant_text(min(last_ms, LATEST_MS))
    return [f"time >= TIMESTAMPTZ '{first}'", f"time <= TIMESTAMPTZ '{last}'"]
