"""Measure how fast help desks are read: a Chatwoot database, and an API with limits.

    python bench/backfill.py [--messages N] [--tickets N]

A database of a million messages is read for the first time, then again while nothing changed; the
same events are also taken in by `tawny ingest` from a file, so that reading is judged against what
taking in costs. The API is a Zendesk account on this machine whose exports may be asked for 60
times as often as those of the real one: its calls tell how long it has to take.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from report import Report

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import psycopg

from api_desk import served
from chatwoot_desk import TABLES, URL, ChatwootDesk
from postgres import Cluster, cluster
from zendesk_desk import ANN, CLEO, EMAIL, TOKEN, ZendeskDesk, change, comment, create

MESSAGES = 1_000_000
TICKETS = 20_000
PER_CONVERSATION = 10
SHARE_OF_INGEST = 1 / 3
UNCHANGED_S = 5.0
OVER_BUDGET = 1.5
EXPORTS_PER_MINUTE = 600
"""60 times what Zendesk allows."""
WINDOW_S = 60.0

_LOCAL = {"TAWNY_OUTGOING_PRIVATE": "127.0.0.0/8"}

_FILL = """
INSERT INTO accounts (id, name, created_at, updated_at)
  VALUES (1, 'Example Ltd', '2020-01-01', '2020-01-01');
INSERT INTO users (id, name, email, created_at, updated_at)
  SELECT n, 'Agent Number' || n, 'agent' || n || '@example.com', '2020-01-01', '2020-01-01'
  FROM generate_series(1, 50) AS n;
INSERT INTO account_users (account_id, user_id) SELECT 1, n FROM generate_series(1, 50) AS n;
INSERT INTO teams (id, name, account_id, created_at, updated_at)
  VALUES (3, 'Billing', 1, '2020-01-01', '2020-01-01');
INSERT INTO inboxes (id, channel_id, account_id, name, channel_type, created_at, updated_at)
  VALUES (5, 1, 1, 'Website', 'Channel::WebWidget', '2020-01-01', '2020-01-01');
INSERT INTO labels (id, title, account_id, created_at, updated_at)
  VALUES (7, 'refund', 1, '2020-01-01', '2020-01-01');
INSERT INTO tags VALUES (7, 'refund');
CREATE TEMPORARY TABLE stories AS
  SELECT n, timestamp '2024-01-01' + n * (interval '700 days' / {conversations}) AS at
  FROM generate_series(1, {conversations}) AS n;
INSERT INTO contacts (id, name, email, account_id, created_at, updated_at)
  SELECT n, 'Contact ' || n, 'c' || n || '@example.net', 1, at, at FROM stories WHERE n % 2 = 1;
INSERT INTO contact_inboxes (contact_id, inbox_id, source_id, created_at, updated_at)
  SELECT n, 5, 'source-' || n, at, at FROM stories WHERE n % 2 = 1;
INSERT INTO conversations (id, account_id, inbox_id, status, contact_id, display_id, team_id,
                           assignee_id, created_at, updated_at)
  SELECT n, 1, 5, 1, n - (n + 1) % 2, n, 3, 1 + n % 50, at, at + interval '1000 seconds'
  FROM stories;
INSERT INTO messages (id, content, account_id, inbox_id, conversation_id, message_type, private,
                      content_type, sender_type, sender_id, created_at, updated_at)
  SELECT (n - 1) * 10 + k,
    CASE k WHEN 2 THEN 'Assigned to Billing by Automation System'
           WHEN 9 THEN 'Conversation was marked resolved by Agent Number' || 1 + n % 50
           ELSE 'What somebody wrote about the order of last week ' || n || '/' || k END,
    1, 5, n, CASE k WHEN 2 THEN 2 WHEN 9 THEN 2 WHEN 10 THEN 3 WHEN 1 THEN 0 ELSE k % 2 END,
    k = 8, CASE k WHEN 10 THEN 9 ELSE 0 END,
    CASE WHEN k IN (2, 9, 10) THEN NULL WHEN k = 1 OR k % 2 = 0 THEN 'Contact' ELSE 'User' END,
    CASE WHEN k IN (2, 9, 10) THEN NULL WHEN k = 1 OR k % 2 = 0 THEN n - (n + 1) % 2
         ELSE 1 + n % 50 END,
    at + k * interval '97 seconds', at + k * interval '97 seconds'
  FROM stories CROSS JOIN generate_series(1, 10) AS k;
