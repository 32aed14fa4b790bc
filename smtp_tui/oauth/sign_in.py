"""Make a new sign-in: the application and its flow, and the place for what is granted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path

from smtp_tui.config import keyring_backend
from smtp_tui.config.errors import one_line
from smtp_tui.diagnosis.tokens import judge
from smtp_tui.oauth.entry import Flow, Granted, SignIn
from smtp_tui.oauth.errors import OAuthError
from smtp_tui.oauth.providers import (
    display_name,
    endpoints_of,
    flows_of,
    hosts_of,
    may_go_to,
    provider_for,
    rotates,
    scopes_of,
)
from smtp_tui.oauth.renewal import forget_held
from smtp_tui.oauth.store import KeyringPlace, SignInPlace, locked, new_place, place_of, read
from smtp_tui.oauth.token_endpoint import Client
from smtp_tui.records import record
from smtp_tui.smtp.addresses import THIS_MACHINE, Network

# Scopes about the user and the refresh token, which a provider need not repeat.
_NOT_OF_TOKENS = {"openid", "offline_access", "profile", "email"}
LIMIT = 10.0  # seconds for each request, and for a place
TOPICS = {"microsoft": "oauth-microsoft", "google": "oauth-google"}
"""The pages of `smtp-tui explain` on what to register at a provider."""


@record(kw_only=True)
class NewSignIn:
    """What an admin asks for; `provider` is `microsoft`, `google` or an issuer's URL.

    The token may go to `host` and to `other_hosts`, such as the IMAP server.
    """

    name: str
    provider: str
    username: str
    host: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    tenant: str | None = None
    flow: Flow | None = None
    scopes: tuple[str, ...] = ()
    imap: bool = False
    other_hosts: tuple[str, ...] = ()
    ends_at: datetime | None = None
    place: SignInPlace

    @property
    def is_of_application(self) -> bool:
        """Whether the application signs in itself, which only its secret allows."""
        return self.flow is Flow.CLIENT


def signed_in_as(client: Client, flow: Flow, granted: Granted) -> str:
    """Return who signed in where, as far as the provider says it."""
    if flow is Flow.CLIENT:
        return f"signed in at {client.name} as the application {one_line(client.client_id, 80)}"
    if granted.user is None:
        return f"signed in at {client.name}, which does not say as whom"
    return f"signed in at {client.name} as {granted.user}"


def doubts(new: NewSignIn, client: Client, granted: Granted) -> Iterator[str]:
    """Yield in sentences why the server may reject the token that was granted."""
    if granted.user and granted.user.casefold() != new.username.casefold():
        yield (
            f"The username is {one_line(new.username, 80)}, and {granted.user} signed in. That is "
            "right for a shared mailbox only; else sign in again in a private browser window."
        )
    for found in judge(granted.access.value, new.host, new.username).findings:
        if found.severity != "note":
            yield f"{found.sentence} {found.cure}".rstrip()
    # A provider that names no scope grants those that were asked for (RFC 6749, section 5.1).
    missing = {*client.scopes} - {*granted.access.scope.split(), *_NOT_OF_TOKENS}
    if granted.access.scope and missing:
        yield f"The provider did not grant the scope {one_line(' '.join(sorted(missing)), 160)}."


def usual_provider(host: str, previous: SignIn | None) -> str | None:
    """Return who signs in for a host, if that is known."""
    return previous.provider if previous else provider_for(host)


def usual_name(provider: str) -> str:
    """Return the name of a sign-in that the admin does not name."""
    return display_name(provider).casefold()


def hosts_before(previous: SignIn | None, host: str) -> tuple[str, ...]:
    """Return the servers of an earlier sign-in; none if it was for another SMTP server."""
    return previous.hosts if previous and may_go_to(previous.hosts, host) else ()


def registration_hint(provider: str) -> str:
    """Return which page shows what to register at a provider; "" if none does."""
    topic = TOPICS.get(provider)
    return f"smtp-tui explain {topic} shows how" if topic else ""


async def previous_sign_in(
    name: str, username: str, *, base: Path, environ: Mapping[str, str]
) -> SignIn | None:
    """Return the sign-in that a new one replaces; PasswordError if it cannot be read."""
    place = place_of(name, username, base=base, environ=environ)
    if isinstance(place, KeyringPlace) and await keyring_backend.keyring_state() is not None:
        return None  # where no keyring works, none holds a sign-in
    return await read(place, LIMIT)


async def usual_place(
    name: str, username: str, *, base: Path, environ: Mapping[str, str], exists: bool
) -> SignInPlace:
    """Return where a sign-in goes: where it is, else the keyring, else a file."""
    if exists or "/" in name:
        return place_of(name, username, base=base, environ=environ)
    has_keyring = await keyring_backend.keyring_state() is None
    return new_place(name, username, environ=environ, keyring=has_keyring)


async def application_of(new: NewSignIn, *, network: Network = THIS_MACHINE) -> tuple[Flow, Client]:
    """Return the flow to use and the registered application; OAuthError."""
    endpoints = await endpoints_of(new.provider, new.tenant, limit=LIMIT, network=network)
    flows = flows_of(new.provider, endpoints)
    flow = new.flow or flows[0]
    if flow not in flows:
        raise OAuthError(
            f"{display_name(new.provider)} does not offer the flow {flow} for mail; "
            f"use the flow {' or '.join(flows)}",
            "oauth-renewal-failed",
            provider=new.provider,
        )
    return flow, Client(
        provider=new.provider,
        endpoints=endpoints,
        client_id=new.client_id,
        client_secret=new.client_secret,
        scopes=new.scopes or scopes_of(new.provider, flow, imap=new.imap),
        username=new.username,
        limit=LIMIT,
        network=network,
    )


async def store_granted(new: NewSignIn, flow: Flow, client: Client, granted: Granted) -> SignIn:
    """Store what the provider granted, and return it; PasswordError."""
    if flow is not Flow.CLIENT and granted.refresh_token is None:
        raise OAuthError(
            f"{client.name} granted a token for an hour, but no refresh token, so the sign-in "
            "could not be renewed; nothing was stored",
            "oauth-renewal-failed",
            provider=new.provider,
        )
    sign_in = SignIn(
        name=new.name,
        provider=new.provider,
        username=new.username,
        hosts=hosts_of(new.provider, new.host, *new.other_hosts),
        flow=flow,
        client_id=new.client_id,
        tenant=new.tenant,
        scopes=client.scopes,
        endpoints=client.endpoints,
        client_secret=new.client_secret,
        refresh_token=granted.refresh_token,
        granted_at=datetime.now(UTC),
        ends_at=granted.ends_at or new.ends_at,
        rotates=rotates(new.provider),
    )
    async with locked(new.place, LIMIT) as entry:
        await entry.write(sign_in)
    forget_held()
    return sign_in


async def clear_shadow(new: NewSignIn, *, environ: Mapping[str, str]) -> None:
    """Remove a sign-in's own file after the keyring got it: the file would be read first."""
    if isinstance(new.place, KeyringPlace):
        file = new_place(new.name, new.username, environ=environ, keyring=False)
        async with locked(file, LIMIT) as entry:
            if entry.sign_in is not None:
                await entry.forget()
