"""Files of certificates and keys that are pipes, devices, or too large; a wait holds up nobody."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.smtp.starttls import load_context
from smtp_tui.smtp.tls import FileReader, TlsContextError, client_context
from tests.diagnosis.examples import settings
from tests.smtp import pki
from tests.smtp.playing import EHLO, GREETING, play
from tests.smtp.steps import tls
from tests.terminal import on_terminal

FIELDS = ("ca_file", "client_certificate", "client_key")


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A pipe that nobody writes into."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def written(path: Path, content: bytes) -> threading.Thread:
    """Write into a pipe as soon as somebody reads, who may leave early."""

    def write() -> None:
        with suppress(BrokenPipeError):
            path.write_bytes(content)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


def values_with(field: str, path: Path, tmp_path: Path) -> dict[str, str]:
    """Settings that name a path in a field; a key goes with a certificate that is good."""
    values = {field: str(path)}
    if field == "client_key":
        good = tmp_path / "client.pem"
        good.write_bytes(pki.issue("client").pem)
        values["client_certificate"] = str(good)
    return values


@pytest.mark.parametrize("field", FIELDS)
async def test_a_pipe_that_gives_nothing(field: str, pipe: Path, tmp_path: Path) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    counting = asyncio.create_task(count())
    began = time.monotonic()
    with pytest.raises(TlsContextError) as caught:
        await load_context(settings(**values_with(field, pipe, tmp_path)), 0.3)
    counting.cancel()
    assert time.monotonic() - began < 2
    assert turns > 3  # the loop went on
    assert caught.value.key == field
    assert f"{pipe} was not read within 0.3 s" in str(caught.value)


async def test_a_check_ends_in_time(pipe: Path) -> None:
    values: dict[str, Any] = {"encryption": "tls", "ca_file": str(pipe), "timeout": 1}
    played = await play((GREETING,), **values)
    assert (played.verdict.stage, played.verdict.cause) == ("settings", "settings-invalid")
    assert f"ca_file: {pipe} was not read within" in played.verdict.summary
    assert played.server.peers == []


async def test_the_systems_certificates_may_hang_too(
    pipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(pipe))
    with pytest.raises(TlsContextError) as caught:
        await load_context(settings(), 0.3)
    assert str(caught.value).startswith(f"SSL_CERT_FILE: {pipe} was not read")


def test_the_variable_that_is_not_set_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", "/certificates")
    monkeypatch.setattr(ssl.SSLContext, "set_default_verify_paths", _hang)
    files = FileReader()
    with pytest.raises(TimeoutError):
        client_context(settings(), files)
    late = files.late(0.3)
    assert late
    assert str(late).startswith("the system's CA file: /")
    assert "SSL_CERT" not in str(late)


def _hang(_: ssl.SSLContext) -> None:
    raise TimeoutError


async def test_pipes_that_a_shell_hands_over(tmp_path: Path) -> None:
    authority = pki.issue("Test CA", is_authority=True)
    client = pki.issue("client", issuer=authority)
    server = pki.issue(pki.HOST, pki.HOST, issuer=authority)
    context = pki.server_context(tmp_path, server, client_authority=authority)
    contents = {"ca_file": authority.pem, "client_certificate": client.pem}
    contents["client_key"] = client.key_pem()
    values: dict[str, Any] = {}
    for name, content in contents.items():
        path = tmp_path / name
        os.mkfifo(path)
        written(path, content)
        values[name] = str(path)
    script = (tls(context), f"{GREETING}\n{EHLO}\nS: 250 mail.example.test")
    played = await play(script, encryption="ssl", **values)
    assert played.verdict.ok, played.verdict.summary


@pytest.mark.parametrize("field", FIELDS)
async def test_what_is_no_file_or_too_large(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smtp_tui.smtp.tls.LARGEST_FILE", 1 << 20)
    large, flood = tmp_path / "large", tmp_path / "flood"
    large.write_bytes(b"x" * ((1 << 20) + 1))
    os.mkfifo(flood)
    thread = written(flood, b"x" * (2 << 20))
    said = {
        "/dev/zero": "is not a regular file",
        str(tmp_path): "is a folder; name a file",
        str(large): "is larger than 1 MiB",
        str(flood): "is larger than 1 MiB",
        str(tmp_path / "missing"): ": No such file or directory",
    }
    for path, words in said.items():
        with pytest.raises(TlsContextError) as caught:
            await load_context(settings(**values_with(field, Path(path), tmp_path)), 5)
        assert (caught.value.key, words in str(caught.value)) == (field, True), str(caught.value)
    thread.join()


def test_no_descriptor_is_left(tmp_path: Path) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    path = tmp_path / "pipe"
    os.mkfifo(path)
    before = open_files()
    for content in (pki.issue("a").pem, b"garbage"):
        thread = written(path, content)
        with suppress(TlsContextError):
            asyncio.run(load_context(settings(ca_file=str(path)), 5))
        thread.join()
    assert open_files() == before


async def test_openssl_that_can_do_no_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        error = ssl.SSLError(1, "library has no ciphers")
        error.reason = "LIBRARY_HAS_NO_CIPHERS"
        raise error

    monkeypatch.setenv("OPENSSL_CONF", "/etc/fips.cnf")
    monkeypatch.setattr(ssl, "SSLContext", refuse)
    played = await play((GREETING,))
    assert (played.verdict.stage, played.verdict.cause) == ("settings", "settings-invalid")
    assert "OpenSSL on this machine cannot do TLS" in played.verdict.summary
    assert "OPENSSL_CONF=/etc/fips.cnf" in played.verdict.summary


@pytest.mark.parametrize("field", ["ca_file", "client_certificate"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_form_stays_awake(
    field: str, number: signal.Signals, pipe: Path, tmp_path: Path
) -> None:
    file = tmp_path / "mail.toml"
    file.write_text(f'[smtp]\nhost = "127.0.0.1"\nport = 1\n{field} = "{pipe}"\ntimeout = 60\n')
    surroundings = {**os.environ, "TERM": "xterm-256color", "HOME": str(tmp_path)}
    with on_terminal([sys.executable, "-m", "smtp_tui", str(file)], surroundings) as terminal:
        terminal.wait_for("SMTP Host")
        terminal.press("F5", "Down")
        terminal.wait_for(">SMTP Port")
        os.kill(terminal.process, number)
        assert terminal.wait_for_end() == 128 + number


async def test_a_context_is_shared_for_a_moment(
    authority: pki.Issued, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(authority.pem)
    asked = settings(ca_file=str(file))
    first = await load_context(asked, 5)
    assert await load_context(asked, 5) is first
    assert await load_context(settings(), 5) is not first
    monkeypatch.setattr("smtp_tui.smtp.starttls._RECENT", 0)
    assert await load_context(asked, 5) is not first
