"""The verifications that are asked of a running server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from tawny.background.asked_work import AskedItem, AskedWork
from tawny.background.pool import Workers
from tawny.errors import NotFoundError
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Scope
from tawny.reading.verification import (
    VerificationRequest,
    VerificationResult,
    verifications,
)

AskedVerification: TypeAlias = AskedItem[VerificationRequest, VerificationResult]


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
        return AskedItem(request, None)

    def list(self, caller: Caller) -> Sequence[AskedVerification]:
        """Those that are being carried out, then the newest that are kept."""
        caller.need(Scope.ADMIN)
        return self.items()

    def get(self, caller: Caller, verification_id: str) -> AskedVerification:
        """One of them. Raises `NotFoundError`."""
        caller.need(Scope.ADMIN)
        found = self.item(verification_id)
        if found is None:
            raise NotFoundError(
                "verification: found {found}; there is none of that id", found=verification_id
            )
        return found
