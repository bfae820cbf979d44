"""Numbers for Prometheus, and whether the server lives and is ready."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from tawny.server.services import Services

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "tawny_http_requests", "Requests answered.", ["method", "route", "status"],
            registry=self._registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "tawny_http_request_seconds", "Time to the end of an answer.", ["route"],
            buckets=_SECONDS, registry=self._registry,
        )  # fmt: skip
        self.events = Counter(
            "tawny_events", "Events taken in or refused.", ["answer"], registry=self._registry
        )
        self._waiting = Gauge(
            "tawny_inbox_events", "Acknowledged events that are not in the log yet.",
            registry=self._registry,
        )  # fmt: skip
        self._runs = Gauge(
            "tawny_runs", "Export runs by state.", ["state"], registry=self._registry
        )

    def text(self, services: Services) -> bytes:
        """The page a Prometheus server reads."""
        self._waiting.set(services.inbox.waiting().events)
        for state, count in services.runs.states().items():
            self._runs.labels(state).set(count)
        return generate_latest(self._registry)
