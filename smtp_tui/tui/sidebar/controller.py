"""What is shown beside the form: the sidebar's page, and the line of messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.style import Style
from textual.events import Key

from smtp_tui.tui.commands import key_of, with_keys
from smtp_tui.tui.form.form import Form, letters
from smtp_tui.tui.layout import is_narrow, is_tiny
from smtp_tui.tui.log.view import LogView
from smtp_tui.tui.sidebar.field_help import blocks_for, in_short, log_blocks, summary
from smtp_tui.tui.style import BAD, CURSOR, PLAIN, STRONG
from smtp_tui.tui.test_pane.pane import TestPane
from smtp_tui.tui.typeahead import KeyQueue
from smtp_tui.tui.widgets.text_page import Block, TextPage, plain


class Sidebar(TextPage):
    """A page that the form's keys scroll; the focus never comes here."""

    DEFAULT_CSS = "Sidebar { height: 100%; }"

    def page(self, pages: int) -> None:
        """Scroll by what is in sight."""
        self.scroll_to(y=self.scroll_offset.y + pages * max(self.size.height - 1, 1), animate=False)


ASKED = "Which letter?"


class SidebarController:
    """Keeps sidebar and message true to what is under the cursor.

    A message stays until a value changes, or the focus leaves the field that it is about.
    """

    def __init__(
        self,
        form: Form,
        test_pane: TestPane,
        sidebar: Sidebar,
        message: TextPage,
        about_file: Callable[[], Iterable[Block]],
    ) -> None:
        self._form = form
        self._test_pane = test_pane
        self._sidebar = sidebar
        self._message = message
        self._about_file = about_file
        self._message_text = ""
        self._message_at: str | None = None
        self._hides_field = False

    def show_message(self, text: str, style: Style = PLAIN, *, at: str | None = None) -> None:
        """Show a message; `at` is the field that the focus is about to go to."""
        self._message_text, self._message_at = text, at or self._form.current_row.key
        # Texts name the usual keys; the admin may have chosen others.
        self._message.show([plain(with_keys(text), style)])

    def jump(self) -> None:
        """Show a letter at each row and go to that of the next key; any other goes nowhere."""
        app, form = self._form.app, self._form
        if not isinstance(app, KeyQueue):
            raise AssertionError("only an application that takes keys in order can hold one back")
        self._list_letters(form.show_letters())

        def go(key: Key) -> None:
            form.hide_letters()
            self.refresh()
            for topic, letter in letters().items():
                if letter and (key.character or "").casefold() == letter:
                    form.focus_field(topic)

        app.take_next_key(go)

    def _list_letters(self, beyond: Sequence[tuple[str, str]]) -> None:
        """Ask for a letter, and name those of rows out of sight."""
        # Without a sidebar one line has room for them, and no part moves for it.
        if not self._sidebar.size:
            listed = ", ".join(f"{letter} {label}" for letter, label in beyond)
            self._message.show([plain(f"{ASKED} {listed}")])
            return
        asked = plain(f"{ASKED} Also:" if beyond else ASKED, STRONG)
        lines = ([(letter, CURSOR), (f" {label}", PLAIN)] for letter, label in beyond)
        self._sidebar.show([asked, *(Block(tuple(line), gap=False) for line in lines)])

    def withdraw_message(self, text: str) -> None:
        """Clear a message that is no longer true, if it was the last one."""
        if self._message_text == text:
            self.clear_message()

    def set_field_hidden(self, hides: bool) -> None:
        """Say nothing of a field while the log has the form's place."""
        if hides != self._hides_field:
            self._hides_field = hides
            self.refresh_message()

    def clear_message(self) -> None:
        """Show no message any more."""
        self._message_at = None
        self.refresh_message()

    def follow_focus(self) -> None:
        """Show the page of what has the focus now; a message about another field goes."""
        if self._message_at != self._form.current_row.key or self._is_in_log:
            self._message_at = None
        self.refresh()

    def refresh(self, *, from_top: bool = True) -> None:
        """Show the page of what is under the cursor as it is now."""
        row, pane, is_in_log = self._form.current_row, self._test_pane, self._is_in_log
        panel = pane.verdict
        if is_in_log:
            file = self._about_file()
            blocks = log_blocks(panel.verdict, panel.mail, pane.domain_blocks(), file)
        else:
            advice, draft = self._form.advice_on(row.key), self._form.draft
            blocks = blocks_for(row.key, draft, row.state, advice, pane.last_test)
        # PgDn scrolls the log while that has the focus.
        self._sidebar.name_key("" if is_in_log else "PgDn")
        panel.name_key(key_of("zoom" if is_in_log else "switch"))
        self._sidebar.show(blocks, from_top=from_top)
        self.refresh_message()

    def refresh_message(self) -> None:
        """Show a problem that its row has no room for; without a sidebar, what the field is."""
        if self._message_at is not None:
            return
        row, size = self._form.current_row, self._form.screen.size
        if self._hides_field:
            self._message.show([])
        elif row.hides_problem:
            self._message.show([plain(row.state.problem, BAD)])
        elif is_narrow(size) or is_tiny(size):
            advice = self._form.advice_on(row.key)
            said = row.state.limit or summary(row.key)
            self._message.show([in_short(advice, said)])
        else:
            self._message.show([])

    @property
    def _is_in_log(self) -> bool:
        return isinstance(self._form.screen.focused, LogView)
