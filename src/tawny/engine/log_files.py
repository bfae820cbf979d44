"""Writing the log's Parquet files, one file a family and month."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from tawny.disk import translated_os_errors
from tawny.engine.duck import Duck
from tawny.engine.literals import files_literal, text_literal
from tawny.engine.schema_evolution import events_of
from tawny.log.files import LogFile, Snapshot
from tawny.model.layout import family_schema

ARRIVAL = "arrival"
"""The column of incoming tables that numbers the events in the order in which they came."""

ROW_GROUP_ROWS = 122_880
ROW_GROUP_BYTES = 48_000_000
"""Who reads a file holds whole row groups in memory: long texts make them of fewer rows."""


def write_fresh(
    duck: Duck, snapshot: Snapshot, family: str, table: pa.Table, version: int
) -> list[LogFile]:
    """Write those of the registered table `incoming_<family>` that are not in the table `repeated`,
    one file a month. The files are not part of the log until they are committed."""
    columns = ", ".join(family_schema(family).names)
    duck.execute(
        f"CREATE OR REPLACE TEMP TABLE fresh AS SELECT {columns}, "
        f"strftime(time, '%Y-%m') AS month FROM incoming_{family} AS incoming "
        f"ANTI JOIN repeated ON repeated.{ARRIVAL} = incoming.{ARRIVAL}"
    )
    try:
        row_bytes = table.nbytes // max(1, table.num_rows)
        return write_months(duck, snapshot.folder, family, "fresh", str(version), row_bytes)
    finally:
        duck.execute("DROP TABLE fresh")


@functools.lru_cache(maxsize=10_000)
def columns_of(path: str) -> tuple[str, ...]:
    """The event's columns in a file of the log: those that the contract had when its rows were
    written. Of the others nobody knows what was sent."""
    import pyarrow.parquet as pq  # only who writes files again waits for this

    return tuple(name for name in pq.read_schema(path).names if name != "log_version")


def write_months(
    duck: Duck,
    folder: Path,
    family: str,
    relation: str,
    log_version: str,
    row_bytes: int,
    columns: Sequence[str] = (),
) -> list[LogFile]:
    """Write a relation with a `month` column into one file a month, ordered by time.

    `log_version` is an SQL expression: the version the rows arrive with, or the column that says
    it already. `row_bytes` is about what a row takes in memory, `columns` are those of the files,
    all that the family has today when none are given.
    """
    # The engine makes row groups of multiples of this.
    vector_rows = 2048
    group_rows = max(vector_rows, min(ROW_GROUP_ROWS, ROW_GROUP_BYTES // max(1, row_bytes)))
    columns_sql = ", ".join(columns or family_schema(family).names)
    months = duck.rows(
        f"SELECT month, count(*), epoch_ms(min(time)), epoch_ms(max(time)) FROM {relation} "
        "GROUP BY month ORDER BY month"
    )
    files: list[LogFile] = []
    for month, rows, first_ms, last_ms in months:
        place = f"family={family}/month={month}"
        with translated_os_errors(str(folder)):
            (folder / place).mkdir(parents=True, exist_ok=True)
        path = f"{place}/{secrets.token_hex(12)}.parquet"
        duck.copy(
            f"SELECT {columns_sql}, CAST({log_version} AS BIGINT) AS log_version FROM {relation} "
            f"WHERE month = {text_literal(str(month))} "
            "ORDER BY time, sequence NULLS FIRST, source, id",
            folder / path,
            f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {group_rows}",
        )
        files.append(
            LogFile(
                path=path,
                family=family,
                month=str(month),
                rows=int(str(rows)),
                size_bytes=(folder / path).stat().st_size,
                first_ms=int(str(first_ms)),
                last_ms=int(str(last_ms)),
            )
        )
    return files


def write_merged(duck: Duck, snapshot: Snapshot, group: Sequence[LogFile]) -> list[LogFile]:
    """Write the events of several files of one family and with the same columns again, one file a
    month."""
    folder, family = snapshot.folder, group[0].family
    paths = [str(folder / file.path) for file in group]
    duck.execute(
        "CREATE OR REPLACE TEMP VIEW merged AS SELECT *, strftime(time, '%Y-%m') AS month "
        f"FROM {events_of(snapshot, family, paths)}"
    )
    bytes_of_row, columns = row_bytes(duck, paths), columns_of(paths[0])
    return write_months(duck, folder, family, "merged", "log_version", bytes_of_row, columns)


def row_bytes(duck: Duck, paths: Sequence[str]) -> int:
    """About what a row of some files takes in memory, in bytes."""
    rows = duck.rows(
        "SELECT coalesce(sum(total_uncompressed_size) / max(rows), 0) FROM (SELECT *, sum("
        "CASE WHEN column_id = 0 THEN row_group_num_rows END) OVER () AS rows "
        f"FROM parquet_metadata({files_literal(paths)})) AS chunks"
    )
    return int(float(str(rows[0][0])))
