"""Events that do not count, because one with the same `source` and `id` arrived before.

Events that contradict one that is there are refused, so only a log that an earlier version has
written holds any. Such logs are few and such events rare; most queries need no condition for them.
"""

from __future__ import annotations

import pyarrow as pa

from tawny.engine.base import Engine
from tawny.engine.duck import Duck
from tawny.engine.key_index import create_repetitions, index_for_reading
from tawny.log.files import Snapshot

_Row = tuple[object, ...]

_KEYS = ("source", "id", "log_version")
_COLUMNS = "family, source, id, log_version"

_newest: tuple[Snapshot, tuple[_Row, ...]] | None = None
"""Those of the snapshot that was last asked about: connections that share one ask again."""


def left_out(duck: Duck, snapshot: Snapshot) -> tuple[_Row, ...]:
    """The events of a snapshot that do not count: family, source, id, log version."""
    global _newest
    known = _newest
    if known is None or known[0] is not snapshot:
        with index_for_reading(duck, snapshot) as index:
            create_repetitions(duck, index)
        rows = duck.rows(
            f"SELECT {_COLUMNS} FROM repetitions WHERE log_version <= {snapshot.version} "
            "ORDER BY ALL"
        )
        known = _newest = (snapshot, tuple(rows))
    return known[1]


def that_count(duck: Duck, snapshot: Snapshot, family: str) -> list[str]:
    """The condition under which events of a family count, for the embedded engine; none in most
    logs, so that their rows need not be looked at."""
    if not (name := _table_of(duck, snapshot, family)):
        return []
    return [f"(source, id, log_version) NOT IN (SELECT (source, id, log_version) FROM {name})"]


def not_repeated(engine: Engine, snapshot: Snapshot, family: str) -> list[str]:
    """The same for any engine, of a relation called `creations`."""
    if not (name := _table_of(engine, snapshot, family)):
        return []
    keys = " AND ".join(f"{name}.{key} = creations.{key}" for key in _KEYS)
    return [f"NOT EXISTS (SELECT 1 FROM {name} WHERE {keys})"]


def _table_of(engine: Engine, snapshot: Snapshot, family: str) -> str:
    """A table of the events of a family that do not count; empty when there are none."""
    rows = [row for row in left_out(engine.embedded, snapshot) if row[0] == family]
    if not rows:
        return ""
    name = f"repetitions_of_{family}"
    types = (pa.string(), pa.string(), pa.int64())
    columns = zip(_KEYS, types, list(zip(*rows, strict=True))[1:], strict=True)
    engine.add_table(name, pa.table({key: pa.array(of, kind) for key, kind, of in columns}))
    return name
