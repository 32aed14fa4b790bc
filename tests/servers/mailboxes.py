"""Dovecot with mailboxes: LMTP brings the mail in, IMAP shows it."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import tokens
from tests.servers.authority import Authority, Certificate
from tests.servers.daemon import Daemon, running
from tests.servers.dovecot import installed_version, passwd_line, token_rules
from tests.servers.ports import reserved_ports
from tests.servers.requirements import obstacle, program
from tests.servers.users import ALICE, AWKWARD, FULL

_OLDEST = (2, 4)
JUNK = "Junk"

# The mailboxes belong to nobody, whose number is above Dovecot's own limit.
_OWNER = 65534

_CONFIGURATION = """\
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
protocols = imap lmtp
listen = 127.0.0.1
hostname = mail.example.test
default_internal_user = nobody
default_login_user = nobody
default_internal_group = nogroup
ssl = yes
ssl_server_cert_file = {certificate}
ssl_server_key_file = {certificate}
auth_allow_cleartext = {clear}
auth_mechanisms = plain login {token_mechanisms}
auth_failure_delay = 0
oauth2 {{
  username_attribute = sub
{token_rules}
}}
passdb passwd-file {{
  passwd_file_path = {users}
}}
userdb passwd-file {{
  passwd_file_path = {users}
}}
mail_driver = maildir
mail_path = ~/Maildir
mailbox_list_layout = fs
recipient_delimiter = +
lmtp_save_to_detail_mailbox = yes
lda_mailbox_autocreate = yes
mail_plugins = quota
quota_storage_grace = 0
namespace inbox {{
  inbox = yes
  separator = /
  mailbox {junk} {{
    auto = create
    special_use = {special_use}
  }}
  mailbox Archive {{
    auto = create
  }}
}}
quota user {{
  driver = count
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service lmtp {{
  unix_listener {lmtp_socket} {{
    mode = 0666
  }}
  inet_listener lmtp {{
    listen = 127.0.0.1
    port = {lmtp}
  }}
}}
"""


@dataclass(frozen=True)
class Mailboxes:
    """Where the running Dovecot listens; `full` has a mailbox that is over its quota."""

    folder: Path
    authority_file: Path
    lmtp_socket: Path
    lmtp_port: int
    imap_port: int
    imaps_port: int
    daemon: Daemon = field(repr=False)

    def files_of(self, user: str, mailbox: str = "INBOX") -> list[Path]:
        """The stored messages of a user's mailbox."""
        maildir = self.folder / "home" / user / "Maildir"
        folder = maildir if mailbox == "INBOX" else maildir / mailbox
        return [path for part in ("new", "cur") for path in (folder / part).glob("*")]


def mailboxes_obstacle() -> str | None:
    """Why Dovecot cannot serve mailboxes here, or None if it can."""
    reason = obstacle()
    if reason:
        return reason
    if installed_version() < _OLDEST:
        return "the mailboxes' settings are those of Dovecot 2.4"
    for module in ("imap", "lmtp"):
        if not Path(f"/usr/lib/dovecot/{module}").exists():
            return f"Dovecot's {module} is not installed (dovecot-{module}d)"
    return None


@contextlib.contextmanager
def running_mailboxes(
    folder: Path,
    authority: Authority,
    *,
    certificate: Certificate = Certificate.RIGHT,
    special_use: str = r"\Junk",
    clear: bool = True,
    introspection_url: str | None = None,
    token_mechanisms: Sequence[str] = tokens.MECHANISMS,
) -> Iterator[Mailboxes]:
    """Run Dovecot with IMAP and LMTP; all its state is in the folder, which others may enter.

    Without `special_use` the junk folder has its name only. Tokens are those of the tests, or what
    the provider at the URL vouches for.
    """
    folder.mkdir()
    lmtp_socket = folder / "lmtp"
    with reserved_ports(("127.0.0.1",), 3) as (lmtp, imap, imaps):
        users = folder / "users"
        users.write_text(_users(folder))
        users.chmod(0o644)
        keys = folder / "keys"
        tokens.write_validation_key(keys)
        file = folder / "dovecot.conf"
        text = _CONFIGURATION.format(
            folder=folder,
            users=users,
            certificate=authority.certificate_files[certificate],
            clear="yes" if clear else "no",
            token_rules=token_rules(keys, introspection_url),
            token_mechanisms=" ".join(token_mechanisms).lower(),
            junk=JUNK,
            special_use=special_use,
            lmtp_socket=lmtp_socket,
            lmtp=lmtp,
            imap=imap,
            imaps=imaps,
        )
        file.write_text(text)
        command = (program("dovecot"), "-F", "-c", file)
        with running("Dovecot", command, ready_text="starting up") as daemon:
            yield Mailboxes(
                folder, authority.authority_file, lmtp_socket, lmtp, imap, imaps, daemon
            )


def _users(folder: Path) -> str:
    homes = folder / "home"
    homes.mkdir()
    homes.chmod(0o777)
    lines = []
    for user in (ALICE, AWKWARD, FULL):
        # Less than any message has.
        limit = "userdb_quota_storage_size=100B" if user is FULL else ""
        owned = f"{_OWNER}:{_OWNER}::{homes}/{user.name}::{limit}"
        lines.append(passwd_line(user, owned))
    return "".join(lines)
