"""The SQL that every engine has: what a query file may be made of, and how it is spelled for an
engine that is not the embedded one.

Files are written in the dialect of the embedded engine. What is not in the lists below is refused
by file and line, since an engine that lacks a construct may compute something else in its place
without a word: `array_agg(x ORDER BY y)` becomes a list in any order.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from sqlglot import ErrorLevel, exp, parse_one
from sqlglot.errors import ParseError, SqlglotError

from tawny.errors import EngineError
from tawny.queries.event_types import check_event_types
from tawny.text import Text

PARAMETERS = frozenset(["from_ms", "to_ms", "as_of_ms", "all_channels", "all_content"])
"""The values a query may bind, as `$name`."""

FUNCTIONS = frozenset(
    {
        *("array_agg", "bool_or", "coalesce", "count", "floor", "greatest", "lag", "last_value"),
        *("lead", "least", "max", "min", "row_number", "sum"),
    }
)
"""The functions a query may use; each has one meaning on every engine."""

TYPES = frozenset({"BIGINT", "BOOLEAN", "DOUBLE", "VARCHAR"})
"""What a value may be cast to."""

CONSTRUCTS = frozenset(
    {
        # clauses
        *("Select", "Union", "Subquery", "With", "CTE", "TableAlias", "From", "Join", "Where"),
        *("Group", "Having", "Order", "Ordered", "Distinct", "Star", "Table", "Alias", "Column"),
        *("Identifier", "Paren", "Tuple", "Placeholder", "Window", "WindowSpec", "IgnoreNulls"),
        # values
        *("Literal", "Boolean", "Null", "Cast", "DataType", "Case", "If", "Neg"),
        # operators
        *("And", "Or", "Not", "EQ", "NEQ", "LT", "LTE", "GT", "GTE", "Is", "In", "Between"),
        *("Add", "Sub", "Mul", "Div", "IntDiv"),
    }
)
"""The constructs a query may use, by the names of the parser."""

_JOINS = frozenset({"INNER", "LEFT", "CROSS", "LEFT OUTER"})


def check(path: str, text: str) -> exp.Expr:
    """The parsed file. Raises `EngineError` for what is outside the subset, and for event types
    that are not named, by file and line."""
    try:
        tree = parse_one(text, dialect="duckdb", error_level=ErrorLevel.RAISE)
    except ParseError as error:
        place = error.errors[0]
        raise EngineError(
            "{path}:{line}: found {found!r}, which is no SQL: {reason}",
            path=path,
            line=place.get("line") or 1,
            found=place.get("highlight") or "",
            reason=place.get("description") or str(error),
        ) from error
    for node in tree.walk():
        for found, allowed in _refused(node, text):
            raise EngineError(
                "{path}:{line}: found {found}; allowed: {allowed}",
                path=path,
                line=line_of(node, text),
                found=found,
                allowed=allowed,
            )
    check_event_types(path, tree, functools.partial(line_of, text=text))
    return tree


def line_of(node: exp.Expr, text: str) -> int:
    """The line of a file on which a part of its SQL stands, from 1."""
    at: exp.Expr | None = node
    while at is not None:
        places = [part.meta["start"] for part in at.walk() if "start" in part.meta]
        if places:
            return text.count("\n", 0, min(places)) + 1
        at = at.parent
    return 1


def _refused(node: exp.Expr, text: str) -> Iterator[tuple[str | Text, str | Text]]:
    """What is found and what is allowed in its place, for a part that not every engine has."""
    kind = type(node).__name__
    if isinstance(node, exp.Func) and kind not in CONSTRUCTS:
        name = _function_name(node, text)
        if name not in FUNCTIONS:
            yield Text("the function {name}()", name=name), ", ".join(sorted(FUNCTIONS))
    elif isinstance(node, exp.Placeholder):
        if node.name not in PARAMETERS:
            yield Text("the value ${name}", name=node.name), ", ".join(sorted(PARAMETERS))
    elif kind not in CONSTRUCTS:
        yield Text("{sql} ({kind})", sql=_short(node), kind=kind), ", ".join(sorted(CONSTRUCTS))
    elif isinstance(node, exp.DataType):
        if node.sql(dialect="duckdb").replace("TEXT", "VARCHAR") not in TYPES:
            yield Text("the type {type}", type=node.sql()), ", ".join(sorted(TYPES))
    elif isinstance(node, exp.Join):
        joined = f"{node.side} {node.kind}".strip()
        if joined not in _JOINS or node.args.get("using") or node.args.get("method"):
            yield _short(node), "INNER JOIN ... ON, LEFT JOIN ... ON, CROSS JOIN"
    elif isinstance(node, exp.Tuple):
        # One rule of ours spells the comparison of two rows for engines that have none.
        if not isinstance(node.parent, exp.LT):
            yield _short(node), "(a, b) < (c, d)"
    elif isinstance(node, exp.Alias):
        if isinstance(node.this, exp.Null):
            yield _short(node), f"CAST(NULL AS VARCHAR) AS {node.alias}"
    elif isinstance(node, exp.Literal):
        if not node.is_string and not node.is_int:
            yield node.sql(), Text("whole numbers")
    elif isinstance(node, exp.In):
        if node.args.get("query") and _is_in_select_list(node):
            yield _short(node), Text("a LEFT JOIN and IS NOT NULL, or the condition in WHERE")
    elif isinstance(node, exp.Distinct) and node.args.get("on"):
        yield _short(node), "DISTINCT"


def _function_name(node: exp.Func, text: str) -> str:
    if "start" in node.meta:
        return text[node.meta["start"] : node.meta["end"] + 1].lower()
    return node.sql_name().lower()


def _is_in_select_list(node: exp.Expr) -> bool:
    """Whether an expression belongs to what a select gives, not to its conditions."""
    at = node
    while at.parent is not None and not isinstance(at.parent, exp.Select):
        at = at.parent
    return at.arg_key == "expressions"


def _short(node: exp.Expr) -> str:
    sql = node.sql(dialect="duckdb")
    return sql if len(sql) <= 60 else sql[:57] + "..."


def spelled(sql: str, dialect: str, values: Mapping[str, object]) -> str:
    """A statement of the subset in another dialect, its values written as literals with a type:
    parameters cannot stand in a view. Raises `EngineError` where the dialect has no words for it.
    """
    try:
        tree = parse_one(sql, dialect="duckdb", error_level=ErrorLevel.RAISE)
        tree = tree.transform(functools.partial(_rewritten, values=values), copy=False)
        return tree.sql(dialect=dialect, unsupported_level=ErrorLevel.RAISE, comments=False)
    except SqlglotError as error:
        raise EngineError(
            "the query cannot be written for {dialect}: {reason}",
            dialect=dialect,
            reason=str(error).splitlines()[0],
        ) from error


def _rewritten(node: exp.Expr, values: Mapping[str, object]) -> exp.Expr:
    """The rules of our own, and values in their places."""
    if isinstance(node, exp.Placeholder):
        return _literal(values[node.name])
    if isinstance(node, exp.LT) and isinstance(node.this, exp.Tuple):
        return _row_comparison(node.this.expressions, node.expression.expressions)
    if isinstance(node, exp.ArrayAgg) and isinstance(node.this, exp.Order):
        return _ordered_list(node.this)
    return node


def _literal(value: object) -> exp.Expr:
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if value is None:
        return exp.cast(exp.Null(), "BIGINT")
    if isinstance(value, int):
        return exp.cast(exp.Literal.number(value), "BIGINT")
    return exp.Literal.string(str(value))


def _row_comparison(left: list[exp.Expr], right: list[exp.Expr]) -> exp.Expr:
    """`(a, b) < (c, d)` as `a < c OR (a = c AND b < d)`. As with rows, the answer is unknown where
    a value that decides is null."""
    compared: exp.Expr = exp.LT(this=left[-1].copy(), expression=right[-1].copy())
    for a, b in zip(reversed(left[:-1]), reversed(right[:-1]), strict=True):
        equal = exp.and_(exp.EQ(this=a.copy(), expression=b.copy()), compared)
        compared = exp.or_(exp.LT(this=a.copy(), expression=b.copy()), equal)
    return exp.paren(compared, copy=False)


def _ordered_list(order: exp.Order) -> exp.Expr:
    """`array_agg(x ORDER BY a, b)` as a list of (a, b, x), sorted, of which x is taken. The keys
    are never null and tell the rows apart."""
    keys = [ordered.this for ordered in order.expressions]
    struct = exp.func(
        "named_struct",
        *(
            part
            for number, value in enumerate([*keys, order.this])
            for part in (exp.Literal.string(f"k{number}"), value.copy())
        ),
    )
    rows = exp.func("sort_array", exp.func("collect_list", struct))
    return exp.func(
        "transform",
        rows,
        exp.Lambda(
            this=exp.Dot(
                this=exp.to_identifier("r"), expression=exp.to_identifier(f"k{len(keys)}")
            ),
            expressions=[exp.to_identifier("r")],
        ),
    )
