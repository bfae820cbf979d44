"""Numbers that no database can hold, wherever a number may stand: nothing has them."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from server.conftest import World
from server.routes import every_route

TOO_LARGE = 2**63
NUMBERED = re.compile(r"\{(?!run_id|saved_id|erasure_id|verification_id)\w+_id\}")
"""A parameter that is a number; other ids are texts."""


def test_nothing_has_a_number_that_is_too_large(world: World, tmp_path: Path) -> None:
    routes = [route for route in every_route(tmp_path) if NUMBERED.search(route.path)]
    assert len(routes) > 40
    with contextlib.closing(world.server.signed_in("root")) as client:
        for route in routes:
            path = NUMBERED.sub(str(TOO_LARGE), route.path)
            answer = client.request(route.method, f"{world.server.url}{path}")
            if route.method == "OPTIONS":
                continue
            assert answer.status_code == 404, (route, answer.text)
            if route.path.startswith("/api/") and route.method != "HEAD":
                assert answer.json()["detail"] == f"there is nothing with the number {TOO_LARGE}"


def test_no_parameter_that_is_too_large_is_a_mistake_of_ours(world: World, tmp_path: Path) -> None:
    tried = 0
    with contextlib.closing(world.server.signed_in("root")) as client:
        for route in every_route(tmp_path):
            if route.method != "GET" or "{" in route.path or "live" in route.path:
                continue
            for name in route.parameters:
                tried += 1
                url = f"{world.server.url}{route.path}"
                for number in (TOO_LARGE, -TOO_LARGE - 1):
                    with client.stream("GET", url, params={name: number}) as answer:
                        assert answer.status_code < 500, (route, name, number)
    assert tried > 40
