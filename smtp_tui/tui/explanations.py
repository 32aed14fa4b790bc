"""Compose the explanations of a field, of the last test and of the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.paths import config_folder
from smtp_tui.diagnosis.advice import Advice
from smtp_tui.diagnosis.field_notes import observations_of, value_note
from smtp_tui.lazy import load
from smtp_tui.providers import Provider, SecretKind, UsernameKind, presets_with, provider_of
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls
from smtp_tui.settings.choices import OF_TOKENS
from smtp_tui.settings.fields import BY_KEY, FIELDS
from smtp_tui.settings.schema import explanation
from smtp_tui.tui.commands import key_of, log_keys
from smtp_tui.tui.form.rows import MORE_LABEL, SIGNS
from smtp_tui.tui.messages import as_sentence, text
from smtp_tui.tui.model.choices import choices
from smtp_tui.tui.model.draft import ACCOUNT, HOST, PASSWORD, SettingsDraft, text_of
from smtp_tui.tui.model.password import PasswordLocation
from smtp_tui.tui.model.row_state import KEPT_LABEL, KEPT_SUMMARY, RowState
from smtp_tui.tui.model.session import LastTest
from smtp_tui.tui.model.verdict_text import with_labels
from smtp_tui.tui.style import BAD, CAUTION, PLAIN, STRONG
from smtp_tui.tui.test_pane.pane import TestPane
from smtp_tui.tui.widgets.text_page import TextBlock, defined, labelled, parse, plain

LAST_TEST = "last test"  # the subject of a page, next to the keys of the rows
TEST_TITLE = "The last test"


@record
class Explanation:
    """A page: its title, a sentence next to the title, its text, and whether F9 has a fix."""

    title: str
    summary: str
    blocks: tuple[TextBlock, ...]
    has_fix: bool = False


def summary_of(key: str) -> str:
    """Return a sentence about a row."""
    if key == MORE_LABEL:
        return "Settings that you rarely need; Enter shows them."
    return BY_KEY[key].summary if key in BY_KEY else KEPT_SUMMARY


@record
class FieldPage:
    """What is known about a row: problems and advice, the value's effect, and the help page."""

    title: str
    wrong: tuple[TextBlock, ...]
    known: tuple[tuple[str, str], ...]
    lead: tuple[TextBlock, ...]
    rest: tuple[TextBlock, ...]
    value_first: bool = False

    def in_sidebar(self) -> list[TextBlock]:
        """Return the blocks, most important first."""
        known = [labelled(*pair) for pair in self.known]
        if self.value_first:
            what = [*known, *self.lead]
        else:
            what = [*self.lead, *(replace(block, gap=True) for block in known)]
        return [plain(self.title, STRONG), *self.wrong, *what, *self.rest]

    def at_full_size(self, verdict: Sequence[TextBlock]) -> tuple[TextBlock, ...]:
        """Return the blocks below a title, those of the last verdict among them."""
        above = [*(defined(*pair) for pair in self.known), *self.wrong]
        if verdict:
            above += [plain(TEST_TITLE, STRONG), *verdict]
        return (*above, *self.lead, *self.rest)


def field_page(
    row_key: str,
    draft: SettingsDraft,
    state: RowState,
    advice: Sequence[Advice],
    last: LastTest | None,
) -> FieldPage:
    """Return the page of a row."""
    wrong = [TextBlock((("! ", BAD), (state.problem, BAD)), rest="  ", gap=False)]
    if row_key == MORE_LABEL:
        intro = plain("Settings that you rarely need. Enter shows or hides them.")
        folded = [field for field in FIELDS if field.advanced]
        listed = [replace(defined(field.label, field.summary), gap=True) for field in folded]
        advised = tuple(_advice_blocks(advice))
        return FieldPage("More", advised, (), (intro,), tuple(listed))
    key = row_key if row_key in BY_KEY else PASSWORD
    (_, *lead), rest = _page(key)
    chosen: list[tuple[str, str]] = []
    if row_key != key:
        lead, word = [plain(KEPT_SUMMARY)], state.chosen or ""
        chosen = [(word, choice.meaning) for choice in choices(row_key, [word], state, None)]
    note = value_note(key, draft.values())
    found = observations_of(key, last.facts, last.verdict) if last else ""
    when = "Last test, before your change" if last and last.is_stale else "Last test"
    return FieldPage(
        title=BY_KEY[key].label if row_key == key else KEPT_LABEL,
        wrong=(
            *(wrong if state.problem else ()),
            *_application_blocks(key, draft, state),
            *_advice_blocks(advice, key),
        ),
        known=tuple(pair for pair in (*chosen, ("Now", note), (when, found)) if pair[1]),
        lead=tuple(lead),
        rest=(
            *_refusals(state),
            *(_token_blocks(draft) if key == PASSWORD else ()),
            *_provider_blocks(key, draft),
            *rest,
        ),
        # The finding of a test, or the chosen place, is more useful than the general description.
        value_first=bool(found) or row_key != key,
    )


def _page(key: str) -> tuple[list[TextBlock], list[TextBlock]]:
    """Return a field's help page in two parts: title and lead, and all later sections."""
    try:
        lead, mark, rest = explanation(key).partition("\n## ")
    except FileNotFoundError:  # a new field works without a page
        return [plain(BY_KEY[key].label, STRONG), plain(BY_KEY[key].summary)], []
    return parse(lead), parse(f"{mark}{rest}")


