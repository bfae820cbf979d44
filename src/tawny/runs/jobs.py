"""What a worker process does: export, and the readings of the log that take a while.

Each job takes the data folder, the settings and its arguments as JSON has them, and returns what
JSON can carry.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tawny.engine.duck import Duck
from tawny.engine.snapshot import known_channels
from tawny.errors import RequestError
from tawny.exports.request import ExportRequest
from tawny.log.table import EventLog
from tawny.runs.charts import charts_of
from tawny.runs.compact import compact
from tawny.runs.erase import purge_what_is_new
from tawny.runs.export import ExportSession
from tawny.runs.inbox import flush
from tawny.runs.leftovers import scratch_folder
from tawny.runs.reading import channel_list, count_rows, first_rows
from tawny.runs.receipt import Replay
from tawny.runs.status import log_status
from tawny.settings import Settings

Tell = Callable[[str, int], None]
"""Called with a phase and how far it is, in percent."""

Arguments = Mapping[str, Any]

_PROGRESS_EVERY_S = 0.3
SMALL_FILES = 12
"""A month with more small files than this is compacted between two moves of the inbox."""


def export(home: Path, settings: Settings, arguments: Arguments, tell: Tell) -> dict[str, Any]:
    """Write an export to `target`, a path whose folder exists; returns its receipt as text."""
    tell("collecting", 0)
    flush(home, settings)
    with ExportSession(home, settings, arguments["now_ms"]) as session:
        request = _known_channels_only(session, request_of(arguments), arguments)
        tell("querying", 1)
        with _watched(session, tell):
            receipt = session.export(request, Path(arguments["target"]))
    tell("finishing", 99)
    return {
        "receipt": receipt.to_json(),
        "rows": receipt.rows,
        "size_bytes": receipt.size_bytes,
        "sha256": receipt.sha256,
    }


def check(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """Whether an export can be run at all, its channels included."""
    request = request_of(arguments)
    if request.channels:
        flush(home, settings)
    with ExportSession(home, settings, arguments["now_ms"]) as session:
        session.check(_known_channels_only(session, request, arguments))
    return {}


def estimate(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """How many rows an export would give."""
    flush(home, settings)
    with ExportSession(home, settings, arguments["now_ms"]) as session:
        request = _known_channels_only(session, request_of(arguments), arguments)
        session.check(request)
        return {"rows": count_rows(session, request)}


def preview(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """The first rows of an export that was made."""
    with ExportSession(home, settings, 0) as session:
        rows = first_rows(session, request_of(arguments), replay_of(arguments), arguments["rows"])
        return {"rows": rows}


def charts(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """The charts of an export that was made."""
    with ExportSession(home, settings, 0) as session:
        return {"charts": charts_of(session, request_of(arguments), replay_of(arguments))}


def channels(home: Path, settings: Settings, _arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """Every channel of the log, as last saved."""
    _move_if_free(home, settings)
    snapshot = EventLog(home).snapshot()
    with Duck(scratch_folder(home), settings.number("engine_memory_mb"), 1) as duck:
        return {"version": snapshot.version, "channels": channel_list(duck, snapshot)}


def status(home: Path, settings: Settings, _arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """What is in the log."""
    _move_if_free(home, settings)
    found = log_status(home, settings)
    return {
        "version": found.version,
        "events": found.events,
        "size_bytes": found.size_bytes,
        "files": found.files,
        "types": [[row.type, row.events, row.first_ms, row.last_ms] for row in found.types],
        "newest": [list(row) for row in found.newest],
    }


def _move_if_free(home: Path, settings: Settings) -> None:
    """Move the inbox for a look at the log, which does not wait while another process moves;
    unless it would see nothing at all."""
    flush(home, settings, wait=EventLog(home).changed_ns() is None)


def move(home: Path, settings: Settings, _arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """Move the inbox into the log."""
    outcome = flush(home, settings)
    return {"accepted": outcome.accepted, "duplicates": outcome.duplicates}


def tidy(home: Path, settings: Settings, _arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """Purge contacts that were erased, and merge small files of the log where there are many."""
    purge_what_is_new(home, settings)
    done = compact(home, settings, files_per_month=SMALL_FILES)
    return {"files_before": done.files_before, "files_after": done.files_after}


Job = Callable[[Path, Settings, Arguments, Tell], dict[str, Any]]

JOBS: dict[str, Job] = {
    "charts": charts,
    "channels": channels,
    "check": check,
    "estimate": estimate,
    "export": export,
    "move": move,
    "preview": preview,
    "status": status,
    "tidy": tidy,
}
"""Every job by name."""


def request_of(arguments: Arguments) -> ExportRequest:
    """The export request in the arguments of a job."""
    asked = dict(arguments["request"])
    asked["channels"] = tuple(asked["channels"])
    return ExportRequest(**asked)


def replay_of(arguments: Arguments) -> Replay:
    """The receipt's part in the arguments of a job, so that a second run gives the same."""
    receipt = arguments["receipt"]
    media = receipt["request"]["content_media"]
    return Replay(
        log_version=int(receipt["log_version"]),
        content_media=None if media is None else tuple(media),
        sha256=receipt["sha256"],
        definition_version=receipt["definition_version"],
        time_zone_data=receipt["time_zone_data"],
    )


def _known_channels_only(
    session: ExportSession, request: ExportRequest, arguments: Arguments
) -> ExportRequest:
    """A supervisor who names no channel means all that were given; one of them that has no event
    yet has no rows either, and is no mistake of the person."""
    if not request.channels or not arguments.get("given_channels"):
        return request
    known = set(known_channels(session.duck, session.snapshot, None))
    here = tuple(channel for channel in request.channels if channel in known)
    if not here:
        raise RequestError("channels: those given to you have no events yet; come back later")
    return replace(request, channels=here)


@contextlib.contextmanager
def _watched(session: ExportSession, tell: Tell) -> Iterator[None]:
    """Tell how far the running export is while the body runs."""
    done = threading.Event()

    def watch() -> None:
        highest = 1
        while not done.wait(_PROGRESS_EVERY_S):
            percent = min(98, int(session.progress_percent()))
            if percent > highest:
                highest = percent
                tell("querying", percent)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
