"""`tawny ingest`: ways in, counts, refusals, exit status, what a terminal sees, memory."""

import fcntl
import gzip
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, Field, Schema
from deltalake.exceptions import DeltaError
from deltalake.schema import PrimitiveType

from commands import Result, ndjson, tawny, tawny_process
from processes import event, log_json, logged_events
from server_process import LONGEST_WAIT_S

PACK: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gz": gzip.compress,
    "zst": lambda data: bytes(pa.compress(data, codec="zstd", asbytes=True)),
}


def compressed(data: bytes, kind: str) -> bytes:
    return PACK[kind](data)


def taken(accepted: int, duplicates: int = 0) -> Result:
    return Result(0, f"accepted={accepted} duplicates={duplicates} refused=0\n", "")


EVENTS = [event(number) for number in range(10)]

MISREAD = {
    "100%41": "%41",
    "back\\slash": "\\",
    "two\nlines": "\n",
    "tab\there": "\t",
    "delete\x7f": "\x7f",
    os.fsdecode(b"caf\xe9"): "\udce9",
}
"""Names of data folders that cannot be, and what in them is misread."""


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("pieces", [1, 2])
def test_files(tmp_path: Path, kind: str, pieces: int) -> None:
    """The content says how it is packed, not the name; packed pieces may be put together."""
    file = tmp_path / "events"
    half = len(EVENTS) // 2
    parts = [EVENTS] if pieces == 1 else [EVENTS[:half], EVENTS[half:]]
    file.write_bytes(b"".join(compressed(ndjson(part), kind) for part in parts))
    assert tawny(tmp_path / "home", "ingest", str(file)) == taken(10)
    assert len(logged_events(tmp_path / "home")) == 10


@pytest.mark.parametrize("kind", PACK)
def test_standard_input(tmp_path: Path, kind: str) -> None:
    home, packed = tmp_path / "home", compressed(ndjson(EVENTS), kind)
    assert tawny_process(home, "ingest", "-", stdin=packed) == taken(10)


def test_several_files_and_repetitions(tmp_path: Path) -> None:
    """Within a file, across files of a call, across calls, and packed otherwise."""
    home = tmp_path / "home"
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl.gz"
    first.write_bytes(ndjson([*EVENTS[:6], EVENTS[0], EVENTS[0]]))
    second.write_bytes(gzip.compress(ndjson(EVENTS[4:])))
    assert tawny(home, "ingest", str(first), str(second), str(first)) == taken(10, 12)
    assert tawny(home, "ingest", str(second)) == taken(0, 6)
    assert sorted(logged_events(home)) == sorted(("/test", e["id"]) for e in EVENTS)


def test_same_id_of_two_sources_is_two_events(tmp_path: Path) -> None:
    file = tmp_path / "events"
    file.write_bytes(ndjson([event(1), event(1) | {"source": "/other"}]))
    assert tawny(tmp_path / "home", "ingest", str(file)) == taken(2)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", 0),
        (b"\n\n  \n", 0),
        (b"\xef\xbb\xbf" + ndjson(EVENTS), 10),
        (ndjson(EVENTS).replace(b"\n", b"\r\n"), 10),
        (ndjson(EVENTS).replace(b"\n", b"\n\n \t\r\n"), 10),
        (ndjson(EVENTS)[:-1], 10),
        (gzip.compress(b""), 0),
    ],
    ids=["empty", "blank", "byte order mark", "CRLF", "blank lines", "no end", "empty gzip"],
)
def test_shapes_of_a_file(tmp_path: Path, content: bytes, expected: int) -> None:
    file = tmp_path / "events"
    file.write_bytes(content)
    assert tawny(tmp_path / "home", "ingest", str(file)) == taken(expected)


def test_refusals_and_the_good_events_around_them(tmp_path: Path) -> None:
    home, file, other = tmp_path / "home", tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    good = [json.dumps(e) for e in EVENTS[:3]]
    wrong = event(7, "message.created", message_id="m", conversation_id="c", direction="sideways")
    lines = [good[0], json.dumps(wrong), "", good[1], json.dumps(event(8, "mesage.created")), "{]"]
    file.write_text("\n".join([*lines, good[2]]))
    other.write_text("[1]\n" + good[0] + "\n")
    result = tawny(home, "ingest", str(file), str(other))
    example = (
        'one JSON object a line, such as {"specversion": "1.0", "source": …, "id": …, "type": …, '
        '"time": …, "data": {…}}'
    )
    assert result == Result(
        3,
        "accepted=3 duplicates=1 refused=4\n",
        f'{file}:2: data.direction: found "sideways"; allowed inbound, outbound\n'
        f'{file}:5: type: found "mesage.created"; allowed the types of the event contract; the '
        "closest is message.created\n"
        f'{file}:6: event: found broken JSON: "{{]"; allowed {example}\n'
        f"{other}:1: event: found a JSON array; allowed one JSON object a line; jq -c '.[]' FILE "
        "makes such lines of an array\n",
    )
    assert log_json(home)["events"] == 3
    assert log_json(home)["refused"] == 4


