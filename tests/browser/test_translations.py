"""Every text of the pages has its French, and says the same things in it."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import tawny.server
from tawny.server.pages import names
from tawny.server.pages.charts import LABELS, SERIES, TITLES
from tawny.state.callers import Role, Scope
from tawny.state.run_rows import RunState

FOLDER = Path(tawny.server.__file__).parent
METHODS = [("pages/**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {
    "templates/**.html": {
        "trim_blocks": "true", "lstrip_blocks": "true",
        "extensions": "jinja2.ext.i18n,jinja2.ext.loopcontrols",
    }
}  # fmt: skip
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "plural": (1, 2)}


def _texts() -> set[str | tuple[str, ...]]:
    found = extract_from_dir(FOLDER, METHODS, OPTIONS, keywords=KEYWORDS)
    return {tuple(m[2]) if isinstance(m[2], tuple) else m[2] for m in found}


def test_french_is_complete() -> None:
    """No text is missing, none is left over, placeholders agree."""
    with (FOLDER / "translations" / "fr" / "tawny.po").open("rb") as stream:
        french = {
            tuple(one.id) if isinstance(one.id, (tuple, list)) else one.id: one
            for one in read_po(stream)
            if one.id
        }
    texts = _texts()
    assert len(texts) > 250
    assert texts - set(french) == set()
    assert set(french) - texts == set()
    for key, one in french.items():
        assert not one.fuzzy, key
        originals = key if isinstance(key, tuple) else (key,)
        strings = one.string if isinstance(one.string, (tuple, list)) else (one.string,)
        for original, string in zip(originals, strings, strict=True):
            assert string, key
            holes = re.compile(r"%\(\w+\)s")
            assert sorted(holes.findall(original)) == sorted(holes.findall(string)), key


def test_french_typography() -> None:
    """A no-break space stands before : ; ? ! and inside guillemets."""
    text = (FOLDER / "translations" / "fr" / "tawny.po").read_text(encoding="utf-8")
    french = re.findall(r'^msgstr(?:\[\d\])? "(.*)"$', text, re.MULTILINE)
    assert [line for line in french if re.search(r" [:;?!»]|« ", line)] == []


def test_every_word_of_the_program_has_a_name() -> None:
    """States, roles and scopes that the back end knows have words on the pages."""
    assert set(names.STATES) == {state.value for state in RunState}
    assert set(names.ROLES) == {role.value for role in Role}
    assert set(names.SCOPES) == {scope.value for scope in Scope}
    assert TITLES and SERIES and LABELS
