"""Kills while late events and erasures are followed: at the end one revision of each range that
they change, whole, and nothing half."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import Any

from effort import SOAK
from server.running import running, send, small_log, until
from test_revisions import DAYS, conversation, erased
from test_schedules_kill import check_whole

KILLS = 60 * SOAK or 2


def test_kills_of_a_server_leave_one_revision_of_each_range_that_changed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with running(tmp_path / "home", delivery_folders=str(out)) as server:
        root = server.set_up()
        first = [*small_log(), *conversation("c-1", DAYS[0], "p-1"), *conversation("c-2", DAYS[2])]
        assert send(root, first).json()["refused"] == 0
        root.post("/destinations", json={"name": "there", "kind": "folder", "path": str(out)})
        made = root.post(
            "/schedules", json={"name": "days", "exports": ["messages"], "frequency": "daily",
                                "time_zone": "UTC", "destinations": ["there"],
                                "corrections": "30d"},
        )  # fmt: skip
        assert made.status_code == 201, made.text
        number = made.json()["id"]
        wanted = {"from": DAYS[0], "to": DAYS[3]}
        root.post(f"/schedules/{number}/backfill", json=wanted).raise_for_status()

        def deliveries() -> list[Any]:
            items: list[Any] = root.get("/deliveries", params={"limit": 500}).json()["items"]
            return items[::-1]

        def delivered(count: int) -> Any:
            def look() -> list[Any] | None:
                found = deliveries()
                ended = {one["state"] for one in found} == {"delivered"}
                over = "due" not in {one["erasure"] for one in found}
                return found if ended and over and len(found) == count else None

            return until(look, 300)

        delivered(3)
        late = [*conversation("c-late", DAYS[1]), erased("p-1")]
        assert send(root, late).json()["refused"] == 0
        chance = random.Random(os.urandom(8) if SOAK else 5)
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.5, 8))
            server.kill()
            server.start()
        found = delivered(5)
        assert sorted((one["slot"]["from"], one["revision"], one["erasure"]) for one in found) == [
            (DAYS[0], 1, "followed"), (DAYS[0], 2, None), (DAYS[1], 1, None), (DAYS[1], 2, None),
            (DAYS[2], 1, None),
        ]  # fmt: skip
        runs = root.get("/exports", params={"limit": 500}).json()["items"]
        assert len(runs) == 5, "each revision was made once"
    check_whole(out, [one for one in found if one["erasure"] is None], [])
