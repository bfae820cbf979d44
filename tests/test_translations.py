"""Every sentence a person reads has its French, and says the same things in it: the texts of the
pages, and what every error, refusal and reason says."""

from __future__ import annotations

import ast
import doctest
import errno
import importlib
import os
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import tawny
from tawny import languages
from tawny.cli.app import app
from tawny.cli.help import HELP, help_texts
from tawny.cli.main import load
from tawny.cli.wrong_calls import WRONG_CALLS
from tawny.errors import StorageError, TawnyError, UnknownValueError
from tawny.languages import said
from tawny.server import problems
from tawny.server.framework import FRAMEWORK
from tawny.server.pages import names
from tawny.server.pages.charts import LABELS, SERIES, TITLES
from tawny.state.callers import Role, Scope
from tawny.state.run_rows import RunState
from tawny.text import Text, from_json, to_json

PACKAGE = Path(tawny.__file__).parent
METHODS = [("pages/**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {
    "templates/**.html": {
        "trim_blocks": "true", "lstrip_blocks": "true",
        "extensions": "jinja2.ext.i18n,jinja2.ext.loopcontrols",
    }
}  # fmt: skip
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "plural": (1, 2)}

Key = str | tuple[str, ...]

NOT_VALUES = {"retry", "retry_after_s"}
"""Arguments of errors that stand in no sentence."""

NOT_WRITTEN_THERE = {
    "Text(between)": "the first argument of joined()",
    "Text(HTTPStatus(status).phrase)": "titles of problem documents",
    "Text(os.strerror(errno.ENOTDIR))": "the operating system",
    "Text(plain['$text'], **plain.get('$values', {}))": "stored texts",
    "Text(problem.detail)": "said by the server",
    "Text(row.error)": "said before texts were stored",
    "Text(run.state)": "states of runs",
    "Text(run.state.value)": "states of runs",
    "Text(sentence, **values)": "the error classes themselves",
    "Text(template, **values)": "libraries",
    "Text(type(error).__name__)": "the name of a class",
    "Text(value.strerror or str(value) or type(value).__name__)": "the operating system",
    "ConflictError(why_no_file(run))": "a text",
    "RequestError(text)": "a text",
    "NotFoundError(text)": "a text",
    "ServerError(text, retry=status in RETRIED)": "a text",
    "UnreadableInputError(text)": "a text",
}
"""Sentences that are put together elsewhere, and where."""

SYSTEM_REASONS = (
    errno.EACCES, errno.EADDRINUSE, errno.EBUSY, errno.EDQUOT, errno.EEXIST, errno.EFBIG,
    errno.EIO, errno.EISDIR,
    errno.ELOOP, errno.EMFILE, errno.ENAMETOOLONG, errno.ENFILE, errno.ENODEV, errno.ENOENT,
    errno.ENOMEM, errno.ENOSPC, errno.ENOTDIR, errno.EPERM, errno.EROFS, errno.ESTALE,
)  # fmt: skip
"""What an operating system says of files; whatever else it says stays in its own words."""


def page_texts() -> set[Key]:
    """The texts of the pages."""
    found = extract_from_dir(PACKAGE / "server", METHODS, OPTIONS, keywords=KEYWORDS)
    return {tuple(m[2]) if isinstance(m[2], tuple) else m[2] for m in found}


def error_classes(root: type[TawnyError] = TawnyError) -> Iterator[str]:
    """The names of every class of the tree."""
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        if "migrations" not in parts and parts[-1] != "__main__":
            importlib.import_module(".".join(parts))
    yield root.__name__
    for below in root.__subclasses__():
        yield from error_classes(below)


def sentence_calls() -> Iterator[tuple[Path, ast.Call]]:
    """Every call in the package that makes a text or an error."""
    makers = {"Text", *error_classes()} - {"EventsRefusedError"}  # whose sentence is its own
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "from rich.text import Text" in text:
            continue  # another one
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in makers:
                yield path, node


def written(node: ast.Call) -> str | None:
    """The sentence in a call, if it is written there."""
    first = node.args[0] if node.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value or None
    return None


def sentences() -> set[str]:
    """What errors, refusals and reasons say, as templates."""
    found = set()
    for _, node in sentence_calls():
        text = written(node)
        if text is not None and ast.unparse(node.func) != UnknownValueError.__name__:
            found.add(text)
    for path in PACKAGE.rglob("*.py"):
        found |= set(re.findall(r'joined\(\s*"([^"]+)"', path.read_text(encoding="utf-8")))
        for part in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(part, ast.ClassDef) and part.name == "EventsRefusedError":
                found |= {
                    text
                    for call in ast.walk(part)
                    if isinstance(call, ast.Call) and (text := written(call))
                }
    load(["--help"])
    found |= {
        text
        for text in help_texts(typer.main.get_group(app))
        if isinstance(HELP.recognised(text), str)
    }
    found |= {*FRAMEWORK.templates, *WRONG_CALLS.templates, *HELP.templates} | {
        state.value for state in RunState
    }
    found |= {os.strerror(reason) for reason in SYSTEM_REASONS}
    return found | {status.phrase for status in problems.TITLES}


