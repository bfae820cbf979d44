"""Halves of surrogate pairs in JSON: what is left of an emoji that was cut through its middle.

They can only come in as escapes (`\\ud83d`), which are grammatical JSON and no character. In a text
such a half is kept as U+FFFD, which is what every screen shows for it; an id must not hold one.
"""

from __future__ import annotations

import re

import msgspec

REPLACEMENT = b"\\ufffd"
"""The escape of the character that is kept for a half; as long as the escape of the half."""

NUL = b"\\u0000"
"""The escape of a character that no id may hold either."""

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_HALF = re.compile("[\ud800-\udfff]")


def without_halves(text: bytes, replacement: bytes = REPLACEMENT) -> bytes:
    """JSON with another escape in the place of each half; the same bytes where there is none."""
    return _ESCAPE.sub(lambda found: replacement if found["half"] else found.group(), text)


def has_half(text: str) -> bool:
    """Whether a text holds half of a surrogate pair."""
    return _HALF.search(text) is not None


def plain(text: str) -> str:
    """A text with U+FFFD in the place of each half."""
    return _HALF.sub("\ufffd", text)


_values: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


def values_of_array(body: bytes) -> list[bytes]:
    """The values of a JSON array, each as it was sent. Raises what `msgspec` raises."""
    try:
        return [bytes(value) for value in _values.decode(body)]
    except msgspec.DecodeError:
        mended = without_halves(body)
        if mended == body:
            raise
    found, position = [], 0
    for value in _values.decode(mended):
        # As long as before, so each value lies where it lay.
        position = mended.index(value, position)
        found.append(body[position : position + len(value)])
        position += len(value)
    return found
