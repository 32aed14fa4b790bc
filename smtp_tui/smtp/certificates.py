"""Describe peer certificates, and decide whether one expires soon."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

from smtp_tui.records import record
from smtp_tui.safe_text import abridged, shortened
from smtp_tui.settings.parsers import is_address
from smtp_tui.smtp.der import CertificatePublicKey, algorithms_of

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


# The rule for "expires soon", shared by the check, its warnings and monitoring. A fixed number of
# days fits only one lifetime: 14 days is too late for a one-year certificate and always warns about
# a six-day one. So the limit is a share of the lifetime, with a maximum. Let's Encrypt's clients
# renew when a third of the lifetime is left, or half of a short one.
@record(kw_only=True)
class ExpiryLimit:
    """The least time that must be left: a share of the lifetime, or `most` if that is less.

    If one of them is None, the other applies.
    """

    share: float | None = None
    most: timedelta | None = None

    def of(self, lifetime: timedelta) -> timedelta:
        """Return the time that must be left for a certificate with this lifetime."""
        share = None if self.share is None else max(lifetime, timedelta(0)) * self.share
        return min(span for span in (share, self.most) if span is not None)


EXPIRES_SOON = ExpiryLimit(share=1 / 4, most=timedelta(days=30))
EXPIRES_VERY_SOON = ExpiryLimit(share=1 / 8, most=timedelta(days=14))


def in_words(left: timedelta) -> str:
    """Format the time left in days, or in hours below two days."""
    span = abs(left)
    unit, name = (_DAY, "day") if span >= 2 * _DAY else (_HOUR, "hour")
    number = span // unit
    counted = f"{number} {name}{'' if number == 1 else 's'}" if number else "less than an hour"
    return f"{counted} left" if left >= timedelta(0) else f"expired {counted} ago"


# How many names of a certificate, and how many certificates of a chain, are shown.
NAMES_IN_LINE, NAMES_LISTED, CHAIN_SHOWN = 10, 50, 10


@record
class Certificate:
    """An X.509 certificate; dates are timezone-aware, `sha256` is in hexadecimal.

    `names` includes IP addresses; `addresses` holds only those, because the name check keeps them
    apart. `issuer_addresses` are the URLs of its issuer's certificate. An unreadable certificate
    has only its hash and DER; one with unreadable algorithms has no key. `seen` is set in a
    recording, where the time left counts from the check.
    """

    subject: str
    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    sha256: str
    has_san: bool
    addresses: tuple[str, ...] = ()
    issuer_addresses: tuple[str, ...] = ()
    key: CertificatePublicKey | None = None
    signature: str = ""
    is_readable: bool = True
    der: bytes = field(default=b"", repr=False)
    seen: datetime | None = field(default=None, repr=False)

    def left(self, now: datetime | None = None) -> timedelta:
        """The time until it expires; negative after that."""
        return self.not_after - (self.seen or now or datetime.now(UTC))

    def days_left(self, now: datetime | None = None) -> int:
        """Whole days until it expires; negative after that."""
        return self.left(now).days

    @property
    def lifetime(self) -> timedelta:
        """The time from `not_before` to `not_after`."""
        return self.not_after - self.not_before

    def is_below(self, limit: ExpiryLimit, now: datetime | None = None) -> bool:
        """Whether less time is left than the limit requires."""
        return self.left(now) < limit.of(self.lifetime)

    @property
    def is_self_issued(self) -> bool:
        """Whether issuer and subject are the same."""
        return self.issuer == self.subject

    @property
    def has_weak_signature(self) -> bool:
        """Whether its signature uses a broken hash: MD2, MD5 or SHA-1."""
        return any(weak in self.signature.lower() for weak in ("md2", "md5", "sha1"))

    def is_for(self, name: str) -> bool:
        """Whether it matches `name` by OpenSSL's rules (RFC 9525, section 6)."""
        if is_address(name):
            address = ip_address(name.partition("%")[0])
            return address in {ip_address(own) for own in self.addresses if is_address(own)}
        wanted = name.casefold()
        return any(_is_same_host(own.casefold(), wanted) for own in self.names)

    @property
    def fingerprint(self) -> str:
        """The hash as `openssl x509 -fingerprint` writes it."""
        return ":".join(self.sha256[at : at + 2].upper() for at in range(0, len(self.sha256), 2))

    @property
    def shown_names(self) -> str:
        """The first names in one line; some certificates have thousands."""
        return abridged(self.names, NAMES_IN_LINE)

    @property
    def listed_names(self) -> tuple[str, ...]:
        """The names that an event or a report lists."""
        return self.names[:NAMES_LISTED]

    @property
    def names_omitted(self) -> int:
        """The number of names that are not listed."""
        return len(self.names) - len(self.listed_names)

    @property
    def pem(self) -> str:
        """The certificate in PEM (RFC 7468)."""
        # Not with `ssl`: code that only shows texts need not load it.
        encoded = b64encode(self.der).decode()
        lines = [encoded[at : at + 64] for at in range(0, len(encoded), 64)]
        return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])

    def reworded(self, reword: Callable[[str], str]) -> Certificate:
        """Return a copy with `reword` applied to every text that its creator could choose."""
        return replace(
            self,
            subject=reword(self.subject),
            issuer=reword(self.issuer),
            names=tuple(map(reword, self.names)),
            addresses=tuple(map(reword, self.addresses)),
            issuer_addresses=tuple(map(reword, self.issuer_addresses)),
        )


