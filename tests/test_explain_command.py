"""`tawny explain`, said exactly: one conversation that Ann answers, Bob takes over and resolves."""

import json
from pathlib import Path
from typing import Any

import pytest

from commands import Result, ndjson, tawny

Json = dict[str, Any]

REQUEST = (
    *("--from", "2026-06-08", "--to", "2026-06-09", "--tz", "Europe/Paris"),
    *("--as-of", "2026-06-10T00:00:00Z"),
)
HOURS = {"time_zone": "Europe/Paris", "weekly": {"mon": [["11:00", "17:00"]]}}
WHERE = {"conversation_id": "c-1"}
ANN, BOB = WHERE | {"agent_id": "ann"}, WHERE | {"agent_id": "bob"}


def event(number: int, kind: str, clock: str, data: Json) -> Json:
    time = f"2026-06-08T{clock}Z"
    envelope = {"specversion": "1.0", "source": "/desk", "id": f"{number:02d}"}
    return envelope | {"type": kind, "time": time, "data": data}


EVENTS = [
    event(1, "channel.saved", "06:00:00.000",
          {"channel_id": "mail", "medium": "email", "name": "Mail", "business_hours": HOURS}),
    event(2, "conversation.created", "08:00:00.000",
          WHERE | {"channel_id": "mail", "contact_id": "k-1"}),
    event(3, "message.created", "08:00:00.250",
          WHERE | {"message_id": "m-1", "direction": "inbound"}),
    event(4, "conversation.locked", "09:15:00.000", ANN | {"team_id": "t-1"}),
    event(5, "message.created", "09:20:00.000",
          ANN | {"message_id": "m-2", "direction": "outbound", "outbound_type": "agent"}),
    event(6, "conversation.locked", "09:21:00.500", BOB | {"team_id": "t-1"}),
    event(7, "conversation.status_changed", "09:24:00.000",
          BOB | {"status": "resolved", "cause": "agent"}),
]  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    file = tmp_path / "events.ndjson"
    file.write_bytes(ndjson(EVENTS))
    assert tawny(tmp_path / "home", "ingest", str(file)).status == 0
    return tmp_path / "home"


def explain(home: Path, *words: str) -> str:
    result = tawny(home, "explain", *words, *REQUEST)
    assert (result.status, result.err) == (0, ""), result
    return result.out


def test_a_first_response_with_the_closed_hours_taken_off(home: Path) -> None:
    assert (
        explain(home, "resolved-conversations", "c-1", "First Response Time (s)")
        == """\
First Response Time (s) of c-1 in Resolved conversations: 1200 s

  Business-hours time from the first inbound message, or the last hand-over before the reply if
  later, to the first agent reply after that inbound. Empty without one, 0 if all outside
  opening hours.

As of 2026-06-10T02:00:00.000+02:00, the events behind it in their order:
  2026-06-08T08:00:00.000+02:00  channel mail is saved as 'Mail', medium email
      − 3,599.750 s  the opening hours when the clock started; closed hours do not count
  2026-06-08T10:00:00.000+02:00  conversation c-1 is created in channel mail for k-1
      makes the row
  2026-06-08T10:00:00.250+02:00  the contact writes message m-1 in conversation c-1
      starts the clock
  2026-06-08T11:20:00.000+02:00  ann replies with message m-2 in c-1
      + 4,799.750 s  stops the clock
  2026-06-08T11:24:00.000+02:00  c-1 is set to resolved (cause agent) by bob
      makes the row

So: 4,799.750 − 3,599.750 = 1,200.000 s, rounded half up: 1200
"""
    )


