"""What a mail says of a delivery, as text and as HTML, in the reader's language."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from tawny.deliveries.parcels import OutgoingFile, Parcel, ReaderLink
from tawny.languages import translated
from tawny.text import Text

_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{subject}</title></head>
<body style="margin:0;padding:24px 16px;font:16px/1.5 system-ui,sans-serif">
<div style="max-width:600px;margin:0 auto;overflow-wrap:anywhere">
<h1 style="margin:0 0 16px;font-size:20px">{subject}</h1>
{paragraphs}{facts}<p style="margin:24px 0 0;font-size:13px;opacity:.75">{closing}</p>
</div></body></html>
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail before it is said in a language."""

    subject: Text
    paragraphs: Sequence[Text]
    link: str | None
    """After the paragraphs."""
    facts: Sequence[tuple[Text, Text | str]]
    closing: Text


@dataclass(frozen=True, slots=True)
class SaidLetter:
    """A mail in a language."""

    subject: str
    """One line."""
    plain: str
    html: str


def said(letter: Letter, language: str) -> SaidLetter:
    """The mail in the language."""

    def words(text: Text | str) -> str:
        return translated(text, language) if isinstance(text, Text) else text

    # A header is one line, whatever a schedule is called.
    subject = _BREAKS.sub(" ", words(letter.subject))
    paragraphs = [words(one) for one in letter.paragraphs]
    facts = [(words(name), words(value)) for name, value in letter.facts]
    plain = [*paragraphs, *([letter.link] if letter.link else [])]
    if facts:
        between = ":" if language == "en" else "\N{NO-BREAK SPACE}:"
        plain.append("\n".join(f"{name}{between} {value}" for name, value in facts))
    plain.append(f"-- \n{words(letter.closing)}")
    page = _PAGE.format(
        language=language,
        subject=escape(subject),
        paragraphs="".join(
            f'<p style="margin:0 0 12px">{one}</p>\n'
            for one in (*map(escape, paragraphs), *_anchor(letter.link))
        ),
        facts=_table(facts),
        closing=escape(words(letter.closing)),
    )
    return SaidLetter(subject, "\n\n".join(plain) + "\n", page)


def letter_of_delivery(
    parcel: Parcel,
    file: OutgoingFile,
    *,
    attached: bool,
    attach_mb: int,
    signed: ReaderLink | None = None,
) -> Letter:
    """What is said of a file that was made; `attach_mb` is up to which size it would be attached,
    0 = never; `signed` a link of this reader's own."""
    about = parcel.about
    paragraphs = []
    if attached:
        paragraphs.append(Text("{file} is attached.", file=file.name))
    elif attach_mb:
        paragraphs.append(
            Text("{file} is too large to be attached: {size:,} bytes, more than {most} MB.",
                 file=file.name, size=file.size_bytes, most=attach_mb)
        )  # fmt: skip
    else:
        paragraphs.append(Text("{file} is ready.", file=file.name))
    if about["revision"] > 1:
        paragraphs.append(Text("It is revision {revision} and replaces what was sent before.",
                               revision=about["revision"]))  # fmt: skip
    if parcel.warning is not None:
        paragraphs.append(Text("Note: {warning}.", warning=parcel.warning))
    link = None if attached else about["link"]
    if signed is not None:
        link = signed.url
        paragraphs += [
            Text("Whoever has this link can fetch the file: pass it on to nobody who should not."),
            Text("Fetch it here, without signing in, until {until}:", until=signed.until),
        ]
    elif link is not None:
        paragraphs.append(Text("Fetch it here, after signing in:"))
    elif not attached:
        paragraphs.append(Text("Sign in to Tawny to fetch it."))
    why = Text("Tawny sends this because the schedule {schedule} delivers to {destination}.",
               schedule=about["schedule"], destination=about["destination"])  # fmt: skip
    if about["schedule"] is None:
        why = Text("Tawny sends this because somebody sent this export to {destination}.",
                   destination=about["destination"])  # fmt: skip
    subject = about["schedule"] or ", ".join(about["exports"])
    return Letter(
        Text("{schedule}: {days}", schedule=subject, days=days_text(about["slot"])),
        paragraphs,
        link,
        [
            (Text("Exports"), ", ".join(about["exports"])),
            (Text("Range"), f"{days_text(about['slot'])} ({about['time_zone']})"),
            (Text("Rows"), Text("{count:,}", count=file.receipt["rows"])),
            (Text("Size"), Text("{count:,} bytes", count=file.size_bytes)),
            (Text("SHA-256"), file.sha256),
            (Text("Revision"), str(about["revision"])),
        ],
        why,
    )  # fmt: skip


def letter_of_trial(destination: str) -> Letter:
    """What is said when a destination is tried out."""
    return Letter(
        Text("Test of {destination}", destination=destination),
        [Text("This is a test: files of schedules that deliver to {destination} will arrive like "
              "this.", destination=destination)],
        None,
        [],
        Text("Tawny sends this because somebody pressed Test at {destination}.",
             destination=destination),
    )  # fmt: skip


def days_text(slot: Mapping[str, Any]) -> str:
    """A range as people say it: its first and last day, or its first and last moment."""
    begin, end = slot["from"], slot["to"]
    try:
        last = datetime.date.fromisoformat(end) - datetime.timedelta(days=1)
    except ValueError:
        return f"{begin} – {end}".replace("T", " ")
    return begin if begin == last.isoformat() else f"{begin} – {last}"


def _anchor(link: str | None) -> Sequence[str]:
    return () if link is None else (f'<a href="{escape(link)}">{escape(link)}</a>',)


def _table(facts: Sequence[tuple[str, str]]) -> str:
    if not facts:
        return ""
    rows = "".join(
        f'<tr><th style="padding:4px 16px 4px 0;text-align:left;vertical-align:top;'
        f'font-weight:600;white-space:nowrap">{escape(name)}</th>'
        f'<td style="padding:4px 0;word-break:break-all">'
        f"{escape(value)}</td></tr>\n"
        for name, value in facts
    )
    return f'<table style="margin:16px 0 0;border-collapse:collapse">\n{rows}</table>\n'
