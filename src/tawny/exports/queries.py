"""The queries: one `.sql` file per export and one per fact, put together into one statement.

A file is an optional list of named steps (`WITH a AS (…), b AS (…)`) and a final `SELECT`. A name
it reads is one of its own steps, a fact (`facts/<name>.sql`), or a table the engine provides. The
comment at the end of each output column's line is the data dictionary:

    expression AS key, -- type unit | header | French header | article's header | English | French

An output column without a comment takes that of the column of the same name in the fact it is
read from. A function that is not in the list below, a value formatted into the text, or a table
that does not exist is refused when the file is loaded, by file and name.
"""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import Literal, get_args

from tawny.errors import EngineError, UnknownValueError
from tawny.exports.columns import Column, ColumnType
from tawny.exports.steps import OF_RANGE, SCOPE, Step, code_of, marked_steps, tables_read
from tawny.model.events import CONVERSATION_FAMILIES, FAMILIES
from tawny.text import Text

ExportName = Literal[
    "resolved-conversations",
    "open-conversations",
    "messages",
    "teams",
    "contacts",
    "topics",
    "tags",
    "user-presence",
    "users",
    "response-times",
    "virtual-agents",
    "contact-attributes",
]
"""The name of one of the twelve types."""

EXPORT_TYPES: tuple[str, ...] = get_args(ExportName)
"""The twelve types, in the order people know them."""


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
range, those of the conversations in scope, contacts that were ever erased, creations of messages
that are ignored, surveys that name several conversations, and the small tables made from the
request."""

PARAMETERS = frozenset(["from_ms", "to_ms", "as_of_ms", "all_channels", "all_content"])
"""The values a query may bind, as `$name`."""

FUNCTIONS = frozenset(
    {
        *("array_agg", "bool_or", "cast", "coalesce", "count", "exists", "floor", "greatest"),
        *("lag", "last_value", "lead", "least", "max", "min", "row_number", "sum", "upper"),
    }
)
"""The functions a query may use; each has one meaning on every engine."""

_SYNTAX = frozenset(
    {
        *("all", "and", "as", "between", "by", "case", "distinct", "else", "end", "filter", "from"),
        *("group", "having", "in", "join", "not", "on", "or", "over", "partition", "select"),
        *("then", "union", "using", "values", "when", "where", "with"),
    }
)
"""Words that may stand before a bracket without being a function."""


@dataclass(frozen=True, slots=True)
class Query:
    """One export: its steps in an order in which each reads only earlier ones, its final select,
    its order of rows and its columns."""

    export_type: str
    description: dict[str, str]
    """What a row is and in which order they come, in `en` and `fr`."""
    scope: tuple[Step, ...]
    """The steps up to the scope, which is the last one; empty for a query without one."""
    steps: tuple[Step, ...]
    """The other steps. Each step is made into a table, in order: what several read is computed
    once, and the engine knows how large it is when it plans the next."""
    select: str
    order_by: str
    columns: tuple[Column, ...]
    tables: frozenset[str]
    """The engine tables it reads, directly or not."""

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """Those of the scope and the others."""
        return (*self.scope, *self.steps)

    @property
    def tables_of_range(self) -> frozenset[str]:
        """The engine tables that are others for another range."""
        return frozenset(table for table in self.tables if table.endswith(OF_RANGE))

    @property
    def tables_in_range(self) -> frozenset[str]:
        """Those of them that its final select reads: a piece of the range has its own."""
        return self.tables_of_range & frozenset(tables_read(self.select))

    @property
    def is_time_ordered(self) -> bool:
        """Whether its rows belong to one instant of the range each and come in that order, so that
        the rows of adjoining ranges, one after the other, are those of the whole."""
        return self.export_type in ("resolved-conversations", "messages", "response-times")

    @property
    def statement(self) -> str:
        """The final select over the tables of the steps, rows in the export's order."""
        return f"{self.select}\nORDER BY {self.order_by}"


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    description: dict[str, str]
    steps: tuple[Step, ...]
    select: str


