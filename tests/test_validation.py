"""Which events are legal, and what a refusal says: the exact text for each rule of the contract."""

import json
import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import generators
from commands import export, ingest, ndjson, tawny, tawny_process
from effort import examples
from tawny.model.events import EVENT_TYPES
from tawny.model.refusals import _mistakes
from tawny.model.surrogates import values_of_array
from tawny.model.validation import check_lines, read_times, validate_lines, validate_values
from tawny.model.zones import EARLIEST_MS, INSTANT_PATTERN, LATEST_MS, instant_ms

Json = dict[str, Any]

EVENT: Json = {
    "specversion": "1.0",
    "source": "/desk",
    "id": "1",
    "type": "message.created",
    "time": "2026-03-02T10:00:00Z",
    "data": {"message_id": "m", "conversation_id": "c", "direction": "inbound"},
}
MISSING = object()

ID = "a text of 1 to 256 characters"
MEDIUM = "a lower-case id such as twitter, whatsapp or email"
TIME = "an RFC 3339 date-time with offset such as 2026-06-08T14:03:22.120+02:00"
CLOSEST = "the types of the event contract; the closest is"
OUTBOUND = "agent, virtual_agent, auto_responder, proactive, csat, native"
CAUSES = (
    "inbound_message, handover, boomerang, set_to_new, agent, bulk, virtual_agent, automation, "
    "auto_resolve, csat, unknown"
)
WINDOW = (
    '["HH:MM", "HH:MM"] with the start before the end, "24:00" allowed as an end, '
    'such as ["09:00", "17:30"]'
)
DAYS = "an object with the days mon, tue, wed, thu, fri, sat, sun"
DATES = "a list of dates YYYY-MM-DD or null"
ONE_LINE = "one JSON object a line"
LINES = "one JSON object a line; jq -c '.[]' FILE makes such lines of an array"
EXAMPLE = (
    ', such as {"specversion": "1.0", "source": …, "id": …, "type": …, "time": …, "data": {…}}'
)


def event(type_: str | None = None, data: Json | None = None, **attributes: object) -> Json:
    """A legal event with some attributes changed or left out."""
    changed: Json = EVENT | attributes
    if type_ is not None:
        changed["type"] = type_
    if data is not None:
        changed["data"] = data
    return {name: value for name, value in changed.items() if value is not MISSING}


def message(**fields: object) -> Json:
    data = EVENT["data"] | fields
    return event(data={name: value for name, value in data.items() if value is not MISSING})


def status(status_: object, cause: object) -> Json:
    data = {"conversation_id": "c", "status": status_, "cause": cause}
    return event("conversation.status_changed", data)


def channel(hours: object, **fields: object) -> Json:
    data = {"channel_id": "c", "medium": "email", "name": "", "business_hours": hours}
    return event("channel.saved", data | fields)


def weekly(*windows: object) -> Json:
    return channel({"time_zone": "Europe/Paris", "weekly": {"tue": list(windows)}})


def holidays(*dates: object) -> Json:
    return channel({"time_zone": "UTC", "weekly": {}, "holidays": list(dates)})


def answer(score: object) -> Json:
    data = {"survey_id": "s", "conversation_id": "c", "score": score}
    return event("csat.answered", data)


def watermark(until: object = "2026-03-02T10:00:00Z", **fields: object) -> Json:
    return event("source.watermark", {"until": until} | fields)


def attribute(**fields: object) -> Json:
    data: Json = {"contact_id": "p", "attribute_id": "a", "name": "n", "value": "v"}
    data |= {"attribute_type": "crm", "set_by": "bot"} | fields
    return event("contact.attribute_set", data)


def refusals(*events: Json) -> list[str]:
    """What the validator says of events, a line each."""
    batch = validate_lines(ndjson(events))
    assert batch.rows + len(batch.refusals) == len(events)
    return [str(refusal) for refusal in batch.refusals]


