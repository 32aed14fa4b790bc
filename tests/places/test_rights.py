"""Who may enter: root, and the owner of a user namespace; everybody else gets one line."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import smtp_tui
from smtp_tui.places.place import PlaceKind, open_place
from tests.places.spaces import NOBODY, RESIDENT, make_etc, require_namespaces, resident

STRANGER = 65533
PACKAGE = Path(smtp_tui.__file__).parent
# Prints what it finds, or the error.
PROGRAM = """
import json, socket, sys
from smtp_tui.places.errors import PlaceError
from smtp_tui.places.place import PlaceKind, open_place
try:
    with open_place(PlaceKind.PROCESS, sys.argv[1]) as place:
        found = {
            "names": place.network.addresses("by-hosts.example.test", 25, socket.AF_INET),
            "own_name": place.network.own_name(),
            "environment": dict(place.environment.variables),
            "connects": place.network.new_socket(socket.AF_INET).connect_ex(("127.0.0.1", 2525)),
            "hosts": place.files.read("/etc/hosts").decode(),
        }
except PlaceError as error:
    found = {"error": type(error).__name__, "text": str(error), "command": error.command}
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def readable_copy() -> Iterator[Path]:
    """A copy of the program, with its Python, that every user may run."""
    require_namespaces()
    with tempfile.TemporaryDirectory(prefix="smtp-tui-test-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        ignored = shutil.ignore_patterns("__pycache__", "tui", "demo")
        shutil.copytree(PACKAGE, folder / "smtp_tui", ignore=ignored)
        shutil.copy(RESIDENT, folder)
        subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
        yield folder


def as_user(user: int, *words: str) -> list[str]:
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *words]


def python() -> str:
    """A Python that every user may run."""
    for path in ("/usr/bin/python3", sys.executable):
        command = as_user(NOBODY, path, "-c", "import sys; assert sys.version_info >= (3, 11)")
        if subprocess.run(command, check=False, capture_output=True).returncode == 0:
            return path
    pytest.skip("no Python of version 3.11 that every user may run")


def open_as(user: int, pid: int, folder: Path, *options: str) -> Any:
    finished = subprocess.run(
        as_user(user, *options, python(), "-c", PROGRAM, str(pid)),
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert finished.stderr == ""
    return json.loads(finished.stdout)


@pytest.fixture
def owned(readable_copy: Path, tmp_path: Path) -> Iterator[int]:
    """A process in namespaces that NOBODY owns, as in a container without root."""
    etc = make_etc(readable_copy / "etc", hosts="192.0.2.9 by-hosts.example.test\n")
    etc.chmod(0o755)
    with resident(
        prefix=[*as_user(NOBODY), "unshare", "-Urnmu"],
        setup=["ip link set lo up", f"mount --bind {etc} /etc"],
        variables={"SMTP_HOST": "mail.example.test"},
        greets=[("127.0.0.1", 2525)],
        hostname="rootless",
        program=[python(), "-IS", str(readable_copy / "resident.py")],
    ) as pid:
        yield pid


def test_the_owner_of_a_user_namespace_enters_it(owned: int, readable_copy: Path) -> None:
    found = open_as(NOBODY, owned, readable_copy)
    assert found == {
        "names": [[socket.AF_INET, ["192.0.2.9", 25]]],
        "own_name": "rootless",
        "environment": {**found["environment"], "SMTP_HOST": "mail.example.test"},
        "connects": 0,
        "hosts": "192.0.2.9 by-hosts.example.test\n",
    }


def test_root_enters_a_user_namespace_as_its_user(owned: int) -> None:
    with open_place(PlaceKind.PROCESS, str(owned)) as place:
        assert place.status.uid == NOBODY
        assert place.process.owner == NOBODY
        found = place.network.addresses("by-hosts.example.test", 25, socket.AF_INET)
        assert found == [(socket.AF_INET, ("192.0.2.9", 25))]
        with place.network.new_socket(socket.AF_INET) as inside:
            assert inside.connect_ex(("127.0.0.1", 2525)) == 0
        assert place.network.own_name() == "rootless"


def test_a_stranger_learns_who_may(owned: int, readable_copy: Path) -> None:
    assert open_as(STRANGER, owned, readable_copy) == {
        "error": "NotPermitted",
        "text": f"smtp-tui may not enter process {owned}: that needs root, or user {NOBODY}, "
        "who owns its namespaces",
        "command": f"sudo smtp-tui check --as-pid {owned}",
    }


def test_a_process_of_root(readable_copy: Path) -> None:
    with resident() as pid:
        assert open_as(NOBODY, pid, readable_copy) == {
            "error": "NotPermitted",
            "text": f"smtp-tui may not enter process {pid}: that needs root",
            "command": f"sudo smtp-tui check --as-pid {pid}",
        }


def test_a_root_without_the_right_is_not_sent_to_sudo(owned: int, readable_copy: Path) -> None:
    """As in a container, whose root may neither trace other users nor enter namespaces."""
    lacking = "-sys_ptrace,-sys_admin,-dac_override,-dac_read_search"
    options = (f"--bounding-set={lacking}", f"--inh-caps={lacking}")
    found = open_as(0, owned, readable_copy, *options)
    assert found["error"] == "PlaceError", found
    assert found["text"].startswith(
        f"smtp-tui may not enter process {owned}, although it runs as root: "
    )
    assert found["command"] == ""


def test_a_process_of_ones_own_needs_no_rights(readable_copy: Path) -> None:
    program = [python(), "-IS", str(readable_copy / "resident.py")]
    with resident(prefix=as_user(NOBODY), variables={"A": "b"}, program=program) as pid:
        script = PROGRAM.replace("by-hosts.example.test", "localhost")
        script = script.replace('"hosts": place.files.read("/etc/hosts").decode(),', "")
        found = subprocess.run(
            as_user(NOBODY, python(), "-c", script, str(pid)),
            cwd=readable_copy,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        assert json.loads(found)["names"] == [[socket.AF_INET, ["127.0.0.1", 25]]]


def test_its_own_process_in_a_network_that_root_made(readable_copy: Path) -> None:
    """The user may read its variables, but only root may enter the network."""
    program = [python(), "-IS", str(readable_copy / "resident.py")]
    prefix = ["unshare", "-n", *as_user(NOBODY)]
    with resident(prefix=prefix, variables={"A": "b"}, program=program) as pid:
        found = open_as(NOBODY, pid, readable_copy)
        assert found["error"] == "NotPermitted"
        assert found["text"] == f"smtp-tui may not enter process {pid}: that needs root"
