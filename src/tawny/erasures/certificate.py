"""The certificate of an erasure: what was removed where, what could not be reached, and the check
that was made. It says nothing of the contact but its id.

Certificates lie in the data folder, a file each, so that the command line and the server see the
same.
"""

from __future__ import annotations

import datetime
import secrets
from pathlib import Path
from typing import Literal

from msgspec import Struct

from tawny.asked_files import AskedFiles
from tawny.model.zones import current_ms, from_ms, to_ms
from tawny.schedules.rows import Erasure

CERTIFICATES = "certificates"
"""The folder of certificates in a data folder."""


class ErasureRequest(Struct, frozen=True):
    """That a contact is to be erased; what was acknowledged lies in the data folder until it is
    done."""

    id: str
    """That of the certificate to come."""
    contact_id: str
    requested_by: str
    """The name the person signs in with; empty for the operator of the data folder."""
    requested_at: datetime.datetime

    @property
    def requested_ms(self) -> int:
        """When it was requested, in milliseconds since 1970 UTC."""
        return to_ms(self.requested_at)


class ErasureEvent(Struct):
    """The event that says that the contact is to go."""

    source: str
    id: str
    time: datetime.datetime
    sent_before: bool = False
    """Whether the log held an erasure of the contact already."""


class LogPart(Struct):
    """What the erasure did to the log."""

    version_before: int
    version_after: int
    rewritten_files: int
    """Files that were written again without the person; the old ones are deleted."""
    conversations: int
    events: int
    """How many events of the contact stay, without what was personal in them."""


class FilePart(Struct):
    """A file of an export that held the contact."""

    name: str
    what: Literal["deleted", "yours", "replaced", "gone"]
    """`yours`: it lies where its owner put it; `replaced`: it lay there, and what lies there now
    was made without the contact; `gone`: it is no longer there, copies may be."""
    sure: bool
    """Whether the contact was in it; else nothing in it says whom its rows are about."""
    downloaded_by: list[str]


class DeliveryPart(Struct, rename={"start": "from", "end": "to"}):
    """A delivery whose files, or rows, held somebody erased at that time."""

    id: int
    schedule: str
    destination: str
    start: datetime.datetime
    end: datetime.datetime
    revision: int
    files: list[str]
    what: Erasure


class TraceCheck(Struct):
    """How it was checked that nothing is left."""

    files: int
    """How many files under the data folder were looked through."""
    bytes: int
    texts: int
    """How many texts of the contact were looked for."""
    too_short: int
    """How many were not, because they stand in many files by chance."""
    of_others: int
    """How many pieces of texts were found that events of other people hold too."""
    found_in: list[str]
    """Files with a text that nobody else's events hold."""
    unreadable: list[str]
    is_log_clean: bool
    """Whether every personal column of the contact is empty in every file of the log."""


class Certificate(Struct, omit_defaults=False):
    """What became of an erasure; times UTC."""

    id: str
    contact_id: str
    requested_by: str
    """The name the person signs in with; empty for the operator of the data folder."""
    requested_at: datetime.datetime
    issued_at: datetime.datetime
    event: ErasureEvent
    log: LogPart
    files: list[FilePart]
    deliveries: list[DeliveryPart]
    check: TraceCheck
    state_database_outside: bool
    """Whether the state database lies outside of the data folder, where no bytes were looked
    through."""
    complete: bool = False
    """Whether everything that held the contact was reached."""

    @property
    def request(self) -> ErasureRequest:
        """What was asked for."""
        return ErasureRequest(self.id, self.contact_id, self.requested_by, self.requested_at)

    @property
    def ended_at(self) -> datetime.datetime:
        """When it was issued."""
        return self.issued_at


def is_complete(certificate: Certificate) -> bool:
    """Whether everything that held the contact was reached."""
    return not (
        any(file.what in ("yours", "gone") or file.downloaded_by for file in certificate.files)
        or any(delivery.what is not Erasure.FOLLOWED for delivery in certificate.deliveries)
        or certificate.check.found_in
        or certificate.check.unreadable
        or not certificate.check.is_log_clean
    )


def new_request(contact_id: str, requested_by: str) -> ErasureRequest:
    """A request of now."""
    return ErasureRequest(secrets.token_hex(8), contact_id, requested_by, from_ms(current_ms()))


def certificates(home: Path) -> AskedFiles[ErasureRequest, Certificate]:
    """What was asked for in a data folder, and the certificates."""
    return AskedFiles(home / CERTIFICATES, ErasureRequest, Certificate)
