"""The gap report of a sync: what was read, what became of it, what is missing and why.

It holds ids, names of fields and numbers; nothing that people wrote.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tawny.model.zones import instant_text
from tawny.text import Text, from_json, to_json

LISTED = 100
"""So many records that were left out are named; all are counted."""


@dataclass
class GapReport:
    """Written while a sync goes on. Instants in milliseconds since 1970 UTC."""

    source: str
    kind: str
    started_ms: int
    version: str = ""
    ended_ms: int | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    read: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    left_out: list[tuple[str, Text]] = field(default_factory=list)
    left_out_count: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    """A record for each unknown value."""
    observed: int = 0
    undetermined: Counter[str] = field(default_factory=Counter)
    late: int = 0
    changed_after_sent: int = 0
    gone: Counter[str] = field(default_factory=Counter)
    gone_not_accepted: Counter[str] = field(default_factory=Counter)
    merged: int = 0
    redacted: int = 0
    failed_messages: int = 0
    future: int = 0
    counts: list[dict[str, Any]] = field(default_factory=list)
    not_measured: Sequence[tuple[Sequence[str], Text]] = ()
    live_since_ms: int | None = None
    requests: int = 0
    limited: int = 0
    waited_s: float = 0.0
    clock_difference_s: float | None = None
    webhooks: Counter[str] = field(default_factory=Counter)

    def leave_out(self, record: str, reason: Text) -> None:
        """Say that a record could not be sent, and why."""
        self.left_out_count += 1
        if len(self.left_out) < LISTED:
            self.left_out.append((record, reason))

    @contextlib.contextmanager
    def one(self, record: str) -> Iterator[None]:
        """One bad record never stops the rest: it is left out by its name. What is wrong with it
        may be what it holds, so only the sort of error is said."""
        try:
            yield
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            self.leave_out(
                record, Text("it cannot be read ({reason})", reason=type(error).__name__)
            )

    def unknown_value(self, name: str, value: object, record: str) -> None:
        """Count a value that the kind's page does not know."""
        key = f"{name}={value}"
        self.unknown[key] += 1
        self.examples.setdefault(key, record)

    @property
    def open_gaps(self) -> int:
        """How many things a person could act on."""
        return (
            self.refused
            + self.left_out_count
            + sum(self.unknown.values())
            + self.changed_after_sent
            + sum(self.gone_not_accepted.values())
            + sum(1 for row in self.counts if row["difference"])
        )

    @property
    def complete(self) -> bool:
        """Whether everything before `until` is here as it is there."""
        return self.ended_ms is not None and self.open_gaps == 0

    def to_dict(self) -> dict[str, Any]:
        """The report as it is stored and as programs read it."""
        return {
            "source": self.source,
            "kind": self.kind,
            "version": self.version,
            "started": _instant(self.started_ms),
            "ended": _instant(self.ended_ms),
            "since": _instant(self.since_ms),
            "until": _instant(self.until_ms),
            "complete": self.complete,
            "read": dict(sorted(self.read.items())),
            "events": dict(sorted(self.events.items())),
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "refused": self.refused,
            "ignored": dict(sorted(self.ignored.items())),
            "left_out": [
                {"record": record, "reason": str(reason), "text": to_json(reason)}
                for record, reason in self.left_out
            ],
            "left_out_count": self.left_out_count,
            "unknown": dict(sorted(self.unknown.items())),
            "unknown_examples": dict(sorted(self.examples.items())),
            "observed": self.observed,
            "undetermined": {
                name: self.undetermined[name]
                for name in dict.fromkeys(("agent", "team", "cause", "actor", *self.undetermined))
            },
            "late": self.late,
            "changed_after_sent": self.changed_after_sent,
            "gone": dict(sorted(self.gone.items())),
            "gone_not_accepted": dict(sorted(self.gone_not_accepted.items())),
            "merged": self.merged,
            "redacted": self.redacted,
            "failed_messages": self.failed_messages,
            "future": self.future,
            "counts": self.counts,
            "not_measured": [
                {"columns": list(columns), "why": str(why), "text": to_json(why)}
                for columns, why in self.not_measured
            ],
            "live_since": _instant(self.live_since_ms),
            "rate": {
                "requests": self.requests,
                "limited": self.limited,
                "waited_s": round(self.waited_s, 3),
            },
            "webhooks": {
                name: self.webhooks[name]
                for name in ("received", "unverified", "repeated", "unknown", "announced")
            },
            "clock_difference_s": self.clock_difference_s,
            "open_gaps": self.open_gaps,
        }


