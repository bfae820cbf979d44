"""Pictures of the pages, from a server of its own on simulated data.

    python scripts/screenshots.py                the pictures of the README, to docs/images
    python scripts/screenshots.py --all FOLDER   every page: languages, themes, two widths

Needs Chromium at /usr/bin/chromium, or its path in TAWNY_TEST_CHROMIUM.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from playwright.sync_api import Browser, BrowserContext, Page  # noqa: E402

from browser.running import (  # noqa: E402
    Running,
    chromium,
    context_of,
    create_administrator,
    sample,
    serving,
    visit,
)

PAGES = ("exports", "dictionary", "log", "people", "audit", "settings", "account")
LOOKS = tuple(itertools.product(("en", "fr"), ("light", "dark"), (1280, 390)))
"""Languages, themes and widths."""
TYPES = ("messages", "teams", "user-presence", "response-times", "tags", "resolved-conversations")


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER")
    folder = parser.parse_args().all
    today = datetime.datetime.now(datetime.UTC).date()
    start = today - datetime.timedelta(days=40)
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        work = Path(name)
        if folder:
            with serving(work / "empty", work / "empty.log") as empty:
                _first_start(browser, empty, folder)
        sample(work / "home", work / "events.ndjson", 3000, start.isoformat(), today.isoformat())
        with serving(work / "home", work / "server.log") as running:
            context = context_of(browser, running)
            page = context.new_page()
            create_administrator(page, running)
            runs = [_export(page, name) for name in TYPES]
            if folder:
                _everything(browser, running, context, runs, folder)
            else:
                _readme(browser, running, context, runs, ROOT / "docs" / "images")


def _export(page: Page, export_type: str) -> str:
    """Ask for an export and wait for it; returns the path of its page."""
    visit(page, "/exports")
    page.select_option("#type", export_type)
    page.fill("#range", "last 7 days")
    page.locator("#range").press("Enter")
    page.click("#generate")
    link = page.locator(".notice.good a")
    link.wait_for()
    path = link.get_attribute("href")
    assert path is not None
    page.locator(f'#run-list a[href="{path}/file"]').wait_for(timeout=120_000)
    return path


def _like(browser: Browser, running: Running, context: BrowserContext, **look: object) -> Page:
    other = context_of(browser, running, **look)  # type: ignore[arg-type]
    other.add_cookies(context.cookies())  # type: ignore[arg-type]
    return other.new_page()


def _shoot(page: Page, path: str, file: Path, *, whole: bool = True) -> None:
    visit(page, path)
    if page.locator("#estimate").count():
        page.locator("#estimate strong").wait_for(timeout=20_000)
    if page.locator("#preview").count():
        page.locator("#preview table, #preview .empty:not([hx-get])").first.wait_for()
        page.locator("#charts .charts").wait_for(timeout=60_000)
        page.wait_for_timeout(300)
    _put_away_notifications(page)
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file, full_page=whole)


def _put_away_notifications(page: Page) -> None:
    """What ended a moment ago is told to a browser that is new here; it would lie over the page."""
    page.wait_for_timeout(200)
    if page.locator(".toast").count() or not page.evaluate("localStorage.getItem('tawny-told')"):
        page.wait_for_timeout(1800)
        page.keyboard.press("Escape")


def _first_start(browser: Browser, running: Running, folder: Path) -> None:
    page = context_of(browser, running).new_page()
    assert running.set_up is not None
    visit(page, running.set_up)
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / "first-start.png")
    create_administrator(page, running)
    for language, scheme, width in LOOKS:
        look = _like(browser, running, page.context, language=language, scheme=scheme, width=width)
        for path in ("exports", "log", "people"):
            visit(look, f"/{path}")
            look.screenshot(
                path=folder / f"empty-{path}-{language}-{scheme}-{width}.png", full_page=True
            )
        look.context.close()


def _everything(
    browser: Browser, running: Running, context: BrowserContext, runs: list[str], folder: Path
) -> None:
    for language, scheme, width in LOOKS:
        page = _like(browser, running, context, language=language, scheme=scheme, width=width)
        end = f"{language}-{scheme}-{width}.png"
        for name in PAGES:
            _shoot(page, f"/{name}", folder / f"{name}-{end}")
        _shoot(page, "/dictionary/response-times", folder / f"columns-{end}")
        for path, name in zip(runs, TYPES, strict=True):
            if (scheme, width) == ("light", 1280) or name == "messages":
                _shoot(page, path, folder / f"run-{name}-{end}")
        page.context.close()


def _readme(
    browser: Browser, running: Running, context: BrowserContext, runs: list[str], folder: Path
) -> None:
    light = _like(browser, running, context)
    _shoot(light, "/exports", folder / "exports.png", whole=False)
    _shoot(light, runs[0], folder / "run.png", whole=False)
    dark = _like(browser, running, context, scheme="dark")
    _shoot(dark, "/dictionary/response-times", folder / "dictionary-dark.png", whole=False)
    french = _like(browser, running, context, language="fr", width=390, height=844)
    _shoot(french, "/exports", folder / "exports-phone-fr.png", whole=False)


if __name__ == "__main__":
    main()
