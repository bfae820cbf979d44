"""Delivery to an SFTP server, a real one, by the command line: the whole way and every fault."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from commands import ingest, ndjson, tawny
from processes import small_disk
from server.running import small_log
from ssh_server import SshServer, ssh_server
from tawny.deliveries import sftp, sftp_host_key
from tawny.deliveries.kinds import destination_kind
from tawny.deliveries.parcels import DeliveryError, OutgoingFile
from tawny.deliveries.places import bring
from tawny.deliveries.unfinished import UnfinishedNames
from tawny.settings import Settings
from test_revisions import conversation, erased

RANGE = ("--from", "2026-06-08", "--to", "2026-06-09")
NAME = "messages/date=2026-06-08/messages_2026-06-08_r1.csv"
SETTINGS = Settings({"TAWNY_OUTGOING_PRIVATE": "127.0.0.1"})


@pytest.fixture(scope="module")
def server() -> Iterator[SshServer]:
    with ssh_server() as made:
        yield made


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a small log."""
    home = tmp_path_factory.mktemp("sftp") / "home"
    ingest(home, ndjson(small_log()))
    return home


@pytest.fixture
def home(
    tmp_path: Path, log: Path, server: SshServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A copy of it, with the secrets of the account, and an empty inbox."""
    monkeypatch.setenv("TAWNY_OUTGOING_PRIVATE", "127.0.0.1")
    monkeypatch.setenv("SFTP_PASSWORD", server.password or "none")
    (tmp_path / "key").write_text(server.private_key)
    home = tmp_path / "home"
    shutil.copytree(log, home)
    yield home
    for path in server.inbox.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def done(home: Path, *arguments: str) -> str:
    result = tawny(home, *arguments)
    assert (result.status, result.err) == (0, ""), result
    return result.out


def add(home: Path, url: str, *more: str) -> str:
    secret = more or ("--private-key", f"file:{home.parent / 'key'}")
    return done(home, "destinations", "add", "sftp", "there", "--url", url, *secret)


def daily(home: Path) -> None:
    done(home, "schedules", "add", "daily", "messages", "--frequency", "daily", "--tz",
         "Europe/Paris", "--destination", "there")  # fmt: skip


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def again(home: Path) -> None:
    """Deliver again, as after a kill between the upload and the note of it."""
    with sqlite3.connect(home / "state.db") as state:
        state.execute("UPDATE deliveries SET state = 'running', files = '[]'")
    done(home, "schedules", "run", "--due")


# --- whole way ------------------------------------------------------------------------------------


def test_a_file_is_delivered_with_its_receipt_once(home: Path, server: SshServer) -> None:
    said = add(home, server.url)
    assert said == (
        "there is set up; tawny destinations test there says whether it works\n"
        f"its server is known from now on by the host key {server.host_key}; ask whoever runs the "
        "server whether that is its own\n"
    )
    assert done(home, "destinations", "test", "there") == (
        "there works: a small file was written, read back and removed\n"
    )
    assert files_in(server.inbox) == []
    daily(home)
    done(home, "schedules", "backfill", "daily", *RANGE)
    assert files_in(server.inbox) == [NAME, f"{NAME}.receipt.json"]
    delivered = json.loads(done(home, "deliveries", "list", "--json"))[0]["files"][0]
    data = (server.inbox / NAME).read_bytes()
    receipt = json.loads((server.inbox / f"{NAME}.receipt.json").read_text())
    assert (delivered["name"], delivered["bytes"]) == (NAME, len(data))
    assert delivered["sha256"] == receipt["sha256"]
    for options in ("", "-P posix-rename"):
        with server.with_options(options):
            again(home)
        assert files_in(server.inbox) == [NAME, f"{NAME}.receipt.json"]
        assert (server.inbox / NAME).read_bytes() == data


@pytest.mark.parametrize("options", ["", "-P posix-rename"])
def test_an_erased_contact_is_followed_there(home: Path, server: SshServer, options: str) -> None:
    ingest(home, ndjson(conversation("c-1", "2026-06-08", "p-1")))
    add(home, server.url)
    daily(home)
    done(home, "schedules", "backfill", "daily", *RANGE)
    (one,) = json.loads(done(home, "deliveries", "list", "--json"))
    done(home, "deliveries", "send", one["export"], "there")
    (sent,) = (server.inbox / "sent").glob("*/messages.csv")
    assert b"c-1-m" in sent.read_bytes() and b"c-1-m" in (server.inbox / NAME).read_bytes()
    ingest(home, ndjson([erased("p-1")]))
    with server.with_options(options):
        done(home, "schedules", "run", "--due")
    second, name = NAME.replace("_r1", "_r2"), str(sent.relative_to(server.inbox))
    # What a template names is taken away, what keeps its name is replaced.
    assert files_in(server.inbox) == [
        second, f"{second}.receipt.json", name, f"{name}.receipt.json",
    ]  # fmt: skip
    for path in server.inbox.rglob("*.*"):
        assert b"c-1-m" not in path.read_bytes() or path.suffix == ".json", path
    listed = json.loads(done(home, "deliveries", "list", "--json"))
    assert [(one["revision"], one["erasure"]) for one in listed] == [
        (2, None), (2, None), (1, "followed"), (1, "followed"),
    ]  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="an account with a password is made by root")
def test_a_password_is_given_once_and_found_nowhere(
    home: Path, server: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = asyncssh.import_private_key(server.private_key).export_private_key(
        passphrase="hush!", rounds=50
    )
    for given, typed in (
        (("--password", "env:SFTP_PASSWORD"), ""),
        (("--password", "-"), server.password),
        (("--private-key", "-", "--password", "env:PASSPHRASE"), locked.decode()),
    ):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        monkeypatch.setenv("PASSPHRASE", "hush!")
        add(home, server.url, *given)
        assert "works" in done(home, "destinations", "test", "there")
        shown = json.loads(done(home, "destinations", "show", "there", "--json"))
        assert shown["secrets"] == sorted(one.strip("-").replace("-", "_") for one in given[::2])
        assert shown["settings"] == {
            "url": server.url, "host_key": server.host_key, "template": "tawny",
        }  # fmt: skip
        done(home, "destinations", "remove", "there")
    secrets = (server.password.encode(), b"hush!", *locked.splitlines()[1:-1])
    for path in home.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(one in data for one in secrets), path


def test_what_is_given_of_a_host_key(home: Path, server: SshServer) -> None:
    key = ("--private-key", f"file:{home.parent / 'key'}")
    public = (server.folder / "host_key.pub").read_text().strip()
    fingerprint = server.host_key.split()[1]
    for given in (public, f"[127.0.0.1]:{server.port} {public}", fingerprint, server.host_key):
        add(home, server.url, *key, "--host-key", given)
        shown = json.loads(done(home, "destinations", "show", "there", "--json"))
        assert shown["settings"]["host_key"] == server.host_key
        done(home, "destinations", "remove", "there")
    words = ("destinations", "add", "sftp", "there", "--url", server.url, *key, "--host-key")
    wrong = f"SHA256:{'a' * 43}"
    assert tawny(home, *words, wrong).err.startswith(
        f"tawny: 127.0.0.1:{server.port}: the host key is another one: found {server.host_key}, "
        f"expected {wrong}; "
    )
    assert tawny(home, *words, "ssh-dss AAAA").err == (
        "tawny: host_key: found 'ssh-dss AAAA'; allowed a fingerprint such as SHA256:..., a public "
        "key such as ssh-ed25519 AAAA..., or new for what the server shows now\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "url: found nothing; a destination of the kind sftp needs it"),
        (("--url", "sftp://u@h/in"),
         "password or private_key: found nothing; a destination of the kind sftp needs it"),
        (("--url", "sftp://u:hush@h/in"),
         "url: found a password in it; give it by itself, as a secret of the destination"),
        (("--url", "ftp://u@h/in"), "url: found 'ftp://u@h/in'; allowed sftp://USER@HOST/FOLDER or "
         "sftp://USER@HOST:PORT/FOLDER"),
        (("--url", "sftp://h/in"), "url: found 'sftp://h/in'; allowed sftp://USER@HOST/FOLDER or "
         "sftp://USER@HOST:PORT/FOLDER"),
        (("--url", "sftp://u@h:99999/in"), "url: found 'sftp://u@h:99999/in'; allowed "
         "sftp://USER@HOST/FOLDER or sftp://USER@HOST:PORT/FOLDER"),
        (("--url", "sftp://u@h/in", "--password", "hush"), "--password: found the secret itself; "
         "allowed env:NAME, file:PATH or - (standard input): words of a command stand in the list "
         "of processes and in the history of the shell"),
        (("--url", "sftp://u@h/in", "--path", "/in"), "path: found with the kind sftp; allowed "
         "there: url, host_key, template, org, folder"),
    ],
)  # fmt: skip
def test_what_is_refused(home: Path, words: tuple[str, ...], said: str) -> None:
    result = tawny(home, "destinations", "add", "sftp", "there", *words)
    assert (result.status, result.err) == (2, f"tawny: {said}\n")


def test_secrets_are_given_again_for_another_server(home: Path, server: SshServer) -> None:
    add(home, server.url)
    result = tawny(home, "destinations", "set", "there", "--url", "sftp://u@elsewhere/in")
    assert result.err == (
        f"tawny: private_key: found nothing; it was given for 127.0.0.1:{server.port}, so give it "
        "again for elsewhere\n"
    )
    assert done(home, "destinations", "set", "there", "--url", f"{server.url}/") == (
        "there is changed\n"
    )


# --- faults ---------------------------------------------------------------------------------------


def fault(home: Path, language: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the test of the destination says."""
    monkeypatch.setenv("TAWNY_LANGUAGE", language)
    result = tawny(home, "destinations", "test", "there")
    assert (result.status, result.out) == (1, ""), result
    return result.err.removeprefix("tawny: ").removeprefix("tawny : ").strip()


def told(home: Path, monkeypatch: pytest.MonkeyPatch, english: str, french: str) -> None:
    assert fault(home, "en", monkeypatch) == english
    assert fault(home, "fr", monkeypatch) == french
    with sqlite3.connect(home / "state.db") as state:
        (kept,) = state.execute("SELECT error FROM destinations").fetchone()
    assert kept is not None


def move(home: Path, url: str, **options: str) -> None:
    """Have the destination be at another address, as if its server had changed."""
    with sqlite3.connect(home / "state.db") as state:
        (kept,) = state.execute("SELECT options FROM destinations").fetchone()
        changed = json.dumps({**json.loads(kept), "url": url, **options})
        state.execute("UPDATE destinations SET options = ?", (changed,))


def test_the_fault_is_named(
    home: Path, server: SshServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url, at = server.url, f"127.0.0.1:{server.port}"
    add(home, url)
    move(home, f"sftp://{server.user}@no-such-host.invalid/in")
    told(home, monkeypatch, "no-such-host.invalid: no host of this name was found",
         "no-such-host.invalid : aucun hôte de ce nom n’a été trouvé")  # fmt: skip
    move(home, f"sftp://{server.user}@127.0.0.1:1/in")
    told(home, monkeypatch, "127.0.0.1: port 1 is closed: nothing listens there",
         "127.0.0.1 : le port 1 est fermé : rien n’y écoute")  # fmt: skip
    move(home, f"{url}/none")
    told(home, monkeypatch,
         f"{at}: there is no folder {server.inbox}/none; make it there, or change the url",
         f"{at} : il n’y a pas de dossier {server.inbox}/none ; créez-le là-bas ou changez "
         "l’url")  # fmt: skip
    if os.geteuid() == 0:
        move(home, url.removesuffix("/inbox"))
        name = fault(home, "en", monkeypatch).split()[6]
        assert Path(name.rstrip(";")).parent == server.folder
        assert fault(home, "en", monkeypatch).endswith("; give it there, or change the url")
        assert f"{server.user} n’a pas de droits sur " in fault(home, "fr", monkeypatch)
    move(home, url)
    with server.cut_after(300):
        assert fault(home, "en", monkeypatch).endswith(": the connection broke off")
        assert fault(home, "fr", monkeypatch).endswith(" : la connexion a été coupée")
    (home.parent / "key").write_bytes(
        asyncssh.generate_private_key("ssh-ed25519").export_private_key()
    )
    told(home, monkeypatch,
         f"{at}: the login of {server.user} was refused; check the user, and its password or "
         "private key",
         f"{at} : la connexion de {server.user} a été refusée ; vérifiez l’utilisateur et son mot "
         "de passe ou sa clé privée")  # fmt: skip
    (home.parent / "key").write_text("nonsense")
    assert tawny(home, "destinations", "test", "there").err == (
        "tawny: private_key : aucune clé privée trouvée ; permis : une clé au format OpenSSH ou "
        "PEM\n"
    )
    (home.parent / "key").write_text(server.private_key)
    monkeypatch.setenv("TAWNY_OUTGOING_PRIVATE", "")
    told(home, monkeypatch,
         "127.0.0.1: its address 127.0.0.1 is not a public one; whoever runs Tawny allows networks "
         "of their own in TAWNY_OUTGOING_PRIVATE",
         "127.0.0.1 : son adresse 127.0.0.1 n’est pas publique ; qui fait tourner Tawny autorise "
         "ses propres réseaux dans TAWNY_OUTGOING_PRIVATE")  # fmt: skip


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_a_changed_host_key_is_refused_until_somebody_takes_it(
    home: Path, server: SshServer, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    add(home, server.url)
    before = server.host_key
    server.stop()
    after = server.new_host_key(kind)
    server.start()
    try:
        at = f"127.0.0.1:{server.port}"
        told(home, monkeypatch,
             f"{at}: the host key is another one: found {after}, expected {before}; ask who runs "
             "the server, and only if it was changed set host_key to new",
             f"{at} : la clé d’hôte est une autre : trouvée {after}, attendue {before} ; demandez "
             "à qui gère le serveur, et seulement si elle a été changée, mettez host_key à "
             "new")  # fmt: skip
        monkeypatch.setenv("TAWNY_LANGUAGE", "en")
        assert after in done(home, "destinations", "set", "there", "--host-key", "new")
        assert "works" in done(home, "destinations", "test", "there")
    finally:
        server.stop()
        server.new_host_key()
        server.start()


def test_a_full_disk_is_named(
    home: Path, server: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(server.inbox / "small", "64k") as disk:
        disk.chmod(0o777)
        (disk / "filler").write_bytes(b"x" * 65536)
        add(home, f"{server.url}/small")
        at = f"127.0.0.1:{server.port}: {disk}"
        assert fault(home, "en", monkeypatch) == f"{at}: no space is left there"
        assert fault(home, "fr", monkeypatch) == (
            f"127.0.0.1:{server.port} : {disk} : il n’y a plus de place là-bas"
        )
        assert files_in(disk) == ["filler"]


def test_what_is_no_sftp_server_is_named(
    home: Path, server: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(home, server.url)
    monkeypatch.setattr(sftp, "_SIGN_IN_TIMEOUT_S", 1)
    monkeypatch.setattr(sftp_host_key, "CONNECT_TIMEOUT_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        at = f"127.0.0.1:{silent.getsockname()[1]}"
        move(home, f"sftp://u@{at}/in")
        told(home, monkeypatch,
             f"{at}: the server does not answer as an SFTP server does within 1 s",
             f"{at} : le serveur ne répond pas comme un serveur SFTP en 1 s")  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as other:
        at = f"127.0.0.1:{other.getsockname()[1]}"
        threading.Thread(target=_answers_otherwise, args=(other,), daemon=True).start()
        move(home, f"sftp://u@{at}/in")
        assert fault(home, "en", monkeypatch).startswith(f"{at}: no SFTP server answers there (")


def _answers_otherwise(listening: socket.socket) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.close()


# --- breaks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", ["", "-P posix-rename"])
def test_a_break_anywhere_leaves_a_whole_file_after_the_next_try(
    server: SshServer, tmp_path: Path, options: str
) -> None:
    choice = destination_kind("sftp").look({"url": server.url}, SETTINGS)
    file = tmp_path / "data"
    file.write_bytes(os.urandom(30_000))
    unfinished = UnfinishedNames(tmp_path / "unfinished")

    def opened() -> sftp.SftpPlace:
        return sftp.SftpPlace(choice, {"private_key": server.private_key}, SETTINGS, unfinished)

    broken = 0
    for cut in (*range(150, 1000, 250), 20_000, *range(30_900, 32_400, 250)):
        folder = f"cut-{cut}-{len(options)}"
        for name in ("new", "there"):
            (server.inbox / folder).mkdir(exist_ok=True)
            if os.geteuid() == 0:
                shutil.chown(server.inbox / folder, server.user)
            outgoing = OutgoingFile(
                f"{folder}/{name}.csv", 30_000, "x", _Content(file), {"sha256": "x"}
            )
            with server.cut_after(cut), server.with_options(options):
                try:
                    place = opened()
                    try:
                        bring(place, [outgoing], None, tmp_path)
                    finally:
                        place.close()
                except DeliveryError:
                    broken += 1
            target = server.inbox / folder / f"{name}.csv"
            if (target.parent / f"{name}.csv.receipt.json").exists():
                assert target.read_bytes() == file.read_bytes()
            with server.with_options(options):
                place = opened()
            assert not files_in(tmp_path / "unfinished")
            assert not list(server.inbox.rglob("*.tawny-part"))
            bring(place, [outgoing], None, tmp_path)
            place.close()
            assert target.read_bytes() == file.read_bytes()
        shutil.rmtree(server.inbox / folder)
    assert broken > 12


def test_a_temporary_name_goes_though_nothing_is_delivered_any_more(
    home: Path, server: SshServer
) -> None:
    add(home, server.url)
    daily(home)
    left = ".messages_2026-06-08_r1.csv.receipt.json.0.tawny-part"
    for cut in range(2000, 6000, 400):
        with server.cut_after(cut):
            tawny(home, "schedules", "backfill", "daily", *RANGE, "--again")
        if found := list(server.inbox.rglob("*.tawny-part")):
            left = str(found[0])
            break
    assert Path(left).exists()
    with sqlite3.connect(home / "state.db") as state:
        state.execute("UPDATE deliveries SET state = 'given_up', next_try_ms = NULL")
        state.execute("UPDATE slots SET next_try_ms = NULL")
    done(home, "schedules", "run", "--due")
    assert not list(server.inbox.rglob("*.tawny-part"))
    assert files_in(home / "unfinished") == []


class _Content:
    """The file of an outgoing one, as often as it is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Path:
        return self._path

    def __exit__(self, *_: Any) -> None:
        return None
