"""What differs between two states, as a person reads it, and as programs do."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tawny.differences.cause import DifferenceCause
from tawny.differences.comparison import ChangedCell, ChangedRow, Comparison
from tawny.differences.folding import MOST_NAMED, Fold, folds
from tawny.differences.side import Side
from tawny.explanations.words import event_words
from tawny.languages import translated
from tawny.model.zones import instant_text, local_text
from tawny.queries.catalogue import query
from tawny.text import N_, Text, one_line

Json = dict[str, Any]

CSV_COLUMNS = (
    *("row", "change", "column", "before", "after", "cause", "kind"),
    *("event_source", "event_id", "event_type", "event_time", "arrived"),
)
"""A line for each cell and cause."""

_CHANGES: Mapping[str, Text] = {
    "added": Text("added"),
    "removed": Text("removed"),
    "changed": Text("changed"),
}

_RENAMED: Mapping[str, tuple[str, str]] = {
    "channel.saved": ("channel_id", N_("channel {id} is renamed {name!r}")),
    "team.saved": ("team_id", N_("team {id} is renamed {name!r}")),
    "agent.saved": ("agent_id", N_("agent {id} is renamed {name!r}")),
    "topic.saved": ("topic_id", N_("topic {id} is renamed {name!r}")),
    "tag.saved": ("tag_id", N_("tag {id} is renamed {name!r}")),
}


def cause_words(cause: DifferenceCause, cell: ChangedCell | None, side: Side) -> Text:
    """Why something differs, in one sentence; times are local to the zone of a side, to the
    minute."""
    if cause.event is None:
        if cause.kind == "time_passed":
            return Text("no event: an interval was still open, and time went on")
        return Text("no single event: it hangs on what arrived as a whole")
    what = _what(cause, cell)
    zone = side.bounds.zone
    time = _minute(local_text(cause.time_ms, zone))
    if cause.kind == "happened_after":
        if cause.is_now:
            return Text("{what}: happened after, on {time}", what=what, time=time)
        return Text("{what}: happened on {time}, after the second", what=what, time=time)
    if cause.arrived_ms is None:
        return Text(
            "{what}: of {time}, arrived with version {version} of the log",
            what=what, time=time, version=cause.log_version,
        )  # fmt: skip
    arrived = _minute(local_text(cause.arrived_ms, zone))
    if cause.kind == "erased":
        return Text("{what}: arrived on {arrived}", what=what, arrived=arrived)
    if cause.is_now:
        return Text("{what}: of {time}, arrived on {arrived}",
                    what=what, time=time, arrived=arrived)  # fmt: skip
    return Text(
        "{what}: of {time}, arrived on {arrived}, after the second",
        what=what, time=time, arrived=arrived,
    )  # fmt: skip


def _what(cause: DifferenceCause, cell: ChangedCell | None) -> Text:
    event: Json = dict(cause.event or {})
    renamed = _RENAMED.get(event["type"])
    if renamed is not None and cell is not None and cell.before is not None and cell.now:
        column, template = renamed
        name = event["data"].get("name")
        if name in (cell.before, cell.now):
            values = {"id": event["data"][column], "name": name}
            return Text(template, **values)
    return event_words(event)


def summary(comparison: Comparison) -> Text:
    """How many rows differ."""
    if not comparison.total:
        return Text("no row differs")
    return Text(
        "rows added: {added:,}, removed: {removed:,}, changed: {changed:,}",
        added=comparison.counts["added"],
        removed=comparison.counts["removed"],
        changed=comparison.counts["changed"],
    )


def text_lines(comparison: Comparison, rows: Iterable[ChangedRow], language: str) -> Iterator[str]:
    """What it says, line by line, in a language (`en`, `fr`)."""

    def say(text: Text) -> str:
        return translated(text, language)

    request = comparison.now.request
    title = query(comparison.export_type).head.title
    bounds = comparison.now.bounds
    if bounds.from_ms is None or bounds.to_ms is None:
        yield say(Text("{export}, {zone}", export=Text(title), zone=request.time_zone))
    else:
        yield say(
            Text(
                "{export} from {start} to {end}, {zone}",
                export=Text(title),
                start=local_text(bounds.from_ms, bounds.zone),
                end=local_text(bounds.to_ms, bounds.zone),
                zone=request.time_zone,
            )
        )
    for letter, side in (("A", comparison.before), ("B", comparison.now)):
        yield say(
            Text(
                "{letter}: {name}, as of {as_of}, version {version} of the log",
                letter=letter,
                name=side.name,
                as_of=local_text(side.bounds.as_of_ms, bounds.zone),
                version=str(side.log_version),
            )
        )
        for note in side.notes:
            yield "   " + say(Text("its file may have had other rows: {note}", note=note))
    yield say(summary(comparison))
    for fold in folds(rows):
        yield ""
        yield from _fold_lines(fold, comparison.now, language)


def _fold_lines(fold: Fold, now: Side, language: str) -> Iterator[str]:
    told = _fold_json(fold, now, language)
    yield f"{translated(_CHANGES[fold.change], language)}  {told['rows']}"
    yield from (f"    {says}" for says in told["causes"])
    if fold.change == "added" and fold.count == 1:
        for added in fold.rows[0].cells:
            yield f"  {_named(added.column.headers[language], _shown(added.now), language)}"
    for cell in told["cells"]:
        yield f"  {_named(cell['header'], cell['values'], language)}"
        yield from (f"    {says}" for says in cell["causes"])


def _named(header: str, value: str, language: str) -> str:
    return translated(Text("{header}: {value}", header=header, value=value), language)


def _rows_words(fold: Fold, language: str) -> str:
    """Which rows are told together: the key of one, or how many and the first keys."""
    named = "; ".join(one_line(row.row) for row in fold.rows)
    if fold.count == 1:
        return named
    more = "; …" if fold.count > MOST_NAMED else ""
    return translated(Text("{count:,} rows: {rows}", count=fold.count, rows=named + more), language)


def _values(fold: Fold, place: int) -> str:
    """What a cell was and is: once where it is the same in all rows, else of the first ones."""
    cells = [row.cells[place] for row in fold.rows]
    pairs = [f"{_shown(cell.before)} → {_shown(cell.now)}" for cell in cells]
    if place not in fold.differing:
        return pairs[0]
    return "; ".join(pairs) + ("; …" if fold.count > MOST_NAMED else "")


def folds_json(comparison: Comparison, found: Iterable[Fold], language: str) -> list[Json]:
    """Rows told together, as a page shows them."""
    return [_fold_json(fold, comparison.now, language) for fold in found]


def _fold_json(fold: Fold, now: Side, language: str) -> Json:
    def said(causes: Sequence[DifferenceCause], cell: ChangedCell | None) -> list[str]:
        return [translated(cause_words(cause, cell, now), language) for cause in causes]

    first = fold.rows[0]
    cells = first.cells if fold.change == "changed" else []
    return {
        "change": fold.change,
        "count": fold.count,
        "rows": _rows_words(fold, language),
        "causes": [] if cells else said(first.causes, None),
        "cells": [
            {
                "header": cell.column.headers[language],
                "values": _values(fold, place),
                "causes": said(cell.causes, cell),
            }
            for place, cell in enumerate(cells)
        ],
    }


def as_json(
    comparison: Comparison, rows: Sequence[ChangedRow], language: str, offset: int = 0
) -> Json:
    """The same for programs: instants in UTC, cells as the CSV has them, null = empty."""
    request, bounds = comparison.now.request, comparison.now.bounds
    return {
        "export": comparison.export_type,
        "time_zone": request.time_zone,
        "from": None if bounds.from_ms is None else instant_text(bounds.from_ms),
        "to": None if bounds.to_ms is None else instant_text(bounds.to_ms),
        "channels": list(request.channels),
        "a": _side_json(comparison.before, language),
        "b": _side_json(comparison.now, language),
        "equal": not comparison.total,
        **comparison.counts,
        "offset": offset,
        "rows": [_row_json(comparison, row, language) for row in rows],
    }


def json_lines(comparison: Comparison, rows: Iterable[ChangedRow], language: str) -> Iterator[str]:
    """What `as_json` says, as text, a row at a time."""
    frame = json.dumps(as_json(comparison, [], language), indent=2, ensure_ascii=False)
    yield frame.removesuffix("]\n}")
    separator = "\n"
    for row in rows:
        told = json.dumps(_row_json(comparison, row, language), indent=2, ensure_ascii=False)
        yield separator + textwrap.indent(told, "    ")
        separator = ",\n"
    yield ("]" if separator == "\n" else "\n  ]") + "\n}\n"


def csv_lines(comparison: Comparison, rows: Iterable[ChangedRow], language: str) -> Iterator[str]:
    """The same as lines of CSV, a line for each cell and cause, line ends included."""
    yield _csv_line(CSV_COLUMNS)
    for row in rows:
        of_row: list[ChangedCell | None] = [*row.cells] or [None]
        for cell in of_row:
            causes: Sequence[DifferenceCause | None] = row.causes
            if cell is not None and row.change == "changed":
                causes = cell.causes
            for cause in causes or (None,):
                yield _csv_line(_csv_cells(comparison, row, cell, cause, language))


def _csv_cells(
    comparison: Comparison,
    row: ChangedRow,
    cell: ChangedCell | None,
    cause: DifferenceCause | None,
    language: str,
) -> list[str]:
    told = {} if cause is None else _cause_json(comparison, cause, cell, language)
    event = told.get("event") or {}
    cells = [
        row.row,
        row.change,
        None if cell is None else cell.column.key,
        None if cell is None else cell.before,
        None if cell is None else cell.now,
        told.get("says"),
        told.get("kind"),
        *(event.get(name) for name in ("source", "id", "type", "time")),
        told.get("arrived"),
    ]
    return [cell or "" for cell in cells]


def _csv_line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def _row_json(comparison: Comparison, row: ChangedRow, language: str) -> Json:
    return {
        "row": row.row,
        "change": row.change,
        "causes": [
            _cause_json(comparison, cause, None, language)
            for cause in ([] if row.cells and row.change == "changed" else row.causes)
        ],
        "cells": [
            {
                "column": cell.column.key,
                "header": cell.column.headers[language],
                "before": cell.before,
                "after": cell.now,
                "causes": [_cause_json(comparison, cause, cell, language) for cause in cell.causes],
            }
            for cell in row.cells
        ],
    }


def _cause_json(
    comparison: Comparison, cause: DifferenceCause, cell: ChangedCell | None, language: str
) -> Json:
    event = None
    if cause.event is not None:
        names = ("type", "time") if cause.is_hidden else ("source", "id", "type", "time")
        event = {name: cause.event[name] for name in names}
    return {
        "kind": cause.kind,
        "says": translated(cause_words(cause, cell, comparison.now), language),
        "side": "b" if cause.is_now else "a",
        "event": event,
        "arrived": None if cause.arrived_ms is None else instant_text(cause.arrived_ms),
        "log_version": cause.log_version if cause.event is not None else None,
    }


def _side_json(side: Side, language: str) -> Json:
    return {
        "name": side.name,
        "as_of": instant_text(side.bounds.as_of_ms),
        "log_version": side.log_version,
        "notes": [translated(note, language) for note in side.notes],
    }


def _minute(local: str) -> str:
    return local[:16].replace("T", " ")


def _shown(cell: str | None) -> str:
    return "–" if cell is None else one_line(cell)
