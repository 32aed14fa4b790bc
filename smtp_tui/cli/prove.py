"""The options of `smtp-tui send --prove`: the mailbox, its password and the time."""

from __future__ import annotations

import asyncio
import os
import tomllib
from pathlib import Path

from smtp_tui.arrival.mailbox import MailboxAddress, parse_mailbox_address
from smtp_tui.arrival.prove import WITHIN, ProofRequest
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.discover import resolver_of
from smtp_tui.cli.parser import UsageError, number_within
from smtp_tui.cli.password_prompt import has_terminal_to_ask, typed_password
from smtp_tui.config.errors import PasswordError
from smtp_tui.config.password_store import fetch_password
from smtp_tui.settings.password_sources import (
    AskSource,
    LiteralSource,
    PasswordSource,
    own_entry,
    parse_source,
)

LONGEST_WITHIN = 86400.0
_KEYRING_LIMIT = 10.0
_PLACES = (
    '{ keyring = "SERVICE" }, { env = "NAME" }, { file = "PATH" }, { command = ["argv"] } or '
    '{ oauth = "SIGN-IN" }'
)


def proof_request(call: Invocation) -> ProofRequest:
    """Return what --prove asks for; it prompts for the password if no place is known."""
    options = call.options
    try:
        address = parse_mailbox_address(options.prove)
    except ValueError as error:
        raise UsageError(f"--prove {error}") from None
    source, secret = _password(options.prove_password, address)
    within = WITHIN if options.within is None else options.within
    return ProofRequest(
        address=address,
        source=source,
        secret=secret,
        base=Path(),
        within=number_within(within, 1, LONGEST_WITHIN, "--within needs a number of seconds"),
        authserv_id=options.authserv_id,
        removes=options.remove,
        resolver=resolver_of(options.resolver),
    )


def _password(
    text: str | None, address: MailboxAddress
) -> tuple[PasswordSource | None, str | None]:
    """Return the place of the password, or the password typed."""
    if text is not None:
        source = _source(text)
        return (None, _typed(address)) if isinstance(source, AskSource) else (source, None)
    entry = own_entry(address.host)
    try:
        fetched = fetch_password(
            entry, account=address.user, base=Path(), environ=os.environ, limit=_KEYRING_LIMIT
        )
        return None, asyncio.run(fetched)
    except PasswordError as error:
        if has_terminal_to_ask():
            return None, _typed(address)
        raise UsageError(
            f"--prove needs the password of {address}: {error}; use --prove-password"
        ) from None


def _source(text: str) -> PasswordSource:
    """Parse a place as TOML writes it; the text is never repeated, as it may be a password."""
    try:
        source = parse_source(tomllib.loads(f"place = {text}")["place"])
    except ValueError:
        source = None
    if source is None or isinstance(source, LiteralSource):
        raise UsageError(
            f"--prove-password names the place of the password, never the password: {_PLACES}"
        )
    return source


def _typed(address: MailboxAddress) -> str:
    if not has_terminal_to_ask():
        raise UsageError("--prove-password says to ask, but there is no terminal")
    return typed_password(f"Password for {address.user} at {address.host} (IMAP): ")
