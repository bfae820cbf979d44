"""The key by which an SFTP server is known again: its kind and fingerprint, as people compare them,
such as `ssh-ed25519 SHA256:uNiVztksCsDhcc0u9e8BrSgtXpvqYK6a5ktYyTr2DXk`.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator, Sequence

import asyncssh

from tawny.deliveries.parcels import DeliveryError
from tawny.deliveries.urls import SftpUrl
from tawny.errors import RequestError
from tawny.outgoing.addresses import CONNECT_TIMEOUT_S, OutgoingRule

ALGORITHMS: dict[str, Sequence[str]] = {
    "ssh-ed25519": ["ssh-ed25519"],
    "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
    "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
    "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
    "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
}
"""The kinds of keys a server may have, best first, and how each may sign."""

HUNG_UP = (asyncssh.KeyExchangeFailed, asyncssh.ConnectionLost, ConnectionError)
"""What happens with a server that has no key of the kind that is asked for."""

_PINNED = re.compile(r"(?:(?P<kind>[a-z0-9-]+) )?(?P<fingerprint>SHA256:[A-Za-z0-9+/]{43})")


def host_key_of(key: asyncssh.SSHKey) -> str:
    """A key in these words."""
    return f"{key.get_algorithm()} {key.get_fingerprint('sha256')}"


def kind_of_host_key(pinned: str) -> str:
    """The kind of a pinned key."""
    return pinned.partition(" ")[0]


def shown_host_keys(url: SftpUrl, rule: OutgoingRule) -> Iterator[str]:
    """The keys that a server shows now, best kind first, at least one. Raises `OutgoingError` and
    `DeliveryError`."""
    count = 0
    failure: Exception | None = None
    for kind in ALGORITHMS:
        connection = rule.connected(url.host, url.port)
        try:
            key = asyncio.run(_shown(url, connection, ALGORITHMS[kind]))
        except HUNG_UP as error:
            # It has none of this kind; some servers then hang up without a word.
            failure = error
            continue
        except (asyncssh.Error, OSError) as error:
            raise no_ssh(url, error, CONNECT_TIMEOUT_S) from error
        finally:
            connection.close()
        if key is not None:
            count += 1
            yield host_key_of(key)
    if not count:
        raise no_ssh(url, failure or ConnectionError(), CONNECT_TIMEOUT_S)


async def _shown(
    url: SftpUrl, connection: socket.socket, algorithms: Sequence[str]
) -> asyncssh.SSHKey | None:
    look = asyncssh.get_server_host_key(
        url.host, url.port, sock=connection, server_host_key_algs=list(algorithms), config=None
    )
    return await asyncio.wait_for(look, CONNECT_TIMEOUT_S)


def no_ssh(url: SftpUrl, error: Exception, most_s: int) -> DeliveryError:
    """What is wrong with a server that was reached and says nothing of use."""
    if isinstance(error, TimeoutError):
        return DeliveryError("{server}: the server does not answer as an SFTP server does within "
                             "{most} s", server=url.server, most=most_s)  # fmt: skip
    return DeliveryError("{server}: no SFTP server answers there ({reason})",
                         server=url.server, reason=getattr(error, "reason", error))  # fmt: skip


def pinned_host_key(given: str, url: SftpUrl, rule: OutgoingRule) -> str:
    """What is kept of the key that somebody gave: a fingerprint, its kind and fingerprint, or a
    public key as in `known_hosts`; nothing or `new` = what the server shows now. Raises
    `RequestError`, `OutgoingError`, `DeliveryError`."""
    given = given.strip()
    if given in ("", "new"):
        return next(shown_host_keys(url, rule))
    found = _PINNED.fullmatch(given)
    if found is None:
        return _of_public_key(given)
    if found["kind"] is not None:
        if found["kind"] not in ALGORITHMS:
            raise _wrong_key(given)
        return given
    shown = list(shown_host_keys(url, rule))
    for one in shown:
        if one.endswith(f" {found['fingerprint']}"):
            return one
    raise changed_key(url, shown[0], given)


def changed_key(url: SftpUrl, found: str, pinned: str) -> DeliveryError:
    """Another key than the pinned one."""
    return DeliveryError(
        "{server}: the host key is another one: found {found}, expected {pinned}; ask who runs "
        "the server, and only if it was changed set host_key to new",
        server=url.server,
        found=found,
        pinned=pinned,
    )


def _of_public_key(given: str) -> str:
    # A line of known_hosts begins with the host, one of ssh-keyscan as well.
    words = given.split()
    for begin in range(min(2, len(words))):
        if words[begin] in ALGORITHMS:
            try:
                return host_key_of(asyncssh.import_public_key(" ".join(words[begin:])))
            except asyncssh.KeyImportError:
                break
    raise _wrong_key(given)


def _wrong_key(given: str) -> RequestError:
    return RequestError(
        "host_key: found {given!r}; allowed a fingerprint such as SHA256:..., a public key such as "
        "ssh-ed25519 AAAA..., or new for what the server shows now",
        given=given[:80],
    )
