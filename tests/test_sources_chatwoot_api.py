"""A Chatwoot over its API as a source: the same stories as from its database, which serves them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from chatwoot_api import TOKEN, ChatwootApi, served
from chatwoot_desk import URL, ChatwootDesk, now_text
from commands import tawny
from postgres import Cluster, cluster
from processes import told_events

Event = dict[str, Any]
DAY = "2026-06-08 "
NEEDS_ONE = "a source of the kind chatwoot needs exactly one of --database-url, --token, for good"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture
def desk(postgres: Cluster, monkeypatch: pytest.MonkeyPatch) -> ChatwootDesk:
    made = ChatwootDesk(postgres.new_database()).create()
    monkeypatch.setenv("CHATWOOT_DATABASE_URL", made.address)
    monkeypatch.setenv("CHATWOOT_TOKEN", TOKEN)
    return made


@pytest.fixture
def api(desk: ChatwootDesk) -> Iterator[ChatwootApi]:
    with served(ChatwootApi(desk)) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def add(home: Path, api: ChatwootApi, *options: str, status: int = 0) -> str:
    result = tawny(
        home, "sources", "add", "chatwoot", "desk", "--url", api.url, "--account", "1",
        "--token", "env:CHATWOOT_TOKEN", *options,
    )  # fmt: skip
    assert result.status == status, result
    return result.err if status else result.out


def sync(home: Path, *options: str, status: int = 0) -> dict[str, Any]:
    """Sync, and return the gap report."""
    result = tawny(home, "sources", "sync", "desk", *options)
    assert result.status == status, result
    shown = tawny(home, "sources", "report", "desk", "--json")
    found: dict[str, Any] = json.loads(shown.out)
    return found


def events_of(home: Path, *options: str) -> list[Event]:
    """The events that a sync would send."""
    file = home.parent / f"{home.name}.ndjson"
    result = tawny(home, "sources", "sync", "desk", "-o", str(file), *options)
    assert result.status == 0, result
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def stories(desk: ChatwootDesk, many: int = 60) -> None:
    """Many sorts of conversations, on whole seconds as the API tells them."""
    with desk.together():
        _add_stories(desk, many)


def _add_stories(desk: ChatwootDesk, many: int) -> None:
    desk.example()
    desk.add("labels", id=7, title="refund")
    desk.add("account_users", account_id=1, user_id=desk.add("users", id=13, name="Bo Dahl"))
    desk.add("custom_attribute_definitions", attribute_key="plan", attribute_model=1,
             attribute_display_name="Plan")  # fmt: skip
    desk.add("inboxes", id=6, channel_id=2, name="Phone", channel_type="Channel::TwilioSms")
    desk.add("channel_twilio_sms", id=2, medium=1)
    contacts = range(100, 140)
    desk.add_all("contacts", [
        {"id": one, "name": f"Contact {one}", "email": f"c{one}@example.net",
         "phone_number": f"+33{one}", "custom_attributes": {"plan": "gold"},
         "additional_attributes": {"city": "Lyon"}}
        for one in contacts
    ])  # fmt: skip
    desk.add_all("contact_inboxes", [
        {"contact_id": one, "inbox_id": 5 + one % 2, "source_id": f"src-{one}"} for one in contacts
    ])  # fmt: skip
    for number in range(1, many + 1):
        at = f"{DAY}09:{number % 60:02d}:"
        last = f"{DAY}10:{number % 60:02d}:00"
        made = desk.conversation(
            number, f"{at}00", contact_id=100 + number % 40, inbox_id=5 + number % 2, team_id=3,
            status=number % 4, assignee_id=12, updated_at=last,
        )  # fmt: skip
        desk.message(made, f"{at}01", "Hello?", sender_id=100 + number % 40)
        desk.reply(made, f"{at}05", "Yes?", sender_id=12 + number % 2)
        desk.reply(made, f"{at}06", "a note", private=True)
        if number % 4 == 1:
            desk.note(made, f"{at}11", "Conversation was marked resolved by Bo Dahl")
            desk.signal(made, f"{at}10", "conversation_resolved", user_id=12)
        if number % 4 == 3:
            desk.note(made, f"{at}20", "Conversation was snoozed by Ann Berg")
        if number % 5 == 0:
            desk.note(made, f"{at}30", "Ann Berg added refund")
            desk.label(made, f"{at}30", "refund")
        if number % 7 == 0:
            desk.reply(made, f"{at}40", "gone", content_attributes={"deleted": True})
        if number % 11 == 0:
            file = desk.message(made, f"{at}41", None, sender_id=100 + number % 40)
            desk.add("attachments", message_id=file, file_type=0)
        if number % 13 == 0:
            desk.message(made, f"{at}42", "Out of office", message_type=3)
    long = desk.conversation(99, f"{DAY}11:00:00", updated_at=f"{DAY}11:05:00")
    desk.add_all("messages", [
        {"at": f"{DAY}11:{number // 60:02d}:{number % 60:02d}", "conversation_id": long,
         "inbox_id": 5, "message_type": 0, "content": f"Number {number}",
         "sender_type": "Contact", "sender_id": 90}
        for number in range(50 if many < 60 else 130)
    ])  # fmt: skip


def comparable(events: list[Event], url: str) -> dict[str, Any]:
    """What both ways in carry: of stories everything, times in whole seconds; of what has no time
    in the API, reference data and deletions of messages, its data; labels by conversation."""
    found: dict[str, Any] = {}
    for event in events:
        data = json.loads(json.dumps(event["data"]).replace(url, URL))
        if event["type"].startswith("topic.applied"):
            found[f"{data['conversation_id']} {data['topic_id']}"] = data
        elif event["type"].endswith((".saved", ".attribute_set")):
            found[event["id"]] = (event["type"], data)
        elif event["type"] == "message.deleted":
            found[event["id"]] = (event["type"], event.get("sequence"), data)
        else:
            found[event["id"]] = (event["type"], event["time"][:19], event.get("sequence"), data)
    return found


def test_the_events_are_those_of_the_database(
    desk: ChatwootDesk, api: ChatwootApi, tmp_path: Path
) -> None:
    stories(desk)
    by_api, by_database = tmp_path / "api", tmp_path / "database"
    add(by_api, api)
    result = tawny(
        by_database, "sources", "add", "chatwoot", "desk", "--url", URL, "--account", "1",
        "--database-url", "env:CHATWOOT_DATABASE_URL",
    )  # fmt: skip
    assert result.status == 0, result
    expected = comparable(events_of(by_database), URL)
    found = comparable(events_of(by_api), api.url)
    assert len(expected) > 500
    assert {k: v for k, v in found.items() if expected.get(k) != v} == {}
    assert set(expected) - set(found) == set()


def test_syncs_go_on_where_they_ended_and_repeat_nothing(
    desk: ChatwootDesk, api: ChatwootApi, home: Path
) -> None:
    stories(desk, 8)
    add(home, api)
    first = sync(home)
    assert (first["complete"], first["refused"], first["left_out"]) == (True, 0, [])
    assert first["version"] == "4.11.2"
    calls = len(api.calls)
    assert sync(home)["accepted"] == 0
    assert len(api.calls) - calls < 25
    assert sync(home, "--full")["accepted"] == 0
    conversation = desk.conversation(200, now_text(600))
    desk.message(conversation, now_text(600), "Hello?")
    desk.touch(desk.sql("SELECT id FROM conversations WHERE display_id = 2")[0][0], now_text(600),
               status=1)  # fmt: skip
    again = sync(home)
    assert again["events"] == {
        "conversation.created": 1, "conversation.status_changed": 1, "message.created": 1,
    }  # fmt: skip
    assert again["observed"] == 1
    assert sync(home)["accepted"] == 0


def test_a_reading_that_was_stopped_goes_on_and_one_that_moves_loses_nothing(
    desk: ChatwootDesk, api: ChatwootApi, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desk goes away before its second page; meanwhile one conversation of the first page and
    one of the second become active and move to the top of the list. So does another one while the
    rest is read."""
    stories(desk, 30)
    add(home, api, "--lag", "1s")
    whole = len(events_of(home))
    monkeypatch.setattr("tawny.sources.sync.CHECKPOINT_S", 0.0)

    def becomes_active(*numbers: int) -> None:
        for number in numbers:
            [(row,)] = desk.sql("SELECT id FROM conversations WHERE display_id = %s", number)
            desk.reply(row, now_text(), "Once more")
            desk.touch(row, now_text())

    def on_second_page(moved: Sequence[int], *, goes_away: bool) -> None:
        def on_call(target: str) -> None:
            if "/conversations?" in target and "page=2" in target:
                api.on_call = None
                becomes_active(*moved)
                if goes_away:
                    api.answers += [(404, {})]

        api.on_call = on_call

    def conversations_read(since: int) -> list[str]:
        found = (re.search(r"/conversations/(\d+)/messages", call) for call in api.calls[since:])
        return list(dict.fromkeys(one[1] for one in found if one))

    begun = len(api.calls)
    on_second_page([28, 4], goes_away=True)
    assert tawny(home, "sources", "sync", "desk").status == 1
    first = conversations_read(begun)
    assert first == ["99", *map(str, range(30, 6, -1))]
    time.sleep(1.5)
    begun = len(api.calls)
    on_second_page([5], goes_away=False)
    assert sync(home)["complete"]
    # What moved, the last one that was read (others may be as old), and the rest.
    assert conversations_read(begun) == ["4", "28", "7", "6", "3", "2", "1", "1042"]
    time.sleep(1.5)
    assert sync(home)["complete"]
    assert sync(home, "--full")["accepted"] == 0
    assert len(told_events(home)) == whole + 3


