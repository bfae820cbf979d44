"""The icons of the pages: outlines on a 24 by 24 grid, drawn with the colour of the text."""

from __future__ import annotations

from markupsafe import Markup

_PATHS = {
    "again": "M20 11a8 8 0 1 0-2.3 5.7M20 5v6h-6",
    "bell": "M18 9a6 6 0 1 0-12 0c0 6-2.5 7-2.5 7h17S18 15 18 9M10 20a2.2 2.2 0 0 0 4 0",
    "calendar": "M4 6h16v14H4zM4 10h16M8 3v5M16 3v5",
    "check": "m5 12.5 4.5 4.5L19 7.5",
    "clock": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7v5l3.5 2",
    "close": "m6 6 12 12M18 6 6 18",
    "copy": "M9 9h11v11H9zM5 15H4V4h11v1",
    "download": "M12 4v11m-5-4.5 5 5 5-5M4.5 20h15",
    "key": "M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8m3 1L20 3m-4 4 3 3",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "next": "m9 5 7 7-7 7",
    "previous": "m15 5-7 7 7 7",
    "plus": "M12 5v14M5 12h14",
    "search": "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14m5.2 12.2L21 21",
    "stop": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M9 9h6v6H9z",
    "user": "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4.5 20.5c1-4 4-5.5 7.5-5.5s6.500 1.500 7.500 5.500",
    "warning": "M12 4 2.8 20h18.400zM12 10v4.500m0 2.800v.2",
}


def icon(name: str) -> Markup:
    """An icon as decoration: the control it stands in must have a name of its own."""
    drawn = f'<path d="{_PATHS[name]}"/>'
    svg = f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{drawn}</svg>'
    return Markup(svg)  # noqa: S704 - of our own paths
