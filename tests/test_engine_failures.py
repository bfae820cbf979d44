"""What an engine leaves that is wrongly asked for, out of reach, killed, stopped or short of
memory: one line and no file, and nothing that goes on."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import Result, tawny
from effort import SOAK
from engines import CLIENT, MONTH, Cluster, apache, environment, sail
from server_process import LONGEST_WAIT_S

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
    result = tawny(month, "export", "teams", *MONTH, *options, "-o", str(target))
    assert result == Result(status, "", f"tawny: {said}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_cluster_that_does_not_see_the_files_makes_no_export(
    on_sail: Cluster, month: Path, tmp_path: Path
) -> None:
    """Sail takes a file that is not there for one without rows."""
    home = tmp_path / "a[b]"
    shutil.copytree(month, home)
    target = tmp_path / "x.csv"
    call = ("export", "teams", *MONTH, "--engine", "spark", "-o", str(target))
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
    result = tawny(month, "export", "teams", *MONTH, "--engine", "spark", "-o", str(target))
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
                *(CLIENT / "python", "-m", "tawny", "--home", home, "export", "users", *MONTH),
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
            process.communicate(timeout=LONGEST_WAIT_S)
        else:
            os.kill(cluster.processes[0], signal.SIGKILL)
            told = process.communicate(timeout=LONGEST_WAIT_S)
            assert (process.returncode, told[0]) == (1, "")
            assert told[1].count("\n") == 1, told[1]
            line = told[1].rstrip("\n")
            place = cluster.url.removeprefix("sc://")
            assert line.startswith(f"tawny: the engine at {place} stopped answering (")
            assert line.endswith(
                "); see in its log whether it lacked memory, start it, or export with --engine "
                "duckdb"
            )
            assert list(out.iterdir()) == []
            assert list((home / "tmp").iterdir()) == []
    # What a process that was killed left is taken away by the next.
    assert tawny(home, "export", "users", *MONTH, "-o", str(out / "x.csv")) == Result(0, "", "")
    assert sorted(path.name for path in out.iterdir()) == ["x.csv", "x.csv.receipt.json"]
    assert list((home / "tmp").iterdir()) == []


@pytest.mark.parametrize("kind", ["messages", "users"])
def test_a_cluster_that_lacks_memory_makes_no_file(
    cramped: Cluster, month: Path, tmp_path: Path, kind: str
) -> None:
    """Sail says it in one way where it writes and in another where it sorts."""
    call = ("export", kind, *MONTH, "--engine", "spark", "-o", str(tmp_path / "x.csv"))
    check_short_of_memory(cramped, month, cramped.calls(month, *call))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def cramped() -> Iterator[Cluster]:
    with sail(memory_bytes=100_000) as cluster:
        yield cluster


def check_short_of_memory(cluster: Cluster, home: Path, result: Result) -> None:
    """One line, and nothing that is left in the folder."""
    place = cluster.url.removeprefix("sc://")
    assert (result.status, result.out, result.err.count("\n")) == (1, "", 1), result
    assert re.fullmatch(
        rf"tawny: the engine at {place} needs more memory than it has: \S.*; give it more, or ask "
        r"for a shorter range\n",
        result.err,
    ), result.err
    assert list((home / "tmp").iterdir()) == []


if SOAK:

    def test_apache_spark_that_lacks_memory_makes_no_file(month: Path, tmp_path: Path) -> None:
        """A sort may use nearly nothing of the memory of a worker."""
        call = ("export", "users", *MONTH, "--engine", "spark", "-o", str(tmp_path / "x.csv"))
        with apache("spark.memory.fraction=0.001") as cluster:
            check_short_of_memory(cluster, month, cluster.calls(month, *call))
        assert list(tmp_path.iterdir()) == []


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


@pytest.mark.parametrize("how", ["interrupted", "stopped", "stopped with the cluster", "ended"])
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
        cluster.wait_until_busy()
        assert client.poll() is None
        if how == "stopped with the cluster":
            # The client cannot tell the cluster any more, and would say that instead.
            os.kill(cluster.processes[0], signal.SIGKILL)
        if how != "interrupted":
            client.send_signal(signal.SIGTERM if how == "ended" else signal.SIGINT)
        said = client.communicate(
            "stop\n" if how == "interrupted" else None, timeout=LONGEST_WAIT_S
        )[0]
        place = cluster.url.removeprefix("sc://")
        words = {"interrupted": f"the engine at {place}\n", "ended": ""}
        assert said == words.get(how, "stopped\n")
        cluster.wait_until_idle()
    assert how == "ended" or list(scratch.iterdir()) == []
