"""Connections to elsewhere on which one conversation is held: with TLS, and with an end."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

from tawny.outgoing.addresses import OutgoingError, OutgoingRule
from tawny.text import Text

STEP_TIMEOUT_S = 30
"""How long is waited for the next bytes."""

_CERTIFICATE_FAULTS = {
    9: Text("it is not valid yet"),
    10: Text("it has expired"),
    18: Text("it is signed by itself"),
    19: Text("it is signed by nobody this machine trusts"),
    20: Text("it is signed by nobody this machine trusts"),
    62: Text("it is for another name"),
    64: Text("it is for another address"),
}
"""What OpenSSL calls by number."""


@contextlib.contextmanager
def connection(
    rule: OutgoingRule, host: str, port: int, *, tls: bool, most_s: float
) -> Iterator[socket.socket]:
    """A connection to a host, open while the body runs, `most_s` seconds at most: then the body's
    next step fails with an `OSError`. Raises `OutgoingError` that names the fault."""
    plain = rule.connected(host, port)
    plain.settimeout(STEP_TIMEOUT_S)
    # Whoever sends a byte now and then would hold us for ever.
    with _ended_after(plain, most_s):
        made = with_tls(plain, host, port) if tls else plain
        with made:
            yield made


def with_tls(plain: socket.socket, host: str, port: int) -> ssl.SSLSocket:
    """The same connection, encrypted. Raises `OutgoingError`, and the connection is closed."""
    context = ssl.create_default_context()
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        plain.close()
        why = _CERTIFICATE_FAULTS.get(error.verify_code, error.verify_message)
        raise OutgoingError(
            "{host}: port {port}: its certificate is not accepted: {why}; who trusts it names its "
            "authority in SSL_CERT_FILE where Tawny runs", host=host, port=port, why=why,
        ) from None  # fmt: skip
    except TimeoutError:
        plain.close()
        raise OutgoingError(
            "{host}: port {port}: no answer in time while TLS was begun", host=host, port=port
        ) from None
    except (OSError, ValueError) as error:
        plain.close()
        why = (getattr(error, "reason", None) or str(error)).replace("_", " ").lower()
        raise OutgoingError(
            "{host}: port {port}: no TLS is spoken there ({why})", host=host, port=port, why=why
        ) from None


@contextlib.contextmanager
def _ended_after(plain: socket.socket, most_s: float) -> Iterator[None]:
    # The same connection by another handle: TLS takes over the first.
    handle = plain.dup()

    def end() -> None:
        with contextlib.suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(most_s, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        handle.close()
