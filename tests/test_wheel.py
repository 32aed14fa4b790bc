"""The wheel: it holds all that the program reads, and runs away from its sources."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from smtp_tui.settings.fields import FIELDS

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "smtp_tui"
OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
}


def _pip(*arguments: str, folder: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "pip", "-q", *arguments],
        cwd=folder,
        env={**os.environ, **OFFLINE},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a copy of the sources, installed into a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "sources"
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, copy / PACKAGE.name, ignore=leave)
    shutil.copytree(ROOT / "man", copy / "man")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    _pip("wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), ".", folder=copy)
    (wheel,) = folder.glob("*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")
    shutil.rmtree(copy)
    target = folder / "installed"
    _pip("install", "--no-deps", "--target", str(target), str(wheel), folder=folder)
    return target


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed program from another folder."""
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=installed.parent,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_it_is_the_installed_one_that_runs(installed: Path) -> None:
    program = "import smtp_tui; print(smtp_tui.__file__, smtp_tui.__version__)"
    assert run(installed, "-c", program).stdout.startswith(f"{installed}/smtp_tui/__init__.py ")


def test_every_file_is_there(installed: Path) -> None:
    def files(folder: Path) -> set[str]:
        return {
            str(path.relative_to(folder))
            for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }

    assert files(installed / "smtp_tui") == files(PACKAGE)
    assert not (installed / "tests").exists()
    assert (installed / "bin" / "smtp-tui").exists()
    assert (installed / "share/man/man1/smtp-tui.1").exists()


def test_explanations(installed: Path) -> None:
    for field in FIELDS:
        told = run(installed, "-m", "smtp_tui", "explain", field.key)
        assert told.stdout.startswith(f"# {field.label}\n"), told.stderr


def test_check(installed: Path) -> None:
    words = ("--set", "host=127.0.0.1", "--set", "port=1", "--set", "username=")
    told = run(installed, "-m", "smtp_tui", "check", *words)
    assert told.returncode == 6, told.stderr
    assert "FAILED at connection: " in told.stdout
    assert "To do:" in told.stdout


def test_demo(installed: Path) -> None:
    told = run(installed, "-m", "smtp_tui", "demo", "--json", "--quiet")
    assert (told.returncode, told.stderr) == (0, "")
    failed, passed = map(json.loads, told.stdout.splitlines())
    assert (failed["ok"], passed["ok"]) == (False, True)


def test_the_form_can_be_loaded(installed: Path) -> None:
    program = (
        "import smtp_tui.tui.app as app; from pathlib import Path; "
        "print((Path(app.__file__).parent / app.SmtpApp.CSS_PATH).is_file())"
    )
    told = run(installed, "-c", program)
    assert told.stdout == "True\n", told.stderr
