"""The Ansible module, in a real ansible-playbook on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.demo import PASSWORD, USERNAME, SampleFile, running_demo
from tests.servers.requirements import require

pytestmark = pytest.mark.integration

LIBRARY = Path(__file__).parents[2] / "contrib/ansible/library"
WRONG = "never-the-right-one"
# Runs the program, and keeps what the process list shows of it.
PROGRAM = f"""#!/bin/sh
printf '%s\\n' "$*" >> "$0.calls"
exec {sys.executable} -m smtp_tui "$@"
"""


@pytest.fixture(scope="module")
def sample() -> Iterator[SampleFile]:
    with running_demo() as running:
        yield running


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program"
    path.write_text(PROGRAM)
    path.chmod(0o755)
    return path


def played(folder: Path, tasks: list[dict[str, Any]], *words: str) -> tuple[dict[str, Any], str]:
    """Run tasks on this machine; return the result of each by its name, and all that was shown."""
    require(None if shutil.which("ansible-playbook") else "ansible-playbook is not installed")
    results = folder / "results.json"
    registers = {task["register"]: f"{{{{ {task['register']} }}}}" for task in tasks}
    keep = {
        "ansible.builtin.copy": {"content": "{{ all_of_them | to_json }}", "dest": str(results)},
        "vars": {"all_of_them": registers},
        "check_mode": False,
        "no_log": True,
    }
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [*tasks, keep]}]
    book = folder / "play.json"  # JSON is YAML
    book.write_text(json.dumps(play))
    done = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", "-c", "local", "-vvv", *words, str(book)],
        env={
            **os.environ,
            "ANSIBLE_LIBRARY": str(LIBRARY),
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    shown = done.stdout + done.stderr
    assert results.exists(), shown
    return json.loads(results.read_text(encoding="utf-8")), shown


def task(name: str, program: Path, **options: Any) -> dict[str, Any]:
    """A task that goes on after a failure."""
    return {
        "smtp_check": {"executable": str(program), "extra_seconds": 0, **options},
        "register": name,
        "ignore_errors": True,
    }


def settings_of(sample: SampleFile) -> dict[str, Any]:
    """Settings that work, without the password."""
    port = next(line for line in sample.text.splitlines() if line.startswith("port = "))
    return {
        "host": "localhost",
        "port": int(port.removeprefix("port = ")),
        "encryption": "tls",
        "starttls_auto": True,
        "ca_file": str(sample.file.with_name("demo-ca.pem")),
        "username": USERNAME,
    }


def test_what_a_playbook_gets(sample: SampleFile, program: Path, tmp_path: Path) -> None:
    values = settings_of(sample)
    login = {"settings": values, "password": PASSWORD}
    tasks = [
        task("passed", program, **login),
        task("rejected", program, settings=values, password=WRONG),
        task("seen", program, settings=values, password=WRONG, fail=False),
        task("of_file", program, path=str(sample.file), table="smtp"),
        task("asked", program, **login, recipients=["a@example.org"], sender="b@example.org"),
        task("sent", program, **login, recipients=["a@example.org"], message="Hello"),
        task("missing", tmp_path / "none", **login),
        task("unusable", program, settings={"weather": "fine", "host": "a"}),
        task("in_settings", program, settings={**values, "password": "x"}),
        task("alone", program, **login, subject="Hello"),
    ]
    results, shown = played(tmp_path, tasks)
    passed = results["passed"]
    assert (passed["ok"], passed["stage"], passed["cause"]) == (True, "auth", None)
    assert (passed["changed"], passed["failed"]) == (False, False)
    assert passed["verdict"]["tls"]["verified"] is True
    assert results["rejected"]["failed"] is True
    assert results["rejected"]["cause"] == "auth-rejected"
    assert results["rejected"]["msg"].startswith("The server rejects username or password")
    assert results["rejected"]["to_do"] in results["rejected"]["msg"]
    assert (results["seen"]["failed"], results["seen"]["ok"]) == (False, False)
    assert results["of_file"]["cause"] == "auth-mechanism-not-offered"
    assert results["asked"]["verdict"]["recipients"][0]["code"] == 250
    assert results["asked"]["changed"] is False
    assert (results["sent"]["stage"], results["sent"]["changed"]) == ("message", True)
    assert "is not on this host: install smtp-tui" in results["missing"]["msg"]
    assert "there is no setting 'weather'" in results["unusable"]["msg"]
    assert results["in_settings"]["msg"] == "set the option password, not settings.password"
    assert results["alone"]["msg"] == "subject and message need recipients"
    calls = Path(f"{program}.calls").read_text(encoding="utf-8")
    for secret in (PASSWORD, WRONG):
        assert secret not in calls
        assert secret not in shown
        assert secret not in json.dumps(results)


def test_check_mode_sends_no_message(sample: SampleFile, program: Path, tmp_path: Path) -> None:
    options = {"settings": settings_of(sample), "password": PASSWORD, "recipients": ["a@b.example"]}
    tasks = [task("sent", program, **options, subject="Hello", message="Hello")]
    results, _ = played(tmp_path, tasks, "--check")
    assert (results["sent"]["ok"], results["sent"]["changed"]) == (True, False)
    assert results["sent"]["stage"] == "envelope"
    assert "No message was sent." in results["sent"]["summary"]
    assert Path(f"{program}.calls").read_text(encoding="utf-8").startswith("check ")


def test_its_documentation_can_be_shown() -> None:
    require(None if shutil.which("ansible-doc") else "ansible-doc is not installed")
    words = ["ansible-doc", "-M", str(LIBRARY), "--json", "smtp_check"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    described = json.loads(done.stdout)["smtp_check"]
    arguments = described["doc"]["options"]
    code = (LIBRARY / "smtp_check.py").read_text(encoding="utf-8")
    assert all(f'    "{name}": {{"type": ' in code for name in arguments)
    assert {"ok", "stage", "cause", "summary", "to_do", "verdict"} == set(described["return"])
