"""Find an SMTP server's reply inside any text, and match it to the rules for replies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import Any

from smtp_tui.diagnosis.causes import load_texts
from smtp_tui.diagnosis.rules import ReplyRule, rule_of_refusal
from smtp_tui.providers import KEYS, provider_of
from smtp_tui.records import record
from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.replies import Reply

_LONGEST_REPLY = 400
_LONGEST_NEAR = 300
_MOST_LINES = 6
_MOST_TRIED = 4

# The codes that SMTP servers reject with; other numbers of three digits count as codes only if an
# enhanced status code follows.
_CODES = "421|432|45[0-5]|50[0-4]|521|523|530|53[458]|541|55[0-6]"
_STATUS = r"[45]\.\d{1,3}\.\d{1,3}"
_NO_REPLY = (
    r"(?!(?:milli)?sec|m?s\b|minutes|bytes|[kmg]i?b\b|internal server error|bad gateway|"
    r"service (?:temporarily )?unavailable$|gateway time|messages\b|http)"
)
_CODED = re.compile(
    rf"(?<![\w./@-])(?P<a>[45]\d\d)[ -]#?(?={_STATUS})"
    rf"|\((?P<b>{_CODES}), ?b?[\"']"
    rf"|\b(?:(?:mail|rcpt|data|command) failed|access denied): (?P<g>{_CODES})(?=$|[\"')}}.,])"
    rf"|(?:permanent|transient) error \((?P<c>{_CODES})\): "
    rf"|(?:detail: ?[^\n]{{1,300}}? ?)?smtp code: ?(?P<d>{_CODES})(?: additional smtp info: ?)?"
    rf"|(?<![\w./@-])(?P<e>{_CODES}): (?={_STATUS})"
    # Roundcube and PEAR: the code in brackets; 500 is Roundcube's own for an unreachable server.
    rf"|(?:smtp[ -]?\w{{0,9}}|\w{{4,9}} smtp|response code received from server):? ?"
    rf"[(\[](?P<h>{_CODES})(?<!500)[)\]]"
    rf"|got code \"(?P<i>{_CODES})\"(?=, with message \"\")"
    rf"|(?:^|[:>\"'(\[<;=*\],]| --?|\b(?:error|code|reply|response|status|said|returned|got)\b)"
    rf"[ :=\"']{{0,4}}(?P<f>{_CODES})[ -]{_NO_REPLY}(?=[a-z<\"'\[(*]"
    r"|\d{1,3}(?:\.\d{1,3}){3})",
    re.MULTILINE,
)
# .NET, MailKit and mail programs show a reply's text, and its code as a name or not at all.
_NO_CODE = re.compile(
    r"(?:^|[:>(\"'] ?)(?=(?P<class>[45])\.(?P<subject>[0-7])\.\d{1,3} [a-z<\"\[])", re.MULTILINE
)
# .NET's name for 421.
_CLOSING = "closing transmission channel"
# lettre's Debug output names the digits of a code.
_SPELLED = re.compile(
    r"severity: (?P<class>transient|permanent)negativecompletion, category: (?P<category>\w{1,16}),"
    r" detail: (?P<detail>\w{1,5})(?:[^\n]{0,80}?\"(?P<words>[^\"\n]{1,400})\")?"
)
_CLASSES = {"transient": 4, "permanent": 5}
_CATEGORIES = ("syntax", "information", "connections", "unspecified3", "unspecified4", "mailsystem")
_DETAILS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# PHPMailer shows the code and the enhanced one after the text.
_DETAIL = re.compile(r"^detail: ?|smtp code: ?$", re.IGNORECASE)
# An unknown command or mechanism is often only the first try of several; and the consequences of a
# rejection come after it.
_SYNTAX = range(500, 505)
_TELLING = re.compile(r"helo|ehlo|address|sender|recipient|mail from|rcpt to|domain name")
_AFTERMATH = re.compile(
    r"no valid recipients|must precede data|need rcpt|without valid rcpt", re.IGNORECASE
)
_ENDS = re.compile(r"['\"]\s*[,)}]|['\"]$|\s\(in reply to ")
_LINE_ENDS = re.compile(r"(?:\\r)?\\n")


# Mechanisms that the rules for replies distinguish.
_MECHANISM = re.compile(r"cram[-_]md5|xoauth2|oauthbearer|\bauth external")
# Symfony lists each failed authenticator: if one of these failed, the mechanism is no cause.
_PLAIN_FAILED = re.compile(
    r"\b(?:authenticator|auth|method|mechanism)[ \"'=:]{1,3}(?:login|plain)\b[^\n]{0,20}"
    r"(?:returned|failed|rejected)"
)
# Signs that the client had logged in before the rejection.
_LOGGED_IN = re.compile(
    r"\b235[ -]|sasl_(?:user|method)|\bauthenticated\b|auth(?:entication)? succe|logged in as"
)
_HOST = re.compile(r"(?<![\w.@-])[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,63}){1,6}")
_MOST_HOSTS = 40


# Language files, word processors and web pages use various quotation marks and spaces.
_PLAIN = str.maketrans("’‘‚‛“”„‟\u00a0\u202f\u2011", "''''\"\"\"\"  -")
_LOWER = _PLAIN | {
    code: chr(code).lower() for code in range(0x500) if len(chr(code).lower()) == 1 and code != 0xA0
}
_ANYTHING = re.compile("")


@record
class ReplyFinding:
    """A negative reply in a text: its rule, its words, and the mechanism tried."""

    rule: ReplyRule
    words: str
    mechanism: str = ""


@record
class ReplyMatch:
    """A reply in a text: its code, its words, and its start and end."""

    code: int
    words: str
    start: int
    end: int

    @property
    def reply(self) -> Reply:
        """The reply as sent."""
        return Reply(self.code, (self.words.encode("utf-8", "backslashreplace"),))


@record(kw_only=True)
class ReplyPlace:
    """Patterns for what an SMTP reply in a text answers."""

    near: re.Pattern[str] = _ANYTHING
    code: re.Pattern[str] = _ANYTHING
    enhanced: re.Pattern[str] = _ANYTHING
    stage: str
    command: str
    is_guess: bool = False


@record(kw_only=True)
class UncodedReply:
    """A server's words that are recognised without a code."""

    find: re.Pattern[str]
    code: int
    enhanced: str = ""
    stage: str = ""
    command: str = ""


