"""Delivery as a signed message to a receiver in a process of its own, by the command line."""

from __future__ import annotations

import base64
import io
import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from commands import Result, ingest, ndjson, tawny
from server.running import small_log
from tawny.deliveries import webhook
from tawny.outgoing import connections
from test_sftp import RANGE, again, daily, done, move, told
from webhook_server import Message, WebhookServer, webhook_server

NAME = "messages_2026-06-08_r1.csv"


@pytest.fixture(scope="module")
def server() -> Iterator[WebhookServer]:
    with webhook_server() as made:
        yield made


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a small log."""
    home = tmp_path_factory.mktemp("webhook") / "home"
    ingest(home, ndjson(small_log()))
    return home


@pytest.fixture
def home(
    tmp_path: Path, log: Path, server: WebhookServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A copy of it, and a receiver to which nothing has come."""
    monkeypatch.setenv("TAWNY_OUTGOING_PRIVATE", "127.0.0.1,::1")
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    home = tmp_path / "home"
    shutil.copytree(log, home)
    yield home
    server.forget()


def add(home: Path, url: str, *more: str) -> str:
    """Set it up; returns the secret that was made."""
    said = done(home, "destinations", "add", "webhook", "there", "--url", url, *more)
    head = "there is set up; tawny destinations test there says whether it works\n"
    assert said.startswith(head)
    if said == head:
        return ""
    words = said.removeprefix(head).split()
    assert said == (
        f"{head}its messages are signed with {words[5].rstrip(';')}; keep it where they are "
        "received, it is shown this once\n"
    )
    return words[5].rstrip(";")


def set_secret(home: Path, given: str) -> str:
    """Renew the secret; returns the one that was made."""
    said = done(home, "destinations", "set", "there", "--signing-secret", given)
    assert said.startswith("there is changed\n")
    return said.split("signed with ")[1].partition(";")[0] if "signed" in said else ""


def backfill(home: Path) -> Result:
    return tawny(home, "schedules", "backfill", "daily", *RANGE)


def is_signed(message: Message, secret: str) -> bool:
    """Whether a receiver with that secret takes it."""
    try:
        Webhook(secret).verify(message.body, message.headers)
    except WebhookVerificationError:
        return False
    return True


def secret_of(number: int, size: int = 32) -> str:
    return "whsec_" + base64.b64encode(bytes([number]) * size).decode()


# --- whole way ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [True, False])
def test_a_delivery_is_told_with_the_words_of_the_api(
    home: Path, server: WebhookServer, monkeypatch: pytest.MonkeyPatch, tls: bool
) -> None:
    monkeypatch.setenv("TAWNY_PUBLIC_URL", "https://tawny.example.com/")
    secret = add(home, f"{server.tls_url if tls else server.url}/ok")
    daily(home)
    assert backfill(home).status == 0
    (message,) = server.messages()
    assert is_signed(message, secret) and not is_signed(message, secret_of(1))
    (listed,) = json.loads(done(home, "deliveries", "list", "--json"))
    assert listed["state"] == "delivered"
    changing = ("state", "reason", "tries", "next_try_at", "delivered_at", "erasure")
    assert message.content == {
        "type": "delivery.made",
        "timestamp": message.content["timestamp"],
        "data": {name: value for name, value in listed.items() if name not in changing},
    }
    assert message.content["timestamp"] <= listed["delivered_at"]
    assert message.id.startswith("msg_")
    assert message.headers["content-type"] == "application/json"
    host = f"localhost:{server.tls_port}" if tls else f"127.0.0.1:{server.port}"
    assert message.headers["host"] == host
    data = message.content["data"]
    assert data["exports"] == ["messages"]
    assert (data["slot"], data["time_zone"]) == (
        {"from": "2026-06-08", "to": "2026-06-09"}, "Europe/Paris",
    )  # fmt: skip
    assert data["link"] == f"https://tawny.example.com/exports/{data['export']}"
    (file,) = data["files"]
    path = next(home.rglob("*.csv"))
    assert (file["name"], file["bytes"]) == (NAME, path.stat().st_size)
    receipt = json.loads(path.with_name(f"{path.name}.receipt.json").read_text())
    assert (file["sha256"], file["rows"]) == (receipt["sha256"], receipt["rows"])


