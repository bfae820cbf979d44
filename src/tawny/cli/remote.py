"""`tawny export --server URL`: the same exports, computed by a server."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from msgspec import convert, to_builtins
from rich.console import Console
from rich.progress import Progress

from tawny.cli.completeness import WaitForEvents, say_what_is_incomplete
from tawny.cli.later_events import say_what_is_later
from tawny.client import Client, Request, Run
from tawny.client.calls import ready
from tawny.disk import flush, translated_os_errors
from tawny.errors import RequestError
from tawny.exports.request import ExportRequest, request_json, request_of_json
from tawny.private import as_users_own, make_users_folder
from tawny.settings import chosen_language
from tawny.text import Text


def export_remotely(
    url: str,
    request: ExportRequest,
    output: str,
    *,
    folder: bool,
    waiting: WaitForEvents | None = None,
) -> None:
    """Run a request on a server and fetch its file; of several exports into a folder, their
    files."""
    with server_client(url, Text("the scopes exports:read and exports:write")) as client:
        if waiting is not None:
            waiting.for_server(client)
            request = waiting.request
        _check_output(output, folder=folder)
        run = client.start(convert(request_json(request), Request))
        fetch_run(client, run, output, folder=folder, waiting=waiting)


def server_client(url: str, scopes: Text) -> Client:
    """A client of a server with the token of the environment, which needs those scopes."""
    token = os.environ.get("TAWNY_TOKEN", "")
    if not token:
        raise RequestError(
            "TAWNY_TOKEN: found nothing; --server needs a token with {scopes}",
            scopes=scopes,
        )
    return Client(url, token, language=chosen_language())


def client_of_desk(url: str, owner: str | None, scopes: Text) -> Client:
    """A client for what belongs to somebody: with a server, to the person of the token."""
    if owner is not None:
        raise RequestError("--owner: found with --server; the token says whose it is")
    return server_client(url, scopes)


def fetch_run(
    client: Client,
    run: Run,
    output: str,
    *,
    folder: bool,
    waiting: WaitForEvents | None = None,
) -> None:
    """Wait for a run and fetch its file, or its files into a folder."""
    _check_output(output, folder=folder)
    if folder:
        make_users_folder(Path(output))
    if not folder and output != "-":
        _fetch(client, run.id, Path(output))
    else:
        with tempfile.TemporaryDirectory(dir=output if folder else None) as place:
            target = Path(place) / "export"
            _fetch(client, run.id, target)
            if folder:
                _unpack(target, Path(place), Path(output))
            else:
                _print(target)
    receipt = client.receipt(run.id)
    say_what_is_later(request_of_json(to_builtins(run.request)), receipt)
    say_what_is_incomplete(receipt, waiting)


def _check_output(output: str, *, folder: bool) -> None:
    if folder and output == "-":
        raise RequestError("-o: found -; several types need a folder")


def _print(file: Path) -> None:
    with file.open("rb") as stream:
        shutil.copyfileobj(stream, sys.stdout.buffer, 1 << 20)
    sys.stdout.buffer.flush()


def _unpack(archive: Path, place: Path, folder: Path) -> None:
    """The files of an archive in a folder, each whole under its name."""
    with translated_os_errors(str(folder)), zipfile.ZipFile(archive) as files:
        for name in files.namelist():
            # The server's archive has no folders in it; whatever it says, nothing leaves this one.
            path = Path(files.extract(name, place / "files"))
            flush(path)
            as_users_own(path)
            path.replace(folder / path.name)


def _fetch(client: Client, run_id: str, target: Path) -> None:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("waiting", total=100)
        run = client.wait(
            run_id,
            lambda run: progress.update(
                task, description=run.phase or run.state, completed=run.progress_percent
            ),
        )
    client.download(ready(run), target)
