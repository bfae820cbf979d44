"""`make demo` from the printed link to a file in the browser, and the server it leaves running."""

from __future__ import annotations

import io
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import openpyxl  # type: ignore[import-untyped]
import pytest
from playwright.sync_api import Browser, expect

from browser.running import PASSWORD, visit
from server_process import LONGEST_WAIT_S

SCRIPT = Path(__file__).parents[2] / "scripts" / "demo.py"


def demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script of `make demo` there, on a small centre."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        cwd=folder, capture_output=True, text=True, timeout=LONGEST_WAIT_S, check=False,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for the demo, whose server does not outlive the test."""
    yield tmp_path
    demo(tmp_path, "--stop")


@pytest.fixture
def port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_from_the_printed_link_to_a_file(folder: Path, port: int, browser: Browser) -> None:
    """A stranger who reads nothing but what the demo printed has a file, with the range and the
    format that stand in the form."""
    ran = demo(folder, "--conversations", "400", "--port", str(port))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count(".csv") >= 12
    link = re.search(r"^ +(http\S+/set-up/\S+)$", ran.stdout, re.MULTILINE)
    assert link is not None, ran.stdout

    context = browser.new_context(accept_downloads=True, locale="en-GB", timezone_id="Europe/Paris")
    page = context.new_page()
    visit(page, link[1])
    page.fill("#name", "anna")
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.click("main button.primary")
    page.click("nav a[href='/exports']")
    page.click("#generate")
    ready = page.locator("#run-list a[data-download]").first
    expect(ready).to_be_visible()
    with page.expect_download() as download:
        ready.click()
    header, *rows = (
        openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes())).worksheets[0].values
    )
    assert len(rows) > 5
    assert dict(zip(header, rows[0], strict=True))["Conversation ID"]
    context.close()

    # A port that is taken is said in words, before the long part; the server goes on.
    taken = demo(folder.parent, "--port", str(port))
    assert taken.returncode == 1
    assert taken.stderr == (
        f"Port {port} cannot be used (Address already in use). Choose another one: "
        f"make demo PORT={port + 1}\n"
    )
    assert httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200

    # The next demo stops the server of this one, also when it is to listen at the same port.
    first = int((folder / "demo" / "server.pid").read_text(encoding="utf-8"))
    again = demo(folder, "--conversations", "50", "--port", str(port))
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.startswith("Stopped the server of the demo before.\n")
    assert int((folder / "demo" / "server.pid").read_text(encoding="utf-8")) != first
    assert demo(folder, "--stop").stdout == "The server of the demo has stopped.\n"
    assert demo(folder, "--stop").stdout == "No server of the demo runs.\n"
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/health")
