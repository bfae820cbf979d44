"""What is announced is never forgotten before it was read, and is one row however often it is."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tawny.settings import Settings
from tawny.sources.hints import SOME, HintStore
from tawny.sources.store import Source, SourceStore
from tawny.state.database import Database, open_database
from tawny.state.tables import source_hints


def source_in(database: Database) -> Source:
    store = SourceStore(database)
    store.add("desk", "chatwoot", "https://desk.example.com/accounts/1", "", {}, {})
    return store.get("desk")


STEPS = st.lists(
    st.tuples(st.sampled_from(["hear", "hear", "read"]), st.integers(0, 40)), max_size=25
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_what_was_announced_waits_until_a_sync_has_read_it(steps: list[tuple[str, int]]) -> None:
    """A webhook at an instant is open until a sync has read up to that instant or later: then the
    oldest hint is no younger than it."""
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(Path(folder), Settings({}))
        source, hints = source_in(database), HintStore(database)
        now_ms, open_ms = 1_000, []
        for what, pause_ms in steps:
            now_ms += pause_ms
            if what == "hear":
                hints.hear(source, ["conversation/1"], now_ms, {"received": 1})
                open_ms.append(now_ms)
            else:
                until_ms = now_ms - 20
                hints.read(source, hints.announced(source, until_ms))
                open_ms = [one for one in open_ms if one > until_ms]
            oldest_ms = hints.oldest().get(source.id)
            if open_ms:
                assert oldest_ms is not None
                assert oldest_ms <= min(open_ms)
            with database.read() as connection:
                assert len(connection.execute(source_hints.select()).all()) <= 1
        hints.read(source, hints.announced(source, now_ms))
        assert hints.oldest() == {}
        database.close()


def test_a_record_that_is_announced_twice_is_read_twice_and_no_more(tmp_path: Path) -> None:
    database = open_database(tmp_path, Settings({}))
    source, hints = source_in(database), HintStore(database)
    for at_ms in (1_000, 50_000):
        hints.hear(source, ["conversation/1"], at_ms, {"received": 1})
    assert hints.announced(source, 2_000).records == {"conversation/1"}
    hints.read(source, hints.announced(source, 2_000))
    assert hints.oldest() == {source.id: 50_000}
    hints.read(source, hints.announced(source, 51_000))
    assert hints.oldest() == {}
    assert hints.state(source).counts["received"] == 0
    database.close()


def test_of_too_many_records_it_is_known_that_there_are_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tawny.sources.hints.MOST_HINTS", 20)
    database = open_database(tmp_path, Settings({}))
    source, hints = source_in(database), HintStore(database)
    hints.hear(source, [f"conversation/{n}" for n in range(50)], 1_000, {})
    found = hints.announced(source, 1_000).records
    assert len(found) == 21
    assert SOME in found
    hints.forget(source)
    assert hints.oldest() == {}
    database.close()
