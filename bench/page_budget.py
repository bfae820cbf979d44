"""Measure what pages weigh and how soon a browser paints them, in a real Chromium.

Bytes are those of a first visit: the page and everything it loads, without charts, counted both as
they are and as they come over the wire; the goal is on the former. Paint is
`first-contentful-paint` of the browser's own Performance API, in milliseconds after the visit
began; of several visits the median counts. It is taken twice: at the first visit, where the browser
starts a process for the site and has nothing of us, and when the person comes from another page,
which is what happens all day; the goal is on the latter. What a page of one word takes in the same
browser tells how much of a first visit is the browser's own.
"""

from __future__ import annotations

import statistics
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Page
from report import Report

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from browser.running import chromium

PAINT_MS = 100
BYTES = 150_000
VISITS = 7
_MEASURE = """
() => {
  const all = [...performance.getEntriesByType("navigation"),
               ...performance.getEntriesByType("resource")]
    .filter((one) => !/charts|live/.test(one.name));
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return {
    plain: all.reduce((sum, one) => sum + one.decodedBodySize, 0),
    wire: all.reduce((sum, one) => sum + one.transferSize, 0),
    paint: paint ? paint.startTime : null,
    answer: performance.getEntriesByType("navigation")[0].responseEnd,
  };
}
"""


def measure_pages(report: Report, url: str, cookies: dict[str, str], paths: list[str]) -> None:
    """Visit each page of a server a few times as who the cookies say, and report."""
    report.line("## Pages: weight and first paint\n")
    report.line(
        "| page | bytes | on the wire | answer ms | paint ms, first visit | slowest "
        "| paint ms, from another page | slowest | goal |"
    )
    report.line("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |")
    with chromium() as browser, _one_word() as word:
        for path in [word, "/sign-in", *paths]:
            first: list[dict[str, Any]] = []
            later: list[dict[str, Any]] = []
            # The first visit of all warms the server, as the one before did for everybody else.
            for _ in range(VISITS + 1):
                context = browser.new_context(base_url=url)
                if path in paths:
                    context.add_cookies(
                        [{"name": name, "value": value, "url": url}
                         for name, value in cookies.items()]
                    )  # fmt: skip
                page = context.new_page()
                first.append(_visit(page, path))
                _visit(page, word if path == word else "/account" if path in paths else path)
                later.append(_visit(page, path))
                context.close()
            _report(report, path if path != word else "one word", first[1:], later[1:])
    report.line()


def _report(
    report: Report, name: str, first: list[dict[str, Any]], later: list[dict[str, Any]]
) -> None:
    size = max(one["plain"] for one in first)
    cold, warm = [one["paint"] for one in first], [one["paint"] for one in later]
    met = size < BYTES and statistics.median(warm) < PAINT_MS
    report.line(
        f"| {name} | {size:,} | {max(one['wire'] for one in first):,} "
        f"| {statistics.median(one['answer'] for one in later):.0f} "
        f"| {statistics.median(cold):.0f} | {max(cold):.0f} "
        f"| {statistics.median(warm):.0f} | {max(warm):.0f} "
        f"| under {BYTES:,} and {PAINT_MS}: {report.verdict(met)} |"
    )


def paint_ms(page: Page, url: str) -> float:
    """Go to a page; returns when its first content was painted, in milliseconds."""
    page.goto(url, wait_until="load")
    page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
    painted = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    return float(page.evaluate(painted))


def _visit(page: Page, url: str) -> dict[str, Any]:
    paint_ms(page, url)
    page.wait_for_timeout(400)  # its scripts come after the paint
    return dict(page.evaluate(_MEASURE))


@contextmanager
def _one_word() -> Iterator[str]:
    """A server with the smallest page there is; gives its address."""

    class Word(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>word</title><p>word")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Word)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
