"""Postfix as the SMTP server: every listener a port, every message accepted and thrown away."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.servers.authority import Certificate
from tests.servers.daemon import Daemon, ServerError, running
from tests.servers.envelopes import LOCAL_DOMAIN, MESSAGE_SIZE_LIMIT, RECIPIENTS, SENDERS
from tests.servers.listeners import SERVICES, Listener, Service, Tls
from tests.servers.requirements import program

HOST_NAME = f"mail.{LOCAL_DOMAIN}"

# No service here delivers to a mailbox, a program or the network: nothing can leave.
MASTER_CF = """\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
unixsmtp unix n - n - - smtpd
"""

_FIXED = {
    "compatibility_level": "3.6",
    "maillog_file": "/dev/stdout",
    "myhostname": HOST_NAME,
    "mydestination": LOCAL_DOMAIN,
    # No name is ever looked up.
    "smtpd_peername_lookup": "no",
    "smtp_dns_support_level": "disabled",
    # Everything is taken and thrown away.
    "local_recipient_maps": "",
    "alias_maps": "",
    "local_transport": "discard:",
    "default_transport": "discard:",
    "relay_transport": "discard:",
    "notify_classes": "",
    "message_size_limit": str(MESSAGE_SIZE_LIMIT),
    # Being on this machine gives no right to relay.
    "smtpd_relay_restrictions": "permit_sasl_authenticated, reject_unauth_destination",
    "smtpd_sasl_type": "dovecot",
    "smtpd_sasl_security_options": "noanonymous",
    "smtpd_tls_auth_only": "no",
    # Any number of wrong logins, from any number of connections, at full speed.
    "smtpd_error_sleep_time": "0",
    "smtpd_soft_error_limit": "1000000",
    "smtpd_hard_error_limit": "1000000",
    "smtpd_junk_command_limit": "1000000",
    "smtpd_client_connection_count_limit": "0",
    "smtpd_client_connection_rate_limit": "0",
    "smtpd_client_message_rate_limit": "0",
    "smtpd_client_recipient_rate_limit": "0",
    "smtpd_client_new_tls_session_rate_limit": "0",
    "smtpd_client_auth_rate_limit": "0",
}

_SECURITY_LEVELS = {
    Tls.NEVER: "none",
    Tls.OFFERED: "may",
    Tls.REQUIRED: "encrypt",
    Tls.IMPLICIT: "encrypt",
}

_OWNER_QUEUES = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold"),
    *("incoming", "private", "saved", "trace"),
)
_GROUP_QUEUES = {"maildrop": 0o1730, "public": 0o2710}


@dataclass(frozen=True)
class Installation:
    """What this machine's Postfix was built with."""

    daemon_directory: Path
    mail_owner: str
    setgid_group: str


@dataclass(frozen=True)
class Surroundings:
    """What Postfix is to work with."""

    addresses: tuple[str, ...]
    ports: Mapping[Listener, int]
    certificate_files: Mapping[Certificate, Path]
    sasl_socket: Path


def smtp_socket(folder: Path) -> Path:
    """The UNIX socket on which Postfix answers by SMTP, without TLS and login."""
    return folder / "queue/public/unixsmtp"


def installation() -> Installation:
    """Ask the installed Postfix for its defaults; the system's main.cf plays no part."""
    command = (program("postconf"), "-dh", "daemon_directory", "mail_owner", "setgid_group")
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    directory, owner, group = answer.splitlines()
    return Installation(Path(directory), owner, group)


@contextlib.contextmanager
def running_postfix(
    installed: Installation, folder: Path, surroundings: Surroundings
) -> Iterator[Daemon]:
    """Run Postfix with its configuration and state in the folder."""
    make_folders(installed, folder)
    write_aged(folder / "main.cf", _main_cf(folder, surroundings))
    write_aged(folder / "master.cf", _master_cf(surroundings))
    verify_configuration(folder)
    # The postfix command would start the same, but check the installation for two seconds first.
    command = (installed.daemon_directory / "master", "-s", "-c", folder)
    with running("Postfix", command, ready_text="daemon started") as daemon:
        yield daemon


def make_folders(installed: Installation, folder: Path) -> None:
    """Make the queue's folders with the owners that Postfix wants."""
    queue = folder / "queue"
    owner, group = installed.mail_owner, installed.setgid_group
    (queue / "pid").mkdir(parents=True)
    for path in (folder / "data", *(queue / name for name in _OWNER_QUEUES)):
        path.mkdir(mode=0o700)
        shutil.chown(path, owner)
    for name, mode in _GROUP_QUEUES.items():
        path = queue / name
        path.mkdir()
        shutil.chown(path, owner, group)
        path.chmod(mode)


def verify_configuration(folder: Path) -> None:
    """Raise ServerError with what Postfix complains about."""
    # What ends the master before it serves, it tells to syslog only, and so not to us.
    command = (program("postconf"), "-c", folder, "-n")
    complaints = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    if complaints:
        raise ServerError(f"Postfix does not accept its configuration:\n{complaints}")


def _main_cf(folder: Path, surroundings: Surroundings) -> str:
    parameters = _FIXED | {
        "queue_directory": str(folder / "queue"),
        "data_directory": str(folder / "data"),
        "inet_interfaces": ", ".join(surroundings.addresses),
        "inet_protocols": "all" if "::1" in surroundings.addresses else "ipv4",
        "smtpd_sasl_path": str(surroundings.sasl_socket),
        "smtpd_sender_restrictions": _access_check("sender", folder, SENDERS),
        "smtpd_recipient_restrictions": _access_check("recipient", folder, RECIPIENTS),
    }
    return "".join(f"{name} = {value}\n" for name, value in parameters.items())


def _access_check(subject: str, folder: Path, replies: Mapping[str, str]) -> str:
    table = folder / f"{subject}s"
    write_aged(table, "".join(f"{address} {reply}\n" for address, reply in replies.items()))
    return f"check_{subject}_access texthash:{table}"


def _master_cf(surroundings: Surroundings) -> str:
    listeners = (
        _listener(surroundings.ports[name], service, surroundings.certificate_files)
        for name, service in SERVICES.items()
    )
    return MASTER_CF + "".join(listeners)


def _listener(port: int, service: Service, files: Mapping[Certificate, Path]) -> str:
    parameters = {
        "smtpd_sasl_auth_enable": _yes_or_no(service.auth),
        "smtpd_sasl_mechanism_filter": ", ".join(service.mechanisms),
        "smtpd_tls_wrappermode": _yes_or_no(service.tls is Tls.IMPLICIT),
        "smtpd_tls_security_level": _SECURITY_LEVELS[service.tls],
        "smtpd_tls_chain_files": str(files[service.certificate]),
        **service.parameters,
    }
    options = (f"  -o {{ {name} = {value} }}\n" for name, value in parameters.items())
    return f"{port} inet n - n - - smtpd\n" + "".join(options)


def write_aged(file: Path, text: str) -> None:
    """Write a file that Postfix reads."""
    file.write_text(text)
    # Postfix takes a file of the last two seconds for half written, and waits for it to age.
    os.utime(file, (0, 0))


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"
