"""What an address for mail looks like."""

from __future__ import annotations

import re

from tawny.errors import RequestError

LONGEST = 254
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def kept_address(address: str) -> str | None:
    """An address as it is kept: the domain in the letters that name servers know. None for what is
    none.

    >>> kept_address("Zoe@Example.com"), kept_address("zoe@müller.example"), kept_address("zoe")
    ('Zoe@example.com', 'zoe@xn--mller-kva.example', None)
    """
    local, _, domain = address.rpartition("@")
    try:
        plain = domain.encode("idna").decode().lower()
    except UnicodeError:
        return None
    if (
        not _LOCAL.fullmatch(local)
        or len(local) > 64
        or "." not in plain
        or not all(_LABEL.fullmatch(one) for one in plain.split("."))
        or len(f"{local}@{plain}") > LONGEST
    ):
        return None
    return f"{local}@{plain}"


def address_of_person(given: str) -> str | None:
    """The address of an account as it is kept; None where nothing is given. Raises
    `RequestError`."""
    if not given.strip():
        return None
    kept = kept_address(given.strip())
    if kept is None:
        raise RequestError(
            "email: found {address!r}; allowed an address such as anna@example.com, or nothing",
            address=given[:LONGEST],
        )
    return kept