def holes(text: str) -> set[str]:
    """The names of the values in a template, of either kind."""
    if "%(" in text:
        return set(re.findall(r"%\((\w+)\)s", text))
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}
    except ValueError:
        return set()


def french() -> dict[Key, tuple[str, ...]]:
    """The catalogue: what is said for each text."""
    with (PACKAGE / "translations" / "fr" / "tawny.po").open("rb") as stream:
        entries = [one for one in read_po(stream) if one.id]
    assert not [one.id for one in entries if one.fuzzy]
    return {
        tuple(one.id) if isinstance(one.id, (tuple, list)) else one.id: (
            tuple(one.string) if isinstance(one.string, (tuple, list)) else (one.string or "",)
        )
        for one in entries
    }


def test_french_is_complete() -> None:
    """No text is missing, none is left over, the same values stand in both."""
    texts, known = page_texts() | sentences(), french()
    assert len(texts) > 450
    assert texts - set(known) == set()
    assert set(known) - texts == set()
    for key, strings in known.items():
        originals = key if isinstance(key, tuple) else (key,)
        for original, string_ in zip(originals, strings, strict=True):
            assert string_, key
            assert holes(original) == holes(string_), key


def test_sentences_are_templates_with_exactly_the_values_given() -> None:
    """Nothing is formatted into a sentence before it has its language."""
    elsewhere = set()
    for path, node in sentence_calls():
        if ast.unparse(node.func) == UnknownValueError.__name__ or not node.args:
            continue
        text = written(node)
        if text is None:
            elsewhere.add(ast.unparse(node))
            continue
        given = {keyword.arg for keyword in node.keywords} - NOT_VALUES
        assert given == (holes(text) if given or holes(text) else set()), f"{path}: {text}"
    assert elsewhere == set(NOT_WRITTEN_THERE)


def test_french_typography() -> None:
    """A no-break space stands before : ; ? ! and inside guillemets."""
    strings = [one for entry in french().values() for one in entry]
    assert [one for one in strings if re.search(r" [:;?!»]|« ", one)] == []
    assert [one for one in strings if re.search(r"[^\s ][:;?!](\s|$)", one)] == []


def test_every_word_of_the_program_has_a_name() -> None:
    """States, roles and scopes that the back end knows have words on the pages."""
    assert set(names.STATES) == {state.value for state in RunState}
    assert set(names.ROLES) == {role.value for role in Role}
    assert set(names.SCOPES) == {scope.value for scope in Scope}
    assert TITLES and SERIES and LABELS


def test_a_text_is_said_in_both_languages() -> None:
    """Values are quoted and grouped as each language does; texts may stand in texts."""
    text = Text(
        "row {row}, column {column!r}: found a text of {units:,} UTF-16 units, a spreadsheet cell "
        "holds at most {most:,}; choose CSV, JSONL or Parquet",
        row=3, column="it's", units=40_000, most=32_767,
    )  # fmt: skip
    assert str(text) == (
        'row 3, column "it\'s": found a text of 40,000 UTF-16 units, a spreadsheet cell holds at '
        "most 32,767; choose CSV, JSONL or Parquet"
    )
    assert said(text, "fr") == (
        "ligne 3, colonne «\N{NO-BREAK SPACE}it's\N{NO-BREAK SPACE}»\N{NO-BREAK SPACE}: ce texte a "
        "40\N{NARROW NO-BREAK SPACE}000 unités UTF-16, une cellule de tableur en contient au plus "
        "32\N{NARROW NO-BREAK SPACE}767\N{NO-BREAK SPACE}; choisissez CSV, JSONL ou Parquet"
    )
    assert from_json(to_json(text)) == text


def test_an_error_keeps_its_words_in_every_language() -> None:
    """Through being stored, and with the reason of the operating system in it."""
    cause = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    error = StorageError("{thing}: {error}", thing="{braces}", error=cause)
    assert str(error) == "{braces}: No space left on device"
    assert said(from_json(to_json([error.text]))[0], "fr") == (
        "{braces}\N{NO-BREAK SPACE}: il n'y a plus de place sur le disque"
    )
    assert said(Text("nobody translated {this}", this=1), "fr") == "nobody translated 1"


@pytest.mark.parametrize(
    ("sentence", "french_"),
    [
        ("Expected `int`, got `str` - at `$.limit`", "`int` attendu, `str` reçu (à `$.limit`)"),
        ("Expected `int` <= 500", "`int` <= 500 attendu"),
        ("Something new.", "Something new."),
    ],
)
def test_sentences_of_the_framework(sentence: str, french_: str) -> None:
    """Known ones are said in French; English stays as it was."""
    found = FRAMEWORK.recognised(sentence)
    assert str(found) == sentence
    assert said(found, "fr").replace("\N{NO-BREAK SPACE}", " ") == french_


def test_examples_of_languages() -> None:
    """The worked examples in the docstrings."""
    found = doctest.testmod(languages)
    assert found.attempted > 2
    assert found.failed == 0
