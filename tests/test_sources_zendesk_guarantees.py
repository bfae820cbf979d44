"""What holds for a source that is read over HTTP, with Zendesk as the desk: nothing twice, nothing
lost, polite, and nothing said that is secret."""

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
from processes import told_events
from tawny.sources import budget
from test_sources_zendesk import DAY, add, events_of, made, messages, sync
from webhook_server import write_certificate
from zendesk_desk import (
    ANN,
    CLEO,
    EMAIL,
    OAUTH,
    TOKEN,
    ZendeskDesk,
    ago,
    change,
    comment,
)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[ZendeskDesk]:
    monkeypatch.setenv("ZENDESK_TOKEN", TOKEN)
    with served(ZendeskDesk()) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def many(desk: ZendeskDesk, tickets: int, seed: int = 1) -> None:
    """Tickets whose updates are often of the same second."""
    rng = random.Random(seed)
    for number in range(1, tickets + 1):
        at = f"{DAY}10:00:0{rng.randint(0, 2)}"
        made(desk, number)
        for place in range(1, rng.randint(2, 5)):
            who = rng.choice([ANN, CLEO])
            before, after = rng.choice([("new", "pending"), ("pending", "solved")])
            desk.audit(number * 1000 + place * 10, number, f"{at[:-1]}{place}Z", who,
                       comment(number * 1000 + 500 + place, who, f"text {place}"),
                       change("status", after, before), change("tags", ["a"], ["b"]))  # fmt: skip


def log(home: Path) -> dict[tuple[str, str], Any]:
    return told_events(home)


# --- nothing twice, nothing lost ----------------------------------------------------------------


def test_reading_again_adds_nothing(desk: ZendeskDesk, home: Path) -> None:
    many(desk, 40)
    desk.example()
    add(home, desk)
    first = sync(home)
    assert first["accepted"] > 200 and first["complete"]
    before = log(home)
    for options in ((), ("--full",), ("--since", "2026-03-01")):
        again = sync(home, *options)
        assert (again["accepted"], again["refused"], again["changed_after_sent"]) == (0, 0, 0)
        assert again["complete"]
    assert log(home) == before
    kept = tawny(home, "sources", "remove", "acme")
    assert kept.out == f"acme is removed; {len(before)} events of it stay\n"
    # The same desk under another name, with nothing left in the ledger.
    add(home, desk, name="again")
    assert "accepted=0 " in tawny(home, "sources", "sync", "again").out


@pytest.mark.parametrize("page", [3, 7, 1000])
def test_pages_do_not_matter(desk: ZendeskDesk, home: Path, page: int) -> None:
    """Pages repeat their last second, and hold all of a second that is larger than they are."""
    desk.page = page
    many(desk, 60)
    for number in range(100, 500):
        desk.audit(number * 1000, 1, f"{DAY}11:00:00Z", ANN, comment(number * 1000 + 1, ANN, "tie"))
    add(home, desk)
    report = sync(home)
    assert report["complete"]
    assert report["read"]["tickets"] == 60
    sent = {e["data"]["message_id"] for e in events_of(home, "--full")
            if e["type"] == "message.created"}  # fmt: skip
    assert sent == set()
    public = {child["id"] for row in desk.events for child in row["child_events"]
              if child["event_type"] == "Comment"}  # fmt: skip
    assert {name for _, name in log(home) if name.startswith("comment/")} == {
        f"comment/{one}" for one in public
    }


def test_a_page_that_comes_again_and_again(desk: ZendeskDesk, home: Path) -> None:
    """It is said, and what was read before is kept."""
    many(desk, 5)
    add(home, desk)
    desk.stuck = True
    result = tawny(home, "sources", "sync", "acme")
    assert result == Result(
        1, "", "tawny: /api/v2/incremental/ticket_events.json: the desk gives the same page again; "
        "what was read before is kept, and a later sync goes on from there\n",
    )  # fmt: skip
    desk.stuck = False
    assert sync(home)["complete"]
    assert (desk.url, "comment/1501") in log(home)


