"""The erasures that are asked of a running server: acknowledged once they lie on the disk, and
carried out one after the other, also after a start."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tawny.background.pool import Workers
from tawny.erasures.certificate import (
    Certificate,
    ErasureRequest,
    find,
    forget_request,
    keep_request,
    kept,
    new_request,
    requests,
)
from tawny.errors import NotFoundError, RequestError, TawnyError
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Scope

_log = logging.getLogger("tawny.erasures")

_TRY_AGAIN_S = 30.0


@dataclass(frozen=True, slots=True)
class AskedErasure:
    """An erasure that somebody asked for."""

    request: ErasureRequest
    certificate: Certificate | None
    """None while it is being carried out."""


class Erasures:
    """Those of one data folder."""

    def __init__(self, home: Path, audit: Audit, readers: Workers) -> None:
        self._home = home
        self._audit = audit
        self._readers = readers
        self._workers = Workers(home, 1, niceness=6)
        self._wanted = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="erasures", daemon=True)

    def start(self) -> None:
        """Begin; what was asked for before a stop or a crash is carried out."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is not done is carried out after the next start."""
        self._stopped.set()
        self._wanted.set()
        self._workers.close()

    def ask(self, caller: Caller, contact_id: str) -> AskedErasure:
        """Have a contact erased. Administrators only. Raises `RequestError` where the log knows
        nothing of the contact."""
        caller.need(Scope.ADMIN)
        self._readers.run("known_contact", {"contact_id": contact_id})
        request = new_request(contact_id, caller.name)
        self._audit.record(caller, "erasure_requested", contact_id, certificate=request.id)
        keep_request(self._home, request)
        self._wanted.set()
        return AskedErasure(request, None)

    def list(self, caller: Caller) -> Sequence[AskedErasure]:
        """All of them, newest first. Administrators only."""
        caller.need(Scope.ADMIN)
        asked, done = requests(self._home), kept(self._home)
        ids = {one.id for one in done}
        running = [AskedErasure(one, None) for one in reversed(asked) if one.id not in ids]
        return [*running, *(_asked(one) for one in done)]

    def get(self, caller: Caller, erasure_id: str) -> AskedErasure:
        """One of them. Administrators only. Raises `NotFoundError`."""
        caller.need(Scope.ADMIN)
        asked = [one for one in requests(self._home) if one.id == erasure_id]
        try:
            return _asked(find(self._home, erasure_id))
        except NotFoundError:
            if asked:
                return AskedErasure(asked[0], None)
            raise

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wanted.clear()
            for request in requests(self._home):
                self._carry_out(request)
            self._wanted.wait()

    def _carry_out(self, request: ErasureRequest) -> None:
        while not self._stopped.is_set():
            try:
                self._workers.run("erase_contact", {"request": msgspec.to_builtins(request)})
            except RequestError as error:
                # The log was replaced since: it knows nothing of the contact any more.
                _log.error("an erasure cannot be carried out: %s", error)
                forget_request(self._home, request)
            except TawnyError as error:
                if self._stopped.is_set():
                    return
                _log.error("an erasure is tried again in %s s: %s", _TRY_AGAIN_S, error)
                self._stopped.wait(_TRY_AGAIN_S)
                continue
            return


def _asked(certificate: Certificate) -> AskedErasure:
    request = ErasureRequest(
        certificate.id,
        certificate.contact_id,
        certificate.requested_by,
        certificate.requested_at,
    )
    return AskedErasure(request, certificate)
