"""What holds for every source: nothing twice, nothing lost, nothing said that is secret. The desk
is a Chatwoot database, and the commands are those people type."""

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

import psycopg
import pytest

from chatwoot_desk import SOURCE, URL, ChatwootDesk, now_text
from commands import Result, tawny, tawny_process
from postgres import Cluster, cluster
from processes import logged_events, told_events
from tawny.model.zones import instant_text, to_ms
from test_sources_chatwoot import DAY, add, events_of, report, sync

Json = dict[str, Any]

RANGE = ("--from", "2026-01-01", "--to", "2027-01-01", "--as-of", "2027-01-01T00:00:00Z")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture
def desk(postgres: Cluster, monkeypatch: pytest.MonkeyPatch) -> ChatwootDesk:
    made = ChatwootDesk(postgres.new_database()).create()
    monkeypatch.setenv("CHATWOOT_DATABASE_URL", made.address)
    return made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def many(desk: ChatwootDesk, conversations: int, seed: int = 1) -> None:
    """Conversations of every sort, whose times are often the same."""
    rng = random.Random(seed)
    desk.add_all("labels", [{"title": title} for title in ("refund", "vip", "lost")])
    desk.add_all("teams", [{"id": 4, "name": "Returns"}])
    rows: list[Json] = []
    others: dict[str, list[Json]] = {"messages": [], "reporting_events": []}
    for number in range(1, conversations + 1):
        day = f"2026-0{rng.randint(1, 6)}-{rng.randint(1, 28):02d}"
        at = f"{day} 08:00:0{rng.randint(0, 3)}"
        status = rng.choice([0, 1, 1, 3])
        rows.append({
            "id": number, "display_id": number, "inbox_id": 5, "contact_id": 90, "at": at,
            "status": status, "updated_at": f"{day} 12:00:00",
            "team_id": rng.choice([None, 4]),
        })  # fmt: skip
        common = {"conversation_id": number, "inbox_id": 5}
        for second in range(rng.randint(1, 6)):
            kind = rng.choice([0, 1])
            others["messages"].append({
                **common, "message_type": kind, "content": f"text {second}",
                "sender_type": "User" if kind else "Contact", "sender_id": 12 if kind else 90,
                "at": f"{day} 09:00:0{second}",
            })  # fmt: skip
        if status == 1:
            others["reporting_events"].append({
                **common, "name": "conversation_resolved", "at": f"{day} 11:00:00",
                "event_end_time": f"{day} 11:00:00",
            })  # fmt: skip
            others["messages"].append({
                **common, "message_type": 2, "at": f"{day} 11:00:01", "sender_type": None,
                "content": "Conversation was marked resolved by Ann Berg", "sender_id": None,
            })  # fmt: skip
    desk.add_all("conversations", rows)
    for table, found in others.items():
        desk.add_all(table, found)


def exports(home: Path, folder: Path) -> dict[str, bytes]:
    result = tawny(home, "export", "all", *RANGE, "-o", str(folder))
    assert (result.status, result.err) == (0, "")
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.csv"))}


def facts(home: Path) -> dict[tuple[str, str], Any]:
    """The log, but for when its events arrived."""
    return told_events(home)


# --- nothing twice, nothing lost ----------------------------------------------------------------


def test_reading_again_adds_nothing(desk: ChatwootDesk, home: Path, tmp_path: Path) -> None:
    many(desk, 100)
    desk.example()
    add(home)
    first = sync(home)
    assert first["accepted"] > 500 and first["complete"]
    before = exports(home, tmp_path / "one")
    for options in ((), ("--full",), ("--since", "2026-03-01")):
        again = sync(home, *options)
        assert (again["accepted"], again["refused"], again["changed_after_sent"]) == (0, 0, 0)
    assert again["duplicates"] > 0
    assert exports(home, tmp_path / "two") == before
    assert any(body.count(b"\n") > 50 for body in before.values())


