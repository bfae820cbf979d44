"""Small and nasty random logs and requests: few ids, so that everything collides.

Every event keeps the rules of the event contract. `random_log` and `random_request` take a seeded
`random.Random`; `logs` and `requests_for` wrap them for Hypothesis.
"""

import json
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from generated_log import Json, LogWriter
from generated_times import ANCHORS, DAY, ZONES, change_near, changing_zones, offset_text
from oracle.values import aware, bound_of

UTC_ZONE = ZoneInfo("UTC")
# Those of the package: a machine may have more, with names of its own.
EVERY_ZONE = resources.files("tzdata").joinpath("zones").read_text(encoding="ascii").split()

TYPES = (
    *("resolved-conversations", "open-conversations", "messages", "teams", "contacts", "topics"),
    *("tags", "user-presence", "users", "response-times", "virtual-agents", "contact-attributes"),
)


def random_log(rng: random.Random, size: int, *, strange: bool = False) -> list[Json]:
    """A shuffled log of about `size` events, some of them sent twice.

    `strange` adds what the contract allows but leaves open: messages, tags and surveys whose
    events name different conversations, and away states that are empty texts.
    """
    writer = LogWriter(rng, strange=strange)
    early = [writer.save_channel, writer.save_agent, writer.save_team, writer.save_label]
    # Some logs save everything late, so that the first save comes after what it is about.
    early = rng.choice([[], early, early, early])
    for save in [*early, *early, *early, writer.save_contact, writer.save_contact]:
        save(writer.start - rng.choice([1, DAY, 400 * DAY]))
    for conversation in writer.pool.conversations:
        writer.create(conversation, rng.choice([writer.start, None, writer.start + 3_600_000]))
    while len(writer.events) < size:
        writer.scene()
    if rng.random() < 0.4:
        far = rng.choice([writer.start, writer.clock, writer.clock + 1000 * DAY])
        writer.emit("contact.erased", {"contact_id": rng.choice(writer.pool.contacts)}, far)
    twice = [e for e in writer.events if rng.random() < 0.05]
    log = writer.events + [json.loads(json.dumps(e)) for e in twice]
    rng.shuffle(log)
    return log


def random_request(rng: random.Random, events: Sequence[Json]) -> Json:
    """A valid request for a log: any type, zone, range, channels and `as_of`."""
    # An erasure may lie years ahead: it would pull every range away from the rest.
    lasting = [e for e in events if e["type"] != "contact.erased"]
    times = [bound_of(e["time"], UTC_ZONE) for e in lasting] or [rng.choice(ANCHORS)]
    changing = changing_zones(rng.choice(times))
    name = rng.choice(rng.choice([ZONES, changing, changing, EVERY_ZONE]))
    zone = ZoneInfo(name)
    as_of = rng.choice(
        [
            *(rng.choice(times), rng.choice(times) + rng.choice([-1, 1]), max(times), max(times)),
            *(max(times) + DAY, max(times) + 1100 * DAY, max(times) + 1),
        ]
    )
    request: Json = {"type": rng.choice(TYPES), "tz": name, "as_of": offset_text(rng, as_of)}
    if request["type"] != "open-conversations" or rng.random() < 0.2:
        start = stop = random_bound(rng, times, zone)
        if rng.random() < 0.3:
            start, stop = (offset_text(rng, t) for t in (min(times), max(times) + DAY))
        while bound_of(start, zone) == bound_of(stop, zone):
            stop = random_bound(rng, times, zone)
        borders = sorted([start, stop], key=lambda text: bound_of(text, zone))
        request["from"], request["to"] = borders
    types = ("channel.saved", "conversation.created")
    channels = sorted({e["data"]["channel_id"] for e in events if e["type"] in types})
    if channels and rng.random() < 0.4:
        request["channels"] = rng.choices(channels, k=rng.randint(1, len(channels)))
    return request


def random_bound(rng: random.Random, times: Sequence[int], zone: ZoneInfo) -> str:
    """A border: a local date or date-time (also skipped or repeated ones), or an instant."""
    instant = rng.choice(times)
    if rng.random() < 0.3:
        return offset_text(rng, instant)
    change = change_near(instant, zone)
    if change is not None and rng.random() < 0.5:
        instant = change
    instant = rng.choice([instant, instant, instant, min(times) - DAY, max(times) + DAY])
    instant += rng.choice([0, 0, 1, -1, 60_000, DAY])
    local: datetime = aware(instant, zone).replace(tzinfo=None)
    # A quarter of an hour to and fro reaches local times that come never or twice.
    local += timedelta(minutes=rng.choice([0, 0, 15, -15, 30, -30, 60, -60]))
    return rng.choice(
        [
            f"{local.date()}",
            local.isoformat(timespec="minutes"),
            local.isoformat(timespec="seconds"),
            local.isoformat(timespec="milliseconds"),
            f"{local.date()}{rng.choice(['Z', '+05:45', '-03:30'])}",
            offset_text(rng, instant),
        ]
    )


@st.composite
def logs(draw: st.DrawFn, *, strange: bool = False) -> list[Json]:
    """Random logs; a failing one shrinks by leaving events out."""
    seed, size = draw(st.integers(0, 2**32)), draw(st.integers(30, 300))
    log = random_log(random.Random(seed), size, strange=strange)
    # A zero leaves the event out, and zero is where a shrinking integer goes.
    kept = draw(st.lists(st.integers(0, 30), min_size=len(log), max_size=len(log)))
    return [event for event, keep in zip(log, kept, strict=True) if keep]


@st.composite
def requests_for(draw: st.DrawFn, log: Sequence[Json]) -> Json:
    """Random requests for a log."""
    return random_request(random.Random(draw(st.integers(0, 2**32))), log)