def test_the_same_delivery_is_told_in_the_same_words_at_every_try(
    home: Path, server: WebhookServer
) -> None:
    add(home, f"{server.url}/first-fails")
    daily(home)
    assert backfill(home).status == 1
    (failed,) = json.loads(done(home, "deliveries", "list", "--json"))
    assert failed["reason"] == f"127.0.0.1:{server.port}: answered 503 Service Unavailable"
    done(home, "deliveries", "retry", str(failed["id"]))
    done(home, "schedules", "run", "--due")
    again(home)
    messages = server.messages()
    assert len(messages) == 3
    assert len({(one.id, one.body) for one in messages}) == 1
    # A revision, and another range, are other deliveries.
    tawny(home, "schedules", "backfill", "daily", *RANGE, "--again")
    tawny(home, "schedules", "backfill", "daily", "--from", "2026-06-09", "--to", "2026-06-10")
    assert len({one.id for one in server.messages()}) == 3


def test_without_a_public_url_there_is_no_link(home: Path, server: WebhookServer) -> None:
    add(home, f"{server.url}/ok")
    daily(home)
    assert backfill(home).status == 0
    assert server.messages()[0].content["data"]["link"] is None
    (listed,) = json.loads(done(home, "deliveries", "list", "--json"))
    assert listed["link"] is None


def test_several_exports_are_told_as_the_archive_that_is_downloaded(
    home: Path, server: WebhookServer
) -> None:
    add(home, f"{server.url}/ok")
    done(home, "schedules", "add", "daily", "users", "teams", "--frequency", "daily", "--tz",
         "Europe/Paris", "--destination", "there")  # fmt: skip
    assert backfill(home).status == 0
    data = server.messages()[0].content["data"]
    assert data["exports"] == ["teams", "users"]
    (file,) = data["files"]
    assert file["name"] == "exports_2026-06-08_r1.zip"
    path = next(home.rglob("*.zip"))
    assert file["bytes"] == path.stat().st_size


def test_the_test_sends_a_marked_message(home: Path, server: WebhookServer) -> None:
    secret = add(home, f"{server.url}/ok")
    assert done(home, "destinations", "test", "there") == (
        "there works: a message marked as a test was sent and accepted\n"
    )
    (message,) = server.messages()
    assert is_signed(message, secret)
    assert message.id.startswith("test_")
    assert message.content == {
        "type": "delivery.test",
        "timestamp": message.content["timestamp"],
        "data": {"test": True, "destination": "there"},
    }
    (listed,) = json.loads(done(home, "destinations", "list", "--json"))
    assert (listed["error"], listed["used_at"] is None) == (None, False)
    assert listed["signing_secret"] is None


# --- secret ---------------------------------------------------------------------------------------


def test_two_secrets_sign_while_one_follows_the_other(home: Path, server: WebhookServer) -> None:
    first = add(home, f"{server.url}/ok")
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32

    def signed() -> tuple[bool, ...]:
        server.forget()
        done(home, "destinations", "test", "there")
        (message,) = server.messages()
        return tuple(is_signed(message, one) for one in secrets)

    secrets = [first]
    assert signed() == (True,)
    secrets.append(set_secret(home, "new"))
    assert signed() == (True, True)
    # What else is changed leaves both.
    done(home, "destinations", "set", "there", "--url", f"{server.url}/ok/")
    assert signed() == (True, True)
    shown = json.loads(done(home, "destinations", "show", "there", "--json"))
    assert shown["secrets"] == ["previous_signing_secret", "signing_secret"]
    assert set_secret(home, "end") == ""
    assert signed() == (False, True)
    assert set_secret(home, "end") == ""
    assert signed() == (False, True)
    secrets.append(set_secret(home, "new"))
    secrets.append(set_secret(home, "new"))
    assert signed() == (False, False, True, True)
    shown = json.loads(done(home, "destinations", "show", "there", "--json"))
    assert shown["settings"] == {"url": f"{server.url}/ok/"}


