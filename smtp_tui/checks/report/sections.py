"""The certificates that a server showed, as a report lists them.

The settings of a check, as a report lists them: by our names, without the password.

The verdict of a check, as a report tells it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from smtp_tui.checks.jsonlines import IN_WORDS
from smtp_tui.checks.report.markdown import code, prose
from smtp_tui.diagnosis.verdict import Fix, Verdict
from smtp_tui.settings.fields import FIELDS, Field, FieldKind, Settings
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.settings.password_sources import Literal, PasswordSource, source_as_toml
from smtp_tui.smtp.certificates import CHAIN_SHOWN, Certificate
from smtp_tui.smtp.events import Event, TlsEstablished, TlsFailed
from smtp_tui.smtp.lifetimes import in_words


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