@pytest.mark.parametrize("seed", range(2))
def test_killed_anywhere_the_next_sync_finishes_the_same_log(
    desk: ZendeskDesk, tmp_path: Path, seed: int
) -> None:
    """Killed at random, the log is that of a run that nobody disturbed."""
    many(desk, 250, seed)
    desk.page = 40
    desk.lists["satisfaction_ratings"] = [
        {"id": n, "ticket_id": n, "score": "good", "created_at": f"{DAY}12:00:00Z",
         "updated_at": f"{DAY}13:00:00Z"} for n in range(1, 250)
    ]  # fmt: skip
    whole, home = tmp_path / "whole", tmp_path / "home"
    add(whole, desk)
    begun = time.monotonic()
    sync(whole)
    longest_s = time.monotonic() - begun
    add(home, desk)
    rng = random.Random(seed)
    driver = (
        "import sys, tawny.sources.sync\n"
        "tawny.sources.sync.CHECKPOINT_EVENTS = 150\n"
        "from tawny.cli.main import run\n"
        "sys.exit(run(sys.argv[1:]))"
    )
    killed = 0
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", driver, "--home", str(home), "sources", "sync", "acme"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(0.8 + rng.random() * (longest_s + 1))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed > 0
    found = sync(home)
    assert found["refused"] == found["changed_after_sent"] == 0
    assert log(home) == log(whole)


def test_a_lost_ledger_is_learned_from_the_log(desk: ZendeskDesk, home: Path) -> None:
    many(desk, 20)
    add(home, desk)
    sync(home)
    before = log(home)
    for path in home.glob("state.db*"):
        path.unlink()
    desk.user(ANN, "Ann Two", role="agent", email="ann@acme.example")
    desk.users[ANN]["updated_at"] = "2026-07-01T00:00:00Z"
    add(home, desk)
    report = sync(home)
    assert report["events"] == {"agent.saved": 1}
    assert (report["refused"], report["changed_after_sent"]) == (0, 0)
    assert len(log(home)) == len(before) + 1


def test_young_records_wait(desk: ZendeskDesk, home: Path) -> None:
    """What is younger than the lag is left for the next sync, and lost by none."""
    made(desk, 1)
    desk.ticket(2, ago(70))
    desk.audit(2000, 2, ago(70), CLEO, comment(2001, CLEO, "young ticket"))
    desk.audit(1100, 1, ago(90), CLEO, comment(1101, CLEO, "young"))
    desk.audit(1200, 1, ago(200), CLEO, comment(1201, CLEO, "settled"))
    add(home, desk)
    sync(home)
    assert {name for _, name in log(home) if name.startswith(("comment/", "ticket/"))} == {
        "ticket/1", "comment/1090", "comment/1201",
    }  # fmt: skip
    assert tawny(home, "sources", "set", "acme", "--lag", "61s").status == 0
    assert sync(home)["events"]["message.created"] == 2
    refused = tawny(home, "sources", "set", "acme", "--lag", "30s")
    assert refused == Result(
        2, "", "tawny: --lag: found '30s'; allowed 60s to 30d, such as 90s, 5m, 1h\n"
    )


def test_since(desk: ZendeskDesk, home: Path) -> None:
    """Older tickets are not read; a ticket that goes on is, with its customer."""
    desk.user(901, "Dee", email="dee@example.net")
    made(desk, 1)
    made(desk, 2, requester=901)
    desk.audit(2100, 2, "2026-08-01T10:00:00Z", ANN, comment(2101, ANN, "late"),
               change("status", "open", "pending"))  # fmt: skip
    add(home, desk, "--since", "2026-07-01")
    events = events_of(home)
    assert [e["id"] for e in events if e["type"] == "conversation.created"] == ["ticket/2"]
    assert messages(events).keys() == {"2101"}
    assert messages(events)["2101"]["team_id"] == "30"
    contacts = [e["data"]["contact_id"] for e in events if e["type"] == "contact.saved"]
    assert contacts == ["901"]


# --- polite -------------------------------------------------------------------------------------


