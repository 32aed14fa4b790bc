"""Whose file may have this user run a command, or send a secret of theirs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import keyring.core
import pytest
from keyring.backend import KeyringBackend

from tests.checks.scripted import EHLO, saying
from tests.cli.program import Outcome

Call = Callable[..., Outcome]
NOBODY = 65534
SECRET = "wonderland-7"


class _Keyring(KeyringBackend):
    """Has every entry."""

    priority = -1  # the library chooses among all classes; never this one

    def __init__(self) -> None:
        """Keep nothing."""

    def get_password(self, service: str, username: str) -> str:
        return SECRET

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


def written(folder: Path, password: str, port: int = 25, host: str = "127.0.0.1") -> Path:
    """A settings file in a folder that anybody may write."""
    file = folder / "mail.toml"
    file.write_text(
        f'[smtp]\nhost = "{host}"\nport = {port}\nencryption = "none"\nusername = "alice"\n'
        f'authentication = "plain"\npassword = {password}\n'
    )
    folder.chmod(0o777)
    return file


def spy(folder: Path) -> tuple[str, Path]:
    """A command that leaves a trace, and where."""
    trace = folder / "trace"
    return f'{{ command = ["/bin/sh", "-c", "touch {trace}; echo {SECRET}"] }}', trace


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("check", "--json"),
        ("check", "--format", "nagios"),
        ("check", "--all"),
        ("send", "--to", "bob@example.org", "--body", "x"),
        ("password", "test"),
        ("password", "set", "--keep-in", "literal"),
        ("export", "url", "--with-password"),
    ],
)
def test_no_command_runs_that_others_could_have_written(
    call: Call, public: Path, words: tuple[str, ...]
) -> None:
    command, trace = spy(public)
    file = written(public, command)
    outcome = call(words[0], *words[1:], str(file))
    said = outcome.out + outcome.err
    assert outcome.status == (3 if "nagios" in words else 4)
    assert f"every user can write {public}" in said
    assert "did not run the command" in said
    assert SECRET not in said.replace(f"echo {SECRET}", "")
    assert not trace.exists()


def test_the_command_of_the_call_itself_runs(call: Call, public: Path) -> None:
    command, trace = spy(public)
    file = written(public, '"x"')
    with saying(b"220 hi\r\n", EHLO, b"235 ok\r\n", b"221 bye\r\n") as server:
        over = ("--set", f"port={server.port}", "--set", f"password={command}")
        outcome = call("check", str(file), *over)
    assert outcome.status == 0, outcome
    assert trace.exists()


def test_the_command_of_a_file_of_ones_own_runs(call: Call, public: Path) -> None:
    command, trace = spy(public)
    with saying(b"220 hi\r\n", EHLO, b"235 ok\r\n", b"221 bye\r\n") as server:
        file = written(public, command, server.port)
        public.chmod(0o755)
        outcome = call("check", str(file))
    assert outcome.status == 0, outcome
    assert trace.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file away")
def test_it_says_whose_the_file_is(call: Call, public: Path) -> None:
    command, trace = spy(public)
    file = written(public, command)
    public.chmod(0o755)
    os.chown(file, NOBODY, -1)
    outcome = call("check", str(file))
    assert outcome.status == 4
    assert f"the user nobody owns {file}" in outcome.out
    assert not trace.exists()


@pytest.mark.parametrize(("mode", "is_sent"), [(0o600, False), (0o644, True)])
def test_of_password_files_only_such_as_others_can_read_anyway(
    call: Call, public: Path, mode: int, is_sent: bool
) -> None:
    secret = public / "secret"
    secret.write_text(SECRET)
    secret.chmod(mode)
    with saying(b"220 hi\r\n", EHLO, b"235 ok\r\n", b"221 bye\r\n") as server:
        outcome = call("check", str(written(public, '{ file = "secret" }', server.port)))
    assert (outcome.status == 0) is is_sent, outcome
    assert bool(server.heard) is is_sent
    assert ("did not use the password file" in outcome.out) is not is_sent


@pytest.mark.parametrize("deed", ["set", "forget"])
def test_no_file_is_filled_or_removed_that_others_could_have_named(
    call: Call, public: Path, tmp_path: Path, deed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept\n")
    precious.chmod(0o600)
    file = written(public, f'{{ file = "{precious}" }}')
    ends = os.pipe()
    os.write(ends[1], SECRET.encode())
    os.close(ends[1])
    more = ("--password-fd", str(ends[0])) if deed == "set" else ()
    outcome = call("password", deed, str(file), *more)
    os.close(ends[0])
    assert outcome.status == 4
    assert f"every user can write {public}" in outcome.err
    assert precious.read_text() == "kept\n"


@pytest.mark.parametrize(
    ("service", "mode", "status", "is_warned"),
    [
        ("smtp-tui 127.0.0.1", 0o755, 0, False),
        ("smtp-tui mail.example.org", 0o755, 0, True),
        ("smtp.example.org", 0o755, 0, True),
        ("smtps://127.0.0.1:465", 0o755, 0, False),
        ("smtps://mail.example.org:465", 0o755, 0, True),
        ("My mail", 0o755, 0, False),
        ("org.example.Mailer", 0o755, 0, False),
        ("smtp-tui 127.0.0.1", 0o777, 0, False),
        ("smtp-tui mail.example.org", 0o777, 4, True),
        ("smtps://127.0.0.1:465", 0o777, 0, False),
        ("My mail", 0o777, 4, False),
        ("org.example.Mailer", 0o777, 4, False),
        ("smtp-tui", 0o777, 4, False),
    ],
)
def test_a_keyring_entry_that_was_made_for_another_host(
    call: Call,
    public: Path,
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    mode: int,
    status: int,
    is_warned: bool,
) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", _Keyring())
    with saying(b"220 hi\r\n", EHLO, b"235 ok\r\n", b"221 bye\r\n") as server:
        file = written(public, f'{{ keyring = "{service}" }}', server.port)
        public.chmod(mode)
        outcome = call("check", str(file), "--json")
    assert outcome.status == status, outcome
    warned = "keyring-entry-for-other-host" in outcome.verdict["warnings"]
    assert warned is is_warned
    assert SECRET not in outcome.out + outcome.err


@pytest.mark.parametrize("kept", ["literal", "file"])
@pytest.mark.parametrize(("mode", "is_warned"), [(0o600, False), (0o640, False), (0o644, True)])
def test_a_password_that_every_user_can_read(
    call: Call, public: Path, kept: str, mode: int, is_warned: bool
) -> None:
    secret = public / "secret"
    secret.write_text(SECRET)
    with saying(b"220 hi\r\n", EHLO, b"235 ok\r\n", b"221 bye\r\n") as server:
        source = f'"{SECRET}"' if kept == "literal" else '{ file = "secret" }'
        file = written(public, source, server.port)
        public.chmod(0o755)
        (file if kept == "literal" else secret).chmod(mode)
        (secret if kept == "literal" else file).chmod(0o600)
        outcome = call("check", str(file), "--json")
    assert outcome.status == 0, outcome
    assert ("password-readable-by-all" in outcome.verdict["warnings"]) is is_warned
    name = file if kept == "literal" else secret
    said = f"every user of this machine can read {name} and the password in it; remove that right"
    assert (said in call("password", "test", str(file)).err) is is_warned
    is_literal = kept == "literal"
    assert (said in call("get", str(file)).err) is (is_warned and is_literal)
    assert said not in call("get", str(file), "host").err


def test_a_password_of_the_call_is_not_in_the_file(call: Call, public: Path) -> None:
    file = written(public, f'"{SECRET}"')
    public.chmod(0o755)
    file.chmod(0o644)
    over = ("--set", 'password={env="NOT_SET_ANYWHERE"}')
    outcome = call("check", str(file), *over, "--json")
    assert "password-readable-by-all" not in outcome.verdict["warnings"]