@pytest.mark.parametrize("seed", range(3))
def test_killed_anywhere_the_next_sync_finishes_the_same_log(
    desk: ChatwootDesk, tmp_path: Path, seed: int
) -> None:
    """Killed at random, the log is that of a run that nobody disturbed."""
    many(desk, 300, seed)
    whole, home = tmp_path / "whole", tmp_path / "home"
    add(whole)
    begun = time.monotonic()
    sync(whole)
    longest_s = time.monotonic() - begun
    add(home)
    rng = random.Random(seed)
    driver = (
        "import sys, tawny.sources.sync, tawny.sources.chatwoot.reader\n"
        "tawny.sources.sync.CHECKPOINT_EVENTS = 150\n"
        "tawny.sources.chatwoot.reader.PAGE = 20\n"
        "from tawny.cli.main import run\n"
        "sys.exit(run(sys.argv[1:]))"
    )
    killed = 0
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", driver, "--home", str(home), "sources", "sync", "desk"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(0.5 + rng.random() * (longest_s + 1))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed > 0
    found = sync(home)
    assert found["refused"] == found["changed_after_sent"] == 0
    assert facts(home) == facts(whole)


def test_a_lost_ledger_is_learned_from_the_log(desk: ChatwootDesk, home: Path) -> None:
    """Killed between the log and the ledger, or restored without it; changes since then count."""
    many(desk, 30)
    desk.add("users", id=13, name="Bo")
    desk.add("account_users", user_id=13)
    add(home)
    sync(home)
    for path in home.glob("state.db*"):
        path.unlink()
    desk.sql("UPDATE users SET name = 'Bo Two', updated_at = '2026-05-01' WHERE id = 13")
    [(message,)] = desk.sql("SELECT min(id) FROM messages WHERE message_type = 1")
    desk.sql(
        "UPDATE messages SET content = 'new', updated_at = '2026-07-01' WHERE id = %s", message
    )
    add(home)
    found = sync(home)
    assert found["events"] == {"agent.saved": 1, "message.updated": 1}
    assert (found["refused"], found["changed_after_sent"]) == (0, 0)
    saved = [e for (_, name), e in facts(home).items() if name.startswith("agent/13/")]
    assert sorted((e["time"].isoformat()[:10], e["name"]) for e in saved) == [
        ("2020-01-01", "Bo"), ("2026-05-01", "Bo Two"),
    ]  # fmt: skip


def test_rows_that_commit_late(desk: ChatwootDesk, home: Path) -> None:
    """Rows stamped before the last sync and committed after it arrive, also hundreds of the same
    instant; those older than the overlap too, and they are counted."""
    add(home, "--lag", "60s")
    stamped = now_text(240)
    with psycopg.connect(desk.address) as late:
        late.execute(
            "INSERT INTO conversations (id, account_id, inbox_id, contact_id, display_id, "
            "created_at, updated_at) SELECT n, 1, 5, 90, n, %s, %s FROM generate_series(1, 400) n",
            (stamped, stamped),
        )
        desk.conversation(900, now_text(120), id=900)
        assert sync(home)["events"]["conversation.created"] == 1
        late.commit()
    assert sync(home)["events"] == {"conversation.created": 400}
    desk.message(1, now_text(200), "late, and its conversation is not touched")
    assert sync(home)["events"] == {"message.created": 1}
    old = desk.conversation(901, f"{DAY}08:00:00", id=901, updated_at=now_text(200))
    sync(home)
    desk.sql("UPDATE conversations SET updated_at = %s WHERE id = %s", f"{DAY}08:00:00", old)
    desk.message(old, f"{DAY}09:00:00", "older than the overlap")
    found = sync(home)
    assert (found["events"], found["late"]) == ({"message.created": 1}, 1)


