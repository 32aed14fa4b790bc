"""Fetch, store and remove passwords in the places that the settings name.

Passwords written in the settings file itself are stored by `document`. No message, traceback or log
holds the secret: frames that hold it never raise, and no library's exception is passed on.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import stat
import subprocess
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import assert_never

from smtp_tui.config import atomic_write, keyring_backend
from smtp_tui.config.errors import DocumentError, PasswordError, one_line, reason, shown_command
from smtp_tui.config.file_access import distrust
from smtp_tui.config.paths import expand, is_folder, real
from smtp_tui.records import record
from smtp_tui.settings.password_sources import (
    AskSource,
    CommandSource,
    EnvironmentSource,
    FileSource,
    KeyringSource,
    LiteralSource,
    OAuthSource,
    PasswordSource,
)
from smtp_tui.threads import in_daemon_thread

PATIENCE = 30.0  # seconds, like a check's default timeout; a keyring has its own, shorter timeout
LARGEST_FILE = 64 * 1024  # bytes of a file or of a command's output; no password is longer
_LARGEST_COMPLAINT = 4096
# A background process may hold the pipes open after the command itself has ended.
_GRACE, _REAPING = 0.5, 1.0  # seconds
_SIGNS_IN = "check and send get an access token for it themselves"
_FORBIDDEN = {"\r": "a carriage return", "\n": "more than one line", "\0": "a NUL byte"}


async def fetch_password(
    source: PasswordSource, *, account: str, base: Path, environ: Mapping[str, str], limit: float
) -> str:
    """Return the password of `source` without its final line end.

    `account` is the username, `base` the settings file's folder, `limit` the timeout in seconds.
    PasswordError's cause is `password-missing` for an empty password and for `AskSource`, else
    `password-source-failed`.
    """
    raw: str | bytes
    match source:
        case LiteralSource():
            place, raw = "the password in the settings", source.value
        case EnvironmentSource(name):
            place = f"the environment variable {one_line(name, 80)}"
            if name not in environ:
                raise PasswordError(
                    f"{place} is not set; export it before you start smtp-tui, or keep the "
                    "password elsewhere"
                )
            raw = environ[name]
        case FileSource(path):
            file = expand(path, base, environ)
            place, raw = f"the password file {one_line(file)}", await _read_file(file, limit)
        case CommandSource(argv):
            place = f"the first line printed by the command {shown_command(argv)}"
            raw = await _run_command(argv, base, environ, limit)
        case KeyringSource(service):
            place = f"the keyring's entry {one_line(service, 80)}"
            raw = await keyring_backend.fetch_entry(service, account, limit)
        case OAuthSource():
            raise PasswordError(f"the settings name a sign-in, not a password; {_SIGNS_IN}")
        case AskSource():
            raise PasswordError(
                "the settings say to ask for the password; use --ask-password, or type it "
                "in the form",
                "password-missing",
            )
        case _:
            assert_never(source)
    # Bytes that are not UTF-8 become surrogates, which _problem_with reports.
    secret = raw if isinstance(raw, str) else raw.decode("utf-8", "surrogateescape")
    secret = secret.removesuffix("\n").removesuffix("\r") if secret.endswith("\n") else secret
    problem = _problem_with(secret, place)
    if problem is None:
        return secret
    del raw, secret
    raise problem


async def store_password(service: str, account: str, secret: str) -> None:
    """Store a password in the keyring and read it back; PasswordError if that fails."""
    problem = _problem_with(secret, "the password to store")
    if problem is None:
        problem = await keyring_backend.store_entry(service, account, secret)
    if problem is not None:
        del secret
        raise problem


def _problem_with(secret: str, place: str) -> PasswordError | None:
    if not secret:
        return PasswordError(f"{place} is empty; put the password there", "password-missing")
    for character, name in _FORBIDDEN.items():
        if character in secret:
            return PasswordError(f"{place} contains {name}; it must be only the password")
    if any("\ud800" <= letter <= "\udfff" for letter in secret):
        return PasswordError(f"{place} is not UTF-8; store the password as UTF-8")
    return None


async def _read_file(path: Path, limit: float) -> bytes:
    try:
        # A pipe or a file on a network may never answer.
        content = await in_daemon_thread(partial(_first_bytes, path), limit)
    except TimeoutError:
        why = f"could not be read within {limit:g} s; is it a pipe?"
    except FileNotFoundError:
        unset = "$" in str(path) and "CREDENTIALS_DIRECTORY" in str(path)
        hint = "CREDENTIALS_DIRECTORY is set only in the service" if unset else "check the name"
        why = f"does not exist; {hint}"
    except PermissionError:
        why = "is not readable by this user; let only the user who runs the test read it"
    except OSError as error:
        why = f"cannot be read: {reason(error)}; check the name"
    else:
        if len(content) <= LARGEST_FILE:
            return content.removeprefix(b"\xef\xbb\xbf")  # a byte order mark
        del content
        why = f"is larger than {LARGEST_FILE >> 10} KiB; it must contain only the password"
    raise PasswordError(f"the password file {one_line(path)} {why}")


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST_FILE + 1)


class _Output(asyncio.SubprocessProtocol):
    """Collect a process's output up to a limit, and set events when it ends."""

    def __init__(self) -> None:
        self.printed, self.complaint = bytearray(), bytearray()
        self.too_much = False
        self.ended, self.exited, self.closed = (asyncio.Event() for _ in range(3))

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self.complaint += data[: _LARGEST_COMPLAINT - len(self.complaint)]
        elif len(self.printed) + len(data) > LARGEST_FILE:
            self.too_much = True
            self.ended.set()
        else:
            self.printed += data

    def pipe_connection_lost(self, fd: int, _exc: Exception | None) -> None:
        if fd == 1:
            self.closed.set()

    def process_exited(self) -> None:
        self.exited.set()
        self.ended.set()


