"""The facts of a peer certificate that an admin wants to see, and when it expires soon."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

from smtp_tui.records import record
from smtp_tui.settings.parsers import is_address
from smtp_tui.smtp.der import PublicKey, algorithms_of
from smtp_tui.smtp.escaping import abridged, shortened

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


# When a certificate expires soon: the one rule that the check, its warnings and monitoring share.
# A fixed number of days fits one lifetime alone: 14 days are too late for a certificate of a year,
# and alarm for ever on one of six days. So the rule is a share of the lifetime, and a limit to it.
# Let's Encrypt's clients renew with a third of it left, or half of a short one.
@record(kw_only=True)
class Limit:
    """Less time left than this is too little: a share of the lifetime, or `most` if that is less.

    Without a share it is `most`, and without `most` the share alone.
    """

    share: float | None = None
    most: timedelta | None = None

    def of(self, lifetime: timedelta) -> timedelta:
        """Return the time that must be left of a certificate with this lifetime."""
        share = None if self.share is None else max(lifetime, timedelta(0)) * self.share
        return min(span for span in (share, self.most) if span is not None)


EXPIRES_SOON = Limit(share=1 / 4, most=timedelta(days=30))
EXPIRES_VERY_SOON = Limit(share=1 / 8, most=timedelta(days=14))


def in_words(left: timedelta) -> str:
    """Say how much time is left, in days, and in hours where a day is long."""
    span = abs(left)
    unit, name = (_DAY, "day") if span >= 2 * _DAY else (_HOUR, "hour")
    number = span // unit
    counted = f"{number} {name}{'' if number == 1 else 's'}" if number else "less than an hour"
    return f"{counted} left" if left >= timedelta(0) else f"expired {counted} ago"


# Of the names of a certificate, and of the certificates of a chain, so many are shown.
NAMES_IN_LINE, NAMES_LISTED, CHAIN_SHOWN = 10, 50, 10


@record
class Certificate:
    """An X.509 certificate's facts; dates carry their zone, SHA-256 is in hexadecimal.

    `names` are those that it is for, IP addresses among them; `addresses` are these alone, as the
    name check keeps them apart. `issuer_addresses` say where its issuer can be fetched. One that is
    not readable has its hash and nothing else; one whose algorithms are not has no key.
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
    key: PublicKey | None = None
    signature: str = ""
    is_readable: bool = True
    der: bytes = field(default=b"", repr=False)

    def left(self, now: datetime | None = None) -> timedelta:
        """The time until it expires; negative when it has."""
        return self.not_after - (now or datetime.now(UTC))

    def days_left(self, now: datetime | None = None) -> int:
        """Whole days until it expires; negative when it has."""
        return self.left(now).days

    @property
    def lifetime(self) -> timedelta:
        """The time from its first moment to its last."""
        return self.not_after - self.not_before

    def is_below(self, limit: Limit, now: datetime | None = None) -> bool:
        """Whether less of its lifetime is left than a limit asks for."""
        return self.left(now) < limit.of(self.lifetime)

    @property
    def is_self_issued(self) -> bool:
        """Whether issuer and subject are the same."""
        return self.issuer == self.subject

    @property
    def has_weak_signature(self) -> bool:
        """Whether it is signed over a hash that can be forged."""
        return any(weak in self.signature.lower() for weak in ("md2", "md5", "sha1"))

    def is_for(self, name: str) -> bool:
        """Whether it is for `name`, as OpenSSL has it (RFC 9525, section 6)."""
        if is_address(name):
            address = ip_address(name.partition("%")[0])
            return address in {ip_address(own) for own in self.addresses if is_address(own)}
        wanted = name.casefold()
        return any(_is_same_host(own.casefold(), wanted) for own in self.names)

    @property
    def shown_names(self) -> str:
        """The names in a line: some certificates have thousands."""
        return abridged(self.names, NAMES_IN_LINE)

    @property
    def listed_names(self) -> tuple[str, ...]:
        """As many names as an event or a report lists."""
        return self.names[:NAMES_LISTED]

    @property
    def names_omitted(self) -> int:
        """How many more names it has than are listed."""
        return len(self.names) - len(self.listed_names)

    @property
    def pem(self) -> str:
        """The certificate as a PEM file holds it (RFC 7468)."""
        # Not by `ssl`, which what only shows texts need not load.
        encoded = b64encode(self.der).decode()
        lines = [encoded[at : at + 64] for at in range(0, len(encoded), 64)]
        return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])

    def reworded(self, reword: Callable[[str], str]) -> Certificate:
        """Return it with every text that its maker could choose put through `reword`."""
        return replace(
            self,
            subject=reword(self.subject),
            issuer=reword(self.issuer),
            names=tuple(map(reword, self.names)),
            addresses=tuple(map(reword, self.addresses)),
            issuer_addresses=tuple(map(reword, self.issuer_addresses)),
        )


