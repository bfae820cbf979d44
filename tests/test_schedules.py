"""Schedules on a data folder without a server, by the command line."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from commands import Result, ingest, ndjson, tawny
from server.running import small_log

RANGE = ("--from", "2026-06-08", "--to", "2026-06-09")


@pytest.fixture
def home(tmp_path: Path, out: Path) -> Path:
    """A data folder with a small log and a destination."""
    home = tmp_path / "home"
    ingest(home, ndjson(small_log()))
    done(home, "destinations", "add", "folder", "warehouse", "--path", str(out))
    return home


def done(home: Path, *arguments: str) -> str:
    """What a call printed that went well."""
    result = tawny(home, *arguments)
    assert (result.status, result.err) == (0, ""), result
    return result.out


def daily(
    home: Path, *more: str, name: str = "daily", types: tuple[str, ...] = ("messages",)
) -> str:
    return done(
        home, "schedules", "add", name, *types, "--frequency", "daily", "--tz", "Europe/Paris",
        *(more or ("--destination", "warehouse")),
    )  # fmt: skip


def found(home: Path, *arguments: str) -> Any:
    return json.loads(done(home, *arguments, "--json"))


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def wrong(home: Path, *arguments: str) -> str:
    result = tawny(home, *arguments)
    assert result.status == 2, result
    return result.err.removeprefix("tawny: ").strip()


# --- whole way ------------------------------------------------------------------------------------


def test_a_range_of_the_past_is_made_and_delivered_with_its_receipt(home: Path, out: Path) -> None:
    assert daily(home).startswith("daily is made; its next run is at 2")
    printed = done(home, "schedules", "backfill", "daily", *RANGE)
    assert [line.split() for line in printed.splitlines()] == [
        ["id", "schedule", "from", "to", "revision", "destination", "state", "late", "channels",
         "changes", "reason"],
        ["1", "daily", "2026-06-08", "2026-06-09", "1", "warehouse", "delivered", "2/2", "-", "-"],
    ]  # fmt: skip
    name = "messages/date=2026-06-08/messages_2026-06-08_r1.csv"
    assert files_in(out) == [name, f"{name}.receipt.json"]
    data = (out / name).read_bytes()
    receipt = json.loads((out / f"{name}.receipt.json").read_text())
    assert receipt["sha256"] == hashlib.sha256(data).hexdigest()
    assert receipt["request"]["kind"] == "scheduled"
    assert (receipt["from_utc"], receipt["to_utc"]) == (
        "2026-06-07T22:00:00.000Z",
        "2026-06-08T22:00:00.000Z",
    )
    target = home.parent / "same.csv"
    as_of = receipt["as_of"]
    done(home, "export", "messages", *RANGE, "--tz", "Europe/Paris", "--as-of", as_of,
         "-o", str(target))  # fmt: skip
    # Contents are for exports on demand, unless somebody says otherwise.
    assert data == target.read_bytes().replace(b",hello,", b",,").replace(b",hi,", b",,")


def test_what_is_there_is_left_alone_unless_asked_for_again(home: Path, out: Path) -> None:
    daily(home)
    done(home, "schedules", "backfill", "daily", *RANGE)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.csv")}
    assert done(home, "schedules", "backfill", "daily", *RANGE) == "nothing is to be made\n"
    done(home, "schedules", "backfill", "daily", *RANGE, "--again")
    assert [name for name in files_in(out) if name.endswith(".csv")] == [
        "messages/date=2026-06-08/messages_2026-06-08_r1.csv",
        "messages/date=2026-06-08/messages_2026-06-08_r2.csv",
    ]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    first, second = (json.loads(path.read_text()) for path in sorted(out.rglob("*.receipt.json")))
    assert first["as_of"] == second["as_of"]
    assert first["sha256"] == second["sha256"]


def test_contents_are_written_where_somebody_says_so(home: Path, out: Path) -> None:
    daily(home, "--destination", "warehouse", "--content", "yes")
    done(home, "schedules", "backfill", "daily", *RANGE)
    (file,) = out.rglob("*.csv")
    assert file.read_bytes().count(b",hello,") == 10
    (receipt,) = out.rglob("*.receipt.json")
    assert json.loads(receipt.read_text())["request"]["content_media"] is None


def test_a_bundle_is_there_as_its_files_and_their_package(home: Path, out: Path) -> None:
    daily(home, types=("messages", "contacts"))
    done(home, "schedules", "backfill", "daily", *RANGE)
    assert files_in(out) == [
        "contacts/date=2026-06-08/contacts_2026-06-08_r1.csv",
        "contacts/date=2026-06-08/contacts_2026-06-08_r1.csv.receipt.json",
        "datapackage.json",
        "messages/date=2026-06-08/messages_2026-06-08_r1.csv",
        "messages/date=2026-06-08/messages_2026-06-08_r1.csv.receipt.json",
    ]
    package = json.loads((out / "datapackage.json").read_text())
    for resource in package["resources"]:
        data = (out / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}"


def test_open_conversations_are_as_of_the_end_of_their_range(home: Path, out: Path) -> None:
    daily(home, types=("open-conversations",))
    done(home, "schedules", "backfill", "daily", *RANGE)
    (receipt,) = out.rglob("*.receipt.json")
    assert json.loads(receipt.read_text())["as_of"] == "2026-06-08T22:00:00.000Z"


def test_names_as_the_original_product_had_them(home: Path, out: Path) -> None:
    done(home, "destinations", "add", "folder", "desk", "--path", str(out), "--template",
         "hootdesk", "--org", "acme")  # fmt: skip
    daily(home, "--destination", "desk", types=("resolved-conversations", "open-conversations"))
    done(home, "schedules", "backfill", "daily", *RANGE)
    names = [name for name in files_in(out) if name.endswith(".csv")]
    begins = [name.rpartition("_")[0] for name in names]
    assert begins == [
        "export/open-conversation/acme_open-conversation_09062026000000",
        "export/resolved-conversation/acme_resolved-conversation_08062026000000_09062026000000",
    ]
    done(home, "schedules", "backfill", "daily", *RANGE, "--again")
    again = [name for name in files_in(out) if name.endswith(".csv")]
    assert set(names) < set(again) and len(again) == 4


# --- what is due ----------------------------------------------------------------------------------


def created(home: Path, instant_ms: int) -> None:
    """Have every schedule be as old as that."""
    with sqlite3.connect(home / "state.db") as state:
        state.execute("UPDATE schedules SET created_ms = ?, next_due_ms = 0", (instant_ms,))


def test_what_is_due_is_made_once(home: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAWNY_CATCH_UP_SLOTS", "2")
    daily(home)
    assert done(home, "schedules", "run", "--due") == "nothing is to be made\n"
    created(home, 1_780_869_600_000)  # 2026-06-08T00:00 in Paris
    done(home, "schedules", "run", "--due")
    states = [one["state"] for one in found(home, "deliveries", "list", "--limit", "500")]
    assert states[:3] == ["delivered", "delivered", "skipped"]
    assert set(states[2:]) == {"skipped"} and len(states) > 100
    assert len(list(out.rglob("*.csv"))) == 2
    assert done(home, "schedules", "run", "--due") == "nothing is to be made\n"
    skipped = found(home, "deliveries", "list", "--state", "skipped", "--limit", "1")[0]
    assert skipped["reason"] == (
        "the server was down, and newer ranges were to be caught up with first"
    )
    # What was skipped is made when somebody asks for it.
    done(home, "schedules", "backfill", "daily", *RANGE)
    assert len(list(out.rglob("*.csv"))) == 3


def test_a_paused_schedule_makes_nothing(home: Path, out: Path) -> None:
    daily(home, "--destination", "warehouse", "--paused")
    created(home, 1_780_869_600_000)
    with sqlite3.connect(home / "state.db") as state:
        state.execute("UPDATE schedules SET pauses = '[[0, null]]'")
    done(home, "schedules", "run", "--due")
    assert {one["state"] for one in found(home, "deliveries", "list")} == {"skipped"}
    assert files_in(out) == []
    assert done(home, "schedules", "resume", "daily") == "daily goes on\n"
    assert found(home, "schedules", "show", "daily")["active"] is True


def test_run_makes_the_last_whole_range_before_its_time(home: Path, out: Path) -> None:
    daily(home, "--destination", "warehouse", "--delay", "30d")
    done(home, "schedules", "run", "daily")
    assert len(list(out.rglob("*.csv"))) == 1
    assert done(home, "schedules", "run", "daily") == "nothing is to be made\n"


# --- what fails -----------------------------------------------------------------------------------


def test_a_folder_that_is_not_there_is_named_and_tried_again(home: Path, out: Path) -> None:
    daily(home)
    out.rename(out.with_name("away"))
    result = tawny(home, "schedules", "backfill", "daily", *RANGE)
    assert result.status == 1
    failed = found(home, "deliveries", "list")[0]
    reason = f"{out}: there is no such folder; make it, or mount the disk it is on"
    assert (failed["state"], failed["reason"], failed["tries"]) == ("failed", reason, 1)
    assert found(home, "schedules", "list")[0]["failing"] == 1
    assert tawny(home, "destinations", "test", "warehouse") == Result(1, "", f"tawny: {reason}\n")
    out.with_name("away").rename(out)
    assert done(home, "schedules", "run", "--due") == "nothing is to be made\n", "not yet"
    done(home, "deliveries", "retry", str(failed["id"]))
    assert len(list(out.rglob("*.csv"))) == 1
    assert found(home, "schedules", "list")[0]["failing"] == 0


def test_a_delivery_is_given_up_after_a_day_and_can_be_retried(home: Path, out: Path) -> None:
    daily(home)
    out.rename(out.with_name("away"))
    tawny(home, "schedules", "backfill", "daily", *RANGE)
    with sqlite3.connect(home / "state.db") as state:
        state.execute(
            "UPDATE deliveries SET next_try_ms = 0, first_try_ms = first_try_ms - 86400000"
        )
    assert tawny(home, "schedules", "run", "--due").status == 1
    given_up = found(home, "deliveries", "list")[0]
    assert (given_up["state"], given_up["next_try_at"]) == ("given_up", None)
    out.with_name("away").rename(out)
    assert found(home, "deliveries", "retry", str(given_up["id"]))["state"] == "delivered"


def test_a_broken_destination_holds_up_no_other(home: Path, out: Path) -> None:
    (out / "gone").mkdir()
    done(home, "destinations", "add", "folder", "broken", "--path", str(out / "gone"))
    (out / "gone").rmdir()
    daily(home, "--destination", "warehouse", "--destination", "broken")
    assert tawny(home, "schedules", "backfill", "daily", *RANGE).status == 1
    states = {one["destination"]: one["state"] for one in found(home, "deliveries", "list")}
    assert states == {"warehouse": "delivered", "broken": "failed"}


def test_delivering_twice_leaves_one_file_of_the_same_bytes(home: Path, out: Path) -> None:
    daily(home)
    done(home, "schedules", "backfill", "daily", *RANGE)
    before = {name: (out / name).read_bytes() for name in files_in(out)}
    with sqlite3.connect(home / "state.db") as state:
        # As a process leaves it that was killed between the upload and the note of it.
        state.execute("UPDATE deliveries SET state = 'running', files = '[]'")
    done(home, "schedules", "run", "--due")
    assert {name: (out / name).read_bytes() for name in files_in(out)} == before
    assert found(home, "deliveries", "list")[0]["state"] == "delivered"


# --- what is refused ------------------------------------------------------------------------------


def test_a_path_outside_of_what_is_allowed(home: Path, out: Path) -> None:
    add = ("destinations", "add", "folder", "x", "--path")
    assert wrong(home, *add, "/etc") == (
        f"path: found /etc; allowed a path below one of {out} (TAWNY_DELIVERY_FOLDERS)"
    )
    (out / "link").symlink_to("/etc")
    assert wrong(home, *add, str(out / "link")).startswith("path: found ")
    assert wrong(home, *add, str(out / ".." / "home")).startswith("path: found ")


def test_a_link_that_somebody_puts_there_later_leads_nowhere(home: Path, out: Path) -> None:
    daily(home)
    (out / "messages").symlink_to(home.parent)
    assert tawny(home, "schedules", "backfill", "daily", *RANGE).status == 1
    assert found(home, "deliveries", "list")[0]["reason"] == (
        f"{out}/messages/date=2026-06-08: a link on the way leads out of the folders that "
        "TAWNY_DELIVERY_FOLDERS allows"
    )
    assert list(home.parent.glob("date=*")) == []


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{type}.{ext}", "template: found '{type}.{ext}' at t, by which two files would be called "
         "messages.csv: messages from "),
        ("{date:%d}/{type}.{ext}", "template: found '{date:%d}/{type}.{ext}' at t, by which two "),
        ("{date:%m-%d}/{type}.{ext}", "template: found '{date:%m-%d}/{type}.{ext}' at t, by "),
        ("{from}/{sha256}", None),
        ("{sha256}", "template: found '{sha256}' at t, by which two files would be called 000"),
        ("{uuid}.{ext}", None),
    ],
)  # fmt: skip
def test_names_that_two_ranges_would_share(
    home: Path, out: Path, template: str, said: str | None
) -> None:
    done(home, "destinations", "add", "folder", "t", "--path", str(out), "--template", template)
    words = ("schedules", "add", "d", "messages", "--frequency", "daily", "--destination", "t")
    if said is None:
        done(home, *words)
    else:
        assert wrong(home, *words).startswith(said)


def test_an_hour_that_comes_twice_is_told_apart_by_its_offset(home: Path, out: Path) -> None:
    add = ("destinations", "add", "folder")
    words = ("--frequency", "hourly", "--tz", "Europe/Paris", "--destination")
    done(home, *add, "plain", "--path", str(out), "--template", "{type}_{date:%Y-%m-%dT%H}.{ext}")
    done(home, *add, "offset", "--path", str(out), "--template", "{type}_{from}.{ext}")
    refused = wrong(home, "schedules", "add", "h", "messages", *words, "plain")
    assert "T02:00+02:00 to " in refused and "T02:00+01:00 to " in refused
    done(home, "schedules", "add", "h", "messages", *words, "offset")


def test_two_schedules_that_would_share_a_name(home: Path) -> None:
    daily(home)
    refused = wrong(
        home, "schedules", "add", "other", "messages", "--frequency", "daily", "--tz",
        "Europe/Paris", "--destination", "warehouse",
    )  # fmt: skip
    assert refused.startswith(
        "template: found 'tawny' at warehouse, by which a file of this schedule and one of the "
        "schedule daily would both be called messages/date="
    )
    daily(home, name="contacts", types=("contacts",))


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{nothing}", "template: found 'nothing'; allowed: type, from, to, date, schedule, "
         "revision, ext, sha256, uuid, org, folder"),
        ("../{uuid}", "template: found '../{uuid}', which gives the name '../"),
        ("{type", "template: found '{type'; allowed tawny, hootdesk, or a name with fields such "
         "as {type} or {date:%Y-%m-%d}"),
        ("{date:%s}", "template: found {date:%s}; allowed after date, from and to: texts with "),
        ("hootdesk", "org: found nothing; the template hootdesk has it in its names"),
    ],
)  # fmt: skip
def test_templates_that_are_none(home: Path, out: Path, template: str, said: str) -> None:
    refused = wrong(
        home, "destinations", "add", "folder", "x", "--path", str(out), "--template", template
    )
    assert refused.startswith(said)


def test_frequency_and_zone_stay_and_names_are_taken_once(home: Path) -> None:
    daily(home)
    assert wrong(
        home, "schedules", "add", "daily", "users", "--frequency", "daily", "--destination",
        "warehouse",
    ) == "name: found 'daily', which is taken; choose another"  # fmt: skip
    assert wrong(
        home, "schedules", "add", "x", "users", "--frequency", "daily", "--destination", "nowhere"
    ) == ("destinations: found 'nowhere'; allowed: warehouse; tawny destinations list shows them")
    assert wrong(home, "schedules", "add", "x", "users", "--frequency", "daily") == (
        "Missing option '--destination' (tawny --help shows what is there)"
    )
    assert wrong(home, "schedules", "set", "daily", "--delay", "31d") == (
        "delay: found '31d'; allowed 0s to 30d, such as 90s, 5m, 1h"
    )
    assert wrong(home, "schedules", "show", "dayly") == (
        "schedule: found 'dayly', did you mean 'daily'?"
    )
    assert wrong(home, "destinations", "remove", "warehouse") == (
        "warehouse: found in use by daily; give them another destination first"
    )


def test_a_schedule_is_changed_and_removed(home: Path, out: Path) -> None:
    daily(home)
    done(home, "schedules", "set", "daily", "--name", "mine", "--delay", "2h", "--export", "users")
    changed = found(home, "schedules", "show", "mine")
    assert (changed["delay"], changed["exports"], changed["time_zone"]) == (
        "2h", ["users"], "Europe/Paris",
    )  # fmt: skip
    done(home, "schedules", "backfill", "mine", *RANGE)
    assert done(home, "schedules", "remove", "mine") == (
        "mine is removed; what was delivered stays\n"
    )
    assert found(home, "schedules", "list") == []
    assert [one["schedule"] for one in found(home, "deliveries", "list")] == ["mine"]
    done(home, "destinations", "remove", "warehouse")
    daily_again = wrong(
        home, "schedules", "add", "mine", "users", "--frequency", "daily", "--destination",
        "warehouse",
    )  # fmt: skip
    assert daily_again.startswith("destinations: found 'warehouse'")
