"""A request is one thing, whoever holds it."""

from __future__ import annotations

import csv
import json
import sqlite3

from server.conftest import World
from server.running import RANGE, wait_for
from tawny.client.shapes import Request
from tawny.exports.request import ExportChoices, ExportRequest, request_json, request_of_json
from tawny.server.api.shapes import ExportBody


def test_program_client_and_api_name_the_same_fields() -> None:
    assert Request.__struct_encode_fields__ == ExportChoices.__struct_encode_fields__
    assert ExportBody.__struct_encode_fields__ == ExportChoices.__struct_encode_fields__
    assert Request.__struct_defaults__ == ExportChoices.__struct_defaults__
    assert ExportBody.__struct_defaults__ == ExportChoices.__struct_defaults__


def test_a_request_survives_json() -> None:
    request = ExportRequest("messages", start="2026-01-01", channels=("a", "b"), kind="scheduled")
    assert request_of_json(json.loads(json.dumps(request_json(request)))) == request
    # What is newer than the writer has its default, what is newer than the reader is left aside.
    assert request_of_json({"export": "teams", "colour": "red"}) == ExportRequest("teams")


def test_a_run_from_before_requests_were_kept_whole(world: World) -> None:
    before = world.root.get(f"/exports/{world.red_run_id}").json()
    state = sqlite3.connect(world.server.home / "state.db")
    with state:
        whole = state.execute(
            "SELECT request FROM runs WHERE id = ?", [world.red_run_id]
        ).fetchone()
        state.execute("UPDATE runs SET request = NULL WHERE id = ?", [world.red_run_id])
    assert json.loads(whole[0]) == {
        **before["request"],
        "kind": "on-demand",
        "content": "setting",
        "remakes": None,
        "changes": None,
        "since": None,
        "corrects": None,
    }
    after = world.root.get(f"/exports/{world.red_run_id}").json()
    assert after == before
    with state:
        state.execute("UPDATE runs SET request = ? WHERE id = ?", [whole[0], world.red_run_id])
    state.close()


def test_a_choice_of_columns(world: World) -> None:
    """The same file, and the same columns in its preview, whether the preview is read from the file
    or computed."""
    texts = []
    whole = world.root.post("/exports", json={"export": "messages", **RANGE}).json()["id"]
    for dialect in ("machine", "excel"):
        asked = {
            "export": "messages", **RANGE, "dialect": dialect,
            "columns": ["direction", "agent_id", "message_id"],
        }  # fmt: skip
        started = world.root.post("/exports", json=asked)
        assert started.json()["request"]["columns"] == asked["columns"]
        run = wait_for(world.root, started.json()["id"])
        assert "_3-columns_" in run["file"]["name"]
        text = world.root.get(f"/exports/{run['id']}/file").content.decode("utf-8-sig")
        header, *rows = csv.reader(text.splitlines())
        assert header == ["Message ID", "Direction", "Agent ID"]
        preview = world.root.get(f"/exports/{run['id']}/preview").json()
        assert [column["key"] for column in preview["columns"]] == [
            "message_id", "direction", "agent_id",
        ]  # fmt: skip
        assert [[cell or "" for cell in row] for row in preview["rows"]] == rows[:100]
        texts.append(rows)
    assert texts[0] == texts[1]
    assert len(texts[0]) == wait_for(world.root, whole)["file"]["rows"]
    wrong = world.root.post("/exports", json={**asked, "columns": ["messageid"]})
    assert (wrong.status_code, wrong.json()["detail"]) == (
        400, "column: found 'messageid', did you mean 'message_id'? tawny columns TYPE lists them",
    )  # fmt: skip
