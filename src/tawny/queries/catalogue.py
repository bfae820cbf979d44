"""The queries: one `.sql` file per export and one per fact, put together into one statement.

A file is an optional list of named steps (`WITH a AS (…), b AS (…)`) and a final `SELECT`. A name
it reads is one of its own steps, a fact (`facts/<name>.sql`), or a table the engine provides; a
fact reads the steps of the export that reads it, and such a step takes the place of a fact of its
name: that is how `applied_labels` is of topics or of tags. The
comment above each output column is the data dictionary (`output_columns.py`). A line that begins
with `/* evidence */` says on which events a row hangs: only explanations read it
(`explained_query`), for an export it is not there. The head of an
export's file says what always holds for its rows (`heads.py`). A file is parsed when it is loaded
(`parsing.py`), and what not every engine has is refused by file and line (`portable.py`), as is a
family read without naming its event types (`event_types.py`); what was read of the files as they
are, which is said by their version, is kept and not read again (`sql_file.py`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from typing import TYPE_CHECKING, Literal

import msgspec

from tawny.errors import EngineError, UnknownValueError
from tawny.model.events import CONVERSATION_FAMILIES, FAMILIES
from tawny.model.rights import Right
from tawny.queries.columns import Column, Translations
from tawny.queries.heads import BESIDE_CELLS, Head, check_head, head_of
from tawny.queries.output_columns import columns_of
from tawny.queries.plan import OF_RANGE, SCOPE, Step, marked_steps, needed
from tawny.queries.sql_file import ParsedFiles, ParsedSelect, Span, SqlFile
from tawny.queries.statements import version_of
from tawny.text import Text

ENGINE_TABLES = frozenset(
    [
        *(f"{family}_events" for family in FAMILIES),
        *(f"{family}_events_in_range" for family in FAMILIES),
        *(f"{family}_events_in_scope" for family in CONVERSATION_FAMILIES),
        *("erased_contacts", "later_creations", "shared_survey_ids", "requested_channels"),
        *("content_media", "opening_days"),
    ]
)
"""The tables an engine provides: the events of each family up to `as_of`, those of them inside the
range, those of the conversations in scope, contacts ever erased, creations of messages that are
ignored, surveys that name several conversations, and small tables made from the request."""


@dataclass(frozen=True, slots=True)
class Query:
    """One export: its steps in an order in which each reads only earlier ones, its final select,
    its order of rows and its columns."""

    export_type: str
    head: Head
    """What always holds for its rows."""
    description: Mapping[str, str]
    """What a row is and in which order they come, in `en` and `fr`."""
    scope: tuple[Step, ...]
    """The steps up to the scope, which is the last one; empty for a query without one."""
    steps: tuple[Step, ...]
    """The other steps. Each step is made into a table, in order: what several read is computed
    once, and the engine knows how large it is when it plans the next."""
    select: str
    select_reads: tuple[str, ...]
    """The steps and tables that the final select reads."""
    order_by: str
    columns: tuple[Column, ...]
    tables: frozenset[str]
    """The engine tables it reads, directly or not."""

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """Those of the scope and the others."""
        return (*self.scope, *self.steps)

    @property
    def families(self) -> frozenset[str]:
        """The families of events it reads."""
        return frozenset(
            name
            for name in FAMILIES
            if any(table.startswith(f"{name}_events") for table in self.tables)
        )

    @property
    def tables_of_range(self) -> frozenset[str]:
        """The engine tables that are others for another range."""
        return frozenset(table for table in self.tables if table.endswith(OF_RANGE))

    @property
    def tables_in_range(self) -> frozenset[str]:
        """Those of them that its final select reads: a piece of the range has its own."""
        return self.tables_of_range & frozenset(self.select_reads)

    @property
    def statement(self) -> str:
        """The final select over the tables of the steps, rows in the export's order."""
        return f"{self.select}\nORDER BY {self.order_by}"

    @property
    def beside_columns(self) -> tuple[Column, ...]:
        """What the row key names beside the cells, as columns."""
        return tuple(
            Column(name, BESIDE_CELLS[name], "", {"key": name}, {"en": ""}, expression=name)
            for name in self.head.beside_cells
        )

    @property
    def keyed_select(self) -> str:
        """The final select with what the row key names beside the cells, rows in any order."""
        beside = "".join(f"{place} AS {name}, " for name, place in self.head.beside.items())
        return self.select.replace("SELECT", f"SELECT {beside}", 1) if beside else self.select

    @property
    def keyed_statement(self) -> str:
        """The same in the export's order."""
        return f"{self.keyed_select}\nORDER BY {self.order_by}"

    @property
    def sums_up(self) -> bool:
        """Whether a row sums up what happened in the range, so that it is another one for each
        period."""
        return self.head.takes_range and not self.head.is_time_ordered and bool(self.scope)


