"""Where sign-ins are kept: an entry of the keyring, or a file that only its owner can read.

A provider may replace the refresh token at each use, and revoke the whole grant if the old one is
used once more. So whoever renews holds a lock from reading the entry until the new one is stored.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import stat
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import field
from functools import partial
from pathlib import Path
from urllib.parse import quote

from smtp_tui.config import atomic_write, keyring_backend
from smtp_tui.config.errors import DocumentError, NoPasswordError, PasswordError, one_line, reason
from smtp_tui.config.file_access import readable_by_others
from smtp_tui.config.file_metadata import PRIVATE
from smtp_tui.config.paths import expand, real, state_folder
from smtp_tui.oauth.entry import LARGEST, SignIn, from_json, to_json
from smtp_tui.oauth.errors import OAuthError
from smtp_tui.records import record
from smtp_tui.threads import in_daemon_thread

_SERVICE = "smtp-tui oauth"
_PAUSE = 0.05  # seconds between attempts to lock
_LEAST = 1.0  # seconds to write what was renewed, however late it is
_OPTIONS = atomic_write.WriteOptions()


@record
class KeyringPlace:
    """An entry of the keyring; its lock is a file in the state folder."""

    service: str
    account: str
    lock: Path

    def __str__(self) -> str:
        """Name the place for messages."""
        return f"the keyring's entry {one_line(self.service, 80)} of {one_line(self.account, 80)}"


@record
class FilePlace:
    """A file of its own, with the lock beside it; `is_own` if it is in the state folder."""

    path: Path
    lock: Path
    is_own: bool = False

    def __str__(self) -> str:
        """Name the place for messages."""
        return f"the file {one_line(self.path)}"


SignInPlace = KeyringPlace | FilePlace


def place_of(name: str, username: str, *, base: Path, environ: Mapping[str, str]) -> SignInPlace:
    """Return where a sign-in is: the file that the name is, its file here, or the keyring."""
    if "/" not in name:
        own = new_place(name, username, environ=environ, keyring=False)
        if isinstance(own, FilePlace) and os.path.lexists(own.path):
            return own
        return new_place(name, username, environ=environ, keyring=True)
    path = real(expand(name, base, environ))
    return FilePlace(path, _lock_of(path))


def new_place(
    name: str, username: str, *, environ: Mapping[str, str], keyring: bool
) -> SignInPlace:
    """Return where a new sign-in of this name goes: the keyring, or a file in the state folder."""
    stem = f"{quote(name, safe=' ')},{quote(username, safe='@ ')}"
    path = state_folder(environ) / "oauth" / f"{stem}.json"
    if keyring:
        return KeyringPlace(f"{_SERVICE} {name}", username, _lock_of(path))
    return FilePlace(path, _lock_of(path), is_own=True)


def _lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


@record
class _Stored:
    """What a place holds: the sign-in, and its text as it was read."""

    sign_in: SignIn | None = None
    text: str | None = field(default=None, repr=False)


class OpenEntry:
    """A sign-in while its lock is held; `sign_in` is None if there is none yet."""

    def __init__(self, place: SignInPlace, stored: _Stored, deadline: float) -> None:
        self.place = place
        self._stored, self._deadline = stored, deadline

    @property
    def sign_in(self) -> SignIn | None:
        """What is stored there."""
        return self._stored.sign_in

    async def refuse_unwritable(self) -> None:
        """Raise OAuthError if the place could not hold a new refresh token; nothing changes."""
        await self._store(self._stored.text, is_trial=True)

    async def write(self, sign_in: SignIn) -> None:
        """Store a sign-in and read it back; OAuthError."""
        text = to_json(sign_in)
        await self._store(text)
        stored = await _read(self.place, self._left)
        is_there = stored.text == text
        del text
        if not is_there:
            raise read_only(self.place, "another sign-in is read back from there")
        self._stored = stored

    async def forget(self) -> None:
        """Remove the sign-in; OAuthError."""
        try:
            if isinstance(self.place, KeyringPlace):
                await keyring_backend.forget_entry(self.place.service, self.place.account)
            else:
                self.place.path.unlink()
        except (PasswordError, OSError) as error:
            why = reason(error) if isinstance(error, OSError) else str(error)
            raise OAuthError(
                f"{self.place} was not removed: {why}", "oauth-store-read-only"
            ) from None
        self._stored = _Stored()

    @property
    def _left(self) -> float:
        return max(_LEAST, self._deadline - time.monotonic())

    async def _store(self, text: str | None, *, is_trial: bool = False) -> None:
        place = self.place
        if isinstance(place, KeyringPlace):
            # A trial stores again what is there.
            assert text is not None
            problem = await keyring_backend.store_entry(place.service, place.account, text)
            why = str(problem or "")
        else:
            old = self._stored.text
            call = partial(_write_file, place.path, text, old, is_trial=is_trial)
            why = await in_daemon_thread(call, self._left)
        del text
        if why:
            raise read_only(place, why)


async def read(place: SignInPlace, limit: float) -> SignIn | None:
    """Return a stored sign-in, or None; OAuthError or PasswordError if it cannot be used."""
    return (await _read(place, limit)).sign_in


@asynccontextmanager
async def locked(place: SignInPlace, limit: float) -> AsyncIterator[OpenEntry]:
    """Keep other processes from changing an entry, and read it; OAuthError or PasswordError."""
    deadline = time.monotonic() + limit
    try:
        lock = await in_daemon_thread(partial(_open_lock, place), limit)
    except TimeoutError:
        raise _late(place, limit) from None
    except OSError as error:
        raise read_only(place, f"its lock {one_line(place.lock)}: {reason(error)}") from None
    try:
        await _wait_for(lock, place, deadline, limit)
        stored = await _read(place, max(_LEAST, deadline - time.monotonic()))
        yield OpenEntry(place, stored, deadline)
    finally:
        os.close(lock)  # releases it


def _open_lock(place: SignInPlace) -> int:
    if isinstance(place, KeyringPlace) or place.is_own:
        with suppress(FileExistsError):
            place.lock.parent.mkdir(mode=0o700, parents=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    lock = os.open(place.lock, flags, PRIVATE)
    # What root made here must not keep a service from its own sign-in.
    if isinstance(place, FilePlace) and os.geteuid() == 0:
        with suppress(OSError):
            owner = place.path.stat()
            os.fchown(lock, owner.st_uid, owner.st_gid)
    return lock


async def _wait_for(lock: int, place: SignInPlace, deadline: float, limit: float) -> None:
    # Not a blocking flock() in a thread: it would go on to take the lock after the time is up.
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise _late(place, limit) from None
            await asyncio.sleep(_PAUSE)
        except OSError as error:  # a file system without locks
            raise read_only(place, reason(error)) from None
        else:
            return


def _late(place: SignInPlace, limit: float) -> OAuthError:
    text = f"another smtp-tui has locked {place}, and did not finish within {limit:g} s"
    return OAuthError(text, "password-source-failed")


def read_only(place: SignInPlace, why: str) -> OAuthError:
    """Return the error for a place that cannot hold a new refresh token."""
    return OAuthError(f"{place} cannot be written: {why}", "oauth-store-read-only")


async def _read(place: SignInPlace, limit: float) -> _Stored:
    if isinstance(place, KeyringPlace):
        try:
            text = await keyring_backend.fetch_entry(place.service, place.account, limit)
        except NoPasswordError:
            return _Stored()
        except PasswordError as error:
            # Its advice is about passwords.
            why = str(error).partition("; keep the password")[0]
            raise OAuthError(
                f"{one_line(place.lock.with_suffix(''))} does not exist, and {why}",
                "oauth-not-signed-in",
            ) from None
    else:
        try:
            text = await in_daemon_thread(partial(_read_file, place.path), limit)
        except FileNotFoundError:
            return _Stored()
        except TimeoutError:
            raise _unusable(place, f"it was not read within {limit:g} s") from None
        except OSError as error:
            raise _unusable(place, reason(error)) from None
        except ValueError as error:
            raise _unusable(place, str(error)) from None
    try:
        return _Stored(from_json(text), text)
    except ValueError as error:
        why = str(error)
    del text
    raise _unusable(place, why)


def _unusable(place: SignInPlace, why: str) -> OAuthError:
    text = f"{place} holds no sign-in that smtp-tui can use: {why}"
    return OAuthError(text, "password-source-failed")


def _read_file(path: Path) -> str:
    """Return an entry's file; ValueError if it is none, or every user can read it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is not a regular file")
        content = os.read(descriptor, LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(content) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST >> 10} KiB")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    if readable_by_others(path):
        # Who is told to close some other file, such as /etc/passwd, breaks the machine.
        from_json(text)
        raise ValueError("every user of this machine can read it; set its mode to 0600")
    return text


def _write_file(path: Path, text: str | None, old: str | None, *, is_trial: bool) -> str:
    """Replace an entry's file, or with `is_trial` only try to; return why that fails, or ""."""
    # The owner, the mode and the access list stay: the file may be a service's.
    before = None if old is None else old.encode()
    try:
        if is_trial:
            assert before is not None
            atomic_write.refuse_unwritable(path, old=before, options=_OPTIONS)
        else:
            assert text is not None
            atomic_write.write(path, text.encode(), old=before, options=_OPTIONS)
            atomic_write.sync_folder(path)
    except DocumentError as error:
        return str(error)
    except OSError as error:
        return reason(error)
    return ""
