"""`make demo`: a simulated care centre, all twelve exports of last month, and the server on it.

The server goes on in the background: `make stop` ends it, and so does the next `make demo`.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import http.client
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

CONVERSATIONS = 15_000
TIME_ZONE = "Europe/Paris"

FOLDER = Path("demo")
HOME = FOLDER / "home"
EVENTS = FOLDER / "events.ndjson"
SERVER_LOG = FOLDER / "server.log"
SERVER_PID = FOLDER / "server.pid"
TAWNY = Path(sys.executable).with_name("tawny")

START_S = 60
STOP_S = 20


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


def server_process() -> int | None:
    """The process of the demo's server, if it runs. A number that another program has by now is
    nobody's."""
    try:
        number = int(SERVER_PID.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return number if str(HOME.absolute()) in command_of(number) else None


def command_of(number: int) -> str:
    """The command line of a process, nothing when there is none."""
    try:
        return Path(f"/proc/{number}/cmdline").read_text(encoding="utf-8")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return ""
    asked = ["ps", "-ww", "-o", "command=", "-p", str(number)]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout  # noqa: S603


def stop() -> bool:
    """End the server of an earlier demo; says whether there was one."""
    number = server_process()
    if number is not None:
        os.kill(number, signal.SIGTERM)
        until = time.monotonic() + STOP_S
        while server_process() is not None:
            if time.monotonic() > until:
                os.kill(number, signal.SIGKILL)
            time.sleep(0.1)
    SERVER_PID.unlink(missing_ok=True)
    return number is not None


def check_port(port: int) -> None:
    """End the demo in words when the port is somebody else's, before the long part."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            sys.exit(
                f"Port {port} cannot be used ({error.strerror}). Choose another one: "
                f"make demo PORT={port + 1 if port < 65535 else 8000}"
            )


def serve(port: int) -> str:
    """Start the server in the background; returns the link to create the administrator."""
    with SERVER_LOG.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own
            [TAWNY, "--home", str(HOME.absolute()), "serve", "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    SERVER_PID.write_text(f"{process.pid}\n", encoding="utf-8")
    until = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < until:
        link = re.search(r"http\S+/set-up/\S+", SERVER_LOG.read_text(encoding="utf-8"))
        if link:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            with contextlib.suppress(http.client.HTTPException, OSError):
                connection.request("GET", "/health")
                if connection.getresponse().status == http.HTTPStatus.OK:
                    return link[0]
        time.sleep(0.1)
    stop()
    said = SERVER_LOG.read_text(encoding="utf-8").strip().splitlines()
    sys.exit(f"The server did not start: {said[-1] if said else 'it said nothing'}")


def main() -> None:
    """Run the demo in the folder `demo` below the current one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=int(os.environ.get("TAWNY_PORT") or 8000))
    parser.add_argument("--conversations", type=int, default=CONVERSATIONS)
    parser.add_argument("--stop", action="store_true", help="Only end the server of the demo.")
    asked = parser.parse_args()
    if asked.stop:
        say("The server of the demo has stopped." if stop() else "No server of the demo runs.")
        return

    began = time.monotonic()
    today = datetime.datetime.now(datetime.UTC).date()
    this_month, last_month, start = (first_of_month(today, back) for back in (0, 1, 3))
    if stop():
        say("Stopped the server of the demo before.")
    check_port(asked.port)
    # Begun anew each time: the sample depends on the date, and another quarter's events under the
    # same ids would be other events.
    shutil.rmtree(HOME, ignore_errors=True)
    FOLDER.mkdir(exist_ok=True)
    os.environ["TAWNY_HOME"] = str(HOME)

    say(f"A care centre from {start} to {today}, {asked.conversations:,} conversations:")
    span = ("--from", start.isoformat(), "--to", today.isoformat())
    tawny("sample", "--conversations", str(asked.conversations), *span, "-o", str(EVENTS))
    say(f"\nInto the event log {HOME}/log:")
    tawny("ingest", str(EVENTS))
    say("\nAll twelve exports of last month, from one state of the log:")
    month = ("--from", last_month.isoformat(), "--to", this_month.isoformat())
    tawny("export", "all", *month, "--tz", TIME_ZONE, "-o", str(FOLDER))
    link = serve(asked.port)

    say(f"""
Done in {time.monotonic() - began:.0f} s. Beside each file lies its receipt.

On the command line (with this line first):
  export PATH="$PWD/.venv/bin:$PATH" TAWNY_HOME="$PWD/{HOME}"
  tawny log                                what is in the event log
  tawny columns response-times             what each column of an export means
  tawny export users --from {last_month} --to {this_month} -o {FOLDER}/users.xlsx
  tawny export --receipt {FOLDER}/users.csv.receipt.json -o again.csv   the same bytes again
  tawny --help                             everything else; README.md and docs/ explain it

In the browser: the server runs on this data. Open this link, which works once, choose a name and
a password, and press Generate:

  {link}

make stop ends the server; what it says is in {SERVER_LOG}.""")


if __name__ == "__main__":
    main()
