"""Text as Markdown that stays text: nothing in it becomes markup, a link, an image or a mention.

Backslashes are not enough: trackers make links and mentions of what is left after they are gone.
So whatever is no plain word stands in a code span, where nothing has a meaning.

The certificates that a server showed, as a report lists them.

The settings of a check, as a report lists them: by our names, without the password.

The verdict of a check, as a report tells it.

A report of checks for a ticket: Markdown, without secrets, whatever a server said.

Where a report is written: whole or not at all, and over nothing but an older report.
"""

from __future__ import annotations

import json
import platform
import re
import ssl
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from smtp_tui import __version__
from smtp_tui.checks.equivalents import equivalent_commands
from smtp_tui.checks.exit_status import IN_WORDS
from smtp_tui.checks.output_file import NotWrittenError, OutputKind, write_whole
from smtp_tui.diagnosis.verdict import Fix, Verdict
from smtp_tui.records import record
from smtp_tui.settings.fields import FIELDS, Field, FieldKind, Settings
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.settings.password_sources import Literal, PasswordSource, source_as_toml
from smtp_tui.smtp.certificates import CHAIN_SHOWN, Certificate, in_words
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.events import Event, TlsEstablished, TlsFailed
from smtp_tui.smtp.transcript import lines_of

# Letters alone or digits alone, joined by hyphens and apostrophes; both together may be the number
# of an issue or of a commit.
_PLAIN = re.compile(r"[(\"']*(?:[^\W\d_]+(?:[-'’][^\W\d_]+)*|\d+|–|—)?[)\"',.;:?!…]*")
_SPANS = re.compile(r"(?<!`)`([^`]+)`(?!`)")


def code(text: str) -> str:
    """Return a code span that holds the text, in one line."""
    shown = escape_controls(text)
    if not shown:
        return "(empty)"
    marks = "`" * (_longest_run(shown) + 1)
    edges = shown[0] + shown[-1]
    # A renderer takes a space away from both ends, where there is one at both.
    pad = " " if "`" in edges or (edges == "  " and shown.strip(" ")) else ""
    return f"{marks}{pad}{shown}{pad}{marks}"


def fenced(lines: Iterable[str], language: str = "text") -> list[str]:
    """Return a fenced block that holds the lines and that none of them can end."""
    shown = [escape_controls(line) for line in lines]
    fence = "`" * max(3, 1 + max(map(_longest_run, shown), default=0))
    return [f"{fence}{language}", *shown, fence]


def prose(text: str) -> str:
    """Return a sentence: its plain words as they are, runs of all others as code.

    What stands between backticks in it is code already.
    """
    pieces = _SPANS.split(escape_controls(text))
    parts = [
        part
        for number, piece in enumerate(pieces)
        for part in ([code(piece)] if number % 2 else _sentence(piece))
    ]
    return _apart(parts).strip()


def _sentence(text: str) -> Iterator[str]:
    """Yield the plain words, the spaces, and each run of words that are not plain as code."""
    odd: list[str] = []
    for word in re.findall(r"\s+|\S+", text):
        is_space = word.isspace()
        if _PLAIN.fullmatch(word) or (is_space and not odd):
            yield from _closed(odd)
            odd = []
            yield " " if is_space else word
        else:
            odd.append(word)
    yield from _closed(odd)


def _closed(words: list[str]) -> Iterator[str]:
    """Yield a run as code; the stops and the space at its end stay outside."""
    whole = "".join(words)
    text = whole.rstrip()
    inner = text.rstrip(",.;:")
    if inner:
        yield code(inner)
    yield text[len(inner) :]
    if whole != text:
        yield " "


def _apart(parts: Iterable[str]) -> str:
    """Join; two code spans side by side would become one."""
    joined = ""
    for part in parts:
        joined += f" {part}" if joined.endswith("`") and part.startswith("`") else part
    return joined


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def certificate_lines(events: Sequence[Event], now: datetime) -> Iterator[str]:
    """Yield what TLS came to and the facts of the whole chain, the server's own first."""
    shaken = [one for one in events if isinstance(one, TlsEstablished | TlsFailed)]
    if not shaken:
        yield "The server sent no certificate."
        return
    last = shaken[-1]
    if isinstance(last, TlsEstablished):
        held = "verified" if last.verified else "not verified"
        yield f"TLS: {code(f'{last.version} {last.cipher}')}, certificate {held}."
    else:
        yield "The handshake failed. The server had sent:"
    for number, one in enumerate(last.chain[:CHAIN_SHOWN]):
        yield from ("", f"{number + 1}. {'next in the chain' if number else 'the server'}", "")
        yield from (f"   - {line}" for line in _facts(one, now))
    if (more := len(last.chain) - CHAIN_SHOWN) > 0:
        yield from ("", f"And {more} more certificates.")


