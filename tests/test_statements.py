"""Shares of many values, written in the SQL that every engine has, against the embedded engine's
own functions for them."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tawny.engine.engines import open_embedded
from tawny.queries.statements import statement

VALUES = st.lists(st.none() | st.integers(0, 10**9), max_size=60)


def both(folder: Path, path: str, column: str, values: list[int | None], own: str) -> list[object]:
    """The row a statement gives for the values of a column, and that of a select list."""
    with open_embedded(folder, 200, 1) as engine:
        engine.execute(
            f"CREATE TEMP TABLE export_rows ({column} BIGINT); INSERT INTO export_rows "
            f"SELECT unnest(CAST({values} AS BIGINT[]))".replace("None", "NULL")
        )
        [row] = engine.rows(statement(path))
        [expected] = engine.rows(f"SELECT {own} FROM export_rows")
    return [row, expected]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("statements")


@given(values=VALUES)
@example(values=[])
@example(values=list(range(100)))
def test_percentiles(folder: Path, values: list[int | None]) -> None:
    own = ", ".join(
        f"quantile_disc(agent_response_time, {share})" for share in (0.5, 0.75, 0.9, 0.95, 0.99)
    )
    row, expected = both(
        folder, "charts/response_time_percentiles.sql", "agent_response_time", values, own
    )
    assert row == expected


@given(values=VALUES)
@example(values=[])
def test_the_summary_of_response_times(folder: Path, values: list[int | None]) -> None:
    own = "median(agent_response_time), quantile_cont(agent_response_time, 0.9)"
    row, expected = both(folder, "summaries/response-times.sql", "agent_response_time", values, own)
    assert row == pytest.approx(expected)


@given(values=VALUES)
@example(values=[])
def test_the_summary_of_resolved_conversations(folder: Path, values: list[int | None]) -> None:
    own = "median(first_response_time), count(first_response_time)"
    row, expected = both(
        folder, "summaries/resolved-conversations.sql", "first_response_time", values, own
    )
    assert row == pytest.approx(expected)
