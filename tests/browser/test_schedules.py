"""From a saved export to files that arrive by themselves, and what people see when they do not."""

from __future__ import annotations

import datetime
import zoneinfo

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import Site
from browser.running import settled, visit
from browser.test_accessibility import OPEN_DETAILS, violations

PARIS = zoneinfo.ZoneInfo("Europe/Paris")
WORDS = {
    "en": {
        "test": "Test", "works": "It works: a small file was written, read back and removed.",
        "save": "Save", "schedule": "Schedule {name}", "run": "Run now", "again": "Try now",
        "texts": "The texts of messages will be missing: the settings leave them out of scheduled "
                 "exports. Choose “Always” to have them.",
        "nowhere": "Choose at least one destination.", "delivered": "Delivered",
        "failed": "Failed, is tried again", "past": "Make ranges of the past", "make": "Make them",
        "gone": "there is no such folder; make it, or mount the disk it is on",
        "needs": "1 schedule needs you: see below.", "pause": "Pause", "paused": "Paused",
        "delete": "Delete this schedule",
        "deleted": "The schedule is deleted. What was delivered stays.",
    },
    "fr": {
        "test": "Tester", "works": "Cela fonctionne\u00a0: un petit fichier a été écrit, relu et "
                                   "supprimé.",
        "save": "Enregistrer", "schedule": "Planifier {name}", "run": "Exécuter maintenant",
        "again": "Réessayer maintenant",
        "texts": "Les textes des messages manqueront\u00a0: les réglages les excluent des exports "
                 "planifiés. Choisissez «\u00a0Toujours\u00a0» pour les avoir.",
        "nowhere": "Choisissez au moins une destination.", "delivered": "Livrée",
        "failed": "Échec, nouvel essai prévu", "past": "Faire des périodes passées",
        "make": "Les faire",
        "gone": "ce dossier n’existe pas\u00a0; créez-le, ou montez le disque où il se trouve",
        "needs": "1 planification demande votre attention\u00a0: voir ci-dessous.",
        "pause": "Mettre en pause", "paused": "En pause", "delete": "Supprimer cette planification",
        "deleted": "La planification est supprimée. Ce qui a été livré reste.",
    },
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_saved_export_becomes_files_that_arrive(
    site: Site, browser: Browser, language: str
) -> None:
    """Set up where to, save, schedule, see the next run, let it run; break it, see why, mend it."""
    said, name = WORDS[language], f"every day {language}"
    folder = site.out / language
    folder.mkdir()
    page = site.page(browser, language=language)
    visit(page, "/destinations/new")
    page.fill("#name", name)
    page.fill("#option-path", str(folder))
    press(page, "main form button.primary")
    page.get_by_role("button", name=said["test"], exact=True).click()
    expect(page.locator("#test-answer")).to_have_text(said["works"])

    visit(page, "/exports?type=messages&preset=yesterday&format=csv")
    page.locator("#save-choice > summary").click()
    page.fill("#saved_name", name)
    page.locator("#save-choice").get_by_role("button", name=said["save"], exact=True).click()
    page.get_by_role("link", name=said["schedule"].format(name=name)).click()
    settled(page)
    expect(page.locator("#name")).to_have_value(name)
    expect(page.locator("[name=frequency][value=daily]")).to_be_checked()
    expect(page.locator("#type")).to_have_value("messages")
    expect(page.locator("#texts-missing")).to_have_text(said["texts"])
    press(page, "#generate")
    expect(page.locator("#destinations-problem")).to_have_text(said["nowhere"])
    page.locator(f'[name=destination][value="{name}"]').check()
    page.select_option("#content", "yes")
    expect(page.locator("#texts-missing")).to_have_count(0)
    press(page, "#generate")

    tomorrow = datetime.datetime.now(PARIS).date() + datetime.timedelta(days=1)
    expect(page.locator("#next-run")).to_contain_text(f"{tomorrow.day} ")
    expect(page.locator("#next-run")).to_contain_text("00:15 UTC+0")
    page.get_by_role("button", name=said["run"], exact=True).click()
    rows = page.locator("table.deliveries tbody tr")
    expect(rows).to_contain_text([said["delivered"]])
    (file,) = folder.rglob("*.csv")
    expect(rows.first).to_contain_text(str(file.relative_to(folder)))

    folder.rename(folder.with_name("away"))
    page.get_by_text(said["past"]).click()
    page.fill("#from", str(tomorrow - datetime.timedelta(days=4)))
    page.fill("#to", str(tomorrow - datetime.timedelta(days=3)))
    page.get_by_role("button", name=said["make"], exact=True).click()
    expect(page.locator("#failures")).to_contain_text(said["gone"])
    expect(rows.first).to_contain_text(said["failed"])
    page.evaluate(OPEN_DETAILS)
    assert violations(page) == [], "a schedule that fails"
    visit(page, "/schedules")
    expect(page.locator("main [role=status]")).to_have_text(said["needs"])
    expect(page.locator("table.schedules tbody tr", has_text=name)).to_contain_text(said["gone"])
    assert violations(page) == [], "the list"
    visit(page, "/deliveries?state=failed")
    expect(rows).to_contain_text([said["failed"]])
    assert violations(page) == [], "the deliveries"

    folder.with_name("away").rename(folder)
    page.get_by_role("button", name=said["again"]).click()
    settled(page)
    visit(page, "/schedules")
    page.get_by_role("link", name=name).click()
    expect(page.locator("table.deliveries .state-ready")).to_have_count(2)
    expect(page.locator("#failures")).to_have_count(0)
    assert len(list(folder.rglob("*.csv"))) == 2

    page.get_by_role("button", name=said["pause"], exact=True).click()
    expect(page.locator("#next-run")).to_have_text(said["paused"])
    page.locator("main details.more > summary").last.click()
    page.get_by_role("button", name=said["delete"]).click()
    expect(page.locator("main [role=status]")).to_have_text(said["deleted"])
    page.context.close()


def press(page: Page, button: str) -> None:
    """Send a form and wait for the page that follows."""
    with page.expect_navigation():
        page.click(button)
    settled(page)
