"""A real `tawny serve` on loopback, and a real Chromium before it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect, sync_playwright

from server_process import LONGEST_WAIT_S

PASSWORD = "one owl two mice"
CHROMIUM = os.environ.get("TAWNY_TEST_CHROMIUM", "/usr/bin/chromium")
LONGEST_WAIT_MS = 1000 * LONGEST_WAIT_S

expect.set_options(timeout=LONGEST_WAIT_MS)


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers; `set_up` is the one-time link it printed, if it printed one."""

    url: str
    home: Path
    set_up: str | None


def tawny(home: Path, *arguments: str) -> str:
    """Run the command line over a data folder; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "tawny", "--home", str(home), *arguments],
        check=True, capture_output=True, text=True, timeout=LONGEST_WAIT_S,
    )  # fmt: skip
    return done.stdout


def sample(home: Path, events: Path, conversations: int, start: str, end: str) -> None:
    """Simulate a care centre and take its events in."""
    tawny(
        home, "sample", "--conversations", str(conversations), "--from", start, "--to", end,
        "-o", str(events),
    )  # fmt: skip
    tawny(home, "ingest", str(events))


@contextmanager
def serving(home: Path, log: Path, **settings: str) -> Iterator[Running]:
    """Serve a data folder until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "tawny", "--home", str(home), "serve", "--port", str(port)],
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, **settings, "PYTHONUNBUFFERED": "1"},
        )
        try:
            _wait(process, url, log)
            link = re.search(r"(http\S+/set-up/\S+)", log.read_text(encoding="utf-8"))
            yield Running(url, home, link.group(1) if link else None)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + LONGEST_WAIT_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{url}/sign-in", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{log.read_text(encoding='utf-8')}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without talk to anybody."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


def context_of(
    browser: Browser,
    running: Running,
    language: str = "en",
    *,
    scheme: str = "light",
    width: int = 1280,
    height: int = 860,
    zone: str = "Europe/Paris",
) -> BrowserContext:
    """A person's browser; the zone's cookie is there as after a first visit."""
    context = browser.new_context(
        base_url=running.url,
        locale={"en": "en-GB", "fr": "fr-FR"}[language],
        timezone_id=zone,
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": height},
        accept_downloads=True,
    )
    context.set_default_timeout(LONGEST_WAIT_MS)
    context.add_cookies([{"name": "tawny_zone", "value": zone, "url": running.url}])
    return context


def settled(page: Page) -> None:
    """Wait until the scripts of a page are there: they come after its first paint."""
    page.wait_for_selector("html[data-scripts=ready]", state="attached")


def visit(page: Page, url: str) -> Response | None:
    """Go to a page and wait for all of it; returns the answer."""
    answer = page.goto(url)
    settled(page)
    return answer


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Come in over the sign-in page, in any language, and go to the exports."""
    visit(page, "/sign-in")
    page.fill("#name", name)
    page.fill("#password", password)
    page.click("main button.primary")
    page.wait_for_url(re.compile(r"://[^/]+/$"))
    settled(page)
    visit(page, "/exports")


def create_administrator(page: Page, running: Running, name: str = "anna") -> None:
    """Use the one-time link, and go to the exports."""
    assert running.set_up is not None
    visit(page, running.set_up)
    page.fill("#name", name)
    page.fill("#display_name", name.title())
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.click("main button.primary")
    page.wait_for_url(re.compile(r"://[^/]+/$"))
    settled(page)
    visit(page, "/exports")
