"""`make demo`: a simulated quarter of a care centre, and all twelve exports of last month."""

from __future__ import annotations

import datetime
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

CONVERSATIONS = 15_000
TIME_ZONE = "Europe/Paris"

FOLDER = Path("demo")
HOME = FOLDER / "home"
EVENTS = FOLDER / "events.ndjson"
TAWNY = Path(sys.executable).with_name("tawny")


def first_of_month(day: datetime.date, months_back: int) -> datetime.date:
    """The first day of the month that lies so many months before the one of `day`."""
    months = day.year * 12 + day.month - 1 - months_back
    return datetime.date(months // 12, months % 12 + 1, 1)


def say(text: str) -> None:
    """A line that appears at once, also when piped."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def tawny(*arguments: str) -> None:
    """Show a command line and run it; ends the demo when it fails."""
    say(f"\n$ tawny {shlex.join(arguments)}")
    status = subprocess.run([TAWNY, *arguments], check=False).returncode  # noqa: S603 - our own
    if status != 0:
        sys.exit(f"The demo stopped: the command above ended with {status}.")


def main() -> None:
    """Run the demo in the folder `demo` below the current one."""
    began = time.monotonic()
    today = datetime.datetime.now(datetime.UTC).date()
    this_month, last_month, quarter = (first_of_month(today, back) for back in (0, 1, 3))
    # Begun anew each time: the sample depends on the date, and another quarter's events under the
    # same ids would be other events.
    shutil.rmtree(HOME, ignore_errors=True)
    FOLDER.mkdir(exist_ok=True)
    os.environ["TAWNY_HOME"] = str(HOME)

    say(f"A care centre from {quarter} to {this_month}, {CONVERSATIONS:,} conversations:")
    span = ("--from", quarter.isoformat(), "--to", this_month.isoformat())
    tawny("sample", "--conversations", str(CONVERSATIONS), *span, "-o", str(EVENTS))
    say(f"\nInto the event log {HOME}/log:")
    tawny("ingest", str(EVENTS))
    say("\nAll twelve exports of last month, from one state of the log:")
    month = ("--from", last_month.isoformat(), "--to", this_month.isoformat())
    tawny("export", "all", *month, "--tz", TIME_ZONE, "-o", str(FOLDER))

    say(f"""
Done in {time.monotonic() - began:.0f} s. Beside each file lies its receipt.

Look further (with this line first):
  export PATH="$PWD/.venv/bin:$PATH" TAWNY_HOME="$PWD/{HOME}"
  tawny log                                what is in the event log
  tawny columns response-times             what each column of an export means
  tawny export users --from {last_month} --to {this_month} -o {FOLDER}/users.xlsx
  tawny export --receipt {FOLDER}/users.csv.receipt.json -o again.csv   the same bytes again
  tawny --help                             everything else; README.md and docs/ explain it""")


if __name__ == "__main__":
    main()