REFUSED: list[tuple[Json, str]] = [
    # The envelope
    (event(specversion="0.3"), 'specversion: found "0.3"; allowed "1.0"'),
    (event(specversion=1.0), 'specversion: found 1.0; allowed "1.0"'),
    (event(specversion=MISSING), 'specversion: found nothing; allowed "1.0"'),
    (event(source=""), f'source: found ""; allowed {ID}'),
    (event(source="x" * 257), f"source: found 257 characters; allowed {ID}"),
    (event(source=MISSING), f"source: found nothing; allowed {ID}"),
    (
        event(source="a\0"),
        'source: found "a\\u0000"; allowed any characters but NUL and unpaired surrogates',
    ),
    (event(id=""), f'id: found ""; allowed {ID}'),
    (event(id="😀" * 257), f"id: found 257 characters; allowed {ID}"),
    (event(id=7), f"id: found 7; allowed {ID}"),
    (event(id=None), f"id: found null; allowed {ID}"),
    (event(id="\0"), 'id: found "\\u0000"; allowed any characters but NUL and unpaired surrogates'),
    (event(sequence=5), "sequence: found 5; allowed a text or null"),
    (event(time=5), "time: found 5; allowed a text"),
    (
        {name: value for name, value in EVENT.items() if name != "data"},
        "data: found nothing; allowed a JSON object",
    ),
    (event() | {"data": None}, "data: found null; allowed a JSON object"),
    (event() | {"data": []}, "data: found []; allowed a JSON object"),
    # The type
    (event(type=MISSING), "type: found nothing; allowed an event type such as message.created"),
    (event("message.create"), f'type: found "message.create"; allowed {CLOSEST} message.created'),
    (event("Message.Created"), f'type: found "Message.Created"; allowed {CLOSEST} message.created'),
    (event("channel_saved"), f'type: found "channel_saved"; allowed {CLOSEST} channel.saved'),
    (event("presence"), f'type: found "presence"; allowed {CLOSEST} presence.changed'),
    # Ids and texts
    (message(message_id=MISSING), f"data.message_id: found nothing; allowed {ID}"),
    (message(message_id=None), f"data.message_id: found null; allowed {ID}"),
    (message(message_id=""), f'data.message_id: found ""; allowed {ID}'),
    (message(message_id=3), f"data.message_id: found 3; allowed {ID}"),
    (
        message(conversation_id="x" * 257),
        f"data.conversation_id: found 257 characters; allowed {ID}",
    ),
    (
        message(conversation_id="c\0"),
        'data.conversation_id: found "c\\u0000"; '
        "allowed any characters but NUL and unpaired surrogates",
    ),
    (message(agent_id=""), f'data.agent_id: found ""; allowed {ID} or null'),
    (message(content=["x"]), 'data.content: found ["x"]; allowed a text or null'),
    (event("team.saved", {"team_id": "t"}), "data.name: found nothing; allowed a text"),
    (event("team.saved", {"team_id": "t", "name": None}), "data.name: found null; allowed a text"),
    (
        event("tag.applied", {"conversation_id": "c", "tag_id": "t"}),
        f"data.message_id: found nothing; allowed {ID}",
    ),
    (
        event("conversation.locked", {"conversation_id": "c"}),
        f"data.agent_id: found nothing; allowed {ID}",
    ),
    (attribute(value=5), "data.value: found 5; allowed a text"),
    (
        attribute(value={"long": "x" * 100}),
        f'data.value: found {{"long": "{"x" * 70}… (112 characters); allowed a text',
    ),
    # Enumerations
    (message(direction="Inbound"), 'data.direction: found "Inbound"; allowed inbound, outbound'),
    (
        message(direction="outbound"),
        f"data.outbound_type: found null; allowed for direction outbound: {OUTBOUND}",
    ),
    (
        message(outbound_type="agent"),
        'data.outbound_type: found "agent"; allowed for direction inbound: absent or null',
    ),
    (
        message(direction="outbound", outbound_type="bot"),
        f'data.outbound_type: found "bot"; allowed {OUTBOUND} or null',
    ),
    (status("closed", "agent"), 'data.status: found "closed"; allowed new, pending, resolved'),
    (status("new", "because"), f'data.cause: found "because"; allowed {CAUSES}'),
    (
        status("new", "agent"),
        'data.cause: found "agent"; allowed for status new: '
        "inbound_message, handover, boomerang, set_to_new, automation, unknown",
    ),
    (
        status("pending", "bulk"),
        'data.cause: found "bulk"; allowed for status pending: agent, automation, unknown',
    ),
    (
        status("resolved", "boomerang"),
        'data.cause: found "boomerang"; allowed for status resolved: '
        "agent, bulk, virtual_agent, automation, auto_resolve, csat, unknown",
    ),
    (
        event("agent.saved", {"agent_id": "a", "name": "", "kind": "robot"}),
        'data.kind: found "robot"; allowed human, virtual or null',
    ),
    (
        event("presence.changed", {"agent_id": "a", "presence": "busy"}),
        'data.presence: found "busy"; allowed available, away, offline',
    ),
    (
        event("conversation.handed_over", {"conversation_id": "c", "agent_id": "a", "reason": "x"}),
        'data.reason: found "x"; allowed requested, escape_word, va_timeout, contact_timeout, '
        "error, taken_by_agent or null",
    ),
    (
        attribute(attribute_type="x"),
        'data.attribute_type: found "x"; allowed default, custom, medium, crm',
    ),
    (attribute(set_by="me"), 'data.set_by: found "me"; allowed agent, bot, crm, medium'),
    # Scores
    (answer(0), "data.score: found 0; allowed an integer from 1 to 5"),
    (answer(6), "data.score: found 6; allowed an integer from 1 to 5"),
    (answer("3"), 'data.score: found "3"; allowed an integer from 1 to 5'),
    (answer(3.5), "data.score: found 3.5; allowed an integer from 1 to 5"),
    (answer(True), "data.score: found true; allowed an integer from 1 to 5"),
    (answer(None), "data.score: found null; allowed an integer from 1 to 5"),
    # Media
    (channel(None, medium="Email"), f'data.medium: found "Email"; allowed {MEDIUM}'),
    (channel(None, medium=""), f'data.medium: found ""; allowed {ID}'),
    (
        event("contact.saved", {"contact_id": "p", "medium": "SMS", "primary_identifier": ""}),
        f'data.medium: found "SMS"; allowed {MEDIUM}',
    ),
    # Watermarks
    (watermark("2026-03-02"), f'data.until: found "2026-03-02"; allowed {TIME}'),
    (watermark(None), "data.until: found null; allowed a text"),
    (
        watermark(channels="c"),
        'data.channels: found "c"; allowed a list of texts of 1 to 256 characters or null',
    ),
    # Business hours
    (
        channel("always"),
        'data.business_hours: found "always"; '
        "allowed an object with time_zone, weekly and holidays or null",
    ),
    (channel({"weekly": {}}), "data.business_hours.time_zone: found nothing; allowed a text"),
    (
        channel({"time_zone": "Paris", "weekly": {}}),
        'data.business_hours.time_zone: found "Paris"; '
        "allowed an IANA time zone such as Europe/Paris",
    ),
    (
        channel({"time_zone": "europe/paris", "weekly": {}}),
        'data.business_hours.time_zone: found "europe/paris"; '
        "allowed an IANA time zone such as Europe/Paris",
    ),
    (
        channel({"time_zone": "UTC"}),
        f"data.business_hours.weekly: found nothing; allowed {DAYS}",
    ),
    (
        channel({"time_zone": "UTC", "weekly": None}),
        f"data.business_hours.weekly: found null; allowed {DAYS}",
    ),
    *(
        (
            weekly(["10:00", "11:00"], window),
            f"data.business_hours.weekly.tue[1]: found {json.dumps(window, ensure_ascii=False)}; "
            f"allowed {WINDOW}",
        )
        for window in (
            ["09:00", "09:00"],
            ["17:00", "09:00"],
            ["9:00", "10:00"],
            ["09:00", "24:01"],
            ["24:00", "24:00"],
            ["09:60", "10:00"],
            ["09:00:00", "10:00"],
            ["09:00\n", "10:00"],
            ["٠٩:00", "10:00"],
        )
    ),
    *(
        (
            holidays("2026-01-01", date),
            f'data.business_hours.holidays[1]: found "{date}"; allowed a date YYYY-MM-DD',
        )
        for date in ("2026-02-29", "2026-1-1", "20261225", "25-12-2026", "")
    ),
    (
        channel({"time_zone": "UTC", "weekly": {}, "holidays": "2026-12-25"}),
        f'data.business_hours.holidays: found "2026-12-25"; allowed {DATES}',
    ),
]


