"""What the sidebar says of the thing under the cursor. Pure but for the pages' files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from smtp_tui.diagnosis.advice import Advice
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.fields import BY_KEY, FIELDS, Field
from smtp_tui.settings.pages import explanation
from smtp_tui.smtp.message import Mail
from smtp_tui.tui.bench.verdict import verdict_blocks, warning_blocks
from smtp_tui.tui.form.looks import Look
from smtp_tui.tui.form.model import PASSWORD, Draft, text_of
from smtp_tui.tui.form.more import MORE
from smtp_tui.tui.ink import BAD, PLAIN, STRONG
from smtp_tui.tui.keys.hints import log_keys
from smtp_tui.tui.sidebar.live import LastTest, advice_blocks, last_blocks, now_blocks
from smtp_tui.tui.sidebar.prose import Block, labelled, parse, plain
from smtp_tui.tui.sidebar.provider import provider_blocks

KEPT_SUMMARY = (
    "Where the password is kept. Choose another place: saving stores it there, reads it back, then "
    "removes it from here."
)


def blocks_for(
    topic: str, draft: Draft, look: Look, advice: Sequence[Advice], last: LastTest | None
) -> list[Block]:
    """Return what there is to say of the thing under the cursor, what matters first.

    Its title; what is wrong or doubtful; what it is, and what its value means now; the rest of its
    page. What a test found about it moves to the top, what it means now along with it.
    """
    if topic == MORE:
        return [*_more_blocks(advice)]
    key = topic if topic in BY_KEY else PASSWORD
    (title, *lead), rest = _page(BY_KEY[key])
    if topic != key:
        title, *lead = plain("Kept in", STRONG), plain(KEPT_SUMMARY)
    now, found = list(now_blocks(key, draft)), list(last_blocks(key, last))
    what = [*now, *found, *lead] if found else [*lead, *(replace(one, gap=True) for one in now)]
    said = [*_wrong(look), *_of_application(key, draft, look), *advice_blocks(advice, key)]
    return [title, *said, *what, *provider_blocks(key, draft), *rest]


def _wrong(look: Look) -> Iterator[Block]:
    if look.problem:
        yield Block((("! ", BAD), (look.problem, BAD)), rest="  ", gap=False)


def _of_application(key: str, draft: Draft, look: Look) -> Iterator[Block]:
    """Yield what the application whose file it is makes of a field."""
    if look.limit:
        yield labelled("Cannot be set here", look.limit)
    elif look.refused:
        yield labelled(f"Not here: {', '.join(look.refused)}", next(iter(look.refused.values())))
    raw = draft.assumed(key)
    if raw is not None and draft.raw(key) is None and key != PASSWORD:
        shown = look.chosen or text_of(raw)
        told = f"Not in the file: {draft.application} uses {shown}."
        yield plain(told, gap=False)


def _more_blocks(advice: Sequence[Advice]) -> list[Block]:
    intro = plain("Settings that you rarely need. Enter shows or hides them.")
    listed = [
        Block(((f"{field.label}: ", STRONG), (field.summary, PLAIN)))
        for field in FIELDS
        if field.folded
    ]
    return [plain("More", STRONG), *advice_blocks(advice), intro, *listed]


def log_blocks(
    verdict: Verdict | None,
    mail: Mail | None,
    beside: Iterable[Block] = (),
    file: Iterable[Block] = (),
) -> list[Block]:
    """Return the last verdict whole, what stands `beside` it, the keys of the log, and `file`.

    What the file was read as is of more use than the keys before the first test.
    """
    told = [plain("No test has finished yet.")]
    if verdict:
        told = [*verdict_blocks(verdict, mail), *warning_blocks(verdict)]
    told = [replace(block, gap=True) for block in told]
    keys = [labelled(keys, what) for keys, what in log_keys()]
    told += beside
    keys.insert(0, plain("Keys in the log", STRONG))
    rest = [*keys, *file] if verdict else [*file, *keys]
    return [plain("The last test", STRONG), *told, *rest]


def summary(topic: str) -> str:
    """Return one line on a topic, for where there is no sidebar."""
    if topic in BY_KEY:
        return BY_KEY[topic].summary
    return "Settings that you rarely need; Enter shows them." if topic == MORE else KEPT_SUMMARY


def _page(field: Field) -> tuple[list[Block], list[Block]]:
    """Return a field's page: its title with the lead, and what comes under further titles."""
    try:
        lead, mark, rest = explanation(field.key).partition("\n## ")
    except FileNotFoundError:
        return [plain(field.label, STRONG), plain(field.summary)], []
    return parse(lead), parse(f"{mark}{rest}")
