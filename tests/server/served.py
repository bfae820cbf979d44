"""A process that serves as `python -m tawny serve` does.

It is forked from one that has imported what a server needs: half of the processor time of a start
goes into importing the same modules again. Everything after is what a user runs; the start itself
is run by the tests in a browser and by that of a log that cannot be read.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tawny.cli.serve"])


class ServerProcess:
    """A server process, with what tests use of `subprocess.Popen`."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        """Start it; what it prints goes to the end of a file."""
        self._process = _forks.Process(
            target=_serve, args=(list(arguments), dict(environment), str(log)), daemon=True
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, once it has ended. Raises `subprocess.TimeoutExpired`."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("tawny serve", timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        if self.poll() is None:
            self.send_signal(signal.SIGKILL)


def _serve(arguments: Sequence[str], environment: Mapping[str, str], log: str) -> None:
    from tawny.cli.main import main

    os.environ.clear()
    os.environ.update(environment)
    os.umask(0o022)
    end = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(end, 1)
    os.dup2(end, 2)
    os.close(end)
    sys.argv[:] = ["tawny", *arguments]
    main()
