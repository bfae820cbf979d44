"""Messages that were created more than once, anywhere in the log.

Of several creations only the first by order counts, wherever it lies, so every export would have
to look for others of each of its messages in all the months there are. They are rare and the log
only grows: this keeps the list in a cache file for each version of the log, brought up to date
from the one before by looking at the new events alone. The cache is safe to delete.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from pathlib import Path

from tawny.disk import translated_os_errors
from tawny.engine.duck import Duck, files_literal
from tawny.errors import StorageError
from tawny.log.table import Snapshot

_NAME = re.compile(r"repeated-messages-(\d+)\.parquet")

# Grouped by a number first: a count over all ids as texts would need several times the memory.
_ALL = """
WITH created AS (
    SELECT message_id FROM read_parquet({files}, hive_partitioning = false)
    WHERE type = 'message.created'
),
candidates AS (
    SELECT hash(message_id) AS number FROM created GROUP BY number HAVING count(*) > 1
)
SELECT message_id FROM created
WHERE hash(message_id) IN (SELECT number FROM candidates)
GROUP BY message_id HAVING count(*) > 1
"""

_SINCE = """
WITH created AS (
    SELECT message_id, log_version FROM read_parquet({files}, hive_partitioning = false)
    WHERE type = 'message.created'
),
since AS (
    SELECT DISTINCT message_id FROM created WHERE log_version > {known}
)
SELECT message_id FROM created
WHERE message_id IN (SELECT message_id FROM since)
GROUP BY message_id HAVING count(*) > 1
UNION
SELECT message_id FROM read_parquet({cache})
"""


def create_repeated_messages(duck: Duck, snapshot: Snapshot) -> None:
    """Create the table `repeated_messages (message_id)` for all of a snapshot: every message with
    more than one creation, whatever the times."""
    paths = snapshot.paths("message")
    if not paths:
        duck.execute(
            "CREATE OR REPLACE TEMP TABLE repeated_messages AS "
            "SELECT CAST(NULL AS VARCHAR) AS message_id WHERE false"
        )
        return
    folder = snapshot.folder.parent / "cache"
    known = _newest_cache(folder, snapshot.version)
    files = files_literal(paths)
    if known is None:
        sql = _ALL.format(files=files)
    elif known == snapshot.version:
        sql = f"SELECT message_id FROM read_parquet({files_literal([_cache(folder, known)])})"
    else:
        cache = files_literal([_cache(folder, known)])
        sql = _SINCE.format(files=files, known=known, cache=cache)
    duck.execute(f"CREATE OR REPLACE TEMP TABLE repeated_messages AS {sql}")
    if known != snapshot.version:
        # A folder that cannot be written costs time at the next export, nothing else.
        with contextlib.suppress(StorageError):
            _keep(duck, folder, snapshot.version)


def _cache(folder: Path, version: int) -> str:
    return str(folder / f"repeated-messages-{version}.parquet")


def _versions(folder: Path) -> list[int]:
    if not folder.is_dir():
        return []
    matches = [_NAME.fullmatch(path.name) for path in folder.iterdir()]
    return sorted(int(match.group(1)) for match in matches if match)


def _newest_cache(folder: Path, version: int) -> int | None:
    usable = [number for number in _versions(folder) if number <= version]
    return usable[-1] if usable else None


def _keep(duck: Duck, folder: Path, version: int) -> None:
    with translated_os_errors(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        work = folder / f".{secrets.token_hex(8)}.part"
        try:
            duck.copy("SELECT message_id FROM repeated_messages", work, "FORMAT parquet")
            work.replace(_cache(folder, version))
        finally:
            work.unlink(missing_ok=True)
        # Another process may still read the one before.
        for old in _versions(folder)[:-3]:
            Path(_cache(folder, old)).unlink(missing_ok=True)
