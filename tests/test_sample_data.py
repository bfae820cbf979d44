"""Sample data go out of the log again, and nothing else ever does."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tawny.engine.engines import open_of_folder
from tawny.errors import StorageError
from tawny.intake.direct import direct_ingest
from tawny.intake.ingest import Outcome
from tawny.log.acknowledged import Acknowledged
from tawny.log.damage import changed_files
from tawny.log.table import EventLog
from tawny.server.sample_data import story_of
from tawny.settings import Settings
from tawny.state.event_log import event_log
from tawny.upkeep.sample_data import remove_sample

MARK = "0a1b2c3d-"
_2020 = datetime(2020, 1, 1, tzinfo=UTC)
Event = dict[str, Any]


def message(source: str, name: str, month: int) -> Event:
    """One event; which conversation it is of does not matter here."""
    return {
        "specversion": "1.0", "source": source, "id": name, "type": "message.created",
        "time": f"2026-{month:02d}-08T10:00:00Z",
        "data": {"message_id": f"{source} {name}", "conversation_id": "c", "direction": "inbound",
                 "content": name},
    }  # fmt: skip


def ingest(home: Path, events: Sequence[Event]) -> Outcome:
    """Take events in, one commit."""
    with direct_ingest(home, Settings({}), lambda _name, _refusal: None) as taking:
        taking.read("events", ["".join(json.dumps(one) + "\n" for one in events).encode()])
        taking.flush()
        return taking.outcome


def keys(home: Path) -> set[tuple[str, str]]:
    """Source and id of every event of the log."""
    snapshot = event_log(home, Settings({})).snapshot()
    if not snapshot.files:
        return set()
    with open_of_folder(home, Settings({}), threads=1) as duck:
        rows = duck.rows(
            "SELECT source, id FROM read_parquet($paths, union_by_name = true)",
            {"paths": [str(snapshot.folder / file.path) for file in snapshot.files]},
        )
    return {(str(source), str(name)) for source, name in rows}


SAMPLE = st.builds(
    message, st.just("/sample"), st.integers(1, 30).map(lambda n: f"{MARK}{n}"), st.integers(1, 3)
)
REAL = st.builds(
    message,
    st.sampled_from(["/sample", "/desk", "/samples", ""]).map(lambda text: text or "/"),
    st.sampled_from(["1", "x0a1b2c3d-1", "0a1b2c3d1", "0A1B2C3D-1", "ffffffff-1", "0a1b2c3d"]),
    st.integers(1, 3),
)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.lists(st.one_of(SAMPLE, REAL), max_size=8), max_size=4))
def test_whatever_else_came_in_stays(batches: list[list[Event]]) -> None:
    """However real and sample events came in, and however alike they look."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for batch in batches:
            if batch:
                ingest(home, batch)
        before = keys(home)
        sample = {key for key in before if key[0] == "/sample" and key[1].startswith(MARK)}
        assert remove_sample(home, Settings({}), [MARK]) == (
            len(sample), len(before) - len(sample),
        )  # fmt: skip
        assert keys(home) == before - sample
        log = event_log(home, Settings({}))
        record, _ = log.known()
        assert changed_files(log.snapshot(), {} if record is None else record.sha256) == []
        assert remove_sample(home, Settings({}), [MARK]) == (0, len(before) - len(sample))
        # What stayed is known, what went may come again.
        real = [one for batch in batches for one in batch if (one["source"], one["id"]) in before]
        if real:
            ingest(home, real)
        assert keys(home) == before


class _Stops:
    """A second witness that ends the process's work at its nth writing."""

    def __init__(self, at: int) -> None:
        self.known: Acknowledged | None = None
        self.left = at

    def read(self) -> Acknowledged | None:
        return self.known

    def write(self, acknowledged: Acknowledged) -> None:
        self.left -= 1
        if self.left == 0:
            raise StorageError("stopped")
        self.known = acknowledged

    def can_write(self) -> bool:
        return True


@pytest.mark.parametrize("at", [1, 2])
def test_a_log_that_was_stopped_while_it_shrank_is_whole(tmp_path: Path, at: int) -> None:
    """Before the commit it holds everything, after it what was to be left; it is never taken for a
    damaged one."""
    ingest(tmp_path, [message("/sample", f"{MARK}1", 1), message("/desk", "1", 2)])
    witness = _Stops(99)
    log = EventLog(tmp_path, witness)
    snapshot = log.snapshot()
    witness.write(Acknowledged(snapshot.version, snapshot.rows))
    witness.left = at
    gone = [file for file in snapshot.files if file.month == "2026-01"]
    with log.writing(), pytest.raises(StorageError, match="stopped"):
        log.shrink([], gone)
    witness.left = 99
    found = EventLog(tmp_path, witness).snapshot()
    assert found.rows == (2 if at == 1 else 1)
    assert witness.known == Acknowledged(found.version, found.rows)
    assert ingest(tmp_path, [message("/desk", "2", 3)]).accepted == 1
    assert EventLog(tmp_path, witness).snapshot().rows == found.rows + 1


@given(
    st.integers(0, 10 * 366 * 24 * 60).map(lambda minutes: _2020 + timedelta(minutes=minutes)),
    st.sampled_from(["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]),
)
@example(datetime(2026, 11, 27, 22, 58, tzinfo=UTC), "Europe/Paris")
@example(datetime(2026, 10, 25, 22, 30, tzinfo=UTC), "Europe/Paris")
def test_the_first_events_are_of_whole_days(moment: datetime, name: str) -> None:
    """Those of the last seven days, in which the first page looks, at any moment of the day."""
    zone = ZoneInfo(name)
    lines = story_of("x-", round(moment.timestamp() * 1000)).splitlines()
    days = {
        datetime.fromisoformat(json.loads(one)["time"]).astimezone(zone).date() for one in lines
    }
    today = moment.astimezone(zone).date()
    assert all(timedelta(days=1) <= today - day <= timedelta(days=7) for day in days)
