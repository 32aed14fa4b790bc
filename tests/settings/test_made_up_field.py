"""A field is added in one place: with one declaration it is known everywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
SUMMARY = "A word that the relay sorts by."


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each place says of the field `relay_tag`."""
    folder = tmp_path_factory.mktemp("field")
    command = [sys.executable, "-m", "tests.settings.made_up_field", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_it_is_parsed_and_validated(found: dict[str, Any]) -> None:
    assert found["parsed"] == "blue"
    assert found["given"] == ["host", "relay_tag"]
    (problem,) = found["refused"]
    assert problem.startswith("Relay Tag (relay_tag): is a URL with a password in it")


def test_the_schema_describes_it(found: dict[str, Any]) -> None:
    schema = found["schema"]
    assert (schema["title"], schema["description"]) == ("Relay Tag", SUMMARY)


def test_the_command_line_gets_sets_and_explains_it(found: dict[str, Any]) -> None:
    assert found["get"] == "blue\n"
    assert json.loads(found["get json"]) == {"host": "127.0.0.1", "relay_tag": "blue"}
    assert found["get all"].splitlines()[-1] == 'relay_tag = "blue"'
    assert found["explain"].splitlines()[-1].split(maxsplit=1) == ["relay_tag", SUMMARY]
    assert found["explain key"].split("\n\n") == ["# Relay Tag", f"{SUMMARY}\n"]
    assert 'relay_tag = "red"\n' in found["set"]


def test_a_key_before_it_is_put_before_it(found: dict[str, Any]) -> None:
    assert found["order"].splitlines()[-2:] == ["port = 1", 'relay_tag = "green"']


def test_the_report_names_it(found: dict[str, Any]) -> None:
    assert "- `relay_tag`: `green`" in found["report"]


def test_the_form_has_its_row_and_the_sidebar_its_help(found: dict[str, Any]) -> None:
    assert found["row"].split() == [">Relay", "Tag", "blue"]
    sidebar = [line.partition("│")[2].strip() for line in found["screen"].splitlines()]
    assert "Relay Tag" in sidebar
    assert SUMMARY in sidebar
