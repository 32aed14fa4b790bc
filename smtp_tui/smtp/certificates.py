"""The facts of a peer certificate that an admin wants to see."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Certificate:
    """An X.509 certificate's facts; dates carry their zone, SHA-256 is in hexadecimal."""

    subject: str
    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    sha256: str
    has_san: bool
    issuer_addresses: tuple[str, ...] = ()

    def days_left(self, now: datetime | None = None) -> int:
        """Whole days until it expires; negative when it has."""
        return (self.not_after - (now or datetime.now(UTC))).days

    @property
    def is_self_issued(self) -> bool:
        """Whether issuer and subject are the same."""
        return self.issuer == self.subject


def certificate_from(facts: Mapping[str, Any], der: bytes) -> Certificate:
    """Make a Certificate of the facts that `ssl` decodes (`SSLSocket.getpeercert`) and its DER."""
    alternative = [
        value for kind, value in facts.get("subjectAltName", ()) if kind in ("DNS", "IP Address")
    ]
    subject = _distinguished(facts.get("subject", ()))
    common = [value for key, value in _pairs(facts.get("subject", ())) if key == "commonName"]
    return Certificate(
        subject=subject,
        names=tuple(value.strip() for value in alternative or common),
        issuer=_distinguished(facts.get("issuer", ())),
        not_before=_moment(facts["notBefore"]),
        not_after=_moment(facts["notAfter"]),
        sha256=hashlib.sha256(der).hexdigest(),
        has_san="subjectAltName" in facts,
        issuer_addresses=tuple(facts.get("caIssuers", ())),
    )


_SHORT = {
    "commonName": "CN",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "localityName": "L",
    "stateOrProvinceName": "ST",
}


def _pairs(name: Any) -> list[tuple[str, str]]:
    return [pair for relative in name for pair in relative]


def _distinguished(name: Any) -> str:
    return ", ".join(f"{_SHORT.get(key, key)}={value}" for key, value in _pairs(name))


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)
