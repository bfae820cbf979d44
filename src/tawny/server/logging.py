"""Logs as lines of JSON on standard error, for machines to collect. They hold numbers, routes and
request ids; no names, addresses, query strings or contents."""

from __future__ import annotations

import atexit
import json
import logging
import logging.handlers
import queue
import sys
from datetime import UTC, datetime

_FIELDS = ("request_id", "method", "route", "status", "ms", "user_id", "bytes_in")


class JsonFormatter(logging.Formatter):
    """One JSON object a line; times in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {
            name: getattr(record, name)
            for name in _FIELDS
            if getattr(record, name, None) is not None
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class _HandOver(logging.handlers.QueueHandler):
    """Gives records to the thread that writes them, as they are."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Nothing: the thread is in this process and formats the record itself."""
        return record


def configure(level: str = "INFO") -> None:
    """Send every log of the process through `JsonFormatter`.

    A thread of its own writes the lines: where standard error is a file on a busy disk, or a pipe
    nobody reads, writing may take seconds, and no answer waits for that.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    listener = logging.handlers.QueueListener(records, handler)
    listener.start()
    atexit.register(listener.stop)
    root = logging.getLogger()
    root.handlers[:] = [_HandOver(records)]
    root.setLevel("WARNING")
    logging.getLogger("tawny").handlers[:] = []
    logging.getLogger("tawny").setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "dbos", "litestar"):
        logger = logging.getLogger(name)
        # With none DBOS would write by itself.
        logger.handlers[:] = [logging.NullHandler()]
        logger.propagate = True
