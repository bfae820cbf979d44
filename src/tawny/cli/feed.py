"""`tawny feed`: what changed in an export since a cursor."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec

from tawny.cli.app import home_of, settings
from tawny.disk import translated_os_errors
from tawny.errors import RequestError, UnreadableInputError
from tawny.feeds.request import MOST_ROWS, FeedRequest, checked
from tawny.private import as_users_own
from tawny.scratch import replaced_whole
from tawny.text import Text

Page = tuple[Sequence[dict[str, Any]], str]


def feed(
    context: click.Context,
    export_type: str,
    *,
    since: str | None,
    cursor_file: Path | None,
    time_zone: str,
    channels: Sequence[str],
    period: str | None,
    output: str,
    server: str | None,
) -> None:
    """Write the rows after a cursor; the options are those of `tawny feed`."""
    if since is not None and cursor_file is not None:
        raise RequestError("--since: found with --cursor-file, which holds the cursor; give one")
    request = checked(FeedRequest(export_type, time_zone, tuple(channels), period))
    cursor = since if cursor_file is None else _kept(cursor_file)
    pages = _from_folder(context, request, cursor) if server is None else _from_server(
        server, request, cursor
    )  # fmt: skip
    with closing(pages):
        if output == "-":
            sys.stdout.flush()
            cursor = _write(pages, sys.stdout.buffer, cursor)
            sys.stdout.buffer.flush()
        else:
            cursor = _write_file(pages, Path(output), cursor)
    # The rows are out first: who is stopped here gets them again.
    if cursor_file is not None:
        _keep(cursor_file, cursor)
    click.echo(f"cursor={cursor}", err=True)


def _from_folder(
    context: click.Context, request: FeedRequest, cursor: str | None
) -> Generator[Page]:
    from tawny.feeds.feed import FeedReader
    from tawny.intake.moving import move_inbox

    home = home_of(context)
    move_inbox(home, settings())
    with FeedReader(home, settings(), request) as reader:
        for page in reader.rows(cursor, MOST_ROWS):
            yield page.items, page.cursor


def _from_server(url: str, request: FeedRequest, cursor: str | None) -> Generator[Page]:
    from tawny.cli.remote import server_client

    with server_client(url, Text("the scope exports:read")) as client:
        for page in client.feed(
            request.export_type,
            cursor,
            time_zone=request.time_zone,
            channels=request.channels,
            period=request.period,
        ):
            yield page.items, page.cursor


def _write(pages: Iterable[Page], stream: BinaryIO, cursor: str | None) -> str:
    for items, following in pages:
        stream.writelines(msgspec.json.encode(row) + b"\n" for row in items)
        cursor = following
    return cursor or ""


def _write_file(pages: Iterable[Page], target: Path, cursor: str | None) -> str:
    if not target.parent.is_dir() or target.is_dir():
        raise RequestError(
            "-o: found {target}; allowed the name of a file in a folder that exists", target=target
        )
    with translated_os_errors(str(target)), replaced_whole(target) as work:
        with work.open("wb") as stream:
            cursor = _write(pages, stream, cursor)
        as_users_own(work)
    return cursor


def _kept(path: Path) -> str | None:
    """The cursor in a file; None where there is no such file yet."""
    if not path.exists():
        return None
    with translated_os_errors(str(path)):
        text = path.read_text(encoding="ascii", errors="replace").strip()
    if not text:
        raise UnreadableInputError(
            "--cursor-file: found {path} empty; remove it, and your copy of the rows, to begin "
            "again",
            path=path,
        )
    return text


def _keep(path: Path, cursor: str) -> None:
    with translated_os_errors(str(path)), replaced_whole(path) as work:
        work.write_text(cursor + "\n", encoding="ascii")
