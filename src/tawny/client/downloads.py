"""A download that survives a broken connection and is checked before it has its name."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import BinaryIO

import httpx

from tawny.client import calls
from tawny.client.shapes import File
from tawny.disk import flush, translated_os_errors
from tawny.errors import RequestError
from tawny.private import as_users_own


class Download:
    """A file on its way: bytes come in order, a broken connection goes on where it was."""

    def __init__(self, file: File, target: Path) -> None:
        self.file = file
        self._target = target
        self._work = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        self._digest = hashlib.sha256()
        self._stream: BinaryIO | None = None
        self.received = 0

    def __enter__(self) -> Download:
        if not self._target.parent.is_dir():
            raise RequestError(
                "-o: found the folder {parent}, which does not exist; create it or choose another",
                parent=self._target.parent,
            )
        with translated_os_errors(str(self._target)):
            self._stream = self._work.open("wb")
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.close()
        self._work.unlink(missing_ok=True)

    def headers(self) -> dict[str, str]:
        """What to ask for next."""
        if not self.received:
            return {}
        return {"Range": f"bytes={self.received}-", "If-Range": f'"{self.file.sha256}"'}

    def begin(self, response: httpx.Response) -> None:
        """Look at the head of an answer."""
        if response.status_code == 200 and self.received:
            assert self._stream is not None
            self._stream.seek(0)
            self._stream.truncate()
            self._digest = hashlib.sha256()
            self.received = 0

    def add(self, data: bytes) -> None:
        """The next bytes."""
        assert self._stream is not None
        with translated_os_errors(str(self._target)):
            self._stream.write(data)
        self._digest.update(data)
        self.received += len(data)

    def finish(self) -> None:
        """Give the file its name when it is the file of the run."""
        assert self._stream is not None
        with translated_os_errors(str(self._target)):
            self._stream.close()
            if self._digest.hexdigest() != self.file.sha256:
                raise calls.damaged(str(self._target), self.file.sha256, self._digest.hexdigest())
            flush(self._work)
            as_users_own(self._work)
            self._work.replace(self._target)
        flush(self._target.parent)
