"""The explanation of one cell: its value, the events it hangs on, how they make it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from tawny.engine import evidence
from tawny.engine.event_keys import EventKey
from tawny.engine.evidence import LockWitness
from tawny.errors import EngineError, NotFoundError, RequestError, UnknownValueError
from tawny.explanations.arithmetic import Arithmetic, arithmetic
from tawny.explanations.gathering import Evidence, Gathering
from tawny.explanations.rules import MAKES_ROW, ROW, Rule, explained_types, rule_of
from tawny.exports.receipt import Replay
from tawny.exports.request import Bounds, ExportRequest, resolve
from tawny.exports.session import ExportSession
from tawny.model.zones import offset_segments
from tawny.queries.catalogue import explained_query, query
from tawny.queries.columns import HEADER_STYLES, Column
from tawny.queries.row_keys import asked_row
from tawny.text import Text

_ZEROS = ("0", "0.0")


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a cell says what it says."""

    request: ExportRequest
    bounds: Bounds
    log_version: int
    row: str
    """The key, as it was asked for."""
    column: Column
    value: str | None
    """As the file has it; None = empty."""
    rule: Rule
    evidence: Evidence
    arithmetic: Arithmetic | None

    def events(self) -> list[EventKey]:
        """The events of the evidence in their order."""
        return self.evidence.ordered()


def explain(
    session: ExportSession,
    request: ExportRequest,
    row: str,
    column: str,
    replay: Replay | None = None,
) -> Explanation:
    """Explain a cell of an export on the state of the log of a session, or on the one that the
    receipt of a file fixes. Raises `RequestError` for what is no cell of it."""
    if request.is_bundle:
        raise RequestError("exports: found several; a cell is of one export")
    session.check(request)
    bounds = resolve(request, session.now_ms)
    export_type = request.export_type
    meant = _column(export_type, column)
    rule = rule_of(export_type, meant.key)
    if rule is None:
        raise RequestError(
            "the export {export_type} is not explained yet; explained are {explained}",
            export_type=export_type,
            explained=", ".join(explained_types()),
        )
    asked = asked_row(export_type, row, bounds.zone)
    view = dataclasses.replace(session.view(request, bounds, replay), names_events=True)
    engine = session.engine
    evidence.ask(engine, asked | {"export_type": export_type})
    witnesses: list[LockWitness] = []
    if rule.measured == "locks":
        witnesses = evidence.lock_witnesses(engine, session.snapshot, view)
    export = evidence.looking_at_row(
        engine,
        session.snapshot,
        view,
        explained_query(export_type, rule.facts),
        {witness.conversation_id for witness in witnesses},
    )
    steps = [step.name for step in export.all_steps]
    try:
        values = session.prepare(export, view, steps)
        key = {name: "from_ms" if name == "from" else name for name in export.head.key}
        if not evidence.keep_row(engine, export.keyed_select, values, key):
            raise NotFoundError(
                "row: found {row!r}, which is no row of {export_type} for this request",
                row=row,
                export_type=export_type,
            )
        segments = offset_segments(bounds.zone, session.snapshot.months())
        value = evidence.cell_of_row(engine, meant, segments)
        found = evidence.findings(engine, rule.statement, {ROW, MAKES_ROW, *rule.names}, values)
        # Texts of messages that the content policy leaves out are not seen here either.
        shown = view.content_media is None or (meant.key == "content" and value is not None)
        gathering = Gathering(
            engine,
            session.snapshot,
            view,
            has_locks="lock_sessions" in steps,
            with_contents=shown,
        )
        gathering.add_findings(rule, export_type, found, value)
        gathering.close()
        gathering.make_row()
        if value in _ZEROS and rule.measured == "locks":
            conversation = asked["conversation_id"]
            if conversation is not None:
                channel = evidence.channel_of(engine, str(conversation))
                witnesses = [one for one in witnesses if one.channel_id == channel]
            gathering.show_locks(witnesses)
        if value in _ZEROS and rule.measured == "presence":
            gathering.show_presence()
        gathering.name_channels()
    finally:
        engine.drop_steps(steps)
    return Explanation(
        request=request,
        bounds=bounds,
        log_version=view.log_version or session.log_version,
        row=row,
        column=meant,
        value=value,
        rule=rule,
        evidence=gathering.evidence,
        arithmetic=_arithmetic(rule, value, gathering.evidence),
    )


def _arithmetic(rule: Rule, value: str | None, gathered: Evidence) -> Arithmetic | None:
    """How the parts make the value. Raises `EngineError` where they do not: then the explanation is
    wrong, and is not given."""
    if value is None:
        return None
    parts = [
        part
        for key in gathered.ordered()
        for part in gathered.parts[key]
        if part.name != "other_session"
    ]
    steps = arithmetic(rule.how, rule.name if rule.how != "share" else "busy", parts)
    if steps is not None and steps.value != value:
        raise EngineError(
            "the explanation does not agree with the export: the cell is {value}, its parts make "
            "{found}; please report this",
            value=value,
            found=steps.value,
        )
    return steps


def _column(export_type: str, name: str) -> Column:
    """A column by its key or one of its headers."""
    columns = query(export_type).columns
    by_key = {column.key: column for column in columns}
    if name in by_key:
        return by_key[name]  # a catalogue takes a while to read
    for column in columns:
        if name in {column.headers[style] for style in HEADER_STYLES}:
            return column
    raise UnknownValueError(
        Text("column"),
        name,
        [column.key for column in columns],
        Text("tawny columns TYPE lists them"),
    )
