"""What other users of the machine may read of a data folder (nothing), and of files that somebody
named (what that person's umask says)."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from commands import tawny_process
from server.running import RANGE, moved, running, send, small_log, token_of, wait_for

UMASK = 0o022
RANGE_OPTIONS = ("--from", RANGE["from"], "--to", RANGE["to"])


def modes(folder: Path) -> dict[str, str]:
    """The rights of a folder and all that is in it, but for the log that the test keeps there."""
    return {
        str(path.relative_to(folder)): oct(stat.S_IMODE(path.lstat().st_mode))
        for path in [folder, *sorted(folder.rglob("*"))]
        if path.name != "server.log"
    }


def open_to_others(folder: Path) -> dict[str, str]:
    """What is not for its owner alone."""
    return {
        name: mode
        for name, mode in modes(folder).items()
        if mode != ("0o700" if (folder / name).is_dir() else "0o600")
    }


def test_a_data_folder_is_for_its_user_alone(tmp_path: Path) -> None:
    """Whatever the umask: by the command line, by a server and its workers, by the libraries they
    use; what was open before is closed."""
    home, out = tmp_path / "home", tmp_path / "out"
    out.mkdir()
    file = tmp_path / "events.ndjson"
    file.write_text("".join(json.dumps(event) + "\n" for event in small_log()) + "broken\n")
    calls: tuple[tuple[int, tuple[str, ...]], ...] = (
        (3, ("ingest", str(file))),
        (0, ("export", "messages", *RANGE_OPTIONS, "-o", str(out / "messages.csv"))),
        (0, ("export", "messages", *RANGE_OPTIONS, "-o", str(out / "messages.xlsx"))),
        (0, ("export", "all", *RANGE_OPTIONS, "-o", str(out / "new" / "all"))),
        (0, ("sample", "--conversations", "9", *RANGE_OPTIONS, "-o", str(out / "s.ndjson"))),
        (0, ("log", "compact")),
    )
    for status, call in calls:
        result = tawny_process(home, *call, umask=UMASK)
        assert result.status == status, result
    assert open_to_others(home) == {}
    assert modes(out) == {
        name: "0o755" if (out / name).is_dir() else "0o644" for name in modes(out)
    }
    assert {"messages.csv.receipt.json", "new/all/datapackage.json"} <= set(modes(out))

    with running(home) as server:
        root = server.set_up()
        assert send(root, small_log()).status_code == 200
        run = root.post("/exports", json={"export": "messages", **RANGE}).json()
        assert wait_for(root, run["id"])["state"] == "ready"
        for part in ("preview", "charts"):
            assert root.get(f"/exports/{run['id']}/{part}").status_code == 200
        moved(root)
        assert open_to_others(home) == {}
        remote = tawny_process(
            home, "export", "teams", *RANGE_OPTIONS, "-o", str(out / "teams.csv"),
            "--server", server.url, umask=0o027,
            environment={"TAWNY_TOKEN": token_of(root, "exports:read", "exports:write")},
        )  # fmt: skip
        assert remote.status == 0, remote
        assert modes(out)["teams.csv"] == "0o640"

    # A folder from before, every file of it.
    for path in [home, *home.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    other = home / "notes.txt"
    other.write_text("not of Tawny")
    other.chmod(0o644)
    assert tawny_process(home, "log", umask=UMASK).status == 0
    assert open_to_others(home) == {"notes.txt": "0o644"}
