"""Measure what pages weigh and how soon a browser paints them, in a real Chromium.

A first visit: nothing in the browser's cache, the server beside it and at ease. Bytes are those of
the page and everything it loads at once, without charts, counted both as they are and as they come
over the wire; the goal is on the former. Paint is `first-contentful-paint` of the browser's own
Performance API, in milliseconds after the visit began; of several visits the median counts.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import Any

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
    report.line("## First visit of a page\n")
    report.line("| page | bytes | on the wire | answer ms | paint ms | slowest | goal |")
    report.line("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    with chromium() as browser:
        for path in ["/sign-in", *paths]:
            seen: list[dict[str, Any]] = []
            # The first visit of all warms the server, as the one before did for everybody else.
            for _ in range(VISITS + 1):
                context = browser.new_context(base_url=url)
                if path != "/sign-in":
                    context.add_cookies(
                        [{"name": name, "value": value, "url": url}
                         for name, value in cookies.items()]
                    )  # fmt: skip
                page = context.new_page()
                page.goto(path, wait_until="load")
                page.wait_for_function(
                    "() => performance.getEntriesByName('first-contentful-paint').length"
                )
                page.wait_for_timeout(300)
                seen.append(page.evaluate(_MEASURE))
                context.close()
            visits = seen[1:]
            paints = [one["paint"] for one in visits]
            size = max(one["plain"] for one in visits)
            met = size < BYTES and statistics.median(paints) < PAINT_MS
            report.line(
                f"| {path} | {size:,} | {max(one['wire'] for one in visits):,} "
                f"| {statistics.median(one['answer'] for one in visits):.0f} "
                f"| {statistics.median(paints):.0f} | {max(paints):.0f} "
                f"| under {BYTES:,} and {PAINT_MS}: {report.verdict(met)} |"
            )
    report.line()
