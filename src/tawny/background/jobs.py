"""What a worker process does: export, and the readings of the log that take a while.

Each job takes the data folder, the settings and its arguments as JSON has them, and returns what
JSON can carry.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import convert
from msgspec.structs import replace

from tawny.background.asked_jobs import ASKED_JOBS
from tawny.background.difference_job import differences
from tawny.background.job import SMALL_FILES, Arguments, Job, Tell
from tawny.background.moving import move_if_free
from tawny.background.source_jobs import SOURCE_JOBS
from tawny.background.timeline_job import conversation_timeline
from tawny.disk import translated_os_errors
from tawny.engine.engines import open_of_folder
from tawny.engine.log_facts import known_channels
from tawny.errors import RequestError
from tawny.explanations.explanation import explain
from tawny.explanations.telling import as_json
from tawny.exports.bundle import Bundle, Revise
from tawny.exports.receipt import Replay, receipt_text, replay_of_receipt
from tawny.exports.request import ExportRequest, parts_of, request_of_json
from tawny.exports.session import ExportSession
from tawny.exports.typed_rows import write_typed_rows
from tawny.feeds.change_file import files_with_erased, write_change_file
from tawny.feeds.feed import FeedReader
from tawny.feeds.made_files import MadeFiles
from tawny.feeds.request import FeedRequest
from tawny.feeds.revisions import changes_since, open_files, revised
from tawny.intake.compare import compared
from tawny.intake.direct import direct_ingest
from tawny.intake.inbox import flush, look
from tawny.intake.precedence import Precedence
from tawny.log.files import Snapshot
from tawny.model.zones import from_ms
from tawny.reading import result
from tawny.reading.charts import charts_of
from tawny.reading.figures import begin_of_conversations, figures_of_periods
from tawny.reading.log_status import channel_facts, log_status
from tawny.reading.preview import channel_list, count_rows, first_rows
from tawny.reading.verify import checks_of_bundle
from tawny.sample import SampleRequest, sample_blocks
from tawny.settings import Settings
from tawny.state.event_log import event_log
from tawny.text import to_json
from tawny.upkeep.compact import compact
from tawny.upkeep.erase import newest_erasure_of, purge_what_is_new
from tawny.upkeep.sample_data import remove_sample

_PROGRESS_EVERY_S = 0.3


def export(home: Path, settings: Settings, arguments: Arguments, tell: Tell) -> dict[str, Any]:
    """Write an export to `target`, a path whose folder exists; returns its receipt as text. With a
    `receipt` the file is the one of that receipt, or none is made."""
    tell("collecting", 0)
    flush(home, settings)
    if request_of(arguments).changes is not None:
        tell("querying", 1)
        return _written(
            write_change_file(
                home, settings, request_of(arguments), Path(arguments["target"]),
                arguments["now_ms"], arguments.get("corrects"),
            )
        )  # fmt: skip
    with ExportSession(home, settings, arguments["now_ms"]) as session:
        request = _known_channels_only(session, request_of(arguments), arguments)
        tell("querying", 1)
        target, again = Path(arguments["target"]), arguments.get("receipt")
        revise = _revise(home, settings, arguments.get("corrects"), session.snapshot)
        if request.is_bundle:
            bundle = Bundle(session, request, checks_of_bundle, again, revise)
            with _watched(bundle.progress_percent, tell):
                content = bundle.write(target)
        else:
            replay = None if again is None else replay_of_receipt(again)
            with _watched(session.progress_percent, tell):
                content = revise(session.export(request, target, replay).content())
    tell("finishing", 99)
    return _written(content)


def _revise(
    home: Path, settings: Settings, before: Mapping[str, Any] | None, snapshot: Snapshot
) -> Revise:
    """What makes the receipt of a file that of the next revision of another receipt's; what is
    other is looked for at once, before the export needs the memory."""
    if before is None:
        return lambda content: content
    changes = changes_since(home, settings, before, snapshot)
    return lambda content: revised(content, before, changes)


def _written(content: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of a file by its receipt."""
    return {
        "receipt": receipt_text(content),
        "rows": content["rows"],
        "size_bytes": content["bytes"],
        "sha256": content["sha256"],
    }