def test_ties_do_not_hang_on_the_size_of_a_page(
    desk: ChatwootDesk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds of rows of one timestamp, in pages smaller than that, each read once."""
    from tawny.sources.chatwoot import reader

    monkeypatch.setattr(reader, "PAGE", 7)
    desk.add_all(
        "conversations",
        [{"inbox_id": 5, "contact_id": 90, "display_id": n, "at": f"{DAY}08:00:00"}
         for n in range(1, 301)],
    )  # fmt: skip
    add(home)
    found = sync(home)
    assert found["read"]["conversations"] == 300
    assert found["events"]["conversation.created"] == 300


def test_young_records_wait_and_future_ones_do_not(desk: ChatwootDesk, home: Path) -> None:
    """What is younger than the lag is left for the next sync; a wrong clock is kept and counted."""
    one = desk.conversation(1, now_text(600), updated_at=now_text(10))
    settled = desk.message(one, now_text(500), "settled")
    desk.message(one, now_text(10), "young")
    future = desk.message(one, now_text(-86_400), "future")
    add(home)
    created = [e["data"]["message_id"] for e in events_of(home) if e["type"] == "message.created"]
    assert created == [str(settled), str(future)]
    found = sync(home)
    assert (found["future"], found["observed"]) == (1, 0)


def test_since_and_until(desk: ChatwootDesk, home: Path) -> None:
    for number, month in enumerate(("01", "02", "03"), 1):
        desk.conversation(number, f"2026-{month}-10 08:00:00")

    def numbers(*options: str) -> list[str]:
        return [e["data"]["conversation_id"] for e in events_of(home, *options)
                if e["type"] == "conversation.created"]  # fmt: skip

    add(home, "--since", "2026-02-01")
    assert numbers() == ["2", "3"]
    assert numbers("--until", "2026-03-01") == ["2"]
    sync(home)
    assert numbers() == []
    assert numbers("--since", "2026-01-01") == ["1"]
    # Read from an earlier and then from a later time: everything is what the earlier one means.
    sync(home, "--since", "2026-01-01")
    sync(home, "--since", "2026-03-01")
    assert sync(home, "--full")["read"]["conversations"] == 3
    wrong = tawny(home, "sources", "sync", "desk", "--since", "yesterday")
    assert wrong == Result(
        2, "", "tawny: --since: found 'yesterday'; allowed a date such as 2025-01-01, or an "
        "instant such as 2025-01-01T08:00:00Z\n",
    )  # fmt: skip


def test_who_was_there_before_the_beginning(desk: ChatwootDesk, home: Path) -> None:
    """A contact that did not change since then is read with its first conversation that did."""
    desk.add("contacts", id=91, name="Nobody", email="nobody@example.net")
    desk.conversation(1, "2026-03-10 08:00:00")
    add(home, "--since", "2026-02-01")
    saved = [e["id"] for e in events_of(home) if e["type"] == "contact.saved"]
    assert [one.partition("/")[2].partition("/")[0] for one in saved] == ["90"]
    first = sync(home)
    assert first["events"]["contact.saved"] == 1
    assert first["live_since"] == first["until"]
    assert abs(first["clock_difference_s"]) < 60
    desk.conversation(2, now_text(300), contact_id=91)
    again = sync(home)
    assert (again["events"].get("contact.saved"), again["accepted"]) == (1, 3)
    assert again["live_since"] == first["live_since"]
    assert sync(home, "--full")["accepted"] == 0


# --- bad records --------------------------------------------------------------------------------


def test_a_bad_record_never_stops_the_rest(desk: ChatwootDesk, home: Path) -> None:
    """Broken dates, nulls, 3 MB of text, NUL, unknown values, records that are half deleted."""
    one = desk.conversation(1, f"{DAY}08:00:00")
    broken = desk.message(one, f"{DAY}08:00:01", "secret words")
    desk.sql("UPDATE messages SET created_at = 'infinity' WHERE id = %s", broken)
    ancient = desk.message(one, f"{DAY}08:00:01", "secret words")
    desk.sql("UPDATE messages SET created_at = '4000-01-01 BC' WHERE id = %s", ancient)
    odd = desk.message(one, f"{DAY}08:00:02", "secret words", message_type=7)
    nul = desk.message(one, f"{DAY}08:00:03", "fine", content_attributes='{"a": "\\u0000\\ud800"}')
    long = desk.message(one, f"{DAY}08:00:04", "x" * 3_000_000)
    lost = desk.conversation(2, f"{DAY}08:00:00", contact_id=4711)
    desk.message(lost, f"{DAY}08:00:05", "secret words")
    desk.conversation(3, f"{DAY}08:00:00", status=9)
    endless = desk.conversation(4, f"{DAY}08:00:00")
    desk.sql("UPDATE conversations SET updated_at = 'infinity' WHERE id = %s", endless)
    never = desk.conversation(5, f"{DAY}08:00:00")
    desk.sql("UPDATE conversations SET created_at = '-infinity' WHERE id = %s", never)
    desk.sql("ALTER TABLE contacts ALTER created_at DROP NOT NULL")
    desk.sql("INSERT INTO contacts (id, account_id, name, updated_at) VALUES (77, 1, 'x', now())")
    desk.sql("UPDATE contacts SET updated_at = '2026-01-01' WHERE id = 77")
    desk.add("labels", id=5, title="t" * 300)
    desk.sql("UPDATE inboxes SET timezone = 'Mars/Base', working_hours_enabled = true")
    add(home)
    found = sync(home, status=3)
    left_out = {row["record"]: row["reason"] for row in found["left_out"]}
    no_date = "its time is no date between the years 1 and 9999"
    assert left_out == {
        f"message/{broken}": no_date,
        f"message/{ancient}": no_date,
        f"message/{odd}": "its message_type is unknown",
        "conversation/2": "its contact or its inbox is gone",
        "conversation/5": "it cannot be read (TypeError)",
        "contact/77": "it cannot be read (ValueError)",
    }
    assert found["unknown"] == {
        "conversations.status=9": 1, "messages.message_type=7": 1, "inboxes.timezone=Mars/Base": 1,
    }  # fmt: skip
    assert found["unknown_examples"]["conversations.status=9"] == "conversation/3"
    assert not found["complete"]
    log = facts(home)
    assert log[SOURCE, f"message/{nul}"]["content"] == "fine"
    assert len(log[SOURCE, f"message/{long}"]["content"]) == 3_000_000
    assert (SOURCE, "conversation/3") in log and (SOURCE, "conversation/4") in log
    assert "secret words" not in json.dumps(found)


def test_what_the_log_refuses_is_named_without_its_value(desk: ChatwootDesk, home: Path) -> None:
    one = desk.conversation(1, f"{DAY}08:00:00")
    desk.label(one, f"{DAY}08:00:00", "l" * 300)
    add(home)
    result = tawny(home, "sources", "sync", "desk")
    assert result.status == 3
    assert "data.topic_id: refused; allowed" in result.err
    assert "refused=2" in result.out
    assert len(facts(home)) > 4
    # Nothing is taken for sent that was refused.
    assert sync(home, "--full", status=3)["refused"] == 2
    kept = tawny(home, "log", "--format", "json")
    assert json.loads(kept.out)["refused"] == 4


def test_two_accounts_in_one_log(desk: ChatwootDesk, home: Path) -> None:
    """Every query is bound to one account, and the second has a prefix on all it names."""
    desk.example()
    desk.add("accounts", id=2, name="Other Ltd")
    desk.add("users", id=22, name="Zoe")
    desk.add("account_users", account_id=2, user_id=22)
    desk.add(
        "inboxes", id=6, account_id=2, channel_id=1, name="Mail", channel_type="Channel::Email"
    )
    desk.add("contacts", id=95, account_id=2, email="e@example.net")
    other = desk.conversation(1042, f"{DAY}08:00:00", account_id=2, inbox_id=6, contact_id=95)
    desk.message(other, f"{DAY}08:00:01", "in", account_id=2, inbox_id=6, id=9000)
    desk.reply(other, f"{DAY}08:00:02", account_id=2, inbox_id=6, sender_id=22, id=9001)
    add(home)
    first = {e["id"] for e in events_of(home)}
    assert not {one for one in first if "9000" in one or one.startswith("contact/95/")}
    add(home, name="other", account=2)
    sync(home)
    sync(home, name="other")
    second = {name: e for (source, name), e in facts(home).items() if source.endswith("/2")}
    reply = second["message/9001"]
    assert (reply["message_id"], reply["conversation_id"], reply["agent_id"]) == (
        "other:9001", "other:1042", "other:22",
    )  # fmt: skip
    assert second["conversation/1042"]["channel_id"] == "other:6"
    assert second["conversation/1042"]["contact_id"] == "other:95"
    again = tawny(home, "sources", "add", "chatwoot", "third", "--url", "https://x.example.com",
                  "--account", "2", "--database-url", "env:CHATWOOT_DATABASE_URL",
                  "--id-prefix", "other:")  # fmt: skip
    assert again.status == 2
    assert "another source has or had" in again.err


# --- gone ---------------------------------------------------------------------------------------


def test_gone_and_merged(desk: ChatwootDesk, home: Path) -> None:
    """An open conversation that is gone is resolved; a merged contact keeps its id and gets the
    identifiers of the survivor; nothing is erased that nobody asked for."""
    desk.add("contacts", id=91, name="Old", email="old@example.net")
    desk.add("contacts", id=92, name="Leaving")
    open_ = desk.conversation(1, f"{DAY}08:00:00")
    closed = desk.conversation(2, f"{DAY}08:00:00", status=1)
    desk.signal(closed, f"{DAY}09:00:00", "conversation_resolved")
    moved = desk.conversation(3, f"{DAY}08:00:00", contact_id=91)
    add(home)
    sync(home)
    desk.sql("DELETE FROM conversations WHERE id IN (%s, %s)", open_, closed)
    desk.sql("UPDATE conversations SET contact_id = 90 WHERE id = %s", moved)
    desk.sql("DELETE FROM contacts WHERE id IN (91, 92)")
    desk.touch(moved, f"{DAY}10:00:00")
    found = sync(home, "--full")
    assert found["gone"] == {"conversations": 2, "contacts": 1}
    assert (found["merged"], found["events"]) == (
        1, {"contact.saved": 1, "conversation.status_changed": 1},
    )  # fmt: skip
    log = facts(home)
    gone = log[SOURCE, "conversation/1/gone"]
    assert (gone["status"], gone["cause"], gone["reason"]) == ("resolved", "automation", "deleted")
    saved = [e for (_, name), e in log.items() if name.startswith("contact/91/") and e["type"] ==
             "contact.saved"]  # fmt: skip
    assert {e["primary_identifier"] for e in saved} == {"old@example.net", "cleo@example.net"}
    again = sync(home, "--full")
    assert (again["accepted"], again["gone"]) == (0, {"contacts": 1})
    assert tawny(home, "sources", "set", "desk", "--erase-deleted-contacts").status == 0
    assert sync(home, "--full")["events"] == {"contact.erased": 1}
    # A backup is restored: what was open is open again.
    desk.conversation(1, f"{DAY}08:00:00")
    assert sync(home, "--full")["events"] == {"conversation.status_changed": 1}
    assert sync(home, "--full")["accepted"] == 0


def test_a_great_deletion_waits_for_a_person(desk: ChatwootDesk, home: Path) -> None:
    many(desk, 40)
    add(home)
    sync(home)
    desk.sql("DELETE FROM conversations WHERE id <= 30")
    result = tawny(home, "sources", "sync", "desk", "--full")
    assert result.status == 0
    assert (
        "too many are gone at once, nothing was sent: conversations 30; if that is right, run "
        in (result.err)
    )
    found = report(home)
    assert (found["accepted"], found["gone_not_accepted"]) == (0, {"conversations": 30})
    assert not found["complete"]
    accepted = sync(home, "--full", "--accept-deletions")
    assert accepted["events"]["conversation.status_changed"] > 5
    assert sync(home, "--full")["gone"] == {}


# --- set up -------------------------------------------------------------------------------------


def test_secrets_are_said_nowhere(
    desk: ChatwootDesk, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a reference or encrypted, in no file and no output, also when the desk refuses."""
    password = desk.address.partition("tawny:")[2].partition("@")[0]
    wrong = desk.address.replace(password, "wrong-secret")
    refused = tawny(
        home, "sources", "add", "chatwoot", "desk", "--url", URL, "--account", "1",
        "--database-url", wrong,
    )  # fmt: skip
    assert refused == Result(
        2, "", "tawny: --database-url: found the secret itself; allowed env:NAME, file:PATH or - "
        "(standard input): words of a command stand in the list of processes and in the history of "
        "the shell\n",
    )  # fmt: skip
    file = tmp_path / "secret"
    arguments = ("sources", "add", "chatwoot", "desk", "--url", URL, "--account", "1")
    for text in (
        wrong,
        "not an address wrong-secret",
        "host=127.0.0.1 port=1 password=wrong-secret",
    ):
        file.write_text(text)
        failed = tawny(home, *arguments, "--database-url", f"file:{file}")
        assert failed.status in (1, 2)
        assert "wrong-secret" not in failed.out + failed.err, failed
    monkeypatch.delenv("CHATWOOT_DATABASE_URL")
    missing = tawny(home, *arguments, "--database-url", "env:CHATWOOT_DATABASE_URL")
    assert missing == Result(
        2, "", "tawny: --database-url: the environment variable CHATWOOT_DATABASE_URL is not set "
        "or empty; set it where Tawny runs\n",
    )  # fmt: skip
    assert tawny(home, "sources", "list", "--json").out == "[]\n"
    typed = tawny_process(home, *arguments, "--database-url", "-", stdin=desk.address.encode())
    assert typed.status == 0, typed
    for call in (("list",), ("check", "desk", "--json"), ("sync", "desk"), ("report", "desk")):
        result = tawny(home, "sources", *call)
        assert result.status == 0
        assert password not in result.out + result.err
    assert json.loads(tawny(home, "sources", "check", "desk", "--json").out)["secrets"] == {
        "database_url": "***"
    }
    for path in home.rglob("*"):
        if path.is_file():
            assert password.encode() not in path.read_bytes(), path
            assert path.stat().st_mode & 0o077 == 0 or path.parent != home, path


def test_nothing_is_added_that_cannot_be_read(desk: ChatwootDesk, home: Path) -> None:
    """A right that is missing is named with the line that grants it; so is an unknown account."""
    desk.sql("CREATE ROLE reader LOGIN PASSWORD 'reader-secret'")
    address = desk.address.replace(desk.address.partition("//")[2].partition("@")[0],
                                   "reader:reader-secret")  # fmt: skip
    desk.sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    desk.sql("REVOKE SELECT ON messages, taggings, attachments FROM reader")
    file = home.parent / "address"
    file.write_text(address)
    arguments = ("sources", "add", "chatwoot", "desk", "--url", URL, "--database-url",
                 f"file:{file}")  # fmt: skip
    denied = tawny(home, *arguments, "--account", "1")
    assert denied.status == 1
    assert denied.err == (
        "tawny: --database-url: the login may not read taggings, messages; have the owner of the "
        "database run: GRANT SELECT ON taggings, messages, attachments TO your_login;\n"
    )
    desk.sql("GRANT SELECT ON messages, taggings TO reader")
    nobody = tawny(home, *arguments, "--account", "4")
    assert (nobody.status, nobody.err) == (
        1, "tawny: --account: found 4, which this installation does not have; it has 1\n",
    )  # fmt: skip
    assert tawny(home, "sources", "list", "--json").out == "[]\n"
    known = tawny(home, *arguments, "--account", "1", "--json")
    assert known.status == 0
    said = json.loads(known.out)
    assert said["account"] == "Example Ltd"
    assert said["found"]["contacts"] == 1
    assert any("may not read attachments" in note for note in said["notes"])
    desk.example()
    assert sync(home)["complete"]


def test_a_source_from_its_beginning_to_its_end(desk: ChatwootDesk, home: Path) -> None:
    desk.example()
    add(home)
    assert [row["state"] for row in sources(home)] == ["never synced"]
    sync(home)
    [row] = sources(home)
    assert (row["state"], row["open_gaps"], row["newest"]) == (
        "up to date", 0, "2026-06-08T08:20:00.000Z",
    )  # fmt: skip
    assert tawny(home, "sources", "pause", "desk").out == "desk is paused\n"
    assert sources(home)[0]["state"] == "paused"
    assert tawny(home, "sources", "resume", "desk").out == "desk goes on\n"
    unknown = tawny(home, "sources", "sync", "disk")
    assert (unknown.status, unknown.err) == (
        2, "tawny: source: found 'disk', did you mean 'desk'? tawny sources list shows what is "
        "there\n",
    )  # fmt: skip
    events = len(facts(home))
    removed = tawny(home, "sources", "remove", "desk")
    assert removed.out == f"desk is removed; {events} events of it stay\n"
    assert sources(home) == []
    # The same desk under another name is the same source.
    add(home, name="again")
    assert sync(home, name="again")["accepted"] == 0


def test_a_sync_states_up_to_when_everything_is_told(
    desk: ChatwootDesk, home: Path, tmp_path: Path
) -> None:
    """Once a minute at most unless something came, and no counter knows of it."""
    desk.example()
    add(home)
    first = sync(home)
    assert stated(home) == [first["until"]]
    assert first["accepted"] == sum(first["events"].values()) == len(told_events(home))
    again = sync(home)
    assert (again["accepted"], again["duplicates"] > 0, stated(home)) == (0, True, [first["until"]])
    desk.conversation(7, now_text(300))
    second = sync(home)
    assert (second["accepted"], stated(home)) == (1, [first["until"], second["until"]])
    file = tmp_path / "messages.csv"
    assert tawny(home, "export", "messages", "--from", "2026-06-01", "--to", "2026-07-01",
                 "-o", str(file)).status == 0  # fmt: skip
    receipt = json.loads((tmp_path / "messages.csv.receipt.json").read_text())
    assert receipt["completeness"] == [
        {"channel_id": "5", "complete_until": second["until"], "by": "watermark"}
    ]


def stated(home: Path) -> list[str]:
    """The watermarks in the log."""
    return sorted(
        instant_text(to_ms(event["until"]))
        for event in logged_events(home).values()
        if event["type"] == "source.watermark"
    )


def sources(home: Path) -> list[Json]:
    result = tawny(home, "sources", "list", "--json")
    assert (result.status, result.err) == (0, "")
    found: list[Json] = json.loads(result.out)
    return found


def test_one_sync_at_a_time(desk: ChatwootDesk, home: Path) -> None:
    from tawny.settings import Settings
    from tawny.sources.store import SourceStore
    from tawny.sources.sync import alone
    from tawny.state.database import open_database

    add(home)
    database = open_database(home, Settings())
    with alone(home, SourceStore(database).get("desk")):
        second = tawny(home, "sources", "sync", "desk")
        assert second.status == 2
        assert "another sync of it is going on" in second.err
        assert sources(home)[0]["state"] == "syncing"
    database.close()
    assert sync(home)["complete"]


@pytest.mark.parametrize("hosts", ["127.0.0.1", "localhost", "2130706433", "::1"])
def test_a_desk_is_read_only_where_calls_may_go(
    desk: ChatwootDesk, home: Path, monkeypatch: pytest.MonkeyPatch, hosts: str
) -> None:
    monkeypatch.setenv("TAWNY_OUTGOING_PRIVATE", "")
    monkeypatch.setenv("CHATWOOT_DATABASE_URL", f"host={hosts} port=1 password=hush dbname=x")
    refused = tawny(
        home, "sources", "add", "chatwoot", "desk", "--url", URL, "--account", "1",
        "--database-url", "env:CHATWOOT_DATABASE_URL",
    )  # fmt: skip
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith(f"tawny: --database-url: {hosts}: its address ")
    assert refused.err.endswith(
        " is not a public one; whoever runs Tawny allows networks of their own in "
        "TAWNY_OUTGOING_PRIVATE\n"
    )
    monkeypatch.setenv("CHATWOOT_DATABASE_URL", desk.address)
    monkeypatch.setenv("TAWNY_OUTGOING_PRIVATE", "127.0.0.0/8")
    add(home)


def test_a_desk_that_is_away(
    desk: ChatwootDesk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure says so, in the list too, and keeps what there was."""
    add(home)
    sync(home)
    monkeypatch.setenv("CHATWOOT_DATABASE_URL", "postgresql://x:hush@127.0.0.1:1/none")
    failed = tawny(home, "sources", "sync", "desk")
    assert failed.status == 1
    assert failed.err.startswith("tawny: --database-url: 127.0.0.1/none: connection")
    [row] = sources(home)
    assert row["state"] == "failing"
    assert "hush" not in json.dumps(row)
    monkeypatch.setenv("CHATWOOT_DATABASE_URL", desk.address)
    assert sync(home)["complete"]
    assert sources(home)[0]["state"] == "up to date"


def test_counts_and_progress(desk: ChatwootDesk, home: Path) -> None:
    """The desk's own counts beside those of the log; what is missing is a line to act on."""
    many(desk, 60)
    desk.example()
    desk.label(901, f"{DAY}08:05:00", "vip")
    add(home)
    result = tawny(home, "sources", "sync", "desk", "--json")
    assert result.out.splitlines()[-1].startswith("accepted=")
    for line in result.err.splitlines():
        assert {"records", "events", "percent", "left_s"} <= set(json.loads(line))
    counted = json.loads(tawny(home, "sources", "check", "desk", "--counts", "--json").out)[
        "counts"
    ]
    assert {row["kind"] for row in counted} == {
        *("conversations", "messages inbound", "messages outbound", "surveys", "answers"),
        *("resolves", "contacts", "labels"),
    }
    assert [row for row in counted if row["difference"]] == []
    desk.message(1, f"{DAY}08:00:00", "unseen", private=False)
    desk.label(1, f"{DAY}08:00:00", "lost")
    told = tawny(home, "sources", "check", "desk", "--counts").out
    line = next(row for row in told.splitlines() if row.startswith("2026-06, messages inbound"))
    there, here = (int(word) for word in line.split() if word.isdigit())
    assert there == here + 1
    after = report(home)
    assert [(row["kind"], row["difference"]) for row in after["counts"] if row["difference"]] == [
        ("labels", 1), ("messages inbound", 1)
    ]  # fmt: skip
    assert (after["complete"], after["open_gaps"]) == (False, 2)


def test_what_was_left_out_is_named_where_it_is_missing(desk: ChatwootDesk, home: Path) -> None:
    desk.example()
    number = desk.message(901, f"{DAY}08:00:01", "odd", message_type=0)
    desk.sql("UPDATE messages SET created_at = '20260-01-01' WHERE id = %s", number)
    other = desk.message(901, f"{DAY}08:00:01", "odd")
    desk.sql("UPDATE messages SET updated_at = 'infinity' WHERE id = %s", other)
    add(home)
    assert tawny(home, "sources", "sync", "desk").status == 3
    counted = tawny(home, "sources", "check", "desk", "--counts").out
    assert (
        "2026-06, messages inbound: 2 in the desk, 1 here; the last sync left out "
        f"{other}, {number}\n" in counted
    )
