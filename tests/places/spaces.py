"""Places of the tests' own: processes in namespaces, and containers of the real podman."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.requirements import require

RESIDENT = Path(__file__).with_name("resident.py")
OWN_PYTHON = (sys.executable, "-IS", str(RESIDENT))
NOBODY = 65534


def require_namespaces() -> None:
    """Skip the test where this machine lets it make no namespaces."""
    if os.geteuid() != 0:
        return require("only root can make network and mount namespaces")
    made = subprocess.run(["unshare", "-nmu", "true"], capture_output=True, text=True, check=False)
    return require(f"no namespaces here: {made.stderr.strip()}" if made.returncode else None)


@contextmanager
def resident(
    *,
    prefix: Sequence[str] = (),
    setup: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    greets: Sequence[tuple[str, int]] = (),
    sockets: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    hostname: str = "",
    user: int | None = None,
    program: Sequence[str] = OWN_PYTHON,
) -> Iterator[int]:
    """Run the resident application after `setup`, and yield its process; see `resident.main`."""
    wanted: dict[str, object] = {
        "greets": greets,
        "sockets": sockets,
        "names": names,
        "hostname": hostname,
    }
    wanted |= {"user": user}
    command = shlex.join([*program, json.dumps(wanted)])
    script = "\n".join(["set -e", *setup, f"exec {command}"])
    started = subprocess.Popen(
        [*prefix, "sh", "-c", script],
        env={"PATH": os.environ["PATH"], **(variables or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdin
    assert started.stdout
    try:
        assert started.stdout.readline() == "ready\n"
        yield started.pid
    finally:
        started.kill()
        started.wait()
        for pipe in (started.stdin, started.stdout):
            with suppress(OSError):
                pipe.close()


@contextmanager
def process_in_namespaces(
    etc: Path | None = None,
    *,
    setup: Sequence[str] = ("ip link set lo up",),
    mounts: Mapping[str, Path] | None = None,
    variables: Mapping[str, str] | None = None,
    greets: Sequence[tuple[str, int]] = (),
    sockets: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    hostname: str = "",
    user: int | None = None,
    program: Sequence[str] = OWN_PYTHON,
) -> Iterator[int]:
    """Run an application in a network, mount and UTS namespace of its own.

    `etc` is its /etc, and `mounts` are folders or files at other paths; `setup` are shell commands
    inside, `names` what its name server on 127.0.0.1 knows, `greets` and `sockets`
    where it listens.
    """
    require_namespaces()
    binds = {"/etc": etc} if etc else {}
    binds |= mounts or {}
    commands = ["mount --make-rprivate /", *setup]
    commands += [shlex.join(["mount", "--bind", str(path), to]) for to, path in binds.items()]
    with resident(
        prefix=["unshare", "-nmu"],
        setup=commands,
        variables=variables,
        greets=greets,
        sockets=sockets,
        names=names,
        hostname=hostname,
        user=user,
        program=program,
    ) as pid:
        yield pid


def make_etc(folder: Path, **files: str) -> Path:
    """Make a folder for /etc; `resolv_conf` becomes resolv.conf."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


@dataclass
class Podman:
    """The real podman with a store of its own, and a root folder for its containers."""

    environment: Mapping[str, str]
    tree: Path

    def run(self, *words: str) -> str:
        finished = subprocess.run(
            ["podman", *words],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout.strip()

    @contextmanager
    def container(
        self,
        name: str,
        *options: str,
        network: str = "none",
        tree: Path | None = None,
        command: Sequence[str] = ("/bin/sleep", "600"),
    ) -> Iterator[str]:
        """Run a container that sleeps, and remove it afterwards."""
        words = ("--name", name, f"--network={network}", *options)
        self.run("run", "-d", *words, "--rootfs", str(tree or self.tree), *command)
        try:
            yield name
        finally:
            self.run("rm", "-f", "-t", "0", name)


def make_podman(folder: Path) -> Podman:
    """Return a podman that leaves the machine's containers alone; skip without one that works."""
    for program in ("podman", "runc"):
        require(None if shutil.which(program) else f"{program} is not installed")
    require_namespaces()
    storage, containers = folder / "storage.conf", folder / "containers.conf"
    storage.write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
    )
    # crun refuses machines with both versions of control groups.
    containers.write_text(
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n'
    )
    environment = {
        "CONTAINERS_STORAGE_CONF": str(storage),
        "CONTAINERS_CONF": str(containers),
        "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
    }
    podman = Podman(environment, make_tree(folder / "tree"))
    try:
        with podman.container("trial"):
            return podman
    except AssertionError as error:
        pytest.skip(f"podman is installed, but cannot run a container here: {error}")


def make_tree(folder: Path) -> Path:
    """Make a root folder that holds `sleep` with its libraries, and an empty /etc."""
    copy_program("/bin/sleep", folder)
    for name in ("etc", "dev", "proc", "sys", "tmp", "run"):
        (folder / name).mkdir()
    return folder


def copy_program(path: str, tree: Path, target: str = "") -> None:
    """Copy a program with its libraries into a root folder."""
    listed = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
    libraries = [word for word in listed.split() if word.startswith("/")]
    for source, place in [(path, target or path), *((library, library) for library in libraries)]:
        copy = tree / place.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)
