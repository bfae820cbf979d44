"""What is wrong with a log that is not what was acknowledged, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tawny.disk import sha256_of
from tawny.errors import LogDamagedError
from tawny.log.acknowledged import Acknowledged
from tawny.log.files import LogFile, Snapshot
from tawny.log.repair import is_parquet
from tawny.text import Text


def log_damaged(what: Text) -> LogDamagedError:
    """The one error about a log that is not what was acknowledged."""
    return LogDamagedError(
        "the event log is damaged: {what}; restore it from a backup, or take what is left with "
        "tawny log accept",
        what=what,
    )


@dataclass(frozen=True, slots=True)
class DamagedFile:
    """A file of the log that is not what was written, and why."""

    file: LogFile
    what: Text


def damaged_files(snapshot: Snapshot) -> list[DamagedFile]:
    """Files that are missing or cut off. Contents are not read."""
    found = []
    for file in snapshot.files:
        path = snapshot.folder / file.path
        try:
            size_bytes = path.stat().st_size
        except OSError:
            what = Text("{file} with {events} events is missing", file=path, events=file.rows)
            found.append(DamagedFile(file, what))
            continue
        if size_bytes != file.size_bytes:
            what = Text(
                "{file} with {events} events has {found} bytes instead of {expected}",
                file=path,
                events=file.rows,
                found=size_bytes,
                expected=file.size_bytes,
            )
            found.append(DamagedFile(file, what))
    return found


def changed_files(snapshot: Snapshot, sha256: Mapping[str, str]) -> list[DamagedFile]:
    """The same, and those whose content is another one. Every file is read."""
    found = damaged_files(snapshot)
    known = {damaged.file.path for damaged in found}
    for file in snapshot.files:
        path = snapshot.folder / file.path
        if file.path in known:
            continue
        expected = sha256.get(file.path)
        if is_parquet(path) if expected is None else sha256_of(path) == expected:
            continue
        what = Text("{file} with {events} events was changed", file=path, events=file.rows)
        found.append(DamagedFile(file, what))
    return found


def error_of_files(damaged: Sequence[DamagedFile]) -> LogDamagedError:
    """The error about files; it names the first."""
    what = damaged[0].what
    if damaged[1:]:
        what = Text("{first}, and {count} more", first=what, count=len(damaged) - 1)
    return log_damaged(what)


def check_acknowledged(snapshot: Snapshot, acknowledged: Acknowledged) -> None:
    """Raise `LogDamagedError` for a snapshot that holds less than was acknowledged, or other events
    in the same version."""
    found = Acknowledged(snapshot.version, snapshot.rows)
    if acknowledged.events == 0:
        return
    if found == acknowledged or (
        found.version > acknowledged.version and found.events >= acknowledged.events
    ):
        return
    raise log_damaged(
        Text(
            "{folder} holds {found} events in version {found_version}, acknowledged were {events} "
            "in version {version}",
            folder=snapshot.folder,
            found=found.events,
            found_version=found.version,
            events=acknowledged.events,
            version=acknowledged.version,
        )
    )


def check_absence(folder: Path, acknowledged: Acknowledged | None) -> None:
    """Raise `LogDamagedError` where there is no table, though there must be one."""
    files = sum(1 for _ in folder.glob("family=*/**/*.parquet"))
    if files:
        raise log_damaged(
            Text(
                "{folder} is gone or empty, {files} files with events lie beside it",
                folder=folder / "_delta_log",
                files=files,
            )
        )
    if acknowledged is not None and acknowledged.events:
        raise log_damaged(
            Text(
                "{folder} is gone or empty, {events} events in version {version} were acknowledged",
                folder=folder,
                events=acknowledged.events,
                version=acknowledged.version,
            )
        )


def unreadable(path: Path, acknowledged: Acknowledged | None) -> LogDamagedError:
    """The error about a file that cannot be read."""
    if acknowledged is None:
        return log_damaged(Text("{file} cannot be read", file=path))
    return log_damaged(
        Text(
            "{file} cannot be read, {events} events in version {version} were acknowledged",
            file=path,
            events=acknowledged.events,
            version=acknowledged.version,
        )
    )
