"""Files of the log that are replaced while somebody looks into it: the look begins again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from commands import tawny

LOOK = """
import subprocess, sys
from tawny.background import jobs, process
from tawny.exports.request import ExportRequest
from tawny.exports.session import ExportSession
from tawny.reading.preview import count_rows

REQUEST = ExportRequest(export_type="messages", start="2026-06-08", end="2026-06-09")
beginnings = []

def look(home, settings, arguments, tell):
    with ExportSession(home, settings, 1_900_000_000_000) as session:
        beginnings.append(session.log_version)
        if len(beginnings) == 1:
            # What the upkeep of the server does at any time, at the worst one.
            subprocess.run([sys.executable, "-m", "tawny", "--home", home, "log", "compact"],
                           check=True, stdout=subprocess.DEVNULL)
        return {"rows": count_rows(session, REQUEST), "beginnings": len(beginnings)}

jobs.JOBS["look"] = look
process.main()
"""


def _event(kind: str, **data: object) -> str:
    event = {"specversion": "1.0", "source": "/replaced", "id": str(data), "type": kind,
             "time": "2026-06-08T09:00:00Z", "data": data}  # fmt: skip
    return json.dumps(event)


def test_a_look_begins_again_where_a_purge_took_its_files(tmp_path: Path) -> None:
    home = tmp_path / "home"
    events = [_event("contact.erased", contact_id="zelda")]
    for contact in ("zelda", "otto"):
        events += [
            _event("conversation.created", conversation_id=f"of-{contact}", channel_id="red",
                   contact_id=contact),
            _event("message.created", message_id=f"from-{contact}", direction="inbound",
                   conversation_id=f"of-{contact}", content="my address"),
        ]  # fmt: skip
    (tmp_path / "events.ndjson").write_text("\n".join(events))
    taken = tawny(home, "ingest", str(tmp_path / "events.ndjson"))
    assert (taken.status, taken.out) == (0, "accepted=5 duplicates=0 refused=0\n")
    worker = subprocess.Popen(
        [sys.executable, "-c", LOOK, home, "0"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        print(json.dumps({"job": "look", "arguments": {}}), file=worker.stdin, flush=True)
        assert json.loads(worker.stdout.readline()) == {"result": {"rows": 1, "beginnings": 2}}
