"""`tawny schedules apply`: a file says what there is; all of it is made so, or nothing."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands import Result, tawny
from effort import examples
from server.running import Server, running, token_of

WAREHOUSE = """
[[destinations]]
name = "Warehouse"
kind = "folder"
path = "{out}"
"""
PORTAL = """
[[destinations]]
name = "Portal"
kind = "webhook"
url = "http://127.0.0.1:9/hook"
"""
SCHEDULE = """
[[schedules]]
name = "Messages of the day"
exports = ["messages"]
time_zone = "Europe/Paris"
frequency = "daily"
destinations = ["Portal", "Warehouse"]
"""
FILE = WAREHOUSE + PORTAL + SCHEDULE
SAVED = """
[[saved_exports]]
name = "Last week"
exports = ["all"]
period = "last-week"
shared = true
"""
MADE = """\
+ destination Warehouse
+ destination Portal
+ schedule Messages of the day
"""


@pytest.fixture
def home(tmp_path: Path, out: Path) -> Path:
    return tmp_path / "home"


def written(out: Path, text: str, name: str = "care.toml") -> str:
    path = out.parent / name
    path.write_text(text.replace("{out}", str(out)), encoding="utf-8")
    return str(path)


def apply(home: Path, file: str, *more: str) -> Result:
    return tawny(home, "schedules", "apply", file, *more)


def refused(home: Path, file: str, *more: str) -> str:
    result = apply(home, file, "--yes", *more)
    assert (result.status, result.out) == (2, ""), result
    return result.err.removeprefix("tawny: ").strip()


def everything(home: Path) -> dict[str, Any]:
    """What there is, without what changes by itself."""
    return {
        kind: json.loads(tawny(home, kind, "list", "--json").out)
        for kind in ("destinations", "schedules")
    }


def test_a_file_is_made_so_once(home: Path, out: Path) -> None:
    file = written(out, FILE)
    assert apply(home, file, "--dry-run") == Result(0, MADE, "")
    assert everything(home) == {"destinations": [], "schedules": []}
    result = apply(home, file, "--yes")
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith(
        MADE + "all of it is done\nthe messages of Portal are signed with "
    )
    assert result.out.endswith("keep it where they are received, it is shown this once\n")
    there = everything(home)
    same = "as the file says already: 3\nnothing is to be changed\n"
    assert apply(home, file) == Result(0, same, "")
    assert everything(home) == there


def test_what_differs_is_shown_and_changed_and_the_rest_listed(home: Path, out: Path) -> None:
    apply(home, written(out, FILE), "--yes")
    tawny(home, "schedules", "pause", "Messages of the day")
    alone = WAREHOUSE + SCHEDULE.replace('"Portal", ', "")
    file = written(out, alone + 'delay = "2h"\nchannels = ["b", "a"]\n')
    error = "schedule 'Messages of the day': "
    assert refused(home, file).startswith(error)  # of channels that are not there
    file = written(out, alone.replace('["messages"]', '["contacts", "teams"]'))
    assert "    exports: messages -> contacts, teams\n" in apply(home, file, "--dry-run").out
    file = written(out, alone + 'delay = "2h"\ncolumns = ["content", "direction"]\n')
    told = """\
~ schedule Messages of the day
    destinations: Portal, Warehouse -> Warehouse
    delay: 15m -> 2h
    columns: - -> content, direction
