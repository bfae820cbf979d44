"""How many calls a desk is asked for: a share of what it allows in a minute, by kind of call.

A desk says what it allows in the headers of its answers; until then it is what its documentation
says. Calls may come at once as long as they fit into the minute: a small desk does not wait. A desk
that counts within another time than a minute says so.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping

from tawny.errors import RequestError

WINDOW_S = 60.0


def checked_budget(text: str) -> str:
    """A share such as `50%`. Raises `RequestError`."""
    number = text.removesuffix("%")
    if not text.endswith("%") or not number.isdigit() or not 1 <= int(number) <= 100:
        raise RequestError("--budget: found {text!r}; allowed 1% to 100%, such as 50%", text=text)
    return f"{int(number)}%"


class RateBudget:
    """Calls of the last minute, or of the time within which a desk counts, by kind, against a share
    of what is allowed."""

    def __init__(
        self,
        share: str,
        limits: Mapping[str, int],
        clock: Callable[[], float] = time.monotonic,
        window_s: float | None = None,
    ) -> None:
        """`limits` hold within `window_s`, which is a minute where nothing is said."""
        self._percent = int(share.removesuffix("%"))
        self._limits = dict(limits)
        self._made: dict[str, deque[float]] = {kind: deque() for kind in limits}
        self._free_s = dict.fromkeys(limits, 0.0)
        self._clock = clock
        self._window_s = window_s

    def allowed(self, kind: str) -> int:
        """How many calls of a kind are made within that time, one at least.

        >>> RateBudget("50%", {"export": 10}).allowed("export")
        5
        """
        return max(1, self._limits[kind] * self._percent // 100)

    def wait_s(self, kind: str) -> float:
        """How long to wait before the next call of a kind."""
        now_s, made = self._clock(), self._made[kind]
        window_s = WINDOW_S if self._window_s is None else self._window_s
        while made and made[0] <= now_s - window_s:
            made.popleft()
        wait_s = max(0.0, self._free_s[kind] - now_s)
        most = self.allowed(kind)
        if len(made) >= most:
            wait_s = max(wait_s, made[-most] + window_s - now_s)
        return wait_s

    def take(self, kind: str) -> None:
        """A call of a kind is made."""
        self._made[kind].append(self._clock())

    def learn(self, kind: str, limit: int) -> None:
        """The desk says how many calls of a kind it allows in that time."""
        if limit >= 1:
            self._limits[kind] = limit

    def used_up(self, kind: str, reset_s: float) -> None:
        """The desk takes no call of a kind before so many seconds are over."""
        self._free_s[kind] = max(self._free_s[kind], self._clock() + reset_s)
