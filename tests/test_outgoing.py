"""To where Tawny may call: hosts, networks, every way to write an address, names that change."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tawny.errors import RequestError
from tawny.outgoing.addresses import OutgoingError, OutgoingRule
from tawny.outgoing.proxy import OutgoingProxy
from tawny.settings import Settings


def rule(hosts: str = "", private: str = "") -> OutgoingRule:
    return OutgoingRule(
        Settings({"TAWNY_OUTGOING_HOSTS": hosts, "TAWNY_OUTGOING_PRIVATE": private})
    )


PUBLIC = ("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1")
NOT_PUBLIC = (
    *("0.0.0.0", "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
    *("100.64.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
    *("::", "::1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b:1::808:808", "2002:7f00:1::1", "2001:db8::1"),
    # Teredo: the client is written with its bits turned round.
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
)


def test_public_addresses_are_told_from_others_however_they_are_written() -> None:
    found = rule()
    assert [one for one in PUBLIC if not found.is_allowed(one)] == []
    assert [one for one in NOT_PUBLIC if found.is_allowed(one)] == []


def test_private_networks_are_those_that_are_named() -> None:
    found = rule(private="10.0.0.0/8, 127.0.0.1,fd12::/16")
    allowed = {"10.1.2.3", "127.0.0.1", "fd12::1"}
    # What arrives at one of them through IPv6 is the same.
    allowed |= {one for one in NOT_PUBLIC if one.endswith(("127.0.0.1", "10.0.0.1"))}
    allowed |= {"64:ff9b::7f00:1", "2002:7f00:1::1"}
    assert {one for one in NOT_PUBLIC if found.is_allowed(one)} == allowed


@pytest.mark.parametrize(
    "host",
    ["0", "127.1", "2130706433", "0x7f000001", "017700000001", "127.0.0.1", "localhost", "::1",
     "::ffff:127.0.0.1", "[::1]"],
)  # fmt: skip
def test_no_way_of_writing_it_leads_to_this_machine(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(OutgoingError) as refused:
            rule().connected(host, port)
        told = str(refused.value)
        assert told.startswith(f"{host}: ")
        if host != "[::1]":
            assert told.endswith(
                " is not a public one; whoever runs Tawny allows networks of their own in "
                "TAWNY_OUTGOING_PRIVATE"
            )
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_name_that_changes_is_resolved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def changing(host: str, *more: Any, **named: Any) -> Any:
        if host == "changes.example":
            asked.append(host)
            return real("127.0.0.2" if len(asked) == 1 else "127.0.0.1", *more, **named)
        return real(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        found = rule(private="127.0.0.2")
        with found.connected("changes.example", port) as connection:
            assert connection.getpeername() == ("127.0.0.2", port)
        assert asked == ["changes.example"]
        with pytest.raises(OutgoingError, match=r"its address 127\.0\.0\.1 is not a public one"):
            found.connected("changes.example", port)


@pytest.mark.parametrize(
    ("host", "is_allowed"),
    [
        ("sftp.example.com", True),
        ("SFTP.Example.com.", True),
        ("bücher.example", True),
        ("deep.in.s3.example", True),
        ("s3.example", False),
        ("evils3.example", False),
        ("sftp.example.com.evil.example", False),
        ("127.0.0.1", True),
        ("127.1", False),
    ],
)
def test_hosts_are_those_that_are_named(host: str, is_allowed: bool) -> None:
    found = rule("sftp.example.com, *.s3.example,Bücher.example,127.0.0.1")
    if is_allowed:
        found.check_host(host)
    else:
        with pytest.raises(OutgoingError) as refused:
            found.check_host(host)
        assert str(refused.value) == (
            f"{host}: calls to this host are not allowed; whoever runs Tawny adds it to "
            "TAWNY_OUTGOING_HOSTS"
        )


@pytest.mark.parametrize(
    ("hosts", "private", "said"),
    [
        ("a b", "", "TAWNY_OUTGOING_HOSTS: found 'a b'; allowed names separated by commas such as "
         "sftp.example.com,*.amazonaws.com; empty = all"),
        ("", "10.0.0.1/8", "TAWNY_OUTGOING_PRIVATE: found '10.0.0.1/8'; allowed networks separated "
         "by commas such as 10.0.0.0/8,127.0.0.1; empty = none"),
    ],
)  # fmt: skip
def test_settings_that_say_nothing_clear_are_refused(hosts: str, private: str, said: str) -> None:
    with pytest.raises(RequestError) as refused:
        rule(hosts, private)
    assert str(refused.value) == said


# --- the proxy ------------------------------------------------------------------------------------


class _Redirecting(http.server.BaseHTTPRequestHandler):
    """Sends whoever asks for /there to the address after it, and greets the others."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        where = self.path.removeprefix("/there/")
        self.send_response(200 if where == self.path else 302)
        if where != self.path:
            self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Silence."""


@pytest.fixture
def site() -> Iterator[http.server.ThreadingHTTPServer]:
    with http.server.ThreadingHTTPServer(("", 0), _Redirecting) as server:
        server.asked = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


def test_a_redirect_leads_nowhere_else(site: Any) -> None:
    port = site.server_address[1]
    proxy = OutgoingProxy(rule(private="127.0.0.2"))
    with httpx.Client(proxy=proxy.url, follow_redirects=True) as client:
        assert client.get(f"http://127.0.0.2:{port}/a?b=c").status_code == 200
        assert client.get(f"http://127.0.0.2:{port}/there/http://127.0.0.2:{port}/d").url.path == (
            "/d"
        )
        for inside in ("127.0.0.1", "localhost", "0", "2130706433"):
            answer = client.get(f"http://127.0.0.2:{port}/there/http://{inside}:{port}/secret")
            assert answer.status_code == 403
            assert " is not a public one; " in str(proxy.fault)
        with pytest.raises(httpx.ProxyError):
            client.get(f"https://127.0.0.1:{port}/secret")
    with httpx.Client(proxy=f"http://tawny:wrong@{proxy.url.partition('@')[2]}") as other:
        assert other.get(f"http://127.0.0.2:{port}/a").status_code == 407
    proxy.close()
    with httpx.Client(proxy=proxy.url) as late, pytest.raises(httpx.ConnectError):
        late.get(f"http://127.0.0.2:{port}/a")
    assert "/a?b=c" in site.asked
    assert not [one for one in site.asked if one.endswith("secret") and "there" not in one]
