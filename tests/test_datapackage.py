"""The data package of linked files, validated with the `frictionless` library."""

from __future__ import annotations

import csv
import datetime
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from frictionless import Package, Report

from tawny.exports.datapackage import Resource, datapackage
from tawny.exports.formats.arrow_types import ARROW_TYPES
from tawny.exports.formats.registry import FORMATS
from tawny.queries.catalogue import EXPORT_TYPES, query
from tawny.queries.columns import HEADER_STYLES, Column, ColumnType
from workbooks import write_xlsx

ID, TEXT, ENUM, TIMESTAMP = ColumnType.ID, ColumnType.TEXT, ColumnType.ENUM, ColumnType.TIMESTAMP
INTEGER, DURATION = ColumnType.INTEGER, ColumnType.DURATION


def column(key: str, kind: ColumnType, unit: str = "") -> Column:
    english = key.replace("_", " ").title()
    headers = {"en": english, "fr": f"{english} (fr)", "hootdesk-fr": f"{english} (h)", "key": key}
    return Column(
        key, kind, unit, headers, {"en": f"What {key} is.", "fr": f"Ce qu'est {key}."}, ""
    )


COLUMNS: dict[str, list[Column]] = {
    "contacts": [
        column("contact_profile_id", ID),
        column("primary_identifier", TEXT),
        column("created_at", TIMESTAMP),
        column("conversations", INTEGER, "conversations"),
        column("inbound_messages", INTEGER, "messages"),
        column("outbound_messages", INTEGER, "messages"),
    ],
    "messages": [
        column("message_id", ID),
        column("created_at", TIMESTAMP),
        column("conversation_id", ID),
        column("contact_profile_id", ID),
        column("direction", ENUM),
        column("tag_names", ColumnType.TEXT_LIST),
        column("content", TEXT),
        column("last_updated", TIMESTAMP),
    ],
    "response-times": [
        column("conversation_id", ID),
        column("contact_profile_id", ID),
        column("started_by", ENUM),
        column("from", TIMESTAMP),
        column("to", TIMESTAMP),
        column("agent_response_time", DURATION, "s"),
        column("outbound_message_id", ID),
    ],
    "contact-attributes": [
        column("contact_profile_id", ID),
        column("attribute_id", ID),
        column("attribute_value", TEXT),
        column("attribute_type", ENUM),
    ],
    "user-presence": [
        column("user_id", ID),
        column("presence", ENUM),
        column("from", TIMESTAMP),
        column("to", TIMESTAMP),
        column("duration", DURATION, "s"),
    ],
    "tags": [
        column("tag_id", ID),
        column("active", ColumnType.BOOLEAN),
        column("total_contacts", INTEGER, "contacts"),
        column("total_messages", INTEGER, "messages"),
        column("current_messages", INTEGER, "messages"),
        column("channel", TEXT),
    ],
    "a-new-export": [
        column("share", ColumnType.PERCENT, "%"),
        column("csat_score", INTEGER, "1-5"),
        column("page", ColumnType.URL),
    ],
}

T0, T1 = "2026-06-08T14:03:22.120+02:00", "2026-06-08T14:10:00.000+02:00"

ROWS: dict[str, list[list[str]]] = {
    "contacts": [["k-1", '@ann, "A"', T0, "1", "1", "1"], ["007", "", "", "1", "0", "1"]],
    "messages": [
        ["m-1", T0, "c-1", "k-1", "inbound", "a\\;b;c", '=1+1\nline, "two"', T0],
        ["r-1", T1, "c-1", "k-1", "outbound", "", "", T1],
        ["r-2", T1, "c-2", "007", "outbound", "", "", T1],
    ],
    "response-times": [["c-1", "k-1", "CONTACT_SENT_MESSAGE", T0, T1, "397", "r-1"]],
    "contact-attributes": [["k-1", "a-1", "Gent", "custom"], ["k-1", "a-2", "", "crm"]],
    "user-presence": [["ann", "available", T0, T0, "0"], ["ann", "away", T0, "", "60"]],
    "tags": [["t-1", "true", "1", "1", "1", "Shop"], ["t-1", "false", "1", "1", "0", "Shop"]],
    "a-new-export": [["22.2", "5", "not a url"], ["100", "", ""]],
}


