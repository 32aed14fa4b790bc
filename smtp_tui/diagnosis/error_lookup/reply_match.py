"""Find an SMTP server's reply inside any text, and tell what it means by the rules for replies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import Any

from smtp_tui.diagnosis.causes import load_texts
from smtp_tui.diagnosis.rules import ReplyRule, rule_of_refusal
from smtp_tui.providers.provider import KEYS, provider_of
from smtp_tui.records import record
from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.replies import Reply

_LONGEST_REPLY = 400
_LONGEST_NEAR = 300
_MOST_LINES = 6
_MOST_TRIED = 4

# The codes that SMTP servers refuse with; other numbers of three digits are not taken for one
# unless an enhanced status code follows.
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
    # Roundcube and PEAR: the code in brackets; 500 is Roundcube's own for a server it cannot reach.
    rf"|(?:smtp[ -]?\w{{0,9}}|\w{{4,9}} smtp|response code received from server):? ?"
    rf"[(\[](?P<h>{_CODES})(?<!500)[)\]]"
    rf"|got code \"(?P<i>{_CODES})\"(?=, with message \"\")"
    rf"|(?:^|[:>\"'(\[<;=*\],]| --?|\b(?:error|code|reply|response|status|said|returned|got)\b)"
    rf"[ :=\"']{{0,4}}(?P<f>{_CODES})[ -]{_NO_REPLY}(?=[a-z<\"'\[(*]"
    r"|\d{1,3}(?:\.\d{1,3}){3})",
    re.MULTILINE,
)
# .NET, MailKit and mail programs show the words of a reply, and its code only as a name if at all.
_NO_CODE = re.compile(
    r"(?:^|[:>(\"'] ?)(?=(?P<class>[45])\.(?P<subject>[0-7])\.\d{1,3} [a-z<\"\[])", re.MULTILINE
)
# What .NET calls 421.
_CLOSING = "closing transmission channel"
# lettre's Debug output names the digits of a code.
_SPELLED = re.compile(
    r"severity: (?P<class>transient|permanent)negativecompletion, category: (?P<category>\w{1,16}),"
    r" detail: (?P<detail>\w{1,5})(?:[^\n]{0,80}?\"(?P<words>[^\"\n]{1,400})\")?"
)
_CLASSES = {"transient": 4, "permanent": 5}
_CATEGORIES = ("syntax", "information", "connections", "unspecified3", "unspecified4", "mailsystem")
_DETAILS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# PHPMailer tells the code, and the enhanced one, behind the words.
_DETAIL = re.compile(r"^detail: ?|smtp code: ?$", re.IGNORECASE)
# A command or a mechanism that is unknown is often only the first try of several; and what follows
# from a refusal is said after it.
_SYNTAX = range(500, 505)
_TELLING = re.compile(r"helo|ehlo|address|sender|recipient|mail from|rcpt to|domain name")
_AFTERMATH = re.compile(
    r"no valid recipients|must precede data|need rcpt|without valid rcpt", re.IGNORECASE
)
_ENDS = re.compile(r"['\"]\s*[,)}]|['\"]$|\s\(in reply to ")
_LINE_ENDS = re.compile(r"(?:\\r)?\\n")


# Mechanisms that rules for replies speak of; the others are all alike to them.
_MECHANISM = re.compile(r"cram[-_]md5|xoauth2|oauthbearer|\bauth external")
# Symfony lists each authenticator that failed: where one of these did, it is not the mechanism.
_PLAIN_FAILED = re.compile(
    r"\b(?:authenticator|auth|method|mechanism)[ \"'=:]{1,3}(?:login|plain)\b[^\n]{0,20}"
    r"(?:returned|failed|rejected)"
)
# Signs that the client had logged in before it was refused.
_LOGGED_IN = re.compile(
    r"\b235[ -]|sasl_(?:user|method)|\bauthenticated\b|auth(?:entication)? succe|logged in as"
)
_HOST = re.compile(r"(?<![\w.@-])[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,63}){1,6}")
_MOST_HOSTS = 40


# Language files, word processors and web pages write quotation marks and spaces as they like.
_PLAIN = str.maketrans("’‘‚‛“”„‟\u00a0\u202f\u2011", "''''\"\"\"\"  -")
_LOWER = _PLAIN | {
    code: chr(code).lower() for code in range(0x500) if len(chr(code).lower()) == 1 and code != 0xA0
}
_ANYTHING = re.compile("")


@record
class ReplyFinding:
    """A negative reply in a text: the rule that reads it, its words, and the mechanism tried."""

    rule: ReplyRule
    words: str
    mechanism: str = ""


@record
class ReplyMatch:
    """A reply as it stands in a text: code, words, and where it begins and ends."""

    code: int
    words: str
    start: int
    end: int

    @property
    def reply(self) -> Reply:
        """It as a server sends it."""
        return Reply(self.code, (self.words.encode("utf-8", "backslashreplace"),))


@record(kw_only=True)
class ReplyPlace:
    """How to tell what an SMTP reply in a text answers."""

    near: re.Pattern[str] = _ANYTHING
    code: re.Pattern[str] = _ANYTHING
    enhanced: re.Pattern[str] = _ANYTHING
    stage: str
    command: str
    is_guess: bool = False


@record(kw_only=True)
class UncodedReply:
    """A server's words that are known without their code."""

    find: re.Pattern[str]
    code: int
    enhanced: str = ""
    stage: str = ""
    command: str = ""