def test_only_refusals(tmp_path: Path) -> None:
    file = tmp_path / "events"
    file.write_bytes(ndjson([event(1, "nothing.known")]))
    result = tawny(tmp_path / "home", "ingest", str(file))
    assert (result.status, result.out) == (3, "accepted=0 duplicates=0 refused=1\n")


def test_a_refused_repetition_is_refused(tmp_path: Path) -> None:
    """Rules are checked before repetitions are recognised."""
    file = tmp_path / "events"
    file.write_bytes(ndjson([event(1), event(1) | {"time": "yesterday"}]))
    result = tawny(tmp_path / "home", "ingest", str(file))
    assert (result.status, result.out) == (3, "accepted=1 duplicates=0 refused=1\n")


def test_line_numbers_go_on_over_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tawny.intake.files.BLOCK_BYTES", 500)
    file = tmp_path / "events"
    lines = [json.dumps(event(number)) for number in range(40)]
    lines[36] = "broken"
    file.write_text("\n".join(lines))
    result = tawny(tmp_path / "home", "ingest", str(file))
    assert result.out == "accepted=39 duplicates=0 refused=1\n"
    assert result.err.startswith(f"{file}:37: event: found text")


def message(number: int, size: int) -> dict[str, Any]:
    data = {"message_id": f"m-{number}", "conversation_id": "c", "direction": "inbound"}
    return event(number, "message.created", **data, content="x" * size)


def test_long_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line may be longer than what is read at once; a huge one is refused, the good ones around
    it are kept; an endless one is not waited for."""
    file = tmp_path / "events"
    file.write_bytes(ndjson([event(1), message(2, 9 << 20), event(3)]))
    assert tawny(tmp_path / "home", "ingest", str(file)) == taken(3)
    monkeypatch.setattr("tawny.intake.files.LONGEST_LINE_BYTES", 5 << 20)
    assert tawny(tmp_path / "other", "ingest", str(file)) == Result(
        3,
        "accepted=2 duplicates=0 refused=1\n",
        f"{file}:2: event: found a line of more than 5 MB; allowed at most 5 MB\n",
    )
    monkeypatch.setattr("tawny.intake.files.ENDLESS_LINE_BYTES", 8 << 20)
    assert tawny(tmp_path / "third", "ingest", str(file)) == Result(
        3,
        "accepted=1 duplicates=0 refused=1\n",
        f"{file}:2: event: found a line of more than 5 MB; allowed at most 5 MB\n"
        f"tawny: {file}: line 2 is longer than 8 MB; allowed newline-delimited JSON, plain, .gz "
        "or .zst\n",
    )


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_file_cut_off(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could be read is kept, and the status says that something is missing."""
    monkeypatch.setattr("tawny.intake.files.BLOCK_BYTES", 2000)
    home, cut, whole = tmp_path / "home", tmp_path / "cut", tmp_path / "whole"
    events = [message(number, 0) | {"extra": os.urandom(200).hex()} for number in range(3000)]
    data = compressed(ndjson(events), kind)
    cut.write_bytes(data[: len(data) // 2])
    whole.write_bytes(data)
    result = tawny(home, "ingest", str(cut))
    assert result.status == 3
    kept = int(result.out.split()[0].removeprefix("accepted="))
    assert 0 < kept < 3000
    assert result.err == (
        f"tawny: {cut}: the data is damaged after line {kept} (Truncated compressed stream); what "
        "came before it is kept, send the whole file again\n"
    )
    assert tawny(home, "ingest", str(whole)) == taken(3000 - kept, kept)


def test_a_damaged_file_does_not_stop_the_others(tmp_path: Path) -> None:
    cut, good = tmp_path / "cut.gz", tmp_path / "good"
    cut.write_bytes(gzip.compress(ndjson(EVENTS))[:40])
    good.write_bytes(ndjson(EVENTS))
    result = tawny(tmp_path / "home", "ingest", str(cut), str(good))
    assert (result.status, result.out) == (3, "accepted=10 duplicates=0 refused=0\n")


def test_a_file_name_that_is_not_utf8(tmp_path: Path) -> None:
    file = os.fsencode(tmp_path / "caf") + b"\xe9.jsonl"
    Path(os.fsdecode(file)).write_bytes(ndjson(EVENTS))
    assert tawny(tmp_path / "home", "ingest", os.fsdecode(file)) == taken(10)


def test_refusals_in_a_file_name_that_is_not_utf8(tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path / "caf") + b"\xe9.jsonl")
    Path(name).write_text("broken\n")
    result = tawny(tmp_path / "home", "ingest", name)
    assert (result.status, result.out) == (3, "accepted=0 duplicates=0 refused=1\n")


@pytest.mark.parametrize(
    "name",
    [
        "with space",
        "we[ird]*?",
        "{a,b}",
        'it\'s "quoted"',
        "é",
        "100%",
        "5%of#all&more",
        "~",
        "s3:",
    ],
)
def test_names_of_data_folders(tmp_path: Path, name: str) -> None:
    home, file = tmp_path / name, tmp_path / "events"
    file.write_bytes(ndjson(EVENTS))
    assert tawny(home, "ingest", str(file)) == taken(10)
    assert tawny(home, "ingest", str(file)) == taken(0, 10)
    assert log_json(home)["events"] == 10


@pytest.mark.parametrize("name", MISREAD)
def test_names_that_no_data_folder_can_have(tmp_path: Path, name: str) -> None:
    result = tawny(tmp_path / name, "log")
    assert (result.status, result.out) == (2, "")
    assert result.err.endswith(
        f"; the event log's library reads {MISREAD[name]!r} as part of an address, choose a folder "
        "without it\n"
    )
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("name", MISREAD)
def test_deltalake_still_misreads_them(tmp_path: Path, name: str) -> None:
    """When this fails, deltalake has learnt it: take it out of `_MISREAD` in `tawny.cli.app`."""
    folder = tmp_path / name
    folder.mkdir()
    with pytest.raises((DeltaError, UnicodeEncodeError)):
        DeltaTable.create(folder, Schema([Field("a", PrimitiveType("string"))]))


def test_a_link_to_a_folder_that_is_misread(tmp_path: Path) -> None:
    """The library follows links before it reads the path."""
    (tmp_path / "%41").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "%41")
    result = tawny(tmp_path / "link", "log")
    assert result.status == 2
    assert "reads '%41' as part of an address" in result.err


