"""Keep a password in the place that a source names, forget it there, and say where that is.

What stands in the settings themselves is `document`'s business. As in `passwords`, no frame that
holds a secret raises.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from smtp_tui.config import passwords
from smtp_tui.config.errors import DocumentError, PasswordError
from smtp_tui.config.paths import expand, real
from smtp_tui.config.wording import one_line, reason, shown_command
from smtp_tui.records import record
from smtp_tui.settings.sources import (
    Ask,
    Command,
    Environment,
    File,
    Keyring,
    Literal,
    PasswordSource,
)

_CREDENTIALS = "CREDENTIALS_DIRECTORY"


@record
class Place:
    """A source seen from one file's folder, for one user name.

    `origin` is the settings file that names it, `host` the server that would get the password;
    None where the user named it.
    """

    source: PasswordSource
    account: str
    base: Path
    environ: Mapping[str, str]
    origin: Path | None = None
    host: str = ""

    def __str__(self) -> str:
        """Name it for people; no secret is in it."""
        match self.source:
            case Literal():
                return "the settings file"
            case Keyring(service):
                return f"the keyring's entry {one_line(service, 80)} of {one_line(self.account)}"
            case Environment(name):
                return f"the environment variable {one_line(name, 80)}"
            case File():
                return f"the file {one_line(self.path)}"
            case Command(argv):
                return f"what the command {shown_command(argv)} prints"
            case Ask():
                return "nowhere: smtp-tui asks for it at each test"

    @property
    def path(self) -> Path:
        """Where a password file is."""
        assert isinstance(self.source, File)
        return expand(self.source.path, self.base, self.environ)

    @property
    def refusal(self) -> str | None:
        """Say why this program cannot keep a password there, and who can; None if it can."""
        match self.source:
            case Environment(name):
                shown = one_line(name, 80)
                return (
                    f"smtp-tui cannot change the environment: put the password into {shown} "
                    "where the application starts, for example with EnvironmentFile= in its "
                    "systemd unit"
                )
            case Command(["pass" | "/usr/bin/pass", "show", name, *_]):
                return f"the password store holds it: run pass insert {one_line(name, 80)}"
            case Command(argv):
                shown = shown_command(argv)
                return f"a command prints it: store it where {shown} reads it"
            case File(path) if _CREDENTIALS in path:
                return (
                    "systemd fills that folder: put the password into the file that LoadCredential="
                    " names, or encrypt it with systemd-creds for LoadCredentialEncrypted="
                )
            case Ask():
                return "the settings say to ask for it at each test, so it is stored nowhere"
            case _:
                return None

    def refuse_distrusted(self) -> None:
        """PasswordError where others can write the file that names the place."""
        if self.origin is None:
            return
        from smtp_tui.config.source_trust import distrust  # few places need it

        distrusted = distrust(self.source, self.origin, host=self.host, environ=self.environ)
        if distrusted is not None:
            raise PasswordError(str(distrusted))

    async def fetched(self, limit: float) -> str:
        """Return the password that is there; PasswordError where there is none."""
        self.refuse_distrusted()
        return await passwords.fetch(
            self.source, account=self.account, base=self.base, environ=self.environ, limit=limit
        )


async def keep(place: Place, secret: str, limit: float) -> PasswordError | None:
    """Put a password into a keyring or a file and fetch it back; return what went wrong."""
    try:
        place.refuse_distrusted()
        if isinstance(place.source, Keyring):
            await passwords.store(place.source.service, place.account, secret)
            return None
        _fill(place.path, secret)
        if await place.fetched(limit) == secret:
            return None
    except PasswordError as error:
        return PasswordError(str(error), error.cause)  # its traceback leads to frames with secrets
    except DocumentError as error:
        return PasswordError(f"the password was not stored: {error}")
    return PasswordError(f"{place} accepted the password but does not return it")


async def forget(place: Place) -> None:
    """Take the password out of a keyring, or the file away that holds it; PasswordError."""
    place.refuse_distrusted()
    if isinstance(place.source, Keyring):
        await passwords.forget(place.source.service, place.account)
        return
    _remove(place)


def _remove(place: Place) -> None:
    path = real(place.path)
    if _content(path) is None:
        raise PasswordError(f"{place} was not removed: it does not exist")
    try:
        path.unlink()
    except OSError as error:
        raise PasswordError(f"{place} was not removed: {reason(error)}") from None


def _fill(path: Path, secret: str) -> None:
    """Write a password file for its owner, and for the group that an older one was open to."""
    from smtp_tui.config import writing

    old = _content(path)
    private = old is not None and bool(path.stat().st_mode & stat.S_IRWXO)
    content = f"{secret}\n".encode()
    writing.write(path, content, old=old, manner=writing.Manner(private=private))
    writing.sync_folder(path)


def _content(path: Path) -> bytes | None:
    """Return what a password file holds, None where none is; PasswordError if it is another's."""
    shown = one_line(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise PasswordError(
                f"{shown} is not a regular file, so smtp-tui keeps no password there"
            )
        with path.open("rb") as file:
            content = file.read(passwords.LARGEST_FILE + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PasswordError(f"{shown} cannot be read: {reason(error)}; run as its owner") from None
    if len(content) > passwords.LARGEST_FILE or b"\n" in content.removesuffix(b"\n"):
        raise PasswordError(f"{shown} contains more than a password; name another file")
    return content
