"""Look up names and open sockets in the namespaces of another process.

A process of its own, with one thread, runs `main`. It enters the target's network, but not its
mount namespace: there, glibc would load the target's libraries into a process of root. The target's
resolver files come from the parent and lie in a private copy of this machine's folders instead.

A request is one packet with one socket, which takes the answer: JSON, and a descriptor if the
request asks for one.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MOST_REQUEST = 1 << 16
# <sched.h>, <sys/mount.h> and <sys/prctl.h>; Python has `os.setns` from version 3.12 on.
_CLONE_NEWNS, _CLONE_NEWUTS, _CLONE_NEWUSER, _CLONE_NEWNET = (
    0x20000,
    0x4000000,
    0x10000000,
    0x40000000,
)
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 2, 4, 8, 0x4000, 0x40000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_libc = ctypes.CDLL(None, use_errno=True)


class StepFailed(Exception):
    """A step of entering the place failed."""

    def __init__(self, step: str, error: OSError) -> None:
        super().__init__(step)
        self.step = step
        self.error = error


def main(channel: int, folder: int) -> None:
    """Enter the place of the process whose /proc folder is `folder`, and answer requests."""
    _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o022)  # the target's user reads the files in /etc
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # lookups are not waited for
    with socket.socket(fileno=channel) as requests:
        wanted = json.loads(requests.recv(MOST_REQUEST))
        try:
            _enter(folder, wanted)
        except StepFailed as failed:
            _answer(requests, {"step": failed.step, "errno": failed.error.errno})
            return
        _answer(requests, {})
        while True:
            data, descriptors, _, _ = socket.recv_fds(requests, MOST_REQUEST, 1)
            if not data:
                return
            with socket.socket(fileno=descriptors[0]) as reply:
                _serve(json.loads(data), reply)


def _enter(folder: int, wanted: Mapping[str, Any]) -> None:
    """Enter the namespaces, hide this machine's resolver files, and take on the user."""
    opened = {}
    for kind in ("user", "uts", "net"):
        with _step(kind):
            opened[kind] = os.open(f"ns/{kind}", os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    if wanted["enters_user"]:
        # Root stays outside: inside, it would lose its right to read files.
        with _step("user"):
            _call("setns", opened["user"], _CLONE_NEWUSER)
    with _step("mnt"):
        _call("unshare", _CLONE_NEWNS)
        _mount("none", "/", None, _MS_REC | _MS_PRIVATE, None)
        # nscd and systemd-resolved listen on sockets below /run, and would answer for this machine.
        for place in ("/etc", "/run", "/var/run"):
            if Path(place).is_dir() and not Path(place).is_symlink():
                flags = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
                _mount("tmpfs", place, "tmpfs", flags, "mode=755,size=8m")
        for name, text in wanted["files"].items():
            Path("/etc", name).write_text(text, encoding="utf-8", errors="surrogateescape")
    with _step("uts"):
        _call("setns", opened["uts"], _CLONE_NEWUTS)
    with _step("net"):
        _call("setns", opened["net"], _CLONE_NEWNET)
    if wanted["uid"] is not None:
        uid, gid = wanted["uid"], wanted["gid"]
        with _step("groups"):
            os.setgroups(wanted["groups"])
        with _step("group"):
            os.setresgid(gid, gid, gid)
        with _step("user"):
            os.setresuid(uid, uid, uid)
    for descriptor in opened.values():
        os.close(descriptor)


@contextmanager
def _step(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StepFailed(name, error) from None


def _call(name: str, *values: object) -> None:
    if getattr(_libc, name)(*values) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None) -> None:
    words = [word.encode() if word else None for word in (source, target, kind, data)]
    _call("mount", *words[:3], ctypes.c_ulong(flags), words[3])


def _serve(request: Mapping[str, Any], reply: socket.socket) -> None:
    if request["ask"] == "socket":
        _serve_socket(socket.AddressFamily(request["family"]), reply)
    # A resolver may hang, and this process has one thread.
    elif os.fork() == 0:
        try:
            _answer(reply, _looked_up(request))
        finally:
            os._exit(0)


def _serve_socket(family: socket.AddressFamily, reply: socket.socket) -> None:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as made:
            _answer(reply, {}, made.fileno())
    except OSError as error:
        _answer(reply, {"errno": error.errno})


def _looked_up(request: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        if request["ask"] == "name":
            return {"name": socket.getfqdn()}
        # As bytes: for a str, Python would load a codec, which the target's user may not read.
        host, port, family = request["host"].encode("ascii"), request["port"], request["family"]
        found = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return {"gaierror": error.errno}
    except OSError as error:
        return {"errno": error.errno}
    return {"found": [[family, *address] for family, _, _, _, address in found]}


def _answer(reply: socket.socket, answer: Mapping[str, Any], *descriptors: int) -> None:
    socket.send_fds(reply, [json.dumps(answer).encode()], descriptors)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
