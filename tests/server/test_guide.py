"""docs/server.md does what it says: calls of the API and programs, in order, on a server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from server.running import running, token_of

GUIDE = Path(__file__).parents[2] / "docs" / "server.md"
ANYTHING = "…"
"""Stands on the page for what differs every time."""

BLOCK = re.compile(
    r"(?P<skip><!-- not run -->\n)?```(?P<kind>bash|python)\n(?P<body>.*?)```\n"
    r"(?:\n```(?P<answer>json|text)\n(?P<shown>.*?)```\n)?",
    re.S,
)


def fits(shown: Any, found: Any) -> bool:
    """Whether an answer is the one on the page."""
    if shown == ANYTHING:
        return True
    if isinstance(shown, dict) and isinstance(found, dict):
        return list(shown) == list(found) and all(fits(shown[k], found[k]) for k in shown)
    if isinstance(shown, list) and isinstance(found, list):
        return len(shown) == len(found) and all(map(fits, shown, found))
    return bool(shown == found)


def printed(blocks: list[tuple[str, str]], environment: dict[str, str], folder: Path) -> list[str]:
    """What each block prints: shell lines in one shell, programs each by themselves."""
    mark = "---- block"
    parts = []
    for number, (kind, body) in enumerate(blocks):
        command = body
        if kind == "python":
            (folder / f"{number}.py").write_text(body, encoding="utf-8")
            command = f"python3 {number}.py\n"
        parts.append(f"echo '{mark}'\n{command}")
    done = subprocess.run(
        ["bash", "-e", "-c", "exec 2>&1\n" + "".join(parts)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout.split(f"{mark}\n")[1:]


def test_the_guide_of_the_server(tmp_path: Path) -> None:
    """Every answer on the page is the answer of the server, but for ids and times."""
    blocks = [one for one in BLOCK.finditer(GUIDE.read_text(encoding="utf-8")) if not one["skip"]]
    assert len(blocks) > 8
    folder = tmp_path / "here"
    folder.mkdir()
    with running(tmp_path / "home") as server:
        token = token_of(server.set_up(), "events:write", "exports:read", "exports:write")
        here = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        environment = {
            "PATH": here, "TAWNY_URL": server.url, "TAWNY_TOKEN": token,
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        }  # fmt: skip
        outputs = printed([(one["kind"], one["body"]) for one in blocks], environment, folder)
    for block, output in zip(blocks, outputs, strict=True):
        if block["answer"] == "json":
            assert fits(json.loads(block["shown"]), json.loads(output)), output
        elif block["answer"] == "text":
            assert output == block["shown"]
        else:
            assert block["kind"] == "bash", "what a program prints stands on the page"


@pytest.mark.parametrize("wrong", [{"a": 1}, {"a": "x", "b": 2}, [1, 2, 3], "y"])
def test_a_wrong_answer_is_noticed(wrong: Any) -> None:
    """The comparison of this file is one."""
    assert not any(fits(shown, wrong) for shown in ({"a": "x"}, [1, 2], "x"))
