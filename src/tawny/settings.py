"""Every setting of Tawny in one table; command line, documentation and pages read it.

A setting is given as an environment variable `TAWNY_<NAME>`; what is not given has its default.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tawny.errors import RequestError
from tawny.text import Text

SettingValue = str | int


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what it is called, what it is when nobody says, what it does."""

    name: str
    default: SettingValue
    allowed: Text
    help: Text
    read: Callable[[str], SettingValue]
    secret: bool = False
    """Whether there may be a password in it: then it is said nowhere, also when it is wrong."""

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"TAWNY_{self.name.upper()}"


def _whole_number(minimum: int, maximum: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if not minimum <= number <= maximum:
            raise ValueError
        return number

    return read


def _one_of(*names: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in names:
            raise ValueError
        return text

    return read


def _media(text: str) -> str:
    names = [name.strip() for name in text.split(",")]
    if not all(names) or any(name != name.lower() for name in names):
        raise ValueError
    return ",".join(names)


def _absolute_paths(text: str) -> str:
    if not all(Path(one).is_absolute() for one in text.split(os.pathsep) if one):
        raise ValueError
    return text


def _host_names(text: str) -> str:
    names = [one.strip().lower().rstrip(".") for one in text.split(",") if one.strip()]
    names = [one.encode("idna").decode() if not one.isascii() else one for one in names]
    if not all(re.fullmatch(r"(\*\.)?[a-z0-9_.:-]+", one) for one in names):
        raise ValueError
    return ",".join(names)


def _public_url(text: str) -> str:
    parts = urlsplit(text.strip())
    if text.strip() and (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.port == 0
        or not re.fullmatch(r"https?://[\w.:\[\]/~%-]+", text.strip(), re.ASCII)
    ):
        raise ValueError
    return text.strip().rstrip("/")


def _smtp_url(text: str) -> str:
    parts = urlsplit(text)
    is_right = (
        parts.scheme in ("smtps", "smtp+starttls")
        and parts.hostname
        and parts.port != 0
        and parts.path in ("", "/")
        and not parts.query
        and not parts.fragment
        and bool(parts.username) == bool(parts.password)
        # Of two signs, one would end the password for whoever hides it.
        and text.count("@") <= 1
        and not re.search(r"[\x00-\x20\x7f]", text)
    )
    if text and not is_right:
        raise ValueError
    return text


def _mail_from(text: str) -> str:
    address = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}"
    if text and not re.fullmatch(rf"{address}|[^<>\"\x00-\x1f\x7f]{{1,100}}<{address}>", text):
        raise ValueError
    return text


def _networks(text: str) -> str:
    found = [ipaddress.ip_network(one.strip()) for one in text.split(",") if one.strip()]
    return ",".join(map(str, found))


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "engine_memory_mb",
        900,
        Text("a whole number from 200 to 1000000"),
        Text("Memory a query may use before it spills to disk, in megabytes."),
        _whole_number(200, 1_000_000),
    ),
    Setting(
        "engine_threads",
        0,
        Text("a whole number from 0 to 1024; 0 = one for each processor core"),
        Text("Threads a query may use; 0 means one for each processor core."),
        _whole_number(0, 1024),
    ),
    Setting(
        "engine_url",
        "",
        Text("sc://HOST:PORT of a Spark Connect endpoint; empty = no cluster"),
        Text("Cluster that may make exports; it sees the data folder under the same path."),
        str,
    ),
    Setting(
        "engine_from_events",
        0,
        Text("a whole number from 0 to 1000000000000; 0 = never"),
        Text("Events in the range of an export from which the cluster makes it; 0 means never."),
        _whole_number(0, 1_000_000_000_000),
    ),
    Setting(
        "content_on_demand",
        "all",
        Text("all, none, or media separated by commas such as email,twitter"),
        Text("Media whose message content is written into exports made on demand."),
        _media,
    ),
    Setting(
        "content_scheduled",
        "none",
        Text("all, none, or media separated by commas such as email,twitter"),
        Text("Media whose message content is written into scheduled exports."),
        _media,
    ),
    Setting(
        "unused_files_hours",
        168,
        Text("a whole number from 1 to 87600"),
        Text("Hours for which files of the log that compaction has replaced are kept for readers."),
        _whole_number(1, 87_600),
    ),
    Setting(
        "state_url",
        "",
        Text(
            "an SQLAlchemy address such as postgresql+psycopg://user@host/name; empty = SQLite in "
            "the data folder"
        ),
        Text("Database for people, runs and events on their way into the log."),
        str,
    ),
    Setting(
        "secret_key_file",
        "",
        Text("a path; empty = secret.key in the data folder"),
        Text(
            "File with the key that encrypts the secrets of sources and destinations; made if it "
            "is not there."
        ),
        str,
    ),
    Setting(
        "delivery_folders",
        "",
        Text("absolute paths separated by colons; empty = none"),
        Text("Folders below which files may be delivered."),
        _absolute_paths,
    ),
    Setting(
        "source_folders",
        "",
        Text("absolute paths separated by colons; empty = none"),
        Text("Folders below which files lie that sources may be given by API or page."),
        _absolute_paths,
    ),
    Setting(
        "outgoing_hosts",
        "",
        Text("names separated by commas such as sftp.example.com,*.amazonaws.com; empty = all"),
        Text("Hosts to which calls to elsewhere may go: destinations, and the databases of desks."),
        _host_names,
    ),
    Setting(
        "outgoing_private",
        "",
        Text("networks separated by commas such as 10.0.0.0/8,127.0.0.1; empty = none"),
        Text("Networks that are not public to which calls to elsewhere may go all the same."),
        _networks,
    ),
    Setting(
        "public_url",
        "",
        Text(
            "an address such as https://tawny.example.com; empty = none, and messages have no link"
        ),
        Text("Address by which people reach the server, for links in messages."),
        _public_url,
    ),
    Setting(
        "smtp_url",
        "",
        Text(
            "smtps://user:password@host:465 or smtp+starttls://user:password@host:587, with signs "
            "such as / in the password as %2F; empty = no mail"
        ),
        Text("Server that sends mail; only with TLS."),
        _smtp_url,
        secret=True,
    ),
    Setting(
        "mail_from",
        "",
        Text("an address such as exports@example.com or Exports <exports@example.com>"),
        Text("Sender of mail."),
        _mail_from,
    ),
    Setting(
        "catch_up_slots",
        31,
        Text("a whole number from 0 to 100000"),
        Text(
            "Ranges of a schedule that are made afterwards when the server was down; older ones "
            "are skipped."
        ),
        _whole_number(0, 100_000),
    ),
    Setting(
        "runs_at_once",
        2,
        Text("a whole number from 1 to 64"),
        Text("Exports the server computes at the same time; the others wait their turn."),
        _whole_number(1, 64),
    ),
    Setting(
        "keep_files_days",
        30,
        Text("a whole number from 1 to 3650"),
        Text("Days for which the server keeps the file of an export; its receipt stays."),
        _whole_number(1, 3650),
    ),
    Setting(
        "keep_refused_days",
        30,
        Text("a whole number from 1 to 3650"),
        Text(
            "Days for which the values in refused events are kept; they go at once when a contact "
            "is erased."
        ),
        _whole_number(1, 3650),
    ),
    Setting(
        "session_hours",
        12,
        Text("a whole number from 1 to 8760"),
        Text("Hours after which a person has to sign in again."),
        _whole_number(1, 8760),
    ),
    Setting(
        "inbox_move_ms",
        2000,
        Text("a whole number from 100 to 3600000"),
        Text(
            "Milliseconds between two moves of acknowledged events into the log; an export moves "
            "them first in any case."
        ),
        _whole_number(100, 3_600_000),
    ),
    Setting(
        "request_mb",
        32,
        Text("a whole number from 1 to 1024"),
        Text("Largest request the server takes, in megabytes."),
        _whole_number(1, 1024),
    ),
    Setting(
        "language",
        "en",
        Text("en or fr"),
        Text(
            "Language in which the command line says what went wrong; pages and API follow the "
            "reader."
        ),
        _one_of("en", "fr"),
    ),
)


