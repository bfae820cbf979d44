"""The product against the oracle: every cell of all twelve exports, on random logs.

The logs are small and nasty (see `generators`). The two share no code, so a difference is a
mistake in one of them. A failing log shrinks to a small one; `TAWNY_SOAK` says how many to try.
"""

import random
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
import oracle
from commands import ndjson
from effort import examples
from oracle.values import bound_of
from tawny.exports import slicing
from tawny.exports.request import ExportRequest
from tawny.exports.session import ExportSession
from tawny.intake.direct import direct_ingest
from tawny.settings import Settings
from tawny.upkeep.compact import compact

Json = dict[str, Any]
SETTINGS = Settings()
LATER_MS = 10**13
"""The run's "now" is never used: every request here has an `as_of`."""


def take_in(home: Path, events: Iterable[Json]) -> None:
    """One ingest call; the contract's own events are never refused."""

    def refuse(name: str, refusal: object) -> None:
        raise AssertionError(f"{name}: {refusal}")

    with direct_ingest(home, SETTINGS, refuse) as run:
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


def compare(
    home: Path, log: list[Json], requests: list[Json], in_force: Settings = SETTINGS
) -> None:
    with ExportSession(home, in_force, LATER_MS) as session:
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


@pytest.mark.parametrize("delivery", ["at once", "in pieces", "compacted", "strange", "sliced"])
@settings(max_examples=examples(2))
@given(data=st.data())
def test_every_cell_is_what_the_oracle_says(delivery: str, data: st.DataObject) -> None:
    log = data.draw(generators.logs(strange=delivery == "strange"), label="log")
    rng = random.Random(data.draw(st.integers(0, 2**32), label="requests"))
    with tempfile.TemporaryDirectory(prefix="tawny-differential-") as folder:
        home = Path(folder)
        pieces = rng.randint(2, 4) if delivery in ("in pieces", "compacted") else 1
        for start in range(pieces):
            take_in(home, log[start::pieces])
            if delivery == "compacted" and rng.random() < 0.7:
                compact(home, SETTINGS)
        # Ranges are cut for memory's sake where they hold more messages than any log here has;
        # with two threads the slices are made side by side.
        slice_rows = rng.choice([5, 20]) if delivery == "sliced" else slicing.SLICE_ROWS
        threads = Settings({"TAWNY_ENGINE_THREADS": str(rng.randint(1, 2))})
        with mock.patch.object(slicing, "SLICE_ROWS", slice_rows):
            compare(home, log, random_requests(rng, log, generators.TYPES), threads)


@settings(max_examples=examples(2))
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


def lock_log(rng: random.Random) -> list[Json]:
    """Locks and what ends them, over some days with idle ones between, and many ties."""
    log: list[Json] = []

    def add(kind: str, when: datetime, /, **data: object) -> None:
        event = {"specversion": "1.0", "source": "/desk", "id": f"{len(log):04d}", "type": kind}
        if rng.random() < 0.3:
            event["sequence"] = rng.choice("123")
        log.append(event | {"time": when.isoformat(), "data": data})

    start = datetime(2026, 2, 26, tzinfo=UTC)
    agents, conversations = ["ann", "bob", "bot"], [f"c-{n}" for n in range(rng.randint(2, 5))]
    add("agent.saved", start, agent_id="bot", name="Bot", kind="virtual")
    for number, conversation in enumerate(conversations[rng.randint(0, 1) :]):
        where = {"channel_id": f"ch-{number % 2}", "contact_id": f"p-{number % 3}"}
        add("conversation.created", start, conversation_id=conversation, **where)
    if rng.random() < 0.5:
        add("contact.erased", start, contact_id="p-1")
    for _ in range(rng.randint(10, 60)):
        hours = 24 * rng.choice([0, 0, 1, 3, 4]) + rng.choice([0, 9, 9, 10, 10, 11, 17, 23])
        when = start + timedelta(hours=hours, milliseconds=rng.choice([0, 0, 0, 1, 500, 60_000]))
        agent, conversation = rng.choice(agents), rng.choice(conversations)
        both = {"conversation_id": conversation, "agent_id": agent}
        kind = rng.choice(["lock"] * 6 + ["unlock", "unlock", "offline", "status", "reply"])
        if kind == "lock":
            add("conversation.locked", when, **both, team_id=rng.choice(["x", "y", None]))
        elif kind == "unlock":
            add("conversation.unlocked", when, **both)
        elif kind == "offline":
            state = rng.choice(["available", "away", "offline"])
            add("presence.changed", when, agent_id=agent, presence=state)
        elif kind == "status":
            status = rng.choice(["new inbound_message", "pending agent", "resolved agent"])
            name, _, cause = rng.choice([status, "resolved csat", "resolved bulk"]).partition(" ")
            add("conversation.status_changed", when, **both, status=name, cause=cause)
        else:
            sent: Json = {"direction": "outbound", "outbound_type": "agent", "team_id": "x"}
            add("message.created", when, message_id=f"m-{len(log)}", **both, **sent)
    return log


@settings(max_examples=examples(4))
@given(seed=st.integers(0, 2**32))
def test_lock_sessions_over_days_are_what_the_oracle_says(seed: int) -> None:
    rng = random.Random(seed)
    log = lock_log(rng)
    types = ("channel.saved", "conversation.created")
    channels = sorted({e["data"]["channel_id"] for e in log if e["type"] in types})
    requests = []
    for kind in ("users", "teams", "open-conversations", "resolved-conversations"):
        first, last = sorted(rng.sample(range(7), 2))
        request: Json = {"type": kind, "tz": "UTC", "as_of": "2026-03-10T00:00:00Z"}
        request |= {
            name: (datetime(2026, 2, 26, tzinfo=UTC) + timedelta(days=day)).isoformat()
            for name, day in (("from", first), ("to", last))
        }
        if channels and rng.random() < 0.3:
            request["channels"] = [rng.choice(channels)]
        if rng.random() < 0.3:
            request["as_of"] = rng.choice(log)["time"]
        requests.append(request)
    with tempfile.TemporaryDirectory(prefix="tawny-differential-") as folder:
        take_in(Path(folder), log)
        compare(Path(folder), log, requests)
