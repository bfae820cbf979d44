"""How long tests wait, and servers of tests that are scripts beside them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

LONGEST_WAIT_S = 300.0
"""For whatever is to happen: a machine that does much else is slow, and a long wait costs nothing
where it comes."""


@contextlib.contextmanager
def script_server(script: str) -> Iterator[tuple[Path, str]]:
    """Run a script of the tests with a folder of its own, until the body ends. Gives the folder,
    and what the script writes into `ports` there once it listens."""
    with tempfile.TemporaryDirectory(prefix=f"tawny-{Path(script).stem}-") as name:
        folder = Path(name)
        process = subprocess.Popen([sys.executable, script, name])
        try:
            end = time.monotonic() + LONGEST_WAIT_S
            while not (folder / "ports").exists():
                assert process.poll() is None and time.monotonic() < end
                time.sleep(0.02)
            yield folder, (folder / "ports").read_text()
        finally:
            process.kill()
            process.wait(LONGEST_WAIT_S)
