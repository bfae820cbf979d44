"""Which event types a query reads. Families get more types over time, so a query that reads a
family names the types it means, and what it makes of a type is never "all the others": otherwise
the first event of a new type would change numbers it has nothing to do with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from sqlglot import exp

from tawny.errors import EngineError
from tawny.model.events import FAMILIES

_TABLE = re.compile(r"(?P<family>" + "|".join(FAMILIES) + r")_events(?:_in_\w+)?")


def check_event_types(path: str, tree: exp.Expr, line_of: Callable[[exp.Expr], int]) -> None:
    """Raise `EngineError` for a family that is read without its types, for a type that the family
    does not have, and for an ELSE on a type; by file and line."""
    for select in tree.find_all(exp.Select):
        tables = list(_tables(select))
        conditions = list(_conditions(select))
        for table in tables:
            if family := _TABLE.fullmatch(table.name):
                known = [data.event_type for data in FAMILIES[family["family"]]]
                _check_table(path, line_of, table, known, conditions, is_only=len(tables) == 1)
    for case in tree.find_all(exp.Case):
        if case.args.get("default") and any(map(_is_type, _compared(case))):
            raise EngineError(
                "{path}:{line}: found an ELSE on an event type; name each type that is meant in a "
                "WHEN of its own",
                path=path,
                line=line_of(case.args["default"]),
            )


def _check_table(
    path: str,
    line_of: Callable[[exp.Expr], int],
    table: exp.Table,
    known: list[str],
    conditions: list[exp.Expr],
    *,
    is_only: bool,
) -> None:
    owners = {table.alias_or_name, "" if is_only else table.alias_or_name}
    types = [
        value
        for condition in conditions
        if _is_type(condition.this) and condition.this.table in owners
        for value in _texts(condition)
    ]
    if not types:
        raise EngineError(
            "{path}:{line}: found {table} without the event types that are read; add "
            "WHERE type IN ({known}) with those it means",
            path=path,
            line=line_of(table),
            table=table.name,
            known=", ".join(f"'{name}'" for name in known),
        )
    for found in types:
        if found not in known:
            raise EngineError(
                "{path}:{line}: found the event type {found!r} for {table}; allowed: {known}",
                path=path,
                line=line_of(table),
                found=found,
                table=table.name,
                known=", ".join(known),
            )


def _tables(select: exp.Select) -> Iterator[exp.Table]:
    """The tables a select reads itself, not those of selects inside it."""
    clauses = [select.args.get("from_") or select.args.get("from"), *select.args.get("joins", [])]
    for clause in clauses:
        if clause is not None and isinstance(clause.this, exp.Table):
            yield clause.this


def _conditions(select: exp.Select) -> Iterator[exp.Expr]:
    """The comparisons in the conditions of a select, not those of selects inside it."""
    clauses = [select.args.get("where"), *(j.args.get("on") for j in select.args.get("joins", []))]
    for clause in clauses:
        if clause is not None:
            for node in clause.walk(prune=lambda node: isinstance(node, exp.Query)):
                if isinstance(node, exp.EQ | exp.In):
                    yield node


def _texts(condition: exp.Expr) -> list[str]:
    """The texts a column is compared with."""
    values = [condition.expression] if isinstance(condition, exp.EQ) else condition.expressions
    return [value.name for value in values if isinstance(value, exp.Literal)]


def _compared(case: exp.Case) -> Iterator[exp.Expr]:
    """What a CASE looks at first in each of its branches."""
    if case.this is not None:
        yield case.this
    for branch in case.args["ifs"]:
        yield from branch.this.find_all(exp.Column)


def _is_type(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Column) and node.name == "type"
