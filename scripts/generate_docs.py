"""Write the generated parts of README.md and docs/ again: `make docs`.

A generated part of a page lies between two comments and comes from the code, so that the page
cannot say something else than the program does:

    <!-- generated: NAME -->
    ...
    <!-- end: NAME -->

A fenced block ` ```console ` is a session: its commands (`$ ...`) are run in an empty folder, one
session a page, and what they print becomes the rest of the block. A part marked by
`<!-- not run -->` on the line before is left alone.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from tawny.cli.main import app, every_command
from tawny.languages import translated
from tawny.log.delta import log_schema
from tawny.model.event_types.conversation import CAUSES
from tawny.model.events import FAMILIES
from tawny.model.layout import ENVELOPE_COLUMNS, family_columns
from tawny.model.schema import json_schema, markdown
from tawny.queries import portable, statements
from tawny.queries.catalogue import (
    EXPORT_TYPES,
    PARSED,
    parsed_files,
    query,
)
from tawny.queries.dictionary import columns_as
from tawny.reading.identities import FILE_CHECKS, IDENTITIES
from tawny.settings import SETTINGS
from tawny.sources.table.mapping import mapping_schema

ROOT = Path(__file__).resolve().parent.parent

QUERIES = ROOT / "src" / "tawny" / "queries" / "sql"

HELP_COLUMNS = 100
"""Width of the help texts, in characters."""

Language = Literal["en", "fr"]


def exports_table(language: Language) -> str:
    """The twelve types and what a row of each is; links to their sections."""
    head = "| export | rows |" if language == "en" else "| export | lignes |"
    lines = [head, "| --- | --- |"]
    lines += [
        f"| [`{name}`](#{name}) | {query(name).description[language]} |" for name in EXPORT_TYPES
    ]
    return "\n".join(lines)


def dictionary(language: Language) -> str:
    """Every column of every export, with its definition."""
    parts = []
    for name in EXPORT_TYPES:
        export = query(name)
        parts.append(f"### {name}\n\n{export.description[language]}\n")
        parts.append(columns_as(export, "markdown", language))
    return "\n".join(parts).rstrip("\n")


def help_of(words: Sequence[str]) -> str:
    """What `tawny WORDS --help` prints."""
    printed = io.StringIO()
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(HELP_COLUMNS)
    try:
        with contextlib.redirect_stdout(printed):
            app(args=[*words, "--help"], prog_name="tawny", standalone_mode=False)
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return printed.getvalue().rstrip()


def command_help() -> str:
    """The help of every command."""
    return "\n\n".join(
        f"### {' '.join(('tawny', *words))}\n\n```text\n{help_of(words)}\n```"
        for words, _ in every_command()
    )


def settings_table() -> str:
    """Every setting, from the one table of settings."""
    lines = ["| variable | default | allowed | what it does |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{setting.variable}` | `{setting.default}` | {setting.allowed} | {setting.help} |"
        for setting in SETTINGS
    ]
    return "\n".join(lines)


def log_columns() -> str:
    """The columns of the event log and the families that fill them."""
    schema = log_schema()
    lines = ["| column | type | filled by |", "| --- | --- | --- |"]
    for field in schema:
        if field.name in ENVELOPE_COLUMNS or field.name in ("log_version", "family", "month"):
            filled = "every event"
        else:
            families = [name for name in FAMILIES if field.name in family_columns(name)]
            filled = ", ".join(families)
        lines.append(f"| `{field.name}` | {field.type} | {filled} |")
    return "\n".join(lines)


def families_table() -> str:
    """Which event types are stored together."""
    lines = ["| family | event types |", "| --- | --- |"]
    lines += [
        f"| `{family}` | {', '.join(f'`{data.event_type}`' for data in types)} |"
        for family, types in FAMILIES.items()
    ]
    return "\n".join(lines)


def causes_table() -> str:
    """Which causes a change to each status may have."""
    lines = ["| status | causes it may have |", "| --- | --- |"]
    lines += [
        f"| `{status}` | {', '.join(f'`{cause}`' for cause in causes)} |"
        for status, causes in CAUSES.items()
    ]
    return "\n".join(lines)


def checks_list(language: Language) -> str:
    """What `tawny check` looks at."""
    return "\n".join(
        f"- {translated(identity.holds, language)}" for identity in (*IDENTITIES, *FILE_CHECKS)
    )


PARTS: dict[str, Callable[[], str]] = {
    "causes": causes_table,
    "checks": lambda: checks_list("en"),
    "checks in French": lambda: checks_list("fr"),
    "event types": lambda: markdown().rstrip("\n"),
    "exports": lambda: exports_table("en"),
    "exports in French": lambda: exports_table("fr"),
    "columns": lambda: dictionary("en"),
    "columns in French": lambda: dictionary("fr"),
    "commands": command_help,
    "settings": settings_table,
    "log columns": log_columns,
    "families": families_table,
}
"""Every generated part and what makes it."""

_PART = re.compile(
    r"(?P<begin><!-- generated: (?P<name>[^>]+) -->\n).*?(?P<end><!-- end: (?P=name) -->)", re.S
)
_SESSION = re.compile(r"(?<!<!-- not run -->\n)```console\n(?P<body>.*?)```", re.S)


def with_parts(text: str) -> str:
    """The page with its generated parts as they should be."""
    return _PART.sub(
        lambda part: f"{part['begin']}\n{PARTS[part['name']]()}\n\n{part['end']}", text
    )


def with_sessions(text: str) -> str:
    """The page with what its sessions print now."""
    bodies = [session["body"] for session in _SESSION.finditer(text)]
    if not bodies:
        return text
    commands_of = [
        [line.removeprefix("$ ") for line in body.splitlines() if line.startswith("$ ")]
        for body in bodies
    ]
    printed = iter(run_session([line for lines in commands_of for line in lines]))
    new = iter("".join(f"$ {line}\n{next(printed)}" for line in lines) for lines in commands_of)
    return _SESSION.sub(lambda _: f"```console\n{next(new)}```", text)


def run_session(lines: Sequence[str]) -> list[str]:
    """Run command lines in one shell in an empty folder; what each printed, errors included."""
    mark = "---- command"
    script = "exec 2>&1\n" + "".join(f"echo '{mark}'\n{line}\n" for line in lines)
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("TAWNY_")
        } | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": folder,
            "LC_ALL": "C.UTF-8",
        }
        done = subprocess.run(  # noqa: S603 - the commands are those of our own pages
            ["bash", "-c", script],  # noqa: S607
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    outputs = done.stdout.split(f"{mark}\n")[1:]
    if len(outputs) != len(lines):
        raise RuntimeError(f"a command of the session ended it:\n{done.stdout}{done.stderr}")
    return outputs


def pages() -> list[Path]:
    """The pages of the documentation, README first."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def fresh(page: Path) -> str:
    """What a page should hold."""
    return with_sessions(with_parts(page.read_text(encoding="utf-8")))


