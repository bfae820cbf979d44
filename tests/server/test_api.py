"""The API through the front door: a real server, real files."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import time
from typing import Any

import httpx
import pytest

from server.conftest import World
from server.running import RANGE, conversation, event, send, wait_for

NDJSON = {"Content-Type": "application/x-ndjson"}


def test_every_event_gets_its_answer(world: World) -> None:
    good = event("team.saved", "answers", "2026-06-01T00:00:00Z", team_id="answers", name="A")
    bad = {**good, "id": "other", "time": "yesterday"}
    answer = send(world.ingest, [good, bad])
    assert answer.status_code == 200
    body = answer.json()
    assert (body["accepted"], body["refused"]) == (1, 1)
    assert body["events"] == [
        {"number": 0, "answer": "accepted"},
        {"number": 1, "answer": "refused"},
    ]
    [error] = body["errors"]
    assert (error["number"], error["field"]) == (1, "time")
    assert error["message"].startswith('found "yesterday"; allowed an RFC 3339 date-time')
    refused = world.root.get("/refusals").json()
    assert refused[0]["field"] == "time"


def test_lines_are_numbered_from_one_and_blank_ones_skipped(world: World) -> None:
    good = json.dumps(
        event("team.saved", "lines", "2026-06-01T00:00:00Z", team_id="lines", name="L")
    )
    answer = world.ingest.post("/events", content=f"{good}\n\n{{}}\n", headers=NDJSON)
    assert [one["number"] for one in answer.json()["events"]] == [1, 3]


def test_one_refused_event_is_a_problem(world: World) -> None:
    answer = world.ingest.post(
        "/events", content="{}", headers={"Content-Type": "application/cloudevents+json"}
    )
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == "type"


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [
        ("text/plain", "hello", 415),
        ("application/cloudevents-batch+json", "{}", 400),
        ("application/cloudevents-batch+json", "[", 400),
        ("application/x-ndjson", "", 400),
    ],
)
def test_what_is_no_events_at_all(world: World, kind: str, content: str, status: int) -> None:
    answer = world.ingest.post("/events", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_export_sees_every_event_acknowledged_before_it(world: World) -> None:
    send(world.ingest, conversation(41, "red"))
    request = {"export": "messages", "format": "jsonl", "headers": "key", **RANGE}
    run = world.root.post("/exports", json=request).json()
    run = wait_for(world.root, run["id"])
    lines = world.root.get(f"/exports/{run['id']}/file").text.splitlines()
    assert "in-red-41" in {json.loads(line)["message_id"] for line in lines}
    assert run["file"]["rows"] == len(lines)


def test_the_file_is_the_one_the_command_line_makes(world: World, tmp_path: Any) -> None:
    receipt = world.root.get(f"/exports/{world.run_id}/receipt").json()
    served = world.root.get(f"/exports/{world.run_id}/file").content
    target = tmp_path / "same.csv"
    subprocess.run(
        [sys.executable, "-m", "tawny", "--home", str(world.server.home), "export", "messages",
         "--from", RANGE["from"], "--to", RANGE["to"], "--as-of", receipt["as_of"],
         "-o", str(target)],
        check=True,
    )  # fmt: skip
    # Events that arrived after the run with an earlier time are in the later file only.
    (tmp_path / "receipt.json").write_text(json.dumps(receipt), encoding="utf-8")
    again = tmp_path / "again.csv"
    subprocess.run(
        [sys.executable, "-m", "tawny", "--home", str(world.server.home), "export",
         "--receipt", str(tmp_path / "receipt.json"), "-o", str(again)],
        check=True,
    )  # fmt: skip
    assert again.read_bytes() == served
    assert hashlib.sha256(served).hexdigest() == receipt["sha256"]
    assert target.read_bytes().startswith(served.splitlines()[0])


def test_ranges_resume_and_etags(world: World) -> None:
    path = f"/exports/{world.run_id}/file"
    whole = world.root.get(path)
    etag = whole.headers["etag"]
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["content-disposition"] == (
        'attachment; filename="messages_2026-06-08_UTC.csv"; '
        "filename*=UTF-8''messages_2026-06-08_UTC.csv"
    )
    size = len(whole.content)

    def part(**headers: str) -> httpx.Response:
        return world.root.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    first = part(Range="bytes=0-99")
    rest = part(Range="bytes=100-", If_Range=etag)
    assert (first.status_code, rest.status_code) == (206, 206)
    assert first.headers["content-range"] == f"bytes 0-99/{size}"
    assert first.content + rest.content == whole.content
    assert part(Range="bytes=-7").content == whole.content[-7:]
    assert part(Range="bytes=5-", If_Range='"other"').status_code == 200
    assert part(Range="bytes=0-1,4-5").content == whole.content
    beyond = part(Range=f"bytes={size}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    assert part(If_None_Match=etag).status_code == 304
    head = world.root.head(path)
    assert (head.headers["content-length"], head.content) == (str(size), b"")


def test_the_same_key_is_the_same_run(world: World) -> None:
    headers = {"Idempotency-Key": "once"}
    request = {"export": "teams", **RANGE}
    first = world.root.post("/exports", json=request, headers=headers)
    second = world.root.post("/exports", json=request, headers=headers)
    assert first.json()["id"] == second.json()["id"]
    other = world.root.post("/exports", json={**request, "format": "jsonl"}, headers=headers)
    assert other.status_code == 409


def test_pages_of_the_list_hold_every_run_once(world: World) -> None:
    for _ in range(3):
        world.root.post("/exports", json={"export": "topics", **RANGE})
    for sort in ("-created", "created", "type", "-rows", "owner", "state"):
        seen: list[str] = []
        cursor = None
        while True:
            parameters = {"sort": sort, "limit": "2", "export": "messages"}
            if cursor:
                parameters["cursor"] = cursor
            page = world.root.get("/exports", params=parameters).json()
            seen += [run["id"] for run in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == page["total"]
    assert world.root.get("/exports", params={"cursor": "x"}).status_code == 400


def test_a_wrong_request_says_what_is_wrong(world: World) -> None:
    answer = world.root.post("/exports", json={"export": "messages", "from": "2026-06-08"})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("to: found nothing; messages needs a range")
    answer = world.root.post("/exports", json={"export": "messages", "channels": ["rde"], **RANGE})
    assert "did you mean 'red'?" in answer.json()["detail"]


def test_changes_come_as_they_happen(world: World) -> None:
    states: list[str] = []
    ready = threading.Event()

    def listen() -> None:
        with world.server.signed_in("root").stream("GET", "/changes") as stream:
            for line in stream.iter_lines():
                if line.startswith(":"):
                    ready.set()
                if line.startswith("data:"):
                    run = json.loads(line.removeprefix("data:"))
                    if run["request"]["export"] == "tags":
                        states.append(run["state"])
                        if run["state"] == "ready":
                            return

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert ready.wait(10)
    world.root.post("/exports", json={"export": "tags", **RANGE})
    thread.join(30)
    assert states[-1] == "ready"
    assert {"queued", "running"} & set(states)


def test_preview_and_charts_agree_with_the_file(world: World) -> None:
    preview = world.root.get(f"/exports/{world.run_id}/preview").json()
    text = world.root.get(f"/exports/{world.run_id}/file").text.splitlines()
    assert len(preview["rows"]) == len(text) - 1
    assert preview["rows"][0][0] == text[1].split(",")[0]
    charts = world.root.get(f"/exports/{world.run_id}/charts").json()
    by_direction = next(c for c in charts if c["key"] == "messages_per_hour_by_direction")
    total = sum(sum(series["values"]) for series in by_direction["series"])
    assert total == len(text) - 1


def test_estimate(world: World) -> None:
    found = world.red.post("/estimate", json={"export": "messages", **RANGE}).json()
    rows = world.root.get(f"/exports/{world.red_run_id}").json()["file"]["rows"]
    assert found["rows"] >= rows
    assert found["from_utc"] == "2026-06-08T00:00:00.000Z"


def test_cancel(world: World) -> None:
    run = world.root.post("/exports", json={"export": "contacts", **RANGE}).json()
    answer = world.root.post(f"/exports/{run['id']}/cancel")
    assert answer.status_code in (200, 409), answer.text
    if answer.status_code == 200:
        assert answer.json()["state"] == "cancelled"
        assert world.root.get(f"/exports/{run['id']}/file").status_code == 409
        again = world.root.post(f"/exports/{run['id']}/again").json()
        assert wait_for(world.root, again["id"])["state"] == "ready"


def test_a_run_that_is_cancelled_is_no_error_for_who_reads_the_log(world: World) -> None:
    """Whether it waits by then, begins just then or is at work."""
    for pause_s in (0.0, 0.1, 0.3):
        run = world.root.post("/exports", json={"export": "contacts", **RANGE}).json()
        time.sleep(pause_s)
        world.root.post(f"/exports/{run['id']}/cancel")
    spare = world.root.post("/exports", json={"export": "contacts", **RANGE}).json()
    assert wait_for(world.root, spare["id"])["state"] == "ready"
    assert "was cancelled" not in world.server.log()


def test_health_readiness_and_metrics(world: World) -> None:
    url = world.server.url
    assert httpx.get(f"{url}/health").json() == {"status": "alive"}
    assert httpx.get(f"{url}/ready").json() == {"status": "ready"}
    assert httpx.get(f"{url}/metrics").status_code == 401
    text = world.root.get(f"{url}/metrics").text
    assert 'tawny_events_total{answer="accepted"}' in text
    assert "tawny_http_request_seconds_bucket" in text


def test_the_log_of_the_server_names_nobody(world: World) -> None:
    world.root.get("/exports", params={"q": "very-private"})
    by_word = ("tawny serves ", "create the first administrator, once: ")
    found = [one for one in world.server.log().splitlines() if not one.startswith(by_word)]
    lines = [json.loads(line) for line in found]
    assert lines
    for text in ("very-private", "127.0.0.1", "correct horse", "root"):
        assert all(text not in json.dumps(line) for line in lines), text


def test_the_docs_page_loads_nothing_from_elsewhere(world: World) -> None:
    page = world.root.get("/docs")
    assert page.status_code == 200
    assert "//" not in page.text.replace("<!doctype html>", "").replace("http://127", "")
    assert world.root.get("/docs.css").headers["content-type"].startswith("text/css")


def test_a_download_of_a_page_can_be_resumed(world: World) -> None:
    """The address behind the download button gives parts too, under the proper name."""
    url = f"{world.server.url}/exports/{world.run_id}/file"
    whole = world.root.get(url)
    name = world.root.get(f"/exports/{world.run_id}").json()["file"]["name"]
    assert f'filename="{name}"' in whole.headers["content-disposition"]
    part = world.root.get(url, headers={"Range": "bytes=10-", "If-Range": whole.headers["etag"]})
    assert (part.status_code, part.content) == (206, whole.content[10:])
    beyond = world.root.get(url, headers={"Range": f"bytes={len(whole.content)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (
        416, f"bytes */{len(whole.content)}",
    )  # fmt: skip
