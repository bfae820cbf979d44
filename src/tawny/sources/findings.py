"""What a test of the access found, for programs and for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tawny.model.zones import instant_text
from tawny.sources.reader import DeskAccess
from tawny.text import Text, from_json, to_json


def to_plain(access: DeskAccess) -> dict[str, Any]:
    """As a worker process tells it; texts are said later, in the language of who reads them."""
    return {
        "account": access.account,
        "version": access.version,
        "counts": dict(access.counts),
        "oldest_us": access.oldest_us,
        "newest_us": access.newest_us,
        "clock_difference_s": access.clock_difference_s,
        "texts": to_json([[why for _, why in access.not_measured], list(access.notes)]),
        "columns": [list(columns) for columns, _ in access.not_measured],
        "address": access.address,
    }


def of_plain(plain: Mapping[str, Any]) -> DeskAccess:
    """The same again."""
    reasons, notes = from_json(plain["texts"])
    return DeskAccess(
        account=plain["account"],
        version=plain["version"],
        counts=plain["counts"],
        oldest_us=plain["oldest_us"],
        newest_us=plain["newest_us"],
        clock_difference_s=plain["clock_difference_s"],
        not_measured=list(zip(plain["columns"], reasons, strict=True)),
        notes=notes,
        address=plain["address"],
    )


def lines(access: DeskAccess) -> Sequence[Text]:
    """For people at a terminal."""
    counts = ", ".join(f"{name} {count:,}" for name, count in access.counts.items())
    return [
        Text("account {account}, version {version}",
             account=" ".join(access.account.split()), version=access.version or "-"),
        Text("found: {counts}", counts=counts),
        Text("oldest record {oldest}, newest {newest}",
             oldest=instant(access.oldest_us) or "-", newest=instant(access.newest_us) or "-"),
        Text("clock difference {seconds} s", seconds=access.clock_difference_s),
        *[Text("stays empty: {columns} ({why})", columns=", ".join(columns), why=why)
          for columns, why in access.not_measured],
        *access.notes,
    ]  # fmt: skip


def instant(instant_us: int | None) -> str | None:
    """Microseconds since 1970 UTC as they are written."""
    return None if instant_us is None else instant_text(instant_us // 1000)