def _facts(one: Certificate, now: datetime) -> Iterator[str]:
    if one.is_readable:
        yield f"subject: {code(one.subject)}"
        if one.names:
            yield f"names: {_names(one)}"
        yield f"issuer: {code(one.issuer)}"
        yield f"valid: {_span(one, now)}"
        yield f"key: {code(str(one.key)) if one.key else 'not readable'}"
        yield f"signature: {code(one.signature) if one.signature else 'not readable'}"
    else:
        yield "It cannot be read."
    yield f"SHA-256: {code(one.sha256)}"


def _names(one: Certificate) -> str:
    shown = ", ".join(map(code, one.listed_names))
    return f"{shown} and {one.names_omitted} more" if one.names_omitted else shown


def _span(one: Certificate, now: datetime) -> str:
    rest = in_words(one.left(now))
    return f"{one.not_before:%Y-%m-%d %H:%M} to {one.not_after:%Y-%m-%d %H:%M} UTC, {rest}"


def setting_lines(
    settings: Settings | None, password_from: str, assumed: Collection[str] = ()
) -> Iterator[str]:
    """Yield a line a setting; those that nobody set are marked as defaults.

    Those `assumed` are what the application whose file it is takes where the file says nothing.
    """
    if settings is None:
        yield "The settings could not be used, so none are listed."
        return
    for field in FIELDS:
        mark = "" if field.key in settings.given else " (default)"
        mark = " (the application's default)" if field.key in assumed else mark
        yield f"- {code(field.key)}: {_shown(field, settings)}{mark}"
    if password_from:
        yield f"- the password of this check came from {prose(password_from)}"


def _shown(field: Field, settings: Settings) -> str:
    value = getattr(settings, field.attribute)
    match value:
        case None:
            return prose(field.default_text or "none")
        case bool():
            return code(str(value).lower())
        case float():
            return code(f"{value:g}")
        case _ if field.kind is FieldKind.PASSWORD:
            return _place(value)
        case _:
            return code(mask_credentials(str(value)))


def _place(source: PasswordSource) -> str:
    if isinstance(source, Literal):
        return "set, not shown"
    place = source_as_toml(source)
    if isinstance(place, str):
        raise AssertionError("a password that stands in the file names no place")
    pairs = [f"{kind} = {json.dumps(where, ensure_ascii=False)}" for kind, where in place.items()]
    return code(f"{{ {', '.join(pairs)} }}")


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """Yield what happened, why, what to do, and what else is worth knowing."""
    after = f"after {verdict.seconds:.2f} s"
    if verdict.ok:
        yield f"**PASSED** {after}: {prose(verdict.summary)}"
    else:
        yield f"**FAILED** at {IN_WORDS[verdict.stage]} {after}: {prose(verdict.summary)}"
    details = [*_details(verdict), *_fixes(verdict.fixes)]
    if details:
        yield from ("", *details)


def _details(verdict: Verdict) -> Iterator[str]:
    if len(verdict.problems) > 1:
        yield from (f"- cannot be used: {prose(problem)}" for problem in verdict.problems)
    if verdict.why:
        yield f"- why: {prose(verdict.why)}"
    if verdict.cure:
        yield f"- to do: {prose(verdict.cure)}"
    yield from (f"- also: {prose(text)}" for text in verdict.also_texts)
    yield from (f"- warning: {prose(text)}" for text in verdict.warning_texts)
    for one in verdict.recipients:
        yield f"- recipient {code(one.address)}: {code(f'{one.code} {one.text}')}"
    if verdict.queue_id:
        yield f"- queued as {code(verdict.queue_id)}"


def _fixes(fixes: tuple[Fix, ...]) -> Iterator[str]:
    for fix in fixes:
        told = ", ".join(_change(key, value) for key, value in fix.change.items())
        weakens = " This weakens security." if fix.weakens else ""
        trusts = " First make sure that this is the right server." if fix.trusts else ""
        yield f"- fix: {told}: {prose(fix.why)}{weakens}{trusts}"


