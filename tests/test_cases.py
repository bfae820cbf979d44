"""The project's own worked cases: one or more for every rule of the contract.

Each lies in `cases/<name>/` with a `case.md` that says which rule it is about; every request in
its `requests.json` has a `why` with the arithmetic. The oracle must agree with the files too.
"""

import csv
import io
import json
from pathlib import Path

import pytest

import oracle
import worked_cases
from commands import requests_of, tawny_process
from effort import SOAK
from oracle.values import csv_line
from tawny.queries.catalogue import EXPORT_TYPES, query

CASES = Path(__file__).parent / "cases"
FOLDERS = worked_cases.folders(CASES)
EVERY = pytest.mark.parametrize("case", FOLDERS, ids=lambda case: case.name)


@EVERY
@pytest.mark.parametrize("delivery", worked_cases.DELIVERIES if SOAK else ["mixed"])
def test_a_case_gives_its_files(case: Path, delivery: str, tmp_path: Path) -> None:
    worked_cases.check(case, delivery, tmp_path)


@EVERY
def test_the_oracle_gives_the_same(case: Path) -> None:
    lines = (case / "events.ndjson").read_bytes().decode().split("\n")
    log = [json.loads(line) for line in lines if line]
    for request in requests_of(case):
        columns = [column.key for column in query(request["type"]).columns]
        told = csv.reader(io.StringIO(oracle.run(log, request), newline=""))
        chosen = [columns.index(key) for key in request.get("columns", columns)]
        narrowed = [csv_line([row[index] for index in chosen]) for row in told]
        assert "".join(narrowed).encode() == (case / request["expect"]).read_bytes()


@EVERY
def test_a_case_says_what_it_shows(case: Path) -> None:
    assert (case / "case.md").read_text(encoding="utf-8").startswith(f"# {case.name}\n\n")
    requests = requests_of(case)
    assert all(request["why"] for request in requests)
    named = {request["expect"] for request in requests}
    assert len(named) == len(requests)
    assert {file.name for file in case.glob("*.csv")} == named


def test_every_type_has_cases() -> None:
    asked = [request["type"] for case in FOLDERS for request in requests_of(case)]
    assert {kind: asked.count(kind) > 1 for kind in oracle.ROWS} == dict.fromkeys(oracle.ROWS, True)


def test_every_column_stands_in_two_cases() -> None:
    """A case names the columns it is about; none is left out of all of them."""
    shown: dict[tuple[str, str], set[str]] = {}
    for case in FOLDERS:
        for request in requests_of(case):
            kind = request["type"]
            for key in request.get("columns", [column.key for column in query(kind).columns]):
                shown.setdefault((kind, key), set()).add(case.name)
    columns = [(kind, column.key) for kind in EXPORT_TYPES for column in query(kind).columns]
    assert [one for one in columns if len(shown.get(one, ())) < 2] == []


def test_every_column_is_filled_somewhere() -> None:
    """A column that is empty or 0 in every case could hold anything."""
    filled: set[tuple[str, str]] = set()
    for case in FOLDERS:
        lines = (case / "events.ndjson").read_bytes().decode().split("\n")
        log = [json.loads(line) for line in lines if line]
        for request in requests_of(case):
            kind = request["type"]
            for row in oracle.rows(log, request):
                columns = [column.key for column in query(kind).columns]
                told = dict(zip(columns, row, strict=True))
                filled |= {
                    (kind, key)
                    for key in request.get("columns", columns)
                    if told[key] not in ("", "0", "0.0")
                }
    wanted = {(kind, column.key) for kind in EXPORT_TYPES for column in query(kind).columns}
    assert wanted - filled == set()


def test_a_case_through_processes(tmp_path: Path) -> None:
    """The same as a user runs it: events through standard input, the file on standard output."""
    case = CASES / "presence-intervals"
    home = tmp_path / "home"
    events = (case / "events.ndjson").read_bytes()
    told = tawny_process(home, "ingest", "-", stdin=events)
    count = events.count(b"\n")
    assert (told.status, told.err) == (0, "")
    assert told.out == f"accepted={count} duplicates=0 refused=0\n"
    request = requests_of(case)[0]
    made = tawny_process(
        home, "export", request["type"], "--from", request["from"], "--to", request["to"],
        "--tz", request["tz"], "--as-of", request["as_of"], "-o", "-",
    )  # fmt: skip
    assert (made.status, made.err) == (0, "")
    assert made.out.encode() == (case / request["expect"]).read_bytes()
