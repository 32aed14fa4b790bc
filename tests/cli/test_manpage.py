"""The manual page: in step with the tables, and without a fault for any formatter."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from man.page import manpage
from smtp_tui.cli.commands import COMMANDS, HELP_TEXTS, OPTIONS
from smtp_tui.cli.password_prompt import VARIABLE
from smtp_tui.config import paths
from smtp_tui.config.preferences import NAME
from smtp_tui.settings.fields import FIELDS

PAGE = Path(__file__).parent.parent.parent / "man" / "smtp-tui.1"


def output_of(*command: str) -> str:
    """What a formatter prints, complaints among it; the test is skipped where there is none."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    finished = subprocess.run(
        [*command, str(PAGE)],
        env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80", "MANPAGER": "cat"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    return finished.stdout


def test_it_is_in_step() -> None:
    assert PAGE.read_text(encoding="ascii") == manpage(), "run make man"


def test_groff_has_nothing_to_say() -> None:
    assert output_of("groff", "-man", "-Tutf8", "-ww", "-z") == ""


def test_man_has_nothing_to_say() -> None:
    command = ("man", "--warnings", "-E", "UTF-8", "-Tutf8", "-Z", "-l")
    assert not [line for line in output_of(*command).splitlines() if "warning:" in line]


def test_mandoc_has_nothing_to_say() -> None:
    assert output_of("mandoc", "-Tlint", "-W", "warning") == ""


def test_everything_is_in_it() -> None:
    shown = re.sub(r".\x08|\x1b\[[0-9;]*m", "", output_of("groff", "-man", "-Tutf8", "-P-cbou"))
    text = re.sub(r"\s+", " ", shown.replace("‐\n", "").replace("−", "-").replace("‐", "-"))
    for command in COMMANDS:
        assert f"smtp-tui {command.words.replace('…', '...')}" in text
    for option in OPTIONS:
        assert f" {option.usage} ".replace("…", "...") in text
    for field in FIELDS:
        assert f" {field.key} {field.label}. " in text
    assert "10 The check failed at this stage: envelope. 11 The check failed at" in text
    source = Path(paths.__file__).read_text(encoding="utf-8")
    for variable in {*re.findall(r'"((?:XDG|SMTP_TUI)_\w+)"', source), VARIABLE}:
        assert f" {variable} " in text
    for name in (NAME, "smtp.toml", "dialects/", "providers/"):
        assert f" ~/.config/smtp-tui/{name} " in text


def test_no_text_becomes_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "1'.so 'x' \\fB"
    monkeypatch.setitem(HELP_TEXTS, "limits", {text: text, f"'{text}": f".{text}"})
    macros = re.compile(r"\.(TH|SH|SS|TP|PP|B|BR|RS|RE|nf|fi|br|nh)( |$)")
    for line in manpage().splitlines():
        assert not line.startswith("'")
        assert not line.startswith(".") or macros.match(line), line
        assert not re.search(r"\\(?![-&e]|\((aq|ga|ha|ti|en|em|cq|lq|rq))", line), line
