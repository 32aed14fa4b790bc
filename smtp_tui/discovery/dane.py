"""Hold TLSA records to the certificates that a mail server sends (RFC 6698, RFC 7672)."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import cache
from hmac import compare_digest
from pathlib import Path

from smtp_tui.records import record
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.der import public_key_bytes

DANE_TA, DANE_EE = 2, 3
_USAGES, _SELECTORS, _MATCHING = range(4), range(2), range(3)
_HASHES = {1: "sha256", 2: "sha512"}
_SIZES = {1: 32, 2: 64}
# Hexadecimal digits of a record that a text shows.
_SHOWN = 16


class TlsaState(StrEnum):
    """What a record is worth to a sender that follows DANE; the tables of `dane.toml`."""

    MATCH = "match"
    MISMATCH = "mismatch"
    NOT_SENT = "not-sent"  # it names a known authority, which the server does not send
    NOT_VALID = "not-valid"  # it names a certificate that is sent, but the chain or name is wrong
    UNUSABLE = "unusable"  # SMTP uses only DANE-TA and DANE-EE (RFC 7672, section 3.1.3)
    MALFORMED = "malformed"


class Breaks(StrEnum):
    """When a record stops matching, though nobody made a mistake."""

    EACH_RENEWAL = "each-renewal"
    KEY_CHANGE = "key-change"
    ISSUER_CHANGE = "issuer-change"
    NEVER_USED = "never-used"


@record(kw_only=True)
class TlsaRecord:
    """A TLSA record; `secure` if the resolver validated it. A malformed one has only its text."""

    text: str
    usage: int = -1
    selector: int = -1
    matching: int = -1
    data: bytes = b""
    secure: bool = False

    @property
    def is_malformed(self) -> bool:
        """Whether a field has no meaning, or the hash has the wrong length."""
        known = (
            self.usage in _USAGES
            and self.selector in _SELECTORS
            and self.matching in _MATCHING
            and bool(self.data)
        )
        return not known or len(self.data) != _SIZES.get(self.matching, len(self.data))

    @property
    def is_usable(self) -> bool:
        """Whether a sender uses it for SMTP (RFC 7672, section 3.1)."""
        return not self.is_malformed and self.usage in (DANE_TA, DANE_EE)

    @property
    def breaks(self) -> Breaks:
        """When it stops matching."""
        if not self.is_usable:
            return Breaks.NEVER_USED
        if self.usage == DANE_TA:
            return Breaks.ISSUER_CHANGE
        return Breaks.KEY_CHANGE if self.selector else Breaks.EACH_RENEWAL

    @property
    def short(self) -> str:
        """The record as texts show it."""
        if self.usage < 0:
            return self.text[: _SHOWN * 2]
        digits = self.data.hex()
        more = "…" if len(digits) > _SHOWN else ""
        return f"{self.usage} {self.selector} {self.matching} {digits[:_SHOWN]}{more}"


@record(kw_only=True)
class TlsaResult:
    """A record next to a chain: `matches` is the place of the certificate that it names in it.

    `trouble` says why a match does not count.
    """

    record: TlsaRecord
    state: TlsaState
    matches: int | None = None
    trouble: str = ""

    @property
    def is_good(self) -> bool:
        """Whether a sender that follows DANE accepts the server by it."""
        return self.state is TlsaState.MATCH and self.record.secure

    @property
    def text(self) -> str:
        """The result in a sentence or two."""
        texts = _texts()
        parts = [texts["states"][self.state].format(trouble=self.trouble)]
        if self.matches is not None:
            parts.append(texts["breaks"][self.record.breaks])
            if not self.record.secure:
                parts.append(texts["notes"]["insecure"])
        return " ".join(parts)


@cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def note(id_: str) -> str:
    """Return a text of the table `notes`."""
    return _texts()["notes"][id_]


def parse(text: str, *, secure: bool) -> TlsaRecord:
    """Read a record in zone file format; what cannot be read is malformed."""
    words = text.split()
    try:
        usage, selector, matching = map(int, words[:3])
        data = bytes.fromhex("".join(words[3:]))
    except ValueError:
        return TlsaRecord(text=text, secure=secure)
    return TlsaRecord(
        text=text, usage=usage, selector=selector, matching=matching, data=data, secure=secure
    )


def match(
    tlsa: TlsaRecord, chain: Sequence[Certificate], authorities: Iterable[bytes] = ()
) -> TlsaResult:
    """Hold a record to a chain, the server's own certificate first.

    `authorities` are certificates in DER that are known here: they tell a record for an authority
    that the server does not send from one for a stranger. A match with an authority does not yet
    say that the chain leads to it: see `with_proof`.
    """
    if tlsa.is_malformed:
        return TlsaResult(record=tlsa, state=TlsaState.MALFORMED)
    # An end-entity certificate is the server's own; an authority stands above it.
    places = range(1) if tlsa.usage in (1, DANE_EE) else range(1, len(chain))
    place = next((at for at in places if chain[at:] and _is_of(tlsa, chain[at].der)), None)
    if not tlsa.is_usable:
        return TlsaResult(record=tlsa, state=TlsaState.UNUSABLE, matches=place)
    if place is not None:
        return TlsaResult(record=tlsa, state=TlsaState.MATCH, matches=place)
    is_known = tlsa.usage == DANE_TA and any(_is_of(tlsa, der) for der in authorities)
    state = TlsaState.NOT_SENT if is_known else TlsaState.MISMATCH
    return TlsaResult(record=tlsa, state=state)


def with_proof(result: TlsaResult, trouble: str) -> TlsaResult:
    """Return the result of a record for an authority after its chain was verified."""
    return replace(result, state=TlsaState.NOT_VALID, trouble=trouble) if trouble else result


def right_record(chain: Sequence[Certificate], port: int, host: str) -> str | None:
    """Return the record to publish, in zone file format: 3 1 1, the server's own key."""
    leaf = chain[0] if chain else None
    try:
        digest = hashlib.sha256(public_key_bytes(leaf.der)).hexdigest() if leaf else None
    except ValueError:
        return None
    return digest and f"_{port}._tcp.{host}. IN TLSA 3 1 1 {digest}"


def _is_of(tlsa: TlsaRecord, der: bytes) -> bool:
    try:
        content = public_key_bytes(der) if tlsa.selector else der
    except ValueError:
        return False
    if tlsa.matching:
        content = hashlib.new(_HASHES[tlsa.matching], content).digest()
    return compare_digest(content, tlsa.data)
