"""Events in requests of a size that every server takes, however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from tawny.client.shapes import Sent

CHUNK_BYTES = 1_000_000
"""Less than the smallest limit a server may have (`TAWNY_REQUEST_MB=1`)."""

MOST_ERRORS = 1000
"""Of all refusals the first are explained; all are counted."""

Event = Mapping[str, Any] | bytes
"""An event as a mapping, or one event as JSON."""


class Chunks:
    """Gathers events into lines, and adds up what came of them."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._bytes = 0
        self._handed_on = 0
        self.sent = Sent(accepted=0, refused=0, errors=())

    def add(self, event: Event) -> Iterator[tuple[bytes, int, int]]:
        """Take an event; gives the chunk before it when it does not fit into that one."""
        line = event if isinstance(event, bytes) else msgspec.json.encode(event)
        # A line end inside a JSON value is only ever white space.
        line = line.strip().replace(b"\r", b" ").replace(b"\n", b" ")
        if self._bytes + len(line) >= CHUNK_BYTES:
            yield from self.rest()
        self._lines.append(line)
        self._bytes += len(line) + 1

    def rest(self) -> Iterator[tuple[bytes, int, int]]:
        """What is left: its lines, how many events they are, how many lines came before."""
        lines, self._lines, self._bytes = self._lines, [], 0
        before = self._handed_on
        self._handed_on += len(lines)
        events = sum(map(bool, lines))
        if events:
            yield b"\n".join(lines), events, before

    def took(self, sent: Sent) -> None:
        """Add what came of a chunk."""
        self.sent = Sent(
            accepted=self.sent.accepted + sent.accepted,
            duplicates=self.sent.duplicates + sent.duplicates,
            refused=self.sent.refused + sent.refused,
            errors=(*self.sent.errors, *sent.errors)[:MOST_ERRORS],
        )