def test_named_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    data = ndjson([message(number, 100) for number in range(5000)])
    writer = threading.Thread(target=_write_all, args=(pipe, data), daemon=True)
    writer.start()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tawny", "--home", str(tmp_path / "home"), "ingest", str(pipe)],
            capture_output=True,
            timeout=LONGEST_WAIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.fail("it waits for a writer that has gone")
    assert done.stdout == b"accepted=5000 duplicates=0 refused=0\n"


def _write_all(pipe: Path, data: bytes) -> None:
    try:
        pipe.write_bytes(data)
    except BrokenPipeError:
        return


def test_progress_on_a_terminal_only(tmp_path: Path) -> None:
    file = tmp_path / "events"
    file.write_bytes(ndjson([message(number, 100) for number in range(15_000)]))
    call = [sys.executable, "-m", "tawny", "--home", str(tmp_path / "home"), "ingest", str(file)]
    piped = subprocess.run(call, capture_output=True, check=True)
    assert (piped.stdout, piped.stderr) == (b"accepted=15000 duplicates=0 refused=0\n", b"")

    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    # What runs the tests may say how wide its own terminal is; this one says so itself.
    env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        call, stdout=subprocess.PIPE, stderr=terminal, env=env | {"TERM": "xterm"}
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            data = os.read(master, 65_536)
        except OSError:  # The other end has closed.
            break
        if not data:
            break
        shown += data
    os.close(master)
    out, _ = process.communicate(timeout=LONGEST_WAIT_S)
    assert out == b"accepted=0 duplicates=15000 refused=0\n"
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert re.search(r"━ [\d,]+ events, [\d,]+/s, \d+:\d\d remaining", text), text
    assert max(len(line) for line in re.split(r"[\r\n]", text)) <= 60, "one line, never wrapped"


_PEAK = """
import resource, sys
import tawny.intake.ingest, tawny.intake.files
from tawny.cli.main import run
tawny.intake.ingest.CHUNK_ROWS = 20_000
tawny.intake.files.BLOCK_BYTES = 1 << 20
status = run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(status)
"""


def peak_kb(home: Path, events: int) -> int:
    """Peak memory of an ingest of that many events from a pipe, ten a second, in small chunks."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PEAK, "--home", str(home), "ingest", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"TAWNY_ENGINE_THREADS": "1", "TAWNY_ENGINE_MEMORY_MB": "200"},
    )
    text = json.dumps(message(0, 150) | {"time": "TIME"}).replace("%", "%%") + "\n"
    text = text.replace("m-0", "m-%d").replace("e-0", "e-%d").replace("TIME", "2026-03-%sZ")
    assert process.stdin is not None
    for number in range(events):
        day, second = divmod(number // 10, 86_400)
        clock = f"{day + 1:02d}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        process.stdin.write((text % (number, clock, number)).encode())
    out, _ = process.communicate(timeout=120)
    line, peak = out.decode().splitlines()
    assert line == f"accepted={events} duplicates=0 refused=0"
    return int(peak)


def test_memory_does_not_grow_with_the_input(tmp_path: Path) -> None:
    """It is bounded by the setting of the engine; both inputs are large enough to reach that."""
    small, large = (peak_kb(tmp_path / str(count), count) for count in (300_000, 600_000))
    assert large < small * 1.25, (small, large)
