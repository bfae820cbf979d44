"""The rows of export runs: every change of a run's state is one conditional statement here, so that
of two who want to end a run only one does.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec import structs

from tawny.errors import ConflictError, NotFoundError, RequestError, TawnyError, UnknownValueError
from tawny.exports.request import ExportRequest, request_json, request_of_json
from tawny.model.zones import current_ms
from tawny.people.callers import Caller, Scope
from tawny.queries.catalogue import query
from tawny.runs.cursors import cursor_after, read_cursor
from tawny.runs.outcomes import Outcomes
from tawny.runs.store_conditions import SORT_COLUMNS, filtered, state_now, visible
from tawny.state.database import Database
from tawny.state.run_rows import SORTS, ExportRun, RunFilter, RunPage, RunState
from tawny.state.tables import run_channels, run_exports, runs
from tawny.text import Text, from_json, to_json

_UNFINISHED = (RunState.QUEUED.value, RunState.RUNNING.value)


class RunStore:
    """The runs of one installation."""

    def __init__(self, database: Database, outcomes: Outcomes | None = None) -> None:
        self._database = database
        self._outcomes = outcomes or Outcomes()

    def add(
        self, connection: sa.Connection, caller: Caller, request: ExportRequest, key: str | None
    ) -> tuple[str, bool]:
        """Add a queued run; returns its id and whether it is new. The same idempotency key of the
        same person with the same request is the run it made before; with another request it is
        a mistake."""
        request = structs.replace(request, channels=tuple(dict.fromkeys(request.channels)))
        if key is not None:
            before = connection.execute(
                sa.select(runs).where(
                    runs.c.owner_id == caller.user_id, runs.c.idempotency_key == key
                )
            ).first()
            if before is not None:
                if _request_of_row(before) != request:
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
                created_ms=current_ms(),
                version=1,
                **_columns_of(request),
            )
        )
        if request.channels:
            connection.execute(
                run_channels.insert(),
                [{"run_id": run_id, "channel_id": channel} for channel in request.channels],
            )
        connection.execute(
            run_exports.insert(),
            [{"run_id": run_id, "export_type": name} for name in request.export_types],
        )
        return run_id, True

    def unfinished_of(self, connection: sa.Connection, user_id: int) -> int:
        """How many runs of a person are waiting or at work."""
        return connection.execute(
            sa.select(sa.func.count())
            .select_from(runs)
            .where(runs.c.owner_id == user_id, runs.c.state.in_(_UNFINISHED))
        ).scalar_one()

    def get(self, caller: Caller, run_id: str) -> ExportRun:
        """A run the caller may see; another's is answered like one that never was."""
        with self._database.read() as connection:
            row = connection.execute(
                sa.select(runs).where(runs.c.id == run_id, *visible(caller))
            ).first()
        if row is None:
            raise NotFoundError(
                "there is no export {run_id}, or none that you may see", run_id=run_id
            )
        return run_of_row(row)

    def find(self, run_id: str) -> ExportRun | None:
        """A run, whoever asks; for the queue itself."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(runs).where(runs.c.id == run_id)).first()
        return None if row is None else run_of_row(row)

    def several(self, run_ids: Sequence[str]) -> dict[str, ExportRun]:
        """Those of some runs that are there, whoever asks."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(runs).where(runs.c.id.in_(list(run_ids)))).all()
        return {row.id: run_of_row(row) for row in rows}

    def list(
        self,
        caller: Caller,
        filters: RunFilter,
        sort: str,
        cursor: str | None,
        limit: int,
        offset: int = 0,
    ) -> RunPage:
        """A part of the runs the caller may see; see `tawny.background.run_queue.Runs.list`."""
        name = sort.removeprefix("-")
        if name not in SORTS:
            raise UnknownValueError("sort", sort, [*SORTS, *(f"-{known}" for known in SORTS)])
        if not 1 <= limit <= 500:
            raise RequestError("limit: found {limit}; allowed 1 to 500", limit=limit)
        column = SORT_COLUMNS[name]()
        conditions = [*visible(caller), *filtered(filters)]
        page = list(conditions)
        down = sort.startswith("-")
        if cursor is not None:
            value, last_id = read_cursor(cursor, sort)
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
                .offset(offset)
            ).all()
        shown = rows[:limit]
        following = None
        if len(rows) > limit:
            following = cursor_after(sort, shown[-1].sorted_by, shown[-1].id)
        return RunPage([run_of_row(row) for row in shown], following, total)

    def count(self, caller: Caller, filters: RunFilter, most: int) -> int:
        """How many of the runs the caller may see fit, counted up to `most`."""
        fitting = (
            sa.select(runs.c.id).where(*visible(caller), *filtered(filters)).limit(most).subquery()
        )
        with self._database.read() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(fitting)).scalar_one()

    def begin(self, run_id: str) -> ExportRun | None:
        """Take a run up, or up again after a crash. Its `as_of` is fixed the first time. None
        when it has ended."""
        now_ms = current_ms()
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
        ended = self._end(run_id, (RunState.RUNNING.value,), RunState.READY, values)
        if ended is not None:
            self._outcomes.ready(ended.export_type, (ended.ended_ms - ended.started_ms) / 1000)
        return ended is not None

    def fail(self, run_id: str, error: BaseException, reason: Text | None = None) -> None:
        """A run that has not ended becomes `failed`, and says why in these words or the error's."""
        if reason is None:
            name = Text(type(error).__name__)
            reason = error.text if isinstance(error, TawnyError) else name
        values = {"error": str(reason), "reason": to_json(reason)}
        if self._end(run_id, _UNFINISHED, RunState.FAILED, values) is not None:
            self._outcomes.failed(type(error).__name__)

    def cancel(self, connection: sa.Connection, run_id: str) -> bool:
        """A run that has not ended becomes `cancelled`, in the transaction of the caller."""
        return _end(connection, run_id, _UNFINISHED, RunState.CANCELLED, {}) is not None

    def unfinished(self, user_id: int | None = None) -> Sequence[str]:
        """Ids of runs that wait or are at work, oldest first; of everybody or one person."""
        of_person = sa.true() if user_id is None else runs.c.owner_id == user_id
        with self._database.read() as connection:
            return tuple(
                connection.execute(
                    sa.select(runs.c.id)
                    .where(runs.c.state.in_(_UNFINISHED), of_person)
                    .order_by(runs.c.created_ms)
                ).scalars()
            )

    def delete(self, connection: sa.Connection, run_id: str) -> bool:
        """Delete a run that has ended, in the transaction of the caller. False for another."""
        done = connection.execute(
            runs.delete().where(runs.c.id == run_id, runs.c.state.not_in(_UNFINISHED))
        )
        return done.rowcount == 1

    def expire(self, run_id: str | None = None) -> Sequence[str]:
        """Runs whose file's time is over, or one by its id, become `expired`; returns their ids."""
        over = runs.c.expires_ms <= current_ms() if run_id is None else runs.c.id == run_id
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

    def with_receipt(self) -> Sequence[ExportRun]:
        """Every run that made a file, also where the file is gone by now."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(runs).where(runs.c.receipt.is_not(None)).order_by(runs.c.created_ms)
            ).all()
        return [run_of_row(row) for row in rows]

    def with_file(self) -> Sequence[tuple[ExportRun, str]]:
        """Every run whose file is kept, with where it lies, relative to the data folder."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(runs)
                .where(runs.c.receipt.is_not(None), runs.c.file_path.is_not(None))
                .order_by(runs.c.created_ms)
            ).all()
        return [(run_of_row(row), row.file_path) for row in rows]

    def file_path(self, run_id: str) -> str | None:
        """Where the file of a run lies, relative to the data folder."""
        with self._database.read() as connection:
            return connection.execute(
                sa.select(runs.c.file_path).where(runs.c.id == run_id)
            ).scalar()

    def states(self) -> dict[str, int]:
        """How many runs there are in each state, also where there are none."""
        state = state_now()
        with self._database.read() as connection:
            found = connection.execute(
                sa.select(state.label("state"), sa.func.count()).group_by(state)
            ).all()
        return {state.value: 0 for state in RunState} | {row[0]: row[1] for row in found}

    def _end(
        self, run_id: str, states: Sequence[str], to: RunState, values: dict[str, Any]
    ) -> Any | None:
        with self._database.write() as connection:
            return _end(connection, run_id, states, to, values)


