"""Differences over the API, with the rights of the export."""

from __future__ import annotations

import json

from server.conftest import World
from server.running import RANGE

BEFORE = "2020-01-01T00:00:00Z"


def test_a_file_is_compared_with_now_by_run_and_by_receipt(world: World) -> None:
    by_run = {"a": world.red_run_id, "b": "now"}
    found = world.red.post("/differences", json=by_run).raise_for_status().json()
    assert (found["export"], found["channels"]) == ("messages", ["red"])
    assert found["a"]["name"] == world.red_run_id
    receipt = world.red.get(f"/exports/{world.red_run_id}/receipt").raise_for_status()
    by_receipt = {"a": json.loads(receipt.text), "b": world.red_run_id}
    same = world.red.post("/differences", json=by_receipt).raise_for_status().json()
    assert (same["equal"], same["rows"], same["a"]["log_version"]) == (
        True,
        [],
        found["a"]["log_version"],
    )


def test_only_what_was_given_is_compared(world: World) -> None:
    asked = {"a": BEFORE, "b": "now", "export": "messages", **RANGE}
    found = world.red.post("/differences", json=asked).raise_for_status().json()
    assert found["added"] and not found["removed"] + found["changed"]
    assert found["channels"] == ["red"]
    assert all("blue" not in json.dumps(row) for row in found["rows"])
    [row] = [row for row in found["rows"] if row["row"] == "in-red-1"]
    [cause] = row["causes"]
    assert (cause["kind"], cause["side"], cause["event"]["id"]) == (
        "happened_after",
        "b",
        "message.created-in-red-1",
    )
    assert cause["says"].startswith(
        "the contact writes message in-red-1 in conversation red-1: happened after, on "
    )
    one = world.red.post("/differences", json=asked | {"limit": 1, "offset": 1}).json()
    assert one["rows"] == found["rows"][1:2]
    assert world.blue.post("/differences", json=asked | {"channels": ["red"]}).status_code == 403
    by_run = {"a": world.red_run_id, "b": "now"}
    assert world.blue.post("/differences", json=by_run).status_code == 404
    users = {"a": BEFORE, "b": "now", "export": "users", **RANGE}
    assert world.red.post("/differences", json=users).status_code == 403


def test_a_receipt_of_others_says_nothing_of_them(world: World) -> None:
    receipt = world.red.get(f"/exports/{world.red_run_id}/receipt").json()
    answer = world.blue.post("/differences", json={"a": receipt, "b": "now"})
    assert answer.status_code == 403
    receipt["request"]["channels"] = []
    found = world.blue.post("/differences", json={"a": receipt, "b": BEFORE}).json()
    assert found["channels"] == ["blue"]
    assert "red" not in json.dumps(found["rows"])


def test_what_cannot_be_compared_says_what_is_allowed(world: World) -> None:
    def refused(body: object) -> tuple[int, str]:
        answer = world.root.post("/differences", json=body)
        return answer.status_code, answer.json()["detail"]

    assert refused({"a": {"no": "receipt"}, "b": "now"}) == (
        400,
        "receipt: found no receipt; allowed the receipt of an export",
    )
    assert refused({"a": "2026-06-01", "b": "now"}) == (
        400,
        "TYPE: found nothing; two instants need it, and the options of an export",
    )
    assert refused({"a": world.red_run_id, "b": "now", "channels": ["red"]}) == (
        400,
        "from, to, channels: found with a receipt or a run, which says them all; leave them out",
    )