@functools.cache
def query(export_type: str) -> Query:
    """The query of an export type. Raises `UnknownValueError` for another name."""
    if export_type not in EXPORT_TYPES:
        raise UnknownValueError(Text("export type"), export_type, EXPORT_TYPES)
    file = _load(f"{export_type}.sql")
    select, _, order_by = file.select.rpartition("\nORDER BY ")
    tables: set[str] = set()
    scope = _steps_for(file, (SCOPE,), (), tables) if _has_scope(file) else ()
    others = _steps_for(file, tables_read(select), tuple(step.name for step in scope), tables)
    if any(table.startswith("message_events") for table in tables):
        tables.add("later_creations")  # which these are made without
    marked = marked_steps((*scope, *others), select)
    scope, steps = marked[: len(scope)], marked[len(scope) :]
    return Query(
        export_type=export_type,
        description=file.description,
        scope=scope,
        steps=steps,
        select=select,
        order_by=order_by,
        columns=_columns(file),
        tables=frozenset(tables),
    )


@functools.cache
def definition_version() -> str:
    """Identifies the text of all queries: twelve hexadecimal digits."""
    digest = hashlib.sha256()
    for path in sorted(_names()):
        digest.update(path.encode() + b"\0" + _text(path).encode() + b"\0")
    return digest.hexdigest()[:12]


def _names() -> list[str]:
    folder = resources.files("tawny.exports") / "sql"
    own = [item.name for item in folder.iterdir() if item.name.endswith(".sql")]
    facts = [f"facts/{item.name}" for item in (folder / "facts").iterdir()]
    return own + [name for name in facts if name.endswith(".sql")]


@functools.cache
def _fact_names() -> frozenset[str]:
    return frozenset(
        name.removeprefix("facts/").removesuffix(".sql")
        for name in _names()
        if name.startswith("facts/")
    )


def _text(path: str) -> str:
    return (resources.files("tawny.exports") / "sql" / path).read_text(encoding="utf-8")


@functools.cache
def _load(path: str) -> _File:
    text = _text(path)
    comment = re.match(r"(?:--[^\n]*\n)+", text)
    if comment is None:
        raise EngineError(
            "{path}: found no comment on the first line; say what a row is", path=path
        )
    lines = [line.removeprefix("--").strip() for line in comment.group().splitlines()]
    description = {
        "en": " ".join(line for line in lines if not line.startswith("fr: ")),
        "fr": " ".join(line.removeprefix("fr: ") for line in lines if line.startswith("fr: ")),
    }
    body = text[comment.end() :].strip()
    _check(path, body)
    # A fact keeps its own steps inside it, so that their names stay its own.
    if path.startswith("facts/"):
        return _File(path, description, (), body)
    steps: list[Step] = []
    if body.startswith("WITH "):
        position = len("WITH ")
        while True:
            named = re.compile(r"\s*(\w+) AS \(").match(body, position)
            if named is None:
                raise EngineError("{path}: found no 'name AS (' after WITH or a comma", path=path)
            end = _closing(body, named.end())
            sql = body[named.end() : end].strip("\n")
            steps.append(Step(named.group(1), sql, tables_read(sql)))
            position = end + 1
            if body[position : position + 1] != ",":
                break
            position += 1
        body = body[position:].strip()
    return _File(path, description, tuple(steps), body)


def _closing(text: str, start: int) -> int:
    """Where the bracket closes that was opened just before `start`."""
    depth = 1
    for token in re.compile(r"--[^\n]*|'[^']*'|[()]").finditer(text, start):
        if token.group() == "(":
            depth += 1
        elif token.group() == ")":
            depth -= 1
            if depth == 0:
                return token.start()
    raise EngineError("found a bracket that never closes in {text!r}", text=text[:60])


def _check(path: str, sql: str) -> None:
    code = code_of(sql)
    for name in re.findall(r"\b([A-Za-z_]\w*)\s*\(", code):
        lower = name.lower()
        if lower not in FUNCTIONS and lower not in _SYNTAX:
            raise EngineError(
                "{path}: found the function {name}(); allowed: {allowed}",
                path=path,
                name=name,
                allowed=", ".join(sorted(FUNCTIONS)),
            )
    for name in re.findall(r"\$(\w+)", code):
        if name not in PARAMETERS:
            raise EngineError(
                "{path}: found the value ${name}; allowed: {allowed}",
                path=path,
                name=name,
                allowed=", ".join(sorted(PARAMETERS)),
            )


