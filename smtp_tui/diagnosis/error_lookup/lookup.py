"""Explain any program's error, given as a message, log lines or a bounce.

Pure: the text goes in, the explanation comes out. A quote from the text contains no secret that
can be recognised as one, no control character, and at most one line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Any

from smtp_tui.diagnosis.causes import causes, load_texts, parts_of, texts_of
from smtp_tui.diagnosis.error_lookup.log_redactor import LogRedactor
from smtp_tui.diagnosis.error_lookup.reply_match import error_entries, lowered, reply_in
from smtp_tui.diagnosis.experiments import SUBMISSION, other_ports
from smtp_tui.diagnosis.oauth_errors import lookup_address, oauth_error_in
from smtp_tui.providers import KEYS
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls, shortened
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.parsers import is_this_machine


@record(kw_only=True)
class CauseOverrides:
    """A cause, and what overrides its own texts, field and value; empty if nothing does.

    With a cure and no field, the cure's text names the field.
    """

    cause: str
    what: str = ""
    why: str = ""
    cure: str = ""
    field: str = ""
    value: str | int | None = None
    mechanism: str = ""


@record(kw_only=True)
class ErrorRule:
    """A rule of `errors.toml`, to be matched against lower-case text."""

    find: re.Pattern[str]
    spoken: tuple[str, ...]
    also: re.Pattern[str] | None = None
    unless: re.Pattern[str] | None = None
    vague: bool = False
    program: str = ""
    meant: CauseOverrides

    def span_in(self, low: str) -> tuple[int, int] | None:
        """Return the matched span, or None."""
        match = self.find.search(low)
        span = match.span() if match else None
        # Searching hundreds of phrases is far quicker than one pattern.
        for phrase in self.spoken if span is None else ():
            start = low.find(phrase)
            if start >= 0:
                span = start, start + len(phrase)
                break
        is_barred = self.unless is not None and self.unless.search(low)
        is_met = self.also is None or self.also.search(low)
        return span if span and is_met and not is_barred else None


@cache
def error_rules() -> tuple[ErrorRule, ...]:
    """Return the rules in matching order."""
    languages = load_texts("error_lookup/languages.toml")
    texts = [field.name for field in fields(CauseOverrides)]
    rules = []
    for entry in error_entries("rule"):
        # Phrases in other languages: `system.ECONNREFUSED` is a list in languages.toml.
        lists = [name.partition(".") for name in entry.pop("spoken", ())]
        phrases = tuple(
            phrase for group, _, list_name in lists for phrase in languages[group][list_name]
        )
        meant = {key: entry.pop(key) for key in texts if key in entry}
        rules.append(ErrorRule(**entry, spoken=phrases, meant=CauseOverrides(**meant)))
    return tuple(rules)


@cache
def _unrelated_rules() -> list[dict[str, Any]]:
    """Return rules for texts not about mail: `find`, and `unless` for those that are."""
    return [*error_entries("stranger")]


@record
class KnownProgram:
    """A program of `programs.toml`: its name, and its terms for the fields."""

    name: str
    find: re.Pattern[str]
    words: Mapping[str, str]

    def spelling(self, field: str | None, value: object) -> str | None:
        """Return the program's term for a field with this value, else for the field."""
        return self.words.get(f"{field}={value}") or self.words.get(field or "")


def program_in(low: str, known: str = "") -> KnownProgram | None:
    """Return the program that a text in lower case comes from.

    `known` is the one whose words were recognised. It is often a library: a program around it that
    the text also names has better terms for its own settings.
    """
    named = (program for program in programs().values() if program.find.search(low))
    return next(named, programs().get(known))


@cache
def programs() -> dict[str, KnownProgram]:
    """Return the programs by id, in matching order."""
    return {
        identity: KnownProgram(
            entry["name"],
            re.compile(entry["find"], re.MULTILINE),
            {key: text for key, text in entry.items() if key not in KEYS | {"name", "find"}},
        )
        for identity, entry in load_texts("error_lookup/programs.toml").items()
    }


_CHANGE = re.compile(r"\b[Ss]et ([a-z_]+)(?: to ([a-z0-9-]+))?")
# Possible local hosts, with or without a port: `127.0.0.1:587`, `[::1]:25`, `localhost`.
_HOSTS = re.compile(
    r"(?<![\w.:-])(?:localhost|(?:\d{1,3}\.){3}\d{1,3}|::1?)(?![\w.-])", re.IGNORECASE
)
_PORT = re.compile(r"(?:[\w\])]:|\bport[ =:#]{1,3})(25|465|587|2525)\b", re.IGNORECASE)