def lowered(text: str) -> str:
    """Return the text in lower case with plain quotes, its length unchanged.

    Case-sensitive patterns are several times quicker; `str.lower` may lengthen a text.
    This lowers Latin, Greek and Cyrillic letters whose lower case is a single letter.
    """
    return text.translate(_LOWER)


@cache
def places() -> tuple[ReplyPlace, ...]:
    """Return what a reply may answer, in matching order; the last always fits."""
    return tuple(ReplyPlace(**entry) for entry in error_entries("place"))


@cache
def uncoded_replies() -> tuple[UncodedReply, ...]:
    """Return the servers' words that are recognised without a code."""
    return tuple(UncodedReply(**entry) for entry in error_entries("worded"))


def error_entries(kind: str) -> Iterator[dict[str, Any]]:
    """Yield the entries of a kind, with compiled patterns and without maintainers' keys."""
    file = "replies" if kind in ("place", "worded") else "errors"
    patterns = {"find", "also", "unless", "near"}
    if kind == "place":  # elsewhere a code is a number, and an enhanced code is itself
        patterns |= {"code", "enhanced"}
    for table in load_texts(f"error_lookup/{file}.toml")[kind]:
        yield {
            key: re.compile(part, re.MULTILINE) if key in patterns else part
            for key, part in table.items()
            if key not in KEYS
        }


def reply_in(text: str, low: str) -> ReplyFinding | None:
    """Return a text's most informative negative reply; `low` is the text in lower case."""
    coded = sorted(quotes_in(text, low), key=_rank)
    for quote in (*coded[:_MOST_TRIED], *_spelled(text, low)):
        if finding := _finding_at(quote, low):
            return finding
    return _without_code(text, low) or _uncoded_reply(text, low)


def _rank(quote: ReplyMatch) -> int:
    """Return 0 for an informative reply, more for one that may only accompany it."""
    if _AFTERMATH.search(quote.words):
        return 2
    return int(quote.code in _SYNTAX and not _TELLING.search(lowered(quote.words)))


def quotes_in(text: str, low: str) -> Iterator[ReplyMatch]:
    """Yield the negative replies in a text that have codes."""
    for match in _CODED.finditer(low):
        code = next(group for group in match.groups() if group)
        words = _words(text, match.end(), code).lstrip(": ")
        if match["d"]:
            words = f"{words} {_DETAIL.sub('', text[match.start() : match.start('d')])}"
        yield ReplyMatch(int(code), words, match.start(), match.end())


