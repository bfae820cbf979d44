"""Webhooks that come to a running server: whose each is, what it announces, how many came."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, OrderedDict
from pathlib import Path

from tawny.credentials import revealed
from tawny.errors import NotSignedInError, RequestError
from tawny.model.zones import current_ms
from tawny.sources.hints import HintStore
from tawny.sources.kinds import KINDS
from tawny.sources.options import WEBHOOK_SECRET
from tawny.sources.setup import takes_webhooks
from tawny.sources.store import Source, SourceStore
from tawny.sources.webhooks import DeskWebhook, WebhookCall, is_same, token_hash

_log = logging.getLogger("tawny.sources")

_KNOWN_AGAIN = 20_000
_KNOWN_AGAIN_S = 600.0
"""So many marks of deliveries are held, and so long: who repeats one does so soon."""


class SourceWebhooks:
    """The webhooks of all sources."""

    def __init__(self, home: Path, store: SourceStore, hints: HintStore) -> None:
        self._home = home
        self._store = store
        self._hints = hints
        self._lock = threading.Lock()
        self._hearing = threading.Lock()
        self._seen: OrderedDict[tuple[int, str], float] = OrderedDict()
        self._unverified: Counter[int] = Counter()

    def take(self, name: str, token: str | None, call: WebhookCall) -> int:
        """Take what came to a source, at its secret address where there is a token; returns the
        status of the answer, once the hint is durable. Raises `NotSignedInError` for what is not
        the desk's, and says nothing of whether there is such a source."""
        source = next((one for one in self._store.all() if one.name == name), None)
        webhook = None if source is None else _webhook_of(source)
        if source is None or webhook is None or not self._is_own(source, webhook, token, call):
            if source is not None:
                with self._lock:
                    self._unverified[source.id] += 1
            raise NotSignedInError(
                "webhook: found no valid signature of the desk; allowed one that is made now with "
                "the webhook's secret, as the page of the source says"
            )
        heard = webhook.read(call.body, source.options, source.address)
        mark = webhook.mark(call, heard)
        is_repeated = mark is not None and self._was_seen(source, mark)
        counts = {"received": 1, "repeated": int(is_repeated), "unknown": int(not heard.is_known)}
        records = () if is_repeated else heard.records
        with self._hearing:
            self._hints.hear(source, records, current_ms(), counts)
        if mark is not None:
            self._remember(source, mark)
        return heard.status

    def _is_own(
        self, source: Source, webhook: DeskWebhook, token: str | None, call: WebhookCall
    ) -> bool:
        kept = source.secrets.get(WEBHOOK_SECRET)
        if kept is not None:
            try:
                secret = revealed(self._home, f"--{WEBHOOK_SECRET.replace('_', '-')}", kept)
            except RequestError as error:
                # Where it lies is nothing for whoever knocks.
                _log.error("source %s: %s", source.name, error)
                return False
            return token is None and webhook.is_signed(call, secret, time.time())
        expected = self._hints.state(source).token_hash
        return (
            token is not None and expected is not None and is_same(expected, token_hash(token))
        )  # fmt: skip

    def _was_seen(self, source: Source, mark: str) -> bool:
        oldest_s = time.monotonic() - _KNOWN_AGAIN_S
        with self._lock:
            return self._seen.get((source.id, mark), oldest_s) > oldest_s

    def _remember(self, source: Source, mark: str) -> None:
        with self._lock:
            self._seen[source.id, mark] = time.monotonic()
            self._seen.move_to_end((source.id, mark))
            while len(self._seen) > _KNOWN_AGAIN:
                self._seen.popitem(last=False)

    def keep_counts(self) -> None:
        """Keep how many came that were not the desk's: once in a while, however many they are."""
        with self._lock:
            counts, self._unverified = self._unverified, Counter()
        for source_id, count in counts.items():
            self._hints.count(source_id, {"unverified": count})


def _webhook_of(source: Source) -> DeskWebhook | None:
    """How the webhooks of a source are read; None = it takes none."""
    webhook = KINDS[source.kind].webhook
    return webhook() if webhook is not None and takes_webhooks(source) else None