def test_a_secret_is_given_and_found_nowhere(
    home: Path, server: WebhookServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secrets = [secret_of(number) for number in (1, 2, 3)]
    monkeypatch.setenv("HOOK", secrets[0])
    (tmp_path / "hook").write_text(f"{secrets[1]}\n")
    monkeypatch.setattr("sys.stdin", io.StringIO(secrets[2]))
    assert add(home, f"{server.url}/status/500", "--signing-secret", "env:HOOK") == ""
    tawny(home, "destinations", "test", "there")
    assert is_signed(server.messages()[-1], secrets[0])
    assert set_secret(home, f"file:{tmp_path / 'hook'}") == ""
    assert set_secret(home, f"file:{tmp_path / 'hook'}") == ""
    tawny(home, "destinations", "test", "there")
    assert [is_signed(server.messages()[-1], one) for one in secrets] == [True, True, False]
    assert set_secret(home, "-") == ""
    tawny(home, "destinations", "test", "there")
    assert [is_signed(server.messages()[-1], one) for one in secrets] == [False, True, True]
    secrets.append(set_secret(home, "new"))
    daily(home)
    assert backfill(home).status == 1
    for path in home.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            for secret in secrets:
                assert secret.encode() not in data, path
                assert secret.removeprefix("whsec_").encode() not in data, path


SHAPE = (
    "signing_secret: found something else than allowed: whsec_ and the base64 of 24 to 64 bytes, "
    "new for one that Tawny makes, or end to have the one before end"
)


@pytest.mark.parametrize(
    "secret",
    ["hush", "whsec_", "whsec_a", secret_of(1, 23), secret_of(1, 65), f"{secret_of(1)}!", "end"],
)
def test_what_is_no_secret_is_refused(
    home: Path, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(secret))
    result = tawny(home, "destinations", "add", "webhook", "there", "--url", "https://h/x",
                   "--signing-secret", "-")  # fmt: skip
    assert (result.status, result.err) == (2, f"tawny: {SHAPE}\n")
    assert json.loads(done(home, "destinations", "list", "--json")) == []


FORM = "allowed https://HOST/PATH without a question mark"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "url: found nothing; a destination of the kind webhook needs it"),
        (("--url", "ftp://h/x"), f"url: found 'ftp://h/x'; {FORM}"),
        (("--url", "https:///x"), f"url: found 'https:///x'; {FORM}"),
        (("--url", "https://h:0/x"), f"url: found 'https://h:0/x'; {FORM}"),
        (("--url", "https://h/x?token=1"), f"url: found 'https://h/x?token=1'; {FORM}"),
        (("--url", "https://h/x y"), f"url: found 'https://h/x y'; {FORM}"),
        (("--url", "https://u@h/x"), f"url: found 'https://u@h/x'; {FORM}"),
        (("--url", "https://u:hush@h/x"),
         "url: found a password in it; give it by itself, as a secret of the destination"),
        (("--url", "https://h/x", "--template", "tawny"),
         "template: found with the kind webhook; allowed there: url"),
        (("--url", "https://h/x", "--signing-secret", "hush"),
         "--signing-secret: found the secret itself; allowed env:NAME, file:PATH or - (standard "
         "input): words of a command stand in the list of processes and in the history of the "
         "shell"),
        (("--url", "https://h/x", "--password", "-"),
         "password: found with the kind webhook, which has no such secret"),
    ],
)  # fmt: skip
def test_what_is_refused(
    home: Path, words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("hush"))
    result = tawny(home, "destinations", "add", "webhook", "there", *words)
    assert (result.status, result.err) == (2, f"tawny: {said}\n")


