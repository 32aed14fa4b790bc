"""The sidebar, which explains what is under the cursor, and the line of messages below the form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from rich.style import Style
from textual.events import Key

from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.paths import config_folder
from smtp_tui.diagnosis.advice import Advice
from smtp_tui.diagnosis.field_notes import observations_of, value_note
from smtp_tui.providers.provider import Provider, Secret, User, presets_with, provider_of
from smtp_tui.settings.fields import BY_KEY, FIELDS
from smtp_tui.settings.schema import explanation
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.commands import key_of, log_keys, with_keys
from smtp_tui.tui.form.form import Form, letters
from smtp_tui.tui.form.rows import MORE_LABEL, SIGNS
from smtp_tui.tui.layout import lacks_sidebar
from smtp_tui.tui.log.view import LogView
from smtp_tui.tui.model.draft import ACCOUNT, HOST, PASSWORD, Draft, text_of
from smtp_tui.tui.model.fixes import LastTest
from smtp_tui.tui.model.row_state import RowState
from smtp_tui.tui.style import BAD, CURSOR, DIM, PLAIN, STRONG, WARNING
from smtp_tui.tui.test_pane.pane import TestPane
from smtp_tui.tui.test_pane.verdict import verdict_blocks, warning_blocks
from smtp_tui.tui.typeahead import KeyQueue
from smtp_tui.tui.widgets.text_page import Block, TextPage, labelled, parse, plain

LOCATION_SUMMARY = (
    "Where the password is kept. Choose another place: saving stores it there, reads it back, then "
    "removes it from here."
)
WHICH_LETTER = "Which letter?"


class Sidebar(TextPage):
    """A page that the form's keys scroll; the focus never comes here."""

    DEFAULT_CSS = "Sidebar { height: 100%; }"


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
        self._form, self._test_pane = form, test_pane
        self._sidebar, self._message = sidebar, message
        self._about_file = about_file
        self._message_text = ""
        self._message_at: str | None = None
        self._hides_field = False

    def show_message(self, text: str, style: Style = PLAIN, *, at: str | None = None) -> None:
        """Show a message; `at` is the field that the focus is about to go to."""
        self._message_text, self._message_at = text, at or self._form.current_row.key
        # Texts name the usual keys; the admin may have chosen others.
        self._message.show([plain(with_keys(text), style)])

    def withdraw_message(self, text: str) -> None:
        """Clear a message that is no longer true, if it was the last one."""
        if self._message_text == text:
            self.clear_message()

    def clear_message(self) -> None:
        """Show no message any more."""
        self._message_at = None
        self.refresh_message()

    def set_field_hidden(self, hides: bool) -> None:
        """Show nothing about a field while the log has the form's place."""
        if hides != self._hides_field:
            self._hides_field = hides
            self.refresh_message()

    def jump(self) -> None:
        """Show a letter at each row and go to that of the next key; any other goes nowhere."""
        app, form = self._form.app, self._form
        assert isinstance(app, KeyQueue)  # only keys taken in order can be held back
        beyond = form.show_letters()
        if self._sidebar.size:
            asked = plain(f"{WHICH_LETTER} Also:" if beyond else WHICH_LETTER, STRONG)
            lines = (((letter, CURSOR), (f" {label}", PLAIN)) for letter, label in beyond)
            self._sidebar.show([asked, *(Block(line, gap=False) for line in lines)])
        else:  # one line has room for them, and no part moves for it
            listed = ", ".join(f"{letter} {label}" for letter, label in beyond)
            self._message.show([plain(f"{WHICH_LETTER} {listed}")])

        def go(key: Key) -> None:
            form.hide_letters()
            self.refresh()
            for row_key, letter in letters().items():
                if letter and (key.character or "").casefold() == letter:
                    form.focus_field(row_key)

        app.take_next_key(go)

    def follow_focus(self) -> None:
        """Show the page of what has the focus now; a message about another field goes."""
        if self._message_at != self._form.current_row.key or self._is_in_log:
            self._message_at = None
        self.refresh()

    def refresh(self, *, from_top: bool = True) -> None:
        """Show the page of what is under the cursor as it is now."""
        row, pane, is_in_log = self._form.current_row, self._test_pane, self._is_in_log
        if is_in_log:
            blocks = _log_blocks(pane, self._about_file())
        else:
            advice = self._form.advice_on(row.key)
            blocks = _field_blocks(row.key, self._form.draft, row.state, advice, pane.last_test)
        # PgDn scrolls the log while that has the focus.
        self._sidebar.name_key("" if is_in_log else "PgDn")
        pane.verdict.name_key(key_of("zoom" if is_in_log else "switch"))
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
        elif lacks_sidebar(size):
            summary = row.state.limit or _summary(row.key)
            spans = [(summary, DIM)]
            if advice := self._form.advice_on(row.key):
                sign, style = SIGNS[advice[0].severity]
                spans = [(f"{sign} ", style), (f"{advice[0].text} ", PLAIN), *spans]
            self._message.show([Block(tuple(spans))])
        else:
            self._message.show([])

    @property
    def _is_in_log(self) -> bool:
        return isinstance(self._form.screen.focused, LogView)


def _summary(key: str) -> str:
    if key == MORE_LABEL:
        return "Settings that you rarely need; Enter shows them."
    return BY_KEY[key].summary if key in BY_KEY else LOCATION_SUMMARY


