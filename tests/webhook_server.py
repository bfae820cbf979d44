"""A receiver of webhooks in a process of its own, on loopback: by HTTP and by HTTPS, with a
certificate that it signed itself. The path says how it behaves; whatever arrives is written down.

    /ok             takes it
    /status/NUMBER  answers so
    /first-fails    fails the first time that a message of an id arrives, then takes it
    /redirect       leads to /ok of the same server
    /slow           never answers
    /drip           answers a byte at a time, for ever
    /cut            hangs up
    /noise          answers in another language
    /endless        answers 500 with a body that does not end
    /late           writes the message down and answers a little later
"""

from __future__ import annotations

import contextlib
import datetime
import http.server
import json
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from server_process import script_server


@dataclass(frozen=True)
class Message:
    """What arrived in one request."""

    path: str
    headers: dict[str, str]
    """By small names."""
    body: str

    @property
    def id(self) -> str:
        """Its id, by the header."""
        return self.headers["webhook-id"]

    @property
    def content(self) -> dict[str, Any]:
        """What it says."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass(frozen=True)
class WebhookServer:
    """A running receiver."""

    folder: Path
    port: int
    tls_port: int

    @property
    def url(self) -> str:
        """Without TLS."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """With TLS, and the certificate `certificate`, which is for localhost."""
        return f"https://localhost:{self.tls_port}"

    @property
    def certificate(self) -> Path:
        """The certificate of the server."""
        return self.folder / "certificate.pem"

    def messages(self) -> list[Message]:
        """What has arrived, oldest first."""
        path = self.folder / "messages"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [Message(**json.loads(line)) for line in lines]

    def forget(self) -> None:
        """Begin anew."""
        (self.folder / "messages").unlink(missing_ok=True)


@contextlib.contextmanager
def webhook_server() -> Iterator[WebhookServer]:
    """A running receiver, gone when the body ends."""
    with script_server(__file__) as (folder, ports):
        port, tls_port = map(int, ports.split())
        yield WebhookServer(folder, port, tls_port)


def write_certificate(folder: Path) -> None:
    """Write `certificate.pem` for localhost, signed by itself, and `key.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path
    lock = threading.Lock()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        message = Message(self.path, headers, body)
        with self.lock, (self.folder / "messages").open("a", encoding="utf-8") as file:
            seen = (self.folder / "ids").read_text().split()
            if message.id not in seen:
                with (self.folder / "ids").open("a") as ids:
                    ids.write(f"{message.id}\n")
            file.write(json.dumps(vars(message)) + "\n")
        self.close_connection = True
        word, _, number = self.path.strip("/").partition("/")
        if word == "status":
            self._answer(int(number), "the table is locked\nsecond line")
        elif word == "first-fails" and message.id not in seen:
            self._answer(503, "")
        elif word == "redirect":
            self._answer(302, "", location="/ok")
        elif word == "slow":
            time.sleep(3600)
        elif word == "drip":
            self._drip()
        elif word == "cut":
            return
        elif word == "noise":
            self.wfile.write(b"220 mail.example.com ESMTP\r\n")
        elif word == "endless":
            self.wfile.write(b"HTTP/1.1 500 Error\r\n\r\n")
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(b"x" * 65536)
        else:
            if word == "late":
                time.sleep(0.1)
            self._answer(200, "thank you")

    def _answer(self, status: int, text: str, location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def _drip(self) -> None:
        with contextlib.suppress(OSError):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while True:
                self.wfile.write(b"x")
                time.sleep(0.05)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _serve(folder: Path) -> None:
    _Handler.folder = folder
    write_certificate(folder)
    (folder / "ids").touch()
    plain = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    encrypted = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    encrypted.socket = context.wrap_socket(encrypted.socket, server_side=True)
    threading.Thread(target=encrypted.serve_forever, daemon=True).start()
    (folder / "ports.new").write_text(f"{plain.server_port} {encrypted.server_port}")
    (folder / "ports.new").rename(folder / "ports")
    plain.serve_forever()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
