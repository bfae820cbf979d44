"""A Chatwoot database as a source: the events of each story, by the rules of the documentation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatwoot_desk import SOURCE, URL, ChatwootDesk, now_text
from commands import tawny
from postgres import Cluster, cluster

Event = dict[str, Any]
Short = tuple[Any, ...]

DAY = "2026-06-08 "


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture
def desk(
    postgres: Cluster, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> ChatwootDesk:
    """A desk of the older or, for every second test, the newer version."""
    newer = len(request.node.name) % 2 == 0
    made = ChatwootDesk(postgres.new_database()).create(newer=newer)
    monkeypatch.setenv("CHATWOOT_DATABASE_URL", made.address)
    return made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def add(home: Path, *options: str, name: str = "desk", account: int = 1) -> None:
    result = tawny(
        home, "sources", "add", "chatwoot", name, "--url", URL, "--account", str(account),
        "--database-url", "env:CHATWOOT_DATABASE_URL", *options,
    )  # fmt: skip
    assert (result.status, result.err) == (0, ""), result


def events_of(home: Path, *options: str, status: int = 0) -> list[Event]:
    """The events that a sync would send, in the order of the log."""
    file = home.parent / "events.ndjson"
    result = tawny(home, "sources", "sync", "desk", "-o", str(file), *options)
    assert result.status == status, result
    found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return sorted(found, key=lambda e: (e["time"], e.get("sequence", ""), e["id"]))


def sync(home: Path, *options: str, status: int = 0, name: str = "desk") -> dict[str, Any]:
    """Sync, and return the gap report."""
    result = tawny(home, "sources", "sync", name, *options)
    assert result.status == status, result
    return report(home, name)


def report(home: Path, name: str = "desk") -> dict[str, Any]:
    result = tawny(home, "sources", "report", name, "--json")
    assert (result.status, result.err) == (0, "")
    found: dict[str, Any] = json.loads(result.out)
    return found


def story(events: list[Event], number: str = "1") -> list[Short]:
    """What a conversation tells, but for its messages: time of day, id, sequence, data."""
    found = []
    for event in events:
        data = event["data"]
        kind = event["type"].rpartition(".")[2]
        if event["type"].startswith(("message.", "csat.", "topic.")) or kind == "created":
            continue
        if data.get("conversation_id") != number:
            continue
        rest = {k: v for k, v in data.items() if k not in ("conversation_id",)}
        at = event["time"][11:-1]
        found.append((at, event["id"].partition("/")[2], event["sequence"], rest))
    return found


def changed(status: str, cause: str, agent: str | None = None, **more: str) -> dict[str, str]:
    found = {"status": status, "cause": cause}
    return found | ({} if agent is None else {"agent_id": agent}) | more


def messages(events: list[Event]) -> dict[str, Event]:
    return {e["data"]["message_id"]: e for e in events if e["type"] == "message.created"}


# --- the example --------------------------------------------------------------------------------


def test_the_example(desk: ChatwootDesk, home: Path) -> None:
    """Every event of the worked example, and the cells that follow from them."""
    desk.example()
    add(home)
    events = [e for e in events_of(home) if e["time"] > "2026"]
    assert {e["source"] for e in events} == {SOURCE}
    short = [
        (e["type"], e["time"][11:-1], e["sequence"], e["id"].partition("/answered")[0],
         {k: v for k, v in e["data"].items() if k not in ("conversation_id", "content")})
        for e in events
    ]  # fmt: skip
    web = {"origin": "Channel::WebWidget", "message_type": "text"}
    assert short == [
        ("conversation.created", "08:00:00.100", "10-000000001042", "conversation/1042",
         {"channel_id": "5", "contact_id": "90",
          "url": f"{URL}/app/accounts/1/conversations/1042"}),
        ("conversation.virtual_agent_assigned", "08:00:00.100", "20-000000001042",
         "conversation/1042/bot", {"agent_id": "bot-2"}),
        ("message.created", "08:00:00.250", "50-000000005501", "message/5501",
         {"message_id": "5501", "direction": "inbound", **web}),
        ("message.created", "08:00:02.000", "50-000000005502", "message/5502",
         {"message_id": "5502", "direction": "outbound", "outbound_type": "virtual_agent",
          "agent_id": "bot-2", **web}),
        ("conversation.handed_over", "08:01:30.000", "60-000000000071",
         "conversation/1042/handover/r71", {"agent_id": "bot-2"}),
        ("message.created", "08:11:00.000", "50-000000005504", "message/5504",
         {"message_id": "5504", "direction": "outbound", "outbound_type": "agent",
          "agent_id": "12", "team_id": "3", **web}),
        ("conversation.status_changed", "08:12:03.500", "50-000000005506",
         "conversation/1042/status/r73", changed("resolved", "agent", "12", team_id="3")),
        ("message.created", "08:12:04.000", "50-000000005507", "message/5507",
         {"message_id": "5507", "direction": "outbound", "outbound_type": "csat",
          "message_type": "input_csat", "origin": "Channel::WebWidget"}),
        ("csat.sent", "08:12:04.000", "80-000000005507", "csat/5507/sent", {"survey_id": "5507"}),
        ("csat.answered", "08:20:00.000", "80-000000000001", "csat/5507",
         {"survey_id": "5507", "score": 5}),
    ]  # fmt: skip
    assert messages(events)["5504"]["data"]["content"] == "It is on its way."
    assert sync(home)["complete"] is True
    target = home.parent / "times.csv"
    range_ = ("--from", "2026-06-01", "--to", "2026-07-01", "--headers", "key")
    assert tawny(home, "export", "response-times", *range_, "-o", str(target)).status == 0
    head, row = [line.split(",") for line in target.read_text().splitlines()]
    cells = dict(zip(head, row, strict=True))
    assert cells["started_by"] == "VA_HANDED_OVER_CONVERSATION"
    assert cells["agent_response_time"] == "570"
    assert tawny(home, "export", "resolved-conversations", *range_, "-o", str(target)).status == 0
    head, row = [line.split(",") for line in target.read_text().splitlines()]
    cells = dict(zip(head, row, strict=True))
    assert (cells["first_response_time"], cells["resolution_time"]) == ("570", "723")
    assert (cells["resolved_by"], cells["handle_time"]) == ("agent", "")


def test_reference_data(desk: ChatwootDesk, home: Path) -> None:
    """Channels with opening hours, teams, people, bots, labels, contacts: the first version at the
    time of creation."""
    desk.sql("UPDATE inboxes SET working_hours_enabled = true, timezone = 'Europe/Paris', "
             "business_name = 'Example help'")  # fmt: skip
    hours = [(0, True, 0, 0, False), (1, False, 9, 17, False), (2, False, 0, 23, False),
             (3, False, 0, 0, True)]  # fmt: skip
    for day, closed, start, end, whole in hours:
        desk.add("working_hours", inbox_id=5, day_of_week=day, closed_all_day=closed,
                 open_hour=start, open_minutes=0, close_hour=end,
                 close_minutes=59 if end == 23 else 30, open_all_day=whole)  # fmt: skip
    desk.add("teams", id=3, name="Billing", updated_at="2026-01-02 03:04:05")
    desk.add("labels", id=7, title="refund")
    desk.add("agent_bots", id=2, name="Robbie", account_id=None)
    desk.add("agent_bots", id=3, name="Elsewhere", account_id=2)
    desk.add("agent_bot_inboxes", inbox_id=5, agent_bot_id=2)
    desk.add("captain_assistants", id=4, name="Captain")
    desk.add("integrations_hooks", id=6, app_id="dialogflow", inbox_id=5, access_token="hidden")
    desk.add("integrations_hooks", id=8, app_id="slack")
    desk.add("inboxes", id=6, channel_id=9, name="Texts", channel_type="Channel::TwilioSms")
    desk.add("channel_twilio_sms", id=9, medium=1)
    desk.add("inboxes", id=7, channel_id=1, name="New", channel_type="Channel::Pigeon")
    desk.add("contacts", id=91, name="Dee", last_name="Gee", email="d@example.net",
             phone_number="+15550100", custom_attributes={"plan": "gold", "seats": 3, "vip": True,
             "tags": ["a"], "none": "", "gone": None},
             additional_attributes={"city": "Lyon", "country": ""})  # fmt: skip
    desk.add("contact_inboxes", contact_id=91, inbox_id=6, source_id="whatsapp:1")
    desk.add("contacts", id=92, name="")
    desk.add("custom_attribute_definitions", attribute_key="plan", attribute_display_name="Plan",
             attribute_model=1)  # fmt: skip
    desk.label(91, "2026-01-01 00:00:00", "vip", kind="Contact")
    add(home)
    events = events_of(home)
    data = {e["id"].rpartition("/")[0]: e["data"] for e in events}
    assert {e["time"] for e in events} == {"2020-01-01T00:00:00.000Z"}
    assert data["inbox/5"] == {
        "channel_id": "5", "medium": "webchat", "name": "Website", "display_name": "Example help",
        "business_hours": {"time_zone": "Europe/Paris", "weekly": {
            "mon": [["09:00", "17:30"]], "tue": [["00:00", "24:00"]], "wed": [["00:00", "24:00"]],
        }},
    }  # fmt: skip
    assert data["inbox/6"] == {"channel_id": "6", "medium": "whatsapp", "name": "Texts"}
    assert data["inbox/7"] == {"channel_id": "7", "medium": "pigeon", "name": "New"}
    assert data["team/3"] == {"team_id": "3", "name": "Billing"}
    assert data["agent/12"] == {
        "agent_id": "12", "name": "Ann Berg", "email": "ann@example.com", "kind": "human",
    }  # fmt: skip
    bots = {k: v["name"] for k, v in data.items() if v.get("kind") == "virtual"}
    assert bots == {
        "agent/bot-2": "Robbie", "agent/captain-4": "Captain", "agent/hook-6": "dialogflow",
    }  # fmt: skip
    assert data["label/7"] == {"topic_id": "7", "name": "refund"}
    assert data["contact/91"] == {
        "contact_id": "91", "medium": "whatsapp", "primary_identifier": "+15550100",
        "secondary_identifier": "Dee Gee",
    }  # fmt: skip
    assert data["contact/92"] == {"contact_id": "92", "primary_identifier": "contact-92"}
    attributes = {
        e["data"]["attribute_id"]: (
            e["data"]["name"],
            e["data"]["value"],
            e["data"]["attribute_type"],
        )
        for e in events
        if e["type"] == "contact.attribute_set" and e["data"]["contact_id"] == "91"
    }
    assert attributes == {
        "email": ("email", "d@example.net", "default"),
        "phone_number": ("phone_number", "+15550100", "default"),
        "city": ("city", "Lyon", "default"), "labels": ("labels", '["vip"]', "default"),
        "plan": ("Plan", "gold", "custom"), "seats": ("seats", "3", "custom"),
        "vip": ("vip", "true", "custom"), "tags": ("tags", '["a"]', "custom"),
    }  # fmt: skip
    assert sync(home)["unknown"] == {"inboxes.channel_type=Channel::Pigeon": 1}


# --- messages -----------------------------------------------------------------------------------


def test_who_wrote_a_message(desk: ChatwootDesk, home: Path) -> None:
    """The first row that fits of the table of outbound types."""
    desk.add("users", id=13, name="Otto Mat")
    desk.add("account_users", user_id=13)
    one = desk.conversation(1, f"{DAY}08:00:00")
    campaign = desk.conversation(2, f"{DAY}08:00:00", campaign_id=4)
    at = f"{DAY}09:00:00"
    outbound = {"message_type": 1}
    cases = {
        desk.message(one, at, "in"): (None, None),
        desk.reply(one, at, "rate", content_type=9): ("csat", None),
        desk.message(one, at, "hi", message_type=3): ("auto_responder", None),
        desk.message(one, at, "b", sender_type="AgentBot", sender_id=2, **outbound):
            ("virtual_agent", "bot-2"),
        desk.message(one, at, "c", sender_type="Captain::Assistant", sender_id=4, **outbound):
            ("virtual_agent", "captain-4"),
        desk.reply(one, at, "v", sender_id=13): ("virtual_agent", "13"),
        desk.reply(one, at, "p", additional_attributes={"campaign_id": 4}): ("proactive", "12"),
        desk.message(one, at, "r", content_attributes={"automation_rule_id": 1}, **outbound):
            ("auto_responder", None),
        desk.message(one, at, "n", content_attributes={"external_echo": True}, **outbound):
            ("native", None),
        desk.reply(one, at, "a"): ("agent", "12"),
        desk.message(one, at, "gone", **outbound): ("agent", None),
        desk.message(campaign, at, "buy", **outbound): ("proactive", None),
        desk.reply(campaign, at, "then"): ("agent", "12"),
    }  # fmt: skip
    desk.reply(one, at, "secret", private=True)
    add(home, "--virtual-agent", "13")
    events = messages(events_of(home))
    found = {
        int(number): (e["data"].get("outbound_type"), e["data"].get("agent_id"))
        for number, e in events.items()
    }
    assert found == cases


def test_words_of_messages(desk: ChatwootDesk, home: Path) -> None:
    """`message_type` is the word of the content type, or of the first attachment without text."""
    one = desk.conversation(1, f"{DAY}08:00:00")
    at = f"{DAY}09:00:00"
    mail = desk.message(one, at, "text", content_type=8)
    picture = desk.message(one, at)
    both = desk.message(one, at, "look")
    odd = desk.message(one, at, "?", content_type=99)
    for message in (picture, both):
        desk.add("attachments", message_id=message, file_type=1)
    desk.add("attachments", message_id=picture, file_type=0)
    add(home)
    events = messages(events_of(home))
    words = {int(n): e["data"].get("message_type") for n, e in events.items()}
    assert words == {mail: "incoming_email", picture: "audio", both: "text", odd: None}
    assert "content" not in events[str(picture)]["data"]
    found = sync(home)
    assert found["unknown"] == {"messages.content_type=99": 1}
    assert found["unknown_examples"] == {"messages.content_type=99": f"message/{odd}"}


def test_contents_stay_in_the_desk(desk: ChatwootDesk, home: Path) -> None:
    """`--content no`, while what the desk itself wrote is used."""
    one = desk.conversation(1, f"{DAY}08:00:00", status=1)
    desk.message(one, f"{DAY}08:00:01", "private words")
    desk.note(one, f"{DAY}08:10:00", "Conversation was marked resolved by Ann Berg")
    add(home, "--content", "no")
    events = events_of(home)
    assert "private words" not in json.dumps(events)
    assert [e["data"]["message_type"] for e in messages(events).values()] == ["text"]
    assert story(events)[0][3] == changed("resolved", "agent", "12")


def test_edited_and_deleted(desk: ChatwootDesk, home: Path) -> None:
    """Only a changed text is an update; a deleted message first seen so has no content; attributes
    may be stored twice encoded."""
    one = desk.conversation(1, f"{DAY}08:00:00")
    edited = desk.message(one, f"{DAY}08:00:01", "A")
    receipt = desk.message(one, f"{DAY}08:00:02", "B")
    removed = desk.message(one, f"{DAY}08:00:03", "C")
    never = desk.message(
        one, f"{DAY}08:00:04", "This message was deleted",
        content_attributes='"{\\"deleted\\": true}"', updated_at=f"{DAY}08:01:00",
    )  # fmt: skip
    add(home)
    first = messages(events_of(home))
    assert "content" not in first[str(never)]["data"]
    sync(home)
    change = (
        "UPDATE messages SET updated_at = %s, content = %s, content_attributes = %s WHERE id = %s"
    )
    desk.sql(change, f"{DAY}09:00:00", "A2", "{}", edited)
    desk.sql(change, f"{DAY}09:00:01", "B", "{}", receipt)
    desk.sql(change, f"{DAY}09:00:02", "Gone", '{"deleted": true}', removed)
    desk.touch(one, f"{DAY}09:00:02")
    events = events_of(home, "--full")
    found = [(e["type"], e["time"][11:-1], e["id"].partition("/content")[0]) for e in events]
    assert found == [
        ("message.updated", "09:00:00.000", f"message/{edited}"),
        ("message.deleted", "09:00:02.000", f"message/{removed}/deleted"),
    ]
    assert events[0]["data"]["content"] == "A2"
    assert sync(home, "--full")["accepted"] == 2
    # And back again: what comes a second time says when.
    for second, text in ((1, "A"), (2, "A2")):
        desk.sql(change, f"{DAY}10:00:0{second}", text, "{}", edited)
        assert sync(home, "--full")["accepted"] == 1
    assert sync(home, "--full")["complete"] is True


# --- the story ----------------------------------------------------------------------------------


def test_every_way_to_be_resolved(desk: ChatwootDesk, home: Path) -> None:
    desk.add("captain_assistants", id=4, name="Captain")
    ways = {
        "Conversation was marked resolved by Ann Berg": changed("resolved", "agent", "12"),
        "Conversation was marked resolved by Captain (asked for nothing more)": changed(
            "resolved", "virtual_agent", "captain-4", reason="asked for nothing more"
        ),
        "Conversation was marked resolved by Captain due to inactivity": changed(
            "resolved", "virtual_agent", "captain-4"
        ),
        "Conversation was marked resolved by Automation System": changed("resolved", "automation"),
        "Conversation was marked resolved by system due to 3 days of inactivity": changed(
            "resolved", "auto_resolve"
        ),
        "Conversation was resolved by Cleo": changed("resolved", "automation", reason="contact"),
        "Conversation was marked resolved by Somebody Gone": changed("resolved", "agent"),
        "Das Gespräch wurde von Ann Berg gelöst": changed("resolved", "agent", "12"),
        "La conversation a été marquée résolue par Ann Berg": changed("resolved", "agent", "12"),
    }
    numbers = dict(enumerate(ways, 1))
    for number, sentence in numbers.items():
        one = desk.conversation(number, f"{DAY}08:00:00", status=1)
        desk.reply(one, f"{DAY}08:05:00")
        desk.note(one, f"{DAY}08:10:00", sentence)
    silent = desk.conversation(20, f"{DAY}08:00:00", status=1)
    desk.signal(silent, f"{DAY}08:10:00", "conversation_resolved", id=500)
    add(home)
    events = events_of(home)
    for number, sentence in numbers.items():
        assert [one[3] for one in story(events, str(number))] == [ways[sentence]], sentence
    assert story(events, "20") == [
        ("08:10:00.000", "20/status/r500", "60-000000000500", changed("resolved", "unknown"))
    ]
    undetermined = sync(home)["undetermined"]
    assert undetermined == {"agent": 0, "team": 0, "cause": 1, "actor": 1}


def test_notes_belong_to_the_nearest_signal(desk: ChatwootDesk, home: Path) -> None:
    """At most a minute away, each used once; the signal gives time and id, the note the place."""
    one = desk.conversation(1, f"{DAY}08:00:00", status=1)
    desk.signal(one, f"{DAY}08:10:00", "conversation_resolved", id=1)
    desk.note(one, f"{DAY}08:10:40", "Conversation was marked resolved by Ann Berg", id=900)
    desk.note(one, f"{DAY}08:20:00", "Conversation was reopened by Ann Berg", id=901)
    desk.signal(one, f"{DAY}08:30:00", "conversation_resolved", id=2)
    desk.note(one, f"{DAY}08:31:01", "Conversation was marked resolved by Ann Berg", id=902)
    add(home)
    resolved = changed("resolved", "agent", "12")
    assert story(events_of(home)) == [
        ("08:10:00.000", "1/status/r1", "50-000000000900", resolved),
        ("08:20:00.000", "1/status/a901", "50-000000000901", changed("new", "set_to_new", "12")),
        ("08:30:00.000", "1/status/r2", "60-000000000002", changed("resolved", "unknown")),
        ("08:31:01.000", "1/status/a902", "50-000000000902", resolved),
    ]


def test_reopened_by_a_message(desk: ChatwootDesk, home: Path) -> None:
    """With what else tells of it; a blocked contact and a muted conversation stay resolved."""
    one = desk.conversation(1, f"{DAY}08:00:00", status=0)
    desk.note(one, f"{DAY}08:10:00", "Conversation was marked resolved by Ann Berg", id=900)
    desk.message(one, f"{DAY}09:00:00", "again", id=910)
    desk.signal(one, f"{DAY}09:00:00.200", "conversation_opened", id=1)
    desk.note(one, f"{DAY}09:00:30",
              "System reopened the conversation due to a new incoming message.")  # fmt: skip
    muted = desk.conversation(2, f"{DAY}08:00:00", status=1)
    desk.note(muted, f"{DAY}08:10:00", "Conversation was marked resolved by Ann Berg", id=920)
    desk.note(muted, f"{DAY}08:10:01", "Ann Berg has muted the conversation")
    desk.message(muted, f"{DAY}09:00:00", "hello?")
    desk.signal(muted, f"{DAY}09:30:00", "conversation_resolved", id=2)
    desk.add("contacts", id=99, name="Spam", blocked=True)
    blocked = desk.conversation(3, f"{DAY}08:00:00", status=1, contact_id=99)
    desk.message(blocked, f"{DAY}08:00:01", "buy")
    add(home)
    events = events_of(home)
    assert story(events) == [
        ("08:10:00.000", "1/status/a900", "50-000000000900", changed("resolved", "agent", "12")),
        ("09:00:00.000", "1/status/m910", "50-000000000910-1", changed("new", "inbound_message")),
    ]
    assert [one[1] for one in story(events, "2")] == ["2/status/a920", "2/status/r2"]
    assert story(events, "3") == [
        ("08:00:00.000", "3/status/blocked", "20-000000000003",
         changed("resolved", "automation", reason="blocked"))
    ]  # fmt: skip


def test_snoozed_and_pending(desk: ChatwootDesk, home: Path) -> None:
    """Put aside by whom; the snooze runs out; a message wakes it; nobody tells of it."""
    one = desk.conversation(1, f"{DAY}08:00:00", status=3, updated_at=f"{DAY}13:00:00.5")
    desk.note(one, f"{DAY}08:10:00", "Conversation was snoozed by Ann Berg", id=900)
    desk.signal(one, f"{DAY}09:00:00", "conversation_opened", id=1)
    desk.note(one, f"{DAY}09:10:00", "Conversation was snoozed by Automation System", id=901)
    desk.message(one, f"{DAY}10:00:00", "wake", id=902)
    desk.note(one, f"{DAY}11:00:00", "Conversation was marked as pending by Ann Berg", id=903)
    desk.note(one, f"{DAY}12:00:00", "Conversation was reopened by Automation System", id=904)
    add(home)
    expected = [
        ("08:10:00.000", "1/status/a900", "50-000000000900", changed("pending", "agent", "12")),
        ("09:00:00.000", "1/status/r1", "60-000000000001", changed("new", "boomerang")),
        ("09:10:00.000", "1/status/a901", "50-000000000901", changed("pending", "automation")),
        ("10:00:00.000", "1/status/m902", "50-000000000902-1", changed("new", "inbound_message")),
        ("11:00:00.000", "1/status/a903", "50-000000000903", changed("pending", "agent", "12")),
        ("12:00:00.000", "1/status/a904", "50-000000000904", changed("new", "automation")),
    ]
    ms = 1780923600500
    observed = ("13:00:00.500", f"1/status/observed/{ms}", "90-000000000001-1",
                changed("pending", "unknown"))  # fmt: skip
    assert story(events_of(home)) == [*expected, observed]
    assert sync(home)["observed"] == 1
    # A touched row tells of nothing new; what is observed once is not observed again.
    desk.touch(one, f"{DAY}14:00:00")
    assert sync(home, "--full")["accepted"] == 0


def test_bots(desk: ChatwootDesk, home: Path) -> None:
    """Handed over by what tells of it, taken over by a reply, back to the bot, resolved by it."""
    desk.add("agent_bots", id=2, name="Robbie")
    desk.add("agent_bot_inboxes", inbox_id=5, agent_bot_id=2)
    robbie = {"sender_type": "AgentBot", "sender_id": 2, "message_type": 1}
    taken = desk.conversation(1, f"{DAY}08:00:00", status=0)
    desk.message(taken, f"{DAY}08:00:01", "in", id=901)
    desk.message(taken, f"{DAY}08:00:02", "bot", id=902, **robbie)
    desk.message(taken, f"{DAY}08:01:00", "person please", id=903)
    desk.reply(taken, f"{DAY}08:05:00", id=904)
    auto = desk.conversation(2, f"{DAY}08:00:00", status=0)
    desk.message(auto, f"{DAY}08:00:02", "bot", **robbie)
    desk.reply(auto, f"{DAY}08:05:00", id=911)
    opened = "Conversation was marked open automatically after an agent reply"
    desk.note(auto, f"{DAY}08:05:20", opened, id=912)
    error = desk.conversation(3, f"{DAY}08:00:00", status=0)
    desk.note(error, f"{DAY}08:00:05", "Conversation was marked open by system due to an error "
              "with the agent bot.", id=921)  # fmt: skip
    back = desk.conversation(4, f"{DAY}08:00:00", status=1)
    desk.message(back, f"{DAY}08:00:02", "bot", **robbie)
    desk.signal(back, f"{DAY}08:10:00", "conversation_bot_resolved", id=1)
    desk.signal(back, f"{DAY}08:10:00", "conversation_resolved", id=2)
    desk.message(back, f"{DAY}09:00:00", "again", id=931)
    desk.note(back, f"{DAY}09:10:00", "Conversation was reopened by Ann Berg", id=932)
    desk.note(back, f"{DAY}09:20:00", "Conversation was marked as pending by Ann Berg", id=933)
    desk.signal(back, f"{DAY}09:30:00", "conversation_resolved", id=3)
    waits = desk.conversation(5, f"{DAY}08:00:00", status=2)
    assert waits
    add(home)
    events = events_of(home)
    bot = {"agent_id": "bot-2"}
    born = ("08:00:00.000", "bot", "20-00000000000")
    assert story(events, "1") == [
        (born[0], "1/bot", f"{born[2]}1", bot),
        ("08:01:00.000", "1/handover/m903", "49-000000000903", bot),
    ]
    assert story(events, "2") == [
        (born[0], "2/bot", f"{born[2]}2", bot),
        ("08:05:00.000", "2/handover/a912", "49-000000000911",
         {**bot, "reason": "taken_by_agent"}),
    ]  # fmt: skip
    assert story(events, "3") == [
        (born[0], "3/bot", f"{born[2]}3", bot),
        ("08:00:05.000", "3/handover/a921", "50-000000000921", {**bot, "reason": "error"}),
    ]
    assert story(events, "4") == [
        (born[0], "4/bot", f"{born[2]}4", bot),
        ("08:10:00.000", "4/status/r2", "60-000000000002",
         changed("resolved", "virtual_agent", "bot-2")),
        ("09:00:00.000", "4/status/m931", "50-000000000931-1", changed("new", "inbound_message")),
        ("09:00:00.000", "4/bot/m931", "50-000000000931-2", bot),
        ("09:10:00.000", "4/handover/a932", "50-000000000932",
         {**bot, "reason": "taken_by_agent"}),
        ("09:20:00.000", "4/bot/a933", "50-000000000933", bot),
        ("09:30:00.000", "4/status/r3", "60-000000000003", changed("resolved", "unknown")),
    ]  # fmt: skip
    assert story(events, "5") == [(born[0], "5/bot", f"{born[2]}5", bot)]


def test_a_bot_without_a_sender(desk: ChatwootDesk, home: Path) -> None:
    """Dialogflow writes as nobody; a person who answers ends its time."""
    desk.add("integrations_hooks", id=6, app_id="dialogflow", inbox_id=5)
    one = desk.conversation(1, f"{DAY}08:00:00")
    desk.message(one, f"{DAY}08:00:01", "in", id=901)
    desk.message(one, f"{DAY}08:00:02", "bot", id=902, message_type=1)
    desk.reply(one, f"{DAY}08:05:00", id=903)
    desk.message(one, f"{DAY}08:06:00", "by nobody", id=904, message_type=1)
    add(home)
    events = events_of(home)
    assert story(events) == [
        ("08:00:00.000", "1/bot", "20-000000000001", {"agent_id": "hook-6"}),
        ("08:00:02.000", "1/handover/m902", "50-000000000902-1", {"agent_id": "hook-6"}),
    ]
    who = [(e["data"].get("outbound_type"), e["data"].get("agent_id"))
           for e in messages(events).values()]  # fmt: skip
    assert who == [(None, None), ("virtual_agent", "hook-6"), ("agent", "12"), ("agent", None)]


def test_the_team_of_the_moment(desk: ChatwootDesk, home: Path) -> None:
    """Walked back through the notes; none before the first assignment; `--team-of agent`."""
    desk.add_all("teams", [{"id": 3, "name": "Billing"}, {"id": 4, "name": "Returns"}])
    desk.add("team_members", team_id=4, user_id=12)
    one = desk.conversation(1, f"{DAY}08:00:00", team_id=4)
    first = desk.reply(one, f"{DAY}08:01:00")
    desk.note(one, f"{DAY}08:02:00", "Assigned to Billing by Ann Berg")
    second = desk.reply(one, f"{DAY}08:03:00")
    desk.note(one, f"{DAY}08:04:00", "Unassigned from Billing by Ann Berg")
    third = desk.reply(one, f"{DAY}08:05:00")
    desk.note(one, f"{DAY}08:06:00", "Assigned to Ann Berg via Returns by Ann Berg")
    fourth = desk.reply(one, f"{DAY}08:07:00")
    add(home)
    teams = {int(n): e["data"].get("team_id") for n, e in messages(events_of(home)).items()}
    assert teams == {first: None, second: "3", third: None, fourth: "4"}
    assert tawny(home, "sources", "set", "desk", "--team-of", "agent").status == 0
    teams = {int(n): e["data"].get("team_id") for n, e in messages(events_of(home)).items()}
    assert teams == {first: "4", second: "3", third: "4", fourth: "4"}


def test_labels(desk: ChatwootDesk, home: Path) -> None:
    """What is on the conversation, with whoever put it there; what notes tell of that is gone."""
    desk.add_all("labels", [{"id": 7, "title": "refund"}, {"id": 8, "title": "vip"}])
    desk.add("teams", id=3, name="Billing")
    one = desk.conversation(1, f"{DAY}08:00:00", team_id=3, updated_at=f"{DAY}12:00:00")
    desk.note(one, f"{DAY}09:00:20", "Ann Berg added refund, vip", id=900)
    tagging = desk.label(one, f"{DAY}09:00:00", "refund")
    desk.note(one, f"{DAY}10:00:00", "Ann Berg removed vip", id=901)
    loose = desk.label(one, f"{DAY}11:00:00", "loose")
    add(home)
    found = [
        (e["type"], e["time"][11:19], e["id"].partition("/label/")[2], e["sequence"],
         e["data"]["topic_id"], e["data"].get("agent_id"), e["data"].get("team_id"))
        for e in events_of(home) if e["type"] in ("topic.applied", "topic.removed")
    ]  # fmt: skip
    assert found == [
        ("topic.applied", "09:00:00", str(tagging), f"70-{tagging:012}", "7", "12", "3"),
        ("topic.applied", "09:00:20", "900/vip/added", "70-000000000900-2", "8", "12", "3"),
        ("topic.removed", "10:00:00", "901/vip/removed", "70-000000000901-1", "8", "12", "3"),
        ("topic.applied", "11:00:00", str(loose), f"70-{loose:012}", "title/loose", None, None),
    ]
    titles = {e["data"]["topic_id"]: e["data"]["name"] for e in events_of(home)
              if e["type"] == "topic.saved"}  # fmt: skip
    assert titles == {"7": "refund", "8": "vip", "title/loose": "loose"}


def test_a_renamed_and_a_deleted_label(desk: ChatwootDesk, home: Path) -> None:
    """A rename writes every tagging anew: the topic keeps its id, nothing counts as removed."""
    desk.add_all("labels", [{"id": 7, "title": "refund"}, {"id": 8, "title": "vip"}])
    one = desk.conversation(1, f"{DAY}08:00:00")
    desk.note(one, f"{DAY}09:00:00", "Ann Berg added refund", id=900)
    desk.label(one, f"{DAY}09:00:00", "refund")
    add(home)
    sync(home)
    desk.sql("UPDATE labels SET title = 'money', updated_at = %s WHERE id = 7", f"{DAY}10:00:00")
    desk.sql("DELETE FROM labels WHERE id = 8")
    desk.sql("DELETE FROM taggings")
    again = desk.label(one, f"{DAY}10:00:00", "money")
    desk.touch(one, f"{DAY}10:00:00")
    found = [(e["type"], e["id"].removesuffix(e["id"][-17:]) if "saved" in e["type"] else e["id"],
              e["data"]["topic_id"], e["data"].get("agent_id"))
             for e in events_of(home, "--full")]  # fmt: skip
    assert found == [
        ("topic.saved", "label/7", "7", None),
        ("topic.applied", f"conversation/1/label/{again}", "7", None),
        ("topic.deleted", "label/8/deleted", "8", None),
    ]
    sync(home, "--full")
    assert sync(home, "--full")["accepted"] == 0


def test_surveys(desk: ChatwootDesk, home: Path) -> None:
    """Expired after fourteen days; answered again; a rating of no kind is left out by name."""
    one = desk.conversation(1, f"{DAY}08:00:00")
    old = desk.message(one, f"{DAY}08:00:00", "rate", message_type=3, content_type=9)
    young = desk.message(one, now_text(86_400), "rate", message_type=3, content_type=9)
    odd = desk.message(one, f"{DAY}09:00:00", "rate", message_type=3, content_type=9)
    wrong = desk.add("csat_survey_responses", conversation_id=one, message_id=odd, rating=9)
    add(home)
    found = {(e["type"], e["id"], e["time"]) for e in events_of(home, status=3)
             if e["type"].startswith("csat.") and not e["type"].endswith("sent")}  # fmt: skip
    assert found == {("csat.expired", f"csat/{old}/expired", "2026-06-22T08:00:00.000Z")}
    assert sync(home, status=3)["left_out"] == [
        {"record": f"csat_survey_response/{wrong}", "reason": "its rating is none of 1 to 5"}
    ]
    answer = desk.add(
        "csat_survey_responses", conversation_id=one, message_id=young, rating=2,
        at=now_text(3_600),
    )  # fmt: skip
    assert sync(home, "--full", status=3)["events"] == {"csat.answered": 1}
    desk.sql(
        "UPDATE csat_survey_responses SET rating = 4, feedback_message = 'ok', updated_at = %s "
        "WHERE id = %s", now_text(300), answer,
    )  # fmt: skip
    assert sync(home, status=3)["events"] == {"csat.answered": 1}


def test_sentences_of_a_further_language(desk: ChatwootDesk, home: Path, tmp_path: Path) -> None:
    """A sentence that nothing reads is counted by its shape; a file teaches it."""
    one = desk.conversation(1, f"{DAY}08:00:00", status=1, updated_at=f"{DAY}08:10:00")
    desk.note(one, f"{DAY}08:10:00", "Ann Berg löste das hier", id=900)
    add(home)
    assert sync(home)["unknown"] == {"sentence=… … löste das hier": 1}
    own = tmp_path / "own.toml"
    own.write_text('"status.resolved" = "{user} löste das hier"\n', encoding="utf-8")
    assert tawny(home, "sources", "set", "desk", "--sentences", str(own)).status == 0
    found = sync(home, "--full")
    assert (found["unknown"], found["events"]) == ({}, {})
    assert found["changed_after_sent"] == 1  # it was observed before
    own.write_text('"status.closed" = "{user} x"\n', encoding="utf-8")
    result = tawny(home, "sources", "set", "desk", "--sentences", str(own))
    assert result.status == 2
    assert "found 'status.closed'; allowed the keys " in result.err


def test_an_older_version(desk: ChatwootDesk, home: Path) -> None:
    """Tables and columns that an installation does not have yet: senders in two columns, no end of
    reporting events, no bots, no surveys."""
    desk.sql("DROP TABLE captain_assistants, captain_inboxes, csat_survey_responses, attachments")
    desk.sql("ALTER TABLE messages DROP sender_type, DROP sender_id, ADD user_id integer, "
             "ADD contact_id integer")  # fmt: skip
    desk.sql("ALTER TABLE reporting_events DROP event_end_time")
    desk.sql("ALTER TABLE working_hours DROP open_all_day")
    one = desk.conversation(1, f"{DAY}08:00:00", status=1)
    common = {"conversation_id": one, "inbox_id": 5, "account_id": 1, "content": "x"}
    asked = desk.add("messages", at=f"{DAY}08:01:00", message_type=0, contact_id=90, **common)
    reply = desk.add("messages", at=f"{DAY}08:02:00", message_type=1, user_id=12, **common)
    desk.add("reporting_events", at=f"{DAY}08:03:00", name="conversation_resolved", inbox_id=5,
             conversation_id=one, id=4)  # fmt: skip
    add(home)
    events = events_of(home)
    who = {int(n): e["data"].get("agent_id") for n, e in messages(events).items()}
    assert who == {asked: None, reply: "12"}
    assert story(events) == [
        ("08:03:00.000", "1/status/r4", "60-000000000004", changed("resolved", "unknown"))
    ]
    assert sync(home)["complete"]


def test_what_began_with_a_bot_stays_so(desk: ChatwootDesk, home: Path) -> None:
    """Read while it waited for the bot, which never wrote: later nothing is left to tell of it."""
    desk.add("agent_bots", id=2, name="Robbie")
    desk.add("agent_bot_inboxes", inbox_id=5, agent_bot_id=2)
    one = desk.conversation(1, f"{DAY}08:00:00", status=2)
    asked = desk.message(one, f"{DAY}08:00:01", "in")
    add(home)
    assert sync(home)["events"]["conversation.virtual_agent_assigned"] == 1
    desk.reply(one, f"{DAY}08:05:00")
    desk.touch(one, f"{DAY}08:05:00", status=0)
    events = events_of(home, "--full")
    assert story(events) == [
        ("08:00:01.000", f"1/handover/m{asked}", f"49-{asked:012}", {"agent_id": "bot-2"})
    ]
    assert sync(home, "--full")["accepted"] == 2
    # An opening that is told of afterwards hands it over no second time.
    desk.signal(one, f"{DAY}09:00:00", "conversation_opened")
    assert sync(home, "--full")["accepted"] == 0


def test_what_is_young_explains_what_is_older(desk: ChatwootDesk, home: Path) -> None:
    """A note of the last two minutes is not sent, but what it says of before it holds: a row says
    how things are now."""
    desk.add("teams", id=3, name="Billing")
    first = desk.conversation(1, now_text(400), status=1, team_id=3, updated_at=now_text(100))
    desk.message(first, now_text(390), "Hello")
    desk.reply(first, now_text(300), id=20)
    desk.signal(first, now_text(123), "conversation_resolved", id=7)
    desk.note(first, now_text(115), "Conversation was marked resolved by Ann Berg")
    desk.note(first, now_text(100), "Assigned to Billing by Ann Berg")
    desk.label(first, now_text(123), "refund")
    desk.note(first, now_text(115), "Ann Berg added refund")
    add(home)
    file = home.parent / "events.ndjson"
    assert tawny(home, "sources", "sync", "desk", "-o", str(file)).status == 0
    events = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert "team_id" not in messages(events)["20"]["data"]
    [resolved] = [e for e in events if e["type"] == "conversation.status_changed"]
    assert resolved["id"] == "conversation/1/status/r7"
    assert resolved["data"] == {"conversation_id": "1", **changed("resolved", "agent", "12")}
    [applied] = [e for e in events if e["type"] == "topic.applied"]
    assert applied["data"]["agent_id"] == "12"


def test_a_bot_that_gives_up_soon_after_the_customer_came_back(
    desk: ChatwootDesk, home: Path
) -> None:
    """It had the conversation again: its opening is a handover, not part of the reopening."""
    desk.add("agent_bots", id=2, name="Robbie")
    desk.add("agent_bot_inboxes", inbox_id=5, agent_bot_id=2)
    openings = {
        1: "Conversation was marked open by Robbie",
        2: "Conversation was marked open by system due to an error with the agent bot.",
    }
    for number, sentence in openings.items():
        one = desk.conversation(number, f"{DAY}08:00:00", status=0)
        desk.reply(one, f"{DAY}08:01:00")
        desk.note(one, f"{DAY}08:10:00", "Conversation was marked resolved by Ann Berg")
        desk.message(one, f"{DAY}09:00:00", "again", id=900 + number)
        desk.signal(one, f"{DAY}09:00:20", "conversation_opened", id=number)
        desk.note(one, f"{DAY}09:00:21", sentence)
    add(home)
    events = events_of(home)
    for number, more in ((1, {}), (2, {"reason": "error"})):
        found = [(one[0], one[1], one[3]) for one in story(events, str(number))][1:]
        assert found == [
            ("09:00:00.000", f"{number}/status/m90{number}", changed("new", "inbound_message")),
            ("09:00:00.000", f"{number}/bot/m90{number}", {"agent_id": "bot-2"}),
            ("09:00:20.000", f"{number}/handover/r{number}", {"agent_id": "bot-2", **more}),
        ]


def test_a_young_reply_ends_no_bots_time(desk: ChatwootDesk, home: Path) -> None:
    """What tells of its opening may be written a moment later."""
    desk.add("agent_bots", id=2, name="Robbie")
    desk.add("agent_bot_inboxes", inbox_id=5, agent_bot_id=2)
    one = desk.conversation(1, now_text(400))
    desk.message(one, now_text(390), "bot", sender_type="AgentBot", sender_id=2, message_type=1)
    desk.message(one, now_text(300), "person please", id=20)
    desk.reply(one, now_text(20))
    add(home)
    assert [short[1] for short in story(events_of(home))] == ["1/bot"]
    assert tawny(home, "sources", "set", "desk", "--lag", "0s").status == 0
    assert [short[1] for short in story(events_of(home))] == ["1/bot", "1/handover/m20"]


def test_a_note_that_names_a_label_twice(desk: ChatwootDesk, home: Path) -> None:
    one = desk.conversation(1, f"{DAY}08:00:00")
    desk.add("labels", id=7, title="refund")
    desk.label(one, f"{DAY}08:01:00", "refund")
    desk.note(one, f"{DAY}08:01:00", "Ann Berg added refund, refund")
    add(home)
    [applied] = [e for e in events_of(home) if e["type"] == "topic.applied"]
    assert (applied["id"], applied["data"]["agent_id"]) == ("conversation/1/label/1", "12")


def test_shapes_of_sentences_hold_no_names(desk: ChatwootDesk, home: Path) -> None:
    desk.add("users", id=13, name="bo lind")
    desk.add("account_users", account_id=1, user_id=13)
    desk.add("labels", id=7, title="refund")
    one = desk.conversation(1, f"{DAY}08:00:00")
    desk.note(one, f"{DAY}08:01:00", "bo lind la til refund")
    add(home)
    assert list(sync(home)["unknown"]) == ["sentence=… … la til …"]
