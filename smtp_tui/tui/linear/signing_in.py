"""Sign in at the provider, line by line."""

from __future__ import annotations

import os

from smtp_tui.config.errors import PasswordError
from smtp_tui.config.paths import absolute
from smtp_tui.oauth.entry import Flow, Granted
from smtp_tui.oauth.errors import OAuthError
from smtp_tui.oauth.flows import begin_device, begin_paste, client_sign_in
from smtp_tui.oauth.providers import display_name
from smtp_tui.oauth.sign_in import application_of, clear_shadow, store_granted
from smtp_tui.oauth.token_endpoint import Client
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.linear.console import StoppedError, stoppable
from smtp_tui.tui.linear.context import LinearContext
from smtp_tui.tui.messages import as_sentence, text
from smtp_tui.tui.model.sign_in import (
    FLOWS,
    Registered,
    client_question,
    failure_text,
    has_secret,
    has_tenants,
    known_provider,
    missing_field,
    new_sign_in,
    offered_flows,
    previous,
    registered_before,
    set_sign_in,
)


class LinearSignIn:
    """Asks what a sign-in needs, shows the address and the code, and stores what is granted."""

    def __init__(self, context: LinearContext) -> None:
        self.context, self.console, self.draft = context, context.console, context.draft

    async def start(self) -> str | None:
        """Sign in; return the field to go to if it is missing."""
        if self.context.is_demo:
            self.console.show(text("sign-in", "alone"))
            return None
        if key := missing_field(self.draft):
            self.console.show(text("sign-in", "missing", label=BY_KEY[key].label))
            return key
        try:
            name = await self._signed_in()
        except StoppedError:
            self.console.show_stopped(text("sign-in", "stopped"))
        except OAuthError as error:
            self.console.show(failure_text(error))
        except PasswordError as error:
            self.console.show(as_sentence(error))
        else:
            if name is None:
                self.console.show(text("sign-in", "stopped"))
                return None
            before = self.context.rows()
            set_sign_in(self.draft, self.context.history, name)
            shown = escape_controls(name)
            self.console.show(text("sign-in", "done", name=shown, test=":test"))
            self.context.show_news(before)
        return None

    async def _signed_in(self) -> str | None:
        folder = absolute(self.context.document.path).parent
        provider = known_provider(self.draft)
        if provider is None:
            self.console.show(text("sign-in", "provider-title"))
            provider = self.console.ask_within("Provider: ")
        if not provider:
            return None
        before = await stoppable(previous(self.draft, provider, folder))
        registered = registered_before(before) if before else await self._registered(provider)
        if registered is None:
            return None
        new = await stoppable(new_sign_in(self.draft, registered, before, folder))
        flow, client = await stoppable(application_of(new))
        granted = await self._granted(flow, client)
        if granted is None:
            return None
        await store_granted(new, flow, client, granted)
        await clear_shadow(new, environ=os.environ)
        return new.name

    async def _registered(self, provider: str) -> Registered | None:
        self.console.show(client_question(provider))
        client_id = self.console.ask_within("Client ID: ")
        if not client_id:
            return None
        tenant: str | None = None
        if has_tenants(provider):
            self.console.show(text("sign-in", "tenant-title"))
            tenant = self.console.ask_within("Tenant: ")
            if tenant is None:
                return None
        flows = await stoppable(offered_flows(provider, tenant or None))
        lines = [text("sign-in", FLOWS[flow]) for flow in flows]
        title = text("sign-in", "flow-title")
        index = self.console.choose_line(title, lines) if len(flows) > 1 else 0
        if index is None:
            return None
        secret = None
        if has_secret(provider, flows[index]):
            self.console.show(text("sign-in", "secret-title", provider=display_name(provider)))
            secret = self._secret("Client secret: ")
            if not secret:
                return None
        return Registered(
            provider=provider,
            client_id=client_id,
            client_secret=secret,
            tenant=tenant or None,
            flow=flows[index],
        )

    async def _granted(self, flow: Flow, client: Client) -> Granted | None:
        match flow:
            case Flow.DEVICE:
                device = await stoppable(begin_device(client))
                self.console.show(text("sign-in", "open"))
                self.console.show_verbatim(f"  {device.address}")
                self.console.show(text("sign-in", "enter"))
                self.console.show_verbatim(f"  {' '.join(device.code)}")
                minutes = max(1, round(device.ends_in / 60))
                self.console.show(text("sign-in", "lines-waiting", clock=f"{minutes} min"))
                return await stoppable(device.wait())
            case Flow.PASTE:
                return await self._pasted(client)
            case Flow.CLIENT:
                return await stoppable(client_sign_in(client))

    async def _pasted(self, client: Client) -> Granted | None:
        pasted = begin_paste(client)
        self.console.show(text("sign-in", "paste-title"))
        self.console.show_verbatim(pasted.address)
        while typed := self._secret("Address: "):
            try:
                return await stoppable(pasted.finish(typed))
            except OAuthError as error:
                # With an error code, the provider itself has ended the sign-in.
                if error.error:
                    raise
                self.console.show(as_sentence(error))
        return None

    def _secret(self, prompt: str) -> str:
        try:
            return self.console.ask(prompt, is_secret=True).strip()
        except (KeyboardInterrupt, EOFError):
            return ""
