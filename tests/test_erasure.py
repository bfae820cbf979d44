"""A contact that was erased goes from storage; what everybody else sees does not change."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from commands import Json, tawny

RANGE = ("--from", "2026-05-01", "--to", "2026-06-01", "--as-of", "2026-06-02")
SECRETS = (
    "Zelda",
    "+33 6 11",
    "Rue Perdue",
    "my address",
    "corrected",
    "/zelda",
    "so kind",
    "why-z",
)


def _event(number: int, kind: str, minute: int, **data: object) -> Json:
    return {
        "specversion": "1.0",
        "source": "/erasure",
        "id": f"e-{number:03d}",
        "type": kind,
        "time": f"2026-05-04T09:{minute:02d}:00Z",
        "data": data,
    }


def _events() -> list[Json]:
    return [
        _event(1, "contact.saved", 0, contact_id="z", medium="email",
               primary_identifier="Zelda", secondary_identifier="+33 6 11"),
        _event(2, "contact.attribute_set", 0, contact_id="z", attribute_id="a", name="Rue Perdue",
               value="Rue Perdue 3", attribute_type="custom", set_by="agent"),
        _event(3, "contact.saved", 0, contact_id="o", medium="email", primary_identifier="Otto"),
        _event(4, "conversation.created", 1, conversation_id="c", channel_id="ch", contact_id="z",
               url="https://desk.example.com/zelda"),
        _event(5, "message.created", 1, message_id="m", conversation_id="c", direction="inbound",
               content="my address", post_url="https://example.com/zelda"),
        _event(6, "message.updated", 2, message_id="m", conversation_id="c", content="corrected"),
        _event(7, "conversation.locked", 3, conversation_id="c", agent_id="ann", team_id="t"),
        _event(8, "conversation.status_changed", 5, conversation_id="c", status="resolved",
               cause="agent", agent_id="ann", team_id="t", comment="Zelda was angry"),
        _event(9, "csat.answered", 6, survey_id="s", conversation_id="c", score=2,
               follow_up_question="why-z", follow_up_response="so kind"),
        _event(10, "conversation.created", 7, conversation_id="d", channel_id="ch", contact_id="o",
               url="https://desk.example.com/otto"),
        _event(11, "message.created", 7, message_id="n", conversation_id="d", direction="inbound",
               content="Otto here"),
        _event(12, "contact.erased", 30, contact_id="z"),
    ]  # fmt: skip


def _ingest(home: Path, events: list[Json], folder: Path) -> str:
    file = folder / "events.ndjson"
    file.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    result = tawny(home, "ingest", str(file))
    assert result.status == 0, result.err
    return result.out


def _cells(home: Path) -> str:
    """Every column of every row still stored, as text."""

    tables = [pq.ParquetFile(file).read() for file in sorted((home / "log").rglob("*.parquet"))]
    return "\n".join(str(table.to_pylist()) for table in tables)


def _exports(home: Path) -> list[str]:
    types = ("messages", "resolved-conversations", "users", "teams", "contacts")
    file = home / "export.csv"
    texts = []
    for name in types:
        assert tawny(home, "export", name, *RANGE, "-o", str(file)).status == 0
        texts.append(file.read_text(encoding="utf-8"))
    return texts


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    _ingest(folder, _events(), tmp_path)
    return folder


def test_the_person_is_in_no_stored_file_any_more(home: Path) -> None:
    assert "Zelda" in _cells(home)
    result = tawny(home, "log", "compact")
    assert result.out.endswith("erased_contacts=1 purged_files=6\n")
    left = _cells(home)
    assert [secret for secret in SECRETS if secret in left] == []
    assert "Otto here" in left
    assert "https://desk.example.com/otto" in left


def test_exports_are_the_same_before_and_after(home: Path) -> None:
    before = _exports(home)
    assert tawny(home, "log", "compact").status == 0
    assert _exports(home) == before
    assert "120" in before[2]  # Ann's time with the erased contact still counts


def test_what_arrives_later_goes_at_the_next_maintenance(home: Path, tmp_path: Path) -> None:
    tawny(home, "log", "compact")
    late = _event(20, "contact.saved", 40, contact_id="z", medium="email",
                  primary_identifier="Zelda again")  # fmt: skip
    _ingest(home, [late], tmp_path)
    assert "Zelda" in _cells(home)
    assert "purged_files=1" in tawny(home, "log", "compact").out
    assert "Zelda" not in _cells(home)
    assert "purged_files=0" in tawny(home, "log", "compact").out


def test_a_purged_event_sent_again_is_still_a_repetition(home: Path, tmp_path: Path) -> None:
    tawny(home, "log", "compact")
    assert _ingest(home, _events(), tmp_path) == "accepted=0 duplicates=12 refused=0\n"
    assert "Zelda" not in _cells(home)


STRANGE = '=z;"\\_x0041_ é, \n='
"""A contact id that is written in another way in every format."""

FORMATS = {
    "machine.csv": ("--headers", "hootdesk-fr"),
    "excel.csv": ("--dialect", "excel", "--headers", "fr"),
    "semicolon.csv": ("--dialect", "excel-semicolon"),
    "lines.jsonl": ("--headers", "key"),
    "table.parquet": (),
    "book.xlsx": (),
}


def test_files_exported_before_are_named(tmp_path: Path) -> None:
    """Every format is looked through; what was made later, of others or of nobody is not named."""
    home, out = tmp_path / "home", tmp_path / "out"
    out.mkdir()
    *events, erased = _events()
    named = [
        event | {"data": {key: STRANGE if value == "z" else value
                          for key, value in event["data"].items()}}
        for event in [*events, erased]
    ]  # fmt: skip
    _ingest(home, named[:-1], tmp_path)
    for name, options in FORMATS.items():
        call = ("export", "messages", *RANGE, *options, "-o", str(out / name))
        assert tawny(home, *call).status == 0
    for name in ("moved.csv", "changed.csv"):
        assert tawny(home, "export", "contacts", *RANGE, "-o", str(out / name)).status == 0
    # Whom the rows of these are about cannot be read in them.
    no_contact = ("--columns", "message_id,content")
    for name, days in (("texts.csv", RANGE), ("quiet.csv", ("--from", "2026-05-05", *RANGE[2:]))):
        call = ("export", "messages", *days, *no_contact, "-o", str(out / name))
        assert tawny(home, *call).status == 0
    (out / "moved.csv").rename(out / "elsewhere.csv")
    (out / "changed.csv").write_text("something else")
    other_day = ("--from", "2026-05-05", *RANGE[2:])
    assert tawny(home, "export", "messages", *other_day, "-o", str(out / "none.csv")).status == 0
    assert tawny(home, "export", "all", *RANGE, "-o", str(out / "all")).status == 0
    _ingest(home, named[-1:], tmp_path)
    assert tawny(home, "export", "messages", *RANGE, "-o", str(out / "later.csv")).status == 0

    yours = "an erased contact is in it, delete it or export it again: "
    all_types = (
        "resolved-conversations", "messages", "contacts", "response-times", "contact-attributes",
    )  # fmt: skip
    held = [out / name for name in FORMATS]
    held += [
        file for file in (out / "all" / f"{name}.csv" for name in all_types)
        if STRANGE.replace('"', '""') in file.read_text(encoding="utf-8")
    ]  # fmt: skip
    maybe = "an erased contact may be in it, delete it or export it again: "
    expected = {f"{yours}{path}" for path in held} | {f"{maybe}{out / 'texts.csv'}"}
    result = tawny(home, "log", "compact")
    assert (result.status, result.err) == (0, "")
    *lines, last = result.out.splitlines()
    assert set(lines) == expected | {
        f"an erased contact may be in copies of it: {out / 'moved.csv'}"
    }
    assert len(held) == len(FORMATS) + 4
    assert last.startswith("files_before=")

    # A reminder as long as they are there.
    (out / "machine.csv").unlink()
    call = ("export", "messages", *RANGE, "-o", str(out / "lines.jsonl"))
    assert tawny(home, *call).status == 0
    *lines, _ = tawny(home, "log", "compact").out.splitlines()
    gone = "an erased contact may be in copies of it: "
    assert set(lines) == (
        expected - {f"{yours}{out / 'machine.csv'}", f"{yours}{out / 'lines.jsonl'}"}
    ) | {f"{gone}{out / 'machine.csv'}"}


def test_a_receipt_brings_nobody_back(home: Path, tmp_path: Path) -> None:
    """Also before maintenance has purged the log."""
    *events, erased = _events()
    home = tmp_path / "second"
    _ingest(home, events, tmp_path)
    file = tmp_path / "messages.csv"
    assert tawny(home, "export", "messages", *RANGE, "-o", str(file)).status == 0
    assert "my address" not in file.read_text() and "corrected" in file.read_text()
    _ingest(home, [erased], tmp_path)
    again = tmp_path / "again.csv"
    receipt = f"{file}.receipt.json"
    result = tawny(home, "export", "--receipt", receipt, "-o", str(again))
    assert result.status == 1
    assert "a contact may have been erased since" in result.err
    assert not again.exists()
