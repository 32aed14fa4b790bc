"""A process read through its folder in /proc; real processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smtp_tui.places.errors import PlaceError
from smtp_tui.places.place import PlaceKind, open_place
from smtp_tui.places.process import ProcessHandle, parse_environment
from smtp_tui.places.trust import mapped_files
from tests.places.spaces import copy_program, make_tree, require_namespaces


def test_an_environment_is_parsed_as_getenv_reads_it() -> None:
    parsed = parse_environment(
        b"A=1\0A=2\0B=x=y\0\0EMPTY=\0no sign\0=C:=x\0LINE=a\nb\0BAD=\xff\xfe\0" + b"A=3\0"
    )
    assert parsed.variables == {
        "A": "1",
        "B": "x=y",
        "EMPTY": "",
        "LINE": "a\nb",
        "BAD": "\udcff\udcfe",
    }
    assert (parsed.repeated, parsed.invalid) == (("A",), 2)
    assert repr(parsed) == "ProcessEnvironment(5 variables)"


def test_a_program_may_write_its_title_over_its_environment() -> None:
    parsed = parse_environment(b"postgres: writer process   \0\0\0\0\0tail of it\0A=1\0")
    assert (parsed.variables, parsed.invalid) == ({"A": "1"}, 2)


@contextmanager
def running(program: Path, *words: str) -> Iterator[int]:
    """Run a `cat` until it has echoed a line, so it has become what it is."""
    started = subprocess.Popen([program, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert started.stdin
    assert started.stdout
    with started, started.stdin, started.stdout:
        started.stdin.write(b"x\n")
        started.stdin.flush()
        assert started.stdout.readline() == b"x\n"
        yield started.pid
        started.stdin.close()


def test_names_with_blanks_and_brackets(tmp_path: Path) -> None:
    program = tmp_path / "a) R 1 (b"
    shutil.copy("/bin/cat", program)
    with running(program) as pid, ProcessHandle(pid) as process:
        status = process.status
        assert (status.command, status.parent) == ("a) R 1 (b", os.getpid())
        assert (status.uid, status.is_over) == (os.getuid(), False)
        assert process.executable == str(program)


def test_a_program_that_was_replaced_is_named_as_before(tmp_path: Path) -> None:
    program = tmp_path / "app"
    shutil.copy("/bin/cat", program)
    with running(program) as pid, ProcessHandle(pid) as process:
        program.unlink()
        assert process.executable == str(program)
        assert str(program) in mapped_files(process)


def test_a_process_that_has_ended_and_one_that_nobody_waited_for() -> None:
    started = subprocess.Popen(["true"])
    with ProcessHandle(started.pid) as process:
        os.waitid(os.P_PID, started.pid, os.WEXITED | os.WNOWAIT)
        assert process.status.is_over
        with (
            pytest.raises(PlaceError, match=f"process {started.pid} has no variables or files"),
            open_place(PlaceKind.PROCESS, str(started.pid)),
        ):
            pass
        started.wait()
        for read in (lambda: process.status, lambda: process.read("environ")):
            with pytest.raises(PlaceError, match=f"process {started.pid} does not exist"):
                read()


def test_a_thread_of_the_kernel() -> None:
    with ProcessHandle(2) as process:
        if process.status.parent != 0 or process.read("cmdline"):
            pytest.skip("process 2 is no kernel thread here")
        assert process.status.is_over


def test_a_changed_root_is_taken_off_the_paths(tmp_path: Path) -> None:
    """After chroot, the process calls its files by other names than this machine."""
    require_namespaces()
    tree = make_tree(tmp_path / "tree")
    copy_program("/bin/cat", tree)
    (tree / "etc/hosts").write_text("192.0.2.3 inside\n")
    (tree / "srv/app").mkdir(parents=True)
    enter = (
        f"import os; os.chroot({str(tree)!r}); os.chdir('/srv/app'); os.execv('/bin/cat', ['cat'])"
    )
    with (
        running(Path(sys.executable), "-c", enter) as pid,
        open_place(PlaceKind.PROCESS, str(pid)) as place,
    ):
        assert place.process.executable == "/bin/cat"
        assert place.process.folder == "/srv/app"
        assert place.libc == "glibc"
        assert all(path.startswith(("/bin/", "/lib")) for path in mapped_files(place.process))
        assert place.files.read("/etc/hosts") == b"192.0.2.3 inside\n"
        assert place.files.read("/../../etc/hosts") == b"192.0.2.3 inside\n"