@pytest.mark.parametrize(("bad", "text"), REFUSED, ids=[text[:60] for _, text in REFUSED])
def test_a_broken_rule_is_refused_with_what_is_allowed(bad: Json, text: str) -> None:
    assert refusals(bad) == [text]


@pytest.mark.parametrize(
    "time",
    [
        *("2026-03-02 10:00:00Z", "2026-03-02T10:00:00", "2026-03-02T10:00Z", "2026-03-02", ""),
        *("2026-03-02T23:59:60Z", "2026-03-02T24:00:00Z", "2026-02-29T00:00:00Z"),
        *("2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-03-02T10:60:00Z"),
        *("2026-03-02T10:00:00+2:00", "2026-03-02T10:00:00+0200", "2026-03-02T10:00:00+24:00"),
        *("2026-03-02T10:00:00+02:60", "2026-03-02T10:00:00.Z", "2026-03-02T10:00:00,5Z"),
        *("2026-03-02T10:00:00Z ", " 2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z\n"),
        *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"),
        *("٢٠٢٦-03-02T10:00:00Z", "2026-03-02T10:00:00 UTC", "1772445600", "12026-03-02T10:00:00Z"),
    ],
)
def test_a_time_that_is_none_is_refused(time: str) -> None:
    # Beside good ones, and beside good ones of every way to write them.
    said = refusals(event(time=time))
    assert len(said) == 1
    assert said[0].startswith("time: found ")
    assert said[0].endswith(f"; allowed {TIME}")
    batch = validate_lines(
        ndjson([event(), event(time=time), event(time="2026-03-02t10:00:00.1234z")])
    )
    assert [refusal.number for refusal in batch.refusals] == [2]
    assert batch.rows == 2


