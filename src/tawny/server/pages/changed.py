"""What has changed since a result was made, row by row, and what caused it."""

from __future__ import annotations

from litestar import Response, get
from litestar.params import FromPath

from tawny.differences.side import NOW
from tawny.exports.request import ExportRequest
from tawny.queries.catalogue import query
from tawny.server.asked_differences import differences, named_side
from tawny.server.dependencies import Caller, Services
from tawny.server.pages.rendering import AnyRequest, is_part, reader_of, render
from tawny.server.pages.result import chosen_part
from tawny.server.pages.submitted import of_query
from tawny.text import N_

MOST_ROWS = 500
"""More are not read on a page; the command line and the API give all."""
MOST_FOLDS = 50
"""Nor more causes and rows that have their own."""

CHANGES = {"added": N_("added"), "removed": N_("removed"), "changed": N_("changed")}


@get("/exports/{run_id:str}/changed", sync_to_thread=True)
def changed_page(
    request: AnyRequest, caller: Caller, services: Services, run_id: FromPath[str]
) -> Response[str]:
    """The export of a run as it was against what it would be now; a part of its page for a
    script."""
    run, reader = services.runs.get(caller, run_id), reader_of(request, caller)
    of = chosen_part(run, of_query(request))
    sides = (named_side(services, caller, "a", run_id), named_side(services, caller, "b", NOW))
    asked = ExportRequest(export_type=of if run.is_bundle else "")
    found = differences(
        services, caller, reader.language, sides, asked,
        offset=0, limit=MOST_ROWS, most_folds=MOST_FOLDS,
    )  # fmt: skip
    return render(
        request,
        caller,
        "parts/changed.html" if is_part(request) else "changed.html",
        run=run,
        of=of if run.is_bundle else "",
        title=query(of).head.title,
        found=found,
        total=found["added"] + found["removed"] + found["changed"],
        changes=CHANGES,
    )


ROUTES = [changed_page]
