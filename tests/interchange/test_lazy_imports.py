"""A check loads none of the interchange, and an import no library that its format does not need."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys
from smtp_tui.interchange.importer import import_text
from smtp_tui.interchange.export_builder import export_text
{deed}
print(*sorted(sys.modules))
"""
CHECK = """
import sys
from smtp_tui.program import main
main(["check", "--set", "host=127.0.0.1", "--set", "port=1"])
print(*sorted(sys.modules))
"""


def loaded(script: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_a_check_loads_none_of_it() -> None:
    modules = loaded(CHECK)
    assert not any(name.startswith("smtp_tui.interchange") for name in modules)
    assert "yaml" not in modules


@pytest.mark.parametrize(
    ("deed", "own"),
    [
        ("import_text('SMTP_ADDRESS=a.example')", {"variables"}),
        ("import_text('EMAIL_HOST_USER = 1')", {"django"}),
        ("export_text('alertmanager', {'host': 'a.example'})", {"alertmanager"}),
    ],
)
def test_a_format_alone(deed: str, own: set[str]) -> None:
    modules = loaded(SCRIPT.format(deed=deed))
    prefix = "smtp_tui.interchange.formats."
    assert {one.removeprefix(prefix) for one in modules if one.startswith(prefix)} == own
    assert not modules & {"yaml", "dotenv", "tomlkit", "keyring", "textual", "asyncio"}


def test_yaml_is_loaded_for_alertmanager() -> None:
    pytest.importorskip("yaml")
    deed = "import_text('global: {smtp_smarthost: \"a:25\"}', 'alertmanager')"
    assert "yaml" in loaded(SCRIPT.format(deed=deed))
