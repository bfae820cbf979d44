"""`tawny timeline`, said exactly: one conversation of three weeks that a virtual agent, Ann and Bob
had."""

# ruff: noqa: E501 - texts as they are printed

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from commands import Result, ndjson, tawny

Json = dict[str, Any]

WINDOWS = [["09:00", "12:00"], ["13:30", "18:00"]]
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), WINDOWS)
HOURS = {"time_zone": "Europe/Paris", "weekly": WEEK}
WHERE = {"conversation_id": "case/7"}
ANN, BOB = WHERE | {"agent_id": "ann"}, WHERE | {"agent_id": "bob"}
VIC = WHERE | {"agent_id": "vic"}


def event(number: int, kind: str, moment: str, data: Json) -> Json:
    envelope = {"specversion": "1.0", "source": "/desk", "id": f"{number:02d}"}
    return envelope | {"type": kind, "time": f"2026-06-{moment}Z", "data": data}


def message(number: str, **data: str) -> Json:
    return WHERE | {"message_id": number, "direction": "outbound", **data}


EVENTS = [
    event(1, "channel.saved", "01T06:00:00",
          {"channel_id": "mail", "medium": "email", "name": "Mail", "business_hours": HOURS}),
    event(2, "agent.saved", "01T06:00:00", {"agent_id": "ann", "name": "Ann"}),
    event(3, "agent.saved", "01T06:00:00", {"agent_id": "bob", "name": "<b>\u202eBob & Co"}),
    event(4, "agent.saved", "01T06:00:00",
          {"agent_id": "vic", "name": "Victor", "kind": "virtual"}),
    event(5, "conversation.created", "05T14:50:00",
          WHERE | {"channel_id": "mail", "contact_id": "k-1"}),
    event(6, "message.created", "05T14:50:00.200",
          WHERE | {"message_id": "m-1", "direction": "inbound"}),
    event(7, "conversation.virtual_agent_assigned", "05T14:50:01", VIC),
    event(8, "message.created", "05T14:50:05",
          message("m-2", outbound_type="virtual_agent", agent_id="vic")),
    event(9, "conversation.handed_over", "05T15:12:00", VIC | {"reason": "requested"}),
    event(10, "conversation.locked", "08T07:20:00", ANN),
    event(11, "message.created", "08T07:31:00",
          message("m-3", outbound_type="agent", agent_id="ann")),
    event(12, "conversation.locked", "08T07:31:30", BOB),
    event(13, "conversation.status_changed", "08T07:32:00",
          BOB | {"status": "pending", "cause": "agent"}),
    event(14, "conversation.status_changed", "22T08:50:00",
          WHERE | {"status": "resolved", "cause": "auto_resolve"}),
    event(15, "csat.sent", "22T08:51:00", WHERE | {"survey_id": "s-1"}),
]  # fmt: skip

NOT_THERE = (
    "conversation: found {!r}, which is none that can be shown: it was not created by then, is of "
    "another channel, or its contact was erased; take an id from an export"
)
AS_OF = ("--as-of", "2026-07-01T00:00:00Z")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    file = tmp_path / "events.ndjson"
    file.write_bytes(ndjson(EVENTS))
    assert tawny(tmp_path / "home", "ingest", str(file)).status == 0
    return tmp_path / "home"


def shown(home: Path, *words: str) -> str:
    result: Result = tawny(home, "timeline", "case/7", *AS_OF, *words)
    assert (result.status, result.err) == (0, ""), result
    return result.out


def test_a_timeline_as_text(home: Path) -> None:
    assert (
        shown(home, "--tz", "Europe/Paris")
        == """\
case/7 in Mail: resolved 16 d 18 h after the first message; first response within 1 h 19 min of opening hours; messages: 1 in, 2 out; locked by Ann, <b>\\u202eBob & Co

First Response Time (s): 4740
    2026-06-05T17:12:00.000+02:00 to 2026-06-08T09:31:00.000+02:00, 2 d 16 h
Resolution Time (s): 1447200
    2026-06-05T16:50:00.200+02:00 to 2026-06-22T10:50:00.000+02:00, 16 d 18 h
Handle Time (s): 690
    2026-06-08T09:20:00.000+02:00 to 2026-06-08T09:31:30.000+02:00, 11 min 30 s
No Response Time (s): 0
Cherry Picking Time (s): 30
    2026-06-08T09:31:30.000+02:00 to 2026-06-08T09:32:00.000+02:00, 30 s

Status
  2026-06-05T16:50:00.000+02:00 to 2026-06-08T09:32:00.000+02:00, 2 d 16 h: new
  2026-06-08T09:32:00.000+02:00 to 2026-06-22T10:50:00.000+02:00, 14 d 1 h: pending
  from 2026-06-22T10:50:00.000+02:00 on: resolved

Virtual agent
  2026-06-05T16:50:01.000+02:00 to 2026-06-05T17:12:00.000+02:00, 21 min 59 s: with virtual agent Victor

Locked by
  2026-06-08T09:20:00.000+02:00 to 2026-06-08T09:31:30.000+02:00, 11 min 30 s: locked by Ann: handling
  2026-06-08T09:31:30.000+02:00 to 2026-06-08T09:32:00.000+02:00, 30 s: locked by <b>\\u202eBob & Co: cherry picking

Responses
  2026-06-05T17:12:00.000+02:00 to 2026-06-08T09:31:00.000+02:00, 2 d 16 h: waited for the reply of Ann, since the hand-over by a virtual agent

As of 2026-07-01T02:00:00.000+02:00, what happened in its order:
  2026-06-05T16:50:00.000+02:00  the conversation is created
  2026-06-05T16:50:00.200+02:00  the contact writes m-1
  2026-06-05T16:50:01.000+02:00  virtual agent Victor takes it
  2026-06-05T16:50:05.000+02:00  the virtual agent answers: m-2
  2026-06-05T17:12:00.000+02:00  virtual agent Victor hands it over (reason requested)
  2026-06-08T09:20:00.000+02:00  Ann locks it
  2026-06-08T09:31:00.000+02:00  Ann replies with m-3
  2026-06-08T09:31:30.000+02:00  <b>\\u202eBob & Co locks it
  2026-06-08T09:32:00.000+02:00  <b>\\u202eBob & Co sets it to pending (cause agent)
  2026-06-22T10:50:00.000+02:00  it is set to resolved (cause auto_resolve)
  2026-06-22T10:51:00.000+02:00  a survey is sent
"""
    )


