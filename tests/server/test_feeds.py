"""The change feed over the API and with the client: rights, pages, what goes on after an end."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import httpx
import psycopg
import pytest

from commands import ndjson
from postgres import cluster
from server.running import (
    PASSWORD,
    Server,
    conversation,
    event,
    moved,
    running,
    send,
    small_log,
    token_of,
)
from tawny.client import AsyncClient, Client
from tawny.errors import RequestError, TawnyError

Json = dict[str, Any]
DOCS = Path(__file__).parent.parent.parent / "docs"
BOTH = ("exports:read", "events:write")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("feeds") / "home") as made:
        yield made


@pytest.fixture(scope="module")
def root(server: Server) -> httpx.Client:
    client = server.set_up()
    assert send(client, small_log()).status_code == 200
    moved(client)
    return client


def supervisor(server: Server, root: httpx.Client, name: str, **rights: object) -> httpx.Client:
    person = {"name": name, "password": PASSWORD, "role": "supervisor", **rights}
    assert root.post("/users", json=person).status_code == 201
    return server.signed_in(name)


def ask(client: httpx.Client, export_type: str, **parameters: object) -> Json:
    answer = client.get(f"/feeds/{export_type}", params=parameters)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def refused(client: httpx.Client, export_type: str, **parameters: object) -> tuple[int, str]:
    answer = client.get(f"/feeds/{export_type}", params=parameters)  # type: ignore[arg-type]
    return answer.status_code, answer.json()["detail"]


def test_a_long_answer_is_read_in_pages_over_a_restart(server: Server, root: httpx.Client) -> None:
    rows: list[Json] = []
    cursor: str | None = None
    pages = 0
    while True:
        given = {} if cursor is None else {"cursor": cursor}
        page = ask(root, "messages", limit=7, **given)
        rows += page["items"]
        cursor, pages = page["cursor"], pages + 1
        if not page["more"]:
            break
        if pages == 1:
            server.kill()
            server.start()
    assert {row["op"] for row in rows} == {"insert"}
    channels = ("red", "blue")
    assert {row["message_id"] for row in rows} >= {
        f"{way}-{channel}-{n}" for way in ("in", "out") for channel in channels for n in range(5)
    }
    assert len({row["message_id"] for row in rows}) == len(rows)
    assert (pages > 2) and ask(root, "messages", cursor=cursor) == {
        "items": [],
        "cursor": cursor,
        "more": False,
    }


def test_a_supervisor_sees_the_own_channels_and_presence_with_its_right(
    server: Server, root: httpx.Client
) -> None:
    red = supervisor(server, root, "feed-red", channels=["red"])
    rows = ask(red, "resolved-conversations")["items"]
    assert rows == []
    seen = ask(red, "messages")
    assert {row["channel"] for row in seen["items"]} == {"Red"}
    assert refused(red, "messages", channel="blue") == (
        403,
        "channel: found 'blue'; allowed: red",
    )
    assert refused(red, "users") == (
        403,
        "this export shows presence, which was not given to you; ask an administrator",
    )
    everything = ask(root, "messages")["cursor"]
    others = (
        "cursor: found one of a feed of other channels ({} now); the channels of the person, the "
        "token or the call have changed since: empty your copy and begin again without a cursor"
    )
    assert refused(red, "messages", cursor=everything) == (400, others.format("red"))
    [person] = [one for one in root.get("/users").json() if one["name"] == "feed-red"]
    given = {"channels": ["blue", "red"]}
    assert root.patch(f"/users/{person['id']}", json=given).status_code == 200
    red = server.signed_in("feed-red")
    assert refused(red, "messages", cursor=seen["cursor"]) == (400, others.format("blue, red"))


def test_a_token_needs_the_scope(server: Server, root: httpx.Client) -> None:
    with server.client(token_of(root, "exports:write")) as client:
        assert refused(client, "messages")[0] == 403
    with server.client() as client:
        assert refused(client, "messages")[0] == 401


@pytest.mark.parametrize("cursor", ["x", "WzFd", "%ED%A0%80", "[]"])
def test_what_is_no_cursor_is_refused(root: httpx.Client, cursor: str) -> None:
    assert refused(root, "messages", cursor=cursor) == (
        400,
        "cursor: found one that is not of a feed of this Tawny; allowed the cursor of the answer "
        "before, as it was, or none to begin",
    )


def test_what_was_read_is_in_the_audit_trail(root: httpx.Client) -> None:
    ask(root, "contacts", channel="blue")
    [entry, *_] = root.get("/audit", params={"action": "feed_read"}).json()["items"]
    assert (entry["subject"], entry["detail"]) == ("contacts", {"channels": ["blue"]})


def test_the_client_goes_on_from_a_cursor(server: Server, root: httpx.Client) -> None:
    with Client(server.url, token_of(root, *BOTH)) as client:
        first = list(client.feed("messages", limit=8))
        assert [page.more for page in first] == [*[True] * (len(first) - 1), False]
        kept = first[0].cursor
        server.kill()
        with pytest.raises(TawnyError):
            list(client.feed("messages", kept))
        server.start()
        again = list(client.feed("messages", kept, limit=8))
        assert [page.items for page in again] == [page.items for page in first[1:]]
        client.send(conversation(50, "red"))
        news = [row for page in client.feed("messages", again[-1].cursor) for row in page.items]
        assert {row["message_id"] for row in news if row["op"] == "insert"} == {
            "in-red-50",
            "out-red-50",
        }
        with pytest.raises(RequestError, match="period: found day; messages has none"):
            list(client.feed("messages", period="day"))


def test_the_client_for_an_event_loop_gives_the_same(server: Server, root: httpx.Client) -> None:
    secret = token_of(root, *BOTH)
    asked: Json = {"time_zone": "Europe/Paris", "channels": ["red"], "period": "month"}

    async def read() -> list[Any]:
        async with AsyncClient(server.url, secret) as client:
            return [page async for page in client.feed("teams", limit=1, **asked)]

    with Client(server.url, secret) as client:
        pages = list(client.feed("teams", limit=1, **asked))
    assert [page.items for page in asyncio.run(read())] == [page.items for page in pages]
    [row] = [row for page in pages for row in page.items]
    assert (row["team_id"], row["period_from"]) == ("team", "2026-06-01T00:00:00.000+02:00")


def test_the_command_line_reads_it_from_a_server(
    server: Server, root: httpx.Client, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tawny", "--home", str(tmp_path), "feed", "tags"]
    done = subprocess.run(
        [*command, "--server", server.url],
        env={**os.environ, "TAWNY_TOKEN": token_of(root, *BOTH)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("", f"cursor={ask(root, 'tags')['cursor']}\n")


# --- recipes --------------------------------------------------------------------------------------


def recipe(page: str, language: str) -> str:
    """The block of a language on a page."""
    [found] = re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text("utf-8"), re.S)
    return str(found)


@pytest.mark.parametrize("page", ["feeds.md", "fr/flux.md"])
def test_the_recipe_for_postgres_keeps_a_copy(
    page: str, server: Server, root: httpx.Client, tmp_path: Path
) -> None:
    program = tmp_path / "keep_messages.py"
    program.write_text(recipe(page, "python"), encoding="utf-8")
    name = page.partition(".")[0].replace("/", "-")
    with cluster() as postgres:
        address = postgres.new_database()
        environment = {
            **os.environ,
            "DATABASE_URL": address,
            "TAWNY_SERVER": server.url,
            "TAWNY_TOKEN": token_of(root, *BOTH),
        }

        def copied() -> set[tuple[Any, ...]]:
            subprocess.run([sys.executable, program], env=environment, check=True)
            with psycopg.connect(address) as database:
                query = "SELECT message_id, cells ->> 'agent_name' FROM messages WHERE NOT gone"
                return set(database.execute(query).fetchall())

        def there() -> set[tuple[Any, ...]]:
            rows = ask(root, "messages", limit=10_000)["items"]
            return {(row["message_id"], row["agent_name"]) for row in rows}

        assert copied() == there()
        agent = event("agent.saved", name, "2026-06-02T00:00:00Z", agent_id="ann", name=name)
        gone = event("contact.erased", name, "2026-06-09T00:00:00Z",
                     contact_id=f"contact-{len(name) % 5}")  # fmt: skip
        assert send(root, [agent, gone]).status_code == 200
        before = there()
        assert copied() == before
        assert name in {agent_name for _, agent_name in before}


@pytest.mark.parametrize("page", ["feeds.md", "fr/flux.md"])
def test_the_recipe_for_files_shows_what_is_there(page: str, tmp_path: Path) -> None:
    """The line for cron, run twice, and the statement over its files."""
    home = tmp_path / "home"
    line = recipe(page, "cron").strip().partition("* * * *")[2].strip().replace("\\%", "%")
    line = line.replace("cd /srv/feed", "cd .").replace(
        "tawny feed", f"{sys.executable} -m tawny feed"
    )
    environment = {**os.environ, "TAWNY_HOME": str(home)}
    environment.pop("TAWNY_SERVER", None)

    def take(*events: Json) -> None:
        subprocess.run(
            [sys.executable, "-m", "tawny", "ingest", "-"], input=ndjson(events), check=True,
            env=environment, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def run(stamp: str) -> None:
        subprocess.run(
            ["/bin/sh", "-c", line.replace("$(date +%s)", stamp)], check=True, cwd=tmp_path,
            env=environment, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    take(*small_log())
    run("1")
    closed = {"conversation_id": "red-1", "status": "resolved", "cause": "auto_resolve"}
    take(event("conversation.status_changed", 1, "2026-06-08T12:00:00Z", **closed))
    run("2")
    statement = recipe(page, "sql").replace("'/srv/feed/", f"'{tmp_path}/")
    query = f"SELECT conversation_id FROM ({statement}) AS kept"
    ids = sorted(str(row[0]) for row in duckdb.connect().execute(query).fetchall())
    wanted = {f"{channel}-{n}" for channel in ("red", "blue") for n in range(5)} - {"red-1"}
    assert ids == sorted(wanted)
