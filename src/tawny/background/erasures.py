"""The erasures that are asked of a running server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from tawny.background.asked_work import AskedItem, AskedWork
from tawny.background.pool import Workers
from tawny.erasures.certificate import Certificate, ErasureRequest, certificates, new_request
from tawny.errors import NotFoundError
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Scope

AskedErasure: TypeAlias = AskedItem[ErasureRequest, Certificate]


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
        return AskedItem(request, None)

    def list(self, caller: Caller) -> Sequence[AskedErasure]:
        """All of them: those that are being carried out, then the newest."""
        caller.need(Scope.ADMIN)
        return self.items()

    def get(self, caller: Caller, erasure_id: str) -> AskedErasure:
        """One of them. Raises `NotFoundError`."""
        caller.need(Scope.ADMIN)
        found = self.item(erasure_id)
        if found is None:
            raise NotFoundError(
                "certificate: found {found}; there is none of that id", found=erasure_id
            )
        return found
