"""The contract where it lies beside this checkout: worked scenarios, the catalogue of columns."""

import csv
import io
from pathlib import Path

import pytest

import worked_cases
from commands import tawny
from tawny.queries.catalogue import EXPORT_TYPES

SCENARIOS = Path(__file__).resolve().parents[2] / "shared" / "conformance"
CATALOGUE = SCENARIOS.parent / "spec" / "catalogue.csv"
PRESENT = SCENARIOS.is_dir()


def test_the_scenarios_are_there() -> None:
    """Where they are missing the other tests of this file do not exist."""
    if not PRESENT:
        pytest.skip("left out: the worked scenarios are not beside this checkout")


@pytest.mark.parametrize("delivery", worked_cases.DELIVERIES)
@pytest.mark.parametrize(
    "case",
    worked_cases.folders(SCENARIOS) if PRESENT else [],
    ids=lambda case: str(getattr(case, "name", case)),
)
def test_a_scenario_gives_its_files(case: Path, delivery: str, tmp_path: Path) -> None:
    worked_cases.check(case, delivery, tmp_path)


@pytest.mark.parametrize("kind", EXPORT_TYPES)
def test_the_dictionary_is_the_catalogue(kind: str, tmp_path: Path) -> None:
    """Keys, headers, types and units as the contract lists them, in order."""
    if not PRESENT:
        pytest.skip("left out: the contract is not beside this checkout")
    with CATALOGUE.open(encoding="utf-8", newline="") as lines:
        wanted = [row for row in csv.DictReader(lines) if row["export"] == kind]
    told = tawny(tmp_path, "columns", kind, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(told.out)))
    assert all(row.pop("definition") for row in rows)
    assert (told.status, rows) == (0, wanted)
