"""Every engine gives the same files, byte for byte: the worked cases, a simulated care centre, each
format. What an engine that fails leaves is one line and no file."""

import functools
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
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
from engines import CLIENT, Cluster, apache, environment, sail
from tawny.queries.catalogue import EXPORT_TYPES, query

OWN = Path(__file__).parent / "cases"
SCENARIOS = Path(__file__).resolve().parents[2] / "shared" / "conformance"
ROOTS = [root for root in (OWN, SCENARIOS) if root.is_dir()]

CLUSTERS = ("sail", "apache") if SOAK else ("sail",)

GAPS: dict[tuple[str, str, str], str] = {}
"""Files that an engine does not give, by engine, case and name: whose gap it is. Each must fail, so
that it is struck out when the gap closes."""

RANGE = ("--from", "2026-03-01", "--to", "2026-04-01", "--as-of", "2026-04-02T00:00:00Z")
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
def on_sail() -> Iterator[Cluster]:
    with sail() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def on_apache() -> Iterator[Cluster]:
    with apache() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated month."""
    folder = tmp_path_factory.mktemp("engines")
    log = folder / "month.ndjson"
    call = ("sample", "--conversations", "300", "--from", "2026-03-01", "--to", "2026-04-01")
    assert tawny(folder / "home", *call, "-o", str(log)).status == 0
    assert tawny(folder / "home", "ingest", str(log)).status == 0
    return folder / "home"


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
    arguments = ["export", kind, *(RANGE if query(kind).head.takes_range else RANGE[4:])]
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
    call = ("sample", "--conversations", "34000", "--from", "2025-01-01", "--to", "2026-01-01")
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
        request: pytest.FixtureRequest, year: Path, engine: str, kind: str, tmp_path: Path
    ) -> None:
        cluster = request.getfixturevalue(f"on_{engine}")
        arguments = ["export", kind, "--as-of", "2026-01-02T00:00:00Z"]
        if query(kind).head.takes_range:
            arguments += ["--from", "2025-01-01", "--to", "2026-01-01"]
        here = tmp_path / "here.csv"
        assert tawny(year, *arguments, "-o", str(here)) == Result(0, "", "")
        there = made(cluster, year, tmp_path / "there.csv", *arguments)
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
        timeout=120,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def test_exports_of_many_events_go_to_the_cluster(
    on_sail: Cluster, month: Path, tmp_path: Path
) -> None:
    engines = {}
    for most in ("1", "1000000"):
        target = tmp_path / f"{most}.csv"
        call = ("export", "messages", *RANGE, "-o", str(target))
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
    assert tawny(month, "export", "teams", *RANGE, "-o", str(here)) == Result(0, "", "")
    receipt = ("export", "--receipt", f"{here}.receipt.json")
    assert made(on_sail, month, tmp_path / "again.csv", *receipt) == here.read_bytes()


REFUSED: tuple[tuple[tuple[str, ...], dict[str, str], int, str], ...] = (
    (("--engine", "sparkle"), {}, 2, "engine: found 'sparkle', did you mean 'spark'?"),
    (
        ("--engine", "spark"),
        {"TAWNY_ENGINE_URL": "http://user:hush@host"},
        2,
        "TAWNY_ENGINE_URL: found no address of a cluster; allowed sc://HOST:PORT of a Spark "
        "Connect endpoint",
    ),
    (
        ("--engine", "spark"),
        {"TAWNY_ENGINE_URL": "sc://127.0.0.1:9/;token=hush"},
        1,
        "the engine at 127.0.0.1:9 does not answer (Connection refused); start it, correct "
        "TAWNY_ENGINE_URL, or export with --engine duckdb",
    ),
    (
        ("--engine", "duckdb", "--server", "http://127.0.0.1:9"),
        {"TAWNY_TOKEN": "none"},
        2,
        "--engine: found with --server; the server's settings choose it",
    ),
)


@pytest.mark.parametrize(
    ("options", "variables", "status", "said"),
    REFUSED,
    ids=["unknown", "no cluster", "unreachable", "server"],
)
def test_an_engine_that_cannot_be_used_is_said_in_one_line(
    month: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    variables: dict[str, str],
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    target = tmp_path / "x.csv"
    result = tawny(month, "export", "teams", *RANGE, *options, "-o", str(target))
    assert result == Result(status, "", f"tawny: {said}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_cluster_that_does_not_see_the_files_makes_no_export(
    on_sail: Cluster, month: Path, tmp_path: Path
) -> None:
    """Sail takes a file that is not there for one without rows."""
    home = tmp_path / "a[b]"
    shutil.copytree(month, home)
    target = tmp_path / "x.csv"
    call = ("export", "teams", *RANGE, "--engine", "spark", "-o", str(target))
    said = (
        f"engine: found the data folder {home}, of whose path a cluster takes [ ] for a pattern; "
        "choose a folder without"
    )
    assert on_sail.calls(home, *call) == Result(2, "", f"tawny: {said}\n")
    home = tmp_path / "home"
    shutil.copytree(month, home)
    with sail(hidden=home) as cluster:
        result = cluster.calls(home, *call)
    place = cluster.url.removeprefix("sc://")
    status, line = result.status, result.err
    assert (status, line.count("\n")) == (1, 1)
    assert re.fullmatch(
        rf"tawny: the engine at {place} sees 0 of [1-9][0-9,]* events in files of the log; give it "
        rf"the folder {home}/log under the same path\n",
        line,
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a[b]", "home"]


def test_without_its_client_a_cluster_is_refused(
    on_sail: Cluster, month: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAWNY_ENGINE_URL", on_sail.url)
    target = tmp_path / "x.csv"
    result = tawny(month, "export", "teams", *RANGE, "--engine", "spark", "-o", str(target))
    said = "engine: found spark, and its client is not installed; install tawny[spark]"
    assert result == Result(2, "", f"tawny: {said}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("killed", ["cluster", "tawny"])
def test_a_kill_in_the_middle_leaves_no_file(month: Path, tmp_path: Path, killed: str) -> None:
    home = tmp_path / "home"
    shutil.copytree(month, home)
    out = tmp_path / "out"
    out.mkdir()
    with sail() as cluster:
        process = subprocess.Popen(
            [
                *(CLIENT / "python", "-m", "tawny", "--home", home, "export", "users", *RANGE),
                *("--engine", "spark", "-o", out / "x.csv"),
            ],
            env=environment(cluster.url),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 60
        while not list((home / "tmp").glob("export-*/step-*")):
            assert process.poll() is None and time.monotonic() < deadline, process.communicate()
            time.sleep(0.02)
        if killed == "tawny":
            process.kill()
            process.communicate(timeout=30)
        else:
            os.kill(cluster.processes[0], signal.SIGKILL)
            told = process.communicate(timeout=60)
            assert (process.returncode, told[0]) == (1, "")
            assert told[1].count("\n") == 1, told[1]
            line = told[1].rstrip("\n")
            place = cluster.url.removeprefix("sc://")
            assert line.startswith(f"tawny: the engine at {place} does not answer (")
            assert line.endswith(
                "); start it, correct TAWNY_ENGINE_URL, or export with --engine duckdb"
            )
            assert list(out.iterdir()) == []
            assert list((home / "tmp").iterdir()) == []
    # What a process that was killed left is taken away by the next.
    assert tawny(home, "export", "users", *RANGE, "-o", str(out / "x.csv")) == Result(0, "", "")
    assert sorted(path.name for path in out.iterdir()) == ["x.csv", "x.csv.receipt.json"]
    assert list((home / "tmp").iterdir()) == []


LONG = """
import sys, threading
from pathlib import Path
from tawny.engine.engines import interrupt_clusters, open_embedded, open_other
from tawny.errors import EngineError
from tawny.settings import Settings

