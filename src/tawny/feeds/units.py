"""The rows of an export in one state of the log, of some conversations, some agents, or a period.

They are made by the export's own statement. Which conversations it looks at (`scope`) is told to
it: any set that holds those whose rows are wanted and what these are read from gives them exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from tawny.engine.base import Value
from tawny.engine.duck import Duck
from tawny.engine.feed_rows import WANTED, is_wanted, keep_rows
from tawny.engine.fresh_events import LogState
from tawny.engine.snapshot import (
    IN_SCOPE,
    View,
    create_scope_tables,
    create_tables,
    create_view,
    within_range,
)
from tawny.exports.slicing import Slicing, values_of
from tawny.log.files import Snapshot
from tawny.model.events import CONVERSATION_FAMILIES
from tawny.model.periods import Period
from tawny.model.zones import EARLIEST_MS, LATEST_MS
from tawny.queries.catalogue import Query
from tawny.queries.plan import SCOPE, Step


class StateRows:
    """The rows of an export in one state, on a connection of its own."""

    def __init__(
        self,
        duck: Duck,
        snapshot: Snapshot,
        export: Query,
        state: LogState,
        *,
        channels: Sequence[str],
        content_media: Sequence[str] | None,
        erasures_until: int | None,
        periods: Sequence[Period] = (),
        within: Period | None = None,
    ) -> None:
        """With `within` the rows of conversations are those of that range; else all."""
        self.duck = duck
        self._snapshot = snapshot
        self._export = export
        self._everything = View(
            as_of_ms=state.as_of_ms,
            from_ms=EARLIEST_MS if within is None else within.from_ms,
            to_ms=LATEST_MS + 1 if within is None else within.to_ms,
            log_version=state.version,
            channels=tuple(channels),
            content_media=content_media,
            erasures_until=erasures_until,
        )
        self._is_begun = False
        views = [
            replace(self._everything, from_ms=period.from_ms, to_ms=period.to_ms)
            for period in periods
        ]
        self._slicing = Slicing(export, snapshot, views)

    def of_period(self, index: int) -> None:
        """The rows of one of the periods."""
        values = next(self._slicing.prepare(index, self.duck))
        self._keep(values, "true")

    def of_conversations(self, wanted: pa.Table, scope: pa.Table) -> None:
        """The rows of some conversations (`entity_id`); `scope (conversation_id)` are these and
        those from which they are read."""
        export, view = self._export, self._everything
        self.duck.add_table(WANTED, wanted)
        self.duck.add_table(SCOPE, scope)
        tables = export.tables_of_range if self._is_begun else export.tables
        create_tables(self.duck, self._snapshot, view, tables)
        for family in CONVERSATION_FAMILIES:
            name = f"{family}_events_in_range"
            if name in export.tables:
                first_ms, last_ms = view.from_ms, min(view.as_of_ms, (view.to_ms or 0) - 1)
                paths = self.duck.narrowed(
                    self._snapshot.paths(family, first_ms, last_ms), IN_SCOPE
                )
                conditions = [IN_SCOPE, *within_range(view)]
                create_view(self.duck, self._snapshot, view, family, name, paths, conditions)
        self._make([step for step in export.scope if step.name != SCOPE])
        create_scope_tables(self.duck, self._snapshot, view, tables)
        self._make(export.steps)
        self._is_begun = True
        self._keep(values_of(view), is_wanted("conversation_id"))

    def of_agents(self, wanted: pa.Table) -> None:
        """The ended intervals of presence of some agents (`entity_id`)."""
        export, view = self._export, self._everything
        self.duck.add_table(WANTED, wanted)
        if not self._is_begun:
            create_tables(self.duck, self._snapshot, view, export.tables)
            create_view(
                self.duck, self._snapshot, view, "presence", "presence_events",
                self._snapshot.paths("presence", None, view.as_of_ms),
                [is_wanted("agent_id")],
            )  # fmt: skip
        for step in export.steps:
            self.duck.make_step(step.name, step.sql, values_of(view), reads=1)
        self._is_begun = True
        self._keep(values_of(view), '"to" IS NOT NULL')

    def _make(self, steps: Sequence[Step]) -> None:
        values = values_of(self._everything)
        for step in steps:
            if step.is_of_range or SCOPE in step.reads or not self._is_begun:
                self.duck.make_step(step.name, step.sql, values, reads=step.reads_of_it)

    def _keep(self, values: Mapping[str, Value], condition: str) -> None:
        keep_rows(self.duck, self._export.keyed_select, condition, values)
