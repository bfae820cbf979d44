"""The kinds of destinations: one row each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Literal

from tawny.deliveries.folder import FolderPlace, checked_path
from tawny.deliveries.mail_addresses import mail_addresses, mail_server
from tawny.deliveries.names import checked_template, needs
from tawny.deliveries.own_secrets import OwnSecret
from tawny.deliveries.parcels import Receiver
from tawny.deliveries.signing_secret import SIGNING_SECRET
from tawny.deliveries.unfinished import UnfinishedNames
from tawny.deliveries.urls import (
    bucket_url,
    checked_endpoint,
    database_url,
    sftp_url,
    webhook_url,
)
from tawny.errors import RequestError, UnknownValueError
from tawny.outgoing.addresses import OutgoingRule
from tawny.settings import Settings
from tawny.text import Text

Options = Mapping[str, str]
Secrets = Mapping[str, str]
"""In plain words."""

ATTACH_MB = 10
"""Up to which size files are attached to mails, unless somebody says otherwise."""
_MOST_ATTACH_MB = 100
SCHEMA = "public"
"""In which schema of a database tables are, unless somebody says otherwise."""
_LONGEST_SCHEMA_BYTES = 63
LINKS = ("beyond", "always", "signed")
"""When a mail has a link: where its file is too large to be attached, or instead of every file;
with the last one in place of the first that needs no signing in, and ends."""
LINK_DAYS = 7
"""How long a signed link works, unless somebody says otherwise."""
_MOST_LINK_DAYS = 30

_FILE_OPTIONS = ("template", "org", "folder")
"""What every destination where files lie may have beside the options of its kind."""


def _nobody(_options: Options) -> str:
    return ""


def _as_it_is(options: Options, _settings: Settings) -> dict[str, str]:
    return dict(options)


def _no_secrets(_options: Options) -> Sequence[Sequence[str]]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationKind:
    """One kind: what is set of it, and how it is opened."""

    name: str
    needed: Sequence[str]
    """Options that have to be given."""
    options: Sequence[str]
    """All of its own."""
    secrets: Sequence[str] = ()
    needed_secrets: Callable[[Options], Sequence[Sequence[str]]] = _no_secrets
    """One of each of these has to be given."""
    check: Callable[[Options, Settings], dict[str, str]]
    """Its options as they are kept. Raises `RequestError`."""
    looked: Sequence[str] = ()
    """Options that are seen at the other end unless they are given."""
    look: Callable[[Options, Settings], dict[str, str]] = _as_it_is
    """The same with what is seen at the other end when it is set up. Raises `TawnyError`."""
    open: Callable[[Options, Secrets, Settings, UnfinishedNames], Receiver]
    """What receives. Raises `RequestError`, and a `FailureError` that names what is at fault."""
    where: Callable[[Options], str]
    """How people recognise it."""
    server: Callable[[Options], str] = _nobody
    """Who is given its secrets; empty where nobody is."""
    takes: Literal["files", "rows", "message"]
    """Files, which lie there under names; their rows, in tables; or a message of them."""
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Options that have one of a few values, the one that they have at first before the others."""
    keeps_what_was_sent: bool = False
    """Whether nobody can take back what was brought there, such as a mail."""
    own_secret: OwnSecret | None = None
    """One of the secrets, which Tawny makes where none is given."""

    @property
    def keeps_files(self) -> bool:
        """Whether files lie there, under names."""
        return self.takes == "files"

    @property
    def all_options(self) -> Sequence[str]:
        """All that may be set of it, but for secrets."""
        return (*self.options, *(_FILE_OPTIONS if self.keeps_files else ()))

    def worked(self, name: str) -> Text:
        """What is said of one whose test went well."""
        if self.keeps_files:
            return Text("{name} works: a small file was written, read back and removed", name=name)
        if self.takes == "rows":
            return Text("{name} works: the login may do all that is needed there", name=name)
        return Text("{name} works: a message marked as a test was sent and accepted", name=name)


def _check_folder(options: Options, settings: Settings) -> dict[str, str]:
    return {**options, "path": checked_path(options["path"], settings)}


def _open_folder(
    options: Options, _secrets: Secrets, settings: Settings, _unfinished: UnfinishedNames
) -> Receiver:
    return FolderPlace(options["path"], settings)


def _check_sftp(options: Options, _settings: Settings) -> dict[str, str]:
    sftp_url(options["url"])
    return {**options, "url": options["url"].strip()}


# Who delivers elsewhere waits for none of the libraries of a kind.


