"""`tawny check`: the exports of a log agree with each other, and it is seen when they do not."""

import functools
import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import generators
from commands import Result, ndjson, tawny
from effort import examples
from tawny.queries import catalogue as queries
from tawny.reading.identities import FILE_CHECKS, IDENTITIES
from test_differential import take_in

AS_OF = ("--as-of", "2026-07-01T00:00:00Z")


def _event(number: int, event_type: str, time: str, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "source": "/check",
        "id": f"e-{number:03d}",
        "type": event_type,
        "time": f"2026-06-{time}Z",
        "data": data,
    }


def _events() -> list[dict[str, Any]]:
    """Ann handles c-1 (of a contact who was erased) for 300 s, c-2 for 600.5 s, and looks at c-3
    for 60 s; a virtual agent hands c-3 over because of an error."""
    conversations = [
        _event(n, "conversation.created", f"0{n}T10:00:00", conversation_id=f"c-{n}",
               channel_id="ch", contact_id=f"k-{n}")
        for n in (1, 2, 3)
    ]  # fmt: skip
    inbound = [
        _event(10 + n, "message.created", f"0{n}T10:00:00", message_id=f"in-{n}",
               conversation_id=f"c-{n}", direction="inbound")
        for n in (1, 2, 3)
    ]  # fmt: skip
    replies = [
        _event(20 + n, "message.created", f"0{n}T10:05:00", message_id=f"out-{n}",
               conversation_id=f"c-{n}", direction="outbound", outbound_type="agent",
               agent_id="ann", team_id="sales")
        for n in (1, 2)
    ]  # fmt: skip
    ann = {"agent_id": "ann"}
    return [
        *conversations, *inbound, *replies,
        _event(30, "conversation.locked", "01T10:01:00", conversation_id="c-1", **ann),
        _event(31, "conversation.unlocked", "01T10:06:00", conversation_id="c-1", **ann),
        _event(32, "conversation.locked", "02T10:01:00", conversation_id="c-2", team_id="sales",
               **ann),
        _event(33, "conversation.unlocked", "02T10:11:00.500", conversation_id="c-2", **ann),
        _event(34, "conversation.locked", "03T10:01:00", conversation_id="c-3", **ann),
        _event(35, "conversation.unlocked", "03T10:02:00", conversation_id="c-3", **ann),
        _event(40, "conversation.status_changed", "02T10:20:00", conversation_id="c-2",
               status="resolved", cause="agent", **ann),
        _event(41, "contact.erased", "20T00:00:00", contact_id="k-1"),
        _event(42, "agent.saved", "01T00:00:00", agent_id="va", name="Bot", kind="virtual"),
        _event(43, "conversation.handed_over", "03T10:00:30", conversation_id="c-3",
               agent_id="va", reason="error"),
        _event(44, "topic.saved", "01T00:00:00", topic_id="t", name="Topic"),
        _event(45, "topic.applied", "02T11:00:00", conversation_id="c-2", topic_id="t"),
        _event(46, "topic.applied", "03T11:00:00", conversation_id="c-3", topic_id="t"),
        _event(47, "topic.removed", "03T12:00:00", conversation_id="c-3", topic_id="t"),
        _event(48, "tag.saved", "01T00:00:00", tag_id="g", name="Tag"),
        _event(49, "tag.applied", "02T11:00:00", message_id="in-2", conversation_id="c-2",
               tag_id="g"),
        _event(50, "presence.changed", "01T08:00:00", presence="available", **ann),
        _event(51, "presence.changed", "01T18:00:00", presence="offline", **ann),
    ]  # fmt: skip


