"""Exim as another SMTP server: the same listeners as Postfix's, on ports of their own."""

import base64
import contextlib
import os
import pwd
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from tests.servers.daemon import Daemon, running
from tests.servers.envelopes import LOCAL_DOMAIN, MESSAGE_SIZE_LIMIT
from tests.servers.listeners import SERVICES, Listener, Service, Tls
from tests.servers.mail import MailServers
from tests.servers.ports import reserved_ports
from tests.servers.processes import wait_for_exit
from tests.servers.users import USERS, User

MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")

# Exim accepts no root here, and its own user has another name on every system.
_USER = "nobody"

_STOP_SECONDS = 5.0

# Follows the macros, whose names are in capitals. It has no router and no transport: nothing
# can leave.
_CONFIGURATION = """\
exim_user = USER_ID
exim_group = GROUP_ID
keep_environment =
spool_directory = FOLDER/spool
log_file_path = FOLDER/log/%slog
primary_hostname = mail.LOCAL_DOMAIN
smtp_banner = $primary_hostname ESMTP Exim
local_interfaces = <; ADDRESSES
tls_on_connect_ports = IMPLICIT_PORTS
tls_advertise_hosts = ${if inlist{$received_port}{STARTTLS_PORTS}{*}}
tls_certificate = FOLDER/certificates/$received_port.pem
auth_advertise_hosts = ${if inlist{$received_port}\\
  {${if def:tls_in_cipher {AUTH_PORTS}{CLEAR_LOGIN_PORTS}}}{*}}
message_size_limit = SIZE_LIMIT
acl_smtp_mail = check_mail
acl_smtp_rcpt = check_recipient
acl_smtp_data = check_data

# A port in use ends the start, which would try again for minutes.
daemon_startup_retries = 0

# No name is ever looked up.
host_lookup =
rfc1413_hosts =

# Any number of wrong logins, from any number of connections.
smtp_accept_max = 0
smtp_accept_max_per_connection = 1000000
smtp_max_synprot_errors = 1000000
smtp_max_unknown_commands = 1000000

begin acl

check_mail:
  deny
    condition = ${if inlist{$received_port}{ENCRYPTED_ONLY_PORTS}}
    !encrypted = *
    message = 530 5.7.0 Must issue a STARTTLS command first
  accept

check_recipient:
  accept
    authenticated = *
  accept
    domains = LOCAL_DOMAIN
  deny
    message = 5.7.1 Relay access denied

check_data:
  discard

begin authenticators

plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${lookup{$auth2}lsearch{FOLDER/users}{${if eq{$auth3}{${base64d:$value}}}}}
  server_set_id = $auth2

login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${lookup{$auth1}lsearch{FOLDER/users}{${if eq{$auth2}{${base64d:$value}}}}}
  server_set_id = $auth1

cram_md5:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${lookup{$auth1}lsearch{FOLDER/users}{${base64d:$value}}fail}
  server_set_id = $auth1
"""


@contextlib.contextmanager
def running_exim(program: Path, beside: MailServers) -> Iterator[MailServers]:
    """Run Exim in the folder of the servers, with their users and authority."""
    folder = beside.folder / "exim"
    with contextlib.ExitStack() as stack:
        with reserved_ports(beside.addresses, len(Listener)) as numbers:
            ports = dict(zip(Listener, numbers, strict=True))
            servers = replace(beside, ports=ports, folder=folder)
            folder.mkdir()
            stack.callback(shutil.rmtree, folder)
            _fill(servers)
            # Verbose, Exim also writes its log to where we read it; handed its ports here, it
            # writes no file with its process number, which it could not remove again.
            every_port = " : ".join(map(str, numbers))
            command = (program, "-C", folder / "exim.conf", "-bdf", "-v", "-oX", every_port)
            daemon = stack.enter_context(running("Exim", command, ready_text="daemon started"))
        stack.callback(_end_sessions, daemon)
        yield replace(servers, daemons=(daemon,))


def _fill(servers: MailServers) -> None:
    folder = servers.folder
    for name in ("spool", "log", "certificates"):
        (folder / name).mkdir()
    for name, service in SERVICES.items():
        copy = folder / "certificates" / f"{servers.ports[name]}.pem"
        shutil.copy(servers.certificate_files[service.certificate], copy)
    (folder / "users").write_text("".join(map(_user_line, USERS)))
    user = pwd.getpwnam(_USER)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)
    # This one stays root's: Exim takes a configuration from nobody else.
    (folder / "exim.conf").write_text(_macros(servers, user) + _CONFIGURATION)


def _macros(servers: MailServers, user: pwd.struct_passwd) -> str:
    def ports(wanted: Callable[[Service], bool]) -> str:
        return " : ".join(str(servers.ports[name]) for name in Listener if wanted(SERVICES[name]))

    # No name may contain another: Exim would replace it there too.
    macros = {
        "USER_ID": str(user.pw_uid),
        "GROUP_ID": str(user.pw_gid),
        "FOLDER": str(servers.folder),
        "ADDRESSES": " ; ".join(servers.addresses),
        "LOCAL_DOMAIN": LOCAL_DOMAIN,
        "SIZE_LIMIT": str(MESSAGE_SIZE_LIMIT),
        "STARTTLS_PORTS": ports(lambda service: service.tls in (Tls.OFFERED, Tls.REQUIRED)),
        "IMPLICIT_PORTS": ports(lambda service: service.tls is Tls.IMPLICIT),
        "ENCRYPTED_ONLY_PORTS": ports(lambda service: service.tls is Tls.REQUIRED),
        "AUTH_PORTS": ports(lambda service: service.auth),
        "CLEAR_LOGIN_PORTS": ports(
            lambda service: service.auth and service.tls is not Tls.REQUIRED
        ),
    }
    return "".join(f"{name} = {value}\n" for name, value in macros.items())


def _user_line(user: User) -> str:
    # Base64, because the value would lose a quote, a backslash or a space at its end.
    return f"{user.name}: {base64.b64encode(user.password.encode()).decode()}\n"


def _end_sessions(daemon: Daemon) -> None:
    # The daemon ends without its sessions, and each of them would wait for its client. The
    # second round is for those that began before the daemon saw the first one.
    for _ in range(2):
        pids = daemon.process_ids()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        wait_for_exit(pids, _STOP_SECONDS)
