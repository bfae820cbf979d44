"""Runs `tawny` for tests with the extra `spark`, in an environment of its own: one process for many
calls, since its client takes longer to load than a small export to run.

    in   ["--home", "DIR", "export", ...]
    out  {"status": 0, "out": "", "err": ""}
"""

import contextlib
import io
import json
import os
import sys

from tawny.cli.main import run


def main() -> None:
    """Serve calls until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run(json.loads(line))
        answer = {"status": status, "out": out.getvalue(), "err": err.getvalue()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
