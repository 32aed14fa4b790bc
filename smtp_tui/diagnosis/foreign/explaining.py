"""What an error of any program means: its words, a few lines of its log, a bounce.

Pure: the text goes in, the explanation comes out. What is quoted of the text holds no secret that
can be told as one, no control character, and not more than a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from smtp_tui.diagnosis.foreign.programs import program_in
from smtp_tui.diagnosis.foreign.replies import reply_in
from smtp_tui.diagnosis.foreign.rules import Rule, error_rules, lowered, strangers
from smtp_tui.diagnosis.foreign.secrets import Hidden
from smtp_tui.diagnosis.foreign.texts import Meant, said_of
from smtp_tui.records import record
from smtp_tui.smtp.escaping import visible

LONGEST_TEXT = 64 * 1024
"""Characters that are looked at: a half from the text's beginning, a half from its end."""

LONGEST_QUOTE = 160
"""Characters of the text that are repeated."""


# What stands beside the words of these may be the secret itself.
_BESIDE_SECRETS = ("password", "url-unescaped", "token-refused")
# What parts the phrases of a message.
_EDGE = re.compile(
    r"[:;,.]\s|[\"`\n(){}<>“”„]|(?<!\w)'|'(?!\w)|(?<!\w)\[(?!Errno|$)|(?<!\d)\](?![:\w])|\s[-–|]+\s|\b(?:err|error|msg|message|reason)=|\$"
)
_BRACKETS = {")": "(", "]": "[", "}": "{", ">": "<"}
# Colours, as a terminal gets them and as syslog and JSON write them.
_COLOUR = re.compile(r"(?:\x1b|#033|\\(?:u001b|x1b|033|e))\[[0-9;]{0,16}[mK]")
# Logs in JSON and web pages quote what they hold.
_QUOTING = re.compile(r"\\([\"/])|\\u([0-9a-fA-F]{4})|&(quot|#0?39|apos|lt|gt|amp|nbsp);|<br ?/?>")
_NAMED = {"quot": '"', "#39": "'", "#039": "'", "apos": "'", "lt": "<", "gt": ">", "amp": "&"}
# Where a line was broken: as escapes, or before a word in the middle of a sentence.
_BROKEN = re.compile(r"[ \t]{0,8}\n[ \t>|]{0,40}(?=[a-z(])|(?:\\r)?\\n")


@record(kw_only=True)
class Explanation:
    """What an error means: `cause` is its id, `said` the words that told.

    `field` and `value` are the setting of ours that the cure speaks of first, None where it is none
    of ours or only the admin knows; `program` is the one that said so, as far as that can be told,
    and `spelling` what it calls that setting.
    """

    cause: str
    summary: str
    why: str
    cure: str
    said: str
    field: str | None = None
    value: str | int | None = None
    program: str | None = None
    spelling: str | None = None


@record(kw_only=True)
class _Found:
    """What was recognised: its words, what is said of them, and who says so if the words tell."""

    words: str
    meant: Meant
    program: str = ""


def explain_error(text: str) -> Explanation | None:
    """Return what an error text of any program means; None where it is not recognised."""
    read = _cleaned(text)
    for tried in dict.fromkeys((read, _BROKEN.sub(" ", read))):
        low = lowered(tried)
        found = _found(tried, low)
        if found is not None:
            hidden = Hidden(text if tried == text else f"{text}\n{tried}")
            return _explained(found, _quoted(found.words, hidden), low)
    return None


def _cleaned(text: str) -> str:
    """Return the text within its bound, without the colours and line ends of a log."""
    half = LONGEST_TEXT // 2
    if len(text) > LONGEST_TEXT:
        text = f"{text[:half]}\n{text[-half:]}"
    return _QUOTING.sub(_unquoted, _COLOUR.sub("", text.replace("\r\n", "\n")))


def _unquoted(match: re.Match[str]) -> str:
    """Return the character that an escape stands for; a control character stays escaped."""
    mark, digits, name = match.groups()
    if digits:
        char = chr(int(digits, 16))
        return char if char.isprintable() else match[0]
    return mark or _NAMED.get(name or "", " " if name else "\n")


def _found(text: str, low: str) -> _Found | None:
    reply = _by_reply(text, low)
    if any((one.firm or reply is None) and one.speaks_in(low) for one in strangers()):
        return None
    told = [rule for rule in error_rules() if not rule.vague]
    vague = [rule for rule in error_rules() if rule.vague]
    return _by_rule(told, text, low) or reply or _by_rule(vague, text, low)


def _by_rule(rules: Iterable[Rule], text: str, low: str) -> _Found | None:
    for rule in rules:
        span = rule.span_in(low)
        if span is not None:
            if not rule.cause.startswith(_BESIDE_SECRETS):
                span = _phrase_around(text, *span)
            meant = Meant(
                cause=rule.cause,
                what=rule.what,
                why=rule.why,
                cure=rule.cure,
                field=rule.field,
                value=rule.value,
            )
            return _Found(words=text[span[0] : span[1]], meant=meant, program=rule.program)
    return None


def _phrase_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where the whole phrase stands that recognised words belong to."""
    before = text[max(0, start - LONGEST_QUOTE // 2) : start]
    last = min(len(text), end + LONGEST_QUOTE // 2)
    first = max((edge.end() for edge in _EDGE.finditer(before)), default=0)
    if not first and start > len(before):
        first = len(before)
    edge = _EDGE.search(text, end, last)
    return start - len(before) + first, _end_of(edge, text, end, last)


def _end_of(edge: re.Match[str] | None, text: str, end: int, last: int) -> int:
    if edge is not None:
        return edge.start()
    return last if last == len(text) else end


def _by_reply(text: str, low: str) -> _Found | None:
    seen = reply_in(text, low)
    if seen is None:
        return None
    meant = Meant(
        cause=seen.rule.cause,
        what=seen.rule.what or "",
        why=seen.rule.why or "",
        cure=seen.rule.cure or "",
        mechanism=seen.mechanism.lower(),
    )
    return _Found(words=seen.words, meant=meant)


def _explained(found: _Found, quote: str, low: str) -> Explanation:
    said = said_of(found.meant, quote, _line_of(found.words, low))
    program = program_in(low, found.program)
    return Explanation(
        cause=found.meant.cause,
        summary=said.what,
        why=said.why,
        cure=said.cure,
        said=quote,
        field=said.field,
        value=said.value,
        program=program.name if program else None,
        spelling=program.spelling(said.field, said.value) if program else None,
    )


def _line_of(words: str, low: str) -> str:
    """Return the lines that recognised words stand in."""
    start = max(low.find(lowered(words)), 0)
    first, last = low.rfind("\n", 0, start) + 1, low.find("\n", start + len(words))
    return low[first : last if last >= 0 else len(low)]


def _quoted(words: str, hidden: Hidden) -> str:
    """Return recognised words in one line, fit to be shown."""
    clean = _whole(" ".join(hidden.masked(words).split()))
    shown = visible(clean)
    return shown if len(shown) <= LONGEST_QUOTE else shown[: LONGEST_QUOTE - 1] + "…"


def _whole(words: str) -> str:
    """Return words without what a sentence, a bracket or a quotation left at their end."""
    clean = words.strip(" .:;,")
    while clean:
        last = clean[-1]
        odd = last in "'\"" and clean.count(last) % 2
        if not odd and clean.count(last) <= clean.count(_BRACKETS.get(last, last)):
            break
        clean = clean[:-1].rstrip(" .:;,")
    for close, opening in _BRACKETS.items():
        clean += close * (clean.count(opening) - clean.count(close))
    return clean