@pytest.mark.parametrize(
    ("time", "instant"),
    [
        ("2026-03-02T10:00:00Z", "2026-03-02T10:00:00.000"),
        ("2026-03-02t10:00:00z", "2026-03-02T10:00:00.000"),
        ("2026-03-02T10:00:00-00:00", "2026-03-02T10:00:00.000"),
        ("2026-03-02T10:00:00.5+05:45", "2026-03-02T04:15:00.500"),
        ("2026-03-02T00:00:00.12+14:00", "2026-03-01T10:00:00.120"),
        ("2026-03-02T23:59:59.9999999-23:59", "2026-03-03T23:58:59.999"),
        ("2024-02-29T23:59:59.0009Z", "2024-02-29T23:59:59.000"),
        ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999"),
    ],
)
def test_a_time_is_kept_to_the_millisecond(time: str, instant: str) -> None:
    batch = validate_lines(ndjson([event(time=time)]))
    kept = batch.tables["message"].column("time")[0].as_py()
    assert kept.replace(tzinfo=None).isoformat(timespec="milliseconds") == instant


ACCEPTED: dict[str, Json] = {
    "source of 256": event(source="x" * 256),
    "id of 256 beyond the BMP": event(id="😀" * 256),
    "sequence null": event(sequence=None),
    "sequence empty": event(sequence=""),
    "unknown attributes and fields": event(data=EVENT["data"] | {"new": [1]}, subject="s"),
    "unknown nested fields": channel({"time_zone": "UTC", "weekly": {"holiday": 1}, "more": 2}),
    "id of one blank": message(message_id=" "),
    "id with any characters": message(message_id="\n\t\x7f\u2028\ufeff\uffff\u0301😀"),
    "NUL in a text that is no id": message(content="a\0b"),
    "nulls": message(outbound_type=None, agent_id=None, content=None, post_url=None),
    "empty texts": attribute(name="", value=""),
    "window to 24:00": weekly(["00:00", "24:00"], ["23:59", "24:00"], ["00:00", "23:59"]),
    "no windows": channel({"time_zone": "UTC", "weekly": {"mon": [], "tue": None}}),
    "no holidays": channel({"time_zone": "UTC", "weekly": {}, "holidays": None}),
    "leap day": holidays("2028-02-29"),
    "kind null": event("agent.saved", {"agent_id": "a", "name": "", "kind": None}),
    "medium of other letters": channel(None, medium="é-ß 1"),
    "contact without medium": event("contact.saved", {"contact_id": "p", "primary_identifier": ""}),
    "watermark of all channels": watermark("2026-03-02t10:00:00.1234+02:00", channels=None),
    "watermark of some channels": watermark(channels=["a", "b"]),
    "watermark of no channel": watermark(channels=[]),
    **{
        f"{status_} {cause}": status(status_, cause)
        for cause in ("unknown", "automation")
        for status_ in ("new", "pending", "resolved")
    },
}


