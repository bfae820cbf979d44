"""The simulated care centre: legal, complete, repeatable, believable, in constant memory."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tawny.errors import RequestError
from tawny.model.events import EVENT_CLASSES
from tawny.model.validation import validate_lines
from tawny.sample import SampleRequest, sample_blocks

START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
Event = dict[str, Any]


def request(conversations: int = 2000, seed: int = 1, **changes: datetime) -> SampleRequest:
    bounds = {"start": START, "end": END} | changes
    return SampleRequest(conversations, seed=seed, **bounds)


def digest(wanted: SampleRequest) -> str:
    whole = hashlib.sha256()
    for block in sample_blocks(wanted):
        whole.update(block)
    return whole.hexdigest()


def read(wanted: SampleRequest) -> list[Event]:
    return [json.loads(line) for block in sample_blocks(wanted) for line in block.splitlines()]


@pytest.fixture(scope="module")
def month() -> list[Event]:
    """A sample of the smallest size that promises every type and value."""
    return read(request())


@pytest.fixture(scope="module")
def quarter() -> list[Event]:
    """Enough for figures by hour and weekday."""
    return read(request(12_000, 5, end=datetime(2026, 5, 1, tzinfo=UTC)))


def of(events: list[Event], *types: str) -> Iterator[tuple[datetime, Event]]:
    for event in events:
        if event["type"] in types:
            yield datetime.fromisoformat(event["time"]), event["data"]


def test_same_seed_same_bytes() -> None:
    assert digest(request(300)) == digest(request(300))
    assert digest(request(300)) != digest(request(300, seed=2))


def test_bytes_do_not_depend_on_the_process() -> None:
    code = (
        "import hashlib; from datetime import *; from tawny.sample import *;"
        "r = SampleRequest(300, datetime(2026,3,1,tzinfo=UTC), datetime(2026,4,1,tzinfo=UTC), 1);"
        "print(hashlib.sha256(b''.join(sample_blocks(r))).hexdigest())"
    )
    for hash_seed in ("1", "2"):
        found = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": hash_seed, "LC_ALL": "C", "TZ": "Asia/Kathmandu"},
            check=True,
            capture_output=True,
            text=True,
        )
        assert found.stdout.strip() == digest(request(300))


def test_the_offset_of_a_bound_changes_nothing() -> None:
    shifted = START.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert digest(request(50, start=shifted)) == digest(request(50))


def test_every_event_is_legal() -> None:
    for seed in (1, 2, 3):
        for block in sample_blocks(request(700, seed)):
            assert block.endswith(b"\n")
            batch = validate_lines(block)
            assert batch.refusals == []
            assert batch.rows == block.count(b"\n")


def test_order_bounds_and_ids(month: list[Event]) -> None:
    keys = [(event["time"], event.get("sequence", "")) for event in month]
    assert all(earlier < later for earlier, later in pairwise(keys))
    assert keys[0][0] == "2026-03-01T00:00:00.000Z"
    assert keys[-1][0] < "2026-04-01"
    assert len({event["id"] for event in month}) == len(month)
    assert {event["source"] for event in month} == {"/sample"}
    first = next(place for place, event in enumerate(month) if "contact" in event["type"])
    known = {event["type"].split(".")[0] for event in month[:first]}
    assert {"channel", "team", "agent", "topic", "tag"} <= known


def test_exactly_the_conversations_asked_for(month: list[Event]) -> None:
    created = [data["conversation_id"] for _, data in of(month, "conversation.created")]
    assert len(created) == len(set(created)) == 2000
    contacts = {data["contact_id"] for _, data in of(month, "contact.saved")}
    assert {data["contact_id"] for _, data in of(month, "conversation.created")} <= contacts


def test_references_were_announced(month: list[Event]) -> None:
    """Nothing names an id that was not announced before, messages of tags included."""
    known: dict[str, set[str]] = defaultdict(set)
    for event in month:
        data, kind = event["data"], event["type"]
        if kind in ("message.created", "conversation.created", "csat.sent"):
            own = {"message.created": "message_id", "csat.sent": "survey_id"}.get(
                kind, "conversation_id"
            )
            known[own].add(data[own])
        elif kind.endswith(".saved"):
            own = kind.split(".")[0] + "_id"
            known[own].add(data[own])
        for field, value in data.items():
            if field.endswith("_id") and field != "attribute_id":
                assert value in known[field], (field, event)


def test_every_type_is_there(month: list[Event]) -> None:
    assert {event["type"] for event in month} == set(EVENT_CLASSES)


def test_every_value_is_there(month: list[Event]) -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for event in month:
        for field, value in event["data"].items():
            if isinstance(value, str) and not field.endswith("_id"):
                found[f"{event['type']} {field}"].add(value)
    changes = {
        (data["status"], data["cause"]) for _, data in of(month, "conversation.status_changed")
    }
    assert changes == {
        *(("new", cause) for cause in ("inbound_message", "handover", "boomerang", "set_to_new")),
        ("pending", "agent"),
        *(("resolved", cause) for cause in ("agent", "bulk", "virtual_agent", "automation")),
        *(("resolved", cause) for cause in ("auto_resolve", "csat")),
    }
    expected = {
        "agent.saved kind": {"human", "virtual"},
        "contact.attribute_set attribute_type": {"default", "custom", "medium", "crm"},
        "contact.attribute_set set_by": {"agent", "bot", "crm", "medium"},
        "conversation.handed_over reason": {
            "requested", "escape_word", "va_timeout", "contact_timeout", "error", "taken_by_agent",
        },
        "message.created direction": {"inbound", "outbound"},
        "message.created outbound_type": {
            "agent", "virtual_agent", "auto_responder", "proactive", "csat", "native",
        },
        "presence.changed presence": {"available", "away", "offline"},
        "conversation.created language": {"en", "fr", "nl"},
    }  # fmt: skip
    for name, values in expected.items():
        assert found[name] == values, name
    assert {"Lunch", "Break", "Training"} <= found["presence.changed away_state"]
    assert {data["score"] for _, data in of(month, "csat.answered")} == {1, 2, 3, 4, 5}


def test_things_that_spreadsheets_mangle(month: list[Event]) -> None:
    contents = [data.get("content", "") for _, data in of(month, "message.created")]
    for start in ("@", "=", "+", "-"):
        assert any(text.startswith(start) for text in contents), start
    for piece in (",", '"', "\n", "🙃", "é", "«"):
        assert any(piece in text for text in contents), piece


def test_stories_that_exports_must_tell(month: list[Event]) -> None:
    """Steals, looks without a reply, surveys answered twice, topics and tags brought back."""
    holder: dict[str, str] = {}
    steals = looks = 0
    replied: set[str] = set()
    for event in month:
        data, kind = event["data"], event["type"]
        key = data.get("conversation_id", "")
        if kind == "conversation.locked":
            steals += key in holder and holder[key] != data["agent_id"]
            holder[key] = data["agent_id"]
            replied.discard(key)
        elif kind == "message.created" and data.get("outbound_type") == "agent":
            replied.add(key)
        elif kind == "conversation.unlocked":
            looks += key in holder and key not in replied
            holder.pop(key, None)
        elif kind == "conversation.status_changed":
            holder.pop(key, None)
    assert steals > 10
    assert looks > 50
    answers = Counter(data["survey_id"] for _, data in of(month, "csat.answered"))
    assert max(answers.values()) == 2
    for thing in ("topic", "tag"):
        deleted = {data[f"{thing}_id"]: at for at, data in of(month, f"{thing}.deleted")}
        saved = [(data[f"{thing}_id"], at) for at, data in of(month, f"{thing}.saved")]
        assert any(at > deleted.get(key, at) for key, at in saved), thing


def test_an_agent_locks_one_conversation_at_a_time(month: list[Event]) -> None:
    """A second lock never comes while the first still holds: agents put one down first."""
    in_hand: dict[str, str] = {}
    for event in month:
        data, kind = event["data"], event["type"]
        if kind == "conversation.locked":
            others = [agent for agent, key in in_hand.items() if key == data["conversation_id"]]
            for agent in others:
                del in_hand[agent]
            assert data["agent_id"] not in in_hand, event
            in_hand[data["agent_id"]] = data["conversation_id"]
        elif kind in ("conversation.unlocked", "conversation.status_changed"):
            ended = [agent for agent, key in in_hand.items() if key == data["conversation_id"]]
            for agent in ended:
                del in_hand[agent]
        elif kind == "presence.changed" and data["presence"] == "offline":
            in_hand.pop(data["agent_id"], None)


def test_presence_alternates(month: list[Event]) -> None:
    last: dict[str, str] = {}
    for _, data in of(month, "presence.changed"):
        assert last.get(data["agent_id"]) != data["presence"]
        last[data["agent_id"]] = data["presence"]
    assert 25 <= len(last) <= 60


def test_queues_grow_at_lunch(quarter: list[Event]) -> None:
    paris = ZoneInfo("Europe/Paris")
    waits: dict[int, list[float]] = defaultdict(list)
    since: dict[str, datetime] = {}
    done: set[str] = set()
    for at, data in of(quarter, "message.created"):
        key = data["conversation_id"]
        if data["direction"] == "inbound":
            since.setdefault(key, at)
        elif data["outbound_type"] == "agent" and key in since and key not in done:
            done.add(key)
            asked = since[key].astimezone(paris)
            if asked.weekday() < 5:
                waits[asked.hour].append((at - since[key]).total_seconds())
    assert len(waits[10]) > 200
    assert len(waits[12]) > 200
    assert median(waits[12]) > 1.5 * median(waits[15])
    assert median(waits[12]) > median(waits[10])


def test_weekends_and_nights_are_quiet(quarter: list[Event]) -> None:
    by_day: Counter[int] = Counter()
    by_hour: Counter[int] = Counter()
    for at, _ in of(quarter, "conversation.created"):
        by_day[at.weekday()] += 1
        by_hour[at.hour] += 1
    assert by_day[5] + by_day[6] < by_day[1]
    assert by_hour[2] * 10 < by_hour[11]


def test_the_mix_of_events(quarter: list[Event]) -> None:
    assert 15 < len(quarter) / 12_000 < 19
    messages = sum(event["type"].startswith("message.") for event in quarter)
    assert 0.35 < messages / len(quarter) < 0.45


def test_memory_does_not_grow_with_the_sample() -> None:
    """Ten times the conversations over ten times the days, and over the same days."""
    code = (
        "import sys, resource; from datetime import *; from tawny.sample import *;"
        "s = datetime(2026,3,1,tzinfo=UTC);"
        "r = SampleRequest(int(sys.argv[1]), s, s + timedelta(days=int(sys.argv[2])), 1);"
        "assert sum(map(len, sample_blocks(r)));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )

    def peak_mb(conversations: int, days: int) -> float:
        command = [sys.executable, "-c", code, str(conversations), str(days)]
        return int(subprocess.run(command, check=True, capture_output=True).stdout) / 1024

    small = peak_mb(2_000, 30)
    assert peak_mb(20_000, 300) < small + 6
    assert peak_mb(20_000, 30) < small + 6


@pytest.mark.parametrize("minutes", [1, 45, 60 * 26])
def test_short_ranges_work(minutes: int) -> None:
    start = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    events = read(request(40, start=start, end=start + timedelta(minutes=minutes)))
    assert sum(event["type"] == "conversation.created" for event in events) == 40


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"conversations": 0}, "conversations: found 0; allowed: a whole number from 1 to"),
        ({"seed": -1}, "seed: found -1; allowed: a whole number from 0 to"),
        ({"end": START}, "which is not before to"),
        ({"start": datetime(2026, 3, 1)}, "from: found 2026-03-01T00:00:00 without an offset"),  # noqa: DTZ001
        ({"end": datetime(9999, 3, 1, tzinfo=UTC)}, "to: found the year 9999; allowed: 1990 to"),
    ],
)
def test_wrong_requests_say_what_is_allowed(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(RequestError, match=text):
        request(**changes)
