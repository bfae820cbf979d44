"""The erasures that are asked of a running server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tawny.background.asked_work import AskedWork
from tawny.background.pool import Workers
from tawny.erasures.certificate import Certificate, ErasureRequest, certificates, new_request
from tawny.errors import NotFoundError
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Scope


@dataclass(frozen=True, slots=True)
class AskedErasure:
    """An erasure that somebody asked for."""

    request: ErasureRequest
    certificate: Certificate | None
    """None while it is being carried out."""


class Erasures(AskedWork[ErasureRequest, Certificate]):
    """Those of one data folder. Administrators only."""

    def __init__(self, home: Path, audit: Audit, readers: Workers) -> None:
        super().__init__(home, certificates(home), "erase_contact")
        self._audit = audit
        self._readers = readers

    def request(self, caller: Caller, contact_id: str) -> AskedErasure:
        """Have a contact erased. Raises `RequestError` where the log knows nothing of the
        contact."""
        caller.need(Scope.ADMIN)
        self._readers.run("known_contact", {"contact_id": contact_id})
        request = new_request(contact_id, caller.name)
        self._audit.record(caller, "erasure_requested", contact_id, certificate=request.id)
        self.ask(request)
        return AskedErasure(request, None)

    def list(self, caller: Caller) -> Sequence[AskedErasure]:
        """All of them: those that are being carried out, then the newest."""
        caller.need(Scope.ADMIN)
        waiting, done = self.files.waiting(), self.files.results()
        waiting.sort(key=lambda one: (one.requested_at, one.id), reverse=True)
        done.sort(key=lambda one: (one.issued_at, one.id), reverse=True)
        return [*(AskedErasure(one, None) for one in waiting), *map(_asked, done)]

    def get(self, caller: Caller, erasure_id: str) -> AskedErasure:
        """One of them. Raises `NotFoundError`."""
        caller.need(Scope.ADMIN)
        waiting = [one for one in self.files.waiting() if one.id == erasure_id]
        certificate = self.files.result(erasure_id)
        if certificate is not None:
            return _asked(certificate)
        if not waiting:
            raise NotFoundError(
                "certificate: found {found}; there is none of that id", found=erasure_id
            )
        return AskedErasure(waiting[0], None)


def _asked(certificate: Certificate) -> AskedErasure:
    request = ErasureRequest(
        certificate.id,
        certificate.contact_id,
        certificate.requested_by,
        certificate.requested_at,
    )
    return AskedErasure(request, certificate)
