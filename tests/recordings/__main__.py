"""Make the recordings again, or take one of somebody else's after a look at it."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from smtp_tui.checks.recording import read_recording, recording_text
from smtp_tui.checks.request import CheckRequest
from smtp_tui.checks.run import run
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.smtp.events import Event
from smtp_tui.smtp.message import MailRequest
from smtp_tui.smtp.redaction import RedactorGroup
from tests.recordings import FOLDER
from tests.servers.authority import issue
from tests.servers.exim import running_exim
from tests.servers.exim_program import find_exim
from tests.servers.listeners import Listener
from tests.servers.mail import MailServers, running_mail_servers, shared_folder
from tests.servers.mailboxes import Mailboxes, running_mailboxes
from tests.servers.users import ALICE, FULL
from tests.smtp.scripted import Script, serving
from tests.smtp.steps import close, send, silence

USER, SECRET = "alice@example.test", "s3cret-Wonderland"
DOMAIN = "client.example.test"
# The recordings of a running Postfix with Dovecot: the port, and the settings that differ.
PLAIN = {"authentication": "plain"}
REAL: dict[str, tuple[Listener, dict[str, Any]]] = {
    "postfix-login": (Listener.STARTTLS_REQUIRED, PLAIN),
    "postfix-login-scram": (Listener.STARTTLS_OFFERED, {"authentication": "scram-sha-256"}),
    "postfix-implicit-tls": (Listener.IMPLICIT_TLS, {"encryption": "ssl", **PLAIN}),
    "postfix-wrong-password": (Listener.STARTTLS_REQUIRED, {**PLAIN, "secret": "wr0ng-Wonderland"}),
    "postfix-mechanism-not-offered": (Listener.STARTTLS_OFFERED, {"authentication": "xoauth2"}),
    "postfix-no-login-offered": (Listener.WITHOUT_AUTH, PLAIN),
    "postfix-starttls-not-offered": (Listener.PLAIN, PLAIN),
    "postfix-tls-on-a-plain-port": (Listener.STARTTLS_OFFERED, {"encryption": "ssl", **PLAIN}),
    "postfix-password-needs-tls": (
        Listener.PLAIN,
        {"encryption": "none", "starttls_auto": False, **PLAIN},
    ),
    "postfix-wrong-name": (Listener.STARTTLS_WRONG_NAME, PLAIN),
    "postfix-expired": (Listener.STARTTLS_EXPIRED, PLAIN),
    "postfix-self-signed": (Listener.STARTTLS_SELF_SIGNED, PLAIN),
    "postfix-unknown-issuer": (Listener.STARTTLS_OFFERED, {"ca_file": "", **PLAIN}),
    "postfix-relay-denied": (
        Listener.STARTTLS_OFFERED,
        {"authentication": "none", "username": "", "to": "bob@elsewhere.example"},
    ),
    "postfix-accepts-a-message": (
        Listener.STARTTLS_REQUIRED,
        {**PLAIN, "to": USER, "body": "A confidential body."},
    ),
}
# Exim next to it, on ports of its own.
EXIM: dict[str, tuple[Listener, dict[str, Any]]] = {
    "exim-login": (Listener.STARTTLS_REQUIRED, PLAIN),
    "exim-wrong-password": (Listener.STARTTLS_REQUIRED, {**PLAIN, "secret": "wr0ng-Wonderland"}),
    "exim-relay-denied": (
        Listener.STARTTLS_OFFERED,
        {"authentication": "none", "username": "", "to": "bob@elsewhere.example"},
    ),
}
# Dovecot's LMTP, which replies to each recipient after the message.
LMTP = {"dovecot-lmtp-delivers": ALICE.name, "dovecot-lmtp-over-quota": FULL.name}
OPEN = ("S: 220 mail.example.test ESMTP", f"C: EHLO {DOMAIN}")
LOGIN = (*OPEN, "S: 250-mail.example.test\nS: 250 AUTH PLAIN")
# Servers that nobody should run, and what no server of ours does.
SCRIPTED: dict[str, Script] = {
    "server-closes-after-ehlo": (*OPEN, close),
    "server-silent-after-ehlo": (*OPEN, silence),
    "server-without-greeting": (silence,),
    "server-busy": ("S: 421 4.3.2 mail.example.test Too many connections",),
    "server-of-another-protocol": (send(b"+OK POP3 ready\r\n"), silence),
    "login-cram-md5": (
        *OPEN,
        "S: 250-mail.example.test\nS: 250 AUTH CRAM-MD5\nC: AUTH CRAM-MD5",
        "S: 334 PDE4OTYuNjk3MTcwOTUyQG1haWwuZXhhbXBsZS50ZXN0Pg==\nC: …\nS: 235 2.7.0 ok",
        "C: QUIT\nS: 221 bye",
    ),
    "server-with-escapes": (
        *LOGIN,
        "C: AUTH …",
        send(b"535 5.7.8 \x1b[31mNo\x1b[0m \xff \xe2\x80\xae\r\n"),
        "C: QUIT",
        "S: 221 bye",
    ),
}


def public_lines() -> dict[str, dict[str, Any]]:
    """The entries of the table of replies that people quote in public."""
    return tomllib.loads((FOLDER / "public_lines.toml").read_text(encoding="utf-8"))


def mechanism_of(name: str) -> str:
    """The mechanism that the settings of a scripted recording name."""
    return "cram-md5" if "cram-md5" in name else "plain"


def script_to(command: str, reply: str) -> Script:
    """A dialogue in which the reply answers the command."""
    said = "\n".join(f"S: {line}" for line in reply.strip("\n").split("\n"))
    if command == "RCPT":
        dialogue: Script = (
            *OPEN,
            "S: 250 mail.example.test\nC: MAIL …\nS: 250 ok\nC: RCPT …",
            said,
        )
    else:
        dialogue = (*LOGIN, f"C: {command} …", said)
    return (*dialogue, "C: QUIT\nS: 221 bye")


async def recorded(values: Mapping[str, Any], base: Path) -> str:
    """Record one check; `secret`, `to` and `body` among the values are no settings."""
    own = {"secret", "to", "body"}
    mail = None
    if to := values.get("to"):
        mailbox = parse_mailbox(to)
        mail = MailRequest(recipients=(mailbox,), sender=mailbox, body=values.get("body"))
    request = CheckRequest(
        values={key: value for key, value in values.items() if key not in own and value != ""},
        base=base,
        secret=values.get("secret", SECRET),
        mail=mail,
        allow_clear_password=True,
        extra=0,
        redactors=RedactorGroup(),
    )
    moment, happened = datetime.now(UTC), list[Event]()
    async for update in run(request):
        if isinstance(update, Verdict):
            return recording_text(request, happened, update, moment)
        happened.append(update)
    raise AssertionError("a check ends with a verdict")


async def of_servers(servers: MailServers, listener: Listener, differing: Mapping[str, Any]) -> str:
    """Record a check of a running Postfix or Exim."""
    usual = {
        "host": servers.host,
        "port": servers.ports[listener],
        "encryption": "tls",
        "domain": DOMAIN,
        "username": servers.user.name,
        "secret": servers.user.password,
        "ca_file": servers.authority_file.name,
        "timeout": 10,
    }
    return await recorded({**usual, **differing}, servers.authority_file.parent)


async def of_lmtp(boxes: Mailboxes, recipient: str) -> str:
    """Record a check of Dovecot's LMTP."""
    values = {
        "host": "127.0.0.1",
        "port": boxes.lmtp_port,
        "protocol": "lmtp",
        "encryption": "none",
        "starttls_auto": False,
        "domain": DOMAIN,
        "timeout": 10,
        "to": recipient,
        "body": "A confidential body.",
    }
    return await recorded(values, Path())


