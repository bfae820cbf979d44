"""A worker process: one job after the other, each a line of JSON in, lines of JSON out.

    in   {"job": "export", "arguments": {...}}
    out  {"phase": "querying", "percent": 40}
    out  {"result": {...}}   or   {"error": "...", "kind": "StorageError"}

Heavy work runs here and not in the server, so that a query never delays an answer, its memory goes
back to the system, and stopping a run is ending its process. When its input ends, because the
server stops a run or is gone, the worker ends at once, whatever it was doing; what a cluster does
for it is stopped first.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from tawny.background.job import Tell
from tawny.background.jobs import JOBS
from tawny.engine.engines import interrupt_clusters
from tawny.errors import LogReplacedError, TawnyError
from tawny.private import keep_private
from tawny.reading.damage import explained
from tawny.settings import Settings
from tawny.text import Text, to_json

MOST_BEGINNINGS = 5
"""So often a job is tried whose files of the log are replaced each time."""


def main() -> None:
    """Serve jobs until the input ends."""
    keep_private()
    # What libraries print must not get between our lines.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lock = threading.Lock()

    def say(message: dict[str, Any]) -> None:
        with lock:
            out.write(json.dumps(message, ensure_ascii=True) + "\n")
            out.flush()

    home = Path(sys.argv[1])
    os.nice(int(sys.argv[2]))
    if hasattr(os, "SCHED_BATCH"):
        # Linux: never take the processor from somebody who answers a request.
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    settings = Settings()
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            jobs.put(line)
        interrupt_clusters()
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        asked = json.loads(jobs.get())

        def tell(phase: str, percent: int) -> None:
            say({"phase": phase, "percent": percent})

        try:
            result = _result(home, settings, asked, tell)
        except TawnyError as error:
            say({"error": to_json(error.text), "kind": type(error).__name__})
        except Exception as mistake:
            # A mistake of ours: the person gets a sentence, the log of the server the traceback.
            traceback.print_exc(file=sys.stderr)
            sys.stderr.flush()
            text = Text("the job failed in a way nobody foresaw ({error}); the server's log says "
                        "more", error=type(mistake).__name__)  # fmt: skip
            say({"error": to_json(text), "kind": "FailureError"})
        else:
            say({"result": result})


def _result(home: Path, settings: Settings, asked: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """What a job gives. One that read files of the log while a purge replaced them begins again:
    who asked has done nothing wrong, and it has written nothing."""
    beginnings = 0
    while True:
        beginnings += 1
        try:
            return JOBS[asked["job"]](home, settings, asked["arguments"], tell)
        except TawnyError as found:
            error = explained(home, settings, found)
            if not isinstance(error, LogReplacedError) or beginnings == MOST_BEGINNINGS:
                raise error from found


if __name__ == "__main__":
    main()