def test_a_desk_that_is_busy_is_waited_for(
    desk: ChatwootDesk, api: ChatwootApi, home: Path
) -> None:
    desk.example()
    add(home, api)
    api.answers = [(429, {"Retry-After": "1"}), (503, {"Retry-After": "0"})]
    report = sync(home)
    assert report["complete"]
    assert report["rate"]["limited"] == 1
    assert report["rate"]["waited_s"] >= 1


def test_what_is_gone_is_found_and_a_version_without_signals_tells_less(
    desk: ChatwootDesk, api: ChatwootApi, home: Path
) -> None:
    desk.example()
    api.tells_signals = False
    for number in (1, 2):
        desk.message(desk.conversation(number, f"{DAY}09:00:00"), f"{DAY}09:00:01", "Hello?")
    add(home, api)
    assert sync(home)["complete"]
    desk.sql("DELETE FROM messages WHERE conversation_id IN "
             "(SELECT id FROM conversations WHERE display_id = 2)")  # fmt: skip
    desk.sql("DELETE FROM conversations WHERE display_id = 2")
    report = sync(home, "--full")
    assert report["gone"] == {"conversations": 1}
    assert report["events"] == {"conversation.status_changed": 1}
    assert sync(home, "--full")["accepted"] == 0


def test_who_may_not_read_everything_is_refused(
    desk: ChatwootDesk, api: ChatwootApi, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.example()
    api.role = "agent"
    assert "--token: found one of the role agent; an agent sees only the inboxes he is a" in add(
        home, api, status=1
    )
    api.role = "administrator"
    assert f"--database-url: found more than one; {NEEDS_ONE}" in add(
        home, api, "--database-url", "env:CHATWOOT_DATABASE_URL", status=2
    )
    monkeypatch.setenv("CHATWOOT_TOKEN", "wrong")
    assert "answered 401: the secret is not accepted" in add(home, api, status=1)
    monkeypatch.setenv("CHATWOOT_TOKEN", TOKEN)
    found = add(home, api)
    assert "conversations 1" in found
    assert "budget: 599 calls a minute" in found
    assert tawny(home, "sources", "set", "desk", "--budget", "10%").status == 0
    assert "budget: 300 calls a minute" in tawny(home, "sources", "check", "desk").out
    changed = tawny(home, "sources", "set", "desk", "--database-url", "env:CHATWOOT_DATABASE_URL")
    assert changed.status == 2
    assert f"--database-url: found more than one; {NEEDS_ONE}" in changed.err
    checked = tawny(home, "sources", "check", "desk", "--counts")
    assert checked.status == 0
    assert TOKEN not in checked.out
