"""The range of a new export: with times and without it means the same, what is wrong with it stands
at its field, and nothing of the form is ever part of an address."""

from __future__ import annotations

import datetime
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import Site
from browser.running import visit

WORDS = {
    "en": ("First day", "Last day", "Start", "End (not included)", "7 days = 168 hours"),
    "fr": ("Premier jour", "Dernier jour", "Début", "Fin (non comprise)", "7 jours = 168 heures"),
}


def _custom(page: Page, first: str, last: str) -> None:
    page.click("#calendar")
    page.fill("#first_day", first)
    page.fill("#last_day", last)
    page.locator("#last_day").dispatch_event("change")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_times_keep_the_last_day(site: Site, browser: Browser, language: str) -> None:
    """1 to 7 November is the same seven days when times are switched on, and off again."""
    page = site.page(browser, language=language)
    first, last, start, end, length = WORDS[language]
    _custom(page, "2025-11-01", "2025-11-07")
    expect(page.locator("#bounds")).to_contain_text(length)
    page.check("#with_times")
    expect(page.locator("#bounds")).to_contain_text("2025-11-07 23:00 UTC")
    expect(page.locator("#bounds")).to_contain_text(length)
    expect(page.locator("#end_day")).to_have_value("2025-11-08")
    expect(page.locator("#to_time")).to_have_value("00:00")
    expect(page.locator("label[for=first_day]:visible")).to_have_text(start, use_inner_text=True)
    expect(page.locator("label[for=end_day]:visible")).to_have_text(end)
    expect(page.locator("label[for=last_day]")).to_be_hidden()
    page.uncheck("#with_times")
    expect(page.locator("#last_day")).to_have_value("2025-11-07")
    expect(page.locator("label[for=first_day]:visible")).to_have_text(first, use_inner_text=True)
    expect(page.locator("label[for=last_day]:visible")).to_have_text(last)
    # A day of which an hour was chosen belongs to the range of whole days.
    page.check("#with_times")
    page.fill("#to_time", "09:00")
    page.uncheck("#with_times")
    expect(page.locator("#last_day")).to_have_value("2025-11-08")
    page.context.close()


def test_times_without_script(site: Site, browser: Browser) -> None:
    """The server knows which of the two ways the end was said."""
    page = site.page(browser)
    csrf = page.locator("#export-form [name=_csrf]").get_attribute("value") or ""
    common = {"_csrf": csrf, "type": "topics", "time_zone": "Europe/Paris", "preset": "custom",
              "first_day": "2025-11-01"}  # fmt: skip
    for fields, start, end in (
        ({"last_day": "2025-11-07"}, "2025-11-01", "2025-11-08"),
        ({"last_day": "2025-11-07", "with_times": "1"},
         "2025-11-01T00:00:00", "2025-11-08T00:00:00"),
        ({"end_day": "2025-11-08", "to_time": "00:00"}, "2025-11-01", "2025-11-08"),
        ({"end_day": "2025-11-08", "to_time": "09:00"}, "2025-11-01", "2025-11-09"),
    ):  # fmt: skip
        answer = page.request.post("/exports", form={**common, **fields}, max_redirects=0)
        assert answer.status == 303, answer.text()
        newest = page.request.get("/api/v1/exports?limit=1").json()["items"][0]
        assert (newest["request"]["from"], newest["request"]["to"]) == (start, end)
    page.context.close()


