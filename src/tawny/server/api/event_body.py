"""The events in a body: one a line, an array, a single one, or one whose attributes are headers
(CloudEvents over HTTP: structured, batched and binary mode)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

import msgspec

from tawny.errors import RequestError
from tawny.model.checking import (
    SMALLEST_EVENT_BYTES,
    CheckedRequest,
    checked_lines,
    checked_values,
    elements,
)
from tawny.server.bodies import UnsupportedMediaError
from tawny.text import Text

NDJSON = "application/x-ndjson"
BATCH = "application/cloudevents-batch+json"
ONE = "application/cloudevents+json"
JSON = "application/json"

_ATTRIBUTE = "ce-"
_ATTRIBUTES = ("specversion", "id", "source", "type", "time", "sequence")
"""Those that Tawny reads; others are ignored, as in every mode."""


def checked_events(headers: Mapping[str, str], body: bytes, most_bytes: int) -> CheckedRequest:
    """Which events of a request are legal; `most_bytes` is the largest body there may be. Raises
    `RequestError` for what holds no events, `TooManyEventsError` and `UnsupportedMediaError`."""
    most = most_bytes // SMALLEST_EVENT_BYTES
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == NDJSON:
        # A mark that some editors put before UTF-8 is no part of the first event.
        return checked_lines(body.removeprefix(b"\xef\xbb\xbf"), most)
    if kind not in (ONE, BATCH) and any(name.startswith(_ATTRIBUTE) for name in headers):
        return checked_values([_of_headers(headers, kind, body)], most)
    if kind not in (ONE, BATCH, JSON):
        raise UnsupportedMediaError(
            "Content-Type: found {found}; allowed {one}, {batch}, {ndjson}, {json}, or headers "
            "such as ce-type beside any JSON",
            found=kind or Text("none"),
            one=ONE,
            batch=BATCH,
            ndjson=NDJSON,
            json=JSON,
        )
    start = body.lstrip()[:1]
    if kind == BATCH and start != b"[":
        raise RequestError("body: found no JSON array; {batch} is one", batch=BATCH)
    if start != b"[" or kind == ONE:
        return checked_values([body] if body else [], most)
    try:
        checked = checked_values(elements(body), most)
        checked.array = True
        return checked
    except RecursionError:
        reason: Text | str = Text("JSON nested too deeply")
    except UnicodeDecodeError:
        reason = Text("bytes that are not UTF-8")
    except msgspec.DecodeError as error:
        at = re.search(r"\(byte (\d+)\)", str(error))
        reason = Text("JSON that ends in the middle")
        if at is not None:
            reason = Text("text that is not JSON at byte {position}", position=int(at[1]) + 1)
    raise RequestError("body: found no JSON array of events ({error})", error=reason)


def _of_headers(headers: Mapping[str, str], kind: str, body: bytes) -> bytes:
    """An event in binary mode as JSON: attributes in headers, the body is its data."""
    if kind and kind != JSON and not kind.endswith("+json"):
        raise UnsupportedMediaError(
            "Content-Type: found {found}; the data of an event is {json}", found=kind, json=JSON
        )
    event: dict[str, object] = {
        name: _unescaped(headers[_ATTRIBUTE + name])
        for name in _ATTRIBUTES
        if _ATTRIBUTE + name in headers
    }
    if body:
        try:
            msgspec.json.decode(body, type=msgspec.Raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            event["data"] = body.decode("utf-8", "replace")  # refused by what it says
        else:
            event["data"] = msgspec.Raw(body)
    return msgspec.json.encode(event)


def _unescaped(value: str) -> str:
    """A header as the attribute it stands for: without quotes around it, `%` sequences resolved
    once, both as the binding has it."""
    if len(value) >= 2 and value.startswith('"') and value.endswith('"'):
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    return unquote_to_bytes(value.encode("latin-1")).decode("utf-8", "replace")