async def _run_command(
    argv: Sequence[str], base: Path, environ: Mapping[str, str], limit: float
) -> bytes:
    """Return the first line a program prints, run in the folder `base` for `limit` seconds.

    PasswordError if it cannot be run, fails, times out or prints too much. After a timeout or too
    much output its whole session is killed.
    """
    transport, output = await _start(argv, base, environ)
    shown = shown_command(argv)
    finished = False
    try:
        async with asyncio.timeout(limit):
            await output.ended.wait()
        # The process may have ended before all of its output has been read.
        if output.exited.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE):
                    await output.closed.wait()
            finished = True
    except TimeoutError:
        raise PasswordError(
            f"the command {shown} was killed: it did not end within {limit:g} s; "
            "run it by hand and see what it waits for"
        ) from None
    finally:
        if not finished:
            await _kill(transport, output)
        transport.close()
    if output.too_much:
        raise PasswordError(
            f"the command {shown} was killed: it printed more than {LARGEST_FILE >> 10} KiB; "
            "make it print only the password"
        )
    if status := transport.get_returncode():
        how = f"exit status {status}" if status > 0 else f"signal {-status}"
        complaint = _complaint(output)
        detail = f", saying: {complaint}" if complaint else " without an error message"
        raise PasswordError(f"the command {shown} failed with {how}{detail}; run it by hand")
    return bytes(output.printed).partition(b"\n")[0].removesuffix(b"\r")


async def _start(
    argv: Sequence[str], base: Path, environ: Mapping[str, str]
) -> tuple[asyncio.SubprocessTransport, _Output]:
    try:
        return await asyncio.get_running_loop().subprocess_exec(
            _Output,
            *argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A new session can be killed as a whole and cannot write to the form's terminal.
            start_new_session=True,
            cwd=base if is_folder(base) else None,
            env=dict(environ),
        )
    except OSError as error:
        raise PasswordError(
            f"the command {one_line(argv[0], 80)} cannot be run: {reason(error)}; write its full "
            "path and each argument as a string of its own, because no shell reads them"
        ) from None


