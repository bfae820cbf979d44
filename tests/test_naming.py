"""What a file of the server is called: it tells different requests apart."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tawny.exports.request import ExportRequest, request_json
from tawny.queries.columns import HEADER_STYLES
from tawny.runs.naming import file_name
from tawny.state.run_rows import ExportRun


def named(request: ExportRequest) -> str:
    """The name of the file of a run with that request."""
    unused: dict[str, Any] = dict.fromkeys(
        (field.name for field in dataclasses.fields(ExportRun)), ""
    )
    return file_name(ExportRun(**unused | {"request": request_json(request), "started_ms": 0}))


OCTOBER: dict[str, Any] = {"start": "2026-10-01", "end": "2026-11-01", "time_zone": "Europe/Paris"}


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (OCTOBER, "messages_2026-10-01_to_2026-10-31_Europe-Paris.csv"),
        (
            OCTOBER | {"headers": "fr", "dialect": "excel-semicolon"},
            "messages_2026-10-01_au_2026-10-31_Europe-Paris_fr_excel-semicolon.csv",
        ),
        ({"start": "2026-10-01", "end": "2026-10-02"}, "messages_2026-10-01_UTC.csv"),
        (
            {"start": "2026-10-01T09:00", "end": "2026-10-02", "format": "xlsx"},
            "messages_2026-10-01T09-00_before_2026-10-02_UTC.xlsx",
        ),
        (OCTOBER | {"channels": ("web",)},
         "messages_2026-10-01_to_2026-10-31_Europe-Paris_web.csv"),
    ],
)  # fmt: skip
def test_names(asked: dict[str, Any], name: str) -> None:
    assert named(ExportRequest("messages", **asked)) == name


def test_a_state_has_its_instant() -> None:
    request = ExportRequest("open-conversations", as_of="2026-10-01T12:00:00Z")
    assert named(request) == "open-conversations_2026-10-01T12-00-00Z_UTC.csv"
    assert named(ExportRequest("open-conversations")) == (
        "open-conversations_1970-01-01T00-00-00Z_UTC.csv"
    )


def test_what_takes_too_many_words_is_a_hash() -> None:
    one = named(ExportRequest("messages", **OCTOBER, channels=("a", "b")))
    other = named(ExportRequest("messages", **OCTOBER, channels=("a", "c")))
    assert one.startswith("messages_2026-10-01_to_2026-10-31_Europe-Paris_2-channels_")
    columns = named(ExportRequest("messages", **OCTOBER, columns=("message_id",), headers="fr"))
    assert columns.startswith("messages_2026-10-01_au_2026-10-31_Europe-Paris_1-colonnes_fr_")
    assert one != other


REQUESTS = st.builds(
    ExportRequest,
    export_type=st.sampled_from(["messages", "open-conversations"]),
    time_zone=st.sampled_from(["UTC", "Europe/Paris"]),
    start=st.sampled_from(["2026-10-01", "2026-10-02", "2026-10-01T09:00", "2026-10-01T09:00Z"]),
    end=st.sampled_from(["2026-11-01", "2026-11-02", "2026-11-01T00:00"]),
    channels=st.lists(st.sampled_from(["a", "a/b", "a-b", "é", "x" * 50, "x" * 51])).map(tuple),
    as_of=st.sampled_from([None, "2026-12-01", "2026-12-01T10:00"]),
    headers=st.sampled_from(HEADER_STYLES),
    format=st.just("csv"),
    dialect=st.sampled_from(["machine", "excel", "excel-semicolon"]),
)


@given(REQUESTS, REQUESTS)
def test_different_requests_have_different_names(one: ExportRequest, other: ExportRequest) -> None:
    assert (named(one) == named(other)) is (one == other)
    assert "/" not in named(one)
    assert len(named(one)) < 200
