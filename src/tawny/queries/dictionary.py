"""The data dictionary: the columns of an export for people and programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from tawny.queries.columns import Column

if TYPE_CHECKING:
    from tawny.queries.catalogue import Query


def _text(export: Query, language: str) -> str:
    lines = [export.description[language], _row_key(export, language, ""), ""]
    for position, column in enumerate(export.columns, 1):
        lines.append(f"{position:>2}. {column.headers[language]}  [{column.key}, {_kind(column)}]")
        lines.append(f"    {column.definition[language]}")
    return "\n".join(lines) + "\n"


def _csv(export: Query, language: str) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(
        ["export", "position", "key", "header_en", "header_fr", "header_hootdesk_fr", "type",
         "unit", "definition"]
    )  # fmt: skip
    for position, column in enumerate(export.columns, 1):
        headers = column.headers
        writer.writerow(
            [export.export_type, position, column.key, headers["en"], headers["fr"],
             headers["hootdesk-fr"], column.type.catalogue_name, column.unit,
             column.definition[language]]
        )  # fmt: skip
    return stream.getvalue()


def _json(export: Query, _language: str) -> str:
    content = {
        "export": export.export_type,
        "row": dict(export.description),
        "row_key": export.head.key,
        "columns": [
            {
                "position": position,
                "key": column.key,
                "headers": dict(column.headers),
                "type": column.type.catalogue_name,
                "unit": column.unit or None,
                "definition": dict(column.definition),
                "sql": column.expression,
            }
            for position, column in enumerate(export.columns, 1)
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _markdown(export: Query, language: str) -> str:
    french = language == "fr"
    head = ("colonne", "clé", "type", "définition") if french else (
        "column", "key", "type", "definition"
    )  # fmt: skip
    lines = [_row_key(export, language, "`") + "\n"]
    lines += [f"| {' | '.join(head)} |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {column.headers[language]} | `{column.key}` | {_kind(column)} "
        f"| {column.definition[language].replace('|', chr(92) + '|')} |"
        for column in export.columns
    ]
    return "\n".join(lines) + "\n"


_WRITERS: dict[str, Callable[[Query, str], str]] = {
    "text": _text,
    "csv": _csv,
    "json": _json,
    "markdown": _markdown,
}

DICTIONARY_FORMATS = tuple(_WRITERS)


def columns_as(export: Query, output_format: str, language: str) -> str:
    """The columns of an export in one of `DICTIONARY_FORMATS`; definitions in `en` or `fr`."""
    return _WRITERS[output_format](export, language)


def _row_key(export: Query, language: str, quote: str) -> str:
    """What tells the rows apart, as a sentence."""
    named = ", ".join(f"{quote}{name}{quote}" for name in export.head.key)
    beside = [f"{quote}{name}{quote}" for name in export.head.beside_cells]
    if language == "fr":
        note = f" ({beside[0]} n’est pas une cellule du fichier)" if beside else ""
        return f"Clé de ligne : {named}{note}."
    note = f" ({beside[0]} is no cell of the file)" if beside else ""
    return f"Row key: {named}{note}."


def _kind(column: Column) -> str:
    kind = column.type.catalogue_name
    return f"{kind}, {column.unit}" if column.unit else kind
