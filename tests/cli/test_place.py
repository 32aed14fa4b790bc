"""The command line that does the same as root."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from smtp_tui.cli.place import own_program


@pytest.mark.parametrize(
    ("started", "words"),
    [
        ("/usr/bin/true", ["true"]),
        ("/usr/lib/python3/smtp_tui/__main__.py", [sys.executable, "-P", "-m", "smtp_tui"]),
        ("/nowhere/smtp-tui.pyz", [sys.executable, "/nowhere/smtp-tui.pyz"]),
    ],
    ids=["installed", "module", "file"],
)
def test_the_program_is_named_as_shortly_as_it_can_be(
    started: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [started, "check"])
    assert own_program() == words


def test_a_command_that_sudo_does_not_find_has_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "smtp-tui"
    script.touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(script)])
    assert own_program() == [str(script)]
