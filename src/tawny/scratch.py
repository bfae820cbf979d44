"""What killed processes leave behind, and taking it away.

Work in progress has the number of its process in its name. What belongs to a process that is gone
is nobody's, and the next run of the same kind deletes it.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tawny.disk import flush

_OWNED = re.compile(r"(?:spill|export)-(\d+)-.*")
_PART = re.compile(r"\.(?P<name>.+)\.(?P<process>\d+)-[0-9a-f]{8}\.(?:part|receipt|[0-9-]+\.slice)")


def scratch_folder(home: Path) -> Path:
    """The folder for work in progress below the data folder, without what dead processes left.

    Where the data folder cannot be written, reading still works: then it is the system's folder for
    temporary files.
    """
    folder = home / "tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        return Path(tempfile.gettempdir())
    for path in folder.iterdir():
        owner = _OWNED.fullmatch(path.name)
        if owner and not _is_alive(int(owner.group(1))):
            with contextlib.suppress(OSError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


def scratch_file(folder: Path) -> Path:
    """A new name in a scratch folder."""
    return folder / f"export-{os.getpid()}-{secrets.token_hex(4)}"


def working_file(target: Path) -> Path:
    """A hidden name beside a target, so that the last step is a rename. Those that dead processes
    left for the same target are deleted."""
    for path in target.parent.glob(".*.part"):
        _delete_dead(path, target.name)
    for path in (*target.parent.glob(".*.receipt"), *target.parent.glob(".*.slice")):
        _delete_dead(path, target.name)
    return target.parent / f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.part"


@contextlib.contextmanager
def replaced_whole(target: Path) -> Iterator[Path]:
    """A hidden name beside a target, for the body to write; then it has the target's name, on the
    disk. When the body fails, the target stays as it was. Raises `OSError`, `StorageError`."""
    work = working_file(target)
    try:
        yield work
        flush(work)
        work.replace(target)
    finally:
        work.unlink(missing_ok=True)
    flush(target.parent)


def _delete_dead(path: Path, name: str) -> None:
    part = _PART.fullmatch(path.name)
    if part and part["name"] == name and not _is_alive(int(part["process"])):
        with contextlib.suppress(OSError):
            path.unlink()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
