"""Bodies and answers of the API, read and written by a command on a data folder: what the one
refuses or shows, so does the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from tawny.cli.options import Json
from tawny.server.json_values import value

T = TypeVar("T")


def read_body(body: Json, kind: Callable[..., T]) -> T:
    """A body as the API reads it. Raises `RequestError`."""
    found: T = value(msgspec.json.encode(body), kind)
    return found


def as_json(answer: msgspec.Struct) -> Json:
    """An answer as whoever asks the API gets it."""
    found: Json = msgspec.json.decode(msgspec.json.encode(answer))
    return found
