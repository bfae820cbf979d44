"""Delivery into a folder of this machine, or one that is mounted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tawny.deliveries.parcels import DeliveryError
from tawny.deliveries.places import Place
from tawny.disk import flush, sha256_of
from tawny.errors import RequestError, StorageError
from tawny.private import as_users_own
from tawny.scratch import replaced_whole
from tawny.settings import Settings


def allowed_folders(settings: Settings) -> Sequence[Path]:
    """The folders below which files may be delivered."""
    text = settings.text("delivery_folders")
    return [Path(one).absolute() for one in text.split(os.pathsep) if one]


def checked_path(path: str, settings: Settings) -> str:
    """The path of a folder that files may be delivered to. Raises `RequestError`."""
    allowed = allowed_folders(settings)
    if not allowed:
        raise RequestError(
            "path: found {path}; TAWNY_DELIVERY_FOLDERS allows no folder yet, whoever runs Tawny "
            "sets it",
            path=path,
        )
    if not Path(path).is_absolute() or not _is_below(Path(path), allowed):
        raise RequestError(
            "path: found {path}; allowed a path below one of {allowed} (TAWNY_DELIVERY_FOLDERS)",
            path=path,
            allowed=", ".join(map(str, allowed)),
        )
    return os.path.normpath(path)


def _is_below(path: Path, allowed: Sequence[Path]) -> bool:
    """Whether a path, after all links on it, is one of some folders or below it."""
    real = path.resolve()
    return any(real.is_relative_to(folder.resolve()) for folder in allowed)


class FolderPlace(Place):
    """A folder into which files come by a rename, after they have reached the disk."""

    def __init__(self, path: str, settings: Settings) -> None:
        """Raises `RequestError` for a path that is not allowed, `DeliveryError` for a folder that
        is not there: a disk that is not mounted is not filled under its name."""
        self._folder = Path(checked_path(path, settings))
        self._allowed = allowed_folders(settings)
        if not self._folder.is_dir():
            raise DeliveryError(
                "{path}: there is no such folder; make it, or mount the disk it is on", path=path
            )

    def put(self, name: str, file: Path) -> None:
        """See `Place`. What is there already, byte for byte, stays as it is."""
        target = self._target(name)
        try:
            self._make_folders(target.parent)
            if _is_same(target, file):
                return
            with replaced_whole(target) as work:
                shutil.copyfile(file, work)
                as_users_own(work)
        except (OSError, StorageError) as error:
            raise _failed(target, error) from error

    def read(self, name: str) -> bytes:
        """See `Place`."""
        try:
            return self._target(name).read_bytes()
        except OSError as error:
            raise _failed(self._target(name), error) from error

    def remove(self, name: str) -> None:
        """See `Place`."""
        try:
            self._target(name).unlink(missing_ok=True)
        except OSError as error:
            raise _failed(self._target(name), error) from error

    def close(self) -> None:
        """See `Place`."""

    def _target(self, name: str) -> Path:
        target = self._folder / name
        # A link that somebody put there meanwhile leads nowhere.
        if not _is_below(target.parent, self._allowed):
            raise DeliveryError(
                "{path}: a link on the way leads out of the folders that TAWNY_DELIVERY_FOLDERS "
                "allows",
                path=target.parent,
            )
        return target

    def _make_folders(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folders(folder.parent)
        folder.mkdir(exist_ok=True)
        as_users_own(folder)
        flush(folder.parent)


def _is_same(target: Path, file: Path) -> bool:
    return (
        target.is_file()
        and target.stat().st_size == file.stat().st_size
        and sha256_of(target) == sha256_of(file)
    )


def _failed(path: Path, error: OSError | StorageError) -> DeliveryError:
    return DeliveryError("{path}: {error}", path=path, error=error)
