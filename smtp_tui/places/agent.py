"""Look up names, open sockets and read files in the place of another process.

A process of its own runs `main`, which has one thread, as `setns` demands. It enters the target's
network, but not its mount namespace: there, glibc would load the target's libraries into a process
of root. Copies of the target's resolver files lie in a private copy of this machine's folders.

What waits for the place (a resolver, a file system) runs in a child, as the target's user. The
agent imports nothing but the standard library and the modules beside it that do the same.
"""

from __future__ import annotations

import codecs
import ctypes
import errno
import os
import resource
import signal
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from smtp_tui.places import messages
from smtp_tui.places.root import RootReader, search

# <sched.h>, <sys/mount.h> and <sys/prctl.h>; Python has `os.setns` from version 3.12 on.
_NAMESPACES = {"user": 0x10000000, "uts": 0x4000000, "net": 0x40000000}
_CLONE_NEWNS = 0x20000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 2, 4, 8, 0x4000, 0x40000
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38
# <linux/capability.h>: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, to read whatever the mode is.
_CAPABILITY_VERSION, _READING = 0x20080522, 1 << 1 | 1 << 2
# nscd and systemd-resolved listen on sockets below /run, and would answer for this machine.
_HIDDEN = ("/run", "/var/run")
_libc = ctypes.CDLL(None, use_errno=True)


class StepFailed(Exception):
    """A step of entering the place failed."""

    def __init__(self, step: str, error: OSError) -> None:
        super().__init__(step)
        self.step = step
        self.error = error


def main(
    channel: int,
    opened: Mapping[str, int],
    user: tuple[int, int, Sequence[int]] | None,
    capabilities: int,
) -> None:
    """Answer requests until the channel closes.

    `opened` are descriptors of the target's root, program and namespaces; `user` is its user, group
    and groups, None if they are this process's own, and `capabilities` what its user may do.
    """
    _forbid_tracing()
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o022)  # the target's user reads the files in /etc
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are not waited for
    # Python looks a name up with this codec, and the target's user may not read its module.
    codecs.lookup("idna")
    agent = Agent(opened, user, capabilities & _READING)
    with socket.socket(fileno=channel) as requests, suppress(EOFError):
        while True:
            request, descriptors = messages.receive(requests)
            with socket.socket(fileno=descriptors[0]) as reply:
                agent.serve(request, reply)
    # Whoever still waits for a resolver or a file.
    os.killpg(0, signal.SIGKILL)


