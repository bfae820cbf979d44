"""Which incoming events are new, which repeat one that is there, and which contradict it.

Two events with the same `source` and `id` are one event when everything that the log keeps is the
same; otherwise the later one is refused (docs/events.md). The index of keys says which events have
to be looked at; in most input that is none.
"""

from __future__ import annotations

import functools
import heapq
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from tawny.engine.duck import Duck
from tawny.engine.erasure import PERSONAL_COLUMNS, create_erased_tables
from tawny.engine.key_index import KEY, create_known_keys, place
from tawny.engine.log_files import ARRIVAL, columns_of
from tawny.engine.schema_evolution import events_of
from tawny.log.files import Snapshot
from tawny.log.keys import DAYS
from tawny.model.conflict import Values, conflict, differing
from tawny.model.events import FAMILIES
from tawny.model.layout import family_schema
from tawny.model.refusals import Refusal

PAGE_ROWS = 2_000
"""Contradictions are looked at so many at a time."""

OnConflict = Callable[[int, Callable[[], Refusal]], None]

FRESH_KEYS = f"SELECT key, place FROM incoming_keys ANTI JOIN repeated USING ({ARRIVAL})"
"""The keys of what `sort_out` found to be new."""

_DAY_MS = 86_400_000
_DAYS_TO_1970 = 719_162


@dataclass(frozen=True, slots=True)
class SortedOut:
    """What incoming events are. `repeated (arrival)` has those that are not new."""

    duplicates: int
    conflicts: int


def sort_out(
    duck: Duck,
    snapshot: Snapshot,
    tables: Mapping[str, pa.Table],
    on_conflict: OnConflict,
    *,
    newest: bool,
) -> SortedOut:
    """Register the incoming tables as `incoming_<family>` and find what in them is not new: creates
    the tables `incoming_keys (key, place, arrival)` and `repeated (arrival)`. `on_conflict` is
    called with the arrival of each event to be refused and what says why (numbered with its
    arrival): words cost more than finding it, and not all are wanted.

    With `newest` the caller holds the writers' lock and has the newest snapshot.
    """
    for family, table in tables.items():
        duck.register(f"incoming_{family}", table)
    create_known_keys(duck, snapshot, newest=newest)
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE incoming_keys AS "
        + " UNION ALL ".join(
            f"SELECT {KEY} AS key, {place(family)} AS place, {ARRIVAL} FROM incoming_{family}"
            for family in tables
        )
    )
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE suspects AS "
        "SELECT key, CAST(NULL AS UINTEGER) AS place FROM incoming_keys "
        "GROUP BY key HAVING count(*) > 1 "
        "UNION ALL SELECT key, place FROM known_keys SEMI JOIN incoming_keys USING (key)"
    )
    duck.execute(f"CREATE OR REPLACE TEMP TABLE repeated ({ARRIVAL} BIGINT)")
    if duck.rows("SELECT count(*) > 0 FROM suspects") == [(False,)]:
        return SortedOut(0, 0)
    return _Comparison(duck, snapshot, tuple(tables)).run(on_conflict)


def release(duck: Duck, tables: Mapping[str, pa.Table]) -> None:
    """Let go of the incoming tables and of what was found about them."""
    for family in tables:
        duck.unregister(f"incoming_{family}")
    for name in ("incoming_keys", "suspects", "repeated"):
        duck.execute(f"DROP TABLE IF EXISTS {name}")


def repeated_arrivals(duck: Duck) -> frozenset[int]:
    """The arrivals of what `sort_out` found not to be new."""
    return frozenset(int(str(row[0])) for row in duck.rows(f"SELECT {ARRIVAL} FROM repeated"))


