"""A TOML file is read up to a limit and refused in one sentence, whichever command reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import tawny

MAPPING = ("sources", "add", "table", "desk", "--mapping")
SENTENCES = (
    *("sources", "add", "chatwoot", "desk", "--url", "https://chat.example", "--account", "1"),
    *("--database-url", "env:PATH", "--sentences"),
)
APPLY = ("schedules", "apply")
COMMANDS = {"--mapping: ": MAPPING, "--sentences: ": SENTENCES, "": APPLY}

WRONG = {
    b"a = " + b"[" * 5000: "not TOML: tables or lists are nested too deeply",
    b"a = " + b"1" * 5000: "not TOML: a number has too many digits",
    b"a = '\xff'": "not TOML: byte 6 is not UTF-8",
    b"a = 1\n\n  b": "not TOML: Expected '=' after a key in a key/value pair (at end of document)",
    b"#" * ((1 << 20) + 1): "found more than 1,048,576 bytes; allowed up to that",
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
@pytest.mark.parametrize("option", COMMANDS)
def test_a_wrong_file_is_told_in_one_sentence(tmp_path: Path, option: str, text: bytes) -> None:
    file = tmp_path / "wrong.toml"
    file.write_bytes(text)
    result = tawny(tmp_path / "home", *COMMANDS[option], str(file))
    assert (result.status, result.out) == (2, "")
    assert result.err == f"tawny: {option}{file}: {WRONG[text]}\n"


@pytest.mark.parametrize("option", COMMANDS)
def test_a_file_that_is_none(tmp_path: Path, option: str) -> None:
    result = tawny(tmp_path / "home", *COMMANDS[option], str(tmp_path))
    assert result.err == (
        f"tawny: {option}{tmp_path}: Is a directory; give a TOML file"
        f"{'' if option else ', or - for standard input'}\n"
    )


def test_in_french(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text("a = 1\nb = [1\nc = 2", encoding="utf-8")
    monkeypatch.setenv("TAWNY_LANGUAGE", "fr")
    result = tawny(tmp_path / "home", *APPLY, str(file))
    assert result.err == (
        f"tawny: {file}\N{NO-BREAK SPACE}: ce n’est pas du TOML\N{NO-BREAK SPACE}: une liste n’est "
        "pas fermée (ligne 3, colonne 1)\n"
    )


@pytest.mark.parametrize("sentence", ["{user added {label}", "added }", "{user.name} added"])
def test_a_sentence_with_wrong_braces_is_refused(tmp_path: Path, sentence: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(f'"labels.added" = "{sentence}"\n', encoding="utf-8")
    result = tawny(tmp_path / "home", *SENTENCES, str(file))
    assert result.status == 2
    assert "found 'labels.added'; allowed the keys " in result.err