NO_ZONE = {
    "en": "This time zone is not known. Choose one of the list, such as Europe/Paris.",
    "fr": "Ce fuseau horaire est inconnu. "
    "Choisissez-en un dans la liste, par exemple Europe/Paris.",
}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_wrong_zone_is_said_at_the_field_and_at_the_button(
    site: Site, browser: Browser, language: str
) -> None:
    page = site.page(browser, language=language)
    zone = page.locator("#time_zone")
    zone.fill("Mars/Olympus")
    page.keyboard.press("Tab")
    expect(page.locator("#time_zone-problem")).to_have_text(NO_ZONE[language])
    expect(zone).to_have_attribute("aria-invalid", "true")
    expect(zone).to_have_accessible_description(NO_ZONE[language])
    expect(page.locator("#estimate")).to_have_text(NO_ZONE[language])
    expect(page.locator("#generate")).to_have_accessible_description(NO_ZONE[language])
    page.click("#generate")
    expect(page.locator("#form-problem")).to_have_text(NO_ZONE[language])
    expect(zone).to_be_focused()
    zone.fill("Europe/Paris")
    expect(page.locator("[role=option]").first).to_have_attribute("data-value", "Europe/Paris")
    page.keyboard.press("Enter")
    expect(page.locator("#time_zone-problem")).to_be_hidden()
    expect(zone).not_to_have_attribute("aria-invalid", "true")
    page.context.close()


