"""The locked requirements: every package pinned with hashes, none missing, no address in them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.table import table

ROOT = Path(__file__).parent.parent
FILES = ("requirements-pip.txt", "requirements-dev.txt")


def pins(name: str) -> list[tuple[Requirement, int]]:
    """Return each requirement of a file with the count of its hashes."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        words, *hashes = re.split(r"\s+--hash=sha256:", line)
        assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in hashes), line
        found.append((Requirement(words), len(hashes)))
    return found


def wanted() -> list[Requirement]:
    """Return what the project, its demo and its developers need."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = declared["project"]
    return [
        Requirement(text)
        for group in (
            project["dependencies"],
            project["optional-dependencies"]["demo"],
            declared["dependency-groups"]["dev"],
        )
        for text in group
    ]


@pytest.mark.parametrize("name", FILES)
def test_every_package_has_one_version_and_its_hashes(name: str) -> None:
    for pin, hashes in pins(name):
        assert [one.operator for one in pin.specifier] == ["=="], pin
        assert hashes, pin


@pytest.mark.parametrize("name", FILES)
def test_no_file_names_an_address(name: str) -> None:
    assert "://" not in (ROOT / name).read_text()


def test_pip_is_the_only_package_that_installs_the_others() -> None:
    assert [pin.name for pin, _ in pins("requirements-pip.txt")] == ["pip"]


@table("requirement", wanted(), ids=lambda requirement: requirement.name)
def test_what_is_declared_is_locked(requirement: Requirement) -> None:
    locked = [
        pin
        for pin, _ in pins("requirements-dev.txt")
        if canonicalize_name(pin.name) == canonicalize_name(requirement.name)
    ]
    assert locked
    for pin in locked:
        (version,) = pin.specifier
        assert requirement.specifier.contains(version.version)
