"""Tawny's server from a program: `Client`, and `AsyncClient` for programs with an event loop.

with Client("http://localhost:8000", token) as tawny:
    june = Request("messages", start="2026-06-01", end="2026-07-01")
    tawny.export(june, Path("messages.csv"))
    rows = tawny.export(june)  # an Arrow table
"""

from __future__ import annotations

from tawny.client.asynchronous import AsyncClient
from tawny.client.calls import ServerError
from tawny.client.shapes import (
    Channel,
    ChannelStatus,
    Check,
    ColumnDefinition,
    Estimate,
    ExportType,
    FeedPage,
    File,
    Log,
    Part,
    Refused,
    Request,
    Run,
    SavedExport,
    Sent,
    TypeEvents,
)
from tawny.client.sync import Client

__all__ = [
    "AsyncClient", "Channel", "ChannelStatus", "Check", "Client", "ColumnDefinition", "Estimate",
    "ExportType", "FeedPage", "File", "Log", "Part", "Refused", "Request", "Run", "SavedExport",
    "Sent", "ServerError", "TypeEvents",
]  # fmt: skip
