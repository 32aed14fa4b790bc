"""Every command with a handler leads to code that is there, and that code is loaded late."""

from __future__ import annotations

import inspect
import subprocess
import sys
from unittest.mock import MagicMock

import pytest

from smtp_tui.tui.commands import MENU_COMMANDS, FormCommand, command_named, configurable
from smtp_tui.tui.controllers.command_runner import FormCommandRunner
from smtp_tui.tui.controllers.context import ControllerContext
from tests.table import table

HANDLED = [command for command in (*configurable(), *MENU_COMMANDS) if command.handler]


@table("command", HANDLED, ids=lambda command: command.action)
def test_a_handler_is_there(command: FormCommand) -> None:
    assert command.handler
    work = command.handler(FormCommandRunner(MagicMock(spec=ControllerContext)))
    assert inspect.iscoroutine(work)
    work.close()


def test_the_first_screen_waits_for_nothing_that_few_keys_need() -> None:
    code = "import smtp_tui.launch, smtp_tui.tui.app, sys; print(*sorted(sys.modules), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    late_controllers = "check discovery recovery save tables tools"
    later = {f"smtp_tui.tui.controllers.{name}" for name in late_controllers.split()} | {
        "smtp_tui.tui.widgets.dialog",
        "smtp_tui.checks.run",
        "smtp_tui.checks.recording",
        "smtp_tui.smtp.session",
        "smtp_tui.tap.session",
        "smtp_tui.diagnosis.advising",
        "smtp_tui.config.toml_edit.edit",
        "tomlkit",
        "keyring",
        "dns",
    }
    assert loaded >= {"smtp_tui.tui.main_screen", "smtp_tui.tui.controllers.command_runner"}
    assert not loaded & later
    assert not [name for name in loaded if name.startswith("smtp_tui.tui.dialogs.")]


@pytest.mark.parametrize(
    ("term", "test", "discover", "is_sure"),
    [
        ("xterm-256color", "F5 ^T", "Alt+S ^^", True),
        ("screen-256color", "F5 ^T", "Alt+S ^^", True),
        ("screen", "F5 ^T", "^^ Alt+S", False),
        ("linux", "F5 ^T", "^^ Alt+S", False),
        ("vt220", "^T F5", "^^ Alt+S", False),
    ],
)
def test_the_first_key_is_one_that_the_terminal_sends(
    monkeypatch: pytest.MonkeyPatch, term: str, test: str, discover: str, is_sure: bool
) -> None:
    monkeypatch.setenv("TERM", term)
    assert command_named("test").hint_keys == test
    assert command_named("discover").hint_keys == discover
    assert command_named("error").has_sure_key == is_sure
