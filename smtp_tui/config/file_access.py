"""Find out who besides root and this user can read or change a file, and whether to trust it.

The owner, mode and POSIX ACL of the file and of every folder above it count, including the folders
that symbolic links lead through. NFSv4 access lists are not read.

Whoever can change the settings file chooses the command that runs and the server that gets the
password. So if anyone besides root and this user can change it, smtp-tui runs no command, reads no
password file that only these two can read, and sends no keyring entry to a host that the entry does
not name: an entry without a host may hold any password. Environment variables are allowed, as
whoever started this program set them.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from smtp_tui.config.errors import one_line, reason, shown_command
from smtp_tui.config.paths import absolute, expand, real
from smtp_tui.records import record
from smtp_tui.settings.password_sources import (
    CommandSource,
    FileSource,
    KeyringSource,
    OAuthSource,
    PasswordSource,
    is_named_for,
)

_READ, _WRITE, _SEARCH = 4, 2, 1
_VERBS = {_READ: "read", _WRITE: "write", _SEARCH: "enter"}
_MOST_LINKS = 40  # Linux's limit for one path

# The layout of system.posix_acl_access, see linux/posix_acl_xattr.h.
_ACL = "system.posix_acl_access"
_ACL_HEADER, _ACL_ENTRY = 4, struct.Struct("<HHI")
_ACL_USER, _ACL_GROUP_OBJ, _ACL_GROUP, _ACL_MASK = 0x02, 0x04, 0x08, 0x10


def other_writer(path: Path) -> str | None:
    """Return who else can change or replace a file ("the user bob can write /srv/app"), or None."""
    # A file that no longer exists counts as one that somebody else can change.
    try:
        return next(_writers(path), None)
    except OSError as error:
        return f"smtp-tui cannot find out who can write {one_line(path)}: {reason(error)}"


def is_private(path: Path) -> bool:
    """Return whether only root and this user can read a file; True if it does not exist."""
    target = real(path)
    with contextlib.suppress(OSError):
        if any(_allowed(target, _READ)):
            return not all(any(_allowed(folder, _SEARCH)) for folder in target.parents)
    return True


def _writers(path: Path) -> Iterator[str]:
    """Walk a path as the kernel does, and yield who can change its target."""
    current, links = Path("/"), 0
    pending = list(reversed(absolute(path).parts[1:]))
    while pending:
        name = pending.pop()
        # `..` is the parent of the folder that a link led to, not of the link.
        if name == "..":
            current = current.parent
            continue
        entry = current / name
        found = entry.lstat()
        # A folder's owner, and whoever can write it, can remove or replace the entry.
        yield from _other_owner(current)
        # Even in a sticky folder others can create a hard link to one of our files.
        is_linked = not stat.S_ISDIR(found.st_mode) and found.st_nlink > 1
        if not current.stat().st_mode & stat.S_ISVTX or is_linked:
            yield from _granted(current, _WRITE)
        elif found.st_uid not in _trusted() and any(_granted(current, _WRITE)):
            yield f"{_user(found.st_uid)} owns {one_line(entry)}"
        if not stat.S_ISLNK(found.st_mode):
            current = entry
            continue
        links += 1
        target = entry.readlink()
        if links > _MOST_LINKS:
            yield f"{one_line(entry)} is part of a loop of symbolic links"
            return
        if not os.path.lexists(current / target):
            # An inherited descriptor, as from `<(command)`: its link is not a path.
            current = entry
            continue
        current = Path("/") if target.is_absolute() else current
        pending.extend(reversed([part for part in target.parts if part != "/"]))
    yield from _allowed(current, _WRITE)


def _allowed(path: Path, right: int) -> Iterator[str]:
    yield from _other_owner(path)
    yield from _granted(path, right)


def _other_owner(path: Path) -> Iterator[str]:
    owner = path.stat().st_uid
    if owner not in _trusted():
        yield f"{_user(owner)} owns {one_line(path)}"


def _granted(path: Path, right: int) -> Iterator[str]:
    """Yield who besides us gets a right from the mode or the access list of a file or folder."""
    found = path.stat()
    can = f"can {_VERBS[right]} {one_line(path)}"
    if found.st_mode & right:
        yield f"every user {can}"
    # With an access list the group bits are its mask, which no entry can exceed.
    if not found.st_mode & right << 3:
        return
    try:
        raw = os.getxattr(path, _ACL)
    except (OSError, AttributeError):  # no access list, or a system without such attributes
        raw = b""
    entries = list(_ACL_ENTRY.iter_unpack(raw[_ACL_HEADER:]))
    mask = next((rights for tag, rights, _ in entries if tag == _ACL_MASK), 7)
    group = next((rights for tag, rights, _ in entries if tag == _ACL_GROUP_OBJ), 7)
    if group & mask & right and not _is_own_group(found.st_gid):
        yield f"{_group(found.st_gid)} {can}"
    for tag, rights, number in entries:
        if not rights & mask & right:
            continue
        if tag == _ACL_USER and number not in _trusted():
            yield f"{_user(number)} {can}"
        if tag == _ACL_GROUP and not _is_own_group(number):
            yield f"{_group(number)} {can}"


def _trusted() -> frozenset[int]:
    return frozenset((0, os.geteuid()))


def _is_own_group(number: int) -> bool:
    """Return whether a group has no members but root and this user, like a user's own group."""
    try:
        group = grp.getgrgid(number)
    except KeyError:
        return False
    users = pwd.getpwall()
    names = {user.pw_name for user in users if user.pw_uid in _trusted()}
    first = {user.pw_uid for user in users if user.pw_gid == number}
    return names.issuperset(group.gr_mem) and first <= _trusted()


