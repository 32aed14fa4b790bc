"""systemd's journald in a mount namespace of its own, with a /dev/log that leads to it."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.servers.daemon import running
from tests.servers.requirements import SEARCH_PATH

_PROGRAM = Path("/usr/lib/systemd/systemd-journald")

# Neither the kernel's messages nor its audit: both belong to the machine.
_IN_NAMESPACE = """\
set -e
mount -t tmpfs none /run
mkdir -p /run/systemd/journal /run/systemd/journald.conf.d /run/log/journal /run/dev
printf '[Journal]\\nAudit=no\\nReadKMsg=no\\nStorage=volatile\\n' \\
  >/run/systemd/journald.conf.d/only.conf
for node in null zero random urandom; do
  : >/run/dev/$node && mount --bind /dev/$node /run/dev/$node
done
ln -s /run/systemd/journal/dev-log /run/dev/log
mount --rbind /run/dev /dev
(until [ -S /run/systemd/journal/dev-log ]; do sleep 0.05; done; echo "it listens") &
exec "$1"
"""


def journald_obstacle() -> str | None:
    """Why journald cannot run on this machine, or None if it can."""
    if not _PROGRAM.exists() or shutil.which("journalctl", path=SEARCH_PATH) is None:
        return f"systemd's journald is not there ({_PROGRAM})"
    if os.geteuid() != 0:
        return "only root can make a mount namespace"
    done = subprocess.run(("unshare", "-m", "true"), check=False, capture_output=True)
    return "this machine allows no mount namespaces" if done.returncode else None


@contextlib.contextmanager
def running_journald() -> Iterator[tuple[str, ...]]:
    """Run journald; return the command that runs another one where its journal is."""
    unshare = ("unshare", "-m", "--propagation", "private", "sh", "-c", _IN_NAMESPACE, "sh")
    with running("journald", (*unshare, _PROGRAM), ready_text="it listens") as daemon:
        leader = next(pid for pid in daemon.process_ids() if os.getsid(pid) == pid)
        yield ("nsenter", "--mount", "--target", str(leader), "--")
