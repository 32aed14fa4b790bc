"""The command: where it listens, what it refuses, what it prints, and how it ends."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import smtplib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from smtp_tui.tap.certificates import make_certificate
from tests.cli.program import run_program
from tests.tap.running import running_tap
from tests.tap.scripted import answering

FILE = '[smtp]\nhost = "127.0.0.1"\nport = {}\nencryption = "none"\ndomain = "a.example"\n'


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """Settings for a server that accepts everything."""
    with answering() as port:
        path = tmp_path / "mail.toml"
        path.write_text(FILE.format(port))
        yield path


def settings(folder: Path, text: str) -> str:
    path = folder / "other.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--listen", "0.0.0.0:2525"), "--listen-anywhere allows it"),
        (("--listen", "[::]:2525"), "--listen-anywhere allows it"),
        (("--listen", "192.0.2.1:2525"), "--listen-anywhere allows it"),
        (("--listen", "2525"), "the tap needs ADDRESS:PORT"),
        (("--listen", "mail.example:2525"), "the tap needs ADDRESS:PORT"),
        (("--listen", "127.0.0.1:99999"), "the tap needs ADDRESS:PORT"),
        (("--clients", "0"), "--clients needs a number, 1 to"),
        (("--listen", "127.0.0.1:1"), "where the tap itself would listen"),
        (("--ca-out", "/dev/null"), "/dev/null exists; --ca-out writes a new file"),
    ],
)
def test_what_it_refuses_before_it_listens(
    tmp_path: Path, words: tuple[str, ...], reason: str
) -> None:
    outcome = run_program("tap", settings(tmp_path, FILE.format(1)), *words)
    assert (outcome.status, outcome.out) == (2, "")
    assert reason in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file = settings(tmp_path, FILE.format(1))
        outcome = run_program("tap", file, "--listen", f"127.0.0.1:{port}")
    assert outcome.status == 2
    assert outcome.err == (
        f"smtp-tui: nothing can listen on 127.0.0.1:{port}: address already in use\n"
    )


def test_unusable_settings(tmp_path: Path) -> None:
    outcome = run_program("tap", settings(tmp_path, "[smtp]\nport = 25\nhost = 7\n"))
    assert outcome.status == 3
    assert "host" in outcome.err


def test_a_file_for_tls_that_is_missing_is_named_at_once(tmp_path: Path) -> None:
    file = settings(tmp_path, FILE.format(25).replace("none", "tls") + 'ca_file = "no.pem"\n')
    outcome = run_program("tap", file, "--listen", "127.0.0.1:0", "--clients", "1")
    assert (outcome.status, outcome.out) == (3, "")
    assert "no.pem" in outcome.err


def test_a_client_that_does_as_a_check_does(file: Path) -> None:
    with running_tap(file, "--clients", "1") as tap:
        with smtplib.SMTP("127.0.0.1", tap.port, "a.example") as client:
            client.ehlo()
        assert tap.end() == 0
    lines = tap.out.splitlines()
    assert re.fullmatch(r"The tap listens on 127.0.0.1:\d+ and passes .* port \d+\.", lines[0])
    assert any(re.fullmatch(r"  1 +\d+\.\d{3} -> ehlo a.example", line) for line in lines)
    assert any(line.endswith("from the application: 22 bytes, unchanged") for line in lines)
    assert lines[-1] == "1 client; none differs from a check with the settings"


def test_quiet_prints_only_differences(file: Path) -> None:
    with running_tap(file, "--clients", "1", "--quiet") as tap:
        with smtplib.SMTP("127.0.0.1", tap.port, "b.example") as client:
            client.helo()
        assert tap.end() == 1
    texts = [line for line in tap.out.splitlines() if line.startswith("client 1: ")]
    assert len(texts) == 2
    assert "says HELO" in texts[0]
    assert "names itself b.example in HELO, the check a.example" in texts[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_the_middle_of_a_session(file: Path, number: int) -> None:
    with running_tap(file, "--json") as tap:
        with socket.create_connection(("127.0.0.1", tap.port), timeout=20) as client:
            assert client.recv(100).startswith(b"220 ")
            assert tap.end(number) == 128 + number
            with contextlib.suppress(ConnectionError):
                assert client.recv(100) == b""
        assert not tap.err
    assert [(line["clients"], line["differing"]) for line in tap.of("finished")] == [(1, 0)]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", tap.port))


def test_a_lasting_connection_is_compared_when_the_tap_ends(file: Path) -> None:
    with running_tap(file, "--json") as tap, smtplib.SMTP() as client:
        client.connect("127.0.0.1", tap.port)
        client.helo("b.example")
        assert tap.end(signal.SIGINT) == 130
        client.close()
    assert tap.differences == {"tap-helo", "tap-ehlo-name"}
    assert tap.of("ended")[0]["detail"] == "the tap was stopped"
    assert tap.of("finished")[0]["differing"] == 1


def test_nobody_reads_the_output(file: Path) -> None:
    with running_tap(file) as tap:
        assert tap.process.stdout
        assert b"--ca-out" in tap.process.stdout.readline()
        tap.process.stdout.close()
        with socket.create_connection(("127.0.0.1", tap.port), timeout=20) as client:
            while client.recv(100):
                pass
        tap.status = tap.process.wait(20)
        assert tap.process.stderr
        assert tap.process.stderr.read() == b""
        tap.process.stderr.close()
    assert tap.status == 141


def test_the_server_cannot_be_reached(tmp_path: Path) -> None:
    with running_tap(Path(settings(tmp_path, FILE.format(1))), "--clients", "1", "--json") as tap:
        with socket.create_connection(("127.0.0.1", tap.port), timeout=20) as client:
            assert client.recv(100).startswith(b"421 4.3.0 smtp-tui tap")
        assert tap.end() == 6
    (ended,) = tap.of("ended")
    assert (ended["stage"], ended["from_server"]["size"]) == ("connect", 0)


def test_the_end_does_not_call_an_unused_server_equal(tmp_path: Path) -> None:
    with running_tap(Path(settings(tmp_path, FILE.format(1))), "--clients", "1") as tap:
        with socket.create_connection(("127.0.0.1", tap.port), timeout=20) as client:
            client.recv(100)
        assert tap.end() == 6
    assert tap.out.splitlines()[-1] == "1 client; the server could not be used"


def test_an_application_that_distrusts_the_tap_is_not_told_to_log_in(tmp_path: Path) -> None:
    login = 'username = "u"\npassword = "p"\n'
    with (
        answering(b"AUTH PLAIN") as port,
        running_tap(
            Path(settings(tmp_path, FILE.format(port) + login)), "--clients", "1", "--json"
        ) as tap,
    ):
        client = socket.create_connection(("127.0.0.1", tap.port), timeout=20)
        client.recv(100)
        for command in (b"ehlo a.example\r\n", b"STARTTLS\r\n"):
            client.sendall(command)
            client.recv(1000)
        with pytest.raises(ssl.SSLError):
            ssl.create_default_context().wrap_socket(client, server_hostname="a.example")
        tap.end()
    assert "tap-no-auth" not in [differs["id"] for differs in tap.of("differs")]


def test_another_user_can_read_the_ca(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        make_certificate("localhost").write_authority(tmp_path / "ca.pem")
    finally:
        os.umask(before)
    assert (tmp_path / "ca.pem").stat().st_mode & 0o777 == 0o644


def test_the_ca_is_trusted_and_replaces_only_its_own(file: Path, tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    for _ in range(2):
        with running_tap(file, "--clients", "1", "--ca-out", str(ca_file)) as tap:
            assert ca_file.stat().st_mode & 0o777 == 0o644
            assert "PRIVATE" not in ca_file.read_text()
            context = ssl.create_default_context(cafile=str(ca_file))
            context.verify_flags |= ssl.VERIFY_X509_STRICT
            with smtplib.SMTP_SSL("localhost", tap.port, "a.example", context=context) as client:
                client.noop()
            tap.end()
        assert f"must trust {ca_file}" in tap.out
    link = tmp_path / "link.pem"
    link.symlink_to(ca_file)
    ca_file.write_text("precious")
    for path in (link, ca_file):
        outcome = run_program("tap", str(file), "--ca-out", str(path))
        assert (outcome.status, ca_file.read_text()) == (2, "precious")


def test_without_the_library_there_is_no_tls(file: Path, tmp_path: Path) -> None:
    (tmp_path / "lib" / "cryptography").mkdir(parents=True)
    (tmp_path / "lib" / "cryptography" / "__init__.py").write_text("raise ImportError('none')")
    path = {"PYTHONPATH": str(tmp_path / "lib")}
    with running_tap(file, "--clients", "1", **path) as tap:
        with smtplib.SMTP("127.0.0.1", tap.port, "a.example") as client:
            assert client.docmd("STARTTLS")[0] == 454
        tap.end()
    assert "pip install cryptography" in tap.err
    with running_tap(file, "--clients", "1", **path) as tap:
        with pytest.raises(OSError, match=r"(?i)eof|reset"):
            smtplib.SMTP_SSL("127.0.0.1", tap.port)
        tap.end()
    assert "for which the tap has no certificate" in tap.out
    outcome = run_program(
        *("tap", str(file), "--ca-out", str(tmp_path / "ca")),
        env={"PYTHONPATH": str(tmp_path / "lib"), "PATH": "/usr/bin", "HOME": str(tmp_path)},
    )
    assert outcome.status == 2


def test_a_password_that_cannot_be_read_is_not_compared(file: Path) -> None:
    file.write_text(file.read_text() + 'username = "u"\npassword = { env = "NOT_SET" }\n')
    with running_tap(file, "--clients", "1", "--json") as tap:
        with smtplib.SMTP("127.0.0.1", tap.port, "a.example") as client:
            client.noop()
        tap.end()
    assert "the application's password cannot be compared" in tap.err
    assert len(tap.err.splitlines()) == 1
