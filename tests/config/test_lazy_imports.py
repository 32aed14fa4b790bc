"""A check that only reads a file loads neither the editor nor the keyring."""

import subprocess
import sys
from pathlib import Path

CHILD = """
import asyncio, os, sys
from pathlib import Path
from smtp_tui.config.document import Document
from smtp_tui.config.password_store import fetch_password
from smtp_tui.config.paths import resolve_path
from smtp_tui.settings.validate import parse_settings
from smtp_tui.settings.password_sources import EnvironmentSource

document = Document.open(Path(sys.argv[1]))
settings = parse_settings(document.values(document.default_table())).settings
resolve_path(settings, document.path.parent)
place = {"account": "me", "base": Path("."), "environ": {"P": "x"}, "limit": 5}
asyncio.run(fetch_password(settings.password, **place))
print(sorted({"tomlkit", "keyring", "idna", "smtp_tui.config.toml_edit.edit"} & sys.modules.keys()))
"""


def test_reading_loads_nothing_heavy(tmp_path: Path) -> None:
    path = tmp_path / "app.toml"
    path.write_text("[smtp]\nhost = 'a.example'\npassword.env = 'P'\n")
    command = [sys.executable, "-c", CHILD, str(path)]
    assert subprocess.check_output(command, text=True) == "[]\n"


SHOWN = """
import sys
from smtp_tui.program import main

assert main(["get", sys.argv[1]]) == 0
writers = {"tomlkit", "smtp_tui.config.toml_edit.scan", "shutil", "tempfile"}
print(sorted(writers & sys.modules.keys()))
"""


def test_showing_loads_nothing_that_writes(tmp_path: Path) -> None:
    path = tmp_path / "app.toml"
    path.write_text("[smtp]\nhost = 'a.example'\nport = 25\nstarttls_auto = true\n")
    path.chmod(0o600)
    command = [sys.executable, "-c", SHOWN, str(path)]
    assert subprocess.check_output(command, text=True).splitlines() == [
        'host = "a.example"',
        "port = 25",
        "starttls_auto = true",
        "[]",
    ]
