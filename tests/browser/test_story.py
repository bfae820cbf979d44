"""The whole story in both languages: from the first start to signing out."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from browser.running import context_of, create_administrator, serving, settled, tawny, visit
from server_process import LONGEST_WAIT_S

WORDS = {
    "en": {
        "title": "Exports on demand", "generate": "Generate", "ready": "Ready",
        "range": "last 7 days",
        "told": "Messages: ready", "preview": "Message ID",
        "chart": "Messages per hour of the day, by direction",
        "out": "Sign out", "in": "Sign in",
    },
    "fr": {
        "title": "Exports à la demande", "generate": "Générer", "ready": "Prêt",
        "range": "7 derniers jours",
        "told": "Messages\N{NO-BREAK SPACE}: prêt", "preview": "ID du message",
        "chart": "Messages par heure de la journée, par sens", "out": "Se déconnecter",
        "in": "Se connecter",
    },
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "fr"])
def test_story(tmp_path: Path, browser: Browser, events: Path, language: str) -> None:
    """First start, sign-in, ingest by API, generate, progress, notification on another page,
    download equal to the command line's file, preview, charts, sign-out."""
    words, home = WORDS[language], tmp_path / "home"
    with serving(home, tmp_path / "server.log") as running:
        page = context_of(browser, running, language).new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda message: problems.append(message.text) if message.type == "error" else None,
        )
        page.on("request", lambda request: _check_host(request.url, running.url, problems))

        # The link works once; whoever comes later is told so.
        create_administrator(page, running)
        expect(page.locator("h1")).to_have_text(words["title"])
        expect(page.locator("html")).to_have_attribute("lang", language)
        late = context_of(browser, running, language).new_page()
        assert running.set_up is not None
        answer = visit(late, running.set_up)
        assert answer is not None and answer.status == 404
        late.context.close()

        # A token, shown once, takes the events in.
        visit(page, "/people")
        page.fill("#token-name", "simulation")
        page.locator("#new-token button.primary").click()
        token = page.locator("#secret").inner_text()
        visit(page, "/people")
        expect(page.locator("#secret")).to_have_count(0)
        sent = httpx.post(
            f"{running.url}/api/v1/events",
            content=events.read_bytes(),
            headers={
                "Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson",
            },
            timeout=LONGEST_WAIT_S,
        )  # fmt: skip
        assert sent.status_code in (200, 202), sent.text

        # Choose and generate.
        visit(page, "/exports")
        page.select_option("#type", "messages")
        page.fill("#range", words["range"])
        page.locator("#range").press("Enter")
        expect(page.locator("#bounds")).to_contain_text("UTC+0")
        expect(page.locator("#estimate strong")).to_be_visible()
        button = page.locator("#generate")
        expect(button).to_have_text(words["generate"])
        button.click()
        row = page.locator("#run-list tr[data-run]").first
        expect(row).to_be_visible()
        run_id = str(row.get_attribute("id")).removeprefix("run-")

        # Told on another page, in the bell and by a toast.
        page.locator("nav a[href='/log']").click()
        expect(page.locator("#toasts .toast, #unread:not([hidden])").first).to_be_visible()
        page.locator("#bell > summary").click()
        expect(page.locator("#notifications")).to_contain_text(words["told"])
        expect(page.locator("#unread")).to_be_hidden()
        page.locator("#notifications li a").first.click()

        # The file is the one the command line makes.
        page.wait_for_url(f"**/exports/{run_id}")
        settled(page)
        with page.expect_download() as downloading:
            page.locator("a[data-download]").click()
        download = downloading.value
        assert download.suggested_filename.startswith("messages_20")
        downloaded = Path(download.path()).read_bytes()
        with page.expect_download() as receiving:
            page.locator("a[href$='/receipt']").click()
        receipt = json.loads(Path(receiving.value.path()).read_text(encoding="utf-8"))
        asked = receipt["request"]
        assert asked["headers"] == language
        tawny(
            home, "export", "messages", "--from", asked["from"], "--to", asked["to"],
            "--tz", asked["time_zone"], "--as-of", receipt["as_of"],
            "--headers", asked["headers"], "-o", str(tmp_path / f"cli.{asked['format']}"),
        )  # fmt: skip
        assert downloaded == (tmp_path / f"cli.{asked['format']}").read_bytes()
        assert downloaded.count(b"\n") > 50

        # Preview with definitions, charts with their tables.
        head = page.locator(".column-head", has_text=words["preview"]).first
        expect(head).to_be_visible()
        head.focus()
        expect(page.locator("#definition")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#definition")).to_have_count(0)
        chart = page.locator("section", has=page.get_by_role("heading", name=words["chart"]))
        expect(chart.locator("svg.wide[role=img]")).to_be_visible()
        chart.locator("summary").click()
        expect(chart.locator("tbody tr")).to_have_count(24)

        # Out, and nothing is left open.
        visit(page, "/account")
        page.locator("main").get_by_role("button", name=words["out"]).click()
        expect(page.locator("h1")).to_have_text(words["in"])
        visit(page, f"/exports/{run_id}")
        expect(page.locator("h1")).to_have_text(words["in"])
        assert problems == []


def _check_host(url: str, ours: str, problems: list[str]) -> None:
    if not url.startswith((ours, "data:")):
        problems.append(f"another host was asked: {url}")
