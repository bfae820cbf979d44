"""What holds for Intercom as for every source: nothing twice, nothing lost, polite, and nothing
said that is secret."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api_desk import served
from commands import Result, tawny
from intercom_desk import (
    ANN,
    APP,
    DAY_S,
    FIN_BOT,
    LAMPS,
    LEAD,
    SOURCE,
    TOKEN,
    VENDORS,
    IntercomWorkspace,
    admin,
    contact,
)
from processes import told_events
from tawny.sources.intercom import desk as intercom
from test_sources_intercom import T, add, events_of, messages, sync


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[IntercomWorkspace]:
    monkeypatch.setenv("INTERCOM_TOKEN", TOKEN)
    with served(IntercomWorkspace()) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def many(desk: IntercomWorkspace, conversations: int, seed: int = 1) -> None:
    """Conversations over some days, many of the same second, whose parts are so too."""
    rng = random.Random(seed)
    for number in range(1, conversations + 1):
        at = T + number // 20 * 50_000
        desk.conversation(number, at)
        for place in range(1, rng.randint(2, 6)):
            who = rng.choice([admin(ANN), contact(), FIN_BOT])
            kind = rng.choice(["comment", "comment", "close", "assignment", "snoozed"])
            to = {"assigned_to": {"type": "team", "id": rng.choice([LAMPS, VENDORS])}}
            desk.part(number, number * 100 + place, kind, at + place // 2, who, f"text {place}",
                      **(to if kind == "assignment" else {}))  # fmt: skip
        if any(part["part_type"] in ("close", "snoozed") for part in _of(desk, number)):
            desk.conversations[str(number)]["state"] = "open"
            desk.part(number, number * 100 + 50, "open", at + 9, admin(ANN))


def _of(desk: IntercomWorkspace, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.conversations[str(number)]["parts"]
    return found


def log(home: Path) -> dict[tuple[str, str], Any]:
    return told_events(home)


def now_s() -> int:
    return int(time.time())


# --- nothing twice, nothing lost ------------------------------------------------------------------


def test_reading_again_adds_nothing(desk: IntercomWorkspace, home: Path) -> None:
    many(desk, 30)
    desk.example(T)
    add(home, desk)
    first = sync(home)
    assert first["accepted"] > 100 and first["complete"]
    before = log(home)
    for options in ((), ("--full",), ("--since", "2026-03-01")):
        asked = len(desk.calls)
        again = sync(home, *options)
        assert (again["accepted"], again["refused"], again["changed_after_sent"]) == (0, 0, 0)
        assert again["complete"]
        details = sum("/conversations/" in one and "GET" in one for one in desk.calls[asked:])
        # What is known as it is, is not asked for.
        assert (details > 0) is (options == ("--full",))
    assert log(home) == before
    kept = tawny(home, "sources", "remove", "app")
    assert kept.out == f"app is removed; {len(before)} events of it stay\n"
    # The same workspace under another name, with nothing left in the ledger.
    add(home, desk, name="again")
    assert "accepted=0 " in tawny(home, "sources", "sync", "again").out


@pytest.mark.parametrize(("page", "repeats"), [(3, False), (7, True), (150, False)])
def test_pages_do_not_matter(desk: IntercomWorkspace, home: Path, page: int, repeats: bool) -> None:
    """However long they are, and whether they repeat their last record; hundreds of one second."""
    desk.page, desk.repeats = page, repeats
    many(desk, 10)
    for number in range(100, 180):
        desk.conversation(number, T + 500_000)
    for number in range(20):
        desk.contact(f"c{number}", "2026-06-03T00:00:00Z", email=f"{number}@example.net")
    add(home, desk)
    report = sync(home)
    assert report["complete"]
    assert report["read"]["conversations"] == 90
    assert report["read"]["contacts"] == 21
    names = {name for _, name in log(home)}
    assert {f"conversation/{number}" for number in desk.conversations} <= names
    assert {f"part/{part['id']}" for row in desk.conversations.values() for part in row["parts"]
            if part["part_type"] != "snoozed" and part["body"]} <= names  # fmt: skip
    assert events_of(home, "--full") == []


def test_what_moves_while_it_is_read(desk: IntercomWorkspace, home: Path) -> None:
    """A record that changes leaves its place, and another one slips onto a page that was read."""
    desk.page = 5
    for number in range(1, 31):
        desk.conversation(number, T + number)
    add(home, desk)
    searched = desk.answer
    moved: list[str] = []

    def answer(call: Any) -> Any:
        found = searched(call)
        is_page = b"starting_after" in call.body or b'"per_page":150' in call.body
        if call.target == "/conversations/search" and is_page and len(moved) < 6:
            # Whoever stood first on the pages stands last now.
            first = min(desk.conversations.values(), key=lambda row: (row["updated_at"], row["id"]))
            first["updated_at"] = T + 1000 + len(moved)
            moved.append(first["id"])
        return found

    desk.answer = answer  # type: ignore[method-assign]
    report = sync(home)
    assert len(moved) == 6
    assert {name for _, name in log(home) if name.startswith("conversation/")} == {
        f"conversation/{number}" for number in range(1, 31)
    }
    assert report["changed_after_sent"] == 0


def test_a_page_that_comes_again_and_again(desk: IntercomWorkspace, home: Path) -> None:
    """It is said, and what was read before is kept."""
    many(desk, 5)
    add(home, desk)
    desk.stuck = True
    result = tawny(home, "sources", "sync", "app")
    assert result == Result(
        1, "", "tawny: /contacts/search: the desk gives the same page again; what was read before "
        "is kept, and a later sync goes on from there\n",
    )  # fmt: skip
    desk.stuck = False
    assert sync(home)["complete"]
    assert (SOURCE, "conversation/1") in log(home)


@pytest.mark.parametrize("seed", range(2))
def test_killed_anywhere_the_next_sync_finishes_the_same_log(
    desk: IntercomWorkspace, tmp_path: Path, seed: int
) -> None:
    """Killed at random, the log is that of a run that nobody disturbed."""
    many(desk, 90, seed)
    desk.page = 20
    whole, home = tmp_path / "whole", tmp_path / "home"
    add(whole, desk)
    begun = time.monotonic()
    sync(whole)
    longest_s = time.monotonic() - begun
    add(home, desk)
    rng = random.Random(seed)
    driver = (
        "import sys, tawny.sources.sync\n"
        "tawny.sources.sync.CHECKPOINT_EVENTS = 60\n"
        "from tawny.cli.main import run\n"
        "sys.exit(run(sys.argv[1:]))"
    )
    killed = 0
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", driver, "--home", str(home), "sources", "sync", "app"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(0.8 + rng.random() * (longest_s + 1))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed > 0
    found = sync(home)
    assert found["refused"] == found["changed_after_sent"] == 0
    assert log(home) == log(whole)


def test_a_lost_ledger_is_learned_from_the_log(desk: IntercomWorkspace, home: Path) -> None:
    many(desk, 20)
    desk.conversation(99, T)["state"] = "closed"
    add(home, desk)
    sync(home)
    before = log(home)
    for path in home.glob("state.db*"):
        path.unlink()
    desk.admins[0]["name"] = "Ann Two"
    add(home, desk)
    report = sync(home)
    assert report["events"] == {"agent.saved": 1}
    assert (report["refused"], report["changed_after_sent"]) == (0, 0)
    assert len(log(home)) == len(before) + 1


def test_young_records_wait(desk: IntercomWorkspace, home: Path) -> None:
    """What is younger than the lag is left for the next sync, and lost by none."""
    desk.conversation(1, T)
    desk.part(1, 11, "comment", now_s() - 300, contact(), "settled")
    desk.conversation(2, now_s() - 90)
    add(home, desk)
    # It changes between the search and the look at it.
    detail = desk.answer

    def answer(call: Any) -> Any:
        if call.target.startswith("/conversations/1?") and len(_of(desk, 1)) == 1:
            desk.part(1, 12, "close", now_s() - 80, admin(ANN), "young", state="closed")
        return detail(call)

    desk.answer = answer  # type: ignore[method-assign]
    report = sync(home)
    assert {name for _, name in log(home) if name.startswith(("part/", "conversation/"))} == {
        "conversation/1", "part/source-199", "part/11",
    }  # fmt: skip
    assert report["observed"] == 0
    assert tawny(home, "sources", "set", "app", "--lag", "61s").status == 0
    assert sync(home)["events"] == {
        "conversation.created": 1, "conversation.status_changed": 1, "message.created": 2,
    }  # fmt: skip
    refused = tawny(home, "sources", "set", "app", "--lag", "30s")
    assert refused == Result(
        2, "", "tawny: --lag: found '30s'; allowed 60s to 30d, such as 90s, 5m, 1h\n"
    )


def test_what_commits_late(desk: IntercomWorkspace, home: Path) -> None:
    """A search finds a record some minutes after it changed: what lies before the position is read
    again."""
    add(home, desk)
    sync(home)
    desk.conversation(1, now_s() - 500)
    assert sync(home)["events"]["conversation.created"] == 1


def test_since(desk: IntercomWorkspace, home: Path) -> None:
    """Older conversations are not read; one that goes on is, from its beginning, with its
    contact."""
    desk.contact("c2", "2026-06-02T00:00:00Z", email="dee@example.net")
    desk.conversation(1, T)
    desk.conversation(2, T, contacts={"contacts": [{"id": "c2"}]})
    desk.part(2, 21, "comment", T + 60 * DAY_S, admin(ANN), "late")
    add(home, desk, "--since", "2026-07-01")
    events = events_of(home)
    assert messages(events).keys() == {"source-299", "21"}
    contacts = [e["data"]["contact_id"] for e in events if e["type"] == "contact.saved"]
    assert contacts == ["c2"]


def test_more_parts_than_are_shown(desk: IntercomWorkspace, home: Path) -> None:
    """The API shows the newest 500: what is missing is said, and what was read before is known."""
    desk.conversation(1, T)
    desk.conversation(2, T)
    for number in range(510):
        desk.part(1, 10_000 + number, "comment", T + number, contact(), "many")
    for number in range(400):
        desk.part(2, 20_000 + number, "comment", T + number, contact(), "many")
    add(home, desk)
    report = sync(home, status=3)
    assert [(row["record"], row["reason"]) for row in report["left_out"]] == [
        ("conversation/1",
         "10 of its 510 parts are not shown by the API, which gives the newest 500"),
    ]  # fmt: skip
    for number in range(400, 550):
        desk.part(2, 20_000 + number, "comment", T + number, contact(), "many")
    report = sync(home, "--full", status=3)
    assert [row["record"] for row in report["left_out"]] == ["conversation/1"]
    found = [name for _, name in log(home) if name.startswith("part/20")]
    assert len(found) == 550


# --- polite ---------------------------------------------------------------------------------------


def test_a_busy_desk_is_left_alone_and_asked_again(desk: IntercomWorkspace, home: Path) -> None:
    """Intercom says in the headers of its limits when it may be asked again."""
    desk.conversation(1, T)
    add(home, desk)

    def limited(after_s: int) -> tuple[int, dict[str, str], bytes]:
        return 429, {"X-RateLimit-Remaining": "0",
                     "X-RateLimit-Reset": str(now_s() + after_s)}, b""  # fmt: skip

    desk.answers = [
        limited(2), (503, {"Retry-After": "1"}, b""), (502, {}, b""), (0, {}, b""),
        (429, {"Retry-After": "1"}, b""),
    ]  # fmt: skip
    report = sync(home)
    assert report["complete"]
    assert report["rate"]["limited"] == 2
    assert 2.5 <= report["rate"]["waited_s"] < 10
    assert report["rate"]["requests"] > 10
    desk.answers = [(0, {}, b"")] * 3 + [limited(4)]
    result = tawny(home, "sources", "sync", "app", "--json")
    waiting = [json.loads(line)["waiting"] for line in result.err.splitlines()]
    assert any(one and one.endswith("s for the limits of the desk") for one in waiting)
    desk.answers = [limited(3690)]
    result = tawny(home, "sources", "sync", "app")
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(
        "tawny: 127.0.0.1: answered 429 to /me and wants to be left alone for 36"
    )


def test_no_more_calls_than_the_budget(
    desk: IntercomWorkspace, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A share of what the headers allow in a window, which is a second in this test."""
    monkeypatch.setattr(intercom, "WINDOW_S", 1.0)
    many(desk, 30)
    desk.per_window = 40
    add(home, desk, "--budget", "20%")
    begun, asked = time.monotonic(), len(desk.calls)
    report = sync(home)
    details = sum(one.startswith("GET") for one in desk.calls[asked:])
    assert details > 30
    least_s = details / 8 - 1.5
    assert time.monotonic() - begun >= least_s
    assert report["rate"]["waited_s"] <= 1.5 * len(desk.calls[asked:]) / 8
    assert report["rate"]["limited"] == 0