def _words(text: str, start: int, code: str) -> str:
    """Return a reply's words up to the end of the line, the quote or the lines of its code."""
    line, *more = text[start : start + _LONGEST_REPLY].split("\n")[:_MOST_LINES]
    lines = [line]
    again = re.compile(rf".{{0,40}}?\b{code}[ -](.*)")
    for further in more:
        match = again.match(further)
        if match is None:
            break
        lines.append(match[1])
    end = _ENDS.search(lines[0])
    words = lines[0][: end.start()] if end else " ".join(lines)
    return _LINE_ENDS.sub(" ", words).strip()


def _uncoded_reply(text: str, low: str) -> ReplyFinding | None:
    for known in uncoded_replies():
        if match := known.find.search(low):
            words = text[match.start() : match.end()]
            quote = ReplyMatch(known.code, f"{known.enhanced} {words}".strip(), *match.span())
            if known.stage:
                command = known.command or known.stage.upper()
                return _match_rule(quote, low, Stage(known.stage), command, words)
            finding = _finding_at(quote, low)
            return finding and replace(finding, words=words)
    return None


def _without_code(text: str, low: str) -> ReplyFinding | None:
    match = _NO_CODE.search(low)
    if match is None:
        return None
    code = int(match["class"]) * 100 + (0 if match["subject"] == "5" else 50)
    if _CLOSING in low[: match.start()]:
        code = 421
    words = _words(text, match.end(), str(code))
    finding = _finding_at(ReplyMatch(code, words, *match.span()), low)
    return finding and replace(finding, words=words)


def _spelled(text: str, low: str) -> Iterator[ReplyMatch]:
    """Yield the replies with spelled-out codes."""
    for match in _SPELLED.finditer(low):
        if match["category"] in _CATEGORIES and match["detail"] in _DETAILS:
            code = _CLASSES[match["class"]] * 100
            code += _CATEGORIES.index(match["category"]) * 10 + _DETAILS.index(match["detail"])
            yield ReplyMatch(code, text[slice(*match.span("words"))], *match.span())


def _finding_at(quote: ReplyMatch, low: str) -> ReplyFinding | None:
    """Return what a reply means; None if neither its place nor its words show it."""
    place = place_of(quote, low)
    finding = _match_rule(
        quote, low, Stage(place.stage), place.command, f"{quote.code} {quote.words}".strip()
    )
    rule = finding.rule
    # A rule for any permanent rejection of a message proves nothing if the place is a guess.
    is_telling = rule.text or "enhanced" in rule.whole or rule.cause != "message-refused"
    return finding if is_telling or quote.code < 500 or not place.is_guess else None


def _match_rule(
    quote: ReplyMatch, low: str, stage: Stage, command: str, words: str
) -> ReplyFinding:
    tried = _MECHANISM.search(_around(quote, low)) if stage is Stage.AUTH else None
    if tried and tried[0].startswith("cram") and _PLAIN_FAILED.search(low):
        tried = None
    mechanism = tried[0].removeprefix("auth ").replace("_", "-").upper() if tried else ""
    command = f"{command} {mechanism}".strip()
    # The words are those of the first host in the text of a known provider.
    hosts = (match[0] for match in islice(_HOST.finditer(low), _MOST_HOSTS))
    host = next((name for name in hosts if provider_of(name)), None)
    without_login = not _LOGGED_IN.search(low)
    rule = rule_of_refusal(stage, command, quote.reply, host, without_login=without_login)
    return ReplyFinding(rule, words, mechanism)


def place_of(quote: ReplyMatch, low: str) -> ReplyPlace:
    """Return what the reply answers, by its code and the text around it."""
    near = _around(quote, low)
    enhanced = quote.reply.enhanced or ""
    for place in places():
        if (
            place.code.match(str(quote.code))
            and place.enhanced.match(enhanced)
            and place.near.search(near)
        ):
            return place
    raise AssertionError("the last place takes every reply")


def _around(quote: ReplyMatch, low: str) -> str:
    """Return the line before the reply, and the reply's own line."""
    first = max(0, quote.start - _LONGEST_NEAR)
    before = low[first : quote.start].split("\n")[-2:]
    behind = low[quote.start : quote.end + _LONGEST_NEAR].split("\n")[0]
    return "\n".join(before) + behind