@functools.cache
def query(export_type: str) -> Query:
    """The query of an export type. Raises `UnknownValueError` for another name."""
    return _query(export_type, with_evidence=False)


@functools.cache
def explained_query(export_type: str, facts: tuple[str, ...] = ()) -> Query:
    """The same query whose steps also say on which events their rows hang: in columns that are not
    there for an export, named `event` or `<what>_event`, as `tawny.engine.event_keys` has them.
    `facts` are steps of it too. Raises `UnknownValueError` for another name."""
    return _query(export_type, facts, with_evidence=True)


@functools.cache
def facts_alone(export_type: str, facts: tuple[str, ...]) -> Query:
    """Some facts as an export has them, with the events they hang on, and no row made of them; for
    conversations that are chosen otherwise than by its scope."""
    whole = _query(export_type, facts, with_evidence=True)
    return replace(whole, scope=(), steps=needed(whole.steps, facts), select_reads=facts)


def _query(export_type: str, facts: tuple[str, ...] = (), *, with_evidence: bool) -> Query:
    if export_type not in EXPORT_TYPES:
        raise UnknownValueError(Text("export type"), export_type, EXPORT_TYPES)
    path = f"{export_type}.sql"
    file = _parsed(path)
    if file.order_by is None:
        raise EngineError(
            "{path}: found no ORDER BY; the rows of an export have an order", path=path
        )
    columns = columns_of(path, _column_file)
    tables: set[str] = set()
    steps_for = functools.partial(_steps_for, with_evidence=with_evidence)
    scope = steps_for(path, (SCOPE,), (), tables) if file.step(SCOPE) else ()
    known = tuple(step.name for step in scope)
    others = steps_for(path, (*file.select.reads, *facts), known, tables)
    if any(table.startswith("message_events") for table in tables):
        tables.add("later_creations")  # which these are made without
    marked = marked_steps((*scope, *others), file.select.reads)
    scope, steps = marked[: len(scope)], marked[len(scope) :]
    head = head_of(path, _text(path))
    head.check(path, columns)
    return Query(
        export_type=export_type,
        head=head,
        description=Translations(head.description, export_type, ("en", "fr")),
        scope=scope,
        steps=steps,
        select=_part(path, file.select.text, with_evidence=with_evidence),
        select_reads=file.select.reads,
        order_by=_part(path, file.order_by, with_evidence=with_evidence),
        columns=columns,
        tables=frozenset(tables),
    )


@functools.cache
def definition_version() -> str:
    """Identifies the text of all queries, as exports run them: twelve hexadecimal digits."""
    return version_of({path: without_evidence(text) for path, text in query_texts().items()})


@functools.cache
def texts_version() -> str:
    """Identifies the text of all queries with their evidence: twelve hexadecimal digits."""
    return version_of(query_texts())


_EVIDENCE = re.compile(r"^ */\* evidence \*/.*\n", re.MULTILINE)


def without_evidence(text: str) -> str:
    """A text of SQL as an export runs it."""
    return _EVIDENCE.sub("", text)


PARSED = "parsed.json"
"""The file beside the queries that says what was read of which version of them; written by
`make docs`."""


def parsed_files() -> ParsedFiles:
    """What the parser reads of every file, as they are now. Raises `EngineError` by file and line
    for what is outside the portable subset."""
    return ParsedFiles(texts_version(), {path: _parse(path) for path in query_texts()})


def kept_files() -> ParsedFiles:
    """What `PARSED` says, of whichever version."""
    return msgspec.json.decode(_text(PARSED), type=ParsedFiles)


