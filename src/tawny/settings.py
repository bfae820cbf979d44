"""Every setting of Tawny in one table; command line, documentation and pages read it.

A setting is given as an environment variable `TAWNY_<NAME>`; what is not given has its default.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tawny.errors import RequestError
from tawny.text import Text

SettingValue = str | int


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what it is called, what it is when nobody says, what it does."""

    name: str
    default: SettingValue
    allowed: Text
    help_en: str
    help_fr: str
    read: Callable[[str], SettingValue]

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


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "engine_memory_mb",
        900,
        Text("a whole number from 200 to 1000000"),
        "Memory a query may use before it spills to disk, in megabytes.",
        "Mémoire qu'une requête peut utiliser avant d'écrire sur le disque, en mégaoctets.",
        _whole_number(200, 1_000_000),
    ),
    Setting(
        "engine_threads",
        0,
        Text("a whole number from 0 to 1024; 0 = one for each processor core"),
        "Threads a query may use; 0 means one for each processor core.",
        "Nombre de fils d'exécution d'une requête ; 0 signifie un par cœur du processeur.",
        _whole_number(0, 1024),
    ),
    Setting(
        "content_on_demand",
        "all",
        Text("all, none, or media separated by commas such as email,twitter"),
        "Media whose message content is written into exports made on demand.",
        "Médias dont le contenu des messages est écrit dans les exports à la demande.",
        _media,
    ),
    Setting(
        "content_scheduled",
        "none",
        Text("all, none, or media separated by commas such as email,twitter"),
        "Media whose message content is written into scheduled exports.",
        "Médias dont le contenu des messages est écrit dans les exports programmés.",
        _media,
    ),
    Setting(
        "unused_files_hours",
        168,
        Text("a whole number from 1 to 87600"),
        "Hours for which files of the log that compaction has replaced are kept for readers.",
        "Heures pendant lesquelles les fichiers du journal remplacés par le compactage sont "
        "conservés pour les lectures en cours.",
        _whole_number(1, 87_600),
    ),
    Setting(
        "state_url",
        "",
        Text(
            "an SQLAlchemy address such as postgresql+psycopg://user@host/name; empty = SQLite in "
            "the data folder"
        ),
        "Database for people, runs and events on their way into the log.",
        "Base de données des personnes, des exécutions et des événements en route vers le journal.",
        str,
    ),
    Setting(
        "runs_at_once",
        2,
        Text("a whole number from 1 to 64"),
        "Exports the server computes at the same time; the others wait their turn.",
        "Exports calculés en même temps par le serveur ; les autres attendent leur tour.",
        _whole_number(1, 64),
    ),
    Setting(
        "keep_files_days",
        30,
        Text("a whole number from 1 to 3650"),
        "Days for which the server keeps the file of an export; its receipt stays.",
        "Jours pendant lesquels le serveur conserve le fichier d'un export ; son reçu reste.",
        _whole_number(1, 3650),
    ),
    Setting(
        "session_hours",
        12,
        Text("a whole number from 1 to 8760"),
        "Hours after which a person has to sign in again.",
        "Heures après lesquelles une personne doit se reconnecter.",
        _whole_number(1, 8760),
    ),
    Setting(
        "inbox_move_ms",
        2000,
        Text("a whole number from 100 to 3600000"),
        "Milliseconds between two moves of acknowledged events into the log; an export moves "
        "them first in any case.",
        "Millisecondes entre deux transferts des événements confirmés vers le journal ; un export "
        "les transfère d'abord dans tous les cas.",
        _whole_number(100, 3_600_000),
    ),
    Setting(
        "request_mb",
        32,
        Text("a whole number from 1 to 1024"),
        "Largest request the server takes, in megabytes.",
        "Taille maximale d'une requête acceptée par le serveur, en mégaoctets.",
        _whole_number(1, 1024),
    ),
    Setting(
        "language",
        "en",
        Text("en or fr"),
        "Language in which the command line says what went wrong; pages and API follow the reader.",
        "Langue dans laquelle la ligne de commande dit ce qui n'a pas marché ; les pages et "
        "l'API suivent la langue de la personne.",
        _one_of("en", "fr"),
    ),
)


class Settings:
    """The settings in force. Raises `RequestError` for a value that is not allowed."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        self._values: dict[str, SettingValue] = {}
        for setting in SETTINGS:
            text = environment.get(setting.variable)
            try:
                self._values[setting.name] = (
                    setting.default if text is None or text == "" else setting.read(text)
                )
            except ValueError:
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

    def content_media(self, kind: str) -> list[str] | None:
        """Media whose content a run of that kind writes; None = all (exports.md section 3)."""
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
