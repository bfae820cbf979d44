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
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import tawny
from tawny import languages
from tawny.cli.help import HELP, help_texts
from tawny.cli.main import every_command
from tawny.cli.wrong_calls import WRONG_CALLS
from tawny.errors import StorageError, TawnyError, UnknownValueError
from tawny.languages import translated
from tawny.people.callers import Role, Scope
from tawny.queries.catalogue import EXPORT_TYPES, query
from tawny.server import problems
from tawny.server.pages import labels as names
from tawny.server.pages.chart_words import LABELS, SERIES, TITLES
from tawny.server.pages.sentences import PAGE_SENTENCES
from tawny.state.run_rows import RunState
from tawny.text import Text, from_json, to_json
from tawny.toml_file import TOML_MESSAGES

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
    "Text(PAGE_SENTENCES[text.template], **text.values)": "a list of them",
    "Text(os.strerror(errno.ENOTDIR))": "the operating system",
    "Text(plain['$text'], **plain.get('$values', {}))": "stored texts",
    "Text(problem.detail)": "said by the server",
    "Text(self.template, **changed)": "the template of another text",
    "Text(row.error)": "said before texts were stored",
    "Text(run.state)": "states of runs",
    "Text(sentence, **values)": "the error classes themselves",
    "Text(template, **values)": "libraries",
    "Text(title)": "titles of exports",
    "Text(type(error).__name__)": "the name of a class",
    "Text(value.strerror or str(value) or type(value).__name__)": "the operating system",
    "ConflictError(why_no_file(run))": "a text",
    "RequestError(text)": "a text",
    "NotFoundError(text)": "a text",
    "NotFoundError(_WHY_NOT[state])": "a text",
    "ServerError(text, retry=status in RETRIED)": "a text",
    "UnreadableInputError(text)": "a text",
}
"""Sentences that are put together elsewhere, and where."""

OWN_SENTENCE = {"UnsupportedEncodingError", "WrongValueError"}
"""Errors whose sentence stands in their class."""

SYSTEM_REASONS = (
    errno.EACCES, errno.EADDRINUSE, errno.EBUSY, errno.EDQUOT, errno.EEXIST, errno.EFBIG,
    errno.EIO, errno.EISDIR,
    errno.ELOOP, errno.EMFILE, errno.ENAMETOOLONG, errno.ENFILE, errno.ENODEV, errno.ENOENT,
    errno.ENOMEM, errno.ENOSPC, errno.ENOTDIR, errno.EPERM, errno.EROFS, errno.ESTALE,
)  # fmt: skip
"""What an operating system says of files; whatever else it says stays in its own words."""


@cache
def page_texts() -> set[Key]:
    """The texts of the pages."""
    found = extract_from_dir(PACKAGE / "server", METHODS, OPTIONS, keywords=KEYWORDS)
    return {tuple(m[2]) if isinstance(m[2], tuple) else m[2] for m in found}


@cache
def marked_texts() -> set[Key]:
    """The texts that other rooms write where they are not said yet."""
    found = extract_from_dir(PACKAGE, [("**.py", "python")], keywords={"N_": None})
    return {str(m[2]) for m in found}


