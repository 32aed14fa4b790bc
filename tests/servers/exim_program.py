"""Where Exim is, which cannot be installed: Debian lets no other mail server in beside Postfix."""

import os
import shutil
import sys
from pathlib import Path

from tests.servers.requirements import SEARCH_PATH

PROGRAM_VARIABLE = "SMTP_TUI_EXIM"
UNPACKED = Path("/opt/smtp-tui-exim/usr/sbin/exim4")

_NAMES = ("exim4", "exim")


def find_exim() -> Path | None:
    """The program that the variable names, or else the unpacked one, or else the installed one."""
    named = os.environ.get(PROGRAM_VARIABLE)
    if named:
        return _executable(named)
    places = (str(UNPACKED), *_NAMES)
    return next(filter(None, map(_executable, places)), None)


def exim_obstacle() -> str | None:
    """Why Exim cannot run on this machine, or None if it can."""
    if sys.platform != "linux":
        return "the real mail servers run on Linux only"
    if find_exim() is None:
        named = os.environ.get(PROGRAM_VARIABLE)
        where = f"{PROGRAM_VARIABLE}={named}" if named else f"{UNPACKED}, {SEARCH_PATH}"
        return f"Exim is not there ({where})"
    if os.geteuid() != 0:
        return "Exim takes a configuration of our own from root only"
    return None


def _executable(name: str) -> Path | None:
    found = shutil.which(name, path=SEARCH_PATH)
    return None if found is None else Path(found)
