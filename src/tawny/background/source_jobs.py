"""Jobs about sources: reading a desk, and looking whether it can be read."""

from __future__ import annotations

import contextlib
from dataclasses import replace
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
    # Its watermark is a file too, when nothing else came.
    compact(home, settings, files_per_month=SMALL_FILES)
    return {"accepted": report.accepted, "refused": report.refused}


def dry_sync(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """Read and map what a sync of a `source` would send, and send nothing."""
    with contextlib.closing(open_database(home, settings)) as database:
        sources = Sources(home, settings, database)
        asked = replace(SyncRequest.of_plain(arguments["asked"]), dry_run=True)
        return {"report": sources.sync(sources.store.get(arguments["source"]), asked).to_dict()}


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


SOURCE_JOBS: dict[str, Job] = {
    "access": access, "dry_sync": dry_sync, "source_events": source_events, "sync": sync,
}  # fmt: skip
"""Each by its name."""
