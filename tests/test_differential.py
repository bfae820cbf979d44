"""The product against the oracle: every cell of all twelve exports, on random logs.

The logs are small and nasty (see `generators`). The two share no code, so a difference is a
mistake in one of them. A failing log shrinks to a small one; `TAWNY_SOAK` says how many to try.
"""

import random
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
import oracle
from commands import ndjson
from effort import examples
from oracle.values import bound_of
from tawny.exports.request import ExportRequest
from tawny.runs.compact import compact
from tawny.runs.export import ExportSession
from tawny.runs.ingest import Ingest
from tawny.settings import Settings

Json = dict[str, Any]
SETTINGS = Settings()
LATER_MS = 10**13
"""The run's "now" is never used: every request here has an `as_of`."""


def take_in(home: Path, events: Iterable[Json]) -> None:
    """One ingest call; the contract's own events are never refused."""

    def refuse(name: str, refusal: object) -> None:
        raise AssertionError(f"{name}: {refusal}")

    with Ingest(home, SETTINGS, refuse) as run:
        run.read("log", [ndjson(events)])


def as_request(asked: Json) -> ExportRequest:
    return ExportRequest(
        export_type=asked["type"],
        time_zone=asked["tz"],
        start=asked.get("from"),
        end=asked.get("to"),
        channels=tuple(asked.get("channels", ())),
        as_of=asked["as_of"],
    )


def compare(home: Path, log: list[Json], requests: list[Json]) -> None:
    with ExportSession(home, SETTINGS, LATER_MS) as session:
        for request in requests:
            target = home / "export.csv"
            session.export(as_request(request), target)
            assert target.read_bytes().decode() == oracle.run(log, request), request


def random_requests(rng: random.Random, log: list[Json], kinds: Iterable[str]) -> list[Json]:
    """One request of each type."""
    requests = []
    for kind in kinds:
        request = generators.random_request(rng, log)
        while "from" not in request and kind != "open-conversations":
            request = generators.random_request(rng, log)
        requests.append(request | {"type": kind})
    return requests


@pytest.mark.parametrize("delivery", ["at once", "in pieces", "compacted", "strange"])
@settings(max_examples=examples(4))
@given(data=st.data())
def test_every_cell_is_what_the_oracle_says(delivery: str, data: st.DataObject) -> None:
    log = data.draw(generators.logs(strange=delivery == "strange"), label="log")
    rng = random.Random(data.draw(st.integers(0, 2**32), label="requests"))
    with tempfile.TemporaryDirectory(prefix="tawny-differential-") as folder:
        home = Path(folder)
        pieces = 1 if delivery in ("at once", "strange") else rng.randint(2, 4)
        for start in range(pieces):
            take_in(home, log[start::pieces])
            if delivery == "compacted" and rng.random() < 0.7:
                compact(home, SETTINGS)
        compare(home, log, random_requests(rng, log, generators.TYPES))


@settings(max_examples=examples(4))
@given(seed=st.integers(0, 2**32))
def test_a_log_that_grows_keeps_its_past(seed: int) -> None:
    """As of an instant, later events and a later delivery of them change nothing."""
    rng = random.Random(seed)
    log = generators.random_log(rng, 120)
    # What is never erased, because an erasure reaches into the past.
    log = [event for event in log if event["type"] != "contact.erased"]
    requests = random_requests(rng, log, generators.TYPES)
    for request in requests:
        request.pop("channels", None)
    zone = generators.UTC_ZONE
    as_of = bound_of(requests[0]["as_of"], zone)
    early = [event for event in log if bound_of(event["time"], zone) <= as_of]
    requests = [request | {"as_of": requests[0]["as_of"]} for request in requests]
    with tempfile.TemporaryDirectory(prefix="tawny-differential-") as folder:
        home = Path(folder)
        take_in(home, early)
        compare(home, early, requests)
        take_in(home, log)
        compare(home, early, requests)