@cache
def nodes_by_file() -> dict[Path, list[ast.AST]]:
    """Every node of every module of the package, parsed once for all tests."""
    return {
        path: list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def error_classes(root: type[TawnyError] = TawnyError) -> Iterator[str]:
    """The names of every class of the tree."""
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        if "migrations" not in parts and parts[-1] != "__main__":
            importlib.import_module(".".join(parts))
    yield root.__name__
    for below in root.__subclasses__():
        yield from error_classes(below)


def called(call: ast.Call) -> str:
    """The last part of the name of what is called: `ExportError` of `errors.ExportError(...)`."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


@cache
def sentence_calls() -> list[tuple[Path, ast.Call]]:
    """Every call in the package that makes a text or an error."""
    makers = {"Text", *error_classes()} - OWN_SENTENCE
    return [
        (path, node)
        for path, nodes in nodes_by_file().items()
        # That one has another `Text`.
        if "from rich.text import Text" not in path.read_text(encoding="utf-8")
        for node in nodes
        if isinstance(node, ast.Call) and called(node) in makers
    ]


def written(node: ast.Call) -> str | None:
    """The sentence in a call, if it is written there."""
    first = node.args[0] if node.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value or None
    return None


@cache
def sentences() -> set[str]:
    """What errors, refusals and reasons say, as templates."""
    found = set()
    for _, node in sentence_calls():
        text = written(node)
        if text is not None and called(node) != UnknownValueError.__name__:
            found.add(text)
    for path, nodes in nodes_by_file().items():
        found |= set(re.findall(r'joined\(\s*"([^"]+)"', path.read_text(encoding="utf-8")))
        for part in nodes:
            if isinstance(part, ast.ClassDef) and part.name in OWN_SENTENCE:
                found |= {
                    text
                    for call in ast.walk(part)
                    if isinstance(call, ast.Call) and (text := written(call))
                }
    found |= {
        text
        for _, command in every_command()
        for text in help_texts(command)
        if isinstance(HELP.recognised(text), str)
    }
    found |= {*WRONG_CALLS.templates, *HELP.templates, *TOML_MESSAGES.templates}
    found |= {state.value for state in RunState}
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


def query_texts() -> Iterator[tuple[str, str]]:
    """What the queries say of their rows and columns, each with the export that says it."""
    for export_type in EXPORT_TYPES:
        export = query(export_type)
        yield export_type, export.head.title
        yield export_type, export.description["en"]
        for column in export.columns:
            yield export_type, column.headers["en"]
            yield export_type, column.definition["en"]


def entries(language: str) -> list[Message]:
    """The entries of a catalogue."""
    with (PACKAGE / "translations" / language / "tawny.po").open("rb") as stream:
        return [one for one in read_po(stream) if one.id]


def test_no_text_stands_twice_in_the_catalogue() -> None:
    """Of two that differ the later one would be said wherever the text stands."""
    path = PACKAGE / "translations" / "fr" / "tawny.po"
    texts = re.findall(
        r'^((?:msgctxt [^\n]+\n)?msgid (?:"(?:[^"\\]|\\.)*"\n)+)',
        path.read_text("utf-8"),
        re.MULTILINE,
    )
    assert len(texts) > 450
    assert [text for text, count in Counter(texts).items() if count > 1] == []


def french() -> dict[Key, tuple[str, ...]]:
    """The catalogue: what is said for each text, wherever it stands."""
    found = entries("fr")
    assert not [one.id for one in found if one.fuzzy]
    return {
        tuple(one.id) if isinstance(one.id, (tuple, list)) else one.id: (
            tuple(one.string) if isinstance(one.string, (tuple, list)) else (one.string or "",)
        )
        for one in found
        if not one.context
    }


def test_french_is_complete() -> None:
    """No text is missing, none is left over, the same values stand in both."""
    texts, known = (
        page_texts() | marked_texts() | sentences() | {text for _, text in query_texts()},
        french(),
    )
    assert len(texts) > 450
    assert texts - set(known) == set()
    assert set(known) - texts == set()
    for key, strings in known.items():
        originals = key if isinstance(key, tuple) else (key,)
        for original, string_ in zip(originals, strings, strict=True):
            assert string_, key
            assert holes(original) == holes(string_), key


def test_headers_of_the_article_are_complete() -> None:
    """Each column has its words, and nothing else has."""
    headers = {column.headers["en"] for name in EXPORT_TYPES for column in query(name).columns}
    known = {one.id for one in entries("hootdesk-fr") if not one.context}
    assert known == headers
    assert all(one.string for one in entries("hootdesk-fr"))


@pytest.mark.parametrize("language", ["fr", "hootdesk-fr"])
def test_a_text_with_a_context_stands_in_that_export(language: str) -> None:
    """An entry for one export is of a text it has, and says it otherwise than the entry for all."""
    for_all = {one.id: one.string for one in entries(language) if not one.context}
    with_context = [one for one in entries(language) if one.context]
    assert with_context
    for one in with_context:
        assert (one.context, one.id) in set(query_texts())
        assert one.string != for_all[one.id]


def test_sentences_are_templates_with_exactly_the_values_given() -> None:
    """Nothing is formatted into a sentence before it has its language."""
    elsewhere = set()
    for path, node in sentence_calls():
        if called(node) == UnknownValueError.__name__ or not node.args:
            continue
        text = written(node)
        if text is None:
            elsewhere.add(ast.unparse(node))
            continue
        given = {keyword.arg for keyword in node.keywords} - NOT_VALUES
        assert given == (holes(text) if given or holes(text) else set()), f"{path}: {text}"
    assert elsewhere == set(NOT_WRITTEN_THERE)


def test_a_percent_sign_is_only_where_a_value_goes_in() -> None:
    """Pages put values into every text that they show; a bare sign ends with an error there."""
    shown = page_texts() | marked_texts()
    texts = {text for key in shown for text in ([key] if isinstance(key, str) else key)}
    said = {text for key, strings in french().items() if key in shown for text in strings}
    assert {text for text in texts | said if re.search(r"%(?!\(\w+\)s)", text)} == set()


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
        "{row}, column {column!r}: found a text of {units:,} UTF-16 units, a spreadsheet cell "
        "holds at most {most:,}; choose CSV, JSONL or Parquet, or have such texts cut "
        "(--long-cells cut)",
        row="id 3", column="it's", units=40_000, most=32_767,
    )  # fmt: skip
    assert str(text) == (
        'id 3, column "it\'s": found a text of 40,000 UTF-16 units, a spreadsheet cell holds at '
        "most 32,767; choose CSV, JSONL or Parquet, or have such texts cut (--long-cells cut)"
    )
    assert translated(text, "fr") == (
        "id 3, colonne «\N{NO-BREAK SPACE}it's\N{NO-BREAK SPACE}»\N{NO-BREAK SPACE}: ce texte a "
        "40\N{NARROW NO-BREAK SPACE}000 unités UTF-16, une cellule de tableur en contient au plus "
        "32\N{NARROW NO-BREAK SPACE}767\N{NO-BREAK SPACE}; choisissez CSV, JSONL ou Parquet, ou "
        "faites couper ces textes (--long-cells cut)"
    )
    assert from_json(to_json(text)) == text


def test_an_error_keeps_its_words_in_every_language() -> None:
    """Through being stored, and with the reason of the operating system in it."""
    cause = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    error = StorageError("{thing}: {error}", thing="{braces}", error=cause)
    assert str(error) == "{braces}: No space left on device"
    assert translated(from_json(to_json([error.text]))[0], "fr") == (
        "{braces}\N{NO-BREAK SPACE}: il n’y a plus de place sur le disque"
    )
    assert translated(Text("nobody translated {this}", this=1), "fr") == "nobody translated 1"


def test_examples_of_languages() -> None:
    """The worked examples in the docstrings."""
    found = doctest.testmod(languages)
    assert found.attempted > 2
    assert found.failed == 0


def test_french_apostrophes() -> None:
    """An apostrophe is ’ wherever people read French; only the headers of columns keep the straight
    one, because files made before have them and their readers look for them."""
    headers = {column.headers["en"] for name in EXPORT_TYPES for column in query(name).columns}
    straight = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")
    said_so = [text for key, texts in french().items() if key not in headers for text in texts]
    assert [text for text in said_so if straight.search(text)] == []


NEVER_ON_A_PAGE = {
    "channel: found {channel!r}; allowed: {allowed}": "pages offer the channels there are",
    "channels: found an id of {count} characters; allowed 1 to {longest}": "pages offer those",
    "groups: found {name!r}, which there is not; make the group first": "pages offer those",
    "columns: found {found}, of which {export_type} has none; allowed there: {allowed}": "columns",
    "cursor: found one that is not of this list; allowed the next_cursor of the page before": "API",
    "exports: found beside export {export_type}; name one export, or several as exports": "API",
    "from: found {start}, which is not before to ({end}); choose a later --to": "command line",
    "{field}: found {found}; a saved export has a period instead, leave it out": "API",
    "limit: found {limit}; allowed 1 to 500": "API",
}
"""Sentences with names of fields, of what pages cannot ask wrongly."""


def test_pages_say_what_is_wrong_without_names_of_fields() -> None:
    """What people do wrong in a form; the field is beside it, and has another name there."""
    said_of_forms = {
        text
        for path, call in sentence_calls()
        if {"people", "periods.py", "store_saved.py"} & set(path.relative_to(PACKAGE).parts)
        or (path.name == "request.py" and "from: " in ast.unparse(call))
        if (text := written(call)) and re.match(r"\{?[a-z_]+\}?: ", text)
    }
    assert len(said_of_forms) > 10
    assert said_of_forms - NEVER_ON_A_PAGE.keys() <= PAGE_SENTENCES.keys()
    said_somewhere = sentences()
    for template, on_a_page in PAGE_SENTENCES.items():
        assert template in said_somewhere, "nobody says so"
        assert not re.match(r"\{?[a-z_]+\}?: ", on_a_page)
