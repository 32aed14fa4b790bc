"""What the real servers need of the machine, and what happens to a test where it is missing."""

import os
import shutil
import sys
from pathlib import Path

import pytest

REQUIRE_VARIABLE = "SMTP_TUI_REQUIRE_SERVERS"

# Servers live where an ordinary user's PATH does not look.
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_PROGRAMS = {"postconf": "Postfix", "dovecot": "Dovecot"}


def program(name: str) -> Path:
    """Where the program is installed."""
    found = shutil.which(name, path=SEARCH_PATH)
    if found is None:
        raise FileNotFoundError(f"{name} is not in {SEARCH_PATH}")
    return Path(found)


def obstacle() -> str | None:
    """Why the servers cannot run on this machine, or None if they can."""
    if sys.platform != "linux":
        return "the real mail servers run on Linux only"
    for name, product in _PROGRAMS.items():
        if shutil.which(name, path=SEARCH_PATH) is None:
            return f"{product} is not installed ({name} not found)"
    if os.geteuid() != 0:
        return "Postfix starts as root only"
    return None


def require(reason: str | None) -> None:
    """Skip the test if there is an obstacle; fail it where the servers are declared a must."""
    if reason is None:
        return
    if os.environ.get(REQUIRE_VARIABLE) == "1":
        pytest.fail(f"{REQUIRE_VARIABLE}=1, but {reason}", pytrace=False)
    pytest.skip(reason)
