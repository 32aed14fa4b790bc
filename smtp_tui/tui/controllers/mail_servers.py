"""Check a domain's mail servers as a server that sends to it does."""

from __future__ import annotations

from smtp_tui.discovery.domain import sender_domain
from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.dialogs.mail_servers import MailServersScreen
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.mail_domain import domain_typed
from smtp_tui.tui.test_pane.domain_check import resolver_of
from smtp_tui.tui.widgets.dialog import PromptDialog

_ACTIONS = ("Check", "Back")


class MailServersController(Controller):
    """Asks for a domain, and shows its mail servers."""

    async def check(self) -> None:
        """Ask until the domain is valid or the admin goes back; then show the page."""
        self.form.commit_edit()
        if self.test_pane.lookup.is_alone:
            self.show_message(text("mail-servers", "alone"))
            return
        settings = self.draft.reading().settings
        typed: str | None = (sender_domain(settings) if settings else None) or ""
        title, label, problem = text("mail-servers", "prompt"), text("mail-servers", "label"), ""
        while True:
            prompt = PromptDialog(title, label, typed or "", _ACTIONS, problem)
            typed = await self.show_dialog(prompt)
            if typed is None:
                return
            try:
                domain = domain_typed(typed)
            except ValueError as error:
                problem = str(error)
                continue
            resolver = resolver_of(self.test_pane.lookup)
            await self.show_dialog(MailServersScreen(domain, resolver))
            return
