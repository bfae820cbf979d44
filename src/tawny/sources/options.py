"""Options of sources: one row each, for the command line, the API and the page alike.

Which of them a kind has is said in its row of `tawny.sources.kinds`.
"""

from __future__ import annotations

import datetime
import enum
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tawny.errors import RequestError, UnknownValueError
from tawny.model.durations import checked_duration
from tawny.model.zones import instant_ms, to_ms
from tawny.settings import Settings
from tawny.sources.budget import checked_budget
from tawny.text import N_, Text

LONGEST_TEXT = 4096
MOST_LISTED = 1000


class Form(enum.Enum):
    """What an option holds."""

    TEXT = "text"
    NUMBER = "number"
    """A whole number from 1 on."""
    CHOICE = "choice"
    LIST = "list"
    """Texts; given several times on the command line."""
    SWITCH = "switch"
    FILE = "file"
    """The path of a file of the machine that Tawny runs on."""
    SECRET = "secret"  # noqa: S105 - a name


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOption:
    """One option: how it is called and what it may hold."""

    name: str
    """As it is stored and as the API has it."""
    label: str
    """On the page; to be translated."""
    help: str
    page_help: str = ""
    """On the page, where the command line says it otherwise; to be translated."""
    form: Form = Form.TEXT
    flag: str = ""
    """On the command line, where it is not the name."""
    metavar: str = "TEXT"
    choices: Sequence[str] = ()
    default: Any = None
    is_fixed: bool = False
    """Whether it is given when a source is added and never changed."""

    @property
    def typed(self) -> str:
        """As it is typed on the command line, without the dashes."""
        return self.flag or self.name.replace("_", "-")