def certificate_from(facts: Mapping[str, Any], der: bytes) -> Certificate:
    """Return a Certificate from the dict that `ssl` decodes (`SSLSocket.getpeercert`) and DER.

    ValueError if a date is invalid.
    """
    try:
        key, signature = algorithms_of(der)
    except ValueError:
        key, signature = None, ""
    alternative = facts.get("subjectAltName", ())
    hosts = [value for kind, value in alternative if kind == "DNS"]
    addresses = tuple(_address(value) for kind, value in alternative if kind == "IP Address")
    # The common name counts only without a DNS alternative name (X509_check_host).
    common = [value for key, value in _pairs(facts.get("subject", ())) if key == "commonName"]
    return Certificate(
        subject=_format_name(facts.get("subject", ())),
        names=(*map(shortened, hosts or common), *addresses),
        issuer=_format_name(facts.get("issuer", ())),
        not_before=_parse_date(facts["notBefore"]),
        not_after=_parse_date(facts["notAfter"]),
        sha256=_sha256(der),
        has_san="subjectAltName" in facts,
        addresses=addresses,
        issuer_addresses=tuple(map(shortened, facts.get("caIssuers", ()))),
        key=key,
        signature=signature,
        der=der,
    )


def unreadable_certificate(der: bytes) -> Certificate:
    """Return a Certificate for bytes that cannot be decoded: a server may send anything."""
    return Certificate(
        subject="an unreadable certificate",
        names=(),
        issuer="",
        not_before=datetime.min.replace(tzinfo=UTC),
        not_after=datetime.max.replace(tzinfo=UTC),
        sha256=_sha256(der),
        has_san=True,
        is_readable=False,
        der=der,
    )


def missing_issuer(chain: Sequence[Certificate]) -> str:
    """Return the issuer of the topmost certificate, following a chain from the peer's own.

    If the chain reaches a root, this is the root itself.
    """
    top, *others = chain
    while not top.is_self_issued:
        issuer = next((other for other in others if other.subject == top.issuer), None)
        if issuer is None:
            break
        others.remove(issuer)
        top = issuer
    return top.issuer


def anchor_of(chain: Sequence[Certificate]) -> Certificate | None:
    """Return the root that a chain includes, if any; it can be trusted in place of a public CA."""
    return next((cert for cert in chain if cert.is_self_issued and cert.is_readable), None)


def chain_texts(chain: Sequence[Certificate]) -> list[str]:
    """Describe each certificate that a peer sent: owner, issuer, validity, key and hash."""
    texts = []
    for number, cert in enumerate(chain[:CHAIN_SHOWN]):
        names = cert.shown_names or cert.subject
        owner = f"certificate for {names}" if names else "certificate without a name"
        if number:
            owner = f"next in the chain: {cert.subject}"
        if not cert.is_readable:
            texts += [cert.subject, "  SHA-256 fingerprint:", *_fingerprint_lines(cert)]
            continue
        left, key = in_words(cert.left()), f"{cert.key}, signed with {cert.signature}"
        texts += [
            owner,
            f"  issued by {cert.issuer or 'an issuer without a name'}",
            f"  valid {cert.not_before:%Y-%m-%d} to {cert.not_after:%Y-%m-%d}, {left}",
            f"  {key if cert.key else 'cannot read its key and signature'}; SHA-256 fingerprint:",
            *_fingerprint_lines(cert),
        ]
    more = len(chain) - CHAIN_SHOWN
    return [*texts, f"and {more} more certificates"] if more > 0 else texts


def _fingerprint_lines(cert: Certificate) -> list[str]:
    text = cert.fingerprint
    return [f"  {text[at : at + 48]}" for at in range(0, len(text), 48)]


def _address(text: str) -> str:
    """Format an IP address (RFC 5952): OpenSSL writes out all zeros of IPv6."""
    text = text.strip()
    return str(ip_address(text)) if is_address(text) else shortened(text)


def _sha256(der: bytes) -> str:
    import hashlib  # loads OpenSSL's hashes, which the first screen does not need

    return hashlib.sha256(der).hexdigest()


def _is_same_host(own: str, wanted: str) -> bool:
    # In OpenSSL a wildcard matches one label, and at least two more must follow it.
    if own.startswith("*.") and own.count(".") >= 2:
        label, _, rest = wanted.partition(".")
        return bool(label) and own[2:] == rest
    return own == wanted


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


def _format_name(name: Any) -> str:
    return shortened(", ".join(f"{_SHORT.get(key, key)}={value}" for key, value in _pairs(name)))


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _parse_date(text: str) -> datetime:
    # Not `ssl.cert_time_to_seconds`: `strptime` takes 8 ms to load and is slow for each date.
    month, day, clock, year, _ = text.split()
    hour, minute, second = map(int, clock.split(":"))
    return datetime(int(year), _MONTHS.index(month) + 1, int(day), hour, minute, second, tzinfo=UTC)
