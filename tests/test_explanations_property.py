"""The evidence of a cell is sufficient and small: on random logs (see `generators`), over all
twelve exports. The logs of an ordinary run are always the same, the first of those of a long one.
"""

import itertools
import random
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import generators
from effort import SOAK
from tawny.errors import UnknownValueError
from tawny.explanations.explanation import Explanation, explain
from tawny.explanations.words import counts
from tawny.exports.request import ExportRequest, resolve
from tawny.exports.session import ExportSession
from tawny.model.zones import instant_text
from tawny.queries.catalogue import query
from tawny.queries.row_keys import key_text
from test_differential import LATER_MS, SETTINGS, as_request, random_requests, take_in

Json = dict[str, Any]
Key = tuple[Any, ...]

CELLS = max(10_000, 100 * SOAK) if SOAK else 36
"""So many cells are explained and tried."""
ROWS = 3 if SOAK else 1
"""At most so many rows of each export of a log, a cell of each."""


def rows_of(session: ExportSession, request: ExportRequest) -> dict[Key, Mapping[str, Any]]:
    """The rows of an export by their keys, as the export makes them."""
    export = query(request.export_type)
    view = session.view(request, resolve(request, session.now_ms), None)
    values = session.prepare(export, view)
    rows = session.engine.named_rows(export.keyed_select, values)
    session.engine.drop_steps([step.name for step in export.all_steps])
    return {tuple(row[name] for name in export.head.key): row for row in rows}


def cell_of(events: Iterable[Json], request: ExportRequest, key: Key, column: str) -> Any:
    """The cell of a log of some events alone, or why there is none."""
    with tempfile.TemporaryDirectory(prefix="tawny-evidence-") as folder:
        take_in(Path(folder), events)
        with ExportSession(Path(folder), SETTINGS, LATER_MS) as session:
            try:
                session.check(request)
            except UnknownValueError:
                return "no channel"
            row = rows_of(session, request).get(key)
            return "no row" if row is None else row[column]


def row_text(request: ExportRequest, key: Key) -> str:
    """The key as a person types it, an instant in UTC."""
    names = query(request.export_type).head.key
    pairs = zip(names, key, strict=True)
    return key_text([instant_text(part) if name == "from" else part for name, part in pairs])


def idle_parts(explanation: Explanation, request: ExportRequest, key: Key, cell: Any) -> list[str]:
    """Names of parts that are said to count and without which the cell is the same."""
    gathered, column = explanation.evidence, explanation.column.key
    idle = []
    for name in sorted({part.name for parts in gathered.parts.values() for part in parts}):
        kept = [
            gathered.events[one]
            for one, parts in sorted(gathered.parts.items())
            if any(part.name != name for part in parts)
        ]
        is_tried = counts(name) and len(kept) < len(gathered.parts)
        if is_tried and cell_of(kept, request, key, column) == cell:
            idle.append(name)
    return idle


def explained_cells() -> Iterator[tuple[str, Explanation, ExportRequest, Key, Any]]:
    """Random cells of random logs, each with where it is from."""
    for seed in itertools.count():
        rng = random.Random(seed)
        log = generators.random_log(rng, rng.choice([60, 150]))
        with tempfile.TemporaryDirectory(prefix="tawny-explained-") as folder:
            take_in(Path(folder), log)
            with ExportSession(Path(folder), SETTINGS, LATER_MS) as session:
                for asked in random_requests(rng, log, generators.TYPES):
                    request = as_request(asked)
                    found = rows_of(session, request)
                    for key in rng.sample(sorted(found, key=str), min(ROWS, len(found))):
                        column = rng.choice(query(request.export_type).columns).key
                        row = row_text(request, key)
                        explanation = explain(session, request, row, column)
                        where = f"log {seed}: {row} {column} of {asked}"
                        yield where, explanation, request, key, found[key][column]


def test_the_evidence_alone_gives_the_same_cell_and_no_part_of_it_is_idle() -> None:
    idle = []
    for where, explanation, request, key, cell in itertools.islice(explained_cells(), CELLS):
        events = [explanation.evidence.events[one] for one in explanation.events()]
        assert cell_of(events, request, key, explanation.column.key) == cell, where
        idle += [f"{name} in {where}" for name in idle_parts(explanation, request, key, cell)]
    # What happens in the same millisecond, or is cut off anyway, may make a part idle.
    assert len(idle) <= CELLS // 100, idle
