"""Calls that Tawny makes to elsewhere: to which hosts and addresses they may go.

A name is resolved once, every address it has is judged, and the connection is made to one that was
judged: a name that has another address a moment later leads nowhere else. However a host is
written (`0`, `127.1`, `2130706433`, `::ffff:10.0.0.1`), its address is what is judged.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import time
from collections.abc import Iterator, Sequence

from tawny.errors import FailureError
from tawny.settings import Settings

CONNECT_TIMEOUT_S = 15

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_AROUND_IPV4 = (
    *(ipaddress.IPv6Network(one) for one in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96")),
    ipaddress.IPv6Network("64:ff9b::/96"),
)
"""IPv6 addresses that end with the IPv4 address that is meant: compatible, mapped, translated."""
_NOT_PUBLIC = (ipaddress.IPv6Network("64:ff9b:1::/48"), ipaddress.IPv6Network("fec0::/10"))
"""What `ipaddress` of some versions takes for public."""


class OutgoingError(FailureError):
    """A host could not be reached, or may not be; once that is mended it may work."""

    retry = True


class OutgoingRule:
    """To which hosts and addresses calls may go: what the settings say."""

    def __init__(self, settings: Settings) -> None:
        self._hosts = [one for one in settings.text("outgoing_hosts").split(",") if one]
        private = settings.text("outgoing_private")
        self._private: Sequence[_Network] = [
            ipaddress.ip_network(one) for one in private.split(",") if one
        ]

    def check_host(self, host: str) -> None:
        """Raises `OutgoingError` for a host that is not among those that are allowed."""
        name = plain_host(host)
        if self._hosts and not any(_fits(name, one) for one in self._hosts):
            raise OutgoingError(
                "{host}: calls to this host are not allowed; whoever runs Tawny adds it to "
                "TAWNY_OUTGOING_HOSTS",
                host=host,
            )

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host to which calls may go, in the order in which they are tried.
        Raises `OutgoingError`."""
        self.check_host(host)
        # A numeric host gives its address, whatever way it is written in.
        found = _resolved(host, port)
        allowed = [one for one in found if self.is_allowed(one)]
        if not allowed:
            raise not_public(found[0], host)
        return allowed

    def is_allowed(self, address: str) -> bool:
        """Whether calls may go to an IP address."""
        found = ipaddress.ip_address(address.partition("%")[0])
        return all(self._may_be(one) for one in _meant(found))

    def is_own(self, address: str) -> bool:
        """Whether an IP address lies in a network that was allowed by name."""
        found = ipaddress.ip_address(address.partition("%")[0])
        return all(self._is_named(one) for one in _meant(found))

    def _is_named(self, address: _Address) -> bool:
        return any(address in network for network in self._private)

    def _may_be(self, address: _Address) -> bool:
        return self._is_named(address) or (
            address.is_global
            and not address.is_multicast
            and not address.is_reserved
            and not any(address in network for network in _NOT_PUBLIC)
        )

    def connected(self, host: str, port: int) -> socket.socket:
        """A connection to a host, at an address to which calls may go. Raises `OutgoingError` that
        says whether the name, the rule or the port is at fault."""
        end = time.monotonic() + CONNECT_TIMEOUT_S
        failure: OSError = TimeoutError()
        for address in self.addresses(host, port):
            left_s = end - time.monotonic()
            if left_s <= 0:
                break
            try:
                return socket.create_connection((address, port), timeout=left_s)
            except OSError as error:
                failure = error
        raise _unreachable(host, port, failure) from failure


def not_public(address: str, host: str = "") -> OutgoingError:
    """What is said of an address to which calls may not go."""
    return OutgoingError(
        "{host}: its address {address} is not a public one; whoever runs Tawny allows networks of "
        "their own in TAWNY_OUTGOING_PRIVATE",
        host=host or address,
        address=address,
    )


def plain_host(host: str) -> str:
    """A host as names are compared: small letters, in ASCII, without the last dot."""
    name = host.lower().rstrip(".")
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name


def _fits(name: str, allowed: str) -> bool:
    if allowed.startswith("*."):
        return name.endswith(allowed[1:])
    return name == allowed


def _resolved(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise OutgoingError(
                "{host}: the name cannot be resolved just now: no name server answers", host=host
            ) from error
        raise OutgoingError("{host}: no host of this name was found", host=host) from error
    except (UnicodeError, ValueError):
        raise OutgoingError("{host}: no host of this name was found", host=host) from None
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def _meant(address: _Address) -> Iterator[_Address]:
    """The addresses at which packets for an address may arrive."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    if any(address in network for network in _AROUND_IPV4) and int(address) > 1:
        yield ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        return
    yield address
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo


def _unreachable(host: str, port: int, error: OSError) -> OutgoingError:
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return OutgoingError(
            "{host}: no answer at port {port} within {most} s", host=host, port=port,
            most=CONNECT_TIMEOUT_S,
        )  # fmt: skip
    if isinstance(error, ConnectionRefusedError):
        return OutgoingError(
            "{host}: port {port} is closed: nothing listens there", host=host, port=port
        )
    return OutgoingError(
        "{host}: port {port} cannot be reached: {error}", host=host, port=port, error=error
    )
