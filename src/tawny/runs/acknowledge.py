"""Taking events in over the network: checked, on the disk, and only then acknowledged.

Requests that come at the same time share one transaction, so that many small ones cost one flush
of the disk and not many.
"""

from __future__ import annotations

import concurrent.futures
import queue
import threading
from dataclasses import dataclass

from tawny.errors import StorageError, TawnyError, TooManyError
from tawny.state.inbox import Inbox

MOST_WAITING_BYTES = 64 << 20
"""What may wait for the disk; beyond it senders are told to come back."""
_MOST_IN_ONE = 64


@dataclass(frozen=True, slots=True)
class _Waiting:
    body: bytes
    events: int
    done: concurrent.futures.Future[None]


class Acknowledger:
    """One thread that writes what requests bring into the inbox."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting_bytes = 0
        self._thread = threading.Thread(target=self._write, name="acknowledge", daemon=True)
        self._thread.start()

    def submit(self, body: bytes, events: int) -> concurrent.futures.Future[None]:
        """Hand over legal lines. The future is done when they are durable."""
        with self._lock:
            if self._waiting_bytes and self._waiting_bytes + len(body) > MOST_WAITING_BYTES:
                raise TooManyError(
                    "events: too many wait for the disk; send these again later", retry_after_s=1
                )
            self._waiting_bytes += len(body)
        done: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._queue.put(_Waiting(body, events, done))
        return done

    def close(self) -> None:
        """Write what is waiting and end."""
        self._queue.put(None)
        self._thread.join(30)

    def _write(self) -> None:
        while (first := self._queue.get()) is not None:
            group = [first]
            ending = False
            while len(group) < _MOST_IN_ONE:
                try:
                    following = self._queue.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    ending = True
                    break
                group.append(following)
            self._write_group(group)
            if ending:
                return

    def _write_group(self, group: list[_Waiting]) -> None:
        error: TawnyError | None = None
        try:
            self._inbox.add([(waiting.body, waiting.events) for waiting in group])
        except TawnyError as found:
            error = found
        except Exception as found:
            # The thread must outlive anything, or no event would ever be taken in again.
            error = StorageError("the inbox cannot be written: {error}", error=type(found).__name__)
        with self._lock:
            self._waiting_bytes -= sum(len(waiting.body) for waiting in group)
        for waiting in group:
            # A request that was given up meanwhile has cancelled its future.
            if not waiting.done.set_running_or_notify_cancel():
                continue
            if error is None:
                waiting.done.set_result(None)
            else:
                waiting.done.set_exception(error)
