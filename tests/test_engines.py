"""Every engine gives the same files, byte for byte: the worked cases, a simulated care centre, each
format; and which engine an export is made on."""

import functools
import hashlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import worked_cases
from commands import (
    Result,
    export_arguments,
    ingest,
    requests_of,
    tawny,
    without_completeness,
)
from effort import SOAK
from engines import CLIENT, MONTH, Cluster, apache, environment
from figures import NAME
from server_process import LONGEST_WAIT_S
from tawny.queries.catalogue import EXPORT_TYPES, query

OWN = Path(__file__).parent / "cases"
SCENARIOS = Path(__file__).resolve().parents[2] / "shared" / "conformance"
ROOTS = [root for root in (OWN, SCENARIOS) if root.is_dir()]

CLUSTERS = ("sail", "apache") if SOAK else ("sail",)

GAPS: dict[tuple[str, str, str], str] = {}
"""Files that an engine does not give, by engine, case and name: whose gap it is. Each must fail, so
that it is struck out when the gap closes."""

FORMATS = (
    ("csv", "machine"),
    ("csv", "excel"),
    ("csv", "excel-semicolon"),
    ("jsonl", "machine"),
    ("parquet", "machine"),
    ("xlsx", "machine"),
)


@functools.cache
def chosen_cases() -> list[Path]:
    """All of them when there is time, else those that hold a third of the files of each folder."""
    chosen = []
    for root in ROOTS:
        cases = sorted(
            worked_cases.folders(root), key=lambda case: (-len(requests_of(case)), case.name)
        )
        chosen += cases if SOAK else cases[::3]
    return chosen


def test_a_third_of_the_files_are_made_at_least() -> None:
    for root in ROOTS:
        files = [len(requests_of(case)) for case in worked_cases.folders(root)]
        made = [len(requests_of(case)) for case in chosen_cases() if case.parent == root]
        assert 3 * sum(made) >= sum(files)


@pytest.fixture(scope="module")
def on_apache() -> Iterator[Cluster]:
    with apache() as cluster:
        yield cluster


def made(cluster: Cluster, home: Path, target: Path, *arguments: str) -> bytes:
    """A file that a cluster has made; its receipt says so."""
    target.unlink(missing_ok=True)
    result = cluster.calls(home, *arguments, "--engine", "spark", "-o", str(target))
    assert (result.status, result.out, without_completeness(result.err)) == (0, "", "")
    receipt = json.loads(target.with_name(f"{target.name}.receipt.json").read_text())
    assert receipt["engine"] == "spark"
    return target.read_bytes()


def check_case(cluster: Cluster, case: Path, folder: Path) -> None:
    """Every file of a case, but for the gaps, which must be there."""
    home = folder / "home"
    ingest(home, (case / "events.ndjson").read_bytes())
    for request in requests_of(case):
        name = request["expect"]
        file = made(cluster, home, folder / "made.csv", *export_arguments(request))
        is_same = file == (case / name).read_bytes()
        gap = GAPS.get((cluster.name, case.name, name))
        assert is_same == (gap is None), f"{name}: {gap or 'differs'}"


@pytest.mark.parametrize("case", chosen_cases(), ids=lambda case: case.name)
@pytest.mark.parametrize("engine", CLUSTERS)
def test_a_cluster_gives_the_files_of_a_case(
    request: pytest.FixtureRequest, engine: str, case: Path, tmp_path: Path
) -> None:
    check_case(request.getfixturevalue(f"on_{engine}"), case, tmp_path)


