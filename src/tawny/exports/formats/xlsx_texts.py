"""The texts of a workbook of ours, read again."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

_NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ESCAPED = re.compile("_x([0-9a-fA-F]{4})_")


def texts_under(path: Path, header: str) -> Iterator[str]:
    """The texts of a column of a workbook of ours, by its header."""
    with zipfile.ZipFile(path) as workbook:
        for name in workbook.namelist():
            if name.startswith("xl/worksheets/sheet"):
                with workbook.open(name) as sheet:
                    yield from _texts_of_sheet(sheet, header)


def _texts_of_sheet(sheet: IO[bytes], header: str) -> Iterator[str]:
    letters = ""
    for _, element in ElementTree.iterparse(sheet):  # noqa: S314 - a file of our own
        if element.tag == f"{_NAMESPACE}row":
            for cell in element:
                text = "".join(part.text or "" for part in cell.iter(f"{_NAMESPACE}t"))
                text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
                column = cell.get("r", "").rstrip("0123456789")
                if element.get("r") == "1":
                    letters = column if text == header else letters
                elif column == letters:
                    yield text
            element.clear()
