"""Passwords: which may be chosen, and their hashes by Argon2id."""

from __future__ import annotations

import secrets
import threading

import argon2

from tawny.errors import RequestError
from tawny.people.names import as_typed

SHORTEST_PASSWORD = 12
_LONGEST_PASSWORD = 1024
# At least what OWASP asks for ("Password Storage Cheat Sheet": 19 MiB, 2 passes, 1 lane), and so
# little memory that those who knock without a right cannot take the machine's.
_MEMORY_KIB = 19_456
_PASSES = 4
_LANES = 1
_HASHED_AT_ONCE = 2


class Passwords:
    """Makes and checks hashes of passwords."""

    def __init__(self) -> None:
        self._hasher = argon2.PasswordHasher(_PASSES, _MEMORY_KIB, _LANES)
        # Each takes all of a processor: many who knock at once must not take them all.
        self._hashing = threading.BoundedSemaphore(_HASHED_AT_ONCE)
        # Checked when the name is unknown, so that the answer takes as long as for a known one.
        self._of_nobody = self._hasher.hash(secrets.token_hex(16))

    def hashed(self, name: str, password: str) -> str:
        """The hash of a password that a person of that name may have. Raises `RequestError` for one
        that is too short or is the name."""
        if not SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
            raise RequestError(
                "password: found {count} characters; allowed {shortest_password} to "
                "{longest_password}",
                count=len(password),
                shortest_password=SHORTEST_PASSWORD,
                longest_password=_LONGEST_PASSWORD,
            )
        if as_typed(password) == as_typed(name):
            raise RequestError("the password is the name; choose another")
        return self._hash(password)

    def are_equal(self, password: str, known_hash: str | None) -> bool:
        """Whether the password is the one of a hash; never that of nobody (None)."""
        if len(password) > _LONGEST_PASSWORD:
            return False
        with self._hashing:
            try:
                self._hasher.verify(known_hash or self._of_nobody, password)
            except argon2.exceptions.VerifyMismatchError:
                return False
        return known_hash is not None

    def renewed(self, password: str, known_hash: str) -> str | None:
        """A new hash of a password that is right, where the one that is kept was made in a way of
        before; else None."""
        return self._hash(password) if self._hasher.check_needs_rehash(known_hash) else None

    def _hash(self, password: str) -> str:
        with self._hashing:
            return self._hasher.hash(password)