ENGLISH = """\
from 2026-06-01T00:00:00.000+02:00
to 2026-06-04T00:00:00.000+02:00
also cut at 2026-06-02T00:00:00.000+02:00, 2026-06-03T00:00:00.000+02:00
as of 2026-07-01T02:00:00.000+02:00, log version 1

passed  resolved-conversations: adjoining ranges have no row in common and together all rows
        1 = 1 conversations
passed  messages: adjoining ranges have no row in common and together all rows
        3 = 3 messages
passed  response-times: adjoining ranges have no row in common and together all rows
        1 = 1 responses
passed  response-times: every Outbound Message ID is in messages
        1 = 1 responses
passed  users: Replies are the agent replies by human agents in messages
        1 = 1 replies
passed  Handle, No Response and Cherry Picking Time of users: adjoining ranges add up to the whole
        960.500 = 960.500 s
passed  the same times over the whole log: users and all conversations, those of erased contacts \
included
        960.500 = 960.500 s
passed  topics: current conversations are at most the total conversations
        1 <= 2 conversations
passed  tags: current messages are at most the total messages
        1 = 1 messages
passed  virtual-agents: Handed Over Due to Error is at most Handed Over to Agent
        1 = 1 conversations
passed  users: Utilization is from 0 to 100
        1 = 1 users
passed  open-conversations: no Current Status is resolved
        1 = 1 conversations
passed  teams: Replies are the agent replies with the team in messages
        1 = 1 replies
passed  the lock times of users are those of teams and of locks without a team
        960.500 = 960.500 s
passed  users: Available and Away Time are the intervals of user-presence, cut to the range
        36,000 = 36,000 s
passed  the whole log: each created conversation is in resolved-conversations, in \
open-conversations or in both
        2 = 2 conversations
passed  topics: total conversations are those to which an event applied the topic
        2 = 2 conversations
passed  tags: total messages are those to which an event applied the tag
        1 = 1 messages
passed  the log: every file holds the bytes that were written
        8 = 8 files
passed  exports that the server keeps: every file is that of its receipt
        0 = 0 files

20 checks passed, 0 failed
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of which everything is known by hand."""
    folder = tmp_path_factory.mktemp("check")
    file = folder / "events"
    file.write_bytes(ndjson(_events()))
    assert tawny(folder / "home", "ingest", str(file)).status == 0
    return folder / "home"


def test_as_text(home: Path) -> None:
    days = ("--from", "2026-06-01", "--to", "2026-06-04", "--tz", "Europe/Paris")
    assert tawny(home, "check", *days, *AS_OF) == Result(0, ENGLISH, "")
    assert list((home / "tmp").iterdir()) == []
    assert tawny(home, "verify", *days, *AS_OF) == Result(0, ENGLISH, "")


def test_without_a_range_it_is_that_of_the_log(home: Path) -> None:
    result = tawny(home, "check", *AS_OF, "--format", "json")
    assert (result.status, result.err) == (0, "")
    content = json.loads(result.out)
    assert content["from"] == "2026-06-01T00:00:00.000+00:00"
    assert content["to"] == "2026-06-20T00:00:00.001+00:00"
    assert [check["name"] for check in content["checks"]] == [
        one.name for one in (*IDENTITIES, *FILE_CHECKS)
    ]
    assert content["checks"][5] == {
        "name": "users-lock-times-adjoining",
        "holds": "Handle, No Response and Cherry Picking Time of users: adjoining ranges add up "
        "to the whole",
        "met": True,
        "left": 960_500,
        "relation": "=",
        "right": 960_500,
        "unit": "ms",
        "broken": 0,
    }


def test_a_log_from_the_first_to_the_last_year(tmp_path: Path) -> None:
    """Programs write 0001-01-01 for no date and 9999-12-31 for never."""
    what = {"conversation_id": "c", "channel_id": "ch", "contact_id": "k"}
    events = [
        _event(n, "conversation.created", "01T00:00:00", **what) | {"time": time}
        for n, time in enumerate(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"])
    ]
    take_in(tmp_path, events)
    result = tawny(tmp_path, "check", "--tz", "America/Los_Angeles")
    assert (result.status, result.err) == (0, "")
    assert result.out.endswith("\n20 checks passed, 0 failed\n")


def test_an_empty_log_in_french(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAWNY_LANGUAGE", "fr")
    result = tawny(tmp_path / "none", "check")
    assert (result.status, result.err) == (0, "")
    assert (
        "\nréussi  users\N{NO-BREAK SPACE}: Réponses compte les réponses d’agents humains de "
        "messages\n"
        "        0 = 0 réponses\n" in result.out
    )
    assert "\n        0,000 = 0,000 s\n" in result.out
    assert result.out.endswith("\n20 contrôles réussis, 0 en échec\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--channel zzz", "channel: found 'zzz'; allowed: ch; "),
        ("--from 2026-06-04 --to 2026-06-01", "from: found 2026-06-04, which is not before to"),
        ("--tz Europe/Pari", "time zone: found 'Europe/Pari', did you mean 'Europe/Paris'?"),
    ],
)
def test_wrong_calls(home: Path, options: str, message: str) -> None:
    result = tawny(home, "check", *options.split(" "))
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"tawny: {message}")
    assert result.err.count("\n") == 1


def _without_days(days: int) -> Callable[[str], str]:
    """Rows of the first days of a range are lost."""

    def changed(sql: str) -> str:
        head, _, order = sql.rpartition("\nORDER BY ")
        condition = f"{order.split(',')[0]} >= $from_ms + {days} * 86400000"
        word = "AND" if "\nWHERE " in head.rpartition("\nFROM ")[2] else "WHERE"
        return f"{head}\n{word} {condition}\nORDER BY {order}"

    return changed


