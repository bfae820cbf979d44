"""The page for Prometheus: what it names, and that no number on it is an old one."""

from __future__ import annotations

import re
import time
from pathlib import Path

import httpx
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from server.running import RANGE, Server, running, send, small_log, token_of, wait_for

COUNTED = {"tawny_http_requests", "tawny_http_request_seconds", "tawny_events"}
OF_RUNS = {"tawny_run_seconds", "tawny_run_failures"}
LOOKED_UP = {
    *("tawny_runs", "tawny_inbox_events", "tawny_inbox_bytes", "tawny_inbox_oldest_age_seconds"),
    *("tawny_log_version", "tawny_log_events", "tawny_log_bytes", "tawny_log_files"),
    *("tawny_channel_age_seconds", "tawny_channel_incomplete_seconds"),
}
PROCESS = {
    *(
        "process_cpu_seconds",
        "process_max_fds",
        "process_open_fds",
        "process_resident_memory_bytes",
    ),
    *("process_start_time_seconds", "process_virtual_memory_bytes"),
}
STATES = ("queued", "running", "ready", "failed", "cancelled", "expired")


def families(prometheus: httpx.Client, server: Server) -> dict[str, Metric]:
    """The page as a Prometheus server reads it."""
    answer = prometheus.get(f"{server.url}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = list(text_string_to_metric_families(answer.text))
    assert len({family.name for family in found}) == len(found)
    assert not [family.name for family in found if family.name.endswith("_created")]
    return {family.name: family for family in found}


def value(found: dict[str, Metric], name: str, sample: str = "", **labels: str) -> float:
    """The one sample of these labels."""
    (one,) = (
        one
        for one in found[name].samples
        if one.name == (sample or name) and one.labels.items() >= labels.items()
    )
    return one.value


def test_the_page_for_prometheus(tmp_path: Path) -> None:
    with running(tmp_path / "home", inbox_move_ms="60000") as server:
        root = server.set_up()
        prometheus = server.client(token_of(root, "metrics:read"))
        families(prometheus, server)
        found = families(prometheus, server)
        assert set(found) == COUNTED | OF_RUNS | LOOKED_UP | PROCESS
        for family in found.values():
            assert family.documentation, family.name
        assert [value(found, "tawny_runs", state=state) for state in STATES] == [0] * 6
        assert value(found, "tawny_log_events") == 0

        events = small_log()
        assert send(root, events).status_code == 200
        time.sleep(1.1)
        found = families(prometheus, server)
        assert value(found, "tawny_events", "tawny_events_total", answer="accepted") == len(events)
        assert value(found, "tawny_inbox_events") == len(events)
        assert value(found, "tawny_inbox_bytes") > 100 * len(events)
        assert 1 <= value(found, "tawny_inbox_oldest_age_seconds") < 60

        started = [root.post("/exports", json={"export": "messages", **RANGE}) for _ in range(3)]
        unfinished = families(prometheus, server)
        for answer in started:
            assert wait_for(root, answer.json()["id"])["state"] == "ready"
        assert value(unfinished, "tawny_runs", state="ready") < 3
        found = families(prometheus, server)
        # What was queued and running before is not there any more.
        assert [value(found, "tawny_runs", state=state) for state in STATES] == [0, 0, 3, 0, 0, 0]
        assert value(found, "tawny_run_seconds", "tawny_run_seconds_count", export="messages") == 3
        assert value(found, "tawny_run_seconds", "tawny_run_seconds_sum", export="messages") > 0
        assert value(found, "tawny_inbox_events") == 0
        assert value(found, "tawny_inbox_oldest_age_seconds") == 0
        assert value(found, "tawny_log_events") == len(events)
        assert value(found, "tawny_log_bytes") > 0
        assert value(found, "tawny_log_files") > 0
        assert value(found, "process_resident_memory_bytes") > 1 << 20

        for file in (tmp_path / "home" / "log").rglob("*.parquet"):
            file.write_bytes(b"spoiled")
        failed = root.post("/exports", json={"export": "messages", **RANGE}).json()
        assert wait_for(root, failed["id"])["state"] == "failed"
        found = families(prometheus, server)
        assert value(found, "tawny_runs", state="failed") == 1
        samples = found["tawny_run_failures"].samples
        assert [(one.name, one.value) for one in samples] == [("tawny_run_failures_total", 1)]
        assert samples[0].labels["reason"] == "LogDamagedError"


def test_a_log_that_cannot_be_read_has_no_numbers(tmp_path: Path) -> None:
    """Rather than old ones; what else there is to say is said."""
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root = server.set_up()
        prometheus = server.client(token_of(root, "metrics:read"))
        send(root, small_log())
        deadline = time.monotonic() + 30
        while value(families(prometheus, server), "tawny_inbox_events"):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert "tawny_log_bytes" in families(prometheus, server)
        log = tmp_path / "home" / "log" / "_delta_log"
        (log / f"{0:020d}.json").unlink()
        found = families(prometheus, server)
        assert not [name for name in found if name.startswith("tawny_log_")]
        assert "tawny_runs" in found


def test_the_guide_names_every_number() -> None:
    """And no other."""
    guide = (Path(__file__).parents[2] / "docs" / "server.md").read_text(encoding="utf-8")
    part = guide[guide.index("## Watching it") : guide.index("## Behind a proxy")]
    named = {name.removesuffix("_total") for name in re.findall(r"`((?:tawny|process)_\w+)`", part)}
    assert named == COUNTED | OF_RUNS | LOOKED_UP | PROCESS | {"tawny_last_purge_timestamp_seconds"}
