"""The event log: one append-only Delta table, the only truth.

A commit adds files that are already whole and flushed, so the version number of the table is a
snapshot that readers may use for as long as they like while writers go on. Each row carries the
`log_version` it arrived with; the events of an old version can therefore be read from any later
one, also when compaction has rewritten the files.

What was acknowledged is known apart from the table (`tawny.log.acknowledged`), and a table that
holds less is neither read nor written.

Layout: `log/family=<family>/month=<YYYY-MM>/<random>.parquet`, months in UTC.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Schema

from tawny.disk import flush, held_lock, sha256_of, translated_os_errors
from tawny.errors import LogDamagedError, StorageError
from tawny.log.acknowledged import NOTHING, Acknowledged, AcknowledgedRecord, RecordFile, Witness
from tawny.log.damage import (
    check_absence,
    check_acknowledged,
    damaged_files,
    error_of_files,
    unreadable,
)
from tawny.log.delta import (
    PARTITIONS,
    PROPERTIES,
    actions_of,
    column_names,
    create,
    files_of,
    grown_families,
    load,
    log_schema,
    translated_errors,
    uri,
)
from tawny.log.files import LogFile, Snapshot
from tawny.log.repair import ACTIONS, Commit, commits, first_damaged, mend
from tawny.model.zones import current_ms
from tawny.text import Text

CHECKPOINT_EVERY = 100
"""Commits between two checkpoints of the table."""
_LOCK = "log.lock"

_log = logging.getLogger("tawny.log")


class EventLog:
    """The log in the folder `home/log`. Nothing is created before the first event arrives.

    `elsewhere` knows what was acknowledged too, apart from the data folder's own record.
    """

    def __init__(self, home: Path, elsewhere: Witness) -> None:
        self.home = home
        self.folder = home / "log"
        self._delta_log = self.folder / "_delta_log"
        self._record = RecordFile(home)
        self._elsewhere = elsewhere
        self._holder: int | None = None

    def snapshot(self) -> Snapshot:
        """The newest version. Raises `LogDamagedError` for a log that is not what was acknowledged,
        `LogVersionError` or `StorageError`.

        What a crash kept from being written down is written down now, where that is possible.
        """
        snapshot = self._look()
        if snapshot.version >= 0 and self._is_behind(snapshot):
            with self._trying_to_write() as can_write, contextlib.suppress(StorageError):
                if can_write:
                    self._catch_up()
        return snapshot

    def known(self) -> tuple[AcknowledgedRecord | None, Acknowledged | None]:
        """The record beside the log, and the most that was acknowledged as far as anybody knows."""
        record, elsewhere = self._record.read(), self._elsewhere.read()
        acknowledged = [found for found in (record and record.acknowledged, elsewhere) if found]
        if not acknowledged and self._record.is_damaged():
            raise unreadable(self._record.path, None)
        return record, max(acknowledged, default=None)

    def changed_ns(self) -> int | None:
        """Another number after every commit; None before the first. Much quicker than a snapshot,
        for who only asks whether there is something new."""
        try:
            return self._delta_log.stat().st_mtime_ns
        except OSError:
            return None

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the writers' lock; other processes that write wait. It ends with the process."""
        if self._holder == threading.get_ident():
            yield
            return
        thing = f"the data folder {self.home}"
        with translated_os_errors(thing):
            self.folder.mkdir(parents=True, exist_ok=True)
        with held_lock(self.home / _LOCK, thing):
            self._holder = threading.get_ident()
            try:
                yield
            finally:
                self._holder = None

    def commit(self, add: Sequence[LogFile], remove: Sequence[LogFile] = ()) -> int:
        """Make files part of the log and take others out, in one step; returns the version.

        The caller holds the writers' lock. When this returns, the commit survives a power cut and
        counts as acknowledged: files are flushed before the commit names them, the commit before
        it is written down, and that before it is reported.
        """
        table = self._open_for_writing()
        record, _ = self.known()
        if record is not None and record.version == table.version():
            events = record.events
        else:
            events = sum(file.rows for file in files_of(table))
        folders = {self.folder}
        sha256 = {}
        for file in add:
            path = self.folder / file.path
            flush(path)
            sha256[file.path] = sha256_of(path)
            folders |= {path.parent, path.parent.parent}
        for folder in folders:
            flush(folder)
        version = table.version() + 1
        actions = actions_of(add, remove, current_ms())
        with translated_errors(self.folder):
            table.create_write_transaction(
                actions,
                "append",
                table.schema(),
                partition_by=PARTITIONS,
                post_commithook_properties=PostCommitHookProperties(create_checkpoint=False),
                commit_properties=CommitProperties(custom_metadata={ACTIONS: str(len(actions))}),
            )
        self._flush_commits(version)
        events += sum(file.rows for file in add) - sum(file.rows for file in remove)
        gone = {file.path for file in remove}
        kept = {} if record is None else record.sha256
        sha256 |= {path: digits for path, digits in kept.items() if path not in gone}
        self.write_down(AcknowledgedRecord(version, events, sha256))
        if version % CHECKPOINT_EVERY == 0:
            self._checkpoint()
        return version

    def shrink(self, add: Sequence[LogFile], remove: Sequence[LogFile]) -> int:
        """Take events out of the log for good, in one step; `add` are the files of `remove` written
        again without them. Returns the version. The caller holds the writers' lock.

        What will be left is written down first, as of the version before: killed at any instant,
        the log holds what it says or more, and is not taken for one that has lost something.
        """
        table = self._open_for_writing()
        record, _ = self.known()
        left = sum(file.rows for file in (*files_of(table), *add))
        left -= sum(file.rows for file in remove)
        sha256 = {} if record is None else record.sha256
        self.write_down(AcknowledgedRecord(table.version() - 1, left, sha256))
        return self.commit(add, remove)

    def write_down(self, record: AcknowledgedRecord) -> None:
        """Have a version of the log, which is on the disk, count as acknowledged. The caller holds
        the writers' lock."""
        self._record.write(record)
        self._elsewhere.write(record.acknowledged)

    def _checkpoint(self) -> None:
        """Sum up the commits so far in one file, flushed like everything else."""
        with translated_errors(self.folder):
            DeltaTable(uri(self.folder)).create_checkpoint()
        for path in self._delta_log.glob("*checkpoint*"):
            flush(path)
        flush(self._delta_log)

    def next_version(self) -> int:
        """The version the next commit will have, for a caller that holds the writers' lock."""
        return self._open_for_writing().version() + 1

    def delete_unused_files(self, older_than_hours: int) -> list[str]:
        """Delete files that no version needs: left by a crash, or replaced by compaction longer
        ago than that. A reader that started since then is safe. Returns their paths. The caller
        holds the writers' lock."""
        if self.snapshot().version < 0:
            return []
        table = load(self.folder)
        assert table is not None
        with translated_errors(self.folder):
            deleted = table.vacuum(
                retention_hours=older_than_hours,
                dry_run=False,
                enforce_retention_duration=False,
                full=True,
            )
        self._catch_up()
        return deleted

    # --- looking --------------------------------------------------------------------------------

    def _look(self) -> Snapshot:
        """The newest version, when it is what was acknowledged and its files are there."""
        while True:
            # Known first: a commit is written down after it is made.
            _, acknowledged = self.known()
            table = self._load(acknowledged)
            if table is None:
                if self._is_still(None):
                    check_absence(self.folder, acknowledged)
                    return Snapshot(self.folder, -1)
                continue
            files = tuple(files_of(table))
            snapshot = Snapshot(self.folder, table.version(), files, grown_families(table))
            if acknowledged is not None:
                try:
                    check_acknowledged(snapshot, acknowledged)
                except LogDamagedError:
                    if self.known()[1] != acknowledged:
                        continue  # events were taken out on purpose meanwhile
                    raise
            damaged = damaged_files(snapshot)
            if not damaged:
                return snapshot
            # Maintenance deletes files when a newer version does without them.
            if self._is_still(snapshot.version):
                raise error_of_files(damaged)

    def _is_still(self, version: int | None) -> bool:
        table = load(self.folder)
        return (None if table is None else table.version()) == version

    def _load(self, acknowledged: Acknowledged | None) -> DeltaTable | None:
        """The table. A commit that nobody was told of, and that a power cut has left broken, is
        set aside first."""
        try:
            table = load(self.folder)
            if table is None or acknowledged is None or table.version() <= acknowledged.version:
                return table
            newest = Commit(table.version(), self._commit_path(table.version()))
            if newest.actions() is not None:
                return table
        except StorageError:
            pass
        self._mend()
        try:
            return load(self.folder)
        except StorageError as error:
            damaged = first_damaged(commits(self._delta_log))
            if damaged is None:
                raise
            raise unreadable(damaged, acknowledged) from error

    def _mend(self) -> None:
        """Set aside what is broken and nobody was told of, if it may be written here, and say so.
        Without a record nobody knows what people were told of."""
        with self._trying_to_write(wait=True) as can_write:
            _, acknowledged = self.known()
            if not can_write or acknowledged is None:
                return
            aside = mend(self._delta_log, acknowledged.version)
        for path in aside:
            warning = Text(
                "a crash had left {name} of the event log unfinished; nobody was told that it was "
                "done, it was set aside as {path}",
                name=path.name.partition(".broken")[0],
                path=path,
            )
            _log.warning("%s", warning)

    # --- writing down ---------------------------------------------------------------------------

    def _is_behind(self, snapshot: Snapshot) -> bool:
        found = Acknowledged(snapshot.version, snapshot.rows)
        record = self._record.read()
        if record is None or record.acknowledged != found:
            return True
        return self._elsewhere.can_write() and self._elsewhere.read() != found

    def _catch_up(self) -> None:
        """Write down what is in the log and was not yet: after a crash, or in a log from before
        there was a record. The caller holds the writers' lock."""
        snapshot = self._look()
        record, _ = self.known()
        paths = {file.path for file in snapshot.files}
        first = snapshot.version if record is None else record.version + 1
        added: set[str] = set()
        for version in range(max(0, first), snapshot.version + 1):
            commit = Commit(version, self._commit_path(version))
            if commit.path.exists():
                flush(commit.path)
            if record is not None:
                added |= commit.added() & paths
        flush(self._delta_log)
        sha256: dict[str, str] = {}
        kept: Mapping[str, str] = {} if record is None else record.sha256
        for path in sorted(added - kept.keys()):
            flush(self.folder / path)
            flush((self.folder / path).parent)
            sha256[path] = sha256_of(self.folder / path)
        sha256 |= {path: digits for path, digits in kept.items() if path in paths}
        new = AcknowledgedRecord(snapshot.version, snapshot.rows, sha256)
        if new != record:
            self._record.write(new)
        self._elsewhere.write(new.acknowledged)

    @contextlib.contextmanager
    def _trying_to_write(self, *, wait: bool = False) -> Iterator[bool]:
        """Hold the writers' lock if nobody else does, or after waiting; false where it cannot be
        had."""
        if self._holder == threading.get_ident():
            yield True
            return
        try:
            lock = os.open(self.home / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            yield False
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._holder = threading.get_ident()
        except BlockingIOError:
            os.close(lock)
            yield False
            return
        try:
            yield True
        finally:
            self._holder = None
            os.close(lock)

    def _open_for_writing(self) -> DeltaTable:
        """The table with every column events have today; the caller holds the writers' lock."""
        record, acknowledged = self.known()
        table = load(self.folder)
        if table is None:
            check_absence(self.folder, acknowledged)
            if record is None:
                # A crash from here on leaves nothing that anybody was told of.
                self._record.write(AcknowledgedRecord(NOTHING.version, NOTHING.events))
            table = create(self.folder)
            for folder in (self._commit_path(0), self._delta_log, self.folder, self.home):
                flush(folder)
            return table
        names = set(column_names(table))
        missing = [column for column in log_schema() if column.name not in names]
        hooks = PostCommitHookProperties(create_checkpoint=False)
        if missing:
            with translated_errors(self.folder):
                table.alter.add_columns(
                    Schema.from_arrow(pa.schema(missing)).fields, post_commithook_properties=hooks
                )
            self._flush_commits(table.version())
        if not PROPERTIES.items() <= table.metadata().configuration.items():
            with translated_errors(self.folder):
                table.alter.set_table_properties(PROPERTIES, post_commithook_properties=hooks)
            self._flush_commits(table.version())
        return table

    def _flush_commits(self, version: int) -> None:
        flush(self._commit_path(version))
        flush(self._delta_log)

    def _commit_path(self, version: int) -> Path:
        return self._delta_log / f"{version:020d}.json"
