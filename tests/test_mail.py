"""Delivery by mail through a server in a process of its own, by the command line."""

from __future__ import annotations

import io
import json
import shutil
import socket
import sqlite3
import threading
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from commands import Result, ingest, ndjson, tawny
from mail_server import PASSWORD, URL_PASSWORD, USER, MailServer, mail_server
from server.running import running, small_log
from tawny.deliveries import mailer
from test_sftp import RANGE, again, daily, done, told

NAME = "messages_2026-06-08_r1.csv"
SENDER = "Exports <exports@example.com>"


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    with mail_server() as made:
        yield made


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a small log."""
    home = tmp_path_factory.mktemp("mail") / "home"
    ingest(home, ndjson(small_log()))
    return home


@pytest.fixture
def home(
    tmp_path: Path, log: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A copy of it, and a server at which nothing has arrived."""
    monkeypatch.setenv("TAWNY_OUTGOING_PRIVATE", "127.0.0.1,::1")
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    monkeypatch.setenv("TAWNY_SMTP_URL", server.url())
    monkeypatch.setenv("TAWNY_MAIL_FROM", SENDER)
    home = tmp_path / "home"
    shutil.copytree(log, home)
    yield home
    server.forget()


def add(home: Path, to: str, *more: str) -> None:
    said = done(home, "destinations", "add", "mail", "there", "--to", to, *more)
    assert said == "there is set up; tawny destinations test there says whether it works\n"


def backfill(home: Path, *more: str) -> Result:
    return tawny(home, "schedules", "backfill", "daily", *RANGE, *more)


def listed(home: Path) -> dict[str, Any]:
    (found,) = json.loads(done(home, "deliveries", "list", "--json"))
    assert isinstance(found, dict)
    return found


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    text = found.get_content()
    assert isinstance(text, str)
    return text.replace("\r\n", "\n")


def attached(message: EmailMessage) -> list[tuple[str, str, bytes]]:
    found = []
    for one in message.iter_attachments():
        data = one.get_content()
        name = one.get_filename() or ""
        found.append((name, one.get_content_type(), data if isinstance(data, bytes)
                      else one.get_payload(decode=True)))  # fmt: skip
    return found  # type: ignore[return-value]


