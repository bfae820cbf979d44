"""`tawny export --server URL`: the same exports, computed by a server."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from tawny.client import Client, Request
from tawny.errors import FailureError, RequestError
from tawny.exports.formats import file_format
from tawny.exports.request import ExportRequest
from tawny.settings import chosen_language
from tawny.text import Text


def export_remotely(url: str, requests: list[ExportRequest], output: str) -> None:
    """Run requests on a server and fetch their files."""
    token = os.environ.get("TAWNY_TOKEN", "")
    if not token:
        raise RequestError(
            "TAWNY_TOKEN: found nothing; --server needs a token with the scopes exports:read and "
            "exports:write"
        )
    several = len(requests) > 1
    if several and output == "-":
        raise RequestError("-o: found -; several types need a folder")
    with Client(url, token, language=chosen_language()) as client:
        started = [client.start(_remote(request)) for request in requests]
        if several:
            Path(output).mkdir(parents=True, exist_ok=True)
        for request, run in zip(requests, started, strict=True):
            if output == "-":
                with tempfile.TemporaryDirectory() as folder:
                    target = Path(folder) / "export"
                    _fetch(client, run.id, target)
                    with target.open("rb") as stream:
                        shutil.copyfileobj(stream, sys.stdout.buffer, 1 << 20)
                sys.stdout.buffer.flush()
            elif several:
                ending = file_format(request.format, request.dialect).ending
                _fetch(client, run.id, Path(output) / f"{request.export_type}{ending}")
            else:
                _fetch(client, run.id, Path(output))


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
    if run.state != "ready":
        raise FailureError(
            "the run {id} is {state}: {reason}",
            id=run.id,
            state=Text(run.state),
            reason=run.error or Text("somebody stopped it"),
        )
    client.download(run, target)


def _remote(request: ExportRequest) -> Request:
    return Request(
        export=request.export_type,
        time_zone=request.time_zone,
        start=request.start,
        end=request.end,
        channels=list(request.channels),
        as_of=request.as_of,
        headers=request.headers,
        format=request.format,
        dialect=request.dialect,
    )