def _user(number: int) -> str:
    with contextlib.suppress(KeyError):
        return f"the user {one_line(pwd.getpwuid(number).pw_name, 40)}"
    return f"the user {number}"


def _group(number: int) -> str:
    with contextlib.suppress(KeyError):
        return f"the group {one_line(grp.getgrgid(number).gr_name, 40)}"
    return f"the group {number}"


@record
class DistrustReason:
    """The reason why smtp-tui does not use a password source, in two clauses."""

    act: str  # what using the source would do: "run the command pass show mail"
    writer: str  # who else can change the file: "the user bob can write /srv/app"

    def __str__(self) -> str:
        """Return the reason as the message of a failed check."""
        return (
            f"smtp-tui did not {self.act}, as the settings file says: {self.writer}. Let only "
            "you and root write the file and the folders above it, or use --ask-password or "
            "--password-stdin"
        )


def distrust(
    source: PasswordSource | None, file: Path, *, host: str, environ: Mapping[str, str] = os.environ
) -> DistrustReason | None:
    """Return why a settings file's password source must not be used, or None if it may be."""
    match source:
        case CommandSource(argv):
            act = f"run the command {shown_command(argv)}"
        case FileSource(path) if is_private(found := expand(path, absolute(file).parent, environ)):
            act = f"use the password file {one_line(found)}"
        case OAuthSource(name) if source.is_path and is_private(
            found := expand(name, absolute(file).parent, environ)
        ):
            act = f"use the sign-in in {one_line(found)}"
        case KeyringSource(service) if not is_named_for(service, host):
            act = f"send the keyring entry {one_line(service, 80)} to {one_line(host, 80)}"
        case _:
            return None
    writer = other_writer(file)
    return DistrustReason(act, writer) if writer else None


def readable_by_others(path: Path) -> bool:
    """Return whether users who are neither owner nor in the group can read the file."""
    target = real(path)
    with contextlib.suppress(OSError):
        # A folder without search permission keeps others out, whatever the file's mode.
        is_open = all(folder.stat().st_mode & stat.S_IXOTH for folder in target.parents)
        return is_open and bool(target.stat().st_mode & stat.S_IROTH)
    return False


def has_private_mode(path: Path) -> bool:
    """Return whether the mode gives access to the owner only; True if the file does not exist."""
    with contextlib.suppress(OSError):
        return not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    return True