# --- whole way ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["smtps", "starttls", "open"])
def test_a_file_arrives_attached(
    home: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("TAWNY_SMTP_URL", server.url(kind, *([""] if kind == "open" else [])))
    add(home, "anna@example.com")
    daily(home)
    assert backfill(home).status == 0
    (message,) = server.messages()
    assert (message["From"], message["To"], message["X-Reader"]) == (
        SENDER, "anna@example.com", "anna@example.com",
    )  # fmt: skip
    assert message["Subject"] == "daily: 2026-06-08"
    assert message["Message-ID"].endswith("@example.com>")
    assert message["Auto-Submitted"] == "auto-generated"
    (file,) = listed(home)["files"]
    ((name, content_type, data),) = attached(message)
    assert (name, content_type, data) == (
        NAME, "text/csv", next(home.rglob("*.csv")).read_bytes(),
    )  # fmt: skip
    assert part(message, "plain") == (
        f"{NAME} is attached.\n"
        "\n"
        f"Note: {part(message, 'plain').split('Note: ')[1].partition('.')[0]}.\n"
        "\n"
        "Exports: messages\n"
        "Range: 2026-06-08 (Europe/Paris)\n"
        f"Rows: {file['rows']}\n"
        f"Size: {file['bytes']:,} bytes\n"
        f"SHA-256: {file['sha256']}\n"
        "Revision: 1\n"
        "\n"
        "-- \n"
        "Tawny sends this because the schedule daily delivers to there.\n"
    )
    assert "the file may lack events of" in part(message, "plain")
    html = part(message, "html")
    assert (
        '<html lang="en">' in html and f'<p style="margin:0 0 12px">{NAME} is attached.</p>' in html
    )
    assert file["sha256"] in html


def test_a_reader_is_written_to_in_their_language(home: Path, server: MailServer) -> None:
    assert done(home, "destinations", "list") != ""
    with sqlite3.connect(home / "state.db") as state:
        for name, language in (("root", "fr"), ("zoe@example.com", "en")):
            state.execute(
                "INSERT INTO users (name, display_name, password_hash, role, presence, disabled, "
                "language, created_ms) VALUES (?, '', '', 'administrator', 1, 0, ?, 0)",
                (name, language),
            )
    owner = ("--owner", "root")
    done(home, "destinations", "add", "mail", "there", "--to",
         "anna@example.com; Zoe@Example.com", *owner)  # fmt: skip
    done(home, "schedules", "add", "<daily> & more", "messages", "--frequency", "daily", "--tz",
         "Europe/Paris", "--destination", "there", *owner)  # fmt: skip
    done(home, "schedules", "backfill", "<daily> & more", *RANGE, *owner)
    anna, zoe = server.messages()
    assert anna["Subject"] == "<daily> & more\u00a0: 2026-06-08"
    assert f"{NAME} est joint." in part(anna, "plain")
    assert "Taille\u00a0: " in part(anna, "plain")
    assert '<html lang="fr">' in part(anna, "html")
    assert "&lt;daily&gt; &amp; more" in part(anna, "html")
    assert "<daily>" not in part(anna, "html")
    # The domain in small letters; the name as it was given.
    assert zoe["To"] == "Zoe@example.com"
    assert f"{NAME} is attached." in part(zoe, "plain")
    assert anna["Message-ID"] != zoe["Message-ID"]


def test_a_file_that_is_too_large_has_a_link(
    home: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAWNY_PUBLIC_URL", "https://tawny.example.com/x")
    add(home, "anna@example.com", "--attach-mb", "0")
    daily(home)
    assert backfill(home).status == 0
    done(home, "destinations", "set", "there", "--attach-mb", "10", "--link", "always")
    assert backfill(home, "--again").status == 0
    monkeypatch.delenv("TAWNY_PUBLIC_URL")
    done(home, "destinations", "set", "there", "--link", "beyond", "--attach-mb", "0")
    assert backfill(home, "--again").status == 0
    first, second, third = server.messages()
    for message, revision in ((first, 1), (second, 2), (third, 3)):
        assert attached(message) == []
        assert f"messages_2026-06-08_r{revision}.csv is ready." in part(message, "plain")
    link = f"https://tawny.example.com/x/exports/{json.loads(_first(home))['export']}"
    assert f"Fetch it here, after signing in:\n\n{link}\n" in part(first, "plain")
    assert f'<a href="{link}">{link}</a>' in part(first, "html")
    assert "It is revision 2 and replaces what was sent before." in part(second, "plain")
    assert "Fetch it here" in part(second, "plain")
    assert "Sign in to Tawny to fetch it." in part(third, "plain")
    assert "https://" not in part(third, "plain")


def _first(home: Path) -> str:
    found = json.loads(done(home, "deliveries", "list", "--json"))
    return json.dumps(found[-1])


def test_files_above_the_limit_are_not_attached(home: Path, server: MailServer) -> None:
    add(home, "anna@example.com", "--attach-mb", "1")
    done(home, "schedules", "add", "daily", "users", "--frequency", "daily", "--tz",
         "Europe/Paris", "--destination", "there")  # fmt: skip
    assert backfill(home).status == 0
    (run,) = (one for one in home.rglob("*.csv"))
    data = run.read_bytes()
    run.write_bytes(data + b"x" * (1_000_001 - len(data)))
    with sqlite3.connect(home / "state.db") as state:
        columns = [row[1] for row in state.execute("PRAGMA table_info(runs)")]
        assert "receipt" in columns
        state.execute("UPDATE runs SET receipt = json_set(receipt, '$.bytes', 1000001)")
    again(home)
    message = server.messages()[-1]
    assert attached(message) == []
    assert (
        "users_2026-06-08_r1.csv is too large to be attached: 1,000,001 bytes, more than 1 MB."
        in part(message, "plain")
    )


def test_several_exports_are_one_archive(home: Path, server: MailServer) -> None:
    add(home, "anna@example.com")
    done(home, "schedules", "add", "daily", "users", "teams", "--frequency", "weekly", "--tz",
         "Europe/Paris", "--destination", "there")  # fmt: skip
    done(home, "schedules", "backfill", "daily", "--from", "2026-06-08", "--to", "2026-06-15")
    (message,) = server.messages()
    assert message["Subject"] == "daily: 2026-06-08 – 2026-06-14"
    assert "Exports: teams, users\n" in part(message, "plain")
    ((name, content_type, data),) = attached(message)
    assert (name, content_type) == ("exports_2026-06-08_r1.zip", "application/zip")
    assert "users.csv" in zipfile.ZipFile(io.BytesIO(data)).namelist()


def test_a_message_has_one_id_at_every_try(home: Path, server: MailServer) -> None:
    add(home, "anna@example.com")
    daily(home)
    assert backfill(home).status == 0
    again(home)
    first, second = server.messages()
    assert first["Message-ID"] == second["Message-ID"]
    assert backfill(home, "--again").status == 0
    assert server.messages()[2]["Message-ID"] != first["Message-ID"]


def test_whoever_has_it_gets_no_second_copy_for_the_sake_of_others(
    home: Path, server: MailServer
) -> None:
    add(home, "anna@example.com,refused@example.com,later@example.com,zoe@example.com")
    daily(home)
    assert backfill(home).status == 1
    found = listed(home)
    assert (found["state"], found["reason"]) == (
        "failed",
        "localhost: refused@example.com: is refused by the server (550 5.1.1 no such user here)",
    )
    number = str(found["id"])
    tawny(home, "deliveries", "retry", number)
    readers = [one["X-Reader"] for one in server.messages()]
    assert readers == ["anna@example.com", "zoe@example.com", "later@example.com"]
    assert len(list((home / "mailed").iterdir())) == 1
    done(home, "destinations", "set", "there", "--to", "anna@example.com,later@example.com")
    done(home, "deliveries", "retry", number)
    assert listed(home)["state"] == "delivered"
    assert len(server.messages()) == 3
    assert list((home / "mailed").iterdir()) == []


def test_who_is_put_off_comes_back(home: Path, server: MailServer) -> None:
    add(home, "later@example.com")
    daily(home)
    assert backfill(home).status == 1
    assert listed(home)["reason"] == (
        "localhost: later@example.com: is put off by the server (451 4.7.1 greylisted, come back "
        "later)"
    )
    done(home, "deliveries", "retry", str(listed(home)["id"]))
    assert listed(home)["state"] == "delivered"
    assert len(server.messages()) == 1


def test_the_test_sends_a_marked_message(home: Path, server: MailServer) -> None:
    add(home, "anna@example.com")
    assert done(home, "destinations", "test", "there") == (
        "there works: a message marked as a test was sent and accepted\n"
    )
    (message,) = server.messages()
    assert message["Subject"] == "Test of there"
    assert part(message, "plain").startswith("This is a test: files of schedules that deliver to ")


# --- secrets and tricks ---------------------------------------------------------------------------


def test_the_password_is_found_nowhere(
    home: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(home, "echo@example.com,anna@example.com")
    daily(home)
    answers = [backfill(home)]
    reason = str(listed(home)["reason"])
    assert reason == (
        "localhost: echo@example.com: is refused by the server (550 you said *** and ***)"
    )
    monkeypatch.setenv("TAWNY_SMTP_URL", server.url(login=f"{USER.replace('@', '%40')}:wrong!!@"))
    answers.append(tawny(home, "destinations", "test", "there"))
    assert "the login was refused (535" in answers[-1].err
    for wrong in ("ftp://u:wrong!!@h", "smtps://u:wrong!!/x@h:1", "smtps://u:wr@ong!!@h:1"):
        monkeypatch.setenv("TAWNY_SMTP_URL", wrong)
        answers.append(tawny(home, "destinations", "list"))
        assert answers[-1].status == 2
        assert answers[-1].err.startswith(
            "tawny: TAWNY_SMTP_URL: found something else than allowed: smtps://user:password@host"
        )
    said = "".join(one.out + one.err for one in answers)
    for secret in (PASSWORD, URL_PASSWORD, "wrong!!", "ong!!"):
        assert secret not in said
        for path in home.rglob("*"):
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), path
    for message in server.messages():
        assert PASSWORD not in message.as_string()


def test_a_name_cannot_add_a_header_or_a_reader(home: Path, server: MailServer) -> None:
    add(home, "anna@example.com")
    daily(home)
    name = "daily\r\nBcc: x@example.com\r\n\r\n<script>alert(1)</script>"
    with sqlite3.connect(home / "state.db") as state:
        state.execute("UPDATE schedules SET name = ?", (name,))
        state.execute("UPDATE destinations SET name = ?", (name,))
    done(home, "schedules", "backfill", name, *RANGE)
    (message,) = server.messages()
    assert message["Subject"] == ("daily Bcc: x@example.com <script>alert(1)</script>: 2026-06-08")
    assert (message["Bcc"], message["X-Reader"]) == (None, "anna@example.com")
    assert "<script>" not in part(message, "html")


@pytest.mark.parametrize(
    "address",
    ["anna", "anna@", "@example.com", "anna@example", "anna@exa mple.com", "a..b@example.com",
     ".a@example.com", "Anna <anna@example.com>", "anna@example.com\rBcc: x@example.com",
     "anna@-x.com", "é@example.com", f"{'a' * 65}@example.com", f"a@{'b' * 64}.com"],
)  # fmt: skip
def test_what_is_no_address_is_refused(home: Path, address: str) -> None:
    result = tawny(home, "destinations", "add", "mail", "there", "--to", address)
    assert (result.status, result.err) == (
        2,
        f"tawny: to: found {address!r}; allowed addresses such as anna@example.com, separated by "
        "commas\n",
    )


def test_a_domain_with_accents_and_the_same_address_twice(home: Path, server: MailServer) -> None:
    add(home, "anna@müller.example,\nanna@MÜLLER.example")
    shown = json.loads(done(home, "destinations", "show", "there", "--json"))
    assert shown["settings"] == {
        "to": "anna@xn--mller-kva.example", "attach_mb": "10", "link": "beyond",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "to: found nothing; a destination of the kind mail needs it"),
        (("--to", " , "), "to: found 0 addresses; allowed 1 to 50"),
        (("--to", ",".join(f"a{n}@example.com" for n in range(51))),
         "to: found 51 addresses; allowed 1 to 50"),
        (("--to", "a@example.com", "--attach-mb", "101"),
         "attach_mb: found '101'; allowed a whole number from 0 to 100"),
        (("--to", "a@example.com", "--attach-mb", "-1"),
         "attach_mb: found '-1'; allowed a whole number from 0 to 100"),
        (("--to", "a@example.com", "--link", "signed"),
         "link: found signed, but nothing says by which address people reach this server; whoever "
         "runs Tawny sets TAWNY_PUBLIC_URL"),
        (("--to", "a@example.com", "--link-days", "31"),
         "link_days: found '31'; allowed a whole number from 1 to 30"),
        (("--to", "a@example.com", "--link", "never"),
         "link: found 'never'; allowed: beyond, always, signed"),
        (("--to", "a@example.com", "--link", "always"),
         "link: found always, but nothing says by which address people reach this server; whoever "
         "runs Tawny sets TAWNY_PUBLIC_URL"),
        (("--to", "a@example.com", "--url", "https://h/x"),
         "url: found with the kind mail; allowed there: to, attach_mb, link, link_days"),
    ],
)  # fmt: skip
def test_what_is_refused(home: Path, words: tuple[str, ...], said: str) -> None:
    result = tawny(home, "destinations", "add", "mail", "there", *words)
    assert (result.status, result.err) == (2, f"tawny: {said}\n")


