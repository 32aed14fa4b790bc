"""The way of a message: a relay that signs, a receiver that verifies, and mailboxes.

The relay takes mail for `example.test` and hands it to the receiver, by transports that differ by
the recipient: directly, late, through greylisting, or to nowhere. The receiver hands it to Dovecot.
"""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.authority import issue
from tests.servers.daemon import Daemon, running, running_with_socket
from tests.servers.mail import shared_folder
from tests.servers.mailboxes import Mailboxes, mailboxes_obstacle, running_mailboxes
from tests.servers.opendkim import SigningKey, running_opendkim
from tests.servers.ports import reserved_ports
from tests.servers.postfix import (
    MASTER_CF,
    Installation,
    installation,
    make_folders,
    verify_configuration,
    write_aged,
)
from tests.servers.requirements import SEARCH_PATH, program
from tests.servers.users import ALICE

RELAY, RECEIVER = "relay.sender.test", "mail.example.test"
SENDER_DOMAIN = "sender.test"
INBOX, JUNK = ALICE.name, "alice+Junk@example.test"
ARCHIVED = "alice+Archive@example.test"
# Other addresses of the same mailbox.
LATE, GREYLISTED = "late@example.test", "grey@example.test"
UNKNOWN, DISCARDED = "nobody@example.test", "never@example.test"
# The relay rejects it at once.
REJECTED = "rejected@example.test"
# In the subject: the relay then adds an Authentication-Results field with the receiver's id, or
# with another one. In the body: the receiver then changes that line.
FORGED, FORGED_ELSEWHERE, ELSEWHERE = "forged", "foreign", "mx.elsewhere.test"
FOOTER = "with a footer"

_DELIVERY = """\
smtp unix - - n - - smtp
late unix - - n - - smtp
lmtp unix - - n - - lmtp
local unix - n n - - discard
"""

_COMMON = {
    "compatibility_level": "3.6",
    "maillog_file": "/dev/stdout",
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "smtpd_peername_lookup": "no",
    "smtp_dns_support_level": "disabled",
    "smtp_host_lookup": "native",
    "alias_maps": "",
    "local_recipient_maps": "",
    "smtpd_error_sleep_time": "0",
    # A deferred message is tried again after a second.
    "queue_run_delay": "1s",
    "minimal_backoff_time": "1s",
    "maximal_backoff_time": "1s",
    "milter_default_action": "tempfail",
}


@dataclass(frozen=True)
class DeliveryChain:
    """Where to hand in mail, and what it then passes."""

    folder: Path
    port: int
    mailboxes: Mailboxes
    key: SigningKey
    relay: Daemon = field(repr=False)
    receiver: Daemon = field(repr=False)

    @property
    def records(self) -> Mapping[str, Mapping[str, list[str] | str]]:
        """What DNS says of the domains."""
        quoted = " ".join(f'"{self.key.record[at : at + 200]}"' for at in range(0, 600, 200))
        return {
            self.key.name: {"TXT": [quoted]},
            f"_dmarc.{SENDER_DOMAIN}": {"TXT": ['"v=DMARC1; p=reject"']},
            "example.test": {"MX": [f"10 {RECEIVER}."]},
        }

    def flush(self) -> None:
        """Let the relay try what is late."""
        command = (program("postqueue"), "-c", self.folder / "relay", "-f")
        subprocess.run(command, check=True, env={"PATH": SEARCH_PATH})


def chain_obstacle() -> str | None:
    """Why the chain cannot run here, or None if it can."""
    reason = mailboxes_obstacle()
    for name in ("opendkim", "postgrey"):
        if reason is None and shutil.which(name, path=SEARCH_PATH) is None:
            reason = f"{name} is not installed"
    return reason


@contextlib.contextmanager
def running_delivery_chain(introspection_url: str | None = None) -> Iterator[DeliveryChain]:
    """Run everything from the relay's port to the mailbox.

    Dovecot asks the provider at the URL about tokens, if there is one.
    """
    installed = installation()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(shared_folder())
        boxes = stack.enter_context(
            running_mailboxes(folder / "boxes", issue(folder), introspection_url=introspection_url)
        )
        key = SigningKey(folder, SENDER_DOMAIN)
        stack.enter_context(running_opendkim(folder / "signs", key))
        stack.enter_context(running_opendkim(folder / "verifies", key, authserv_id=RECEIVER))
        grey = stack.enter_context(_running_postgrey(folder / "grey"))
        with reserved_ports(("127.0.0.1",), 3) as (submission, port, greylisting):
            receiver = stack.enter_context(
                _running(installed, folder / "receiver", _receiver(folder, grey, port, greylisting))
            )
            relay = stack.enter_context(
                _running(installed, folder / "relay", _relay(folder, submission, port, greylisting))
            )
        yield DeliveryChain(folder, submission, boxes, key, relay, receiver)


