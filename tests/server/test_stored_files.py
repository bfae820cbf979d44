"""`tawny verify` compares the files that a server keeps with their receipts."""

from __future__ import annotations

from pathlib import Path

from commands import tawny
from server.running import RANGE, running, send, small_log, wait_for

CHECK = "  exports that the server keeps: every file is that of its receipt\n"


def test_a_kept_file_that_was_changed_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home, inbox_move_ms="200") as server:
        root = server.set_up()
        send(root, small_log())
        asked = {"export": "messages", "format": "csv", **RANGE}
        ids = [root.post("/exports", json=asked).json()["id"] for _ in range(2)]
        for one in ids:
            assert wait_for(root, one)["state"] == "ready"
    whole = tawny(home, "verify")
    assert whole.status == 0
    assert f"passed{CHECK}        2 = 2 files\n" in whole.out
    [file] = (home / "exports" / ids[1]).rglob("*.csv")
    name = f"{file.name} (run {ids[1]})"
    file.write_bytes(file.read_bytes().replace(b"2026", b"2025", 1))
    changed = tawny(home, "verify")
    assert changed.status == 4
    assert f"FAILED{CHECK}        1 ≠ 2 files; wrong: 1\n        {name}\n" in changed.out
    file.unlink()
    assert f"        {name}\n" in tawny(home, "verify").out
