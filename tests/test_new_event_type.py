"""Event types are added to the contract: no export changes before its query names them.

The newer Tawny is a copy of this one with a second type for each type there is, of the same family
and with the same fields. Each event of a simulated month happens again under the new name, so that
a query that takes a type it does not name counts something twice.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import tawny as package
from commands import tawny, without_completeness
from processes import MONTH, all_exports, write_sample
from server_process import LONGEST_WAIT_S

BEFORE = "EVENT_TYPES: dict[str, type[EventData]] = {"
ADDED = """DATA_TYPES += tuple(
    msgspec.defstruct(
        data.__name__ + "Again", [], bases=(data,), gc=False,
        namespace={"event_type": data.event_type + "_again", "__doc__": data.__doc__},
    )
    for data in DATA_TYPES
)

"""


def newer(folder: Path, *arguments: str) -> None:
    """Run the newer Tawny, which must have nothing to say."""
    done = subprocess.run(
        [sys.executable, "-m", "tawny", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(folder)},
        cwd=folder,
        timeout=LONGEST_WAIT_S,
        check=False,
    )
    assert (done.returncode, without_completeness(done.stderr)) == (0, "")


def test_event_types_nobody_names_change_no_export(tmp_path: Path) -> None:
    shutil.copytree(Path(package.__file__).parent, tmp_path / "newer" / "tawny")
    contract = tmp_path / "newer" / "tawny" / "model" / "events.py"
    text = contract.read_text(encoding="utf-8")
    assert text.count(BEFORE) == 1
    contract.write_text(text.replace(BEFORE, ADDED + BEFORE), encoding="utf-8")

    once, twice = tmp_path / "once.jsonl", tmp_path / "twice.jsonl"
    lines = write_sample(once, conversations=60)
    events = [json.loads(line) for line in lines]
    again = [one | {"type": one["type"] + "_again", "id": one["id"] + "/again"} for one in events]
    twice.write_text("".join(json.dumps(one) + "\n" for one in [*events, *again]))
    assert tawny(tmp_path / "home-once", "ingest", str(once)).status == 0
    expected = all_exports(tmp_path / "home-once", tmp_path / "expected")

    home = tmp_path / "home-twice"
    newer(tmp_path / "newer", "--home", str(home), "ingest", str(twice))
    out = tmp_path / "out"
    newer(tmp_path / "newer", "--home", str(home), "export", "all", *MONTH, "-o", str(out))
    found = {path.name: path.read_bytes() for path in out.glob("*.csv")}
    assert {name for name in expected if found[name] != expected[name]} == set()
