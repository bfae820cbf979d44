"""Files that were made before events came in late: which of them no longer hold what the log says,
against each of them made again."""

from __future__ import annotations

import datetime
import itertools
import json
import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
from effort import examples
from generated_times import DAY, ZONES
from oracle.values import bound_of
from tawny.exports.request import ExportRequest
from tawny.exports.session import ExportSession
from tawny.feeds.made_files import ChangedRows, MadeFiles, made_file
from tawny.model.zones import instant_text
from tawny.queries.catalogue import EXPORT_TYPES, query
from tawny.settings import Settings
from tawny.upkeep.erase import purge
from test_differential import lock_log, take_in
from test_feeds import UTC_ZONE

Json = dict[str, Any]
SETTINGS = Settings({"engine_memory_mb": "300"})


def made(home: Path, requests: list[ExportRequest]) -> list[tuple[bytes, Json]]:
    """The bytes and the receipt of each."""
    found = []
    with ExportSession(home, SETTINGS, 0) as session:
        for request in requests:
            receipt = session.export(request, home / "made.jsonl")
            found.append(((home / "made.jsonl").read_bytes(), receipt.content()))
    return found


def asked(rng: random.Random, export_type: str, times: list[int], channels: list[str]) -> Any:
    """Adjoining and other ranges, each as of some time after its end, as slots are."""
    zone = rng.choice(ZONES)
    some = tuple(rng.sample(channels, rng.randint(1, len(channels)))) if rng.random() < 0.3 else ()
    cuts = sorted({rng.choice(times) + rng.choice([0, 1, -DAY]) for _ in range(4)})
    cuts = [cuts[0] - DAY, *cuts, cuts[-1] + DAY]
    return [
        ExportRequest(
            export_type=export_type, time_zone=zone, start=instant_text(start),
            end=instant_text(end), channels=some, headers="key", format="jsonl", content="yes",
            as_of=instant_text(end + rng.choice([0, 1, DAY, 9 * DAY, 400 * DAY])),
        )
        for start, end in itertools.pairwise(cuts)
    ]  # fmt: skip


def stretch(log: list[Json], factor: int) -> None:
    """Have days become weeks: an agent's next lock may be months away."""
    times = [datetime.datetime.fromisoformat(event["time"]) for event in log]
    begin = min(times)
    for event, time in zip(log, times, strict=True):
        event["time"] = (begin + factor * (time - begin)).isoformat()


def rows_of(data: bytes) -> list[str]:
    return data.decode().split("\n")[:-1]


@pytest.mark.parametrize("export_type", EXPORT_TYPES)
@settings(max_examples=examples(1))
@given(seed=st.integers(0, 2**32))
def test_the_files_that_late_events_change_are_found_and_no_others(
    export_type: str, seed: int
) -> None:
    check_files(export_type, seed)


def check_files(export_type: str, seed: int) -> None:
    rng = random.Random(seed)
    with_locks = export_type in ("resolved-conversations", "open-conversations", "teams", "users")
    if with_locks and rng.random() < 0.4:
        log = lock_log(rng)
        if rng.random() < 0.5:
            stretch(log, rng.choice([10, 20, 40]))
    else:
        log = generators.random_log(rng, rng.choice([30, 60, 120]), strange=rng.random() < 0.5)
    times = sorted(bound_of(e["time"], UTC_ZONE) for e in log if e["type"] != "contact.erased")
    late = rng.sample(range(len(log)), rng.choice([1, 1, 2, 5, len(log) // 3]))
    first = [event for place, event in enumerate(log) if place not in late]
    second = [log[place] for place in late]
    channels = sorted(
        {e["data"]["channel_id"] for e in first if e["type"] == "conversation.created"}
    )
    with tempfile.TemporaryDirectory(prefix="tawny-made-") as folder:
        home = Path(folder)
        take_in(home, first)
        if not channels:
            return
        requests = asked(rng, export_type, times, channels)
        then = made(home, requests)
        take_in(home, second)
        if rng.random() < 0.3:
            purge(home, SETTINGS)
        now = made(home, requests)
        other = [place for place in range(len(then)) if then[place][0] != now[place][0]]
        with MadeFiles(home, SETTINGS, [made_file(receipt) for _, receipt in then]) as files:
            assert set(other) <= set(files.touched()), "not looked at"
            assert files.changed() == other
            for place in other:
                part = requests[place]
                check_counts(files.rows(place, part), then[place][0], now[place][0], part)
                named = files.late_events(place, part)
                assert named["count"] >= 1
                assert {one["id"] for one in named["first"]} <= {e["id"] for e in second}


def check_counts(rows: ChangedRows, before: bytes, after: bytes, part: ExportRequest) -> None:
    """The changed rows, where the file says by which key they are told apart."""
    key = query(part.export_type).head.primary_key
    if not key:
        assert rows
        return
    was, now = (
        {tuple(cells[name] for name in key): cells for cells in map(json.loads, rows_of(data))}
        for data in (before, after)
    )
    assert (rows.added, rows.removed, rows.changed) == (
        len(now.keys() - was.keys()),
        len(was.keys() - now.keys()),
        sum(was[one] != now[one] for one in was.keys() & now.keys()),
    )
    told = {(row["row"], tuple(row[name] for name in key)) for row in rows.named}
    assert len(told) == len(rows.named) == rows.added + rows.removed + rows.changed
