"""The rows of a change feed of all parts of an answer together, to be written into one file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tawny.engine.duck import Duck
from tawny.model.periods import Period


class ChangeRows:
    """Gathers what `make_changes` found, part by part, in the table `change_rows`."""

    statement = "SELECT * EXCLUDE (nth) FROM change_rows ORDER BY nth"
    """All rows, in the order of their parts."""

    def __init__(self, duck: Duck) -> None:
        self._duck = duck
        self._parts = 0

    def add(self, version: int, period: Period | None) -> None:
        """Add the rows of the part that was compared last, with the version they are of and, where
        rows sum up, the period."""
        own = f"CAST({int(version)} AS BIGINT) AS at"
        if period is not None:
            own += (
                f", CAST({int(period.from_ms)} AS BIGINT) AS period_from"
                f", CAST({int(period.to_ms)} AS BIGINT) AS period_to"
            )
        known = "0" if not self._parts else "(SELECT count(*) FROM change_rows)"
        select = f"SELECT nth + {known} AS nth, * EXCLUDE (nth), {own} FROM feed_changes"
        if self._parts:
            self._duck.execute(f"INSERT INTO change_rows BY NAME {select}")
        else:
            self._duck.execute(f"CREATE OR REPLACE TEMP TABLE change_rows AS {select}")
        self._parts += 1


def keep_known(duck: Duck) -> None:
    """Put what was gathered aside, as `known_rows`."""
    duck.execute("CREATE OR REPLACE TEMP TABLE known_rows AS SELECT * FROM change_rows")


def other_rows(duck: Duck, key: Sequence[str]) -> list[dict[str, Any]]:
    """What is other in what was gathered than in what was put aside: the key of each row, and
    `was` and `now`, whether it is in each."""
    keys = ", ".join(f'"{name}"' for name in key)
    named = ", ".join(f'coalesce(now."{name}", was."{name}") AS "{name}"' for name in key)
    alike = " AND ".join(f'now."{name}" IS NOT DISTINCT FROM was."{name}"' for name in key)

    def rows_of(table: str) -> str:
        return (
            f"(SELECT {keys}, cells FROM (SELECT cells, {keys} FROM "
            f"(SELECT * EXCLUDE (nth) FROM {table}) AS cells) AS rows)"
        )

    return duck.named_rows(
        f"SELECT {named}, was.cells IS NOT NULL AS was, now.cells IS NOT NULL AS now "
        f"FROM {rows_of('known_rows')} AS was FULL JOIN {rows_of('change_rows')} AS now "
        f"ON {alike} WHERE was.cells IS DISTINCT FROM now.cells ORDER BY ALL"
    )