@pytest.mark.parametrize("good", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_the_contract_allows_is_accepted(good: Json) -> None:
    assert refusals(good) == []


def test_every_type_has_a_legal_event() -> None:
    logs = [generators.random_log(random.Random(seed), 400) for seed in range(8)]
    log = [event for some in logs for event in some]
    assert refusals(*log) == []
    assert {event["type"] for event in log} == set(EVENT_TYPES)


GOOD = json.dumps(EVENT).encode()


def shown(line: bytes) -> str:
    text = json.dumps(line.decode("utf-8", "replace"), ensure_ascii=False)
    return f"{text[:80]}… ({len(text)} characters)" if len(text) > 80 else text


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            b"nonsense",
            f'event: found text that is not a JSON object: "nonsense"; allowed {ONE_LINE}{EXAMPLE}',
        ),
        (b"[1]", f"event: found a JSON array; allowed {LINES}"),
        (b"[", f'event: found the start of a JSON array: "["; allowed {LINES}'),
        (b"5", "event: found 5; allowed a JSON object"),
        (
            b"\xef\xbb\xbf" + GOOD,
            "event: found a byte order mark before the line; allowed one at the very start of the "
            "input; where files were put together, take out the marks of the later ones",
        ),
        (b"null", "event: found null; allowed a JSON object"),
        (
            b'{"data": 5}',
            "type: found nothing; allowed an event type such as message.created; "
            'specversion: found nothing; allowed "1.0"; '
            f"source: found nothing; allowed {ID}; id: found nothing; allowed {ID}; "
            "time: found nothing; allowed a text",
        ),
        (
            GOOD + b" " + GOOD,
            f"event: found broken JSON: {shown(GOOD + b' ' + GOOD)}; allowed {ONE_LINE}{EXAMPLE}",
        ),
        (
            GOOD + b",",
            f"event: found broken JSON: {shown(GOOD + b',')}; allowed {ONE_LINE}{EXAMPLE}",
        ),
        (GOOD[:-1], f"event: found broken JSON: {shown(GOOD[:-1])}; allowed {ONE_LINE}{EXAMPLE}"),
        (
            GOOD.replace(b'"m"', b'"\x01"'),
            "event: found broken JSON: "
            + shown(GOOD.replace(b'"m"', b'"\x01"'))
            + f"; allowed {ONE_LINE}{EXAMPLE}",
        ),
        (
            GOOD.replace(b'"m"', b'"\\ud800"'),
            'data.message_id: found "\\ud800"; '
            "allowed any characters but NUL and unpaired surrogates",
        ),
        (
            GOOD.replace(b'"m"', b'"\\udc00\\uD800"'),
            'data.message_id: found "\\udc00\\ud800"; '
            "allowed any characters but NUL and unpaired surrogates",
        ),
        (
            GOOD.replace(b'"inbound"', b'"inbound\\udfff"'),
            'data.direction: found "inbound\\udfff"; allowed inbound, outbound',
        ),
        (
            GOOD[:-1] + b', "ignored": ["\xff"]}',
            "event: found bytes that are not UTF-8; allowed UTF-8 text",
        ),
        (
            GOOD.replace(b'"m"', b'"\xff"'),
            "event: found bytes that are not UTF-8; allowed UTF-8 text",
        ),
        (
            GOOD.replace(b'"m"', b'"\xed\xa0\x80"'),
            "event: found bytes that are not UTF-8; allowed UTF-8 text",
        ),
        (b'{"a":' * 5000, f"event: found JSON nested too deeply; allowed {ONE_LINE}"),
    ],
    ids=[
        *("words", "list", "start of a list", "number", "mark", "null", "empty", "two on a line"),
        *("comma", "cut", "control character", "half in an id", "halves turned round"),
        *("half in an enumeration", "ignored not UTF-8"),
        *("not UTF-8", "surrogate as UTF-8", "deep"),
    ],
)
def test_a_line_that_is_no_event_is_refused(line: bytes, text: str) -> None:
    """Alone, and between good lines, which are kept."""
    assert [str(refusal) for refusal in validate_lines(line).refusals] == [text]
    batch = validate_lines(b"\n".join([GOOD, line, GOOD]), first_line=7)
    assert [(refusal.number, str(refusal)) for refusal in batch.refusals] == [(8, text)]
    assert batch.rows == 2


def test_blank_lines_and_line_ends_are_passed_over() -> None:
    block = b"\n\n" + GOOD + b"\r\n \t\r\n\n" + b"  " + GOOD + b" \n" + b"broken\n" + GOOD + b"\n\n"
    batch = validate_lines(block)
    assert batch.rows == 3
    assert [refusal.number for refusal in batch.refusals] == [7]
    assert validate_lines(b"").rows == validate_lines(b" \n\r\n\t\n").rows == 0
    assert validate_lines((GOOD + b"\r\n") * 3).rows == 3


def test_json_over_several_lines_is_refused_line_by_line() -> None:
    pretty = json.dumps(EVENT, indent=1).encode()
    batch = validate_lines(GOOD + b"\n" + pretty + b"\n" + GOOD)
    assert batch.rows == 2
    assert [refusal.number for refusal in batch.refusals] == list(range(2, 2 + 12))
    # As many line ends as borders between values, but not one value a line.
    trick = GOOD + b" " + GOOD + b"\n" + GOOD[:-1] + b"\n}"
    batch = validate_lines(trick)
    assert batch.rows == 0
    assert [refusal.number for refusal in batch.refusals] == [1, 2, 3]


def test_values_are_numbered_from_0() -> None:
    batch = validate_values([b"5", GOOD, b"{}"])
    assert batch.rows == 1
    assert [refusal.number for refusal in batch.refusals] == [0, 2]


def test_refusals_are_explained_up_to_a_number_and_all_are_counted() -> None:
    block = b"x\n" + GOOD + b"\n{}\n" + ndjson([event(time="never")]) + b"5"
    checked = check_lines(block, most_explained=2)
    assert (checked.accepted, checked.refused) == ([2], [1, 3, 4, 5])
    assert checked.refusals == validate_lines(block).refusals[:2]
    assert check_lines(block).refusals == validate_lines(block).refusals