def query_texts() -> dict[str, str]:
    """The text of every query file, exports and facts, by its path."""
    return {path: _text(path) for path in sorted(_names())}


@functools.cache
def _names() -> tuple[str, ...]:
    folder = resources.files("tawny.queries") / "sql"
    facts = [f"facts/{item.name}" for item in (folder / "facts").iterdir()]
    return tuple(name for name in [*_export_files(), *facts] if name.endswith(".sql"))


def _export_files() -> list[str]:
    folder = resources.files("tawny.queries") / "sql"
    return [item.name for item in folder.iterdir() if item.name.endswith(".sql")]


@functools.cache
def _fact_names() -> frozenset[str]:
    return frozenset(
        name.removeprefix("facts/").removesuffix(".sql")
        for name in _names()
        if name.startswith("facts/")
    )


def _text(path: str) -> str:
    return (resources.files("tawny.queries") / "sql" / path).read_text(encoding="utf-8")


@functools.cache
def _files_of_this_version() -> Mapping[str, SqlFile]:
    """What was kept, where it is of the files as they are."""
    kept = kept_files()
    return kept.files if kept.version == texts_version() else {}


@functools.cache
def _parsed(path: str) -> SqlFile:
    return _files_of_this_version().get(path) or _parse(path)


def _parse(path: str) -> SqlFile:
    # The parser takes as long to import as a small export to run.
    from tawny.queries.parsing import parsed

    check_head(path, _text(path))
    return parsed(path, _text(path))


def _column_file(path: str) -> tuple[SqlFile, str] | None:
    """What is read of a file and its text; None where there is none."""
    return (_parsed(path), _text(path)) if path in _names() else None


def _part(path: str, span: Span, *, with_evidence: bool) -> str:
    text = _text(path)[span[0] : span[1]].strip("\n")
    return text if with_evidence else without_evidence(text)


def _steps_for(
    path: str,
    names: tuple[str, ...],
    known: tuple[str, ...],
    tables: set[str],
    *,
    with_evidence: bool,
) -> tuple[Step, ...]:
    """The steps that `names` need, facts included, each after those it reads.

    `known` are there already. Adds the engine tables they read to `tables`.
    """
    step_of = functools.partial(_step, with_evidence=with_evidence)
    own = {step.name: step_of(path, step.name, step) for step in _parsed(path).steps}
    ordered: dict[str, Step] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if name in ordered or name in known:
            return
        if name in trail:
            raise EngineError(
                "{file}: {trail} reads itself", file=path, trail=" -> ".join([*trail, name])
            )
        if name in own:
            step = own[name]
        elif name in _fact_names():
            # A fact keeps its own steps inside it, so that their names stay its own.
            fact = f"facts/{name}.sql"
            step = step_of(fact, name, _parsed(fact).whole)
        elif name in ENGINE_TABLES:
            tables.add(name)
            return
        else:
            raise EngineError(
                "{file}: found the table {name}, which is neither a step, nor a fact, nor one "
                "of {allowed}",
                file=path,
                name=name,
                allowed=", ".join(sorted(ENGINE_TABLES)),
            )
        for read in step.reads:
            visit(read, (*trail, name))
        ordered[name] = step

    for name in names:
        visit(name, ())
    return tuple(ordered.values())


def _step(path: str, name: str, select: ParsedSelect, *, with_evidence: bool) -> Step:
    text = _part(path, select.text, with_evidence=with_evidence)
    return Step(name, text, select.reads, select.parameters)


def _export_types() -> tuple[str, ...]:
    """The exports of the folder, in the order their heads give."""
    places = {
        path.removesuffix(".sql"): head_of(path, _text(path)).place for path in _export_files()
    }
    return tuple(sorted(places, key=lambda name: (places[name], name)))


EXPORT_TYPES = _export_types()
"""The types of export, in the order people know them: the folder is the list."""

if TYPE_CHECKING:
    ExportName = str
else:
    ExportName = Literal[EXPORT_TYPES]
    """One of them, for who reads it from a call or writes down what a call may be."""


def export_types_that_need(right: Right) -> frozenset[str]:
    """The types that only people with that right see."""
    return frozenset(name for name in EXPORT_TYPES if query(name).head.right is right)
