"""Jobs of work that people ask a server for and look at later: erasures and verifications."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from tawny.background.job import Arguments, Job, Tell
from tawny.erasures.certificate import ErasureRequest
from tawny.erasures.erasing import check_known, erase
from tawny.erasures.following import wait_for_server
from tawny.exports.session import ExportSession
from tawny.intake.moving import move_inbox
from tawny.model.zones import current_ms
from tawny.reading.verification import VerificationRequest, keep_result, verify_as_asked
from tawny.reading.verify import Verification
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


def verifiable(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """Nothing; ends with a `RequestError` for a range, zone or channel that is none."""
    request = msgspec.convert(arguments["request"], VerificationRequest)
    move_inbox(home, settings)
    with ExportSession(home, settings, current_ms()) as session:
        Verification(session, request.export_request())
    return {}


def verify(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """Verify the log, and put what came of it among the results."""
    request = msgspec.convert(arguments["request"], VerificationRequest)
    result = verify_as_asked(home, settings, request)
    keep_result(home, result)
    return {"passed": result.passed}


ASKED_JOBS: dict[str, Job] = {
    "erase_contact": erase_contact,
    "known_contact": known_contact,
    "verifiable": verifiable,
    "verify": verify,
}
"""Each by its name."""
