"""What goes wrong, as a person sees it."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from browser.conftest import Site
from browser.running import PASSWORD, context_of, settled, visit
from server_process import LONGEST_WAIT_S


def _generate(page: Page, export_type: str = "messages") -> str:
    page.select_option("#type", export_type)
    page.click("#generate")
    link = page.locator(".notice.good a")
    link.wait_for()
    return str(link.get_attribute("href")).rpartition("/")[2]


def test_wrong_password(site: Site, browser: Browser) -> None:
    """It says so, keeps the name, and after too many tries asks to wait."""
    page = context_of(browser, site.running).new_page()
    visit(page, "/sign-in?next=/log")
    page.fill("#name", "nobody")
    for attempt in range(6):
        page.fill("#password", f"not this {attempt}")
        page.click("main button.primary")
        expect(page.locator("#problem")).to_be_visible()
        expect(page.locator("#name")).to_have_value("nobody")
    expect(page.locator("#problem")).to_contain_text("Try again in")
    # Somebody else still comes in, and lands where the way led.
    page.fill("#name", "anna")
    page.fill("#password", PASSWORD)
    page.click("main button.primary")
    expect(page.locator("h1")).to_have_text("Data received")
    page.context.close()


def test_session_that_ended(site: Site, browser: Browser) -> None:
    """A press on a page that is still open leads to the sign-in page and back."""
    page = site.page(browser, "sam", language="fr")
    # Nothing of the page is still on its way when the session ends: only the press leads away.
    expect(page.locator("#estimate")).not_to_be_empty()
    with sqlite3.connect(site.running.home / "state.db") as state:
        state.execute(
            "UPDATE sessions SET expires_ms = 0 WHERE user_id = "
            "(SELECT id FROM users WHERE name = 'sam')"
        )
    state.close()
    page.click("#generate")
    page.wait_for_url("**/sign-in**")
    settled(page)
    expect(page.locator(".notice")).to_contain_text("Votre session est terminée")
    page.fill("#name", "sam")
    page.fill("#password", PASSWORD)
    page.click("main button.primary")
    page.wait_for_url("**/exports")
    settled(page)
    page.context.close()


def test_channels_of_others(site: Site, browser: Browser) -> None:
    """A supervisor sees one channel, nobody else's runs, no pages of administrators, and cannot
    ask for another channel by other means."""
    admin = site.page(browser)
    foreign = _generate(admin)
    page = site.page(browser, "sam")
    some = page.locator("label.chip", has=page.locator("[name=which_channels][value=some]"))
    some.click()
    expect(page.locator("#channel-list input[name=channel]")).to_have_count(1)
    expect(page.locator("nav a[href='/people']")).to_have_count(0)
    assert visit(page, "/people").status == 403  # type: ignore[union-attr]
    expect(page.locator("h1")).to_have_text("You do not have access")
    for path in ("", "/file", "/preview", "/charts", "/receipt"):
        assert page.request.get(f"/exports/{foreign}{path}").status == 404
    visit(page, "/log")
    expect(page.locator("tbody tr")).to_have_count(1)
    visit(page, "/exports")
    some.click()
    box = page.locator("#channel-list input[name=channel]")
    box.evaluate("(box, id) => { box.value = id; box.checked = true; }", site.other_channel)
    page.click("#generate")
    expect(page.locator("#form-problem")).to_be_visible()
    page.context.close()
    admin.context.close()


def test_failed_run(site: Site, browser: Browser) -> None:
    """The list says why in words, a notification tells, and Run again works once it is mended."""
    page = site.page(browser)
    folder = site.running.home / "exports"
    folder.mkdir(exist_ok=True)
    aside = folder.rename(folder.with_name("exports-aside"))
    folder.write_text("in the way", encoding="utf-8")
    try:
        run_id = _generate(page, "teams")
        row = page.locator(f"#run-{run_id}")
        expect(row.locator(".run-error")).to_contain_text("Not a directory")
        expect(page.locator(".toast.failed", has_text="Teams: failed")).to_be_visible()
        french = site.page(browser, language="fr")
        visit(french, f"/exports/{run_id}")
        expect(french.locator(".form-error")).to_contain_text(
            f"Cet export a échoué. {folder / run_id}"
        )
        expect(french.locator(".form-error")).to_contain_text("ce n’est pas un dossier")
        french.context.close()
    finally:
        folder.unlink()
        Path(aside).rename(folder)
    row.get_by_role("button", name="again").click()
    page.wait_for_url("**/exports/*")
    settled(page)
    assert not page.url.endswith(run_id)
    expect(page.locator("main a[data-download]")).to_be_visible()
    page.context.close()


@contextlib.contextmanager
def _nothing_computed(home: Path) -> Iterator[None]:
    """Hold the process that computes runs: on a busy machine a page may take longer than a run."""
    line = b"".join(f"{one}\0".encode() for one in ("tawny.background.process", home, 10))
    held: list[int] = []
    end = time.monotonic() + LONGEST_WAIT_S
    while not held and time.monotonic() < end:
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (process / "cmdline").read_bytes().endswith(line):
                    held.append(int(process.name))
    assert held
    for pid in held:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in held:
            os.kill(pid, signal.SIGCONT)


def test_cancelled_run(site: Site, browser: Browser) -> None:
    """One that waits is cancelled in the list and says so; others go on."""
    page = site.page(browser)
    first = _generate(page, "messages")
    with _nothing_computed(site.running.home):
        visit(page, "/exports")
        second = _generate(page, "contacts")
        visit(page, "/exports")
        third = _generate(page, "tags")
        row = page.locator(f"#run-{third}")
        row.get_by_role("button", name="Cancel").click()
        expect(row.locator(".state")).to_have_text("Cancelled")
    for run_id in (first, second):
        expect(page.locator(f"#run-{run_id} a[data-download]")).to_be_visible()
    expect(row.locator(".state")).to_have_text("Cancelled")
    page.context.close()


def test_addresses_without_a_page(site: Site, browser: Browser) -> None:
    """They are answered by a page that leads on, for anybody."""
    page = context_of(browser, site.running, "fr").new_page()
    assert visit(page, "/nothing/at/all").status == 404  # type: ignore[union-attr]
    expect(page.locator("h1")).to_have_text("Il n’y a rien ici")
    page.context.close()


def test_a_name_that_is_taken(site: Site, browser: Browser) -> None:
    """A form that is refused says why in the reader's language, as a sentence of its own."""
    for language, words in (
        ("en", "The name 'anna' is taken; choose another"),
        ("fr", "Le nom « anna » est déjà pris ; choisissez-en un autre"),
    ):
        page = site.page(browser, language=language)
        visit(page, "/people")
        page.locator("#new > summary").click()
        page.fill("#new-name", "anna")
        page.fill("#new-password", PASSWORD)
        page.locator("#new button.primary").click()
        expect(page.locator("#new .form-error")).to_have_text(words)
        page.context.close()
