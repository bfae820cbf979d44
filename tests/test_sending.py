"""An export that is there is sent to a destination once, by the command line."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path

from commands import ingest, ndjson, tawny
from test_revisions import DAYS, conversation, delivered, erased, home
from test_schedules import done, files_in, found, wrong

__all__ = ["home"]


def ready(home: Path, out: Path, *types: str) -> tuple[str, Path]:
    """The number of an export of a day with a conversation, and a destination `desk` elsewhere."""
    ingest(home, ndjson(conversation("c-1", DAYS[1], "p-1")))
    delivered(home, types=types or ("messages",))
    desk = out / "desk"
    desk.mkdir()
    done(home, "destinations", "add", "folder", "desk", "--path", str(desk))
    listed = found(home, "deliveries", "list")
    return next(one["export"] for one in listed if one["slot"]["from"] == DAYS[1]), desk


def test_the_file_and_its_receipt_are_brought_there_once(home: Path, out: Path) -> None:
    run_id, desk = ready(home, out)
    printed = done(home, "deliveries", "send", run_id, "desk")
    stem = f"messages_{DAYS[1]}_Europe-Paris"
    (folder,) = desk.glob("sent/*")
    assert folder.name.startswith(stem) and folder.name.endswith(run_id)
    assert files_in(folder) == ["messages.csv", "messages.csv.receipt.json"]
    scheduled = out / "messages" / f"date={DAYS[1]}" / f"messages_{DAYS[1]}_r1.csv"
    assert (folder / "messages.csv").read_bytes() == scheduled.read_bytes()
    sent = json.loads((folder / "messages.csv.receipt.json").read_text())
    assert sent["sha256"] in printed
    (one,) = found(home, "deliveries", "list", "--destination", "desk")
    assert (one["schedule"], one["schedule_id"], one["export"]) == (None, None, run_id)
    assert (one["slot"], one["revision"]) == ({"from": DAYS[1], "to": DAYS[2]}, 1)
    # Asked again it is the same delivery, and no schedule has come of it.
    assert done(home, "deliveries", "send", run_id, "desk") == printed
    assert len(found(home, "deliveries", "list")) == 4
    assert [one["name"] for one in found(home, "schedules", "list")] == ["daily"]
    assert done(home, "schedules", "run", "--due") == "nothing is to be made\n"


def test_files_of_a_bundle_lie_together_with_their_package(home: Path, out: Path) -> None:
    run_id, desk = ready(home, out, "messages", "teams")
    done(home, "deliveries", "send", run_id, "desk")
    (folder,) = desk.glob("sent/*")
    assert files_in(folder) == [
        "datapackage.json", "messages.csv", "messages.csv.receipt.json", "teams.csv",
        "teams.csv.receipt.json",
    ]  # fmt: skip


def test_what_does_not_arrive_is_tried_again(home: Path, out: Path) -> None:
    run_id, desk = ready(home, out)
    shutil.move(desk, out / "away")
    result = tawny(home, "deliveries", "send", run_id, "desk")
    assert result.status == 1
    assert "state: failed" in result.out
    (one,) = found(home, "deliveries", "list", "--destination", "desk")
    assert one["next_try_at"] is not None
    shutil.move(out / "away", desk)
    done(home, "deliveries", "retry", str(one["id"]))
    assert len(files_in(desk)) == 2


def test_what_cannot_be_sent_is_said(home: Path, out: Path) -> None:
    run_id, _ = ready(home, out)
    unknown = str(uuid.uuid4())
    assert wrong(home, "deliveries", "send", unknown, "desk") == (
        f"there is no export {unknown}, or none that you may see"
    )
    assert wrong(home, "deliveries", "send", run_id, "dusk") == (
        "destination: found 'dusk', did you mean 'desk'? tawny destinations list shows them"
    )


def test_an_erased_contact_is_followed_into_what_was_sent(home: Path, out: Path) -> None:
    run_id, desk = ready(home, out)
    done(home, "deliveries", "send", run_id, "desk")
    (file,) = desk.glob("sent/*/messages.csv")
    assert b"c-1-m" in file.read_bytes()
    ingest(home, ndjson([erased("p-1")]))
    done(home, "schedules", "run", "--due")
    assert b"c-1-m" not in file.read_bytes()
    again, before = found(home, "deliveries", "list", "--destination", "desk")
    assert (before["erasure"], again["revision"], again["state"]) == ("followed", 2, "delivered")
    assert again["changes"] == {"added": 0, "removed": 1, "changed": 0}
    receipt = json.loads(Path(f"{file}.receipt.json").read_text())
    assert receipt["revision_of"]["rows"] == 1
