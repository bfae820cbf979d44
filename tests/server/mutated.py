"""Legal values made illegal, or odd: what a broken or hostile sender sends."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 1e300, 2**63, -(2**200), "", " ", "0", "null", "é", "\ue000"),
    *("\0", "a\0b", "\ud800", "\udc00x", "😀", "\u2028", "\r\n", "%00", "../..", "'; --", "{x}"),
    *("x" * 256, "x" * 257, "x" * 5_000, [], {}, [[]], [None], {"": {}}, ["a"] * 300),
    *("2026-06-01", "2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"),
    *("2026-06-01T00:00:60Z", "2026-06-01T00:00:00", "2026-06-01T00:00:00+99:99", "T", "1e9"),
)
"""Values that are of another type, too long, or hold what programs stumble over."""
TOKENS = (b"NaN", b"-Infinity", b"1e999", b"0" * 400, b"'", b",", b"}", b"\\u00", b"\\ud83d", b"//",
          b"\xff\xfe", b"\xc3", b"\0", b"\r", b"\n", b"\x1f", b'"', b"[" * 1_500)  # fmt: skip


def odd_value(rng: random.Random) -> Any:
    """A value that is hardly ever right; sometimes far down in lists."""
    value = copy.deepcopy(rng.choice(ODD))
    for _ in range(rng.choice([0, 0, 0, 0, 3, 900])):
        value = [value]
    return value


def mutated_object(rng: random.Random, value: dict[str, Any]) -> dict[str, Any]:
    """A copy with a few members left out, renamed, replaced or added, here or one level down."""
    made: dict[str, Any] = json.loads(json.dumps(value))
    for _ in range(rng.randint(1, 3)):
        inner = [one for one in made.values() if isinstance(one, dict) and one]
        at = rng.choice(inner) if inner and rng.random() < 0.5 else made
        name = rng.choice(list(at)) if at else "x"
        change = rng.choice(["leave out", "rename", "replace", "replace", "add"])
        if change == "leave out":
            at.pop(name, None)
        elif change == "rename":
            at[rng.choice([name.upper(), name + " ", "", "é", "\0"])] = at.pop(name, None)
        elif change == "replace":
            at[name] = odd_value(rng)
        else:
            at[rng.choice(["extra", "x" * 300, "data", "type", "id"])] = odd_value(rng)
    return made


def _flipped(rng: random.Random, text: bytes) -> bytes:
    at = rng.randrange(len(text))
    return text[:at] + bytes([text[at] ^ 1 << rng.randrange(8)]) + text[at + 1 :]


def _inserted(rng: random.Random, text: bytes) -> bytes:
    at = rng.randrange(len(text))
    return text[:at] + rng.choice(TOKENS) + text[at:]


def _cut(rng: random.Random, text: bytes) -> bytes:
    at = rng.randrange(len(text))
    return text[:at] + text[at + rng.randint(1, 40) :]


def _ended(rng: random.Random, text: bytes) -> bytes:
    return text[: rng.randrange(len(text))]


def _twice(rng: random.Random, text: bytes) -> bytes:
    """The same member again, with another value."""
    name = rng.choice([b"id", b"type", b"data", b"time", b"source"])
    value = json.dumps(rng.choice(ODD)).encode()
    return text.replace(b"{", b'{"' + name + b'":' + value + b",", 1)


def _encoded(rng: random.Random, text: bytes) -> bytes:
    encoding = rng.choice(["utf-16", "utf-8-sig", "utf-32-le", "latin-1"])
    return text.decode("utf-8", "replace").encode(encoding, "replace")


_OF_TEXT: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _flipped, _flipped, _inserted, _inserted, _cut, _ended, _twice, _encoded,
)  # fmt: skip


def mutated_text(rng: random.Random, text: bytes) -> bytes:
    """The same bytes with some of them changed, added or left out."""
    for _ in range(rng.randint(1, 2)):
        if text:
            text = rng.choice(_OF_TEXT)(rng, text)
    return text


def mutated_json(rng: random.Random, value: dict[str, Any]) -> bytes:
    """A mutated object as JSON, sometimes with its text mutated instead or too."""
    roll = rng.random()
    made = value if roll < 0.4 else mutated_object(rng, value)
    text = json.dumps(made, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    return mutated_text(rng, text) if roll < 0.55 else text