scratch = Path(sys.argv[1])
try:
    with (
        open_embedded(scratch, 200, 1) as duck,
        open_other("spark", Settings(), duck, scratch) as cluster,
    ):
        numbers = cluster._session.range(6_000_000_000).selectExpr("id % 1000003 AS k")
        numbers.createOrReplaceTempView("numbers")
        threading.Thread(
            target=lambda: (sys.stdin.readline() and interrupt_clusters()), daemon=True
        ).start()
        print("running", flush=True)
        cluster.rows(
            "SELECT k, count(*) AS events FROM numbers GROUP BY k"
        )
except EngineError as error:
    print(str(error).split(" failed")[0])
except KeyboardInterrupt:
    print("stopped")
"""


@pytest.mark.parametrize("how", ["interrupted", "stopped", "ended"])
def test_a_cluster_stops_what_nobody_waits_for(tmp_path: Path, how: str) -> None:
    """What a cancelled run, a stopped server and Ctrl-C have in common: the statement that runs
    ends on the cluster, which by itself goes on with it."""
    # In a file: the client takes a process of `python -c` for a test of its own.
    script = tmp_path / "long.py"
    script.write_text(LONG)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with sail() as cluster:
        client = subprocess.Popen(
            [CLIENT / "python", script, scratch],
            env=environment(cluster.url),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert client.stdout is not None
        assert client.stdout.readline() == "running\n"
        busy_s = processor_s(cluster)
        deadline = time.monotonic() + 60
        while processor_s(cluster) < busy_s + 0.5:
            assert client.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        if how != "interrupted":
            client.send_signal(signal.SIGINT if how == "stopped" else signal.SIGTERM)
        said = client.communicate("stop\n" if how == "interrupted" else None, timeout=60)[0]
        place = cluster.url.removeprefix("sc://")
        words = {"interrupted": f"the engine at {place}\n", "stopped": "stopped\n", "ended": ""}
        assert said == words[how]
        deadline = time.monotonic() + 30
        while processor_s(cluster) - busy_s > 0.05:
            assert time.monotonic() < deadline, "the cluster goes on"
            busy_s = processor_s(cluster)
            time.sleep(2)
    assert how == "ended" or list(scratch.iterdir()) == []


def processor_s(cluster: Cluster) -> float:
    """Processor time that a cluster of one process has used, in seconds."""
    fields = Path(f"/proc/{cluster.processes[0]}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
