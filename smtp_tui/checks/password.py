"""The password of a check: from the call, from its place, or a sign-in's access token."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from smtp_tui.checks.request import CheckRequest, SuppliedPassword, secret_at_hand, secret_in
from smtp_tui.config.errors import PasswordError, one_line
from smtp_tui.config.paths import expand
from smtp_tui.lazy import load
from smtp_tui.safe_text import mask_credentials
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.password_sources import (
    AskSource,
    FileSource,
    KeyringSource,
    LiteralSource,
    OAuthSource,
    other_host,
)
from smtp_tui.smtp.events import WarningId
from smtp_tui.threads import in_daemon_thread

if TYPE_CHECKING:
    from smtp_tui.oauth.renewal import Renewed

# Seconds for an access token: a provider that is silent must not cost the whole time of a check.
_TOKEN_LIMIT = 15.0
NOBODY_TO_ASK = (
    "the settings say to ask for the password, but there is no terminal; "
    "use --password-stdin, or run smtp-tui on a terminal"
)


def password_warnings(request: CheckRequest, settings: Settings) -> Iterator[tuple[WarningId, str]]:
    """Yield warnings about where the password is stored."""
    readable = None
    match request.given or settings.password:
        case KeyringSource(service):
            entry_host = other_host(service, settings.host, settings.server_name)
            if entry_host is not None:
                shown, host = one_line(service, 80), one_line(entry_host, 80)
                text = f"the keyring entry {shown} is named for {host}, not for {settings.host}"
                yield WarningId.KEYRING_ENTRY_FOR_OTHER_HOST, text
        case LiteralSource():
            readable = request.origin
        case FileSource(path):
            readable = expand(path, request.base)
        case _:
            pass
    # Takes 5 ms, which a check without a file need not spend.
    if readable is not None and load("config.file_access:readable_by_others")(readable):
        text = f"every user of this machine can read the password in {one_line(readable)}"
        yield WarningId.PASSWORD_READABLE_BY_ALL, text


async def secret_of(request: CheckRequest, settings: Settings) -> str:
    """Return the password within `settings.timeout` seconds; PasswordError if there is none."""
    source, limit = request.given or settings.password, settings.timeout
    if (secret := secret_at_hand(source)) is not None:
        return secret
    match source:
        case None:
            username = mask_credentials(settings.username or "")
            raise PasswordError(f"no password is set for {username}", cause="password-missing")
        case SuppliedPassword(place=place, read=read):
            try:
                return secret_in(await in_daemon_thread(read, limit), place)
            except TimeoutError:
                raise PasswordError(f"{place} did not end within {limit:g} s") from None
            except OSError as error:
                raise PasswordError(f"{place} cannot be read: {error.strerror}") from None
        case AskSource():
            raise PasswordError(NOBODY_TO_ASK)
        case OAuthSource():
            return (await sign_in_of(request, settings, source)).token.value
        case _:
            # Takes 6 ms, which a check with a password from the call need not spend.
            fetch = load("config.password_store:fetch_password")
            _refuse_distrusted(request, settings)
            account = settings.username or ""
            fetched: str = await fetch(
                source, account=account, base=request.base, environ=os.environ, limit=limit
            )
            return fetched


async def sign_in_of(request: CheckRequest, settings: Settings, source: OAuthSource) -> Renewed:
    """Return a sign-in with an access token, within `settings.timeout` seconds; PasswordError."""
    _refuse_distrusted(request, settings)
    # Takes 60 ms, which only a check with a sign-in needs to spend.
    renewed = load("oauth.renewal:renewed")
    # Not from the place of the check: the sign-in belongs to this machine.
    found: Renewed = await renewed(
        source,
        username=settings.username or "",
        host=settings.host,
        base=request.base,
        environ=os.environ,
        limit=min(settings.timeout, _TOKEN_LIMIT),
    )
    return found


def _refuse_distrusted(request: CheckRequest, settings: Settings) -> None:
    """Raise PasswordError if others can write the file that names the password's place."""
    # A literal password in the file names no other place to read.
    if request.given is None and not isinstance(settings.password, LiteralSource):
        source, file = settings.password, request.origin
        if file is None:
            return
        if why := load("config.file_access:distrust")(source, file, host=settings.host):
            raise PasswordError(str(why))
