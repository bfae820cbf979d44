"""Jobs about sources: reading a desk, and looking whether it can be read."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from tawny.background.job import SMALL_FILES, Arguments, Job, Tell
from tawny.engine.engines import open_of_folder
from tawny.engine.source_events import count_of_source
from tawny.intake.inbox import flush
from tawny.settings import Settings
from tawny.sources import findings
from tawny.sources.setup import NewSource, Sources
from tawny.sources.sync import SyncRequest
from tawny.state.database import open_database
from tawny.state.event_log import event_log
from tawny.upkeep.compact import compact


def sync(home: Path, settings: Settings, arguments: Arguments, tell: Tell) -> dict[str, Any]:
    """Read what is new in the desk of a `source` into the log."""
    with contextlib.closing(open_database(home, settings)) as database:
        sources = Sources(home, settings, database)
        report = sources.sync(
            sources.store.get(arguments["source"]),
            SyncRequest.of_plain(arguments["asked"]),
            lambda progress: tell("syncing", int(100 * (progress.share or 0))),
        )
    if report.accepted:
        compact(home, settings, files_per_month=SMALL_FILES)
    return {"accepted": report.accepted, "refused": report.refused}


def access(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """Whether a desk can be read, and what is in it; with `until_us` also its own counts beside
    those of the log."""
    until_us = arguments.get("until_us")
    with contextlib.closing(open_database(home, settings)) as database:
        sources = Sources(home, settings, database)
        new = NewSource(**arguments["source"])
        with contextlib.closing(sources.open(new)) as reader:
            return {
                "access": findings.to_plain(reader.access()),
                "counts": []
                if until_us is None
                else sources.compare(new.address, reader, until_us or reader.now_us()),
            }


def source_events(
    home: Path, settings: Settings, arguments: Arguments, _tell: Tell
) -> dict[str, Any]:
    """How many events of a source are in the log."""
    flush(home, settings)
    with open_of_folder(home, settings, threads=1) as duck:
        snapshot = event_log(home, settings).snapshot()
        return {"events": count_of_source(duck, snapshot, arguments["address"])}


SOURCE_JOBS: dict[str, Job] = {"access": access, "source_events": source_events, "sync": sync}
"""Each by its name."""
