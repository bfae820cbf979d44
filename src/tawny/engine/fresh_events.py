"""The events of the log in a later of two of its states, as views of the embedded engine:
`all_<family>` are those of a family, `fresh_<family>` those of them that the earlier state had not,
each with its `step`, the version with which it came into sight."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from tawny.engine.duck import Duck
from tawny.engine.schema_evolution import SQL_TYPES
from tawny.log.arrivals import arrivals_ms
from tawny.log.files import Snapshot
from tawny.model.events import CONVERSATION_FAMILIES, FAMILIES
from tawny.model.layout import family_schema
from tawny.queries.catalogue import Query

UNKNOWN_STEP = -1
"""Of an event that was dated after its commit: it came into sight some time later."""


@dataclass(frozen=True, slots=True)
class LogState:
    """What the log said as of the commit of a version."""

    version: int
    as_of_ms: int


class FreshEvents:
    """The events that an export reads, on a connection of the embedded engine."""

    def __init__(
        self, duck: Duck, snapshot: Snapshot, export: Query, before: LogState | None, now: LogState
    ) -> None:
        """`before` is None for who has seen nothing yet; nothing is called fresh then."""
        self._duck = duck
        self._snapshot = snapshot
        self._before = before
        self._now = now
        self.families = export.families
        sql = "\n".join([*(step.sql for step in export.all_steps), export.select])
        self.types = {
            data.event_type
            for types in FAMILIES.values()
            for data in types
            if f"'{data.event_type}'" in sql
        }
        if "erased_contacts" in export.tables:
            self.types.add("contact.erased")
            self.families |= {"contact"}
        self.until_ms = now.as_of_ms if before is None else max(now.as_of_ms, before.as_of_ms)
        self.since_ms = now.as_of_ms if before is None else min(now.as_of_ms, before.as_of_ms)
        for family in self.families:
            self._create_all(family)
        self._make_fresh()

    def _create_all(self, family: str) -> None:
        paths = self._snapshot.paths(family)
        names = ["time_ms", "log_version", *family_schema(family).names]
        if paths:
            source = self._duck.events(self._snapshot, family, paths)
            # An erasure counts whatever its time.
            where = (
                f"log_version <= {self._now.version} "
                f"AND (time_ms <= {self.until_ms} OR type = 'contact.erased')"
            )
            select = f"SELECT {', '.join(names)} FROM {source} AS events WHERE {where}"
        else:
            types = {"time_ms": "BIGINT", "log_version": "BIGINT"} | {
                field.name: SQL_TYPES[str(field.type)] for field in family_schema(family)
            }
            columns = ", ".join(f"CAST(NULL AS {types[name]}) AS {name}" for name in names)
            select = f"SELECT {columns} WHERE false"
        self._duck.make_view(f"all_{family}", select)

    def _is_fresh(self) -> str:
        if self._before is None:
            return "false"
        return (
            f"(log_version > {self._before.version} OR "
            f"(time_ms > {self.since_ms} AND type <> 'contact.erased'))"
        )

    def _make_fresh(self) -> None:
        duck, steps = self._duck, set()
        for family in self.families:
            duck.make_step(
                f"fresh_events_{family}",
                f"SELECT * FROM all_{family} WHERE {self._is_fresh()}",
                {},
                reads=1,
            )
            rows = duck.rows(f"SELECT DISTINCT log_version FROM fresh_events_{family}")
            steps |= {int(str(row[0])) for row in rows}
        committed = arrivals_ms(self._snapshot.folder, steps)
        duck.add_table(
            "committed",
            pa.table(
                {
                    "version": pa.array(list(committed), pa.int64()),
                    "at_ms": pa.array(list(committed.values()), pa.int64()),
                }
            ),
        )
        for family in self.families:
            duck.make_view(
                f"fresh_{family}",
                "SELECT events.*, CASE WHEN committed.at_ms IS NULL OR (time_ms > committed.at_ms "
                f"AND type <> 'contact.erased') THEN {UNKNOWN_STEP} ELSE log_version END AS step "
                f"FROM fresh_events_{family} AS events "
                "LEFT JOIN committed ON committed.version = events.log_version",
            )

    def was_there(self) -> str:
        """The condition under which an event of `all_<family>` was in sight before."""
        if self._before is None:
            return "false"
        return f"log_version <= {self._before.version} AND time_ms <= {self.since_ms}"

    def reads(self, event_type: str) -> bool:
        """Whether the export reads events of a type."""
        return event_type in self.types

    def own_families(self) -> list[str]:
        """The families that it reads whose events name a conversation."""
        return [family for family in CONVERSATION_FAMILIES if family in self.families]
