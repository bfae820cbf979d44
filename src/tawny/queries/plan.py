"""The steps of a query: what each reads, which are others for another range, and when the memory of
each can be freed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

SCOPE = "scope"
"""The step that names the conversations an export looks at. It and what it reads come first, so
that the engine opens only the files that hold events of these conversations."""

OF_RANGE = ("_in_range", "_in_scope")
"""How the names of engine tables end that depend on the range."""


@dataclass(frozen=True, slots=True)
class Step:
    """One named query."""

    name: str
    sql: str
    reads: tuple[str, ...]
    """The tables it reads, also in selects inside it, as often as it does."""
    parameters: tuple[str, ...] = ()
    """The values it binds."""
    is_of_range: bool = False
    """Whether it is another one for another range, directly or by what it reads."""
    last_reads: tuple[str, ...] = ()
    """Steps of the range that nothing reads after this one, so that their memory can be freed."""
    reads_of_it: int = 0
    """How often other steps and the final select read it."""


OF_RANGE_PARAMETERS = frozenset(["from_ms", "to_ms"])
"""The values that are others for another range."""


def marked_steps(steps: tuple[Step, ...], select_reads: tuple[str, ...]) -> tuple[Step, ...]:
    """The steps with the marks `is_of_range` and `last_reads`; each reads only earlier ones, the
    final select those of `select_reads`."""
    of_range: set[str] = set()
    for step in steps:
        if not OF_RANGE_PARAMETERS.isdisjoint(step.parameters) or any(
            name.endswith(OF_RANGE) or name in of_range for name in step.reads
        ):
            of_range.add(step.name)
    last_reader = dict.fromkeys(_tables_behind(select_reads), "")
    readers = Counter(_tables_behind(select_reads))
    for step in steps:
        readers.update(_tables_behind(step.reads))
    marked = []
    for step in reversed(steps):
        last = [name for name in _tables_behind(step.reads) if name not in last_reader]
        last_reader |= dict.fromkeys(last, step.name)
        free = tuple(name for name in dict.fromkeys(last) if name in of_range)
        marked.append(
            replace(
                step,
                is_of_range=step.name in of_range,
                last_reads=free,
                reads_of_it=readers[step.name],
            )
        )
    return tuple(reversed(marked))


def _tables_behind(reads: tuple[str, ...]) -> tuple[str, ...]:
    """With the scope where events in scope are read: these are views over it."""
    return (*reads, SCOPE) if any(name.endswith("_in_scope") for name in reads) else reads


def needed(steps: tuple[Step, ...], names: tuple[str, ...]) -> tuple[Step, ...]:
    """Those of the steps that some of them need, these included, each after those it reads."""
    wanted = set(names)
    kept = []
    for step in reversed(steps):
        if step.name in wanted:
            wanted.update(step.reads)
            kept.append(step)
    return tuple(reversed(kept))
