"""A copy of the package with something added to it, and the command line of that copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import tawny as package
from commands import Result, without_completeness
from server_process import LONGEST_WAIT_S

Change = tuple[str, str, str]
"""A file of the package, a text that stands in it once, what stands there instead; where the text
is empty, the file is new."""


def copied(folder: Path, changes: tuple[Change, ...]) -> Path:
    """The folder that holds a copy of the package with some changes."""
    shutil.copytree(Path(package.__file__).parent, folder / "tawny")
    for name, old, new in changes:
        path = folder / "tawny" / name
        text = path.read_text(encoding="utf-8") if old else ""
        assert not old or text.count(old) == 1, name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace(old, new) if old else new, encoding="utf-8")
    return folder


def call(copy: Path, home: Path, *arguments: str, **environment: str) -> Result:
    """Run the Tawny of a copy."""
    done = subprocess.run(
        [sys.executable, "-m", "tawny", "--home", str(home), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(copy), **environment},
        cwd=copy,
        timeout=LONGEST_WAIT_S,
        check=False,
    )
    return Result(done.returncode, done.stdout, without_completeness(done.stderr))
