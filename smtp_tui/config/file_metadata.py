"""Copy a file's owner, mode, access list and extended attributes to the file that replaces it."""

from __future__ import annotations

import contextlib
import os
import stat
import sys

PRIVATE = 0o600
# The kernel's checksums of the old content would make the new content look forged.
_SUMS = frozenset({"security.ima", "security.evm"})
_ACCESS_LIST = "system.posix_acl_access"


def copy_metadata(descriptor: int, old: int, *, private: bool) -> None:
    """Copy owner, attributes and mode of the open file `old` to an open file with mode 0600."""
    # The new file is never more readable than the old one: the access list it inherited from the
    # folder is removed first, and the old file's list is set before its mode.
    new, like = os.fstat(descriptor), os.fstat(old)
    # Only root may change the owner, so fchown is called only where it is needed.
    if (new.st_uid, new.st_gid) != (like.st_uid, like.st_gid):
        os.fchown(descriptor, like.st_uid, like.st_gid)
    if sys.platform == "linux":
        wanted = _attributes(old) - _SUMS - ({_ACCESS_LIST} if private else set())
        # The folder's default access list would grant rights that the old file did not.
        if _ACCESS_LIST not in wanted and _ACCESS_LIST in _attributes(descriptor):
            os.removexattr(descriptor, _ACCESS_LIST)
        for name in wanted:
            try:
                os.setxattr(descriptor, name, os.getxattr(old, name))
            except OSError:
                # Only the system's policy sets security labels, and the new file has its own.
                if not name.startswith("security."):
                    raise
    os.fchmod(descriptor, PRIVATE if private else stat.S_IMODE(like.st_mode))


def make_private(descriptor: int) -> None:
    """Set mode 0600 on an open file, and drop its access list."""
    if sys.platform == "linux" and _ACCESS_LIST in _attributes(descriptor):
        os.removexattr(descriptor, _ACCESS_LIST)
    os.fchmod(descriptor, PRIVATE)


def _attributes(descriptor: int) -> set[str]:
    with contextlib.suppress(OSError):
        return set(os.listxattr(descriptor))
    return set()
