"""Tawny's server from a program: `Client`, and `AsyncClient` for programs with an event loop.

with Client("http://localhost:8000", token) as tawny:
    run = tawny.start(Request("messages", start="2026-06-01", end="2026-07-01"))
    run = tawny.wait(run.id)
    tawny.download(run, Path("messages.csv"))
"""

from __future__ import annotations

from tawny.client.asynchronous import AsyncClient
from tawny.client.calls import ServerError
from tawny.client.shapes import Channel, ExportType, File, Refused, Request, Run, Sent
from tawny.client.sync import Client

__all__ = [
    "AsyncClient", "Channel", "Client", "ExportType", "File", "Refused", "Request", "Run", "Sent",
    "ServerError",
]  # fmt: skip
