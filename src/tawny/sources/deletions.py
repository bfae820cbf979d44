"""How many records may be gone at once before somebody has to say that this is right.

A wrong database, a narrower login or a restored backup looks like a great deletion.
"""

from __future__ import annotations

FEW, MANY, SHARE = 10, 100, 0.01


def too_many(gone: int, known: int) -> bool:
    """Whether so many are gone at once that somebody has to say that this is right.

    >>> too_many(10, 20), too_many(11, 20), too_many(11, 2000), too_many(101, 1_000_000)
    (False, True, False, True)
    """
    return gone > MANY or (gone > FEW and gone > known * SHARE)
