"""What the tests of the dialogue share."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from smtp_tui.smtp import auth, client, starttls
from tests.smtp import pki


@pytest.fixture(scope="session")
def authority() -> pki.Issued:
    """The CA that the checks trust."""
    return pki.issue("Test CA", is_authority=True)


@pytest.fixture(scope="session")
def good(authority: pki.Issued) -> pki.Issued:
    """A certificate without a fault."""
    return pki.issue(pki.HOST, pki.HOST, "localhost", issuer=authority)


@pytest.fixture
def ca_file(authority: pki.Issued, tmp_path: Path) -> str:
    """The file that names the CA."""
    file = tmp_path / "ca.pem"
    file.write_bytes(authority.pem)
    return str(file)


@pytest.fixture
def context(good: pki.Issued, tmp_path: Path) -> ssl.SSLContext:
    """The context of a server without a fault."""
    return pki.server_context(tmp_path, good)


@pytest.fixture
def context_of(tmp_path: Path) -> Callable[..., ssl.SSLContext]:
    """Make the context of a server that shows a certificate."""

    def make(*issued: pki.Issued, **more: object) -> ssl.SSLContext:
        return pki.server_context(tmp_path, *issued, **more)  # type: ignore[arg-type]

    return make


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait a whole second for an answer to QUIT, or to a cancelled AUTH."""
    monkeypatch.setattr(client, "QUIT_LIMIT", 0.05)
    monkeypatch.setattr(auth, "CANCEL_LIMIT", 0.05)


@pytest.fixture(autouse=True)
def no_recent_contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test find the TLS context that another made a moment ago."""
    monkeypatch.setattr(starttls, "_recent", {})
