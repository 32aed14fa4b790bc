"""Explain the focused row in the sidebar, and show messages below the form."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rich.style import Style
from textual.events import Key, Paste
from textual.timer import Timer

from smtp_tui.tui.commands import key_of, with_keys
from smtp_tui.tui.explanations import (
    LAST_TEST,
    TEST_TITLE,
    Explanation,
    FieldPage,
    field_page,
    log_blocks,
    summary_of,
    verdict_page,
)
from smtp_tui.tui.form.form import Form, letters
from smtp_tui.tui.form.rows import SIGNS
from smtp_tui.tui.layout import WIDE, lacks_sidebar
from smtp_tui.tui.log.view import LogView
from smtp_tui.tui.style import BAD, DIM, PLAIN, STRONG, Span
from smtp_tui.tui.test_pane.pane import TestPane
from smtp_tui.tui.typeahead import KeyQueue
from smtp_tui.tui.widgets.text_page import TextBlock, TextPage, flow, plain

WHICH_LETTER = "Which letter?"
REST = 0.12  # seconds without a move until the sidebar follows: Tab stays cheap on a slow line


class Sidebar(TextPage):
    """A page that the form's keys scroll; it never has the focus."""

    DEFAULT_CSS = "Sidebar { height: 100%; }"
    # In a narrow column, half a sentence next to the key is hard to read.
    keeps_cut_words = False
    _flowed_least = 0

    def lines(self, width: int) -> list[list[Span]]:
        """Return the wrapped lines up to the visible ones, and one more if there is one."""
        # A page has ten times the lines that are visible, and each Tab shows another page.
        least = self._top + self.size.height + 1
        if self._flowed is None or self._flowed[0] != width or self._flowed_least < least:
            self._flowed = width, flow(self.blocks, width - self._indent, least)
            self._flowed_least = least
        return self._flowed[1]


def _share_lines(names: Iterable[str], width: int) -> list[str]:
    """Return the names in fewer lines; no name is split."""
    lines: list[str] = []
    for name in names:
        if lines and len(f"{lines[-1]}, {name}") <= width:
            lines[-1] += f", {name}"
        else:
            lines.append(name)
    return lines


