"""What the sidebar says of the thing under the cursor. Pure but for the pages' files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.fields import BY_KEY, FIELDS, Field
from smtp_tui.settings.pages import explanation
from smtp_tui.smtp.message import Mail
from smtp_tui.tui.commands import LOG_KEYS
from smtp_tui.tui.ink import BAD, DIM, PLAIN, STRONG, WARNING
from smtp_tui.tui.looks import Look, default_words
from smtp_tui.tui.model import PASSWORD, Draft
from smtp_tui.tui.more import MORE
from smtp_tui.tui.prose import Block, labelled, parse, plain
from smtp_tui.tui.verdict import verdict_blocks, warning_blocks

KEPT_SUMMARY = (
    "Where the password is kept. What you type for the keyring is stored when you save, and the "
    "file then only names the place."
)


def blocks_for(topic: str, draft: Draft, look: Look) -> list[Block]:
    """Return what is wrong with the thing under the cursor, its state, and its page."""
    if topic == MORE:
        return _more_blocks()
    field = BY_KEY.get(topic, BY_KEY[PASSWORD])
    return [*_state(topic, field, draft, look), *_page(field)]


def _state(topic: str, field: Field, draft: Draft, look: Look) -> Iterator[Block]:
    if look.problem:
        yield Block((("! ", BAD), (look.problem, BAD)))
    if topic not in BY_KEY:
        yield plain("Kept in", STRONG)
        yield plain(KEPT_SUMMARY)
        return
    if look.remark:
        yield plain(look.remark, WARNING)
    if look.is_default:
        yield plain(f"Not set. Default: {default_words(field, draft.parsed())}", DIM)


def _more_blocks() -> list[Block]:
    intro = plain("Settings that are rarely wanted. Enter shows or hides them.")
    listed = [
        Block(((f"{field.label}: ", STRONG), (field.summary, PLAIN)))
        for field in FIELDS
        if field.folded
    ]
    return [plain("More", STRONG), intro, *listed]


def log_blocks(verdict: Verdict | None, mail: Mail | None) -> list[Block]:
    """Return the last verdict whole, and the keys of the log."""
    told = [plain("No test has ended yet.")]
    if verdict:
        told = [*verdict_blocks(verdict, mail), *warning_blocks(verdict)]
    told = [replace(block, gap=True) for block in told]
    keys = [labelled(keys, what) for keys, what in LOG_KEYS]
    return [plain("The last test", STRONG), *told, plain("Keys in the log", STRONG), *keys]


def summary(topic: str) -> str:
    """Return one line on a topic, for where there is no sidebar."""
    if topic in BY_KEY:
        return BY_KEY[topic].summary
    return "Settings that are rarely wanted; Enter shows them." if topic == MORE else KEPT_SUMMARY


def _page(field: Field) -> list[Block]:
    try:
        return parse(explanation(field.key))
    except FileNotFoundError:
        return [plain(field.label, STRONG), plain(field.summary)]
