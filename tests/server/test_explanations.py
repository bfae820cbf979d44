"""Explanations over the API, with the rights of the export."""

from __future__ import annotations

from server.conftest import World
from server.running import RANGE


def test_a_cell_is_explained_to_who_may_see_the_export(world: World) -> None:
    asked = {"export": "messages", "row": "in-red-1", "column": "direction", **RANGE}
    found = world.red.get("/explanations", params=asked).raise_for_status().json()
    assert (found["value"], found["header"], found["channels"]) == (
        "inbound",
        "Direction",
        ["red"],
    )
    assert [(one["event"]["id"], [part["part"] for part in one["parts"]])
            for one in found["evidence"]] == [
        ("conversation.created-red-1", ["created"]), ("message.created-in-red-1", ["row"]),
    ]  # fmt: skip
    french = {"Accept-Language": "fr"}
    told = world.red.get("/explanations", params=asked, headers=french).json()
    assert told["evidence"][1]["says"] == (
        "le contact écrit le message in-red-1 dans la conversation red-1"
    )


def test_what_is_not_given_is_not_explained(world: World) -> None:
    asked = {"export": "messages", "row": "in-red-1", "column": "direction", **RANGE}
    other = world.blue.get("/explanations", params=asked)
    assert (other.status_code, other.json()["detail"]) == (
        404,
        "row: found 'in-red-1', which is no row of messages for this request",
    )
    assert world.blue.get("/explanations", params={**asked, "channel": "red"}).status_code == 403
    users = {"export": "users", "row": "ann", "column": "available_time", **RANGE}
    assert world.red.get("/explanations", params=users).status_code == 403
    assert world.root.get("/explanations", params=users).json()["value"] == "28800"


def test_a_wrong_request_says_what_is_allowed(world: World) -> None:
    asked = {"export": "messages", "row": "in-red-1", "column": "directions", **RANGE}
    answer = world.root.get("/explanations", params=asked)
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "column: found 'directions', did you mean 'direction'? tawny columns TYPE lists them",
    )
