"""A command is declared once: hints, help, menu and keys have a made-up one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# The form binds its commands when its module is imported, so the declaration comes before that.
PROGRAM = """\
import asyncio, sys
from pathlib import Path

from smtp_tui.tui import commands


async def greet(to):
    to.context.sidebar.show_message(f"Good morning, {to.context.table}.")


made_up = commands.FormCommand(
    "greet", "alt+g f13", "Greet", "wish a good morning", greet, (4, 0), is_configurable=True
)
commands.COMMANDS = (*commands.COMMANDS, made_up)

from smtp_tui.config.preferences import Preferences
from tests.tui.driving import SAMPLE, form_on


async def main():
    folder = Path(sys.argv[1])
    async with form_on(SAMPLE, folder) as hand:
        assert "Alt+G Greet" in hand.hints, hand.hints
        await hand.press("alt+g")
        await hand.until(lambda: "Good morning, smtp." in hand.screen)
        await hand.press("f1")
        await hand.type("greet")
        assert "wish a good morning" in hand.screen, hand.screen
        await hand.press("escape", "escape", "ctrl+p")
        await hand.type("greet")
        assert "wish a good morning" in hand.screen, hand.screen
        await hand.press("enter")
        await hand.until(lambda: "Good morning, smtp." in hand.screen)
    chosen = Preferences(keys={"greet": ("f14",)})
    async with form_on(SAMPLE, folder, preferences=chosen) as hand:
        assert "F14 Greet" in hand.hints, hand.hints
        await hand.press("f14")
        await hand.until(lambda: "Good morning, smtp." in hand.screen)


asyncio.run(main())
"""


def test_a_made_up_command_is_everywhere_it_belongs(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
