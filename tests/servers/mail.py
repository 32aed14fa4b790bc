"""The servers together: one call starts all that a test of the dialogue can ask for."""

import contextlib
import shutil
import smtplib
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.authority import Certificate, issue
from tests.servers.daemon import Daemon, ServerError
from tests.servers.dovecot import running_dovecot, sasl_socket
from tests.servers.listeners import SERVICES, Listener, Tls
from tests.servers.ports import loopback_addresses, reserved_ports
from tests.servers.postfix import Surroundings, installation, running_postfix, smtp_socket
from tests.servers.users import ALICE, AWKWARD, User

_GREETING_SECONDS = 10.0


@dataclass(frozen=True)
class MailServers:
    """Where the running servers listen, and what a client needs to talk to them."""

    host: str
    addresses: tuple[str, ...]
    ports: Mapping[Listener, int]
    authority_file: Path
    certificate_files: Mapping[Certificate, Path]
    folder: Path
    smtp_socket: Path
    daemons: tuple[Daemon, ...] = field(repr=False)
    user: User = ALICE
    awkward_user: User = AWKWARD

    @property
    def log(self) -> str:
        """All that the servers have logged so far."""
        return "".join(daemon.log for daemon in self.daemons)

    def process_ids(self) -> list[int]:
        """The living processes of all the servers."""
        return [pid for daemon in self.daemons for pid in daemon.process_ids()]


@contextlib.contextmanager
def running_mail_servers(introspection_url: str | None = None) -> Iterator[MailServers]:
    """Start Dovecot and Postfix, hand them out ready, and leave nothing of them behind.

    Dovecot asks the provider at the URL about tokens, if there is one.
    """
    addresses = loopback_addresses()
    installed = installation()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(shared_folder())
        authority = issue(folder)
        dovecot = stack.enter_context(
            running_dovecot(folder / "dovecot", installed.mail_owner, introspection_url)
        )
        with reserved_ports(addresses, len(Listener)) as numbers:
            ports = dict(zip(Listener, numbers, strict=True))
            surroundings = Surroundings(
                addresses, ports, authority.certificate_files, sasl_socket(folder / "dovecot")
            )
            postfix = stack.enter_context(
                running_postfix(installed, folder / "postfix", surroundings)
            )
        servers = MailServers(
            host="localhost",
            addresses=addresses,
            ports=ports,
            authority_file=authority.authority_file,
            certificate_files=authority.certificate_files,
            folder=folder,
            smtp_socket=smtp_socket(folder / "postfix"),
            daemons=(dovecot, postfix),
        )
        _await_greetings(servers)
        yield servers


@contextlib.contextmanager
def shared_folder() -> Iterator[Path]:
    """A folder for the servers, removed at the end."""
    # Not TMPDIR: the servers' own users must get in, and the path of a socket holds 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="mail-", dir="/tmp"))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder)


def _await_greetings(servers: MailServers) -> None:
    for name, port in servers.ports.items():
        try:
            _connect(servers.addresses[0], port, SERVICES[name].tls).close()
        except (OSError, smtplib.SMTPException) as error:
            raise ServerError(f"listener {name} does not greet: {error}\n{servers.log}") from error


def _connect(address: str, port: int, tls: Tls) -> smtplib.SMTP:
    if tls is not Tls.IMPLICIT:
        return smtplib.SMTP(address, port, "client.example.test", _GREETING_SECONDS)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return smtplib.SMTP_SSL(
        address, port, "client.example.test", timeout=_GREETING_SECONDS, context=context
    )