def test_every_mistake_of_an_event_is_said_at_once() -> None:
    wrong = event(
        data={"message_id": 3, "direction": "outbound", "content": ["x"]},
        specversion="0.3", source="", time="yesterday",
    )  # fmt: skip
    assert refusals(wrong) == [
        'specversion: found "0.3"; allowed "1.0"; '
        f'source: found ""; allowed {ID}; '
        f"data.message_id: found 3; allowed {ID}; "
        f"data.conversation_id: found nothing; allowed {ID}; "
        'data.content: found ["x"]; allowed a text or null; '
        f"data.outbound_type: found null; allowed for direction outbound: {OUTBOUND}; "
        f'time: found "yesterday"; allowed {TIME}'
    ]
    hours = {"time_zone": "Paris", "weekly": {"mon": [["9:00", "8:00"]], "tue": [["b", "a"]]}}
    assert refusals(channel(hours | {"holidays": ["never", "2026-01-01", ""]}, medium="X")) == [
        f'data.business_hours.weekly.mon[0]: found ["9:00", "8:00"]; allowed {WINDOW}; '
        f'data.business_hours.weekly.tue[0]: found ["b", "a"]; allowed {WINDOW}; '
        'data.business_hours.time_zone: found "Paris"; '
        "allowed an IANA time zone such as Europe/Paris; "
        'data.business_hours.holidays[0]: found "never"; allowed a date YYYY-MM-DD; '
        'data.business_hours.holidays[2]: found ""; allowed a date YYYY-MM-DD; '
        f'data.medium: found "X"; allowed {MEDIUM}'
    ]


def test_so_many_mistakes_of_an_event_are_said() -> None:
    days = {"time_zone": "UTC", "weekly": {"mon": [["", ""]] * 1000}}
    (refusal,) = validate_lines(ndjson([channel(days)])).refusals
    assert len(refusal.mistakes) == 20


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("cut \\ud83d", "cut \ufffd"),
        ("\\uD83D", "\ufffd"),
        ("\\ud83d\\n", "\ufffd\n"),
        ("\\udc00\\ud83d", "\ufffd\ufffd"),
        ("\\ud83d\\ud83d\\ude00", "\ufffd😀"),
        ("\\\\ud83d", "\\ud83d"),
        ("half \\ud83d and whole 😀", "half \ufffd and whole 😀"),
    ],
)
def test_half_an_emoji_in_a_text_is_kept_as_a_replacement_character(text: str, kept: str) -> None:
    data = '{"message_id": "m", "conversation_id": "c", "direction": "inbound", "content": "%s"}'
    line = json.dumps(event(data={})).replace("{}", data % text).encode()
    for block in (line, GOOD + b"\n" + line):
        batch = validate_lines(block)
        assert batch.refusals == []
        assert batch.tables["message"].column("content").to_pylist()[-1] == kept
    array = b"[" + line + b" ,\n" + GOOD + b"]"
    assert values_of_array(array) == [line, GOOD]


@pytest.mark.parametrize("where", ['"extra": "\\ud83d", ', '"\\ud83d": [{"\\udc00": 1}], '])
def test_half_an_emoji_in_what_is_ignored_does_no_harm(where: str) -> None:
    line = GOOD.replace(b'"data"', where.encode() + b'"data"')
    assert validate_lines(line + b"\n" + GOOD).rows == 2


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 9), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "inbound", "outbound", "agent", "a\0", "\ud83d", "new", "UTC", "x" * 257]),
    st.lists(st.sampled_from(["a", 1]), max_size=2),
    st.dictionaries(st.sampled_from(["mon", "time_zone", "weekly"]), st.just("UTC"), max_size=3),
)  # fmt: skip


@settings(max_examples=examples(200))
@given(seed=st.integers(0, 2**32), data=st.data())
def test_what_is_refused_is_explained_and_nothing_else(seed: int, data: st.DataObject) -> None:
    """The decoder decides and the declared types explain: they say the same of every event."""
    log = generators.random_log(random.Random(seed), 30)
    chosen = data.draw(st.sampled_from(log))
    places = [(chosen, name) for name in chosen if name != "data"]
    places += [(chosen["data"], name) for name in chosen["data"]]
    for holder, name in data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=3)):
        holder[name] = data.draw(VALUES)
    line = json.dumps(chosen).encode()
    batch = validate_lines(line)
    assert batch.rows == (next(_mistakes(line), None) is None)
    assert [refusal.field for refusal in batch.refusals] != ["event"]


def test_surrogate_pairs_are_one_character() -> None:
    line = GOOD.replace(b'"m"', b'"\\ud83d\\ude00"')
    assert validate_lines(line).tables["message"].column("message_id").to_pylist() == ["😀"]


# --- times --------------------------------------------------------------------------------------

