"""Who may read what Tawny writes: the data folder is for the user it runs as, nobody else on the
machine; a file that somebody names is as that person's files are.

The process makes every file for its user alone (`keep_private`), so that no library can make one
that is not. Files that people name are opened up afterwards to what their umask says.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO

_FOLDERS = ("cache", "exports", "log", "tmp")
_FILES = (
    *(
        "state.*",
        "dbos.*",
        "*.lock",
        "log.record.json*",
        "exported.ndjson*",
        ".*.part",
        "purge*",
        "secret.key",
        "sources.key",
    ),
)
"""What Tawny keeps in a data folder. A folder may hold other things too, which are left alone; a
test walks through one after every kind of use."""

_users_umask: int | None = None


def keep_private() -> None:
    """From now on files and folders of this process are for its user alone. Every entry point
    begins with it."""
    global _users_umask
    umask = os.umask(_OTHERS)
    if _users_umask is None:
        _users_umask = umask


def as_users_own(path: Path) -> None:
    """Give a file or folder that somebody named the rights that person's files have. On a disk
    that knows no rights it is as it is."""
    if _users_umask is not None:
        with contextlib.suppress(OSError):
            path.chmod((0o777 if path.is_dir() else 0o666) & ~_users_umask)


def make_users_folder(path: Path) -> None:
    """Make a folder that somebody named, with those above it."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        as_users_own(folder)


def close_to_others(home: Path) -> None:
    """Take from others what an older version, or a copy, let them read of a data folder. What is
    right already costs a few looks; what belongs to another user, or a disk that cannot be written,
    stays as it is."""
    # What cannot even be looked at is said by whoever needs it.
    with contextlib.suppress(OSError):
        _close_entries(home)


def _close_entries(home: Path) -> None:
    if not ((home / "log").is_dir() or (home / "state.db").is_file()):
        return
    for entry in _entries(home):
        if entry.stat().st_mode & _OTHERS == 0:
            continue
        if entry.is_dir():
            for folder, _, names in os.walk(entry):
                for name in names:
                    _close(Path(folder) / name)
            # The folder itself last: what is closed is known to be closed all the way down.
            for folder, _, _ in os.walk(entry, topdown=False):
                _close(Path(folder))
        else:
            _close(entry)
    # A folder that is more than a data folder is not ours to close.
    if home != Path.home() and not home.stat().st_mode & stat.S_ISVTX:
        _close(home)


def _entries(home: Path) -> Iterator[Path]:
    for name in _FOLDERS:
        if (home / name).is_dir():
            yield home / name
    for pattern in _FILES:
        for path in home.glob(pattern):
            if path.is_file():
                yield path


def _close(path: Path) -> None:
    with contextlib.suppress(OSError):
        mode = path.stat(follow_symlinks=False).st_mode
        if not stat.S_ISLNK(mode) and mode & _OTHERS:
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
