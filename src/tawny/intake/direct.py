"""Events that go into the log without the inbox: a command reads them, or a help desk is read."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tawny.intake.ingest import Ingest
from tawny.intake.moving import move_inbox
from tawny.intake.precedence import Precedence
from tawny.model.refusals import Refusal
from tawny.settings import Settings


def direct_ingest(
    home: Path,
    settings: Settings,
    on_refusal: Callable[[str, Refusal], None],
    on_progress: Callable[[int, int], None] = lambda _events, _bytes: None,
) -> Ingest:
    """An `Ingest` of events that are not in the inbox: what was acknowledged before a commit came
    first, and nothing is acknowledged during one."""

    @contextlib.contextmanager
    def deciding() -> Iterator[None]:
        # Most of it before, when nobody who sends events has to wait.
        move_inbox(home, settings)
        with Precedence(home).writing_directly():
            move_inbox(home, settings)
            yield

    return Ingest(home, settings, on_refusal, on_progress, deciding=deciding)
