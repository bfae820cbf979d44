"""By which rules the cells of an export are explained: the heads of the statements in
`queries/sql/evidence`, one for each kind of row.

    -- The events that cells of a contact hang on, by rule and part.
    -- of: contacts
    -- facts: labels
    -- row: contact_profile_id
    -- inbound: inbound_messages = count
    -- topics topic_names: topic_names

Facts are named that not every one of these exports reads. Each other line names rules and the
columns whose cells they explain, and how the amounts of their parts make the value: not at all,
`count`, `sum`, `mean` or `share`; with `of locks` and `of presence` where it matters that they are
reported at all. What makes the row is rule `row` and part of every explanation.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from tawny.errors import EngineError
from tawny.queries.statements import statement_texts

How = Literal["", "count", "sum", "mean", "share"]
Measured = Literal["", "locks", "presence"]

ROW = "row"
"""The rule of what makes the row."""
MAKES_ROW = "makes_row"
"""The rule of every event that makes it by itself, where one that is there anyway will do."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How the cells of a column are explained."""

    statement: str
    """The name of the statement in `evidence/`."""
    facts: tuple[str, ...]
    """Facts that it reads and the export may not."""
    names: tuple[str, ...]
    """Whose parts are its evidence, beside those of the row; the last one is its own."""
    how: How
    measured: Measured

    @property
    def name(self) -> str:
        """Its own name."""
        return self.names[-1]


def rule_of(export_type: str, column: str) -> Rule | None:
    """By which rule the cells of a column are explained; None while there is none."""
    return _rules().get(export_type, {}).get(column)


def explained_types() -> tuple[str, ...]:
    """The exports whose cells are explained."""
    return tuple(_rules())


@functools.cache
def _rules() -> Mapping[str, Mapping[str, Rule]]:
    found: dict[str, dict[str, Rule]] = {}
    for path, text in statement_texts().items():
        folder, _, name = path.removesuffix(".sql").partition("/")
        if folder == "evidence" and "/" not in name:
            of, *lines = _lines(path, text)
            facts: tuple[str, ...] = ()
            if lines and lines[0][0] == "facts":
                facts = tuple(_listed(lines.pop(0)[1]))
            for export_type in _listed(of[1]):
                found[export_type] = {
                    column: rule
                    for names, value in lines
                    for column, rule in _rules_of(path, name, facts, names, value)
                }
    return found


def _lines(path: str, text: str) -> list[tuple[str, str]]:
    """The lines of a head that have names, with what stands behind the names."""
    comments = itertools.takewhile(lambda line: line.startswith("--"), text.splitlines())
    lines: list[tuple[str, str]] = []
    for line in list(comments)[1:]:
        names, colon, value = line.removeprefix("--").strip().partition(": ")
        if line.startswith("--   ") and lines:
            lines[-1] = (lines[-1][0], f"{lines[-1][1]} {line.removeprefix('--').strip()}")
        elif colon:
            lines.append((names, value))
    if not lines or lines[0][0] != "of":
        raise EngineError("{path}: found no line of that names exports", path=f"{path}:2")
    return lines


def _rules_of(
    path: str, name: str, facts: tuple[str, ...], names: str, value: str
) -> list[tuple[str, Rule]]:
    columns, _, kind = (part.strip() for part in value.partition("="))
    how, _, measured = (part.strip() for part in kind.partition(" of "))
    for given, allowed in ((how, get_args(How)), (measured, get_args(Measured))):
        if given not in allowed:
            raise EngineError(
                "{path}: found {found!r} in the line {name}; allowed {allowed}",
                path=path,
                found=given,
                name=names,
                allowed=", ".join(filter(None, allowed)),
            )
    rule = Rule(name, facts, tuple(names.split()), how, measured)  # type: ignore[arg-type]
    return [(column, rule) for column in _listed(columns)]


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",")]