@record
class ErrorExplanation:
    """The meaning of an error: `cause` is its id, `said` the recognised words.

    `field` and `value` are the setting that the cure names first, None if it names none of
    smtp-tui's or only the admin knows; `program` is the error's origin, if known, and `spelling`
    its term for that setting.
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


def lookup_text(meant: CauseOverrides, quote: str, line: str = "") -> ErrorExplanation:
    """Return the explanation of a cause, with the recognised words filled in.

    `line` is their line of the text in lower case: it may name the host and the port.
    """
    # A check's texts apply to other programs too, unless words.toml has better ones.
    words, entry = texts_of("error_lookup/words.toml"), causes().get(meant.cause)
    data: dict[str, Any] = parts_of(meant.cause) if entry else {}
    data |= words["cause"].get(meant.cause, {})
    local = entry and entry.get("local")
    if local and any(map(is_this_machine, _HOSTS.findall(line))):
        data |= {**local, "field": "host"}
    own = {"what": meant.what, "why": meant.why, "cure": meant.cure}
    data |= {key: text for key, text in own.items() if text}
    if meant.field:
        data |= {"field": meant.field, "value": meant.value}
    else:
        # The cause's own value does not cure what a reply's own cure has another way for.
        if meant.cure and str(data.get("value", "")) not in meant.cure:
            data |= {"field": None, "value": None}
        data |= _setting_in(meant.cure)
    names = words["names"] | dict.fromkeys(("detail", "reply"), quote or "no words")
    if ports := {int(digits) for digits in _PORT.findall(line)}:
        names["try_ports"] = other_ports(way for way in SUBMISSION if way[0] not in ports)
    if meant.mechanism:
        names["authentication"] = meant.mechanism
    filled = [data[part].format_map(names) for part in ("what", "why", "cure")]
    what, why, cure = (text[:1].upper() + text[1:] for text in filled)
    field, value = data.get("field"), data.get("value")
    return ErrorExplanation(meant.cause, what, why, cure, said=quote, field=field, value=value)


def _setting_in(cure: str) -> dict[str, str | None]:
    """Return the field and the value of the first change that a cure asks for, if any."""
    for match in _CHANGE.finditer(cure):
        if field := BY_KEY.get(match[1]):
            return {"field": field.key, "value": match[2] if match[2] in field.choices else None}
    return {}


LONGEST_TEXT = 64 * 1024
"""Characters to search: half from the text's beginning, half from its end."""

LONGEST_QUOTE = 160
"""Characters of the text to quote."""


# Text next to the words of these causes may be the secret.
_BESIDE_SECRETS = ("password", "url-unescaped", "token-refused")
# Boundaries of a message's phrases.
_EDGE = re.compile(
    r"[:;,.]\s|[\"`\n(){}<>“”„]|(?<!\w)'|'(?!\w)|(?<!\w)\[(?!Errno|$)|(?<!\d)\](?![:\w])|\s[-–|]+\s|\b(?:err|error|msg|message|reason)=|\$"
)
_BRACKETS = {")": "(", "]": "[", "}": "{", ">": "<"}
# Colours, as terminals get them and as syslog and JSON escape them.
_COLOUR = re.compile(r"(?:\x1b|#033|\\(?:u001b|x1b|033|e))\[[0-9;]{0,16}[mK]")
# Logs in JSON and web pages escape their content.
_QUOTING = re.compile(r"\\([\"/])|\\u([0-9a-fA-F]{4})|&(quot|#0?39|apos|lt|gt|amp|nbsp);|<br ?/?>")
_NAMED = {"quot": '"', "#39": "'", "#039": "'", "apos": "'", "lt": "<", "gt": ">", "amp": "&"}
# Line breaks: as escapes, or before a word in the middle of a sentence.
_BROKEN = re.compile(r"[ \t]{0,8}\n[ \t>|]{0,40}(?=[a-z(])|(?:\\r)?\\n")


Found = tuple[str, CauseOverrides, str]
"""The recognised words, their meaning, and the program that uses them."""


def explain_error(text: str) -> ErrorExplanation | None:
    """Return what any program's error text means; None if it is not recognised."""
    cleaned = _cleaned(text)
    for tried in dict.fromkeys((cleaned, _BROKEN.sub(" ", cleaned))):
        low = lowered(tried)
        found = _match_text(tried, low)
        if found is None:
            continue
        words, meant, known = found
        redactor = LogRedactor(text if tried == text else f"{text}\n{tried}")
        explanation = lookup_text(meant, _quoted(words, redactor), _line_of(words, low))
        program = program_in(low, known)
        if program is None:
            return explanation
        spelling = program.spelling(explanation.field, explanation.value)
        return replace(explanation, program=program.name, spelling=spelling)
    return None