def fresh_schema() -> str:
    """What docs/events.schema.json should hold."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def fresh_mapping_schema() -> str:
    """What docs/sources/table.schema.json should hold."""
    return json.dumps(mapping_schema(), indent=2, ensure_ascii=False) + "\n"


def fresh_parsed() -> str:
    """What the file beside the queries should hold, a line for each query file."""
    parsed = parsed_files()
    lines = [
        f"{json.dumps(path)}: {msgspec.json.encode(file).decode()}"
        for path, file in parsed.files.items()
    ]
    files = ",\n".join(lines)
    return f'{{"version": "{parsed.version}", "files": {{\n{files}\n}}}}\n'


def fresh_statements_checked() -> str:
    """The same for the single statements."""
    for path, text in statements.statement_texts().items():
        portable.check(path, text)
    return statements.statements_version() + "\n"


def main() -> None:
    """Write every page whose generated parts have changed; say which."""
    wanted = {page: fresh(page) for page in pages()}
    wanted[ROOT / "docs" / "events.schema.json"] = fresh_schema()
    wanted[ROOT / "docs" / "sources" / "table.schema.json"] = fresh_mapping_schema()
    wanted[QUERIES / PARSED] = fresh_parsed()
    wanted[QUERIES / statements.CHECKED] = fresh_statements_checked()
    for page, text in wanted.items():
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
            sys.stdout.write(f"written: {page.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
