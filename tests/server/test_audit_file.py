"""The audit trail as a file: the same from the page and the API, and nothing in it runs."""

from __future__ import annotations

import csv
import io

import pytest

from server.conftest import World
from server.running import PASSWORD
from tawny.queries.guard import guard, unguard

FORMULAS = ('=hyperlink("http://evil.example")', "+33612345678", "-2", "@root", "＝1+1", "＠root")


@pytest.mark.parametrize("path", ["/audit.csv", "/api/v1/audit/file"])
def test_no_cell_of_the_trail_runs_as_a_formula(world: World, path: str) -> None:
    for number, name in enumerate(FORMULAS):
        body = {"name": f"{name}{number}{path[1:3]}", "password": PASSWORD, "role": "supervisor"}
        assert world.root.post("/users", json=body).status_code == 201
    text = world.root.get(f"{world.server.url}{path}").text
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == [
        "id", "at", "actor", "token_id", "address", "request_id", "action", "subject", "detail",
    ]  # fmt: skip
    made = [row for row in rows if row[6] == "user_created" and row[7].startswith("'")]
    assert len(made) >= len(FORMULAS)
    live = [cell for row in rows for cell in row if guard(cell) != cell and unguard(cell) == cell]
    assert live == []


def test_the_page_and_the_api_write_one_file(world: World) -> None:
    page = world.root.get(f"{world.server.url}/audit.csv")
    api = world.root.get("/audit/file")
    assert page.headers["content-disposition"] == api.headers["content-disposition"]
    # Each reading is a line of the next.
    assert api.text.splitlines()[2:] == page.text.splitlines()[1:]
