"""`tawny export`: one export, or several of one state, to files."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from tawny.cli.app import app, home_of, settings
from tawny.cli.columns import aligned
from tawny.disk import flush, translated_os_errors
from tawny.errors import RequestError, UnknownValueError
from tawny.exports.columns import HEADER_STYLES
from tawny.exports.datapackage import Resource, datapackage
from tawny.exports.formats import DIALECTS, FORMAT_NAMES, file_format, format_of_file
from tawny.exports.queries import EXPORT_TYPES, query
from tawny.exports.request import ExportRequest
from tawny.model.zones import instant_text
from tawny.runs.export import ExportSession
from tawny.runs.exported import remember
from tawny.runs.receipt import Receipt, Replay, read_receipt
from tawny.text import Text

ALL = "all"


@app.command("export")
def export(
    context: typer.Context,
    types: Annotated[
        list[str] | None,
        typer.Argument(metavar="TYPE", help="An export type, several, or all (tawny exports)."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="MOMENT", help="Begin of the range, included."),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="MOMENT", help="End of the range, not included.")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option("--tz", metavar="ZONE", help="IANA time zone; default UTC.")
    ] = None,
    channels: Annotated[
        list[str] | None,
        typer.Option("--channel", metavar="ID", help="Only this channel; may be repeated."),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="INSTANT", help="Only events up to it; default now."),
    ] = None,
    headers: Annotated[
        str | None,
        typer.Option("--headers", help=f"One of: {', '.join(HEADER_STYLES)}; default en."),
    ] = None,
    format_name: Annotated[
        str | None,
        typer.Option(
            "--format",
            help=f"One of: {', '.join(FORMAT_NAMES)}; default from the ending of the file.",
        ),
    ] = None,
    dialect: Annotated[
        str | None,
        typer.Option("--dialect", help=f"Of CSV, one of: {', '.join(DIALECTS)}; default machine."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="The file; - is standard output; a folder for several types.",
        ),
    ] = None,
    receipt: Annotated[
        Path | None,
        typer.Option(
            "--receipt", metavar="FILE", help="Make the file of this receipt again, byte for byte."
        ),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            "--server",
            metavar="URL",
            envvar="TAWNY_SERVER",
            show_envvar=True,
            help="Have this server compute it, with the token in TAWNY_TOKEN.",
        ),
    ] = None,
) -> None:
    """Write an export to a file, with a receipt beside it.

    A MOMENT is YYYY-MM-DD or YYYY-MM-DDTHH:MM[:SS[.mmm]] in the time zone, or either with an offset
    or Z. Ends with 0, 2 for a wrong request, 1 for a failure; a failed export leaves no file.
    """
    if output is None:
        raise RequestError("-o: found nothing; name a FILE, - for standard output, or a folder")
    now_ms = time.time_ns() // 1_000_000
    home = home_of(context)
    if server is None:
        move_inbox(home)
    elif receipt is not None:
        raise RequestError("--receipt: found with --server; a receipt is run where its log is")
    if receipt is not None:
        if types or any((start, end, time_zone, channels, as_of, headers, format_name, dialect)):
            raise RequestError(
                "--receipt: found with a type or other options; the receipt says them all, "
                "give only -o"
            )
        request, replay = read_receipt(receipt)
        with ExportSession(home, settings(), now_ms) as session:
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
    requests = [
        ExportRequest(
            export_type=name,
            time_zone=time_zone or "UTC",
            start=start,
            end=end,
            channels=tuple(channels or ()),
            as_of=as_of,
            headers=headers or "en",
            format=format_name or _default_format(output, several),
            dialect=dialect or "machine",
        )
        for name in (EXPORT_TYPES if ALL in types else dict.fromkeys(types))
    ]
    if server is not None:
        # Libraries that an export from the log itself does not wait for.
        from tawny.cli.remote import export_remotely

        export_remotely(server, requests, output)
        return
    with ExportSession(home, settings(), now_ms) as session:
        if several:
            _export_several(session, requests, output)
        else:
            _export_one(session, requests[0], output)


def move_inbox(home: Path) -> None:
    """Have the log hold what a server acknowledged; a folder that never had one has nothing."""
    if settings().text("state_url") or (home / "state.db").exists():
        from tawny.runs.inbox import flush

        flush(home, settings())


def _default_format(output: str, several: bool) -> str:
    if several:
        return "csv"
    if output == "-":
        return "csv"
    return format_of_file(output)


def _export_one(
    session: ExportSession, request: ExportRequest, output: str, replay: Replay | None = None
) -> None:
    target = _target(output)
    receipt = session.export(request, target, replay)
    if target is not None and target.is_file():
        remember(session.home, target, receipt)


def _target(output: str) -> Path | None:
    return None if output == "-" else Path(output)


def _export_several(session: ExportSession, requests: list[ExportRequest], output: str) -> None:
    """Linked files of one state of the log in one folder, with a data package over them."""
    if output == "-":
        raise RequestError("-o: found -; several types need a folder")
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise RequestError(
            "-o: found the file {folder}; several types need a folder", folder=folder
        )
    ending = file_format(requests[0].format, requests[0].dialect).ending
    for request in requests:
        session.check(request)
    with translated_os_errors(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        package = folder / "datapackage.json"
        package.unlink(missing_ok=True)
    lines = []
    resources = []
    for request in requests:
        began = time.perf_counter()
        path = folder / f"{request.export_type}{ending}"
        receipt = session.export(request, path)
        remember(session.home, path, receipt)
        seconds = time.perf_counter() - began
        lines.append((request.export_type, f"{receipt.rows:,}", f"{seconds:.2f}", str(path)))
        resources.append(_resource(request, path, receipt))
    if requests[0].dialect == "machine":
        _write_package(package, requests[0], resources, receipt.bounds.as_of_ms)
    heads = ("export", "rows", "seconds", "file")
    typer.echo(aligned(heads, lines, right=("rows", "seconds")))


def _resource(request: ExportRequest, path: Path, receipt: Receipt) -> Resource:
    export_query = query(request.export_type)
    return Resource(
        export=request.export_type,
        path=path.name,
        format=request.format,
        columns=export_query.columns,
        header_style=request.headers,
        title=request.export_type,
        description=export_query.description[
            "fr" if request.headers in ("fr", "hootdesk-fr") else "en"
        ],
        bytes=receipt.size_bytes,
        sha256=receipt.sha256,
        rows=receipt.rows,
    )


def _write_package(
    path: Path, request: ExportRequest, resources: list[Resource], as_of_ms: int
) -> None:
    content = datapackage(
        resources,
        name="tawny-export",
        title="Tawny export",
        description=f"Exports of one state of the event log, from {request.start} to "
        f"{request.end}, time zone {request.time_zone}.",
        created=instant_text(as_of_ms),
    )
    work = path.with_name(f".{path.name}.part")
    with translated_os_errors(str(path)):
        work.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        flush(work)
        work.replace(path)
