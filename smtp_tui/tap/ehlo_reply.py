"""Adapt an EHLO reply to the application's side of a tap, where TLS begins and ends by itself."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from smtp_tui.smtp.replies import Reply
from smtp_tui.tap.events import Direction
from smtp_tui.tap.passage import Passage

# Comparing more lines takes long; no server has as many keywords.
MOST_LINES = 200
_is_starttls = re.compile(rb"(?i)STARTTLS\s*").fullmatch


def pass_ehlo_reply(
    passage: Passage, reply: Reply, lines: list[bytes], *, may_start: bool, adds: bool
) -> None:
    """Pass on the lines of a reply with STARTTLS and AUTH as they hold for the application.

    `may_start` is whether it can begin TLS now; `adds` whether the server offered STARTTLS on its
    own unencrypted connection.
    """
    to = Direction.TO_APPLICATION
    # With fewer lines than the reply has, some passed before the command came.
    is_whole = reply.code == 250 and len(lines) == len(reply.lines) <= MOST_LINES
    adapted = _adapted(reply, lines, may_start=may_start, adds=adds) if is_whole else lines
    if lines == adapted:
        passage.keep(to, b"".join(lines))
        return
    matcher = SequenceMatcher(None, lines, adapted, autojunk=False)
    for tag, first, last, start, end in matcher.get_opcodes():
        if tag == "equal":
            passage.keep(to, b"".join(lines[first:last]))
            continue
        if last > first:
            passage.remove(to, b"".join(lines[first:last]))
        if end > start:
            passage.add(to, b"".join(adapted[start:end]))


def _adapted(reply: Reply, lines: list[bytes], *, may_start: bool, adds: bool) -> list[bytes]:
    """Return the adapted lines; those that say the same keep their bytes."""
    first, *keywords = reply.lines
    if not may_start:
        keywords = [text for text in keywords if not _is_starttls(text)]
    elif adds and not any(map(_is_starttls, keywords)):
        keywords.insert(0, b"STARTTLS")
    texts = (first, *map(_without_binding, keywords))
    if texts == reply.lines:
        return lines
    as_sent = {line.rstrip(b"\r\n"): line for line in lines}
    written = [
        b"%03d%s%s" % (reply.code, b"-" if number < len(texts) else b" ", text)
        for number, text in enumerate(texts, 1)
    ]
    return [as_sent.get(line, line + b"\r\n") for line in written]


def _without_binding(text: bytes) -> bytes:
    """Return an AUTH line without mechanisms that bind to one TLS connection, as there are two."""
    if not re.match(rb"(?i)AUTH[ =]", text):
        return text
    words = text.split(b" ")
    kept = [word for word in words if not word.upper().endswith(b"-PLUS")]
    return text if kept == words else b" ".join(kept)
