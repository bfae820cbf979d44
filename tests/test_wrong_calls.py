"""Wrong calls: one clear line, the documented status, no file left."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from deltalake import DeltaTable, Field, Schema
from deltalake.schema import PrimitiveType

from commands import Result, ndjson, tawny
from processes import event, small_log
from tawny.cli.main import run

MOMENTS = (
    "YYYY-MM-DD or YYYY-MM-DDTHH:MM[:SS[.mmm]] in the time zone of the request, or either with an "
    "offset such as +02:00 or Z"
)
TYPES = (
    "resolved-conversations, open-conversations, messages, teams, contacts, topics, tags, "
    "user-presence, users, response-times, virtual-agents, contact-attributes"
)
LINES = "newline-delimited JSON, plain, .gz or .zst"
TAWNY = (sys.executable, "-m", "tawny")
HELP = "(tawny --help shows what is there)"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a small log."""
    return small_log(tmp_path_factory.mktemp("log") / "home")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of the call, with what the wrong calls point at."""
    folder = tmp_path / "here"
    (folder / "folder").mkdir(parents=True)
    monkeypatch.chdir(folder)
    (folder / "good.jsonl").write_bytes(ndjson([event(5)]))
    (folder / "binary").write_bytes(b"\x7fELF\0\0\1" * 2000)
    (folder / "utf16").write_bytes(ndjson([event(5)]).decode().encode("utf-16"))
    (folder / "magic.gz").write_bytes(b"\x1f\x8b")
    return folder


RANGE = "--from 2026-03-01 --to 2026-04-01 -o x.csv"

WRONG = {
    "nosuch": f"No such command 'nosuch' {HELP}",
    "ingst": f"No such command 'ingst'. (Did you mean one of: 'ingest', 'settings'?) {HELP}",
    "--hom x ingest": f"No such option '--hom'. Did you mean '--home'? {HELP}",
    "export": "-o: found nothing; name a FILE, - for standard output, or a folder",
    "export -o x.csv": f"TYPE: found nothing; allowed {TYPES} or all",
    f"export mesages {RANGE}": "export type: found 'mesages', did you mean 'messages'?",
    f"export all qqqq {RANGE}": f"export type: found 'qqqq'; allowed: {TYPES}",
    f"export messages qqqq {RANGE}": f"export type: found 'qqqq'; allowed: {TYPES}",
    f"export messages --tz Europe/Pariss {RANGE}": "time zone: found 'Europe/Pariss', did you "
    "mean 'Europe/Paris'? use an IANA name such as Europe/Paris",
    f"export messages --tz +02:00 {RANGE}": "time zone: found '+02:00'; use an IANA name such as "
    "Europe/Paris",
    f"export messages --tz ../../etc/passwd {RANGE}": "time zone: found '../../etc/passwd'; use "
    "an IANA name such as Europe/Paris",
    f"export messages --channel ch-2 {RANGE}": "channel: found 'ch-2', did you mean 'ch-1'? it "
    "appears nowhere in the log (tawny log lists them)",
    f"export messages --channel zzz {RANGE}": "channel: found 'zzz'; allowed: ch-1; it appears "
    "nowhere in the log (tawny log lists them)",
    "export messages --from yesterday --to 2026-04-01 -o x.csv": "from: found 'yesterday'; "
    f"allowed {MOMENTS}",
    "export messages --from 2026-02-30 --to 2026-04-01 -o x.csv": "from: found '2026-02-30', "
    f"which is no date and time; allowed {MOMENTS}",
    "export messages --from 2026-03-01 --to 2026-04-01T24:01 -o x.csv": "to: found "
    f"'2026-04-01T24:01', which is no date and time; allowed {MOMENTS}",
    "export messages --from 2026-04-01 --to 2026-03-01 -o x.csv": "from: found 2026-04-01, which "
    "is not before to (2026-03-01); the range holds what happens at from and later, and before to",
    "export messages --from 2026-04-01 --to 2026-04-01 -o x.csv": "from: found 2026-04-01, which "
    "is not before to (2026-04-01); the range holds what happens at from and later, and before to",
    "export messages --tz Europe/Paris --from 2026-03-29T02:00 --to 2026-03-29T03:00 -o x.csv": (
        "from: found 2026-03-29T02:00 to 2026-03-29T03:00, which the clocks of Europe/Paris skip: "
        "they go from 2026-03-29T02:00 to 2026-03-29T03:00 there; begin earlier or end later"
    ),
    "export messages --tz Pacific/Apia --from 2011-12-30 --to 2011-12-31 -o x.csv": (
        "from: found 2011-12-30 to 2011-12-31, which the clocks of Pacific/Apia skip: they go from "
        "2011-12-30T00:00 to 2011-12-31T00:00 there; begin earlier or end later"
    ),
    "export messages --from 2026-04-01 -o x.csv": "to: found nothing; messages needs a range, "
    f"allowed {MOMENTS}",
    "export all -o out": "from: found nothing; resolved-conversations needs a range, allowed "
    f"{MOMENTS}",
    f"export messages --as-of soon {RANGE}": f"as-of: found 'soon'; allowed {MOMENTS}",
    f"export messages --headers de {RANGE}": "headers: found 'de', did you mean 'en'?",
    f"export messages --headers qq {RANGE}": "headers: found 'qq'; allowed: en, fr, "
    "hootdesk-fr, key",
    f"export messages --format cvs {RANGE}": "format: found 'cvs', did you mean 'csv'?",
    f"export messages --dialect exel {RANGE}": "dialect: found 'exel', did you mean 'excel'?",
    f"export messages --format xlsx --dialect excel {RANGE}": "dialect: found 'excel' with format "
    "xlsx; allowed with csv only, leave it out",
    "export messages --from 2026-03-01 --to 2026-04-01 -o x.txt": "-o: found 'x.txt', whose "
    "ending names no format; allowed .csv, .jsonl, .parquet, .xlsx, or give --format",
    "export messages --from 2026-03-01 --to 2026-04-01 -o no/x.csv": "-o: found the folder no, "
    "which does not exist; create it or choose another",
    "export messages --from 2026-03-01 --to 2026-04-01 --format csv -o folder": "-o: found "
    "folder, which is a folder; name a file in it",
    "export all --from 2026-03-01 --to 2026-04-01 -o -": "-o: found -; several types need a folder",
    "export all --from 2026-03-01 --to 2026-04-01 -o good.jsonl": "-o: found the file good.jsonl; "
    "several types need a folder, or a file that ends in .zip or .xlsx",
    f"export messages --bogus {RANGE}": "No such option '--bogus'. Did you mean '--columns'? "
    f"{HELP}",
    f"export messages --tz {RANGE}": f"export type: found '2026-03-01'; allowed: {TYPES}",
    "export --receipt no.json -o x.csv": "no.json: No such file or directory; name a "
    "FILE.receipt.json",
    "export --receipt folder -o x.csv": "folder: Is a directory; name a FILE.receipt.json",
    "export --receipt good.jsonl": "-o: found nothing; name a FILE, - for standard output, or a "
    "folder",
    "export users --receipt good.jsonl -o x.csv": "--receipt: found with a type or other "
    "options; the receipt says them all, give only -o",
    "columns": f"Missing argument 'TYPE' {HELP}",
    "columns mesages": "export type: found 'mesages', did you mean 'messages'?",
    "columns users --format xml": "--format: found 'xml'; allowed: text, csv, json, markdown",
    "events message.creatd": "event type: found 'message.creatd', did you mean 'message.created'?",
    "ingest": f"Missing argument 'FILE...' {HELP}",
    "ingest no": f"no: No such file or directory; allowed a readable file of {LINES}",
    "ingest folder": f"folder: found a folder; allowed a file of {LINES}",
    "ingest good.jsonl no": f"no: No such file or directory; allowed a readable file of {LINES}",
    "ingest binary": f"binary: found binary data; allowed {LINES}",
    "ingest utf16": f"utf16: found binary data; allowed {LINES}",
    "ingest magic.gz": "magic.gz: the data is damaged from the start (Truncated compressed "
    "stream); what came before it is kept, send the whole file again",
    "unguard no": "no: cannot be read (No such file or directory); give a CSV file written with "
    "--dialect excel",
    "unguard folder": "folder: cannot be read (Is a directory); give a CSV file written with "
    "--dialect excel",
    "unguard good.jsonl": "good.jsonl: found no byte order mark at its start, so it was not "
    "written with --dialect excel and holds no guards; use it as it is",
    "import twittr x": f"No such command 'twittr'. Did you mean 'twitter'? {HELP}",
    "import twitter no": "no: there is no such file; give a CSV file",
    "log comapct": f"No such command 'comapct'. Did you mean 'compact'? {HELP}",
    "sample": f"Missing option '--conversations' {HELP}",
    "sample --conversations 0 --from 2026-01-01 --to 2026-02-01 -o x": "conversations: found 0; "
    "allowed: a whole number from 1 to 100000000",
    "sample --conversations 5 --from 2026-01-01 --to 2026-02-01 -o folder": "-o: found folder, "
    "which is a folder; name a file in it",
}


@pytest.mark.parametrize("call", WRONG)
def test_wrong_call(log: Path, here: Path, call: str) -> None:
    before = sorted(path.name for path in here.iterdir())
    result = tawny(log, *call.split(" "))
    assert result == Result(2, "", f"tawny: {WRONG[call]}\n")
    assert sorted(path.name for path in here.iterdir()) == before


def test_wrong_setting(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAWNY_ENGINE_MEMORY_MB", "lots")
    assert tawny(log, "log") == Result(
        2, "", "tawny: TAWNY_ENGINE_MEMORY_MB: found 'lots'; allowed a whole number from 200 to "
        "1000000\n"
    )  # fmt: skip


def test_nothing_called() -> None:
    done = subprocess.run(TAWNY, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


# A folder that does not exist yet


@pytest.mark.parametrize(
    "call",
    [
        *("log", "log compact", "exports", "columns users", "events", "settings"),
        *(f"export messages {RANGE}", f"export open-conversations {RANGE}"),
        *("export all --from 2026-03-01 --to 2026-04-01 -o out", "ingest good.jsonl"),
        "sample --conversations 1 --from 2026-01-01 --to 2026-02-01 -o x",
    ],
)
def test_every_subcommand_works_on_a_folder_that_is_not_there(here: Path, call: str) -> None:
    result = tawny(here / "not" / "there", *call.split(" "))
    assert (result.status, result.err) == (0, "")


def test_a_channel_of_an_empty_log(here: Path) -> None:
    result = tawny(here / "new", *f"export messages --channel ch-1 {RANGE}".split(" "))
    assert result == Result(
        2, "", "tawny: channel: found 'ch-1'; it appears nowhere in the log (tawny log lists "
        "them)\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    "call",
    [
        "ingest good.jsonl",
        f"export messages {RANGE}",
        *("log", "log compact"),
    ],
)
def test_data_folder_that_is_a_file(here: Path, call: str) -> None:
    home = here / "good.jsonl"
    assert tawny(home, *call.split(" ")) == Result(
        1, "", f"tawny: the data folder {home}: Not a directory\n"
    )


# Logs that are not ours, or not ours any more

CALLS = ("log", "log compact", "ingest good.jsonl", f"export users {RANGE}")


def changed(log: Path, folder: Path, old: str, new: str) -> Path:
    """A copy of a data folder with another word in the description of its table."""
    home = folder / "home"
    shutil.copytree(log, home)
    first = home / "log" / "_delta_log" / f"{0:020d}.json"
    text = first.read_text()
    assert old in text
    first.write_text(text.replace(old, new))
    return home


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("number", "said"),
    [
        (3, "this Tawny reads up to format 2; upgrade Tawny (pip install --upgrade tawny)"),
        # It held events of several families together: read as today it would lose some in silence.
        (1, "from before the first release; this Tawny reads format 2 (ingest the events again "
         "into another --home)"),
    ],
)  # fmt: skip
def test_log_of_another_format(log: Path, here: Path, call: str, number: int, said: str) -> None:
    home = changed(log, here, '"format 2"', f'"format {number}"')
    assert tawny(home, *call.split(" ")) == Result(
        1, "", f"tawny: {home / 'log'}: found an event log of format {number}, {said}\n"
    )
    assert not (here / "x.csv").exists()


@pytest.mark.parametrize("call", CALLS)
def test_table_of_a_newer_protocol(log: Path, here: Path, call: str) -> None:
    home = changed(log, here, '"minReaderVersion":1', '"minReaderVersion":99')
    result = tawny(home, *call.split(" "))
    assert (result.status, result.out) == (1, "")
    assert "written by a newer version, upgrade Tawny" in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("call", CALLS)
def test_table_that_is_no_log(here: Path, call: str) -> None:
    home = here / "home"
    DeltaTable.create(home / "log", Schema([Field("a", PrimitiveType("string"))]))
    assert tawny(home, *call.split(" ")) == Result(
        1,
        "",
        f"tawny: {home / 'log'}: found a Delta table that is not a Tawny event log (description "
        "''); choose another data folder with --home\n",
    )


@pytest.mark.parametrize("call", ["log", f"export open-conversations {RANGE}"])
@pytest.mark.parametrize("damage", ["missing", "spoiled"])
def test_log_with_damaged_files(log: Path, here: Path, call: str, damage: str) -> None:
    """A file that is gone or spoiled is a failure by name, never a smaller export."""
    home = here / "home"
    shutil.copytree(log, home)
    file = min((home / "log").rglob("*.parquet"))
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(b"spoiled")
    result = tawny(home, *call.split(" "))
    assert (result.status, result.out) == (1, "")
    assert result.err.count("\n") == 1
    assert str(file) in result.err
    assert not (here / "x.csv").exists()


def test_spoiled_state_database(log: Path, here: Path) -> None:
    home = here / "home"
    shutil.copytree(log, home)
    (home / "state.db").write_text("no database" * 1000)
    assert tawny(home, "log") == Result(
        1, "", f"tawny: {home / 'state.db'}: file is not a database\n"
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("export messages --from yesterday --to 2026-04-01 -o x.csv", "from : « yesterday » ; "
         "attendu : AAAA-MM-JJ ou AAAA-MM-JJTHH:MM[:SS[.mmm]] dans le fuseau horaire de la "
         "demande, ou l’un des deux avec un décalage comme +02:00 ou Z"),
        (f"export mesages {RANGE}",
         "type d’export : « mesages » est inconnu, vouliez-vous dire « messages » ?"),
        ("ingest no", "no : ce fichier ou dossier n’existe pas ; attendu : un fichier lisible, "
         "JSON à raison d’un objet par ligne, tel quel, .gz ou .zst"),
        ("ingst", "la commande 'ingst' n’existe pas, vouliez-vous dire l’une de celles-ci : "
         "'ingest', 'settings' ? (tawny --help montre ce qui existe)"),
        ("sample --conversations x --from 2026-01-01 --to 2026-02-01 -o x", "la valeur de "
         "'--conversations' ne convient pas : 'x' n’est pas un nombre entier "
         "(tawny --help montre ce qui existe)"),
    ],
)  # fmt: skip
def test_wrong_calls_in_french(
    log: Path, here: Path, monkeypatch: pytest.MonkeyPatch, call: str, said: str
) -> None:
    """With the setting `language`; the status is the same."""
    monkeypatch.setenv("TAWNY_LANGUAGE", "fr")
    result = tawny(log, *call.split(" "))
    assert result.status == 2
    assert result.err.replace("\N{NO-BREAK SPACE}", " ") == f"tawny: {said}\n"


EMPTY = {
    "export messages --tz= --from 2026-03-01 --to 2026-04-01 -o x.csv": "time zone: found ''; use "
    "an IANA name such as Europe/Paris",
    f"check --tz= {RANGE.removesuffix(' -o x.csv')}": "time zone: found ''; use an IANA name such "
    "as Europe/Paris",
    f"export messages --channel= {RANGE}": "--channel: found ''; give it a value or leave it out",
    f"export messages --as-of= {RANGE}": "--as-of: found ''; give it a value or leave it out",
    f"export messages --headers= {RANGE}": "--headers: found ''; give it a value or leave it out",
    f"export messages --format= {RANGE}": "--format: found ''; give it a value or leave it out",
    f"export messages --dialect= {RANGE}": "--dialect: found ''; give it a value or leave it out",
    f"export messages --server= {RANGE}": "--server: found ''; give it a value or leave it out",
    "export messages --from= --to 2026-04-01 -o x.csv": "--from: found ''; give it a value or "
    "leave it out",
    "export messages --from 2026-03-01 --to 2026-04-01 --output=": "--output: found ''; give it a "
    "value or leave it out",
    "--home= log": "--home: found ''; give it a value or leave it out",
    "columns users --language=": "--language: found ''; give it a value or leave it out",
    "sample --conversations 1 --from= --to 2026-01-02 -o -": "--from: found ''; give it a value or "
    "leave it out",
}
"""Options of scripts whose variable was not set."""


@pytest.mark.parametrize(("call", "said"), EMPTY.items(), ids=EMPTY)
def test_an_empty_value_is_a_wrong_call(log: Path, here: Path, call: str, said: str) -> None:
    assert tawny(log, *call.split(" ")) == Result(2, "", f"tawny: {said}\n")


def test_an_empty_argument_is_a_wrong_call(log: Path, here: Path) -> None:
    assert tawny(log, "ingest", "") == Result(2, "", "tawny: FILE: found ''; give it a value\n")


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("TAWNY_HOME", "found ''; give the variable a value or unset it"),
        ("TAWNY_SERVER", "found ''; give the variable a value or unset it"),
        ("TAWNY_ENGINE_MEMORY_MB", "found ''; allowed a whole number from 200 to 1000000"),
    ],
)
def test_an_empty_variable_is_a_wrong_call(
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    said: str,
) -> None:
    monkeypatch.setenv(variable, "")
    assert run(["export", "teams", *RANGE.split(" ")]) == 2
    assert capsys.readouterr().err == f"tawny: {variable}: {said}\n"


FRENCH_HELP = """\
Utilisation : tawny unguard [OPTIONS] FILE

  Rend les textes exacts d’un fichier pour tableur.

  Les dialectes excel mettent une apostrophe devant un texte qu’un tableur
  exécuterait comme formule, et écrivent ="..." un identifiant qu’il
  exécuterait ou changerait. Cette commande enlève les deux ; le reste du
  fichier ne change pas. Le fichier peut n’avoir que certaines colonnes d’un
  export, dans leur ordre. À faire une seule fois : le fichier ne montre pas
  que c’est fait.