def test_a_busy_desk_is_left_alone_and_asked_again(desk: ZendeskDesk, home: Path) -> None:
    made(desk, 1)
    add(home, desk)
    desk.answers = [
        (429, {"Retry-After": "1"}, b""), (503, {"Retry-After": "1"}, b""), (502, {}, b""),
        (0, {}, b""), (429, {"Retry-After": "1"}, b""),
    ]  # fmt: skip
    report = sync(home)
    assert report["complete"]
    assert report["rate"]["limited"] == 2
    assert 3 <= report["rate"]["waited_s"] < 10
    assert report["rate"]["requests"] > 10
    result = tawny(home, "sources", "sync", "acme", "--json")
    assert all(json.loads(line)["waiting"] is None for line in result.err.splitlines())
    desk.answers = [(0, {}, b"")] * 3 + [(429, {"Retry-After": "2"}, b"")]
    result = tawny(home, "sources", "sync", "acme", "--json")
    waiting = [json.loads(line)["waiting"] for line in result.err.splitlines()]
    assert "waiting 2 s for the limits of the desk" in waiting
    desk.answers = [(429, {"Retry-After": "3600"}, b"")]
    result = tawny(home, "sources", "sync", "acme")
    assert result == Result(
        1, "", "tawny: 127.0.0.1: answered 429 to /api/v2/users/me.json and wants to be left alone "
        "for 3600 s; a later sync goes on where this one stopped\n",
    )  # fmt: skip