def test_without_a_server_there_is_no_mail(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAWNY_SMTP_URL")
    result = tawny(home, "destinations", "add", "mail", "there", "--to", "a@example.com")
    assert result.err == (
        "tawny: kind: found mail, but nothing says by which server and from whom it is sent; "
        "whoever runs Tawny sets TAWNY_SMTP_URL and TAWNY_MAIL_FROM\n"
    )


def test_a_running_server_sends_and_shows_no_password(
    tmp_path: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    with running(
        tmp_path / "home", smtp_url=server.url(), mail_from=SENDER, outgoing_private="127.0.0.1",
        public_url="https://tawny.example.com",
    ) as there:  # fmt: skip
        root, said = there.set_up("anna@example.com"), []

        def ask(method: str, path: str, **options: Any) -> httpx.Response:
            answer = root.request(method, path, **options)
            said.append(answer.text)
            return answer

        body: dict[str, Any] = {"name": "post", "kind": "mail", "attach_mb": 5,
                                "to": ["anna@example.com", "zoe@example.com"]}  # fmt: skip
        made = ask("POST", "/destinations", json=body).json()
        assert made["settings"] == {
            "to": "anna@example.com, zoe@example.com", "attach_mb": "5", "link": "beyond",
        }  # fmt: skip
        changed = {**body, "link": "always", "attach_mb": 0, "to": "anna@example.com"}
        number = made["id"]
        assert ask("PUT", f"/destinations/{number}", json=changed).json()["settings"] == {
            "to": "anna@example.com", "attach_mb": "0", "link": "always",
        }  # fmt: skip
        assert ask("POST", f"/destinations/{number}/test").status_code == 200
        refused = ask(
            "PUT", f"/destinations/{number}", json={**body, "to": ["refused@example.com"]}
        )
        assert refused.status_code == 200
        assert ask("POST", f"/destinations/{number}/test").status_code == 500
        page = f"{there.url}/settings"
        assert "smtps://exports%40example.com:***@localhost" in ask("GET", page).text
        for path in ("destinations", f"destinations/{number}", "destinations/new?kind=mail"):
            assert ask("GET", f"{there.url}/{path}").status_code == 200
        ask("GET", f"{there.url}/audit")
    assert len(server.messages()) == 1
    for secret in (PASSWORD, URL_PASSWORD):
        assert secret not in "".join(said)
        for file in (tmp_path / "home").rglob("*"):
            if file.is_file():
                assert secret.encode() not in file.read_bytes(), file
    server.forget()


# --- faults ---------------------------------------------------------------------------------------


def test_the_fault_is_named(
    home: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(home, "full@example.com")
    told(home, monkeypatch,
         "localhost: full@example.com: is refused by the server (552 5.2.2 mailbox full)",
         "localhost : full@example.com : refusé par le serveur "
         "(552 5.2.2 mailbox full)")  # fmt: skip
    monkeypatch.setenv("TAWNY_SMTP_URL", server.url("starttls", login=""))
    told(home, monkeypatch,
         "localhost: wants a login (530 5.7.0 Authentication required); whoever runs Tawny gives "
         "user and password in TAWNY_SMTP_URL",
         "localhost : demande une connexion (530 5.7.0 Authentication required) ; la personne qui "
         "exploite Tawny donne l’utilisateur et le mot de passe dans TAWNY_SMTP_URL")  # fmt: skip
    monkeypatch.setenv("TAWNY_SMTP_URL", server.url("open"))
    told(home, monkeypatch,
         "localhost: takes no login; leave user and password out of TAWNY_SMTP_URL",
         "localhost : n’accepte pas de connexion ; enlevez l’utilisateur et le mot de passe de "
         "TAWNY_SMTP_URL")  # fmt: skip
    port = server.ports["plain"]
    monkeypatch.setenv("TAWNY_SMTP_URL", f"smtp+starttls://localhost:{port}")
    told(home, monkeypatch,
         f"localhost: port {port}: offers no TLS (STARTTLS), without which nothing is sent",
         f"localhost : port {port} : ne propose pas TLS (STARTTLS), sans lequel rien n’est "
         "envoyé")  # fmt: skip
    monkeypatch.setenv("TAWNY_SMTP_URL", "smtps://localhost:1")
    told(home, monkeypatch, "localhost: port 1 is closed: nothing listens there",
         "localhost : le port 1 est fermé : rien n’y écoute")  # fmt: skip
    monkeypatch.setenv("TAWNY_SMTP_URL", server.url())
    monkeypatch.delenv("SSL_CERT_FILE")
    port = server.ports["smtps"]
    told(home, monkeypatch,
         f"localhost: port {port}: its certificate is not accepted: it is signed by itself; who "
         "trusts it names its authority in SSL_CERT_FILE where Tawny runs",
         f"localhost : port {port} : son certificat n’est pas accepté : il est signé par lui-même"
         " ; qui s’y fie nomme son autorité dans SSL_CERT_FILE là où Tawny tourne")  # fmt: skip
    monkeypatch.setenv("TAWNY_OUTGOING_HOSTS", "mail.example.com")
    told(home, monkeypatch,
         "localhost: calls to this host are not allowed; whoever runs Tawny adds it to "
         "TAWNY_OUTGOING_HOSTS",
         "localhost : les appels vers cet hôte ne sont pas permis ; qui fait tourner Tawny "
         "l’ajoute à TAWNY_OUTGOING_HOSTS")  # fmt: skip
    assert server.messages() == []


def test_what_is_no_mail_server_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(home, "anna@example.com")
    monkeypatch.setattr(mailer, "_STEP_TIMEOUT_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setenv("TAWNY_SMTP_URL", f"smtp+starttls://127.0.0.1:{port}")
        told(home, monkeypatch,
             f"127.0.0.1: port {port}: the mail server did not answer within 1 s",
             f"127.0.0.1 : port {port} : le serveur de mail n’a pas répondu en 1 s")  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        threading.Thread(target=_hangs_up, args=(other,), daemon=True).start()
        monkeypatch.setenv("TAWNY_SMTP_URL", f"smtp+starttls://127.0.0.1:{port}")
        told(home, monkeypatch,
             f"127.0.0.1: port {port}: the connection broke off, or no mail server answers there",
             f"127.0.0.1 : port {port} : la connexion a été coupée, ou aucun serveur de mail n’y "
             "répond")  # fmt: skip


def _hangs_up(listening: socket.socket) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        connection.close()
