"""The events of loaded sample data in the log, and its files without them."""

from __future__ import annotations

from collections.abc import Sequence

from tawny.engine.duck import Duck
from tawny.engine.log_files import columns_of, row_bytes, write_months
from tawny.engine.schema_evolution import events_of
from tawny.log.files import LogFile, Snapshot

SOURCE = "/sample"
"""The source of every event of sample data."""

_IS_SAMPLE = "source = $source AND list_contains($marks, regexp_extract(id, '^([0-9a-f]{8}-)', 1))"


def sample_rows(duck: Duck, snapshot: Snapshot, marks: Sequence[str]) -> list[tuple[LogFile, int]]:
    """The files that hold events of sample data with one of the marks that its ids begin with, each
    with how many those are."""
    found = []
    for file in snapshot.files:
        events = events_of(snapshot, file.family, [str(snapshot.folder / file.path)])
        [[count]] = duck.rows(
            f"SELECT count(*) FROM {events} WHERE {_IS_SAMPLE}",
            {"source": SOURCE, "marks": list(marks)},
        )
        if count:
            found.append((file, int(str(count))))
    return found


def write_without_sample(
    duck: Duck, snapshot: Snapshot, file: LogFile, marks: Sequence[str]
) -> list[LogFile]:
    """Write a file again without the events of sample data."""
    paths = [str(snapshot.folder / file.path)]
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE without_sample AS "
        "SELECT *, strftime(time, '%Y-%m') AS month "
        f"FROM {events_of(snapshot, file.family, paths)} WHERE NOT ({_IS_SAMPLE})",
        {"source": SOURCE, "marks": list(marks)},
    )
    try:
        return write_months(
            duck,
            snapshot.folder,
            file.family,
            "without_sample",
            "log_version",
            row_bytes(duck, paths),
            columns_of(paths[0]),
        )
    finally:
        duck.execute("DROP TABLE without_sample")