def write_csv(folder: Path, export: str, rows: Sequence[Sequence[str]], style: str) -> Resource:
    path = folder / f"{export}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([one.headers[style] for one in COLUMNS[export]])
        writer.writerows(rows)
    return listed(path, export, "csv", style, len(rows))


def listed(path: Path, export: str, kind: str, style: str, rows: int) -> Resource:
    content = path.read_bytes()
    return Resource(
        export=export,
        path=path.name,
        format=kind,
        columns=COLUMNS[export],
        header_style=style,
        title=export.title(),
        description=f"One row per {export}.",
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        rows=rows,
        primary_key=query(export).head.primary_key if export in EXPORT_TYPES else (),
    )


def package(resources: Sequence[Resource]) -> dict[str, Any]:
    return datapackage(
        resources,
        name="tawny-2026-06-08",
        title="8 June 2026",
        description="All exports of a day.",
        created="2026-06-30T00:00:00Z",
    )


def validated(folder: Path, changes: dict[str, list[list[str]]], style: str = "en") -> Report:
    """What the library says of the rows above, some exports replaced, read from the disk."""
    rows = ROWS | changes
    resources = [write_csv(folder, export, rows[export], style) for export in rows]
    path = folder / "datapackage.json"
    path.write_text(json.dumps(package(resources)), encoding="utf-8")
    report: Report = Package(str(path)).validate()
    return report


def errors(report: Report) -> list[tuple[str, str, int | None, str | None]]:
    """Of each error the resource, the type, the row in the file and the field."""
    assert report.errors == []
    return [
        (
            task.name,
            error.type,
            getattr(error, "row_number", None),
            getattr(error, "field_name", None),
        )
        for task in report.tasks
        for error in task.errors
    ]


@pytest.mark.parametrize("style", HEADER_STYLES)
def test_linked_files_are_valid(tmp_path: Path, style: str) -> None:
    report = validated(tmp_path, {}, style)
    assert errors(report) == []
    assert report.valid
    assert [task.name for task in report.tasks] == list(ROWS)
    assert [task.stats["rows"] for task in report.tasks] == [2, 3, 1, 2, 2, 2, 2]


def test_files_without_rows_are_valid(tmp_path: Path) -> None:
    report = validated(tmp_path, {export: [] for export in ROWS})
    assert errors(report) == []
    assert report.valid


def changed(export: str, row: int, key: str, value: str) -> dict[str, list[list[str]]]:
    """The rows of an export with one cell replaced."""
    rows = [list(one) for one in ROWS[export]]
    rows[row][[one.key for one in COLUMNS[export]].index(key)] = value
    return {export: rows}


@pytest.mark.parametrize(
    ("export", "row", "key", "value", "kind", "field"),
    [
        ("response-times", 0, "outbound_message_id", "r-9", "foreign-key", None),
        ("response-times", 0, "contact_profile_id", "k-9", "foreign-key", None),
        ("messages", 2, "contact_profile_id", "7", "foreign-key", None),
        ("contact-attributes", 1, "contact_profile_id", "k-9", "foreign-key", None),
        ("messages", 2, "message_id", "r-1", "primary-key", None),
        ("contact-attributes", 1, "attribute_id", "a-1", "primary-key", None),
        ("messages", 0, "conversation_id", "", "constraint-error", "Conversation Id"),
        ("user-presence", 0, "user_id", "", "constraint-error", "User Id"),
        ("messages", 0, "created_at", "2026-06-08 14:03", "type-error", "Created At"),
        ("messages", 0, "created_at", "yesterday", "type-error", "Created At"),
        ("response-times", 0, "agent_response_time", "6.5", "type-error", "Agent Response Time"),
        ("response-times", 0, "agent_response_time", "-1", "constraint-error", None),
        ("tags", 0, "active", "1", "type-error", "Active"),
        ("a-new-export", 0, "share", "100.1", "constraint-error", "Share"),
        ("a-new-export", 0, "csat_score", "0", "constraint-error", "Csat Score"),
        ("a-new-export", 0, "csat_score", "6", "constraint-error", "Csat Score"),
    ],
)
def test_what_is_promised_is_checked(
    tmp_path: Path, export: str, row: int, key: str, value: str, kind: str, field: str | None
) -> None:
    found = errors(validated(tmp_path, changed(export, row, key, value)))
    assert (export, kind, row + 2) in [one[:3] for one in found]
    assert {one[0] for one in found} == {export}
    if field:
        assert field in [one[3] for one in found]


