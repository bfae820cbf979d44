"""Runs `tawny`: inside the test for speed, or as the process a user starts.

`tawny` goes through the same function as the entry point, so that everything but the start of
the interpreter is what a user runs. `tawny_process` is for what needs a process: standard input,
kills, the real exit status.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server_process import LONGEST_WAIT_S
from tawny.cli.main import run

Json = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What a call of the command gave."""

    status: int
    out: str
    err: str


def without_completeness(err: str) -> str:
    """What was printed, without the line that names channels of which a file may lack events: the
    logs of most tests end long ago, and tests of what that line says are few."""
    lines = err.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("tawny: the file may lack events"))


def tawny(home: Path, *arguments: str, tells_completeness: bool = False) -> Result:
    """Run the command line inside this process."""
    # Rows are written as bytes, words as text.
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="surrogatepass", newline="")
    err = io.StringIO()
    line = ["--home", str(home), *arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run(line)
    told = err.getvalue()
    out.seek(0)
    return Result(status, out.read(), told if tells_completeness else without_completeness(told))


def tawny_process(
    home: Path,
    *arguments: str,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
    umask: int = -1,
) -> Result:
    """Run `python -m tawny` and wait for its end; -1 = with the umask of the tests."""
    process = subprocess.run(
        [sys.executable, "-m", "tawny", "--home", str(home), *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, **(environment or {})},
        timeout=LONGEST_WAIT_S,
        check=False,
        umask=umask,
    )
    told = without_completeness(process.stderr.decode())
    return Result(process.returncode, process.stdout.decode(), told)


def ndjson(events: Iterable[Json]) -> bytes:
    """Events as newline-delimited JSON."""
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events).encode()


def ingest(home: Path, *pieces: bytes) -> None:
    """Take NDJSON into the log, each piece with a call of its own; nothing may be refused. Of
    events of the future is told, and they are taken."""
    for number, piece in enumerate(pieces):
        file = home.parent / f"{home.name}-piece-{number}.ndjson"
        file.write_bytes(piece)
        result = tawny(home, "ingest", str(file))
        told = [line for line in result.err.splitlines() if " lie in the future; " not in line]
        assert (result.status, told) == (0, []), result
        assert " refused=0" in result.out


def export_arguments(request: Json) -> list[str]:
    """The words of `tawny export` for a request as the worked cases write it."""
    arguments = ["export", request["type"], "--tz", request["tz"], "--as-of", request["as_of"]]
    for option in ("from", "to"):
        if option in request:
            arguments += [f"--{option}", request[option]]
    for channel in request.get("channels", ()):
        arguments += ["--channel", channel]
    if "columns" in request:
        arguments += ["--columns", ",".join(request["columns"])]
    return arguments


def export(home: Path, request: Json, *options: str) -> bytes:
    """The file of a request, made by the command line."""
    target = home.parent / f"{home.name}-export.csv"
    result = tawny(home, *export_arguments(request), *options, "-o", str(target))
    assert result == Result(0, "", ""), result
    return target.read_bytes()


def requests_of(case: Path) -> Sequence[Json]:
    """The requests of a worked case."""
    requests: list[Json] = json.loads((case / "requests.json").read_text(encoding="utf-8"))
    return requests
