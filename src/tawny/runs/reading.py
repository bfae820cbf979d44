"""Looking into an export without writing a file: how many rows, the first of them, its channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tawny.engine.duck import Duck, Value
from tawny.engine.snapshot import View, create_tables, known_channels
from tawny.exports.queries import Query, query
from tawny.exports.rendering import machine_select
from tawny.exports.request import ExportRequest, resolve
from tawny.log.table import Snapshot
from tawny.model.zones import LATEST_MS, offset_segments
from tawny.runs.export import ExportSession
from tawny.runs.receipt import Replay


@dataclass(frozen=True, slots=True)
class Prepared:
    """An export's query whose tables are there, and the values it binds."""

    export: Query
    values: Mapping[str, Value]
    view: View


def prepare(session: ExportSession, request: ExportRequest, replay: Replay | None) -> Prepared:
    """Create the tables of an export on the session's connection."""
    bounds = resolve(request, session.now_ms)
    export = query(request.export_type)
    view = session.view(request, bounds, replay)
    return Prepared(export, session.prepare(export, view), view)


def count_rows(session: ExportSession, request: ExportRequest) -> int:
    """How many rows an export has."""
    prepared = prepare(session, request, None)
    return int(
        str(
            session.duck.rows(
                f"SELECT count(*) FROM (\n{prepared.export.statement}\n)",  # noqa: S608
                prepared.values,
            )[0][0]
        )
    )


def first_rows(
    session: ExportSession, request: ExportRequest, replay: Replay, rows: int
) -> list[list[str | None]]:
    """The first rows of an export as its CSV shows them; None = empty."""
    prepared = prepare(session, request, replay)
    bounds = resolve(request, session.now_ms)
    months = session.snapshot.months()
    sql = machine_select(
        prepared.export.statement,
        prepared.export.columns,
        offset_segments(bounds.zone, months),
        "key",
    )
    found = session.duck.rows(f"{sql} LIMIT {int(rows)}", prepared.values)
    return [[None if cell is None else str(cell) for cell in row] for row in found]


def channel_list(duck: Duck, snapshot: Snapshot) -> list[dict[str, Any]]:
    """Every channel that appears in the log, as it was last saved."""
    ids = known_channels(duck, snapshot, None)
    create_tables(duck, snapshot, View(as_of_ms=LATEST_MS), ["reference_events"])
    saved = {
        str(row[0]): row[1:]
        for row in duck.rows(
            "SELECT channel_id, arg_max(medium, o), arg_max(name, o), "
            "arg_max(coalesce(display_name, ''), o) FROM (SELECT *, "
            "(time_ms, sequence, source, id) AS o FROM reference_events "
            "WHERE type = 'channel.saved') GROUP BY channel_id"
        )
    }
    channels = []
    for channel in ids:
        medium, name, display_name = saved.get(channel, ("", "", ""))
        channels.append(
            {
                "id": channel,
                "medium": str(medium),
                "name": str(name),
                "display_name": str(display_name),
            }
        )
    return sorted(channels, key=lambda channel: (channel["medium"], channel["name"], channel["id"]))
