"""Charts beside the period before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from commands import tawny
from tawny.exports.request import ExportRequest
from tawny.exports.session import ExportSession
from tawny.model.zones import instant_ms
from tawny.reading.charts import charts_of
from tawny.settings import Settings

LATER = ("2026-03-01", "2026-03-08")
EARLIER = ("2026-02-22", "2026-03-01")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExportSession]:
    """Over two weeks of a simulated centre."""
    folder = tmp_path_factory.mktemp("charts")
    events = folder / "events.ndjson"
    assert not tawny(
        folder, "sample", "--conversations", "400", "--from", EARLIER[0], "--to", LATER[1],
        "-o", str(events),
    ).status  # fmt: skip
    assert not tawny(folder, "ingest", str(events)).status
    now_ms = instant_ms("2026-04-01T00:00:00Z")
    assert now_ms is not None
    with ExportSession(folder, Settings(), now_ms) as made:
        yield made


def _charts(session: ExportSession, export: str, span: tuple[str, str]) -> list[dict[str, Any]]:
    asked = ExportRequest(export, time_zone="UTC", start=span[0], end=span[1])
    return charts_of(session, asked, None)


@pytest.mark.parametrize("export", ["topics", "tags", "teams", "users"])
def test_a_ranking_has_what_each_had_in_the_period_before(
    session: ExportSession, monkeypatch: pytest.MonkeyPatch, export: str
) -> None:
    """By its name, wherever it stood there; nothing where it was not there."""
    [later] = _charts(session, export, LATER)
    monkeypatch.setattr("tawny.reading.charts.MOST_LABELS", 1000)
    [earlier] = _charts(session, export, EARLIER)
    assert later["labels"] and not earlier["more"]
    parts = earlier["series"] if earlier["kind"] == "stacked" else earlier["series"][:1]
    had = {
        label: sum(one["values"][at] for one in parts) for at, label in enumerate(earlier["labels"])
    }
    assert any(had.values())
    assert later["before"] == [had.get(label, 0) for label in later["labels"]]
    # Before the log begins there is nothing to compare with.
    assert earlier["before"] == ()


def test_who_stood_low_in_the_period_before_is_found(
    session: ExportSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ranking of before is not cut where this one is."""
    [whole], [earlier] = (_charts(session, "users", span) for span in (LATER, EARLIER))
    most = next(
        n
        for n in range(1, len(whole["labels"]))
        if set(whole["labels"][:n]) - set(earlier["labels"][:n])
    )
    monkeypatch.setattr("tawny.reading.charts.MOST_LABELS", most)
    [cut] = _charts(session, "users", LATER)
    assert cut["labels"] == whole["labels"][:most]
    assert cut["more"] == len(whole["labels"]) + whole["more"] - most
    assert cut["before"] == whole["before"][:most]
