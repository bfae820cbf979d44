"""The oracle gives every worked file, and the identities hold for it."""

import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import generators
import oracle
from generated_times import DAY, offset_text
from oracle.conversation import Conversation
from oracle.facts import Facts
from oracle.people import Work
from oracle.values import bound_of

UTC_ZONE = ZoneInfo("UTC")
SCENARIOS = Path(__file__).resolve().parents[2] / "shared" / "conformance"
RANGED = sorted(set(oracle.ROWS) - {"open-conversations"})

Json = dict[str, Any]


def cases() -> list[Any]:
    """Every request of every worked scenario."""
    if not SCENARIOS.is_dir():
        return [None]
    return [
        pytest.param((folder, request), id=f"{folder.name}/{request['expect']}")
        for folder in sorted(SCENARIOS.iterdir())
        if folder.is_dir()
        for request in json.loads((folder / "requests.json").read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("case", cases())
def test_a_worked_scenario_gives_its_file(case: tuple[Path, Json] | None) -> None:
    if case is None:
        pytest.skip("left out: the worked scenarios are not beside this checkout")
    folder, request = case
    lines = (folder / "events.ndjson").read_bytes().decode().split("\n")
    events = [json.loads(line) for line in lines if line]
    # Shuffled and sent twice, because arrival order and repetition mean nothing.
    log = events + events
    random.Random(folder.name).shuffle(log)
    assert oracle.run(log, request).encode() == (folder / request["expect"]).read_bytes()


def column(kind: str, header: str, rows: list[list[str]]) -> list[str]:
    """The cells of one column."""
    place = oracle.HEADERS[kind].index(header)
    return [row[place] for row in rows]


def random_case(seed: int) -> tuple[list[Json], Json, list[int]]:
    """A log, a request over everything that happened, and borders that cut it into three."""
    rng = random.Random(seed)
    log = generators.random_log(rng, 80 + seed % 100, strange=seed % 2 == 1)
    times = sorted(bound_of(e["time"], UTC_ZONE) for e in log)
    borders = [times[0], times[len(times) // 3], times[len(times) // 2], times[-1] + DAY]
    request = generators.random_request(rng, log)
    request |= {"as_of": offset_text(rng, times[-1] + 1)}
    return log, with_range(request, borders[0], borders[-1]), sorted(set(borders))


def with_range(request: Json, start: int, stop: int) -> Json:
    rng = random.Random(start)
    return request | {"from": offset_text(rng, start), "to": offset_text(rng, stop)}


SEEDS = pytest.mark.parametrize("seed", range(12))


@SEEDS
@pytest.mark.parametrize("kind", ["resolved-conversations", "messages", "response-times"])
def test_adjoining_ranges_are_disjoint_and_make_the_whole(seed: int, kind: str) -> None:
    log, request, borders = random_case(seed)
    request["type"] = kind
    parts = [oracle.rows(log, with_range(request, *pair)) for pair in pairwise(borders)]
    assert [row for part in parts for row in part] == oracle.rows(log, request)


@SEEDS
def test_lock_times_add_up(seed: int) -> None:
    log, request, borders = random_case(seed)
    request["type"] = "users"
    whole = Facts(log, request)
    parts = [Facts(log, with_range(request, *pair)) for pair in pairwise(borders)]
    agents = {s.agent for s in whole.sessions}
    for kind in ("handle", "no_response", "cherry"):
        by_agent = {agent: cut_time(whole, agent, kind) for agent in agents}
        for agent, time in by_agent.items():
            assert sum(cut_time(part, agent, kind) for part in parts) == time
        assert sum(by_agent.values()) == sum(
            lock_time(whole, c, kind) for c in whole.created.values()
        )
    shown = column("users", "User ID", oracle.rows(log, request))
    assert {s.agent for s in whole.sessions if s.cut(whole.request) > 0} <= set(shown)


def cut_time(facts: Facts, agent: str, kind: str) -> int:
    """An agent's lock time in the range, milliseconds."""
    sessions = Work(facts, "agent_id", agent).sessions
    return sum(s.cut(facts.request) for s in sessions if s.kind == kind)


def lock_time(facts: Facts, conversation: Conversation, kind: str) -> int:
    """A conversation's lock time, milliseconds, not cut."""
    own = [s for s in facts.sessions if s.conversation is conversation and s.kind == kind]
    return sum(s.end - s.start for s in own)


@SEEDS
def test_parts_are_not_larger_than_their_wholes(seed: int) -> None:
    log, request, _ = random_case(seed)

    def columns(kind: str, *headers: str) -> list[list[str]]:
        rows = oracle.rows(log, request | {"type": kind})
        return [column(kind, header, rows) for header in headers]

    for kind, current, total in (
        ("topics", "Total Current Conversations", "Total Conversations"),
        ("tags", "Total Current Messages", "Total Messages"),
        ("virtual-agents", "Handed Over Due to Error", "Handed Over to Agent"),
    ):
        for part, whole in zip(*columns(kind, current, total), strict=True):
            assert int(part) <= int(whole)
    assert all(0 <= float(u) <= 100 for u in columns("users", "Utilization (%)")[0] if u)
    assert "resolved" not in columns("open-conversations", "Current Status")[0]


@SEEDS
def test_responses_and_replies_are_messages(seed: int) -> None:
    log, request, _ = random_case(seed)
    found = {k: oracle.rows(log, request | {"type": k}) for k in ("messages", "response-times")}
    messages = column("messages", "Message ID", found["messages"])
    answered = column("response-times", "Outbound Message ID", found["response-times"])
    assert set(answered) <= set(messages)
    names = Facts(log, request).names
    kinds = column("messages", "Outbound Message Type", found["messages"])
    agents = column("messages", "Agent ID", found["messages"])
    human = [a for a, k in zip(agents, kinds, strict=True) if k == "agent" and a]
    users = oracle.rows(log, request | {"type": "users"})
    assert sum(int(n) for n in column("users", "Replies", users)) == sum(
        names.is_human(a) for a in human
    )


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_order_and_repetition_mean_nothing(data: st.DataObject) -> None:
    log = data.draw(generators.logs())
    known = {e["data"].get("channel_id") for e in log}
    request = data.draw(generators.requests_for(log))
    assert set(request.get("channels", [])) <= known
    text = oracle.run(log, request)
    again = sorted(log + log[::2], key=lambda e: (e["id"], e["source"]))
    assert oracle.run(again, request) == text
    assert text.startswith(oracle.HEADERS[request["type"]][0])


def test_random_logs_reach_every_column() -> None:
    reached = set()
    for seed in range(80):
        log, request, _ = random_case(seed)
        for kind, headers in oracle.HEADERS.items():
            for row in oracle.rows(log, request | {"type": kind}):
                told = zip(headers, row, strict=True)
                reached |= {(kind, header) for header, cell in told if cell not in ("", "0")}
    wanted = {(kind, h) for kind, headers in oracle.HEADERS.items() for h in headers}
    assert wanted - reached == set()


@pytest.mark.parametrize("kind", RANGED)
def test_a_range_that_is_none_is_refused(kind: str) -> None:
    request = {"type": kind, "tz": "UTC", "as_of": "2026-06-30T00:00:00Z"}
    day = {"from": "2026-06-08", "to": "2026-06-08"}
    with pytest.raises(ValueError, match="from 2026-06-08 is not before to 2026-06-08"):
        oracle.rows([], request | day)
