"""The form, the list and the other pages, by mouse and by keyboard."""

from __future__ import annotations

import datetime
import re

from playwright.sync_api import Browser, Route, expect

from browser.conftest import Site
from browser.running import settled, visit


def test_clock_change_is_shown(site: Site, browser: Browser) -> None:
    """The day's real length, in words of the reader."""
    page = site.page(browser, language="fr")
    page.click("#calendar")
    page.fill("#first_day", "2026-03-29")
    page.fill("#last_day", "2026-03-29")
    page.locator("#last_day").dispatch_event("change")
    expect(page.locator("#bounds")).to_contain_text("dure 23 heures")
    expect(page.locator("#bounds")).to_contain_text("2026-03-28 23:00 UTC")
    expect(page.locator("#bounds")).to_contain_text("2026-03-29 22:00 UTC")
    page.context.close()


def test_zone_by_keyboard(site: Site, browser: Browser) -> None:
    """Typed, chosen with arrows and Enter, left with Escape; nothing is sent meanwhile."""
    page = site.page(browser, zone="America/New_York")
    zone = page.locator("#time_zone")
    expect(zone).to_have_value("America/New_York")
    zone.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("[role=option]").first).to_contain_text("America/New_York")
    page.keyboard.press("Escape")
    expect(page.locator("#time_zone-list")).to_be_hidden()
    zone.fill("kolk")
    expect(page.locator("[role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(zone).to_have_value("Asia/Kolkata")
    expect(page.locator("#bounds")).to_contain_text("UTC+05:30")
    assert page.locator(".notice.good").count() == 0
    page.context.close()


def test_zone_by_city_and_country(site: Site, browser: Browser) -> None:
    """In the reader's words and in English, with the offsets of the range; each zone once."""
    page = site.page(browser, language="fr")
    page.click("#calendar")
    page.fill("#first_day", "2026-03-01")
    page.fill("#last_day", "2026-04-30")
    page.locator("#last_day").dispatch_event("change")
    expect(page.locator("#bounds [name=to]")).to_have_value("2026-05-01")
    first = page.locator("[role=option]").first
    for typed, title, zone in (
        ("France", "Paris, France", "Europe/Paris · UTC+1:00 / UTC+2:00"),
        ("Londres", "Londres, Royaume-Uni", "Europe/London"),
        ("Tokio", "Tokyo, Japon", "Asia/Tokyo"),
        ("inde", "Calcutta, Inde", "Asia/Kolkata · UTC+5:30"),
        ("united kingdom", "Londres, Royaume-Uni", "Europe/London"),
        ("CET", "Paris, France", "Europe/Paris"),
        ("heure de l’Est nord", ", ", "America/"),
    ):
        page.fill("#time_zone", typed)
        expect(first).to_contain_text(title)
        expect(first).to_contain_text(zone)
    page.fill("#time_zone", "calcutta")
    expect(page.locator("[role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#time_zone")).to_have_value("Asia/Kolkata")
    page.context.close()


def test_wrong_fields_are_named(site: Site, browser: Browser) -> None:
    """In the form, next to the button, with the field marked."""
    page = site.page(browser)
    page.click("#calendar")
    page.fill("#first_day", "2026-06-08")
    page.fill("#last_day", "2026-06-01")
    page.click("#generate")
    expect(page.locator("#form-problem")).to_contain_text("before the first day")
    expect(page.locator("#last_day")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#last_day")).to_have_value("2026-06-01")
    page.context.close()


def test_snapshot_takes_no_range(site: Site, browser: Browser) -> None:
    """Open conversations says what it is."""
    page = site.page(browser)
    page.select_option("#type", "open-conversations")
    expect(page.locator("#range-fields")).to_be_hidden()
    expect(page.locator("#bounds")).to_contain_text("A snapshot")
    page.context.close()


def test_list_keeps_its_state_in_the_address(site: Site, browser: Browser) -> None:
    """Filters and order are there again after a reload."""
    page = site.page(browser)
    page.select_option("#type", "topics")
    page.click("#generate")
    page.locator(".notice.good").wait_for()
    page.select_option("#filters [name=of]", "topics")
    expect(page).to_have_url(re.compile(r"/exports\?of=topics$"))
    # The address changes a moment before the list does.
    expect(page.locator("#run-list th a").first).to_have_attribute("href", re.compile("of=topics"))
    page.locator("#run-list th a").first.click()
    expect(page).to_have_url(re.compile("sort=-type"))
    page.reload()
    settled(page)
    expect(page.locator("#filters [name=of]")).to_have_value("topics")
    titles = page.locator("#run-list .run-title").all_text_contents()
    # A bundle with topics in it is among them.
    assert "Topics" in titles and set(titles) <= {"Topics", "All exports"}
    page.context.close()


def test_a_filter_holds_though_news_of_a_run_come_first(site: Site, browser: Browser) -> None:
    """What was asked for is shown, though the list it was to replace is another one by then."""
    page = site.page(browser)
    settled(page)
    held: list[Route] = []
    page.route(re.compile(r"/exports\?.*of=topics"), lambda route: held.append(route))
    page.select_option("#filters [name=of]", "topics")
    page.wait_for_timeout(500)  # until the last of what the choice asks for is on its way
    page.evaluate("document.getElementById('run-list').dataset.before = 'news'")
    page.select_option("#type", "teams")
    page.click("#generate")
    page.locator("#run-list:not([data-before])").wait_for()
    for route in held:
        route.continue_()
    expect(page).to_have_url(re.compile(r"/exports\?of=topics$"))
    titles = page.locator("#run-list .run-title")
    expect(titles.filter(has_text="Teams")).to_have_count(0)
    page.context.close()


def test_dictionary_search_in_both_languages(site: Site, browser: Browser) -> None:
    """English words find columns on the French page too, accents do not matter."""
    page = site.page(browser, language="fr")
    visit(page, "/dictionary")
    page.fill("#dictionary-search", "delai premiere")
    expect(page.locator("#columns h3").first).to_contain_text("Délai de première réponse")
    page.fill("#dictionary-search", "cherry picking")
    entry = page.locator(".column-entry").first
    expect(entry).to_be_visible()
    entry.locator("summary").click()
    expect(entry.locator("code.sql")).to_be_visible()
    page.context.close()


def test_theme_and_language_stay(site: Site, browser: Browser) -> None:
    """They belong to the person: another browser has them too."""
    page = site.page(browser, "sam")
    visit(page, "/account")
    page.locator("label.chip", has=page.locator("[name=theme][value=dark]")).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator("label.chip", has=page.locator("[name=language][value=fr]")).click()
    expect(page.locator("h1")).to_have_text("Compte")
    other = site.page(browser, "sam", language="en")
    expect(other.locator("html")).to_have_attribute("data-theme", "dark")
    expect(other.locator("html")).to_have_attribute("lang", "fr")
    visit(other, "/account")
    other.locator("label.chip", has=other.locator("[name=theme][value=system]")).click()
    expect(other.locator("html")).not_to_have_attribute("data-theme", "dark")
    other.context.close()
    page.context.close()


def test_pages_are_small_and_quick(site: Site, browser: Browser) -> None:
    """Under 150 kB with everything they load, and painted soon."""
    page = site.page(browser)
    for path in ("/exports", "/dictionary", "/log", "/people", "/audit", "/settings", "/account"):
        visit(page, path)
        size = page.evaluate(
            "() => [...performance.getEntriesByType('navigation'),"
            " ...performance.getEntriesByType('resource')].filter(one => "
            "!/live|estimate/.test(one.name)).reduce((sum, one) => sum + one.decodedBodySize, 0)"
        )
        assert 1000 < size < 150_000, f"{path}: {size} bytes"
    page.context.close()


def test_audit_trail_as_csv(site: Site, browser: Browser) -> None:
    """Who did what, as a file."""
    page = site.page(browser)
    text = page.request.get("/audit.csv").text()
    lines = text.splitlines()
    assert lines[0].startswith("id,at,actor")
    year = str(datetime.datetime.now(datetime.UTC).year)
    assert any("sign_in" in line and "anna" in line and year in line for line in lines)
    page.context.close()


def test_phone(site: Site, browser: Browser) -> None:
    """No page is wider than a small phone; the menu opens and closes with Escape."""
    page = site.page(browser, width=360, height=700)
    for path in ("/exports", "/dictionary", "/log", "/people", "/audit", "/settings", "/account"):
        visit(page, path)
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= 360, f"{path} is {wide} wide"
    page.click("#menu-toggle")
    expect(page.locator("#nav")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#nav")).to_be_hidden()
    expect(page.locator("#menu-toggle")).to_be_focused()
    page.context.close()


def test_skip_link(site: Site, browser: Browser) -> None:
    """The first Tab offers it, Enter moves on to the content."""
    page = site.page(browser)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.context.close()
