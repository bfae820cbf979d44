"""Clusters for tests, on this machine: Sail as one process, Apache Spark as a master with workers.

Both, and the client that Tawny speaks to them with, live in environments of their own
(`make .venv-engines/stamp`, `make .venv-apache/stamp`); the embedded engine is tested without them.
"""

import collections
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from commands import Result, tawny

ROOT = Path(__file__).parent.parent
CLIENT = ROOT / ".venv-engines" / "bin"
APACHE = ROOT / ".venv-apache"

MONTH = ("--from", "2026-03-01", "--to", "2026-04-01", "--as-of", "2026-04-02T00:00:00Z")
"""The range of `simulated_month`."""


class Calls:
    """`tawny` with the extra `spark`, in a process for many calls."""

    def __init__(self, url: str) -> None:
        need(CLIENT / "python", "make .venv-engines/stamp")
        self._process = subprocess.Popen(
            [CLIENT / "python", Path(__file__).parent / "engine_calls.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(url),
        )

    def __call__(self, home: Path, *arguments: str) -> Result:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(["--home", str(home), *arguments]) + "\n")
        self._process.stdin.flush()
        return Result(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


@dataclass(frozen=True)
class Cluster:
    """A cluster that runs, and calls that use it."""

    name: str
    url: str
    calls: Calls
    processes: tuple[int, ...]
    """Its processes, the one that answers first; each leads a session of those it started."""

    def used(self) -> tuple[float, int]:
        """Processor time of all its processes in seconds; the most memory each had, in bytes."""
        busy_s: dict[int, float] = collections.defaultdict(float)
        peak_bytes = 0
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
                if int(fields[3]) not in self.processes:
                    continue
                busy_s[int(folder.name)] = sum(map(int, fields[11:13])) / _TICKS
                # One that has ended and is not waited for has no memory any more.
                for peak in re.findall(r"VmHWM:\s+(\d+) kB", (folder / "status").read_text()):
                    peak_bytes += 1024 * int(peak)
        return sum(busy_s.values()), peak_bytes

    def wait_until_busy(self, more_s: float = 0.5) -> None:
        """Wait until it has used so much more processor time."""
        begun_s = self.used()[0]
        deadline = time.monotonic() + 60
        while self.used()[0] < begun_s + more_s:
            assert time.monotonic() < deadline, "the cluster has nothing to do"
            time.sleep(0.1)

    def wait_until_idle(self) -> None:
        """Wait until it works on nothing any more."""
        deadline = time.monotonic() + 30
        before_s, now_s = -1.0, self.used()[0]
        while now_s - before_s > 0.05:
            assert time.monotonic() < deadline, "the cluster goes on"
            time.sleep(2)
            before_s, now_s = now_s, self.used()[0]


_TICKS = os.sysconf("SC_CLK_TCK")


def need(path: Path, how: str) -> None:
    """Leave a test out where what it needs was not made; in continuous integration that fails."""
    if not path.exists():
        pytest.skip(f"left out: {path} is missing; {how}")


def environment(url: str) -> dict[str, str]:
    """That of a call that may use a cluster."""
    return {**os.environ, "TAWNY_ENGINE_URL": url}


def simulated_month(folder: Path) -> Path:
    """A data folder with the events of `MONTH` of a small care centre."""
    file, home = folder / "month.ndjson", folder / "home"
    call = ("sample", "--conversations", "300", *MONTH[:4], "-o", str(file))
    assert tawny(home, *call).status == 0
    assert tawny(home, "ingest", str(file)).status == 0
    return home


@contextlib.contextmanager
def sail(hidden: Path | None = None, memory_bytes: int | None = None) -> Iterator[Cluster]:
    """Sail, which needs no Java. It does not see a `hidden` folder, as on another machine, and has
    no more memory for its queries than it is given."""
    need(CLIENT / "sail", "make .venv-engines/stamp")
    port = free_port()
    call = [str(CLIENT / "sail"), "spark", "server", "--ip", "127.0.0.1", "--port", str(port)]
    if hidden is not None:
        mount = 'mount -t tmpfs none "$0" && exec "$@"'
        call = ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, str(hidden), *call]
    variables = {}
    if memory_bytes is not None:
        variables = {
            "SAIL_RUNTIME__MEMORY_POOL__TYPE": "greedy",
            "SAIL_RUNTIME__MEMORY_POOL__GREEDY__MAX_SIZE": str(memory_bytes),
        }
    with _running(call, variables) as process:
        yield from _answering("sail", port, (process,))


@contextlib.contextmanager
def apache(*options: str) -> Iterator[Cluster]:
    """Apache Spark from its wheel: a standalone master, two workers, and an endpoint. `options` are
    of the kind `spark.name=value`."""
    need(APACHE / "bin" / "python", "make .venv-apache/stamp")
    if shutil.which("java") is None:
        pytest.skip("left out: java is missing; install a Java runtime, 17 or newer")
    [home] = (APACHE / "lib").glob("python3*/site-packages/pyspark")
    spark_class = str(home / "bin" / "spark-class")
    master, port = free_port(), free_port()
    at = f"spark://127.0.0.1:{master}"
    worker = [
        *(spark_class, "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1"),
        *("--cores", "1", "--memory", "1g", "--webui-port", "0", at),
    ]
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tawny-spark-"))
        variables = {
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_WORKER_DIR": f"{folder}/work",
            "SPARK_LOCAL_DIRS": f"{folder}/local",
            "SPARK_NO_DAEMONIZE": "1",
        }
        call = [
            *(spark_class, "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1"),
            *("--port", str(master), "--webui-port", "0"),
        ]
        processes = [stack.enter_context(_running(call, variables))]
        _wait_for(master)
        processes += [stack.enter_context(_running(worker, variables)) for _ in range(2)]
        call = [
            *(spark_class, "org.apache.spark.deploy.SparkSubmit", "--master", at),
            *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer"),
            *("--conf", f"spark.connect.grpc.binding.port={port}"),
            *("--conf", "spark.connect.grpc.binding.address=127.0.0.1"),
            *("--conf", "spark.driver.host=127.0.0.1", "--conf", "spark.ui.enabled=false"),
            *("--conf", "spark.sql.shuffle.partitions=2"),
            *("--conf", f"spark.sql.warehouse.dir={folder}/warehouse"),
            *(part for option in options for part in ("--conf", option)),
            *("--driver-memory", "1g", "spark-internal"),
        ]
        processes.insert(0, stack.enter_context(_running(call, variables)))
        yield from _answering("apache", port, tuple(processes))


def _answering(name: str, port: int, processes: tuple[int, ...]) -> Iterator[Cluster]:
    _wait_for(port)
    url = f"sc://127.0.0.1:{port}"
    calls = Calls(url)
    try:
        yield Cluster(name, url, calls, processes)
    finally:
        calls.close()


@contextlib.contextmanager
def _running(call: list[str], variables: dict[str, str]) -> Iterator[int]:
    """A process with those it starts, until the end."""
    process = subprocess.Popen(
        call,
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port() -> int:
    """A port that nothing listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.1)
    raise AssertionError(f"nothing listens at port {port}")