def explain_bounce(text: str) -> ErrorExplanation | None:
    """Return what a server replied to another mail server, which has no login there."""
    found = explain_error(text)
    if found and found.cause == "recipient-refused" and found.why == parts_of(found.cause)["why"]:
        return replace(found, why=parts_of(found.cause, is_lmtp=True)["why"])
    return found


def _cleaned(text: str) -> str:
    """Return the text within its limit, without a log's colours and escapes."""
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


def _match_text(text: str, low: str) -> Found | None:
    if signed_in := _by_sign_in(text):
        return signed_in
    reply = _by_reply(text, low)
    for rule in _unrelated_rules():
        # A `firm` rule applies even if the text seems to have an SMTP reply.
        is_asked = reply is None or rule.get("firm")
        if is_asked and rule["find"].search(low) and not rule["unless"].search(low):
            return None
    return _by_rule(text, low, vague=False) or reply or _by_rule(text, low, vague=True)


def _by_sign_in(text: str) -> Found | None:
    """Match an error of a provider's sign-in, such as AADSTS53003."""
    found = oauth_error_in(text)
    if found is None:
        return _by_unknown_code(text)
    entry, words = found
    what = f"{entry.provider.capitalize()} replies {words}. {entry.what}"
    meant = CauseOverrides(cause="token-refused", what=what, why=entry.why, cure=entry.cure)
    return words, meant, ""


def _by_unknown_code(text: str) -> Found | None:
    """Say of a code of Microsoft's that no row explains only where to look it up."""
    if (page := lookup_address(text)) is None:
        return None
    code = f"AADSTS{page.partition('=')[2]}"
    return (
        code,
        CauseOverrides(
            cause="token-refused",
            what=f"Microsoft replies {code}. smtp-tui does not know this code.",
            why="It is an error of the sign-in at Microsoft, not of the mail server.",
            cure=f"Look it up: {page}",
        ),
        "",
    )


def _by_rule(text: str, low: str, *, vague: bool) -> Found | None:
    for rule in error_rules():
        if rule.vague is vague and (span := rule.span_in(low)):
            if not rule.meant.cause.startswith(_BESIDE_SECRETS):
                span = _phrase_around(text, *span)
            return text[span[0] : span[1]], rule.meant, rule.program
    return None


def _by_reply(text: str, low: str) -> Found | None:
    finding = reply_in(text, low)
    if finding is None:
        return None
    rule, mechanism = finding.rule, finding.mechanism.lower()
    parts = {"what": rule.what or "", "why": rule.why or "", "cure": rule.cure or ""}
    return finding.words, CauseOverrides(cause=rule.cause, mechanism=mechanism, **parts), ""


def _phrase_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of the whole phrase around recognised words."""
    before = text[max(0, start - LONGEST_QUOTE // 2) : start]
    last = min(len(text), end + LONGEST_QUOTE // 2)
    first = max((edge.end() for edge in _EDGE.finditer(before)), default=0)
    if not first and start > len(before):
        first = len(before)
    edge = _EDGE.search(text, end, last)
    behind = last if last == len(text) else end
    return start - len(before) + first, edge.start() if edge else behind


def _line_of(words: str, low: str) -> str:
    """Return the lines that contain recognised words."""
    start = max(low.find(lowered(words)), 0)
    first, last = low.rfind("\n", 0, start) + 1, low.find("\n", start + len(words))
    return low[first : last if last >= 0 else len(low)]


def _quoted(words: str, redactor: LogRedactor) -> str:
    """Return recognised words in one line, without an unpaired bracket or quote at its end."""
    if words.startswith("AADSTS") and words[len("AADSTS") :].isdecimal():
        return words  # a code, which the redactor would take for a secret
    quote = " ".join(redactor.masked(words).split()).strip(" .:;,")
    while quote:
        last = quote[-1]
        odd = last in "'\"" and quote.count(last) % 2
        if not odd and quote.count(last) <= quote.count(_BRACKETS.get(last, last)):
            break
        quote = quote[:-1].rstrip(" .:;,")
    for close, opening in _BRACKETS.items():
        quote += close * (quote.count(opening) - quote.count(close))
    return shortened(escape_controls(quote), LONGEST_QUOTE)
