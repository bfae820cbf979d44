"""Long work that was asked of Tawny, and what came of it: a file each in a folder of the data
folder, so that nothing acknowledged is lost, and the command line and a server see the same."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from tawny.disk import translated_os_errors
from tawny.scratch import replaced_whole

_ASKED, _DONE = ".asked", ".json"
_ID = re.compile(r"[0-9a-f]{16}")


class _Asked(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def requested_at(self) -> datetime.datetime: ...


class _Done(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def request(self) -> Any: ...
    @property
    def ended_at(self) -> datetime.datetime: ...


Asked = TypeVar("Asked", bound=_Asked)
Done = TypeVar("Done", bound=_Done)
"""What comes of a request; it holds the request."""


class AskedFiles(Generic[Asked, Done]):
    """The requests and the results of one kind of work in a data folder. All methods raise
    `StorageError`. Ids are 16 hexadecimal digits."""

    def __init__(self, folder: Path, asked: type[Asked], done: type[Done]) -> None:
        self._folder = folder
        self._asked = asked
        self._done = done

    def ask(self, request: Asked) -> None:
        """Put a request on the disk; it is there until it is finished or dropped."""
        self._write(f"{request.id}{_ASKED}", request)

    def waiting(self) -> list[Asked]:
        """What was asked for and is not finished, by id."""
        with translated_os_errors(str(self._folder)):
            return [
                msgspec.json.decode(path.read_bytes(), type=self._asked)
                for path in sorted(self._folder.glob(f"*{_ASKED}"))
                if not path.with_suffix(_DONE).exists()
            ]

    def finish(self, result: Done) -> None:
        """Put the result of a request on the disk, or one that nobody waits for."""
        self._write(f"{result.id}{_DONE}", result)
        self.drop(result.id)

    def drop(self, request_id: str) -> None:
        """Take a request back."""
        path = self._folder / f"{request_id}{_ASKED}"
        with translated_os_errors(str(path)):
            path.unlink(missing_ok=True)

    def results(self) -> list[Done]:
        """Every result, by id."""
        with translated_os_errors(str(self._folder)):
            return [
                msgspec.json.decode(path.read_bytes(), type=self._done)
                for path in sorted(self._folder.glob(f"*{_DONE}"))
            ]

    def result(self, request_id: str) -> Done | None:
        """One result; None where there is none of that id."""
        path = self._folder / f"{request_id}{_DONE}"
        with translated_os_errors(str(path)):
            if not _ID.fullmatch(request_id) or not path.is_file():
                return None
            return msgspec.json.decode(path.read_bytes(), type=self._done)

    def forget(self, request_id: str) -> None:
        """Delete a result."""
        path = self._folder / f"{request_id}{_DONE}"
        with translated_os_errors(str(path)):
            path.unlink(missing_ok=True)

    def _write(self, name: str, content: object) -> None:
        path = self._folder / name
        with translated_os_errors(str(path)):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with replaced_whole(path) as work:
                work.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2))