INSERT INTO reporting_events (name, account_id, inbox_id, conversation_id, event_end_time,
                              created_at, updated_at)
  SELECT 'conversation_resolved', 1, 5, n, at + interval '872.5 seconds',
    at + interval '873 seconds', at + interval '873 seconds' FROM stories;
INSERT INTO csat_survey_responses (account_id, conversation_id, message_id, rating, created_at,
                                   updated_at)
  SELECT 1, n, n * 10, 1 + n % 5, at + interval '990 seconds', at + interval '990 seconds'
  FROM stories WHERE n % 3 = 0;
INSERT INTO taggings (tag_id, taggable_type, taggable_id, context, created_at)
  SELECT 7, 'Conversation', n, 'labels', at + interval '300 seconds' FROM stories WHERE n % 4 = 0;
CREATE INDEX ON taggings (taggable_id, taggable_type, context);
CREATE INDEX ON csat_survey_responses (conversation_id);
CREATE INDEX ON attachments (message_id);
CREATE INDEX ON contact_inboxes (contact_id);
CREATE INDEX ON conversations (account_id);
ANALYZE;
"""
"""Indexes are those that Chatwoot makes."""


@dataclass(frozen=True)
class Sync:
    """One process: wall and processor seconds, peak memory, and what it counted."""

    seconds: float
    cpu_s: float
    peak_mb: float
    counters: dict[str, int]


def tawny(home: Path, *arguments: str, **environment: str) -> Sync:
    """One call of the command line; raises when it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "tawny", "--home", str(home), *arguments],
        stdout=subprocess.PIPE, env={**os.environ, **_LOCAL, **environment},
    )  # fmt: skip
    assert process.stdout is not None
    out = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status != 0:
        raise SystemExit(f"failed: {' '.join(arguments)}")
    counters = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", out)}
    return Sync(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, counters)


