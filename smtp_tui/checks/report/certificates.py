"""The certificates that a server showed, as a report lists them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from smtp_tui.checks.report.markdown import code
from smtp_tui.smtp.certificates import CHAIN_SHOWN, Certificate
from smtp_tui.smtp.events import Event, TlsEstablished, TlsRefused
from smtp_tui.smtp.lifetimes import in_words


def certificate_lines(events: Sequence[Event], now: datetime) -> Iterator[str]:
    """Yield what TLS came to and the facts of the whole chain, the server's own first."""
    shaken = [one for one in events if isinstance(one, TlsEstablished | TlsRefused)]
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
