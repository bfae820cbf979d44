"""Several exports as one run of the server: asked for, looked at, fetched, deleted, made again, as
a single export is."""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from server.conftest import World
from server.running import PASSWORD, RANGE, event, running, send, small_log, token_of, wait_for
from server_process import LONGEST_WAIT_S
from tawny.client import AsyncClient, Client, Request
from tawny.queries.catalogue import EXPORT_TYPES

WITHOUT_PRESENCE = [name for name in EXPORT_TYPES if name not in ("user-presence", "users")]


def _made(client: httpx.Client, **request: Any) -> dict[str, Any]:
    answer = client.post("/exports", json={**RANGE, **request})
    assert answer.status_code == 202, answer.text
    run = wait_for(client, answer.json()["id"])
    assert run["state"] == "ready", run
    return run


def test_all_exports_are_one_run_with_one_file(world: World) -> None:
    run = _made(world.root, exports=["all"])
    assert (run["request"]["export"], run["request"]["exports"]) == ("", list(EXPORT_TYPES))
    assert run["file"]["name"] == "all-exports_2026-06-08_UTC.zip"
    assert run["file"]["media_type"] == "application/zip"
    assert [file["export"] for file in run["files"]] == list(EXPORT_TYPES)
    assert run["file"]["rows"] == sum(file["rows"] for file in run["files"])
    assert len(run["checks"]) == 9 and all(check["met"] for check in run["checks"])
    file = world.root.get(f"/exports/{run['id']}/file")
    assert hashlib.sha256(file.content).hexdigest() == run["file"]["sha256"]
    archive = zipfile.ZipFile(io.BytesIO(file.content))
    for part in run["files"]:
        answer = world.root.get(part["href"].removeprefix("/api/v1"))
        assert answer.content == archive.read(part["name"])
        assert hashlib.sha256(answer.content).hexdigest() == part["sha256"]
        assert answer.headers["ETag"] == f'"{part["sha256"]}"'
        assert int(answer.headers["Content-Length"]) == part["bytes"]
    seen = {"If-None-Match": f'"{run["files"][0]["sha256"]}"'}
    href = run["files"][0]["href"].removeprefix("/api/v1")
    assert world.root.get(href, headers=seen).status_code == 304
    # It is one entry of the list, found by each of its exports.
    for name in ("messages", "teams"):
        found = world.root.get("/exports", params={"export": name, "limit": 500}).json()["items"]
        assert run["id"] in [one["id"] for one in found]


def test_a_part_is_looked_at_by_its_export(world: World) -> None:
    run = _made(world.root, exports=["messages", "teams"])
    path = f"/exports/{run['id']}/preview"
    rows = world.root.get(path, params={"export": "messages"}).json()["rows"]
    assert len(rows) == run["files"][0]["rows"]
    charts = world.root.get(f"/exports/{run['id']}/charts", params={"export": "messages"}).json()
    assert charts
    answer = world.root.get(path)
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "export: found nothing; this run holds messages, teams",
    )
    answer = world.root.get(f"/exports/{run['id']}/files/users")
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "this export has no file of users by itself; download it as a whole",
    )


def test_all_means_all_that_a_person_may_run(world: World) -> None:
    run = _made(world.red, exports=["all"])
    assert run["request"]["exports"] == WITHOUT_PRESENCE
    assert run["request"]["channels"] == ["red"]
    answer = world.red.post("/exports", json={**RANGE, "exports": ["teams", "user-presence"]})
    assert (answer.status_code, answer.json()["detail"]) == (
        403,
        "this export shows presence, which was not given to you; ask an administrator",
    )
    # Who may not see presence does not see a bundle with it, whatever its channels.
    with_presence = _made(world.root, exports=["teams", "users"], channels=["red"])
    without = _made(world.root, exports=["teams", "topics"], channels=["red"])
    assert world.red.get(f"/exports/{with_presence['id']}").status_code == 404
    assert world.red.get(f"/exports/{without['id']}").status_code == 200
    listed = [one["id"] for one in world.red.get("/exports", params={"limit": 500}).json()["items"]]
    assert without["id"] in listed and with_presence["id"] not in listed


def test_wrong_bundles_are_answered_by_name(world: World) -> None:
    for request, detail in (
        (
            {"export": "teams", "exports": ["users"]},
            "exports: found beside export teams; name one export, or several as exports",
        ),
        (
            {"exports": ["users"], "bundle": "workbook"},
            "bundle: found 'workbook'; allowed for several exports with format xlsx, leave it out",
        ),
    ):
        answer = world.root.post("/exports", json={**RANGE, **request})
        assert (answer.status_code, answer.json()["detail"]) == (400, detail)
    answer = world.root.post("/exports", json={"exports": ["open-conversations", "teams"]})
    assert answer.json()["detail"].startswith("from: found nothing; teams needs a range, ")
    assert world.root.post("/exports", json=RANGE).status_code == 400


