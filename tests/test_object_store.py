"""Delivery to a real S3 server, by the command line: the whole way and every fault."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest

from commands import ingest, ndjson, tawny
from s3_server import BUCKET, S3Server, s3_server
from server.running import small_log
from tawny.deliveries.object_store import ObjectStorePlace
from tawny.settings import Settings
from test_revisions import conversation, erased
from test_sftp import NAME, RANGE, again, daily, done, move, told

SETTINGS = Settings({"TAWNY_OUTGOING_PRIVATE": "127.0.0.1"})
URL = f"s3://{BUCKET}/exports"


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as made:
        yield made


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a small log."""
    home = tmp_path_factory.mktemp("store") / "home"
    ingest(home, ndjson(small_log()))
    return home


@pytest.fixture
def home(tmp_path: Path, log: Path, server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, with a destination that a login with few rights writes to."""
    monkeypatch.setenv("TAWNY_OUTGOING_PRIVATE", "127.0.0.1")
    # What stands in the environment of Tawny counts for nothing.
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-somebody-else")
    monkeypatch.setenv("NO_PROXY", "*")
    home = tmp_path / "home"
    shutil.copytree(log, home)
    (tmp_path / "user").write_text("writer")
    (tmp_path / "secret").write_text(server.secret)
    said = done(home, "destinations", "add", "object_store", "there", "--url", URL, "--endpoint",
                server.endpoint, "--access-key", f"file:{tmp_path / 'user'}",
                "--secret-key", f"file:{tmp_path / 'secret'}")  # fmt: skip
    assert said == "there is set up; tawny destinations test there says whether it works\n"
    return home


def test_a_file_is_delivered_with_its_receipt_once(
    home: Path, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "there works" in done(home, "destinations", "test", "there")
    daily(home)
    done(home, "schedules", "backfill", "daily", *RANGE)
    monkeypatch.delenv("AWS_SESSION_TOKEN")
    names = [f"exports/{NAME}", f"exports/{NAME}.receipt.json"]
    assert server.names() == names
    (file,) = json.loads(done(home, "deliveries", "list", "--json"))[0]["files"]
    receipt = json.loads(server.data(names[1]))
    assert (receipt["sha256"], len(server.data(names[0]))) == (file["sha256"], file["bytes"])
    before = obstore.head(server.store(), names[0])
    again(home)
    assert server.names() == names
    # The same bytes are not sent twice.
    assert obstore.head(server.store(), names[0]) == before
    for name in names:
        obstore.delete(server.store(), name)
    for path in home.rglob("*"):
        if path.is_file():
            assert server.secret.encode() not in path.read_bytes(), path


def test_google_is_reached_by_its_hmac_keys(
    home: Path, server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As its own documentation says: its store answers calls for S3. This server does as well."""
    monkeypatch.delenv("AWS_SESSION_TOKEN")
    move(home, f"gs://{BUCKET}/google")
    assert "there works" in done(home, "destinations", "test", "there")
    daily(home)
    done(home, "schedules", "backfill", "daily", *RANGE)
    names = [f"google/{NAME}", f"google/{NAME}.receipt.json"]
    assert server.names() == names
    receipt = json.loads(server.data(names[1]))
    assert hashlib.sha256(server.data(names[0])).hexdigest() == receipt["sha256"]
    for name in names:
        obstore.delete(server.store(), name)
    (tmp_path / "secret").write_text('{"type": "service_account"}')
    refused = tawny(home, "destinations", "test", "there")
    assert (refused.status, refused.err) == (
        2, "tawny: secret_key: found the JSON of a service account; gs:// takes an HMAC key of it, "
        "as access_key and secret_key, which Google makes under Cloud Storage, Settings, "
        "Interoperability\n",
    )  # fmt: skip


def test_an_erased_contact_is_followed_there(
    home: Path, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_SESSION_TOKEN")
    ingest(home, ndjson(conversation("c-1", "2026-06-08", "p-1")))
    daily(home)
    done(home, "schedules", "backfill", "daily", *RANGE)
    (one,) = json.loads(done(home, "deliveries", "list", "--json"))
    done(home, "deliveries", "send", one["export"], "there")
    sent = next(name for name in server.names() if name.startswith("exports/sent/"))
    assert b"c-1-m" in server.data(sent) and b"c-1-m" in server.data(f"exports/{NAME}")
    ingest(home, ndjson([erased("p-1")]))
    done(home, "schedules", "run", "--due")
    second = f"exports/{NAME}".replace("_r1", "_r2")
    names = [second, f"{second}.receipt.json", sent, f"{sent}.receipt.json"]
    # What a template names is taken away, what keeps its name is replaced.
    assert server.names() == names
    assert b"c-1-m" not in server.data(second) + server.data(sent)
    listed = json.loads(done(home, "deliveries", "list", "--json"))
    assert [one["erasure"] for one in listed] == [None, None, "followed", "followed"]
    for name in names:
        obstore.delete(server.store(), name)


def test_a_large_file_goes_in_parts_and_replaces_what_was_there(
    server: S3Server, tmp_path: Path
) -> None:
    choice = {"url": URL, "endpoint": server.endpoint}
    secrets = {"access_key": "writer", "secret_key": server.secret}
    place = ObjectStorePlace(choice, secrets, SETTINGS)
    file = tmp_path / "file"
    for size in (9 << 20, 0, 5, (16 << 20) + 1):
        file.write_bytes(os.urandom(size))
        place.put("large.csv", file)
        found = obstore.head(server.store(), "exports/large.csv")
        assert found["size"] == size
        assert ("-" in str(found["e_tag"])) == (size > 8 << 20)
        assert server.data("exports/large.csv") == file.read_bytes()
    place.remove("large.csv")
    place.remove("large.csv")
    place.close()
    assert server.names() == []


def test_the_fault_is_named(
    home: Path, server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    login = "{}: the login was refused ({}); check the keys of the destination"
    connexion = (
        "{}\u00a0: la connexion a été refusée ({})\u00a0; vérifiez les clés de la destination"
    )
    (tmp_path / "secret").write_text("wrong")
    told(home, monkeypatch, login.format(BUCKET, "SignatureDoesNotMatch"),
         connexion.format(BUCKET, "SignatureDoesNotMatch"))  # fmt: skip
    (tmp_path / "user").write_text("nobody")
    told(home, monkeypatch, login.format(BUCKET, "InvalidAccessKeyId"),
         connexion.format(BUCKET, "InvalidAccessKeyId"))  # fmt: skip
    (tmp_path / "secret").write_text(server.secret)
    (tmp_path / "user").write_text("root")
    move(home, "s3://none/exports")
    told(home, monkeypatch, "none: there is no such bucket; make it there, or change the url",
         "none\u00a0: il n’y a pas de bucket de ce nom\u00a0; créez-le là-bas ou changez "
         "l’url")  # fmt: skip
    move(home, URL, endpoint="http://127.0.0.1:1")
    told(home, monkeypatch, "127.0.0.1: port 1 is closed: nothing listens there",
         "127.0.0.1\u00a0: le port 1 est fermé\u00a0: rien n’y écoute")  # fmt: skip
    move(home, URL, endpoint="https://no-such-host.invalid")
    told(home, monkeypatch, "no-such-host.invalid: no host of this name was found",
         "no-such-host.invalid\u00a0: aucun hôte de ce nom n’a été trouvé")  # fmt: skip
    monkeypatch.setenv("TAWNY_OUTGOING_HOSTS", "s3.example.com")
    move(home, URL, endpoint=server.endpoint)
    told(home, monkeypatch,
         "127.0.0.1: calls to this host are not allowed; whoever runs Tawny adds it to "
         "TAWNY_OUTGOING_HOSTS",
         "127.0.0.1\u00a0: les appels vers cet hôte ne sont pas permis\u00a0; qui fait tourner "
         "Tawny l’ajoute à TAWNY_OUTGOING_HOSTS")  # fmt: skip


def test_a_right_that_is_missing_is_named(home: Path, tmp_path: Path) -> None:
    (tmp_path / "user").write_text("reader")
    daily(home)
    assert tawny(home, "schedules", "backfill", "daily", *RANGE).status == 1
    (failed,) = json.loads(done(home, "deliveries", "list", "--json"))
    assert failed["reason"] == (
        f"{BUCKET}: the login has no right to exports/{NAME}.receipt.json (AccessDenied); give it "
        "there, or change the url"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--url", "s3://b/x"), "access_key: found nothing; a destination of the kind object_store "
         "needs it"),
        (("--url", "gs://bucket/x"), "access_key: found nothing; a destination of the kind "
         "object_store needs it"),
        (("--url", "az://box/x"), "account: found nothing; az:// needs the name of the storage "
         "account"),
        (("--url", "az://box/x", "--account", "desk.evil"), "account: found 'desk.evil'; allowed "
         "the name of a storage account: 3 to 24 small letters and digits"),
        (("--url", "gs://bucket/x", "--region", "x"), "region: found with gs://, which has none"),
        (("--url", "s3://bucket/../x"), "url: found 's3://bucket/../x'; allowed "
         "s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX"),
        (("--url", "s3://bucket/x", "--endpoint", "https://u:hush@x"), "endpoint: found "
         "'https://u:***@x'; allowed the address of the store, such as https://s3.example.com"),
    ],
)  # fmt: skip
def test_what_is_refused(home: Path, words: tuple[str, ...], said: str) -> None:
    url = [one.replace("s3://b/", "s3://bb/") for one in words]
    result = tawny(home, "destinations", "add", "object_store", "other", *url)
    assert (result.status, result.err) == (2, f"tawny: {said}\n")
