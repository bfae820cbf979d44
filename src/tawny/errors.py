"""Every error Tawny raises, whose fault it is, and whether trying again can help.

    TawnyError
    ├── RequestError          the caller's: the request is wrong; the same call fails again
    │   ├── UnknownValueError     names the thing, what was found and what is allowed
    │   ├── UnreadableInputError  a file that cannot be read as what it should be
    │   ├── NotFoundError         the thing is not there, or not for the caller to see
    │   ├── NotAllowedError       the caller is known and may not do this
    │   ├── NotSignedInError      nobody knows who the caller is
    │   ├── ConflictError         right by itself, wrong in the state things are in
    │   └── TooManyError          too often, or too much at once; later it may work
    └── FailureError          ours or the machine's: the request was right
        ├── StorageError          a disk, folder or file refused; try again once it is mended
        │   ├── LogReplacedError      files of the log were replaced while they were read
        │   └── LogDamagedError       the log is not what was acknowledged
        ├── LogVersionError       the log was written by a Tawny this one does not read
        └── EngineError           the query engine failed
            ├── EngineMemoryError     for want of memory; a smaller part may fit
            └── EngineUnreachableError  it runs elsewhere and does not answer

A room may have a class of its own below one of these (`WorkerStoppedError`, the client's
`ServerError`), never beside them. Each carries one sentence for a person; a traceback is never what
a user reads. The sentence is a template with named values, so that it can be said in every
language:

    raise RequestError("limit: found {limit}; allowed 1 to 500", limit=limit)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from tawny.text import Text


class TawnyError(Exception):
    """Root of the tree. `str(error)` is one plain line of English, `error.text` the same for
    `tawny.languages.translated`, which says it in another language.

    `exit_status` is what the command line ends with; `retry` says whether the same call may
    succeed later without a change of the request.
    """

    exit_status = 1
    retry = False

    def __init__(self, sentence: str | Text, /, **values: object) -> None:
        self.text = sentence if isinstance(sentence, Text) else Text(sentence, **values)
        super().__init__(str(self.text))


class RequestError(TawnyError):
    """The caller asked for something that cannot be: wrong type, zone, date, file."""

    exit_status = 2


class UnknownValueError(RequestError):
    """A value that is not one of the known ones; the closest known one is named."""

    def __init__(
        self, thing: str | Text, found: str, known: Iterable[str], advice: Text | None = None
    ) -> None:
        names = list(known)
        close = difflib.get_close_matches(found, names, n=1, cutoff=0.5)
        if close:
            text = Text("{thing}: found {found!r}, did you mean {closest!r}?",
                        thing=thing, found=found, closest=close[0])  # fmt: skip
        elif names and len(names) <= 15:
            text = Text("{thing}: found {found!r}; allowed: {allowed}",
                        thing=thing, found=found, allowed=", ".join(names))  # fmt: skip
        else:
            text = Text("{thing}: found {found!r}", thing=thing, found=found)
        if advice is not None and close:
            text = Text("{question} {advice}", question=text, advice=advice)
        elif advice is not None:
            text = Text("{text}; {advice}", text=text, advice=advice)
        super().__init__(text)


class UnreadableInputError(RequestError):
    """A file that is missing, is a folder, may not be read, or is not what it should be."""


class NotFoundError(RequestError):
    """Not there. What a caller may not see is answered in the same words as what never was."""


class NotAllowedError(RequestError):
    """The caller's role, channels or token do not cover this."""


class NotSignedInError(RequestError):
    """No session and no token, or one that has ended."""


class ConflictError(RequestError):
    """The thing is in a state in which this cannot be done."""


class TooManyError(RequestError):
    """A limit on how often or how much; `retry_after_s` says when it may work again."""

    retry = True

    def __init__(self, sentence: str | Text, /, retry_after_s: int, **values: object) -> None:
        super().__init__(sentence, **values)
        self.retry_after_s = retry_after_s


class FailureError(TawnyError):
    """The request was right, yet it could not be carried out."""


class StorageError(FailureError):
    """A disk is full, a folder is read-only, a file vanished. Mend it and try again."""

    retry = True


class LogReplacedError(StorageError):
    """Files of the event log were replaced by smaller or larger ones while they were read. The next
    look finds the new ones."""


class LogDamagedError(StorageError):
    """The event log is less than what was acknowledged. Nothing is read or written before it is
    restored, or accepted as it is."""

    retry = False


class LogVersionError(FailureError):
    """The event log, or a file beside it, was written by a version of Tawny that this one does not
    read: a newer one, or one from before the first release."""


class EngineError(FailureError):
    """The query engine failed on a request that was right."""


class EngineUnreachableError(EngineError):
    """The engine runs elsewhere and does not answer, from the start or any more."""


class EngineMemoryError(EngineError):
    """A query needs more memory than it may use, and what it holds cannot be spilled."""
