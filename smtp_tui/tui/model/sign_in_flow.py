"""Sign in at the provider: what is asked in which order, in the form and line by line."""

from __future__ import annotations

import os
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from smtp_tui.oauth.entry import Flow, Granted
from smtp_tui.oauth.errors import OAuthError
from smtp_tui.oauth.flows import DeviceSignIn, begin_device, begin_paste, client_sign_in
from smtp_tui.oauth.providers import display_name, scopes_of
from smtp_tui.oauth.sign_in import application_of, clear_shadow, doubts, signed_in_as, store_granted
from smtp_tui.oauth.token_endpoint import Client
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls
from smtp_tui.tui.messages import as_sentence, text
from smtp_tui.tui.model.draft import SettingsDraft
from smtp_tui.tui.model.session import LastTest, SignInAnswers
from smtp_tui.tui.model.sign_in import (
    FLOWS,
    Registered,
    asks_for_scope,
    client_question,
    has_secret,
    has_tenants,
    is_doubted,
    new_sign_in,
    offered_flows,
    previous,
    provider_named,
    registered_before,
)

T = TypeVar("T")


class SignInQuestions(Protocol):
    """How the admin answers; None everywhere: the admin stops."""

    async def wait(self, call: Coroutine[Any, Any, T]) -> T:
        """Await a call that the admin may stop."""

    async def ask(
        self,
        title: str,
        label: str,
        value: str = "",
        problem: str = "",
        *,
        may_be_empty: bool = False,
    ) -> str | None:
        """Ask for a text; `problem` is that of the answer before."""

    async def ask_secret(
        self, title: str, label: str, address: str = "", problem: str = ""
    ) -> str | None:
        """Ask for a secret; show an `address` to open, and the `problem` of the answer before."""

    async def choose(self, title: str, lines: Sequence[str]) -> int | None:
        """Ask for one of several lines, by its index."""

    async def show_device(self, device: DeviceSignIn) -> Granted | None:
        """Show the address and the code, and wait for the sign-in; may raise PasswordError."""


@record(kw_only=True)
class SignedIn:
    """A new sign-in: its name, who signed in, and why its token may be rejected."""

    name: str
    who: str
    doubts: tuple[str, ...]

    def report(self, test: str) -> str:
        """Return what to show; `test` is the key or command that tests."""
        done = text("sign-in", "done", name=escape_controls(self.name), test=test)
        return " ".join((self.who, *self.doubts, done))


class SignInFlow:
    """Asks what a sign-in needs, signs in, and stores what is granted."""

    def __init__(
        self,
        questions: SignInQuestions,
        draft: SettingsDraft,
        folder: Path,
        answers: SignInAnswers,
        last: LastTest | None,
    ) -> None:
        """`folder` is the one that paths in the settings start from.

        `answers` are proposed, and changed as the admin answers.
        """
        self._questions, self._draft, self._folder = questions, draft, folder
        self._answers, self._last = answers, last

    async def run(self) -> SignedIn | None:
        """Return the new sign-in, or None; OAuthError or PasswordError if it fails."""
        wait, draft = self._questions.wait, self._draft
        provider = await wait(provider_named(draft, self._folder)) or await self._provider()
        if provider is None:
            return None
        before = await wait(previous(draft, provider, self._folder))
        registered = registered_before(before) if before else None
        again = await self._signs_in_as_before(registered) if registered else False
        if again is None:
            return None
        if not again:
            registered = await self._registered(provider, registered)
        if registered is None:
            return None
        new = await wait(new_sign_in(draft, registered, before, self._folder))
        flow, client = await wait(application_of(new))
        granted = await self._granted(flow, client)
        if granted is None:
            return None
        await wait(store_granted(new, flow, client, granted))
        await clear_shadow(new, environ=os.environ)
        who = escape_controls(signed_in_as(client, flow, granted))
        return SignedIn(
            name=new.name, who=as_sentence(who), doubts=(*doubts(new, client, granted),)
        )

    async def _signs_in_as_before(self, registered: Registered) -> bool | None:
        """Ask whether to sign in by the same application; None to stop."""
        if is_doubted(self._last):
            return False
        names = {
            "provider": display_name(registered.provider),
            "client_id": escape_controls(registered.client_id),
        }
        title = text("sign-in", "before-title", **names)
        lines = [text("sign-in", name) for name in ("before", "otherwise")]
        chosen = await self._questions.choose(title, lines)
        return None if chosen is None else chosen == 0

    async def _provider(self) -> str | None:
        """Ask for the provider until one answers."""
        title, problem, answers = text("sign-in", "provider-title"), "", self._answers
        while True:
            typed = await self._questions.ask(title, "Provider", answers.provider, problem)
            if typed is None:
                return None
            answers.provider = typed
            try:
                await self._questions.wait(offered_flows(typed, None))
            except OAuthError as error:
                problem = as_sentence(error)
            else:
                return typed

    async def _registered(self, provider: str, before: Registered | None) -> Registered | None:
        """Ask for the application that the admin registered; propose that of `before`."""
        questions, answers = self._questions, self._answers
        if before:
            answers.client_id, answers.tenant = before.client_id, before.tenant or ""
            answers.scope = " ".join(before.scopes)
        title = client_question(provider)
        client_id = await questions.ask(title, "Client ID", answers.client_id)
        if client_id is None:
            return None
        answers.client_id = client_id
        tenant: str | None = ""
        if has_tenants(provider):
            title = text("sign-in", "tenant-title")
            tenant = await questions.ask(title, "Tenant", answers.tenant, may_be_empty=True)
            answers.tenant = tenant or ""
        scope: str | None = ""
        if tenant is not None and asks_for_scope(provider):
            usual = answers.scope or " ".join(scopes_of(provider, Flow.PASTE))
            scope = await questions.ask(text("sign-in", "scope-title"), "Scope", usual)
            if scope is None:
                return None
            answers.scope = scope
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
            scopes=tuple((scope or "").split()),
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
