"""The queries of `sql/completeness`: what the rule of completeness asks of the log as a whole. They
are the embedded engine's alone and touch no cell of an export."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Literal

Name = Literal["creators", "gaps", "senders", "watermarks"]


@functools.cache
def completeness_query(name: Name) -> str:
    """The text of a query."""
    folder = resources.files("tawny.queries") / "sql" / "completeness"
    return (folder / f"{name}.sql").read_text(encoding="utf-8")
