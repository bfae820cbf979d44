"""Who has the message of a delivery already, so that its next try leaves them in peace."""

from __future__ import annotations

from pathlib import Path

from tawny.disk import flush, translated_os_errors
from tawny.private import as_users_own


class ReachedReaders:
    """The addresses that took a message, in a file of its own until all have it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def addresses(self) -> set[str]:
        """Who has it."""
        with translated_os_errors(str(self._path)):
            if not self._path.exists():
                return set()
            return set(self._path.read_text(encoding="utf-8").split())

    def add(self, address: str) -> None:
        """This one has it now."""
        with translated_os_errors(str(self._path)):
            self._path.parent.mkdir(exist_ok=True)
            as_users_own(self._path.parent)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{address}\n")
            as_users_own(self._path)
            flush(self._path)

    def forget(self) -> None:
        """All have it."""
        with translated_os_errors(str(self._path)):
            self._path.unlink(missing_ok=True)
