"""Groups of channels: what a supervisor sees by a group, and when the group changes."""

from __future__ import annotations

import contextlib
import re

import pytest

from server.conftest import World
from server.running import PASSWORD, RANGE
from server.test_page_rights import page_client


def seen(client: object) -> list[str]:
    """The channels somebody sees."""
    return [one["id"] for one in client.get("/channels").json()]  # type: ignore[attr-defined]


def test_a_person_sees_what_the_group_has_at_the_moment(world: World) -> None:
    """A change of the group reaches who is signed in; what was given directly stays."""
    root = world.root
    made = root.post("/channel-groups", json={"name": "North", "channels": ["red"]}).json()
    assert made == {"id": made["id"], "name": "North", "channels": ["red"], "users": []}
    body = {"name": "by-group", "password": PASSWORD, "role": "supervisor", "groups": ["North"]}
    person = root.post("/users", json=body).json()
    assert (person["channels"], person["groups"]) == ([], ["North"])
    with contextlib.closing(world.server.signed_in("by-group")) as client:
        assert seen(client) == ["red"]
        assert client.get("/session").json()["channels"] == ["red"]
        assert client.get(f"/exports/{world.red_run_id}").status_code == 200
        asked = {"export": "messages", "channels": ["blue"], **RANGE}
        assert client.post("/exports", json=asked).status_code == 403
        path = f"/channel-groups/{made['id']}"
        changed = root.patch(path, json={"name": "South", "channels": ["blue", "blue"]}).json()
        assert changed == {
            "id": made["id"], "name": "South", "channels": ["blue"], "users": ["by-group"],
        }  # fmt: skip
        assert seen(client) == ["blue"]
        assert client.get(f"/exports/{world.red_run_id}").status_code == 404
        assert client.post("/exports", json=asked).status_code == 202
        directly = {"channels": ["red"]}
        assert root.patch(f"/users/{person['id']}", json=directly).json()["groups"] == ["South"]
        assert sorted(seen(client)) == ["blue", "red"]
        assert root.delete(path).status_code == 204
        assert seen(client) == ["red"]
        assert root.delete(path).json()["detail"] == (
            f"there is no group with the number {made['id']}"
        )
    trail = root.get("/audit", params={"limit": 20}).json()["items"]
    written = {one["action"]: (one["subject"], one["detail"]) for one in reversed(trail)}
    assert written["group_created"] == ("North", {"channels": ["red"]})
    assert written["group_changed"] == ("North", {"name": "South", "channels": ["blue"]})
    assert written["group_deleted"] == ("South", {"channels": ["blue"], "people": ["by-group"]})


@pytest.mark.parametrize(
    ("name", "channels", "status", "detail"),
    [
        ("west", [], 409, "name: 'West' is taken; choose another"),
        (" \u2003", [], 400, None),
        ("No\u202erth", [], 400, "name: found the character U+202E (right-to-left override), which "
                                 "cannot be seen; leave it out"),
        ("x" * 129, [], 400, None),
        ("Long", ["x" * 257], 400, None),
    ],
)  # fmt: skip
def test_a_group_that_cannot_be_is_refused(
    world: World, name: str, channels: list[str], status: int, detail: str | None
) -> None:
    world.root.post("/channel-groups", json={"name": "West"})
    body = {"name": name, "channels": channels}
    answer = world.root.post("/channel-groups", json=body)
    assert answer.status_code == status
    if detail is not None:
        assert answer.json()["detail"] == detail
    with contextlib.closing(page_client(world, "root")) as page:
        form = {"name": name, "channel": channels}
        refused = page.post("/people/groups", data=form)
        assert refused.status_code == status
        assert 'role="alert"' in refused.text
    assert [one["name"] for one in world.root.get("/channel-groups").json()].count(name) == 0


def test_a_group_that_is_not_there_is_given_to_nobody(world: World) -> None:
    body = {"name": "no-group", "password": PASSWORD, "role": "supervisor", "groups": ["Nowhere"]}
    answer = world.root.post("/users", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (
        400, "groups: found 'Nowhere', which there is not; make the group first",
    )  # fmt: skip
    assert "no-group" not in [one["name"] for one in world.root.get("/users").json()]


def test_groups_are_made_and_given_on_the_pages(world: World) -> None:
    with contextlib.closing(page_client(world, "root")) as page:
        made = page.post("/people/groups", data={"name": "East", "channel": ["red", "blue"]})
        assert (made.status_code, made.headers["location"]) == (303, "/people/groups?done=created")
        shown = page.get("/people/groups").text
        [number] = re.findall(
            r'id="group-(\d+)">\s*<header class="row"><h2 class="break">East<', shown
        )
        assert "given to nobody" in shown
        person = {"name": "east", "password": PASSWORD, "role": "supervisor", "group": "East"}
        assert page.post("/people", data=person).status_code == 303
        assert ">East</a>" in page.get("/people?q=east").text
        edited = page.get(f"/people/groups?edit={number}").text
        assert "1 person has this group" in edited
        assert edited.count('value="red" checked') == 1
        changed = page.post(f"/people/groups/{number}", data={"name": "East", "channel": "blue"})
        assert changed.headers["location"] == "/people/groups?done=changed"
        with contextlib.closing(world.server.signed_in("east")) as client:
            assert seen(client) == ["blue"]
        assert page.post(f"/people/groups/{number}/delete").status_code == 303
        assert f'id="group-{number}"' not in page.get("/people/groups").text