def _check_object_store(options: Options, _settings: Settings) -> dict[str, str]:
    url = bucket_url(options["url"])
    kept = {**options, "url": options["url"].strip()}
    if "endpoint" in options:
        kept["endpoint"] = checked_endpoint(options["endpoint"])
    fitting = {
        "s3": ("endpoint", "region"), "gs": ("endpoint",), "az": ("account", "endpoint"),
    }[url.scheme]  # fmt: skip
    for name in ("account", "endpoint", "region"):
        if name in options and name not in fitting:
            raise RequestError(
                "{option}: found with {scheme}://, which has none",
                option=name,
                scheme=url.scheme,
            )
    if url.scheme == "az":
        kept["account"] = _checked_account(options.get("account", "").strip())
    return kept


def _checked_account(account: str) -> str:
    """The name of a storage account of Azure: a part of a host's name. Raises `RequestError`."""
    if not account:
        raise RequestError("account: found nothing; az:// needs the name of the storage account")
    if not re.fullmatch(r"[a-z0-9]{3,24}", account):
        raise RequestError(
            "account: found {account!r}; allowed the name of a storage account: 3 to 24 small "
            "letters and digits",
            account=account,
        )
    return account


def _secrets_of_object_store(options: Options) -> Sequence[Sequence[str]]:
    is_azure = bucket_url(options["url"]).scheme == "az"
    return (("secret_key",),) if is_azure else (("access_key",), ("secret_key",))


def _open_object_store(
    options: Options, secrets: Secrets, settings: Settings, _unfinished: UnfinishedNames
) -> Receiver:
    from tawny.deliveries.object_store import ObjectStorePlace

    return ObjectStorePlace(options, secrets, settings)


def _look_at_sftp(options: Options, settings: Settings) -> dict[str, str]:
    from tawny.deliveries.sftp_host_key import pinned_host_key

    given, url = options.get("host_key", ""), sftp_url(options["url"])
    return {**options, "host_key": pinned_host_key(given, url, OutgoingRule(settings))}


def _open_sftp(
    options: Options, secrets: Secrets, settings: Settings, unfinished: UnfinishedNames
) -> Receiver:
    from tawny.deliveries.sftp import SftpPlace

    return SftpPlace(options, secrets, settings, unfinished)


def _check_webhook(options: Options, settings: Settings) -> dict[str, str]:
    if not webhook_url(options["url"]).tls and not settings.text("outgoing_private"):
        raise RequestError(
            "url: found http://, which is allowed only into networks that TAWNY_OUTGOING_PRIVATE "
            "names; use https://"
        )
    return {**options, "url": options["url"].strip()}


def _open_webhook(
    options: Options, secrets: Secrets, settings: Settings, _unfinished: UnfinishedNames
) -> Receiver:
    from tawny.deliveries.webhook import WebhookReceiver

    return WebhookReceiver(options, secrets, settings)


def _check_mail(options: Options, settings: Settings) -> dict[str, str]:
    mail_server(settings)
    link = options.get("link", LINKS[0])
    if link not in LINKS:
        raise UnknownValueError("link", link, LINKS)
    if link != LINKS[0] and not settings.text("public_url"):
        raise RequestError(
            "link: found {link}, but nothing says by which address people reach this server; "
            "whoever runs Tawny sets TAWNY_PUBLIC_URL",
            link=link,
        )
    days = options.get("link_days", str(LINK_DAYS)).strip()
    if not re.fullmatch(r"[0-9]{1,2}", days) or not 1 <= int(days) <= _MOST_LINK_DAYS:
        raise RequestError(
            "link_days: found {found!r}; allowed a whole number from 1 to {most}",
            found=days,
            most=_MOST_LINK_DAYS,
        )
    signed = {"link_days": str(int(days))} if link == "signed" else {}
    attach_mb = options.get("attach_mb", str(ATTACH_MB)).strip()
    if not re.fullmatch(r"[0-9]{1,3}", attach_mb) or int(attach_mb) > _MOST_ATTACH_MB:
        raise RequestError(
            "attach_mb: found {found!r}; allowed a whole number from 0 to {most}",
            found=attach_mb,
            most=_MOST_ATTACH_MB,
        )
    to = ", ".join(mail_addresses(options["to"]))
    return {"to": to, "attach_mb": str(int(attach_mb)), "link": link, **signed}


def _open_mail(
    options: Options, _secrets: Secrets, settings: Settings, _unfinished: UnfinishedNames
) -> Receiver:
    from tawny.deliveries.mail import MailReceiver

    return MailReceiver(options, settings)


