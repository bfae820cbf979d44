"""The kinds of sources: one row each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tawny.credentials import revealed
from tawny.errors import RequestError, UnknownValueError
from tawny.model.durations import checked_duration
from tawny.sources.options import DEFAULTS, OPTIONS, WEBHOOK_SECRET, Form, SourceOption
from tawny.sources.reader import DeskReader
from tawny.sources.webhooks import DeskWebhook
from tawny.text import N_, Text


def _anything(_secrets: Mapping[str, str]) -> None:
    pass


def _wrong_address(option: str, url: str) -> RequestError:
    return RequestError(
        "{option}: found {url!r}; allowed the address of the desk, such as "
        "https://desk.example.com",
        option=option,
        url=url,
    )


@dataclass(frozen=True, slots=True)
class SourceKind:
    """One kind of desk: which options it has of its own, and how one is opened."""

    name: str
    needed: Sequence[str]
    """Options that have to be given, secrets among them."""
    secrets: Sequence[str]
    own: Sequence[str]
    """Options that other kinds do not have."""
    lacks: Sequence[str]
    """Options of all kinds that mean nothing here."""
    address: Callable[[str, Mapping[str, Any]], str | None]
    """The `source` of its events, by its name and options; none where only the desk tells it."""
    check: Callable[[dict[str, Any]], None]
    """Raise `RequestError` for options that are not allowed."""
    open: Callable[[Path, Mapping[str, Any], Mapping[str, str], str, str], DeskReader]
    """A reader, given the data folder, options, secrets in plain words, the prefix of ids and the
    `source` of its events, which is empty where it is not known yet."""
    one_of: Sequence[str] = ()
    """Secrets of which exactly one is given, once for good."""
    previews: bool = False
    """A dry run shows the first events."""
    is_live: bool = True
    """What is read of it is the desk as it is now, so that after a sync everything is told that
    happened before its horizon."""
    label: str = ""
    """What people call it; empty = its name."""
    about: str = ""
    """What it reads, for whoever chooses a kind on the page; to be translated."""
    check_typed: Callable[[Mapping[str, str]], None] = _anything
    """Raise `RequestError` for secrets in plain words that nobody may give who has no account on
    the machine."""
    webhook: Callable[[], DeskWebhook] | None = None
    """How its webhooks are read; None = it has none."""

    @property
    def options(self) -> Sequence[SourceOption]:
        """All that can be set of it, in the order in which it is shown; what it needs first."""
        common = {
            name for name in DEFAULTS if name in OPTIONS and name not in self.lacks
        }  # fmt: skip
        mine = {*self.own, *self.secrets, *self.needed} | common
        found = [one for name, one in OPTIONS.items() if name in mine]
        return sorted(found, key=lambda one: not self.comes_first(one))

    def comes_first(self, option: SourceOption) -> bool:
        """Whether nobody sets a source up without looking at an option."""
        return option.name in self.needed or option.name in self.one_of


def _check_url(options: dict[str, Any]) -> None:
    _check_address("--url", "url", options)


def _check_address(option: str, name: str, options: dict[str, Any]) -> None:
    url = options.get(name)
    if url is not None:
        try:
            parts = urlsplit(url)
            is_right = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            raise _wrong_address(option, url) from None
        if not is_right or "@" in parts.netloc:
            raise _wrong_address(option, "***" if "@" in parts.netloc else url)
        options[name] = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


_SUBDOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def _check_zendesk(options: dict[str, Any]) -> None:
    subdomain = options.get("subdomain")
    if subdomain is not None:
        options["subdomain"] = subdomain.strip().lower().removesuffix(".zendesk.com")
        if not _SUBDOMAIN.fullmatch(options["subdomain"]):
            raise RequestError(
                "--subdomain: found {subdomain!r}; allowed the first word of the desk's address, "
                "such as acme for https://acme.zendesk.com",
                subdomain=subdomain,
            )
    _check_address("--base-url", "base_url", options)
    if "lag" in options:
        # The exports never give what is younger.
        checked_duration("--lag", str(options["lag"]), least="60s")


def _zendesk_address(_: str, options: Mapping[str, Any]) -> str:
    from tawny.sources.zendesk.desk import address_of

    return address_of(options)


def _open_zendesk(
    _home: Path, options: Mapping[str, Any], secrets: Mapping[str, str], prefix: str, _source: str
) -> DeskReader:
    from tawny.sources.zendesk.desk import ZendeskAccount, address_of, headers_of
    from tawny.sources.zendesk.reader import ZendeskReader

    desk = ZendeskAccount(
        address_of(options), options.get("base_url"), headers_of(options, secrets),
        str(options["budget"]),
    )  # fmt: skip
    return ZendeskReader(desk, options, prefix)


def _zendesk_webhook() -> DeskWebhook:
    from tawny.sources.zendesk.webhook import ZENDESK_WEBHOOK

    return ZENDESK_WEBHOOK


def _check_chatwoot(options: dict[str, Any]) -> None:
    _check_url(options)
    if options.get("sentences") is not None:
        from tawny.sources.chatwoot.sentences import Sentences

        options["sentences"] = str(Path(options["sentences"]).absolute())
        Sentences(None, Path(options["sentences"]))


def _check_typed_database(secrets: Mapping[str, str]) -> None:
    if "database_url" in secrets:
        from tawny.sources.postgres import check_typed_address

        check_typed_address("--database-url", secrets["database_url"])


def _open_chatwoot(
    _home: Path, options: Mapping[str, Any], secrets: Mapping[str, str], prefix: str, _source: str
) -> DeskReader:
    # Who has another kind of desk waits for none of its libraries.
    if "token" in secrets:
        from tawny.sources.chatwoot.api_reader import ChatwootApiReader

        return ChatwootApiReader(options, secrets["token"], prefix)
    from tawny.sources.chatwoot.reader import ChatwootReader

    return ChatwootReader(options, secrets["database_url"], prefix)


def _chatwoot_webhook() -> DeskWebhook:
    from tawny.sources.chatwoot.webhook import CHATWOOT_WEBHOOK

    return CHATWOOT_WEBHOOK


def _check_intercom(options: dict[str, Any]) -> None:
    _check_address("--base-url", "base_url", options)
    if "lag" in options:
        # What was written a moment ago is not found by searches yet.
        checked_duration("--lag", str(options["lag"]), least="60s")
    if options.get("hours") is not None:
        from tawny.sources.intercom.hours import read_hours

        options["hours"] = str(Path(options["hours"]).absolute())
        read_hours(Path(options["hours"]))


def _open_intercom(
    _home: Path, options: Mapping[str, Any], secrets: Mapping[str, str], prefix: str, source: str
) -> DeskReader:
    from tawny.sources.intercom.desk import IntercomDesk
    from tawny.sources.intercom.reader import IntercomReader

    desk = IntercomDesk(
        options.get("region") or "us", options.get("base_url"), secrets["token"],
        str(options["budget"]), source,
    )  # fmt: skip
    return IntercomReader(desk, options, prefix)


def _intercom_webhook() -> DeskWebhook:
    from tawny.sources.intercom.webhook import INTERCOM_WEBHOOK

    return INTERCOM_WEBHOOK


def _check_table(options: dict[str, Any]) -> None:
    _check_url(options)
    if options.get("mapping") is not None:
        from tawny.sources.table.mapping import read_mapping

        options["mapping"] = str(Path(options["mapping"]).absolute())
        read_mapping(Path(options["mapping"]))


def _open_table(
    home: Path, options: Mapping[str, Any], _secrets: Mapping[str, str], prefix: str, _source: str
) -> DeskReader:
    from tawny.sources.table.reader import TableReader

    return TableReader(home, options, prefix)


KINDS: Mapping[str, SourceKind] = {
    "chatwoot": SourceKind(
        name="chatwoot",
        needed=("url", "account"),
        secrets=("database_url", "token", WEBHOOK_SECRET),
        one_of=("database_url", "token"),
        own=("url", "account", "sentences"),
        lacks=(),
        address=lambda _, options: f"{options['url']}/accounts/{options['account']}",
        check=_check_chatwoot,
        open=_open_chatwoot,
        label="Chatwoot",
        about=N_(
            "An account of Chatwoot, read from its PostgreSQL database or, where that is not "
            "within reach, over its API."
        ),
        check_typed=_check_typed_database,
        webhook=_chatwoot_webhook,
    ),
    "intercom": SourceKind(
        name="intercom",
        needed=("token",),
        secrets=("token", WEBHOOK_SECRET),
        own=("region", "base_url", "hours", "schedule"),
        lacks=(),
        address=lambda _name, _options: None,
        check=_check_intercom,
        open=_open_intercom,
        label="Intercom",
        about=N_("An Intercom workspace, read over its API with the access token of an app."),
        webhook=_intercom_webhook,
    ),
    "table": SourceKind(
        name="table",
        needed=("mapping",),
        secrets=(),
        own=("url", "mapping"),
        lacks=(
            *("virtual_agents", "excluded_channels", "team_of", "erase_deleted_contacts"),
            *("budget", "webhooks"),
        ),
        address=lambda name, options: options.get("url") or f"/tables/{name}",
        check=_check_table,
        open=_open_table,
        previews=True,
        is_live=False,
        label=N_("Table"),
        about=N_(
            "Any other desk: rows of CSV, JSONL or Parquet files, or of a query, by a mapping file."
        ),
    ),
    "zendesk": SourceKind(
        name="zendesk",
        needed=(),
        secrets=("token", "oauth_token", WEBHOOK_SECRET),
        own=("subdomain", "base_url", "email", "schedule"),
        lacks=(),
        address=_zendesk_address,
        check=_check_zendesk,
        open=_open_zendesk,
        label="Zendesk",
        about=N_(
            "A Zendesk account, read over its API with the token of an administrator; one of the "
            "two tokens is needed."
        ),
        webhook=_zendesk_webhook,
    ),
}
"""Every kind there is."""


def check_options(kind: SourceKind, given: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
    """Refuse options that were given and that a kind has not. Raises `RequestError`."""
    hidden = {one.name for one in kind.options if one.form is Form.SECRET}
    open_ones = {one.name for one in kind.options} - hidden
    foreign = [
        *(name for name in given if name not in open_ones and name != "since_ms"),
        *(name for name in secrets if name not in hidden),
    ]
    for name in foreign:
        raise RequestError(
            "--{option}: a source of the kind {kind} has no such option",
            option=OPTIONS[name].typed if name in OPTIONS else name[:80],
            kind=kind.name,
        )


def check_one_of(kind: SourceKind, secrets: Mapping[str, str]) -> None:
    """Refuse secrets of which exactly one shall be there. Raises `RequestError`."""
    found = [name for name in kind.one_of if name in secrets]
    if kind.one_of and len(found) != 1:
        raise RequestError(
            "--{option}: found {found}; a source of the kind {kind} needs exactly one of "
            "{allowed}, for good",
            option=OPTIONS[kind.one_of[0]].typed,
            found=Text("more than one") if found else Text("nothing"),
            kind=kind.name,
            allowed=", ".join(f"--{OPTIONS[name].typed}" for name in kind.one_of),
        )


def kind_of(name: str) -> SourceKind:
    """A kind by its name. Raises `UnknownValueError`."""
    if name not in KINDS:
        raise UnknownValueError(Text("kind of source"), name, KINDS)
    return KINDS[name]


def opened(home: Path, kind: str, options: Mapping[str, Any], secrets: Mapping[str, str],
           prefix: str, source: str) -> DeskReader:  # fmt: skip
    """An open desk, whose events are of a `source`. Raises `RequestError` for a secret that is not
    where it should be, and `SourceError`."""
    found = {
        name: revealed(home, f"--{name.replace('_', '-')}", kept)
        for name, kept in secrets.items()
        if name != WEBHOOK_SECRET
    }
    return kind_of(kind).open(home, options, found, prefix, source)
