"""Servers and browsers for the tests: one site with data for most of them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from browser.running import (
    CHROMIUM,
    PASSWORD,
    Running,
    chromium,
    context_of,
    create_administrator,
    sample,
    serving,
    sign_in,
    visit,
)

if not Path(CHROMIUM).exists():
    pytest.skip(
        f"browser tests are left out: there is no {CHROMIUM} (apt-get install chromium)",
        allow_module_level=True,
    )


@dataclass(frozen=True, slots=True)
class Site:
    """A running server with simulated data, the administrator anna and the supervisor sam."""

    running: Running
    sams_channel: str
    sams_channel_name: str
    other_channel: str
    out: Path
    """A folder that files may be delivered below."""

    def page(self, browser: Browser, name: str = "anna", **look: object) -> Page:
        """A page of somebody who is signed in."""
        page = context_of(browser, self.running, **look).new_page()  # type: ignore[arg-type]
        sign_in(page, name)
        return page


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    with chromium() as launched:
        yield launched


@pytest.fixture(scope="session")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month of a small simulated centre up to now, as newline-delimited JSON."""
    folder = tmp_path_factory.mktemp("events")
    today = datetime.datetime.now(datetime.UTC).date()
    start = today - datetime.timedelta(days=20)
    path = folder / "events.ndjson"
    sample(folder / "home", path, 400, start.isoformat(), today.isoformat())
    return path


@pytest.fixture(scope="session")
def site(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser, events: Path
) -> Iterator[Site]:
    """The server most tests use. It computes one run at a time, so that a second one waits."""
    folder = tmp_path_factory.mktemp("site")
    home = events.parent / "home"
    out = folder / "out"
    out.mkdir()
    settings = {"TAWNY_RUNS_AT_ONCE": "1", "TAWNY_DELIVERY_FOLDERS": str(out)}
    with serving(home, folder / "server.log", **settings) as running:
        page = context_of(browser, running).new_page()
        create_administrator(page, running)
        visit(page, "/people")
        page.locator("#new > summary").click()
        boxes = page.locator("#new-channels input[name=channel]")
        mine, other = boxes.nth(0), boxes.nth(1)
        channel, another = str(mine.get_attribute("value")), str(other.get_attribute("value"))
        label = page.locator("#new-channels label").nth(0).text_content() or ""
        page.fill("#new-name", "sam")
        page.fill("#new-password", PASSWORD)
        page.locator(f'#new input[name=channel][value="{channel}"]').check()
        page.locator("#new button.primary").click()
        page.locator(".notice.good").wait_for()
        page.context.close()
        yield Site(running, channel, label.split("\n")[0].strip(), another, out)
