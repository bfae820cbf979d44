"""Every error has one shape, wherever it comes from."""

from __future__ import annotations

import inspect

import pytest

from server.conftest import World
from tawny import errors
from tawny.server.problems import STATUS, status_of


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nowhere", 404),
        ("PUT", "/api/v1/exports", 405),
        ("GET", "/api/v1/exports/none", 404),
        ("GET", "/api/v1/exports?limit=many", 400),
        ("GET", "/api/v1/exports?sort=taste", 400),
        ("POST", "/api/v1/exports", 400),
        ("GET", "/api/v1/users/999999999999999999999", 400),
        ("GET", "/api/v1/types/none/columns", 400),
    ],
)
def test_shape(world: World, method: str, path: str, status: int) -> None:
    answer = world.root.request(method, world.server.url + path)
    assert (
        answer.status_code in (status, 405) if "users/9" in path else (answer.status_code == status)
    )
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"title", "status", "detail", "request_id"} <= set(body)
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer.headers["x-request-id"]
    assert "content-security-policy" in answer.headers
    if answer.status_code == 405:
        assert answer.headers["allow"]


def test_too_large(world: World) -> None:
    answer = world.ingest.post(
        "/events", content=b" " * (33 << 20), headers={"Content-Type": "application/x-ndjson"}
    )
    assert answer.status_code == 413
    assert answer.json()["status"] == 413


def test_every_error_of_ours_has_a_status() -> None:
    for _, found in inspect.getmembers(errors, inspect.isclass):
        if issubclass(found, errors.TawnyError):
            assert any(issubclass(found, known) for known, _ in STATUS)
    assert status_of(errors.TooManyError("x", 1)) == 429
    assert status_of(errors.LogVersionError("x")) == 503


NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("path", "title", "detail"),
    [
        ("/nowhere", "Introuvable", "il n’y a rien à cette adresse"),
        ("/exports/none", "Introuvable",
         "il n’existe pas d’export none, ou vous ne pouvez pas le voir"),
        ("/exports?limit=many", "Demande incorrecte",
         'limit : "many" ; attendu : un nombre entier de 1 à 500'),
        ("/types/mesages/columns", "Demande incorrecte",
         "type d’export : « mesages » est inconnu, vouliez-vous dire « messages » ?"),
    ],
)  # fmt: skip
def test_problems_in_french(world: World, path: str, title: str, detail: str) -> None:
    """For who prefers French; English stays what nobody asks for."""
    answer = world.root.get(path, headers={"Accept-Language": "fr-CA, en;q=0.5"})
    assert answer.headers["content-language"] == "fr"
    assert "Accept-Language" in answer.headers["vary"]
    body = answer.json()
    assert (body["title"], body["detail"].replace(NBSP, " ")) == (title, detail)
    assert world.root.get(path).headers["content-language"] == "en"


def test_refusals_in_french(world: World) -> None:
    """In the answer to the sender, and later for who looks at the log."""
    french = {"Accept-Language": "fr", "Content-Type": "application/x-ndjson"}
    content = (
        '{"specversion": "1.0", "source": "/x", "id": "1", "type": 7, "data": {}, '
        '"time": "2026-06-01T00:00:00Z"}'
    )
    answer = world.ingest.post("/events", content=content, headers=french)
    allowed = "les types du contrat d’événements ; le plus proche est "
    [error] = answer.json()["errors"]
    assert error["message"].replace(NBSP, " ").startswith(f"7 ; attendu : {allowed}")
    kept = world.root.get("/refusals", params={"limit": 1}, headers=french).json()
    assert kept[0]["found"] == "7"
    assert kept[0]["allowed"].replace(NBSP, " ").startswith(allowed)
    kept = world.root.get("/refusals", params={"limit": 1}).json()
    assert kept[0]["allowed"].startswith("the types of the event contract; the closest is ")