def certificate_from(facts: Mapping[str, Any], der: bytes) -> Certificate:
    """Make a Certificate of the facts that `ssl` decodes (`SSLSocket.getpeercert`) and its DER.

    ValueError where a date is none.
    """
    try:
        key, signature = algorithms_of(der)
    except ValueError:
        key, signature = None, ""
    alternative = facts.get("subjectAltName", ())
    hosts = [value for kind, value in alternative if kind == "DNS"]
    addresses = tuple(_address(value) for kind, value in alternative if kind == "IP Address")
    # The common name counts where no alternative name is a host's (X509_check_host).
    common = [value for key, value in _pairs(facts.get("subject", ())) if key == "commonName"]
    return Certificate(
        subject=_distinguished(facts.get("subject", ())),
        names=(*map(shortened, hosts or common), *addresses),
        issuer=_distinguished(facts.get("issuer", ())),
        not_before=_moment(facts["notBefore"]),
        not_after=_moment(facts["notAfter"]),
        sha256=_sha256(der),
        has_san="subjectAltName" in facts,
        addresses=addresses,
        issuer_addresses=tuple(map(shortened, facts.get("caIssuers", ()))),
        key=key,
        signature=signature,
        der=der,
    )


def unreadable_certificate(der: bytes) -> Certificate:
    """Make the Certificate of bytes that cannot be decoded: a server may send anything."""
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
    """Name the issuer above all that a chain holds, from the peer's own certificate upwards.

    Where the chain goes up to a root, that is the root itself.
    """
    top, *others = chain
    while not top.is_self_issued:
        above = next((one for one in others if one.subject == top.issuer), None)
        if above is None:
            break
        others.remove(above)
        top = above
    return top.issuer


def anchor_of(chain: Sequence[Certificate]) -> Certificate | None:
    """Return what a chain holds that can be trusted in place of a public CA: its root, if any."""
    return next((one for one in chain if one.is_self_issued and one.is_readable), None)


def chain_texts(chain: Sequence[Certificate]) -> list[str]:
    """Say of each certificate that a peer sent whose it is, who vouches for it, and how."""
    texts = []
    for number, one in enumerate(chain[:CHAIN_SHOWN]):
        names = one.shown_names or one.subject
        owner = f"certificate for {names}" if names else "certificate without a name"
        if number:
            owner = f"next in the chain: {one.subject}"
        if not one.is_readable:
            texts += [one.subject, f"SHA-256 {one.sha256}"]
            continue
        left, signed = in_words(one.left()), f"{one.key}, signed with {one.signature}"
        texts += [
            owner,
            f"  issued by {one.issuer or 'an issuer without a name'}",
            f"  valid {one.not_before:%Y-%m-%d} to {one.not_after:%Y-%m-%d}, {left}",
            f"  {signed if one.key else 'cannot read its key and signature'}; SHA-256 fingerprint:",
            f"  {one.sha256}",
        ]
    more = len(chain) - CHAIN_SHOWN
    return [*texts, f"and {more} more certificates"] if more > 0 else texts


def _address(said: str) -> str:
    """Write an address as people do (RFC 5952): OpenSSL spells all zeros of IPv6 out."""
    said = said.strip()
    return str(ip_address(said)) if is_address(said) else shortened(said)


def _sha256(der: bytes) -> str:
    import hashlib  # it loads OpenSSL's own hashes, which the first screen needs none of

    return hashlib.sha256(der).hexdigest()


def _is_same_host(own: str, wanted: str) -> bool:
    # OpenSSL takes a wildcard for one label, and below at least two more.
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


def _distinguished(name: Any) -> str:
    return shortened(", ".join(f"{_SHORT.get(key, key)}={value}" for key, value in _pairs(name)))


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _moment(text: str) -> datetime:
    # Not by `ssl.cert_time_to_seconds`: `strptime` takes 8 ms to load, and long for each date.
    month, day, clock, year, _ = text.split()
    hour, minute, second = map(int, clock.split(":"))
    return datetime(int(year), _MONTHS.index(month) + 1, int(day), hour, minute, second, tzinfo=UTC)
