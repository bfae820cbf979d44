"""Style sheet, scripts and libraries, served by us under names that change with content.

They are few and small, so they are read once, and compressed once. Pages themselves are not
compressed: they hold the session's CSRF token beside words of the request, and the length of both
compressed together would give the token away to who listens and asks (BREACH).
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import MediaType, Request, Response, route
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

FOLDER = Path(__file__).parents[1] / "static"

_YEAR_S = 31_536_000
_TYPES = {
    ".js": "text/javascript",
    ".css": MediaType.CSS,
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is sent."""

    media_type: str
    digest: str
    plain: bytes
    compressed: bytes


@functools.cache
def static_files() -> dict[str, StaticFile]:
    """Every file of the folder, by its path in it."""
    found = {}
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            plain = _trimmed(path)
            found[path.relative_to(FOLDER).as_posix()] = StaticFile(
                media_type=_TYPES.get(path.suffix)
                or mimetypes.guess_type(path.name)[0]
                or MediaType.TEXT,
                digest=hashlib.sha256(plain).hexdigest()[:10],
                plain=plain,
                compressed=gzip.compress(plain, 9, mtime=0),
            )
    return found


def _trimmed(path: Path) -> bytes:
    """A file as browsers need it: our own scripts and styles without indentation and comments."""
    if path.parent != FOLDER or path.suffix not in (".css", ".js"):
        return path.read_bytes()
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    text = "\n".join(line for line in lines if line and not line.startswith("//"))
    if path.suffix == ".css":
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        text = re.sub(r"\s*([{};,])\s*", r"\1", text)
        text = re.sub(r":\s+", ":", text).replace(";}", "}")
        text = re.sub(r"(?<![\d.])0(?=\.\d)", "", text)
    return text.encode()


def static_url(name: str) -> str:
    """Where a static file is served; the query changes when the file does, so that browsers may
    keep it for ever."""
    return f"/static/{name}?{static_files()[name].digest}"


@route(
    "/static/{name:path}",
    http_method=["GET", "HEAD"],
    opt={"public": True, "anonymous": True},
    sync_to_thread=False,
)
def static_file(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """A static file, for a year."""
    found = static_files().get(name.lstrip("/"))
    if found is None:
        raise NotFoundException
    headers = {
        "Cache-Control": f"public, max-age={_YEAR_S}, immutable",
        "ETag": f'"{found.digest}"',
        "Vary": "Accept-Encoding",
    }
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(found.compressed, media_type=found.media_type, headers=headers)
    return Response(found.plain, media_type=found.media_type, headers=headers)


ROUTES = [static_file]
