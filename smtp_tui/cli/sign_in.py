"""`smtp-tui login`: sign in without a password, and keep what the provider grants."""

from __future__ import annotations

import asyncio
import json
import os
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

from smtp_tui.checks.exit_status import BY_STAGE, NEGATIVE, PASSED
from smtp_tui.checks.request import secret_in
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.edit import (
    SmtpTomlTable,
    naming_in_place,
    open_table,
    print_notes,
    write_options,
)
from smtp_tui.cli.parser import UsageError
from smtp_tui.cli.password_prompt import descriptor_source, has_terminal_to_ask, typed_password
from smtp_tui.cli.sign_in_flows import granted_by, patiently, print_event
from smtp_tui.cli.terminal import (
    print_error,
    print_line,
    print_lines,
)
from smtp_tui.config import keyring_backend
from smtp_tui.config.errors import DocumentError, PasswordError, one_line
from smtp_tui.config.paths import absolute
from smtp_tui.interchange.oauth import token_use
from smtp_tui.oauth.entry import Flow, Granted, SignIn
from smtp_tui.oauth.errors import DENIED, OAuthError
from smtp_tui.oauth.providers import GOOGLE, display_name, is_issuer, known_providers
from smtp_tui.oauth.sign_in import (
    TOPICS,
    NewSignIn,
    application_of,
    clear_shadow,
    doubts,
    hosts_before,
    previous_sign_in,
    registration_hint,
    signed_in_as,
    store_granted,
    usual_name,
    usual_place,
    usual_provider,
)
from smtp_tui.oauth.store import KeyringPlace, new_place
from smtp_tui.oauth.token_endpoint import Client
from smtp_tui.settings import parsers
from smtp_tui.settings.password_sources import OAuthSource, source_as_toml
from smtp_tui.settings.schema import explanation

_MECHANISMS = ("xoauth2", "oauthbearer")


def login(call: Invocation) -> int:
    """Sign in and store what is granted; return 1 if the user refuses, 4 if it fails."""
    table, options = open_table(call.words, call.options), call.options
    print_notes(table)
    new = asyncio.run(_wanted(table, options))
    refusal = _refusal_to_name(table, new)
    if refusal:
        print_error(f"{refusal}; smtp-tui token will print a token for other programs")
    else:
        _say_if_unwritable(table, options)
    try:
        flow, client = asyncio.run(patiently(application_of(new), display_name(new.provider)))
        granted = granted_by(flow, client, as_json=options.json)
        sign_in = asyncio.run(_kept(new, flow, client, granted))
    except OAuthError as error:
        _report(error)
        return NEGATIVE if error.error == DENIED else BY_STAGE["password"]
    if options.json:
        ends_at = sign_in.ends_at and sign_in.ends_at.isoformat()
        values = {"name": new.name, "provider": new.provider, "username": new.username}
        who = {"signed_in_as": granted.user}
        print_event("signed-in", **values, **who, scopes=sign_in.scopes, ends_at=ends_at)
    else:
        account = one_line(new.username, 80)
        who_text = signed_in_as(client, flow, granted)
        print_line(f"{who_text}; the sign-in for {account} is in {new.place}")
    for doubt in doubts(new, client, granted):
        print_error(f"warning: {doubt}")
    return PASSED if refusal else _name_in_file(table, new, options)


def _refusal_to_name(table: SmtpTomlTable, new: NewSignIn) -> str:
    """Return why the file's application cannot name a sign-in; empty if it can."""
    try:
        raw = source_as_toml(OAuthSource(new.name))
        table.document.changed(table.name, {"password": raw, "authentication": "xoauth2"})
    except DocumentError as error:
        use = token_use(table.document.dialect)
        return f"{error}. {use.advice}" if use else str(error)
    return ""


def _say_if_unwritable(table: SmtpTomlTable, options: Namespace) -> None:
    """Say before the sign-in that the file will not name it."""
    try:
        with naming_in_place():
            table.document.refuse_unwritable(write_options(options))
    except DocumentError as error:
        print_error(f"{error}; the sign-in is kept, but the file will not name it")


async def _wanted(table: SmtpTomlTable, options: Namespace) -> NewSignIn:
    """Return what to sign in for: the options, else what the sign-in of before had."""
    username = str(table.values.get("username") or "")
    if not table.host or not username:
        missing = "username" if table.host else "host"
        raise UsageError(
            f"{one_line(table.file)} has no {missing}, which a sign-in is for; "
            f"set it first: smtp-tui set {quote(table.file)} {missing}=…"
        )
    name = _name(table, options)
    base = absolute(Path(table.file)).parent
    previous = await previous_sign_in(name, username, base=base, environ=os.environ)
    provider = options.provider or usual_provider(table.host, previous)
    if provider is None:
        raise _unknown_provider(table.host)
    if previous is not None and previous.provider != provider:
        previous = None
    client_id = options.client_id or (previous.client_id if previous else None)
    if client_id is None:
        raise _unregistered(provider)
    flow = Flow(options.flow) if options.flow else previous.flow if previous else None
    _refuse_provider(provider, flow)
    if options.keep_in in ("keyring", "file"):
        is_keyring = options.keep_in == "keyring"
        place = new_place(name, username, environ=os.environ, keyring=is_keyring)
    else:
        exists = previous is not None
        place = await usual_place(name, username, base=base, environ=os.environ, exists=exists)
    return NewSignIn(
        name=name,
        provider=provider,
        username=username,
        host=table.host,
        client_id=client_id,
        client_secret=_client_secret(options, provider, flow, previous),
        tenant=options.tenant or (previous.tenant if previous else None),
        flow=flow,
        scopes=tuple(options.scope) or (previous.scopes if previous and not options.imap else ()),
        imap=options.imap,
        other_hosts=_other_hosts(options.also_host, previous, table.host),
        ends_at=_day(options.secret_ends),
        place=place,
    )


