"""The lock files hold everything that pyproject.toml asks for, in versions that it allows."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = PROJECT["project"]["dependencies"]
BUILD = PROJECT["build-system"]["requires"]
DEV = PROJECT["dependency-groups"]["dev"]


def pinned(lock: str) -> Iterator[tuple[str, str, list[str]]]:
    """Name, version and hashes of each package of a lock file."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    for name, version, rest in re.findall(
        r"^([\w.-]+)==([^\s;]+)((?:.*\\\n)(?: +--hash=.*\n)+)", text, re.M
    ):
        yield canonicalize_name(name), version, re.findall(r"--hash=sha256:([0-9a-f]{64})", rest)


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", [*RUNTIME, *BUILD]),
        ("requirements-dev.lock", [*RUNTIME, *BUILD, *DEV]),
    ],
)
def test_a_lock_file_fits_the_project(lock: str, wanted: list[str]) -> None:
    versions: dict[str, list[str]] = {}
    for name, version, hashes in pinned(lock):
        versions.setdefault(name, []).append(version)
        assert hashes, f"{name} has no hash"
    for text in wanted:
        requirement = Requirement(text)
        found = versions.get(canonicalize_name(requirement.name), [])
        assert any(
            requirement.specifier.contains(version, prereleases=True) for version in found
        ), f"{lock}: {text} is not in it ({found or 'nothing'}); run: make lock"


def test_what_runs_is_what_is_tested() -> None:
    tested = {(name, version) for name, version, _ in pinned("requirements-dev.lock")}
    assert {(name, version) for name, version, _ in pinned("requirements.lock")} <= tested


def test_lock_files_name_only_packages() -> None:
    for lock in ROOT.glob("*.lock"):
        for line in lock.read_text(encoding="utf-8").splitlines():
            assert re.match(
                r"#|    --hash=sha256:[0-9a-f]{64}( \\)?$|[\w.-]+==\S+( ; .*?)? \\$", line
            ), line
