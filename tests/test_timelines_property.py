"""What a timeline draws is what the exports say, of every conversation of random logs: read from
the files of one conversation, its times, lock sessions and responses are those of the exports over
the whole log."""

import collections
import random
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import generators
from effort import SOAK
from tawny.errors import NotFoundError
from tawny.exports.request import ExportRequest, resolve
from tawny.exports.session import ExportSession
from tawny.queries.catalogue import explained_query
from tawny.timelines.drawing import as_part, as_svg
from tawny.timelines.reading import timeline
from tawny.timelines.telling import as_text
from test_differential import LATER_MS, SETTINGS, take_in

LOGS = 300 if SOAK else 6
START, END = "0001-01-02", "9999-12-30"

Found = dict[str, list[Any]]


def of_exports(session: ExportSession, conversation_facts: dict[str, Found]) -> dict[str, Any]:
    """The rows of the exports by conversation, and the lock sessions their times add up."""
    rows: dict[str, Any] = {}
    for export_type in ("resolved-conversations", "open-conversations", "response-times"):
        export = explained_query(export_type)
        ranged = export.head.takes_range
        request = ExportRequest(
            export_type=export_type,
            start=START if ranged else None,
            end=END if ranged else None,
        )
        view = session.view(request, resolve(request, session.now_ms), None)
        names = [step.name for step in export.all_steps]
        values = session.prepare(export, replace(view, names_events=True), names)
        for row in session.engine.named_rows(export.statement, values):
            if export_type == "response-times":
                found = conversation_facts[row["conversation_id"]]
                found["responses"].append(
                    (row["from"], row["to"], row["started_by"], row["outbound_message_id"])
                )
            else:
                rows[row["conversation_id"]] = row
        if export_type != "response-times":
            for session_row in session.engine.named_rows(
                "SELECT * FROM lock_sessions ORDER BY lock_event"
            ):
                found = conversation_facts[session_row["conversation_id"]]
                of_lock = (
                    session_row["start_ms"],
                    session_row["end_ms"],
                    session_row["kind"],
                    session_row["agent_id"],
                )
                if of_lock not in found["locks"]:
                    found["locks"].append(of_lock)
        session.engine.drop_steps(names)
    return rows


def test_times_sessions_and_responses_are_those_of_the_exports() -> None:
    seen = collections.Counter[str]()
    for seed in range(LOGS):
        rng = random.Random(seed)
        log = generators.random_log(rng, rng.choice([80, 200]))
        with tempfile.TemporaryDirectory(prefix="tawny-timelines-") as folder:
            take_in(Path(folder), log)
            with ExportSession(Path(folder), SETTINGS, LATER_MS) as session:
                facts: dict[str, Found] = collections.defaultdict(
                    lambda: {"locks": [], "responses": []}
                )
                rows = of_exports(session, facts)
            with ExportSession(Path(folder), SETTINGS, LATER_MS) as session:
                named = {one["data"].get("conversation_id") for one in log} - {None}
                for conversation in sorted(named | rows.keys()):
                    where = f"log {seed}: {conversation!r}"
                    try:
                        read = timeline(session, conversation)
                    except NotFoundError:
                        assert conversation not in rows, where
                        continue
                    row = rows[conversation]
                    for metric in read.metrics:
                        assert metric.value == row[metric.column], f"{where} {metric}"
                        added = sum(run.length_ms for run in metric.runs)
                        assert (metric.value or 0) == (added + 500) // 1000, f"{where} {metric}"
                        seen[metric.column] += bool(metric.runs)
                    locks = [
                        (one.start_ms, one.end_ms, one.kind, one.agent_id)
                        for one in read.of_lane("lock")
                    ]
                    assert locks == list(facts[conversation]["locks"]), where
                    responses = [
                        (one.start_ms, one.end_ms, one.kind, one.message_id)
                        for one in read.of_lane("response")
                    ]
                    assert sorted(responses) == sorted(facts[conversation]["responses"]), where
                    assert read.status == row["current_status"], where
                    assert read.inbound_messages == row["inbound_messages"], where
                    seen["response"] += len(responses)
                    for language in ("en", "fr"):
                        assert as_text(read, language)
                        assert as_part(read, language, "narrow").endswith("</svg>")
                        assert as_svg(read, language).startswith("<svg ")
    drawn = ("first_response_time", "resolution_time", "cherry_picking_time", "response")
    assert all(seen[what] > 3 for what in drawn), seen
