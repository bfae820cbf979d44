"""The secret by which a receiver knows messages of Tawny, in the form of Standard Webhooks."""

from __future__ import annotations

import base64
import binascii
import re
import secrets

from tawny.deliveries.own_secrets import OwnSecret
from tawny.errors import RequestError

_PREFIX = "whsec_"
_BYTES = 32


def _made() -> str:
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def _check(secret: str) -> None:
    try:
        if not re.fullmatch(r"whsec_[A-Za-z0-9+/]+={0,2}", secret):
            raise ValueError
        if not 24 <= len(base64.b64decode(secret.removeprefix(_PREFIX), validate=True)) <= 64:
            raise ValueError
    except (ValueError, binascii.Error):
        # What was found is a secret, or was meant as one.
        raise RequestError(
            "signing_secret: found something else than allowed: whsec_ and the base64 of 24 to 64 "
            "bytes, new for one that Tawny makes, or end to have the one before end"
        ) from None


SIGNING_SECRET = OwnSecret("signing_secret", "previous_signing_secret", _made, _check)
