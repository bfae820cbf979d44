"""Verifications over the API and on the pages: asked, carried out beside a running server, kept."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx

from commands import tawny
from server.running import running, send, small_log, until
from server.test_erasures import pages
from server.test_explanation_pages import page_text
from tawny.reading.identities import FILE_CHECKS, IDENTITIES

Json = dict[str, Any]
RANGE = {"from": "2026-06-01", "to": "2026-07-01", "time_zone": "Europe/Paris"}


def verified(client: httpx.Client, body: Json) -> Json:
    """What came of a verification."""
    asked = client.post("/verifications", json=body)
    assert (asked.status_code, asked.json()["state"]) == (202, "running"), asked.text

    def result() -> Json | None:
        found = client.get(f"/verifications/{asked.json()['id']}").raise_for_status().json()
        return found["result"]  # type: ignore[no-any-return]

    return until(result)


def test_a_log_is_verified_as_by_the_command(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home, inbox_move_ms="200") as server:
        root = server.set_up()
        send(root, small_log())
        found = verified(root, RANGE)
        assert found["passed"]
        assert [one["name"] for one in found["checks"]] == [
            one.name for one in (*IDENTITIES, *FILE_CHECKS)
        ]
        arguments = ("--from", RANGE["from"], "--to", RANGE["to"], "--tz", RANGE["time_zone"])
        ended = tawny(home, "verify", *arguments, "--format", "json")
        by_command = json.loads(ended.out)["checks"]
        for one, other in zip(found["checks"], by_command, strict=True):
            for field in ("name", "holds", "met", "left", "right", "broken"):
                assert one[field] == other[field]
        whole = verified(root, {})
        assert whole["from"] < found["to"]
        assert len(root.get("/verifications").json()) == 2
        french = root.get("/verifications", headers={"Accept-Language": "fr"}).json()
        assert french[0]["result"]["checks"][-1]["holds"] == (
            "les exports gardés par le serveur\u00a0: chaque fichier est celui de son reçu"
        )


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home, inbox_move_ms="200") as server:
        root = server.set_up()
        send(root, small_log())
        run = root.post("/exports", json={"export": "messages", **RANGE}).json()["id"]
        until(lambda: root.get(f"/exports/{run}").json()["state"] == "ready" or None)
        [file] = (home / "exports" / run).glob("*/*.csv")
        file.write_bytes(file.read_bytes().replace(b"red", b"rad", 1))
        found = verified(root, RANGE)
        assert not found["passed"]
        [broken] = [one for one in found["checks"] if not one["met"]]
        name = root.get(f"/exports/{run}").json()["file"]["name"]
        assert broken["broken_names"] == [f"{name} (run {run})"]
        with pages(server) as page:
            [listed] = re.findall(
                r'href="(/verifications/[0-9a-f]+)"', page.get("/verifications").text
            )
            shown = page_text(page.get(listed))
            assert "1 check failed" in shown
            assert f"{name} (run {run})" in shown


def test_what_cannot_be_verified_is_refused(tmp_path: Path) -> None:
    with running(tmp_path / "home") as server:
        root = server.set_up()
        send(root, small_log())
        wrong = root.post("/verifications", json={**RANGE, "time_zone": "Europe/Pari"})
        assert wrong.status_code == 400
        assert "Europe/Paris" in wrong.json()["detail"]
        assert root.post("/verifications", json={"from": "2026-07-01", "to": "2026-06-01"}).is_error
        assert root.get("/verifications").json() == []
        assert root.get("/verifications/0123456789abcdef").status_code == 404


def test_a_page_verifies_by_one_click(tmp_path: Path) -> None:
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root = server.set_up()
        send(root, small_log())
        with pages(server, "fr") as page:
            asked = page.post("/verifications")
            assert asked.status_code == 303
            address = asked.headers["location"]
            until(lambda: root.get(address).json()["result"])
            shown = page_text(page.get(address))
            count = len(IDENTITIES) + len(FILE_CHECKS)
            assert f"{count} contrôles réussis" in shown
            assert "root 2026-06-0" in page_text(page.get("/verifications"))
            [line] = [
                one
                for one in root.get("/audit").json()["items"]
                if one["action"] == "verification_requested"
            ]
            assert line["subject"] == address.rpartition("/")[2]
