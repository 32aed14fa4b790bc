"""Format checks as a Markdown report for a ticket, without secrets."""

from __future__ import annotations

import json
import platform
import re
import ssl
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import smtp_tui
from smtp_tui.checks.equivalents import equivalent_commands
from smtp_tui.checks.exit_status import STAGE_NAMES, difference_lines, here_line, own_reasons
from smtp_tui.checks.output_file import write_whole
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.lazy import load
from smtp_tui.records import record
from smtp_tui.safe_text import MASK, escape_controls, mask_credentials
from smtp_tui.settings.fields import FIELDS, Field, FieldKind, Settings
from smtp_tui.settings.password_sources import LiteralSource, source_as_toml
from smtp_tui.smtp.certificates import CHAIN_SHOWN, Certificate, in_words
from smtp_tui.smtp.events import Event, TlsEstablished, TlsFailed
from smtp_tui.smtp.transcript import lines_of

TITLE = "# Mail check by smtp-tui"
"""The first line of every report; a report replaces no other file."""

_PRIVACY_NOTE = """\
This report contains no password and no token, and nothing that AUTH derives from them. It \
contains names and addresses: read it before you pass it on."""
# A word of letters (with hyphens and apostrophes) or of digits; a mixture may be the number of an
# issue or of a commit.
_PLAIN = r"[(\"']*+(?:[^\W\d_]+(?:[-'’][^\W\d_]+)*|\d+|–|—)?[)\"',.;:?!…]*"
_OTHER = rf"(?!{_PLAIN}(?!\S))\S+"
_OTHERS_OR_SPACE = re.compile(rf"(?<!\S)({_OTHER}(?:\s+{_OTHER})*)|\s+")
_SPANS = re.compile(r"(?<!`)`([^`]+)`(?!`)")


def code(text: str) -> str:
    """Return a code span that contains the text, in one line."""
    shown = escape_controls(text)
    if not shown:
        return "(empty)"
    marks = "`" * (_longest_run(shown) + 1)
    edges = shown[0] + shown[-1]
    # Renderers strip one space from each end if both ends have one.
    pad = " " if "`" in edges or (edges == "  " and shown.strip(" ")) else ""
    return f"{marks}{pad}{shown}{pad}{marks}"


def fenced(lines: Iterable[str], language: str = "text") -> list[str]:
    """Return a fenced block of the lines, which none of them can close."""
    shown = [escape_controls(line) for line in lines]
    fence = "`" * max(3, 1 + max(map(_longest_run, shown), default=0))
    return [f"{fence}{language}", *shown, fence]


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def prose(text: str) -> str:
    """Escape a sentence: nothing in it becomes a link, an image or a mention.

    Plain words stay; runs of other words, and text in backticks, become code.
    """
    # Backslashes are not enough: trackers remove them, then make links of the rest.
    joined = ""
    for number, piece in enumerate(_SPANS.split(escape_controls(text))):
        part = code(piece) if number % 2 else _OTHERS_OR_SPACE.sub(_as_code, piece)
        # Two code spans next to each other would become one.
        joined += f" {part}" if joined.endswith("`") and part.startswith("`") else part
    return joined.strip()


def _as_code(match: re.Match[str]) -> str:
    # Punctuation at the end of a run stays outside the span.
    run = match[1] or ""
    inner = run.rstrip(",.;:")
    return code(inner) + run[len(inner) :] if inner else run or " "


@record(kw_only=True)
class ReportedCheck:
    """A completed check: its settings as in the file, its events and its verdict.

    `settings` is None if they could not be used; `assumed` are the keys whose values are defaults
    of the application that owns the file; `password_from` is where the password came from if not
    from the settings. `base` is the folder that relative paths start from.
    """

    settings: Settings | None
    events: Sequence[Event]
    verdict: Verdict
    file: str | None = None
    table: str | None = None
    base: Path = Path()
    password_from: str = ""
    assumed: frozenset[str] = frozenset()