def bench_database(report: Report, messages: int) -> None:
    """A backfill, the same events from a file, and a sync of what did not change."""
    with cluster() as postgres, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        desk = ChatwootDesk(postgres.new_database())
        desk.sql(TABLES)
        desk.sql(_FILL.replace("{conversations}", str(messages // PER_CONVERSATION)))
        log_durations(postgres)
        found = {"CHATWOOT_DATABASE_URL": desk.address}
        home, written, other = folder / "home", folder / "events.ndjson", folder / "other"
        add = (
            *("sources", "add", "chatwoot", "desk", "--url", URL, "--account", "1"),
            *("--database-url", "env:CHATWOOT_DATABASE_URL"),
        )
        sync = ("sources", "sync", "desk")
        tawny(home, *add, **found)
        first = tawny(home, *sync, **found)
        longest_ms = longest_query_ms(postgres)
        again = tawny(home, *sync, **found)
        tawny(folder / "reading", *add, **found)
        reading = tawny(folder / "reading", *sync, "-o", str(written), **found)
        ingest = tawny(other, "ingest", str(written))
    accepted = first.counters["accepted"]
    report.line(f"## A Chatwoot database of {messages:,} messages\n")
    report.line("| what | seconds | cpu s | records/s | events/s | peak MB | goal |")
    report.line("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    share = ingest.seconds / first.seconds
    verdict = report.verdict(share >= SHARE_OF_INGEST)
    for what, run, goal in (
        ("the first sync", first, f"a third of the speed of ingest: {share:.2f}, {verdict}; of the "
         f"processor {ingest.cpu_s / first.cpu_s:.2f}"),
        ("reading alone, into a file", reading, ""),
        ("`tawny ingest` of that file", ingest, ""),
        ("a sync of what did not change", again,
         f"{UNCHANGED_S:.0f} s: {report.verdict(again.seconds <= UNCHANGED_S)}"),
    ):  # fmt: skip
        records = run.counters.get("read", 0) / run.seconds
        events = run.counters["accepted"] or (accepted if run is reading else 0)
        report.line(
            f"| {what} | {run.seconds:.1f} | {run.cpu_s:.1f} | {records:,.0f} "
            f"| {events / run.seconds:,.0f} | {run.peak_mb:,.0f} | {goal} |"
        )
    report.line(f"\nThe longest query of the first sync took {longest_ms:,.0f} ms.\n")


def log_durations(postgres: Cluster) -> None:
    """Have the server write down how long each statement takes."""
    with psycopg.connect(postgres.address("postgres"), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET log_duration = on")
        connection.execute("SELECT pg_reload_conf()")


def longest_query_ms(postgres: Cluster) -> float:
    """Of all that the server wrote down."""
    log = (postgres.folder / "postgres.log").read_text(encoding="utf-8", errors="replace")
    return max((float(ms) for ms in re.findall(r"duration: ([0-9.]+) ms", log)), default=0.0)


def bench_api(report: Report, tickets: int) -> None:
    """A backfill by exports: how long it takes beside what its budget lets it take."""
    account = ZendeskDesk(page=100, exports_per_minute=EXPORTS_PER_MINUTE)
    for number in range(1, tickets + 1):
        at = f"2026-0{1 + number % 9}-1{number % 10}T10:00:0{number % 10}Z"
        account.ticket(number, at)
        account.audit(number * 1000, number, at, CLEO, create(status="new"),
                      comment(number * 1000 + 500, CLEO, "It is dark"))  # fmt: skip
        account.audit(number * 1000 + 10, number, at, ANN, change("status", "solved", "new"),
                      comment(number * 1000 + 501, ANN, "It is light"))  # fmt: skip
    account.events.sort(key=lambda event: (event["timestamp"], event["id"]))
    with served(account), tempfile.TemporaryDirectory() as name:
        home, found = Path(name) / "home", {"ZENDESK_TOKEN": TOKEN}
        tawny(
            home, "sources", "add", "zendesk", "acme", "--subdomain", "acme", "--email", EMAIL,
            "--token", "env:ZENDESK_TOKEN", "--base-url", account.url,
            **found,
        )  # fmt: skip
        account.calls.clear()
        run = tawny(home, "sources", "sync", "acme", **found, TAWNY_OUTGOING_PRIVATE="127.0.0.0/8")
    exports = sum(1 for call in account.calls if "/incremental/" in call)
    allowed = EXPORTS_PER_MINUTE // 2
    least_s = (exports - 1) // allowed * WINDOW_S
    report.line(f"## A Zendesk account of {tickets:,} tickets, limits 60 times as high\n")
    report.line("| calls | of exports | seconds | cpu s | events/s | by the budget | goal |")
    report.line("| ---: | ---: | ---: | ---: | ---: | ---: | --- |")
    goal = "no wait was needed"
    if least_s:
        ratio = run.seconds / least_s
        goal = f"{OVER_BUDGET}: {ratio:.2f}, {report.verdict(ratio <= OVER_BUDGET)}"
    report.line(
        f"| {len(account.calls):,} | {exports:,} | {run.seconds:.1f} | {run.cpu_s:.1f} "
        f"| {run.counters['accepted'] / run.seconds:,.0f} | {least_s:.0f} s | {goal} |\n"
    )


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--tickets", type=int, default=TICKETS)
    arguments = parser.parse_args()
    folder = Path(__file__).resolve().parent / "out"
    folder.mkdir(exist_ok=True)
    report = Report(folder / "backfill.md")
    bench_database(report, arguments.messages)
    bench_api(report, arguments.tickets)
    report.save()
    raise SystemExit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