def _change(key: str, value: object) -> str:
    if value is None:
        return f"set {code(key)}, to a value that only you know"
    if value == "":
        return f"remove {code(key)}"
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"set {code(key)} to {code(shown)}"


TITLE = "# Mail check by smtp-tui"
"""The first line of every report, by which one is told from other files."""

_LESS = """\
This report contains no password and no token, and nothing that AUTH derives from them. It \
contains names and addresses: read it before you pass it on."""


@record(kw_only=True)
class ReportEntry:
    """A check that was done: its settings as the file has them, and all that it told.

    `settings` is None where they could not be used; those `assumed` are defaults of the application
    whose file it is; `password_from` is the place that the password
    was taken from where it was not the settings'. `base` is the folder that paths start from.
    """

    settings: Settings | None
    events: Sequence[Event]
    verdict: Verdict
    file: str | None = None
    table: str | None = None
    base: Path = Path()
    password_from: str = ""
    assumed: frozenset[str] = frozenset()


def report_markdown(checks: Sequence[ReportEntry], moment: datetime, home: str = "") -> str:
    """Return the report of checks that began at `moment`, with a line end at its end.

    What happened may name files by their whole paths: there `~` takes the place of `home`.
    """
    lines = [TITLE, "", *_head(checks, moment)]
    for one in checks:
        lines += ["", f"## {_name(one)}", *_section(one, moment, home)]
    return "\n".join([*lines, ""])


def _head(checks: Sequence[ReportEntry], moment: datetime) -> Iterator[str]:
    yield f"- checked: {moment:%Y-%m-%d %H:%M:%S} UTC"
    yield f"- smtp-tui: {code(__version__)}"
    yield f"- Python: {code(platform.python_version())}"
    yield f"- OpenSSL: {code(ssl.OPENSSL_VERSION)}"
    system = " ".join((platform.system(), platform.release(), platform.machine()))
    yield f"- system: {code(system)}"
    if len(checks) > 1:
        passed = sum(one.verdict.ok for one in checks)
        yield f"- tables: {len(checks)}, passed: {passed}, failed: {len(checks) - passed}"
    yield from ("", _LESS)


def _name(one: ReportEntry) -> str:
    return ", table ".join(code(name) for name in (one.file, one.table) if name) or "Without a file"


def _section(one: ReportEntry, moment: datetime, home: str) -> Iterator[str]:
    yield from ("", *without(home, verdict_lines(one.verdict)))
    yield from ("", "### Settings", "")
    yield from setting_lines(one.settings, one.password_from, one.assumed)
    yield from ("", "### Dialogue", "")
    told = [str(line) for event in one.events for line in lines_of(event)]
    yield from fenced(without(home, told)) if told else ["There was no dialogue."]
    yield from ("", "### Certificates", "")
    yield from certificate_lines(one.events, moment)
    if one.settings:
        yield from ("", "### The same test with other programs")
        yield from _same(one, one.settings)


def _same(one: ReportEntry, settings: Settings) -> Iterator[str]:
    shown = replace(settings, username=mask_credentials(settings.username or "") or None)
    for command in equivalent_commands(shown, one.events, one.base):
        yield from ("", f"#### {command.program}", "")
        if command.line:
            yield from (*fenced([command.line], "sh"), "")
        yield from (f"- {prose(note)}" for note in command.notes)


def without(home: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield lines with `~` in place of a home folder."""
    folder = home.rstrip("/")
    path = re.compile(rf"(?<![\w/.~-]){re.escape(folder)}(?![\w.-])") if folder else None
    for line in lines:
        yield path.sub("~", line) if path else line


_REPORT = OutputKind(name="report", start=TITLE, mode=0o600)


class ReportError(Exception):
    """A report cannot be written; the text is one line for the admin."""


def write_report(path: Path, text: str) -> None:
    """Put a report into a file, in place of an older one; a pipe or a device takes it as it is.

    Only its owner can read it: a report names accounts, servers and recipients. ReportError where
    `path` is something else than a report, so that a slip of the finger costs no settings, or a
    link, which may lead anywhere.
    """
    try:
        write_whole(path, text, _REPORT)
    except NotWrittenError as error:
        raise ReportError(str(error)) from None
