"""Over HTTP each event is answered accepted, duplicate or refused before it is acknowledged."""

import concurrent.futures
import json
import shutil
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands import ndjson, tawny
from effort import examples
from processes import logged_events
from server.running import Server, event, moved, running, send, token_of, until

Event = dict[str, Any]

AT = "2026-06-08T09:00:00Z"
OWN = "; allowed the same event again, or an id of its own"


def team(number: int | str, name: str = "Team", at: str = AT) -> Event:
    return event("team.saved", number, at, team_id=f"t-{number}", name=name)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("repetitions") / "home") as one:
        yield one


@pytest.fixture(scope="module")
def sender(server: Server) -> Iterator[httpx.Client]:
    root = server.set_up()
    with server.client(token_of(root, "events:write", "admin", "exports:read")) as client:
        yield client


def answered(response: httpx.Response) -> tuple[int, list[int], list[str], list[str]]:
    """Status, counts, the answer of each event, and what the errors say."""
    found = response.json()
    counts = [found[name] for name in ("accepted", "duplicates", "refused")]
    errors = [f"{e['number']}: {e['field']}: {e['message']}" for e in found["errors"]]
    return response.status_code, counts, [one["answer"] for one in found["events"]], errors


@pytest.mark.parametrize("place", ["inbox", "log"])
def test_repetitions_and_conflicts(sender: httpx.Client, place: str) -> None:
    one, two = team(f"{place}-1"), team(f"{place}-2")
    assert answered(send(sender, [one, two, one])) == (
        200, [2, 1, 0], ["accepted", "accepted", "duplicate"], [],
    )  # fmt: skip
    if place == "log":
        moved(sender)
    assert answered(send(sender, [one, team(f"{place}-3"), two])) == (
        200, [1, 2, 0], ["duplicate", "accepted", "duplicate"], [],
    )  # fmt: skip
    assert answered(send(sender, [one])) == (200, [0, 1, 0], ["duplicate"], [])
    renamed = team(f"{place}-1", "Other")
    asked = {"id": one["id"]}
    conflict = f'found "{asked["id"]}" again with data.name "Other" instead of "Team"{OWN}'
    assert answered(send(sender, [team(f"{place}-4"), renamed, one])) == (
        200, [1, 1, 1], ["accepted", "refused", "duplicate"], [f"1: id: {conflict}"],
    )  # fmt: skip
    refused = send(sender, [renamed])
    assert refused.status_code == 422
    assert [e["message"] for e in refused.json()["errors"]] == [conflict]
    assert refused.json()["detail"] == "events: found 1, all of them refused; see errors"


def test_within_one_request_the_order_decides(sender: httpx.Client) -> None:
    """With broken and blank lines around, numbers are those of the request."""
    first, other = team("order"), team("order", "Other")
    body = b"\n\n{]\n" + ndjson([first, other, first]) + b"\n" + ndjson([other])
    response = sender.post(
        "/events", content=body, headers={"Content-Type": "application/x-ndjson"}
    )
    found = response.json()
    assert [(one["number"], one["answer"]) for one in found["events"]] == [
        (3, "refused"), (4, "accepted"), (5, "refused"), (6, "duplicate"), (8, "refused"),
    ]  # fmt: skip
    assert [one["number"] for one in found["errors"]] == [3, 5, 8]


def test_many_at_once_are_one_event(sender: httpx.Client) -> None:
    """Of requests at the same time exactly one is first."""
    names = ["One", "Two", "Three", "Four"]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        found = list(
            pool.map(lambda n: send(sender, [team("race", names[n % 4])]).json(), range(32))
        )
    accepted = [one.get("accepted", 0) for one in found]
    assert sum(accepted) == 1
    assert sum(one.get("duplicates", 0) for one in found) == 7
    assert sum(len(one["errors"]) for one in found) == 24


def test_the_command_line_knows_what_waits_in_the_inbox(
    server: Server, sender: httpx.Client, tmp_path: Path
) -> None:
    assert send(sender, [team("cli")]).json()["accepted"] == 1
    file = tmp_path / "events"
    file.write_bytes(ndjson([team("cli"), team("cli", "Other"), team("cli-2")]))
    told = tawny(server.home, "ingest", str(file))
    assert told.out == "accepted=1 duplicates=1 refused=1\n"
    assert answered(send(sender, [team("cli-2"), team("cli-2", "Other")]))[1] == [0, 1, 1]


def test_a_server_and_commands_decide_one_after_the_other(
    server: Server, sender: httpx.Client, tmp_path: Path
) -> None:
    """Whoever is first, of each key one event is accepted, and what was acknowledged stays."""
    files, rounds, many = [], 6, 400
    for part in range(rounds):
        files.append(tmp_path / f"{part}.ndjson")
        numbers = range(part * many, (part + 1) * many)
        files[-1].write_bytes(ndjson([team(f"both-{n}", "Command") for n in numbers]))

    def requests() -> list[list[int]]:
        counts = []
        for first in range(0, rounds * many, 100):
            of = [team(f"both-{n}", "Server") for n in range(first, first + 100)]
            counts.append(answered(send(sender, of[::-1]))[1])
        return counts

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        sent = pool.submit(requests)
        told = [tawny(server.home, "ingest", str(file)).out for file in reversed(files)]
    by_server = sum(accepted for accepted, _, _ in sent.result())
    by_commands = sum(int(line.partition(" ")[0].removeprefix("accepted=")) for line in told)
    assert by_server and by_commands, "they did not meet"
    assert by_server + by_commands == rounds * many
    moved(sender)
    logged = logged_events(server.home)
    names = [one["name"] for (_, key), one in logged.items() if "both-" in key]
    assert (names.count("Server"), names.count("Command")) == (by_server, by_commands)


