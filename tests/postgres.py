"""A throw-away Postgres: a cluster in a folder of its own, on loopback, with a password."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from server_process import LONGEST_WAIT_S


def _programs() -> Path:
    """Where Debian keeps `initdb` and `postgres`; the newest version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: int(one.parent.name))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise AssertionError("there is no Postgres; scripts/system-packages.sh installs it")
    return found[-1] if found else Path(str(on_path)).resolve().parent


def _as_nobody_special() -> list[str]:
    """Postgres refuses to run as root."""
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


@dataclass
class Cluster:
    """A cluster; `start` and `kill` as often as a test likes."""

    folder: Path
    port: int
    password: str
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _databases: int = 0

    def address(self, name: str) -> str:
        """The address of a database, as an operator writes it into the setting."""
        return f"postgresql://tawny:{self.password}@127.0.0.1:{self.port}/{name}"

    def new_database(self) -> str:
        """Make an empty database; returns its address."""
        self._databases += 1
        name = f"tawny_{self._databases}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.address(name)

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.folder / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_as_nobody_special(), _programs() / "postgres", "-D", self.folder / "data",
                 "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
                 "-c", "unix_socket_directories="],
                stdout=log, stderr=log,
            )  # fmt: skip
        end = time.monotonic() + LONGEST_WAIT_S
        while time.monotonic() < end:
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.address("postgres"), connect_timeout=5).close()
                return
            assert self._process.poll() is None, (self.folder / "postgres.log").read_text()
            time.sleep(0.1)
        raise AssertionError("Postgres did not start")

    def crash(self) -> None:
        """End it at once, as when its machine loses power."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """End it in the way that drops its connections and keeps its data."""
        self._end(signal.SIGINT)

    def _end(self, how: signal.Signals) -> None:
        assert self._process is not None
        pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, how)
        self._process.wait(LONGEST_WAIT_S)


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """A running cluster, gone when the body ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    # Not below a folder of root's that nobody else may enter.
    with tempfile.TemporaryDirectory(prefix="tawny-postgres-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        made = Cluster(folder, port, secrets.token_hex(12))
        secret = folder / "password"
        secret.write_text(made.password)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
            shutil.chown(secret, "postgres")
        subprocess.run(
            [*_as_nobody_special(), _programs() / "initdb", "-D", folder / "data", "-U", "tawny",
             "-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8", "--locale", "C.UTF-8",
             "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
        made.start()
        try:
            yield made
        finally:
            made.stop()
