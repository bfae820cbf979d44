"""A Zendesk account as a source: the events of each story, by the rules of the documentation."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api_desk import served
from commands import tawny
from processes import told_events
from zendesk_desk import (
    ANN,
    BO,
    CLEO,
    EMAIL,
    GROUP,
    OTHER_GROUP,
    TOKEN,
    ZendeskDesk,
    change,
    comment,
    create,
)

Event = dict[str, Any]
DAY = "2026-06-08T"


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[ZendeskDesk]:
    monkeypatch.setenv("ZENDESK_TOKEN", TOKEN)
    with served(ZendeskDesk()) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def add(home: Path, desk: ZendeskDesk, *options: str, name: str = "acme") -> str:
    result = tawny(
        home, "sources", "add", "zendesk", name, "--base-url", desk.url, "--email", EMAIL,
        "--token", "env:ZENDESK_TOKEN", *options,
    )  # fmt: skip
    assert (result.status, result.err) == (0, ""), result
    return result.out


def events_of(home: Path, *options: str, status: int = 0) -> list[Event]:
    """The events that a sync would send, in the order of the log."""
    file = home.parent / "events.ndjson"
    result = tawny(home, "sources", "sync", "acme", "-o", str(file), *options)
    assert result.status == status, result
    found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return sorted(found, key=lambda e: (e["time"], e.get("sequence", ""), e["id"]))


def sync(home: Path, *options: str, status: int = 0) -> dict[str, Any]:
    """Sync, and return the gap report."""
    result = tawny(home, "sources", "sync", "acme", *options)
    assert result.status == status, result
    shown = tawny(home, "sources", "report", "acme", "--json")
    assert (shown.status, shown.err) == (0, "")
    found: dict[str, Any] = json.loads(shown.out)
    return found


def story(events: list[Event], ticket: int = 1) -> list[tuple[str, str, dict[str, Any]]]:
    """What a ticket tells, but for its messages: time of day, id, data."""
    return [
        (e["time"][11:-5], e["id"], {k: v for k, v in e["data"].items() if k != "conversation_id"})
        for e in events
        if e["data"].get("conversation_id") == str(ticket)
        and e["type"].startswith(("conversation.", "csat."))
        and e["type"] != "conversation.created"
    ]


def messages(events: list[Event]) -> dict[str, dict[str, Any]]:
    """What is said of each message, but for its ids."""
    return {
        e["data"]["message_id"]: {
            k: v for k, v in e["data"].items() if not k.endswith(("message_id", "conversation_id"))
        }
        for e in events
        if e["type"] == "message.created"
    }  # fmt: skip


# --- the example --------------------------------------------------------------------------------


def test_the_example(desk: ZendeskDesk, home: Path) -> None:
    """Every event of the worked example, and the cells that follow from them."""
    desk.example()
    add(home, desk)
    events = events_of(home)
    assert {e["source"] for e in events} == {desk.url}
    ids = {"conversation_id": "4711"}
    assert [
        (e["time"][8:-5], e["type"], e["id"], e["sequence"], e["data"])
        for e in events if e["time"] > "2026"
    ] == [
        ("08T10:00:00", "conversation.created", "ticket/4711", "10-00000000000000004711",
         ids | {"channel_id": "1/email", "contact_id": "900",
                "url": f"{desk.url}/agent/tickets/4711"}),
        ("08T10:00:00", "message.created", "comment/9002", "50-00000000000000009001-002",
         ids | {"message_id": "9002", "direction": "inbound", "content": "Broken"}),
        ("08T10:20:00", "message.created", "comment/9011", "50-00000000000000009010-001",
         ids | {"message_id": "9011", "direction": "outbound", "outbound_type": "agent",
                "agent_id": "501", "team_id": "30", "content": "Try this"}),
        ("08T10:20:00", "topic.applied", "ticket/4711/tags/9013/lamp/added",
         "50-00000000000000009010-002",
         ids | {"topic_id": "lamp", "agent_id": "501", "team_id": "30"}),
        ("08T10:20:00", "conversation.status_changed", "ticket/4711/status/9012",
         "50-00000000000000009010-003",
         ids | {"status": "pending", "cause": "agent", "agent_id": "501", "team_id": "30"}),
        ("08T11:00:00", "message.created", "comment/9021", "50-00000000000000009020-001",
         ids | {"message_id": "9021", "direction": "inbound", "content": "Still broken"}),
        ("08T11:00:00", "conversation.status_changed", "ticket/4711/status/9022",
         "50-00000000000000009020-002",
         ids | {"status": "new", "cause": "inbound_message", "team_id": "30"}),
        ("08T12:00:00", "message.created", "comment/9041", "50-00000000000000009040-001",
         ids | {"message_id": "9041", "direction": "outbound", "outbound_type": "agent",
                "agent_id": "502", "team_id": "31", "content": "Replaced"}),
        ("08T12:00:00", "conversation.status_changed", "ticket/4711/status/9042",
         "50-00000000000000009040-002",
         ids | {"status": "resolved", "cause": "agent", "agent_id": "502", "team_id": "31"}),
    ]  # fmt: skip
    before = {e["id"].rpartition("/")[0]: (e["type"], e["data"]) for e in events
              if e["time"] < "2026"}  # fmt: skip
    assert before == {
        "channel/1/email": ("channel.saved", {
            "channel_id": "1/email", "medium": "email", "name": "Acme email"}),
        "group/30": ("team.saved", {"team_id": "30", "name": "Lamps"}),
        "group/31": ("team.saved", {"team_id": "31", "name": "Vendors"}),
        "agent/1": ("agent.saved", {
            "agent_id": "1", "name": "Admin", "email": EMAIL, "kind": "human"}),
        "agent/501": ("agent.saved", {
            "agent_id": "501", "name": "Ann Berg", "email": "ann@acme.example", "kind": "human"}),
        "agent/502": ("agent.saved", {
            "agent_id": "502", "name": "Bo Dahl", "email": "bo@acme.example", "reference": "E-2",
            "kind": "human"}),
        "contact/900": ("contact.saved", {
            "contact_id": "900", "medium": "email", "primary_identifier": "cleo@example.net",
            "secondary_identifier": "Cleo"}),
        "topic/lamp": ("topic.saved", {"topic_id": "lamp", "name": "lamp"}),
    }  # fmt: skip
    report = sync(home)
    assert report["complete"]
    assert report["ignored"]["private_note"] == 1
    [row] = cells(home, "resolved-conversations")
    assert {head: row[head] for head in (
        "Conversation ID", "Channel", "Resolved By", "Resolved Agent Name", "Topic Names",
        "Number of Inbound Messages", "Number of Outbound Messages", "First Response Time (s)",
        "Resolution Time (s)", "Handle Time (s)", "Last Status Change Team Name",
    )} == {
        "Conversation ID": "4711", "Channel": "Acme email", "Resolved By": "agent",
        "Resolved Agent Name": "Bo Dahl", "Topic Names": "lamp", "Number of Inbound Messages": "2",
        "Number of Outbound Messages": "2", "First Response Time (s)": "1200",
        "Resolution Time (s)": "7200", "Handle Time (s)": "",
        "Last Status Change Team Name": "Vendors",
    }  # fmt: skip
    answered = cells(home, "response-times")
    assert sorted(row[head] for row in answered for head in row if "esponse Time" in head) == [
        "1200",
        "3600",
    ]


def cells(home: Path, export: str) -> list[dict[str, str]]:
    out = home.parent / "out.csv"
    result = tawny(home, "export", export, "--from", "2026-06-01", "--to", "2026-07-01",
                   "-o", str(out))  # fmt: skip
    assert result.status == 0, result
    with out.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


# --- status -------------------------------------------------------------------------------------

H = "10:00:00"
"""When every ticket of these tests is made."""


def made(desk: ZendeskDesk, number: int, *children: dict[str, Any], updater: int = CLEO,
         **more: Any) -> None:  # fmt: skip
    """A ticket and the update that made it, with a first message unless it has parts."""
    desk.ticket(number, f"{DAY}{H}Z", **more)
    desk.audit(number * 1000, number, f"{DAY}{H}Z", updater, create(status="new"),
               *(children or [comment(number * 1000 + 90, CLEO, "in")]))  # fmt: skip


STATUSES = {
    "to pending by a person": (
        [(ANN, "Web form", [change("status", "pending", "new")])],
        [{"status": "pending", "cause": "agent", "agent_id": "501"}],
    ),
    "to hold by a rule": (
        [(-1, "Rule", [change("status", "hold", "new")])],
        [{"status": "pending", "cause": "automation"}],
    ),
    "from pending to hold is no change": (
        [(ANN, "Web form", [change("status", "pending", "new")]),
         (ANN, "Web form", [change("status", "hold", "pending")])],
        [{"status": "pending", "cause": "agent", "agent_id": "501"}],
    ),
    "from new to open is no change": ([(ANN, "Web form", [change("status", "open", "new")])], []),
    "an automation brings it back": (
        [(ANN, "Web form", [change("status", "pending", "new")]),
         (-1, "Rule", [change("status", "open", "pending")])],
        [{"status": "pending", "cause": "agent", "agent_id": "501"},
         {"status": "new", "cause": "boomerang"}],
    ),
    "reopened by a person": (
        [(ANN, "Web form", [change("status", "solved", "new")]),
         (BO, "Web form", [change("status", "open", "solved")])],
        [{"status": "resolved", "cause": "agent", "agent_id": "501"},
         {"status": "new", "cause": "set_to_new", "agent_id": "502"}],
    ),
    "reopened by a message": (
        [(ANN, "Web form", [change("status", "solved", "new")]),
         (CLEO, "Mail", [change("status", "open", "solved"), comment(77, CLEO, "again")])],
        [{"status": "resolved", "cause": "agent", "agent_id": "501"},
         {"status": "new", "cause": "inbound_message"}],
    ),
    "reopened by the system": (
        [(ANN, "Web form", [change("status", "solved", "new")]),
         (-1, "Rule", [change("status", "open", "solved")])],
        [{"status": "resolved", "cause": "agent", "agent_id": "501"},
         {"status": "new", "cause": "automation"}],
    ),
    "solved by an automation": (
        [(-1, "Rule", [change("status", "solved", "new")])],
        [{"status": "resolved", "cause": "auto_resolve"}],
    ),
    "solved by a trigger in somebody's update": (
        [(ANN, "Web form", [change("status", "solved", "new", via="Rule")])],
        [{"status": "resolved", "cause": "automation"}],
    ),
    "solved by the system without a rule": (
        [(-1, "Web service", [change("status", "solved", "new")])],
        [{"status": "resolved", "cause": "automation"}],
    ),
    "solved by a bot": (
        [(700, "Web form", [change("status", "solved", "new")])],
        [{"status": "resolved", "cause": "virtual_agent", "agent_id": "700"}],
    ),
    "solved by the customer": (
        [(CLEO, "Web form", [change("status", "solved", "new")])],
        [{"status": "resolved", "cause": "automation", "reason": "contact"}],
    ),
    "solved in bulk": (
        [(ANN, "Bulk edit", [change("status", "solved", "new")])],
        [{"status": "resolved", "cause": "bulk", "agent_id": "501"}],
    ),
    "closed after solved is the archive": (
        [(ANN, "Web form", [change("status", "solved", "new")]),
         (-1, "Rule", [change("status", "closed", "solved")])],
        [{"status": "resolved", "cause": "agent", "agent_id": "501"}],
    ),
    "closed at once": (
        [(BO, "Web form", [change("status", "closed", "new")])],
        [{"status": "resolved", "cause": "agent", "agent_id": "502"}],
    ),
    "merged away": (
        [(ANN, "Ticket merge", [change("status", "closed", "new"),
                                comment(78, ANN, "merged into #2", public=False),
                                change("tags", ["closed_by_merge"], [])])],
        [{"status": "resolved", "cause": "automation", "reason": "merged"}],
    ),
    "deleted": (
        [(ANN, "Web form", [change("status", "deleted", "new")])],
        [{"status": "resolved", "cause": "automation", "reason": "deleted"}],
    ),
    "deleted and brought back by a person": (
        [(ANN, "Web form", [change("status", "deleted", "new")]),
         (BO, "Web form", [change("status", "open", "deleted")])],
        [{"status": "resolved", "cause": "automation", "reason": "deleted"},
         {"status": "new", "cause": "set_to_new", "agent_id": "502"}],
    ),
    "deleted and brought back by nobody": (
        [(ANN, "Web form", [change("status", "deleted", "new")]),
         (-1, "Web service", [change("status", "open", "deleted")])],
        [{"status": "resolved", "cause": "automation", "reason": "deleted"},
         {"status": "new", "cause": "unknown"}],
    ),
    "a status that the account made": (
        [(ANN, "Web form", [change("status", "Waiting for parts", "new")])],
        [{"status": "pending", "cause": "agent", "agent_id": "501"}],
    ),
}  # fmt: skip


def test_changes_of_status(desk: ZendeskDesk, home: Path) -> None:
    """Every row of the table, each a ticket of its own: what happened, and what is sent of it."""
    desk.user(700, "Robbie", role="agent")
    desk.lists["custom_statuses"] = [
        {"id": 5, "agent_label": "Waiting for parts", "status_category": "hold"}
    ]
    for number, (updates, _) in enumerate(STATUSES.values(), 1):
        made(desk, number)
        for place, (updater, via, children) in enumerate(updates, 1):
            desk.audit(number * 1000 + place * 10, number, f"{DAY}1{place}:00:00Z", updater,
                       *children, via=via)  # fmt: skip
    add(home, desk, "--virtual-agent", "700")
    events = events_of(home)
    for number, (name, (_, expected)) in enumerate(STATUSES.items(), 1):
        assert [data for _, _, data in story(events, number)] == expected, name
    assert sync(home)["observed"] == 0


def test_created_solved(desk: ZendeskDesk, home: Path) -> None:
    """The first status of a ticket that was made solved, by a person and by a program."""
    for number, updater in ((1, ANN), (2, -1)):
        desk.ticket(number, f"{DAY}{H}Z", status="solved")
        desk.audit(number * 1000, number, f"{DAY}{H}Z", updater, create(status="solved"))
    add(home, desk)
    events = events_of(home)
    assert story(events, 1) == [
        (H, "ticket/1/status/1001", {"status": "resolved", "cause": "agent", "agent_id": "501"})
    ]
    assert story(events, 2) == [
        (H, "ticket/2/status/2001", {"status": "resolved", "cause": "automation"})
    ]


def test_what_only_the_row_tells(desk: ZendeskDesk, home: Path) -> None:
    """A status that no update explains is observed; a ticket that is deleted without a word does
    not stay open; a ticket deleted for good sends nothing new."""
    for number in (1, 2, 3):
        made(desk, number)
    desk.touch(1, f"{DAY}15:00:00Z", status="solved")
    desk.touch(2, f"{DAY}16:00:00Z", status="deleted")
    desk.touch(3, f"{DAY}16:00:00Z", status="deleted", subject="SCRUBBED", requester_id=999)
    add(home, desk)
    report = sync(home)
    assert report["observed"] == 1
    assert report["ignored"] == {
        "agent_timeline_not_available": 1, "scrubbed": 1, "survey_responses_not_available": 1,
        "update_of_ticket_left_out": 1,
    }  # fmt: skip
    assert found(home, "ticket/1/status/observed/") == [("resolved", "unknown", None, "15:00")]
    assert found(home, "conversation/2/gone") == [("resolved", "automation", "deleted", "16:00")]
    assert sync(home, "--full")["accepted"] == 0
    # It is brought back: the update tells of it, and what was observed before is known.
    desk.audit(5000, 2, "2026-06-09T08:00:00Z", BO, change("status", "open", "deleted"))
    desk.audit(5010, 1, "2026-06-09T08:00:00Z", BO, change("status", "open", "solved"))
    report = sync(home, "--full")
    assert report["events"] == {"conversation.status_changed": 2}
    assert (report["changed_after_sent"], report["observed"]) == (0, 0)
    assert [one[:2] for one in found(home, "ticket/2/status/")] == [("new", "set_to_new")]
    assert [one[:2] for one in found(home, "ticket/1/status/5")] == [("new", "set_to_new")]


def found(home: Path, start: str) -> list[tuple[Any, ...]]:
    """Status, cause, reason and time of day of changes in the log whose id begins so."""
    return [
        (e["status"], e["cause"], e.get("reason"), e["time"].strftime("%H:%M"))
        for (_, name), e in sorted(told_events(home).items())
        if name.startswith(start)
    ]


# --- messages -----------------------------------------------------------------------------------


def test_whose_message_it_is(desk: ZendeskDesk, home: Path) -> None:
    """By the writer, what wrote it, and the group it was written in."""
    desk.user(700, "Robbie", role="agent")
    desk.user(901, "Dee", email="dee@example.net")
    made(desk, 1, create(group_id=GROUP), comment(11, CLEO, "customer"))
    rule = {"channel": "rule", "source": {"rel": "trigger"}}
    desk.audit(1100, 1, f"{DAY}11:00:00Z", ANN, comment(12, 901, "copied in"),
               comment(13, ANN, "agent"), comment(14, ANN, "by a trigger", via=rule),
               comment(15, 700, "bot"), comment(16, -1, "system"),
               change("group_id", OTHER_GROUP, GROUP), via="Web form")  # fmt: skip
    desk.audit(1200, 1, f"{DAY}12:00:00Z", ANN,
               comment(17, ANN, "a whole chat", via={"channel": "chat"}))  # fmt: skip
    made(desk, 2, comment(21, ANN, "from us"), comment(22, ANN, "and more"), updater=ANN)
    made(desk, 3, comment(31, ANN, "mine"), updater=ANN, requester=ANN)
    add(home, desk, "--virtual-agent", "700")
    events = events_of(home)
    agent = {"direction": "outbound", "outbound_type": "agent", "agent_id": "501"}
    assert messages(events) == {
        "11": {"direction": "inbound", "content": "customer"},
        "12": {"direction": "inbound", "content": "copied in"},
        "13": agent | {"team_id": "31", "content": "agent"},
        "14": {"direction": "outbound", "outbound_type": "auto_responder",
               "content": "by a trigger"},
        "15": {"direction": "outbound", "outbound_type": "virtual_agent", "agent_id": "700",
               "team_id": "31", "content": "bot"},
        "16": {"direction": "outbound", "outbound_type": "auto_responder", "content": "system"},
        "17": agent | {"team_id": "31", "content": "a whole chat"},
        "21": {"direction": "outbound", "outbound_type": "proactive", "agent_id": "501",
               "content": "from us"},
        "22": agent | {"content": "and more"},
        "31": {"direction": "inbound", "content": "mine"},
    }  # fmt: skip
    assert sync(home)["undetermined"]["transcript"] == 1
    # Who is a customer and an agent is both in the log.
    log = told_events(home)
    assert {e["type"] for (_, n), e in log.items() if n.startswith(("contact/501/", "agent/501/"))
            } == {"contact.saved", "agent.saved"}  # fmt: skip


def test_a_bot_answers_first(desk: ZendeskDesk, home: Path) -> None:
    """It has the ticket from its creation, until it goes into a group."""
    desk.user(700, "Robbie", role="agent")
    made(desk, 1)
    desk.audit(1100, 1, f"{DAY}10:01:00Z", 700, comment(12, 700, "let me see"))
    desk.audit(1200, 1, f"{DAY}10:02:00Z", -1, change("group_id", GROUP, None), via="Rule")
    desk.audit(1300, 1, f"{DAY}10:03:00Z", ANN, comment(13, ANN, "here I am"))
    desk.audit(1400, 1, f"{DAY}10:04:00Z", ANN, change("group_id", OTHER_GROUP, GROUP))
    add(home, desk, "--virtual-agent", "700")
    assert story(events_of(home)) == [
        (H, "ticket/1/bot", {"agent_id": "700"}),
        ("10:02:00", "ticket/1/handover/1201", {"agent_id": "700"}),
    ]


def test_redacted_hidden_and_merged(desk: ZendeskDesk, home: Path) -> None:
    """A part that was made unreadable goes, a comment that is private now is deleted, what a merge
    copied is not sent again."""
    made(desk, 1, comment(11, CLEO, "my card is 4111"), comment(12, CLEO, "never mind"))
    add(home, desk)
    sync(home)
    desk.comments[1] = [{"id": 11, "body": "my card is ____", "plain_body": "my card is ____"}]
    desk.audit(1100, 1, f"{DAY}11:00:00Z", ANN,
               {"event_type": "CommentRedactionEvent", "comment_id": 11},
               {"event_type": "CommentPrivacyChange", "comment_id": 12, "public": False},
               comment(13, ANN, "copy", via={"source": {"rel": "merge"}}))  # fmt: skip
    report = sync(home, "--full")
    assert report["events"] == {"message.updated": 1, "message.deleted": 1}
    assert (report["redacted"], report["ignored"]["copied_by_merge"]) == (1, 1)
    log = {name: e for (_, name), e in told_events(home).items()}
    updated = log["comment/11/redacted/1101"]
    assert (updated["content"], updated["time"].strftime("%H:%M")) == ("my card is ____", "11:00")
    assert log["comment/12/private/1102"]["type"] == "message.deleted"
    # Read again, and redacted again: what was sent stays as it was sent.
    desk.comments[1] = [{"id": 11, "plain_body": "my ____ is ____"}]
    desk.audit(1200, 1, f"{DAY}12:00:00Z", ANN,
               {"event_type": "CommentRedactionEvent", "comment_id": 11})  # fmt: skip
    report = sync(home, "--full")
    assert (report["accepted"], report["changed_after_sent"]) == (1, 0)


def test_without_content(desk: ZendeskDesk, home: Path) -> None:
    desk.example()
    add(home, desk, "--content", "no")
    events = events_of(home)
    assert len(messages(events)) == 4
    assert not any("content" in data for data in messages(events).values())


def test_whose_team_counts(desk: ZendeskDesk, home: Path) -> None:
    """Where the ticket has no group, the only one of who wrote; nobody has two."""
    desk.lists["group_memberships"] = [
        {"id": 1, "user_id": ANN, "group_id": GROUP}, {"id": 2, "user_id": BO, "group_id": GROUP},
        {"id": 3, "user_id": BO, "group_id": OTHER_GROUP},
    ]  # fmt: skip
    made(desk, 1)
    desk.audit(1100, 1, f"{DAY}11:00:00Z", ANN, comment(12, ANN, "one"), comment(13, BO, "two"))
    add(home, desk, "--team-of", "agent")
    assert {name: data.get("team_id") for name, data in messages(events_of(home)).items()} == {
        "1090": None, "12": "30", "13": None,
    }  # fmt: skip


# --- topics, channels, people -------------------------------------------------------------------


def test_tags_are_topics(desk: ZendeskDesk, home: Path) -> None:
    """Lists or words, what came and what went, by whom."""
    made(desk, 1, create(tags="lamp broken"), comment(11, CLEO, "in"))
    desk.audit(1100, 1, f"{DAY}11:00:00Z", ANN, change("tags", ["lamp", "vip"], "lamp broken"))
    desk.audit(
        1200, 1, f"{DAY}12:00:00Z", ANN, change("tags", ["vip"], ["lamp", "vip"], via="Rule")
    )
    add(home, desk)
    assert [
        (e["type"], e["id"], e["data"].get("agent_id")) for e in events_of(home)
        if e["type"].startswith("topic.") and e["time"] > "2026"
    ] == [
        ("topic.applied", "ticket/1/tags/1002/broken/added", None),
        ("topic.applied", "ticket/1/tags/1002/lamp/added", None),
        ("topic.removed", "ticket/1/tags/1101/broken/removed", "501"),
        ("topic.applied", "ticket/1/tags/1101/vip/added", "501"),
        ("topic.removed", "ticket/1/tags/1201/lamp/removed", None),
    ]  # fmt: skip


def test_channels_and_hours(desk: ZendeskDesk, home: Path) -> None:
    """A channel for each brand and medium that is used; the hours of the only schedule, or of the
    one that was named."""
    desk.lists["brands"].append(
        {"id": 2, "name": "Beta", "created_at": "2021-01-01T00:00:00Z",
         "updated_at": "2021-01-01T00:00:00Z"}
    )  # fmt: skip
    desk.lists["schedules"] = [
        {"id": 8, "time_zone": "Eastern Time (US & Canada)", "updated_at": "2022-01-01T00:00:00Z",
         "intervals": [{"start_time": 1980, "end_time": 2460}]},
    ]  # fmt: skip
    desk.lists["holidays"] = [{"start_date": "2026-12-24", "end_date": "2026-12-25"}]
    for number, (brand, channel) in enumerate(
        [(1, "email"), (1, "web"), (1, "mobile"), (2, "native_messaging"), (2, "pigeon"),
         (1, "sample_ticket"), (1, "chat")], 1,
    ):  # fmt: skip
        made(desk, number, brand_id=brand, via={"channel": channel})
    add(home, desk, "--exclude-channel", "1/chat")
    events = events_of(home)
    channels = {e["data"]["channel_id"]: e["data"] for e in events if e["type"] == "channel.saved"}
    assert {name: data["name"] for name, data in channels.items()} == {
        "1/email": "Acme email", "1/web": "Acme web", "2/messaging": "Beta messaging",
        "2/pigeon": "Beta pigeon",
    }  # fmt: skip
    assert channels["1/email"]["business_hours"] == {
        "time_zone": "America/New_York", "weekly": {"mon": [["09:00", "17:00"]]},
        "holidays": ["2026-12-24", "2026-12-25"],
    }  # fmt: skip
    created = [e["data"]["conversation_id"] for e in events if e["type"] == "conversation.created"]
    assert created == ["1", "2", "3", "4", "5"]
    report = sync(home)
    assert report["unknown"] == {"tickets.via.channel=pigeon": 1}
    assert (report["ignored"]["sample_ticket"], report["ignored"]["excluded_channel"]) == (1, 1)
    desk.lists["schedules"].append({**desk.lists["schedules"][0], "id": 9, "intervals": []})
    assert sync(home, "--full")["accepted"] == 4  # two schedules: nobody says which one counts
    assert tawny(home, "sources", "set", "acme", "--schedule", "9").status == 0
    assert sync(home, "--full")["events"] == {"channel.saved": 4}


def test_customers(desk: ZendeskDesk, home: Path) -> None:
    """Identifiers, the medium of the first ticket, attributes that come, change and go."""
    desk.lists["organizations"] = [
        {"id": 60, "name": "Lamp Ltd", "updated_at": "2026-06-01T00:00:00Z"}
    ]
    desk.user(901, "Dee", phone="+331", organization_id=60, locale="fr", tags=["vip"],
              user_fields={"plan": "gold", "size": 3, "empty": None})  # fmt: skip
    desk.user(902, "Eve", external_id="X-9")
    desk.user(903, "")
    made(desk, 8, requester=901, via={"channel": "web"})
    made(desk, 7, requester=901)
    desk.touch(8, f"{DAY}11:00:00Z")
    add(home, desk)
    events = events_of(home)
    contacts = {e["data"]["contact_id"]: e["data"] for e in events if e["type"] == "contact.saved"}
    assert {name: (data.get("medium"), data["primary_identifier"], data.get("secondary_identifier"))
            for name, data in contacts.items()} == {
        "900": (None, "cleo@example.net", "Cleo"), "901": ("email", "+331", "Dee"),
        "902": (None, "X-9", "Eve"), "903": (None, "903", None),
    }  # fmt: skip
    attributes = {e["data"]["attribute_id"]: (e["data"]["value"], e["data"]["attribute_type"])
                  for e in events if e["type"] == "contact.attribute_set"}  # fmt: skip
    assert attributes == {
        "organization": ("Lamp Ltd", "default"), "phone": ("+331", "default"),
        "locale": ("fr", "default"), "tags": ('["vip"]', "default"), "plan": ("gold", "custom"),
        "size": ("3", "custom"),
    }  # fmt: skip
    sync(home)
    desk.user(901, "Dee Two", phone="+331", organization_id=60, user_fields={"plan": "silver"})
    desk.users[901]["updated_at"] = "2026-07-01T00:00:00Z"
    # Cleo writes for the first time: how is known from now on.
    made(desk, 9, via={"channel": "sms"})
    report = sync(home, "--full")
    assert report["events"] == {
        "channel.saved": 1, "contact.attribute_cleared": 3, "contact.attribute_set": 1,
        "contact.saved": 2, "conversation.created": 1, "message.created": 1,
    }  # fmt: skip
    assert (report["complete"], sync(home, "--full")["accepted"]) == (True, 0)


def test_customers_who_are_gone(desk: ZendeskDesk, home: Path) -> None:
    """They are counted, and erased only where somebody asked for it; one who became another keeps
    his id, which gets the identifiers of who is left."""
    desk.user(901, "Dee", email="dee@example.net")
    desk.user(902, "Eve", email="eve@example.net")
    made(desk, 1, requester=901)
    add(home, desk)
    sync(home)
    desk.users[901] |= {"active": False, "updated_at": "2026-07-01T00:00:00Z"}
    desk.users[902] |= {"active": False, "updated_at": "2026-07-01T00:00:00Z"}
    desk.touch(1, "2026-07-01T00:00:00Z", requester_id=CLEO)
    report = sync(home)
    assert (report["gone"], report["merged"]) == ({"contacts": 2}, 1)
    assert report["events"] == {"contact.saved": 2}  # Cleo's first ticket; Dee as Cleo
    saved = [e["primary_identifier"] for (_, name), e in told_events(home).items()
             if name.startswith("contact/901/")]  # fmt: skip
    assert sorted(saved) == ["cleo@example.net", "dee@example.net"]
    assert tawny(home, "sources", "set", "acme", "--erase-deleted-contacts").status == 0
    assert sync(home, "--full")["events"] == {"contact.erased": 1}
    assert [name for _, name in told_events(home) if name.endswith("/erased")] == [
        "contact/902/erased"
    ]
    assert sync(home, "--full")["accepted"] == 0
    for number in range(1000, 1030):
        desk.user(number, f"One {number}", email=f"{number}@example.net")
    sync(home, "--full")
    for number in range(1000, 1030):
        desk.users[number] |= {"active": False, "updated_at": "2026-07-02T00:00:00Z"}
    report = sync(home)
    assert (report["accepted"], report["gone_not_accepted"]) == (0, {"contacts": 30})
    assert sync(home, "--accept-deletions")["events"] == {"contact.erased": 30}


def test_who_was_an_agent_once(desk: ZendeskDesk, home: Path) -> None:
    """Whoever was assigned or wrote a note is one, whatever he is now."""
    desk.user(601, "Former", email="former@acme.example")
    desk.user(602, "Light", email="light@acme.example")
    made(desk, 1, assignee_id=601)
    desk.audit(1100, 1, f"{DAY}11:00:00Z", 601, comment(12, 601, "answer"))
    desk.audit(1200, 1, f"{DAY}12:00:00Z", 602, comment(13, 602, "note", public=False),
               change("status", "solved", "new"))  # fmt: skip
    add(home, desk)
    events = events_of(home)
    assert messages(events)["12"]["agent_id"] == "601"
    assert [data.get("agent_id") for _, _, data in story(events)] == ["602"]
    agents = {
        e["data"]["agent_id"]: e["data"]["name"] for e in events if e["type"] == "agent.saved"
    }
    assert agents.keys() >= {"601", "602"}


# --- surveys and presence -----------------------------------------------------------------------


def rating(number: int, ticket: int, score: str, at: str, **more: Any) -> dict[str, Any]:
    return {"id": number, "ticket_id": ticket, "score": score, "created_at": at, "updated_at": at,
            **more}  # fmt: skip


def test_ratings(desk: ZendeskDesk, home: Path) -> None:
    """Two steps: good is 5, bad is 1; an answer that comes later is found."""
    made(desk, 1)
    desk.lists["satisfaction_ratings"] = [
        rating(41, 1, "offered", f"{DAY}13:00:00Z"),
        rating(42, 1, "bad_with_comment", f"{DAY}14:00:00Z", comment="never again"),
        rating(43, 1, "unoffered", f"{DAY}14:00:00Z"),
        rating(44, 1, "splendid", f"{DAY}14:00:00Z"),
        rating(45, 99, "good", f"{DAY}14:00:00Z"),
    ]
    add(home, desk)
    events = events_of(home, status=3)
    assert [(e["time"][11:16], e["type"], e["id"].partition("/answered")[0],
             e["data"].get("score"), e["data"].get("follow_up_response"))
            for e in events if e["type"].startswith("csat.")] == [
        ("13:00", "csat.sent", "csat/41/sent", None, None),
        ("14:00", "csat.answered", "csat/42", 1, "never again"),
        ("14:00", "csat.sent", "csat/42/sent", None, None),
    ]  # fmt: skip
    report = sync(home, status=3)
    assert report["unknown"] == {"satisfaction_ratings.score=splendid": 1}
    assert report["ignored"]["survey_of_ticket_left_out"] == 1
    desk.lists["satisfaction_ratings"][:] = [
        rating(41, 1, "good", f"{DAY}13:00:00Z") | {"updated_at": f"{DAY}15:00:00Z"}
    ]
    desk.audit(1100, 1, f"{DAY}15:00:00Z", CLEO, {"event_type": "SatisfactionRating"})
    assert sync(home, "--full")["events"] == {"csat.answered": 1}


def test_surveys(desk: ZendeskDesk, home: Path) -> None:
    """On the scale of the survey; without an answer they expire."""
    made(desk, 1)

    def response(number: str, value: int | None, steps: int, **more: Any) -> dict[str, Any]:
        question = {"options": [{"rating": step} for step in range(1, steps + 1)]}
        answers = [] if value is None else [
            {"type": "rating_scale", "rating": value, "question": question,
             "created_at": f"{DAY}14:00:00Z", "updated_at": f"{DAY}14:00:00Z"},
            {"type": "open_ended", "value": "well done"},
        ]  # fmt: skip
        return {"id": number, "subjects": [{"type": "ticket", "zrn": "zen:ticket:1"}],
                "answers": answers, "created_at": f"{DAY}13:00:00Z",
                "expires_at": "2026-06-10T13:00:00Z", **more}  # fmt: skip

    desk.lists["survey_responses"] = [
        response("a", 4, 5), response("b", 2, 2), response("c", 2, 3), response("d", 7, 10),
        response("e", None, 5), response("f", 3, 0), response("g", 3, 5, subjects=[]),
    ]  # fmt: skip
    add(home, desk)
    events = events_of(home, status=3)
    scores = {e["data"]["survey_id"]: e["data"]["score"] for e in events
              if e["type"] == "csat.answered"}  # fmt: skip
    assert scores == {"a": 4, "b": 5, "c": 3, "d": 4}
    assert [(e["id"], e["time"][:13]) for e in events if e["type"] == "csat.expired"] == [
        ("csat/e/expired", "2026-06-10T13")
    ]
    report = sync(home, status=3)
    assert report["ignored"]["survey_of_no_ticket"] == 1
    assert [row["record"] for row in report["left_out"]] == ["survey/f"]


def test_presence(desk: ZendeskDesk, home: Path) -> None:
    """Spans follow on each other, or leave a gap in which somebody was not there, whatever page
    they stand on."""
    desk.page = 2

    def span(agent: int, at: str, length_s: float, status: str) -> dict[str, Any]:
        return {"agent_id": agent, "start_time": f"{DAY}{at}Z", "duration": length_s,
                "status": status}  # fmt: skip

    desk.timeline = [
        span(ANN, "08:00:00", 3600, "online"), span(BO, "08:30:00", 60, "invisible"),
        span(ANN, "09:00:00", 600, "away"), span(ANN, "10:00:00", 60, "online"),
        span(BO, "10:00:00", 60, "dreaming"),
    ]  # fmt: skip
    said = add(home, desk)
    assert "user-presence" not in said
    events = events_of(home, status=3)
    assert [(e["time"][11:16], e["data"]["agent_id"], e["data"]["presence"]) for e in events
            if e["type"] == "presence.changed"] == [
        ("08:00", "501", "available"), ("08:30", "502", "offline"), ("09:00", "501", "away"),
        ("09:10", "501", "offline"), ("10:00", "501", "available"), ("10:01", "501", "offline"),
    ]  # fmt: skip
    sync(home, status=3)
    assert sync(home, "--full", status=3)["accepted"] == 0
