"""Options of sources: one row each, for the command line, the API and the page alike.

Which of them a kind has is said in its row of `tawny.sources.kinds`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tawny.text import N_


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


WEBHOOK_SECRET = "webhook_secret"  # noqa: S105 - a name
"""The one secret that is not for reading a desk."""

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
        name="region",
        label=N_("Region"),
        help=N_("Intercom: where the workspace is hosted. At first us."),
        page_help=N_("Where the workspace is hosted; us where nothing is chosen."),
        form=Form.CHOICE,
        choices=("us", "eu", "au"),
        is_fixed=True,
    ),
    SourceOption(
        name="base_url",
        label=N_("Another address"),
        help=N_("Zendesk, Intercom: where the API is, if it is not at the usual address."),
        page_help=N_("Where the API is, if it is not at the usual address."),
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
        help=N_("Chatwoot, Zendesk: API token of an administrator; Intercom: access token of an "
                "app: env:NAME, file:PATH or - (standard input)."),
        page_help=N_("It is kept encrypted and never shown."),
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
        help=N_("Zendesk, Intercom: whose opening hours count, where there are several schedules."),
        page_help=N_("Whose opening hours count, where the account has several schedules."),
        form=Form.NUMBER,
        metavar="ID",
    ),
    SourceOption(
        name="hours",
        label=N_("File of opening hours"),
        help=N_("Intercom: when it is open, instead of what its API tells."),
        page_help=N_("When the desk is open, instead of what its API tells."),
        form=Form.FILE,
        metavar="FILE.toml",
    ),
    SourceOption(
        name="budget",
        label=N_("Share of the limit of the desk"),
        help=N_(
            "How much of what the desk's API allows is used, from 1 to 100 percent, with the sign. "
            "At first half."
        ),
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
        name="webhooks",
        label=N_("Webhooks"),
        help=N_("Whether a server takes what the desk announces, so that it is read sooner. At "
                "first on."),
        page_help=N_("What the desk announces is read sooner. Without them it is read as often as "
                     "said above."),
        form=Form.CHOICE,
        choices=("on", "off"),
        default="on",
    ),
    SourceOption(
        name=WEBHOOK_SECRET,
        label=N_("Secret of the webhook"),
        help=N_("With which the desk signs its webhooks: env:NAME, file:PATH or - (standard "
                "input)."),
        page_help=N_("With which the desk signs what it announces; the desk shows it where the "
                     "webhook is set up."),
        form=Form.SECRET,
        metavar="SECRET",
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