def _check_database(options: Options, _settings: Settings) -> dict[str, str]:
    if find_spec("psycopg") is None:
        raise RequestError(
            "a destination of the kind database needs the package psycopg; pip install "
            "'tawny[postgres]'"
        )
    database_url(options["url"])
    schema = options.get("schema", SCHEMA).strip()
    if not 1 <= len(schema.encode()) <= _LONGEST_SCHEMA_BYTES or not schema.isprintable():
        raise RequestError(
            "schema: found {found!r}; allowed the name of a schema, at most {most} bytes",
            found=schema,
            most=_LONGEST_SCHEMA_BYTES,
        )
    return {"url": options["url"].strip(), "schema": schema}


def _open_database(
    options: Options, secrets: Secrets, settings: Settings, _unfinished: UnfinishedNames
) -> Receiver:
    from tawny.deliveries.database import DatabaseReceiver

    return DatabaseReceiver(options, secrets, settings)


DESTINATION_KINDS: Mapping[str, DestinationKind] = {
    "folder": DestinationKind(
        name="folder",
        needed=("path",),
        options=("path",),
        check=_check_folder,
        open=_open_folder,
        where=lambda options: options["path"],
        takes="files",
    ),
    "sftp": DestinationKind(
        name="sftp",
        needed=("url",),
        options=("url", "host_key"),
        secrets=("password", "private_key"),
        needed_secrets=lambda _options: (("password", "private_key"),),
        check=_check_sftp,
        looked=("host_key",),
        look=_look_at_sftp,
        open=_open_sftp,
        where=lambda options: options["url"],
        server=lambda options: sftp_url(options["url"]).server,
        takes="files",
    ),
    "object_store": DestinationKind(
        name="object_store",
        needed=("url",),
        options=("url", "endpoint", "region", "account"),
        secrets=("access_key", "secret_key"),
        needed_secrets=_secrets_of_object_store,
        check=_check_object_store,
        open=_open_object_store,
        where=lambda options: options["url"],
        server=lambda options: options.get("endpoint") or bucket_url(options["url"]).scheme,
        takes="files",
    ),
    "webhook": DestinationKind(
        name="webhook",
        needed=("url",),
        options=("url",),
        secrets=(SIGNING_SECRET.name,),
        check=_check_webhook,
        open=_open_webhook,
        where=lambda options: options["url"],
        takes="message",
        own_secret=SIGNING_SECRET,
    ),
    "mail": DestinationKind(
        name="mail",
        needed=("to",),
        options=("to", "attach_mb", "link", "link_days"),
        check=_check_mail,
        open=_open_mail,
        where=lambda options: options["to"],
        takes="message",
        keeps_what_was_sent=True,
        choices={"link": LINKS},
    ),
    "database": DestinationKind(
        name="database",
        needed=("url",),
        options=("url", "schema"),
        secrets=("password",),
        needed_secrets=lambda _options: (("password",),),
        check=_check_database,
        open=_open_database,
        where=lambda options: f"{options['url']} ({options['schema']})",
        server=lambda options: database_url(options["url"]).server,
        takes="rows",
    ),
}
"""Every kind there is."""

SECRET_NAMES: tuple[str, ...] = tuple(
    dict.fromkeys(name for kind in DESTINATION_KINDS.values() for name in kind.secrets)
)
"""What is never shown of a destination."""


def destination_kind(name: str) -> DestinationKind:
    """A kind by its name. Raises `UnknownValueError`."""
    if name not in DESTINATION_KINDS:
        raise UnknownValueError(Text("kind of destination"), name, DESTINATION_KINDS)
    return DESTINATION_KINDS[name]


def checked_options(kind: DestinationKind, options: Options, settings: Settings) -> dict[str, str]:
    """The options of a destination as they are kept. Raises `RequestError`."""
    for name in options:
        if name not in kind.all_options:
            raise RequestError(
                "{option}: found with the kind {kind}; allowed there: {allowed}",
                option=name,
                kind=kind.name,
                allowed=", ".join(kind.all_options),
            )
    for name in kind.needed:
        if not options.get(name):
            raise RequestError(
                "{option}: found nothing; a destination of the kind {kind} needs it",
                option=name,
                kind=kind.name,
            )
    kept = kind.check(options, settings)
    if not kind.keeps_files:
        return kept
    template = checked_template(options.get("template", "tawny"))
    if needs(template, "org") and not options.get("org"):
        raise RequestError(
            "org: found nothing; the template {template} has it in its names", template=template
        )
    return {**kept, "template": template}
