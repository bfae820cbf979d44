"""Exports saved under a name, with a period that moves on with the time."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.conftest import World
from server.running import token_of, wait_for
from tawny.client import Client, Request
from tawny.errors import RequestError
from tawny.exports.periods import PERIODS, following, period
from tawny.model.zones import to_ms, zone
from tawny.server.api.saved_shapes import PeriodName
from tawny.server.pages import labels


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("today", "2026-06-09", "2026-06-10"),
        ("yesterday", "2026-06-08", "2026-06-09"),
        ("this-week", "2026-06-08", "2026-06-15"),
        ("last-week", "2026-06-01", "2026-06-08"),
        ("this-month", "2026-06-01", "2026-07-01"),
        ("last-month", "2026-05-01", "2026-06-01"),
        ("month-to-date", "2026-06-01", "2026-06-10"),
        ("last-7-days", "2026-06-02", "2026-06-09"),
        ("last-30-days", "2026-05-10", "2026-06-09"),
        ("last-quarter", "2026-01-01", "2026-04-01"),
    ],
)
def test_a_period_is_of_the_day_in_its_zone(name: str, start: str, end: str) -> None:
    """At 23:30 UTC on Monday 8 June it is Tuesday in Paris."""
    now_ms = to_ms(datetime.datetime(2026, 6, 8, 23, 30, tzinfo=datetime.UTC))
    found = period(name, now_ms, zone("Europe/Paris"))
    assert [day.isoformat() for day in found] == [start, end]


def test_every_period_has_a_name_everywhere() -> None:
    assert {*PERIODS, "custom"} == set(labels.PRESETS)
    assert set(PERIODS) == set(PeriodName.__args__)  # type: ignore[attr-defined]


DAYS = st.dates(datetime.date(1970, 1, 1), datetime.date(2400, 1, 1))


@given(DAYS, st.integers(1, 800))
def test_the_next_period_adjoins_and_is_as_long(first: datetime.date, days: int) -> None:
    last = first + datetime.timedelta(days=days)
    start, end = following(first.isoformat(), last.isoformat())
    assert start == last.isoformat() < end
    if not first.day == last.day == 1:
        assert (datetime.date.fromisoformat(end) - last).days == days


@given(st.integers(1970, 2400), st.integers(1, 12), st.integers(1, 24))
def test_months_are_followed_by_months(year: int, month: int, months: int) -> None:
    def nth(number: int) -> str:
        number += year * 12 + month - 1
        return f"{number // 12:04d}-{number % 12 + 1:02d}-01"

    assert following(nth(0), nth(months)) == (nth(months), nth(2 * months))


def test_times_are_followed_by_times_and_the_last_day_by_nothing() -> None:
    assert following("2026-06-01", "2026-06-01T12:00") == (
        "2026-06-01T12:00:00",
        "2026-06-02T00:00:00",
    )
    with pytest.raises(RequestError, match="after which there is no period"):
        following("2026-06-01", "9999-12-31")


def _saved(world: World, **changes: Any) -> dict[str, Any]:
    body = {"name": "June", "exports": ["all"], "period": "last-month", **changes}
    answer = world.root.post("/saved-exports", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_saved_changed_run_and_deleted(world: World) -> None:
    saved = _saved(world, name="Monthly", time_zone="Europe/Paris", format="parquet")
    assert (saved["owner"], saved["shared"]) == ("root", False)
    assert saved["request"]["exports"] == ["all"] and saved["request"]["from"] is None
    path = f"/saved-exports/{saved['id']}"
    body = {"name": "Weekly", "exports": ["teams"], "period": "last-week"}
    changed = world.root.put(path, json=body).json()
    assert (changed["name"], changed["request"]["export"]) == ("Weekly", "teams")
    assert world.root.get(path).json() == changed
    answer = world.root.post(f"{path}/run")
    assert answer.status_code == 202
    run = wait_for(world.root, answer.json()["id"])
    today = datetime.datetime.now(datetime.UTC).date()
    monday = today - datetime.timedelta(days=today.weekday())
    assert run["request"]["to"] == monday.isoformat()
    assert run["state"] == "ready"
    assert world.root.delete(path).status_code == 204
    assert world.root.get(path).status_code == 404
    assert world.root.get(f"/exports/{run['id']}").status_code == 200


def test_private_is_private_and_shared_runs_with_own_rights(world: World) -> None:
    private = _saved(world, name="Mine")
    shared = _saved(world, name="Ours", shared=True, period="last-30-days")
    names = [one["name"] for one in world.red.get("/saved-exports").json()]
    assert "Ours" in names and "Mine" not in names
    assert world.red.get(f"/saved-exports/{private['id']}").status_code == 404
    run = world.red.post(f"/saved-exports/{shared['id']}/run").json()
    assert run["request"]["channels"] == ["red"]
    assert "users" not in run["request"]["exports"]
    wait_for(world.red, run["id"])
    for answer in (
        world.red.delete(f"/saved-exports/{shared['id']}"),
        world.red.put(
            f"/saved-exports/{shared['id']}",
            json={"name": "x", "exports": ["teams"], "period": "today"},
        ),
    ):
        assert (answer.status_code, answer.json()["detail"]) == (
            403,
            "this saved export is root's; ask that person",
        )
    token = world.server.client(token_of(world.root, "exports:read", "exports:write"))
    answer = token.delete(f"/saved-exports/{shared['id']}")
    assert answer.status_code == 403 and "schedules:write" in answer.json()["detail"]
    for one in (private, shared):
        world.root.delete(f"/saved-exports/{one['id']}")


def test_what_could_not_be_run_is_not_saved(world: World) -> None:
    for changes, status, detail in (
        ({"bundle": "workbook"}, 400, "bundle: found 'workbook'; allowed for several exports with "
         "format xlsx, leave it out"),
        ({"name": " "}, 400, "name: found nothing or too much; allowed 1 to 255 characters"),
    ):  # fmt: skip
        body = {"name": "June", "exports": ["all"], "period": "last-month", **changes}
        answer = world.root.post("/saved-exports", json=body)
        assert (answer.status_code, answer.json()["detail"]) == (status, detail)
    body = {"name": "June", "exports": ["all"], "period": "last-month", "from": "2026-01-01"}
    assert world.root.post("/saved-exports", json=body).status_code == 400
    first = _saved(world, name="Twice")
    answer = world.root.post(
        "/saved-exports", json={"name": "Twice", "exports": ["teams"], "period": "today"}
    )
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "name: found 'Twice', which is taken; choose another",
    )
    # Whosever it is: a name alone says which is meant.
    answer = world.red.post(
        "/saved-exports", json={"name": "Twice", "exports": ["teams"], "period": "today"}
    )
    assert answer.status_code == 409
    world.root.delete(f"/saved-exports/{first['id']}")


def test_the_same_for_the_next_period(world: World) -> None:
    run = world.root.post(
        "/exports", json={"exports": ["teams", "tags"], "from": "2026-05-01", "to": "2026-06-01"}
    ).json()
    answer = world.root.post(f"/exports/{run['id']}/next")
    assert answer.status_code == 202
    after = answer.json()["request"]
    assert (after["from"], after["to"]) == ("2026-06-01", "2026-07-01")
    assert after["exports"] == ["teams", "tags"]
    open_now = world.root.post("/exports", json={"export": "open-conversations"}).json()
    answer = world.root.post(f"/exports/{open_now['id']}/next")
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "this export takes no range; run it again on today's data",
    )


def test_a_program_saves_and_runs(world: World, tmp_path: Path) -> None:
    token = token_of(world.root, "exports:read", "exports:write", "schedules:write")
    with Client(world.server.url, token) as client:
        saved = client.save(Request("teams"), "By program", "last-quarter", shared=True)
        assert saved.id in [one.id for one in client.saved()]
        run = client.wait(client.run_saved(saved.id).id)
        client.download(run, tmp_path / "teams.csv")
        assert client.next_period(run.id).request.start == run.request.end
    world.root.delete(f"/saved-exports/{saved.id}")
