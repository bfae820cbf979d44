"""The Parquet files of the log at one version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tawny.model.zones import to_ms


@dataclass(frozen=True, slots=True)
class LogFile:
    """One Parquet file of the log. Times are the first and last of its events, inclusive."""

    path: str
    """Relative to the log's folder."""
    family: str
    month: str
    rows: int
    size_bytes: int
    first_ms: int
    last_ms: int

    @classmethod
    def of_row(cls, row: dict[str, object]) -> LogFile:
        """From a row of Delta's list of files."""
        return cls(
            path=str(row["path"]),
            family=str(row["partition.family"]),
            month=str(row["partition.month"]),
            rows=int(row["num_records"]),  # type: ignore[call-overload]
            size_bytes=int(row["size_bytes"]),  # type: ignore[call-overload]
            first_ms=to_ms(row["min.time"]),  # type: ignore[arg-type]
            last_ms=to_ms(row["max.time"]),  # type: ignore[arg-type]
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The log at one version. `version` is -1 while nothing was ever written."""

    folder: Path
    version: int
    files: Sequence[LogFile] = field(default=())
    grown_families: frozenset[str] = frozenset()
    """Those with files that may lack some of the columns: a field was added to the contract after
    the log was begun."""

    def paths(
        self, family: str, first_ms: int | None = None, last_ms: int | None = None
    ) -> list[str]:
        """Absolute paths of a family's files that may hold events in `[first_ms, last_ms]`."""
        return [
            str(self.folder / file.path)
            for file in self.files
            if file.family == family
            and (last_ms is None or file.first_ms <= last_ms)
            and (first_ms is None or file.last_ms >= first_ms)
        ]

    def months(self) -> list[str]:
        """The UTC months (`YYYY-MM`) that hold events, in order."""
        return sorted({file.month for file in self.files})

    @property
    def rows(self) -> int:
        """How many events there are."""
        return sum(file.rows for file in self.files)

    @property
    def size_bytes(self) -> int:
        """How large the files of this version are."""
        return sum(file.size_bytes for file in self.files)
