"""The rows of export runs: every change of a run's state is one conditional statement here, so that
of two who want to end a run only one does.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from tawny.errors import ConflictError, NotFoundError, RequestError, UnknownValueError
from tawny.exports.request import ExportRequest
from tawny.state.callers import PRESENCE_TYPES, Caller
from tawny.state.database import Database
from tawny.state.run_rows import SORTS, Run, RunFilter, RunPage, RunState
from tawny.state.tables import run_channels, runs
from tawny.text import Text, from_json, to_json

_UNFINISHED = (RunState.QUEUED.value, RunState.RUNNING.value)

_SORT_COLUMNS: dict[str, sa.ColumnElement[Any]] = {
    "created": sa.type_coerce(runs.c.created_ms, sa.BigInteger),
    "type": runs.c.export_type,
    "state": runs.c.state,
    "owner": runs.c.owner,
    "rows": sa.func.coalesce(runs.c.rows, -1),
}


class RunStore:
    """The runs of one installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, connection: sa.Connection, caller: Caller, request: ExportRequest, key: str | None
    ) -> tuple[str, bool]:
        """Add a queued run; returns its id and whether it is new. The same idempotency key of the
        same person with the same request is the run it made before; with another request it is
        a mistake."""
        asked = _asked(request)
        if key is not None:
            before = connection.execute(
                sa.select(runs).where(
                    runs.c.owner_id == caller.user_id, runs.c.idempotency_key == key
                )
            ).first()
            if before is not None:
                if any(getattr(before, name) != value for name, value in asked.items()):
                    raise ConflictError(
                        "Idempotency-Key: {key!r} was used for another request; choose a new one",
                        key=key,
                    )
                return str(before.id), False
        run_id = secrets.token_hex(10)
        connection.execute(
            runs.insert().values(
                id=run_id,
                owner_id=caller.user_id,
                owner=caller.name,
                idempotency_key=key,
                state=RunState.QUEUED.value,
                created_ms=_now_ms(),
                version=1,
                **asked,
            )
        )
        if request.channels:
            connection.execute(
                run_channels.insert(),
                [
                    {"run_id": run_id, "channel_id": channel}
                    for channel in dict.fromkeys(request.channels)
                ],
            )
        return run_id, True

    def unfinished_of(self, connection: sa.Connection, user_id: int) -> int:
        """How many runs of a person are waiting or at work."""
        return connection.execute(
            sa.select(sa.func.count())
            .select_from(runs)
            .where(runs.c.owner_id == user_id, runs.c.state.in_(_UNFINISHED))
        ).scalar_one()

    def get(self, caller: Caller, run_id: str) -> Run:
        """A run the caller may see; another's is answered like one that never was."""
        with self._database.read() as connection:
            row = connection.execute(
                sa.select(runs).where(runs.c.id == run_id, *_visible(caller))
            ).first()
        if row is None:
            raise NotFoundError("run: found {run_id!r}; there is none of that id", run_id=run_id)
        return run_of_row(row)

    def find(self, run_id: str) -> Run | None:
        """A run, whoever asks; for the queue itself."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(runs).where(runs.c.id == run_id)).first()
        return None if row is None else run_of_row(row)

    def list(
        self, caller: Caller, filters: RunFilter, sort: str, cursor: str | None, limit: int
    ) -> RunPage:
        """A part of the runs the caller may see; see `tawny.runs.queue.Runs.list`."""
        name = sort.removeprefix("-")
        if name not in SORTS:
            raise UnknownValueError("sort", sort, [*SORTS, *(f"-{known}" for known in SORTS)])
        if not 1 <= limit <= 500:
            raise RequestError("limit: found {limit}; allowed 1 to 500", limit=limit)
        column = _SORT_COLUMNS[name]
        conditions = [*_visible(caller), *_filtered(filters)]
        page = list(conditions)
        down = sort.startswith("-")
        if cursor is not None:
            value, last_id = _read_cursor(cursor, sort)
            here = sa.tuple_(column, runs.c.id)
            there = sa.tuple_(sa.literal(value, column.type), sa.literal(last_id))
            page.append(here < there if down else here > there)
        order = [column.desc(), runs.c.id.desc()] if down else [column, runs.c.id]
        with self._database.read() as connection:
            total = connection.execute(
                sa.select(sa.func.count()).select_from(runs).where(*conditions)
            ).scalar_one()
            rows = connection.execute(
                sa.select(runs, column.label("sorted_by"))
                .where(*page)
                .order_by(*order)
                .limit(limit + 1)
            ).all()
        shown = rows[:limit]
        following = None
        if len(rows) > limit:
            following = _cursor(sort, shown[-1].sorted_by, shown[-1].id)
        return RunPage([run_of_row(row) for row in shown], following, total)

    def begin(self, run_id: str) -> Run | None:
        """Take a run up, or up again after a crash. Its `as_of` is fixed the first time. None
        when it has ended."""
        now_ms = _now_ms()
        with self._database.write() as connection:
            row = connection.execute(
                runs.update()
                .where(runs.c.id == run_id, runs.c.state.in_(_UNFINISHED))
                .values(
                    state=RunState.RUNNING.value,
                    started_ms=sa.func.coalesce(runs.c.started_ms, now_ms),
                    version=runs.c.version + 1,
                )
                .returning(runs)
            ).first()
        return None if row is None else run_of_row(row)

    def finish(self, run_id: str, **values: Any) -> bool:
        """A running run becomes `ready`. False when somebody else ended it first."""
        return self._end(run_id, (RunState.RUNNING.value,), RunState.READY, values)

    def fail(self, run_id: str, reason: Text) -> bool:
        """A run that has not ended becomes `failed`."""
        values = {"error": str(reason), "reason": to_json(reason)}
        return self._end(run_id, _UNFINISHED, RunState.FAILED, values)

    def cancel(self, connection: sa.Connection, run_id: str) -> bool:
        """A run that has not ended becomes `cancelled`, in the transaction of the caller."""
        return _end(connection, run_id, _UNFINISHED, RunState.CANCELLED, {})

    def unfinished(self) -> Sequence[str]:
        """Ids of runs that wait or are at work, oldest first."""
        with self._database.read() as connection:
            return tuple(
                connection.execute(
                    sa.select(runs.c.id)
                    .where(runs.c.state.in_(_UNFINISHED))
                    .order_by(runs.c.created_ms)
                ).scalars()
            )

    def expire(self, run_id: str | None = None) -> Sequence[str]:
        """Runs whose file's time is over, or one by its id, become `expired`; returns their ids."""
        over = runs.c.expires_ms <= _now_ms() if run_id is None else runs.c.id == run_id
        with self._database.write() as connection:
            return tuple(
                connection.execute(
                    runs.update()
                    .where(runs.c.state == RunState.READY.value, over)
                    .values(
                        state=RunState.EXPIRED.value, file_path=None, version=runs.c.version + 1
                    )
                    .returning(runs.c.id)
                ).scalars()
            )

    def with_receipt(self) -> Sequence[Run]:
        """Every run that made a file, also where the file is gone by now."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(runs).where(runs.c.receipt.is_not(None)).order_by(runs.c.created_ms)
            ).all()
        return [run_of_row(row) for row in rows]

    def file_path(self, run_id: str) -> str | None:
        """Where the file of a run lies, relative to the data folder."""
        with self._database.read() as connection:
            return connection.execute(
                sa.select(runs.c.file_path).where(runs.c.id == run_id)
            ).scalar()

    def states(self) -> dict[str, int]:
        """How many runs there are in each state."""
        with self._database.read() as connection:
            found = connection.execute(
                sa.select(runs.c.state, sa.func.count()).group_by(runs.c.state)
            ).all()
        return {row[0]: row[1] for row in found}

    def _end(
        self, run_id: str, states: Sequence[str], to: RunState, values: dict[str, Any]
    ) -> bool:
        with self._database.write() as connection:
            return _end(connection, run_id, states, to, values)


def may_see(caller: Caller, run: Run) -> bool:
    """Whether a caller may know of a run: the same rule as the lists have."""
    if not caller.sees_type(run.export_type):
        return False
    return caller.channels is None or (
        bool(run.channels) and caller.channels.issuperset(run.channels)
    )


def request_of_run(run: Run) -> ExportRequest:
    """What a run was asked."""
    return ExportRequest(
        export_type=run.export_type,
        time_zone=run.time_zone,
        start=run.start,
        end=run.end,
        channels=tuple(run.channels),
        as_of=run.as_of,
        headers=run.headers,
        format=run.format,
        dialect=run.dialect,
    )


def run_of_row(row: Any) -> Run:
    """A row as a run."""
    return Run(
        id=row.id,
        owner_id=row.owner_id,
        owner=row.owner,
        export_type=row.export_type,
        time_zone=row.time_zone,
        start=row.start,
        end=row.end,
        channels=tuple(json.loads(row.channels)),
        as_of=row.as_of,
        headers=row.headers,
        format=row.format,
        dialect=row.dialect,
        state=RunState(row.state),
        phase="starting" if row.state == RunState.RUNNING.value else "",
        progress_percent=0 if row.state in _UNFINISHED else 100,
        error=_reason(row),
        created_ms=row.created_ms,
        started_ms=row.started_ms,
        ended_ms=row.ended_ms,
        expires_ms=row.expires_ms,
        file_name=row.file_name,
        media_type=row.media_type,
        rows=row.rows,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        receipt=None if row.receipt is None else json.loads(row.receipt),
        # Room between two changes of the row for a hundred of its progress.
        version=row.version * 1000,
    )


def _reason(row: Any) -> Text | None:
    if row.reason is not None:
        reason: Text = from_json(row.reason)
        return reason
    # Failed before reasons were kept in a form that can be said in French.
    return None if row.error is None else Text(row.error)


def _asked(request: ExportRequest) -> dict[str, Any]:
    return {
        "export_type": request.export_type,
        "time_zone": request.time_zone,
        "start": request.start,
        "end": request.end,
        "channels": json.dumps(list(dict.fromkeys(request.channels)), ensure_ascii=False),
        "as_of": request.as_of,
        "headers": request.headers,
        "format": request.format,
        "dialect": request.dialect,
        "kind": request.kind,
    }


def _end(
    connection: sa.Connection,
    run_id: str,
    states: Sequence[str],
    to: RunState,
    values: dict[str, Any],
) -> bool:
    result = connection.execute(
        runs.update()
        .where(runs.c.id == run_id, runs.c.state.in_(states))
        .values(state=to.value, ended_ms=_now_ms(), version=runs.c.version + 1, **values)
    )
    return result.rowcount == 1


def _visible(caller: Caller) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if caller.channels is not None:
        of_run = sa.select(run_channels.c.run_id).where(run_channels.c.run_id == runs.c.id)
        conditions = [
            of_run.exists(),
            ~of_run.where(run_channels.c.channel_id.not_in(sorted(caller.channels))).exists(),
        ]
    if not caller.presence:
        conditions.append(runs.c.export_type.not_in(sorted(PRESENCE_TYPES)))
    return conditions


def _filtered(filters: RunFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if filters.states:
        conditions.append(runs.c.state.in_([state.value for state in filters.states]))
    if filters.export_types:
        conditions.append(runs.c.export_type.in_(list(filters.export_types)))
    if filters.owner is not None:
        conditions.append(runs.c.owner == filters.owner)
    if filters.channel is not None:
        conditions.append(
            sa.select(run_channels.c.run_id)
            .where(run_channels.c.run_id == runs.c.id, run_channels.c.channel_id == filters.channel)
            .exists()
        )
    if filters.created_from_ms is not None:
        conditions.append(runs.c.created_ms >= filters.created_from_ms)
    if filters.created_to_ms is not None:
        conditions.append(runs.c.created_ms < filters.created_to_ms)
    if filters.text:
        conditions.append(
            sa.or_(
                *(
                    column.icontains(filters.text, autoescape=True)
                    for column in (
                        runs.c.export_type, runs.c.owner, runs.c.channels, runs.c.file_name,
                    )
                )
            )
        )  # fmt: skip
    return conditions


def _cursor(sort: str, value: object, run_id: str) -> str:
    text = json.dumps([sort, value, run_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str, sort: str) -> tuple[Any, str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        of_sort, value, run_id = found
        wanted = int if sort.removeprefix("-") in ("created", "rows") else str
        # SQLite and Postgres have whole numbers of 64 bits.
        if (
            of_sort == sort
            and isinstance(run_id, str)
            and type(value) is wanted
            and (not isinstance(value, int) or abs(value) < 2**63)
        ):
            return value, run_id
    except (ValueError, TypeError, RecursionError):
        pass
    raise RequestError(
        "cursor: found one that is not of this list; allowed the next_cursor of the page before"
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
