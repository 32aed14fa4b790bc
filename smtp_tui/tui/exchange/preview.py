"""What an import would do, in words: the changes, what stays, what was not understood. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from smtp_tui.interchange.known import format_named
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.smtp.escaping import visible
from smtp_tui.tui.cures.fixing import now_words, value_words
from smtp_tui.tui.exchange.taking import Proposal
from smtp_tui.tui.exchange.words import in_the_form, text
from smtp_tui.tui.form.kept import Kept
from smtp_tui.tui.form.model import HOST, PASSWORD, Draft
from smtp_tui.tui.ink import DIM, PLAIN, STRONG, WARNING, Span
from smtp_tui.tui.saving.wording import sentence
from smtp_tui.tui.sidebar.prose import Block, plain

_INDENT = "    "


def preview_blocks(proposal: Proposal, draft: Draft) -> Iterator[Block]:
    """Yield the whole preview."""
    yield from _changes(proposal, draft)
    imported = proposal.imported
    if proposal.leaks:
        host = value_words(HOST, proposal.change[HOST])
        yield plain(text("import", "leaks", host=host), WARNING)
    if imported.found and HOST not in imported.values:
        yield plain(text("import", "no-host"), WARNING)
    if proposal.unsayable:
        yield plain(text("import", "cannot", labels=_labels(proposal.unsayable)), WARNING)
    yield from _listed("unread", map(in_the_form, imported.unread), "! ")
    remarks = (in_the_form(_remark(one.key, one.text)) for one in imported.remarks)
    yield from _listed("remarks", remarks, "i ")
    if proposal.stays:
        yield plain(text("import", "stays", labels=_labels(proposal.stays)), DIM)


def _changes(proposal: Proposal, draft: Draft) -> Iterator[Block]:
    if not proposal.imported.found:
        yield plain(text("import", "nothing"), WARNING)
        return
    if proposal.is_empty:
        yield plain(text("import", "same"), STRONG)
        return
    yield plain(text("import", "changes"), STRONG)
    follows = text("import", "follows", format=format_named(proposal.imported.format).title)
    for key in BY_KEY:
        if key == PASSWORD and proposal.secret:
            yield _row(key, _old_password(draft), proposal.secret.words)
        elif key in proposal.change:
            new = value_words(key, proposal.change[key])
            more = "" if key in proposal.imported.found else follows
            if key not in proposal.imported.values:
                more = text("import", "gone")
            yield _row(key, now_words(key, draft), new, more)


def _row(key: str, old: str, new: str, more: str = "") -> Block:
    spans: list[Span] = [(f"{BY_KEY[key].label}: ", STRONG), (f"{visible(old)} -> ", DIM)]
    spans += [(visible(new), PLAIN), (more, DIM)]
    return Block(tuple(spans), "  ", _INDENT, gap=False)


def _old_password(draft: Draft) -> str:
    password = draft.password
    if draft.raw(PASSWORD) is None and not password.at_hand:
        return text("password", "none")
    place = "this file" if password.kept is Kept.FILE else f"{password.kept}"
    return text("password", "kept", place=place)


def _remark(key: str, said: str) -> str:
    return f"{BY_KEY[key].label}: {said}" if key in BY_KEY else said


def _listed(title: str, told: Iterable[str], sign: str) -> Iterator[Block]:
    listed = [*told]
    if listed:
        yield plain(text("import", title), STRONG)
    ink = WARNING if sign == "! " else DIM
    for one in listed:
        yield Block(((sign, ink), (sentence(one), PLAIN)), "  ", _INDENT, gap=False)


def _labels(keys: Iterable[str]) -> str:
    return ", ".join(BY_KEY[key].label for key in keys)
