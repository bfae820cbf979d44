"""A throw-away S3 server on loopback: SeaweedFS, with a bucket and three logins."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import obstore
from obstore.store import S3Store

from server.running import free_port
from server_process import LONGEST_WAIT_S

WEED = Path(sys.executable).with_name("weed")
BUCKET = "desk"


@dataclass(frozen=True)
class S3Server:
    """A running server."""

    folder: Path
    port: int
    secret: str
    """Of every login: `root`, `writer` of the bucket, `reader` of it."""

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def store(self, bucket: str = BUCKET) -> S3Store:
        """The bucket, for whoever may do everything."""
        config: Any = {
            "endpoint": self.endpoint, "access_key_id": "root", "secret_access_key": self.secret,
            "region": "us-east-1",
        }  # fmt: skip
        return S3Store(bucket, config=config, client_options={"allow_http": True})

    def names(self) -> list[str]:
        """What is in the bucket."""
        return sorted(one["path"] for some in obstore.list(self.store()) for one in some)

    def data(self, name: str) -> bytes:
        """What an object holds."""
        return bytes(obstore.get(self.store(), name).bytes())


@contextlib.contextmanager
def s3_server() -> Iterator[S3Server]:
    """A running server, gone when the body ends."""
    with tempfile.TemporaryDirectory(prefix="tawny-s3-", ignore_cleanup_errors=True) as name:
        folder, secret = Path(name), secrets.token_hex(20)
        rights = {
            "root": ["Admin", "Read", "Write", "List"],
            "writer": [f"Read:{BUCKET}", f"Write:{BUCKET}"],
            "reader": [f"Read:{BUCKET}"],
        }
        logins = [
            {"name": user, "credentials": [{"accessKey": user, "secretKey": secret}],
             "actions": actions}
            for user, actions in rights.items()
        ]  # fmt: skip
        (folder / "logins.json").write_text(json.dumps({"identities": logins}))
        made = S3Server(folder, free_port(), secret)
        ports = {
            "master.port": free_port(), "volume.port": free_port(), "filer.port": free_port(),
            "master.port.grpc": free_port(), "volume.port.grpc": free_port(),
            "filer.port.grpc": free_port(), "s3.port": made.port, "s3.port.grpc": free_port(),
        }  # fmt: skip
        with (folder / "weed.log").open("ab") as log:
            process = subprocess.Popen(
                [WEED, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3",
                 "-volume.max=4", "-master.volumeSizeLimitMB=64", "-volume.preStopSeconds=0",
                 f"-s3.config={folder / 'logins.json'}", "-s3.iam=false", "-s3.port.iceberg=0",
                 # Its port is fixed: two servers beside each other would fight for it.
                 "-s3.port.lance=0", "-master.telemetry=false",
                 *(f"-{option}={port}" for option, port in ports.items())],
                stdout=log, stderr=log, cwd=folder,
            )  # fmt: skip
        try:
            _wait(made, process, f"127.0.0.1:{ports['master.port']}.{ports['master.port.grpc']}")
            yield made
        finally:
            process.kill()
            process.wait(LONGEST_WAIT_S)


def _wait(server: S3Server, process: subprocess.Popen[bytes], master: str) -> None:
    """Make the bucket, and wait until it takes objects."""
    end = time.monotonic() + LONGEST_WAIT_S
    error: Exception | None = None
    while time.monotonic() < end:
        assert process.poll() is None, (server.folder / "weed.log").read_text()[-3000:]
        try:
            obstore.put(server.store(), "first", b"x", use_multipart=False)
            obstore.delete(server.store(), "first")
            return
        except (obstore.exceptions.BaseError, OSError) as found:
            error = found
        # Asked while the server is not whole yet, it waits for ever: ask again.
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(
                [WEED, "shell", f"-master={master}"],
                input=f"s3.bucket.create -name {BUCKET}".encode(),
                capture_output=True, timeout=10, check=False,
            )  # fmt: skip
        time.sleep(0.3)
    raise AssertionError(error)
