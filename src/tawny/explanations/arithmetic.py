"""How the amounts of parts make the value of a cell, step by step; rounded once, at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tawny.explanations.gathering import EvidencePart
from tawny.explanations.rules import How
from tawny.text import Text

MOST_TERMS = 8
"""So many amounts are written out; of more it is said how many there are."""


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """The steps from the parts to the value."""

    how: How
    value: str
    """As the file has it."""
    says: Text


def arithmetic(how: How, own_rule: str, parts: Sequence[EvidencePart]) -> Arithmetic | None:
    """The arithmetic over the parts of a cell that count; None where nothing is counted or
    measured."""
    amounts = [part.amount for part in parts if part.amount is not None and part.rule == own_rule]
    if how == "count":
        return Arithmetic(how, str(sum(amounts)), _counted(amounts))
    if how == "sum" and amounts:
        total = sum(amounts)
        rounded = (total + 500) // 1000
        return Arithmetic(how, str(rounded), _summed(amounts, rounded))
    if how == "sum":
        return Arithmetic(how, "0", Text("nothing is added up: 0"))
    if how == "mean" and amounts:
        total, count = sum(amounts), len(amounts)
        rounded = (2 * total + 1000 * count) // (2000 * count)
        return Arithmetic(
            how,
            str(rounded),
            Text(
                "{sum}; divided by {count:,} = {mean:,.3f} s, rounded half up: {value}",
                sum=_sum(amounts),
                count=count,
                mean=total / count / 1000,
                value=str(rounded),
            ),
        )
    if how == "share":
        available = [p.amount for p in parts if p.rule == "available" and p.amount is not None]
        whole = sum(available)
        if not whole:
            return None
        tenths = (2000 * sum(amounts) + whole) // (2 * whole)
        value = f"{tenths // 10}.{tenths % 10}"
        return Arithmetic(
            how,
            value,
            Text(
                "busy: {busy}; available: {available}; 100 × {busy_s:,.3f} / {available_s:,.3f}, "
                "rounded half up: {value}",
                busy=_sum(amounts),
                available=_sum(available),
                busy_s=sum(amounts) / 1000,
                available_s=whole / 1000,
                value=value,
            ),
        )
    return None


def _counted(amounts: Sequence[int]) -> Text:
    if not amounts:
        return Text("nothing is counted: 0")
    return Text("{count:,} in all", count=sum(amounts))


def _summed(amounts: Sequence[int], rounded: int) -> Text:
    return Text("{sum}, rounded half up: {value}", sum=_sum(amounts), value=str(rounded))


def _sum(unordered: Sequence[int]) -> Text:
    # What is taken off comes behind what it is taken off from.
    amounts = sorted(unordered, key=lambda amount: amount < 0)
    total = sum(amounts) / 1000
    if not amounts:
        return Text("{total:,.3f} s", total=0.0)
    if len(amounts) == 1:
        return Text("{total:,.3f} s", total=total)
    if len(amounts) > MOST_TERMS:
        return Text(
            "the {count:,} amounts above together = {total:,.3f} s", count=len(amounts), total=total
        )
    terms = Text("{amount:,.3f}", amount=amounts[0] / 1000)
    for amount in amounts[1:]:
        terms = Text(
            "{terms} {sign} {amount:,.3f}",
            terms=terms,
            sign="+" if amount >= 0 else "−",
            amount=abs(amount) / 1000,
        )
    return Text("{terms} = {total:,.3f} s", terms=terms, total=total)
