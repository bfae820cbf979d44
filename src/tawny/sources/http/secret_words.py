"""Secrets that go into a header."""

from __future__ import annotations

import re

from tawny.errors import RequestError


def printable(option: str, secret: str) -> str:
    """A token as it is sent. Raises `RequestError` for what can be none."""
    if not re.fullmatch(r"[!-~]+", secret):
        raise RequestError(
            "{option}: found something that is no token; allowed one word of printable ASCII "
            "characters",
            option=option,
        )
    return secret
