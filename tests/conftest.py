"""What all tests share: how random input is drawn, one thread for each small query, a cluster, and
the figures a soak ends with."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import figures
from effort import SOAK, examples
from engines import Cluster, sail, simulated_month
from figures import tally

__all__ = ["tally"]

# The tests run side by side; a query over some dozen events gains nothing from more threads.
os.environ.setdefault("TAWNY_ENGINE_THREADS", "1")

# Servers of the tests listen on this machine.
os.environ.setdefault("TAWNY_OUTGOING_PRIVATE", "127.0.0.1")

# The same examples in every ordinary run, so that a change that fails is the change's fault; a
# soak run draws new ones each time.
settings.register_profile(
    "ordinary", derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile(
    "soak",
    max_examples=examples(100),
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("soak" if SOAK else "ordinary")


CI = os.environ.get("CI") == "true"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What is left out on somebody's machine is a failure in continuous integration."""
    report = yield
    if CI and report.skipped:
        report.outcome, report.longrepr = "failed", f"CI leaves nothing out: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same of what is left out as a whole."""
    report = yield
    if CI and report.skipped:
        report.outcome, report.longrepr = "failed", f"CI leaves nothing out: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def on_sail() -> Iterator[Cluster]:
    """Sail, for all tests of a process."""
    with sail() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated month; nothing is added to it."""
    return simulated_month(tmp_path_factory.mktemp("month"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End a soak with figures."""
    reports = [report for some in terminalreporter.stats.values() for report in some]
    lines = figures.found(reports) if SOAK else []
    if lines:
        terminalreporter.section("figures")
    for line in sorted(lines):
        terminalreporter.write_line(line)


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that files may be delivered to."""
    folder = tmp_path / "out"
    folder.mkdir()
    monkeypatch.setenv("TAWNY_DELIVERY_FOLDERS", str(folder))
    return folder
