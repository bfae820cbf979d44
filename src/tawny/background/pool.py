"""The worker processes of a server: kept warm, one job each at a time, replaced when they die."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tawny import errors
from tawny.errors import FailureError, StorageError
from tawny.text import from_json

Tell = Callable[[str, int], None]

_END_S = 20.0
"""How long a process may take to end by itself: no time, unless it first has a cluster stop what it
does; one that is busy answers late."""


class WorkerStoppedError(FailureError):
    """The process was ended while it had a job: by us, by the system, or for lack of memory."""

    retry = True


class Ticket:
    """A handle on a job, to stop it from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self.stopped = False

    def stop(self) -> None:
        """End the job at once, or before it begins."""
        with self._lock:
            self.stopped = True
            if self._process is not None:
                self._process.kill()

    @contextlib.contextmanager
    def _bound(self, process: _Process) -> Any:
        with self._lock:
            if self.stopped:
                raise WorkerStoppedError("the job was stopped")
            self._process = process
        try:
            yield
        finally:
            with self._lock:
                self._process = None


class Workers:
    """At most `most` processes; a job waits for a free one. They stand back when the machine is
    busy, so that answers come first; the higher their `niceness`, the more."""

    def __init__(self, home: Path, most: int, niceness: int) -> None:
        self._home = home
        self._niceness = niceness
        self._places = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._all: set[_Process] = set()
        self._closed = False

    def run(
        self,
        job: str,
        arguments: Mapping[str, Any],
        tell: Tell = lambda _phase, _percent: None,
        ticket: Ticket | None = None,
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """Do a job and return its result; raises the `TawnyError` it ended with, or
        `WorkerStoppedError` when its process ended before it did or took too long, waiting for a
        free one included."""
        began = time.monotonic()
        if not self._places.acquire(timeout=timeout_s):
            raise WorkerStoppedError("no worker process was free in time")
        try:
            process = self._take()
            timer = None
            if timeout_s is not None:
                left_s = timeout_s - (time.monotonic() - began)
                timer = threading.Timer(max(0.0, left_s), process.kill)
                timer.start()
            try:
                with (ticket or Ticket())._bound(process):
                    return process.run(job, arguments, tell)
            finally:
                if timer is not None:
                    timer.cancel()
                self._give_back(process)
        finally:
            self._places.release()

    def warm(self, processes: int) -> None:
        """Start that many processes ahead of their first job."""
        with self._lock:
            while len(self._idle) < processes:
                process = _Process(self._home, self._niceness)
                self._all.add(process)
                self._idle.append(process)

    def close(self) -> None:
        """End every process, and wait for it."""
        with self._lock:
            self._closed = True
            self._idle.clear()
            ending = list(self._all)
        for process in ending:
            process.kill()
        for process in ending:
            process.wait()

    def _take(self) -> _Process:
        with self._lock:
            if self._closed:
                raise WorkerStoppedError("the server is stopping")
            while self._idle:
                process = self._idle.pop()
                if process.alive():
                    return process
                self._all.discard(process)
            process = _Process(self._home, self._niceness)
            self._all.add(process)
            return process

    def _give_back(self, process: _Process) -> None:
        with self._lock:
            if process.alive() and not self._closed:
                self._idle.append(process)
            else:
                process.kill()
                self._all.discard(process)


class _Process:
    def __init__(self, home: Path, niceness: int) -> None:
        try:
            self._child = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "tawny.background.process", str(home), str(niceness)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # A key pressed at the terminal is for the server, which then ends its workers.
                # Not a session of its own: Linux shares processors between sessions first, and
                # niceness would count for nothing.
                process_group=0,
            )
        except OSError as error:
            raise StorageError("a worker process cannot start: {error}", error=error) from error
        self._lock = threading.Lock()
        self._ending: threading.Thread | None = None

    def alive(self) -> bool:
        return self._ending is None and self._child.poll() is None

    def kill(self) -> None:
        """Have it end, without waiting: by the end of its input, upon which it stops what a cluster
        does for it, or by force."""
        with self._lock:
            if self._ending is not None:
                return
            self._ending = threading.Thread(target=self._end, name="end worker", daemon=True)
        assert self._child.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            self._child.stdin.close()
        self._ending.start()

    def wait(self) -> None:
        """Wait until a process that was killed has ended."""
        self._child.wait()

    def _end(self) -> None:
        try:
            self._child.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def run(self, job: str, arguments: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
        assert self._child.stdin is not None and self._child.stdout is not None
        try:
            line = json.dumps({"job": job, "arguments": arguments}) + "\n"
            self._child.stdin.write(line.encode())
            self._child.stdin.flush()
            for answer in self._child.stdout:
                message = json.loads(answer)
                if "phase" in message:
                    tell(message["phase"], message["percent"])
                elif "result" in message:
                    result: dict[str, Any] = message["result"]
                    return result
                else:
                    raise _error(message["kind"], message["error"])
        except (OSError, ValueError):
            pass  # the pipe broke, or ended in the middle of a line
        self.kill()
        raise WorkerStoppedError("the worker process was stopped before it was done")


def _error(kind: str, text: str) -> errors.TawnyError:
    """The error a worker reported, of its own class."""
    found = getattr(errors, kind, FailureError)
    if found is errors.UnknownValueError:
        found = errors.RequestError
    error = found(from_json(text))
    assert isinstance(error, errors.TawnyError)
    return error
