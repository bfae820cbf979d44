"""A Frictionless Data Package over the files of one request: types, keys and links.

What a package promises is what always holds, for every log (section 3 of the definition of the
exports says which rows there are):

- `topics`, `tags` and `virtual-agents` have a row per id and channel, yet show the channel's
  name, which may repeat or be unknown: no primary key. Neither has `user-presence`: two changes
  in one millisecond make two intervals with the same start.
- A conversation of `messages` or `response-times` may be resolved in another range, or a message
  answered here may have come in before it: no foreign key. An agent may be virtual and so have
  no row in `users`; a team may have sent messages other than replies and so have none in `teams`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tawny.exports.columns import HEADER_LANGUAGES, Column, ColumnType

PACKAGE_PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
RESOURCE_PROFILE = "https://datapackage.org/profiles/2.0/dataresource.json"
SCHEMA_PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"


@dataclass(frozen=True, slots=True)
class Resource:
    """One written file of an export.

    `path` is relative to the package's file, with `/`; `format` is one of `FORMATS`; `sha256` is
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


@dataclass(frozen=True, slots=True)
class _FormatSpec:
    """What the package says of a format; `lists` tells whether a list is one text or a list."""

    media_type: str
    lists: str
    extra: Mapping[str, Any]


_UTF8 = {"encoding": "utf-8"}

FORMATS: dict[str, _FormatSpec] = {
    "csv": _FormatSpec(
        "text/csv",
        "string",
        _UTF8
        | {
            "dialect": {
                "header": True,
                "delimiter": ",",
                "lineTerminator": "\n",
                "quoteChar": '"',
                "doubleQuote": True,
                "skipInitialSpace": False,
            }
        },
    ),
    "jsonl": _FormatSpec("application/x-ndjson", "array", _UTF8),
    "parquet": _FormatSpec("application/vnd.apache.parquet", "array", {}),
    "xlsx": _FormatSpec(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "string", {}
    ),
}
"""The formats a package can list; `csv` is the `machine` dialect."""


@dataclass(frozen=True, slots=True)
class _Promises:
    """What always holds for the rows of an export, by column key.

    `required` columns are never empty. A foreign key leads from a column to the primary key of
    another export of the same request.
    """

    primary_key: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    foreign_keys: Mapping[str, str] | None = None


_CONVERSATION = (
    "contact_profile_id",
    "created_at",
    "current_status",
    "inbound_messages",
    "outbound_messages",
    "last_updated",
)

_COUNTED_FOR_PEOPLE = (
    "resolves_with_response",
    "resolves_without_response",
    "contacts_helped",
    "csat_score_1",
    "csat_score_2",
    "csat_score_3",
    "csat_score_4",
    "csat_score_5",
    "tags_added",
    "topics_added",
    "replies",
)

_PROMISES: dict[str, _Promises] = {
    "resolved-conversations": _Promises(
        ("conversation_id",), (*_CONVERSATION, "resolved_by", "resolve_trigger", "resolved_at")
    ),
    "open-conversations": _Promises(("conversation_id",), _CONVERSATION),
    "messages": _Promises(
        ("message_id",),
        ("created_at", "conversation_id", "contact_profile_id", "direction", "last_updated"),
        # A contact with a message in the range is in contacts.
        {"contact_profile_id": "contacts"},
    ),
    "teams": _Promises(("team_id",), ("created_at", *_COUNTED_FOR_PEOPLE)),
    "contacts": _Promises(
        ("contact_profile_id",), ("conversations", "inbound_messages", "outbound_messages")
    ),
    "topics": _Promises((), ("topic_id", "active", "total_conversations", "current_conversations")),
    "tags": _Promises(
        (), ("tag_id", "active", "total_contacts", "total_messages", "current_messages")
    ),
    "user-presence": _Promises((), ("user_id", "presence", "from", "duration")),
    "users": _Promises(("user_id",), _COUNTED_FOR_PEOPLE),
    "response-times": _Promises(
        ("outbound_message_id",),
        (
            "conversation_id",
            "contact_profile_id",
            "started_by",
            "from",
            "to",
            "agent_response_time",
        ),
        # The reply that ends a response is a message of the range, and so is its contact there.
        {"outbound_message_id": "messages", "contact_profile_id": "contacts"},
    ),
    "virtual-agents": _Promises(
        (),
        (
            "agent_id",
            "conversations",
            "handed_over",
            "handed_over_error",
            "resolved",
            "topics_applied",
            "tagged_messages",
            "tags_applied",
        ),
    ),
    "contact-attributes": _Promises(
        ("contact_profile_id", "attribute_id"),
        ("attribute_type",),
        {"contact_profile_id": "contacts"},
    ),
}

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
    spec = FORMATS[resource.format]
    return {
        "$schema": RESOURCE_PROFILE,
        "type": "table",
        "name": resource.export,
        "path": resource.path,
        "title": resource.title,
        "description": resource.description,
        "format": resource.format,
        "mediatype": spec.media_type,
        "bytes": resource.bytes,
        "hash": f"sha256:{resource.sha256}",
        "rows": resource.rows,
        **spec.extra,
        "schema": _schema(resource, by_export),
    }


def _schema(resource: Resource, by_export: Mapping[str, Resource]) -> dict[str, Any]:
    promises = _PROMISES.get(resource.export, _Promises())
    filled = {*promises.primary_key, *promises.required}
    if unknown := filled - {column.key for column in resource.columns}:
        raise KeyError(f"{resource.export} has no column {', '.join(sorted(unknown))}")
    schema: dict[str, Any] = {
        "$schema": SCHEMA_PROFILE,
        "fields": [
            _field(column, resource, required=column.key in filled) for column in resource.columns
        ],
        "missingValues": [""],
    }
    if promises.primary_key:
        schema["primaryKey"] = [_header(resource, key) for key in promises.primary_key]
    foreign_keys = [
        {
            "fields": [_header(resource, key)],
            "reference": {
                "resource": target,
                "fields": [
                    _header(by_export[target], one) for one in _PROMISES[target].primary_key
                ],
            },
        }
        for key, target in (promises.foreign_keys or {}).items()
        if target in by_export
    ]
    if foreign_keys:
        schema["foreignKeys"] = foreign_keys
    return schema


def _field(column: Column, resource: Resource, *, required: bool) -> dict[str, Any]:
    language = HEADER_LANGUAGES[resource.header_style]
    field: dict[str, Any] = {
        "name": column.headers[resource.header_style],
        "type": (
            FORMATS[resource.format].lists
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