# --- faults ---------------------------------------------------------------------------------------


def test_without_tls_only_networks_of_ones_own_are_told(
    home: Path, server: WebhookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(home, f"{server.url}/ok")
    monkeypatch.setenv("TAWNY_OUTGOING_PRIVATE", "10.0.0.0/8")
    told(home, monkeypatch,
         "127.0.0.1: its address 127.0.0.1 is not a public one; whoever runs Tawny allows networks "
         "of their own in TAWNY_OUTGOING_PRIVATE",
         "127.0.0.1 : son adresse 127.0.0.1 n’est pas publique ; qui fait tourner Tawny autorise "
         "ses propres réseaux dans TAWNY_OUTGOING_PRIVATE")  # fmt: skip
    # Any public address would do; this one is on this machine.
    monkeypatch.setattr("tawny.outgoing.addresses.OutgoingRule.is_allowed", lambda *_: True)
    told(home, monkeypatch,
         f"127.0.0.1:{server.port}: http:// is allowed only into networks that "
         "TAWNY_OUTGOING_PRIVATE names; use https://",
         f"127.0.0.1:{server.port} : http:// n’est permis que vers les réseaux que nomme "
         "TAWNY_OUTGOING_PRIVATE ; utilisez https://")  # fmt: skip
    assert server.messages() == []
    monkeypatch.delenv("TAWNY_OUTGOING_PRIVATE")
    monkeypatch.setenv("TAWNY_LANGUAGE", "en")
    result = tawny(home, "destinations", "add", "webhook", "other", "--url", "http://h/x")
    assert result.err == (
        "tawny: url: found http://, which is allowed only into networks that "
        "TAWNY_OUTGOING_PRIVATE names; use https://\n"
    )


def test_the_fault_is_named(
    home: Path, server: WebhookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(home, f"{server.url}/ok")
    at = f"127.0.0.1:{server.port}"
    move(home, "https://no-such-host.invalid/x")
    told(home, monkeypatch, "no-such-host.invalid: no host of this name was found",
         "no-such-host.invalid : aucun hôte de ce nom n’a été trouvé")  # fmt: skip
    move(home, "http://127.0.0.1:1/x")
    told(home, monkeypatch, "127.0.0.1: port 1 is closed: nothing listens there",
         "127.0.0.1 : le port 1 est fermé : rien n’y écoute")  # fmt: skip
    for number, english, french in (
        (500, "answered 500 Internal Server Error and says: the table is locked second line",
         "a répondu 500 Internal Server Error et dit : the table is locked second line"),
        (410, "answered 410 Gone: nobody takes messages there any more; give another url or take "
         "the destination from its schedules",
         "a répondu 410 Gone : plus personne n’y prend de messages ; donnez une autre url ou "
         "retirez la destination de ses planifications"),
        (599, "answered 599 and says: the table is locked second line",
         "a répondu 599 et dit : the table is locked second line"),
    ):  # fmt: skip
        move(home, f"{server.url}/status/{number}")
        told(home, monkeypatch, f"{at}: {english}", f"{at} : {french}")
    move(home, f"{server.url}/first-fails")
    told(home, monkeypatch, f"{at}: answered 503 Service Unavailable",
         f"{at} : a répondu 503 Service Unavailable")  # fmt: skip
    move(home, f"{server.url}/noise")
    told(home, monkeypatch, f"{at}: what answers there does not speak HTTP as a web server does",
         f"{at} : ce qui y répond ne parle pas HTTP comme un serveur web")  # fmt: skip
    move(home, f"{server.url}/cut")
    told(home, monkeypatch, f"{at}: the connection broke off before an answer",
         f"{at} : la connexion a été coupée avant une réponse")  # fmt: skip
    move(home, f"{server.url}/endless")
    told(home, monkeypatch,
         f"{at}: answered 500 Internal Server Error and says: {'x' * 200}",
         f"{at} : a répondu 500 Internal Server Error et dit : {'x' * 200}")  # fmt: skip
    monkeypatch.setenv("TAWNY_OUTGOING_HOSTS", "hooks.example.com")
    told(home, monkeypatch,
         "127.0.0.1: calls to this host are not allowed; whoever runs Tawny adds it to "
         "TAWNY_OUTGOING_HOSTS",
         "127.0.0.1 : les appels vers cet hôte ne sont pas permis ; qui fait tourner Tawny "
         "l’ajoute à TAWNY_OUTGOING_HOSTS")  # fmt: skip


def test_a_redirect_is_not_followed(
    home: Path, server: WebhookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(home, f"{server.url}/redirect")
    at = f"127.0.0.1:{server.port}"
    told(home, monkeypatch,
         f"{at}: answered 302 Found, to go to /ok; redirects are not followed, give the address it "
         "leads to as url",
         f"{at} : a répondu 302 Found, pour aller à /ok ; les redirections ne sont pas suivies, "
         "donnez comme url l’adresse où elle mène")  # fmt: skip
    assert {one.path for one in server.messages()} == {"/redirect"}


def test_who_is_slow_is_not_waited_for(
    home: Path, server: WebhookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(home, f"{server.url}/slow")
    at = f"127.0.0.1:{server.port}"
    monkeypatch.setattr(connections, "STEP_TIMEOUT_S", 1)
    monkeypatch.setattr(webhook, "STEP_TIMEOUT_S", 1)
    told(home, monkeypatch, f"{at}: no answer to the message within 1 s",
         f"{at} : pas de réponse au message en 1 s")  # fmt: skip
    monkeypatch.setattr(connections, "STEP_TIMEOUT_S", 30)
    monkeypatch.setattr(webhook, "_MOST_S", 1)
    move(home, f"{server.url}/drip")
    told(home, monkeypatch, f"{at}: the answer was not whole within 1 s",
         f"{at} : la réponse n’était pas entière en 1 s")  # fmt: skip


def test_what_is_wrong_with_tls_is_named(
    home: Path, server: WebhookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{server.tls_url}/ok"
    add(home, url)
    port = server.tls_port
    advice = "; who trusts it names its authority in SSL_CERT_FILE where Tawny runs"
    french = " ; qui s’y fie nomme son autorité dans SSL_CERT_FILE là où Tawny tourne"
    move(home, url.replace("localhost", "127.0.0.1"))
    told(home, monkeypatch,
         f"127.0.0.1: port {port}: its certificate is not accepted: it is for another address"
         f"{advice}",
         f"127.0.0.1 : port {port} : son certificat n’est pas accepté : il est pour une autre "
         f"adresse{french}")  # fmt: skip
    move(home, f"https://127.0.0.1:{server.port}/ok")
    said = tawny(home, "destinations", "test", "there")
    assert said.err.startswith(
        f"tawny: 127.0.0.1\u00a0: port {server.port}\u00a0: on n’y parle pas TLS ("
    )
    monkeypatch.delenv("SSL_CERT_FILE")
    move(home, url)
    told(home, monkeypatch,
         f"localhost: port {port}: its certificate is not accepted: it is signed by itself"
         f"{advice}",
         f"localhost : port {port} : son certificat n’est pas accepté : il est signé par lui-même"
         f"{french}")  # fmt: skip
    assert server.messages() == []


def test_who_hangs_while_tls_begins_is_not_waited_for(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(home, "https://localhost/x")
    monkeypatch.setattr(connections, "STEP_TIMEOUT_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        move(home, f"https://127.0.0.1:{port}/x")
        told(home, monkeypatch,
             f"127.0.0.1: port {port}: no answer in time while TLS was begun",
             f"127.0.0.1 : port {port} : pas de réponse à temps au début de TLS")  # fmt: skip
