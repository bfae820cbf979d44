"""Exports of a server that are made on a cluster: how far they are, and what is left of one that
somebody stops."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from commands import ndjson, tawny
from engines import CLIENT, Cluster
from processes import CHANNEL, event
from server.running import Server, running, until, wait_for
from tawny.model.zones import instant_text, to_ms

BEGIN_MS = to_ms(datetime.datetime(2026, 3, 2, 8, tzinfo=datetime.UTC))
SESSIONS = 30_000
"""So many locks by one agent in one conversation, each with a reply: to look for the replies of
each, a cluster compares them all with all, which takes it ten seconds and more."""


def events() -> Iterator[dict[str, Any]]:
    """One conversation that is long work, an event each ten milliseconds."""
    agent = {"agent_id": "ann", "team_id": "team"}
    here = {"conversation_id": "c-1"}
    yield at(0, "channel.saved", **CHANNEL)
    yield at(1, "conversation.created", **here, channel_id="ch-1", contact_id="k-1")
    reply = {**here, **agent, "direction": "outbound", "outbound_type": "agent"}
    for number in range(2, 3 * SESSIONS, 3):
        yield at(number, "conversation.locked", **here, **agent)
        yield at(number + 1, "message.created", **reply, message_id=f"m-{number}")
        yield at(number + 2, "conversation.unlocked", **here, agent_id="ann")
    resolved = {"status": "resolved", "cause": "agent"}
    yield at(3 * SESSIONS + 2, "conversation.status_changed", **here, **agent, **resolved)


def at(number: int, kind: str, **data: Any) -> dict[str, Any]:
    """An event with its number, which says its time."""
    time = instant_text(BEGIN_MS + 10 * number)
    return event(number, kind, **data) | {"time": time}


@dataclass
class Desk:
    """A server whose exports are all made on a cluster."""

    server: Server
    root: httpx.Client
    cluster: Cluster

    def begun(self) -> str:
        """A run in the middle of long work on the cluster, of which it says how far it is."""
        body = {"export": "resolved-conversations", "from": "2026-03-01", "to": "2026-04-01"}
        run_id: str = self.root.post("/exports", json=body).raise_for_status().json()["id"]
        run = until(lambda: self._is_far(run_id))
        assert (run["state"], run["phase"]) == ("running", "querying")
        self.cluster.wait_until_busy()
        return run_id

    def _is_far(self, run_id: str) -> dict[str, Any] | None:
        run: dict[str, Any] = self.root.get(f"/exports/{run_id}").raise_for_status().json()
        assert run["state"] in ("queued", "running"), run
        return run if run["progress_percent"] > 5 else None


@pytest.fixture(scope="module")
def desk(on_sail: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("cluster")
    file = folder / "long.ndjson"
    file.write_bytes(ndjson(list(events())))
    assert tawny(folder / "home", "ingest", str(file)).status == 0
    url, at_least = on_sail.url, "1"
    with running(
        folder / "home", CLIENT / "python", engine_url=url, engine_from_events=at_least
    ) as server:
        yield Desk(server, server.set_up(), on_sail)


@pytest.mark.parametrize("way", ["API", "page"])
def test_who_cancels_a_run_ends_the_work_of_the_cluster(desk: Desk, way: str) -> None:
    run_id = desk.begun()
    if way == "API":
        answer = desk.root.post(f"/exports/{run_id}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    else:
        assert desk.root.post(f"{desk.server.url}/exports/{run_id}/cancel").status_code == 303
        assert "Cancelled" in desk.root.get(f"{desk.server.url}/exports/{run_id}").text
    desk.cluster.wait_until_idle()
    assert desk.root.get(f"/exports/{run_id}").json()["state"] == "cancelled"
    assert desk.root.get(f"/exports/{run_id}/file").status_code == 409
    files = [path for path in (desk.server.home / "exports").rglob("*") if path.is_file()]
    assert files == []


def test_a_run_of_a_cluster_says_so(desk: Desk) -> None:
    body = {"export": "contacts", "from": "2026-03-01", "to": "2026-04-01"}
    run_id = desk.root.post("/exports", json=body).raise_for_status().json()["id"]
    run = wait_for(desk.root, run_id)
    assert (run["state"], run["file"]["rows"]) == ("ready", 1), run
    assert desk.root.get(f"/exports/{run_id}/receipt").json()["engine"] == "spark"
    page = desk.root.get(f"{desk.server.url}/exports/{run_id}").text
    assert "<dt>Engine</dt><dd>Spark<" in page
    # What the runs before it left when they were stopped is gone too.
    assert list((desk.server.home / "tmp").glob("export-*")) == []
