"""The report of a measurement."""

from __future__ import annotations

from pathlib import Path


class Report:
    """Lines of the report, printed as they come; `failed` when a goal was missed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: list[str] = []
        self.failed = False

    def line(self, text: str = "") -> None:
        """Add a line."""
        self._lines.append(text)
        print(text, flush=True)

    def verdict(self, met: bool) -> str:
        """`met` or `MISSED`."""
        self.failed = self.failed or not met
        return "met" if met else "MISSED"

    def save(self) -> None:
        """Write the report."""
        self._path.write_text("\n".join(self._lines) + "\n", encoding="utf-8")
