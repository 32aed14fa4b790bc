"""Which program an error comes from, and what that program calls our fields.

The sentences on an error of which nothing is known but its words.

What an error of any program means: its words, a few lines of its log, a bounce.

Pure: the text goes in, the explanation comes out. What is quoted of the text holds no secret that
can be told as one, no control character, and not more than a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from smtp_tui.diagnosis.causes import causes, load_texts, parts_of
from smtp_tui.diagnosis.error_lookup.error_rules import ErrorRule, error_rules, lowered, strangers
from smtp_tui.diagnosis.error_lookup.log_redactor import LogRedactor
from smtp_tui.diagnosis.error_lookup.reply_match import reply_in
from smtp_tui.diagnosis.experiments import SUBMISSION, other_ports
from smtp_tui.providers.provider import KEYS
from smtp_tui.records import record
from smtp_tui.settings.fields import BY_KEY
from smtp_tui.settings.parsers import is_this_machine
from smtp_tui.smtp.escaping import escape_controls

# What is no setting of the program.
_ABOUT = KEYS | {"name", "find"}


@record
class Program:
    """A program of `programs.toml`: its name, and its own words for our fields."""

    name: str
    find: re.Pattern[str]
    words: Mapping[str, str]

    def spelling(self, field: str | None, value: object) -> str | None:
        """Return what the program calls a field with this value, else the field alone."""
        if field is None:
            return None
        return self.words.get(f"{field}={value}") or self.words.get(field)


def program_in(low: str, known: str = "") -> Program | None:
    """Return the program that a text in lower case comes from.

    `known` is the one whose words were recognised. It is often a library: a program around it that
    the text names too knows better what its own settings are called.
    """
    for program in programs().values():
        if program.find.search(low):
            return program
    return programs().get(known)


@cache
def programs() -> dict[str, Program]:
    """Return the programs by id, in the order to try."""
    return {id_: _program(entry) for id_, entry in load_texts("error_lookup/programs.toml").items()}


def _program(entry: dict[str, str]) -> Program:
    words = {key: text for key, text in entry.items() if key not in _ABOUT}
    return Program(entry["name"], re.compile(entry["find"], re.MULTILINE), words)


_CHANGE = re.compile(r"\b[Ss]et ([a-z_]+)(?: to ([a-z0-9-]+))?")
# What may be a host, with its port behind it or not: `127.0.0.1:587`, `[::1]:25`, `localhost`.
_HOSTS = re.compile(
    r"(?<![\w.:-])(?:localhost|(?:\d{1,3}\.){3}\d{1,3}|::1?)(?![\w.-])", re.IGNORECASE
)
_PORT = re.compile(r"(?:[\w\])]:|\bport[ =:#]{1,3})(25|465|587|2525)\b", re.IGNORECASE)


@record(kw_only=True)
class LookupText:
    """A cause, and what goes before its own texts, field and value; empty where nothing does.

    Where there is a cure and no field, the cure's own words tell the field.
    """

    cause: str
    what: str = ""
    why: str = ""
    cure: str = ""
    field: str = ""
    value: str | int | None = None
    mechanism: str = ""


@record(kw_only=True)
class Spoken:
    """What happened, why, what to do, and the setting that this is about first."""

    what: str
    why: str
    cure: str
    field: str | None = None
    value: str | int | None = None


def lookup_text(meant: LookupText, quote: str, line: str = "") -> Spoken:
    """Return the texts of what was meant, filled in with the words that were recognised.

    `line` is the one that they stand in, in lower case: it may name the host and the port.
    """
    own_data = _own().get(meant.cause, {})
    data: dict[str, Any] = {**_shared(meant.cause), **own_data, **_local(meant.cause, line)}
    own = {"what": meant.what, "why": meant.why, "cure": meant.cure}
    data |= {key: text for key, text in own.items() if text}
    data |= {"field": meant.field, "value": meant.value} if meant.field else _setting_in(meant.cure)
    names = {**_names(), "detail": quote or "no words", "reply": quote or "no words"}
    if ports := _ports_in(line):
        names["try_ports"] = other_ports(way for way in SUBMISSION if way[0] not in ports)
    if meant.mechanism:
        names["authentication"] = meant.mechanism
    return Spoken(
        what=_sentence(data["what"], names),
        why=_sentence(data["why"], names),
        cure=_sentence(data["cure"], names),
        field=data.get("field"),
        value=data.get("value"),
    )


def _shared(cause: str) -> dict[str, str]:
    """Return the texts that checks use too."""
    return parts_of(cause) if cause in causes() else {}


def _local(cause: str, line: str) -> dict[str, str]:
    """Return what is different of a server on this machine, where the line names this machine."""
    own: dict[str, str] = causes().get(cause, {}).get("local", {})
    return {**own, "field": "host"} if own and any(map(is_this_machine, _hosts_in(line))) else {}


def _hosts_in(line: str) -> list[str]:
    return [found for found in _HOSTS.findall(line) if found]


def _ports_in(line: str) -> set[int]:
    return {int(digits) for digits in _PORT.findall(line)}


def _setting_in(cure: str) -> dict[str, str | None]:
    """Return the field and the value of the first change that a cure asks for, if it asks."""
    for match in _CHANGE.finditer(cure):
        field = BY_KEY.get(match[1])
        if field is not None:
            return {"field": field.key, "value": match[2] if match[2] in field.choices else None}
    return {}


def known_causes() -> frozenset[str]:
    """Return the ids of all causes that an error can have."""
    return frozenset(causes()) | frozenset(_own())


def _sentence(text: str, names: dict[str, str]) -> str:
    filled = text.format_map(names)
    return filled[:1].upper() + filled[1:]


@cache
def _data() -> dict[str, Any]:
    return load_texts("error_lookup/words.toml")


def _own() -> dict[str, dict[str, Any]]:
    own: dict[str, dict[str, Any]] = _data()["cause"]
    return own


def _names() -> dict[str, str]:
    names: dict[str, str] = _data()["names"]
    return names


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
    meant: LookupText
    program: str = ""


def explain_error(text: str) -> Explanation | None:
    """Return what an error text of any program means; None where it is not recognised."""
    read = _cleaned(text)
    for tried in dict.fromkeys((read, _BROKEN.sub(" ", read))):
        low = lowered(tried)
        found = _found(tried, low)
        if found is not None:
            hidden = LogRedactor(text if tried == text else f"{text}\n{tried}")
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


def _by_rule(rules: Iterable[ErrorRule], text: str, low: str) -> _Found | None:
    for rule in rules:
        span = rule.span_in(low)
        if span is not None:
            if not rule.cause.startswith(_BESIDE_SECRETS):
                span = _phrase_around(text, *span)
            meant = LookupText(
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
    meant = LookupText(
        cause=seen.rule.cause,
        what=seen.rule.what or "",
        why=seen.rule.why or "",
        cure=seen.rule.cure or "",
        mechanism=seen.mechanism.lower(),
    )
    return _Found(words=seen.words, meant=meant)


def _explained(found: _Found, quote: str, low: str) -> Explanation:
    said = lookup_text(found.meant, quote, _line_of(found.words, low))
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


def _quoted(words: str, hidden: LogRedactor) -> str:
    """Return recognised words in one line, fit to be shown."""
    clean = _whole(" ".join(hidden.masked(words).split()))
    shown = escape_controls(clean)
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
