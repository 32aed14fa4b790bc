"""What the tests of places share: podman, and the proof that they leave nothing behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places.spaces import Podman, make_podman

_HIDDEN = ("/etc", "/run", "/var/run")


@pytest.fixture(scope="session")
def podman_store(tmp_path_factory: pytest.TempPathFactory) -> Podman:
    """Podman with a store for all tests of this worker."""
    return make_podman(tmp_path_factory.mktemp("podman"))


@pytest.fixture
def podman(podman_store: Podman, monkeypatch: pytest.MonkeyPatch) -> Podman:
    """Podman, which the program under test finds too."""
    for name, value in podman_store.environment.items():
        monkeypatch.setenv(name, value)
    return podman_store


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Fail a test that leaves a process, a descriptor or a mount behind."""
    before = _children(), _mounts(), _own_files()
    descriptors = _open_descriptors()
    yield
    assert (_children(), _mounts(), _own_files()) == before
    assert _open_descriptors() <= descriptors


def _open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def _children() -> set[str]:
    """The processes that this one started; podman's own belong to init."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(after_name[1]) == os.getpid():
            found.add(stat.parent.name)
    return found


def _own_files() -> list[tuple[int, int]]:
    """When this machine's resolver files were written, and which they are."""
    paths = [Path("/etc", name) for name in ("hosts", "resolv.conf", "nsswitch.conf", "host.conf")]
    return [(path.stat().st_mtime_ns, path.stat().st_ino) for path in paths if path.exists()]


def _mounts() -> list[str]:
    """What the agent would hide on this machine, if its mounts were not its own."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if line.split()[4] in _HIDDEN]