def test_a_reversed_range_is_said_at_its_end(site: Site, browser: Browser) -> None:
    page = site.page(browser)
    _custom(page, "2026-06-08", "2026-06-01")
    wrong = "The last day lies before the first day."
    expect(page.locator("#last_day-problem")).to_have_text(wrong)
    expect(page.locator("#last_day")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#estimate")).to_have_text(wrong)
    page.check("#with_times")
    expect(page.locator("#end_day-problem")).to_have_text("The end must lie after the beginning.")
    expect(page.locator("#last_day-problem")).to_be_hidden()
    page.context.close()


SKIPPED = {
    "en": "This time does not exist: on Sunday 29 March 2026 the clocks go from 02:00 to 03:00. "
    "Choose an earlier beginning or a later end.",
    "fr": "Cette heure n’existe pas : le dimanche 29 mars 2026, les horloges passent de 02:00 à "
    "03:00. Choisissez un début plus tôt ou une fin plus tard.",
}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_hour_that_the_clocks_skip(site: Site, browser: Browser, language: str) -> None:
    """02:00 is before 03:00, so nobody is told that it is not."""
    page = site.page(browser, language=language)
    _custom(page, "2026-03-29", "2026-03-29")
    page.check("#with_times")
    page.fill("#end_day", "2026-03-29")
    page.fill("#from_time", "02:00")
    page.fill("#to_time", "03:00")
    page.locator("#to_time").dispatch_event("change")
    expect(page.locator("#end_day-problem")).to_have_text(SKIPPED[language])
    expect(page.locator("#estimate")).to_have_text(SKIPPED[language])
    page.context.close()


def test_no_channel_chosen_is_said_at_the_channels(site: Site, browser: Browser) -> None:
    page = site.page(browser)
    page.locator("label.chip", has=page.locator("[name=which_channels][value=some]")).click()
    wrong = "Choose at least one channel, or all of them."
    expect(page.locator("#estimate")).to_have_text(wrong)
    page.click("#generate")
    expect(page.locator("#channels-problem")).to_have_text(wrong)
    page.context.close()


def test_nothing_of_the_form_is_in_an_address(site: Site, browser: Browser) -> None:
    """Two hundred ticked channels fit behind any proxy, and no token is written to its log."""
    page = site.page(browser)
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.locator("label.chip", has=page.locator("[name=which_channels][value=some]")).click()
    page.locator("#channel-list label").first.wait_for()
    page.evaluate(
        """() => {
            const box = document.querySelector("#channel-list label");
            for (let at = 0; at < 300; at += 1) {
                const more = box.cloneNode(true);
                more.querySelector("input").value = `a rather long channel id, number ${at}`;
                box.after(more);
            }
            for (const one of document.querySelectorAll("#channel-list input")) one.checked = true;
        }"""
    )
    with page.expect_response("**/exports/bounds") as bounds, \
         page.expect_response("**/exports/estimate") as estimate:  # fmt: skip
        page.locator("#type").dispatch_event("change")
    assert [bounds.value.status, estimate.value.status] == [200, 200]
    assert bounds.value.request.method == estimate.value.request.method == "POST"
    assert bounds.value.request.headers["x-csrf-token"]
    visit(page, "/exports")
    page.fill("#filters [name=q]", "x" * 300)
    page.wait_for_url("**q=xxx*")
    assert max(map(len, addresses)) < 1000
    assert not [address for address in addresses if "_csrf" in address or "channel=" in address]
    page.context.close()


TYPED = {
    "en": ("last 14 days", "1-15 November 2025", "1 – 15 Nov 2025", "17 – 31 Oct 2025",
           "Last month",
           "This range is not understood. Write for example “last 30 days”, “1 to 15 November” or "
           "“2026-11-01 to 2026-11-15”."),
    "fr": ("les 14 derniers jours", "du 1er au 15 novembre 2025", "1 – 15 nov. 2025",
           "17 – 31 oct. 2025", "Mois précédent",
           "Cette période n’est pas comprise. Écrivez par exemple «\N{NO-BREAK SPACE}30 derniers "
           "jours\N{NO-BREAK SPACE}», «\N{NO-BREAK SPACE}du 1er au 15 novembre\N{NO-BREAK SPACE}» "
           "ou «\N{NO-BREAK SPACE}2026-11-01 au 2026-11-15\N{NO-BREAK SPACE}»."),
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_range_is_typed_moved_and_chosen(site: Site, browser: Browser, language: str) -> None:
    """In the words of the page, one period back and on, from a list; the fields for dates show what
    it is."""
    page = site.page(browser, language=language)
    typed, dates, written, before, period, wrong = TYPED[language]
    field = page.locator("#range")

    def say(text: str) -> None:
        field.fill(text)
        page.keyboard.press("Enter")

    say(typed)
    expect(page.locator("#bounds")).to_contain_text("14")
    expect(field).to_have_value(typed)
    say(dates)
    expect(page.locator("#bounds [name=from]")).to_have_value("2025-11-01")
    expect(page.locator("#bounds [name=to]")).to_have_value("2025-11-16")
    page.locator("[data-shift]").first.click()
    expect(field).to_have_value(before)
    page.locator("[data-shift]").last.click()
    expect(field).to_have_value(written)
    page.click("#calendar")
    expect(page.locator("#first_day")).to_be_focused()
    expect(page.locator("#first_day")).to_have_value("2025-11-01")
    expect(page.locator("#last_day")).to_have_value("2025-11-15")
    page.fill("#last_day", "2025-11-10")
    page.locator("#last_day").dispatch_event("change")
    expect(field).to_have_value(written.replace("15", "10"))
    say("blah")
    expect(page.locator("#range-problem")).to_have_text(wrong)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#estimate")).to_have_text(wrong)
    field.click()
    page.get_by_role("option", name=period).click()
    expect(field).to_have_value(period)
    expect(page.locator("#range-problem")).to_be_hidden()
    expect(page.locator("#bounds [name=from]")).to_have_value(re.compile("-01$"))
    say(typed)
    page.click("#generate")
    page.locator(".notice.good").wait_for()
    newest = page.request.get("/api/v1/exports?limit=1").json()["items"][0]["request"]
    days = [datetime.date.fromisoformat(newest[name]) for name in ("from", "to")]
    assert (days[1] - days[0]).days == 14
    page.context.close()


def test_the_form_fits(site: Site, browser: Browser) -> None:
    """At 900 pixels of height everything that is asked for is in sight at once, in French too."""
    for language in ("en", "fr"):
        page = site.page(browser, language=language, width=1440, height=900)
        for name in ("#type", "#time_zone", "#range", "[name=which_channels]", "#headers"):
            box = page.locator(name).first.bounding_box()
            bar = page.locator(".generate-row").bounding_box()
            assert box is not None and bar is not None
            assert 0 < box["y"] < box["y"] + box["height"] <= bar["y"], name
            assert bar["y"] + bar["height"] <= 900
        page.context.close()
