"""Events in every form HTTP has for them: compressed, in binary mode, none at all, and wrong ones
by the thousand."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from cloudevents.core.bindings.http import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from server.conftest import World
from server.running import event
from tawny.model.checking import MOST_EXPLAINED, SMALLEST_EVENT_BYTES, elements

NDJSON = {"Content-Type": "application/x-ndjson"}
AT = "2026-06-01T00:00:00Z"


def team(name: str) -> dict[str, Any]:
    """A legal event."""
    return event("team.saved", name, AT, team_id=name, name=name)


def zstd(data: bytes) -> bytes:
    """Compressed data."""
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


PACKED = {"gzip": gzip.compress, "zstd": zstd}


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_compressed_events(world: World, encoding: str) -> None:
    lines = "\n".join(json.dumps(team(f"{encoding}-{n}")) for n in range(500))
    headers = {**NDJSON, "Content-Encoding": encoding.upper()}
    answer = world.ingest.post("/events", content=PACKED[encoding](lines.encode()), headers=headers)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 500)
    batch = json.dumps([team(f"{encoding}-batch")]).encode()
    headers["Content-Type"] = "application/cloudevents-batch+json"
    answer = world.ingest.post("/events", content=PACKED[encoding](batch), headers=headers)
    assert answer.json()["accepted"] == 1


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@pytest.mark.parametrize("damage", ["cut", "text", "changed", "more"])
def test_damaged_compression(world: World, encoding: str, damage: str) -> None:
    whole = PACKED[encoding](json.dumps(team("damaged")).encode() * 50)
    content = {
        "cut": whole[:-5], "text": b"hello", "changed": whole[:3] + b"\xff\xff" + whole[5:],
        "more": whole + b"garbage",
    }[damage]  # fmt: skip
    headers = {**NDJSON, "Content-Encoding": encoding}
    answer = world.ingest.post("/events", content=content, headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        f"body: found {encoding} data that is damaged or ends in the middle; send it again whole",
    )


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_body_that_is_large_once_it_is_decompressed(world: World, encoding: str) -> None:
    bomb = PACKED[encoding](b" " * (600 << 20))
    headers = {**NDJSON, "Content-Encoding": encoding}
    before = resident_bytes(world)
    forget_peak(world)
    answer = world.ingest.post("/events", content=bomb, headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (
        413,
        "body: found more than 33,554,432 bytes once decompressed; allowed 33,554,432 at this "
        "address, send less at a time",
    )
    assert resident_bytes(world, peak=True) - before < 4 * len(bomb) + (32 << 20)


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "x"])
def test_another_encoding_of_events(world: World, encoding: str) -> None:
    headers = {**NDJSON, "Content-Encoding": encoding}
    answer = world.ingest.post("/events", content=b"x", headers=headers)
    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "gzip, zstd, identity"
    assert answer.json()["detail"] == (
        f"Content-Encoding: found {encoding!r}; allowed gzip, zstd, identity"
    )


def sdk_event(name: str) -> CloudEvent:
    """The same as an event of the SDK."""
    attributes = {
        "specversion": "1.0", "type": "team.saved", "source": "/sdk é", "id": name,
        "time": datetime(2026, 6, 1, tzinfo=UTC), "datacontenttype": "application/json",
        "sequence": "1",
    }  # fmt: skip
    return CloudEvent(attributes, {"team_id": name, "name": "Équipe"})


def test_binary_mode_of_the_sdk(world: World) -> None:
    sent = to_binary(sdk_event("sdk-binary"), JSONFormat())
    assert sent.headers["ce-source"] == "/sdk%20%C3%A9"
    answer = world.ingest.post("/events", content=sent.body, headers=sent.headers)
    assert (answer.status_code, answer.json()["events"]) == (
        200, [{"number": 0, "answer": "accepted"}],
    )  # fmt: skip


def test_structured_and_batched_mode_of_the_sdk(world: World) -> None:
    sent = to_structured(sdk_event("sdk-structured"), JSONFormat())
    answer = world.ingest.post("/events", content=sent.body, headers=sent.headers)
    assert answer.json()["accepted"] == 1
    several = [to_structured(sdk_event(f"sdk-{n}"), JSONFormat()).body for n in range(3)]
    batch = b"[" + b",".join(several) + b"]"
    headers = {"Content-Type": "application/cloudevents-batch+json; charset=utf-8"}
    assert world.ingest.post("/events", content=batch, headers=headers).json()["accepted"] == 3


BINARY = {
    "ce-specversion": "1.0", "ce-type": "team.saved", "ce-source": "/raw", "ce-id": "raw",
    "ce-time": AT,
}  # fmt: skip


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "application/vnd.team+json"]
)
def test_binary_mode_raw(world: World, kind: str) -> None:
    headers = {**BINARY, "Content-Type": kind, "ce-unknown": "x", "ce-id": kind}
    content = b'{\n"team_id": "raw",\r\n"name": "R"}'
    answer = world.ingest.post("/events", content=content, headers=headers)
    assert answer.json()["accepted"] == 1


def test_binary_mode_resolves_escapes_once(world: World) -> None:
    """Seen in what a refusal says it found."""
    headers = {**BINARY, "Content-Type": "application/json"}
    for sent, found in (("a%20b%C3%A9%2525", "a bé%25"), ('"a\\"b"', 'a\\"b')):
        answer = world.ingest.post(
            "/events",
            content=b'{"team_id": "t", "name": "n"}',
            headers={**headers, "ce-time": sent},
        )
        assert answer.json()["errors"][0]["message"].startswith(f'found "{found}"; allowed an RFC')


@pytest.mark.parametrize(
    ("content", "field", "found"),
    [(b"", "data", "nothing"), (b"hello", "data", '"hello"'),
     (b'{}, "id": "other"', "data", '"{}, \\"id\\": \\"other\\""')],
)  # fmt: skip
def test_binary_mode_without_good_data(
    world: World, content: bytes, field: str, found: str
) -> None:
    headers = {**BINARY, "Content-Type": "application/json"}
    answer = world.ingest.post("/events", content=content, headers=headers)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["number"], error["field"]) == (0, field)
    assert error["message"].startswith(f"found {found};")


def test_binary_mode_of_other_data(world: World) -> None:
    headers = {**BINARY, "Content-Type": "text/xml"}
    answer = world.ingest.post("/events", content=b"<x/>", headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (
        415, "Content-Type: found text/xml; the data of an event is application/json",
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["application/cloudevents-batch+json", "application/json"])
@pytest.mark.parametrize("content", [b"[]", b" [ \n] "])
def test_an_empty_batch_is_accepted(world: World, kind: str, content: bytes) -> None:
    answer = world.ingest.post("/events", content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()) == (
        200, {"accepted": 0, "duplicates": 0, "refused": 0, "events": [], "errors": []},
    )  # fmt: skip


@pytest.mark.parametrize(
    "kind", ["application/json", "application/cloudevents+json", "application/x-ndjson"]
)
@pytest.mark.parametrize("content", [b"", b" ", b" \n\r\n "])
def test_a_blank_body_holds_no_event(world: World, kind: str, content: bytes) -> None:
    answer = world.ingest.post("/events", content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["detail"]) == (
        400, "events: found none; allowed one or more",
    )  # fmt: skip


def test_refused_lines_are_counted_named_and_the_first_explained(world: World) -> None:
    before = world.root.get("/log").json()["refused"]
    good = json.dumps(team("among-many")).encode()
    lines = [b"x"] * 30_000
    lines[20_000] = good
    answer = world.ingest.post("/events", content=b"\n".join(lines), headers=NDJSON)
    body = answer.json()
    assert (answer.status_code, body["accepted"], body["refused"]) == (200, 1, 29_999)
    assert [one["number"] for one in body["events"]] == list(range(1, 30_001))
    accepted = [one["number"] for one in body["events"] if one["answer"] == "accepted"]
    assert accepted == [20_001]
    assert [error["number"] for error in body["errors"]] == list(range(1, 101))
    kept = world.root.get("/refusals", params={"limit": 1000}).json()
    assert world.root.get("/log").json()["refused"] == before + 29_999
    # The ones before are not pushed out by what was never kept.
    again = world.ingest.post("/events", content=b"y\n", headers=NDJSON).json()
    assert again["refused"] == 1
    assert len(kept) >= 100
    kept = world.root.get("/refusals", params={"limit": 1000}).json()
    assert [one["number"] for one in kept[:101]] == [1, *range(100, 0, -1)]


def test_more_events_than_the_largest_request_could_hold(world: World) -> None:
    """Such a body is no request of events: it costs no more than reading it up to there."""
    most = (32 << 20) // SMALLEST_EVENT_BYTES
    for kind, content in (("application/x-ndjson", b"x\n" * (most + 1)),
                          ("application/json", b"[" + b"0," * most + b"0]")):  # fmt: skip
        answer = world.ingest.post("/events", content=content, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["detail"]) == (
            413,
            "events: found more than 335,544; allowed 335,544 at a time, send less at a time",
        )
    blank = b"\n" * (most + 1) + json.dumps(team("after-blanks")).encode()
    assert world.ingest.post("/events", content=blank, headers=NDJSON).json()["accepted"] == 1
    smallest = {"specversion": "1.0", "source": "a", "id": "b", "type": "tag.saved", "time": AT,
                "data": {"tag_id": "a", "name": ""}}  # fmt: skip
    line = json.dumps(smallest, separators=(",", ":"))
    assert len(line) > SMALLEST_EVENT_BYTES
    assert world.ingest.post("/events", content=line, headers=NDJSON).json()["accepted"] == 1


def test_all_refused_is_a_problem_that_names_them(world: World) -> None:
    answer = world.ingest.post("/events", content=b"x\n" * 20_000, headers=NDJSON)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    body = answer.json()
    assert body["detail"] == "events: found 20000, all of them refused; see errors"
    assert (body["accepted"], body["refused"], len(body["events"])) == (0, 20_000, 20_000)
    assert len(body["errors"]) == MOST_EXPLAINED


def test_the_first_are_explained_whatever_is_wrong_with_them(world: World) -> None:
    """Bad times are found after everything else."""
    bad_time = json.dumps({**team("t"), "time": "noon"})
    answer = world.ingest.post(
        "/events", content="\n".join([bad_time, "x"] * 100), headers=NDJSON
    ).json()
    assert [error["number"] for error in answer["errors"]] == list(range(1, 101))
    assert [error["field"] for error in answer["errors"]] == ["time", "event"] * 50


def test_a_large_event_that_is_wrong(world: World) -> None:
    content = json.dumps({**team("large"), "type": 5, "more": [[]] * 700_000})
    answer = world.ingest.post("/events", content=content, headers=NDJSON)
    [error] = answer.json()["errors"]
    assert error["message"] == (
        f"found {len(content):,} bytes that break a rule; allowed at most 1,048,576 bytes where a "
        "rule is to be named"
    )


@pytest.mark.parametrize("size", [10, 300_000])
def test_elements_of_an_array(size: int) -> None:
    """The same by either way of taking it apart."""
    values = [1, "a,]}", '\\"', [], {}, {"a": [1, {"b": "}]"}]}, None, True, -1.5e3, "é", [[]]]
    values.append("x" * size)
    for text in (json.dumps(values), json.dumps(values, indent=1), " " + json.dumps(values) + "\n"):
        found = [json.loads(element) for element in elements(text.encode())]
        assert found == values
    assert list(elements(b" [" + b" " * size + b"] ")) == []


@pytest.mark.parametrize("text", ["[1,]", "[1 2]", "[{]}", "[", '["a]', "[1]2", "[,1]"])
def test_what_is_no_array_is_refused_as_a_whole(world: World, text: str) -> None:
    for start in ("", " " * 300_000):
        answer = world.ingest.post(
            "/events", content=start + text,
            headers={"Content-Type": "application/cloudevents-batch+json"},
        )  # fmt: skip
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith("body: found no JSON array of events (")


def forget_peak(world: World) -> None:
    """Have the peak of the server's memory begin anew."""
    assert world.server.process is not None
    Path(f"/proc/{world.server.process.pid}/clear_refs").write_text("5", encoding="ascii")


def resident_bytes(world: World, *, peak: bool = False) -> int:
    """How much memory the server uses; its peak since `forget_peak`."""
    assert world.server.process is not None
    status = Path(f"/proc/{world.server.process.pid}/status").read_text(encoding="ascii")
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return int(fields["VmHWM" if peak else "VmRSS"].split()[0]) << 10
