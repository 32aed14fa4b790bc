"""Give a new file the owner, group, mode and extended attributes of the one it replaces."""

from __future__ import annotations

import os
import stat
import sys

# The kernel's own sums over the old content would make the new one look forged.
_SUMS = frozenset({"security.ima", "security.evm"})
_ACCESS_LIST = "system.posix_acl_access"
PRIVATE = 0o600


def take_after(descriptor: int, old: int, *, private: bool) -> None:
    """Make an open file, which only its owner can read so far, like another one.

    At no moment is it more readable than that: what the folder bequeathed to it goes first, the
    access list comes before the mode that opens it. `private` leaves it to its owner alone.
    """
    made, like = os.fstat(descriptor), os.fstat(old)
    if (made.st_uid, made.st_gid) != (like.st_uid, like.st_gid):
        os.fchown(descriptor, like.st_uid, like.st_gid)
    if sys.platform == "linux":
        _take_attributes(descriptor, old, private=private)
    os.fchmod(descriptor, PRIVATE if private else stat.S_IMODE(like.st_mode))


def make_private(descriptor: int) -> None:
    """Leave an open file to its owner alone."""
    if sys.platform == "linux" and _ACCESS_LIST in _attributes(descriptor):
        os.removexattr(descriptor, _ACCESS_LIST)
    os.fchmod(descriptor, PRIVATE)


def _take_attributes(descriptor: int, old: int, *, private: bool) -> None:
    wanted = _attributes(old) - _SUMS - ({_ACCESS_LIST} if private else set())
    # A folder's default access list would grant its users what the old file did not.
    if _ACCESS_LIST not in wanted and _ACCESS_LIST in _attributes(descriptor):
        os.removexattr(descriptor, _ACCESS_LIST)
    for name in wanted:
        try:
            os.setxattr(descriptor, name, os.getxattr(old, name))
        except OSError:
            # Labels that only the system's policy may give, it has given to the new file already.
            if not name.startswith("security."):
                raise


def _attributes(descriptor: int) -> set[str]:
    try:
        return set(os.listxattr(descriptor))
    except OSError:
        return set()
