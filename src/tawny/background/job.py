"""What a job of a worker process is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tawny.settings import Settings

Tell = Callable[[str, int], None]
"""Called with a phase and how far it is, in percent."""

Arguments = Mapping[str, Any]
"""As JSON has them."""

Job = Callable[[Path, Settings, Arguments, Tell], dict[str, Any]]
"""Takes the data folder, the settings and its arguments; returns what JSON can carry."""

SMALL_FILES = 12
"""A month with more small files than this is compacted between two moves of the inbox."""
