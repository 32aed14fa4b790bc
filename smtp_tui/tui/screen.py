"""The one screen: composes form, sidebar and bench, and wires them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.layout import Layout
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from smtp_tui.config.document import Document
from smtp_tui.tui.arranging import AsTheScreenSays
from smtp_tui.tui.bars import Divider, HintBar, StatusBar
from smtp_tui.tui.bench import Bench
from smtp_tui.tui.commands import COMMANDS, HINTS
from smtp_tui.tui.deeds import BUSY, Deeds
from smtp_tui.tui.defects import defect_words
from smtp_tui.tui.form import Form
from smtp_tui.tui.helping import HelpScreen
from smtp_tui.tui.ink import BAD, PLAIN
from smtp_tui.tui.kept import Kept
from smtp_tui.tui.log import Log
from smtp_tui.tui.model import Draft
from smtp_tui.tui.page import Page
from smtp_tui.tui.places import Wants, is_low, places
from smtp_tui.tui.saving import Keyring, values_of
from smtp_tui.tui.sidebar import Sidebar
from smtp_tui.tui.trial import Runner
from smtp_tui.tui.words import Words

FIRST_PAINT = 0.02  # seconds; without it a slow line gets the first screen three times
TRIAL = "trial"  # the workers of which there is one at a time
_LAYOUT = AsTheScreenSays()


class FormScreen(Screen[None], inherit_bindings=False):
    """Where everything happens."""

    # The stock reactive repaints the whole screen at each step of the focus; rows show it alone.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        *(command.binding for command in COMMANDS if not command.is_global),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    def __init__(
        self, document: Document, table: str, runner: Runner, keyring: Keyring, notice: str = ""
    ) -> None:
        super().__init__()
        self._document = document
        self.form = Form(Draft(values_of(document, table)), id="form")
        self.sidebar = Sidebar(indent=1, id="sidebar")
        self.bench = Bench(runner, notice, id="bench")
        self.message = Page(most=3, indent=1, id="message")
        self.status = StatusBar(str(document.path), table, id="status")
        self.divider = Divider(id="divider")
        self.hints = HintBar(HINTS, id="hints")
        self._words = Words(self.form, self.bench, self.sidebar, self.message)
        self._deeds = Deeds(self, self.form, self.bench, self._words, document, table, keyring)
        self._wants_bench = False

    def compose(self) -> ComposeResult:
        """Name the parts; where they stand is the business of `places`."""
        yield self.status
        yield self.form
        yield self.divider
        yield self.sidebar
        yield self.bench
        yield self.message
        yield self.hints

    def on_mount(self) -> None:
        """Paint once all parts have found their places, and watch how much of the form shows."""
        self.app.delay_update(FIRST_PAINT)
        for name in ("scroll_y", "virtual_size", "size"):
            self.watch(self.form, name, self._mark_divider, init=False)
        self.tell_state()

    def on_resize(self) -> None:
        """Give each part the room there is."""
        self._wants_bench = self.bench.is_busy or isinstance(self.focused, Log)
        self.bench.verdict.limit(3 if self.size.height < 32 else 5)
        self.call_after_refresh(self._after_resize)

    @property
    def layout(self) -> Layout:
        """The parts stand where `regions` says; Textual knows no style for that."""
        return _LAYOUT

    def regions(self, size: Size) -> dict[Widget, Region]:
        """Return where the parts stand."""
        wants = Wants(self.form.line_count, self.message.line_count, self._wants_bench)
        at = places(size, wants)
        return {
            self.status: at.status,
            self.form: at.form,
            self.divider: at.divider,
            self.sidebar: at.sidebar,
            self.bench: at.bench,
            self.message: at.message,
            self.hints: at.hints,
        }

    def say(self, text: str, style: Style = PLAIN, *, at: str | None = None) -> None:
        """Tell something in words, until the next change or step."""
        self._words.say(text, style, at=at)

    # What the parts tell

    def on_form_visited(self) -> None:
        """Another field is under the cursor."""
        self._words.follow()

    def on_form_changed(self) -> None:
        """A value changed."""
        self.bench.verdict.outdate()
        self.tell_state()
        self._words.hush()

    def on_form_rested(self) -> None:
        """Time to speak of what was typed."""
        self._words.refresh(from_top=False)

    def on_form_kept_elsewhere(self, event: Form.KeptElsewhere) -> None:
        """A keyring is wanted: find out whether there is one."""
        if event.place is Kept.KEYRING:
            self._work(self._deeds.look_for_keyring(), "keyring")

    def on_log_visited(self) -> None:
        """The log is under the cursor."""
        self._words.follow()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A defect in work under way must not cost what was typed."""
        if event.state is WorkerState.ERROR and event.worker.error:
            self.say(defect_words(event.worker.error), BAD)

    # What the keys do

    def action_page(self, pages: int) -> None:
        """Read on in the sidebar."""
        self.sidebar.page(pages)

    def action_switch(self) -> None:
        """Go to the log, or back."""
        if isinstance(self.focused, Log):
            self.show_form()
        else:
            self.show_bench()
            self.set_focus(self.bench.log_view)

    def action_back(self) -> None:
        """Stop the test; else go back to the form."""
        if self.bench.stop():
            return
        self._words.hush()
        self.show_form()

    def action_help(self) -> None:
        """Show what the keys do."""
        self.app.push_screen(HelpScreen())

    def action_test(self) -> None:
        """Test the form as it stands."""
        self._try(self._deeds.test)

    def action_send(self) -> None:
        """Send a test message."""
        self._try(self._deeds.send)

    def action_save(self) -> None:
        """Save what was changed."""
        self._work(self._deeds.save(), "save")

    def action_leave(self) -> None:
        """Leave, but not with changes unasked."""
        self._work(self._leave(), "leave")

    async def _leave(self) -> None:
        if await self._deeds.may_leave():
            self.bench.stop()
            self.app.exit(0)

    def _try(self, deed: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin a test or a message, unless one is under way."""
        if any(work.group == TRIAL and not work.is_finished for work in self.workers):
            self.say(BUSY)
        else:
            self._work(deed(), TRIAL)

    def _work(self, work: Coroutine[Any, Any, object], group: str) -> None:
        self.run_worker(work, group=group, exclusive=True, exit_on_error=False)

    # What is shown where

    def show_form(self) -> None:
        """Bring the form into sight, the focus in it."""
        self._want_bench(False)
        self.form.focus_last()

    def show_bench(self) -> None:
        """Bring the bench into sight."""
        self._want_bench(True)

    def tell_state(self) -> None:
        """Show whether there is something to save."""
        state = "modified" if self.form.draft.changed else ""
        self.status.tell(state or ("" if self._document.exists else "new file"))

    def _want_bench(self, wanted: bool) -> None:
        """Where form and log must take turns, say whose turn it is."""
        if wanted != self._wants_bench:
            self._wants_bench = wanted
            self.bench.refresh(layout=is_low(self.size))

    def _mark_divider(self) -> None:
        form = self.form
        self.divider.mark(form.scroll_offset.y, form.size.height, form.virtual_size.height)

    def _after_resize(self) -> None:
        self._words.refresh_message()
        self._mark_divider()
        self.form.here.scroll_visible(animate=False)
