"""Texts and file names as SQL literals, where the embedded engine binds no values."""

from __future__ import annotations

import re
from collections.abc import Sequence


def text_literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def files_literal(paths: Sequence[str]) -> str:
    """File names as an SQL list for `read_parquet`, taken as they are: no pattern, no `~`."""
    return "[" + ", ".join(text_literal(_no_pattern(path)) for path in paths) + "]"


def _no_pattern(path: str) -> str:
    return re.sub(r"([\[*?])", r"[\1]", path)
