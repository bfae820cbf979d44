"""Kills of Tawny and of a server's sessions while files go by SFTP and to an object store, a
program is told and mail is sent: at the end one whole file of each range at each, no temporary
name, and of each range one message, however often it came."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import ingest, ndjson, tawny
from effort import SOAK
from mail_server import MailServer, mail_server
from s3_server import BUCKET, s3_server
from server.running import small_log
from ssh_server import SshServer, ssh_server
from test_schedules_kill import check_whole
from webhook_server import WebhookServer, webhook_server

DAYS = 20 if SOAK else 2
KILLS = 70 * SOAK if SOAK else 7


def moments(
    server: SshServer, told: WebhookServer, post: MailServer, chance: random.Random
) -> list[Callable[[], bool]]:
    """When is killed: at each step of the next file's way, or just some time."""

    def count(pattern: str) -> int:
        return sum(1 for _ in server.inbox.rglob(pattern))

    def one_more(pattern: str) -> Callable[[], bool]:
        before = count(pattern)
        return lambda: count(pattern) > before

    def one_more_message(found: WebhookServer | MailServer) -> Callable[[], bool]:
        before = len(found.messages())
        return lambda: len(found.messages()) > before

    def after_a_while() -> Callable[[], bool]:
        end = time.monotonic() + chance.uniform(0.5, 6)
        return lambda: time.monotonic() > end

    return [
        one_more(".*.csv.*.tawny-part"),
        one_more("*.csv"),
        one_more(".*.receipt.json.*.tawny-part"),
        one_more("*.receipt.json"),
        # Its answer has not come yet.
        one_more_message(told),
        one_more_message(post),
        after_a_while(),
    ]


def test_kills_leave_one_whole_file_of_each_range(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAWNY_OUTGOING_PRIVATE", "127.0.0.1")
    home, key = tmp_path / "home", tmp_path / "key"
    ingest(home, ndjson(small_log()))
    chance = random.Random(os.urandom(8) if SOAK else 11)
    with (
        ssh_server() as server, s3_server() as store, webhook_server() as told,
        mail_server() as post,
    ):  # fmt: skip
        monkeypatch.setenv("SSL_CERT_FILE", str(post.certificate))
        monkeypatch.setenv("TAWNY_SMTP_URL", post.url())
        monkeypatch.setenv("TAWNY_MAIL_FROM", "exports@example.com")
        (tmp_path / "secret").write_text(store.secret)
        (tmp_path / "user").write_text("writer")
        key.write_text(server.private_key)
        for words in (
            ("destinations", "add", "sftp", "there", "--url", server.url,
             "--private-key", f"file:{key}"),
            ("destinations", "add", "object_store", "store", "--url", f"s3://{BUCKET}/in",
             "--endpoint", store.endpoint, "--access-key", f"file:{tmp_path / 'user'}",
             "--secret-key", f"file:{tmp_path / 'secret'}"),
            ("destinations", "add", "webhook", "told", "--url", f"{told.url}/late"),
            ("destinations", "add", "mail", "post", "--to", "anna@example.com,zoe@example.com"),
            ("schedules", "add", "daily", "messages", "--frequency", "daily", "--tz",
             "Europe/Paris", "--destination", "there", "--destination", "store", "--destination",
             "told", "--destination", "post"),
        ):  # fmt: skip
            assert tawny(home, *words).status == 0
        wanted = ["schedules", "backfill", "daily", "--from", "2026-06-01", "--to",
                  f"2026-06-{DAYS + 1:02d}"]  # fmt: skip
        cut_off = 0
        for number in range(KILLS):
            moment = moments(server, told, post, chance)[number % 7]
            process = subprocess.Popen(
                [sys.executable, "-m", "tawny", "--home", str(home),
                 *(wanted if number == 0 else ("schedules", "run", "--due"))],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            while process.poll() is None and not moment():
                time.sleep(0.0005)
            if chance.random() < 0.3:
                cut_off += server.kill_sessions()
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert tawny(home, *wanted).status in (0, 1)
        listed = tawny(home, "deliveries", "list", "--limit", "500", "--json")
        for one in json.loads(listed.out):
            # What broke off with its session waits for the next try.
            if one["state"] == "failed":
                assert tawny(home, "deliveries", "retry", str(one["id"])).status == 0
        assert tawny(home, "schedules", "run", "--due").status == 0
        assert tawny(home, "destinations", "test", "there").status == 0
        listed = tawny(home, "deliveries", "list", "--limit", "500", "--json")
        deliveries = json.loads(listed.out)
        slots = [(one["slot"]["from"], one["destination"]) for one in deliveries]
        assert sorted(slots) == [
            (f"2026-06-{day:02d}", name)
            for day in range(1, DAYS + 1)
            for name in ("post", "store", "there", "told")
        ]
        assert {(one["state"], one["revision"]) for one in deliveries} == {("delivered", 1)}
        # No temporary name either.
        (kept := tmp_path / "store").mkdir()
        for name in store.names():
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            (kept / name).write_bytes(store.data(name))
        messages = told.messages()
        ids = {one.content["data"]["slot"]["from"]: one.id for one in messages}
        assert len(set(ids.values())) == len(ids) == DAYS
        assert len({(one.id, one.body) for one in messages}) == DAYS
        letters = post.messages()
        readers = {(one["Subject"], one["X-Reader"]): one["Message-ID"] for one in letters}
        assert len(readers) == len(set(readers.values())) == 2 * DAYS
        assert {one["Message-ID"] for one in letters} == set(readers.values())
        assert list((home / "mailed").iterdir()) == []
        for folder, place in ((server.inbox, "there"), (kept / "in", "store")):
            check_whole(folder, [one for one in deliveries if one["destination"] == place], [])
