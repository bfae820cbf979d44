"""Sends people the mail they are still to get, in a thread of its own: a mail server that is slow
or down holds up nothing else.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from tawny.background.people_letters import letter_of_export, letter_of_notice
from tawny.deliveries.letters import Letter, said
from tawny.deliveries.mailer import Mailer
from tawny.deliveries.tries import next_try_ms
from tawny.errors import NotAllowedError, NotFoundError, TawnyError
from tawny.model.zones import current_ms
from tawny.people.mailings import Mailing, MailingKind, Mailings, mail_is_set
from tawny.runs.hidden_paths import seen_by
from tawny.runs.store import RunStore
from tawny.schedules.owners import caller_of_owner
from tawny.schedules.store_notices import Notices
from tawny.settings import Settings
from tawny.state.database import Database

_log = logging.getLogger("tawny.mail")

LOOK_EVERY_S = 2.0


class MailToPeople:
    """Sends as long as the server runs."""

    def __init__(self, home: Path, settings: Settings, database: Database) -> None:
        self._home = home
        self._settings = settings
        self._database = database
        self._mailings = Mailings(database, settings)
        self._notices = Notices(database)
        self._runs = RunStore(database)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mail", daemon=True)

    def start(self) -> None:
        """Begin, where somebody said by which server mail is sent."""
        if mail_is_set(self._settings):
            self._thread.start()

    def stop(self) -> None:
        """End; what is not handed over is sent after the next start."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2 * LOOK_EVERY_S)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            try:
                self._send_due()
            except TawnyError as error:
                _log.error("people cannot be told by mail: %s", error)
            except Exception:
                _log.exception("people cannot be told by mail")

    def _send_due(self) -> None:
        for mailing in self._mailings.due():
            if self._stop.is_set():
                return
            letter = self._letter(mailing)
            if letter is None or mailing.address is None:
                self._mailings.ended(mailing)
            else:
                self._send(mailing, mailing.address, letter)

    def _send(self, mailing: Mailing, address: str, letter: Letter) -> None:
        text = said(letter, mailing.language or self._settings.text("language"))
        mailer = Mailer(self._settings)
        try:
            with mailer.session() as session:
                key = f"{mailing.kind}/{mailing.subject}/{address}"
                mailer.send(session, address, mailer.message(address, text, key))
        except TawnyError as error:
            now_ms = current_ms()
            first_ms = now_ms if mailing.first_try_ms is None else mailing.first_try_ms
            again_ms = next_try_ms(mailing.tries + 1, first_ms, now_ms)
            _log.warning("a mail to a person could not be sent: %s", error)
            if again_ms is None:
                self._mailings.ended(mailing)
            else:
                self._mailings.failed(mailing, first_ms, again_ms)
        else:
            self._mailings.ended(mailing)

    def _letter(self, mailing: Mailing) -> Letter | None:
        """What it says; None where what it is about is gone, or may not be seen any more."""
        if mailing.kind is MailingKind.NOTICE:
            notice = self._notices.find(mailing.user_id, int(mailing.subject))
            return None if notice is None else letter_of_notice(notice, self._settings)
        try:
            caller = caller_of_owner(self._database, mailing.user_id, "")
            run = seen_by(caller, self._runs.get(caller, mailing.subject), self._home)
        except (NotAllowedError, NotFoundError):
            return None
        return letter_of_export(run, self._settings)
