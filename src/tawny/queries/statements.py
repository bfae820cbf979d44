"""The single statements over rows that are there already: what charts show, what the sentence over
a result and the first page say, what the check of identities compares; what the rule of
completeness asks of the log as a whole; and for a change feed the keys that rows of an export may
have had between two versions of the log, of which a few too many do no harm; for an explanation
the events that a cell hangs on, read from the facts of its export, and for a timeline what happened
in its conversation.

One `.sql` file each, in the same subset as the exports (`portable.py`), which tells what it gives
in its first line. The folder is the list. They are no part of an export's definition: its version
does not change with them. The tables they read are made by the embedded engine, which reads
finished rows whichever engine made them (`tawny.engine.finished_rows`).
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable

FOLDERS = (
    "charts",
    "checks",
    "completeness",
    "evidence",
    "feeds",
    "figures",
    "summaries",
    "timelines",
)

CHECKED = "statements_checked"
"""The file beside the queries that says which version of these was found portable; written by
`make docs`."""


@functools.cache
def statement(path: str) -> str:
    """The text of `charts/<name>.sql` and the like. Raises `EngineError` for one that is not
    portable."""
    text = _texts()[path]
    if statements_version() != checked_version():
        # The parser takes long to import.
        from tawny.queries.portable import check

        check(path, text)
    return text


def statement_names(folder: str) -> frozenset[str]:
    """The names of the statements of a folder."""
    return frozenset(
        path.removeprefix(f"{folder}/").removesuffix(".sql")
        for path in _texts()
        if path.startswith(f"{folder}/")
    )


def statement_texts() -> dict[str, str]:
    """The text of every statement by its path."""
    return dict(_texts())


@functools.cache
def statements_version() -> str:
    """Identifies the text of all statements."""
    return version_of(_texts())


def version_of(texts: Mapping[str, str]) -> str:
    """Identifies texts by their paths: twelve hexadecimal digits."""
    digest = hashlib.sha256()
    for path, text in texts.items():
        digest.update(path.encode() + b"\0" + text.encode() + b"\0")
    return digest.hexdigest()[:12]


def checked_version() -> str:
    """The version of which every statement was found portable."""
    return (_folder() / CHECKED).read_text(encoding="utf-8").strip()


@functools.cache
def _texts() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name in FOLDERS:
        _read(_folder() / name, name, found)
    return dict(sorted(found.items()))


def _read(folder: Traversable, path: str, found: dict[str, str]) -> None:
    for item in folder.iterdir():
        if item.is_dir():
            _read(item, f"{path}/{item.name}", found)
        elif item.name.endswith(".sql"):
            found[f"{path}/{item.name}"] = item.read_text(encoding="utf-8")


def _folder() -> Traversable:
    return resources.files("tawny.queries") / "sql"