_ALL = (
    SourceOption(
        name="url",
        label=N_("Address of the desk"),
        help=N_("Address of the desk, as people open it."),
        metavar="URL",
        is_fixed=True,
    ),
    SourceOption(
        name="account",
        label=N_("Number of the account"),
        help=N_("Account in the desk."),
        page_help=N_("The number behind /accounts/ in the address of the desk's pages."),
        form=Form.NUMBER,
        metavar="ID",
        is_fixed=True,
    ),
    SourceOption(
        name="subdomain",
        label=N_("Subdomain"),
        help=N_("Zendesk: the first word of NAME.zendesk.com."),
        page_help=N_("The first word of NAME.zendesk.com."),
        metavar="NAME",
        is_fixed=True,
    ),
    SourceOption(
        name="base_url",
        label=N_("Another address"),
        help=N_("Zendesk: address of an account that is not at NAME.zendesk.com."),
        page_help=N_("Of an account that is not at NAME.zendesk.com."),
        metavar="URL",
        is_fixed=True,
    ),
    SourceOption(
        name="email",
        label=N_("E-mail address of the administrator"),
        help=N_("Zendesk: of the administrator whose token it is."),
        page_help=N_("Of the administrator whose token it is."),
        metavar="ADDRESS",
    ),
    SourceOption(
        name="token",
        label=N_("API token"),
        help=N_("Zendesk: API token of an administrator: env:NAME, file:PATH or - (standard "
                "input)."),
        page_help=N_("An API token of this administrator. It is kept encrypted and never shown."),
        form=Form.SECRET,
        metavar="SECRET",
    ),
    SourceOption(
        name="oauth_token",
        label=N_("OAuth token"),
        help=N_("Zendesk: OAuth token with the scope read, instead of --email and --token."),
        page_help=N_("With the scope read, instead of e-mail address and API token."),
        form=Form.SECRET,
        metavar="SECRET",
    ),
    SourceOption(
        name="schedule",
        label=N_("Number of the schedule"),
        help=N_("Zendesk: whose opening hours count, where the account has several schedules."),
        page_help=N_("Whose opening hours count, where the account has several schedules."),
        form=Form.NUMBER,
        metavar="ID",
    ),
    SourceOption(
        name="budget",
        label=N_("Share of the limit of the desk"),
        help=N_("How much of what the desk's API allows is used, from 1% to 100%. At first 50%."),
        metavar="SHARE",
        default="50%",
    ),
    SourceOption(
        name="database_url",
        label=N_("Address of the database"),
        help=N_("Address of the desk's database: env:NAME, file:PATH or - (standard input). "
                "A URL, or words such as host=... dbname=..."),
        page_help=N_(
            "Such as postgresql://tawny:password@db.example.com/chatwoot, of a login that may only "
            "read. It is kept encrypted and never shown."
        ),
        form=Form.SECRET,
        metavar="SECRET",
    ),
    SourceOption(
        name="every",
        label=N_("How often it is read"),
        help=N_("How often a server reads it, such as 30s, 5m, 1h; off = only by hand. At first "
                "5m."),
        metavar="TIME",
        default="5m",
    ),
    SourceOption(
        name="lag",
        label=N_("Records settle for"),
        help=N_("Leave younger records for the next sync, until they have settled. At first 2m."),
        metavar="TIME",
        default="2m",
    ),
    SourceOption(
        name="virtual_agents",
        label=N_("Logins that are bots"),
        help=N_("A login that is really a bot; may be given several times."),
        page_help=N_("Numbers of logins that are really bots, one on a line."),
        form=Form.LIST,
        flag="virtual-agent",
        metavar="ID",
        default=[],
    ),
    SourceOption(
        name="excluded_channels",
        label=N_("Channels that are left out"),
        help=N_("A channel that is not read; may be given several times."),
        page_help=N_("Numbers of channels that are not read, one on a line."),
        form=Form.LIST,
        flag="exclude-channel",
        metavar="ID",
        default=[],
    ),
    SourceOption(
        name="content",
        label=N_("Texts of messages"),
        help=N_("Whether the texts of messages are read at all. At first yes."),
        form=Form.CHOICE,
        choices=("yes", "no"),
        default="yes",
    ),
    SourceOption(
        name="team_of",
        label=N_("Team that is credited"),
        help=N_("Whom a message counts for: the team of the conversation at that moment, or, "
                "where it has none, the agent's only team."),
        form=Form.CHOICE,
        choices=("conversation", "agent"),
        default="conversation",
    ),
    SourceOption(
        name="erase_deleted_contacts",
        label=N_("Erase contacts that are deleted there"),
        help=N_("Erase a contact from the log when the desk does not have it any more."),
        form=Form.SWITCH,
        default=False,
    ),
    SourceOption(
        name="mapping",
        label=N_("Mapping file"),
        help=N_("Table: which rows there are, and which events each of them tells."),
        form=Form.FILE,
        metavar="FILE.toml",
    ),
    SourceOption(
        name="sentences",
        label=N_("File of sentences"),
        help=N_("Chatwoot: sentences of its activity messages in a further language."),
        form=Form.FILE,
        metavar="FILE.toml",
    ),
)  # fmt: skip

OPTIONS: Mapping[str, SourceOption] = {one.name: one for one in _ALL}
"""Every option there is, in the order in which it is shown."""

DEFAULTS: dict[str, Any] = {
    **{one.name: one.default for one in _ALL if one.default is not None},
    "since_ms": None,
}
"""What sources of every kind have."""


