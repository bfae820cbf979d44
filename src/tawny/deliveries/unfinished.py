"""Temporary names at a destination, written down here before anything has them there.

A killed process, or one whose connection breaks off, leaves its temporary file at the other end.
Whoever opens the destination next takes away what is on this list, so nothing there is listed or
guessed. An entry whose file is being written is locked by its writer.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from tawny.disk import flush, held_lock, translated_os_errors


class UnfinishedNames:
    """The temporary names of one destination: a small file for each, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[None]:
        """Keep a name as long as the body runs; when the body fails, until it is taken away."""
        path = self._folder / secrets.token_hex(8)
        begun = path.with_name(f".{path.name}")
        with held_lock(begun, str(path)):
            with translated_os_errors(str(path)):
                begun.write_text(name, encoding="utf-8")
                flush(begun)
                # From here on others see it, locked.
                begun.replace(path)
                flush(self._folder)
            yield
            with translated_os_errors(str(path)):
                path.unlink()

    def take_away(self, remove: Callable[[str], None]) -> None:
        """Remove at the destination what others left there; `remove` raises when it cannot, and
        the name is kept for the next time."""
        if not self._folder.is_dir():
            return
        for path in self._folder.glob("[!.]*"):
            with held_lock(path, str(path), wait=False) as lock:
                if lock is None:
                    continue
                with translated_os_errors(str(path)):
                    # Empty when its writer ended just now.
                    name = path.read_text(encoding="utf-8")
                if name:
                    remove(name)
                with translated_os_errors(str(path)):
                    path.unlink(missing_ok=True)
