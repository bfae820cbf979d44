"""Secrets with which Tawny goes elsewhere, to a help desk or to where files are delivered: a
reference to where one is, or, typed in once, the secret encrypted.

A plain one on the command line would stand in the process list and in the history of the shell, so
it is refused. The key that encrypts lies in a file, not in the state database.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tawny.disk import flush, translated_os_errors
from tawny.errors import RequestError
from tawny.settings import Settings

KEY_FILE = "secret.key"
"""The key in the data folder, unless the setting `secret_key_file` names another file."""
_OLD_KEY_FILE = "sources.key"
_ENCRYPTED = "encrypted:"
"""What it was called when only sources had secrets."""

_PASSWORD_IN_URL = re.compile(r"(://[^/@\s:]*):[^@\s]*@")
_PASSWORD_IN_WORDS = re.compile(r"\b(password|passfile|sslpassword)\s*=\s*('(?:[^'\\]|\\.)*'|\S+)")


def stored(home: Path, option: str, given: str, standard_input: str) -> str:
    """What is kept of a secret that was given as `env:NAME`, `file:PATH` or `-`."""
    if given == "-":
        return encrypted(home, _typed(option, standard_input))
    kind, where = _reference(option, given)
    return f"file:{Path(where).absolute()}" if kind == "file" else given


def plain(option: str, given: str, standard_input: str) -> str:
    """The secret that was given as `env:NAME`, `file:PATH` or `-`, for a server elsewhere."""
    if given == "-":
        return _typed(option, standard_input)
    _reference(option, given)
    return revealed(Path(), option, given)


def _typed(option: str, standard_input: str) -> str:
    secret = standard_input.strip()
    if not secret:
        raise RequestError(
            "{option}: found nothing on standard input; allowed one line with the secret",
            option=option,
        )
    return secret


def _reference(option: str, given: str) -> tuple[str, str]:
    kind, colon, where = given.partition(":")
    if not colon or kind not in ("env", "file") or not where:
        raise RequestError(
            "{option}: found the secret itself; allowed env:NAME, file:PATH or - (standard input): "
            "words of a command stand in the list of processes and in the history of the shell",
            option=option,
        )
    return kind, where


def encrypted(home: Path, secret: str) -> str:
    """What is kept of a secret itself."""
    return f"{_ENCRYPTED}{_cipher(home).encrypt(secret.encode()).decode()}"


def shown(kept: str) -> str:
    """What may be shown of a stored secret."""
    return kept if kept.startswith(("env:", "file:")) else "***"


def revealed(
    home: Path, option: str, kept: str, environment: Mapping[str, str] | None = None
) -> str:
    """The secret. Raises `RequestError` that says where was looked, never what was found."""
    kind, _, where = kept.partition(":")
    if kind == "env":
        secret = (os.environ if environment is None else environment).get(where, "")
        if not secret.strip():
            raise RequestError(
                "{option}: the environment variable {where} is not set or empty; set it where "
                "Tawny runs",
                option=option,
                where=where,
            )
        return secret.strip()
    if kind == "file":
        try:
            secret = Path(where).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error if isinstance(error, OSError) else "UTF-8"
            raise RequestError(
                "{option}: {where}: {error}; allowed a file that Tawny may read",
                option=option,
                where=where,
                error=reason,
            ) from None
        if not secret:
            raise RequestError(
                "{option}: the file {where} is empty; write the secret into it",
                option=option,
                where=where,
            )
        return secret
    try:
        return _cipher(home).decrypt(where.encode()).decode()
    except InvalidToken:
        raise RequestError(
            "{option}: the secret cannot be decrypted with {file}; give it again",
            option=option,
            file=_key_file(home),
        ) from None


def derived_key(home: Path, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, which says nothing of the key in the file nor of others.
    Raises `RequestError`."""
    path = _key_file(home)
    _cipher(home)  # it is made, and is one
    with translated_os_errors(str(path)):
        secret = base64.urlsafe_b64decode(path.read_bytes().strip())
    return HKDF(hashes.SHA256(), 32, salt=None, info=f"tawny {purpose}".encode()).derive(secret)


def is_same_secret(home: Path, kept: str, other: str | None) -> bool:
    """Whether two secrets that are kept are the same reference, or the same where they are
    encrypted."""
    if other is None or kept == other:
        return kept == other
    if not (kept.startswith(_ENCRYPTED) and other.startswith(_ENCRYPTED)):
        return False
    try:
        return revealed(home, "", kept) == revealed(home, "", other)
    except RequestError:  # one that cannot be decrypted any more is to be replaced
        return False


def cleaned(text: str, *secrets: str) -> str:
    """What a library says, without secrets: several print the whole address."""
    for secret in sorted({one for one in secrets if len(one) > 2}, key=len, reverse=True):
        text = text.replace(secret, "***")
    return without_password(text)


def without_password(address: str) -> str:
    """An address or its keywords as they may be shown."""
    address = _PASSWORD_IN_URL.sub(r"\1:***@", address)
    return _PASSWORD_IN_WORDS.sub(r"\1=***", address)


def _key_file(home: Path) -> Path:
    named = Settings().text("secret_key_file")
    if named:
        return Path(named).absolute()
    old = home / _OLD_KEY_FILE
    return old if old.exists() else home / KEY_FILE


def _cipher(home: Path) -> Fernet:
    path = _key_file(home)
    with translated_os_errors(str(path)):
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(Fernet.generate_key())
            flush(path)
        try:
            return Fernet(path.read_bytes())
        except ValueError:
            raise RequestError(
                "{path}: found no key; allowed the file Tawny wrote, or none, and one is made",
                path=path,
            ) from None
