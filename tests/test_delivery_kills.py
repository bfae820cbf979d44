"""Kills of Tawny, and of a server's sessions, while files go to every kind of destination: at the
end one whole file of each range at each, no temporary name, one set of rows, and of each range one
message, however often it came."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from commands import ingest, ndjson, tawny
from effort import SOAK
from figures import Tally
from mail_server import MailServer, mail_server
from postgres import Cluster, cluster
from s3_server import BUCKET, S3Server, s3_server
from server.running import small_log
from ssh_server import SshServer, ssh_server
from test_revisions import conversation
from test_schedules_kill import check_whole
from webhook_server import WebhookServer, webhook_server

KILLS = 300 * SOAK if SOAK else 9
DAYS = 2
"""How many are due at first; one more whenever nothing was left to do."""
FIRST = datetime.date(2026, 3, 1)
LOGGED_DAYS = 120
"""Of each of the first days there is a conversation, and so a row of each range."""
PLACES = ("disk", "post", "rows", "store", "there", "told")


@dataclass(frozen=True)
class World:
    """A data folder with a destination of each kind, all of them real."""

    home: Path
    disk: Path
    there: SshServer
    store: S3Server
    told: WebhookServer
    post: MailServer
    database: str
    """The address of the database, for whoever looks into it."""

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What is in the database."""
        with psycopg.connect(self.database) as connection:
            return connection.execute(statement.encode()).fetchall()

    def deliveries(self) -> list[Any]:
        """All of them."""
        found: list[Any] = []
        for name in PLACES:
            listed = tawny(self.home, "deliveries", "list", "--destination", name, "--limit",
                           "500", "--json")  # fmt: skip
            assert listed.status == 0, listed
            found += json.loads(listed.out)
        return found


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Set up, with a schedule of messages to every place and one of contacts to the database."""
    home, disk = tmp_path / "home", tmp_path / "disk"
    disk.mkdir()
    days = [FIRST + datetime.timedelta(days=number) for number in range(LOGGED_DAYS)]
    some = [one for day in days for one in conversation(f"c-{day}", str(day), f"p-{day}")]
    ingest(home, ndjson([*small_log(), *some]))
    with contextlib.ExitStack() as stack:
        there, store = stack.enter_context(ssh_server()), stack.enter_context(s3_server())
        told, post = stack.enter_context(webhook_server()), stack.enter_context(mail_server())
        server: Cluster = stack.enter_context(cluster())
        database = server.new_database()
        secrets = {"key": there.private_key, "user": "writer", "secret": store.secret,
                   "password": server.password}  # fmt: skip
        for name, secret in secrets.items():
            (tmp_path / name).write_text(secret)
        for name, value in (
            ("OUTGOING_PRIVATE", "127.0.0.1"), ("DELIVERY_FOLDERS", str(disk)),
            ("SMTP_URL", post.url()), ("MAIL_FROM", "exports@example.com"),
        ):  # fmt: skip
            monkeypatch.setenv(f"TAWNY_{name}", value)
        monkeypatch.setenv("SSL_CERT_FILE", str(post.certificate))
        without_password = database.replace(f":{server.password}@", "@")
        every = [word for name in PLACES for word in ("--destination", name)]
        for words in (
            ("destinations", "add", "folder", "disk", "--path", str(disk)),
            ("destinations", "add", "sftp", "there", "--url", there.url,
             "--private-key", f"file:{tmp_path / 'key'}"),
            ("destinations", "add", "object_store", "store", "--url", f"s3://{BUCKET}/in",
             "--endpoint", store.endpoint, "--access-key", f"file:{tmp_path / 'user'}",
             "--secret-key", f"file:{tmp_path / 'secret'}"),
            ("destinations", "add", "webhook", "told", "--url", f"{told.url}/late"),
            ("destinations", "add", "mail", "post", "--to", "anna@example.com,zoe@example.com"),
            ("destinations", "add", "database", "rows", "--url", without_password,
             "--password", f"file:{tmp_path / 'password'}"),
            ("schedules", "add", "daily", "messages", "--frequency", "daily", "--tz",
             "Europe/Paris", "--content", "yes", *every),
            ("schedules", "add", "sums", "contacts", "--frequency", "daily", "--tz",
             "Europe/Paris", "--destination", "rows"),
        ):  # fmt: skip
            done = tawny(home, *words)
            assert done.status == 0, done
        yield World(home, disk, there, store, told, post, database)


def moments(world: World, chance: random.Random) -> list[Callable[[], bool]]:
    """When is killed: at each step of the next file's way, or just some time."""

    def one_more(folder: Path, pattern: str) -> Callable[[], bool]:
        def count() -> int:
            return sum(1 for _ in folder.rglob(pattern))

        before = count()
        return lambda: count() > before

    def one_more_message(found: WebhookServer | MailServer) -> Callable[[], bool]:
        before = len(found.messages())
        return lambda: len(found.messages()) > before

    def more_rows() -> Callable[[], bool]:
        """They are committed; nothing is kept of that yet."""
        statement = "SELECT sum(n_tup_ins) FROM pg_stat_user_tables"
        before = world.rows(statement)
        return lambda: world.rows(statement) != before

    def after_a_while() -> Callable[[], bool]:
        end = time.monotonic() + chance.uniform(0.5, 6)
        return lambda: time.monotonic() > end

    inbox = world.there.inbox
    return [
        one_more(inbox, ".*.csv.*.tawny-part"),
        one_more(inbox, "*.csv"),
        one_more(inbox, ".*.receipt.json.*.tawny-part"),
        one_more(inbox, "*.receipt.json"),
        one_more(world.disk, "*.csv"),
        # Its answer has not come yet.
        one_more_message(world.told),
        one_more_message(world.post),
        more_rows(),
        after_a_while(),
    ]