def check(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """Whether an export can be run at all, its channels included."""
    request = request_of(arguments)
    if request.channels:
        flush(home, settings)
    with ExportSession(home, settings, arguments["now_ms"]) as session:
        session.check(_known_channels_only(session, request, arguments))
    return {}


def estimate(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """How many rows an export would give."""
    flush(home, settings)
    with ExportSession(home, settings, arguments["now_ms"]) as session:
        request = _known_channels_only(session, request_of(arguments), arguments)
        session.check(request)
        return {"rows": sum(count_rows(session, part) for part in parts_of(request))}


def feed(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """The rows of a feed after a `cursor`, at most `limit`, and where to go on."""
    flush(home, settings)
    request = convert(arguments["request"], FeedRequest)
    given = bool(arguments["given_channels"])
    with FeedReader(home, settings, request, given_channels=given) as reader:
        return dataclasses.asdict(reader.page(arguments["cursor"], arguments["limit"]))


def explanation(
    home: Path, settings: Settings, arguments: Arguments, _tell: Tell
) -> dict[str, Any]:
    """Why a cell of an export says what it says, of one that was made with its `receipt`. Who was
    given some channels sees of a conversation elsewhere that it is another one."""
    move_if_free(home, settings)
    with ExportSession(home, settings, arguments["now_ms"]) as session:
        replay = None if "receipt" not in arguments else replay_of(arguments)
        request = _of_rows(arguments) if replay else request_of(arguments)
        request = _known_channels_only(session, request, arguments)
        found = explain(session, request, arguments["row"], arguments["column"], replay)
        given = bool(arguments["given_channels"])
        return as_json(found, arguments["language"], hides_elsewhere=given)


def preview(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """The first rows of an export that was made."""
    with ExportSession(home, settings, 0) as session:
        rows = first_rows(session, _of_rows(arguments), replay_of(arguments), arguments["rows"])
        return {"rows": rows}


def charts(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """The charts of an export that was made."""
    with ExportSession(home, settings, 0) as session:
        return {"charts": charts_of(session, _of_rows(arguments), replay_of(arguments))}


def figures(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """The figures of a period and of the one before it, which ends on the local date `middle`."""
    move_if_free(home, settings)
    with ExportSession(home, settings, arguments["now_ms"]) as session:
        request = _known_channels_only(session, request_of(arguments), arguments)
        return {
            "periods": figures_of_periods(session, request, arguments["middle"]),
            "begins_ms": begin_of_conversations(session.snapshot),
        }


def keyed_rows(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """Keep the rows of an export that was made, to be looked at."""
    with ExportSession(home, settings, 0) as session:
        return result.keep_keyed_rows(
            session, _of_rows(arguments), replay_of(arguments), Path(arguments["target"])
        )


def typed_rows(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """Write the rows of a file that was made, with types, into a folder; returns the receipt of
    each export's."""
    with ExportSession(home, settings, 0) as session:
        folder = Path(arguments["folder"])
        return {"receipts": write_typed_rows(session, arguments["receipt"], folder)}


def rows(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """A page of rows that were kept."""
    wanted = dict(arguments)
    path, export_type = Path(wanted.pop("path")), wanted.pop("export_type")
    with open_of_folder(home, settings, threads=1) as duck:
        return result.page_of_rows(duck, path, export_type, **wanted)


def channels(home: Path, settings: Settings, _arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """Every channel of the log, as last saved."""
    move_if_free(home, settings)
    snapshot = event_log(home, settings).snapshot()
    with open_of_folder(home, settings, threads=1) as duck:
        return {"version": snapshot.version, "channels": channel_list(duck, snapshot)}


def status(home: Path, settings: Settings, _arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """What is in the log."""
    move_if_free(home, settings)
    waiting, snapshot = look(home, settings)
    found = log_status(home, settings, snapshot)
    return {
        "waiting": waiting,
        "version": found.version,
        "events": found.events,
        "size_bytes": found.size_bytes,
        "files": found.files,
        "types": [[row.type, row.events, row.first_ms, row.last_ms] for row in found.types],
        "channels": [dataclasses.asdict(one) for one in found.channels],
    }


def completeness(
    home: Path, settings: Settings, _arguments: Arguments, _tell: Tell
) -> dict[str, Any]:
    """What is known of the completeness of each channel."""
    move_if_free(home, settings)
    facts = channel_facts(home, settings)
    return {"channels": [dataclasses.asdict(one) for one in facts]}


def move(home: Path, settings: Settings, _arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """Move the inbox into the log."""
    outcome = flush(home, settings)
    return {"accepted": outcome.accepted, "duplicates": outcome.duplicates}


def compare(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """What the log says of the events of several requests, whose lines are in one file."""
    parts = []
    if sizes_bytes := arguments["sizes_bytes"]:
        with translated_os_errors(str(home)), Path(arguments["path"]).open("rb") as stream:
            parts = [stream.read(size) for size in sizes_bytes]
    return {
        "compared": [
            {
                "outcomes": found.outcomes.hex(),
                "refusals": {
                    number: to_json([one.field, one.found, one.allowed])
                    for number, one in found.refusals.items()
                },
            }
            for found in compared(home, settings, parts)
        ]
    }


def tidy(home: Path, settings: Settings, _arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """Purge contacts that were erased, and merge small files of the log where there are many."""
    purge_what_is_new(home, settings)
    done = compact(home, settings, files_per_month=SMALL_FILES)
    return {"files_before": done.files_before, "files_after": done.files_after}


def load_sample(
    home: Path, settings: Settings, arguments: Arguments, _tell: Tell
) -> dict[str, Any]:
    """Take in the events of a simulated care centre."""
    request = SampleRequest(
        arguments["conversations"],
        from_ms(arguments["start_ms"]),
        from_ms(arguments["end_ms"]),
        arguments["seed"],
    )
    with direct_ingest(home, settings, lambda _name, _refusal: None) as ingest:
        ingest.read("sample data", sample_blocks(request))
        ingest.flush()
        return {"accepted": ingest.outcome.accepted}


def unload_sample(
    home: Path, settings: Settings, arguments: Arguments, _tell: Tell
) -> dict[str, Any]:
    """Take loaded sample data out of the log, those on their way into it too."""
    # As an ingest does, so that servers know what may come in again.
    with Precedence(home).writing_directly():
        flush(home, settings)
        removed, left = remove_sample(home, settings, arguments["marks"])
    return {"removed": removed, "left": left}


def made_files(home: Path, settings: Settings, arguments: Arguments, _tell: Tell) -> dict[str, Any]:
    """Which of some files no longer hold what the log says; with `only_erasures` because somebody
    was erased since. Each file says what was asked, in which state of the log it was made, and
    until when events may have come that count (`until_ms`)."""
    move_if_free(home, settings)
    snapshot = event_log(home, settings).snapshot()
    files = list(open_files(snapshot, arguments["files"]))
    with MadeFiles(
        home, settings, [file for _, file in files], only_erasures=arguments["only_erasures"]
    ) as made:
        changed = [files[place][0] for place in made.changed()]
        changed += files_with_erased(home, settings, snapshot, arguments["files"])
        erasure_version = newest_erasure_of(home, settings, snapshot)
        return {
            "log_version": made.snapshot.version,
            "erasure_version": erasure_version,
            "changed": sorted(changed),
        }


JOBS: dict[str, Job] = {
    "charts": charts,
    "channels": channels,
    "check": check,
    "compare": compare,
    "completeness": completeness,
    "differences": differences,
    "estimate": estimate,
    "explanation": explanation,
    "export": export,
    "feed": feed,
    "figures": figures,
    "keyed_rows": keyed_rows,
    "load_sample": load_sample,
    "made_files": made_files,
    "move": move,
    "preview": preview,
    "rows": rows,
    "status": status,
    "tidy": tidy,
    "timeline": conversation_timeline,
    "typed_rows": typed_rows,
    "unload_sample": unload_sample,
    **ASKED_JOBS,
    **SOURCE_JOBS,
}
"""Every job by name."""


def request_of(arguments: Arguments) -> ExportRequest:
    """The export request in the arguments of a job."""
    return request_of_json(arguments["request"])


def _of_rows(arguments: Arguments) -> ExportRequest:
    """The same where the rows of a file are made anew. Raises `RequestError` for a file of
    changes."""
    request = request_of(arguments)
    if request.changes is not None:
        raise RequestError("this is a file of changes, which is not shown here; download it")
    return request


def replay_of(arguments: Arguments) -> Replay:
    """The receipt's part in the arguments of a job, so that a second run gives the same."""
    return replay_of_receipt(arguments["receipt"])


def _known_channels_only(
    session: ExportSession, request: ExportRequest, arguments: Arguments
) -> ExportRequest:
    """A supervisor who names no channel means all that were given; one of them that has no event
    yet has no rows either, and is no mistake of the person."""
    if not request.channels or not arguments.get("given_channels"):
        return request
    known = set(known_channels(session.engine, session.snapshot, None))
    here = tuple(channel for channel in request.channels if channel in known)
    if not here:
        raise RequestError("channels: those given to you have no events yet; come back later")
    return replace(request, channels=here)


@contextlib.contextmanager
def _watched(progress_percent: Callable[[], float], tell: Tell) -> Iterator[None]:
    """Tell how far the running export is while the body runs."""
    done = threading.Event()

    def watch() -> None:
        highest = 1
        while not done.wait(_PROGRESS_EVERY_S):
            percent = min(98, int(progress_percent()))
            if percent > highest:
                highest = percent
                tell("querying", percent)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
