"""In a folder that has been removed, every command ends in one line."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.program import Outcome

Call = Callable[..., Outcome]
REFUSING = ("--set", "host=127.0.0.1", "--set", "port=1", "--no-experiments")


@pytest.fixture(autouse=True)
def gone(tmp_path: Path) -> Iterator[None]:
    """The current folder has been removed."""
    folder = tmp_path / "gone"
    folder.mkdir()
    with contextlib.chdir(folder):
        folder.rmdir()
        yield


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("set", "x.toml", "--create", "host=a.example"), 3),
        (("set", "sub/x.toml", "--create", "host=a.example"), 3),
        (("set", "x.toml", "host=a.example"), 3),
        (("get", "x.toml"), 3),
        (("unset", "x.toml", "host"), 3),
        (("check", "x.toml"), 3),
        (("check", "x.toml", "--all"), 3),
        (("check", *REFUSING), 6),
        (("check", *REFUSING, "--set", "ca_file=x.pem"), 3),
        (("check", *REFUSING, "--set", "username=a", "--set", 'password={file="x"}'), 4),
        (("check", *REFUSING, "--set", "username=a", "--set", 'password={command=["x"]}'), 4),
        (("check", *REFUSING, "--report", "r.md"), 74),
        (("password", "test", "x.toml"), 3),
        (("export", "url", "x.toml"), 3),
        (("import", "x", "--into", "y"), 3),
    ],
)
def test_one_line(call: Call, words: tuple[str, ...], status: int) -> None:
    outcome = call(*words)
    assert outcome.status == status, outcome
    assert "internal error" not in outcome.out + outcome.err
    assert "defect" not in outcome.out
    assert outcome.err.count("\n") <= 1


def test_a_file_elsewhere_can_be_used(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "mail.toml"
    assert call("set", str(file), "--create", "host=a.example").status == 0
    assert call("set", str(file), "port=25").status == 0
    assert call("get", str(file)).out == 'host = "a.example"\nport = 25\n'
