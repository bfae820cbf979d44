"""Delivery to a storage account of Azure, as Azurite is one: the whole way and every fault."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest

from azure_server import ACCOUNT, CONTAINER, AzureServer, azure_server
from commands import ingest, ndjson
from server.running import small_log
from tawny.deliveries.object_store import ObjectStorePlace
from tawny.settings import Settings
from test_sftp import NAME, RANGE, again, daily, done, fault, move, told

SETTINGS = Settings({"TAWNY_OUTGOING_PRIVATE": "127.0.0.1"})
URL = f"az://{CONTAINER}/desk"


@pytest.fixture(scope="module")
def server() -> Iterator[AzureServer]:
    with azure_server() as made:
        yield made


@pytest.fixture
def home(tmp_path: Path, server: AzureServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a small log and the account as a destination."""
    monkeypatch.setenv("TAWNY_OUTGOING_PRIVATE", "127.0.0.1")
    # What stands in the environment of Tawny counts for nothing.
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "of-somebody-else")
    home = tmp_path / "home"
    ingest(home, ndjson(small_log()))
    (tmp_path / "secret").write_text(server.key)
    done(home, "destinations", "add", "object_store", "there", "--url", URL, "--account", ACCOUNT,
         "--endpoint", server.endpoint, "--secret-key", f"file:{tmp_path / 'secret'}")  # fmt: skip
    return home


def test_a_file_is_delivered_with_its_receipt_once(home: Path, server: AzureServer) -> None:
    assert "there works" in done(home, "destinations", "test", "there")
    daily(home)
    done(home, "schedules", "backfill", "daily", *RANGE)
    names = [f"desk/{NAME}", f"desk/{NAME}.receipt.json"]
    assert server.names() == names
    (file,) = json.loads(done(home, "deliveries", "list", "--json"))[0]["files"]
    receipt, data = json.loads(server.data(names[1])), server.data(names[0])
    assert hashlib.sha256(data).hexdigest() == receipt["sha256"] == file["sha256"]
    again(home)
    assert server.names() == names
    assert server.data(names[0]) == data
    for name in names:
        obstore.delete(server.store(), name)
    shutil.rmtree(home / "cache", ignore_errors=True)
    for path in home.rglob("*"):
        if path.is_file():
            assert server.key.encode() not in path.read_bytes(), path


def test_a_large_file_goes_in_parts_and_replaces_what_was_there(
    server: AzureServer, tmp_path: Path
) -> None:
    choice = {"url": URL, "endpoint": server.endpoint, "account": ACCOUNT}
    place = ObjectStorePlace(choice, {"secret_key": server.key}, SETTINGS)
    file = tmp_path / "file"
    for size in (9 << 20, 0, 5, (16 << 20) + 1):
        file.write_bytes(os.urandom(size))
        place.put("an été/large.csv", file)
        assert server.data("desk/an été/large.csv") == file.read_bytes()
    place.remove("an été/large.csv")
    place.remove("an été/large.csv")
    place.close()
    assert server.names() == []


def test_the_fault_is_named(
    home: Path, server: AzureServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("no base64")
    told(home, monkeypatch,
         f"{CONTAINER}: the login was refused (401); check the keys of the destination",
         f"{CONTAINER}\u00a0: la connexion a été refusée (401)\u00a0; vérifiez les clés de la "
         "destination")  # fmt: skip
    (tmp_path / "secret").write_text(base64.b64encode(b"z" * 64).decode())
    said = fault(home, "en", monkeypatch)
    # Azure itself calls this AuthenticationFailed, which is told as a login that was refused.
    assert said.startswith(f"{CONTAINER}: the login has no right to desk/")
    assert said.endswith(" (AuthorizationFailure); give it there, or change the url")
    (tmp_path / "secret").write_text(server.key)
    move(home, "az://none/desk")
    told(home, monkeypatch, "none: there is no such container; make it there, or change the url",
         "none\u00a0: il n’y a pas de conteneur de ce nom\u00a0; créez-le là-bas ou changez "
         "l’url")  # fmt: skip
    move(home, URL, endpoint="http://127.0.0.1:1/desk1")
    told(home, monkeypatch, "127.0.0.1: port 1 is closed: nothing listens there",
         "127.0.0.1\u00a0: le port 1 est fermé\u00a0: rien n’y écoute")  # fmt: skip
    move(home, URL, endpoint="https://no-such-host.invalid/desk1")
    told(home, monkeypatch, "no-such-host.invalid: no host of this name was found",
         "no-such-host.invalid\u00a0: aucun hôte de ce nom n’a été trouvé")  # fmt: skip
    monkeypatch.setenv("TAWNY_OUTGOING_HOSTS", f"{ACCOUNT}.blob.core.windows.net")
    move(home, URL, endpoint=server.endpoint)
    told(home, monkeypatch,
         "127.0.0.1: calls to this host are not allowed; whoever runs Tawny adds it to "
         "TAWNY_OUTGOING_HOSTS",
         "127.0.0.1\u00a0: les appels vers cet hôte ne sont pas permis\u00a0; qui fait tourner "
         "Tawny l’ajoute à TAWNY_OUTGOING_HOSTS")  # fmt: skip