def checked_instant(option: str, text: str) -> int:
    """A date (midnight UTC), a date-time in UTC or an instant with offset, in milliseconds since
    1970 UTC. Raises `RequestError`.

    >>> checked_instant("--since", "2025-01-01")
    1735689600000
    """
    found = instant_ms(text)
    if found is not None:
        return found
    try:
        parsed = datetime.datetime.fromisoformat(text)
        if not re.match(r"\d{4}-\d{2}-\d{2}(T|$)", text):
            raise ValueError
    except ValueError:
        raise RequestError(
            "{option}: found {text!r}; allowed a date such as 2025-01-01, or an instant such as "
            "2025-01-01T08:00:00Z",
            option=option,
            text=text,
        ) from None
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=datetime.UTC)
    return to_ms(aware)


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Options that were given, as they are stored; what is None was not given. Raises
    `RequestError`."""
    found = {name: value for name, value in given.items() if value is not None}
    for name, value in found.items():
        if name in OPTIONS:
            found[name] = _checked(OPTIONS[name], value)
    if "every" in found:
        checked_duration("--every", found["every"], off=True, least="10s")
    if "lag" in found:
        checked_duration("--lag", found["lag"])
    if "budget" in found:
        found["budget"] = checked_budget(found["budget"])
    return found


def _checked(option: SourceOption, value: Any) -> Any:
    """A value of the form an option has."""
    if option.form is Form.SWITCH and isinstance(value, bool):
        return value
    if option.form is Form.NUMBER and not isinstance(value, bool):
        text = str(value)
        if re.fullmatch(r"[0-9]{1,15}", text) and int(text) >= 1:
            return int(text)
    if option.form is Form.CHOICE and isinstance(value, str):
        if value in option.choices:
            return value
        raise UnknownValueError(f"--{option.typed}", value, option.choices)
    if option.form is Form.LIST and isinstance(value, (list, tuple)):
        if len(value) <= MOST_LISTED and all(_is_text(one) for one in value):
            return list(value)
    elif option.form in (Form.TEXT, Form.FILE, Form.SECRET) and _is_text(value):
        return value
    raise RequestError(
        "--{option}: found {found}; allowed {allowed}",
        option=option.typed,
        found=_shown(option, value),
        allowed=_ALLOWED[option.form],
    )


_ALLOWED = {
    Form.SWITCH: "true, false",
    Form.NUMBER: Text("a whole number from {least} to {most}", least=1, most=10**15 - 1),
    Form.CHOICE: Text("a text"),
    Form.LIST: Text("a list of at most {most}, each of them {allowed}", most=MOST_LISTED,
                    allowed=Text("a text of {least} to {most} characters", least=1,
                                 most=LONGEST_TEXT)),
    Form.TEXT: Text("a text of {least} to {most} characters", least=1, most=LONGEST_TEXT),
    Form.FILE: Text("a text of {least} to {most} characters", least=1, most=LONGEST_TEXT),
    Form.SECRET: Text("a text of {least} to {most} characters", least=1, most=LONGEST_TEXT),
}  # fmt: skip


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= LONGEST_TEXT and "\0" not in value


def _shown(option: SourceOption, value: object) -> Text | str:
    if option.form is Form.SECRET or not isinstance(value, (str, int, float, bool)):
        return Text("something else")
    return (
        repr(value) if len(str(value)) <= 80 else Text("{count} characters", count=len(str(value)))
    )


def allowed_folders(settings: Settings) -> Sequence[Path]:
    """The folders below which files lie that sources may be given over the network."""
    text = settings.text("source_folders")
    return [Path(one).absolute() for one in text.split(os.pathsep) if one]


def check_files(options: Mapping[str, Any], settings: Settings) -> None:
    """Refuse files that may not be read on behalf of somebody who has no account on the machine.
    Raises `RequestError`."""
    for name, value in options.items():
        if name not in OPTIONS or OPTIONS[name].form is not Form.FILE:
            continue
        allowed = allowed_folders(settings)
        real = Path(value).resolve()
        if not allowed:
            raise RequestError(
                "--{option}: found {path}; TAWNY_SOURCE_FOLDERS allows no folder yet, whoever runs "
                "Tawny sets it",
                option=OPTIONS[name].typed,
                path=value,
            )
        if not Path(value).is_absolute() or not any(
            real.is_relative_to(folder.resolve()) for folder in allowed
        ):
            raise RequestError(
                "--{option}: found {path}; allowed a file below one of {allowed} "
                "(TAWNY_SOURCE_FOLDERS)",
                option=OPTIONS[name].typed,
                path=value,
                allowed=", ".join(map(str, allowed)),
            )
