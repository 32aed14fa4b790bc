"""The command line against a real Postfix and Dovecot; nothing that it writes holds a password."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from smtp_tui.checks.exit_status import STAGE_NAMES
from tests.cli.program import DEFECT, Outcome, environment, run_program
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.servers.users import User

WRONG = User("alice@example.test", "not this one, €")


def forms(user: User) -> Iterator[str]:
    """The forms in which a password may show."""
    raw = user.password.encode()
    plain = b"\0" + user.name.encode() + b"\0" + raw
    yield from (user.password, repr(user.password)[1:-1], json.dumps(user.password)[1:-1])
    yield from (quote(user.password), quote_plus(user.password), raw.hex(), raw.hex().upper())
    for data in (raw, plain, user.name.encode() + b":" + raw):
        yield b64encode(data).decode().rstrip("=")


def written(outcome: Outcome, folder: Path) -> str:
    """All that a call has left behind: its output, its complaints, and every file in the folder."""
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return "\n".join([outcome.out, outcome.err, *(data.decode("latin-1") for data in files)])


def checked(
    servers: MailServers, folder: Path, listener: Listener | None, user: User, *words: str
) -> Outcome:
    """Check by options alone, with a home and a working folder that may hold no password after."""
    settings = {
        "host": servers.host,
        "port": servers.ports[listener] if listener else 1,
        "domain": "client.example.test",
        "username": user.name,
        "ca_file": servers.authority_file,
    }
    pairs = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    env = environment(HOME=str(folder), TMPDIR=str(folder))
    outcome = run_program(
        "check",
        *pairs,
        "--password-stdin",
        *words,
        stdin=user.password.encode(),
        env=env,
        cwd=folder,
    )
    told = written(outcome, folder)
    for form in forms(user):
        assert form not in told
    assert "Traceback" not in told
    return outcome


CASES: list[tuple[Listener | None, bool, int, str, str | None]] = [
    (Listener.STARTTLS_REQUIRED, True, 0, "auth", None),
    (Listener.STARTTLS_REQUIRED, False, 9, "auth", "auth-rejected"),
    (Listener.STARTTLS_WRONG_NAME, True, 8, "tls", "certificate-name-mismatch"),
    (Listener.STARTTLS_EXPIRED, True, 8, "tls", "certificate-expired"),
    (Listener.STARTTLS_SELF_SIGNED, True, 8, "tls", "certificate-self-signed"),
    (Listener.PLAIN, True, 8, "tls", "starttls-not-offered"),
    (Listener.WITHOUT_AUTH, True, 9, "auth", "auth-not-offered"),
    (None, True, 6, "connect", "connection-refused"),
]


@pytest.mark.parametrize(("listener", "right", "status", "stage", "cause"), CASES)
def test_verdict_and_exit_status(
    mail_servers: MailServers,
    tmp_path: Path,
    listener: Listener | None,
    right: bool,
    status: int,
    stage: str,
    cause: str | None,
) -> None:
    user = mail_servers.awkward_user if right else WRONG
    outcome = checked(mail_servers, tmp_path, listener, user, "--json")
    assert outcome.err == ""
    verdict = outcome.verdict
    assert (outcome.status, verdict["ok"]) == (status, status == 0)
    assert (verdict["stage"], verdict["cause"]) == (stage, cause)
    assert outcome.out.isascii()
    outcome = checked(mail_servers, tmp_path, listener, user)
    assert outcome.status == status
    last = outcome.out.splitlines()
    start = "PASSED in " if status == 0 else f"FAILED at {STAGE_NAMES[stage]}: "
    assert any(line.startswith(start) for line in last)


@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5", "scram-sha-256", "auto"])
@pytest.mark.parametrize("right", [True, False])
def test_no_mechanism_shows_the_password(
    mail_servers: MailServers, tmp_path: Path, mechanism: str, right: bool
) -> None:
    user = mail_servers.awkward_user if right else WRONG
    words = ("--set", f"authentication={mechanism}")
    for more in ((), ("--json",)):
        outcome = checked(mail_servers, tmp_path, Listener.STARTTLS_REQUIRED, user, *words, *more)
        assert outcome.status == (0 if right else 9)


def test_unverified_says_what_peer_would_say(mail_servers: MailServers, tmp_path: Path) -> None:
    words = ("--set", "openssl_verify_mode=none")
    user = mail_servers.user
    listener = Listener.STARTTLS_WRONG_NAME
    outcome = checked(mail_servers, tmp_path, listener, user, *words, "--json")
    assert outcome.status == 0
    assert outcome.verdict["tls"]["peer_would"] == "certificate-name-mismatch"
    events = [json.loads(line)["event"] for line in outcome.out.splitlines()]
    assert events[-2:] == ["experiment", "verdict"]
    outcome = checked(mail_servers, tmp_path, listener, user, *words)
    last = outcome.out.splitlines()[-1]
    assert last.startswith("  Warning: The certificate was not checked")
    assert last.endswith(" would reject this certificate: certificate for another name.")
    outcome = checked(mail_servers, tmp_path, listener, user, *words, "--json", "--no-experiments")
    assert outcome.verdict["tls"]["peer_would"] is None


def help_page_file(servers: MailServers, folder: Path, **other: Any) -> Path:
    """A file with what a provider's help page shows, and no more."""
    values = {
        "host": servers.host,
        "port": servers.ports[Listener.STARTTLS_REQUIRED],
        "encryption": "TLS",
        "username": servers.awkward_user.name,
        "password": servers.awkward_user.password,
        **other,
    }
    file = folder / "app.toml"
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items()]
    file.write_text("".join(["[smtp]\n", *lines]), encoding="utf-8")
    return file


def test_what_help_pages_show_is_enough(
    mail_servers: MailServers, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    file = help_page_file(mail_servers, tmp_path_factory.mktemp("settings"))
    env = environment(SSL_CERT_FILE=str(mail_servers.authority_file), HOME=str(tmp_path))
    for more in ((), ("--json",), ("--quiet",)):
        outcome = run_program("check", str(file), *more, env=env, cwd=tmp_path)
        assert (outcome.status, outcome.err) == (0, ""), outcome.out
        told = written(outcome, tmp_path)
        assert not any(form in told for form in forms(mail_servers.awkward_user))


def test_a_wrong_password_in_a_file_does_not_show(
    mail_servers: MailServers, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    folder = tmp_path_factory.mktemp("settings")
    file = help_page_file(
        mail_servers, folder, password=WRONG.password, ca_file=str(mail_servers.authority_file)
    )
    env = environment(HOME=str(tmp_path))
    for status, *words in ((9, "check"), (9, "check", "--json"), (0, "get"), (0, "get", "--json")):
        outcome = run_program(*map(str, words), str(file), cwd=tmp_path, env=env)
        assert outcome.status == status
        told = written(outcome, tmp_path)
        assert not any(form in told for form in forms(WRONG))


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_defect_does_not_show_it_either(tmp_path: Path, more: tuple[str, ...]) -> None:
    words = ("check", "--set", "host=127.0.0.1", "--set", f"username={WRONG.name}", *more)
    finished = subprocess.run(
        [sys.executable, "-X", "dev", "-c", DEFECT, *words, "--password-stdin"],
        input=WRONG.password.encode(),
        capture_output=True,
        cwd=tmp_path,
        env=environment(HOME=str(tmp_path)),
        check=False,
        timeout=60,
    )
    outcome = Outcome(finished.returncode, finished.stdout.decode(), finished.stderr.decode())
    assert outcome.status == 70
    told = written(outcome, tmp_path)
    assert not any(form in told for form in forms(WRONG))
