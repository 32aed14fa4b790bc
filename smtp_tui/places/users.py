"""Name a process's user as the passwd file that it sees does."""

from __future__ import annotations

from collections.abc import Mapping

from smtp_tui.places.errors import PlaceError
from smtp_tui.places.process import ProcessHandle

USERS_FILE = "/etc/passwd"
MOST_BYTES = 1 << 20
# Characters of a name, as useradd allows, and of a number.
_LONGEST, _LONGEST_NUMBER = 32, 10


def users_in(passwd: bytes) -> Mapping[int, str]:
    """Return the users of a passwd file by their numbers; the first name of each counts."""
    found: dict[int, str] = {}
    for line in passwd.splitlines():
        name, *rest = line.decode("utf-8", "replace").split(":")
        number = "".join(rest[1:2])
        is_number = number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER
        if is_number and name.isprintable() and 0 < len(name) <= _LONGEST:
            found.setdefault(int(number), name)
    return found


def user_inside(process: ProcessHandle, uid: int) -> int:
    """Return the number that a user of this machine has for a process; the same if unknown."""
    try:
        rows = process.read("uid_map").splitlines()
    except PlaceError:
        return uid
    for row in rows:
        inside, outside, count = map(int, row.split())
        if outside <= uid < outside + count:
            return inside + uid - outside
    return uid


def user_text(name: str, uid: int) -> str:
    """Return a user for a sentence: `www-data (33)`."""
    return f"{name} ({uid})" if name else str(uid)
