"""A Frictionless Data Package over the files of one request: types, keys and links.

What a package promises is what always holds, for every log (the description of each export says
which rows there are):

- `topics`, `tags` and `virtual-agents` have a row per id and channel, yet show the channel's
  name, which may repeat or be unknown: no primary key. Neither has `user-presence`: two changes
  in one millisecond make two intervals with the same start.
- A conversation of `messages` or `response-times` may be resolved in another range, or a message
  answered here may have come in before it: no foreign key. An agent may be virtual and so have
  no row in `users`; a team may have sent messages other than replies and so have none in `teams`.
- Who resolved a conversation, and what triggered it, is empty where nobody recorded the cause.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tawny.exports.formats.base import PROGRAMS
from tawny.exports.formats.registry import file_format
from tawny.queries.catalogue import EXPORT_TYPES, query
from tawny.queries.columns import HEADER_LANGUAGES, Column, ColumnType

PACKAGE_PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
RESOURCE_PROFILE = "https://datapackage.org/profiles/2.0/dataresource.json"
SCHEMA_PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"


@dataclass(frozen=True, slots=True)
class Resource:
    """One written file of an export.

    `path` is relative to the package's file, with `/`; `format` is the name of one; `sha256` is
    in lower-case hexadecimal; `bytes` and `rows` (header not counted) are those of the file.
    """

    export: str
    path: str
    format: str
    columns: Sequence[Column]
    header_style: str
    title: str
    description: str
    bytes: int
    sha256: str
    rows: int
    primary_key: tuple[str, ...] = ()
    """The row key of the export (`Head.primary_key`); empty where the file has not all of it."""


_FIELD_TYPES = {
    ColumnType.TIMESTAMP: "datetime",
    ColumnType.DURATION: "integer",
    ColumnType.INTEGER: "integer",
    ColumnType.PERCENT: "number",
    ColumnType.BOOLEAN: "boolean",
}

_LISTS = frozenset({ColumnType.ID_LIST, ColumnType.TEXT_LIST})


def datapackage(
    resources: Sequence[Resource],
    *,
    name: str,
    title: str,
    description: str,
    created: str,
) -> dict[str, Any]:
    """The content of `datapackage.json` for files of one request (same range, zone, channels,
    `as_of` and log version), at most one of each export.

    `name` is in lower case with digits, `-`, `.`, `_`; `created` is RFC 3339 with offset. A
    foreign key is stated where both of its files are in the package.
    """
    by_export = {resource.export: resource for resource in resources}
    if len(by_export) < len(resources):
        raise ValueError("a data package holds one file of each export")
    return {
        "$schema": PACKAGE_PROFILE,
        "name": name,
        "title": title,
        "description": description,
        "created": created,
        "resources": [_resource(resource, by_export) for resource in resources],
    }


def _resource(resource: Resource, by_export: Mapping[str, Resource]) -> dict[str, Any]:
    chosen = file_format(resource.format, PROGRAMS.name)
    return {
        "$schema": RESOURCE_PROFILE,
        "type": "table",
        "name": resource.export,
        "path": resource.path,
        "title": resource.title,
        "description": resource.description,
        "format": resource.format,
        "mediatype": chosen.media_type,
        "bytes": resource.bytes,
        "hash": f"sha256:{resource.sha256}",
        "rows": resource.rows,
        **(chosen.package or {}),
        "schema": _schema(resource, by_export),
    }


def _schema(resource: Resource, by_export: Mapping[str, Resource]) -> dict[str, Any]:
    head = query(resource.export).head if resource.export in EXPORT_TYPES else None
    filled = {*resource.primary_key, *(head.never_empty if head else ())}
    keys = {column.key for column in resource.columns}
    schema: dict[str, Any] = {
        "$schema": SCHEMA_PROFILE,
        "fields": [
            _field(column, resource, required=column.key in filled) for column in resource.columns
        ],
        "missingValues": [""],
    }
    if resource.primary_key:
        schema["primaryKey"] = [_header(resource, key) for key in resource.primary_key]
    foreign_keys = [
        {
            "fields": [_header(resource, key)],
            "reference": {
                "resource": target,
                "fields": [
                    _header(by_export[target], one) for one in by_export[target].primary_key
                ],
            },
        }
        for key, target in (head.links if head else {}).items()
        if key in keys and target in by_export and by_export[target].primary_key
    ]
    if foreign_keys:
        schema["foreignKeys"] = foreign_keys
    return schema


def _field(column: Column, resource: Resource, *, required: bool) -> dict[str, Any]:
    language = HEADER_LANGUAGES[resource.header_style]
    field: dict[str, Any] = {
        "name": column.headers[resource.header_style],
        "type": (
            _list_type(resource)
            if column.type in _LISTS
            else _FIELD_TYPES.get(column.type, "string")
        ),
        "title": column.headers[language],
        "description": column.definition[language],
        "key": column.key,
    }
    if column.unit:
        field["unit"] = column.unit
    if column.type is ColumnType.TIMESTAMP:
        # The default format is an ISO date-time with its offset, to the millisecond.
        field["format"] = "default"
    if column.type is ColumnType.BOOLEAN:
        field |= {"trueValues": ["true"], "falseValues": ["false"]}
    constraints = _bounds(column)
    if required:
        constraints["required"] = True
    if constraints:
        field["constraints"] = constraints
    return field


def _list_type(resource: Resource) -> str:
    chosen = file_format(resource.format, PROGRAMS.name)
    return "string" if chosen.lists_are_texts else "array"


def _bounds(column: Column) -> dict[str, Any]:
    """The least and the greatest value; a unit such as `1-5` is a scale."""
    if column.type is ColumnType.PERCENT:
        return {"minimum": 0, "maximum": 100}
    if column.type not in (ColumnType.DURATION, ColumnType.INTEGER):
        return {}
    if scale := re.fullmatch(r"(\d+)-(\d+)", column.unit):
        return {"minimum": int(scale[1]), "maximum": int(scale[2])}
    return {"minimum": 0}


def _header(resource: Resource, key: str) -> str:
    for column in resource.columns:
        if column.key == key:
            return column.headers[resource.header_style]
    raise KeyError(f"{resource.export} has no column {key}")
