"""The lines of the sample: one CloudEvents object each, in the order of the contract."""

from __future__ import annotations

import json
from datetime import date

from tawny.sample.chance import DAY, MINUTE

LINES_PER_BLOCK = 3_000
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
MINUTES = [f"{minute // 60:02d}:{minute % 60:02d}:" for minute in range(1440)]
SECONDS = [f"{second:02d}." for second in range(60)]
MILLIS = [f"{milli:03d}" for milli in range(1000)]


def escaped(text: str) -> str:
    """`text` as it stands between the quotes of a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


class Writer:
    """Collects the lines of one block. `data` arrives as ready JSON members.

    Events of one millisecond carry a rising `sequence` from the second on (a missing one sorts
    first), so the order of the lines is the order of the contract.
    """

    __slots__ = ("_count", "_day", "_day_text", "_head", "_stamp", "_ties", "lines", "now")

    def __init__(self, mark: str) -> None:
        self.lines: list[str] = []
        self.now = -1
        self._head = f'{{"specversion":"1.0","source":"/sample","id":"{mark}'
        self._count = 0
        self._ties = 0
        self._day = -1
        self._day_text = ""
        self._stamp = ""

    def set_clock(self, now: int) -> None:
        """Every following event happens at `now`, milliseconds since 1970 in UTC."""
        if now == self.now:
            return
        self.now = now
        day, rest = divmod(now, DAY)
        if day != self._day:
            self._day = day
            self._day_text = date.fromordinal(EPOCH_ORDINAL + day).isoformat()
        minute, rest = divmod(rest, MINUTE)
        second, milli = divmod(rest, 1000)
        self._stamp = (
            f'","time":"{self._day_text}T{MINUTES[minute]}{SECONDS[second]}{MILLIS[milli]}Z","'
        )
        self._ties = 0

    def emit(self, kind: str, data: str) -> None:
        """Write one event of type `kind` at the clock."""
        self._count = count = self._count + 1
        ties = self._ties
        self._ties = ties + 1
        if ties:
            self.lines.append(
                f'{self._head}{count}","type":"{kind}{self._stamp}'
                f'sequence":"{ties:04d}","data":{{{data}}}}}\n'
            )
        else:
            self.lines.append(
                f'{self._head}{count}","type":"{kind}{self._stamp}data":{{{data}}}}}\n'
            )

    def take(self) -> bytes:
        """The lines so far as one block; the writer goes on with an empty one."""
        block = "".join(self.lines).encode()
        self.lines.clear()
        return block
