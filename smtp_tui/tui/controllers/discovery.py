"""Take settings from servers, providers and other programs, each as one undo step.

Also show DNS facts about the sender's domain, and export the settings to other programs.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import partial

from smtp_tui.checks.request import CheckRequest
from smtp_tui.config.paths import absolute
from smtp_tui.discovery.steps import DiscoveryQuery, Step
from smtp_tui.interchange.spec import format_named, labels
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.smtp.events import Event
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.commands import key_of
from smtp_tui.tui.controllers.context import Controller
from smtp_tui.tui.dialogs.discover import DiscoverScreen
from smtp_tui.tui.dialogs.domain_report import DomainScreen
from smtp_tui.tui.dialogs.import_settings import ImportScreen
from smtp_tui.tui.dialogs.presets import PresetScreen
from smtp_tui.tui.dialogs.program_text import ExportScreen
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.check_request import request_for
from smtp_tui.tui.model.draft import HOST, SettingsDraft
from smtp_tui.tui.model.fixes import format_done
from smtp_tui.tui.model.server_search import known_presets, search_servers
from smtp_tui.tui.model.session import last_connected
from smtp_tui.tui.model.settings_changes import (
    next_step,
    preset_change,
    proposed_search,
    server_change,
    server_remarks,
)
from smtp_tui.tui.test_pane.domain_check import resolver_of, subject_of
from smtp_tui.tui.widgets.dialog import ListChoiceDialog

SENDER = "from"


class DiscoveryController(Controller):
    """Finds settings, and sets those that the admin chooses in the form."""

    async def discover(self) -> None:
        """Search for servers by the form's address or host, and set the chosen one."""
        self.form.commit_edit()
        search = None if self.test_pane.lookup.is_alone else self._search
        screen = DiscoverScreen(proposed_search(self.draft), self.draft, search)
        found = await self.show_dialog(screen)
        if found is None:
            return
        change = server_change(found, self.draft)
        remarks = server_remarks(found, self.draft)
        self.form.history.apply(self.draft, change)
        done = text(
            "discover",
            "taken",
            host=found.host,
            port=found.port,
            done=_report_change(change, self.draft),
        )
        self.show_change(f"{done} {remarks}".rstrip())

    async def presets(self) -> None:
        """List the known providers, and set the chosen one."""
        self.form.commit_edit()
        # The admin's own providers are files on a disk that may be slow.
        known = await in_daemon_thread(known_presets)
        chosen = await self.show_dialog(PresetScreen(known, self.draft))
        if chosen is None:
            return
        provider, way, typed = chosen
        before = self.draft.raw(HOST)
        change = preset_change(provider, way, self.draft, typed)
        self.form.history.apply(self.draft, change)
        is_new = self.draft.raw(HOST) != before
        key, hint = next_step(provider, self.draft, is_new=is_new) or (None, "")
        done = text(
            "presets", "taken", provider=provider.name, done=_report_change(change, self.draft)
        )
        self.show_change(f"{done} {hint}".rstrip(), at=key)

    async def import_settings(self) -> None:
        """Import settings from a pasted text or a file, as one undo step."""
        self.form.commit_edit()
        plan = await self.show_dialog(ImportScreen(self.draft))
        if plan is None:
            return
        secret = plan.secret
        password = partial(secret.put_into, self.draft.password) if secret else None
        self.form.history.apply(self.draft, plan.change, password)
        title = format_named(plan.imported.format).title
        self.show_change()
        names = {"format": title, "labels": plan.labels, "key": key_of("undo")}
        self.show_message(text("import", "taken", **names))

    async def export_settings(self) -> None:
        """Ask for a program, and show the settings in its format."""
        self.form.commit_edit()
        titles = [*labels().values()]
        chosen = await self.show_dialog(ListChoiceDialog(text("choose", "target"), titles, 0))
        if chosen is not None:
            screen = ExportScreen(self.draft.values(), self.document.path, [*labels()][chosen])
            await self.show_dialog(screen)

    async def show_domain(self) -> None:
        """Show what DNS says about the sender's domain, asking DNS first if needed."""
        self.form.commit_edit()
        check, sender = self.test_pane.domain, SenderDomain(self.context)
        # Results for another sender are out of date.
        if not sender.refusal() and not check.is_about(sender.last_request()[0]):
            sender.ask()
        await self.show_dialog(DomainScreen(check, sender))

    def _search(self, query: DiscoveryQuery, with_web: bool) -> AsyncGenerator[Step, None]:
        folder, resolver = absolute(self.document.path).parent, resolver_of(self.test_pane.lookup)
        return search_servers(query, self.draft, folder, resolver, with_web=with_web)


class SenderDomain(Controller):
    """DNS queries about the domain that the form's settings send from."""

    def refusal(self) -> str:
        """Return why DNS cannot be asked, or ""."""
        if self.test_pane.domain.is_alone:
            return text("dns", "alone")
        problems = self.draft.reading().problems
        if problems and not self._is_tested:
            label = BY_KEY[problems[0].key].label
            problem = f"{label} {escape_controls(problems[0].message)}"
            return text("dns", "unusable", problem=problem)
        if subject_of(self.last_request()[0]) is None:
            return text("dns", "nameless", field=BY_KEY[SENDER].label)
        return ""

    def ask(self) -> None:
        """Start the DNS queries."""
        request, events = self.last_request()
        done = self.test_pane.done
        # Times in the log count from the start of the test.
        since = done.verdict.seconds if done and events else 0.0
        self.test_pane.domain.ask(request, events, since)

    @property
    def has_shown_addresses(self) -> bool:
        """Whether the test has shown the local and remote addresses of the connection."""
        return last_connected(self.last_request()[1]) is not None

    def last_request(self) -> tuple[CheckRequest, Sequence[Event]]:
        """Return the last test's request and events, or a new request if the form has changed."""
        done = self.test_pane.done
        if done is not None and self._is_tested:
            return done.request, done.events
        return request_for(self.draft, file=self.document.path, table=self.table), ()

    @property
    def _is_tested(self) -> bool:
        last = self.test_pane.last_test
        return last is not None and not last.is_stale


def _report_change(change: Mapping[str, object], draft: SettingsDraft) -> str:
    return format_done(change, draft) if change else text("discover", "same")
