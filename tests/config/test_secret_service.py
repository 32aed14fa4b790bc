"""A real keyring over a real D-Bus, in a child with a home of its own; and a child without one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.requirements import require

pytestmark = pytest.mark.integration

CHILD = Path(__file__).with_name("secret_service_child.py")
PROGRAMS = ("dbus-run-session", "gnome-keyring-daemon")


def run(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "PYTHONWARNINGS": "error",
    }
    return subprocess.run(
        [*command, sys.executable, str(CHILD)],
        env=environ,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_password_goes_round(tmp_path: Path) -> None:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    require(f"{' and '.join(missing)} not found" if missing else None)
    ended = run(tmp_path, "dbus-run-session", "--")
    assert ended.stdout.splitlines() == [
        "state: None",
        "stored",
        "fetched: s3cret ü",
        "forgotten",
        "the keyring's entry smtp of me@example.org does not exist; "
        "store it with smtp-tui password set, as the user who runs the test",
    ]
    assert ended.returncode == 0
    assert (tmp_path / "data" / "keyrings").is_dir()


def test_without_a_bus_the_guidance_is_shown(tmp_path: Path) -> None:
    ended = run(tmp_path)
    state, refusal = ended.stdout.splitlines()
    assert "no keyring service is running (no D-Bus session); keep the password else" in state
    assert refusal.startswith("the keyring's entry smtp of me@example.org was not stored: no keyr")
    assert "an environment variable (env)" in refusal
    assert ended.returncode == 4
