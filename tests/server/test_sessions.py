"""The list of open sessions: the own one for everybody, those of others for administrators."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import httpx

from server.running import PASSWORD, Server, running
from server_process import LONGEST_WAIT_S
from tawny.people import sessions

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
)


def signed_in(server: Server, name: str, user_agent: str) -> httpx.Client:
    """A browser in which somebody is signed in."""
    page = httpx.Client(
        base_url=server.url, timeout=LONGEST_WAIT_S, headers={"User-Agent": user_agent}
    )
    page.post("/sign-in", data={"name": name, "password": PASSWORD})
    return page


def listed(page: httpx.Client, path: str) -> list[tuple[str, str]]:
    """Words and number of each session on a page."""
    found = []
    for part in page.get(path).text.split('class="column-entry session"')[1:]:
        words = re.sub(r"<[^>]+>", " ", part.split("<p")[0]).replace(">", "")
        number = re.findall(r"/sessions/(\d+)/end", part)[0]
        found.append((" ".join(words.split()), number))
    return found


def end(page: httpx.Client, number: str, back: str = "/account") -> httpx.Response:
    """Press the button beside a session."""
    [token, *_] = re.findall(r'name="_csrf" value="([^"]+)"', page.get("/account").text)
    return page.post(f"/sessions/{number}/end", data={"_csrf": token, "back": back})


def test_browsers_are_said_in_words() -> None:
    assert doctest.testmod(sessions).failed == 0


def test_sessions_are_listed_and_ended(tmp_path: Path) -> None:
    with running(tmp_path / "home") as server:
        root = server.set_up()
        made = root.post(
            "/users", json={"name": "sue", "password": PASSWORD, "role": "supervisor"}
        ).json()
        here, there = signed_in(server, "sue", FIREFOX), signed_in(server, "sue", EDGE)
        boss = signed_in(server, "root", "curl/8.5.0")
        there.get("/account")
        own = dict(listed(here, "/account"))
        assert set(own) == {"Firefox on Linux this session", "Edge on Windows"}

        # The other one ends at once; nobody ends, or sees, those of other people.
        assert end(here, own["Edge on Windows"]).headers["location"] == "/account"
        assert there.get("/account").headers["location"].startswith("/sign-in")
        others = dict(listed(boss, "/account"))
        assert "curl this session" in others
        assert end(here, others["curl this session"]).status_code == 404
        assert here.get(f"/people/{made['id']}/sessions").status_code == 403

        # But an administrator does.
        path = f"/people/{made['id']}/sessions"
        [(words, number)] = listed(boss, path)
        assert words == "Firefox on Linux"
        assert f'href="{path}"' in boss.get("/people").text
        assert end(boss, number, path).headers["location"] == path
        assert here.get("/account").headers["location"].startswith("/sign-in")
        assert "No open session." in boss.get(path).text
        ended = [
            (one["actor"], one["subject"], one["detail"]["browser"])
            for one in root.get("/audit").json()["items"]
            if one["action"] == "session_ended"
        ]
        assert ended == [("root", "sue", "Firefox Linux"), ("sue", "sue", "Edge Windows")]