def report_markdown(checks: Sequence[ReportedCheck], moment: datetime, home: str = "") -> str:
    """Return the report of checks that began at `moment`, with a final newline.

    Verdicts and dialogues may contain absolute paths: there `~` replaces `home`.
    """
    system = " ".join((platform.system(), platform.release(), platform.machine()))
    lines = [
        TITLE,
        "",
        f"- checked: {moment:%Y-%m-%d %H:%M:%S} UTC",
        f"- smtp-tui: {code(smtp_tui.__version__)}",
        f"- Python: {code(platform.python_version())}",
        f"- OpenSSL: {code(ssl.OPENSSL_VERSION)}",
        f"- system: {code(system)}",
    ]
    if len(checks) > 1:
        passed = sum(check.verdict.ok for check in checks)
        lines.append(f"- tables: {len(checks)}, passed: {passed}, failed: {len(checks) - passed}")
    lines += ["", _PRIVACY_NOTE]
    for check in checks:
        names = ", table ".join(code(name) for name in (check.file, check.table) if name)
        lines += ["", f"## {names or 'Without a file'}", *_section(check, moment, home)]
    return "\n".join([*lines, ""])


def _section(check: ReportedCheck, moment: datetime, home: str) -> Iterator[str]:
    yield from ("", *without(home, _verdict_lines(check.verdict)))
    if check.verdict.delivery and (arrival := check.verdict.delivery.arrival):
        lines = list(load("arrival.report_lines:header_lines")(arrival))
        if lines:
            yield from ("", "### Arrival", "", *fenced(lines))
    yield from ("", "### Settings", "", *_setting_lines(check))
    dialogue = [str(line) for event in check.events for line in lines_of(event)]
    yield from ("", "### Dialogue", "")
    yield from fenced(without(home, dialogue)) if dialogue else ["There was no dialogue."]
    facts = check.verdict.facts
    yield from ("", "### Certificates", "")
    yield from certificate_lines(facts.handshake if facts else None, moment)
    if check.settings is None:
        return
    yield from ("", "### The same test with other programs")
    user = _shown_username(check, check.settings)
    place = check.verdict.comparison.place if check.verdict.comparison else None
    settings = replace(check.settings, username=user)
    for command in equivalent_commands(settings, facts, check.base, place):
        yield from ("", f"#### {command.program}", "")
        if command.line:
            yield from (*fenced([command.line], "sh"), "")
        yield from (f"- {prose(note)}" for note in command.notes)