FIELDS = st.tuples(
    *(st.integers(1, 9999), st.integers(0, 13), st.integers(0, 32)),
    *(st.integers(0, 24), st.integers(0, 60), st.integers(0, 60)),
)
PLAUSIBLE = st.builds(
    lambda f, separator, fraction, offset: (
        f"{f[0]:04d}-{f[1]:02d}-{f[2]:02d}{separator}{f[3]:02d}:{f[4]:02d}:{f[5]:02d}"
        f"{fraction}{offset}"
    ),
    FIELDS,
    st.sampled_from(["T", "T", "t", " "]),
    st.one_of(st.just(""), st.from_regex(r"\A\.[0-9]{0,12}\Z")),
    st.one_of(
        st.sampled_from(["Z", "z", "+00:00", "-00:00", "", "+2:00"]),
        st.from_regex(r"\A[+-][0-2][0-9]:[0-6][0-9]\Z"),
    ),
)


def expected_ms(text: str) -> int | None:
    """Read by Python, which knows nothing of Arrow."""
    if not re.match(INSTANT_PATTERN, text) or text.endswith("\n"):
        return None
    upper = text.upper().replace("Z", "+00:00")
    whole, fraction, offset = upper[:19], upper[19:-6], upper[-6:]
    try:
        local = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    except ValueError:
        return None
    shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:]))
    since = local - datetime(1970, 1, 1, tzinfo=UTC) - (shift if offset[0] == "+" else -shift)
    instant = since // timedelta(milliseconds=1) + int((fraction[1:] + "000")[:3])
    if not EARLIEST_MS <= instant <= LATEST_MS:
        return None
    return instant


@settings(max_examples=examples(300))
@given(texts=st.lists(st.one_of(PLAUSIBLE, PLAUSIBLE, st.text()), min_size=1, max_size=6))
@example(texts=["2026-03-02T10:00:00.1Z", "2026-03-02T10:00:00.123456Z"])
@example(texts=["1969-12-31T23:59:59.9999Z"])
@example(texts=["2026-03-02T10:00:00Z\n"])
def test_times_read_together_and_one_by_one_are_the_same(texts: list[str]) -> None:
    times, legal = read_times(texts)
    read = times.cast(pa.int64()).to_pylist()
    expected = [expected_ms(text) for text in texts]
    assert [None if us is None else us // 1000 for us in read] == expected
    assert legal is (None not in expected)
    assert [instant_ms(text) for text in texts] == expected


@settings(max_examples=examples(20))
@given(seed=st.integers(0, 2**32), bad=st.lists(st.integers(0, 59), max_size=4))
def test_good_events_around_refused_ones_are_kept(seed: int, bad: list[int]) -> None:
    """Whether a block is read at once or line by line, the same events come out."""
    log = generators.random_log(random.Random(seed), 60)
    lines = ndjson(log).splitlines(keepends=True)
    # `splitlines` would cut at a bare CR too, but JSON writes that as an escape.
    assert len(lines) == len(log)
    whole = validate_lines(b"".join(lines))
    broken = [b"{broken\n" if number in bad else line for number, line in enumerate(lines)]
    batch = validate_lines(b"".join(broken))
    assert [refusal.number - 1 for refusal in batch.refusals] == sorted(set(bad))
    kept = validate_lines(b"".join(line for line in broken if line != b"{broken\n"))
    assert {family: table.to_pylist() for family, table in batch.tables.items()} == {
        family: table.to_pylist() for family, table in kept.tables.items()
    }
    assert whole.rows == len(log)


# --- through the command line -------------------------------------------------------------------


def test_refusals_name_file_and_line_and_the_rest_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(ndjson([EVENT, message(direction="in"), EVENT, event(id="2")]) + b"\nwhat\n")
    first = tawny(tmp_path / "home", "ingest", str(file))
    assert first.status == 3
    assert first.out == "accepted=2 duplicates=1 refused=2\n"
    assert first.err == (
        f'{file}:2: data.direction: found "in"; allowed inbound, outbound\n'
        f'{file}:6: event: found text that is not a JSON object: "what"; '
        f"allowed {ONE_LINE}{EXAMPLE}\n"
    )
    again = tawny(tmp_path / "home", "ingest", str(file))
    assert (again.status, again.out) == (3, "accepted=0 duplicates=3 refused=2\n")


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    events = ndjson([EVENT, event(id="2")]).replace(b"\n", b"\r\n")
    given_ = tawny_process(tmp_path / "home", "ingest", "-", stdin=b"\xef\xbb\xbf" + events)
    assert given_.err == ""
    assert (given_.status, given_.out) == (0, "accepted=2 duplicates=0 refused=0\n")


def test_the_oldest_and_the_newest_time_go_through_the_log(tmp_path: Path) -> None:
    events = [
        message(message_id="newest") | {"id": "1", "time": "9999-12-31T23:59:59.999Z"},
        message(message_id="oldest") | {"id": "2", "time": "0001-01-01T00:00:00Z"},
        event(
            "conversation.created",
            {"conversation_id": "c", "channel_id": "x", "contact_id": "p"},
            id="3",
            time="0999-12-31T23:59:59Z",
        ),
    ]
    ingest(tmp_path / "home", ndjson(events))
    request = {"type": "open-conversations", "tz": "UTC", "as_of": "9999-12-31T23:59:59.999Z"}
    row = export(tmp_path / "home", request).decode().splitlines()[1].split(",")
    assert row[0] == "c"
    assert row[7] == "0999-12-31T23:59:59.000+00:00"
    assert row[19] == "2"


def test_rules_are_checked_before_repetitions(tmp_path: Path) -> None:
    """The same id again, but broken: refused, not a duplicate."""
    file = tmp_path / "events.ndjson"
    file.write_bytes(ndjson([EVENT, EVENT | {"time": "yesterday"}]))
    told = tawny(tmp_path / "home", "ingest", str(file))
    assert (told.status, told.out) == (3, "accepted=1 duplicates=0 refused=1\n")


def test_a_long_line_and_many_blocks_keep_their_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tawny.intake import files

    monkeypatch.setattr(files, "BLOCK_BYTES", 1000)
    events = [event(id=str(n)) for n in range(40)]
    events[20] = message(content="x" * 5000) | {"id": "20"}
    lines = ndjson(events).splitlines(keepends=True)
    lines[30] = b"{}\n"
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"".join(lines).rstrip(b"\n"))
    told = tawny(tmp_path / "home", "ingest", str(file))
    assert told.out == "accepted=39 duplicates=0 refused=1\n"
    assert told.err.startswith(f"{file}:31: type: found nothing; ")