def _has_scope(file: _File) -> bool:
    return any(step.name == SCOPE for step in file.steps)


def _steps_for(
    file: _File, names: tuple[str, ...], known: tuple[str, ...], tables: set[str]
) -> tuple[Step, ...]:
    """The steps that `names` need, facts included, each after those it reads.

    `known` are there already. Adds the engine tables they read to `tables`.
    """
    own = {step.name: step for step in file.steps}
    ordered: dict[str, Step] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if name in ordered or name in known:
            return
        if name in trail:
            raise EngineError(
                "{file}: {trail} reads itself", file=file.name, trail=" -> ".join([*trail, name])
            )
        if name in own:
            step = own[name]
        elif name in _fact_names():
            select = _load(f"facts/{name}.sql").select
            step = Step(name, select, tables_read(select))
        elif name in ENGINE_TABLES:
            tables.add(name)
            return
        else:
            raise EngineError(
                "{file}: found the table {name}, which is neither a step, nor a fact, nor one "
                "of {allowed}",
                file=file.name,
                name=name,
                allowed=", ".join(sorted(ENGINE_TABLES)),
            )
        inner = frozenset(re.findall(r"\b(\w+) AS (?:MATERIALIZED )?\(", code_of(step.sql)))
        for read in step.reads:
            if read not in inner or read == name:
                visit(read, (*trail, name))
        ordered[name] = step

    for name in names:
        visit(name, ())
    return tuple(ordered.values())


_OUTPUT = re.compile(r'^\s*(?P<expression>.+?) AS "?(?P<key>\w+)"?,?(?:\s*-- (?P<comment>.*))?$')


def _output_lines(select: str) -> list[str]:
    """The lines of the final select, one output column each."""
    _, _, tail = ("\n" + select).rpartition("\nSELECT\n")
    body, _, _ = tail.partition("\nFROM ")
    return body.splitlines()


def _columns(file: _File) -> tuple[Column, ...]:
    columns = []
    for line in _output_lines(file.select):
        match = _OUTPUT.match(line)
        if match is None:
            raise EngineError(
                "{file}: found {line!r}; allowed: expression AS key",
                file=file.name,
                line=line.strip(),
            )
        comment, expression, origin = match["comment"], match["expression"], file.name
        if comment is None:
            comment, expression, origin = _inherited(file, expression)
        columns.append(_column(origin, match["key"], expression, comment))
    return tuple(columns)


def _inherited(file: _File, expression: str) -> tuple[str, str, str]:
    name, _, key = expression.partition(".")
    if name in _fact_names():
        for line in _output_lines(_load(f"facts/{name}.sql").select):
            match = _OUTPUT.match(line)
            if match is not None and match["key"] == key and match["comment"]:
                return match["comment"], match["expression"], f"facts/{name}.sql"
    raise EngineError(
        "{file}: {expression} has no comment and none to take from a fact",
        file=file.name,
        expression=expression,
    )


def _column(path: str, key: str, expression: str, comment: str) -> Column:
    parts = [part.strip() for part in comment.split(" | ")]
    if len(parts) != 6:
        raise EngineError(
            "{path}: the comment of {key} has {count} parts; allowed: type unit | header | "
            "French header | article's header | definition | French definition",
            path=path,
            key=key,
            count=len(parts),
        )
    kind, _, unit = parts[0].partition(" ")
    column_type = ColumnType(kind)
    if column_type is ColumnType.DURATION:
        unit = "s"
    elif column_type is ColumnType.PERCENT:
        unit = "%"
    return Column(
        key=key,
        type=column_type,
        unit=unit,
        headers={"en": parts[1], "fr": parts[2], "hootdesk-fr": parts[3], "key": key},
        definition={"en": parts[4], "fr": parts[5]},
        expression=expression,
    )
