"""What a sign-in from the form asks, and what it sets. No widgets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from smtp_tui.diagnosis.diagnose import AUTH_REJECTED
from smtp_tui.oauth.entry import Flow, SignIn
from smtp_tui.oauth.errors import OAuthError
from smtp_tui.oauth.providers import (
    GOOGLE,
    MICROSOFT,
    display_name,
    endpoints_of,
    flows_of,
    known_providers,
)
from smtp_tui.oauth.sign_in import (
    LIMIT,
    NewSignIn,
    hosts_before,
    previous_sign_in,
    registration_hint,
    usual_name,
    usual_place,
    usual_provider,
)
from smtp_tui.records import record
from smtp_tui.settings.choices import OF_TOKENS, Authentication
from smtp_tui.smtp.events import Cause
from smtp_tui.tui.messages import as_sentence, text
from smtp_tui.tui.model.draft import ACCOUNT, HOST, PASSWORD, SettingsDraft
from smtp_tui.tui.model.password import PasswordLocation
from smtp_tui.tui.model.session import LastTest
from smtp_tui.tui.model.undo import UndoStack
from smtp_tui.tui.model.verdict_text import without_commands

AUTHENTICATION = "authentication"
FLOWS: Mapping[Flow, str] = {
    Flow.DEVICE: "flow-device",
    Flow.PASTE: "flow-paste",
    Flow.CLIENT: "flow-client",
}


@record(kw_only=True)
class Registered:
    """The application that the admin registered, as the questions found out."""

    provider: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    tenant: str | None = None
    flow: Flow
    scopes: tuple[str, ...] = ()


def missing_field(draft: SettingsDraft) -> str | None:
    """Return the field that a sign-in needs first, or None."""
    return next((key for key in (HOST, ACCOUNT) if not draft.text(key)), None)


def name_of(draft: SettingsDraft, provider: str) -> str:
    """Return the name of the draft's sign-in, or a new one."""
    password = draft.password
    named = password.text.strip() if password.location is PasswordLocation.OAUTH else ""
    return named or usual_name(provider)


async def provider_named(draft: SettingsDraft, folder: Path) -> str | None:
    """Return the provider of the sign-in that the draft names, or the host's; PasswordError."""
    password = draft.password
    if password.location is PasswordLocation.OAUTH and (name := password.text.strip()):
        found = await previous_sign_in(name, draft.text(ACCOUNT), base=folder, environ=os.environ)
        if found is not None:
            return found.provider
    return usual_provider(draft.text(HOST), None)


async def previous(draft: SettingsDraft, provider: str, folder: Path) -> SignIn | None:
    """Return the sign-in that a new one replaces; PasswordError."""
    name = name_of(draft, provider)
    found = await previous_sign_in(name, draft.text(ACCOUNT), base=folder, environ=os.environ)
    return found if found is not None and found.provider == provider else None


def registered_before(sign_in: SignIn) -> Registered:
    """Return the application that an earlier sign-in used."""
    return Registered(
        provider=sign_in.provider,
        client_id=sign_in.client_id,
        client_secret=sign_in.client_secret,
        tenant=sign_in.tenant,
        flow=sign_in.flow,
        scopes=sign_in.scopes,
    )


def asks_for_scope(provider: str) -> bool:
    """Whether only the admin knows the scope for mail."""
    return provider not in known_providers()


def is_doubted(last: LastTest | None) -> bool:
    """Whether the last test shows that a new sign-in by the same application is of no use."""
    if last is None:
        return False
    is_rejected = last.facts.has_sign_in and last.verdict.cause == AUTH_REJECTED
    return is_rejected or last.verdict.cause == Cause.OAUTH_CLIENT_REJECTED


async def offered_flows(provider: str, tenant: str | None) -> tuple[Flow, ...]:
    """Return the flows that a provider offers, best first; OAuthError."""
    return flows_of(provider, await endpoints_of(provider, tenant, limit=LIMIT))


def has_tenants(provider: str) -> bool:
    """Whether to ask for a tenant."""
    return provider == MICROSOFT


def has_secret(provider: str, flow: Flow) -> bool:
    """Whether the application has a secret; Google's always have one."""
    return flow is Flow.CLIENT or provider == GOOGLE


def client_question(provider: str) -> str:
    """Return what stands above the question for a client ID."""
    title = text("sign-in", "client-title", provider=display_name(provider))
    hint = registration_hint(provider)
    return f"{title} In a shell, {hint}." if hint else title


async def new_sign_in(
    draft: SettingsDraft, registered: Registered, before: SignIn | None, folder: Path
) -> NewSignIn:
    """Return the sign-in to make; PasswordError."""
    name, username = name_of(draft, registered.provider), draft.text(ACCOUNT)
    place = await usual_place(
        name, username, base=folder, environ=os.environ, exists=before is not None
    )
    return NewSignIn(
        name=name,
        provider=registered.provider,
        username=username,
        host=draft.text(HOST),
        client_id=registered.client_id,
        client_secret=registered.client_secret,
        tenant=registered.tenant,
        flow=registered.flow,
        scopes=registered.scopes or (before.scopes if before else ()),
        other_hosts=hosts_before(before, draft.text(HOST)),
        place=place,
    )


def set_sign_in(draft: SettingsDraft, history: UndoStack, name: str) -> None:
    """Let the draft name the sign-in, and log in with its token, as one step."""
    has_mechanism = draft.parsed()[AUTHENTICATION] in OF_TOKENS
    change = {} if has_mechanism else {AUTHENTICATION: Authentication.XOAUTH2.value}

    def edit() -> None:
        draft.password.move_to(PasswordLocation.OAUTH)
        draft.password.type(name)

    history.apply(draft, change, edit, at=PASSWORD)


def failure_text(error: OAuthError) -> str:
    """Return what went wrong, and what to do if that is known."""
    what = as_sentence(error)
    to_do = without_commands(error.to_do)
    return f"{what} {to_do}" if to_do else what
