"""What is chosen of an export that is kept, saved or scheduled: as options of a call, and as fields
of what the API takes."""

from __future__ import annotations

import click

from tawny.cli.options import Given, Json, given_fields, options
from tawny.exports.formats.registry import DIALECTS, FORMAT_NAMES
from tawny.queries.columns import HEADER_STYLES

choice_options = options(
    click.option(
        "--channel",
        "channels",
        metavar="ID",
        multiple=True,
        help="Only this channel; may be repeated.",
    ),
    click.option("--headers", metavar="STYLE", help=f"One of: {', '.join(HEADER_STYLES)}."),
    click.option(
        "--file-format",
        "file_format",
        metavar="FORMAT",
        help=f"One of: {', '.join(FORMAT_NAMES)}; at first csv.",
    ),
    click.option("--dialect", metavar="DIALECT", help=f"Of CSV, one of: {', '.join(DIALECTS)}."),
    click.option(
        "--long-cells",
        metavar="HOW",
        help="Of XLSX, a text that no cell holds: refuse it, or cut it.",
    ),
    click.option("--columns", metavar="KEY,...", help="Only these columns."),
)
"""What can be given when one is made and changed afterwards."""


def choice_fields(given: Given) -> Json:
    """What was given of them."""
    fields = given_fields(
        given, headers="headers", file_format="format", dialect="dialect", long_cells="long_cells"
    )
    if given["columns"] is not None:
        fields["columns"] = [key.strip() for key in given["columns"].split(",") if key.strip()]
    if given["channels"]:
        fields["channels"] = list(given["channels"])
    return fields
