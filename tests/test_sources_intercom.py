"""An Intercom workspace as a source: the events of each story, by the rules of the docs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api_desk import served
from commands import tawny
from intercom_desk import (
    ANN,
    APP,
    BO,
    DAY_S,
    FIN_BOT,
    LAMPS,
    LEAD,
    OPERATOR_BOT,
    SOURCE,
    TOKEN,
    VENDORS,
    IntercomWorkspace,
    Row,
    admin,
    contact,
    seconds,
)
from processes import told_events

Event = dict[str, Any]
T = seconds("2026-06-08T10:00:00Z")
"""When the conversations of these tests begin."""


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[IntercomWorkspace]:
    monkeypatch.setenv("INTERCOM_TOKEN", TOKEN)
    with served(IntercomWorkspace()) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def add(home: Path, desk: IntercomWorkspace, *options: str, name: str = "app") -> str:
    result = tawny(
        home, "sources", "add", "intercom", name, "--base-url", desk.url, "--token",
        "env:INTERCOM_TOKEN", *options,
    )  # fmt: skip
    assert (result.status, result.err) == (0, ""), result
    return result.out


def events_of(home: Path, *options: str, status: int = 0) -> list[Event]:
    """The events that a sync would send, in the order of the log."""
    file = home.parent / "events.ndjson"
    result = tawny(home, "sources", "sync", "app", "-o", str(file), *options)
    assert result.status == status, result
    found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return sorted(found, key=lambda e: (e["time"], e.get("sequence", ""), e["id"]))


def sync(home: Path, *options: str, status: int = 0) -> dict[str, Any]:
    """Sync, and return the gap report."""
    result = tawny(home, "sources", "sync", "app", *options)
    assert result.status == status, result
    shown = tawny(home, "sources", "report", "app", "--json")
    assert (shown.status, shown.err) == (0, "")
    found: dict[str, Any] = json.loads(shown.out)
    return found


def story(events: list[Event], conversation: int = 1) -> list[tuple[int, str, dict[str, Any]]]:
    """What a conversation tells, but for its messages: seconds since T, id, data."""
    return [
        (seconds(e["time"]) - T, e["id"],
         {k: v for k, v in e["data"].items() if k != "conversation_id"})
        for e in events
        if e["data"].get("conversation_id") == str(conversation)
        and e["type"].startswith(("conversation.", "csat."))
        and e["type"] != "conversation.created"
    ]  # fmt: skip


def messages(events: list[Event]) -> dict[str, dict[str, Any]]:
    """What is said of each message, but for its ids."""
    return {
        e["data"]["message_id"]: {
            k: v for k, v in e["data"].items() if not k.endswith(("message_id", "conversation_id"))
        }
        for e in events
        if e["type"] == "message.created"
    }  # fmt: skip


def cells(home: Path, export: str) -> list[dict[str, str]]:
    out = home.parent / "out.csv"
    result = tawny(home, "export", export, "--from", "2026-06-01", "--to", "2026-07-01",
                   "-o", str(out))  # fmt: skip
    assert result.status == 0, result
    with out.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


# --- the example ----------------------------------------------------------------------------------


def test_the_example(desk: IntercomWorkspace, home: Path) -> None:
    """Every event of the worked example, and the cells that follow from them."""
    day = seconds("2026-06-08T00:00:00Z")
    desk.example(day)
    add(home, desk)
    events = events_of(home)
    assert {e["source"] for e in events} == {SOURCE}
    ids = {"conversation_id": "7"}
    agent = ids | {"direction": "outbound", "outbound_type": "agent", "agent_id": ANN,
                   "team_id": LAMPS}  # fmt: skip
    assert [
        (seconds(e["time"]) - day, e["type"], e["id"], e["sequence"], e["data"])
        for e in events if e["data"].get("conversation_id") == "7"
    ] == [
        (1000, "conversation.created", "conversation/7", "10-00000000000000000007",
         ids | {"channel_id": "0/conversation", "contact_id": LEAD,
                "url": f"https://app.intercom.com/a/inbox/{APP}/inbox/conversation/7"}),
        (1000, "conversation.virtual_agent_assigned", "conversation/7/bot",
         "20-00000000000000000007", ids | {"agent_id": "bot-1002"}),
        (1000, "message.created", "part/source-799", "50-00000000000000000000",
         ids | {"message_id": "source-799", "direction": "inbound", "content": "Hi"}),
        (1002, "message.created", "part/71", "50-00000000000000000071",
         ids | {"message_id": "71", "direction": "outbound", "outbound_type": "virtual_agent",
                "agent_id": "bot-1002", "content": "Let me see"}),
        (1060, "conversation.handed_over", "conversation/7/handover/72",
         "50-00000000000000000072", ids | {"agent_id": "bot-1002"}),
        (1300, "message.created", "part/73", "50-00000000000000000073",
         agent | {"message_id": "73", "content": "Try this"}),
        (1310, "message.created", "part/75", "50-00000000000000000075",
         agent | {"message_id": "75", "content": "Bye"}),
        (1310, "conversation.status_changed", "part/75/status", "50-00000000000000000075",
         ids | {"status": "resolved", "cause": "agent", "agent_id": ANN, "team_id": LAMPS}),
        (1900, "message.created", "part/76", "50-00000000000000000076",
         ids | {"message_id": "76", "direction": "inbound", "content": "Still dark"}),
        (1900, "conversation.status_changed", "part/76/status", "50-00000000000000000076",
         ids | {"status": "new", "cause": "inbound_message", "team_id": LAMPS}),
        (9000, "conversation.status_changed", "part/77/status", "50-00000000000000000077",
         ids | {"status": "resolved", "cause": "auto_resolve", "team_id": LAMPS}),
    ]  # fmt: skip
    before = {e["id"].rpartition("/")[0]: (e["type"], e["time"][:10], e["data"]) for e in events
              if "conversation_id" not in e["data"]}  # fmt: skip
    founded = "2020-01-01"
    assert before == {
        "channel/0/conversation": ("channel.saved", founded, {
            "channel_id": "0/conversation", "medium": "messenger", "name": "Acme messenger"}),
        "team/5": ("team.saved", founded, {"team_id": "5", "name": "Lamps"}),
        "team/6": ("team.saved", founded, {"team_id": "6", "name": "Vendors"}),
        "admin/9": ("agent.saved", founded, {
            "agent_id": "9", "name": "Ann Berg", "email": "ann@acme.example", "kind": "human"}),
        "admin/10": ("agent.saved", founded, {
            "agent_id": "10", "name": "Bo Dahl", "email": "bo@acme.example", "kind": "human"}),
        "admin/bot-1002": ("agent.saved", founded, {
            "agent_id": "bot-1002", "name": "Fin", "kind": "virtual"}),
        "admin/bot-9000": ("agent.saved", founded, {
            "agent_id": "bot-9000", "name": "Operator", "kind": "virtual"}),
        f"contact/{LEAD}": ("contact.saved", "2026-06-01", {
            "contact_id": LEAD, "primary_identifier": "lena@example.net",
            "secondary_identifier": "Lena"}),
    }  # fmt: skip
    report = sync(home)
    assert report["complete"]
    assert report["ignored"] == {"activity_logs_not_available": 1, "private_note": 1}
    rows = cells(home, "resolved-conversations")
    assert [
        {head: row[head] for head in (
            "Conversation ID", "Channel", "Resolved By", "Resolved Agent Name",
            "Number of Inbound Messages", "Number of Outbound Messages",
            "First Response Time (s)", "Resolution Time (s)", "Handle Time (s)",
            "Last Status Change Team Name",
        )}
        for row in rows
    ] == [{
        "Conversation ID": "7", "Channel": "Acme messenger", "Resolved By": "agent",
        "Resolved Agent Name": "Ann Berg", "Number of Inbound Messages": "2",
        "Number of Outbound Messages": "3", "First Response Time (s)": "240",
        "Resolution Time (s)": "310", "Handle Time (s)": "",
        "Last Status Change Team Name": "Lamps",
    }]  # fmt: skip
    answered = cells(home, "response-times")
    assert [row[head] for row in answered for head in row if "esponse Time" in head] == ["240"]


# --- status ---------------------------------------------------------------------------------------

CLOSED: tuple[Any, ...] = ("close", admin(ANN), {})
RESOLVED = {"status": "resolved", "cause": "agent", "agent_id": ANN}
STATUSES: dict[str, tuple[list[tuple[str, Row | None, Row]], list[Row]]] = {
    "closed by a bot": (
        [("close", FIN_BOT, {})],
        [{"status": "resolved", "cause": "virtual_agent", "agent_id": "bot-1002"}],
    ),
    "closed by a rule": (
        [("close", OPERATOR_BOT, {})], [{"status": "resolved", "cause": "automation"}],
    ),
    "closed for inactivity": (
        [("close", OPERATOR_BOT, {"event_details": {"workflow": {"name": "Inactive, close"}}})],
        [{"status": "resolved", "cause": "auto_resolve"}],
    ),
    "closed by the contact": (
        [("close", contact(), {})],
        [{"status": "resolved", "cause": "automation", "reason": "contact"}],
    ),
    "closed by nobody": ([("close", None, {})], [{"status": "resolved", "cause": "automation"}]),
    "closed by a login that is a bot": (
        [("close", admin("11"), {})],
        [{"status": "resolved", "cause": "virtual_agent", "agent_id": "11"}],
    ),
    "closed twice": ([CLOSED, CLOSED], [RESOLVED]),
    "reopened by a comment": (
        [CLOSED, ("comment", contact(), {"body": "again"}), ("open", contact(), {})],
        [RESOLVED, {"status": "new", "cause": "inbound_message"}],
    ),
    "reopened by the contact, then a comment": (
        [CLOSED, ("open", contact(), {}), ("comment", contact(), {"body": "again"})],
        [RESOLVED, {"status": "new", "cause": "inbound_message"}],
    ),
    "reopened by a person": (
        [CLOSED, ("open", admin(BO), {})],
        [RESOLVED, {"status": "new", "cause": "set_to_new", "agent_id": BO}],
    ),
    "assigned and reopened": (
        [CLOSED, ("assign_and_reopen", admin(BO), {"assigned_to": {"type": "team", "id": "6"}})],
        [RESOLVED,
         {"status": "new", "cause": "set_to_new", "agent_id": BO, "team_id": VENDORS}],
    ),
    "reopened by a rule": (
        [CLOSED, ("open", OPERATOR_BOT, {})], [RESOLVED, {"status": "new", "cause": "automation"}],
    ),
    "snoozed, then the clock": (
        [("snoozed", admin(ANN), {}), ("timer_unsnooze", OPERATOR_BOT, {})],
        [{"status": "pending", "cause": "agent", "agent_id": ANN},
         {"status": "new", "cause": "boomerang"}],
    ),
    "snoozed by a rule, then by hand": (
        [("snoozed", OPERATOR_BOT, {}), ("unsnoozed", admin(ANN), {})],
        [{"status": "pending", "cause": "automation"},
         {"status": "new", "cause": "set_to_new", "agent_id": ANN}],
    ),
    "a comment on a snoozed one": (
        [("snoozed", admin(ANN), {}), ("comment", contact(), {"body": "hello?"})],
        [{"status": "pending", "cause": "agent", "agent_id": ANN},
         {"status": "new", "cause": "inbound_message"}],
    ),
    "merged into another one": (
        [("conversations_merged", admin(ANN), {"state": "closed"})],
        [{"status": "resolved", "cause": "automation", "reason": "merged"}],
    ),
    "what an agent writes reopens nothing": (
        [CLOSED, ("comment", admin(ANN), {"body": "by the way"})], [RESOLVED],
    ),
    "a state that nothing explains": (
        [CLOSED, ("comment", admin(ANN), {"body": "by the way", "state": "open"})],
        [RESOLVED, {"status": "new", "cause": "unknown"}],
    ),
    "a state of before the part": (
        [CLOSED, ("comment", contact(), {"body": "again", "state": "closed"}),
         ("note", admin(ANN), {"state": "open"})],
        [RESOLVED, {"status": "new", "cause": "inbound_message"}],
    ),
}  # fmt: skip


def test_changes_of_status(desk: IntercomWorkspace, home: Path) -> None:
    """Every row of the table, each a conversation of its own: what happened, what is sent."""
    for number, (parts, _) in enumerate(STATUSES.values(), 1):
        desk.conversation(number, T)
        for place, (kind, author, more) in enumerate(parts, 1):
            desk.part(number, number * 100 + place, kind, T + place * 60, author, **more)
        last = desk.conversations[str(number)]
        if any(kind == "comment" and (author or {}).get("type") == "lead"
               for kind, author, _ in parts):  # fmt: skip
            last["state"] = "open"
    add(home, desk, "--virtual-agent", "11")
    events = events_of(home)
    for number, (name, (_, expected)) in enumerate(STATUSES.items(), 1):
        assert [data for _, _, data in story(events, number)] == expected, name
    assert sync(home)["observed"] == 1


def test_what_only_the_row_tells(desk: IntercomWorkspace, home: Path) -> None:
    """A state that no part explains is observed once, and known from then on."""
    desk.conversation(1, T)["updated_at"] = T + 500
    desk.conversations["1"]["state"] = "closed"
    add(home, desk)
    report = sync(home)
    assert report["observed"] == 1
    assert sync(home, "--full")["accepted"] == 0
    desk.part(1, 11, "comment", T + 900, contact(), "again", state="open")
    report = sync(home, "--full")
    assert (report["observed"], report["events"]) == (
        0, {"conversation.status_changed": 1, "message.created": 1},
    )  # fmt: skip
    log = told_events(home)
    observed = log[SOURCE, f"conversation/1/status/observed/{(T + 500) * 1000}"]
    assert (observed["status"], observed["cause"]) == ("resolved", "unknown")
    assert log[SOURCE, "part/11/status"]["cause"] == "inbound_message"


# --- messages -------------------------------------------------------------------------------------


def test_whose_message_it_is(desk: IntercomWorkspace, home: Path) -> None:
    """By who wrote it, how it came, and the team it was written in."""
    desk.conversation(1, T)
    team = {"assigned_to": {"type": "team", "id": VENDORS}}
    for number, kind, author, body, more in (
        (11, "comment", admin(ANN), "agent", {}),
        (12, "assignment", admin(ANN), "over to them", team),
        (13, "comment", admin(ANN), "in their team", {}),
        (14, "assignment", admin(ANN), None, {"assigned_to": {"type": "admin", "id": BO}}),
        (15, "quick_reply", contact(), "yes", {}),
        (16, "channel_and_reply_time_expectation", OPERATOR_BOT, "within the hour", {}),
        (17, "conversation_rating_request", OPERATOR_BOT, "how was it?", {}),
        (18, "comment", FIN_BOT, "bot", {}),
        (19, "comment", None, "system", {}),
        (20, "comment", {"type": "team", "id": LAMPS}, "team", {}),
        (21, "note", admin(ANN), "secret note", {}),
        (22, "comment", contact(), None, {}),
        (23, "comment", contact(), None, {"attachments": [{"type": "upload"}]}),
        (24, "fin_guidance_applied", FIN_BOT, "secret rule", {}),
        (25, "comment", admin("404"), "left since", {}),
    ):
        desk.part(1, number, kind, T + number, author, body, **more)
    outreach = desk.conversation(2, T)["source"]
    outreach |= {"delivered_as": "admin_initiated", "author": admin(ANN), "body": "from us"}
    campaign = desk.conversation(3, T)["source"]
    campaign |= {"delivered_as": "automated", "author": admin(ANN), "body": "to many"}
    desk.part(3, 31, "comment", T + 31, contact(), "tell me more")
    unanswered = desk.conversation(4, T)["source"]
    unanswered |= {"delivered_as": "automated", "author": admin(ANN), "body": "to nobody"}
    tweet = desk.conversation(5, T)["source"]
    tweet |= {"type": "twitter", "body": "We removed this to comply"}
    add(home, desk)
    agent = {"direction": "outbound", "outbound_type": "agent", "agent_id": ANN}
    events = events_of(home)
    assert messages(events) == {
        "source-199": {"direction": "inbound", "content": "secret hello"},
        "11": agent | {"content": "agent"},
        "12": agent | {"team_id": VENDORS, "content": "over to them"},
        "13": agent | {"team_id": VENDORS, "content": "in their team"},
        "15": {"direction": "inbound", "content": "yes"},
        "16": {"direction": "outbound", "outbound_type": "auto_responder",
               "content": "within the hour"},
        "17": {"direction": "outbound", "outbound_type": "csat", "content": "how was it?"},
        "18": {"direction": "outbound", "outbound_type": "virtual_agent", "agent_id": "bot-1002",
               "team_id": VENDORS, "content": "bot"},
        "19": {"direction": "outbound", "outbound_type": "auto_responder", "content": "system"},
        "20": {"direction": "outbound", "outbound_type": "agent", "team_id": VENDORS,
               "content": "team"},
        "23": {"direction": "inbound"},
        "25": agent | {"agent_id": "404", "team_id": VENDORS, "content": "left since"},
        "source-299": {"direction": "outbound", "outbound_type": "proactive", "agent_id": ANN,
                       "content": "from us"},
        "source-399": {"direction": "outbound", "outbound_type": "proactive", "agent_id": ANN,
                       "content": "to many"},
        "31": {"direction": "inbound", "content": "tell me more"},
        "source-599": {"direction": "inbound"},
    }  # fmt: skip
    assert [e["data"]["name"] for e in events if e["id"].startswith("admin/404/")] == ["Admin 404"]
    report = sync(home)
    assert report["complete"]
    assert report["ignored"] == {
        "activity_logs_not_available": 1, "fin_guidance_applied": 1, "private_note": 1,
        "unanswered_campaign": 1,
    }  # fmt: skip
    # Somebody answers at last: the conversation is there from its beginning.
    desk.part(4, 41, "comment", T + 4000, contact(), "oh")
    assert sync(home, "--full")["events"] == {
        "conversation.created": 1, "message.created": 2,
    }  # fmt: skip


HANDOVERS: dict[str, tuple[list[tuple[str, Row | None, Row]], list[tuple[str, str | None]]]] = {
    "to a team": (
        [("comment", FIN_BOT, {"body": "hm"}),
         ("assignment", FIN_BOT, {"assigned_to": {"type": "team", "id": LAMPS}})],
        [("handover/2", None)],
    ),
    "taken": (
        [("comment", FIN_BOT, {"body": "hm"}),
         ("assignment", admin(ANN), {"assigned_to": {"type": "admin", "id": ANN}})],
        [("handover/2", "taken_by_agent")],
    ),
    "given by another admin, at the wish of the contact": (
        [("comment", FIN_BOT, {"body": "hm"}),
         ("assignment", FIN_BOT, {"assigned_to": {"type": "admin", "id": ANN},
                                  "event_details": {"reason": "human requested"}})],
        [("handover/2", "requested")],
    ),
    "somebody just answers": (
        [("comment", FIN_BOT, {"body": "hm"}), ("comment", admin(ANN), {"body": "me"}),
         ("assignment", FIN_BOT, {"assigned_to": {"type": "team", "id": LAMPS}})],
        [("handover/2", None)],
    ),
    "before the bot wrote, to a bot, and by default is none": (
        [("assignment", FIN_BOT, {"assigned_to": {"type": "team", "id": LAMPS}}),
         ("comment", FIN_BOT, {"body": "hm"}),
         ("assignment", FIN_BOT, {"assigned_to": {"type": "bot", "id": "1002"}}),
         ("default_assignment", None, {"assigned_to": {"type": "team", "id": VENDORS}})],
        [],
    ),
}  # fmt: skip


def test_a_bot_answers_first(desk: IntercomWorkspace, home: Path) -> None:
    """It has the conversation from its creation, until a person or a team has it."""
    for number, (parts, _) in enumerate(HANDOVERS.values(), 1):
        desk.conversation(number, T)
        for place, (kind, author, more) in enumerate(parts, 1):
            desk.part(number, number * 100 + place, kind, T + place * 60, author, **more)
    person = desk.conversation(9, T)
    desk.part(9, 901, "comment", T + 60, admin(ANN), "me first")
    desk.part(9, 902, "comment", T + 120, FIN_BOT, "me too")
    assert person["parts"]
    add(home, desk)
    events = events_of(home)
    for number, (name, (_, expected)) in enumerate(HANDOVERS.items(), 1):
        told = story(events, number)
        assert told[0] == (0, f"conversation/{number}/bot", {"agent_id": "bot-1002"}), name
        assert [
            (one.removeprefix(f"conversation/{number}/").replace(f"/{number}0", "/"),
             data.get("reason"))
            for _, one, data in told[1:]
        ] == expected, name  # fmt: skip
    assert story(events, 9) == []


def test_edited_and_redacted(desk: IntercomWorkspace, home: Path) -> None:
    """A text that changed is told, one that was taken away is deleted; what was there when it was
    read first is no news."""
    desk.conversation(1, T)
    first = desk.part(1, 11, "comment", T + 60, contact(), "my card is 4111")
    second = desk.part(1, 12, "comment", T + 120, admin(ANN), "never mind")
    desk.part(1, 13, "comment", T + 180, admin(ANN), "This was removed", redacted=True)
    add(home, desk)
    report = sync(home)
    assert report["redacted"] == 1
    log = told_events(home)
    assert log[SOURCE, "part/13"]["content"] is None
    assert log[SOURCE, "part/13/redacted"]["type"] == "message.deleted"
    first |= {"body": "my card is ____", "updated_at": T + 600}
    second |= {"body": "This was removed", "redacted": True, "updated_at": T + 700}
    desk.conversations["1"]["updated_at"] = T + 700
    report = sync(home, "--full")
    assert report["events"] == {"message.deleted": 1, "message.updated": 1}
    log = told_events(home)
    [updated] = [e for (_, name), e in log.items() if name.startswith("part/11/content/")]
    assert (updated["content"], updated["time"].timestamp()) == ("my card is ____", T + 600)
    assert log[SOURCE, "part/12/redacted"]["time"].timestamp() == T + 700
    assert sync(home, "--full")["accepted"] == 0
    # There and back again.
    first |= {"body": "my card is 4111", "updated_at": T + 800}
    assert sync(home, "--full")["events"] == {"message.updated": 1}
    first |= {"body": "my card is ____", "updated_at": T + 900}
    assert sync(home, "--full")["events"] == {"message.updated": 1}
    report = sync(home, "--full")
    assert (report["accepted"], report["changed_after_sent"]) == (0, 0)


def test_without_content(desk: IntercomWorkspace, home: Path) -> None:
    desk.example(T)
    add(home, desk, "--content", "no")
    events = events_of(home)
    assert len(messages(events)) == 5
    assert not any("content" in data for data in messages(events).values())


def test_whose_team_counts(desk: IntercomWorkspace, home: Path) -> None:
    """Where the conversation has none, the only one of who wrote; nobody has two."""
    desk.teams[0]["admin_ids"].append(int(BO))
    desk.conversation(1, T)
    desk.part(1, 11, "comment", T + 60, admin(ANN), "one")
    desk.part(1, 12, "comment", T + 120, admin(BO), "two")
    add(home, desk, "--team-of", "agent")
    found = {name: data.get("team_id") for name, data in messages(events_of(home)).items()}
    assert found == {"source-199": None, "11": LAMPS, "12": None}


# --- tags, channels, languages --------------------------------------------------------------------


def test_tags(desk: IntercomWorkspace, home: Path) -> None:
    """What parts tell, what only the row tells, tags of messages; names that change, tags that are
    gone and come back."""
    desk.tags = [
        {"type": "tag", "id": "81", "name": "vip"},
        {"type": "tag", "id": "82", "name": "b"},
    ]
    by_ann, by_bo = {"type": "admin", "id": ANN}, {"type": "admin", "id": BO}
    desk.conversation(1, T)["tags"] = {"tags": [
        {"id": "81", "name": "vip", "applied_at": T + 60, "applied_by": by_ann},
        {"id": "83", "name": "old", "applied_at": T + 30, "applied_by": by_bo},
        {"id": "84", "name": "untold"},
    ]}  # fmt: skip
    desk.part(1, 11, "conversation_tags_updated", T + 60, admin(ANN),
              event_details={"action": "added", "tags": [{"id": "81"}]})  # fmt: skip
    desk.part(
        1,
        12,
        "conversation_tags_updated",
        T + 120,
        OPERATOR_BOT,
        event_details={"tags_added": [{"id": "82"}], "tags_removed": [{"id": "81"}]},
    )
    desk.part(1, 13, "comment", T + 180, contact(), "tagged", tags=[{"id": "85", "name": "rude"}])
    add(home, desk)
    events = events_of(home)
    assert [
        (seconds(e["time"]) - T, e["type"], e["id"], e["data"].get("agent_id"))
        for e in events if e["type"] in ("topic.applied", "topic.removed", "tag.applied")
    ] == [
        (30, "topic.applied", f"tag/1/83/{T + 30}", BO),
        (60, "topic.applied", "part/11/tag/81/added", ANN),
        (120, "topic.removed", "part/12/tag/81/removed", None),
        (120, "topic.applied", "part/12/tag/82/added", None),
        (180, "tag.applied", "part/13/tag/85", None),
    ]  # fmt: skip
    names = {e["id"].rpartition("/")[0]: e["data"]["name"] for e in events
             if e["type"] in ("topic.saved", "tag.saved")}  # fmt: skip
    assert names == {"topic/81": "vip", "topic/82": "b", "topic/83": "old", "topic/84": "untold",
                     "tag/85": "rude"}  # fmt: skip
    desk.conversations["1"]["tags"] = {"tags": []}
    sync(home)
    desk.tags = [{"type": "tag", "id": "81", "name": "very important"}]
    report = sync(home)
    assert report["events"] == {"topic.deleted": 1, "topic.saved": 1}
    assert report["gone"] == {"topics": 1}
    desk.tags.append({"type": "tag", "id": "82", "name": "b"})
    assert sync(home)["events"] == {"topic.saved": 1}
    assert sync(home, "--full")["accepted"] == 0
    desk.tags = [{"id": str(n), "name": str(n)} for n in range(1000, 1030)]
    sync(home)
    desk.tags = []
    report = sync(home)
    assert (report["accepted"], report["gone_not_accepted"]["topics"]) == (0, 30)
    assert sync(home, "--accept-deletions")["events"] == {"topic.deleted": 30}


def test_hours_of_the_workspace(desk: IntercomWorkspace, home: Path) -> None:
    """Those of the only schedule, or of the one that is named; a file counts instead."""
    desk.conversation(1, T)
    night = {"type": "office_hours_schedule", "id": "4", "time_zone_name": "Europe/Paris",
             "time_intervals": [{"start_minute": 540, "end_minute": 1020},
                                {"start_minute": 10020, "end_minute": 10080},
                                {"start_minute": 2820, "end_minute": 2940}]}  # fmt: skip
    always = {**night, "id": "5", "time_intervals": [], "twenty_four_seven": True}
    desk.schedules = [night]
    add(home, desk)

    def hours() -> Any:
        [channel] = [e["data"] for e in events_of(home, "--full") if e["type"] == "channel.saved"]
        return channel.get("business_hours")

    assert hours() == {
        "time_zone": "Europe/Paris",
        "weekly": {
            "mon": [["09:00", "17:00"]], "tue": [["23:00", "24:00"]], "wed": [["00:00", "01:00"]],
            "sun": [["23:00", "24:00"]],
        },
    }  # fmt: skip
    desk.schedules.append(always)
    assert hours() is None
    assert tawny(home, "sources", "set", "app", "--schedule", "5").status == 0
    assert hours() == {
        "time_zone": "Europe/Paris",
        "weekly": {day: [["00:00", "24:00"]] for day in WEEK},
    }
    always["time_zone_name"] = "Europe/Nowhere"
    assert hours() is None
    file = home.parent / "hours.toml"
    file.write_text('time_zone = "UTC"\n[weekly]\nmon = [["09:00", "17:00"]]\n')
    assert tawny(home, "sources", "set", "app", "--hours", str(file)).status == 0
    assert hours()["time_zone"] == "UTC"


WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def test_channels_hours_and_language(desk: IntercomWorkspace, home: Path) -> None:
    """A channel for each brand and type that is used, open as the file says; the language that a
    part names."""
    desk.brands = [{"type": "brand", "id": "b2", "name": "Beta"}]
    for number, (kind, more) in enumerate([
        ("conversation", {}), ("email", {"brand": {"id": "b2"}}), ("phone_call", {}),
        ("whatsapp", {"custom_attributes": {"Brand": "Beta"}}), ("pigeon", {}), ("sms", {}),
    ], 1):  # fmt: skip
        desk.conversation(number, T, **more)["source"]["type"] = kind
    desk.part(1, 11, "language_detection_details", T + 60, None, event_details={"language": "fr"})
    hours = home.parent / "hours.toml"
    hours.write_text('time_zone = "Europe/Paris"\n[weekly]\nmon = [["09:00", "17:00"]]\n')
    add(home, desk, "--exclude-channel", "0/sms", "--hours", str(hours))
    events = events_of(home)
    channels = {e["data"]["channel_id"]: e["data"] for e in events if e["type"] == "channel.saved"}
    assert {name: (data["medium"], data["name"]) for name, data in channels.items()} == {
        "0/conversation": ("messenger", "Acme messenger"), "b2/email": ("email", "Beta email"),
        "0/phone_call": ("voice", "Acme voice"), "b2/whatsapp": ("whatsapp", "Beta whatsapp"),
        "0/pigeon": ("pigeon", "Acme pigeon"),
    }  # fmt: skip
    assert channels["b2/email"]["business_hours"] == {
        "time_zone": "Europe/Paris", "weekly": {"mon": [["09:00", "17:00"]]},
    }  # fmt: skip
    assert story(events) == [(60, "part/11/language", {"language": "fr"})]
    report = sync(home)
    assert report["unknown"] == {"source.type=pigeon": 1}
    assert report["ignored"]["excluded_channel"] == 1
    for text, said in (
        ('time_zone = "Mars"\n[weekly]\n', 'time_zone: found "Mars"; allowed an IANA time zone '
         "such as Europe/Paris"),
        ('time_zone = "UTC"\n[weekly]\nmon = [["9", "10"]]\n', 'mon[0]: found ["9", "10"]; '
         'allowed ["HH:MM", "HH:MM"] with the start before the end, "24:00" allowed as an end, '
         'such as ["09:00", "17:30"]'),
        ('zone = "UTC"\n', 'allowed time_zone = "Europe/Paris", a table weekly with the days mon '
         'to sun, each such as [["09:00", "12:00"], ["13:00", "17:00"]], and a list of holidays'),
    ):  # fmt: skip
        hours.write_text(text)
        wrong = tawny(home, "sources", "set", "app", "--hours", str(hours))
        assert (wrong.status, wrong.err) == (2, f"tawny: --hours: {hours}: {said}\n")


# --- people ---------------------------------------------------------------------------------------


def test_contacts(desk: IntercomWorkspace, home: Path) -> None:
    """Identifiers, attributes that come, change and go."""
    desk.attributes = [{"name": "plan", "label": "Tariff", "custom": True}]
    desk.contact(
        "c2", "2026-06-02T00:00:00Z", phone="+331", name="Dee", language_override="fr",
        custom_attributes={"plan": "gold", "size": 3, "empty": None},
        companies={"data": [{"id": "1", "name": "Lamp Ltd"}]},
        location={"city": "Lyon", "country": "France"},
    )  # fmt: skip
    desk.contact("c3", "2026-06-02T00:00:00Z", external_id="X-9")
    desk.contact("c4", "2026-06-02T00:00:00Z")
    add(home, desk)
    events = events_of(home)
    found = {e["data"]["contact_id"]: e["data"] for e in events if e["type"] == "contact.saved"}
    assert {name: (data["primary_identifier"], data.get("secondary_identifier"))
            for name, data in found.items()} == {
        LEAD: ("lena@example.net", "Lena"), "c2": ("+331", "Dee"), "c3": ("X-9", None),
        "c4": ("c4", None),
    }  # fmt: skip
    attributes = {
        e["data"]["attribute_id"]: (
            e["data"]["name"], e["data"]["value"], e["data"]["attribute_type"]
        )
        for e in events if e["type"] == "contact.attribute_set"
    }  # fmt: skip
    assert attributes == {
        "plan": ("Tariff", "gold", "custom"), "size": ("size", "3", "custom"),
        "company": ("company", "Lamp Ltd", "default"), "city": ("city", "Lyon", "default"),
        "country": ("country", "France", "default"), "language": ("language", "fr", "default"),
    }  # fmt: skip
    sync(home)
    desk.contacts["c2"] |= {
        "name": "Dee Two", "custom_attributes": {"plan": "silver"}, "location": None,
        "updated_at": seconds("2026-07-01T00:00:00Z"),
    }  # fmt: skip
    report = sync(home, "--full")
    assert report["events"] == {
        "contact.attribute_cleared": 3, "contact.attribute_set": 1, "contact.saved": 1,
    }  # fmt: skip
    assert sync(home, "--full")["accepted"] == 0


def test_merged_contacts(desk: IntercomWorkspace, home: Path) -> None:
    """A lead becomes a user: the old id gets the identifiers of the new one, later conversations
    carry that."""
    desk.conversation(1, T)
    add(home, desk)
    sync(home)
    del desk.contacts[LEAD]
    desk.contact("u1", "2026-06-20T00:00:00Z", email="lena@work.example", name="Lena")
    desk.became[LEAD] = "u1"
    desk.conversations["1"]["contacts"] = {"contacts": [{"id": "u1"}]}
    desk.part(1, 11, "comment", T + DAY_S, contact("u1"), "me again")
    report = sync(home, "--full")
    assert report["merged"] == 1
    assert report["events"] == {"contact.saved": 2, "message.created": 1}
    log = told_events(home)
    saved = sorted(e["primary_identifier"] for (_, name), e in log.items()
                   if name.startswith(f"contact/{LEAD}/"))  # fmt: skip
    assert saved == ["lena@example.net", "lena@work.example"]
    report = sync(home, "--full")
    assert (report["accepted"], report["merged"], report["gone"]) == (0, 0, {})


# --- what is gone ---------------------------------------------------------------------------------


def test_what_is_gone(desk: IntercomWorkspace, home: Path) -> None:
    """Open conversations do not stay open for ever; contacts are counted, and erased only where
    somebody asked for it; restored ones are open again."""
    desk.conversation(1, T)
    desk.conversation(2, T)
    desk.part(2, 21, "close", T + 60, admin(ANN))
    desk.conversation(3, T)
    desk.contact("c2", "2026-06-02T00:00:00Z", email="dee@example.net")
    add(home, desk)
    sync(home)
    kept = desk.conversations.pop("1")
    del desk.conversations["2"], desk.contacts["c2"]
    desk.became["3"] = "4"
    desk.conversation(4, T)
    desk.conversations.pop("3")
    report = sync(home, "--full")
    assert report["gone"] == {"contacts": 1, "conversations": 1}
    assert report["events"] == {
        "conversation.created": 1, "conversation.status_changed": 2, "message.created": 1,
    }  # fmt: skip
    log = told_events(home)
    gone = log[SOURCE, "conversation/1/gone"]
    assert (gone["status"], gone["cause"], gone["reason"]) == ("resolved", "automation", "deleted")
    merged = log[SOURCE, "conversation/3/merged"]
    assert (merged["reason"], merged["time"].timestamp()) == ("merged", T)
    again = sync(home, "--full")
    assert (again["accepted"], again["gone"]) == (0, {"contacts": 1})
    assert tawny(home, "sources", "set", "app", "--erase-deleted-contacts").status == 0
    assert sync(home, "--full")["events"] == {"contact.erased": 1}
    assert sync(home, "--full")["gone"] == {}
    desk.conversations["1"] = kept
    report = sync(home, "--full")
    assert report["events"] == {"conversation.status_changed": 1}
    [restored] = [e for (_, name), e in told_events(home).items()
                  if name.startswith("conversation/1/status/observed/")]  # fmt: skip
    assert (restored["status"], restored["cause"]) == ("new", "unknown")
    assert restored["time"] > gone["time"]
    assert sync(home, "--full")["accepted"] == 0


def test_too_many_are_gone(desk: IntercomWorkspace, home: Path) -> None:
    """A wrong token looks like that: nothing is sent before somebody says that it is right."""
    for number in range(1, 31):
        desk.conversation(number, T)
        desk.contact(f"c{number}", "2026-06-02T00:00:00Z", email=f"{number}@example.net")
    add(home, desk, "--erase-deleted-contacts")
    sync(home)
    desk.conversations.clear()
    desk.contacts.clear()
    report = sync(home, "--full")
    assert report["accepted"] == 0
    assert report["gone_not_accepted"] == {"contacts": 31, "conversations": 30}
    assert not report["complete"]
    assert sync(home, "--accept-deletions")["events"] == {
        "contact.erased": 31, "conversation.status_changed": 30,
    }  # fmt: skip


# --- ratings and presence -------------------------------------------------------------------------


def test_ratings(desk: IntercomWorkspace, home: Path) -> None:
    """Asked and answered, dated by the part that tells of it or else by the rating; Fin's own are
    none of the team."""
    asked = {"created_at": T + 100, "rating": None, "remark": None}
    for number, rating in enumerate([
        asked, {**asked, "rating": 4, "remark": "fine", "updated_at": T + 300},
        {**asked, "rating": 2}, {**asked, "rating": 11}, None,
    ], 1):  # fmt: skip
        desk.conversation(number, T, conversation_rating=rating,
                          ai_agent={"rating": 1})["updated_at"] = T + 500  # fmt: skip
    desk.part(3, 31, "conversation_rating_changed", T + 200, contact())
    add(home, desk)
    events = events_of(home, status=3)
    assert [
        (seconds(e["time"]) - T, e["type"], e["id"].partition("/answered")[0],
         e["data"]["survey_id"], e["data"].get("score"), e["data"].get("follow_up_response"))
        for e in events if e["type"].startswith("csat.")
    ] == [
        (100, "csat.sent", f"rating/1/{T + 100}/sent", f"1/{T + 100}", None, None),
        (100, "csat.sent", f"rating/2/{T + 100}/sent", f"2/{T + 100}", None, None),
        (100, "csat.sent", f"rating/3/{T + 100}/sent", f"3/{T + 100}", None, None),
        (100, "csat.sent", f"rating/4/{T + 100}/sent", f"4/{T + 100}", None, None),
        (200, "csat.answered", f"rating/3/{T + 100}", f"3/{T + 100}", 2, None),
        (300, "csat.answered", f"rating/2/{T + 100}", f"2/{T + 100}", 4, "fine"),
    ]  # fmt: skip
    report = sync(home, status=3)
    assert report["unknown"] == {"conversation_rating.rating=11": 1}
    assert [row["record"] for row in report["left_out"]] == [f"rating/4/{T + 100}"]
    desk.conversations["1"] |= {
        "conversation_rating": {**asked, "rating": 5, "updated_at": T + 900}, "updated_at": T + 900,
    }  # fmt: skip
    assert sync(home, "--since", "2026-06-01")["events"] == {"csat.answered": 1}


def test_presence(desk: IntercomWorkspace, home: Path) -> None:
    """Away and back, in and out; whoever comes in again is in the mode that was set last; the
    subject counts, not who did it."""

    def activity(number: str, at: int, kind: str, by: str = ANN, **metadata: Any) -> Row:
        return {"id": number, "activity_type": kind, "created_at": at, "metadata": metadata,
                "performed_by": {"type": "admin", "id": by}}  # fmt: skip

    away = "admin_away_mode_change"
    desk.activities = [
        activity("a1", T, "admin_login_success"),
        activity("a2", T + 10, away, away_mode=True, away_status_reason="Lunch"),
        activity("a3", T + 20, "admin_logout"),
        activity("a4", T + 30, "admin_login_success"),
        activity("a5", T + 40, away, away_mode=False, update_by=int(BO)),
        activity("a6", T + 50, "app_name_change"),
        activity("a7", T + 60, away, by=BO, away_mode=True),
        activity("a8", T + 70, away, by=BO, away_mode="perhaps"),
        *[activity(f"b{n}", T + 100 + n, away, away_mode=n % 2 == 0) for n in range(45)],
    ]
    add(home, desk)
    events = [e for e in events_of(home, status=3) if e["type"] == "presence.changed"]
    assert [
        (seconds(e["time"]) - T, e["id"], e["data"]["agent_id"], e["data"]["presence"],
         e["data"].get("away_state"))
        for e in events[:6]
    ] == [
        (0, "activity/a1", ANN, "available", None), (10, "activity/a2", ANN, "away", "Lunch"),
        (20, "activity/a3", ANN, "offline", None), (30, "activity/a4", ANN, "away", "Lunch"),
        (40, "activity/a5", ANN, "available", None), (60, "activity/a7", BO, "away", None),
    ]  # fmt: skip
    assert len(events) == 6 + 45
    report = sync(home, status=3)
    assert [row["record"] for row in report["left_out"]] == ["activity/a8"]
    assert sync(home, "--full", status=3)["accepted"] == 0
    assert not any("user-presence" in row["columns"] for row in report["not_measured"])
