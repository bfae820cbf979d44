"""`tawny export`: one export, or several of one state, to files."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tawny.cli.alignment import aligned
from tawny.cli.app import home_of, say, settings
from tawny.cli.completeness import WaitForEvents, say_what_is_incomplete
from tawny.cli.later_events import say_what_is_later
from tawny.errors import RequestError, UnknownValueError
from tawny.exports.formats.registry import format_of_file
from tawny.exports.request import ALL, ExportRequest, columns_by_type
from tawny.intake.moving import move_inbox
from tawny.model.zones import current_ms
from tawny.queries.catalogue import EXPORT_TYPES
from tawny.text import Text

if TYPE_CHECKING:
    # An export that a server makes does not wait for the engine.
    from tawny.exports.receipt import Receipt, Replay
    from tawny.exports.session import ExportSession

FAILED = 4
"""Exit status when the exports of a bundle do not agree with each other."""


def export(
    context: click.Context,
    types: Sequence[str],
    *,
    start: str | None,
    end: str | None,
    time_zone: str | None,
    channels: Sequence[str],
    as_of: str | None,
    log_version: int | None,
    headers: str | None,
    format_name: str | None,
    dialect: str | None,
    long_cells: str | None,
    columns: str | None,
    engine: str | None,
    output: str | None,
    receipt: Path | None,
    longest_wait: str | None,
    server: str | None,
) -> None:
    """Run the exports of a call; the options are those of `tawny export`."""
    if output is None:
        raise RequestError("-o: found nothing; name a FILE, - for standard output, or a folder")
    now_ms = current_ms()
    home = home_of(context)
    if server is None:
        move_inbox(home, settings())
    elif receipt is not None:
        raise RequestError("--receipt: found with --server; a receipt is run where its log is")
    elif log_version is not None:
        raise RequestError(
            "--log-version: found with --server; a version is looked at where its log is"
        )
    elif engine is not None:
        raise RequestError("--engine: found with --server; the server's settings choose it")
    if receipt is not None:
        others = (
            *(start, end, time_zone, as_of, headers, format_name, dialect, long_cells, columns),
            *(longest_wait, log_version),
        )
        if types or channels or any(other is not None for other in others):
            raise RequestError(
                "--receipt: found with a type or other options; the receipt says them all, "
                "give only -o"
            )
        from tawny.exports.receipt import read_receipt
        from tawny.exports.session import ExportSession

        request, replay, content = read_receipt(receipt)
        with ExportSession(home, settings(), now_ms, engine) as session:
            if request.is_bundle:
                _export_bundle(session, request, output, content)
            else:
                _export_one(session, request, output, replay)
        return
    if not types:
        raise RequestError(
            "TYPE: found nothing; allowed {allowed} or {all}",
            allowed=", ".join(EXPORT_TYPES),
            all=ALL,
        )
    for name in types:
        if name not in (*EXPORT_TYPES, ALL):
            raise UnknownValueError(Text("export type"), name, EXPORT_TYPES)
    several = len(types) > 1 or ALL in types
    names = EXPORT_TYPES if ALL in types else tuple(dict.fromkeys(types))
    keys = [] if columns is None else [key.strip() for key in columns.split(",")]
    columns_by_type(names, keys)
    chosen_format = format_name or _default_format(output, several)
    request = ExportRequest(
        export_type="" if several else names[0],
        time_zone="UTC" if time_zone is None else time_zone,
        start=start,
        end=end,
        channels=tuple(channels),
        as_of=as_of,
        headers="en" if headers is None else headers,
        format=chosen_format,
        dialect="machine" if dialect is None else dialect,
        long_cells="refuse" if long_cells is None else long_cells,
        columns=tuple(keys),
        exports=names if several else (),
        bundle=(_bundle_of(output) if several and _is_file(output) else None) or "zip",
    )
    waiting = None if longest_wait is None else WaitForEvents(request, longest_wait)
    if server is not None:
        # Libraries that an export from the log itself does not wait for.
        from tawny.cli.remote import export_remotely

        folder = is_folder(request, output)
        export_remotely(server, request, output, folder=folder, waiting=waiting)
        return
    if waiting is not None:
        from tawny.exports.session import ExportSession

        with ExportSession(home, settings(), now_ms, engine) as session:
            _see(session, log_version)
            session.check(request)
        waiting.for_folder(home)
        request, now_ms = waiting.request, current_ms()
    export_here(
        home, request, output, now_ms, engine=engine, log_version=log_version, waiting=waiting
    )


def export_here(
    home: Path,
    request: ExportRequest,
    output: str,
    now_ms: int,
    *,
    engine: str | None = None,
    log_version: int | None = None,
    waiting: WaitForEvents | None = None,
) -> None:
    """Make the file of a request from a data folder; of several exports a file or a folder.
    `now_ms` is the instant of the call, in milliseconds since 1970 UTC."""
    from tawny.exports.session import ExportSession

    with ExportSession(home, settings(), now_ms, engine) as session:
        _see(session, log_version)
        if request.is_bundle:
            _export_bundle(session, request, output, waiting=waiting)
        else:
            _export_one(session, request, output, waiting=waiting)


def _see(session: ExportSession, log_version: int | None) -> None:
    """Have a session see a version of the log, where one was asked for. Raises `RequestError`."""
    if log_version is None:
        return
    if not 0 <= log_version <= session.snapshot.version:
        raise RequestError(
            "log-version: found {log_version}; allowed 0 to {version}, the newest",
            log_version=log_version,
            version=session.snapshot.version,
        )
    session.log_version = log_version


def is_folder(request: ExportRequest, output: str) -> bool:
    """Whether the files of a request go into a folder, each by itself."""
    return request.is_bundle and not _is_file(output)


def _default_format(output: str, several: bool) -> str:
    if output == "-" or (several and _bundle_of(output) != "workbook"):
        return "csv"
    return format_of_file(output)


def _export_one(
    session: ExportSession,
    request: ExportRequest,
    output: str,
    replay: Replay | None = None,
    waiting: WaitForEvents | None = None,
) -> None:
    target = _target(output)
    from tawny.upkeep.exported_files import remember

    content = session.export(request, target, replay).content()
    say_what_is_later(request, content)
    if replay is None:
        say_what_is_incomplete(content, waiting)
    if target is not None and target.is_file():
        remember(session.home, target, content)


def _target(output: str) -> Path | None:
    return None if output == "-" else Path(output)


def _export_bundle(
    session: ExportSession,
    request: ExportRequest,
    output: str,
    again: Mapping[str, Any] | None = None,
    waiting: WaitForEvents | None = None,
) -> None:
    """Files of one state of the log: in one file if that is what was named, else in a folder with
    a data package over them."""
    # What a single export does not wait for.
    from tawny.exports.bundle import Bundle
    from tawny.reading.verify import checks_of_bundle
    from tawny.upkeep.exported_files import remember

    bundle = Bundle(session, request, checks_of_bundle, again)
    lines: dict[str, tuple[str, str, str, str]] = {}
    if _is_file(output) or again is not None:
        target = Path(output)
        content = bundle.write(target)
        remember(session.home, target, content)
    else:
        folder = _folder(output)
        began = time.perf_counter()

        def tell(part: ExportRequest, path: Path, receipt: Receipt) -> None:
            nonlocal began
            remember(session.home, path, receipt.content())
            seconds, began = time.perf_counter() - began, time.perf_counter()
            lines[part.export_type] = (
                *(part.export_type, f"{receipt.rows:,}", f"{seconds:.2f}", str(path)),
            )

        content = bundle.write_folder(folder, tell)
        heads = ("export", "rows", "seconds", "file")
        click.echo(aligned(heads, list(lines.values()), right=("rows", "seconds")))
    say_what_is_later(request, content)
    if again is None:
        say_what_is_incomplete(content, waiting)
    broken = [check for check in content["checks"] if not check["met"]]
    for check in broken:
        message = Text(
            "the exports do not agree: {holds} (found {left} and {right}; wrong: {broken})",
            holds=check["holds"],
            left=check["left"],
            right=check["right"],
            broken=check["broken"],
        )
        click.echo(f"tawny: {say(message)}", err=True)
    if broken:
        raise click.exceptions.Exit(FAILED)


def _is_file(output: str) -> bool:
    """Whether the output of several exports is one file: an archive or a workbook."""
    return _bundle_of(output) is not None and not Path(output).is_dir()


def _bundle_of(output: str) -> str | None:
    endings = {".zip": "zip", ".xlsx": "workbook"}
    return next((how for end, how in endings.items() if output.lower().endswith(end)), None)


def _folder(output: str) -> Path:
    if output == "-":
        raise RequestError("-o: found -; several types need a folder")
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise RequestError(
            "-o: found the file {folder}; several types need a folder, or a file that ends in .zip "
            "or .xlsx",
            folder=folder,
        )
    return folder
