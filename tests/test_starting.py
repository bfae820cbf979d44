"""What a call imports: what it uses, and nothing else. Starting would cost more than exporting."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tawny.cli.calls
from processes import small_log
from server_process import LONGEST_WAIT_S
from tawny.cli.main import CALLS, every_command
from tawny.cli.options import SECRET_FIELDS
from tawny.deliveries.kinds import SECRET_NAMES

CLICK = {"click"}
EVENTS = {*CLICK, "msgspec"}
ENGINE = {*EVENTS, "deltalake", "duckdb", "pyarrow"}
STATE = {"alembic", "sqlalchemy"}
RANGE = ("--from", "2026-03-01", "--to", "2026-04-01")

USES: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "help": (("--help",), CLICK),
    "version": (("--version",), CLICK),
    "help in French": (("--help",), {*CLICK, "babel"}),
    "a wrong call": (("nosuch",), CLICK),
    "export csv": (("export", "messages", *RANGE, "-o", "x.csv"), ENGINE),
    "export excel": (("export", "users", *RANGE, "--dialect", "excel", "-o", "x.csv"), ENGINE),
    "export jsonl": (("export", "users", *RANGE, "-o", "x.jsonl"), ENGINE),
    "export parquet": (("export", "users", *RANGE, "-o", "x.parquet"), ENGINE),
    "export xlsx": (("export", "users", *RANGE, "-o", "x.xlsx"), {*ENGINE, "xlsxwriter"}),
    "export all": (("export", "all", *RANGE, "-o", "all"), ENGINE),
    "export by a server": (
        ("export", "users", *RANGE, "-o", "x.csv", "--server", "http://127.0.0.1:9"),
        {*EVENTS, "httpx", "rich"},
    ),
    "feed": (("feed", "messages"), ENGINE),
    "feed of a server": (
        ("feed", "messages", "--server", "http://127.0.0.1:9"),
        {*EVENTS, "httpx", "rich"},
    ),
    "a wrong export": (("export", "mesages", *RANGE, "-o", "x.csv"), EVENTS),
    "ingest": (("ingest", "good.jsonl"), ENGINE),
    "ingest with refusals": (("ingest", "bad.jsonl"), {*ENGINE, *STATE}),
    "explain": (("explain", "users", "ann", "replies", *RANGE), ENGINE),
    "diff": (("diff", "2026-06-01", "now", "users", *RANGE), ENGINE),
    "verify": (("verify",), ENGINE),
    "check": (("check",), ENGINE),
    "exports": (("exports",), EVENTS),
    "columns": (("columns", "users"), EVENTS),
    "events": (("events",), EVENTS),
    "settings": (("settings",), EVENTS),
    "unguard": (("unguard", "good.jsonl"), EVENTS),
    "log": (("log",), ENGINE),
    "log compact": (("log", "compact"), ENGINE),
    "sample": (("sample", "--conversations", "1", *RANGE, "-o", "sample.ndjson"), CLICK),
    "import": (("import", "twitter", "tweets.csv"), ENGINE),
    "erase": (("erase", "nobody"), ENGINE),
    "timeline": (("timeline", "nothing"), ENGINE),
    "sources list": (("sources", "list"), {*ENGINE, *STATE, "cryptography"}),
    "saved list": (("saved", "list"), {*ENGINE, *STATE, "argon2", "cryptography"}),
    "destinations list": (
        ("destinations", "list"),
        {*ENGINE, *STATE, "argon2", "cryptography"},
    ),
    "deliveries list": (
        ("deliveries", "list"),
        {*ENGINE, *STATE, "argon2", "cryptography"},
    ),
    "schedules list": (
        ("schedules", "list"),
        {*ENGINE, *STATE, "argon2", "cryptography"},
    ),
    "schedules of a server": (
        ("schedules", "list", "--server", "http://127.0.0.1:9"),
        {*EVENTS, "httpx", "rich"},
    ),
    "user reset": (("user", "reset", "nobody"), {*(EVENTS - {"msgspec"}), *STATE, "argon2"}),
}
"""For each kind of call the packages it imports, of those in `WATCHED`."""

WATCHED = {
    *(
        "alembic",
        "argon2",
        "babel",
        "click",
        "cryptography",
        "dbos",
        "deltalake",
        "duckdb",
        "httpx",
        "jinja2",
    ),
    *("litestar", "msgspec", "prometheus_client", "psycopg", "pyarrow", "pydantic", "rich"),
    *("sqlalchemy", "sqlglot", "uvicorn", "xlsxwriter"),
}

_RUN = """
import json, sys
from tawny.cli.main import run
run(sys.argv[1:])
names = {name.partition(".")[0] for name in sys.modules} | {
    name for name in sys.modules if name.startswith(("pyarrow.", "tawny."))
}
with open("imported.json", "w") as stream:
    json.dump(sorted(names), stream)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the calls run: a log, and files to ingest."""
    folder = tmp_path_factory.mktemp("starting")
    small_log(folder / "home")
    event = {
        "specversion": "1.0", "source": "/a", "id": "1", "type": "team.saved",
        "time": "2026-03-01T08:00:00Z", "data": {"team_id": "t-1", "name": "One"},
    }  # fmt: skip
    (folder / "good.jsonl").write_text(json.dumps(event) + "\n")
    (folder / "bad.jsonl").write_text("{}\n")
    tweets = Path(__file__).parent / "data" / "twitter_small.csv"
    (folder / "tweets.csv").write_bytes(tweets.read_bytes())
    return folder


def imported(folder: Path, *arguments: str, **environment: str) -> set[str]:
    """The packages, and the modules of ours and of pyarrow, that a call has imported."""
    found = folder / "imported.json"
    found.unlink(missing_ok=True)
    # Nothing of the calls before: what a server or a refusal leaves changes what a call needs.
    home = folder / f"home-{os.urandom(4).hex()}"
    subprocess.run(["cp", "-r", str(folder / "home"), str(home)], check=True)
    subprocess.run(
        [sys.executable, "-c", _RUN, "--home", str(home), *arguments],
        cwd=folder,
        env=os.environ | {"TAWNY_TOKEN": "none"} | environment,
        capture_output=True,
        check=False,
        timeout=LONGEST_WAIT_S,
    )
    return set(json.loads(found.read_text()))


@pytest.mark.parametrize("call", USES)
def test_a_call_imports_what_it_uses(folder: Path, call: str) -> None:
    arguments, allowed = USES[call]
    names = imported(folder, *arguments, TAWNY_LANGUAGE="fr" if "French" in call else "en")
    assert names & WATCHED == allowed


def test_every_command_is_in_the_table() -> None:
    """`tawny serve` uses everything."""
    assert {*CALLS} - {"serve"} <= {arguments[0] for arguments, _ in USES.values()}


@pytest.mark.parametrize("words", [words for words, _ in every_command()], ids=" ".join)
def test_the_help_of_a_command_imports_the_library_of_the_command_line(
    folder: Path, words: tuple[str, ...]
) -> None:
    assert imported(folder, *words, "--help") & WATCHED == CLICK


def test_a_small_export_reads_no_part_of_a_library_that_it_does_not_use(folder: Path) -> None:
    """These take as long as the export itself."""
    names = imported(folder, *USES["export csv"][0])
    unused = {"pyarrow.compute", "pyarrow.parquet", "pyarrow.dataset", "tawny.languages"}
    assert names & unused == set()
    # Whether there is a state database is looked up; it is not opened.
    names -= {"tawny.state", "tawny.state.event_log"}
    assert not [name for name in names if name.startswith(("tawny.server", "tawny.state"))]


@pytest.mark.parametrize(
    "path", sorted(Path(tawny.cli.calls.__file__).parent.glob("*.py")), ids=lambda path: path.stem
)
def test_a_call_is_declared_without_what_does_its_work(path: Path) -> None:
    """At the top of these modules stand names; the work is imported by the body of a function."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            assert node.module in {
                *("__future__", "pathlib", "typing", "tawny.cli.app", "tawny.cli.help"),
                "tawny.cli.choice",
                "tawny.cli.options",
                "tawny.sources.options",
                *(
                    "tawny.queries.columns",
                    "tawny.queries.dictionary",
                    "tawny.exports.periods",
                    "tawny.exports.formats.registry",
                ),
            }
        elif isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} == {"click"}


def test_the_command_line_knows_the_secrets_of_every_kind_of_destination() -> None:
    """It names them itself: the kinds load an engine, for which a call does not wait."""
    assert sorted(SECRET_FIELDS) == sorted(SECRET_NAMES)
