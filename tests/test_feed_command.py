"""`tawny feed`: what changed in an export since a cursor, said exactly."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from commands import Result, ndjson, tawny

Json = dict[str, Any]


def event(number: int, kind: str, time: str, **data: object) -> Json:
    return {
        "specversion": "1.0",
        "source": "/feed",
        "id": str(number),
        "type": kind,
        "time": time,
        "data": data,
    }


def take(home: Path, *events: Json) -> None:
    file = home.parent / "events.ndjson"
    file.write_bytes(ndjson(events))
    assert tawny(home, "ingest", str(file)).status == 0


def begin(home: Path) -> None:
    """An agent, and two conversations of which one is open."""
    said: Json = {"message_id": "m-1", "conversation_id": "c-1", "direction": "outbound"}
    said |= {"outbound_type": "agent", "agent_id": "ann", "team_id": "t-1"}
    take(
        home,
        event(1, "channel.saved", "2024-03-01T08:00:00Z", channel_id="red", medium="email",
              name="Red"),
        event(2, "agent.saved", "2024-03-01T08:00:00Z", agent_id="ann", name="Ann"),
        event(3, "conversation.created", "2024-03-01T09:00:00Z", conversation_id="c-1",
              channel_id="red", contact_id="k-1"),
        event(4, "message.created", "2024-03-01T09:10:00Z", **said),
        event(5, "conversation.created", "2024-03-02T09:00:00Z", conversation_id="c-2",
              channel_id="red", contact_id="k-2"),
    )  # fmt: skip


def read(result: Result) -> tuple[list[Json], str]:
    assert result.status == 0, result.err
    *_, last = result.err.splitlines()
    assert last.startswith("cursor=")
    return [json.loads(line) for line in result.out.splitlines()], last.removeprefix("cursor=")


def brief(rows: list[Json], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row.get(name) for name in ("op", "at", *names)) for row in rows]


def test_an_open_conversation_comes_changes_and_goes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    begin(home)
    rows, cursor = read(tawny(home, "feed", "open-conversations"))
    assert brief(rows, "conversation_id", "current_status") == [
        ("insert", 1, "c-1", "new"),
        ("insert", 1, "c-2", "new"),
    ]
    assert rows[0]["created_at"] == "2024-03-01T09:00:00.000+00:00"
    rows, same = read(tawny(home, "feed", "open-conversations", "--since", cursor))
    assert (rows, same) == ([], cursor)
    take(
        home,
        event(6, "conversation.status_changed", "2024-03-02T10:00:00Z", conversation_id="c-1",
              status="resolved", cause="agent", agent_id="ann"),
        event(7, "conversation.status_changed", "2024-03-02T10:00:00Z", conversation_id="c-2",
              status="pending", cause="agent", agent_id="ann"),
    )  # fmt: skip
    rows, _ = read(tawny(home, "feed", "open-conversations", "--since", cursor))
    assert rows[0] == {"op": "delete", "at": 2, "conversation_id": "c-1"}
    assert brief(rows, "conversation_id", "current_status")[1:] == [("update", 2, "c-2", "pending")]


def test_who_reads_a_cursor_again_is_told_of_what_came_and_went(tmp_path: Path) -> None:
    """The first reading after the cursor was kept by nobody: its conversation must go again."""
    home = tmp_path / "home"
    begin(home)
    _, cursor = read(tawny(home, "feed", "open-conversations"))
    created: Json = {"conversation_id": "c-3", "channel_id": "red", "contact_id": "k-1"}
    take(home, event(6, "conversation.created", "2024-03-03T09:00:00Z", **created))
    rows, _ = read(tawny(home, "feed", "open-conversations", "--since", cursor))
    assert brief(rows, "conversation_id") == [("insert", 2, "c-3")]
    closed: Json = {"conversation_id": "c-3", "status": "resolved", "cause": "auto_resolve"}
    take(home, event(7, "conversation.status_changed", "2024-03-03T10:00:00Z", **closed))
    rows, _ = read(tawny(home, "feed", "open-conversations", "--since", cursor))
    assert brief(rows, "conversation_id") == [("delete", 3, "c-3")]


def test_a_new_name_changes_every_row_that_shows_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    begin(home)
    _, cursor = read(tawny(home, "feed", "messages"))
    take(home, event(6, "agent.saved", "2024-03-04T08:00:00Z", agent_id="ann", name="Anna"))
    rows, _ = read(tawny(home, "feed", "messages", "--since", cursor))
    assert brief(rows, "message_id", "agent_name") == [("update", 2, "m-1", "Anna")]


def test_an_erased_contact_goes_also_after_the_purge(tmp_path: Path) -> None:
    home = tmp_path / "home"
    begin(home)
    _, cursor = read(tawny(home, "feed", "messages"))
    _, sums = read(tawny(home, "feed", "teams"))
    take(home, event(6, "contact.erased", "2024-03-04T08:00:00Z", contact_id="k-1"))
    assert tawny(home, "log", "compact").status == 0
    rows, _ = read(tawny(home, "feed", "messages", "--since", cursor))
    assert [(row["op"], row["message_id"]) for row in rows] == [("delete", "m-1")]
    rows, _ = read(tawny(home, "feed", "teams", "--since", sums))
    assert [{**row, "at": 0} for row in rows] == [
        {
            "op": "delete",
            "at": 0,
            "period_from": "2024-03-01T00:00:00.000+00:00",
            "period_to": "2024-03-02T00:00:00.000+00:00",
            "team_id": "t-1",
        }
    ]


def test_a_late_event_changes_the_period_it_belongs_to(tmp_path: Path) -> None:
    home = tmp_path / "home"
    begin(home)
    asked = ("feed", "teams", "--tz", "Europe/Paris", "--period", "week")
    rows, cursor = read(tawny(home, *asked))
    assert brief(rows, "team_id", "replies", "period_from", "period_to") == [
        (
            *("insert", 1, "t-1", 1),
            *("2024-02-26T00:00:00.000+01:00", "2024-03-04T00:00:00.000+01:00"),
        )
    ]
    said: Json = {"message_id": "m-0", "conversation_id": "c-1", "direction": "outbound"}
    said |= {"outbound_type": "agent", "agent_id": "ann", "team_id": "t-1"}
    take(home, event(6, "message.created", "2024-03-01T09:05:00Z", **said))
    rows, _ = read(tawny(home, *asked, "--since", cursor))
    assert brief(rows, "team_id", "replies", "period_from") == [
        ("update", 2, "t-1", 2, "2024-02-26T00:00:00.000+01:00")
    ]


def test_an_interval_of_presence_comes_when_it_ends(tmp_path: Path) -> None:
    home = tmp_path / "home"
    take(
        home,
        event(1, "presence.changed", "2024-03-01T08:00:00Z", agent_id="ann",
              presence="available"),
    )  # fmt: skip
    rows, cursor = read(tawny(home, "feed", "user-presence"))
    assert rows == []
    take(
        home,
        event(2, "presence.changed", "2024-03-01T09:00:00Z", agent_id="ann", presence="away"),
    )
    rows, _ = read(tawny(home, "feed", "user-presence", "--since", cursor))
    assert brief(rows, "user_id", "from", "n", "duration") == [
        ("insert", 2, "ann", "2024-03-01T08:00:00.000+00:00", 1, 3600)
    ]


def test_the_cursor_file_and_the_file_of_rows(tmp_path: Path) -> None:
    home, kept, rows = tmp_path / "home", tmp_path / "messages.cursor", tmp_path / "rows.jsonl"
    begin(home)
    asked = ("feed", "messages", "--cursor-file", str(kept), "-o", str(rows))
    first = tawny(home, *asked)
    assert (first.status, first.out) == (0, "")
    assert [json.loads(line)["op"] for line in rows.read_text().splitlines()] == ["insert"]
    assert kept.read_text() == first.err.removeprefix("cursor=")
    assert tawny(home, *asked).err == first.err
    assert rows.read_text() == ""
    refused = tawny(home, *asked[:-1], str(tmp_path / "no" / "rows.jsonl"))
    assert (refused.status, refused.err) == (
        2,
        f"tawny: -o: found {tmp_path}/no/rows.jsonl; allowed the name of a file in a folder that "
        "exists\n",
    )
    kept.write_text("")
    assert tawny(home, *asked).err == (
        f"tawny: --cursor-file: found {kept} empty; remove it, and your copy of the rows, to "
        "begin again\n"
    )


NO_CURSOR = (
    "cursor: found one that is not of a feed of this Tawny; allowed the cursor of the answer "
    "before, as it was, or none to begin"
)


@pytest.mark.parametrize(
    "text",
    [
        "x", "é", "[]", "\udcff", "a" * 5000, "WzFd",
        base64.urlsafe_b64encode(b'{"a": 1}').decode(),
        base64.urlsafe_b64encode(b"[" * 700).decode(),
    ],
)  # fmt: skip
def test_what_is_no_cursor_is_refused(tmp_path: Path, text: str) -> None:
    home = tmp_path / "home"
    begin(home)
    found = tawny(home, "feed", "messages", "--since", text)
    assert (found.status, found.out, found.err) == (2, "", f"tawny: {NO_CURSOR}\n")


def test_a_cursor_is_of_one_feed_and_one_log(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    begin(home)
    _, cursor = read(tawny(home, "feed", "messages"))

    def refused(*arguments: str, at: Path = home) -> str:
        found = tawny(at, "feed", *arguments, "--since", cursor)
        assert (found.status, found.out) == (2, "")
        return found.err

    begins = "tawny: cursor: found one of a feed with "
    ends = "; ask for the feed it is of, or begin again without a cursor\n"
    assert refused("contacts") == f"{begins}export messages, this one has contacts{ends}"
    assert refused("messages", "--tz", "Europe/Paris") == (
        f"{begins}tz UTC, this one has Europe/Paris{ends}"
    )
    assert refused("messages", "--channel", "red") == (
        "tawny: cursor: found one of a feed of other channels (red now); the channels of the "
        "person, the token or the call have changed since: empty your copy and begin again "
        "without a cursor\n"
    )
    begin(other)
    assert refused("messages", at=other) == (
        "tawny: cursor: found one of version 1 of an event log that is not this one any more (it "
        "is at version 1; it was begun anew, or restored from a backup): empty your copy and "
        "begin again without a cursor\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mesages",), "export type: found 'mesages', did you mean 'messages'?"),
        (
            ("messages", "--period", "day"),
            "period: found day; messages has none, each of its rows is of one thing, leave it out",
        ),
        (("teams", "--period", "year"), "period: found 'year'; allowed: hour, day, week, month"),
        (("teams", "--tz", "Mars/Base"), "time zone: found 'Mars/Base'; use an IANA name such as "
         "Europe/Paris"),
        (
            ("teams", "--since", "x", "--cursor-file", "y"),
            "--since: found with --cursor-file, which holds the cursor; give one",
        ),
        (
            ("teams", "--channel", "blue"),
            "channel: found 'blue'; allowed: red; it appears nowhere in the log (tawny log lists "
            "them)",
        ),
    ],
)  # fmt: skip
def test_a_wrong_call_is_refused(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    home = tmp_path / "home"
    begin(home)
    found = tawny(home, "feed", *arguments)
    assert (found.status, found.out, found.err) == (2, "", f"tawny: {message}\n")


def test_a_folder_without_a_log_has_an_empty_feed_that_goes_on(tmp_path: Path) -> None:
    home = tmp_path / "home"
    rows, cursor = read(tawny(home, "feed", "messages"))
    assert rows == []
    begin(home)
    rows, _ = read(tawny(home, "feed", "messages", "--since", cursor))
    assert brief(rows, "message_id") == [("insert", 1, "m-1")]


def test_a_lock_elsewhere_ends_a_session_of_another_conversation(tmp_path: Path) -> None:
    home = tmp_path / "home"
    begin(home)
    lock: Json = {"agent_id": "ann", "conversation_id": "c-1"}
    take(home, event(6, "conversation.locked", "2024-03-02T11:00:00Z", **lock))
    _, cursor = read(tawny(home, "feed", "open-conversations"))
    elsewhere: Json = {"agent_id": "ann", "conversation_id": "c-2"}
    take(home, event(7, "conversation.locked", "2024-03-02T11:01:00Z", **elsewhere))
    rows, _ = read(tawny(home, "feed", "open-conversations", "--since", cursor))
    assert ("update", 3, "c-1", 60) in brief(rows, "conversation_id", "cherry_picking_time")