def test_a_timeline_in_french(home: Path) -> None:
    assert shown(home, "--language", "fr").splitlines()[:8] == [
        'case/7 dans Mail\xa0: résolue 16 j 18 h après le premier message\xa0; première réponse en 1 h 19 min d’ouverture\xa0; messages\xa0: 1 entrants, 2 sortants\xa0; verrouillée par Ann, <b>\\u202eBob & Co',
        '',
        'Délai de première réponse (s)\xa0: 4740',
        '    de 2026-06-05T15:12:00.000+00:00 à 2026-06-08T07:31:00.000+00:00, 2 j 16 h',
        'Temps de résolution (s)\xa0: 1447200',
        '    de 2026-06-05T14:50:00.200+00:00 à 2026-06-22T08:50:00.000+00:00, 16 j 18 h',
        'Temps de traitement (s)\xa0: 690',
        '    de 2026-06-08T07:20:00.000+00:00 à 2026-06-08T07:31:30.000+00:00, 11 min 30 s',
    ]  # fmt: skip


def test_a_timeline_as_json(home: Path) -> None:
    told = json.loads(shown(home, "--format", "json", "--tz", "Europe/Paris"))
    assert told["channel"] == {"id": "mail", "name": "Mail"}
    assert [one["from"] for one in told["open_hours"][:2]] == [
        "2026-06-05T07:00:00.000Z", "2026-06-05T11:30:00.000Z",
    ]  # fmt: skip
    assert {one["column"]: one["value"] for one in told["metrics"]} == {
        "first_response_time": 4740, "resolution_time": 1_447_200,
        "handle_time": 690, "no_response_time": 0, "cherry_picking_time": 30,
    }  # fmt: skip
    assert told["locks"][0] == {
        "from": "2026-06-08T07:20:00.000Z", "to": "2026-06-08T07:31:30.000Z", "ms": 690_000,
        "kind": "handle", "says": "locked by Ann: handling", "agent_id": "ann",
        "agent_name": "Ann", "message_id": None,
    }  # fmt: skip


def test_a_drawing_is_whole_and_escaped(home: Path, tmp_path: Path) -> None:
    """By the ending of the file; what is named in it is text, and nothing is loaded."""
    target = tmp_path / "case.svg"
    assert shown(home, "-o", str(target), "--tz", "Europe/Paris") == ""
    text = target.read_text(encoding="utf-8")
    drawing = ET.fromstring(text)
    assert "<script" not in text and "href" not in text and "<b>" not in text
    svg = "{http://www.w3.org/2000/svg}"
    assert drawing.findtext(f"{svg}title") == "Timeline of case/7"
    assert str(drawing.findtext(f"{svg}desc")).startswith(
        "case/7 in Mail: resolved 16 d 18 h after the first message; first response within "
    )
    words = [str(one.text) for one in drawing.iter(f"{svg}text")]
    assert {"5 Jun", "8 Jun", "22 Jun", "16:50", "2 d", "14 d", "Ann"} <= set(words)
    tips = [str(one.text) for one in drawing.iter(f"{svg}title")]
    assert "2 d 16 h without anything, shortened" in tips
    assert "14 d 1 h without anything, shortened" in tips
    assert "locked by <b>\\u202eBob & Co: cherry picking, 30 s" in tips


def test_three_weeks_fit_into_one_drawing(home: Path) -> None:
    """What happens within minutes is seen though days lie between: no bar of it is a line."""
    drawing = shown(home, "--format", "svg")
    wide = re.findall(r'width="([\d.]+)" height="16" rx="2"><title>locked by Ann', drawing)
    assert float(wide[0]) > 30


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody",), NOT_THERE.format("nobody")),
        (("case/7", "--as-of", "2026-06-05T14:49:00Z"), NOT_THERE.format("case/7")),
        (("x" * 257,), "conversation: found an id of 257 characters; allowed 1 to 256"),
        (
            ("case/7", "-o", "no/such/folder.svg"),
            "-o: found no/such/folder.svg; allowed the name of a file in a folder that exists",
        ),
        (
            ("case/7", "--tz", "Paris"),
            "time zone: found 'Paris', did you mean 'Europe/Paris'? use an IANA name such as Europe/Paris",
        ),
    ],
)
def test_what_is_no_timeline_is_said(home: Path, words: tuple[str, ...], said: str) -> None:
    result = tawny(home, "timeline", *words)
    assert (result.status, result.out) == (2, "")
    assert result.err == f"tawny: {said}\n"


def test_an_erased_contact_has_no_timeline(home: Path, tmp_path: Path) -> None:
    """It is said in the words of what is not there."""
    file = tmp_path / "erased.ndjson"
    file.write_bytes(ndjson([event(20, "contact.erased", "30T00:00:00", {"contact_id": "k-1"})]))
    assert tawny(home, "ingest", str(file)).status == 0
    result = tawny(home, "timeline", "case/7")
    assert result.err == f"tawny: {NOT_THERE.format('case/7')}\n"
