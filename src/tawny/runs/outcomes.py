"""How runs end, for who counts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _nobody(*_: object) -> None:
    return


@dataclass
class Outcomes:
    """Is told of each run that became ready or failed, from the thread that ended it."""

    ready: Callable[[str, float], None] = _nobody
    """Its export type, and the seconds from its start to its end."""
    failed: Callable[[str], None] = _nobody
    """The name of the error's class (`tawny.errors`)."""
