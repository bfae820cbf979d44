"""What the server hands to a handler that names it: `services`, `caller`, `language` and the like.

Each is the type itself, marked as handed in by name; `app.py` says who provides it.
"""

from __future__ import annotations

from typing import TypeAlias

from litestar.di import NamedDependency

from tawny.people import callers
from tawny.server import metrics, services

Services: TypeAlias = NamedDependency[services.Services]
Caller: TypeAlias = NamedDependency[callers.Caller]
"""Who asks; a route of which nobody may ask without signing in."""
MaybeCaller: TypeAlias = NamedDependency[callers.Caller | None]
"""Who asks, None when nobody has signed in."""
Language: TypeAlias = NamedDependency[str]
"""The language of the answer: `en` or `fr`."""
Metrics: TypeAlias = NamedDependency[metrics.Metrics]