"""
    rest = "as the file says already: 1\nnot in the file, left alone: destination Portal\n"
    assert apply(home, file, "--yes") == Result(0, f"{told}{rest}all of it is done\n", "")
    [schedule] = everything(home)["schedules"]
    # Who paused it finds it paused.
    assert (schedule["delay"], schedule["active"]) == ("2h", False)
    pruned = apply(home, file, "--yes", "--prune").out
    assert pruned == "- destination Portal\nas the file says already: 2\nall of it is done\n"
    assert [one["name"] for one in everything(home)["destinations"]] == ["Warehouse"]
    # What is no longer in the file is as when it is made anew, but for what stays as it is.
    again = apply(home, written(out, alone), "--yes").out
    assert "    delay: 2h -> 15m\n    columns: content, direction -> -\n" in again
    assert everything(home)["schedules"][0]["active"] is False


def test_blanks_around_a_name_are_no_other_name(home: Path, out: Path) -> None:
    """What was just made is not removed as something that the file does not name."""
    text = FILE.replace('name = "', 'name = "  ')
    assert apply(home, written(out, text), "--yes", "--prune").out.startswith(MADE)
    same = "as the file says already: 3\nnothing is to be changed\n"
    assert apply(home, written(out, text), "--prune") == Result(0, same, "")
    assert apply(home, written(out, FILE), "--prune") == Result(0, same, "")


WRONG = [
    (
        '[[schedules]]\nname = "x"\nexports = ["messages"]\nfrequency = "hourly"\n'
        'destinations = ["Nowhere"]\n',
        "schedule 'x': ",
    ),
    (
        '[[schedules]]\nname = "Messages of the day"\nexports = ["messages"]\n'
        'time_zone = "Europe/Paris"\nfrequency = "hourly"\ndestinations = ["Warehouse"]\n',
        "schedule 'Messages of the day': frequency: found hourly; the schedule has daily, which "
        "stays: make a new schedule",
    ),
    (
        '[[destinations]]\nname = "Portal"\nkind = "folder"\npath = "{out}"\n',
        "destination 'Portal': kind: found folder; Portal is of the kind webhook, which stays: add "
        "another destination",
    ),
    (
        '[[destinations]]\nname = "b"\nkind = "webhook"\nurl = "http://127.0.0.1:9/"\n'
        'signing_secret = "whsec_abc"\n',
        "destinations.1.signing_secret: found the secret itself; a file says where it is: "
        "env:NAME or file:PATH",
    ),
    (
        '[[destinations]]\nname = "c"\nkind = "sftp"\nurl = "sftp://u@127.0.0.1:9/in"\n'
        'host_key = "new"\n',
        "destinations.1.host_key: found new, which is something to do; leave it out here and "
        "give it with tawny destinations set",
    ),
    (
        '[[destinations]]\nname = "New"\nkind = "folder"\npath = "{out}"\n',
        "destinations: found the name 'New' twice; allowed names that differ",
    ),
    ("[[columns]]\n", "table: found 'columns'; allowed: destinations, saved_exports, schedules"),
    (
        'schedules = "all"\n',
        "schedules: found one value; allowed several tables, each begun with [[schedules]]",
    ),
    ("destinations = [1", "{file}: not TOML: "),
    ("# \ud800".replace("\ud800", "x" * (1 << 20)), "{file}: found more than 1,048,576 bytes"),
    (
        '[[schedules]]\nname = "x"\nexports = ["messages"]\nfrequency = "daily"\n'
        'destinations = ["Warehouse"]\ndellay = "1h"\n',
        "schedules.0.dellay: found a field that is not known; allowed delay",
    ),
]


@pytest.mark.parametrize(("text", "told"), WRONG, ids=range(len(WRONG)))
def test_after_a_mistake_nothing_is_changed(home: Path, out: Path, text: str, told: str) -> None:
    """Also not what stands before it in the file."""
    apply(home, written(out, FILE), "--yes")
    there = everything(home)
    new = '[[destinations]]\nname = "New"\nkind = "folder"\npath = "{out}/new"\n'
    one_value = text.startswith(("schedules =", "destinations ="))
    file = written(out, text if one_value else new + text)
    error = refused(home, file)
    assert error.startswith(told.replace("{file}", file)), error
    assert everything(home) == there


def test_a_file_that_is_not_there(home: Path, out: Path) -> None:
    missing = str(out / "nothing.toml")
    assert refused(home, missing) == (
        f"{missing}: No such file or directory; give a TOML file, or - for standard input"
    )
    assert refused(home, str(out)) == (
        f"{out}: Is a directory; give a TOML file, or - for standard input"
    )


def test_it_asks_at_a_terminal(home: Path, out: Path) -> None:
    """Without a terminal it says what to give; at one it takes no for an answer."""
    file = written(out, FILE)
    assert apply(home, file) == Result(
        2, MADE,
        "tawny: --yes: found no terminal to ask at; give --yes to have it done, or --dry-run\n",
    )  # fmt: skip
    for answer, status, there in ((b"n\n", 2, 0), (b"y\n", 0, 1)):
        ours, theirs = pty.openpty()
        call = [sys.executable, "-m", "tawny", "--home", str(home), "schedules", "apply", file]
        process = subprocess.Popen(
            call, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ}
        )
        os.write(ours, answer)
        printed, told = process.communicate()
        os.close(ours)
        os.close(theirs)
        assert process.returncode == status, (printed, told)
        assert b"Change this? [y/N]: " in printed
        assert (told == b"nothing is changed\n") is (answer == b"n\n")
        assert len(everything(home)["schedules"]) == there


def test_secrets_are_compared_and_never_shown(
    home: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = out.parent / "secret"
    text = FILE.replace('/hook"\n', f'/hook"\nsigning_secret = "file:{secret}"\n')
    key = "whsec_" + "A" * 43 + "="
    secret.write_text(key)
    file = written(out, text)
    result = apply(home, file, "--yes")
    assert result == Result(0, MADE + "all of it is done\n", "")
    assert "nothing is to be changed" in apply(home, file, "--yes").out
    monkeypatch.setenv("PORTAL_SECRET", key)
    other = apply(home, written(out, text.replace(f"file:{secret}", "env:PORTAL_SECRET")), "--yes")
    assert "~ destination Portal\n    signing secret: another one\n" in other.out
    assert key not in json.dumps(everything(home)) + other.out


NAMES = st.sampled_from(["One", "Two", "Three"])


@settings(max_examples=examples(12), suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.dictionaries(NAMES, st.sampled_from(["15m", "1h", "2h"])), max_size=4))
def test_whatever_was_there_is_then_what_the_file_says(
    tmp_path_factory: pytest.TempPathFactory, states: list[dict[str, str]]
) -> None:
    """With `--prune`; and applied again it changes nothing."""
    folder = tmp_path_factory.mktemp("apply")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TAWNY_DELIVERY_FOLDERS", str(folder))
        for state in states:
            text = "".join(
                f'[[destinations]]\nname = "to {name}"\nkind = "folder"\npath = "{folder}/{name}"\n'
                f'[[schedules]]\nname = "{name}"\nexports = ["teams"]\nfrequency = "weekly"\n'
                f'delay = "{delay}"\ndestinations = ["to {name}"]\n'
                for name, delay in state.items()
            )
            (folder / "care.toml").write_text(text)
            home, file = folder / "home", str(folder / "care.toml")
            assert apply(home, file, "--yes", "--prune").status == 0
            there = everything(home)
            assert {one["name"]: one["delay"] for one in there["schedules"]} == state
            assert {one["name"] for one in there["destinations"]} == {f"to {n}" for n in state}
            again = apply(home, file, "--prune").out
            assert again.endswith("nothing is to be changed\n")


# --- on a server ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path, httpx.Client]]:
    folder = tmp_path_factory.mktemp("apply")
    (folder / "out").mkdir()
    with running(folder / "home", delivery_folders=str(folder / "out")) as one:
        yield one, folder / "out", one.set_up()


def test_the_same_on_a_server(
    server: tuple[Server, Path, httpx.Client], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, out, root = server
    monkeypatch.setenv("TAWNY_TOKEN", token_of(root, "schedules:write", "admin"))
    secret = tmp_path / "secret"
    secret.write_text("whsec_" + "B" * 43 + "=")
    text = FILE.replace('/hook"\n', f'/hook"\nsigning_secret = "file:{secret}"\n') + SAVED
    file = tmp_path / "care.toml"
    file.write_text(text.replace("{out}", str(out)))
    at = ("--server", one.url)
    made = MADE.replace("+ schedule", "+ saved export Last week\n+ schedule")
    assert apply(tmp_path, str(file), *at, "--dry-run") == Result(0, made, "")
    assert root.get("/schedules").json() == []
    assert apply(tmp_path, str(file), *at, "--yes") == Result(0, made + "all of it is done\n", "")
    # The server has the secret itself, knows it again, and a paused schedule stays paused.
    [schedule] = root.get("/schedules").json()
    root.post(f"/schedules/{schedule['id']}/pause")
    same = "as the file says already: 4\nnothing is to be changed\n"
    assert apply(tmp_path, str(file), *at) == Result(0, same, "")
    secret.write_text("whsec_" + "C" * 43 + "=")
    changed = apply(tmp_path, str(file), *at, "--yes", "--json")
    items = json.loads(changed.out)["items"]
    assert [(one["name"], one["fields"]) for one in items if one["what"] == "changed"] == [
        ("Portal", [{"field": "signing_secret", "before": None, "after": None}])
    ]
    actions = [one["action"] for one in root.get("/audit").json()["items"]]
    assert actions.count("schedule_added") == 1
    assert actions.count("destination_changed") == 1


def test_a_supervisor_applies_schedules_and_no_destinations(
    server: tuple[Server, Path, httpx.Client],
) -> None:
    one, out, root = server
    name, password = "sue", "correct horse battery"
    root.post("/users", json={"name": name, "password": password, "role": "supervisor",
                              "channels": []})  # fmt: skip
    sue = one.signed_in(name, password)
    answer = sue.post("/schedules/apply", json={
        "destinations": [{"name": "mine", "kind": "folder", "path": str(out)}],
    })  # fmt: skip
    assert answer.status_code == 403
    assert "mine" not in [one["name"] for one in root.get("/destinations").json()]
    # What others have is neither listed nor removed.
    answer = sue.post("/schedules/apply", json={"prune": True})
    assert (answer.status_code, answer.json()) == (200, {"dry_run": False, "items": []})