def test_an_import_comes_after_what_waits_in_the_inbox(
    server: Server, sender: httpx.Client, tmp_path: Path
) -> None:
    tweets, events = Path(__file__).parents[1] / "data" / "twitter_small.csv", tmp_path / "events"
    written = tawny(tmp_path, "import", "twitter", str(tweets), "-o", str(events))
    assert written.out.endswith(" refused=5\n")
    first, second, *_ = map(json.loads, events.read_bytes().splitlines())
    other = second | {"time": "2010-01-01T00:00:00Z"}
    assert answered(send(sender, [first, other]))[1] == [2, 0, 0]
    told = tawny(server.home, "import", "twitter", str(tweets))
    count = len(events.read_bytes().splitlines())
    assert told.status == 3
    assert told.out.endswith(f"\naccepted={count - 2} duplicates=1 refused=6\n")


def test_deleted_caches_and_a_new_start(tmp_path: Path) -> None:
    """What waits and what is in the log is known again."""
    home = tmp_path / "home"
    with running(home, inbox_move_ms="60000") as one:
        token = token_of(one.set_up(), "events:write", "exports:read")
        with one.client(token) as client:
            assert answered(send(client, [team(1)]))[1] == [1, 0, 0]
            tawny(home, "log")
            assert answered(send(client, [team(2)]))[1] == [1, 0, 0]
            one.kill()
            shutil.rmtree(home / "cache", ignore_errors=True)
            one.start()
            both = [team(1), team(2), team(1, "Other"), team(2, "Other"), team(3)]
            assert answered(send(client, both))[2] == [
                "duplicate", "duplicate", "refused", "refused", "accepted",
            ]  # fmt: skip
            shutil.rmtree(home / "cache", ignore_errors=True)
            assert answered(send(client, both))[1] == [0, 3, 2]


def test_a_conflict_of_a_race_is_listed_with_its_request(tmp_path: Path) -> None:
    """Another process took the key between the answer and the move."""
    home = tmp_path / "home"
    with running(home, inbox_move_ms="60000") as one:
        root = one.set_up()
        with one.client(token_of(root, "events:write")) as client:
            response = send(client, [team(1), team(2)])
            assert response.json()["accepted"] == 2
        with sqlite3.connect(home / "state.db") as state:
            [body] = state.execute("SELECT body FROM inbox").fetchone()
            state.execute("UPDATE inbox SET body = ?", (ndjson([team(2, "Other")]) + body,))
            [request] = state.execute("SELECT request_id FROM inbox").fetchone()
        until(lambda: root.get("/log").json()["events"] == 2)
        [kept] = root.get("/refusals").json()
        assert (kept["input"], kept["number"]) == (f"api request {request}", 3)


@settings(
    max_examples=examples(5),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_mixture_gives_the_same_log(
    server: Server, sender: httpx.Client, tmp_path: Path, data: st.DataObject
) -> None:
    """By HTTP, by command line, cut and repeated anyhow: the first one stays, the rest is told."""
    run = uuid.uuid4()  # an example that is tried again finds nothing of before
    picked = st.tuples(
        st.integers(0, 4),
        st.sampled_from(["A", "B"]),
        st.sampled_from([AT, "2026-07-01T00:00:00Z"]),
    )
    calls = data.draw(
        st.lists(st.tuples(st.booleans(), st.lists(picked, min_size=1, max_size=5)), max_size=5)
    )
    there: dict[str, Event] = {}
    for by_http, part in calls:
        events: Sequence[Event] = [team(f"{run}-{number}", *rest) for number, *rest in part]
        expected = [0, 0, 0]
        for one in events:
            first = there.setdefault(one["id"], one)
            expected[0 if first is one else 1 if first == one else 2] += 1
        if by_http:
            found = send(sender, list(events)).json()
            counts = [found.get(name, 0) for name in ("accepted", "duplicates")]
            counts.append(sum(one["answer"] == "refused" for one in found["events"])
                          if "events" in found else len(found["errors"]))  # fmt: skip
        else:
            file = tmp_path / "events"
            file.write_bytes(ndjson(events))
            out = tawny(server.home, "ingest", str(file)).out
            counts = [int(word.partition("=")[2]) for word in out.split()]
        assert counts == expected
    moved(sender)
    logged = {key[1]: row for key, row in logged_events(server.home).items()}
    assert {name: logged[name]["name"] for name in there} == {
        name: one["data"]["name"] for name, one in there.items()
    }
