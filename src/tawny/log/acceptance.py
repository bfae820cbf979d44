"""Taking a damaged log as it is, when nothing better can be had: a restored backup, lost files.

What cannot be read is set aside under another name, files that are missing are taken out of the
table, and what is left counts as acknowledged from then on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tawny.errors import LogDamagedError, StorageError
from tawny.log.acknowledged import NOTHING, Acknowledged, AcknowledgedRecord
from tawny.log.damage import DamagedFile, changed_files, check_absence, check_acknowledged
from tawny.log.delta import files_of, grown_families, load
from tawny.log.files import Snapshot
from tawny.log.repair import commits, first_damaged, set_aside
from tawny.log.table import EventLog


@dataclass(frozen=True, slots=True)
class Loss:
    """What is lost of a log, and what accepting it would do."""

    acknowledged: Acknowledged | None
    """The most that was acknowledged; None when nobody knows."""
    left: Snapshot
    """What can be read."""
    files: Sequence[DamagedFile]
    """Files of it that are missing or changed; their events are lost."""
    set_aside: Sequence[Path]
    """What would get another name: commits that cannot be read, or the whole folder."""

    @property
    def events_left(self) -> int:
        """How many events can be read."""
        return self.left.rows - sum(damaged.file.rows for damaged in self.files)


def loss_of(log: EventLog) -> Loss | None:
    """What is lost of a log; None when it is what was acknowledged. Every file is read, nothing is
    written. Raises `LogVersionError` or `StorageError`."""
    acknowledged, sha256 = _known(log)
    left, aside = _readable(log)
    files = changed_files(left, sha256)
    loss = Loss(acknowledged, left, files, aside)
    if files or aside:
        return loss
    try:
        log.known()
        if left.version < 0:
            check_absence(log.folder, acknowledged)
        elif acknowledged is not None:
            check_acknowledged(left, acknowledged)
    except LogDamagedError:
        return loss
    return None


def accept(log: EventLog, loss: Loss) -> Acknowledged:
    """Take the log as it is; returns what is acknowledged from now on. The caller holds the
    writers' lock and has held it since `loss_of`."""
    _, sha256 = _known(log)
    for path in loss.set_aside:
        set_aside(path)
    kept = {file.path for file in loss.left.files} - {one.file.path for one in loss.files}
    left = AcknowledgedRecord(
        loss.left.version,
        loss.left.rows,
        {path: digits for path, digits in sha256.items() if path in kept},
    )
    log.write_down(left)
    if loss.files:
        log.commit([], remove=[damaged.file for damaged in loss.files])
    _, acknowledged = log.known()
    return acknowledged or NOTHING


def _known(log: EventLog) -> tuple[Acknowledged | None, dict[str, str]]:
    try:
        record, acknowledged = log.known()
    except LogDamagedError:
        return None, {}
    return acknowledged, {} if record is None else record.sha256


def _readable(log: EventLog) -> tuple[Snapshot, list[Path]]:
    """The newest version that can be read, and what is in its way."""
    there = commits(log.folder / "_delta_log")
    aside: list[Path] = []
    try:
        table = load(log.folder)
    except StorageError:
        damaged = first_damaged(there)
        if damaged is None:
            raise
        number = int(damaged.stem)
        aside = [one.path for one in there if one.version >= number]
        table = load(log.folder, number - 1) if number else None
    if table is None:
        # Without the commits nobody knows which of the files count.
        whole = log.folder.is_dir() and any(log.folder.iterdir())
        return Snapshot(log.folder, -1), [log.folder] if whole else []
    files = tuple(files_of(table))
    return Snapshot(log.folder, table.version(), files, grown_families(table)), aside