class _Comparison:
    """Compares incoming events whose key is not new with the event that has the key."""

    def __init__(self, duck: Duck, snapshot: Snapshot, families: tuple[str, ...]) -> None:
        self._duck = duck
        self._snapshot = snapshot
        self._families = families
        self._erased_known = False

    def run(self, on_conflict: OnConflict) -> SortedOut:
        self._create_suspect_rows()
        there = self._create_there()
        self._create_holders(there)
        self._create_unequal()
        rows = int(str(self._duck.rows("SELECT count(*) FROM repeated")[0][0]))
        conflicts = 0
        for arrival, why in heapq.merge(*self._conflicts(), key=operator.itemgetter(0)):
            on_conflict(arrival, why)
            conflicts += 1
        for name in ("suspect_rows", "holders", "unequal", *(f"there_{one}" for one in there)):
            self._duck.execute(f"DROP TABLE {name}")
        return SortedOut(rows - conflicts, conflicts)

    def _create_suspect_rows(self) -> None:
        self._duck.execute(
            "CREATE OR REPLACE TEMP TABLE suspect_rows AS "
            + " UNION ALL ".join(
                f"SELECT '{family}' AS family, source, id, {ARRIVAL} FROM incoming_{family} "
                f"WHERE {KEY} IN (SELECT key FROM suspects)"
                for family in self._families
            )
        )

    def _create_there(self) -> list[str]:
        """For each family that may hold such an event in the log a table `there_<family>` of its
        events with the `source` and `id` of suspects; returns the families."""
        days: dict[int, list[int]] = {}
        for (found,) in self._duck.rows(
            "SELECT DISTINCT place FROM suspects WHERE place IS NOT NULL"
        ):
            number, day = divmod(int(str(found)), DAYS)
            days.setdefault(number, []).append((day - _DAYS_TO_1970) * _DAY_MS)
        families = []
        for number, begins in sorted(days.items()):
            family = list(FAMILIES)[number]
            first_ms, last_ms = min(begins), max(begins) + _DAY_MS - 1
            known = sorted(begins)
            paths = [
                str(self._snapshot.folder / file.path)
                for file in self._snapshot.files
                if file.family == family
                and any(day <= file.last_ms and file.first_ms < day + _DAY_MS for day in known)
            ]
            if not paths:
                continue
            events = events_of(self._snapshot, family, paths, "filename = true")
            self._duck.execute(
                f"CREATE OR REPLACE TEMP TABLE there_{family} AS "
                f"SELECT *, row_number() OVER () AS number FROM {events} AS events "
                f"WHERE epoch_ms(time) BETWEEN {first_ms} AND {last_ms} "
                "AND (source, id) IN (SELECT (source, id) FROM suspect_rows)"
            )
            families.append(family)
        return families

    def _create_holders(self, families: list[str]) -> None:
        """`holders (source, id, family, number)`: the event that has a key, in the log or else
        the first of those that came. `number` is that of its row, or its arrival."""
        rows = " UNION ALL ".join(
            f"SELECT source, id, log_version, time, coalesce(sequence, '') AS sequence, "
            f"'{family}' AS family, number FROM there_{family}"
            for family in families
        )
        logged = f"SELECT source, id, family, {ARRIVAL} AS number FROM suspect_rows WHERE false"
        if rows:
            logged = (
                "SELECT source, id, arg_min(family, (log_version, time, sequence, family, number)) "
                "AS family, arg_min(number, (log_version, time, sequence, family, number)) "
                f"AS number FROM ({rows}) AS rows_there GROUP BY source, id"
            )
        self._duck.execute(
            f"CREATE OR REPLACE TEMP TABLE holders AS SELECT *, true AS is_logged FROM ({logged})"
        )
        self._duck.execute(
            f"INSERT INTO holders SELECT source, id, arg_min(family, {ARRIVAL}), min({ARRIVAL}), "
            "false FROM suspect_rows "
            "ANTI JOIN (SELECT source, id FROM holders) AS logged USING (source, id) "
            "GROUP BY source, id"
        )

    def _create_unequal(self) -> None:
        """Fill `repeated`, and create `unequal` of those that are not the same as the holder of
        their key."""
        self._duck.execute(
            f"INSERT INTO repeated SELECT {ARRIVAL} FROM suspect_rows INNER JOIN holders "
            f"USING (source, id) WHERE holders.is_logged OR {ARRIVAL} <> holders.number"
        )
        self._duck.execute(
            "CREATE OR REPLACE TEMP TABLE unequal AS "
            f"SELECT {ARRIVAL}, came.family, holders.family AS there_family, number, is_logged "
            "FROM suspect_rows AS came INNER JOIN holders USING (source, id) "
            "WHERE came.family <> holders.family"
        )
        for family in self._families:
            names = [name for name in family_schema(family).names if name not in ("source", "id")]
            same = " AND ".join(f"came.{name} IS NOT DISTINCT FROM there.{name}" for name in names)
            for is_logged, relation, number in self._relations(family):
                self._duck.execute(
                    "INSERT INTO unequal "
                    f"SELECT came.{ARRIVAL}, '{family}', '{family}', holders.number, {is_logged} "
                    f"FROM incoming_{family} AS came "
                    f"SEMI JOIN repeated ON repeated.{ARRIVAL} = came.{ARRIVAL} "
                    "INNER JOIN holders ON holders.source = came.source AND holders.id = came.id "
                    f"INNER JOIN {relation} AS there ON there.{number} = holders.number "
                    f"WHERE holders.family = '{family}' AND holders.is_logged = {is_logged} "
                    f"AND NOT ({same})"
                )

    def _relations(self, family: str) -> Iterator[tuple[str, str, str]]:
        """Where holders of a family may be: whether it is the log, the relation, its number."""
        if self._duck.rows(
            "SELECT count(*) > 0 FROM holders WHERE is_logged AND family = $family",
            {"family": family},
        ) == [(True,)]:
            yield "true", f"there_{family}", "number"
        if family in self._families:
            yield "false", f"incoming_{family}", ARRIVAL

    def _conflicts(self) -> Iterator[Iterator[tuple[int, Callable[[], Refusal]]]]:
        """Those of `unequal` that contradict the holder of their key, and why: one series, by
        arrival, for each pair of families."""
        kinds = self._duck.rows(
            "SELECT DISTINCT family, there_family, is_logged FROM unequal ORDER BY ALL"
        )
        for came_family, there_family, is_logged in kinds:
            family, other = str(came_family), str(there_family)
            for flag, relation, number in self._relations(other):
                if (flag == "true") == is_logged:
                    yield self._conflicts_of(family, other, flag, relation, number)

    def _conflicts_of(
        self, family: str, other: str, is_logged: str, relation: str, number: str
    ) -> Iterator[tuple[int, Callable[[], Refusal]]]:
        came_names, there_names = family_schema(family).names, family_schema(other).names
        columns = [f"came.{ARRIVAL}", "there.filename" if is_logged == "true" else "''"]
        columns += [_column("came", name) for name in came_names]
        columns += [_column("there", name) for name in there_names]
        of_kind = (
            f"unequal.family = '{family}' AND unequal.there_family = '{other}' "
            f"AND unequal.is_logged = {is_logged}"
        )
        arrivals = [
            int(str(row[0]))
            for row in self._duck.rows(
                f"SELECT {ARRIVAL} FROM unequal WHERE {of_kind} ORDER BY {ARRIVAL}"
            )
        ]
        for page in range(0, len(arrivals), PAGE_ROWS):
            first, last = arrivals[page], arrivals[page : page + PAGE_ROWS][-1]
            # The bounds stand with both: what is out of them is not joined.
            rows = self._duck.rows(
                f"SELECT {', '.join(columns)} FROM unequal "
                f"INNER JOIN incoming_{family} AS came ON came.{ARRIVAL} = unequal.{ARRIVAL} "
                f"INNER JOIN {relation} AS there ON there.{number} = unequal.number "
                f"WHERE {of_kind} AND unequal.{ARRIVAL} BETWEEN {first} AND {last} "
                f"AND came.{ARRIVAL} BETWEEN {first} AND {last} "
                f"ORDER BY unequal.{ARRIVAL}"
            )
            for row in rows:
                arrival, values = int(str(row[0])), row[2:]
                came = dict(zip(came_names, values[: len(came_names)], strict=True))
                there = dict(zip(there_names, values[len(came_names) :], strict=True))
                names = differing(there, came)
                if is_logged == "true" and there["type"] == came["type"]:
                    names = self._that_count(other, str(row[1]), names, there)
                if names:
                    yield arrival, functools.partial(conflict, arrival, there, came, names)

    def _that_count(self, family: str, filename: str, names: list[str], there: Values) -> list[str]:
        """Without fields that the log did not know when it was written, and without what was
        purged: either equals anything."""
        known = columns_of(filename)
        _, personal = PERSONAL_COLUMNS.get(family, ("", ()))
        return [
            name
            for name in names
            if name in known
            and not (name in personal and there[name] is None and self._is_erased(family, there))
        ]

    def _is_erased(self, family: str, there: Values) -> bool:
        """Whether an event of the log is about an erased person."""
        if not self._erased_known:
            create_erased_tables(self._duck, self._snapshot)
            self._erased_known = True
        condition, _ = PERSONAL_COLUMNS[family]
        column = condition.partition(" ")[0]
        return self._duck.rows(
            f"SELECT {condition} FROM (SELECT CAST($value AS VARCHAR) AS {column})",
            {"value": str(there[column])},
        ) == [(True,)]


def _column(relation: str, name: str) -> str:
    return f"epoch_ms({relation}.time)" if name == "time" else f"{relation}.{name}"
