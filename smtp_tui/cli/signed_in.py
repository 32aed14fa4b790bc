"""`smtp-tui logout` and `token`: end a sign-in, and hand out its access tokens."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

from smtp_tui.checks.exit_status import BY_STAGE, NEGATIVE, PASSED
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.edit import SmtpTomlTable, open_table, print_notes
from smtp_tui.cli.parser import UsageError
from smtp_tui.cli.sign_in_flows import patiently
from smtp_tui.cli.terminal import print_error, print_line
from smtp_tui.config.errors import PasswordError, one_line
from smtp_tui.config.file_access import distrust
from smtp_tui.config.paths import absolute
from smtp_tui.oauth.entry import AccessToken, Flow
from smtp_tui.oauth.errors import OAuthError
from smtp_tui.oauth.providers import display_name
from smtp_tui.oauth.renewal import renewed, revoke
from smtp_tui.oauth.sign_in import LIMIT
from smtp_tui.oauth.store import SignInPlace, locked, place_of
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.password_sources import OAuthSource

_SECONDS = 15.0  # for a token, if the settings do not say less


def logout(call: Invocation) -> int:
    """Revoke a sign-in where the provider can, and forget it in any case."""
    table = open_table(call.words, call.options)
    print_notes(table)
    name = _signed_in(table).name
    file = one_line(table.file)
    with _hint(f"nothing was removed, and {file} still names a sign-in"):
        status = asyncio.run(_logout(_place(table), f"{one_line(name, 80)}{table.owner}"))
    if status != NEGATIVE:
        print_line(f"{file} still names it; smtp-tui login {quote(table.file)} signs in again")
    return status


@contextmanager
def _hint(text: str) -> Iterator[None]:
    """Add what to know to the error that there is no sign-in."""
    try:
        yield
    except OAuthError as error:
        if error.cause != "oauth-not-signed-in":
            raise
        raise PasswordError(f"{error}; {text}", error.cause) from None


async def _logout(place: SignInPlace, label: str) -> int:
    async with locked(place, LIMIT) as entry:
        sign_in = entry.sign_in
        if sign_in is None:
            print_error(f"there is no sign-in {label}; nothing was removed")
            return NEGATIVE
        provider = display_name(sign_in.provider)
        try:
            is_revoked = await patiently(revoke(sign_in, limit=LIMIT), provider)
        except OAuthError as error:
            await entry.forget()
            print_line(f"removed: the sign-in {label}")
            print_error(
                f"{provider} did not revoke it, so it stays valid there until it ends or is "
                f"revoked there: {error}"
            )
            return BY_STAGE["password"]
        await entry.forget()
    print_line(f"removed: the sign-in {label}")
    if is_revoked:
        print_line(f"revoked: {provider} accepts it no longer")
    elif sign_in.flow is Flow.CLIENT:
        print_line(f"{provider} still accepts the client secret; delete it there to end its use")
    else:
        print_line(
            f"{provider} has no way to revoke one sign-in. The user, or an admin, can end all "
            "sessions of the account there."
        )
    return PASSED


def token(call: Invocation) -> int:
    """Print a fresh access token, for programs that log in with one."""
    table, options = open_table(call.words, call.options), call.options
    source = _signed_in(table)
    if sys.stdout.isatty() and not options.reveal:
        raise UsageError("the terminal would show the token; pipe it to a program, or use --reveal")
    with _hint(f"smtp-tui login {quote(table.file)} makes one"):
        found = fresh_token(table, source)
    if options.json:
        expires_at = datetime.fromtimestamp(round(found.expires_at), UTC).isoformat()
        values = {"access_token": found.value, "expires_at": expires_at, "scope": found.scope}
        print_line(json.dumps(values))
    else:
        print_line(found.value)
    return PASSED


def fresh_token(table: SmtpTomlTable, source: OAuthSource) -> AccessToken:
    """Return an access token from a table's sign-in; PasswordError."""
    origin = absolute(Path(table.file))
    if distrusted := distrust(source, origin, host=table.host):
        raise PasswordError(str(distrusted))
    limit = BY_KEY["timeout"].parse(table.values.get("timeout", _SECONDS))
    renewing = renewed(
        source,
        username=str(table.values.get("username") or ""),
        host=table.host,
        base=origin.parent,
        environ=os.environ,
        limit=min(_SECONDS, float(str(limit))),
    )

    return asyncio.run(patiently(renewing, "the provider")).token


def _signed_in(table: SmtpTomlTable) -> OAuthSource:
    source = table.source
    if not isinstance(source, OAuthSource):
        file = one_line(table.file)
        raise PasswordError(
            f"{file} names no sign-in; make one with smtp-tui login {quote(table.file)}",
            "oauth-not-signed-in",
        )
    return source


def _place(table: SmtpTomlTable) -> SignInPlace:
    username = str(table.values.get("username") or "")
    base = absolute(Path(table.file)).parent
    return place_of(_signed_in(table).name, username, base=base, environ=os.environ)