class Agent:
    """Answers each request on the socket that came with it."""

    def __init__(
        self,
        opened: Mapping[str, int],
        user: tuple[int, int, Sequence[int]] | None,
        capabilities: int,
    ) -> None:
        self._root = RootReader(opened["root"])
        self._opened = opened
        self._user = user
        self._capabilities = capabilities

    def serve(self, request: Mapping[str, Any], reply: socket.socket) -> None:
        """Answer a request; what may wait is answered by a child."""
        with suppress(OSError):  # the parent no longer waits
            match request["ask"]:
                case "start":
                    messages.send(reply, {})
                case "enter":
                    messages.send(reply, self._enter(request))
                case "socket":
                    self._make_socket(socket.AddressFamily(request["family"]), reply)
                case _:
                    self._serve_in_child(request, reply)

    def _enter(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            enter(self._opened, request["namespaces"], request["files"])
            self._become_user()
        except StepFailed as failed:
            return {"step": failed.step, "errno": failed.error.errno}
        return {}

    def _make_socket(self, family: socket.AddressFamily, reply: socket.socket) -> None:
        try:
            with socket.socket(family, socket.SOCK_STREAM) as made:
                messages.send(reply, {}, made.fileno())
        except OSError as error:
            messages.send(reply, {"errno": error.errno})

    def _connect_socket(self, path: str, reply: socket.socket) -> None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
                made.setblocking(False)
                self._root.connect(path, made)
                messages.send(reply, {}, made.fileno())
        except OSError as error:
            messages.send(reply, {"errno": error.errno})

    def _serve_in_child(self, request: Mapping[str, Any], reply: socket.socket) -> None:
        try:
            if os.fork():
                return
        except OSError as error:
            messages.send(reply, {"errno": error.errno})
            return
        try:
            self._become_user()
            if request["ask"] == "unix":
                self._connect_socket(request["path"], reply)
            else:
                messages.send(reply, self._answer(request))
        except StepFailed as failed:
            messages.send(reply, {"errno": failed.error.errno})
        finally:
            os._exit(0)

    def _become_user(self) -> None:
        if self._user:
            uid, gid, groups = self._user
            with _step("groups"):
                os.setgroups(groups)
            with _step("group"):
                os.setresgid(gid, gid, gid)
            with _step("user"):
                os.setresuid(uid, uid, uid)
                _forbid_tracing()  # a new user may turn it on again (fs.suid_dumpable)
            self._user = None
        with _step("capabilities"):
            _keep_capabilities(self._capabilities)

    def _answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            match request["ask"]:
                case "addresses":
                    return _addresses(request)
                case "name":
                    return {"name": _own_name()}
                case "read":
                    return {"files": _read(self._root, request["paths"], request["most"])}
                case "names":
                    return {"names": self._root.names(request["path"], request["most"])}
                case _:
                    return {"found": self._search(request)}
        except socket.gaierror as error:
            return {"gaierror": error.errno}
        except OSError as error:
            return {"errno": error.errno}

    def _search(self, request: Mapping[str, Any]) -> str | None:
        """Search the target's own program, or a file of its root."""
        pattern = request["pattern"].encode("latin-1")
        if request["path"]:
            with self._root.opened(request["path"]) as file:
                found = search(file, pattern)
        else:
            found = search(self._opened["exe"], pattern)
        return None if found is None else found.decode("latin-1")


def enter(opened: Mapping[str, int], kinds: Sequence[str], files: Mapping[str, str] | None) -> None:
    """Enter namespaces; `files` are what /etc holds instead, None to leave it as it is."""
    if "user" in kinds:  # first, since it gives the rights to enter the others
        _enter_namespace("user", opened)
    if files is not None:
        with _step("mnt"):
            _call("unshare", _CLONE_NEWNS)
            _mount("none", "/", None, _MS_REC | _MS_PRIVATE, None)
            for folder in _HIDDEN:
                if Path(folder).is_dir() and not Path(folder).is_symlink():
                    _hide(folder)
            _write(files, _hide("/etc"))
    for kind in kinds:
        if kind != "user":
            _enter_namespace(kind, opened)


def _enter_namespace(kind: str, opened: Mapping[str, int]) -> None:
    with _step(kind):
        _call("setns", opened[kind], _NAMESPACES[kind])


@contextmanager
def _step(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StepFailed(name, error) from None


def _forbid_tracing() -> None:
    """Let no process of the target's user look into this one, or change it."""
    _call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)


def _keep_capabilities(wanted: int) -> None:
    """Give up all capabilities but those that are wanted, and present."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    # Effective, permitted and inheritable ones, first the lower halves, then the upper.
    data = (ctypes.c_uint32 * 6)()
    _call("capget", header, data)
    kept = data[1] & wanted
    _call("capset", header, (ctypes.c_uint32 * 6)(kept, kept))


def _call(name: str, *values: object) -> None:
    if getattr(_libc, name)(*values) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None) -> None:
    words = [word.encode() if word else None for word in (source, target, kind, data)]
    _call("mount", *words[:3], ctypes.c_ulong(flags), words[3])


def _hide(folder: str) -> int:
    """Mount an empty folder over one, and return its device; OSError if it is not there then."""
    before = Path(folder).stat().st_dev
    flags = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    _mount("tmpfs", folder, "tmpfs", flags, "mode=755,size=16m")
    device = Path(folder).stat().st_dev
    if device == before:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    return device


def _write(files: Mapping[str, str], device: int) -> None:
    """Write the files of /etc, which is on `device`: never this machine's own."""
    etc = os.open("/etc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    if os.fstat(etc).st_dev != device:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    for name, text in files.items():
        # It is new, so there is nothing to overwrite.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(name, flags, 0o644, dir_fd=etc), "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
    os.close(etc)


def _addresses(request: Mapping[str, Any]) -> Mapping[str, Any]:
    name, port, family = request["name"].encode("ascii"), request["port"], request["family"]
    found = socket.getaddrinfo(name, port, family=family, type=socket.SOCK_STREAM)
    return {"found": [[family, *address] for family, _, _, _, address in found]}


def _own_name() -> str:
    try:
        return socket.getfqdn()
    except UnicodeError:  # not a name that DNS could hold
        return socket.gethostname()


def _read(root: RootReader, paths: Sequence[str], most: int) -> dict[str, str | int]:
    """Return the content of each file, as Latin-1, or the number of its error."""
    files: dict[str, str | int] = {}
    for path in paths:
        try:
            if most <= 0:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            content = root.read(path, most)
            most -= len(content)
            files[path] = content.decode("latin-1")
        except OSError as error:
            files[path] = error.errno or 0
    return files
