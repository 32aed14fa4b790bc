"""Fetch a password from where the settings say it is kept, store it there, forget it.

No text, traceback or log of a failure holds the secret: the frames that hold it never raise, and
no library's exception is passed on.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import assert_never

from smtp_tui.config.errors import PasswordError
from smtp_tui.config.paths import expand
from smtp_tui.config.wording import one_line, reason, shown_command
from smtp_tui.settings.sources import (
    Ask,
    Command,
    Environment,
    File,
    Keyring,
    Literal,
    PasswordSource,
)
from smtp_tui.threads import in_daemon_thread

LARGEST_FILE = 64 * 1024
"""Bytes; no password is longer."""

_FORBIDDEN = {"\r": "a carriage return", "\n": "more than one line", "\0": "a NUL byte"}


async def fetch(
    source: PasswordSource,
    *,
    account: str,
    base: Path,
    environ: Mapping[str, str],
    limit: float,
) -> str:
    """Return the password that `source` describes, one final line end cut.

    `account` is the user name, `base` the settings file's folder, `limit` the seconds that may
    pass. PasswordError: `password-missing` for an empty one and for one that is to be asked for,
    else `password-source-failed`.
    """
    place, raw = await _looked_up(source, account, base, environ, limit)
    secret = raw if isinstance(raw, str) else raw.decode("utf-8", "surrogateescape")
    secret = secret.removesuffix("\n").removesuffix("\r") if secret.endswith("\n") else secret
    problem = _problem_with(secret, place)
    if problem is None:
        return secret
    del raw, secret
    raise problem


async def store(service: str, account: str, secret: str) -> None:
    """Keep a password in the keyring and read it back; PasswordError says nothing was stored."""
    from smtp_tui.config import keyrings

    problem = _problem_with(secret, "the password to store")
    if problem is None:
        problem = await keyrings.store_entry(service, account, secret)
    if problem is not None:
        del secret
        raise problem


async def forget(service: str, account: str) -> None:
    """Take a password out of the keyring; PasswordError if it was not there or still is."""
    from smtp_tui.config import keyrings

    await keyrings.forget_entry(service, account)


async def _looked_up(
    source: PasswordSource, account: str, base: Path, environ: Mapping[str, str], limit: float
) -> tuple[str, str | bytes]:
    """Return where the password was found, in words, and what stands there."""
    match source:
        case Literal(value):
            return "the password in the settings", value
        case Environment(name):
            return _from_environment(name, environ)
        case File(path):
            return await _from_file(expand(path, base, environ), limit)
        case Command(argv):
            from smtp_tui.config import commands  # as keyrings: not loaded for a variable's sake

            place = f"the first line printed by the command {shown_command(argv)}"
            return place, await commands.first_line(argv, base=base, environ=environ, limit=limit)
        case Keyring(service):
            from smtp_tui.config import keyrings

            place = f"the keyring's entry {one_line(service, 80)}"
            return place, await keyrings.fetch_entry(service, account, limit)
        case Ask():
            raise PasswordError(
                "the settings say to ask for the password; use --ask-password, or type it "
                "in the form",
                "password-missing",
            )
        case _:
            assert_never(source)


def _from_environment(name: str, environ: Mapping[str, str]) -> tuple[str, str]:
    shown = f"the environment variable {one_line(name, 80)}"
    if name not in environ:
        raise PasswordError(
            f"{shown} is not set; export it before you start smtp-tui, or keep the password "
            "elsewhere"
        )
    return shown, environ[name]


async def _from_file(path: Path, limit: float) -> tuple[str, bytes]:
    shown = f"the password file {one_line(path)}"

    def read() -> bytes:
        with path.open("rb") as file:
            return file.read(LARGEST_FILE + 1)

    try:
        content = await in_daemon_thread(read, limit)
    except TimeoutError:
        raise PasswordError(
            f"{shown} could not be read within {limit:g} s; is it a pipe?"
        ) from None
    except FileNotFoundError:
        unset = "$" in str(path) and "CREDENTIALS_DIRECTORY" in str(path)
        hint = "CREDENTIALS_DIRECTORY is set only in the service" if unset else "check the name"
        raise PasswordError(f"{shown} does not exist; {hint}") from None
    except PermissionError:
        raise PasswordError(
            f"{shown} is not readable by this user; let only the user who runs the test read it"
        ) from None
    except OSError as error:
        raise PasswordError(f"{shown} cannot be read: {reason(error)}; check the name") from None
    if len(content) > LARGEST_FILE:
        del content
        raise PasswordError(
            f"{shown} is larger than {LARGEST_FILE >> 10} KiB; it must contain only the password"
        )
    return shown, content.removeprefix(b"\xef\xbb\xbf")


def _problem_with(secret: str, place: str) -> PasswordError | None:
    if not secret:
        return PasswordError(f"{place} is empty; put the password there", "password-missing")
    for character, name in _FORBIDDEN.items():
        if character in secret:
            return PasswordError(f"{place} contains {name}; it must be only the password")
    if any("\ud800" <= letter <= "\udfff" for letter in secret):
        return PasswordError(f"{place} is not UTF-8; store the password as UTF-8")
    return None
