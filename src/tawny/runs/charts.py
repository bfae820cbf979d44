"""Charts of an export, computed from its own rows, so that a chart and a file cannot disagree.

Each type that is better looked at than read has its entry in `CHARTS`. Labels and series that are
words of ours are keys to be translated; those out of the data are marked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

from tawny.engine.duck import Value
from tawny.exports.request import Bounds, ExportRequest, resolve
from tawny.model.zones import offset_segments
from tawny.runs.export import ExportSession
from tawny.runs.reading import prepare
from tawny.runs.receipt import Replay

MOST_LABELS = 20
"""Of a ranking; the smaller ones are left to the file."""
MOST_AGENTS = 60
"""Rows of a timeline."""
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Series:
    """One line or set of bars: a value for each label of its chart; None = not measured."""

    name: str
    """A key to translate, such as `inbound`, or a name out of the data (`is_data`)."""
    values: Sequence[float | None]
    is_data: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A bar of a timeline, in milliseconds since 1970 UTC."""

    row: str
    kind: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Numbers to be drawn and shown as a table."""

    key: str
    """Names the chart for its title, such as `resolved_per_day`."""
    kind: str
    """`bars`, `stacked`, `line` or `timeline`."""
    label: str
    """What `labels` are: `day`, `hour`, `bucket`, `percentile`, or, out of the data, `team`,
    `topic`, `tag`, `agent`."""
    unit: str
    labels: Sequence[str]
    series: Sequence[Series]
    spans: Sequence[Span] = ()
    """Of a timeline, whose labels are its rows."""


class _Rows:
    """The rows of an export as a table `chart_rows`; instants in milliseconds, UTC and local."""

    def __init__(
        self, session: ExportSession, request: ExportRequest, replay: Replay | None
    ) -> None:
        prepared = prepare(session, request, replay)
        self.bounds: Bounds = resolve(request, session.now_ms)
        self._duck = session.duck
        self._segments = offset_segments(self.bounds.zone, session.snapshot.months())
        session.duck.execute(
            "CREATE OR REPLACE TEMP TABLE chart_rows AS SELECT * FROM (\n"  # noqa: S608
            f"{prepared.export.statement}\n)",
            prepared.values,
        )

    def local(self, column: LiteralString) -> str:
        """SQL of an instant of the rows as local milliseconds."""
        branches = [
            f"WHEN {column} < {begin} THEN {column} + ({offset})"
            for (_, offset), (begin, _) in zip(self._segments, self._segments[1:], strict=False)
        ]
        last = f"{column} + ({self._segments[-1][1]})"
        return f"CASE {' '.join(branches)} ELSE {last} END" if branches else last

    def read(self, sql: str, values: Mapping[str, Value] | None = None) -> list[tuple[Any, ...]]:
        return self._duck.rows(sql, values)

    def days(self) -> list[str]:
        """The local dates of the range, in order."""
        assert self.bounds.from_ms is not None and self.bounds.to_ms is not None
        zone = self.bounds.zone
        first = datetime.fromtimestamp(self.bounds.from_ms / 1000, UTC).astimezone(zone).date()
        last = datetime.fromtimestamp((self.bounds.to_ms - 1) / 1000, UTC).astimezone(zone).date()
        return [(first + timedelta(days=day)).isoformat() for day in range((last - first).days + 1)]


_Maker = Callable[[_Rows], list[Chart]]

BUCKETS_S: tuple[tuple[str, int], ...] = (
    ("under_1_min", 60),
    ("under_5_min", 300),
    ("under_15_min", 900),
    ("under_1_h", 3600),
    ("under_4_h", 14_400),
    ("under_1_d", 86_400),
)
"""Upper borders, not included, in seconds; what is longer is `longer`."""


def _resolved(rows: _Rows) -> list[Chart]:
    local = rows.local("resolved_at")
    per_day = dict(
        rows.read(
            f"SELECT strftime(make_timestamp_ms({local}), '%Y-%m-%d'), count(*) "  # noqa: S608
            "FROM chart_rows GROUP BY 1"
        )
    )
    days = rows.days()
    cases = " ".join(
        f"WHEN first_response_time < {border} THEN '{name}'" for name, border in BUCKETS_S
    )
    counts = dict(
        rows.read(
            f"SELECT CASE {cases} ELSE 'longer' END, count(*) FROM chart_rows "  # noqa: S608
            "WHERE first_response_time IS NOT NULL GROUP BY 1"
        )
    )
    names = [name for name, _ in BUCKETS_S] + ["longer"]
    return [
        Chart(
            "resolved_per_day", "bars", "day", "conversations", days,
            [Series("resolved", [per_day.get(day, 0) for day in days])],
        ),
        Chart(
            "first_response_distribution", "bars", "bucket", "conversations", names,
            [Series("conversations", [counts.get(name, 0) for name in names])],
        ),
    ]  # fmt: skip


def _messages(rows: _Rows) -> list[Chart]:
    local = rows.local("created_at")
    found = rows.read(
        f"SELECT date_part('hour', make_timestamp_ms({local})), direction, "  # noqa: S608
        "coalesce(nullif(channel, ''), medium, ''), count(*) FROM chart_rows GROUP BY ALL"
    )
    hours = [f"{hour:02d}" for hour in range(24)]

    def series(position: int, name: str, *, is_data: bool) -> Series:
        values: list[float | None] = [0] * 24
        for row in found:
            if row[position] == name:
                hour = int(row[0])
                values[hour] = (values[hour] or 0) + row[3]
        return Series(name, values, is_data)

    volumes: dict[str, int] = {}
    for _, _, channel, count in found:
        volumes[channel] = volumes.get(channel, 0) + count
    channels = sorted(volumes, key=lambda name: (-volumes[name], name))[:MOST_LABELS]
    return [
        Chart(
            "messages_per_hour_by_direction", "stacked", "hour", "messages", hours,
            [series(1, name, is_data=False) for name in ("inbound", "outbound")],
        ),
        Chart(
            "messages_per_hour_by_channel", "stacked", "hour", "messages", hours,
            [series(2, name, is_data=True) for name in channels],
        ),
    ]  # fmt: skip


def _lock_time(label: str, name: LiteralString, id_column: LiteralString) -> _Maker:
    def make(rows: _Rows) -> list[Chart]:
        found = rows.read(
            f"SELECT coalesce(nullif({name}, ''), {id_column}), handle_time, "  # noqa: S608
            "no_response_time, cherry_picking_time FROM chart_rows "
            "WHERE handle_time IS NOT NULL ORDER BY "
            f"handle_time + no_response_time + cherry_picking_time DESC, {id_column} "
            f"LIMIT {MOST_LABELS}"
        )
        kinds = ("handle", "no_response", "cherry_picking")
        return [
            Chart(
                f"lock_time_per_{label}", "stacked", label, "s", [row[0] for row in found],
                [Series(kind, [row[at] for row in found]) for at, kind in enumerate(kinds, 1)],
            )
        ]  # fmt: skip

    return make


def _presence(rows: _Rows) -> list[Chart]:
    bounds = rows.bounds
    assert bounds.from_ms is not None and bounds.to_ms is not None
    # A day of a range: its first, the longest a day gets.
    end_ms = min(bounds.to_ms, bounds.from_ms + DAY_MS, max(bounds.as_of_ms, bounds.from_ms))
    found = rows.read(
        "SELECT coalesce(nullif(user_name, ''), user_id), presence, "
        'greatest("from", $start), least(coalesce("to", $end), $end) '
        'FROM chart_rows WHERE "from" < $end AND coalesce("to", $end) > $start '
        'ORDER BY 1, "from"',
        {"start": bounds.from_ms, "end": end_ms},
    )
    people = list(dict.fromkeys(row[0] for row in found))[:MOST_AGENTS]
    shown = set(people)
    spans = [Span(*row) for row in found if row[0] in shown and row[3] > row[2]]
    totals = {
        kind: [
            sum(span.end_ms - span.start_ms for span in spans if (span.row, span.kind) == (p, kind))
            // 1000
            for p in people
        ]
        for kind in ("available", "away")
    }
    return [
        Chart(
            "presence_of_the_day", "timeline", "agent", "s", people,
            [Series(kind, values) for kind, values in totals.items()], spans,
        )
    ]  # fmt: skip


def _response_times(rows: _Rows) -> list[Chart]:
    shares = (0.5, 0.75, 0.9, 0.95, 0.99)
    [found] = rows.read(
        "SELECT quantile_disc(agent_response_time, [0.5, 0.75, 0.9, 0.95, 0.99]) FROM chart_rows"
    )
    values: Sequence[float | None] = found[0] or [None] * len(shares)
    return [
        Chart(
            "response_time_percentiles", "bars", "percentile", "s",
            [f"p{share * 100:.0f}" for share in shares], [Series("response_time", list(values))],
        )
    ]  # fmt: skip


def _ranking(label: str, unit: str, total: LiteralString, current: LiteralString) -> _Maker:
    def make(rows: _Rows) -> list[Chart]:
        found = rows.read(
            f"SELECT coalesce(nullif(any_value({label}_name), ''), {label}_id), "  # noqa: S608
            f"CAST(sum({total}) AS BIGINT), CAST(sum({current}) AS BIGINT) FROM chart_rows "
            f"GROUP BY {label}_id ORDER BY 2 DESC, {label}_id LIMIT {MOST_LABELS}"
        )
        return [
            Chart(
                f"{label}s_by_volume", "bars", label, unit, [row[0] for row in found],
                [Series("total", [row[1] for row in found]),
                 Series("current", [row[2] for row in found])],
            )
        ]  # fmt: skip

    return make


CHARTS: dict[str, _Maker] = {
    "resolved-conversations": _resolved,
    "messages": _messages,
    "teams": _lock_time("team", "team_name", "team_id"),
    "users": _lock_time("agent", "user_name", "user_id"),
    "user-presence": _presence,
    "response-times": _response_times,
    "topics": _ranking("topic", "conversations", "total_conversations", "current_conversations"),
    "tags": _ranking("tag", "messages", "total_messages", "current_messages"),
}
"""The types that have charts."""


def charts_of(
    session: ExportSession, request: ExportRequest, replay: Replay | None
) -> list[dict[str, Any]]:
    """The charts of an export as JSON has them; none for a type without."""
    make = CHARTS.get(request.export_type)
    if make is None:
        return []
    return [asdict(chart) for chart in make(_Rows(session, request, replay))]