def test_a_lock_time_in_french_with_the_session_that_does_not_count(home: Path) -> None:
    found = explain(home, "resolved-conversations", "c-1", "handle_time", "--language", "fr")
    assert (
        found.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\xa0", " ")
        == """\
Temps de traitement (s) de c-1 dans Conversations résolues : 361 s

  Durée des verrouillages où leur détenteur a envoyé une réponse d’agent ; terminés seulement,
  jusqu’à la date de l’export, non tronqué aux bornes de la période. 0 si aucun ; vide si le
  canal n’en transmet pas.

Au 2026-06-10T02:00:00.000+02:00, les événements dont elle dépend, dans leur ordre :
  2026-06-08T10:00:00.000+02:00  la conversation c-1 est créée dans le canal mail pour k-1
      fait la ligne
  2026-06-08T11:15:00.000+02:00  ann verrouille c-1
      + 360,500 s  ouvre un verrouillage qui compte
  2026-06-08T11:20:00.000+02:00  ann répond par le message m-2 dans c-1
      une réponse du détenteur pendant le verrouillage : c’est du traitement
  2026-06-08T11:21:00.500+02:00  bob verrouille c-1
      179,500 s  ouvre un verrouillage d’une autre sorte : non compté
      termine le verrouillage : verrouillé par quelqu’un d’autre
  2026-06-08T11:24:00.000+02:00  c-1 passe à resolved (cause agent) par bob
      termine un verrouillage qui n’est pas compté
      décide de la sorte d’un verrouillage qui n’est pas compté

Donc : 360,500 s, arrondi au plus proche : 361
"""
    )


def test_an_empty_cell_says_why(home: Path) -> None:
    first, *_ = explain(home, "users", "bob", "average_handle_time").splitlines()
    assert first == (
        "Avg. Handle Time (s) of bob in Users: empty, because no session of handling ended in the "
        "range, or no channel that was asked for reports locks"
    )


def test_a_zero_says_what_makes_the_row(home: Path) -> None:
    assert (
        explain(home, "users", "bob", "tags_added").split("order:\n")[1]
        == """\
  2026-06-08T10:00:00.000+02:00  conversation c-1 is created in channel mail for k-1
      creates the conversation, with its channel and its contact
  2026-06-08T11:24:00.000+02:00  c-1 is set to resolved (cause agent) by bob
      makes the row

So: nothing is counted: 0
"""
    )


def test_the_same_for_programs(home: Path) -> None:
    found = json.loads(explain(home, "users", "ann", "replies", "--format", "json"))
    assert (found["value"], found["arithmetic"]) == (
        "1",
        {"kind": "count", "says": "1 in all", "value": "1"},
    )
    assert [(one["event"]["id"], one["parts"]) for one in found["evidence"]] == [
        ("02", [{"part": "created", "counts": True, "count": None,
                 "says": "creates the conversation, with its channel and its contact"}]),
        ("05", [{"part": "counted", "counts": True, "count": 1, "says": "counted"}]),
    ]  # fmt: skip


def test_the_events_alone_give_the_same_cell(home: Path, tmp_path: Path) -> None:
    events = explain(home, "users", "bob", "no_response_time", "--format", "ndjson")
    assert [json.loads(line)["id"] for line in events.splitlines()] == ["02", "06", "07"]
    file = tmp_path / "evidence.ndjson"
    file.write_text(events)
    assert tawny(tmp_path / "other", "ingest", str(file)).status == 0
    for folder in (home, tmp_path / "other"):
        found = json.loads(explain(folder, "users", "bob", "no_response_time", "--format", "json"))
        assert found["value"] == "180"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("users", "zoe", "replies"),
            "row: found 'zoe', which is no row of users for this request",
        ),
        (
            ("topics", "billing", "topic_name"),
            "row: found 'billing'; a row of topics is named by topic_id,channel_id, a comma "
            "between the parts and \\ before a comma inside one",
        ),
        (
            ("users", "ann", "replied"),
            "column: found 'replied', did you mean 'replies'? tawny columns TYPE lists them",
        ),
        (("user", "ann", "replies"), "export type: found 'user', did you mean 'users'?"),
    ],
)
def test_what_is_no_cell_is_refused(home: Path, words: tuple[str, ...], said: str) -> None:
    assert tawny(home, "explain", *words, *REQUEST) == Result(2, "", f"tawny: {said}\n")
