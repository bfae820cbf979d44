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
from tawny.sources.reader import DeskReader
from tawny.text import Text


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
    address: Callable[[str, Mapping[str, Any]], str]
    """The `source` of its events, by its name and options."""
    check: Callable[[dict[str, Any]], None]
    """Raise `RequestError` for options that are not allowed."""
    open: Callable[[Path, Mapping[str, Any], Mapping[str, str], str], DeskReader]
    """A reader, given the data folder, options, secrets in plain words and the prefix of ids."""
    previews: bool = False
    """A dry run shows the first events."""


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
    _home: Path, options: Mapping[str, Any], secrets: Mapping[str, str], prefix: str
) -> DeskReader:
    from tawny.sources.zendesk.desk import ZendeskAccount, address_of, headers_of
    from tawny.sources.zendesk.reader import ZendeskReader

    desk = ZendeskAccount(
        address_of(options), options.get("base_url"), headers_of(options, secrets),
        str(options["budget"]),
    )  # fmt: skip
    return ZendeskReader(desk, options, prefix)


def _check_chatwoot(options: dict[str, Any]) -> None:
    _check_url(options)
    if options.get("sentences") is not None:
        from tawny.sources.chatwoot.sentences import Sentences

        options["sentences"] = str(Path(options["sentences"]).absolute())
        Sentences(None, Path(options["sentences"]))


def _open_chatwoot(
    _home: Path, options: Mapping[str, Any], secrets: Mapping[str, str], prefix: str
) -> DeskReader:
    # Who has another kind of desk waits for none of its libraries.
    from tawny.sources.chatwoot.reader import ChatwootReader

    return ChatwootReader(options, secrets["database_url"], prefix)


def _check_table(options: dict[str, Any]) -> None:
    _check_url(options)
    if options.get("mapping") is not None:
        from tawny.sources.table.mapping import read_mapping

        options["mapping"] = str(Path(options["mapping"]).absolute())
        read_mapping(Path(options["mapping"]))


def _open_table(
    home: Path, options: Mapping[str, Any], _secrets: Mapping[str, str], prefix: str
) -> DeskReader:
    from tawny.sources.table.reader import TableReader

    return TableReader(home, options, prefix)


KINDS: Mapping[str, SourceKind] = {
    "chatwoot": SourceKind(
        name="chatwoot",
        needed=("url", "account", "database_url"),
        secrets=("database_url",),
        own=("url", "account", "sentences"),
        lacks=("budget",),
        address=lambda _, options: f"{options['url']}/accounts/{options['account']}",
        check=_check_chatwoot,
        open=_open_chatwoot,
    ),
    "table": SourceKind(
        name="table",
        needed=("mapping",),
        secrets=(),
        own=("url", "mapping"),
        lacks=(
            *("virtual_agents", "excluded_channels", "team_of", "erase_deleted_contacts"),
            "budget",
        ),
        address=lambda name, options: options.get("url") or f"/tables/{name}",
        check=_check_table,
        open=_open_table,
        previews=True,
    ),
    "zendesk": SourceKind(
        name="zendesk",
        needed=(),
        secrets=("token", "oauth_token"),
        own=("subdomain", "base_url", "email", "schedule"),
        lacks=(),
        address=_zendesk_address,
        check=_check_zendesk,
        open=_open_zendesk,
    ),
}
"""Every kind there is."""


_OPTIONS = {"virtual_agents": "virtual-agent", "excluded_channels": "exclude-channel"}
"""How options are written that may be given several times."""


def check_options(kind: SourceKind, given: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
    """Refuse options that were given and that a kind has not. Raises `RequestError`."""
    others = {one for other in KINDS.values() for one in (*other.own, *other.secrets)}
    foreign = (others - {*kind.own, *kind.secrets}) | {*kind.lacks}
    for option in (*given, *secrets):
        if option in foreign:
            raise RequestError(
                "--{option}: a source of the kind {kind} has no such option",
                option=_OPTIONS.get(option, option.replace("_", "-")),
                kind=kind.name,
            )


def kind_of(name: str) -> SourceKind:
    """A kind by its name. Raises `UnknownValueError`."""
    if name not in KINDS:
        raise UnknownValueError(Text("kind of source"), name, KINDS)
    return KINDS[name]


def opened(home: Path, kind: str, options: Mapping[str, Any], secrets: Mapping[str, str],
           prefix: str) -> DeskReader:  # fmt: skip
    """An open desk. Raises `RequestError` for a secret that is not where it should be, and
    `SourceError`."""
    found = {
        name: revealed(home, f"--{name.replace('_', '-')}", kept) for name, kept in secrets.items()
    }
    return kind_of(kind).open(home, options, found, prefix)
