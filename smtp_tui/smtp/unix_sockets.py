"""Connect to a UNIX socket, and say who may if this user may not."""

from __future__ import annotations

import asyncio
import errno
import grp
import os
import pwd
import socket
import stat
from functools import partial
from pathlib import Path

from smtp_tui.settings.parsers import socket_path
from smtp_tui.smtp.addresses import Network, NetworkLost
from smtp_tui.smtp.events import Cause
from smtp_tui.smtp.happy_eyeballs import AddressLookupError
from smtp_tui.threads import in_daemon_thread

# Seconds between attempts at a socket whose queue is full: no event tells when it has room.
_RETRY = 0.05


async def connect_socket(host: str, network: Network) -> socket.socket:
    """Return a socket connected to `unix:/path`; AddressLookupError if that fails."""
    path = socket_path(host) or ""
    while True:
        try:
            # A folder may be on a network file system, and a place may take its time.
            connected = await in_daemon_thread(partial(network.connected_socket, path))
        except BlockingIOError:
            await asyncio.sleep(_RETRY)
        except OSError as error:
            raise _failure(path, error, is_here=network.has_own_files) from None
        else:
            connected.setblocking(False)
            return connected


def _failure(path: str, error: OSError, *, is_here: bool) -> AddressLookupError:
    reason = error.strerror or str(error)
    if isinstance(error, NetworkLost):
        return AddressLookupError(Cause.PLACE_LOST, reason)
    match error.errno:
        case errno.EACCES | errno.EPERM:
            who = _who_may(Path(path)) if is_here else ""
            return AddressLookupError(Cause.SOCKET_DENIED, f"{reason}{who}")
        case errno.ECONNREFUSED:
            # The system says so of a file that is no socket, too.
            if is_here and not stat.S_ISSOCK(_mode(Path(path))):
                return AddressLookupError(Cause.SOCKET_MISSING, "the file is not a socket")
            return AddressLookupError(Cause.SOCKET_REFUSED, reason)
        case errno.EPROTOTYPE:
            return AddressLookupError(Cause.SOCKET_MISSING, "the socket is not a stream socket")
        case _:
            return AddressLookupError(Cause.SOCKET_MISSING, reason)


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _who_may(path: Path) -> str:
    """Say whose rights keep this user from the socket: those of a folder, or its own."""
    for folder in reversed(path.parents):
        if not os.access(folder, os.X_OK):
            return f"; the folder {folder} has {_rights(folder)}"
    return f"; the socket has {_rights(path)}, and a connection needs the right to write"


def _rights(path: Path) -> str:
    try:
        found = path.stat()
    except OSError as error:
        return f"rights that cannot be read ({error.strerror})"
    mode = stat.S_IMODE(found.st_mode)
    return f"mode {mode:04o}, owner {_user(found.st_uid)} and group {_group(found.st_gid)}"


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