def test_a_file_changed_afterwards_is_found(tmp_path: Path) -> None:
    resource = write_csv(tmp_path, "tags", ROWS["tags"], "en")
    path = tmp_path / "tags.csv"
    path.write_bytes(path.read_bytes().replace(b"t-1", b"t-2"))
    report = Package.from_descriptor(package([resource]), basepath=str(tmp_path)).validate()
    assert [one[1] for one in errors(report)] == ["hash-count"]
    path.write_bytes(path.read_bytes() + b"t-3,true,1,1,1,Shop\n")
    report = Package.from_descriptor(package([resource]), basepath=str(tmp_path)).validate()
    assert {one[1] for one in errors(report)} == {"hash-count", "byte-count", "row-count"}


def by_name(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in content["resources"]}


def test_the_keys_of_every_export(tmp_path: Path) -> None:
    found = by_name(package([write_csv(tmp_path, export, [], "fr") for export in COLUMNS]))
    assert {name: one["schema"].get("primaryKey") for name, one in found.items()} == {
        "contacts": ["Contact Profile Id (fr)"],
        "messages": ["Message Id (fr)"],
        "response-times": ["Outbound Message Id (fr)"],
        "contact-attributes": ["Contact Profile Id (fr)", "Attribute Id (fr)"],
        "user-presence": None,
        "tags": None,
        "a-new-export": None,
    }

    def link(field: str, resource: str, target: str) -> dict[str, Any]:
        return {
            "fields": [f"{field} (fr)"],
            "reference": {"resource": resource, "fields": [f"{target} (fr)"]},
        }

    contact = link("Contact Profile Id", "contacts", "Contact Profile Id")
    assert {
        name: one["schema"]["foreignKeys"]
        for name, one in found.items()
        if "foreignKeys" in one["schema"]
    } == {
        "messages": [contact],
        "response-times": [link("Outbound Message Id", "messages", "Message Id"), contact],
        "contact-attributes": [contact],
    }


def test_a_link_is_stated_only_where_both_files_are_there(tmp_path: Path) -> None:
    one = write_csv(tmp_path, "response-times", ROWS["response-times"], "en")
    two = write_csv(tmp_path, "messages", ROWS["messages"], "en")
    content = package([one, two])
    links = by_name(content)["response-times"]["schema"]["foreignKeys"]
    assert [link["reference"]["resource"] for link in links] == ["messages"]
    assert "foreignKeys" not in by_name(content)["messages"]["schema"]
    assert Package.from_descriptor(content, basepath=str(tmp_path)).validate().valid


