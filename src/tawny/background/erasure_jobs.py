"""Jobs about erasures: whether a contact is known, and taking it out of everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from tawny.background.job import Arguments, Job, Tell
from tawny.erasures.certificate import ErasureRequest
from tawny.erasures.erasing import check_known, erase
from tawny.erasures.following import wait_for_server
from tawny.settings import Settings


def known_contact(
    home: Path, settings: Settings, arguments: Arguments, _tell: Tell
) -> dict[str, Any]:
    """Nothing; ends with a `RequestError` where the log knows nothing of a contact."""
    check_known(home, settings, arguments["contact_id"])
    return {}


def erase_contact(
    home: Path, settings: Settings, arguments: Arguments, _tell: Tell
) -> dict[str, Any]:
    """Erase a contact beside a running server, which follows with what it delivered."""
    request = msgspec.convert(arguments["request"], ErasureRequest)
    certificate = erase(
        home, settings, request, lambda version: wait_for_server(home, settings, version)
    )
    return {"complete": certificate.complete}


ERASURE_JOBS: dict[str, Job] = {"known_contact": known_contact, "erase_contact": erase_contact}
"""Each by its name."""
