"""Where sign-ins are kept: an entry of the keyring, or a file that only its owner can read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from smtp_tui.oauth.entry import SignIn
from smtp_tui.records import record


@record
class KeyringPlace:
    """An entry of the keyring; its lock is a file in the state folder."""

    service: str
    account: str
    lock: Path


@record
class FilePlace:
    """A file of its own, and the lock beside it."""

    path: Path
    lock: Path


Place = KeyringPlace | FilePlace


class OpenEntry:
    """A sign-in while its lock is held; `sign_in` is None if there is none yet."""

    sign_in: SignIn | None

    async def write(self, sign_in: SignIn) -> None:
        """Store a sign-in and read it back; OAuthError."""
        raise NotImplementedError

    async def forget(self) -> None:
        """Remove the sign-in; OAuthError."""
        raise NotImplementedError


def place_of(name: str, username: str, *, base: Path, environ: Mapping[str, str]) -> Place:
    """Return where a sign-in is: its file if there is one, else the keyring."""
    raise NotImplementedError


def new_place(
    name: str, username: str, *, base: Path, environ: Mapping[str, str], keyring: bool
) -> Place:
    """Return where a new sign-in goes: the keyring, or a file in the state folder."""
    raise NotImplementedError


@asynccontextmanager
async def locked(place: Place, limit: float) -> AsyncIterator[OpenEntry]:
    """Read an entry, and keep other processes from changing it meanwhile; OAuthError."""
    del place, limit
    raise NotImplementedError
    yield OpenEntry()