def test_a_resource_in_full(tmp_path: Path) -> None:
    resource = write_csv(tmp_path, "a-new-export", ROWS["a-new-export"], "hootdesk-fr")
    content = package([resource])
    assert {key: value for key, value in content.items() if key != "resources"} == {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "tawny-2026-06-08",
        "title": "8 June 2026",
        "description": "All exports of a day.",
        "created": "2026-06-30T00:00:00Z",
    }
    assert content["resources"] == [
        {
            "$schema": "https://datapackage.org/profiles/2.0/dataresource.json",
            "type": "table",
            "name": "a-new-export",
            "path": "a-new-export.csv",
            "title": "A-New-Export",
            "description": "One row per a-new-export.",
            "format": "csv",
            "mediatype": "text/csv",
            "bytes": resource.bytes,
            "hash": f"sha256:{resource.sha256}",
            "rows": 2,
            "encoding": "utf-8",
            "dialect": {
                "header": True,
                "delimiter": ",",
                "lineTerminator": "\n",
                "quoteChar": '"',
                "doubleQuote": True,
                "skipInitialSpace": False,
            },
            "schema": {
                "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
                "fields": [
                    {
                        "name": "Share (h)",
                        "type": "number",
                        "title": "Share (fr)",
                        "description": "Ce qu'est share.",
                        "key": "share",
                        "unit": "%",
                        "constraints": {"minimum": 0, "maximum": 100},
                    },
                    {
                        "name": "Csat Score (h)",
                        "type": "integer",
                        "title": "Csat Score (fr)",
                        "description": "Ce qu'est csat_score.",
                        "key": "csat_score",
                        "unit": "1-5",
                        "constraints": {"minimum": 1, "maximum": 5},
                    },
                    {
                        "name": "Page (h)",
                        "type": "string",
                        "title": "Page (fr)",
                        "description": "Ce qu'est page.",
                        "key": "page",
                    },
                ],
                "missingValues": [""],
            },
        }
    ]


def test_workbooks_are_read_with_their_types(tmp_path: Path) -> None:
    instant = datetime.datetime.fromisoformat(T0)
    rows: dict[str, list[dict[str, Any]]] = {
        "contacts": [
            {
                "contact_profile_id": "007",
                "created_at": instant,
                "conversations": 1,
                "inbound_messages": 1,
                "outbound_messages": 0,
            }
        ],
        "messages": [
            {
                "message_id": "1",
                "created_at": instant,
                "conversation_id": "c",
                "contact_profile_id": "007",
                "direction": "inbound",
                "tag_names": ["a;b", "c"],
                "content": "=1+1",
                "last_updated": instant,
            }
        ],
    }

    def report() -> Report:
        resources = []
        for export, records in rows.items():
            path = tmp_path / f"{export}.xlsx"
            schema = pa.schema([(one.key, ARROW_TYPES[one.type]) for one in COLUMNS[export]])
            batch = pa.RecordBatch.from_pylist(records, schema=schema)
            write_xlsx(path, COLUMNS[export], "en", iter([batch]), "Europe/Paris", export)
            resources.append(listed(path, export, "xlsx", "en", len(records)))
        content = package(resources)
        found: Report = Package.from_descriptor(content, basepath=str(tmp_path)).validate()
        return found

    assert errors(report()) == []
    rows["messages"][0]["contact_profile_id"] = "7"
    assert [one[1] for one in errors(report())] == ["foreign-key"]


@pytest.mark.parametrize("kind", sorted({one.name for one in FORMATS if one.package is not None}))
def test_every_format_can_be_listed(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"messages.{kind}"
    path.write_bytes(b"x")
    content = package([listed(path, "messages", kind, "key", 3)])
    assert Package.validate_descriptor(content).valid
    (resource,) = content["resources"]
    assert resource["format"] == kind
    kinds = {field["name"]: field["type"] for field in resource["schema"]["fields"]}
    assert kinds["tag_names"] == {"jsonl": "array", "parquet": "array"}.get(kind, "string")
    assert kinds["created_at"] == "datetime"


def test_columns_that_are_gone_are_noticed(tmp_path: Path) -> None:
    resource = write_csv(tmp_path, "messages", [], "en")
    gone = Resource(
        **{field: getattr(resource, field) for field in Resource.__slots__}
        | {"columns": resource.columns[1:]}
    )
    with pytest.raises(KeyError, match="messages has no column message_id"):
        package([gone])
    with pytest.raises(ValueError, match="one file of each export"):
        package([resource, resource])
