"""Taking loaded sample data out of the log again.

Sample data are known by their source and by the mark that the ids of one loading begin with, which
the server made and wrote down before. Nothing else is ever taken out: a file that holds other
events too is written again with all of those, and counted.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tawny.engine.engines import open_of_folder
from tawny.engine.sample_events import sample_rows, write_without_sample
from tawny.log.files import LogFile
from tawny.settings import Settings
from tawny.state.event_log import event_log


def remove_sample(home: Path, settings: Settings, marks: Sequence[str]) -> tuple[int, int]:
    """Take the events with these marks out of the log, in one commit; returns how many they were,
    and how many events are left.

    Killed at any instant, the log holds all of them or none. Files that no version needs any more
    are deleted when the log is tidied.
    """
    log = event_log(home, settings)
    with open_of_folder(home, settings) as duck, log.writing():
        snapshot = log.snapshot()
        affected = sample_rows(duck, snapshot, marks)
        if not affected:
            return 0, snapshot.rows
        written: list[LogFile] = []
        for file, count in affected:
            rest = [] if count == file.rows else write_without_sample(duck, snapshot, file, marks)
            if sum(one.rows for one in rest) != file.rows - count:
                raise AssertionError("other events than those of the sample would go")
            written += rest
        log.shrink(written, [file for file, _ in affected])
        # Among it the index of keys, which knows the events that went.
        shutil.rmtree(home / "cache", ignore_errors=True)
        removed = sum(count for _, count in affected)
        return removed, snapshot.rows - removed