def test_no_more_calls_than_the_budget(
    desk: ZendeskDesk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A share of what the headers allow, in any minute; the minute of this test is a second."""
    monkeypatch.setattr(budget, "WINDOW_S", 1.0)
    desk.page = 3
    many(desk, 30)
    desk.exports_per_minute = 20
    add(home, desk, "--budget", "20%")
    begun, asked = time.monotonic(), len(desk.calls)
    report = sync(home)
    exports = sum("/incremental/" in one for one in desk.calls[asked:])
    assert exports > 12
    least_s = exports / 4 - 1.5
    assert time.monotonic() - begun >= least_s
    assert report["rate"]["waited_s"] <= 1.5 * (exports / 4)
    assert report["rate"]["limited"] == 0
    wrong = tawny(home, "sources", "set", "acme", "--budget", "120%")
    assert wrong == Result(
        2, "", "tawny: --budget: found '120%'; allowed 1% to 100%, such as 50%\n"
    )


# --- bad records --------------------------------------------------------------------------------


def test_one_bad_record_never_stops_the_rest(desk: ZendeskDesk, home: Path) -> None:
    """Broken dates, nulls, 3 MB of text, NUL, half characters, unknown words: named, and nothing of
    what anybody wrote is."""
    made(desk, 1, comment(11, CLEO, "secret words"))
    made(desk, 2)
    desk.tickets[2]["created_at"] = "yesterday, secret words"
    made(desk, 3)
    desk.tickets[3]["requester_id"] = None
    desk.audit(1100, 1, f"{DAY}11:00:00Z", ANN, comment(12, ANN, "x" * 3_000_000),
               comment(13, ANN, "nul \0 \ud800 end"),
               comment(14, ANN, "secret words", created_at="secret words"),
               {"event_type": "TeleportEvent", "body": "secret words"},
               {"event_type": "Notification", "body": "secret words"},
               change("status", "on fire", "new"),
               {"event_type": "Comment", "id": None})  # fmt: skip
    desk.audit(1200, 1, f"{DAY}12:00:00Z", CLEO, comment(15, CLEO, "after"))
    desk.events.append({"id": 1300, "ticket_id": 1, "timestamp": 5, "created_at": "secret words"})
    desk.users[CLEO] |= {"role": "wizard"}
    desk.user(904, "Bad")["created_at"] = None
    desk.lists["brands"].append({"id": 3, "name": "secret words", "created_at": None})
    desk.lists["groups"].append({"id": 32, "name": "secret words", "created_at": None})
    add(home, desk)
    report = sync(home, status=3)
    assert {row["record"]: row["reason"] for row in report["left_out"]} == {
        "ticket/2": "it cannot be read (ValueError)",
        "ticket/3": "it cannot be read (ValueError)",
        "ticket_event/1100/14": "it cannot be read (ValueError)",
        "ticket_event/1106": "its status is unknown",
        "ticket_event/1100/None": "it cannot be read (ValueError)",
        "ticket_event/1300": "it cannot be read (ValueError)",
        "user/904": "it cannot be read (ValueError)",
        "brand/3": "it cannot be read (ValueError)",
        "team/32": "it cannot be read (ValueError)",
    }
    assert report["unknown"] == {
        "child_events.event_type=TeleportEvent": 1, "tickets.status=on fire": 2,
        "users.role=wizard": 1,
    }  # fmt: skip
    assert report["unknown_examples"]["child_events.event_type=TeleportEvent"] == (
        "ticket_event/1104"
    )
    found = log(home)
    assert len(found[desk.url, "comment/12"]["content"]) == 3_000_000
    assert found[desk.url, "comment/13"]["content"].endswith(" end")
    assert (desk.url, "comment/15") in found
    for text in (json.dumps(report), *(tawny(home, "sources", *call).out for call in (
        ("check", "acme"), ("report", "acme"), ("list",),
    ))):  # fmt: skip
        assert "secret words" not in text and "secret subject" not in text


# --- set up -------------------------------------------------------------------------------------

ARGUMENTS = ("sources", "add", "zendesk", "acme")


def refused(home: Path, *options: str) -> str:
    """What is said of a call that is refused; nothing was stored."""
    result = tawny(home, *ARGUMENTS, *options)
    assert result.out == "" and result.status in (1, 2)
    assert TOKEN not in result.err and OAUTH not in result.err and "Basic" not in result.err
    assert tawny(home, "sources", "list", "--json").out == "[]\n"
    return result.err.removeprefix("tawny: ").removesuffix("\n")


def test_nothing_is_added_that_cannot_be_read(
    desk: ZendeskDesk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = ("--email", EMAIL, "--token", "env:ZENDESK_TOKEN")
    at = ("--base-url", desk.url)
    assert refused(home, *token) == (
        "--subdomain: found nothing; a source of the kind zendesk needs it, or --base-url"
    )
    assert refused(home, "--subdomain", "a.b/c", *token) == (
        "--subdomain: found 'a.b/c'; allowed the first word of the desk's address, such as acme "
        "for https://acme.zendesk.com"
    )
    assert refused(home, *at) == (
        "--token: a source of the kind zendesk needs --email with --token, or --oauth-token"
    )
    assert refused(home, *at, "--token", "env:ZENDESK_TOKEN") == (
        "--email: found nothing; allowed the address of the administrator whose token it is"
    )
    assert refused(home, *at, "--email", EMAIL, "--token", TOKEN).startswith(
        "--token: found the secret itself; allowed env:NAME, file:PATH or -"
    )
    assert refused(home, "--base-url", "http://someone:pass@desk.example.com", *token) == (
        "--base-url: found '***'; allowed the address of the desk, such as https://desk.example.com"
    )
    monkeypatch.setenv("ZENDESK_TOKEN", "wrong-secret")
    assert refused(home, *at, *token) == (
        "127.0.0.1: answered 401: the secret is not accepted; give a new one with tawny sources set"
    )
    monkeypatch.setenv("ZENDESK_TOKEN", TOKEN)
    desk.users[1]["role"] = "agent"
    assert refused(home, *at, *token) == (
        "--token: found one of the role agent; the exports of Zendesk are for administrators, who "
        "make a token in Admin Center, Apps and integrations, APIs, Zendesk API"
    )
    desk.users[1]["role"] = "admin"
    desk.answers = [(302, {"Location": "https://elsewhere.example.com/api"}, b"")]
    assert refused(home, *at, *token) == (
        "127.0.0.1: answered 302, to go to elsewhere.example.com; secrets are sent to no other "
        "host, give the address it leads to"
    )
    desk.answers = [(200, {}, b"[1]")]
    assert refused(home, *at, *token) == (
        "127.0.0.1: what answers /api/v2/users/me.json is no JSON object"
    )
    desk.answers = [(200, {}, b'{"user": ' + b"[" * 100_000)]
    assert refused(home, *at, *token) == (
        "127.0.0.1: what answers /api/v2/users/me.json is no JSON object"
    )
    assert refused(home, "--base-url", "http://127.0.0.1:1", *token) == (
        "--base-url: 127.0.0.1: port 1 is closed: nothing listens there"
    )
    monkeypatch.setenv("TAWNY_OUTGOING_PRIVATE", "")
    assert refused(home, *at, *token) == (
        "--base-url: 127.0.0.1: its address 127.0.0.1 is not a public one; whoever runs Tawny "
        "allows networks of their own in TAWNY_OUTGOING_PRIVATE"
    )
    monkeypatch.setenv("TAWNY_OUTGOING_HOSTS", "other.example.com")
    assert refused(home, *at, *token) == (
        "--base-url: 127.0.0.1: calls to this host are not allowed; whoever runs Tawny adds it to "
        "TAWNY_OUTGOING_HOSTS"
    )


def test_known_by_its_subdomain_and_read_elsewhere(desk: ZendeskDesk, home: Path) -> None:
    desk.example()
    add(home, desk, "--subdomain", "ACME.zendesk.com")
    [created] = [e for e in events_of(home) if e["type"] == "conversation.created"]
    assert (created["source"], created["data"]["url"]) == (
        "https://acme.zendesk.com", "https://acme.zendesk.com/agent/tickets/4711",
    )  # fmt: skip


def test_with_tls(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only with a certificate that is trusted."""
    write_certificate(tmp_path)
    monkeypatch.setenv("ZENDESK_TOKEN", TOKEN)
    monkeypatch.setenv("TAWNY_OUTGOING_PRIVATE", "127.0.0.1,::1")
    with served(ZendeskDesk(), tmp_path) as desk:
        desk.example()
        said = refused(home, "--base-url", desk.url, "--email", EMAIL, "--token",
                       "env:ZENDESK_TOKEN")  # fmt: skip
        assert said == (
            "localhost: its certificate is not accepted; who trusts it names its authority in "
            "SSL_CERT_FILE where Tawny runs"
        )
        assert desk.calls == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        add(home, desk)
        assert sync(home)["complete"]


def test_an_answer_that_is_too_long_is_not_parsed(
    desk: ZendeskDesk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tawny.sources.http import client

    monkeypatch.setattr(client, "MOST_BYTES", 1 << 20)
    desk.answers = [(200, {}, b'{"user": "' + b"x" * (2 << 20) + b'"}')]
    assert refused(home, "--base-url", desk.url, "--email", EMAIL, "--token",
                   "env:ZENDESK_TOKEN") == (
        "127.0.0.1: the answer to /api/v2/users/me.json is longer than 1 MiB; it was not read"
    )  # fmt: skip


def test_what_a_test_of_the_access_says(desk: ZendeskDesk, home: Path) -> None:
    """Also with OAuth; secrets are in no file and no output."""
    desk.example()
    secret = home.parent / "oauth"
    secret.write_text(OAUTH)
    result = tawny(home, *ARGUMENTS, "--base-url", desk.url, "--oauth-token", f"file:{secret}")
    assert (result.status, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[:3] == [
        "account Acme, version v2",
        "found: tickets 1, users 4, groups 2, brands 1",
        "oldest record 2026-06-08T10:00:00.000Z, newest 2026-06-08T10:00:00.000Z",
    ]
    assert "stays empty: tags, messages.tag_ids, messages.tag_names, users.tags_added, " \
        "virtual-agents.tagged_messages, virtual-agents.tags_applied (comments have no tags; the " \
        "tags of tickets are topics)" in lines  # fmt: skip
    assert any(line.startswith("stays empty: users.available_time") for line in lines)
    assert "budget: 30000 calls of exports a minute, 30000 others" in lines
    assert lines[-1] == "added acme: tawny sources sync acme reads it"
    sync(home)
    shown = json.loads(tawny(home, "sources", "check", "acme", "--json").out)
    assert shown["secrets"] == {"oauth_token": f"file:{secret}"}
    for path in home.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            assert OAUTH.encode() not in body, path
            if path.name.startswith("state.db"):
                # What was written lies in the log and nowhere else.
                assert b"Still broken" not in body, path


def test_counts(desk: ZendeskDesk, home: Path) -> None:
    """What the exports hold beside what the log does; what is missing is a line to act on."""
    many(desk, 20)
    desk.example()
    desk.lists["satisfaction_ratings"] = [
        {"id": 5, "ticket_id": 1, "score": "good", "created_at": f"{DAY}12:00:00Z",
         "updated_at": f"{DAY}13:00:00Z"},
    ]  # fmt: skip
    add(home, desk)
    sync(home)
    counted = json.loads(tawny(home, "sources", "check", "acme", "--counts", "--json").out)
    assert {row["kind"] for row in counted["counts"]} == {
        "conversations", "messages inbound", "messages outbound", "contacts", "surveys", "answers",
    }  # fmt: skip
    assert [row for row in counted["counts"] if row["difference"]] == []
    desk.audit(4000, 4711, f"{DAY}15:00:00Z", CLEO, comment(4001, CLEO, "unseen"))
    counted = json.loads(tawny(home, "sources", "check", "acme", "--counts", "--json").out)
    [row] = [row for row in counted["counts"] if row["difference"]]
    assert (row["kind"], row["month"], row["difference"]) == ("messages inbound", "2026-06", 1)