Arguments :
  FILE  Un fichier CSV du dialecte excel ou excel-semicolon.

Options :
  -o, --output FILE  Par défaut, FILE lui-même est réécrit.
  -h, --help         Affiche cette aide.
"""
NO_COMMAND = """\
Usage: tawny import [OPTIONS] COMMAND [ARGS]...

  Events from data in another layout.

Options:
  -h, --help  Show this message and exit.

Commands:
  twitter  Read the public layout "Customer Support on Twitter" into events.
"""


def test_help_in_french(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our texts and the library's own, in the same shape."""
    monkeypatch.setenv("TAWNY_LANGUAGE", "fr")
    monkeypatch.setenv("COLUMNS", "80")
    result = tawny(log, "unguard", "--help")
    assert (result.status, result.err) == (0, "")
    assert result.out.replace("\N{NO-BREAK SPACE}", " ") == FRENCH_HELP


def test_a_call_without_a_command_shows_the_help(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is, on standard error, with the status of a wrong call."""
    monkeypatch.setenv("COLUMNS", "80")
    assert tawny(log, "import") == Result(2, "", NO_COMMAND)


def test_a_refusal_in_french(log: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAWNY_LANGUAGE", "fr")
    (here / "bad.jsonl").write_text('{"type": "mesage.created"}\n', encoding="utf-8")
    result = tawny(log, "ingest", "bad.jsonl")
    assert result.err.replace("\N{NO-BREAK SPACE}", " ") == (
        'bad.jsonl:1: type : "mesage.created" ; attendu : les types du contrat d’événements ; '
        "le plus proche est message.created\n"
        'bad.jsonl:1: specversion : rien ; attendu : "1.0"\n'
        "bad.jsonl:1: source : rien ; attendu : un texte de 1 à 256 caractères\n"
        "bad.jsonl:1: id : rien ; attendu : un texte de 1 à 256 caractères\n"
        "bad.jsonl:1: time : rien ; attendu : un texte\n"
    )


def test_a_wrong_language_is_said_in_english(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAWNY_LANGUAGE", "de")
    assert tawny(log, "log") == Result(
        2, "", "tawny: TAWNY_LANGUAGE: found 'de'; allowed en or fr\n"
    )


def test_a_port_that_is_taken(log: Path) -> None:
    """The server says so at once, and prints no link that nobody serves."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert tawny(log, "serve", "--port", str(port)) == Result(
            2, "", f"tawny: --port: {port} on 127.0.0.1 cannot be used (Address already in use); "
            "choose another port, or stop what listens there\n"
        )  # fmt: skip
