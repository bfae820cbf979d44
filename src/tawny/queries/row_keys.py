"""Which row is meant: the parts of its key, as a person types them."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence

from tawny.errors import RequestError
from tawny.model.zones import moment_ms
from tawny.queries.catalogue import EXPORT_TYPES, query

KEY_NAMES = tuple(
    sorted(
        {"from_ms" if part == "from" else part for t in EXPORT_TYPES for part in query(t).head.key}
    )
)
"""Every name that a part of a key has where it is looked for."""


def key_parts(text: str) -> list[str]:
    r"""The parts of a key: `,` between them, `\` before a `,` or `\` inside one.

    >>> key_parts(r"a\,b,c")
    ['a,b', 'c']
    """
    parts, escaped = [""], False
    for character in text:
        if escaped or character not in ",\\":
            parts[-1] += character
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            parts.append("")
    return parts


def key_text(parts: Sequence[object]) -> str:
    r"""What `key_parts` reads.

    >>> key_text(["a,b", 1])
    'a\\,b,1'
    """
    return ",".join(str(part).replace("\\", "\\\\").replace(",", "\\,") for part in parts)


def asked_row(export_type: str, text: str, tz: zoneinfo.ZoneInfo) -> dict[str, str | int | None]:
    """A value for each of `KEY_NAMES`, None for those that the key of the export does not have.
    Raises `RequestError`."""
    key = query(export_type).head.key
    parts = key_parts(text)
    if len(parts) != len(key):
        raise RequestError(
            "row: found {found!r}; a row of {export_type} is named by {key}, a comma between the "
            "parts and \\ before a comma inside one",
            found=text,
            export_type=export_type,
            key=",".join(key),
        )
    asked: dict[str, str | int | None] = dict.fromkeys(KEY_NAMES)
    for name, part in zip(key, parts, strict=True):
        if name == "from":
            asked["from_ms"] = moment_ms("row", part, tz)
        elif name == "n":
            if not (part.isdecimal() and len(part) < 10):
                raise RequestError("row: found n {found!r}; allowed a whole number", found=part)
            asked["n"] = int(part)
        else:
            asked[name] = part
    return asked
