"""The verifications that are asked of a running server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tawny.background.asked_work import AskedWork
from tawny.background.pool import Workers
from tawny.errors import NotFoundError
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Scope
from tawny.reading.verification import (
    VerificationRequest,
    VerificationResult,
    verifications,
)

MOST_KEPT = 100
"""The newest results are kept."""


@dataclass(frozen=True, slots=True)
class AskedVerification:
    """A verification that somebody asked for."""

    request: VerificationRequest
    result: VerificationResult | None
    """None while it is being carried out."""


class Verifications(AskedWork[VerificationRequest, VerificationResult]):
    """Those of one data folder: they count over all channels. Administrators only."""

    def __init__(self, home: Path, audit: Audit, readers: Workers) -> None:
        super().__init__(home, verifications(home), "verify")
        self._audit = audit
        self._readers = readers

    def request(self, caller: Caller, request: VerificationRequest) -> AskedVerification:
        """Have the log verified. Raises `RequestError` for a range, zone or channel that is
        none."""
        caller.need(Scope.ADMIN)
        self._readers.run("verifiable", {"request": msgspec.to_builtins(request)})
        self._audit.record(caller, "verification_requested", request.id)
        self.ask(request)
        return AskedVerification(request, None)

    def list(self, caller: Caller) -> Sequence[AskedVerification]:
        """All of them: those that are being carried out, then the newest."""
        caller.need(Scope.ADMIN)
        waiting, done = self.files.waiting(), self.files.results()
        waiting.sort(key=lambda one: (one.requested_at, one.id), reverse=True)
        done.sort(key=lambda one: (one.ended_at, one.id), reverse=True)
        for old in done[MOST_KEPT:]:
            self.files.forget(old.id)
        return [
            *(AskedVerification(one, None) for one in waiting),
            *(AskedVerification(one.request, one) for one in done[:MOST_KEPT]),
        ]

    def get(self, caller: Caller, verification_id: str) -> AskedVerification:
        """One of them. Raises `NotFoundError`."""
        caller.need(Scope.ADMIN)
        waiting = [one for one in self.files.waiting() if one.id == verification_id]
        result = self.files.result(verification_id)
        if result is not None:
            return AskedVerification(result.request, result)
        if not waiting:
            raise NotFoundError(
                "verification: found {found}; there is none of that id", found=verification_id
            )
        return AskedVerification(waiting[0], None)
