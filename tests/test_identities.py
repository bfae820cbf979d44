"""Identities that always hold between exports, on random logs.

The exports are read as JSON lines with key headers, so numbers are numbers. All times of the logs
are whole seconds: then nothing is rounded, and sums are exact.
"""

import json
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import generators
from effort import examples
from generated_times import ZONES
from oracle.log import ordered
from oracle.names import Names
from oracle.values import bound_of, text_of_instant
from tawny.exports.request import ExportRequest
from tawny.exports.session import ExportSession
from test_differential import LATER_MS, SETTINGS, take_in

Json = dict[str, Any]
Row = dict[str, Any]
UTC = generators.UTC_ZONE
KINDS = ("handle_time", "no_response_time", "cherry_picking_time")


def second_text(instant: int) -> str:
    """An instant (milliseconds) as a request or event writes it, cut to the second."""
    return text_of_instant(instant // 1000 * 1000, UTC)


def random_log(seed: int) -> list[Json]:
    """A random log whose times are whole seconds."""
    log = generators.random_log(random.Random(seed), 100 + seed % 100)
    return [event | {"time": second_text(bound_of(event["time"], UTC))} for event in log]


class Exports:
    """The exports of one log, all as of the same instant."""

    def __init__(self, session: ExportSession, folder: Path, log: list[Json], seed: int) -> None:
        rng = random.Random(seed)
        self._session, self._target = session, folder / "export.jsonl"
        # An erasure may lie years ahead; the ranges are over what else happened.
        lasting = [event for event in log if event["type"] != "contact.erased"]
        times = sorted(bound_of(event["time"], UTC) for event in lasting)
        self.times = times
        last = times[-1] // 1000 * 1000 + 1000
        inside = rng.sample(times, 3)
        self.borders = sorted({times[0], last, *(time // 1000 * 1000 for time in inside)})
        self._request = ExportRequest(
            "messages",
            time_zone=rng.choice(ZONES),
            as_of=second_text(rng.choice([last, last, rng.choice(times)])),
            headers="key",
            format="jsonl",
        )

    def rows(self, kind: str, start: int | None = None, end: int | None = None) -> list[Row]:
        """The rows of an export; without a range, of everything."""
        request = replace(
            self._request,
            export_type=kind,
            start=second_text(self.borders[0] if start is None else start),
            end=second_text(self.borders[-1] if end is None else end),
        )
        self._session.export(request, self._target)
        lines = self._target.read_bytes().decode().split("\n")
        return [json.loads(line) for line in lines if line]

    def parts(self, kind: str) -> list[list[Row]]:
        """The rows of adjoining ranges that make up everything."""
        return [self.rows(kind, start, end) for start, end in pairwise(self.borders)]

    def names(self, log: list[Json]) -> Names:
        """Who is virtual, as of the instant of the exports."""
        assert self._request.as_of is not None
        as_of = bound_of(self._request.as_of, UTC)
        return Names([event for event in ordered(log) if event.time <= as_of])


@contextmanager
def exports_of(log: list[Json], seed: int) -> Iterator[Exports]:
    with tempfile.TemporaryDirectory(prefix="tawny-identities-") as folder:
        home = Path(folder)
        take_in(home, log)
        with ExportSession(home, SETTINGS, LATER_MS) as session:
            yield Exports(session, home, log, seed)


def total(rows: list[Row], key: str) -> int:
    """The sum of a column; what was not measured adds nothing."""
    return sum(row[key] or 0 for row in rows)


def by_agent(rows: list[Row], key: str) -> Counter[str]:
    """A column of users by agent, zeros left out."""
    return Counter({row["user_id"]: row[key] for row in rows if row[key]})


SEEDS = given(seed=st.integers(0, 2**32))


@settings(max_examples=examples(2))
@SEEDS
def test_adjoining_ranges_make_the_whole(seed: int) -> None:
    log = random_log(seed)
    with exports_of(log, seed) as exports:
        for kind in ("resolved-conversations", "messages", "response-times"):
            together = [row for part in exports.parts(kind) for row in part]
            assert together == exports.rows(kind)
            key = {"resolved-conversations": "conversation_id", "messages": "message_id"}
            ids = [row[key.get(kind, "outbound_message_id")] for row in together]
            assert len(ids) == len(set(ids))


@settings(max_examples=examples(2))
@SEEDS
def test_numbers_of_users_and_teams_add_up_over_adjoining_ranges(seed: int) -> None:
    log = random_log(seed)
    additive = (*KINDS, "replies", "tags_added", "topics_added")
    scores = tuple(f"csat_score_{score}" for score in range(1, 6))
    with exports_of(log, seed) as exports:
        users, parts = exports.rows("users"), exports.parts("users")
        for key in (*additive, *scores, "available_time", "away_time"):
            summed: Counter[str] = Counter()
            for part in parts:
                summed.update(by_agent(part, key))
            assert summed == by_agent(users, key), key
        replies = Counter[str]()
        for part in exports.parts("teams"):
            replies.update({row["team_id"]: row["replies"] for row in part})
        assert replies == Counter({r["team_id"]: r["replies"] for r in exports.rows("teams")})


@settings(max_examples=examples(2))
@SEEDS
def test_lock_times_of_users_are_those_of_all_conversations(seed: int) -> None:
    """Erased contacts' conversations have no rows, yet their lock times count for users; without
    the erasures they have rows."""
    log = random_log(seed)
    kept = [event for event in log if event["type"] != "contact.erased"]
    with exports_of(log, seed) as erased, exports_of(kept, seed) as exports:
        conversations = {
            row["conversation_id"]: row
            for kind in ("resolved-conversations", "open-conversations")
            for row in exports.rows(kind)
        }
        for key in KINDS:
            expected = total(list(conversations.values()), key)
            assert total(erased.rows("users"), key) == expected
            assert total(exports.rows("users"), key) == expected


@settings(max_examples=examples(2))
@SEEDS
def test_parts_are_not_larger_than_their_wholes(seed: int) -> None:
    with exports_of(random_log(seed), seed) as exports:
        for kind, part, whole in (
            ("topics", "current_conversations", "total_conversations"),
            ("tags", "current_messages", "total_messages"),
            ("virtual-agents", "handed_over_error", "handed_over"),
            ("virtual-agents", "tagged_messages", "tags_applied"),
        ):
            assert all(row[part] <= row[whole] for row in exports.rows(kind))
        for row in exports.rows("users"):
            assert row["utilization"] is None or 0 <= row["utilization"] <= 100
            assert row["utilization"] is None or row["available_time"] > 0
        assert all(
            row["current_status"] != "resolved" for row in exports.rows("open-conversations")
        )


@settings(max_examples=examples(2))
@SEEDS
def test_exports_of_one_request_agree(seed: int) -> None:
    log = random_log(seed)
    with exports_of(log, seed) as exports:
        # The widest of the adjoining ranges, so that something lies outside it.
        start, end = max(pairwise(exports.borders), key=lambda pair: pair[1] - pair[0])
        messages = exports.rows("messages", start, end)
        shown = {row["message_id"] for row in messages}
        responses = exports.rows("response-times", start, end)
        assert {row["outbound_message_id"] for row in responses} <= shown

        names = exports.names(log)
        replies = [row for row in messages if row["outbound_message_type"] == "agent"]
        human = Counter(r["agent_id"] for r in replies if names.is_human(r["agent_id"]))
        assert human == by_agent(exports.rows("users", start, end), "replies")
        teams = exports.rows("teams", start, end)
        of_teams = Counter(r["team_id"] for r in replies if r["team_id"] is not None)
        assert of_teams == Counter({row["team_id"]: row["replies"] for row in teams})

        contacts = exports.rows("contacts", start, end)
        assert {r["contact_profile_id"] for r in contacts} == {
            row["contact_profile_id"] for row in messages
        }
        inbound = Counter(
            row["contact_profile_id"] for row in messages if row["direction"] == "inbound"
        )
        assert inbound == Counter(
            {
                r["contact_profile_id"]: r["inbound_messages"]
                for r in contacts
                if r["inbound_messages"]
            }
        )
        with_attributes = exports.rows("contact-attributes", start, end)
        assert {row["contact_profile_id"] for row in with_attributes} <= set(inbound)

        presence = exports.rows("user-presence", start, end)
        users = {row["user_id"] for row in exports.rows("users", start, end)}
        assert {r["user_id"] for r in presence if names.is_human(r["user_id"])} <= users