def _field_blocks(
    row_key: str, draft: Draft, state: RowState, advice: Sequence[Advice], last: LastTest | None
) -> list[Block]:
    """Return what there is to show about a row, what matters first.

    Its title; what is wrong or doubtful; what it is, and what its value means now; the rest of its
    page. What a test found about it moves to the top, what it means now along with it.
    """
    if row_key == MORE_LABEL:
        intro = plain("Settings that you rarely need. Enter shows or hides them.")
        folded = [field for field in FIELDS if field.advanced]
        listed = [Block(((f"{field.label}: ", STRONG), (field.summary, PLAIN))) for field in folded]
        return [plain("More", STRONG), *_advice_blocks(advice), intro, *listed]
    key = row_key if row_key in BY_KEY else PASSWORD
    (title, *lead), rest = _page(key)
    if row_key != key:
        title, *lead = plain("Kept in", STRONG), plain(LOCATION_SUMMARY)
    note = value_note(key, draft.values())
    now = [labelled("Now", note)] if note else []
    # What a test found is of more use than what the field is in general.
    if last and (found := observations_of(key, last.facts, last.verdict)):
        when = "Last test, before your change" if last.is_stale else "Last test"
        what = [*now, labelled(when, found), *lead]
    else:
        what = [*lead, *(replace(block, gap=True) for block in now)]
    wrong = [Block((("! ", BAD), (state.problem, BAD)), rest="  ", gap=False)]
    return [
        title,
        *(wrong if state.problem else ()),
        *_application_blocks(key, draft, state),
        *_advice_blocks(advice, key),
        *what,
        *_provider_blocks(key, draft),
        *rest,
    ]


def _page(key: str) -> tuple[list[Block], list[Block]]:
    """Return a field's page: its title with the lead, and what comes under further titles."""
    try:
        lead, mark, rest = explanation(key).partition("\n## ")
    except FileNotFoundError:  # a field works before its page is written
        return [plain(BY_KEY[key].label, STRONG), plain(BY_KEY[key].summary)], []
    return parse(lead), parse(f"{mark}{rest}")


def _application_blocks(key: str, draft: Draft, state: RowState) -> Iterator[Block]:
    """Yield what the application whose file it is makes of a field."""
    if state.limit:
        yield labelled("Cannot be set here", state.limit)
    elif state.refused:
        yield labelled(f"Not here: {', '.join(state.refused)}", next(iter(state.refused.values())))
    raw = draft.assumed(key)
    if raw is not None and draft.raw(key) is None and key != PASSWORD:
        shown = state.chosen or text_of(raw)
        yield plain(f"Not in the file: {draft.application} uses {shown}.", gap=False)


def _advice_blocks(advice: Iterable[Advice], key: str | None = None) -> Iterator[Block]:
    """Yield each advice whole; advice about another field than `key` names that field."""
    for item in advice:
        sign, style = SIGNS[item.severity]
        spans = [(item.text, PLAIN)]
        if item.field != key:
            spans.insert(0, (f"{BY_KEY[item.field].label}: ", STRONG))
        if item.more:
            spans.append((f" {item.more}", PLAIN))
        yield Block(((f"{sign} ", style), *spans), rest="  ", gap=False)


def _provider_blocks(key: str, draft: Draft) -> Iterator[Block]:
    """Yield what the provider whose server the host is requires of a field.

    What the value means names the provider and its first note; here stands the rest.
    """
    host = draft.text(HOST)
    if not host:
        return
    own_providers = _own_providers(config_folder() / "providers")
    own = next((provider for provider in own_providers if provider.matches(host)), None)
    provider = own or provider_of(host)
    if provider is None:
        return
    blocks: list[Block] = []
    if key == HOST:
        # The first note of a provider that we know is in what the value means.
        notes = (*provider.notes[0 if own else 1 :], *provider.limits)
        blocks += (Block(plain(note).spans, "- ", "  ", gap=False) for note in notes)
    elif key == ACCOUNT and provider.user is not User.NONE and (own or draft.raw(ACCOUNT)):
        blocks.append(labelled("Username", provider.username_is))
    elif key == PASSWORD and provider.secret is not Secret.NONE:
        blocks += [labelled("Password", provider.password_is)] if own else []
        blocks += [labelled("Create it at", provider.page)] if provider.page else []
    if blocks:
        yield plain(f"At {provider.name}", STRONG)
        yield from blocks


@cache
def _own_providers(folder: Path) -> tuple[Provider, ...]:
    """Return the providers that the admin describes in files; they are read once."""
    if not folder.is_dir():
        return ()
    presets = presets_with(folder)
    return tuple(provider for provider in presets.providers if provider.id in presets.own)


def _log_blocks(pane: TestPane, file: Iterable[Block]) -> list[Block]:
    """Return the last verdict whole, the domain in DNS, the keys of the log, and the `file`."""
    verdict = pane.verdict.verdict
    shown = [plain("No test has finished yet.")]
    if verdict:
        shown = [*verdict_blocks(verdict, pane.verdict.mail), *warning_blocks(verdict)]
    shown = [*(replace(block, gap=True) for block in shown), *pane.domain_blocks()]
    keys = [plain("Keys in the log", STRONG)]
    keys += [labelled(names, what) for names, what in log_keys()]
    # What the file was read as is of more use than the keys before the first test.
    rest = [*keys, *file] if verdict else [*file, *keys]
    return [plain("The last test", STRONG), *shown, *rest]


def file_blocks(document: Document, table: str) -> Iterator[Block]:
    """Yield what the file was read as and why, the remarks, and the key that changes it."""
    yield plain("The file", STRONG)
    yield plain(f"{escape_controls(str(document.recognition))}.", gap=False)
    yield from (plain(remark, WARNING, gap=False) for remark in remarks(document, table))
    yield plain(f"{key_of('dialect')} chooses another format.", gap=False)


def remarks(document: Document, table: str) -> tuple[str, ...]:
    """Return a sentence for each thing in the table that the form does not show."""
    try:
        return tuple(map(escape_controls, document.remarks(table)))
    except DocumentError:  # what is wrong shows where the table is opened
        return ()
