"""Keys of events with what is known of each, in memory that a few numbers an event take.

A dictionary needs several times as much: the server holds millions of them.
"""

from __future__ import annotations


class KeyTable:
    """A hash table of fixed capacity: the content (a 64-bit hash) and the row of the inbox of each
    key (a 64-bit hash too, and so its own place). Rows are numbered from 1."""

    def __init__(self, most_keys: int) -> None:
        self.most_keys = most_keys
        self.count = 0
        slots = 1 << max(6, (2 * most_keys - 1).bit_length())
        self._mask = slots - 1
        self._keys, self._contents, self._rows = (
            memoryview(bytearray(8 * slots)).cast("Q") for _ in range(3)
        )

    def get(self, key: int) -> tuple[int, int] | None:
        """Content and row of a key."""
        slot = self._slot(key)
        row = self._rows[slot]
        return (self._contents[slot], row) if row else None

    def add(self, key: int, content: int, row: int) -> None:
        """Keep what is known of a key that is not there, while there are fewer than `most_keys`."""
        assert self.count < self.most_keys, "a table of keys is full"
        slot = self._slot(key)
        self._keys[slot], self._contents[slot], self._rows[slot] = key, content, row
        self.count += 1

    def _slot(self, key: int) -> int:
        """Where a key is, or would be."""
        keys, rows, mask = self._keys, self._rows, self._mask
        slot = key & mask
        while rows[slot] and keys[slot] != key:
            slot = (slot + 1) & mask
        return slot
