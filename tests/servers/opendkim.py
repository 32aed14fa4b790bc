"""OpenDKIM as a milter: it signs, or verifies and writes Authentication-Results."""

import base64
import contextlib
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.servers.daemon import Daemon, running_with_socket
from tests.servers.requirements import program

SELECTOR = "sel1"

_COMMON = """\
Syslog no
UMask 000
RequireSafeKeys no
Socket local:{socket}
PidFile {socket}.pid
Mode {mode}
Canonicalization relaxed/relaxed
TestDNSData {keys}
"""
_SIGNS = """\
Domain {domain}
Selector {selector}
KeyFile {key}
"""
# No host is internal: what comes over loopback is verified too. Forged fields stay.
_VERIFIES = """\
AuthservID {authserv_id}
InternalHosts {strangers}
AlwaysAddARHeader yes
KeepAuthResults yes
"""


class SigningKey:
    """A domain's key: its file, and its record in DNS."""

    def __init__(self, folder: Path, domain: str) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.domain = domain
        self.file = folder / f"{domain}.private"
        self.file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.name = f"{SELECTOR}._domainkey.{domain}"
        self.record = f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


@contextlib.contextmanager
def running_opendkim(
    folder: Path, key: SigningKey, *, authserv_id: str | None = None
) -> Iterator[Daemon]:
    """Run a milter on `folder/milter` that signs, or with an authserv-id one that verifies."""
    folder.mkdir()
    folder.chmod(0o777)
    socket, keys, strangers = folder / "milter", folder / "keys", folder / "strangers"
    keys.write_text(f"{key.name} {key.record}\n")
    strangers.write_text("192.0.2.1\n")
    names = {
        "socket": socket,
        "mode": "s" if authserv_id is None else "v",
        "keys": keys,
        "domain": key.domain,
        "selector": SELECTOR,
        "key": key.file,
        "authserv_id": authserv_id,
        "strangers": strangers,
    }
    text = _COMMON + (_SIGNS if authserv_id is None else _VERIFIES)
    file = folder / "opendkim.conf"
    file.write_text(text.format_map(names))
    command = (program("opendkim"), "-f", "-x", file)
    with running_with_socket("OpenDKIM", command, socket) as daemon:
        yield daemon