@pytest.mark.parametrize("kind", EXPORT_TYPES)
def test_sail_gives_every_format(on_sail: Cluster, month: Path, kind: str, tmp_path: Path) -> None:
    """Each export in a format, each format with two exports."""
    file_format, dialect = FORMATS[EXPORT_TYPES.index(kind) % len(FORMATS)]
    arguments = ["export", kind, *(MONTH if query(kind).head.takes_range else MONTH[4:])]
    arguments += ["--format", file_format, "--dialect", dialect, "--tz", "Europe/Paris"]
    here = tmp_path / "here"
    assert tawny(month, *arguments, "-o", str(here)) == Result(0, "", "")
    assert here.stat().st_size > 500 or kind == "open-conversations"
    assert made(on_sail, month, tmp_path / "there", *arguments) == here.read_bytes()


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated year of a million events."""
    folder = tmp_path_factory.mktemp("year")
    log = folder / "year.ndjson"
    call = ("sample", "--conversations", "60000", "--from", "2025-01-01", "--to", "2026-01-01")
    assert tawny(folder / "home", *call, "-o", str(log)).status == 0
    taken = tawny(folder / "home", "ingest", str(log))
    assert taken.status == 0
    log.unlink()
    accepted = int(taken.out.split("accepted=")[1].split()[0])
    assert accepted > 1_000_000
    return folder / "home"


if SOAK:

    @pytest.mark.parametrize("kind", EXPORT_TYPES)
    @pytest.mark.parametrize("engine", CLUSTERS)
    def test_a_year_is_the_same_on_a_cluster(
        request: pytest.FixtureRequest,
        year: Path,
        engine: str,
        kind: str,
        tmp_path: Path,
        record_property: Callable[[str, object], None],
    ) -> None:
        cluster = request.getfixturevalue(f"on_{engine}")
        arguments = ["export", kind, "--as-of", "2026-01-02T00:00:00Z"]
        if query(kind).head.takes_range:
            arguments += ["--from", "2025-01-01", "--to", "2026-01-01"]
        here = tmp_path / "here.csv"
        assert tawny(year, *arguments, "-o", str(here)) == Result(0, "", "")
        began, began_s = time.monotonic(), cluster.used()[0]
        there = made(cluster, year, tmp_path / "there.csv", *arguments)
        busy_s, peak_bytes = cluster.used()
        record_property(
            NAME,
            f"{time.monotonic() - began:.1f} s, of the cluster {busy_s - began_s:.1f} s of "
            f"processor time and at most {peak_bytes >> 20} MB since it began",
        )
        digests = [hashlib.sha256(file).hexdigest() for file in (there, here.read_bytes())]
        assert digests[0] == digests[1]


# --- which engine -------------------------------------------------------------------------------


def settings_of(cluster_url: str, **more: str) -> dict[str, str]:
    return environment(cluster_url) | more


def process_call(home: Path, variables: dict[str, str], *arguments: str) -> Result:
    """A call in a process of its own, with the client of clusters."""
    done = subprocess.run(
        [CLIENT / "python", "-m", "tawny", "--home", str(home), *arguments],
        env=variables,
        capture_output=True,
        text=True,
        timeout=LONGEST_WAIT_S,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def test_exports_of_many_events_go_to_the_cluster(
    on_sail: Cluster, month: Path, tmp_path: Path
) -> None:
    engines = {}
    for most in ("1", "1000000"):
        target = tmp_path / f"{most}.csv"
        call = ("export", "messages", *MONTH, "-o", str(target))
        variables = settings_of(on_sail.url, TAWNY_ENGINE_FROM_EVENTS=most)
        result = process_call(month, variables, *call)
        assert (result.status, result.out, without_completeness(result.err)) == (0, "", "")
        receipt = json.loads(target.with_name(f"{most}.csv.receipt.json").read_text())
        engines[most] = receipt["engine"]
    assert engines == {"1": "spark", "1000000": "duckdb"}
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "1000000.csv").read_bytes()


def test_a_receipt_of_one_engine_is_kept_by_another(
    on_sail: Cluster, month: Path, tmp_path: Path
) -> None:
    here = tmp_path / "here.csv"
    assert tawny(month, "export", "teams", *MONTH, "-o", str(here)) == Result(0, "", "")
    receipt = ("export", "--receipt", f"{here}.receipt.json")
    assert made(on_sail, month, tmp_path / "again.csv", *receipt) == here.read_bytes()
