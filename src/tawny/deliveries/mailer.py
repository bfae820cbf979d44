"""Hands mail to the server of the settings.

It is reached by the rule for outgoing calls, and only with TLS.
"""

from __future__ import annotations

import base64
import contextlib
import email.policy
import email.utils
import hashlib
import smtplib
import socket
import time
from collections.abc import Iterator, Sequence
from email.message import EmailMessage

from tawny.credentials import cleaned
from tawny.deliveries.letters import SaidLetter
from tawny.deliveries.mail_addresses import MailServer, mail_server
from tawny.deliveries.parcels import DeliveryError
from tawny.outgoing.addresses import OutgoingRule
from tawny.outgoing.connections import connection, with_tls
from tawny.settings import Settings
from tawny.text import Text

_MOST_S = 900
"""How long it may take to hand over all messages of a delivery."""
_STEP_TIMEOUT_S = 120
"""Servers look through what they are given before they answer."""
_SAID_CHARACTERS = 200


class MailSession(smtplib.SMTP):
    """A conversation over a connection that was made by our rule."""

    def __init__(self, opened: socket.socket) -> None:
        super().__init__(local_hostname=_own_name(opened))
        self.take(opened)

    def take(self, opened: socket.socket) -> None:
        """Go on over this connection; nothing that came before counts."""
        self.sock = opened
        self.file = None
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False


class Mailer:
    """Who sends. All methods raise `DeliveryError`."""

    def __init__(self, settings: Settings) -> None:
        """Raises `RequestError` where nobody said by which server and from whom."""
        self._server = mail_server(settings)
        self._rule = OutgoingRule(settings)

    def message(self, address: str, text: SaidLetter, key: str) -> EmailMessage:
        """A mail to one reader; the same key is the same `Message-ID`."""
        message = EmailMessage(email.policy.SMTP)
        _, sender = email.utils.parseaddr(self._server.sender)
        name = hashlib.sha256(key.encode()).hexdigest()[:40]
        message["From"] = self._server.sender
        message["To"] = address
        message["Subject"] = text.subject
        message["Date"] = email.utils.formatdate()
        message["Message-ID"] = f"<{name}@{sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text.plain)
        message.add_alternative(text.html, subtype="html")
        return message

    @contextlib.contextmanager
    def session(self) -> Iterator[MailSession]:
        """The server, after TLS and signing in."""
        server, end_s = self._server, time.monotonic() + _MOST_S
        with (
            connection(
                self._rule, server.host, server.port, tls=server.tls_at_once, most_s=_MOST_S
            ) as opened,
            self._translated(end_s),
        ):
            opened.settimeout(_STEP_TIMEOUT_S)
            session = MailSession(opened)
            try:
                self._greet(session, opened)
                yield session
                with contextlib.suppress(smtplib.SMTPException, OSError):
                    session.quit()
            finally:
                session.close()

    def _greet(self, session: MailSession, opened: socket.socket) -> None:
        server = self._server
        code, words = session.getreply()
        if code != 220:
            raise self._refused(Text("the connection"), code, words)
        session.ehlo()
        if not server.tls_at_once:
            if not session.has_extn("starttls"):
                raise DeliveryError(
                    "{host}: port {port}: offers no TLS (STARTTLS), without which nothing is sent",
                    host=server.host, port=server.port,
                )  # fmt: skip
            code, words = session.docmd("STARTTLS")
            if code != 220:
                raise self._refused("STARTTLS", code, words)
            session.take(with_tls(opened, server.host, server.port))
            session.ehlo()
        if server.user:
            self._sign_in(session)

    def _sign_in(self, session: MailSession) -> None:
        host = self._server.host
        try:
            session.login(self._server.user, self._server.password)
        except smtplib.SMTPAuthenticationError as error:
            raise DeliveryError(
                "{host}: the login was refused ({said}); whoever runs Tawny checks user and "
                "password in TAWNY_SMTP_URL", host=host,
                said=self._clean(error.smtp_code, error.smtp_error),
            ) from None  # fmt: skip
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPException:
            raise DeliveryError(
                "{host}: takes no login; leave user and password out of TAWNY_SMTP_URL", host=host
            ) from None

    def send(self, session: MailSession, address: str, message: EmailMessage) -> None:
        """Hand it over."""
        _, sender = email.utils.parseaddr(self._server.sender)
        try:
            session.sendmail(sender, [address], message.as_bytes())
        except smtplib.SMTPRecipientsRefused as error:
            ((code, words),) = error.recipients.values()
            raise self._refused(address, code, words) from None
        except smtplib.SMTPSenderRefused as error:
            if error.smtp_code == 530:
                raise DeliveryError(
                    "{host}: wants a login ({said}); whoever runs Tawny gives user and password in "
                    "TAWNY_SMTP_URL", host=self._server.host,
                    said=self._clean(error.smtp_code, error.smtp_error),
                ) from None  # fmt: skip
            raise self._refused(sender, error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPDataError as error:
            raise self._refused(address, error.smtp_code, error.smtp_error) from None

    def _refused(self, what: Text | str, code: int, words: bytes | str) -> DeliveryError:
        told = self._clean(code, words)
        if 400 <= code <= 499:
            return DeliveryError(
                "{host}: {what}: is put off by the server ({said})",
                host=self._server.host, what=what, said=told,
            )  # fmt: skip
        return DeliveryError(
            "{host}: {what}: is refused by the server ({said})",
            host=self._server.host, what=what, said=told,
        )  # fmt: skip

    @contextlib.contextmanager
    def _translated(self, end_s: float) -> Iterator[None]:
        host, port = self._server.host, self._server.port
        try:
            yield
        except (smtplib.SMTPException, OSError) as error:
            # The library says of a time-out that the connection was closed.
            if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
                raise DeliveryError(
                    "{host}: port {port}: the mail server did not answer within {most} s",
                    host=host, port=port, most=_STEP_TIMEOUT_S,
                ) from None  # fmt: skip
            if time.monotonic() >= end_s:
                raise DeliveryError(
                    "{host}: port {port}: not all messages could be handed over within {most} s",
                    host=host, port=port, most=_MOST_S,
                ) from None  # fmt: skip
            if isinstance(error, (smtplib.SMTPServerDisconnected, ConnectionError)):
                raise DeliveryError(
                    "{host}: port {port}: the connection broke off, or no mail server answers "
                    "there", host=host, port=port,
                ) from None  # fmt: skip
            raise DeliveryError(
                "{host}: port {port}: no mail server answers there as one does ({error})",
                host=host, port=port, error=self._clean(0, str(error)),
            ) from None  # fmt: skip

    def _clean(self, code: int, words: bytes | str) -> str:
        text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
        line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
        line = f"{code} {line}" if code > 0 else line
        return cleaned(line, *_forms(self._server))[:_SAID_CHARACTERS]


def _forms(server: MailServer) -> Sequence[str]:
    """The password, and what it looks like on its way, should a server say it back."""
    together = f"\0{server.user}\0{server.password}".encode()
    if not server.password:
        return ()
    return (
        server.password,
        base64.b64encode(server.password.encode()).decode(),
        base64.b64encode(together).decode(),
    )


def _own_name(opened: socket.socket) -> str:
    """What this machine is called, without asking a name server."""
    name = socket.gethostname()
    if "." in name and name.isascii():
        return name
    address = opened.getsockname()[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
