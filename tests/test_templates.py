"""What templates may ask for, and how: the state of a form travels as a body, its token too."""

from __future__ import annotations

import importlib.util
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest

import tawny.server
from tawny.server.pages.compiled_templates import CompiledTemplates

FOLDER = Path(tawny.server.__file__).parent
TEMPLATES = sorted((FOLDER / "templates").rglob("*.html"))
LONGEST_ADDRESS = 1000
"""Letters that the fields of a form in an address may hold together; a proxy takes 8 kB."""


class _Requests(HTMLParser):
    """Notes what is wrong with the requests that a template makes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self._form: dict[str, str | None] | None = None
        self._letters = 0
        self._has_token = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if "hx-include" in found:
            self.wrong.append("hx-include")
        if tag == "form":
            self._form, self._letters, self._has_token = found, 0, False
        elif "hx-get" in found and self._form is not None:
            self.wrong.append(f"hx-get of a <{tag}> in a form, whose fields htmx sends with it")
        if self._form is None:
            return
        name = found.get("name")
        self._has_token |= name == "_csrf"
        if tag == "input" and found.get("type") not in ("checkbox", "radio"):
            self._letters += int(found.get("maxlength") or 10 * LONGEST_ADDRESS)
        elif name:
            self._letters += 50

    def handle_endtag(self, tag: str) -> None:
        if tag != "form" or self._form is None:
            return
        by_address = "hx-get" in self._form or self._form.get("method") == "get"
        if by_address and self._has_token:
            self.wrong.append("the token of the session in a form that is sent as an address")
        if by_address and self._letters > LONGEST_ADDRESS:
            self.wrong.append("a form of any length that is sent as an address")
        if not by_address and not self._has_token:
            self.wrong.append("a form without the token of the session")
        self._form = None


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_the_state_of_a_form_is_never_an_address(path: Path) -> None:
    text = re.sub(r"\{%.*?%\}|\{#.*?#\}|\{\{.*?\}\}", "", path.read_text(encoding="utf-8"))
    wrong = _Requests(text).wrong
    if path.stem in ("sign_in", "set_up"):  # there is no session yet
        wrong.remove("a form without the token of the session")
    assert wrong == []


def test_scripts_send_no_form_as_an_address() -> None:
    for path in (FOLDER / "static").glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert "_csrf" not in text and "URLSearchParams" not in text, path


def test_compiled_templates_are_kept_and_damage_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept ones are read again, whatever bytes there are instead; nothing is written by who must
    not write byte code."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    module = tmp_path / "environment.py"
    module.write_text("")

    def page() -> str:
        environment = jinja2.Environment(
            loader=jinja2.DictLoader({"page": "one {{ 1 + 1 }}"}),
            bytecode_cache=CompiledTemplates(str(module), "en"),
        )
        return environment.get_template("page").render()

    folder = Path(importlib.util.cache_from_source(str(module))).parent
    assert page() == "one 2"  # nowhere to write
    folder.mkdir(parents=True)
    assert page() == "one 2"
    [kept] = folder.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole.replace(b"one ", b"two "))
    assert page() == "two 2"
    for damaged in (b"", b"no byte code", whole[:20], whole[:-3], whole[:40] + b"\xff" * 40):
        kept.write_bytes(damaged)
        assert page() == "one 2"
    module.write_text("# another environment")
    kept.unlink()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert page() == "one 2"
    assert not list(folder.iterdir())


def test_a_constant_that_a_filter_translates_is_compiled_for_each_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    module = tmp_path / "environment.py"
    module.write_text("")
    Path(importlib.util.cache_from_source(str(module))).parent.mkdir(parents=True)
    for language in ("en", "fr", "en"):
        environment = jinja2.Environment(
            loader=jinja2.DictLoader({"page": "{{ 'day' | in_words }}"}),
            bytecode_cache=CompiledTemplates(str(module), language),
        )
        environment.filters["in_words"] = lambda text, language=language: f"{text} {language}"
        assert environment.get_template("page").render() == f"day {language}"


def test_room_and_weight_come_from_one_scale() -> None:
    """Where things stand apart, and how heavy letters are, is said by the tokens of `base.css`;
    only what is larger than its largest step is a measure of its own."""
    wrong = []
    for path in sorted((FOLDER / "static").glob("*.css")):
        text = re.sub(r"@font-face \{.*?\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for name, value in re.findall(r"(?<![\w-])((?:padding|margin|gap)[a-z-]*): ([^;}]+)", text):
            if any(float(number) <= 1.5 for number in re.findall(r"([\d.]+)rem", value)):
                wrong.append(f"{path.name}: {name}: {value}")
        weights = re.findall(r"font-weight: (?!400|var\()[^;}]+", text)
        wrong += [f"{path.name}: {weight}" for weight in weights]
    assert not wrong


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_colon_stands_as_the_language_has_it(path: Path) -> None:
    """Before it French has a space that does not break; `_(":")` knows. JSON is in no language."""
    text = re.sub(r"<code>.*?</code>", "", path.read_text(encoding="utf-8"))
    assert re.findall(r".{0,40}\}\}:[ <]", text) == []