# --- bad records ----------------------------------------------------------------------------------


def test_one_bad_record_never_stops_the_rest(desk: IntercomWorkspace, home: Path) -> None:
    """Broken dates, nulls, 3 MB of text, NUL, half characters, unknown words: named, and nothing of
    what anybody wrote is."""
    desk.conversation(1, T)
    desk.part(1, 11, "comment", T + 1, contact(), "x" * 3_000_000)
    desk.part(1, 12, "comment", T + 2, contact(), "nul \0 \ud800 end")
    desk.part(1, 13, "comment", T + 3, contact(), "secret words")["created_at"] = "secret words"
    desk.part(1, 14, "teleport", T + 4, admin(ANN), "secret words")
    desk.part(1, 15, "comment", T + 5, admin(ANN), "secret words")["id"] = "0"
    desk.part(1, 16, "comment", T + 6, {"type": "wizard", "id": "3"}, "from whom")
    desk.part(1, 17, "comment", T + 7, admin(ANN), "after", state="ajar")
    desk.conversations["1"]["state"] = "on fire"
    desk.conversation(2, T)["created_at"] = "secret words"
    desk.conversation(3, T, contacts=None)["source"]["author"] = admin(ANN)
    desk.conversation(4, T, tags={"tags": [{"id": "1", "applied_at": "secret words"}]})
    desk.conversation(5, T, conversation_rating={"created_at": T + 5, "rating": 3,
                                                 "updated_at": "secret words"})  # fmt: skip
    desk.contact("c9", "2026-06-02T00:00:00Z")["created_at"] = None
    desk.teams.append({"id": "7", "name": "secret words", "admin_ids": 5})
    desk.tags = [{"id": None, "name": "secret words"}]
    add(home, desk)
    report = sync(home, status=3)
    assert {row["record"]: row["reason"] for row in report["left_out"]} == {
        "part/13": "it cannot be read (ValueError)",
        "part/0": "it cannot be read (ValueError)",
        "conversation/2": "it cannot be read (ValueError)",
        "source/2": "it cannot be read (ValueError)",
        "conversation/3": "it cannot be read (ValueError)",
        "conversation/4/tags": "it cannot be read (ValueError)",
        "conversation/5/rating": "it cannot be read (ValueError)",
        "contact/c9": "it cannot be read (ValueError)",
        "team/7": "it cannot be read (TypeError)",
        "tag/None": "it cannot be read (ValueError)",
    }
    assert report["unknown"] == {
        "author.type=wizard": 1, "conversation_parts.part_type=teleport": 1,
        "conversation_parts.state=ajar": 1, "conversations.state=on fire": 1,
    }  # fmt: skip
    assert report["unknown_examples"]["conversation_parts.part_type=teleport"] == "part/14"
    found = log(home)
    assert len(found[SOURCE, "part/11"]["content"]) == 3_000_000
    assert found[SOURCE, "part/12"]["content"].endswith(" end")
    assert (SOURCE, "part/17") in found
    assert {"conversation/4", "conversation/5"} <= {name for _, name in found}
    for text in (json.dumps(report), *(tawny(home, "sources", *call).out for call in (
        ("check", "app"), ("report", "app"), ("list",),
    ))):  # fmt: skip
        assert "secret words" not in text and "secret hello" not in text


