"""Sign in at the provider from the form, and let the password name the sign-in."""

from __future__ import annotations

import os

from smtp_tui.config.errors import PasswordError
from smtp_tui.config.paths import absolute
from smtp_tui.oauth.entry import Flow, Granted
from smtp_tui.oauth.errors import OAuthError
from smtp_tui.oauth.flows import begin_device, begin_paste, client_sign_in
from smtp_tui.oauth.providers import display_name
from smtp_tui.oauth.sign_in import NewSignIn, application_of, clear_shadow, store_granted
from smtp_tui.oauth.token_endpoint import Client
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.commands import key_of
from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.dialogs.sign_in import DeviceDialog, SecretDialog
from smtp_tui.tui.messages import as_sentence, text
from smtp_tui.tui.model.draft import ACCOUNT, PASSWORD
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
from smtp_tui.tui.model.waits import WaitCancelledError
from smtp_tui.tui.style import BAD
from smtp_tui.tui.widgets.dialog import ListChoiceDialog, PromptDialog

_ACTIONS = ("Continue", "Stop")


class SignInController(Controller):
    """Asks what a sign-in needs, shows the address and the code, and stores what is granted."""

    async def start(self) -> None:
        """Sign in; the draft names the sign-in afterwards, as one step that can be undone."""
        self.form.commit_edit()
        if self.test_pane.lookup.is_alone:
            self.show_message(text("sign-in", "alone"))
            return
        if key := missing_field(self.draft):
            self.go_to_field(key, text("sign-in", "missing", label=BY_KEY[key].label))
            return
        try:
            name = await self._signed_in()
        except WaitCancelledError:
            self.show_message(text("sign-in", "stopped"))
            return
        except OAuthError as error:
            self.go_to_field(PASSWORD, failure_text(error), BAD)
            return
        except PasswordError as error:
            self.go_to_field(PASSWORD, as_sentence(error), BAD)
            return
        if name is None:
            self.show_message(text("sign-in", "stopped"))
            return
        set_sign_in(self.draft, self.form.history, name)
        done = text("sign-in", "done", name=escape_controls(name), test=key_of("test"))
        self.show_change(done, at=PASSWORD)

    async def _signed_in(self) -> str | None:
        """Return the name of the new sign-in; None if the admin stops."""
        folder = absolute(self.document.path).parent
        provider = known_provider(self.draft) or await self._provider()
        if provider is None:
            return None
        before = await self.context.waits.on(previous(self.draft, provider, folder))
        registered = registered_before(before) if before else await self._registered(provider)
        if registered is None:
            return None
        new = await self.context.waits.on(new_sign_in(self.draft, registered, before, folder))
        flow, client = await self.context.waits.on(application_of(new))
        granted = await self._granted(flow, client)
        return None if granted is None else await self._stored(new, flow, client, granted)

    async def _stored(self, new: NewSignIn, flow: Flow, client: Client, granted: Granted) -> str:
        await self.context.waits.on(store_granted(new, flow, client, granted))
        await clear_shadow(new, environ=os.environ)
        return new.name

    async def _provider(self) -> str | None:
        title = text("sign-in", "provider-title")
        return await self.show_dialog(PromptDialog(title, "Provider", "https://", _ACTIONS))

    async def _registered(self, provider: str) -> Registered | None:
        """Ask for the application that the admin registered."""
        title = client_question(provider)
        client_id = await self.show_dialog(PromptDialog(title, "Client ID", "", _ACTIONS))
        if client_id is None:
            return None
        tenant: str | None = ""
        if has_tenants(provider):
            title = text("sign-in", "tenant-title")
            prompt = PromptDialog(title, "Tenant", "", _ACTIONS, may_be_empty=True)
            tenant = await self.show_dialog(prompt)
            if tenant is None:
                return None
        flow = await self._flow(provider, tenant or None)
        if flow is None:
            return None
        secret = None
        if has_secret(provider, flow):
            title = text("sign-in", "secret-title", provider=display_name(provider))
            secret = await self.show_dialog(SecretDialog(title, "Client secret"))
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
        flows = await self.context.waits.on(offered_flows(provider, tenant))
        if len(flows) == 1:
            return flows[0]
        lines = [text("sign-in", FLOWS[flow]) for flow in flows]
        title = text("sign-in", "flow-title")
        chosen = await self.show_dialog(ListChoiceDialog(title, lines, 0))
        return None if chosen is None else flows[chosen]

    async def _granted(self, flow: Flow, client: Client) -> Granted | None:
        """Sign in with a flow; None if the admin stops."""
        match flow:
            case Flow.DEVICE:
                device = await self.context.waits.on(begin_device(client))
                answer = await self.show_dialog(DeviceDialog(device, self.draft.text(ACCOUNT)))
                if isinstance(answer, PasswordError):
                    raise answer
                return answer
            case Flow.PASTE:
                return await self._pasted(client)
            case Flow.CLIENT:
                return await self.context.waits.on(client_sign_in(client))

    async def _pasted(self, client: Client) -> Granted | None:
        pasted, problem = begin_paste(client), ""
        title = text("sign-in", "paste-title")
        while True:
            dialog = SecretDialog(title, "Address", address=pasted.address, problem=problem)
            typed = await self.show_dialog(dialog)
            if typed is None:
                return None
            try:
                return await self.context.waits.on(pasted.finish(typed))
            except OAuthError as error:
                # With an error code, the provider itself has ended the sign-in.
                if error.error:
                    raise
                problem = as_sentence(error)
