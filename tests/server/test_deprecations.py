"""The server is declared in the way its framework keeps: an update must not end it."""

import warnings
from pathlib import Path

from tawny.server.app import create_app
from tawny.settings import Settings


def test_the_server_uses_nothing_that_will_be_dropped(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        create_app(tmp_path, Settings())