def without(home: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield lines with `~` in place of the home folder."""
    folder = home.rstrip("/")
    path = re.compile(rf"(?<![\w/.~-]){re.escape(folder)}(?![\w.-])") if folder else None
    for line in lines:
        yield path.sub("~", line) if path else line


def _verdict_lines(verdict: Verdict) -> Iterator[str]:
    """Yield the outcome, then its reason, fixes and details as a list."""
    outcome = "**PASSED**" if verdict.ok else f"**FAILED** at {STAGE_NAMES[verdict.stage]}"
    yield f"{outcome} after {verdict.seconds:.2f} s: {prose(verdict.summary)}"
    lines = [*zip(("why", "to do"), own_reasons(verdict), strict=True)]
    if len(verdict.problems) > 1:
        lines[:0] = [("cannot be used", problem) for problem in verdict.problems]
    lines += [("also", text) for text in verdict.also_texts]
    lines += [("warning", text) for text in verdict.warning_texts]
    if comparison := verdict.comparison:
        where = f"{comparison.place.label} ({comparison.place.details})"
        compared = (here_line(comparison), *difference_lines(comparison))
        pairs = (line.strip().partition(": ") for line in compared)
        lines += [("checked from", where), *((name.lower(), text) for name, _, text in pairs)]
    details = [
        f"- {name}: {code(text) if name == 'command' else prose(text)}"
        for name, text in lines
        if text
    ]
    for recipient in verdict.recipients:
        reply = code(f"{recipient.code} {recipient.text}")
        details.append(f"- recipient {code(recipient.address)}: {reply}")
    if verdict.queue_id:
        details.append(f"- queued as {code(verdict.queue_id)}")
    for fix in verdict.fixes:
        changes = ", ".join(_change(key, value) for key, value in fix.change.items())
        changes = f"sign in with {code('smtp-tui login')}" if fix.signs_in else changes
        weakens = " This weakens security." if fix.weakens else ""
        trusts = " First make sure that this is the right server." if fix.trusts else ""
        details.append(f"- fix: {changes}: {prose(fix.why)}{weakens}{trusts}")
    if details:
        yield from ("", *details)


def _change(key: str, value: object) -> str:
    if value is None:
        return f"set {code(key)}, to a value that only you know"
    if value == "":
        return f"remove {code(key)}"
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"set {code(key)} to {code(shown)}"


def _setting_lines(check: ReportedCheck) -> Iterator[str]:
    """Yield a line per setting; those that are not set are marked as defaults."""
    if check.settings is None:
        yield "The settings could not be used, so none are listed."
        return
    for field in FIELDS:
        mark = "" if field.key in check.settings.given else " (default)"
        mark = " (the application's default)" if field.key in check.assumed else mark
        settings = replace(check.settings, username=_shown_username(check, check.settings))
        yield f"- {code(field.key)}: {_setting_value(field, settings)}{mark}"
    if check.password_from:
        yield f"- the password of this check came from {prose(check.password_from)}"


def _shown_username(check: ReportedCheck, settings: Settings) -> str | None:
    facts = check.verdict.facts
    if facts and facts.username_is_secret:
        return MASK
    return mask_credentials(settings.username or "") or None


def _setting_value(field: Field, settings: Settings) -> str:
    value = getattr(settings, field.attribute)
    match value:
        case None:
            return prose(field.default_text or "none")
        case bool():
            return code(str(value).lower())
        case float():
            return code(f"{value:g}")
        case LiteralSource():
            return "set, not shown"
        case _ if field.kind is FieldKind.PASSWORD:
            place = source_as_toml(value)
            if isinstance(place, str):
                raise AssertionError("a password that stands in the file names no place")
            pairs = [
                f"{key} = {json.dumps(where, ensure_ascii=False)}" for key, where in place.items()
            ]
            return code(f"{{ {', '.join(pairs)} }}")
        case _:
            return code(mask_credentials(str(value)))


def certificate_lines(handshake: TlsEstablished | TlsFailed | None, now: datetime) -> Iterator[str]:
    """Yield the TLS result and the first CHAIN_SHOWN certificates, the server's first."""
    if handshake is None:
        yield "The server sent no certificate."
        return
    if isinstance(handshake, TlsEstablished):
        verified = "verified" if handshake.verified else "not verified"
        yield f"TLS: {code(f'{handshake.version} {handshake.cipher}')}, certificate {verified}."
    else:
        yield "The handshake failed. The server had sent:"
    for number, certificate in enumerate(handshake.chain[:CHAIN_SHOWN]):
        yield from ("", f"{number + 1}. {'next in the chain' if number else 'the server'}", "")
        yield from (f"   - {line}" for line in _certificate_facts(certificate, now))
    if (more := len(handshake.chain) - CHAIN_SHOWN) > 0:
        yield from ("", f"And {more} more certificates.")


def _certificate_facts(certificate: Certificate, now: datetime) -> Iterator[str]:
    if certificate.is_readable:
        yield f"subject: {code(certificate.subject)}"
        if certificate.names:
            names = ", ".join(map(code, certificate.listed_names))
            omitted = certificate.names_omitted
            yield f"names: {names} and {omitted} more" if omitted else f"names: {names}"
        yield f"issuer: {code(certificate.issuer)}"
        begin, end = certificate.not_before, certificate.not_after
        span = f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
        yield f"valid: {span}, {in_words(certificate.left(now))}"
        yield f"key: {code(str(certificate.key)) if certificate.key else 'not readable'}"
        signature = certificate.signature
        yield f"signature: {code(signature) if signature else 'not readable'}"
    else:
        yield "It cannot be read."
    yield f"SHA-256: {code(certificate.sha256)}"


def write_report(path: Path, text: str) -> None:
    """Write a report with `write_whole`; FileNotWrittenError if it fails."""
    # Only its owner can read it: a report names accounts, servers and recipients.
    write_whole(path, text, name="report", start=TITLE, mode=0o600)
