"""The exports of a run: one, or those of a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec import structs

from tawny.errors import NotAllowedError, NotFoundError
from tawny.exports.bundle import receipt_of_file
from tawny.exports.receipt import request_of_receipt
from tawny.exports.request import ALL, ExportRequest
from tawny.people.callers import Caller
from tawny.queries.catalogue import query
from tawny.state.run_rows import ExportRun


@dataclass(frozen=True, slots=True)
class RunPart:
    """One export of a run: its request on the state of the log that the run saw, its receipt."""

    request: ExportRequest
    receipt: dict[str, Any]
    of_bundle: bool

    def file_beside(self, name: str) -> str:
        """What is kept of it beside the file of the run."""
        return f"{name}-{self.request.export_type}" if self.of_bundle else name


def part_of_run(run: ExportRun, export_type: str | None) -> RunPart:
    """The export of a run that made a file; of a bundle, which one must be named. Raises
    `NotFoundError` for one that is not in it."""
    assert run.receipt is not None
    if export_type not in ((*run.export_types,) if run.is_bundle else (None, run.export_type)):
        raise NotFoundError(
            "export: found {found}; this run holds {allowed}",
            found=export_type or "nothing",
            allowed=", ".join(run.export_types),
        )
    receipt = run.receipt
    if run.is_bundle:
        assert export_type is not None
        receipt = receipt_of_file(receipt, export_type)
    return RunPart(request_of_receipt(receipt), receipt, run.is_bundle)


def seen_exports(caller: Caller, request: ExportRequest) -> list[str]:
    """Those of the exports of a request that the caller may run."""
    return [name for name in request.export_types if caller.has(query(name).head.right)]


def allowed_exports(caller: Caller, request: ExportRequest) -> ExportRequest:
    """The request with the exports that the caller may run; who asks for all means these. Raises
    `NotAllowedError` for one that is named."""
    allowed = seen_exports(caller, request)
    if len(allowed) < len(request.export_types) and ALL not in request.exports:
        raise NotAllowedError(
            "this export shows presence, which was not given to you; ask an administrator"
        )
    return structs.replace(request, exports=tuple(allowed)) if request.is_bundle else request
