"""The API explained on a page of our own, made from the same document that machines read."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader
from litestar import Request, Response, get
from markupsafe import Markup, escape

from tawny.server.pages.static_files import static_url

_templates = Environment(loader=PackageLoader("tawny.server.api", "templates"), autoescape=True)


@get("/docs", opt={"public": True}, sync_to_thread=False, include_in_schema=False)
def docs_page(request: Request[Any, Any, Any]) -> Response[str]:
    """The same for people; nothing on it comes from another host."""
    document = request.app.openapi_schema.to_schema()
    page = _templates.get_template("docs.html").render(
        document=document,
        groups=_groups(document),
        schema_name=_schema_name,
        static=static_url,
        code=_code,
    )
    return Response(page, media_type="text/html")


@get("/docs.css", opt={"public": True}, sync_to_thread=False, include_in_schema=False)
def docs_style() -> Response[str]:
    """The style sheet of the page."""
    return Response(_style(), media_type="text/css")


@cache
def _style() -> str:
    return _templates.get_template("docs.css").render()


def _groups(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "head" or not isinstance(operation, dict):
                continue
            for tag in operation.get("tags", ["other"]):
                groups.setdefault(tag, []).append(
                    {"path": path, "method": method.upper(), **operation}
                )
    return groups


def _code(text: str) -> Markup:
    """A text of the document, with what stands between back-ticks as code."""
    parts = [str(escape(part)) for part in text.split("`")]
    marked = (f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts))
    return Markup("".join(marked))  # noqa: S704 - every part is escaped


def _schema_name(schema: dict[str, Any] | None) -> str:
    """How a schema is named on the page."""
    if not schema:
        return "any"
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "oneOf" in schema or "anyOf" in schema:
        return " or ".join(_schema_name(one) for one in schema.get("oneOf") or schema["anyOf"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_schema_name(schema.get('items'))}"
    kind = schema.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


HANDLERS = (docs_page, docs_style)