HALVES = (
    '{"specversion":"1.0","source":"/desk","id":"2","type":"message.created",'
    '"time":"2026-05-04T09:00:00Z","data":{"message_id":"m1","conversation_id":"c1",'
    '"direction":"inbound","content":"cut inside an emoji \\ud83d"}}\n'
    '{"specversion":"1.0","source":"/desk","id":"3","type":"message.created",'
    '"time":"2026-05-04T09:01:00Z","data":{"message_id":"m2","conversation_id":"c1",'
    '"direction":"inbound","content":"\\ud83d\\nsecond line"}}\n'
)
"""As `JSON.stringify` writes a text that was cut: the first half at the end of its line."""


def test_a_text_that_was_cut_inside_an_emoji_goes_through_to_the_export(tmp_path: Path) -> None:
    created = {"conversation_id": "c1", "channel_id": "ch", "contact_id": "p"}
    log = ndjson([event("conversation.created", created)]) + HALVES.encode()
    ingest(tmp_path / "home", log)
    request = {"type": "messages", "from": "2026-05-01", "to": "2026-06-01", "tz": "UTC"}
    rows = export(tmp_path / "home", request | {"as_of": "2026-06-01T00:00:00Z"}).decode()
    assert "cut inside an emoji \ufffd" in rows
    assert '"\ufffd\nsecond line"' in rows


def test_each_mistake_is_a_line_and_each_event_is_counted_once(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(ndjson([message(direction="in", message_id=5)]))
    told = tawny(tmp_path / "home", "ingest", str(file))
    assert (told.status, told.out) == (3, "accepted=0 duplicates=0 refused=1\n")
    assert told.err == (
        f"{file}:1: data.message_id: found 5; allowed {ID}\n"
        f'{file}:1: data.direction: found "in"; allowed inbound, outbound\n'
    )


def test_what_is_no_event_a_line_is_refused_with_what_helps(tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    line = ndjson([EVENT])
    mark = b"\xef\xbb\xbf"
    file.write_bytes(b"[" + line.rstrip() + b"]\n" + mark + line)
    told = tawny(tmp_path / "home", "ingest", str(file))
    assert (told.status, told.out) == (3, "accepted=0 duplicates=0 refused=2\n")
    assert told.err == (
        f"{file}:1: event: found a JSON array; allowed {LINES}\n"
        f"{file}:2: event: found a byte order mark before the line; allowed one at the very start "
        "of the input; where files were put together, take out the marks of the later ones\n"
    )


def test_events_of_the_future_are_told_of(tmp_path: Path) -> None:
    """As a sender makes them whose clock is ahead; counted too when they come again."""
    file = tmp_path / "events.ndjson"
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    file.write_bytes(ndjson([EVENT, event(id="2", time=ahead), event(id="3", time=ahead)]))
    told = tawny(tmp_path / "home", "ingest", str(file))
    assert (told.status, told.out) == (0, "accepted=3 duplicates=0 refused=0\n")
    assert told.err == (
        "tawny: 2 events lie in the future; no export shows them before their time has come "
        "(is the clock of their sender ahead?)\n"
    )
