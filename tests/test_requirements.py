"""The packages that the project needs: pinned with hashes, with lower bounds that were tried."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.servers.requirements import REQUIRE_VARIABLE
from tests.table import table

ROOT = Path(__file__).parent.parent
FILES = ("requirements-pip.txt", "requirements-dev.txt", "requirements-floors.txt")
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = DECLARED["project"]
# What `make floors` runs the form on, and all else on.
FLOORS = os.environ.get("SMTP_TUI_FLOORS", "")


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
    return [
        Requirement(text)
        for group in (
            PROJECT["dependencies"],
            PROJECT["optional-dependencies"]["demo"],
            DECLARED["dependency-groups"]["dev"],
        )
        for text in group
    ]


def floors() -> dict[str, Version]:
    """Return the lower bound of each package that the program uses."""
    groups = (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    found: dict[str, Version] = {}
    for requirement in (Requirement(text) for group in groups for text in group):
        (bound,) = (one for one in requirement.specifier if one.operator == ">=")
        found[canonicalize_name(requirement.name)] = Version(bound.version)
    return found


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


def test_the_oldest_textual_is_pinned() -> None:
    ((pin, _),) = pins("requirements-floors.txt")
    assert (pin.name, str(pin.specifier)) == ("textual", f"=={floors()['textual']}")


@pytest.mark.skipif(not FLOORS, reason="only `make floors` runs on the lower bounds")
def test_each_lower_bound_is_what_runs_here() -> None:
    bounds = floors()
    names = {"textual"} if FLOORS == "form" else bounds.keys() - {"textual"}
    assert {name: Version(version(name)) for name in names} == {
        name: bounds[name] for name in names
    }


def test_debian_recommends_what_the_package_leaves_out() -> None:
    control = (ROOT / "debian/control").read_text()
    recommended = dict(re.findall(r"^ python3-(\w+) \(>= ([\d.]+)\)", control, re.MULTILINE))
    left_out = (ROOT / "debian/py3dist-overrides").read_text().split("# debian/control")[1]
    names = re.findall(r"^\w+$", left_out, re.MULTILINE)
    assert {name: Version(recommended[name]) for name in names} == {
        name: floors()[name] for name in names
    }


def test_debian_knows_every_package_and_its_bound() -> None:
    rows = (ROOT / "debian/py3dist-overrides").read_text().splitlines()
    versioned = {canonicalize_name(row.split()[0]) for row in rows if row.endswith("; PEP440")}
    assert versioned == floors().keys() - {"keyring", "textual"}
    extras = re.findall(r"--\w+-section=(\w+)", (ROOT / "debian/rules").read_text())
    assert sorted(extras) == sorted(PROJECT["optional-dependencies"])


@pytest.mark.skipif(
    os.environ.get(REQUIRE_VARIABLE) != "1", reason="which Pythons were tried is known in CI alone"
)
def test_the_classifiers_are_the_pythons_that_ci_runs() -> None:
    of = "import sys; print('%d.%d' % sys.version_info[:2])"
    ran = {
        subprocess.check_output([python, "-c", of], text=True).strip()
        for python in (sys.executable, str(ROOT / ".venv/bin/python"), "/usr/bin/python3")
    }
    prefix = "Programming Language :: Python :: "
    named = {row.removeprefix(prefix) for row in PROJECT["classifiers"] if row.startswith(prefix)}
    assert named == ran
    said = (ROOT / "docs/install.md").read_text()
    assert all(f"Python {one}" in said for one in named)
