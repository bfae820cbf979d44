"""Pages of a server without any channel, and of one with 300 of long names and 200 people."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, expect

from browser.running import context_of, create_administrator, serving, visit
from server.running import conversation, event, send, until

PAGES = ("/", "/exports", "/log", "/people", "/people/groups", "/audit", "/settings", "/dictionary")
WIDTHS = (375, 1920)


def _widths(page: Page) -> None:
    """Nothing is wider than the screen, small or large."""
    for path in PAGES:
        visit(page, path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)


def test_no_channel_and_three_hundred(tmp_path: Path, browser: Browser) -> None:
    """They fit the screen, are fetched when somebody chooses among them, and are found."""
    home = tmp_path / "home"
    with serving(home, tmp_path / "server.log", TAWNY_INBOX_MOVE_MS="200") as running:
        page = context_of(browser, running, language="fr").new_page()
        create_administrator(page, running)
        _widths(page)
        token = page.locator("input[name=_csrf]").first.get_attribute("value") or ""
        cookies = {one["name"]: one["value"] for one in page.context.cookies()}
        with httpx.Client(base_url=f"{running.url}/api/v1", cookies=cookies, timeout=60) as root:
            root.headers["X-CSRF-Token"] = token
            name = "A rather long name of a desk in a town, as people give them, number"
            send(root, [event("channel.saved", f"c{n}", "2026-06-01T00:00:00Z", channel_id=f"c{n}",
                              medium="email", name=f"{name} {n} {'x' * 60}") for n in range(300)]
                 + [one for n in range(300) for one in conversation(n, f"c{n}")])  # fmt: skip
            until(lambda: len(root.get("/channels").json()) == 300)
        with sqlite3.connect(home / "state.db") as state:
            state.execute(
                "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers "
                "WHERE n < 200) INSERT INTO users (name, display_name, password_hash, role, "
                "presence, disabled, created_ms) SELECT 'a.rather.long.name.' || n, 'Person ' || n,"
                " 'x', 'supervisor', 0, 0, 0 FROM numbers"
            )
        _widths(page)
        page.set_viewport_size({"width": 375, "height": 900})
        visit(page, "/exports")
        boxes = page.locator("#channel-list label")
        expect(boxes).to_have_count(0)
        page.locator("label.chip", has=page.locator("[name=which_channels][value=some]")).click()
        expect(boxes).to_have_count(300)
        page.fill("#channel-search", "number 299")
        expect(page.locator("#channel-list label:visible")).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
        page.context.close()
