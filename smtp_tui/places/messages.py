"""Exchange JSON and descriptors with the agent, over a socket that keeps packets apart.

The agent imports this module: it needs nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

# A packet is limited by the socket's buffer, so the JSON lies in a file of memory beside it.
MOST_MESSAGE = 64 << 20
_MOST_DESCRIPTORS = 2


def send(channel: socket.socket, message: Any, *descriptors: int) -> None:
    """Send a message and copies of descriptors; OSError if the other side has gone."""
    with os.fdopen(os.memfd_create("smtp-tui"), "wb") as file:
        file.write(json.dumps(message).encode("ascii"))
        file.flush()
        socket.send_fds(channel, [b"."], [file.fileno(), *descriptors])


def receive(channel: socket.socket) -> tuple[Any, Sequence[int]]:
    """Return a message and its descriptors; EOFError if the other side has gone."""
    data, descriptors, _, _ = socket.recv_fds(
        channel, 1, _MOST_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
    )
    if not data or not descriptors:
        raise EOFError
    content, *others = descriptors
    try:
        # The sender's offset is shared.
        os.lseek(content, 0, os.SEEK_SET)
        with os.fdopen(content, "rb") as file:
            return json.loads(file.read(MOST_MESSAGE)), others
    except BaseException:
        close(others)
        raise


def close(descriptors: Sequence[int]) -> None:
    """Close descriptors that nobody wants."""
    for descriptor in descriptors:
        with suppress(OSError):
            os.close(descriptor)
