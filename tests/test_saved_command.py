"""`tawny saved` on a data folder and on a server: the same calls, words and files."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commands import Result, tawny
from server.running import conversation, event, running, send, token_of

Call = Callable[..., Result]

CHANNEL = event("channel.saved", 1, "2026-05-01T08:00:00Z", channel_id="help", medium="email",
                name="Help")  # fmt: skip


def yesterday() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1)


def log_of_yesterday() -> list[dict[str, object]]:
    events = json.dumps([CHANNEL, *conversation(1, "help"), *conversation(2, "help")])
    moved: list[dict[str, object]] = json.loads(events.replace("2026-06-08", str(yesterday())))
    return moved


@pytest.fixture(params=["data folder", "server"])
def call(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Call]:
    """Calls `tawny saved` there."""
    home = tmp_path / "home"
    with running(home) as server, pytest.MonkeyPatch.context() as patch:
        root = server.set_up()
        assert send(root, log_of_yesterday()).status_code == 200
        if request.param == "server":
            scopes = ("exports:read", "exports:write", "schedules:write")
            patch.setenv("TAWNY_TOKEN", token_of(root, *scopes))
            there = ("--server", server.url)
            yield lambda *arguments: tawny(Path("nowhere"), "saved", *arguments, *there)
    if request.param == "data folder":
        yield lambda *arguments: tawny(home, "saved", *arguments)


def done(result: Result) -> str:
    """What a call printed that went well."""
    assert (result.status, result.err) == (0, ""), result
    return result.out


def test_one_is_saved_changed_run_and_removed(call: Call, tmp_path: Path) -> None:
    assert json.loads(done(call("list", "--json"))) == []
    made = call("add", "Mine", "messages", "--period", "yesterday", "--channel", "help",
                "--columns", "message_id,direction")  # fmt: skip
    assert done(made) == "Mine is saved; tawny saved run makes its file\n"
    target = tmp_path / "x.csv"
    assert done(call("run", "Mine", "-o", str(target))) == ""
    lines = target.read_text().splitlines()
    assert lines[0] == "Message ID,Direction"
    assert len(lines) == 5

    changed = call("set", "Mine", "--name", "Ours", "--shared", "--headers", "key")
    assert done(changed) == "Ours is changed\n"
    heads, row = done(call("list")).splitlines()
    assert heads.split() == ["name", "owner", "shared", "period", "exports", "time", "zone",
                             "format"]  # fmt: skip
    assert [row.split()[0], *row.split()[2:]] == ["Ours", "yes", "yesterday", "messages", "UTC",
                                                  "csv"]  # fmt: skip
    shown = done(call("show", "Ours"))
    assert "channels: help\n" in shown and "columns: message_id, direction\n" in shown
    assert done(call("run", "Ours", "-o", str(target))) == ""
    assert target.read_text().splitlines() == ["message_id,direction", *lines[1:]]

    assert done(call("remove", "Ours")) == "Ours is removed; files made of it stay\n"
    assert json.loads(done(call("list", "--json"))) == []
    assert target.exists()


def test_several_are_a_folder_or_one_file(call: Call, tmp_path: Path) -> None:
    done(call("add", "Both", "messages", "teams", "--period", "yesterday"))
    out = tmp_path / "out"
    call("run", "Both", "-o", str(out))
    assert {"messages.csv", "teams.csv", "datapackage.json"} <= {
        path.name for path in out.rglob("*")
    }
    done(call("set", "Both", "--type", "contacts"))
    [kept] = json.loads(done(call("list", "--json")))
    assert (kept["request"]["export"], kept["request"]["exports"]) == ("contacts", [])
    done(call("run", "Both", "-o", str(tmp_path / "contacts.csv")))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "No"), "saved export: found 'No'; allowed: Mine"),
        (("add", "Mine", "teams", "--period", "today"),
         "name: found 'Mine', which is taken; choose another"),
        (("add", " ", "teams", "--period", "today"),
         "name: found nothing or too much; allowed 1 to 255 characters"),
    ],
)  # fmt: skip
def test_what_is_wrong(call: Call, arguments: tuple[str, ...], words: str) -> None:
    done(call("add", "Mine", "teams", "--period", "today"))
    result = call(*arguments)
    assert (result.status, result.out) == (2, "")
    assert result.err == f"tawny: {words}\n"


def test_a_period_that_there_is_not(call: Call) -> None:
    result = call("add", "Mine", "teams", "--period", "last-year")
    assert (result.status, result.out) == (2, "")
    assert "last-year" in result.err and "last-month" in result.err


def test_a_data_folder_without_accounts(tmp_path: Path) -> None:
    result = tawny(tmp_path / "home", "saved", "list")
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("tawny: --owner: nobody has an account")
