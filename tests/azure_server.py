"""A throw-away Azure blob storage on loopback: Microsoft's Azurite, with a container.

It is a program of Node.js. What it consists of is pinned in `azurite/package-lock.json`, and is
installed once into the cache of whoever runs the tests.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import fcntl
import hashlib
import hmac
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import obstore
from obstore.store import AzureStore

from server.running import free_port
from server_process import LONGEST_WAIT_S

PINNED = Path(__file__).with_name("azurite")
ACCOUNT = "desk1"
CONTAINER = "exports"


@dataclass(frozen=True)
class AzureServer:
    """A running server."""

    folder: Path
    port: int
    key: str
    """Of the account, as Azure gives it: base64."""

    @property
    def endpoint(self) -> str:
        """Where the account is."""
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"

    def store(self) -> AzureStore:
        """The container."""
        config: Any = {"account_name": ACCOUNT, "account_key": self.key, "endpoint": self.endpoint}
        return AzureStore(CONTAINER, config=config, client_options={"allow_http": True})

    def names(self) -> list[str]:
        """What is in the container."""
        return sorted(one["path"] for some in obstore.list(self.store()) for one in some)

    def data(self, name: str) -> bytes:
        """What a blob holds."""
        return bytes(obstore.get(self.store(), name).bytes())


def _program() -> Path:
    """Where Azurite is, after it was installed."""
    lock = (PINNED / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tawny-tests"
    cache.mkdir(parents=True, exist_ok=True)
    target = cache / f"azurite-{hashlib.sha256(lock).hexdigest()[:12]}"
    with (cache / "azurite.lock").open("w") as only_one:
        fcntl.flock(only_one, fcntl.LOCK_EX)
        if not target.exists():
            work = Path(tempfile.mkdtemp(dir=cache))
            shutil.copytree(PINNED, work, dirs_exist_ok=True)
            call = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(call, cwd=work, capture_output=True, check=False, text=True)
            assert done.returncode == 0, f"{' '.join(call)}: {done.stderr[-2000:]}"
            work.rename(target)
    return target / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"


@contextlib.contextmanager
def azure_server() -> Iterator[AzureServer]:
    """A running server, gone when the body ends."""
    program = _program()
    with tempfile.TemporaryDirectory(prefix="tawny-azure-", ignore_cleanup_errors=True) as name:
        made = AzureServer(
            Path(name), free_port(), base64.b64encode(secrets.token_bytes(64)).decode()
        )
        with (made.folder / "azurite.log").open("ab") as log:
            process = subprocess.Popen(
                ["node", program, "--blobHost", "127.0.0.1", "--blobPort", str(made.port),
                 "--location", name, "--silent", "--disableTelemetry", "--skipApiVersionCheck"],
                stdout=log, stderr=log, cwd=name,
                env={**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{made.key}"},
            )  # fmt: skip
        try:
            end = time.monotonic() + LONGEST_WAIT_S
            while True:
                assert process.poll() is None and time.monotonic() < end, (
                    made.folder / "azurite.log"
                ).read_text()
                with contextlib.suppress(httpx.TransportError):
                    _make_container(made)
                    break
                time.sleep(0.1)
            yield made
        finally:
            process.kill()
            process.wait(LONGEST_WAIT_S)


def _make_container(server: AzureServer) -> None:
    """By the service's own signature ("Shared Key"): the library of stores makes none."""
    now = datetime.datetime.now(datetime.UTC)
    headers = {
        "x-ms-date": f"{now:%a, %d %b %Y %H:%M:%S GMT}", "x-ms-version": "2021-12-02",
        "Content-Length": "0",
    }  # fmt: skip
    said = "".join(f"{name}:{headers[name]}\n" for name in ("x-ms-date", "x-ms-version"))
    resource = f"/{ACCOUNT}/{ACCOUNT}/{CONTAINER}\nrestype:container"
    to_sign = "PUT" + "\n" * 12 + said + resource
    digest = hmac.new(base64.b64decode(server.key), to_sign.encode(), hashlib.sha256).digest()
    signature = base64.b64encode(digest).decode()
    answer = httpx.put(
        f"{server.endpoint}/{CONTAINER}?restype=container",
        headers={**headers, "Authorization": f"SharedKey {ACCOUNT}:{signature}"},
    )
    assert answer.status_code == 201, answer.text
