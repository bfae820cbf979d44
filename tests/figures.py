"""What a soak ends with: requests, statuses, slowest answer and most memory of each attack.

A test counts in a `Tally`; what it found travels with the reports of the tests, so that tests that
run side by side are counted too.
"""

from __future__ import annotations

import collections
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest

NAME = "figures"


@dataclass
class Tally:
    """What one attack did and how it was answered."""

    statuses: collections.Counter[int] = field(default_factory=collections.Counter)
    slowest_s: float = 0.0
    peak_bytes: int = 0
    done: dict[str, int] = field(default_factory=dict)
    """What else was counted, by what it is called."""

    def follow(self, client: httpx.Client) -> httpx.Client:
        """Count every answer a client gets from now on."""

        def begin(request: httpx.Request) -> None:
            request.extensions["began_s"] = time.perf_counter()

        def note(answer: httpx.Response) -> None:
            taken_s = time.perf_counter() - answer.request.extensions["began_s"]
            self.slowest_s = max(self.slowest_s, taken_s)
            self.statuses[answer.status_code] += 1

        client.event_hooks = {"request": [begin], "response": [note]}
        return client

    def line(self) -> str:
        """The figures in a line."""
        statuses = ", ".join(f"{status} x {n}" for status, n in sorted(self.statuses.items()))
        counted = "".join(f", {count} {what}" for what, count in self.done.items())
        return (
            f"{self.statuses.total()} requests ({statuses}), slowest {self.slowest_s:.2f} s, "
            f"server at most {self.peak_bytes >> 20} MB{counted}"
        )


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Iterator[Tally]:
    """A tally whose line is in the report of the test, however it ends."""
    made = Tally()
    yield made
    record_property(NAME, made.line())


def found(reports: Iterable[object]) -> list[str]:
    """The lines in the reports of tests, each with the name of its test."""
    return [
        f"{report.nodeid.rpartition('::')[2]}: {value}"
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "teardown"
        for name, value in report.user_properties
        if name == NAME
    ]
