"""`login`, `logout` and `token` against a real provider, on pipes and on a terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from smtp_tui.oauth.store import FilePlace, new_place
from smtp_tui.settings.schema import explanation
from tests.cli.program import COMMAND, Outcome, run_program
from tests.oauth.conftest import ALICE
from tests.servers.listeners import Listener
from tests.servers.mail import running_mail_servers
from tests.servers.oidc import (
    APPLICATION,
    APPLICATION_SECRET,
    PUBLIC,
    OidcServer,
    code_in,
    running_oidc,
)
from tests.servers.requirements import obstacle, require
from tests.terminal import Terminal, on_terminal

pytestmark = pytest.mark.integration

SCOPES = ("--scope", "openid", "--scope", "offline_access", "--scope", "smtp")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings without a password, and a folder for the entries."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "mail.toml"
    path.write_text(f'[smtp]\nhost = "localhost"\nusername = "{ALICE}"\n', encoding="utf-8")
    return path


def login_words(provider: OidcServer, file: Path, *more: str) -> tuple[str, ...]:
    known = ("--provider", provider.issuer, "--client-id", PUBLIC, "--name", "alice")
    return ("login", str(file), *known, *SCOPES, *more)


def entry(name: str = "alice") -> Path:
    place = new_place(name, ALICE, environ=os.environ, keyring=False)
    assert isinstance(place, FilePlace)
    return place.path


@contextmanager
def device_login(
    provider: OidcServer, file: Path, *more: str
) -> Iterator[tuple[dict[str, Any], subprocess.Popen[str]]]:
    """A login in JSON that waits for its code, which the first line has."""
    words = [*COMMAND, *login_words(provider, file, "--flow", "device", "--json", *more)]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield json.loads(process.stdout.readline()), process


def sign_in(provider: OidcServer, file: Path, *more: str) -> Outcome:
    """Sign alice in by a device code."""
    with device_login(provider, file, *more) as (shown, process):
        assert "successful" in provider.sign_in(f"{shown['address']}?user_code={shown['code']}")
        out, err = process.communicate(timeout=30)
    return Outcome(process.returncode, out, err)


def test_a_device_code(provider: OidcServer, file: Path) -> None:
    with device_login(provider, file) as (shown, process):
        assert shown["event"] == "sign-in-address"
        assert shown["address"].startswith(provider.issuer)
        assert 0 < shown["ends_in"] <= 600
        provider.sign_in(f"{shown['address']}?user_code={shown['code']}")
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    done = json.loads(out)
    assert (done["event"], done["username"]) == ("signed-in", ALICE)
    assert 'password = { oauth = "alice" }' in file.read_text("utf-8")
    assert entry().stat().st_mode & 0o777 == 0o600
    secret = json.loads(entry().read_text("utf-8"))["refresh_token"]
    assert secret not in out + err

    token = run_program("token", str(file))
    assert (token.status, token.err) == (0, "")
    assert provider.introspect(token.out.strip())["active"] is True
    assert run_program("password", "test", str(file)).out.startswith("got an access token")
    assert "logout ends it" in run_program("password", "forget", str(file)).err
    as_json = json.loads(run_program("token", str(file), "--json").out)
    assert as_json.keys() == {"access_token", "expires_at", "scope"}

    # Signing in again needs no option: the entry has them all.
    words = [*COMMAND, "login", str(file), "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert json.loads(process.stdout.readline())["code"]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 128 + signal.SIGINT

    ended = run_program("logout", str(file))
    assert (ended.status, ended.err) == (0, "")
    assert "revoked" in ended.out
    assert not entry().exists()
    assert provider.introspect(token.out.strip())["active"] is False
    assert run_program("token", str(file)).status == 4
    again = run_program("logout", str(file))
    assert again.status in (1, 4)  # without a keyring, it may be there for all that is known
    assert "alice" in again.err


def test_another_user_in_the_browser_is_named(provider: OidcServer, file: Path) -> None:
    with device_login(provider, file) as (shown, process):
        address = f"{shown['address']}?user_code={shown['code']}"
        provider.sign_in(address, "bob@example.test")
        out, err = process.communicate(timeout=30)
    assert json.loads(out)["signed_in_as"] == "bob@example.test"
    assert f"warning: The username is {ALICE}, and bob@example.test signed in." in err


def test_an_application_that_cannot_name_a_sign_in_is_told_before(
    provider: OidcServer, file: Path
) -> None:
    compose = file.with_name("compose.yaml")
    compose.write_text(
        "services:\n  web:\n    image: vaultwarden/server\n    environment:\n"
        f"      SMTP_HOST: localhost\n      SMTP_USERNAME: {ALICE}\n",
        encoding="utf-8",
    )
    with device_login(provider, compose) as (shown, process):
        provider.sign_in(f"{shown['address']}?user_code={shown['code']}")
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "smtp-tui token will print a token for other programs" in err
    assert "authentication=xoauth2" not in err
    assert "write there" not in err


def test_a_user_who_declines(provider: OidcServer, file: Path) -> None:
    before = file.read_text("utf-8")
    with device_login(provider, file) as (shown, process):
        provider.deny(f"{shown['address']}?user_code={shown['code']}")
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    assert "access_denied" in err
    assert "to do: Sign in again" in err
    assert not entry().exists()
    assert file.read_text("utf-8") == before


def test_a_code_that_expires(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_oidc(tmp_path / "oidc", DeviceCode=2) as provider:
        monkeypatch.setenv("SSL_CERT_FILE", str(provider.authority_file))
        with device_login(provider, file) as (shown, process):
            assert shown["ends_in"] <= 2
            _, err = process.communicate(timeout=30)
    assert process.returncode == 4
    assert "expired" in err
    assert "to do: Start again" in err


def paste_on_terminal(provider: OidcServer, terminal: Terminal) -> str:
    """Open the address that the screen shows; return where the browser ends."""
    terminal.wait_for("Address:")
    shown = bytes(terminal.output).decode()
    start = shown.index(f"{provider.issuer}/auth")
    return provider.sign_in(shown[start:].split()[0])


def test_a_pasted_address_is_never_shown(provider: OidcServer, file: Path) -> None:
    words = (*COMMAND, *login_words(provider, file, "--flow", "paste"))
    with on_terminal(words, os.environ, (140, 40)) as terminal:
        end = paste_on_terminal(provider, terminal)
        terminal.press(end.replace("state=", "state=x"), "Enter")
        terminal.wait_for("belongs to another sign-in")
        terminal.press(end, "Enter")
        assert terminal.wait_for_end() == 0
        shown = bytes(terminal.output)
    assert b"signed in at" in shown
    assert code_in(end).encode() not in shown
    assert 'password = { oauth = "alice" }' in file.read_text("utf-8")


def test_ctrl_c_leaves_everything_as_it_was(provider: OidcServer, file: Path) -> None:
    before = file.read_text("utf-8")
    words = (*COMMAND, *login_words(provider, file))
    with on_terminal(words, os.environ, (100, 40)) as terminal:
        terminal.wait_for("enter this code", "Ctrl+C ends")
        assert "▀" in terminal.text or "QR" in terminal.text
        terminal.press("\x03")
        terminal.wait_for_end()
    with on_terminal(words, os.environ, (80, 24)) as terminal:
        terminal.wait_for("enter this code", "Ctrl+C ends")
        assert "▀" not in terminal.text  # it would push the address out of sight
        terminal.press("\x03")
        assert terminal.wait_for_end() == 130
    assert "Traceback" not in terminal.text
    assert file.read_text("utf-8") == before


def test_an_application(provider: OidcServer, file: Path) -> None:
    words = ["login", str(file), "--provider", provider.issuer, "--client-id", APPLICATION]
    words += ["--flow", "client", "--client-secret-stdin", "--name", "alice"]
    words += ["--secret-ends", "2099-01-31", "--keep-in", "file=./entry.json"]
    done = run_program(*words, stdin=APPLICATION_SECRET.encode())
    assert (done.status, done.err) == (0, "")
    assert APPLICATION_SECRET not in done.out + file.read_text("utf-8")
    assert 'password = { oauth = "./entry.json" }' in file.read_text("utf-8")
    assert json.loads((file.parent / "entry.json").read_text("utf-8"))["ends_at"].startswith("2099")
    token = run_program("token", str(file))
    assert provider.introspect(token.out.strip())["active"] is True
    told = run_program("logout", str(file)).out
    assert "delete it there" in told


def test_another_password_stays(provider: OidcServer, file: Path) -> None:
    with file.open("a", encoding="utf-8") as content:
        content.write('password = { env = "PW" }\n')
    done = sign_in(provider, file)
    assert done.status == 0
    assert 'to use the sign-in, write there: password = { oauth = "alice" }' in done.err
    assert "oauth" not in file.read_text("utf-8")


def test_a_token_is_not_shown_on_a_terminal(provider: OidcServer, file: Path) -> None:
    assert sign_in(provider, file).status == 0
    with on_terminal((*COMMAND, "token", str(file)), os.environ, (120, 24)) as terminal:
        assert terminal.wait_for_end() == 2
    assert "use --reveal" in terminal.text
    with on_terminal((*COMMAND, "token", str(file), "--reveal"), os.environ) as terminal:
        assert terminal.wait_for_end() == 0
    assert provider.introspect(terminal.text.strip())["active"] is True


def test_msmtp_logs_in_with_the_token(
    shared_provider: OidcServer, provider: OidcServer, file: Path
) -> None:
    require(obstacle())
    assert sign_in(provider, file).status == 0
    with running_mail_servers(shared_provider.introspection_url) as servers:
        command = " ".join(COMMAND)
        lines = [
            "account default",
            f"host {servers.host}",
            f"port {servers.ports[Listener.WITH_TOKENS]}",
            "tls on",
            "tls_starttls on",
            f"tls_trust_file {servers.authority_file}",
            "auth xoauth2",
            f"user {ALICE}",
            f'passwordeval "{command} token {file}"',
        ]
        configuration = file.with_name("msmtprc")
        configuration.write_text("\n".join([*lines, ""]), encoding="utf-8")
        configuration.chmod(0o600)
        sent = subprocess.run(
            ["msmtp", f"--file={configuration}", "--from", ALICE, "alice@example.test"],
            input=b"Subject: hello\n\nHello.\n",
            capture_output=True,
            timeout=60,
            check=False,
        )
    assert sent.returncode == 0, sent.stderr


# What needs no provider


def test_no_client_id(file: Path) -> None:
    file.write_text(f'[smtp]\nhost = "smtp.gmail.com"\nusername = "{ALICE}"\n', encoding="utf-8")
    done = run_program("login", str(file), detached=True)
    assert done.status == 2
    assert done.out.strip() == explanation("oauth-google").strip()
    assert "smtp-tui explain oauth-google" in done.err


def test_google_has_no_device_code_for_mail(file: Path) -> None:
    file.write_text(f'[smtp]\nhost = "smtp.gmail.com"\nusername = "{ALICE}"\n', encoding="utf-8")
    done = run_program("login", str(file), "--client-id", "x", "--flow", "device", detached=True)
    assert (done.status, done.out) == (2, "")
    assert "Google does not offer the flow device for mail; use the flow paste" in done.err


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ([], "where the users of localhost sign in"),
        (["--provider", "https://127.0.0.1:1", "--client-id", "x"], "gave no usable answer"),
        (["--provider", "foo", "--client-id", "x"], "'foo' is not a provider: use microsoft"),
        (["--provider", "microsoft", "--client-id", "x", "--keep-in", "env=X"], "keyring, file"),
        (["--provider", "microsoft", "--client-id", "x", "--secret-ends", "never"], "a date"),
        (["--provider", "microsoft", "--client-id", "x", "--secret-ends", "2001-01-01"], "passed"),
        (["--provider", "microsoft", "--client-id", "x", "--flow", "client"], "client secret"),
    ],
)
def test_what_is_missing_or_wrong(file: Path, more: list[str], told: str) -> None:
    done = run_program("login", str(file), *more, detached=True)
    assert done.status in (2, 4)
    assert told in done.err
    assert done.err.count("\n") == 1
