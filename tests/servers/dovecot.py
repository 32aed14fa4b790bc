"""Dovecot as the SASL server behind Postfix; no mailboxes, no network port."""

import base64
import contextlib
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.servers import tokens
from tests.servers.daemon import Daemon, ServerError, running
from tests.servers.requirements import program
from tests.servers.users import USERS, User

_HANDSHAKE_SECONDS = 10.0

MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256")

Version = tuple[int, int]

# From this version on the settings have other names, and the file begins with its format.
_RENAMED: Version = (2, 4)

_FORMAT_2_4 = """\
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
"""

_AUTH_2_4 = """\
auth_allow_cleartext = yes
passdb passwd-file {{
  passwd_file_path = {users}
}}
oauth2 {{
  username_attribute = sub
{token_rules}
}}
"""

_LOCAL_2_4 = """\
  introspection_mode = local
  oauth2_local_validation {{
    dict fs {{
      fs posix {{
        prefix = {keys}/
      }}
    }}
  }}
"""

# The provider itself says whether a token still counts (RFC 7662).
_ASKED = """\
introspection_mode = post
introspection_url = {url}
active_attribute = active
active_value = true
scope = smtp
force_introspection = yes
"""

# Failures wait for a timer of half a second here, even with a delay of 0, unless the field
# nodelay is set; a passdb that refuses loses its fields, so one that decides nothing sets it.
_AUTH_2_3 = """\
disable_plaintext_auth = no
passdb {{
  driver = static
  args = noauthenticate=yes nodelay=yes
}}
passdb {{
  driver = oauth2
  mechanisms = {token_mechanisms}
  args = {token_settings}
}}
passdb {{
  driver = passwd-file
  mechanisms = {password_mechanisms}
  args = username_format=%u {users}
}}
"""

# Before the renaming, what goes for tokens stands in a file of its own.
_TOKENS_2_3 = """\
introspection_mode = local
username_attribute = sub
local_validation_key_dict = fs:posix:prefix={keys}/
"""

# The penalty delays an address after wrong passwords; taking its socket away switches it off.
_COMMON = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
protocols =
ssl = no
auth_mechanisms = {password_mechanisms} {token_mechanisms}
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener {socket} {{
    mode = 0600
    user = {client}
  }}
}}
"""


def sasl_socket(folder: Path) -> Path:
    """The socket on which Dovecot answers SASL clients."""
    return folder / "sasl"


@contextlib.contextmanager
def running_dovecot(
    folder: Path, client: str, introspection_url: str | None = None
) -> Iterator[Daemon]:
    """Run Dovecot with its state in the folder, serving SASL to the system user `client`.

    Tokens are those of the tests, or what the provider at the URL vouches for.
    """
    folder.mkdir()
    users = folder / "users"
    users.write_text("".join(map(passwd_line, USERS)))
    users.chmod(0o644)
    tokens.write_validation_key(_keys(folder))
    asked = introspection_url and _ASKED.format(url=introspection_url)
    rules = f"username_attribute = sub\n{asked}" if asked else _TOKENS_2_3
    _token_settings(folder).write_text(rules.format(keys=_keys(folder)))
    file = folder / "dovecot.conf"
    file.write_text(configuration(installed_version(), folder, users, client, asked))
    command = (program("dovecot"), "-F", "-c", file)
    with running("Dovecot", command, ready_text="starting up") as daemon:
        _await_mechanisms(daemon, sasl_socket(folder))
        yield daemon


def configuration(
    version: Version, folder: Path, users: Path, client: str, token_rules: str | None = None
) -> str:
    """The text of dovecot.conf in the spelling of the version."""
    head, auth = (_FORMAT_2_4, _AUTH_2_4) if version >= _RENAMED else ("", _AUTH_2_3)
    return (head + _COMMON + auth).format(
        folder=folder,
        users=users,
        client=client,
        socket=sasl_socket(folder),
        keys=_keys(folder),
        token_rules=token_rules or _LOCAL_2_4.format(keys=_keys(folder)),
        token_settings=_token_settings(folder),
        password_mechanisms=" ".join(MECHANISMS).lower(),
        token_mechanisms=" ".join(tokens.MECHANISMS).lower(),
    )


def token_rules(keys: Path, introspection_url: str | None) -> str:
    """How to check tokens: by the key of the tests, or by asking the provider at the URL."""
    if introspection_url is None:
        return _LOCAL_2_4.format(keys=keys)
    return _ASKED.format(url=introspection_url)


def _keys(folder: Path) -> Path:
    return folder / "keys"


def _token_settings(folder: Path) -> Path:
    return folder / "tokens.conf"


def _await_mechanisms(daemon: Daemon, path: Path) -> None:
    # Only the first client starts the process that reads the settings of auth. Stopped before
    # all its processes stand, Dovecot would also wait for them for five seconds.
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_HANDSHAKE_SECONDS)
        try:
            client.connect(str(path))
            client.sendall(b"VERSION\t1\t1\nCPID\t1\n")
            with client.makefile("rb") as answer:
                finished = b"DONE\n" in answer
        except OSError as error:
            raise ServerError(f"Dovecot offers no SASL: {error}\n{daemon.log}") from error
    if not finished:
        raise ServerError(f"Dovecot offers no SASL:\n{daemon.log}")


def installed_version() -> Version:
    """Ask the installed Dovecot."""
    command = (program("dovecot"), "--version")
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.match(r"(\d+)\.(\d+)", answer)
    if found is None:
        raise ServerError(f"Dovecot tells no version: {answer!r}")
    return int(found[1]), int(found[2])


def passwd_line(user: User, rest: str = ":::::") -> str:
    """The user's line, whose fields after the password are `rest`."""
    # Base64, because a colon in the password would end the field.
    password = base64.b64encode(user.password.encode()).decode()
    return f"{user.name}:{{PLAIN.b64}}{password}:{rest}\n"
