"""Opening hours in a file, for the API does not tell them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tawny.errors import RequestError
from tawny.model.business_hours import BusinessHours, Weekly
from tawny.model.event_data import RuleError
from tawny.model.refusals import shown
from tawny.sources.events import Data
from tawny.toml_file import read_toml

_KEYS = frozenset(BusinessHours.__struct_fields__)
_DAYS = frozenset(Weekly.__struct_fields__)


def read_hours(path: Path) -> Data:
    """Business hours as an event has them. Raises `RequestError` and `UnreadableInputError`."""
    table = read_toml(path, "--hours")
    try:
        hours = msgspec.convert(table, BusinessHours)
        for rule in BusinessHours.rules:
            rule(hours)
    except (RuleError, msgspec.ValidationError) as error:
        # Rules of the days are told as the cause of another error.
        rules = error if isinstance(error, RuleError) else error.__cause__
        if not isinstance(rules, RuleError):
            raise _wrong(path) from None
        broken = rules.broken[0]
        raise RequestError(
            "--hours: {path}: {field}: found {found}; allowed {allowed}",
            path=path, field=broken.field, found=shown(broken.found), allowed=broken.allowed,
        ) from None  # fmt: skip
    weekly = table["weekly"]
    if not table.keys() <= _KEYS or not weekly.keys() <= _DAYS:
        raise _wrong(path)
    return table


def _wrong(path: Path) -> RequestError:
    return RequestError(
        '--hours: {path}: allowed time_zone = "Europe/Paris", a table weekly with the days mon to '
        'sun, each such as [["09:00", "12:00"], ["13:00", "17:00"]], and a list of holidays',
        path=path,
    )