def _refuse_provider(provider: str, flow: Flow | None) -> None:
    """Raise UsageError for what is no provider, or a flow that it is known not to offer."""
    if known := known_providers().get(provider):
        if flow and flow not in known.flows:
            raise UsageError(
                f"{known.name} does not offer the flow {flow} for mail; "
                f"use the flow {' or '.join(known.flows)}"
            )
    elif not is_issuer(provider):
        raise UsageError(
            f"'{one_line(provider, 80)}' is not a provider: use microsoft, google, or the "
            "https:// address of an issuer"
        )


def _other_hosts(texts: Sequence[str], previous: SignIn | None, host: str) -> tuple[str, ...]:
    """Return the further servers that may get the token; those of before if none is named."""
    if not texts:
        return hosts_before(previous, host)
    try:
        return tuple(map(parsers.host, texts))
    except ValueError as error:
        raise UsageError(f"--also-host {error}") from None


def _name(table: SmtpTomlTable, options: Namespace) -> str:
    """Return the name of the sign-in: the option's, the file's, or the provider's."""
    named: str = _path_to_keep_in(options.keep_in) or options.name or ""
    if not named and isinstance(table.source, OAuthSource):
        named = table.source.name
    if named:
        return named
    provider: str | None = options.provider or usual_provider(table.host, None)
    if provider is None:
        raise _unknown_provider(table.host)
    return usual_name(provider)


def _unknown_provider(host: str) -> UsageError:
    return UsageError(
        f"smtp-tui does not know where the users of {one_line(host, 80)} sign in; name the "
        "provider with --provider: microsoft, google, or the https:// address of an issuer"
    )


def _path_to_keep_in(text: str | None) -> str | None:
    """Return the path in --keep-in, spelled so that it names a file; UsageError."""
    if text in (None, "keyring", "file"):
        return None
    kind, _, path = str(text).partition("=")
    if kind != "file" or not path:
        raise UsageError("login --keep-in accepts keyring, file, or file=PATH")
    return path if "/" in path else f"./{path}"


def _unregistered(provider: str) -> UsageError:
    if topic := TOPICS.get(provider):
        print_lines(explanation(topic))
    hint = registration_hint(provider)
    return UsageError(
        "login needs --client-id: the ID of an application that you register at "
        f"{display_name(provider)} first{f'; {hint}' if hint else ''}"
    )


def _client_secret(
    options: Namespace, provider: str, flow: Flow | None, previous: SignIn | None
) -> str | None:
    """Return the application's secret; None for a public client."""
    if options.client_secret_stdin and options.client_secret_fd is not None:
        raise UsageError("use only one of --client-secret-stdin and --client-secret-fd")
    number = 0 if options.client_secret_stdin else options.client_secret_fd
    if number is not None:
        source = descriptor_source(number, "the client secret", "leave the option out")
        try:
            return secret_in(source.read(), source.place)
        except OSError as error:
            raise PasswordError(f"{source.place} cannot be read: {error.strerror}") from None
    is_same = previous is not None and options.client_id in (None, previous.client_id)
    if is_same and previous is not None and previous.client_secret:
        return previous.client_secret
    # Google's desktop applications have one too, although everybody may know it.
    if flow is not Flow.CLIENT and provider != GOOGLE:
        return None
    if has_terminal_to_ask():
        return typed_password("Client secret: ") or None
    if flow is Flow.CLIENT:
        raise UsageError(
            "the flow client needs the client secret; use --client-secret-stdin, or another --flow"
        )
    return None


def _day(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        day = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise UsageError("--secret-ends needs a date, such as 2027-05-31") from None
    if day <= datetime.now(UTC):
        raise UsageError("--secret-ends names a date that has passed")
    return day


async def _kept(new: NewSignIn, flow: Flow, client: Client, granted: Granted) -> SignIn:
    try:
        sign_in = await store_granted(new, flow, client, granted)
    except PasswordError:
        if isinstance(new.place, KeyringPlace) and await keyring_backend.keyring_state():
            print_error(f"{keyring_backend.looked_for()}; --keep-in file works here")
        raise
    await clear_shadow(new, environ=os.environ)
    return sign_in


def _name_in_file(table: SmtpTomlTable, new: NewSignIn, options: Namespace) -> int:
    """Let the file name the sign-in, unless another password is there; say what is left to do."""
    source = OAuthSource(new.name)
    raw, file = source_as_toml(source), one_line(table.file)
    line = f"password = {{ oauth = {json.dumps(new.name)} }}"
    notes = []
    if table.source is None or isinstance(table.source, OAuthSource):
        if table.source != source:
            try:
                with naming_in_place():
                    table.document.save(
                        table.name, {"password": raw}, options=write_options(options)
                    )
            except DocumentError as error:
                notes.append(f"{error}; whoever may write the file adds: {line}")
            else:
                notes.append(f"{file} now names it: {line}")
    else:
        notes.append(f"{file} names another password; to use the sign-in, write there: {line}")
    mechanism = str(table.values.get("authentication") or "auto")
    if mechanism not in _MECHANISMS:
        notes.append(
            f"to log in with a token: smtp-tui set {quote(table.file)} authentication=xoauth2"
        )
    if use := token_use(table.document.dialect):
        notes.append(use.advice)
    for note in notes:
        (print_error if options.json else print_line)(note)
    return PASSED


def _report(error: OAuthError) -> None:
    """Print why a sign-in failed; if the provider's error is known, what to do too."""
    print_error(str(error))
    if error.why:
        print_error(f"why: {error.why}")
        print_error(f"to do: {error.to_do}")