@contextlib.contextmanager
def _running_postgrey(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    folder.chmod(0o777)
    socket = folder / "socket"
    (folder / "db").mkdir()
    (folder / "db").chmod(0o777)
    (folder / "nobody").touch()
    command = (
        *(program("postgrey"), f"--unix={socket}", "--delay=1", f"--dbdir={folder}/db"),
        *("--user=postgrey", "--group=postgrey", f"--pidfile={folder}/pid"),
        *(f"--whitelist-clients={folder}/nobody", f"--whitelist-recipients={folder}/nobody"),
    )
    with running_with_socket("postgrey", command, socket):
        yield socket


Configuration = tuple[dict[str, str], str]


@contextlib.contextmanager
def _running(
    installed: Installation, folder: Path, configuration: Configuration
) -> Iterator[Daemon]:
    parameters, services = configuration
    make_folders(installed, folder)
    own = {"queue_directory": f"{folder}/queue", "data_directory": f"{folder}/data"}
    text = "".join(f"{name} = {value}\n" for name, value in (_COMMON | own | parameters).items())
    write_aged(folder / "main.cf", text)
    write_aged(folder / "master.cf", MASTER_CF + _DELIVERY + services)
    verify_configuration(folder)
    command = (installed.daemon_directory / "master", "-s", "-c", folder)
    with running("Postfix", command, ready_text="daemon started") as daemon:
        yield daemon


def _receiver(folder: Path, grey: Path, port: int, greylisting: int) -> Configuration:
    write_aged(folder / "body_checks", f"/{FOOTER}/ REPLACE changed on the way\n")
    unknown = f"inline:{{ {{ {UNKNOWN} = 550 5.1.1 User unknown in virtual mailbox table }} }}"
    parameters = {
        "myhostname": RECEIVER,
        "mydestination": "",
        "virtual_mailbox_domains": "example.test",
        "virtual_mailbox_maps": "static:all",
        "virtual_alias_maps": f"inline:{{ {{ {LATE} = {INBOX} }}, {{ {GREYLISTED} = {INBOX} }} }}",
        "virtual_transport": f"lmtp:unix:{folder}/boxes/lmtp",
        "smtpd_relay_restrictions": "reject_unauth_destination",
        "smtpd_recipient_restrictions": f"check_recipient_access {unknown}",
        "smtpd_milters": f"unix:{folder}/verifies/milter",
        "body_checks": f"regexp:{folder}/body_checks",
        "notify_classes": "",
    }
    policy = f"check_policy_service unix:{grey}"
    services = (
        f"127.0.0.1:{port} inet n - n - - smtpd\n"
        f"127.0.0.1:{greylisting} inet n - n - - smtpd\n"
        f"  -o {{ smtpd_recipient_restrictions = {policy} }}\n"
    )
    return parameters, services


def _relay(folder: Path, submission: int, port: int, greylisting: int) -> Configuration:
    transports = {
        LATE: f"late:[127.0.0.1]:{port}",
        GREYLISTED: f"smtp:[127.0.0.1]:{greylisting}",
        DISCARDED: "discard:",
    }
    pairs = ", ".join(f"{{ {address} = {way} }}" for address, way in transports.items())
    rejected = f"inline:{{ {{ {REJECTED} = 550 5.7.1 Not for us }} }}"
    forged = "dkim=pass header.d=bank.example"
    checks = "".join(
        f"/^Subject: {subject}/ PREPEND Authentication-Results: {name}; {forged}\n"
        for subject, name in ((FORGED, RECEIVER), (FORGED_ELSEWHERE, ELSEWHERE))
    )
    write_aged(folder / "header_checks", checks)
    parameters = {
        "myhostname": RELAY,
        "mydestination": "",
        "relay_domains": "example.test",
        "relay_transport": f"smtp:[127.0.0.1]:{port}",
        "default_transport": f"smtp:[127.0.0.1]:{port}",
        "transport_maps": f"inline:{{ {pairs} }}",
        "defer_transports": "late",
        "smtpd_relay_restrictions": "permit_mynetworks, reject",
        "smtpd_recipient_restrictions": f"check_recipient_access {rejected}",
        "mynetworks": "127.0.0.0/8",
        "smtpd_milters": f"unix:{folder}/signs/milter",
        "header_checks": f"regexp:{folder}/header_checks",
    }
    return parameters, f"127.0.0.1:{submission} inet n - n - - smtpd\n"
