"""Looking into an export without writing a file: how many rows, the first of them, its channels."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tawny.engine import finished_rows
from tawny.engine.base import Embedded, Value
from tawny.engine.cells import machine_select
from tawny.engine.log_facts import SavedChannel, known_channels, saved_channels
from tawny.engine.snapshot import View
from tawny.exports.receipt import Replay
from tawny.exports.request import ExportRequest, chosen_columns, resolve
from tawny.exports.session import ExportSession
from tawny.log.files import Snapshot
from tawny.model.zones import LATEST_MS, offset_segments
from tawny.queries.catalogue import Query, query


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
    return finished_rows.count_rows(session.engine, prepared.export.statement, prepared.values)


def first_rows(
    session: ExportSession, request: ExportRequest, replay: Replay, rows: int
) -> list[list[str | None]]:
    """The first rows of an export as its CSV shows them; None = empty."""
    prepared = prepare(session, request, replay)
    bounds = resolve(request, session.now_ms)
    months = session.snapshot.months()
    texts = machine_select(
        prepared.export.statement,
        chosen_columns(request),
        offset_segments(bounds.zone, months),
        "key",
    )
    return finished_rows.first_rows(session.engine, texts, prepared.values, rows)


def channel_list(engine: Embedded, snapshot: Snapshot) -> list[dict[str, Any]]:
    """Every channel that appears in the log, as it was last saved."""
    saved = saved_channels(engine, snapshot, View(as_of_ms=LATEST_MS))
    unknown = SavedChannel("", "", "", None)
    channels = []
    for channel in known_channels(engine, snapshot, None):
        one = saved.get(channel, unknown)
        channels.append(
            {
                "id": channel,
                "medium": one.medium,
                "name": one.name,
                "display_name": one.display_name,
                "business_hours": None
                if one.business_hours is None
                else json.loads(one.business_hours),
            }
        )
    return sorted(
        channels,
        key=lambda one: (
            one["medium"], _natural(one["display_name"] or one["name"] or one["id"]), one["id"],
        ),
    )  # fmt: skip


def _natural(name: str) -> list[tuple[int, str]]:
    """A name as people sort it: desk 9 before desk 10, whatever the capitals."""
    parts = re.findall(r"\d+|\D+", name.casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
