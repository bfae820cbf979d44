"""Choices of exports that are kept without a range, which each run of them brings along."""

from __future__ import annotations

from msgspec import structs

from tawny.errors import RequestError
from tawny.exports.file_kind import kind_of
from tawny.exports.request import ALL, ExportRequest, resolve
from tawny.queries.catalogue import EXPORT_TYPES
from tawny.text import Text


def without_range(request: ExportRequest, instead: Text) -> ExportRequest:
    """A choice of exports that is to be run again and again, as it is kept. Raises `RequestError`
    for one that could not be run, and for a range, in whose place there is something else."""
    for field, found in (("from", request.start), ("to", request.end), ("as_of", request.as_of)):
        if found is not None:
            raise RequestError(
                "{field}: found {found}; {instead}", field=field, found=found, instead=instead
            )
    if len(request.exports) == 1 and ALL not in request.exports:
        request = structs.replace(request, export_type=request.exports[0], exports=())
    elif set(request.exports) >= set(EXPORT_TYPES):
        request = structs.replace(request, exports=(ALL,))
    resolve(structs.replace(request, start="2026-01-01", end="2026-01-02"), 0)
    kind_of(request)
    return request
