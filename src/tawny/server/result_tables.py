"""The rows of a run as a table to look through: all of them, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tawny.people.callers import Caller
from tawny.runs.parts import RunPart, part_of_run

if TYPE_CHECKING:
    from tawny.server.services import Services

_READING_S = 60.0


@dataclass(frozen=True, slots=True)
class RowsWanted:
    """Which rows, in which order; `sort` empty = as in the file, `search_in` empty = anywhere."""

    columns: Sequence[str]
    search: str = ""
    search_in: str = ""
    sort: str = ""
    descending: bool = False
    offset: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True)
class RowsFound:
    """A page of rows, how many fit, and how many there are."""

    rows: Sequence[Sequence[Any]]
    """Cells by column: instants in milliseconds since 1970 UTC, durations in seconds."""
    keys: Sequence[str]
    """The row key of each, as an explanation is asked for with it."""
    fitting: int
    total: int


class ResultTables:
    """The tables of one server's runs."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def kept(
        self,
        caller: Caller,
        run_id: str,
        patience_s: float | None = None,
        export_type: str | None = None,
    ) -> dict[str, Any] | None:
        """How many rows a run that is ready has (`total`) and the `figures` of its summary, of a
        bundle those of an export in it; None when it takes longer than `patience_s` (it goes
        on)."""
        run, path = self._services.runs.ready_file(caller, run_id)
        return self._kept(part_of_run(run, export_type), path, patience_s)

    def page(
        self,
        caller: Caller,
        run_id: str,
        wanted: RowsWanted,
        patience_s: float | None = None,
        export_type: str | None = None,
    ) -> RowsFound | None:
        """A page of the rows of a run that is ready; None as above."""
        run, path = self._services.runs.ready_file(caller, run_id)
        part = part_of_run(run, export_type)
        kept = self._kept(part, path, patience_s)
        if kept is None:
            return None
        arguments = {
            "path": str(_rows_of(path, part)),
            "export_type": part.request.export_type,
            **asdict(wanted),
        }
        found = self._services.readers.run("rows", arguments, timeout_s=_READING_S)
        self._services.audit.record(caller, "preview_read", run_id)
        return RowsFound(found["rows"], found["keys"], found["total"], kept["total"])

    def _kept(self, part: RunPart, path: Path, patience_s: float | None) -> dict[str, Any] | None:
        return self._services.of_part(
            "keyed_rows", path, part, patience_s, target=str(_rows_of(path, part))
        )


def _rows_of(file: Path, part: RunPart) -> Path:
    # Rows that an older version kept have another name: they lack what the key names beside them.
    return file.with_name(f".{part.file_beside('keyed-rows')}.parquet")
