"""A call inside the test's own process."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from smtp_tui.program import main
from tests.cli.program import Outcome
from tests.servers.mail import MailServers

Call = Callable[..., Outcome]


@contextlib.contextmanager
def standard_input(data: bytes) -> Iterator[None]:
    """Have the data on descriptor 0, and `sys.stdin` read from there."""
    before = os.dup(0)
    try:
        with tempfile.TemporaryFile() as file, pytest.MonkeyPatch.context() as patch:
            file.write(data)
            file.seek(0)
            os.dup2(file.fileno(), 0)
            with open(0, encoding="utf-8", closefd=False) as stdin:
                patch.setattr(sys, "stdin", stdin)
                yield
    finally:
        os.dup2(before, 0)
        os.close(before)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs the program with these words and returns what came of it.

    A process of its own takes twenty times as long; `run_program` starts one where that matters.
    """

    def run(
        *arguments: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None
    ) -> Outcome:
        with contextlib.ExitStack() as stack:
            if stdin is not None:
                stack.enter_context(standard_input(stdin))
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            status = main(arguments)
        told = capsys.readouterr()
        return Outcome(status, told.out, told.err)

    return run


@pytest.fixture
def toml(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a TOML file and returns its path."""

    def write(text: str) -> Path:
        file = tmp_path / "mail.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that other users can enter, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def trusted(mail_servers: MailServers, monkeypatch: pytest.MonkeyPatch) -> MailServers:
    """Servers whose authority this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(mail_servers.authority_file))
    return mail_servers
