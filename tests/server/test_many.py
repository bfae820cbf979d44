"""Pages where there is much: thousands of runs, hundreds of channels, a long audit trail."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from server.running import (
    PASSWORD,
    RANGE,
    Server,
    conversation,
    event,
    running,
    send,
    small_log,
    wait_for,
)
from server_process import LONGEST_WAIT_S


@contextlib.contextmanager
def reader(server: Server, language: str = "en") -> Iterator[httpx.Client]:
    """Somebody who looks at pages."""
    headers = {"Accept-Language": language}
    with httpx.Client(base_url=server.url, timeout=LONGEST_WAIT_S, headers=headers) as client:
        client.post("/sign-in", data={"name": "root", "password": PASSWORD})
        yield client


def words(page: httpx.Client, path: str, part: str = "") -> str:
    """What a page says, without its marks; of one part, where a part is named."""
    headers = {"HX-Request": "true"} if part else {}
    text = re.sub(r"<[^>]+>", " ", page.get(path, headers=headers).text)
    return " ".join(text.replace("&#39;", "'").split())


def loaded_bytes(page: httpx.Client, path: str) -> int:
    """How long a page is with the styles, scripts and letters it loads, nothing compressed."""
    html = page.get(path).text
    loaded = re.findall(r'(?:href|src)="(/static/[^"]+)"', html)
    for scripts in re.findall(r'data-scripts="([^"]+)"', html):
        loaded += scripts.split()
    plain = {"Accept-Encoding": "identity"}
    return len(html.encode()) + sum(
        len(page.get(one, headers=plain).raise_for_status().content) for one in set(loaded)
    )


def copies(home: Path, run_id: str, count: int) -> None:
    """Runs like one, a day apart from each other, the newest first requested."""
    with sqlite3.connect(home / "state.db") as state:
        names = [row[1] for row in state.execute("PRAGMA table_info(runs)")]
        others = ", ".join(
            {"id": "'copy' || n", "created_ms": "created_ms - n * 86400000",
             "idempotency_key": "NULL"}.get(name, f'"{name}"')
            for name in names
        )  # fmt: skip
        columns = ", ".join(f'"{name}"' for name in names)
        state.execute(
            f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers "
            f"WHERE n < {count}) INSERT INTO runs ({columns}) SELECT {others} FROM runs, numbers "
            "WHERE runs.id = ?",
            (run_id,),
        )


def test_a_run_is_found_among_ten_thousand(tmp_path: Path) -> None:
    """By what the list shows, in the words of the reader; the list says where one is."""
    home = tmp_path / "home"
    with running(home, inbox_move_ms="200") as server:
        root = server.set_up()
        send(root, small_log())
        send(root, [event("channel.saved", "uk", "2026-06-01T00:00:00Z", channel_id="red",
                          medium="whatsapp", name="red", display_name="Tawny Home")])  # fmt: skip
        one = root.post("/exports", json={"export": "messages", **RANGE}).json()["id"]
        wait_for(root, one)
        copies(home, one, 10_000)
        asked = {"export": "response-times", "channels": ["red"], "time_zone": "UTC",
                 "from": "2026-10-01", "to": "2026-11-01"}  # fmt: skip
        wait_for(root, root.post("/exports", json=asked).json()["id"])
        with reader(server) as english, reader(server, "fr") as french:
            assert "1 to 25 of 10,002" in words(english, "/exports", "list")
            second = words(english, "/exports?page=2", "list")
            assert "26 to 50 of 10,002" in second and "Previous page" in second
            assert "10,001 to 10,002 of 10,002" in words(english, "/exports?page=99999", "list")
            assert "26\xa0à" not in second
            for text in ("oct", "october 2026", "response", "whatsapp", "home", "times 2026-10"):
                found = words(english, f"/exports?q={text}", "list")
                assert "Response times" in found and "1 export" in found, text
            for text in ("octobre", "réponse", "temps de reponse", "tawny home"):
                assert "1 export" in words(french, f"/exports?q={text}", "list"), text
            assert "Nothing fits these filters" in words(english, "/exports?q=nobody", "list")
            # A full page of the list, and what unfolds is asked for once somebody unfolds it.
            assert 100_000 < loaded_bytes(english, "/exports?page=2") < 143_000
            assert 100_000 < loaded_bytes(french, "/exports?page=2") < 143_000


def test_the_bell_counts_what_ended_since_it_was_opened(tmp_path: Path) -> None:
    """However many exports there are; a cookie that is no moment is none."""
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root = server.set_up()
        send(root, small_log())
        one = root.post("/exports", json={"export": "messages", **RANGE}).json()["id"]
        wait_for(root, one)

        def badge(page: httpx.Client) -> str:
            found = re.search(r'id="unread"([^>]*)>(\d+)<', page.get("/account").text)
            assert found is not None
            return "" if "hidden" in found[1] else found[2]

        with reader(server) as page:
            assert badge(page) == "1"
            page.get("/notifications")
            assert badge(page) == ""
            wait_for(root, root.post("/exports", json={"export": "teams", **RANGE}).json()["id"])
            assert badge(page) == "1"
            copies(tmp_path / "home", one, 100)
            assert badge(page) == "1", "those ended before"
        for seen in ("0", "9" * 15, "9" * 5000, "soon"):
            with reader(server) as page:
                page.cookies.set("tawny_seen", seen)
                assert badge(page) == ("" if seen == "9" * 15 else "20")


def test_three_hundred_channels_are_searched_and_paged(tmp_path: Path) -> None:
    """The longest silent stand first; equal refusals are one line."""
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root = server.set_up()
        medium = ("email", "whatsapp")
        send(root, [event("channel.saved", f"c{n}", "2026-06-01T00:00:00Z", channel_id=f"c{n}",
                          medium=medium[n % 2], name=f"desk {n}", display_name=f"Desk {n}")
                    for n in range(300)])  # fmt: skip
        # Those that were asked something, of 60 minutes one after another.
        send(root, [one for n in range(300) for one in conversation(n, f"c{n}")])
        wrong = [event("message.created", f"w{n}", "2026-06-02T00:00:00Z") for n in range(60)]
        send(root, wrong)
        with reader(server) as page:
            first = words(page, "/log")
            assert "1 to 50 of 300" in first
            assert "Desk 60 " in first and "Desk 59 " not in first
            assert "251 to 300 of 300" in words(page, "/log?page=6", "channels")
            found = words(page, "/log?q=desk+29", "channels")
            assert found.count("c29") == 11 and "13 channels" in found
            assert "1 to 50 of 150" in words(page, "/log?q=whatsapp", "channels")
            assert "No channel has this name." in words(page, "/log?q=nothing", "channels")
            assert re.search(r"60 × ", first)


def test_the_audit_trail_is_filtered_and_folds_looks(tmp_path: Path) -> None:
    """What somebody looked at again and again is one line; a person, an action, a day, an export
    can be asked for."""
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root = server.set_up()
        send(root, small_log())
        one = root.post("/exports", json={"export": "messages", **RANGE}).json()["id"]
        wait_for(root, one)
        root.post("/users", json={"name": "ada", "password": PASSWORD, "role": "supervisor",
                                  "display_name": "Ada Byron"})  # fmt: skip
        with reader(server) as page:
            for part in ("rows", "charts"):
                while "Loading" in page.get(f"/exports/{one}/{part}").text:
                    time.sleep(0.2)
            for _ in range(6):
                page.get(f"/exports/{one}/rows")
                page.get(f"/exports/{one}/charts")
            shown = words(page, "/audit")
            assert shown.count("Looked at an export") == 1 + 1  # the filter's choice, and the line
            assert "14 times" in shown
            assert "Messages" in shown
            by_action = words(page, "/audit?action=user_created", "trail")
            assert "Added a person ada" in by_action and "Signed in" not in by_action
            assert "Nothing fits these filters" in words(page, "/audit?person=ada", "trail")
            assert "Looked at an export" in words(page, f"/audit?subject={one}", "trail")
            assert "Signed in" not in words(page, f"/audit?subject={one}", "trail")
            before = words(page, "/audit?to=2020-01-01", "trail")
            assert "Nothing fits these filters" in before
            assert "Added a person" in words(page, "/audit?from=2020-01-01", "trail")


def test_people_are_invited_searched_and_paged(tmp_path: Path) -> None:
    """Who is invited chooses the password; the page says who was here, in pages of 25."""
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root = server.set_up()
        send(root, small_log())
        with reader(server) as page:
            [token, *_] = re.findall(r'name="_csrf" value="([^"]+)"', page.get("/people").text)
            form = {"name": "ada", "display_name": "Ada Byron", "role": "supervisor",
                    "channel": "red", "_csrf": token}  # fmt: skip
            made = page.post("/people", data=form).text
            [link] = re.findall(r'id="invitation">([^<]+)<', made)
            assert link.startswith(f"{server.url}/reset/")
            assert "never signed in" in words(page, "/people?q=byron")
            with httpx.Client(base_url=server.url, timeout=LONGEST_WAIT_S) as guest:
                chosen = {"password": "two mice and an owl", "again": "two mice and an owl"}
                assert guest.post(link, data=chosen).status_code == 303
                assert guest.get("/exports").status_code == 200
                assert guest.get(link).status_code == 404
            shown = words(page, "/people?q=byron")
            assert re.search(r"signed in .* ago", shown) and "1 open session" in shown
            assert "1 person" in shown
            with sqlite3.connect(tmp_path / "home" / "state.db") as state:
                state.execute(
                    "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers "
                    "WHERE n < 200) INSERT INTO users (name, display_name, password_hash, role, "
                    "presence, disabled, created_ms) SELECT 'p' || n, 'Person ' || n, 'x', "
                    "'supervisor', 0, 0, 0 FROM numbers"
                )
            assert "26 to 50 of 202" in words(page, "/people?page=2")
            assert "12 people" in words(page, "/people?q=person+10")
