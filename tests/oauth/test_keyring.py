"""A sign-in in a real keyring over a real D-Bus; and where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.requirements import require

pytestmark = pytest.mark.integration

PROGRAMS = ("dbus-run-session", "gnome-keyring-daemon")
PLACE = "the keyring's entry smtp-tui oauth support of me@example.org"


def run(home: Path, *command: str) -> list[str]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
    environ |= {"XDG_DATA_HOME": f"{home}/data", "XDG_STATE_HOME": f"{home}/state"}
    done = subprocess.run(
        [*command, sys.executable, "-m", "tests.oauth.keyring_child"],
        env=environ,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_sign_in_goes_round(tmp_path: Path) -> None:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    require(f"{' and '.join(missing)} not found" if missing else None)
    assert run(tmp_path, "dbus-run-session", "--") == [PLACE, "None", "new", "None"]
    folder = tmp_path / "state" / "smtp-tui" / "oauth"
    assert [path.name for path in folder.iterdir()] == ["support,me@example.org.json.lock"]


def test_without_a_keyring_there_is_no_sign_in(tmp_path: Path) -> None:
    place, refusal = run(tmp_path)
    assert place == PLACE
    file = tmp_path / "state" / "smtp-tui" / "oauth" / "support,me@example.org.json"
    assert refusal == (
        f"oauth-not-signed-in: {file} does not exist, and {PLACE} cannot be read: "
        "no keyring service is running (no D-Bus session)"
    )
