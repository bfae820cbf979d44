"""Numbers for Prometheus. What can be looked up is looked up for each page, so that none of it is
ever older than the page; only what happens and is gone is counted."""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tawny.errors import TawnyError
from tawny.model.zones import EARLIEST_MS
from tawny.server.services import Services

MEDIA_TYPE = "text/plain; version=0.0.4"
"""The framework adds the charset."""

_MOST_CHANNELS = 500
"""So many series of channels at most: the least complete ones."""
_CHANNELS_PATIENCE_S = 2.0

_ANSWER_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_RUN_S = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)

# One more series for each series, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The numbers of one server."""

    def __init__(self, services: Services) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "tawny_http_requests", "Requests answered.", ["method", "route", "status"],
            registry=self._registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "tawny_http_request_seconds", "Time to the end of an answer.", ["route"],
            buckets=_ANSWER_S, registry=self._registry,
        )  # fmt: skip
        self.events = Counter(
            "tawny_events", "Events taken in or refused.", ["answer"], registry=self._registry
        )
        self._run_seconds = Histogram(
            "tawny_run_seconds", "From the start of a run to its file.", ["export"],
            buckets=_RUN_S, registry=self._registry,
        )  # fmt: skip
        self._run_failures = Counter(
            "tawny_run_failures", "Runs that failed, by the class of the error.", ["reason"],
            registry=self._registry,
        )  # fmt: skip
        self._registry.register(_Figures(services))
        ProcessCollector(registry=self._registry)
        services.runs.outcomes.ready = self._ready
        services.runs.outcomes.failed = self._failed

    def text(self) -> bytes:
        """The page a Prometheus server reads."""
        return generate_latest(self._registry)

    def _ready(self, export_type: str, seconds: float) -> None:
        self._run_seconds.labels(export_type or "bundle").observe(seconds)

    def _failed(self, reason: str) -> None:
        self._run_failures.labels(reason).inc()


class _Figures(Collector):
    """What is there now. A log that cannot be read has no numbers, rather than old ones."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> list[Metric]:
        """Nothing is looked up when the collector is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Look it up."""
        runs = GaugeMetricFamily("tawny_runs", "Export runs by state.", labels=["state"])
        for state, count in self._services.runs.states().items():
            runs.add_metric([state], count)
        yield runs
        waiting = self._services.inbox.waiting()
        oldest_ms = waiting.oldest_ms
        age_s = 0.0 if oldest_ms is None else max(0.0, time.time() - oldest_ms / 1000)
        yield _gauge("inbox_events", "Acknowledged events that are not in the log yet.",
                     waiting.events)  # fmt: skip
        yield _gauge("inbox_bytes", "Bytes of these events.", self._services.inbox.size_bytes())
        yield _gauge("inbox_oldest_age_seconds",
                     "How long the oldest of these events has waited; 0 when there is none.",
                     age_s)  # fmt: skip
        try:
            log = self._services.log_figures()
        except TawnyError:
            pass
        else:
            yield _gauge("log_version", "Version of the event log.", log.version)
            yield _gauge("log_events", "Events in the log.", log.events)
            yield _gauge("log_bytes", "Bytes of the log's files in use.", log.size_bytes)
            yield _gauge("log_files", "Files of the log in use.", log.files)
        yield from self._channels()
        purged_s = self._services.last_purge_s()
        if purged_s is not None:
            yield _gauge("last_purge_timestamp_seconds",
                         "When a purge of erased contacts last ended, in Unix time.",
                         purged_s)  # fmt: skip

    def _channels(self) -> Iterator[Metric]:
        """How old what is known of each channel is; of the oldest, where there are very many."""
        try:
            found = self._services.freshness.of_all(_CHANNELS_PATIENCE_S)
        except TawnyError:
            return
        silent = GaugeMetricFamily(
            "tawny_channel_age_seconds", "Since the newest event of a channel.", labels=["channel"]
        )
        behind = GaugeMetricFamily(
            "tawny_channel_incomplete_seconds",
            "Since the instant up to which a channel is complete.",
            labels=["channel"],
        )
        if found is not None:  # else the log is being looked at for the first time
            oldest = sorted(found.channels, key=lambda one: one.complete_until_ms or EARLIEST_MS)
            for one in oldest[:_MOST_CHANNELS]:
                for family, instant_ms in (silent, one.newest_ms), (behind, one.complete_until_ms):
                    if instant_ms is not None:
                        age_s = max(0, found.as_of_ms - instant_ms) / 1000
                        family.add_metric([one.channel_id], age_s)
        yield silent
        yield behind


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"tawny_{name}", what, value=value)
