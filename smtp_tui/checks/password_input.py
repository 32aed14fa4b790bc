"""The password of a check: from the call, or from where the settings say it is kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import field
from pathlib import Path

from smtp_tui.config.errors import PasswordError
from smtp_tui.records import record
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.settings.password_sources import Ask, Literal, PasswordSource
from smtp_tui.threads import in_daemon_thread

NOBODY_TO_ASK = (
    "the settings say to ask for the password, but there is no terminal; "
    "use --password-stdin, or run smtp-tui on a terminal"
)


@record
class PasswordInput:
    """A password that the call hands over: its place in words, and how to read it there."""

    place: str
    read: Callable[[], bytes] = field(repr=False)


Given = PasswordSource | PasswordInput


async def secret_of(
    settings: Settings, given: Given | None, base: Path, limit: float, origin: Path | None = None
) -> str:
    """Return the password within `limit` seconds; PasswordError when none can be had.

    `given` goes before the source that the settings name; `base` is the folder of their file.
    `origin` is the file that names the source, where nobody who may decide has: see `distrust`.
    """
    source = given or settings.password
    match source:
        case None:
            whose = mask_credentials(settings.username or "")
            raise PasswordError(f"no password is set for {whose}", cause="password-missing")
        case PasswordInput(place=place, read=read):
            try:
                return secret_in(await in_daemon_thread(read, limit), place)
            except TimeoutError:
                raise PasswordError(f"{place} did not end within {limit:g} s") from None
            except OSError as error:
                raise PasswordError(f"{place} cannot be read: {error.strerror}") from None
        case Ask():
            raise PasswordError(NOBODY_TO_ASK)
        case _:
            # 6 ms that a check with a password from the call has no use for.
            from smtp_tui.config import file_access, password_store

            # A password that stands in the file itself is no place to be sent to.
            if given is None and origin is not None and not isinstance(source, Literal):
                distrusted = file_access.distrust(source, origin, host=settings.host)
                if distrusted is not None:
                    raise PasswordError(str(distrusted))
            account = settings.username or ""
            return await password_store.fetch_password(
                source, account=account, base=base, environ=os.environ, limit=limit
            )


def secret_in(data: bytes, place: str) -> str:
    """Return the password without its final line end."""
    try:
        secret = data.decode()
    except UnicodeDecodeError:
        raise PasswordError(f"{place} is not UTF-8") from None
    # An editor or echo put it there; a password may end with a space.
    if secret.endswith("\n"):
        secret = secret.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise PasswordError(f"{place} is empty", cause="password-missing")
    if any(sign in secret for sign in "\r\n\0"):
        raise PasswordError(
            f"{place} contains more than one line or a NUL byte; it must contain only the password"
        )
    return secret
