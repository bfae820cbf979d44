"""Sources over the API: set up, read in the background, looked at, removed. The desk is a Chatwoot
database."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from chatwoot_desk import SOURCE, URL, ChatwootDesk
from postgres import Cluster, cluster
from server.conftest import TEAMS
from server.running import Server, running, until

Json = dict[str, Any]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@dataclass
class Place:
    """A server without events, and a desk."""

    server: Server
    root: httpx.Client
    desk: ChatwootDesk
    folder: Path
    """Below it lie files that sources may be given."""

    def body(self, name: str = "desk", **options: Any) -> Json:
        """What sets the desk up."""
        return {
            "kind": "chatwoot",
            "name": name,
            "options": {"url": URL, "account": 1, "every": "off", **options},
            "secrets": {"database_url": self.desk.address},
        }

    def add(self, **options: Any) -> Json:
        """Set the desk up."""
        answer = self.root.post("/sources", json=self.body(**options))
        assert answer.status_code == 201, answer.text
        found: Json = answer.json()
        return found

    def source(self) -> Json:
        """How it stands."""
        found: Json = self.root.get("/sources/desk").json()
        return found

    def synced(self, **body: object) -> Json:
        """Sync it to the end; the gap report."""
        before = self.root.get("/sources/desk/report").json().get("ended")
        answer = self.root.post("/sources/desk/sync", json=body)
        assert answer.status_code == 202, answer.text
        return self.reported(before)

    def reported(self, before: str | None = None) -> Json:
        """The next gap report."""

        def look() -> Json | None:
            answer = self.root.get("/sources/desk/report")
            found: Json = answer.json()
            ended = answer.status_code == 200 and found["ended"] != before
            state = self.source()
            return found if ended and not state["waits"] and state["state"] != "syncing" else None

        return until(look)

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """The desk answers nothing while the body runs."""
        with psycopg.connect(self.desk.address) as connection:
            connection.execute("LOCK TABLE contacts IN ACCESS EXCLUSIVE MODE")
            yield


@pytest.fixture
def place(tmp_path: Path, postgres: Cluster) -> Iterator[Place]:
    desk = ChatwootDesk(postgres.new_database()).create()
    desk.example()
    folder = tmp_path / "read"
    folder.mkdir()
    with running(tmp_path / "home", source_folders=str(folder)) as server:
        yield Place(server, server.set_up(), desk, folder)


def test_kinds_say_what_can_be_set_of_them(place: Place) -> None:
    kinds = {one["name"]: one for one in place.root.get("/source-kinds").json()}
    chatwoot = kinds["chatwoot"]
    options = {one["name"]: one for one in chatwoot["options"]}
    assert [name for name, one in options.items() if one["needed"]] == [
        "url", "account",
    ]  # fmt: skip
    assert (options["account"]["form"], options["account"]["fixed"]) == ("number", True)
    assert options["content"]["choices"] == ["yes", "no"]
    assert "mapping" not in options
    assert [one["name"] for one in kinds["table"]["options"]] == [
        "mapping", "url", "every", "lag", "content",
    ]  # fmt: skip
    french = place.root.get("/source-kinds", headers={"Accept-Language": "fr"}).json()
    assert french[0]["options"][0]["label"] == "Adresse du centre"


def test_a_desk_is_tested_set_up_read_and_removed(place: Place) -> None:
    root = place.root
    tested = root.post("/source-tests", json=place.body())
    assert tested.status_code == 200, tested.text
    access = tested.json()
    assert (access["account"], access["found"]["conversations"]) == ("Example Ltd", 1)
    assert {"tags", "user-presence"} <= {
        column for row in access["not_measured"] for column in row["columns"]
    }
    assert all(row["why"] for row in access["not_measured"])
    assert root.get("/sources").json() == []
    made = place.add()
    assert made["access"] == {**access, "clock_difference_s": made["access"]["clock_difference_s"]}
    source = made["source"]
    assert (source["source"], source["id_prefix"], source["state"]) == (SOURCE, "", "never synced")
    assert source["secrets"] == {"database_url": "***"}
    assert root.get("/sources/desk/report").json()["detail"] == "desk was never synced"
    tried = root.post("/sources/desk/dry-run", json={"until": "2026-06-08T08:05:00Z"}).json()
    assert (sum(tried["events"].values()), tried["accepted"]) == (11, 0), tried["events"]
    assert tried["until"] == "2026-06-08T08:05:00.000Z"
    assert root.get("/sources/desk/report").status_code == 404
    report = place.synced()
    assert (report["accepted"], report["complete"]) == (16, True)
    assert place.source()["state"] == "up to date"
    again = place.synced(since="2026-01-01")
    assert (again["accepted"], again["since"]) == (0, "2026-01-01T00:00:00.000Z")
    assert again["duplicates"] == 16
    checked = root.post("/sources/desk/check", params={"counts": True}).json()
    assert {"kind": "conversations", "month": "2026-06", "source": 1, "log": 1,
            "difference": 0} in checked["counts"]  # fmt: skip
    assert root.get("/sources/desk/report").json()["counts"] == checked["counts"]
    assert root.delete("/sources/desk").json() == {"events": 16}
    assert root.get("/sources").json() == []
    assert place.add()["source"]["id_prefix"] == ""
    assert place.synced()["duplicates"] == 16
    actions = [one["action"] for one in root.get("/audit").json()["items"]]
    assert actions[:3] == ["sync_requested", "source_added", "source_removed"]
    assert actions.count("source_tested") == 2


def test_a_secret_is_kept_encrypted_and_never_shown(place: Place) -> None:
    place.add()
    place.synced()
    password = place.desk.address.split(":")[2].split("@")[0]
    answers = [
        place.root.get(path).text
        for path in ("/sources", "/sources/desk", "/sources/desk/report", "/audit")
    ]
    wrong = place.desk.address.replace(f":{password}@", ":hush-hush@")
    body = {"secrets": {"database_url": wrong}}
    refused = place.root.patch("/sources/desk", json=body)
    assert refused.status_code == 400
    answers.append(refused.text)
    with contextlib.closing(sqlite3.connect(place.server.home / "state.db")) as state:
        answers += ["\n".join(state.iterdump())]
    everything = "\n".join([*answers, place.server.log()])
    assert password not in everything
    assert "hush-hush" not in everything
    assert place.synced()["complete"]


def test_who_cannot_be_read_is_not_stored(place: Place) -> None:
    """And what is wrong is said by name; nothing here leads to files or logins of the server."""
    root, folder = place.root, place.folder
    (folder / "teams.toml").write_text(TEAMS)
    outside = folder.parent / "outside.toml"
    outside.write_text(TEAMS)
    (folder / "link.toml").symlink_to(outside)
    body = place.body()

    def refusal(change: Json) -> tuple[int, str]:
        answer = root.post("/sources", json={**body, **change})
        return answer.status_code, answer.json()["detail"]

    def table(**options: object) -> Json:
        return {"kind": "table", "name": "teams", "options": options, "secrets": {}}

    allowed = f"allowed a file below one of {folder} (TAWNY_SOURCE_FOLDERS)"
    typed = (
        "allowed by API and page an address with host, user, password and name, such as "
        "postgresql://user:password@host/name"
    )
    socket = "postgresql://tawny:x@%2Fvar%2Frun%2Fpostgresql/tawny"
    key = "postgresql://tawny:x@127.0.0.1/tawny?sslkey=/etc/shadow"
    found = [
        refusal({"kind": "paper"}),
        refusal({"name": "a desk"}),
        refusal({"options": {"url": URL, "account": 1, "colour": "red"}}),
        refusal({"options": {"url": URL, "account": 0}}),
        refusal({"options": {"url": URL}}),
        refusal({"options": {"url": URL, "account": 1, "database_url": "x"}}),
        refusal({"options": {"url": URL, "account": 1, "every": "1s"}}),
        refusal({"options": {"url": URL, "account": 1, "content": "perhaps"}}),
        refusal({"options": {"url": URL, "account": 1, "excluded_channels": "5"}}),
        refusal({"secrets": {}}),
        refusal({"secrets": {"database_url": "env:HOME"}}),
        refusal({"secrets": {"database_url": socket}}),
        refusal({"secrets": {"database_url": key}}),
        refusal({"secrets": {"database_url": "postgresql://tawny:x@192.168.1.1/tawny"}}),
        refusal({"since": "yesterday"}),
        refusal(table(mapping=str(outside))),
        refusal(table(mapping=str(folder / "link.toml"))),
        refusal(table(mapping=str(folder / ".." / "outside.toml"))),
        refusal(table(mapping="teams.toml")),
    ]
    assert found == [
        (400, "kind of source: found 'paper'; allowed: chatwoot, intercom, table, zendesk"),
        (400, "source: found 'a desk'; allowed 1 to 64 letters, digits, - and _"),
        (400, "--colour: a source of the kind chatwoot has no such option"),
        (400, "--account: found 0; allowed a whole number from 1 to 999999999999999"),
        (400, "--account: found nothing; a source of the kind chatwoot needs it"),
        (400, "--database-url: a source of the kind chatwoot has no such option"),
        (400, "--every: found '1s'; allowed 10s to 30d, such as 90s, 5m, 1h, off"),
        (400, "--content: found 'perhaps'; allowed: yes, no"),
        (400, "--exclude-channel: found '5'; allowed a list of at most 1000, each of them a text "
              "of 1 to 4096 characters"),
        (400, "--database-url: found nothing; a source of the kind chatwoot needs exactly one of "
              "--database-url, --token, for good"),
        (400, "--database-url: found no address of a database; allowed one such as "
              "postgresql://user:password@host/name, or words such as host=... dbname=..."),
        (400, f"--database-url: found no host; {typed}"),
        (400, "--database-url: found sslkey; allowed by API and page: connect_timeout, dbname, "
              "host, password, port, sslmode, user"),
        (400, "--database-url: 192.168.1.1: its address 192.168.1.1 is not a public one; whoever "
              "runs Tawny allows networks of their own in TAWNY_OUTGOING_PRIVATE"),
        (400, "--since: found 'yesterday'; allowed a date such as 2025-01-01, or an instant such "
              "as 2025-01-01T08:00:00Z"),
        (400, f"--mapping: found {outside}; {allowed}"),
        (400, f"--mapping: found {folder / 'link.toml'}; {allowed}"),
        (400, f"--mapping: found {folder / '..' / 'outside.toml'}; {allowed}"),
        (400, f"--mapping: found teams.toml; {allowed}"),
    ]  # fmt: skip
    assert root.get("/sources").json() == []
    place.add()
    fixed = root.patch("/sources/desk", json={"options": {"account": 2}})
    assert (fixed.status_code, fixed.json()["detail"]) == (
        400, "--account: found a new one, but it is fixed for good; add another source",
    )  # fmt: skip
    twice = root.post("/sources", json=place.body("other"))
    assert (twice.status_code, twice.json()["detail"]) == (
        409, f"source: {SOURCE} is read already by the source desk",
    )  # fmt: skip


def test_a_source_without_folders_that_are_allowed_has_no_file(
    tmp_path: Path,
) -> None:
    with running(tmp_path / "home") as server:
        answer = server.set_up().post(
            "/source-tests",
            json={"kind": "table", "name": "teams", "options": {"mapping": "/etc/passwd"}},
        )
        assert (answer.status_code, answer.json()["detail"]) == (
            400,
            "--mapping: found /etc/passwd; TAWNY_SOURCE_FOLDERS allows no folder yet, whoever "
            "runs Tawny sets it",
        )


def test_one_sync_at_a_time_and_one_that_was_asked_for_outlives_a_kill(place: Place) -> None:
    place.add()
    first = place.synced()
    with place.standing_still():
        asked = place.root.post("/sources/desk/sync", json={"since": "2026-02-01"})
        assert asked.status_code == 202
        until(lambda: place.source()["state"] == "syncing")
        second = place.root.post("/sources/desk/sync", json={})
        assert (second.status_code, second.json()["detail"]) == (
            409, "source desk: a sync of it is going on; wait for its end",
        )  # fmt: skip
        place.server.kill()
        place.server.start()
    report = place.reported(first["ended"])
    assert (report["since"], report["accepted"], report["duplicates"]) == (
        "2026-02-01T00:00:00.000Z", 0, 16,
    )  # fmt: skip
    # It was done once: another start begins nothing.
    place.server.stop()
    place.server.start()
    assert place.source()["waits"] is False
    assert place.root.get("/sources/desk/report").json()["ended"] == report["ended"]


def test_a_source_is_removed_in_the_middle_of_a_sync(place: Place) -> None:
    place.add()
    with place.standing_still():
        place.root.post("/sources/desk/sync", json={})
        until(lambda: place.source()["state"] == "syncing")
        assert place.root.delete("/sources/desk").json() == {"events": 0}
    assert place.root.get("/sources").json() == []


def test_a_paused_source_waits_and_is_read_when_somebody_asks(place: Place) -> None:
    place.add()
    assert place.root.post("/sources/desk/pause").json()["state"] == "paused"
    changed = place.root.patch("/sources/desk", json={"options": {"every": "10s"}})
    assert (changed.json()["options"]["every"], changed.json()["next_run"]) == ("10s", None)
    assert list(changed.json()["changed_since"]) == ["every"]
    assert place.root.get("/sources/desk/report").status_code == 404
    assert place.synced()["accepted"] == 16
    resumed = place.root.post("/sources/desk/resume").json()
    assert resumed["next_run"] is not None