def with_counts(report: Mapping[str, Any], counts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A stored report with counts that were compared later; what differs is an open gap."""
    before, now = (
        sum(1 for row in rows if row["difference"]) for rows in (report["counts"], counts)
    )
    gaps = report["open_gaps"] - before + now
    complete = report["ended"] is not None and not gaps
    return {**report, "counts": counts, "open_gaps": gaps, "complete": complete}


def public(report: Mapping[str, Any]) -> dict[str, Any]:
    """A stored report as programs are shown it."""
    shown = dict(report)
    for name in ("left_out", "not_measured"):
        shown[name] = [
            {key: value for key, value in row.items() if key != "text"} for row in report[name]
        ]
    return shown


def lines(report: Mapping[str, Any]) -> list[Text]:
    """A stored report for people."""
    found = [
        Text("{source} ({kind} {version}), {started} to {ended}",
             source=report["source"], kind=report["kind"], version=report["version"],
             started=report["started"], ended=report["ended"] or "-"),
        Text("everything before {until} is read", until=report["until"] or "-"),
        Text("complete: nothing is open") if report["complete"] else
        Text("open gaps: {count}", count=report["open_gaps"]),
        Text("read: {counts}", counts=_listed(report["read"])),
        Text("events: {counts}", counts=_listed(report["events"])),
        Text("accepted {accepted}, duplicates {duplicates}, refused {refused}",
             accepted=report["accepted"], duplicates=report["duplicates"],
             refused=report["refused"]),
    ]  # fmt: skip
    if report["ignored"]:
        found.append(Text("ignored: {counts}", counts=_listed(report["ignored"])))
    unknown = unknown_line(report)
    if unknown is not None:
        found.append(unknown)
    undetermined = {name: n for name, n in report["undetermined"].items() if n}
    if undetermined:
        found.append(Text("nobody recorded: {counts}", counts=_listed(undetermined)))
    for name, sentence in NUMBERS.items():
        if report[name]:
            found.append(Text("{what}: {count}", what=sentence, count=report[name]))
    webhooks = {name: n for name, n in report["webhooks"].items() if n}
    if webhooks:
        found.append(Text("webhooks: {counts}", counts=_listed(webhooks)))
    if report["gone"]:
        found.append(Text("no longer in the desk: {counts}", counts=_listed(report["gone"])))
    if report["gone_not_accepted"]:
        found.append(
            Text("too many are gone at once, nothing was sent: {counts}; if that is right, run "
                 "tawny sources sync with --accept-deletions",
                 counts=_listed(report["gone_not_accepted"]))
        )  # fmt: skip
    found += [
        Text("left out {record}: {reason}", record=row["record"], reason=from_json(row["text"]))
        for row in report["left_out"]
    ]
    found += [count_line(row, report["left_out"]) for row in report["counts"]]
    found += [
        Text(
            "stays empty: {columns} ({why})",
            columns=", ".join(row["columns"]),
            why=from_json(row["text"]),
        )
        for row in report["not_measured"]
    ]
    return found


def unknown_line(report: Mapping[str, Any]) -> Text | None:
    """Values that the kind does not know, how many, and where one of each is."""
    if not report["unknown"]:
        return None
    examples = ", ".join(
        f"{value}: {count} ({report['unknown_examples'][value]})"
        for value, count in report["unknown"].items()
    )
    return Text("unknown values, each with an example: {examples}", examples=examples)


def count_line(row: Mapping[str, Any], left_out: Sequence[Mapping[str, Any]] = ()) -> Text:
    """A comparison of counts for people; where something is missing, with the numbers of what the
    last sync left out of that kind."""
    line = Text(
        "{month}, {kind}: {source} in the desk, {log} here",
        month=row["month"], kind=row["kind"], source=row["source"], log=row["log"],
    )  # fmt: skip
    if row.get("records"):
        return Text("{line}; other here: {records}", line=line, records=", ".join(row["records"]))
    kind = row["kind"].partition(" ")[0].removesuffix("s")
    numbers = [
        number
        for name, _, number in (one["record"].partition("/") for one in left_out)
        if name == kind
    ]
    if row["difference"] <= 0 or not numbers:
        return line
    return Text("{line}; the last sync left out {numbers}", line=line, numbers=", ".join(numbers))


NUMBERS = {
    "observed": Text("changes that no record tells the time of"),
    "late": Text("records that appeared late"),
    "changed_after_sent": Text("records that were sent before and read otherwise now"),
    "merged": Text("conversations whose contact was merged into another"),
    "redacted": Text("messages of which a part was made unreadable"),
    "failed_messages": Text("messages that the desk could not deliver"),
    "future": Text("records dated after now"),
}


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "-"


def _instant(instant_ms: int | None) -> str | None:
    return None if instant_ms is None else instant_text(instant_ms)