def test_both_clients_fetch_a_bundle(world: World, tmp_path: Path) -> None:
    import asyncio

    token = token_of(world.root, "exports:read", "exports:write")
    june = Request(
        exports=["teams", "users"], start=RANGE["from"], end=RANGE["to"], format="xlsx",
        bundle="workbook",
    )  # fmt: skip
    with Client(world.server.url, token) as client:
        run = client.export(june, tmp_path / "one.xlsx")
        assert [part.export for part in run.files] == ["teams", "users"]
        assert [part.sha256 for part in run.files] == [None, None]
        assert all(check.met for check in run.checks)

    async def fetch() -> None:
        async with AsyncClient(world.server.url, token) as client:
            await client.export(june, tmp_path / "two.xlsx")

    asyncio.run(fetch())
    assert zipfile.is_zipfile(tmp_path / "two.xlsx")


def test_the_command_line_has_a_server_make_one_state(world: World, tmp_path: Path) -> None:
    token = token_of(world.root, "exports:read", "exports:write")
    for output in ("folder", "all.zip"):
        done = subprocess.run(
            [sys.executable, "-m", "tawny", "export", "all", "--from", RANGE["from"], "--to",
             RANGE["to"], "-o", str(tmp_path / output), "--server", world.server.url],
            capture_output=True, timeout=120, check=False,
            env={"TAWNY_TOKEN": token, "PYTHONPATH": ":".join(sys.path)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        names = archive.namelist()
    assert sorted(path.name for path in (tmp_path / "folder").iterdir()) == sorted(names)


def test_a_bundle_goes_through_life_as_a_single_export(tmp_path: Path) -> None:
    """A kill in the middle, a file deleted and made again, a contact erased."""
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root = server.set_up()
        send(root, small_log())
        run_id = root.post("/exports", json={"exports": ["all"], **RANGE}).json()["id"]
        while root.get(f"/exports/{run_id}").json()["state"] == "queued":
            time.sleep(0.02)
        server.kill()
        server.start()
        root = server.signed_in("root")
        run = wait_for(root, run_id)
        assert run["state"] == "ready", run
        (attempt,) = [
            p for p in (server.home / "exports" / run_id).iterdir() if any(p.glob("*.z*"))
        ]
        assert [p.name for p in attempt.iterdir() if p.suffix == ".part"] == []
        file = root.get(f"/exports/{run_id}/file").content

        assert root.delete(f"/exports/{run_id}/file").json()["state"] == "expired"
        assert root.get(f"/exports/{run_id}/files/teams").status_code == 409
        same = wait_for(root, root.post(f"/exports/{run_id}/remake").json()["id"])
        assert same["state"] == "ready", same
        assert root.get(f"/exports/{same['id']}/file").content == file

        cancelled = root.post("/exports", json={"exports": ["all"], **RANGE}).json()["id"]
        root.post(f"/exports/{cancelled}/cancel")
        assert wait_for(root, cancelled)["state"] in ("cancelled", "ready")

        send(root, [event("contact.erased", 1, "2026-06-09T10:00:00Z", contact_id="contact-1")])
        _made(root, export="topics")  # it is in the log
        server.stop()
        done = subprocess.run(
            [sys.executable, "-m", "tawny", "--home", str(server.home), "log", "compact"],
            check=True, capture_output=True, timeout=LONGEST_WAIT_S,
        )  # fmt: skip
        assert f"(run {same['id']})" in done.stdout.decode()
        server.start()
        root = server.signed_in("root")
        assert root.get(f"/exports/{same['id']}").json()["state"] == "expired"
        assert root.delete(f"/exports/{same['id']}").status_code == 204


def test_a_bundle_on_the_page(world: World) -> None:
    run = _made(world.root, exports=["all"])
    with _somebody(world) as cookies:

        def page(path: str, language: str) -> str:
            headers = {"Accept-Language": language}
            with httpx.Client(base_url=world.server.url, headers=headers, cookies=cookies) as one:
                html = one.get(path).raise_for_status().text
            return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))

        listed = page("/exports", "en")
        assert "All exports" in listed and "12 files" in listed
        text = page(f"/exports/{run['id']}", "en")
        assert "9 checks passed" in text
        assert "response-times: every Outbound Message ID is in messages" in text
        french = page(f"/exports/{run['id']}", "fr")
        assert "9 contrôles réussis" in french and "Tous les exports" in french


@contextlib.contextmanager
def _somebody(world: World) -> Iterator[httpx.Cookies]:
    """An administrator who has chosen no language, signed in and gone afterwards: of root another
    test may have chosen one, and another wants root to be the only administrator."""
    person = {"name": "bundle-reader", "password": PASSWORD, "role": "administrator"}
    made = world.root.post("/users", json=person)
    assert made.status_code == 201, made.text
    try:
        yield world.server.signed_in("bundle-reader").cookies
    finally:
        world.root.delete(f"/users/{made.json()['id']}").raise_for_status()
