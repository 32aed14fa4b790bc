"""A call inside the test's own process."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from smtp_tui.program import main
from tests.cli.program import Outcome
from tests.servers.mail import MailServers

Call = Callable[..., Outcome]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs the program with these words and returns what came of it."""

    def run(*arguments: str) -> Outcome:
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
