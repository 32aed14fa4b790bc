"""Verify DKIM signatures from a message's bytes (RFC 6376); the only module that imports dkim."""

from __future__ import annotations

import binascii
import logging
import re
from functools import partial

from smtp_tui.arrival.headers import HeaderField, values_of
from smtp_tui.diagnosis.delivery import DkimOutcome, DkimResult
from smtp_tui.discovery.dns import DnsAnswer, DnsAnswerState, Resolver, gather_all
from smtp_tui.discovery.domain import key_state, tags_of
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls, shortened
from smtp_tui.threads import in_daemon_thread

MOST_SIGNATURES = 8
_LIMIT = 10.0
# Bits; RFC 8301 forbids shorter keys.
SMALLEST_KEY = 1024
_DOMAIN = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63}){1,20}")
_SELECTOR = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63}){0,9}")
MISSING = (
    "smtp-tui cannot verify DKIM signatures without dkimpy; install the extra: "
    "pip install 'smtp-tui[arrival]'"
)

try:
    import dkim
except ModuleNotFoundError:  # the extra `arrival` is not installed
    dkim = None


@record
class _Signature:
    domain: str
    selector: str
    algorithm: str


def is_installed() -> bool:
    """Whether signatures can be verified here."""
    return dkim is not None


async def verify(
    message: bytes, fields: tuple[HeaderField, ...], resolver: Resolver
) -> tuple[DkimResult, ...]:
    """Verify each signature of a message with the keys from DNS."""
    signatures = [_signature(value) for value in values_of(fields, "dkim-signature")]
    signatures = signatures[:MOST_SIGNATURES]
    keys = await gather_all(*(_key(signature, resolver) for signature in signatures))
    results = []
    for index, (signature, key) in enumerate(zip(signatures, keys, strict=True)):
        outcome, why = _without_key(key) if key else ("malformed", "it names no usable key")
        if outcome == "pass" and key:
            try:
                outcome, why = await in_daemon_thread(
                    partial(_verified, message, index, key.records[0]), _LIMIT
                )
            except TimeoutError:
                outcome, why = "unknown", f"the verification took more than {_LIMIT:g} s"
        results.append(
            DkimResult(
                domain=signature.domain,
                selector=signature.selector,
                outcome=outcome,
                why=shortened(escape_controls(why)),
                algorithm=signature.algorithm,
            )
        )
    return tuple(results)


def _signature(value: str) -> _Signature:
    tags = tags_of(value)
    domain, selector, algorithm = (tags.get(tag, "") for tag in "dsa")
    if not (_DOMAIN.fullmatch(domain) and _SELECTOR.fullmatch(selector)):
        domain = selector = ""
    return _Signature(domain.casefold(), selector, shortened(escape_controls(algorithm), 40))


async def _key(signature: _Signature, resolver: Resolver) -> DnsAnswer | None:
    if not signature.domain:
        return None
    return await resolver.ask(f"{signature.selector}._domainkey.{signature.domain}", "TXT")


def _without_key(key: DnsAnswer) -> tuple[DkimOutcome, str]:
    """Return what the DNS answer alone decides; `pass` if the signature must be verified."""
    if key.state is DnsAnswerState.FAILED:
        return "unknown", "no nameserver answered for the key"
    if not key.records:
        return "no-key", "DNS has no key for it"
    state = key_state(key.records[0])
    if state == "dkim-revoked":
        return "no-key", "its key is revoked"
    if state == "dkim-broken":
        return "bad-key", "its key in DNS is unreadable"
    return "pass", ""


def _verified(message: bytes, index: int, key: str) -> tuple[DkimOutcome, str]:
    if dkim is None:
        return "unknown", MISSING
    trouble: list[str] = []
    logger = logging.Logger("dkim")
    logger.addHandler(_Collector(trouble))
    try:
        verifier = dkim.DKIM(message, logger=logger, minkey=SMALLEST_KEY)
        if verifier.verify(index, dnsfunc=lambda *_, **__: key.encode()):
            return "pass", ""
    except dkim.NaClNotFoundError:
        return "unknown", "an Ed25519 signature needs pynacl, which is not installed"
    except (dkim.DKIMException, binascii.Error, ValueError) as error:
        trouble.append(str(error))
    return _failure(" ".join(trouble))


def _failure(trouble: str) -> tuple[DkimOutcome, str]:
    for words, outcome, why in _FAILURES:
        if words in trouble:
            return outcome, why
    if trouble:
        return "malformed", trouble
    return "header", "a signed header field was changed, or another key signed it"


_FAILURES: tuple[tuple[str, DkimOutcome, str], ...] = (
    ("body hash mismatch", "body", "the body was changed after it was signed"),
    ("pynacl", "unknown", "an Ed25519 signature needs pynacl, which is not installed"),
    ("x= value is past", "expired", "the signature has expired"),
    ("too small", "weak-key", f"its key has less than {SMALLEST_KEY} bits"),
    ("public key", "bad-key", "its key in DNS is unreadable"),
)


class _Collector(logging.Handler):
    """Keeps what the library logs instead of raising it; nothing is printed."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text of a line."""
        self._lines.append(record.getMessage())