def _application_blocks(key: str, draft: SettingsDraft, state: RowState) -> Iterator[TextBlock]:
    """Yield the limits and the default of the file's application."""
    if state.limit:
        yield labelled("Cannot be set here", state.limit)
    raw = draft.assumed(key)
    if raw is not None and draft.raw(key) is None and key != PASSWORD:
        shown = state.chosen or text_of(raw)
        yield plain(f"Not in the file: {draft.application} uses {shown}.", gap=False)


def _token_blocks(draft: SettingsDraft) -> Iterator[TextBlock]:
    """Yield how to sign in, and what a typed access token says of itself, never the token."""
    if draft.parsed()["authentication"] not in OF_TOKENS:
        return
    password = draft.password
    is_signed_in = password.location is PasswordLocation.OAUTH
    offer = text("sign-in", "again" if is_signed_in else "offer", key=key_of("sign_in"))
    yield labelled("Sign in", offer)
    if token := password.at_hand:
        # Reading a token loads the providers and its texts, which no other page needs.
        judged = load("diagnosis.tokens:judge")(token, draft.text(HOST), draft.text(ACCOUNT))
        for found in judged.findings:
            style = BAD if found.severity == "sure" else CAUTION
            yield labelled("Token", found.sentence, style)
            if found.cure:
                yield plain(found.cure, gap=False)


def _refusals(state: RowState) -> Iterator[TextBlock]:
    """Yield which words cannot be chosen here, and why."""
    if state.refused and not state.limit:
        yield labelled(
            f"Unavailable: {', '.join(state.refused)}", next(iter(state.refused.values()))
        )
    for word, why in state.doubts.items():
        if word != state.chosen:  # else advice says it
            yield labelled(f"Unavailable: {word}", why)


def _advice_blocks(advice: Iterable[Advice], key: str | None = None) -> Iterator[TextBlock]:
    """Yield each advice in full; if it is about another field than `key`, name the field."""
    for item in advice:
        sign, style = SIGNS[item.severity]
        spans = [(item.text, PLAIN)]
        if item.field != key:
            spans.insert(0, (f"{BY_KEY[item.field].label}: ", STRONG))
        if item.more:
            spans.append((f" {with_labels(item.more)}", PLAIN))
        yield TextBlock(((f"{sign} ", style), *spans), rest="  ", gap=False)


def _provider_blocks(key: str, draft: SettingsDraft) -> Iterator[TextBlock]:
    """Yield what the host's provider requires of a field.

    The meaning of the value names the provider and its first note; these blocks add the rest.
    """
    host = draft.text(HOST)
    if not host:
        return
    own_providers = _own_providers(config_folder() / "providers")
    own = next((provider for provider in own_providers if provider.matches(host)), None)
    provider = own or provider_of(host)
    if provider is None:
        return
    blocks: list[TextBlock] = []
    if key == HOST:
        # The meaning of the value has a built-in provider's first note already.
        notes = (*provider.notes[0 if own else 1 :], *provider.limits)
        blocks += (TextBlock(plain(note).spans, "- ", "  ", gap=False) for note in notes)
    elif key == ACCOUNT and provider.user is not UsernameKind.NONE and (own or draft.raw(ACCOUNT)):
        blocks.append(labelled("Username", provider.username_is))
    elif key == PASSWORD and provider.secret is not SecretKind.NONE:
        blocks += [labelled("Password", provider.password_is)] if own else []
        blocks += [labelled("Create it at", provider.page)] if provider.page else []
    if blocks:
        yield plain(f"At {provider.name}", STRONG)
        yield from blocks


@cache
def _own_providers(folder: Path) -> tuple[Provider, ...]:
    """Return the providers from the admin's files, read once."""
    if not folder.is_dir():
        return ()
    presets = presets_with(folder)
    return tuple(provider for provider in presets.providers if provider.id in presets.own)


def verdict_page(pane: TestPane) -> list[TextBlock]:
    """Return the last verdict in full, and the DNS report."""
    blocks = pane.verdict_blocks() or [plain("No test has finished yet.")]
    return [*(replace(block, gap=True) for block in blocks), *pane.domain_blocks()]


def log_blocks(pane: TestPane, file: Iterable[TextBlock]) -> list[TextBlock]:
    """Return the last verdict in full, the DNS report, the keys of the log, and `file`."""
    keys = [plain("Keys in the log", STRONG)]
    keys += [plain("", gap=False), *(defined(names, what) for names, what in log_keys())]
    return [plain(TEST_TITLE, STRONG), *verdict_page(pane), *keys, *file]


def file_blocks(document: Document, table: str) -> Iterator[TextBlock]:
    """Yield the file's format and why, the remarks, and the key that changes the format."""
    yield plain("The file", STRONG)
    yield plain(f"{escape_controls(str(document.recognition))}.", gap=False)
    yield from (plain(remark, CAUTION, gap=False) for remark in remarks(document, table))
    yield plain(f"{key_of('dialect')} chooses another format.", gap=False)


def remarks(document: Document, table: str) -> tuple[str, ...]:
    """Return sentences on the table: unknown or unclear keys, mail switched off."""
    try:
        return tuple(map(_as_remark, document.remarks(table)))
    except DocumentError:  # opening the table shows the error
        return ()


def _as_remark(remark: str) -> str:
    """Return a remark as a sentence, on a field by its label."""
    key, colon, rest = remark.partition(": ")
    return as_sentence(f"{BY_KEY[key].label}{colon}{rest}" if key in BY_KEY else remark)