def _read(setting: Setting, text: str) -> SettingValue:
    """A text as a value; an empty one is a variable that a script did not fill, unless the setting
    is empty by itself. Raises `ValueError`."""
    if text == "" and setting.default != "":
        raise ValueError
    return setting.read(text)


class Settings:
    """The settings in force. Raises `RequestError` for a value that is not allowed."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        self._values: dict[str, SettingValue] = {}
        for setting in SETTINGS:
            text = environment.get(setting.variable)
            try:
                self._values[setting.name] = (
                    setting.default if text is None else _read(setting, text)
                )
            except ValueError:
                if setting.secret:
                    raise RequestError(
                        "{variable}: found something else than allowed: {allowed}",
                        variable=setting.variable,
                        allowed=setting.allowed,
                    ) from None
                raise RequestError(
                    "{variable}: found {text!r}; allowed {allowed}",
                    variable=setting.variable,
                    text=text,
                    allowed=setting.allowed,
                ) from None

    def text(self, name: str) -> str:
        """A setting that is a text."""
        return str(self._values[name])

    def number(self, name: str) -> int:
        """A setting that is a whole number."""
        return int(self._values[name])

    def engine_threads(self) -> int:
        """How many threads a query uses."""
        return self.number("engine_threads") or os.cpu_count() or 1

    def has_state(self, home: Path) -> bool:
        """Whether a data folder has a state database: people, runs, events on their way."""
        return bool(self.text("state_url")) or (home / "state.db").exists()

    def content_media(self, kind: str) -> list[str] | None:
        """Media whose content a run of that kind writes; None = all."""
        text = self.text("content_on_demand" if kind == "on-demand" else "content_scheduled")
        if text == "all":
            return None
        return [] if text == "none" else text.split(",")


def chosen_language(environment: Mapping[str, str] | None = None) -> str:
    """The setting `language`, English when it is wrong: whatever else is wrong with the settings
    is said in it."""
    (setting,) = (setting for setting in SETTINGS if setting.name == "language")
    text = (os.environ if environment is None else environment).get(setting.variable, "")
    try:
        return str(setting.read(text))
    except ValueError:
        return str(setting.default)


def default_home() -> Path:
    """The data folder of this user when neither --home nor TAWNY_HOME names one."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "tawny"