def may_see(caller: Caller, run: ExportRun) -> bool:
    """Whether a caller may know of a run: the same rule as the lists have."""
    if not caller.may(Scope.EXPORTS_READ) and run.owner_id != caller.user_id:
        return False
    if not all(caller.has(query(name).head.right) for name in run.export_types):
        return False
    return caller.channels is None or (
        bool(run.channels) and caller.channels.issuperset(run.channels)
    )


def request_of_run(run: ExportRun) -> ExportRequest:
    """What a run was asked."""
    return request_of_json(run.request)


def run_of_row(row: Any) -> ExportRun:
    """A row as a run, in the state it is in now (see `state_now`)."""
    state = RunState(row.state)
    if state is RunState.READY and row.expires_ms is not None and row.expires_ms <= current_ms():
        state = RunState.EXPIRED
    request = _request_of_row(row)
    return ExportRun(
        id=row.id,
        owner_id=row.owner_id,
        owner=row.owner,
        export_type=row.export_type,
        export_types=request.export_types,
        time_zone=row.time_zone,
        start=row.start,
        end=row.end,
        channels=request.channels,
        as_of=row.as_of,
        headers=row.headers,
        format=row.format,
        dialect=row.dialect,
        request=request_json(request),
        state=state,
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
        receipt=None if row.receipt is None else msgspec.json.decode(row.receipt),
        # Room between two changes of the row for a hundred of its progress.
        version=row.version * 1000,
    )


def _reason(row: Any) -> Text | None:
    if row.reason is not None:
        reason: Text = from_json(row.reason)
        return reason
    # Failed before reasons were kept in a form that can be said in French.
    return None if row.error is None else Text(row.error)


_COLUMNS = frozenset(runs.c.keys()) & frozenset(structs.asdict(ExportRequest("")))
"""The fields of a request that are columns too, for lists and filters."""


def _columns_of(request: ExportRequest) -> dict[str, Any]:
    fields = structs.asdict(request)
    content = request_json(request)
    return {name: fields[name] for name in _COLUMNS} | {
        "channels": json.dumps(content["channels"], ensure_ascii=False),
        "request": json.dumps(content, ensure_ascii=False),
    }


def _request_of_row(row: Any) -> ExportRequest:
    if row.request is not None:
        return request_of_json(msgspec.json.decode(row.request))
    # Asked for before requests were kept as a whole.
    fields = {name: getattr(row, name) for name in _COLUMNS}
    return ExportRequest(**fields | {"channels": tuple(json.loads(row.channels))})


def _end(
    connection: sa.Connection,
    run_id: str,
    states: Sequence[str],
    to: RunState,
    values: dict[str, Any],
) -> Any | None:
    return connection.execute(
        runs.update()
        .where(runs.c.id == run_id, runs.c.state.in_(states))
        .values(state=to.value, ended_ms=current_ms(), version=runs.c.version + 1, **values)
        .returning(runs.c.export_type, runs.c.started_ms, runs.c.ended_ms)
    ).first()
