"""Events that may be there already, compared with the log by a worker process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tawny.background.pool import Workers, WorkerStoppedError
from tawny.disk import translated_os_errors
from tawny.errors import StorageError
from tawny.intake.compare import Compared
from tawny.model.refusals import Refusal
from tawny.scratch import scratch_file, scratch_folder
from tawny.text import from_json

_LONGEST_S = 300.0


def compared_by_worker(home: Path, workers: Workers, parts: Sequence[bytes]) -> list[Compared]:
    """See `tawny.intake.compare.compared`. The lines go to the worker in a file: they may be many.
    Raises `StorageError`, also when the worker had to stop."""
    path = scratch_file(scratch_folder(home))
    try:
        with translated_os_errors(str(path)), path.open("wb") as stream:
            stream.writelines(parts)
        arguments = {"path": str(path), "sizes_bytes": [len(part) for part in parts]}
        found = workers.run("compare", arguments, timeout_s=_LONGEST_S)["compared"]
    except WorkerStoppedError as error:
        # Nothing is wrong with the events: their sender comes again.
        raise StorageError("the log cannot be read: {error}", error=error) from error
    finally:
        path.unlink(missing_ok=True)
    return [
        Compared(
            bytes.fromhex(one["outcomes"]),
            {
                int(number): Refusal(0, *from_json(refusal))
                for number, refusal in one["refusals"].items()
            },
        )
        for one in found
    ]
