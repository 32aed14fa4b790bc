"""Settings from a domain, or from a provider's name, taken into the form as one step."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path

from smtp_tui.config.paths import absolute, config_folder, expand
from smtp_tui.discovery.candidates import presets_with
from smtp_tui.discovery.dns import prepare
from smtp_tui.discovery.search import SearchOptions, discover
from smtp_tui.discovery.steps import ProbeResult, SearchQuery, Step
from smtp_tui.records import record
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.tls import ContextError, load_context
from smtp_tui.threads import in_daemon_thread
from smtp_tui.tui.controllers.form import FormController
from smtp_tui.tui.messages import text
from smtp_tui.tui.model.draft import HOST
from smtp_tui.tui.model.fixes import done_words
from smtp_tui.tui.model.search_changes import (
    knock_change,
    next_step,
    preset_change,
    proposed_change,
    unsayable,
)

CA_FILE, DOMAIN = "ca_file", "domain"
# Seconds that the file of certificates may take before the search goes on without it.
PATIENCE = 2.0


@record
class DiscoveryController:
    """Finds settings, and sets them in the form where the admin takes them."""

    context: FormController

    async def discover(self) -> None:
        """Search for what the form knows, or for another name, and take what is chosen."""
        from smtp_tui.tui.dialogs.discover import DiscoverScreen

        form, lookup = self.context.form, self.context.test_pane.lookup
        form.commit_edit()
        seek = None if lookup.is_alone else self._seek
        screen = DiscoverScreen(proposed_change(form.draft), form.draft, seek)
        knock = await form.app.push_screen_wait(screen)
        if knock is not None:
            self._take_found(knock)

    async def presets(self) -> None:
        """List the known providers, and take the settings of the one that is chosen."""
        from smtp_tui.tui.dialogs.presets import PresetScreen

        form = self.context.form
        form.commit_edit()
        known = await in_daemon_thread(lambda: presets_with(_folder()))
        chosen = await form.app.push_screen_wait(PresetScreen(known, form.draft))
        if chosen is None:
            return
        provider, way = chosen
        before = form.draft.raw(HOST)
        change = preset_change(provider, way, form.draft)
        self._make(change)
        step = next_step(provider, form.draft, is_new=form.draft.raw(HOST) != before)
        said = [text("presets", "taken", provider=provider.name, done=_done(change))]
        if step:
            self.context.screen.show_form()
            form.focus_field(step[0])
            said.append(step[1])
        self._say(" ".join(said), at=step[0] if step else None)

    def _take_found(self, knock: ProbeResult) -> None:
        draft = self.context.form.draft
        change = knock_change(knock, draft)
        cannot = unsayable(knock.values, draft)
        self._make(change)
        told = text("discover", "taken", host=knock.host, port=knock.port, done=_done(change))
        self._say(" ".join(filter(None, (told, cannot))))

    def _make(self, change: Mapping[str, object]) -> None:
        form = self.context.form
        form.history.apply(form.draft, change)
        self.context.show_change()

    def _say(self, said: str, *, at: str | None = None) -> None:
        self.context.sidebar.show_message(escape_controls(said), at=at)

    async def _seek(self, subject: SearchQuery, with_web: bool) -> AsyncGenerator[Step, None]:
        await in_daemon_thread(prepare)
        known = await in_daemon_thread(lambda: presets_with(_folder()))
        parsed = self.context.form.draft.parsed()
        wish = SearchOptions(
            resolver=self.context.test_pane.lookup.resolver(),
            providers=known.providers,
            with_autoconfig=with_web,
            ca_file=await self._ca_file(parsed[CA_FILE]),
            domain=parsed[DOMAIN],
        )
        async with aclosing(discover(subject, wish)) as steps:
            async for step in steps:
                yield step

    async def _ca_file(self, named: str | None) -> str | None:
        """Trust what a test would trust; what is wrong with the file is a test's to tell."""
        if not named:
            return None
        path = str(expand(named, absolute(self.context.document.path).parent))
        settings = parse_settings(
            {"host": "localhost", "encryption": "tls", CA_FILE: path}
        ).settings
        try:
            if settings is not None:
                await load_context(settings, PATIENCE)
        except (ContextError, TimeoutError):
            return None
        return path


def _folder() -> Path:
    return config_folder() / "providers"


def _done(change: Mapping[str, object]) -> str:
    return done_words(change) if change else text("discover", "same")
