"""Every row that differs has causes, and they are causes: a log without the events that are named
does not say what the second state says. On random logs (see `generators`) with late, deleted,
erased, renamed and corrected events, over all twelve exports."""

import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

import generators
from effort import examples
from tawny.differences.alike import AlikeRows
from tawny.differences.causes import Causes
from tawny.differences.comparison import ChangedRow, Comparison
from tawny.differences.side import Side, side_of_instant
from tawny.exports.request import ExportRequest
from tawny.exports.session import ExportSession
from tawny.state.event_log import event_log
from test_differential import LATER_MS, SETTINGS, as_request, random_requests, take_in

Json = dict[str, Any]
NAMED = ("channel.saved", "agent.saved", "team.saved", "topic.saved", "tag.saved")
KINDS = {"arrived", "happened_after", "erased", "time_passed"}


def version(home: Path) -> int:
    return event_log(home, SETTINGS).snapshot().version


def rows_of_file(home: Path, request: ExportRequest, log_version: int) -> list[str]:
    """The lines of the file of a request on a version of the log."""
    target = home / "export.csv"
    with ExportSession(home, SETTINGS, LATER_MS) as session:
        session.log_version = log_version
        session.export(request, target)
    return target.read_text().splitlines()


def told(home: Path, before: Side, now: Side) -> tuple[int, list[ChangedRow]]:
    with Comparison(home, SETTINGS, before, now) as found:
        return found.total, list(found.rows())


def without(log: list[Json], row: ChangedRow) -> list[Json]:
    """A log without the events that are named as causes."""
    named = {
        (cause.event["source"], cause.event["id"])
        for cause in row.causes
        if cause.event is not None
    }
    return [event for event in log if (event["source"], event["id"]) not in named]


def renamed(event: Json, number: int) -> Json:
    """The same thing saved later in the same millisecond under another name, one of two."""
    data = event["data"] | {"name": f"name {number % 2}"}
    return event | {"id": f"renamed-{number}", "sequence": f"~{number:05d}", "data": data}


@settings(max_examples=examples(2))
@given(seed=st.integers(0, 2**32))
def test_every_row_that_differs_has_causes(seed: int) -> None:
    rng = random.Random(seed)
    log = generators.random_log(rng, rng.choice([60, 150]))
    if rng.random() < 0.5:  # erased between the two states
        log.sort(key=lambda event: event["type"] == "contact.erased")
    begin = int(len(log) * rng.choice([0.7, 0.9, 0.97]))
    with tempfile.TemporaryDirectory(prefix="tawny-differences-") as folder:
        home = Path(folder) / "home"
        take_in(home, log[:begin])
        first = version(home)
        take_in(home, log[begin:])
        newest = version(home)
        tried = 0
        for asked in random_requests(rng, log, generators.TYPES):
            request = structs.replace(as_request(asked), channels=())
            before = Side("before", request, None, first, first)
            now = side_of_instant("now", request, None, newest)
            if rng.random() < 0.3:
                earlier = generators.random_request(rng, log)["as_of"]
                before = side_of_instant(
                    "before", structs.replace(request, as_of=earlier), None, newest
                )
            total, rows = told(home, before, now)
            assert len(rows) == total
            for row in rows:
                kinds = {cause.kind for cause in row.causes}
                assert kinds and kinds <= KINDS, (asked, row)
            if before.log_version == newest and before.request.as_of == request.as_of:
                assert not rows
            # Of a row that came or changed: without what is named, it would not be as it is.
            shown = [row for row in rows if row.change != "removed" and row.cells]
            named = [row for row in shown if all(cause.is_now for cause in row.causes)]
            if named and tried < 2 and "time_passed" not in {c.kind for c in named[0].causes}:
                tried += 1
                other = Path(folder) / f"other-{tried}"
                take_in(other, without(log, named[0]))
                lines = rows_of_file(home, request, newest)
                assert rows_of_file(other, request, version(other)) != lines, (asked, named[0])


def test_equal_files_have_no_differences(tmp_path: Path) -> None:
    rng = random.Random(1)
    log = generators.random_log(rng, 100)
    home = tmp_path / "home"
    take_in(home, log)
    version_there = version(home)
    for asked in random_requests(rng, log, generators.TYPES):
        request = as_request(asked)
        before = Side("before", request, None, version_there, version_there)
        now = side_of_instant("now", request, None, version_there)
        assert told(home, before, now) == (0, [])


def test_causes_of_rows_alike_are_those_of_each_row_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is looked up once for many rows is what is found for each of them; also where several
    channels, agents and so on get one name."""
    rng = random.Random(7)
    log = generators.random_log(rng, 150)
    home = tmp_path / "home"
    take_in(home, log)
    first = version(home)
    take_in(home, [renamed(one, n) for n, one in enumerate(log) if one["type"] in NAMED])
    newest = version(home)
    sides = []
    for asked in random_requests(rng, log, ("messages", "open-conversations", "response-times")):
        request = structs.replace(as_request(asked), channels=())
        now = side_of_instant("now", request, None, newest)
        sides.append((Side("before", request, None, first, first), now))
    looked_up = []
    look_at = Causes.look_at

    def counted(*arguments: Any) -> Any:
        looked_up.append(arguments[1])
        return look_at(*arguments)

    monkeypatch.setattr(Causes, "look_at", counted)
    together = [told(home, *pair) for pair in sides]
    once = len(looked_up)
    monkeypatch.setattr(AlikeRows, "kind_of", lambda *_: None)
    assert together == [told(home, *pair) for pair in sides]
    each = len(looked_up) - once
    assert each == sum(total for total, _ in together)
    assert once < each, "some were alike"
