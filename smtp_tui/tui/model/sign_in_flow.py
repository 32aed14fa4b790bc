"""Sign in at the provider: what is asked in which order, in the form and line by line."""

from __future__ import annotations

import os
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from smtp_tui.oauth.entry import Flow, Granted
from smtp_tui.oauth.errors import OAuthError
from smtp_tui.oauth.flows import DeviceSignIn, begin_device, begin_paste, client_sign_in
from smtp_tui.oauth.providers import display_name
from smtp_tui.oauth.sign_in import application_of, clear_shadow, store_granted
from smtp_tui.oauth.token_endpoint import Client
from smtp_tui.tui.messages import as_sentence, text
from smtp_tui.tui.model.draft import SettingsDraft
from smtp_tui.tui.model.sign_in import (
    FLOWS,
    Registered,
    client_question,
    has_secret,
    has_tenants,
    known_provider,
    new_sign_in,
    offered_flows,
    previous,
    registered_before,
)

T = TypeVar("T")


class SignInQuestions(Protocol):
    """How the admin answers; None everywhere: the admin stops."""

    async def wait(self, call: Coroutine[Any, Any, T]) -> T:
        """Await a call that the admin may stop."""

    async def ask(
        self, title: str, label: str, value: str = "", *, may_be_empty: bool = False
    ) -> str | None:
        """Ask for a text."""

    async def ask_secret(
        self, title: str, label: str, address: str = "", problem: str = ""
    ) -> str | None:
        """Ask for a secret; show an `address` to open, and the `problem` of the answer before."""

    async def choose(self, title: str, lines: Sequence[str]) -> int | None:
        """Ask for one of several lines, by its index."""

    async def show_device(self, device: DeviceSignIn) -> Granted | None:
        """Show the address and the code, and wait for the sign-in; may raise PasswordError."""


class SignInFlow:
    """Asks what a sign-in needs, signs in, and stores what is granted."""

    def __init__(self, questions: SignInQuestions, draft: SettingsDraft, folder: Path) -> None:
        """`folder` is the one that paths in the settings start from."""
        self._questions, self._draft, self._folder = questions, draft, folder

    async def run(self) -> str | None:
        """Return the name of the new sign-in, or None; OAuthError or PasswordError if it fails."""
        wait, draft = self._questions.wait, self._draft
        provider = known_provider(draft) or await self._questions.ask(
            text("sign-in", "provider-title"), "Provider", "https://"
        )
        if provider is None:
            return None
        before = await wait(previous(draft, provider, self._folder))
        registered = registered_before(before) if before else await self._registered(provider)
        if registered is None:
            return None
        new = await wait(new_sign_in(draft, registered, before, self._folder))
        flow, client = await wait(application_of(new))
        granted = await self._granted(flow, client)
        if granted is None:
            return None
        await wait(store_granted(new, flow, client, granted))
        await clear_shadow(new, environ=os.environ)
        return new.name

    async def _registered(self, provider: str) -> Registered | None:
        """Ask for the application that the admin registered."""
        questions = self._questions
        client_id = await questions.ask(client_question(provider), "Client ID")
        if client_id is None:
            return None
        tenant: str | None = ""
        if has_tenants(provider):
            title = text("sign-in", "tenant-title")
            tenant = await questions.ask(title, "Tenant", may_be_empty=True)
        flow = None if tenant is None else await self._flow(provider, tenant or None)
        if flow is None:
            return None
        secret = None
        if has_secret(provider, flow):
            title = text("sign-in", "secret-title", provider=display_name(provider))
            secret = await questions.ask_secret(title, "Client secret")
            if secret is None:
                return None
        return Registered(
            provider=provider,
            client_id=client_id,
            client_secret=secret,
            tenant=tenant or None,
            flow=flow,
        )

    async def _flow(self, provider: str, tenant: str | None) -> Flow | None:
        flows = await self._questions.wait(offered_flows(provider, tenant))
        if len(flows) == 1:
            return flows[0]
        lines = [text("sign-in", FLOWS[flow]) for flow in flows]
        chosen = await self._questions.choose(text("sign-in", "flow-title"), lines)
        return None if chosen is None else flows[chosen]

    async def _granted(self, flow: Flow, client: Client) -> Granted | None:
        match flow:
            case Flow.DEVICE:
                device = await self._questions.wait(begin_device(client))
                return await self._questions.show_device(device)
            case Flow.PASTE:
                return await self._pasted(client)
            case Flow.CLIENT:
                return await self._questions.wait(client_sign_in(client))

    async def _pasted(self, client: Client) -> Granted | None:
        pasted, problem = begin_paste(client), ""
        title, ask = text("sign-in", "paste-title"), self._questions.ask_secret
        while (typed := await ask(title, "Address", pasted.address, problem)) is not None:
            try:
                return await self._questions.wait(pasted.finish(typed))
            except OAuthError as error:
                # With an error code, the provider itself has ended the sign-in.
                if error.error:
                    raise
                problem = as_sentence(error)
        return None