class SidebarController:
    """Updates sidebar and message for the focused row.

    A message stays until a value changes, or the focus leaves the field that it is about.
    """

    def __init__(
        self,
        form: Form,
        test_pane: TestPane,
        sidebar: Sidebar,
        message: TextPage,
        about_file: Callable[[], Iterable[TextBlock]],
    ) -> None:
        self._form, self._test_pane = form, test_pane
        self._sidebar, self._message = sidebar, message
        self._about_file = about_file
        self._message_text = ""
        self._message_at: str | None = None
        self._hides_field = self._is_jumping = False
        self._rest: Timer | None = None

    def show_message(self, text: str, style: Style = PLAIN, *, at: str | None = None) -> None:
        """Show a message; `at` is the field that gets the focus next."""
        self._message_text, self._message_at = text, at or self._form.current_row.key
        # Texts name the default keys; the admin may have chosen others.
        self._message.show([plain(with_keys(text), style)])

    def withdraw_message(self, text: str) -> None:
        """Clear a message that is no longer true, if it was the last one."""
        if self._message_text == text:
            self.clear_message()

    def shows_nothing_but(self, text: str) -> bool:
        """Whether no other message than this one is shown."""
        return self._message_at is None or self._message_text == text

    def clear_message(self) -> bool:
        """Clear the message; return whether there was one."""
        had_message = self._message_at is not None
        self._message_at = None
        self.refresh_message()
        return had_message

    def set_field_hidden(self, hides: bool) -> None:
        """Hide the message about a field while the log hides the form."""
        if hides != self._hides_field:
            self._hides_field = hides
            self.refresh_message()

    def jump(self) -> None:
        """Show a letter next to each row; the next key focuses the row with that letter."""
        app, form = self._form.app, self._form
        assert isinstance(app, KeyQueue)  # only the key queue can intercept the next key
        self._is_jumping = True
        self._show_letters()

        def focus_row(event: Key | Paste) -> None:
            typed = event.character or "" if isinstance(event, Key) else ""
            form.hide_letters()
            self._is_jumping = False
            self.refresh()
            for row_key, letter in letters().items():
                if letter and typed.casefold() == letter:
                    form.focus_field(row_key)

        app.take_next_key(focus_row)

    def _show_letters(self) -> None:
        """Show the rows' letters, and in sidebar or message those of rows out of view."""
        names = [f"{letter} {label}" for letter, label in self._form.show_letters()]
        if lacks_sidebar(self._form.screen.size):
            self._message.show([plain(f"{WHICH_LETTER} {', '.join(names)}")])
            return
        prompt = plain(f"{WHICH_LETTER} Also:" if names else WHICH_LETTER, STRONG)
        width, height = self._sidebar.size
        if len(names) >= height:
            names = _share_lines(names, width - 1)
        self._sidebar.show([prompt, *(plain(name, gap=False) for name in names)])

    def follow_focus(self) -> None:
        """Show the page of the new focus after a rest."""
        if self._rest is not None:
            self._rest.stop()
        self._rest = self._form.set_timer(REST, self.follow_now)

    def follow_now(self) -> None:
        """Show the page of the new focus, if it waits for a rest; clear messages about others."""
        if self._rest is None:
            return
        self._rest.stop()
        self._rest = None
        if self._message_at != self._form.current_row.key or self._is_in_log:
            self._message_at = None
        self.refresh()

    def refresh(self, *, from_top: bool = True) -> None:
        """Show the current page of the focused row or the log."""
        if self._rest is not None or self._is_jumping:
            return
        self.name_keys()
        if self._is_in_log and self._has_room_for_log:
            blocks = log_blocks(self._test_pane, self._about_file())
        else:
            blocks = self._page(self._form.current_row.key).in_sidebar()
        self._sidebar.show(blocks, from_top=from_top)
        self.refresh_message()

    def name_keys(self) -> None:
        """Name the keys that show more than fits: PgDn scrolls the log while that has the focus."""
        if not self._is_in_log:
            self._sidebar.name_key(f"{key_of('explain')} PgDn")
        else:
            self._sidebar.name_key(key_of("explain") if self._has_room_for_log else None)

    @property
    def _has_room_for_log(self) -> bool:
        """Whether the sidebar shows the keys of the log; next to a short form it stays as it is."""
        return self._form.screen.size.width >= WIDE

    def explanation(self, subject: str) -> Explanation:
        """Return the page of a row, or of the last test, at full size."""
        pane = self._test_pane
        has_fix = bool(pane.fixes)
        if subject == LAST_TEST:
            return Explanation(TEST_TITLE, "", tuple(verdict_page(pane)), has_fix)
        page, last = self._page(subject), pane.last_test
        failed = pane.verdict_blocks() if last and not last.verdict.ok else ()
        return Explanation(page.title, summary_of(subject), page.at_full_size(failed), has_fix)

    def _page(self, key: str) -> FieldPage:
        form, last = self._form, self._test_pane.last_test
        return field_page(key, form.draft, form.state_of(key), form.advice_on(key), last)

    def refresh_message(self) -> None:
        """Show a problem that does not fit in its row; without a sidebar, a summary."""
        if self._is_jumping:  # a new size may have rows out of view
            self._show_letters()
            return
        if self._message_at is not None:
            return
        row, size = self._form.current_row, self._form.screen.size
        if self._hides_field:
            self._message.show([])
        elif row.hides_problem:
            self._message.show([plain(row.state.problem, BAD)])
        elif lacks_sidebar(size):
            # From the first test on the rows belong to the verdict and the log.
            summary = "" if self._test_pane.verdict.blocks else summary_of(row.key)
            spans = [(row.state.limit or summary, DIM)]
            if advice := self._form.advice_on(row.key):
                sign, style = SIGNS[advice[0].severity]
                spans = [(f"{sign} ", style), (f"{advice[0].text} ", PLAIN), *spans]
            if row.hides_fault:
                spans.insert(0, (f"! {row.state.fault}  ", BAD))
            self._message.show([TextBlock(tuple(spans))] if any(text for text, _ in spans) else [])
        else:
            self._message.show([])

    @property
    def _is_in_log(self) -> bool:
        return isinstance(self._form.screen.focused, LogView)