def _larger(key: str) -> Callable[[str], str]:
    """A column shows a thousand more."""
    return lambda sql: re.sub(
        rf"(.*) AS {key}\b", rf"\1 + 1000 AS {key}", sql, count=1, flags=re.DOTALL
    )


def _both(*changes: Callable[[str], str]) -> Callable[[str], str]:
    return lambda sql: functools.reduce(lambda text, change: change(text), changes, sql)


def _replaced(old: str, new: str) -> Callable[[str], str]:
    return lambda sql: sql.replace(old, new)


MISTAKES: dict[str, Callable[[str], str]] = {
    "resolved-conversations.sql": _without_days(1),
    "messages.sql": _without_days(2),
    "response-times.sql": _without_days(1),
    "facts/work_items.sql": _replaced(
        "WHERE start_ms < $to_ms", "WHERE start_ms > $from_ms + 86400000 AND start_ms < $to_ms"
    ),
    "facts/work_totals.sql": _replaced(
        "WHERE team_id IS NOT NULL", "WHERE team_id IS NOT NULL AND what = 'reply'"
    ),
    "topics.sql": _both(
        _larger("current_conversations"),
        _replaced("totals.topic_id AS topic_id", "'x' AS topic_id"),
    ),
    "tags.sql": _both(
        _larger("current_messages"),
        _replaced("totals.tag_id AS tag_id", "'x' AS tag_id"),
    ),
    "virtual-agents.sql": _larger("handed_over_error"),
    "users.sql": _larger("utilization"),
    "user-presence.sql": _replaced("\nORDER BY", "\nWHERE presence = 'away'\nORDER BY"),
    "open-conversations.sql": lambda sql: sql.replace(
        "IN ('new', 'pending')", "IN ('resolved')"
    ).replace("WHERE resolved.time_ms IS NULL", "WHERE TRUE"),
}


@pytest.fixture
def mistaken(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A mistake in every query."""

    def forget() -> None:
        for known in vars(queries).values():
            if hasattr(known, "cache_clear"):
                known.cache_clear()

    read = queries._text

    def changed(path: str) -> str:
        text = read(path)
        if path not in MISTAKES:
            return text
        assert MISTAKES[path](text) != text, path
        return MISTAKES[path](text)

    forget()
    monkeypatch.setattr(queries, "_text", changed)
    yield
    monkeypatch.undo()
    forget()


@pytest.mark.usefixtures("mistaken")
def test_mistakes_are_seen(home: Path) -> None:
    """Each check fails when the export it looks at is wrong."""
    result = tawny(home, "check", "--from", "2026-06-01", "--to", "2026-06-04", *AS_OF)
    assert (result.status, result.err) == (4, "")
    identities, files = result.out.split("passed  the log: every file")
    assert "passed  " not in identities
    assert "FAILED  " not in files
    assert (
        "FAILED  messages: adjoining ranges have no row in common and together all rows\n"
        "        0 ≠ 1 messages; wrong: 1\n"
        "        in-3\n" in result.out
    )
    assert (
        "FAILED  topics: current conversations are at most the total conversations\n"
        "        1,001 > 2 conversations; wrong: 1\n"
        "        x\n" in result.out
    )
    assert result.out.endswith("\n2 checks passed, 18 failed\n")


def test_a_changed_file_of_the_log_is_named(home: Path, tmp_path: Path) -> None:
    """One byte, where no reader looks."""
    copy = tmp_path / "home"
    shutil.copytree(home, copy)
    [file] = (copy / "log").glob("family=label/*/*.parquet")
    content = file.read_bytes()
    at = content.rindex(b"version ")
    file.write_bytes(content[:at] + b"V" + content[at + 1 :])
    result = tawny(copy, "verify", *AS_OF)
    assert (result.status, result.err) == (4, "")
    assert (
        "FAILED  the log: every file holds the bytes that were written\n"
        f"        7 ≠ 8 files; wrong: 1\n        {file.relative_to(copy / 'log')}\n" in result.out
    )
    content = json.loads(tawny(copy, "verify", *AS_OF, "--format", "json").out)
    assert content["checks"][-2]["broken_names"] == [str(file.relative_to(copy / "log"))]


@settings(max_examples=examples(1))
@given(seed=st.integers(0, 2**32))
def test_random_logs_pass(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """Also those that are stranger than a care centre."""
    home = tmp_path_factory.mktemp("random")
    take_in(home, generators.random_log(random.Random(seed), 100 + seed % 100))
    result = tawny(home, "check")
    assert (result.status, result.err) == (0, ""), result.out
