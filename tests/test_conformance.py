"""The worked scenarios of the contract, where they lie beside this checkout."""

import os
from pathlib import Path

import pytest

import worked_cases

SCENARIOS = Path(__file__).resolve().parents[2] / "shared" / "conformance"
PRESENT = SCENARIOS.is_dir()


def test_the_scenarios_are_there() -> None:
    """Where they are missing the other tests of this file do not exist; continuous integration
    must not take that for a success."""
    if not PRESENT and os.environ.get("CI") == "true":
        pytest.fail(f"the worked scenarios are not at {SCENARIOS}")
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
