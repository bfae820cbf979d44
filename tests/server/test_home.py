"""The first page: its figures are those of the exports, of the reader's channels, and nothing is a
number that was not measured."""

from __future__ import annotations

import contextlib
import csv
import datetime
import io
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.running import PASSWORD, Server, event, running, send, until, wait_for
from server_process import LONGEST_WAIT_S
from tawny.sample import SampleRequest, sample_blocks

UTC = datetime.UTC
AHEAD_H = 12 - datetime.datetime.now(UTC).hour
ZONE = f"Etc/GMT{-AHEAD_H:+d}" if AHEAD_H else "UTC"
"""Where it is about noon now, so that no day ends while the tests run."""
HERE = datetime.timezone(datetime.timedelta(hours=AHEAD_H))
TODAY = datetime.datetime.now(HERE).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a month of a small simulated centre."""
    with running(tmp_path_factory.mktemp("home"), inbox_move_ms="200") as made:
        root = made.set_up()
        request = SampleRequest(
            400, TODAY - datetime.timedelta(days=30), datetime.datetime.now(UTC), 7
        )
        answer = root.post(
            "/events",
            content=b"".join(sample_blocks(request)),
            headers={"Content-Type": "application/x-ndjson"},
        )
        assert answer.json()["refused"] == 0
        yield made


def page_of(server: Server, name: str = "root") -> httpx.Client:
    """A browser without scripts."""
    page = httpx.Client(base_url=server.url, timeout=LONGEST_WAIT_S, cookies={"tawny_zone": ZONE})
    page.post("/sign-in", data={"name": name, "password": PASSWORD})
    return page


def tiles(page: httpx.Client) -> dict[str, str]:
    """The words of each figure, without its links."""

    def look() -> str | None:
        text = page.get("/figures").text
        return text if "tile-value" in text else None

    found = {}
    for part in until(look).split('<section class="panel tile"')[1:]:
        key = re.findall(r'id="tile-(\w+)"', part)[0]
        shown = part.split("</h2>")[1].split('<div class="tile-foot">')[0]
        found[key] = " ".join(re.sub(r"<[^>]+>", " ", shown).split())
    return found


def rows_of(client: httpx.Client, **request: Any) -> list[dict[str, str]]:
    """The rows of an export as its file has them."""
    made = client.post("/exports", json={"headers": "key", "time_zone": ZONE, **request})
    assert made.status_code == 202, made.text
    run = wait_for(client, made.json()["id"])
    assert run["state"] == "ready", run
    file = client.get(f"/exports/{run['id']}/file").text
    return list(csv.DictReader(io.StringIO(file)))


def spelled(seconds: Fraction) -> str:
    """A span of time as the page says it, half a second up."""
    whole = int(seconds + Fraction(1, 2))
    for length, unit, less, smaller in (
        (86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"),
    ):  # fmt: skip
        if whole >= length:
            rest = whole % length // less
            return f"{whole // length} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"


def percentile(values: list[int], share: Fraction) -> Fraction:
    """Between the two nearest values, as the rows have them."""
    values = sorted(values)
    at = share * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def share_text(percent: float) -> str:
    """A share as the page says it: one digit after the point where less than ten are whole."""
    digits = 1 if percent < 9.95 else 0
    return f"{percent:.{digits}f}".removesuffix(".0") + "%"


def answers(surveys: int) -> str:
    """How the page says how many there were: which depends on the day of the test."""
    if not surveys:
        return "No survey was answered."
    return f"{surveys} answered survey" + ("s" if surveys > 1 else "")


def expected(client: httpx.Client, channels: list[str]) -> dict[str, str]:
    """What the figures must say, computed from the files of four exports."""
    days = [(TODAY - datetime.timedelta(days=one)).date().isoformat() for one in (14, 7, 0)]
    found: list[dict[str, Any]] = []
    for start, end in ((days[1], days[2]), (days[0], days[1])):
        period = {"from": start, "to": end, "channels": channels}
        messages = rows_of(client, export="messages", **period)
        resolved = rows_of(client, export="resolved-conversations", **period)
        times = [int(row["first_response_time"]) for row in resolved if row["first_response_time"]]
        scores = [int(row["csat_score"]) for row in resolved if row["csat_score"]]
        by_bots = sum(row["resolved_by"] == "virtual_agent" for row in resolved)
        found.append(
            {
                "conversations": len({row["conversation_id"] for row in messages}),
                "resolved": len(resolved),
                "half": spelled(percentile(times, Fraction(1, 2))),
                "most": spelled(percentile(times, Fraction(9, 10))),
                "score": f"{_one_digit(scores):.1f} of 5" if scores else "–",
                "answers": answers(len(scores)),
                "share": share_text(100 * by_bots / len(resolved)),
                "by_bots": by_bots,
            }
        )
    later, earlier = found

    def change(key: str) -> str:
        percent = 100 * (later[key] - earlier[key]) / earlier[key]
        sign = "\N{MINUS SIGN}" if percent < 0 else "+" if percent > 0 else "±"
        return f"{sign}{abs(percent):.0f}%"

    return {
        "conversations": (
            f"{later['conversations']} {earlier['conversations']} ({change('conversations')}) "
            "in the 7 days before"
        ),
        "resolved": (
            f"{later['resolved']} {earlier['resolved']} ({change('resolved')}) in the 7 days before"
        ),
        "first_response": (
            f"{later['half']} nine in ten within {later['most']} "
            f"{earlier['half']} and {earlier['most']} in the 7 days before"
        ),
        "satisfaction": (
            f"{later['score']} {later['answers']} "
            + (
                "Not measured in the 7 days before."
                if earlier["score"] == "–"
                else f"{earlier['score']} in the 7 days before"
            )
        ),
        "virtual_agents": (
            f"{later['share']} {later['by_bots']} of {later['resolved']} resolved "
            f"{earlier['share']} in the 7 days before"
        ),
    }


def _one_digit(scores: list[int]) -> float:
    """The average to one digit, exactly: 3.55 is no float, and half of one goes to the even."""
    return float(round(Fraction(sum(scores), len(scores)), 1))


def test_the_figures_are_those_of_the_files(server: Server) -> None:
    root = server.signed_in("root")
    with contextlib.closing(page_of(server)) as page:
        shown = tiles(page)
        # What is open has no period: now, and as it was seven days ago.
        still_open = shown.pop("open")
        assert shown == expected(root, [])
    now = datetime.datetime.now(UTC)
    ages = [
        now - datetime.datetime.fromisoformat(row["created_at"])
        for row in rows_of(root, export="open-conversations")
    ]
    day, week = datetime.timedelta(days=1), datetime.timedelta(days=7)
    ago = rows_of(root, export="open-conversations", as_of=(now - week).isoformat())
    assert still_open == (
        f"{len(ages)} less than a day {sum(age < day for age in ages)} "
        f"1 to 7 days {sum(day <= age < week for age in ages)} "
        f"longer {sum(age >= week for age in ages)} {len(ago)} seven days ago"
    )


def test_a_supervisor_sees_the_figures_of_the_own_channels(server: Server) -> None:
    root = server.signed_in("root")
    mine = [one["id"] for one in root.get("/channels").json()][:5]
    for name, channels in (("sue", mine), ("nina", []), ("olga", ["unheard-of"])):
        root.post(
            "/users",
            json={"name": name, "password": PASSWORD, "role": "supervisor", "channels": channels},
        )
    with contextlib.closing(page_of(server, "sue")) as page:
        shown = tiles(page)
        del shown["open"]
        assert shown == expected(root, mine)
        with contextlib.closing(page_of(server)) as all_of_it:
            assert tiles(all_of_it)["resolved"] != shown["resolved"]
    with contextlib.closing(page_of(server, "nina")) as page:
        assert "No channels were given to you" in page.get("/").text
    with contextlib.closing(page_of(server, "olga")) as page:
        assert "No events yet" in until(lambda: words_or_none(page))


def words_or_none(page: httpx.Client) -> str | None:
    """The part with the figures, once they are computed."""
    text = page.get("/figures").text
    return None if "being computed" in text else text


def test_each_figure_leads_to_its_export(server: Server) -> None:
    with contextlib.closing(page_of(server)) as page:
        tiles(page)
        text = page.get("/figures").text
        for key, export in (
            ("conversations", "messages"), ("first_response", "resolved-conversations"),
            ("open", "open-conversations"),
        ):  # fmt: skip
            part = text.split(f'id="tile-{key}"')[1]
            address = re.findall(r'<a href="([^"]+)">', part)[0].replace("&amp;", "&")
            form = page.get(address).text
            assert f'<option value="{export}" selected' in form
            if key != "open":
                assert 'name="range" value="Last 7 days"' in form
        assert "Rows of the export Open conversations" in text


def test_what_was_not_measured_is_no_number(tmp_path: Path) -> None:
    """One open conversation of yesterday: no share of nothing, no satisfaction, no time."""
    at = (TODAY - datetime.timedelta(hours=3)).isoformat()
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root = server.set_up()
        with contextlib.closing(page_of(server)) as page:
            assert "tile-value" not in page.get("/").text
            send(root, [
                event("channel.saved", "red", at, channel_id="red", medium="email", name="Red"),
                event("conversation.created", "one", at, conversation_id="one", channel_id="red",
                      contact_id="c"),
                event("message.created", "m", at, message_id="m", conversation_id="one",
                      direction="inbound", content="hello"),
            ])  # fmt: skip
            assert tiles(page) == {
                "conversations": "1 No data for the 7 days before.",
                "resolved": "0 No data for the 7 days before.",
                "first_response": (
                    "– No first response among what was resolved. No data for the 7 days before."
                ),
                "open": (
                    "1 less than a day 1 1 to 7 days 0 longer 0 No data for the 7 days before."
                ),
                "satisfaction": "– No survey was answered. No data for the 7 days before.",
                "virtual_agents": "– Nothing was resolved. No data for the 7 days before.",
            }
            day = (TODAY - datetime.timedelta(hours=3)).strftime("%A %-d %B %Y")
            assert (
                f"The data begin on {day}: the last 7 days are not complete."
                in page.get("/figures").text
            )