def test_kills_leave_one_whole_file_and_one_set_of_rows_of_each_range(
    world: World, tmp_path: Path, tally: Tally
) -> None:
    chance = random.Random(os.urandom(8) if SOAK else 11)
    days, kills, cut_off, ended = DAYS, 0, 0, True
    for number in range(100 * KILLS):
        if kills == KILLS:
            break
        moment = moments(world, chance)[number % 9]
        # What was killed before it kept anything leaves nothing to do: it is asked for again.
        words = _wanted(("daily", "sums")[number % 2], days) if ended else ("run", "--due")
        process = subprocess.Popen(
            [sys.executable, "-m", "tawny", "--home", str(world.home), "schedules", *words],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while process.poll() is None and not moment():
            time.sleep(0.0005)
        if chance.random() < 0.3:
            cut_off += world.there.kill_sessions()
        ended = process.poll() is not None
        days, kills = days + ended, kills + (not ended)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert kills == KILLS
    for name in ("daily", "sums"):
        assert tawny(world.home, "schedules", *_wanted(name, days)).status in (0, 1)
    for one in world.deliveries():
        # What broke off with its session waits for the next try.
        if one["state"] == "failed":
            assert tawny(world.home, "deliveries", "retry", str(one["id"])).status == 0
    assert tawny(world.home, "schedules", "run", "--due").status == 0
    assert tawny(world.home, "destinations", "test", "there").status == 0
    _check(world, days, tmp_path / "kept")
    tally.done |= {"kills": kills, "sessions cut off": cut_off, "days": days}


def _wanted(name: str, days: int) -> tuple[str, ...]:
    end = FIRST + datetime.timedelta(days=days)
    return ("backfill", name, "--from", str(FIRST), "--to", str(end))


def _check(world: World, count: int, kept: Path) -> None:
    """Everything of so many days is everywhere, once."""
    days = [str(FIRST + datetime.timedelta(days=number)) for number in range(count)]
    deliveries = world.deliveries()
    assert {(one["state"], one["revision"]) for one in deliveries} == {("delivered", 1)}
    slots = Counter(
        (one["schedule"], one["slot"]["from"], one["destination"]) for one in deliveries
    )
    expected = [("daily", day, name) for day in days for name in PLACES]
    assert slots == Counter([*expected, *(("sums", day, "rows") for day in days)])

    # No temporary name either.
    for name in world.store.names():
        (kept / name).parent.mkdir(parents=True, exist_ok=True)
        (kept / name).write_bytes(world.store.data(name))
    for folder, place in (
        (world.disk, "disk"), (world.there.inbox, "there"), (kept / "in", "store")
    ):  # fmt: skip
        check_whole(folder, [one for one in deliveries if one["destination"] == place], [])

    of_days = set(days[:LOGGED_DAYS])
    found = world.rows("SELECT message_id FROM public.messages")
    assert sorted(name for (name,) in found) == sorted(f"c-{day}-m" for day in of_days)
    sums = world.rows("SELECT schedule, contact_profile_id, count(*) FROM public.contacts "
                      "GROUP BY 1, 2")  # fmt: skip
    assert sorted(sums) == sorted(("sums", f"p-{day}", 1) for day in of_days)

    messages = world.told.messages()
    ids = {one.content["data"]["slot"]["from"]: one.id for one in messages}
    assert len(set(ids.values())) == len(ids) == count
    assert len({(one.id, one.body) for one in messages}) == count
    letters = world.post.messages()
    readers = {(one["Subject"], one["X-Reader"]): one["Message-ID"] for one in letters}
    assert len(readers) == len(set(readers.values())) == 2 * count
    assert {one["Message-ID"] for one in letters} == set(readers.values())
    assert list((world.home / "mailed").iterdir()) == []
