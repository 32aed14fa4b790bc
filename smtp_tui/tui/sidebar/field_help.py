"""What the sidebar says of the field under the cursor, of the log and of the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from smtp_tui.config.dialects.spec import PLAIN as PLAIN_KEYS
from smtp_tui.config.document import Document
from smtp_tui.config.errors import DocumentError
from smtp_tui.config.paths import config_folder
from smtp_tui.diagnosis.advice import Advice
from smtp_tui.diagnosis.field_notes import observations_of, value_note
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.providers.provider import Provider, Secret, User, provider_of
from smtp_tui.settings.fields import BY_KEY, FIELDS, Field
from smtp_tui.settings.schema import explanation
from smtp_tui.smtp.delivery import MailRequest
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.tui.commands import key_of, log_keys
from smtp_tui.tui.form.rows import MORE_LABEL, SIGNS
from smtp_tui.tui.model.draft import ACCOUNT, HOST, PASSWORD, Draft, text_of
from smtp_tui.tui.model.fixes import LastTest
from smtp_tui.tui.model.row_state import RowState
from smtp_tui.tui.style import BAD, DIM, PLAIN, STRONG, WARNING
from smtp_tui.tui.test_pane.verdict import verdict_blocks, warning_blocks
from smtp_tui.tui.widgets.text_page import Block, labelled, parse, plain

KEPT_SUMMARY = (
    "Where the password is kept. Choose another place: saving stores it there, reads it back, then "
    "removes it from here."
)


def blocks_for(
    topic: str, draft: Draft, state: RowState, advice: Sequence[Advice], last: LastTest | None
) -> list[Block]:
    """Return what there is to say of the thing under the cursor, what matters first.

    Its title; what is wrong or doubtful; what it is, and what its value means now; the rest of its
    page. What a test found about it moves to the top, what it means now along with it.
    """
    if topic == MORE_LABEL:
        return [*_more_blocks(advice)]
    key = topic if topic in BY_KEY else PASSWORD
    (title, *lead), rest = _page(BY_KEY[key])
    if topic != key:
        title, *lead = plain("Kept in", STRONG), plain(KEPT_SUMMARY)
    now, found = _now_blocks(key, draft), _last_blocks(key, last)
    # What a test found is of more use than what the field is in general.
    what = [*now, *found, *lead] if found else [*lead, *(replace(one, gap=True) for one in now)]
    wrong = [Block((("! ", BAD), (state.problem, BAD)), rest="  ", gap=False)]
    said = [*(wrong if state.problem else ()), *_application_blocks(key, draft, state)]
    said += advice_blocks(advice, key)
    return [title, *said, *what, *_provider_blocks(key, draft), *rest]


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


def _more_blocks(advice: Sequence[Advice]) -> list[Block]:
    intro = plain("Settings that you rarely need. Enter shows or hides them.")
    listed = [
        Block(((f"{field.label}: ", STRONG), (field.summary, PLAIN)))
        for field in FIELDS
        if field.advanced
    ]
    return [plain("More", STRONG), *advice_blocks(advice), intro, *listed]


def log_blocks(
    verdict: Verdict | None,
    mail: MailRequest | None,
    domain: Iterable[Block] = (),
    file: Iterable[Block] = (),
) -> list[Block]:
    """Return the last verdict whole, the `domain` in DNS, the keys of the log, and the `file`."""
    told = [plain("No test has finished yet.")]
    if verdict:
        told = [*verdict_blocks(verdict, mail), *warning_blocks(verdict)]
    told = [*(replace(block, gap=True) for block in told), *domain]
    keys = [labelled(keys, what) for keys, what in log_keys()]
    keys.insert(0, plain("Keys in the log", STRONG))
    # What the file was read as is of more use than the keys before the first test.
    rest = [*keys, *file] if verdict else [*file, *keys]
    return [plain("The last test", STRONG), *told, *rest]


def summary(topic: str) -> str:
    """Return one line on a topic, for where there is no sidebar."""
    if topic in BY_KEY:
        return BY_KEY[topic].summary
    is_more = topic == MORE_LABEL
    return "Settings that you rarely need; Enter shows them." if is_more else KEPT_SUMMARY


def _page(field: Field) -> tuple[list[Block], list[Block]]:
    """Return a field's page: its title with the lead, and what comes under further titles."""
    try:
        lead, mark, rest = explanation(field.key).partition("\n## ")
    # A field works before its page is written.
    except FileNotFoundError:
        return [plain(field.label, STRONG), plain(field.summary)], []
    return parse(lead), parse(f"{mark}{rest}")


def format_name(document: Document) -> str:
    """Name whose settings the file holds, for the first line."""
    return document.application or PLAIN_KEYS


def remarks(document: Document, table: str) -> tuple[str, ...]:
    """Return a sentence for each thing in the table that the form does not show."""
    try:
        return tuple(map(escape_controls, document.remarks(table)))
    except DocumentError:  # what is wrong shows where the table is opened
        return ()


def file_blocks(document: Document, table: str) -> Iterator[Block]:
    """Yield what the file was read as and why, the remarks, and the key that changes it."""
    yield plain("The file", STRONG)
    yield plain(f"{escape_controls(str(document.recognition))}.", gap=False)
    yield from (plain(one, WARNING, gap=False) for one in remarks(document, table))
    yield plain(f"{key_of('dialect')} chooses another format.", gap=False)


def advice_blocks(advice: Iterable[Advice], topic: str | None = None) -> Iterator[Block]:
    """Yield each advice whole; what is told at another field than `topic` names that field."""
    for item in advice:
        sign, style = SIGNS[item.severity]
        spans = [(item.text, PLAIN)]
        if item.field != topic:
            spans.insert(0, (f"{BY_KEY[item.field].label}: ", STRONG))
        if item.more:
            spans.append((f" {item.more}", PLAIN))
        yield Block(((f"{sign} ", style), *spans), rest="  ", gap=False)


def in_short(advice: Sequence[Advice], summary: str) -> Block:
    """Return the first advice and the line on a field in one, for where there is no sidebar."""
    if not advice:
        return plain(summary, DIM)
    sign, style = SIGNS[advice[0].severity]
    return Block(((f"{sign} ", style), (f"{advice[0].text} ", PLAIN), (summary, DIM)))


def _now_blocks(key: str, draft: Draft) -> list[Block]:
    now = value_note(key, draft.values())
    return [labelled("Now", now)] if now else []


def _last_blocks(key: str, last: LastTest | None) -> list[Block]:
    found = observations_of(key, last.facts, last.verdict) if last else ""
    if last is None or not found:
        return []
    return [labelled("Last test, before your change" if last.is_stale else "Last test", found)]


def _provider_blocks(key: str, draft: Draft) -> Iterator[Block]:
    """Yield what the provider whose server the host is says of a field.

    What the value means names the provider and its first note; here stands the rest.
    """
    host = draft.text(HOST)
    if not host:
        return
    own = next((one for one in _own_providers(_providers_folder()) if one.matches(host)), None)
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


def _providers_folder() -> Path:
    return config_folder() / "providers"


@cache
def _own_providers(folder: Path) -> tuple[Provider, ...]:
    """Return the providers that the admin describes in files; they are read once."""
    if not folder.is_dir():
        return ()
    # Discovery takes 40 ms to import, and few have such a folder.
    from smtp_tui.discovery.candidates import presets_with

    presets = presets_with(folder)
    return tuple(provider for provider in presets.providers if provider.id in presets.own)
