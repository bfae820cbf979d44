"""What an export says of the channels of the log: which there are, their newest events, up to when
each is complete. Looked for once for exports of the same state."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from tawny.completeness.reading import read_facts, seen_from_ms
from tawny.completeness.rule import Completeness, completeness
from tawny.engine.base import Engine
from tawny.engine.log_facts import (
    NewestEvent,
    known_channels,
    newest_per_channel,
)
from tawny.engine.snapshot import View
from tawny.exports.request import Bounds
from tawny.log.files import Snapshot

_Found = TypeVar("_Found")


class ChannelsSeen:
    """The channels of the log, on one connection. Not for two threads at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: dict[str, tuple[Hashable, Any]] = {}

    def known(self, snapshot: Snapshot, log_version: int | None) -> Sequence[str]:
        """Every channel that appears anywhere in the log."""
        return self._once(
            "known",
            (snapshot.version, log_version),
            lambda: known_channels(self._engine, snapshot, log_version),
        )

    def newest(self, snapshot: Snapshot, view: View) -> Sequence[NewestEvent]:
        """The newest event of each channel of a view."""
        return self._once(
            "newest",
            (snapshot.version, view.log_version, view.as_of_ms, view.channels),
            lambda: newest_per_channel(self._engine, snapshot, view),
        )

    def completeness(
        self, snapshot: Snapshot, view: View, bounds: Bounds
    ) -> Sequence[Completeness]:
        """Up to when each channel of a view is complete."""
        at_ms = seen_from_ms(snapshot, view.as_of_ms, view.log_version)
        up_to_ms = bounds.up_to_ms

        def read() -> list[Completeness]:
            # Mostly nothing is dated after `as_of`: what was found for the receipt is the same.
            is_same = all(file.last_ms <= view.as_of_ms for file in snapshot.files)
            found = self.newest(snapshot, view) if is_same else None
            facts = read_facts(
                self._engine,
                snapshot,
                at_ms,
                up_to_ms=up_to_ms,
                channels=view.channels,
                log_version=view.log_version,
                newest=found,
            )
            return [completeness(one, at_ms, up_to_ms) for one in facts]

        key = (snapshot.version, view.log_version, at_ms, up_to_ms, view.channels)
        return self._once("completeness", key, read)

    def _once(self, name: str, key: Hashable, read: Callable[[], _Found]) -> _Found:
        if name not in self._kept or self._kept[name][0] != key:
            self._kept[name] = key, read()
        found: _Found = self._kept[name][1]
        return found
