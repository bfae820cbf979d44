"""Two exports of the list compared: what differs between them, and what caused it."""

from __future__ import annotations

from typing import Any

from litestar import Response, get

from tawny.differences.side import check_same
from tawny.errors import RequestError
from tawny.exports.request import ExportRequest
from tawny.model.zones import instant_ms
from tawny.server.asked_differences import differences, named_side
from tawny.server.dependencies import Caller, Services
from tawny.server.pages.bounds import range_words
from tawny.server.pages.changed import CHANGES, MOST_FOLDS, MOST_ROWS
from tawny.server.pages.rendering import AnyRequest, reader_of, render
from tawny.server.pages.submitted import of_query
from tawny.server.problems import status_of
from tawny.state.run_rows import ExportRun


@get("/exports/compared", sync_to_thread=True)
def compared_page(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """The two runs that are ticked in the list, the one of the earlier state first; of bundles one
    export that both hold."""
    fields, reader = of_query(request), reader_of(request, caller)
    ticked = dict.fromkeys(fields.all("run"))
    if len(ticked) != 2:
        raise RequestError("run: found {count}; tick two exports to compare", count=len(ticked))
    before, now = sorted((services.runs.get(caller, one) for one in ticked), key=_state)
    context: dict[str, Any] = {
        "before": before,
        "now": now,
        "as_of_ms": {run.id: _state(run)[1] for run in (before, now)},
        "range_words": lambda run: range_words(run, reader),
        "problem": None,
    }
    parts = [name for name in before.export_types if name in now.export_types]
    of = fields.chosen("of", parts, parts[0] if parts else "")
    try:
        if not of:
            check_same("export", ", ".join(before.export_types), ", ".join(now.export_types))
        found = differences(
            services,
            caller,
            reader.language,
            (
                named_side(services, caller, "a", before.id),
                named_side(services, caller, "b", now.id),
            ),
            ExportRequest(export_type=of),
            offset=0,
            limit=MOST_ROWS,
            most_folds=MOST_FOLDS,
        )
    except RequestError as error:
        context["problem"] = reader.say(error.text)
        return render(request, caller, "compared.html", status=status_of(error), **context)
    return render(
        request, caller, "compared.html", **context, found=found,
        total=found["added"] + found["removed"] + found["changed"],
        parts=parts, of=of, changes=CHANGES,
    )  # fmt: skip


def _state(run: ExportRun) -> tuple[int, int, int]:
    """What a run saw: the version of the log, up to which instant; else when it was asked for."""
    receipt = run.receipt or {}
    return receipt.get("log_version", -1), instant_ms(receipt.get("as_of", "")) or 0, run.created_ms


ROUTES = [compared_page]
