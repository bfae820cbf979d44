"""The engines there are, and how each is opened."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from tawny.engine.base import Engine, EngineName
from tawny.engine.duck import Duck
from tawny.errors import RequestError, UnknownValueError
from tawny.scratch import scratch_folder
from tawny.settings import Settings

if TYPE_CHECKING:
    from tawny.engine.spark import Spark

ENGINE_NAMES: tuple[EngineName, ...] = get_args(EngineName)

EMBEDDED: EngineName = "duckdb"
CLUSTER: EngineName = "spark"
"""The engine at the address of the setting `engine_url`."""


def engine_name(text: str) -> EngineName:
    """The engine of a name. Raises `UnknownValueError`."""
    for name in ENGINE_NAMES:
        if name == text:
            return name
    raise UnknownValueError("engine", text, ENGINE_NAMES)


def open_of_folder(home: Path, settings: Settings, threads: int | None = None) -> Duck:
    """The engine in this process for a data folder, with the memory and, where no other number is
    given, the threads of the settings; a context manager."""
    return open_embedded(
        scratch_folder(home),
        settings.number("engine_memory_mb"),
        threads or settings.engine_threads(),
    )


def open_embedded(scratch: Path, memory_mb: int, threads: int) -> Duck:
    """The engine in this process, a context manager. It spills into the scratch folder."""
    return Duck(scratch, memory_mb, threads)


_INTERRUPT_S = 10.0
"""How long clusters are waited for before a process ends; one that is busy answers late."""

_open_clusters: set[Engine] = set()


def interrupt_clusters() -> None:
    """Stop what clusters do for this process, from another thread: a cluster goes on with a
    statement of whose client it hears nothing any more."""
    for cluster in list(_open_clusters):
        cluster.interrupt()


@contextlib.contextmanager
def _interrupting_first() -> Iterator[None]:
    """Have a signal that ends this process stop first what clusters do for it; its client lets go
    of the statement before anybody could. After Ctrl-C whatever goes wrong is `KeyboardInterrupt`:
    the client asks the cluster to stop, too, and what goes wrong with that, or the end of the
    statement itself, may take the place of the interrupt."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    pressed = threading.Event()

    def end(number: int, _frame: object) -> None:
        if number == signal.SIGINT:
            pressed.set()
        # Who presses the key again does not want to wait.
        signal.signal(number, before[signal.Signals(number)] or signal.SIG_DFL)
        # In a thread: this one may be in the middle of the client.
        helper = threading.Thread(target=interrupt_clusters, daemon=True)
        helper.start()
        helper.join(_INTERRUPT_S)
        signal.raise_signal(number)

    before = {one: signal.signal(one, end) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except Exception as error:
        if pressed.is_set():
            raise KeyboardInterrupt from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def _open_spark(settings: Settings, embedded: Duck, scratch: Path) -> AbstractContextManager[Spark]:
    """A session with the cluster of the setting `engine_url`. Raises `RequestError` without one,
    `EngineUnreachableError` where none answers."""
    url = settings.text("engine_url")
    if not url.startswith("sc://"):
        # The address may hold a secret, so it is not repeated.
        raise RequestError(
            "TAWNY_ENGINE_URL: found no address of a cluster; allowed sc://HOST:PORT of a Spark "
            "Connect endpoint"
        )
    # Only an export on a cluster waits for its client.
    from tawny.engine.spark import Spark

    return Spark(url, embedded, scratch)


_OTHERS: Mapping[EngineName, Callable[[Settings, Duck, Path], AbstractContextManager[Engine]]] = {
    "spark": _open_spark,
}
"""How the engines that are not in this process are opened."""


@contextlib.contextmanager
def open_other(
    name: EngineName, settings: Settings, embedded: Duck, scratch: Path
) -> Iterator[Engine]:
    """A session with an engine that is not the embedded one, which makes cells of its rows. Raises
    what is said where it is opened."""
    with _OTHERS[name](settings, embedded, scratch) as engine, _interrupting_first():
        _open_clusters.add(engine)
        try:
            yield engine
        finally:
            _open_clusters.discard(engine)