async def _kill(transport: asyncio.SubprocessTransport, output: _Output) -> None:
    """Kill a program and the processes that it started, and wait until it has ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(transport.get_pid(), signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_REAPING):
            await output.exited.wait()


def _complaint(output: _Output) -> str:
    """Return stderr as one line, with lines of stdout masked, as they may be the secret."""
    text = output.complaint.decode("utf-8", "replace")
    for line in map(str.strip, output.printed.decode("utf-8", "replace").splitlines()):
        if line and line in text:
            # Masking a short secret inside words would reveal it, so all of stderr is masked.
            text = text.replace(line, "********") if len(line) > 3 else "********"
    return one_line(" ".join(text.split()), 200)


@record
class PasswordStore:
    """A password source with the account and the folder that it is resolved for."""

    source: PasswordSource
    account: str
    base: Path
    environ: Mapping[str, str]
    origin: Path | None = None  # the settings file that names the source; None if the user did
    host: str = ""  # the server that would get the password

    def __str__(self) -> str:
        """Describe the place for messages, without secrets."""
        match self.source:
            case LiteralSource():
                return "the settings file"
            case KeyringSource(service):
                return f"the keyring's entry {one_line(service, 80)} of {one_line(self.account)}"
            case EnvironmentSource(name):
                return f"the environment variable {one_line(name, 80)}"
            case FileSource():
                return f"the file {one_line(self.path)}"
            case CommandSource(argv):
                return f"what the command {shown_command(argv)} prints"
            case OAuthSource(name):
                return f"the sign-in {one_line(name, 80)} of {one_line(self.account)}"
            case AskSource():
                return "nowhere: smtp-tui asks for it at each test"

    @property
    def path(self) -> Path:
        """The absolute path of the password file."""
        assert isinstance(self.source, FileSource)
        return expand(self.source.path, self.base, self.environ)

    @property
    def refusal(self) -> str | None:
        """Why smtp-tui cannot store a password there, and how to do so; None if it can."""
        match self.source:
            case EnvironmentSource(name):
                return (
                    "smtp-tui cannot change the environment: put the password into "
                    f"{one_line(name, 80)} where the application starts, for example with "
                    "EnvironmentFile= in its systemd unit"
                )
            case CommandSource(["pass" | "/usr/bin/pass", "show", name, *_]):
                return f"the password store holds it: run pass insert {one_line(name, 80)}"
            case CommandSource(argv):
                shown = shown_command(argv)
                return f"a command prints it: store it where {shown} reads it"
            case FileSource(path) if "CREDENTIALS_DIRECTORY" in path:
                return (
                    "systemd fills that folder: put the password into the file that LoadCredential="
                    " names, or encrypt it with systemd-creds for LoadCredentialEncrypted="
                )
            case OAuthSource():
                return "the settings name a sign-in: smtp-tui login makes it, and logout ends it"
            case AskSource():
                asks = "the settings say to ask for the password at each test"
                return f"{asks}, so it is stored nowhere"
            case _:
                return None

    def refuse_distrusted(self) -> None:
        """Raise PasswordError if others can write the settings file that names the source."""
        if self.origin is not None and (
            why := distrust(self.source, self.origin, host=self.host, environ=self.environ)
        ):
            raise PasswordError(str(why))

    async def fetch(self, limit: float = PATIENCE) -> str:
        """Return the password; PasswordError if it cannot be fetched."""
        self.refuse_distrusted()
        return await fetch_password(
            self.source, account=self.account, base=self.base, environ=self.environ, limit=limit
        )

    async def store(self, secret: str, limit: float = PATIENCE) -> PasswordError | None:
        """Store a password in a keyring or a file and read it back; return the error, if any."""
        try:
            self.refuse_distrusted()
            if isinstance(self.source, KeyringSource):
                await store_password(self.source.service, self.account, secret)
                return None
            old = _content(self.path)
            # The file's mode is kept, unless it gives access to everybody.
            private = old is not None and bool(self.path.stat().st_mode & stat.S_IRWXO)
            options = atomic_write.WriteOptions(private=private)
            atomic_write.write(self.path, f"{secret}\n".encode(), old=old, options=options)
            atomic_write.sync_folder(self.path)
            # Report success only after reading the password back.
            if await self.fetch(limit) == secret:
                return None
        except PasswordError as error:
            # The error's own traceback leads to frames that hold the secret.
            return PasswordError(str(error), error.cause)
        except DocumentError as error:
            return PasswordError(f"the password was not stored: {error}")
        return PasswordError(f"{self} accepted the password but does not return it")

    async def forget(self) -> None:
        """Remove the password from a keyring, or delete the password file; PasswordError."""
        self.refuse_distrusted()
        if isinstance(self.source, KeyringSource):
            await keyring_backend.forget_entry(self.source.service, self.account)
            return
        path = real(self.path)
        if _content(path) is None:
            raise PasswordError(f"{self} was not removed: it does not exist")
        try:
            path.unlink()
        except OSError as error:
            raise PasswordError(f"{self} was not removed: {reason(error)}") from None


def backup_with(file: Path, passwords: Collection[str]) -> Path | None:
    """Return the path of a settings file's backup if it holds one of the passwords."""
    backup = file.with_name(f"{file.name}~")
    with contextlib.suppress(OSError):
        # Reading a pipe might never end.
        text = backup.read_text("utf-8", "replace") if backup.is_file() else ""
        return backup if any(password in text for password in passwords) else None
    return None


def _content(path: Path) -> bytes | None:
    """Return a password file's content, or None; PasswordError if it holds more than a password."""
    shown = one_line(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            text = f"{shown} is not a regular file, so smtp-tui keeps no password there"
            raise PasswordError(text)
        content = _first_bytes(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PasswordError(f"{shown} cannot be read: {reason(error)}; run as its owner") from None
    if len(content) > LARGEST_FILE or b"\n" in content.removesuffix(b"\n"):
        raise PasswordError(f"{shown} contains more than a password; name another file")
    return content
