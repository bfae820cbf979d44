"""Delivery by mail: one message for each reader, in their language, with the file or a link to it.

A reader's message has the same id at every try. Who took it is noted at once, so that an address
that is refused costs the others no second copy.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from tawny.deliveries.letters import letter_of_delivery, letter_of_trial, said
from tawny.deliveries.mail_addresses import mail_addresses
from tawny.deliveries.mailer import Mailer
from tawny.deliveries.parcels import DeliveryError, OutgoingFile, Parcel, Receiver, Trial
from tawny.deliveries.run_files import media_type_of, whole_file
from tawny.settings import Settings


class MailReceiver(Receiver):
    """The mailboxes of some people."""

    def __init__(self, options: Mapping[str, str], settings: Settings) -> None:
        """Raises `RequestError`."""
        self._mailer = Mailer(settings)
        self._to = mail_addresses(options["to"])
        self._link_days = int(options["link_days"]) if options["link"] == "signed" else 0
        self._attach_mb = 0 if options["link"] == "always" else int(options["attach_mb"])

    def deliver(self, parcel: Parcel) -> Sequence[OutgoingFile]:
        """See `Receiver`: a message for each reader who has none yet."""
        file = whole_file(parcel)
        attached = file.size_bytes <= self._attach_mb * 1_000_000 and self._attach_mb > 0
        reached = parcel.reached.addresses()
        wanted = [one for one in self._to if one not in reached]
        failure: DeliveryError | None = None
        with self._mailer.session() as session:
            for address in wanted:
                signed = self._link_days and not attached
                link = parcel.signed(address, self._link_days) if signed else None
                letter = letter_of_delivery(
                    parcel, file, attached=attached, attach_mb=self._attach_mb, signed=link
                )
                text = said(letter, parcel.language_of(address))
                message = self._mailer.message(address, text, f"{parcel.key}/{address}")
                if attached:
                    with file.content as path:
                        kind, _, subtype = media_type_of(parcel).partition("/")
                        message.add_attachment(
                            path.read_bytes(), maintype=kind, subtype=subtype, filename=file.name
                        )
                try:
                    self._mailer.send(session, address, message)
                except DeliveryError as error:
                    failure = failure or error
                else:
                    parcel.reached.add(address)
        if failure is not None:
            raise failure
        parcel.reached.forget()
        return [file]

    def try_out(self, trial: Trial) -> None:
        """See `Receiver`: a message that says it is a test."""
        letter = letter_of_trial(trial.destination)
        with self._mailer.session() as session:
            for address in self._to:
                text = said(letter, trial.language_of(address))
                self._mailer.send(
                    session, address, self._mailer.message(address, text, secrets.token_hex(16))
                )

    def close(self) -> None:
        """See `Receiver`."""
