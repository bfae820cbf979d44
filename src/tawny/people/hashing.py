"""How secrets are kept that are long and random: sessions, tokens, links, cookies."""

from __future__ import annotations

import hashlib


def hashed(secret: str) -> str:
    """The SHA-256 of a secret, which is all the state database knows of it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