async def of_script(script: Script, **differing: Any) -> str:
    """Record a check of a server that follows a script."""
    async with serving(script) as server:
        values = {
            "host": "127.0.0.1",
            "port": server.port,
            "encryption": "none",
            "starttls_auto": False,
            "authentication": "plain",
            "username": USER,
            "domain": DOMAIN,
            "timeout": 1,
            **differing,
        }
        text = await recorded(values, Path())
        await server.all_left()
        return text


def texts(names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the recordings of these names, or all."""
    for name, script in SCRIPTED.items():
        if not names or name in names:
            yield name, asyncio.run(of_script(script, authentication=mechanism_of(name)))
    for name, entry in public_lines().items():
        if not names or name in names:
            mail = {"to": "recipient@example.com"} if entry["command"] == "RCPT" else {}
            more = {**mail, "authentication": "none", "username": ""} if mail else {}
            script = script_to(entry["command"], entry["reply"])
            yield name, asyncio.run(of_script(script, **more))
    with ExitStack() as stack:
        if not names or {*REAL, *EXIM}.intersection(names):
            servers = stack.enter_context(running_mail_servers())
            yield from _of_servers(servers, REAL, names)
        program = find_exim()
        if program and (not names or set(EXIM).intersection(names)):
            exim = stack.enter_context(running_exim(program, servers))
            yield from _of_servers(exim, EXIM, names)
        if not names or set(LMTP).intersection(names):
            folder = stack.enter_context(shared_folder())
            boxes = stack.enter_context(running_mailboxes(folder / "boxes", issue(folder)))
            for name, recipient in LMTP.items():
                if not names or name in names:
                    yield name, asyncio.run(of_lmtp(boxes, recipient))


def _of_servers(
    servers: MailServers,
    checks: Mapping[str, tuple[Listener, Mapping[str, Any]]],
    names: list[str],
) -> Iterator[tuple[str, str]]:
    for name, (listener, differing) in checks.items():
        if not names or name in names:
            yield name, asyncio.run(of_servers(servers, listener, differing))


def main() -> None:
    """Make recordings, or take one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="the recordings to make; without any, all")
    parser.add_argument("--add", nargs=2, metavar=("FILE", "NAME"), help="take a recording")
    options = parser.parse_args()
    if options.add:
        file, name = options.add
        recording = read_recording(Path(file))
        shutil.copyfile(file, FOLDER / f"{name}.jsonl")
        sys.stdout.write(f"{name}: {recording.verdict.cause or 'passed'}. {recording.change}\n")
        sys.stdout.write("Replace the names and addresses of people and machines in it.\n")
        return
    for name, text in texts(options.names):
        (FOLDER / f"{name}.jsonl").write_text(text, encoding="utf-8")
        recording = read_recording(FOLDER / f"{name}.jsonl")
        sys.stdout.write(f"{name}: {recording.verdict.cause or 'passed'}\n")


if __name__ == "__main__":
    main()
