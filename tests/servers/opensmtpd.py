"""OpenSMTPD, unpacked: its folders are fixed, so it runs in a mount namespace with its own."""

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.servers.daemon import running

UNPACKED = Path("/opt/smtp-tui-opensmtpd")
_USERS = ("opensmtpd", "opensmtpq")

_CONFIGURATION = """\
listen on 127.0.0.1 port {port}
action "relay" relay host smtp://127.0.0.1:{next_port}
action "box" maildir "{folder}/box" user nobody
match from any for domain "box.test" action "box"
match from any for any action "relay"
"""

# $1 is where it is unpacked, $2 a folder of its own. It logs to syslog, or here to its output.
_IN_NAMESPACE = """\
set -e
mount -t tmpfs none /var/lib && mkdir -p /var/lib/opensmtpd/empty
mount -t tmpfs none /var/spool && mkdir -m 711 /var/spool/smtpd
mount --bind "$1/usr/libexec" /usr/libexec
mkfifo "$2/pipe"
# Not a child of smtpd, which waits for all of its own.
(tee -a "$2/maillog" <"$2/pipe" &)
exec "$1/usr/sbin/smtpd" -d -f "$2/smtpd.conf" >"$2/pipe" 2>&1
"""


def opensmtpd_obstacle() -> str | None:
    """Why OpenSMTPD cannot run on this machine, or None if it can."""
    if sys.platform != "linux":
        return "the real mail servers run on Linux only"
    if not (UNPACKED / "usr/sbin/smtpd").exists():
        return f"OpenSMTPD is not there ({UNPACKED})"
    if os.geteuid() != 0:
        return "OpenSMTPD starts as root only"
    for name in _USERS:
        try:
            pwd.getpwnam(name)
        except KeyError:
            return f"the user {name} of OpenSMTPD is missing"
    done = subprocess.run(("unshare", "-m", "true"), check=False, capture_output=True)
    return "this machine allows no mount namespaces" if done.returncode else None


@contextlib.contextmanager
def running_opensmtpd(port: int, next_port: int) -> Iterator[Path]:
    """Run OpenSMTPD, which hands mail to `next_port`; return its log."""
    folder = Path(tempfile.mkdtemp(prefix="opensmtpd-", dir="/tmp"))
    try:
        folder.chmod(0o755)
        text = _CONFIGURATION.format(port=port, next_port=next_port, folder=folder)
        (folder / "smtpd.conf").write_text(text)
        (folder / "box").mkdir()
        shutil.chown(folder / "box", "nobody")
        unshare = ("unshare", "-m", "--propagation", "private", "sh", "-c", _IN_NAMESPACE, "sh")
        with running("OpenSMTPD", (*unshare, UNPACKED, folder), ready_text="starting"):
            yield folder / "maillog"
    finally:
        shutil.rmtree(folder)
