"""The application behind a shell or an init; real processes, and a container whose init is sh."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from smtp_tui.places.application import application_of
from smtp_tui.places.place import PlaceKind, open_place
from smtp_tui.places.process import ProcessHandle
from tests.places.spaces import Podman, copy_program, make_tree

# Each says that it is there, and ends with its input. A shell gives what runs behind it no input.
WAITS = r"import os, sys; os.write(1, b'ready\n'); sys.stdin.read()"


@contextmanager
def shell(script: str, *programs: Path, ready: int = 1) -> Iterator[int]:
    """Run a script for `sh` until `ready` programs have said that they are there."""
    words = ["sh", "-c", f"exec 3<&0; {script}", "sh", *map(str, programs)]
    started = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert started.stdin
    assert started.stdout
    with started.stdin, started.stdout:
        try:
            for _ in range(ready):
                assert started.stdout.readline() == "ready\n"
            yield started.pid
        finally:
            started.stdin.close()
            started.wait()


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """A program named web."""
    return named(tmp_path / "web")


def named(path: Path) -> Path:
    """Return a program of that name that prints `ready` and waits for the end of its input."""
    path.symlink_to(sys.executable)
    return path


def found(pid: int) -> tuple[str, list[str]]:
    with ExitStack() as stack:
        process = stack.enter_context(ProcessHandle(pid))
        application, others = application_of(process, stack)
        return application.status.command, sorted(other.status.command for other in others)


def test_a_program_that_is_no_launcher(web: Path) -> None:
    with shell(f'exec "$1" -c "{WAITS}"', web) as pid:
        assert found(pid) == ("web", [])


def test_what_a_shell_started(web: Path) -> None:
    with shell(f'"$1" -c "{WAITS}"; true', web) as pid:
        assert found(pid) == ("web", [])
    with shell(f'sh -c \'"$1" -c "$2"; true\' sh "$1" "{WAITS}"; true', web) as pid:
        assert found(pid) == ("web", [])


def test_a_shell_that_waits_is_itself_the_application() -> None:
    with shell("sleep 600 & echo ready; read line; kill $!") as pid:
        assert found(pid) == ("sh", [])


def test_several_are_left_to_the_user(web: Path, tmp_path: Path) -> None:
    worker = named(tmp_path / "worker")
    script = f'"$1" -c "{WAITS}" <&3 & "$2" -c "{WAITS}" <&3 & exec 3<&-; wait'
    with shell(script, web, worker, ready=2) as pid:
        assert found(pid) == ("sh", ["web", "worker"])


@pytest.mark.integration
def test_a_container_whose_first_process_is_a_shell(podman: Podman, tmp_path: Path) -> None:
    tree = make_tree(tmp_path / "tree")
    copy_program("/bin/sh", tree)
    copy_program("/bin/cat", tree, "/bin/app")
    script = "export SMTP_HOST=mail.example.test; /bin/app /tmp/fifo; exit"
    subprocess.run(["mkfifo", tree / "tmp/fifo"], check=True)
    with (
        podman.container("web", tree=tree, command=("/bin/sh", "-c", script)),
        # This waits until the application reads.
        (tree / "tmp/fifo").open("wb"),
        open_place(PlaceKind.CONTAINER, "web") as place,
    ):
        assert place.container
        assert place.status.command == "app"
        assert place.status.parent == place.container.pid
        assert place.environment.variables["SMTP_HOST"] == "mail.example.test"
