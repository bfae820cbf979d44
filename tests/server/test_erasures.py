"""Erasures over the API and on the pages: asked, carried out beside a running server, certified."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from commands import tawny
from server.running import PASSWORD, Server, running, send, until, wait_for
from server.test_erased import PERSON, RANGE, _events, _holding
from server.test_explanation_pages import page_text
from tawny.erasures.following import PATIENCE_S

Json = dict[str, Any]


def done(client: httpx.Client, erasure_id: str) -> Json:
    """The certificate, once it is there."""

    def certificate() -> Json | None:
        found = client.get(f"/erasures/{erasure_id}").raise_for_status().json()
        return found["certificate"]  # type: ignore[no-any-return]

    return until(certificate)


@contextlib.contextmanager
def pages(server: Server, language: str = "en") -> Any:
    """A browser without scripts, signed in."""
    headers = {"Accept-Language": language}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
        session = client.post("/api/v1/session", json={"name": "root", "password": PASSWORD})
        client.headers["X-CSRF-Token"] = session.json()["csrf"]
        yield client


def test_a_contact_is_erased_while_the_server_runs(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home, inbox_move_ms="200") as server:
        root = server.set_up()
        assert send(root, _events()).json()["refused"] == 0
        run = root.post("/exports", json={"export": "messages", **RANGE}).json()["id"]
        name = wait_for(root, run)["file"]["name"]
        assert root.get(f"/exports/{run}/file").status_code == 200
        asked = root.post("/erasures", json={"contact_id": "z"})
        assert (asked.status_code, asked.json()["state"]) == (202, "running")
        found = done(root, asked.json()["id"])
        assert _holding(home, PERSON) == {}
        assert found["files"] == [
            {
                "name": f"{name} (run {run})", "what": "deleted", "sure": True,
                "downloaded_by": ["root"],
            }
        ]  # fmt: skip
        # Somebody has a copy.
        assert not found["complete"]
        assert (found["check"]["found_in"], found["requested_by"]) == ([], "root")
        listed = root.get("/erasures").json()
        assert [one["id"] for one in listed["items"]] == [found["id"]]
        lines = root.get("/audit").json()["items"]
        [line] = [one for one in lines if one["action"] == "erasure_requested"]
        assert (line["actor"], line["subject"]) == ("root", "z")
        assert tawny(home, "erase", "z").status == 3
        assert root.get("/erasures").json()["total"] == 2


def test_what_was_acknowledged_is_carried_out_after_a_crash(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home, inbox_move_ms="200") as server:
        root = server.set_up()
        send(root, _events())
        asked = root.post("/erasures", json={"contact_id": "z"}).raise_for_status().json()["id"]
        server.kill()
        server.start()
        found = done(server.signed_in("root"), asked)
        assert (found["id"], found["contact_id"], found["complete"]) == (asked, "z", True)
        assert _holding(home, PERSON) == {}
        assert not list((home / "certificates").glob("*.asked"))


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (
            {"contact_id": "nobody"},
            400,
            "contact: found nobody, of whom the log holds nothing; give the contact_id as the "
            "events have it",
        ),
        ({"contact_id": ""}, 400, None),
        ({"contact_id": "z", "more": 1}, 400, None),
    ],
)
def test_what_cannot_be_erased_is_refused(
    tmp_path: Path, body: Json, status: int, detail: str | None
) -> None:
    with running(tmp_path / "home") as server:
        root = server.set_up()
        send(root, _events())
        answer = root.post("/erasures", json=body)
        assert answer.status_code == status
        assert detail is None or answer.json()["detail"] == detail
        assert root.get("/erasures").json() == {"items": [], "total": 0}
        assert root.get("/erasures/0123456789abcdef").status_code == 404
        assert root.get("/erasures/..%2f..%2fstate").status_code == 404


def test_a_page_asks_shows_the_certificate_and_lists_it(tmp_path: Path) -> None:
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root = server.set_up()
        send(root, _events())
        with pages(server, "fr") as page:
            wrong = page.post("/erasures", data={"contact": "nobody"})
            assert wrong.status_code == 400
            assert "Contact\u00a0: nobody, dont le journal ne contient rien" in page_text(wrong)
            assert 'value="nobody"' in wrong.text
            asked = page.post("/erasures", data={"contact": "z"})
            assert asked.status_code == 303
            address = asked.headers["location"]
            done(root, address.rpartition("/")[2])
            shown = page_text(page.get(address))
            assert "Certificat d’effacement" in shown
            assert "Tout ce qui contenait le contact a été atteint." in shown
            assert re.search(r"événement /tawny erase/z\b", shown)
            listed = page_text(page.get("/erasures"))
            assert re.search(r"\bz [^z]*root tout a été atteint 1 contact", listed)


def test_the_command_beside_a_server_has_it_follow_with_what_it_delivered(
    tmp_path: Path, out: Path
) -> None:
    home = tmp_path / "home"
    with running(home, inbox_move_ms="200", delivery_folders=str(out)) as server:
        root = server.set_up()
        send(root, _events())
        run = root.post("/exports", json={"export": "contacts", **RANGE}).json()["id"]
        wait_for(root, run)
        place = {"kind": "folder", "name": "there", "path": str(out)}
        root.post("/destinations", json=place).raise_for_status()
        root.post(f"/exports/{run}/send", json={"destination": "there"}).raise_for_status()
        until(lambda: list(out.rglob("*.receipt.json")) or None)
        assert _holding(out, PERSON)
        started_s = time.monotonic()
        ended = tawny(home, "erase", "z")
        assert _holding(out, PERSON) == {}
        assert time.monotonic() - started_s < PATIENCE_S, "it gave up waiting for the server"
        assert re.search(r"delivery \d+ \(.*\): made again without the contact", ended.out)
