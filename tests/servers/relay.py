"""Postfix as an application's mail server: it writes its own log and hands every message on."""

import contextlib
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers.daemon import ServerError
from tests.servers.ports import reserved_ports
from tests.servers.postfix import MASTER_CF, Installation, installation, make_folders, write_aged
from tests.servers.processes import session_members, wait_for_exit
from tests.servers.requirements import SEARCH_PATH

_START_SECONDS = 20.0
_STOP_SECONDS = 5.0
_LOOPBACK = "127.0.0.1"

# The recipients whose messages take another way than to the next server.
VIRTUAL = "vera@box.test"
ALIAS = "alias@relay.test"
SENDER = "sender@relay.test"
# The first word of a subject.
HELD, DISCARDED_SUBJECT = "HOLD", "DISCARD"
DISCARDED = "thrown@discard.test"
UNREACHABLE = "nobody@closed.test"
SILENT = "nobody@silent.test"

_SERVICES = """\
smtp unix - - n - - smtp
virtual unix - n n - - virtual
{plain} inet n - n - - smtpd
{filtered} inet n - n - - smtpd
  -o content_filter=smtp:[127.0.0.1]:{filter}
{filter} inet n - n - - smtpd
  -o myhostname=filter.relay.test
"""


@dataclass(frozen=True)
class Relay:
    """Where it listens, for messages with and without a content filter, and where it logs."""

    port: int
    filtered_port: int
    log: Path
    configuration: Path

    @property
    def variables(self) -> dict[str, str]:
        """What leads Postfix's own commands to it."""
        return {"MAIL_CONFIG": str(self.configuration)}


@contextlib.contextmanager
def running_relay(next_port: int, *, to_syslog_of: tuple[str, ...] = ()) -> Iterator[Relay]:
    """Run a Postfix that hands all messages to `next_port` of this machine.

    It logs to syslog if it is started by the command that enters a namespace with one.
    """
    installed = installation()
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="relay-", dir="/tmp"))
        stack.callback(shutil.rmtree, folder)
        folder.chmod(0o755)
        # Nobody accepts its connections, so whoever connects waits for the greeting.
        silent = stack.enter_context(contextlib.closing(socket.create_server((_LOOPBACK, 0))))
        with reserved_ports((_LOOPBACK,), 3) as (plain, filtered, filter_):
            relay = Relay(plain, filtered, folder / "mail.log", folder)
            main_cf = _main_cf(installed.mail_owner, folder, next_port, silent.getsockname()[1])
            if to_syslog_of:
                main_cf += "maillog_file =\n"
            _fill(installed, folder, main_cf)
            ports = {"plain": plain, "filtered": filtered, "filter": filter_}
            write_aged(folder / "master.cf", MASTER_CF + _SERVICES.format(**ports))
            stack.enter_context(_running(installed, folder, to_syslog_of))
        _await_greeting(relay)
        yield relay


def _fill(installed: Installation, folder: Path, main_cf: str) -> None:
    make_folders(installed, folder)
    boxes = folder / "boxes"
    boxes.mkdir()
    shutil.chown(boxes, installed.mail_owner)
    write_aged(folder / "main.cf", main_cf)
    rules = (f"/^Subject: {word}/ {word} a rule\n" for word in (HELD, DISCARDED_SUBJECT))
    write_aged(folder / "headers", "".join(rules))


def _main_cf(owner: str, folder: Path, next_port: int, silent_port: int) -> str:
    user = pwd.getpwnam(owner)
    parameters = {
        "compatibility_level": "3.6",
        "maillog_file": f"{folder}/mail.log",
        "maillog_file_prefixes": str(folder),
        "myhostname": "mail.relay.test",
        "mydestination": "",
        "mynetworks": "127.0.0.0/8",
        "queue_directory": f"{folder}/queue",
        "data_directory": f"{folder}/data",
        "inet_interfaces": _LOOPBACK,
        "inet_protocols": "ipv4",
        "smtpd_peername_lookup": "no",
        "smtp_dns_support_level": "disabled",
        "smtp_host_lookup": "native",
        "alias_maps": "",
        "local_recipient_maps": "",
        "notify_classes": "",
        "relayhost": f"[{_LOOPBACK}]:{next_port}",
        "virtual_alias_maps": f"inline:{{ {{{ALIAS} = carol@example.test}} }}",
        "virtual_mailbox_domains": "box.test",
        "virtual_mailbox_base": f"{folder}/boxes",
        "virtual_mailbox_maps": f"inline:{{ {{{VIRTUAL} = vera/}} }}",
        "virtual_uid_maps": f"static:{user.pw_uid}",
        "virtual_gid_maps": f"static:{user.pw_gid}",
        "virtual_minimum_uid": "1",
        "transport_maps": (
            "inline:{ {discard.test = discard:}"
            f" {{closed.test = smtp:[{_LOOPBACK}]:1}}"
            f" {{silent.test = smtp:[{_LOOPBACK}]:{silent_port}}}"
            # The sender's domain: bounces end here.
            " {relay.test = discard:} }"
        ),
        "header_checks": f"regexp:{folder}/headers",
    }
    return "".join(f"{name} = {value}\n" for name, value in parameters.items())


@contextlib.contextmanager
def _running(installed: Installation, folder: Path, within: tuple[str, ...]) -> Iterator[None]:
    process = subprocess.Popen(
        (*within, installed.daemon_directory / "master", "-s", "-c", folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": SEARCH_PATH},
        start_new_session=True,
    )
    try:
        yield
    finally:
        # Not terminate(), which may reap the leader, by whose number the others are found.
        os.kill(process.pid, signal.SIGTERM)
        wait_for_exit([process.pid], _STOP_SECONDS)
        wait_for_exit(session_members(process.pid), _STOP_SECONDS)
        for pid in session_members(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def _await_greeting(relay: Relay) -> None:
    deadline = time.monotonic() + _START_SECONDS
    for port in (relay.port, relay.filtered_port):
        while True:
            try:
                smtplib.SMTP(_LOOPBACK, port, "client.example.test", _START_SECONDS).close()
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    log = relay.log.read_text() if relay.log.exists() else "no log"
                    raise ServerError(f"the relay does not greet: {error}\n{log}") from error
                time.sleep(0.05)