def lowered(text: str) -> str:
    """Return the text in lower case, its places unchanged.

    Patterns that need not ignore case are several times quicker; `str.lower` may lengthen a text.
    Latin, Greek and Cyrillic letters are lowered, those whose lower case is a single letter.
    """
    return text.translate(_LOWER)


@cache
def places() -> tuple[ReplyPlace, ...]:
    """Return what a reply may answer, in the order to try; the last fits always."""
    return tuple(ReplyPlace(**entry) for entry in error_entries("place"))


@cache
def uncoded_replies() -> tuple[UncodedReply, ...]:
    """Return the words of servers that are known without a code."""
    return tuple(UncodedReply(**entry) for entry in error_entries("worded"))


def error_entries(kind: str) -> Iterator[dict[str, Any]]:
    """Yield the entries of a kind, their patterns compiled, without what is for maintainers."""
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
    """Return the most telling negative reply of a text, whose lower-case form is `low`."""
    coded = sorted(quotes_in(text, low), key=_rank)
    for quote in (*coded[:_MOST_TRIED], *_spelled(text, low)):
        if seen := _judged(quote, low):
            return seen
    return _without_code(text, low) or _worded(text, low)


def _rank(quote: ReplyMatch) -> int:
    """Return 0 for a reply that tells, more for one that may only accompany it."""
    if _AFTERMATH.search(quote.words):
        return 2
    return int(quote.code in _SYNTAX and not _TELLING.search(lowered(quote.words)))


def quotes_in(text: str, low: str) -> Iterator[ReplyMatch]:
    """Yield the negative replies that stand in a text with their codes."""
    for match in _CODED.finditer(low):
        code = next(group for group in match.groups() if group)
        words = _words(text, match.end(), code).lstrip(": ")
        if match["d"]:
            words = f"{words} {_DETAIL.sub('', text[match.start() : match.start('d')])}"
        yield ReplyMatch(int(code), words, match.start(), match.end())


def _words(text: str, start: int, code: str) -> str:
    """Return a reply's words to its end: of the line, the quotes, or the lines of its code."""
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


def _worded(text: str, low: str) -> ReplyFinding | None:
    for known in uncoded_replies():
        if match := known.find.search(low):
            words = text[match.start() : match.end()]
            quote = ReplyMatch(known.code, f"{known.enhanced} {words}".strip(), *match.span())
            if known.stage:
                command = known.command or known.stage.upper()
                return _read(quote, low, Stage(known.stage), command, words)
            seen = _judged(quote, low)
            return seen and replace(seen, words=words)
    return None


def _without_code(text: str, low: str) -> ReplyFinding | None:
    match = _NO_CODE.search(low)
    if match is None:
        return None
    code = int(match["class"]) * 100 + (0 if match["subject"] == "5" else 50)
    if _CLOSING in low[: match.start()]:
        code = 421
    words = _words(text, match.end(), str(code))
    seen = _judged(ReplyMatch(code, words, *match.span()), low)
    return seen and replace(seen, words=words)


def _spelled(text: str, low: str) -> Iterator[ReplyMatch]:
    """Yield the replies whose codes are spelled out."""
    for match in _SPELLED.finditer(low):
        if match["category"] in _CATEGORIES and match["detail"] in _DETAILS:
            code = _CLASSES[match["class"]] * 100
            code += _CATEGORIES.index(match["category"]) * 10 + _DETAILS.index(match["detail"])
            yield ReplyMatch(code, text[slice(*match.span("words"))], *match.span())


def _judged(quote: ReplyMatch, low: str) -> ReplyFinding | None:
    """Return what a reply means in its place; None where neither place nor words tell."""
    place = place_of(quote, low)
    seen = _read(
        quote, low, Stage(place.stage), place.command, f"{quote.code} {quote.words}".strip()
    )
    rule = seen.rule
    # A rule that fits any refusal of a message for good says nothing where the place is a guess.
    is_telling = rule.text or "enhanced" in rule.whole or rule.cause != "message-refused"
    return seen if is_telling or quote.code < 500 or not place.is_guess else None


def _read(quote: ReplyMatch, low: str, stage: Stage, command: str, words: str) -> ReplyFinding:
    tried = _MECHANISM.search(_around(quote, low)) if stage is Stage.AUTH else None
    if tried and tried[0].startswith("cram") and _PLAIN_FAILED.search(low):
        tried = None
    mechanism = tried[0].removeprefix("auth ").replace("_", "-").upper() if tried else ""
    command = f"{command} {mechanism}".strip()
    # The first host of the text that is a known provider's is whose words these are.
    hosts = (match[0] for match in islice(_HOST.finditer(low), _MOST_HOSTS))
    host = next((name for name in hosts if provider_of(name)), None)
    without_login = not _LOGGED_IN.search(low)
    rule = rule_of_refusal(stage, command, quote.reply, host, without_login=without_login)
    return ReplyFinding(rule, words, mechanism)


def place_of(quote: ReplyMatch, low: str) -> ReplyPlace:
    """Tell what the reply answers, by its code and by what stands around it."""
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
    """Return the line before the reply, and its own line before and behind."""
    first = max(0, quote.start - _LONGEST_NEAR)
    before = low[first : quote.start].split("\n")[-2:]
    behind = low[quote.start : quote.end + _LONGEST_NEAR].split("\n")[0]
    return "\n".join(before) + behind
