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
    assert status_of(errors.LogVersionError("x")) == 500
