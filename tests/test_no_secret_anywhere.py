"""The password stands in nothing that is written: one search through all of it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from smtp_tui.oauth.entry import Flow
from tests.arrival.imap_stand_in import imap_stand_in
from tests.oauth.granting import (
    ACCESS,
    CLIENT_SECRET,
    NEW,
    PASTED,
    SECRETS,
    Witness,
    granting_provider,
    keep_sign_in,
)
from tests.places.spaces import resident
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers
from tests.servers.processes import calls_below
from tests.tap.running import running_tap
from tests.terminal import on_terminal

pytestmark = pytest.mark.integration

WRONG = "never-the-right-one"
PEEKED = "looked-at-once"
UNECHOED = "typed-without-echo"
WRITTEN = "words-of-a-message"
MAILBOX = "password-of-a-mailbox"
LISTENERS = (Listener.PLAIN, Listener.STARTTLS_REQUIRED, Listener.STARTTLS_WRONG_NAME)
MECHANISMS = ("plain", "login", "cram-md5", "scram-sha-256", "auto")


def forms_of(secret: str, user: str) -> Iterator[bytes]:
    """What a secret may look like in a file, on a screen or in a log."""
    raw = secret.encode()
    yield from (raw, raw.hex().encode(), quote(secret, safe="").encode())
    for around in (b"", b"\0", b"\0\0", b"\0" + user.encode() + b"\0", user.encode() + b":"):
        yield base64.b64encode(around + raw).rstrip(b"=")[-len(raw) :]


def called(*arguments: str, given: str = "", **environment: str) -> bytes:
    """All that a call prints."""
    done = subprocess.run(
        [sys.executable, "-m", "smtp_tui", *arguments],
        input=given.encode(),
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=60,
    )
    return done.stdout


@pytest.fixture
def file(mail_servers: MailServers, tmp_path: Path) -> Path:
    """A file that holds the password, which it may; a folder of its own for all the rest."""
    values = {
        "host": mail_servers.host,
        "port": mail_servers.ports[Listener.STARTTLS_REQUIRED],
        "ca_file": str(mail_servers.authority_file),
        "domain": "client.example.test",
        "username": mail_servers.user.name,
        "password": mail_servers.user.password,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    path = tmp_path / "mail.toml"
    path.write_text("\n".join(["[smtp]", *lines, ""]), encoding="utf-8")
    path.chmod(0o600)
    return path


def headless(servers: MailServers, file: Path) -> Iterator[bytes]:
    """Everything that the command line prints, in every way to hand it the password."""
    recordings = file.with_name("recordings")
    recordings.mkdir()
    for listener, mechanism, shape in product(LISTENERS, MECHANISMS, ([], ["--json"])):
        port = f"port={servers.ports[listener]}"
        record = ("--record", str(recordings / f"{listener}-{mechanism}.jsonl")) if shape else ()
        yield called(
            *("check", str(file), "--timeout", "2", "--no-experiments", *shape, "--set", port),
            *record,
            *("--set", f"authentication={mechanism}", "--allow-clear-password"),
        )
    for mechanism in MECHANISMS:
        report = ("--report", str(file.with_name(f"{mechanism}.md")))
        yield called("check", str(file), *report, "--set", f"authentication={mechanism}")
        yield called("check", str(file), "--report", "-", "--set", f"authentication={mechanism}")
    without = ("--set", f"host={servers.host}", "--set", f"username={servers.user.name}")
    submission = f"port={servers.ports[Listener.STARTTLS_REQUIRED]}"
    for secret in (servers.user.password, WRONG):
        record = ("--record", str(recordings / f"given-{secret == WRONG}.jsonl"))
        call = ("check", *without, "--set", submission, "--password-stdin", *record)
        yield called(*call, given=secret)
        yield called("check", *without, "--set", submission, SMTP_TUI_PASSWORD=secret)
        yield called("check", *without, "--set", submission, f"--set=password={secret}")
        yield called("check", *without, "--set", submission, f"--password={secret}")
        yield called("set", str(file), f"password={secret}")
        yield called("set", str(file), "port=587", secret)
        yield called("set", str(file), "--password-stdin", "--diff", given=secret)
        yield called(
            "password", "set", str(file), "--keep-in", "keyring", "--password-stdin", given=secret
        )
    yield called("unset", str(file), "password", "--diff")
    yield called("password", "test", str(file))
    for words in (["get", str(file)], ["get", str(file), "--json"], ["get", str(file), "password"]):
        yield called(*words)
    broken = file.with_name("broken.toml")
    broken.write_text(f'[smtp]\npassword = "{servers.user.password}\n', encoding="utf-8")
    yield called("check", str(broken))
    broken.unlink()


def of_recordings(servers: MailServers, file: Path) -> Iterator[bytes]:
    """Everything that is shown of recordings, of which `headless` has kept most."""
    folder = file.with_name("recordings")
    record = ("--record", str(folder / "sent.jsonl"))
    message = ("--to", servers.user.name, "--subject", WRITTEN, "--body", WRITTEN)
    yield called("send", str(file), *message, *record)
    # A name that is the password, as some providers have it: the dialogue shows the name.
    words = ("--set", f"username={WRONG}", "--set", f"from={WRONG}@example.test")
    record = ("--record", str(folder / "name.jsonl"))
    called("check", str(file), *words, *record, "--password-stdin", given=WRONG)
    kept = sorted(folder.iterdir())
    assert len(kept) == len(LISTENERS) * len(MECHANISMS) + 4
    for each in kept[::6]:
        yield called("check", "--replay", str(each), "--report", "-")
    yield called("demo", "--replay", str(folder / "sent.jsonl"))


def of_compose_files(servers: MailServers, folder: Path) -> Iterator[bytes]:
    """Everything that is printed of compose files: whole, broken, with the password elsewhere."""
    folder.mkdir(mode=0o700)
    secret = servers.user.password
    lines = [
        "services:",
        "  web:",
        "    image: vaultwarden/server",
        f"    environment:  # SMTP_PASSWORD={secret}",
        f"      SMTP_HOST: {servers.host}",
        f"      SMTP_PORT: {servers.ports[Listener.STARTTLS_REQUIRED]}",
        "      SMTP_FROM: a@client.example.test",
        "      SMTP_ACCEPT_INVALID_CERTS: 'true'",
        f"      SMTP_USERNAME: {servers.user.name}",
    ]
    own = f"      SMTP_PASSWORD: {secret}"
    files = {
        "own.yaml": [*lines, own],
        "variable.yaml": [*lines, "      SMTP_PASSWORD: ${MAIL_PASSWORD}"],
        "default.yaml": [*lines, f"      SMTP_PASSWORD: ${{NONE:-{secret}}}"],
        "file.yaml": [*lines, "    env_file: mail.env"],
        "twice.yaml": [*lines, own, own],
        "broken.yaml": [*lines, own, "  - x"],
    }
    for name, content in files.items():
        (folder / name).write_text("\n".join([*content, ""]), encoding="utf-8")
    (folder / ".env").write_text(f"MAIL_PASSWORD={secret}\n", encoding="utf-8")
    (folder / "mail.env").write_text(f"SMTP_PASSWORD={secret}\n", encoding="utf-8")
    for name in files:
        path = str(folder / name)
        yield called("check", path)
        yield called("check", path, "--json")
        yield called("check", path, "--report", "-")
        yield called("get", path)
        yield called("set", path, "port=465", "--diff")
        yield called("set", path, "--password-stdin", "--diff", given=WRONG)
        yield called("unset", path, "password", "--diff")
        yield called("set", path, f"password={secret}")
    yield called("scan", "--check", str(folder), "--timeout", "5")
    yield called("scan", "--check", "--json", str(folder))
    shutil.rmtree(folder)  # the files hold the password, which they may


def from_a_place(servers: MailServers, file: Path) -> Iterator[bytes]:
    """Everything that is printed of checks from a process whose variables hold the password."""
    variables = {
        "SMTP_ADDRESS": servers.host,
        "SMTP_PORT": str(servers.ports[Listener.STARTTLS_REQUIRED]),
        "SMTP_USERNAME": servers.user.name,
        "SMTP_AUTHENTICATION": "plain",
        "SMTP_DOMAIN": "client.example.test",
        "SMTP_ENABLE_STARTTLS_AUTO": "true",
        "SSL_CERT_FILE": str(servers.authority_file),
        "OTHER": servers.user.password,
    }
    with_variable = ("--set", 'password={env="OTHER"}')
    for secret in (servers.user.password, WRONG):
        with resident(variables={**variables, "SMTP_PASSWORD": secret}) as pid:
            place = f"--as-pid={pid}"
            for shape in ([], ["--json"], ["--quiet"], ["--report", "-"], ["--format", "nagios"]):
                yield called("check", place, *shape)
            yield called("check", str(file), place)
            yield called("check", str(file), place, "--json")
            yield called("check", str(file), place, *with_variable)
            yield called("check", place, "--dialect", "no-such-program")
            # The process holds one password, and each file the other or the same.
            held = file.with_name("held.env")
            for other in (servers.user.password, WRONG):
                lines = {**variables, "SMTP_PASSWORD": other, "SMTP_PORT": "1"}.items()
                held.write_text("".join(f"{name}={value}\n" for name, value in lines), "utf-8")
                for path in (str(file), str(held)):
                    yield called("drift", path)
                    yield called("drift", path, "--json")
            held.unlink()


def through_a_tap(servers: MailServers, file: Path) -> Iterator[bytes]:
    """Everything that a tap prints of an application that logs in and sends a message."""
    for mechanism, secret, shape in product(
        ("plain", "login", "cram-md5"), (servers.user.password, WRONG), ([], ["--json"])
    ):
        with running_tap(file, "--clients", "1", *shape) as tap:
            with smtplib.SMTP("localhost", tap.port, "application.example.test") as client:
                client.ehlo()
                client.user, client.password = servers.user.name, secret
                login = getattr(client, f"auth_{mechanism.replace('-', '_')}")
                with contextlib.suppress(smtplib.SMTPAuthenticationError):
                    client.auth(mechanism.upper(), login)
                sender = "app@client.example.test"
                with contextlib.suppress(smtplib.SMTPException):
                    client.sendmail(sender, ["bob@example.test"], f"Subject: x\n\n{WRITTEN}\n")
            tap.end()
        yield (tap.out + tap.err).encode()


def of_sign_ins(servers: MailServers, folder: Path, witness: Witness) -> Iterator[bytes]:
    """Everything that is printed of checks that renew a sign-in, and of renewals that fail."""
    folder.mkdir()
    user, host = servers.user.name, servers.host
    with granting_provider(folder, witness) as (url, authority):
        entries: dict[str, tuple[str, dict[str, Any]]] = {
            "granted": (url, {}),
            "application": (url, {"flow": Flow.CLIENT, "refresh_token": None}),
            "refused": (f"{url}/refuse", {}),
            "foreign": (url, {"hosts": ("smtp.office365.com",)}),
            "unreachable": ("https://127.0.0.1:1", {}),
        }
        for name, (provider, more) in entries.items():
            keep_sign_in(folder / name, provider, user, **{"hosts": (host,), **more})
            record = ["--record", str(folder.with_name(f"{name}.jsonl"))]
            for shape in ([], ["--json"], ["--report", "-"], ["--format", "prometheus"], record):
                yield called(
                    *("check", f"--set=host={host}", f"--set=username={user}", *shape),
                    f"--set=port={servers.ports[Listener.WITH_TOKENS]}",
                    f"--set=ca_file={servers.authority_file}",
                    "--set=authentication=xoauth2",
                    f'--set=password={{oauth="{folder / name}"}}',
                    SSL_CERT_FILE=str(authority),
                )
        kept = (folder / "granted").read_text()
        assert NEW in kept  # where it belongs
        assert ACCESS not in kept
        yield called("check", "--set=password={oauth=" + str(folder / "granted"))
        yield called("password", "test", str(folder / "granted"))
    shutil.rmtree(folder)


def of_logins(folder: Path, witness: Witness) -> Iterator[bytes]:
    """Everything that is printed when somebody signs in, in every flow, is refused, and leaves."""
    folder.mkdir()
    file, kept = folder / "mail.toml", folder / "entry.json"
    pasted = f"http://127.0.0.1/?code={PASTED}&state=of-another-sign-in"
    flows = [
        (("--flow", "device"), ""),
        (("--flow", "device", "--json"), ""),
        (("--flow", "paste"), PASTED),
        (("--flow", "paste"), pasted),
        (("--flow", "client", "--client-secret-stdin"), CLIENT_SECRET),
    ]
    with granting_provider(folder, witness) as (url, authority):
        trust = {"SSL_CERT_FILE": str(authority)}
        for provider, (flow, given) in product((url, f"{url}/refuse"), flows):
            file.write_text('[smtp]\nhost = "localhost"\nusername = "me"\n', encoding="utf-8")
            words = ("login", str(file), "--provider", provider, "--client-id", "me", *flow)
            yield called(*words, "--keep-in", "file=./entry.json", given=given, **trust)
            yield file.read_bytes()
            yield called("password", "test", str(file), **trust)
            yield called("logout", str(file), **trust)
            assert not kept.exists()
        yield called("login", str(file), "--client-secret", CLIENT_SECRET)
        words = ("login", str(file), "--provider", url, "--client-id", "me", "--flow", "paste")
        yield failing("smtp_tui.web.https", "_parse", *words, given=PASTED, **trust)
    for token in (ACCESS, f"Bearer {ACCESS}"):
        yield called("explain", "--token", given=token)
        yield called("explain", "--token", "--json", given=token)
        yield called("explain", "--token", token)
    shutil.rmtree(folder)


def of_proofs(servers: MailServers, file: Path) -> Iterator[bytes]:
    """Everything that is printed when a mailbox is searched, rejects the login, or goes away."""
    secret, processes = file.with_name("mailbox-password"), list[bytes]()
    secret.write_text(f"{MAILBOX}\n", encoding="utf-8")
    words = ("send", str(file), f"--to={servers.user.name}", "--within", "1")
    stand_ins: tuple[dict[str, Any], ...] = (
        {},
        # A server may repeat what it was sent.
        {"refusal": f"{MAILBOX} is wrong".encode()},
        {"closes_at": "EXAMINE"},
        {"closes_at": "LOGIN"},
    )
    places = (
        (f'{{ file = "{secret}" }}', ()),
        (f'{{ command = ["cat", "{secret}"] }}', ("--json",)),
    )
    for stand_in, (place, shape) in product(stand_ins, places):
        with imap_stand_in(
            on_command=lambda: processes.extend(calls_below(os.getpid())), **stand_in
        ) as port:
            mailbox = ("--prove", f"imap://me@127.0.0.1:{port}", "--prove-password", place)
            yield called(*words, *mailbox, *shape)
    yield called(*words, "--prove", f"imap://me:{MAILBOX}@127.0.0.1:1")
    yield called(*words, "--prove", "imap://me@127.0.0.1:1", "--prove-password", MAILBOX)
    secret.unlink()  # it holds the password, which it may
    assert processes
    yield from processes


def on_screen(file: Path) -> bytes:
    """Everything that the form writes to a terminal: test, edit the password, save, leave."""
    environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    with on_terminal([sys.executable, "-m", "smtp_tui", str(file)], environment) as terminal:
        terminal.wait_for("SMTP Host", "Quit")
        terminal.press("F5")
        terminal.wait_for("PASSED")
        terminal.press("Down", "Down", "Down", "Down", "Down", "Down", WRONG)
        terminal.wait_for("modified")
        terminal.press("F5")
        terminal.wait_for("FAILED")
        terminal.press("F6", "Home", "F6", "F2")
        terminal.wait_for("Saved")
        terminal.press("F10")
        terminal.wait_for_end()
        return bytes(terminal.output)


def shown_once(file: Path) -> bytes:
    """Everything that the form writes but for the time in which it shows what was typed."""
    environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    environment["XDG_STATE_HOME"] = str(file.parent)
    with on_terminal([sys.executable, "-m", "smtp_tui", str(file)], environment) as terminal:
        terminal.wait_for("SMTP Host", "Quit")
        terminal.press("Down", "Down", "Down", "Down", "Down", "Down", PEEKED)
        terminal.wait_for("modified")
        before = bytes(terminal.output)
        terminal.press("\x1bv")
        terminal.wait_for(PEEKED, "Alt+V hides")
        terminal.press("F5")
        terminal.wait_for("FAILED")
        assert PEEKED not in terminal.text
        shown = len(terminal.output)
        terminal.press("F6", "Home", "F6", "\x1bv")
        terminal.wait_for(PEEKED)
        os.kill(terminal.process, signal.SIGTERM)
        terminal.wait_for_end()
        return before + bytes(terminal.output[shown:]).replace(PEEKED.encode(), b"", 1)


def line_by_line(file: Path) -> bytes:
    """Everything that the form writes line by line, ended by a signal that keeps changes."""
    state = file.with_name("state-of-lines")
    state.mkdir()
    environment = {**os.environ, "TERM": "dumb", "LC_ALL": "C.UTF-8", "XDG_STATE_HOME": str(state)}
    with on_terminal([sys.executable, "-m", "smtp_tui", str(file)], environment) as terminal:
        for typed, shown in (
            (":test", "PASSED"),
            (":password", "7 SMTP Password, not echoed"),
            (UNECHOED, "characters, not saved yet"),
            (":test", "FAILED"),
            (":list", "20 Source Address"),
            (":report", "File for the report ["),
            ("", "Saved the report"),
            (":same", "curl:"),
            (":diff", "or Enter to go back:"),
            ("", "8 Kept in ["),
            (":log", "FAILED"),
        ):
            terminal.press(typed, "Enter")
            terminal.wait_for(shown)
        os.kill(terminal.process, signal.SIGTERM)
        assert terminal.wait_for_end() == 143
        return bytes(terminal.output)


def failing(module: str, function: str, *words: str, given: str = "", **more: str) -> bytes:
    """What is printed when the program itself fails in a function that holds a secret."""
    code = (
        f"import {module} as module, smtp_tui.program as program, sys\n"
        "def fail(*_, **__): raise RuntimeError(f'{_} {__}')\n"
        f"module.{function} = fail\n"
        "sys.exit(program.main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        input=given.encode(),
        env={**os.environ, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=60,
    )
    assert done.returncode == 70
    return done.stdout


def defect() -> bytes:
    """What is printed when the program itself fails while it holds the password."""
    words = ("check", "--set", "host=localhost", "--set", "username=me")
    return failing("smtp_tui.checks.run", "check", *words, SMTP_TUI_PASSWORD=WRONG)


def test_the_password_is_in_nothing_that_is_written(
    mail_servers: MailServers, file: Path, tmp_path: Path
) -> None:
    written = [*headless(mail_servers, file), *through_a_tap(mail_servers, file)]
    written += [shown_once(file), line_by_line(file), on_screen(file), defect()]
    written += from_a_place(mail_servers, file)
    written += of_compose_files(mail_servers, tmp_path / "compose")
    written += of_proofs(mail_servers, file)
    witness = Witness()
    written += of_sign_ins(mail_servers, tmp_path / "sign-ins", witness)
    written += of_logins(tmp_path / "logins", witness)
    assert witness.verifiers
    assert any(b"login" in one for one in witness.processes)
    written += witness.processes
    assert len(written) > len(LISTENERS) * len(MECHANISMS)
    assert WRONG in file.read_text(encoding="utf-8")  # where it belongs, and nowhere else
    others = [one for one in tmp_path.rglob("*") if one.is_file() and one != file]
    written += [one.read_bytes() for one in others]
    written.append(mail_servers.log.encode())
    known = (mail_servers.user.password, WRONG, PEEKED, UNECHOED, WRITTEN, MAILBOX)
    for secret in (*known, *SECRETS, *witness.verifiers):
        for form in forms_of(secret, mail_servers.user.name):
            found = [one for one in written if form in one]
            assert not found, (form, found[0][-2000:])
