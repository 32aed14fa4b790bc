"""Every command that takes its time leads to code that is there."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

from smtp_tui.tui.controllers.command_runner import OTHERS, TRIALS
from smtp_tui.tui.controllers.form import FormController
from smtp_tui.tui.keys.commands import configurable

PLACES = {**TRIALS, **OTHERS}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_the_place_of_a_deed_is_there(place: str) -> None:
    module, _, method = place.rpartition(":")
    maker, _, name = method.rpartition(".")
    source = getattr(import_module(f"smtp_tui.tui.{module}"), maker) if module else FormController
    assert inspect.iscoroutinefunction(getattr(source, name))


def test_every_begun_command_has_a_deed() -> None:
    begun = {command.action for command in configurable() if command.is_begun}
    assert begun <= PLACES.keys()


def test_the_first_screen_waits_for_nothing_that_few_keys_need() -> None:
    code = "import smtp_tui.launch, smtp_tui.tui.app, sys; print(*sorted(sys.modules), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    makers = {place.partition(":")[0] for place in PLACES.values() if ":" in place}
    later = {f"smtp_tui.tui.{module}" for module in makers} | {
        "smtp_tui.tui.widgets.dialog",
        "smtp_tui.tui.dialogs.send_message",
        "smtp_tui.checks.run",
        "smtp_tui.smtp.session",
        "smtp_tui.diagnosis.advising",
        "smtp_tui.config.toml_edit.edit",
        "tomlkit",
        "keyring",
        "dns",
    }
    assert loaded >= {"smtp_tui.tui.main_screen", "smtp_tui.tui.controllers.command_runner"}
    assert not loaded & (later - {"smtp_tui.tui.controllers.tables"})
