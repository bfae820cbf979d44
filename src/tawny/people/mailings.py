"""Mail that people are still to get: what it is about, and when it is sent or tried again.

A row is there from the transaction that makes something worth telling until the mail is handed
over, so that a kill loses none. One that is sent twice, since the kill came between both, has the
same `Message-ID`.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tawny.errors import RequestError
from tawny.model.zones import current_ms
from tawny.people.callers import Caller
from tawny.settings import Settings
from tawny.state.database import Database
from tawny.state.run_rows import RunState
from tawny.state.tables import mailings, runs, users
from tawny.text import Text

_AT_ONCE = 100


class MailingKind(enum.StrEnum):
    """What a mail is about."""

    NOTICE = "notice"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Mailing:
    """A mail that somebody is still to get. Times are milliseconds since 1970 UTC."""

    id: int
    kind: MailingKind
    subject: str
    """The number of a notice, or of an export."""
    user_id: int
    address: str | None
    """None for who has none any more, or may not come in."""
    language: str | None
    tries: int
    first_try_ms: int | None


def mail_is_set(settings: Settings) -> bool:
    """Whether somebody said by which server and from whom mail is sent."""
    return bool(settings.text("smtp_url") and settings.text("mail_from"))


def why_no_mail(settings: Settings, caller: Caller) -> Text | None:
    """Why the caller cannot be told by mail, if so."""
    if not mail_is_set(settings):
        return Text(
            "nothing says by which server and from whom mail is sent; whoever runs Tawny sets "
            "TAWNY_SMTP_URL and TAWNY_MAIL_FROM"
        )
    if not caller.email:
        return Text("your account has no e-mail address; give it one on the page Account")
    return None


class Mailings:
    """The mail of one installation that is still to be sent."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    def add_export(self, connection: sa.Connection, caller: Caller, run_id: str) -> None:
        """Have the caller told when an export has ended. Raises `RequestError`."""
        why = why_no_mail(self._settings, caller)
        if why is not None:
            raise RequestError("mail: found true, but {why}", why=why)
        self._add(connection, caller.user_id, MailingKind.EXPORT, run_id)

    def add_notice(self, connection: sa.Connection, user_id: int, notice_id: int) -> None:
        """Have somebody who has an address told what the bell says."""
        if mail_is_set(self._settings):
            self._add(connection, user_id, MailingKind.NOTICE, str(notice_id))

    def _add(
        self, connection: sa.Connection, user_id: int, kind: MailingKind, subject: str
    ) -> None:
        connection.execute(
            mailings.insert().from_select(
                ["user_id", "kind", "subject", "tries", "next_try_ms"],
                sa.select(
                    users.c.id, sa.literal(kind.value), sa.literal(subject), sa.literal(0),
                    sa.literal(current_ms(), sa.BigInteger),
                ).where(users.c.id == user_id, users.c.email.is_not(None)),
            )
        )  # fmt: skip

    def due(self) -> Sequence[Mailing]:
        """What may be sent now, longest due first. Of an export that goes on there is nothing to
        say yet."""
        going = sa.select(runs.c.id).where(runs.c.state.in_((RunState.QUEUED, RunState.RUNNING)))
        address = sa.case((users.c.disabled.is_(False), users.c.email))
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(mailings, users.c.language, address.label("address"))
                .join(users, users.c.id == mailings.c.user_id)
                .where(
                    mailings.c.next_try_ms <= current_ms(),
                    sa.or_(mailings.c.kind != MailingKind.EXPORT, mailings.c.subject.not_in(going)),
                )
                .order_by(mailings.c.next_try_ms, mailings.c.id)
                .limit(_AT_ONCE)
            ).all()
        return [
            Mailing(
                row.id, MailingKind(row.kind), row.subject, row.user_id, row.address, row.language,
                row.tries, row.first_try_ms,
            )
            for row in rows
        ]  # fmt: skip

    def ended(self, mailing: Mailing) -> None:
        """It was sent, or there is nothing to send any more."""
        with self._database.write() as connection:
            connection.execute(mailings.delete().where(mailings.c.id == mailing.id))

    def failed(self, mailing: Mailing, first_try_ms: int, next_try_ms: int) -> None:
        """It could not be sent and is tried again."""
        with self._database.write() as connection:
            connection.execute(
                mailings.update()
                .where(mailings.c.id == mailing.id)
                .values(tries=mailing.tries + 1, first_try_ms=first_try_ms, next_try_ms=next_try_ms)
            )