# --- set up ---------------------------------------------------------------------------------------

ARGUMENTS = ("sources", "add", "intercom", "app")
BY_VARIABLE = ("--token", "env:INTERCOM_TOKEN")


def refused(home: Path, *options: str) -> str:
    """What is said of a call that is refused; nothing was stored."""
    result = tawny(home, *ARGUMENTS, *options)
    assert result.out == "" and result.status in (1, 2)
    assert TOKEN not in result.err and "Bearer" not in result.err
    assert tawny(home, "sources", "list", "--json").out == "[]\n"
    return result.err.removeprefix("tawny: ").removesuffix("\n")


def test_nothing_is_added_that_cannot_be_read(
    desk: IntercomWorkspace, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = ("--base-url", desk.url)
    assert refused(home, *at) == ("--token: found nothing; a source of the kind intercom needs it")
    assert refused(home, *at, "--token", TOKEN).startswith(
        "--token: found the secret itself; allowed env:NAME, file:PATH or -"
    )
    assert "moon" in refused(home, "--region", "moon", *BY_VARIABLE)
    monkeypatch.setenv("INTERCOM_TOKEN", "wrong secret")
    assert refused(home, *at, *BY_VARIABLE) == (
        "--token: found something that is no token; allowed one word of printable ASCII characters"
    )
    monkeypatch.setenv("INTERCOM_TOKEN", "wrong-secret")
    assert refused(home, *at, *BY_VARIABLE) == (
        "127.0.0.1: answered 401: the secret is not accepted; give a new one with tawny sources set"
    )
    monkeypatch.setenv("INTERCOM_TOKEN", TOKEN)
    for path, what in (
        ("/conversations/search", "conversations"), ("/contacts/search", "contacts"),
        ("/admins", "admins"), ("/teams", "teams"), ("/tags", "tags"),
        ("/data_attributes", "data attributes"),
    ):  # fmt: skip
        desk.refused = {path}
        assert refused(home, *at, *BY_VARIABLE) == (
            f"--token: it may not read {what}; give the app this right in the Developer Hub, "
            "Authentication"
        )
    desk.refused = set()
    desk.answers = [(302, {"Location": "https://elsewhere.example.com/api"}, b"")]
    assert refused(home, *at, *BY_VARIABLE) == (
        "127.0.0.1: answered 302, to go to elsewhere.example.com; secrets are sent to no other "
        "host, give the address it leads to"
    )
    desk.answers = [(200, {}, b'{"type": "admin"}')]
    assert refused(home, *at, *BY_VARIABLE) == "--token: whose it is has no workspace"
    monkeypatch.setenv("TAWNY_OUTGOING_PRIVATE", "")
    assert refused(home, *at, *BY_VARIABLE) == (
        "--base-url: 127.0.0.1: its address 127.0.0.1 is not a public one; whoever runs Tawny "
        "allows networks of their own in TAWNY_OUTGOING_PRIVATE"
    )


def test_the_wrong_region(
    desk: IntercomWorkspace, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A valid token is not known elsewhere: the others are asked, and which it is is said."""
    with (
        served(IntercomWorkspace(token="another")) as us,
        served(IntercomWorkspace(token="another")) as au,
    ):
        urls = {"us": us.url, "eu": desk.url, "au": au.url}
        monkeypatch.setattr(intercom, "REGIONS", urls)
        said = "--region: found {}; the token is one of a workspace in the region eu"
        assert refused(home, *BY_VARIABLE) == said.format("us")
        assert refused(home, "--region", "au", *BY_VARIABLE) == said.format("au")
        desk.conversation(1, T)
        assert tawny(home, *ARGUMENTS, "--region", "eu", *BY_VARIABLE).status == 0
        [created] = [e for e in events_of(home) if e["type"] == "conversation.created"]
        assert (created["source"], created["data"]["url"]) == (
            f"https://app.eu.intercom.com/a/apps/{APP}",
            f"https://app.eu.intercom.com/a/inbox/{APP}/inbox/conversation/1",
        )
        monkeypatch.setenv("INTERCOM_TOKEN", "nobodys")
        assert tawny(home, "sources", "check", "app").err == (
            "tawny: 127.0.0.1: answered 401: the secret is not accepted; give a new one with tawny "
            "sources set\n"
        )


def test_one_workspace_is_one_source(desk: IntercomWorkspace, home: Path) -> None:
    """The desk says which it is: a second source of it is refused, a token of another one too, and
    the prefix stays when it is removed and added again."""
    desk.conversation(1, T)
    add(home, desk, "--id-prefix", "a:")
    second = tawny(home, "sources", "add", "intercom", "two", "--base-url", desk.url, *BY_VARIABLE)
    assert second == Result(2, "", f"tawny: source: {SOURCE} is read already by the source app\n")
    sync(home)
    with served(IntercomWorkspace(app="other1")) as other:
        added = tawny(home, "sources", "add", "intercom", "two", "--base-url", other.url,
                      *BY_VARIABLE)  # fmt: skip
        assert added.status == 0
        two = json.loads(tawny(home, "sources", "check", "two", "--json").out)
        assert two["source"] == "https://app.intercom.com/a/apps/other1"
        assert tawny(home, "sources", "sync", "two").status == 0
        assert (two["source"], "team/5") not in log(home)
    desk.app = "other2"
    assert tawny(home, "sources", "sync", "app") == Result(
        1, "", "tawny: --token: found one of https://app.intercom.com/a/apps/other2; this source "
        f"reads {SOURCE}, add another one\n",
    )  # fmt: skip
    desk.app = APP
    assert tawny(home, "sources", "remove", "app").status == 0
    add(home, desk)
    assert sync(home)["accepted"] == 0
    assert all(
        event["conversation_id"] == "a:1"
        for (source, name), event in log(home).items()
        if source == SOURCE and name.startswith("conversation/")
    )


def test_what_a_test_of_the_access_says(desk: IntercomWorkspace, home: Path) -> None:
    """Secrets are in no file and no output."""
    desk.example(T)
    secret = home.parent / "token"
    secret.write_text(TOKEN)
    result = tawny(home, *ARGUMENTS, "--base-url", desk.url, "--token", f"file:{secret}")
    assert (result.status, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[:3] == [
        "account Acme, version 2.14",
        "found: conversations 1, contacts 1, admins 3, teams 2, tags 0",
        "oldest record 2026-06-08T10:16:40.000Z, newest 2026-06-08T10:16:40.000Z",
    ]
    assert [line for line in lines if line.startswith("stays empty: users.available_time")] == [
        "stays empty: users.available_time, users.away_time, user-presence (who was available when "
        "stands in the activity log, which the token may not read)"
    ]
    assert "budget: 50000 calls in 10 s, 50000 searches" in lines
    assert "the first sync asks for each of 1 conversations" in lines
    assert lines[-1] == "added app: tawny sources sync app reads it"
    sync(home)
    shown = json.loads(tawny(home, "sources", "check", "app", "--json").out)
    assert shown["secrets"] == {"token": f"file:{secret}"}
    for path in home.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            assert TOKEN.encode() not in body, path
            if path.name.startswith("state.db"):
                # What was written lies in the log and nowhere else.
                assert b"Still dark" not in body and b"secret note" not in body, path


def test_counts(desk: IntercomWorkspace, home: Path) -> None:
    """What the desk holds beside what the log does; what is missing is a line to act on."""
    many(desk, 20)
    desk.example(T)
    asked = {"created_at": T + 100, "rating": 4, "updated_at": T + 300}
    desk.conversations["7"]["conversation_rating"] = asked
    campaign = desk.conversation(50, T)["source"]
    campaign["delivered_as"] = "automated"
    desk.conversation(51, T)["source"]["type"] = "sms"
    add(home, desk, "--exclude-channel", "0/sms")
    sync(home)
    counted = json.loads(tawny(home, "sources", "check", "app", "--counts", "--json").out)
    assert {row["kind"] for row in counted["counts"]} == {
        "conversations", "messages inbound", "messages outbound", "contacts", "surveys", "answers",
    }  # fmt: skip
    assert [row for row in counted["counts"] if row["difference"]] == []
    desk.part(7, 78, "comment", T + 20_000, contact(LEAD), "unseen")
    counted = json.loads(tawny(home, "sources", "check", "app", "--counts", "--json").out)
    [row] = [row for row in counted["counts"] if row["difference"]]
    assert (row["kind"], row["month"], row["difference"]) == ("messages inbound", "2026-06", 1)


def test_what_the_desk_says_of_each_conversation_is_compared(
    desk: IntercomWorkspace, home: Path
) -> None:
    """Its own statistics beside what follows from the log; those that differ are named."""
    desk.example(T)
    desk.conversations["7"]["statistics"] = {
        "count_reopens": 1, "first_admin_reply_at": T + 1300, "first_close_at": T + 1310,
    }  # fmt: skip
    desk.conversation(8, T)["statistics"] = {
        "count_reopens": 2, "first_admin_reply_at": None, "first_close_at": T + 5,
    }  # fmt: skip
    add(home, desk)
    sync(home)
    counted = json.loads(tawny(home, "sources", "check", "app", "--counts", "--json").out)
    rows = {one["kind"]: one for one in counted["counts"] if one["kind"].startswith("stat")}
    said = {"month": "2026-06", "source": 2, "log": 1, "difference": 1, "records": ["8"]}
    assert rows == {
        "statistics.count_reopens": {"kind": "statistics.count_reopens", **said},
        "statistics.first_close_at": {"kind": "statistics.first_close_at", **said},
        "statistics.first_admin_reply_at": {
            "kind": "statistics.first_admin_reply_at", "month": "2026-06", "source": 1, "log": 1,
            "difference": 0, "records": [],
        },
    }  # fmt: skip
    told = tawny(home, "sources", "check", "app", "--counts").out
    assert "2026-06, statistics.first_close_at: 2 in the desk, 1 here; other here: 8\n" in told
    kept = json.loads(tawny(home, "sources", "report", "app", "--json").out)
    assert kept["open_gaps"] == 2
