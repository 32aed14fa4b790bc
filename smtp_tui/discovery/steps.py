"""Define the query of a search and its steps, a union of records, the result last."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smtp_tui.diagnosis.causes import label
from smtp_tui.providers import Provider
from smtp_tui.records import record
from smtp_tui.settings import parsers
from smtp_tui.settings.choices import Encryption
from smtp_tui.settings.parsers import parse_mailbox
from smtp_tui.smtp.certificates import in_words

if TYPE_CHECKING:
    from smtp_tui.smtp.certificates import Certificate

OK = "ok"
"""The verdict on a valid certificate."""
NOT_ASKED = "-"
IMPLICIT_TLS_PORTS = frozenset({465, 2465})
# RFC 8314, section 3.3, prefers 465; many relays offer 2525 to evade blocks; 25 is for servers.
USUAL = (465, 587, 2525, 25)
MOST_NAMES = 4
_WITH_PORT = re.compile(r"([^:@\s]+|\[.*\]):[0-9]+")


@record
class DiscoveryQuery:
    """The name to search for, in ASCII, and the mail address if one was given."""

    name: str
    address: str | None = None

    @property
    def is_address(self) -> bool:
        """Whether the name is an IP address, for which DNS lists no mail service."""
        return parsers.is_address(self.name)


def parse_query(text: str) -> DiscoveryQuery:
    """Parse a host, domain or mail address; the ValueError's message is a sentence."""
    if _WITH_PORT.fullmatch(text.strip()):
        raise ValueError(
            f"{parsers.shown(text)} contains a port; write only the host, smtp-tui tries all ports"
        )
    try:
        if "@" not in text:
            host = parsers.ascii_name(parsers.host(text))
            return DiscoveryQuery(host.removesuffix(".").lower())
        mailbox = parse_mailbox(text)
    except ValueError as error:
        # Some messages of field parsers have no subject.
        why = str(error)
        raise ValueError(f"it {why}" if why.startswith(("is ", "holds ")) else why) from None
    domain = mailbox.envelope.rpartition("@")[2]
    if domain.startswith("["):
        raise ValueError(f"{parsers.shown(domain)} is not a domain; write only the address")
    return DiscoveryQuery(domain.removesuffix(".").lower(), mailbox.address)


class CandidateSource(StrEnum):
    """How a server is known, the best source first."""

    SRV = "srv"
    AUTOCONFIG = "autoconfig"
    PRESET = "preset"
    GUESS = "guess"


@record(kw_only=True)
class Candidate:
    """A port of a host, its source, and the encryption if the source names it.

    `order` ranks the candidates of one source; `username` is set if the source names it.
    """

    host: str
    port: int
    source: CandidateSource
    order: int = 0
    encryption: Encryption | None = None
    provider: Provider | None = None
    username: str | None = None
    secure: bool = False
    is_given: bool = False

    @property
    def expected(self) -> Encryption:
        """The encryption to try first."""
        implied = Encryption.SSL if self.port in IMPLICIT_TLS_PORTS else Encryption.TLS
        return self.encryption or implied

    @property
    def rank(self) -> tuple[int, int]:
        """Sort key, the best first."""
        return list(CandidateSource).index(self.source), self.order


@record(kw_only=True)
class DiscoveryFinding:
    """Something found without a probe; `id` names its text."""

    seconds: float
    id: str
    text: str
    candidate: Candidate | None = None


@record(kw_only=True)
class ProbeStarted:
    """The numbers of ports to be probed, and of those `left_out` by the limit."""

    seconds: float
    ports: int
    left_out: int


@record(kw_only=True)
class ProbeResult:
    """The result of probing one port at one address, without credentials.

    `candidate` is the one that the certificate is for, else the best known. `cause` is why a check
    with these settings would fail; None if it would reach the login. `encryption` is the one that
    got furthest, None if no mail server was reached. `plain`, `starttls` and `tls` are whether the
    port offers each; None if not tried. `trusted` is `ok` or the certificate's first fault, `also`
    the others; `before` and `after` are the mechanisms offered before and inside TLS. `values` are
    those for our fields, `reason` says how the server is known, `notes` what else matters; all
    three are empty if no mail server was reached.
    """

    seconds: float = 0.0
    took: float = 0.0
    candidate: Candidate
    address: str
    cause: str | None
    encryption: Encryption | None = None
    plain: bool | None = None
    starttls: bool | None = None
    tls: bool | None = None
    greeting: str | None = None
    version: str | None = None
    certificate: Certificate | None = None
    trusted: str | None = None
    also: tuple[str, ...] = ()
    before: tuple[str, ...] | None = None
    after: tuple[str, ...] | None = None
    connections: int = 1
    values: Mapping[str, object] = field(default_factory=dict)
    reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """The candidate's host."""
        return self.candidate.host

    @property
    def port(self) -> int:
        """The candidate's port."""
        return self.candidate.port

    @property
    def source(self) -> CandidateSource:
        """The candidate's source."""
        return self.candidate.source

    @property
    def family(self) -> str:
        """`v4` or `v6`."""
        return "v6" if ":" in self.address else "v4"

    @property
    def is_encrypted(self) -> bool:
        """Whether the login would be inside TLS."""
        return self.encryption in (Encryption.TLS, Encryption.SSL)

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The mechanisms offered for the login."""
        return (self.after if self.is_encrypted else self.before) or ()

    @property
    def is_reached(self) -> bool:
        """Whether a mail server was reached."""
        return self.encryption is not None

    @property
    def worth(self) -> tuple[bool, bool, bool, tuple[int, int], bool, int, bool]:
        """Sort key, the best choice first."""
        # An invalid certificate is better than none: it can be fixed, while an unencrypted
        # connection exposes everything.
        is_guarded = self.is_encrypted if self.cause is None else self.trusted is not None
        return (
            not is_guarded,
            self.cause is not None,
            not self.mechanisms,
            self.candidate.rank,
            self.encryption is not Encryption.SSL,
            USUAL.index(self.port) if self.port in USUAL else 0,
            self.family == "v6",
        )


@record(kw_only=True)
class DiscoveryResult:
    """The result of a search: the best choice, or the nearest if none would pass.

    `values` are those for our fields; `cause` is what is wrong with the choice, or why there is
    none. `reason` says how the server is known, `notes` what else matters. `probes` and
    `connections` count what was tried.
    """

    seconds: float = 0.0
    ok: bool
    values: Mapping[str, object] = field(default_factory=dict)
    cause: str | None = None
    source: CandidateSource | None = None
    provider: str | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()
    probes: int = 0
    connections: int = 0


Step = DiscoveryFinding | ProbeStarted | ProbeResult | DiscoveryResult


def text(kind: str, identity: str, **names: object) -> str:
    """Return a text of `texts.toml` with its names filled in."""
    return str(_texts()[kind][identity]).format_map(names)


@cache
def _texts() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))


def by_host(probes: Iterable[ProbeResult]) -> list[tuple[str, list[ProbeResult]]]:
    """Group probes by host, sorted by port; hosts where a mail server answered first."""
    hosts: dict[str, list[ProbeResult]] = {}
    for probe in sorted(probes, key=lambda probe: (probe.port, probe.family)):
        hosts.setdefault(probe.host, []).append(probe)
    silent = {host: not any(probe.is_reached for probe in found) for host, found in hosts.items()}
    return sorted(hosts.items(), key=lambda item: (silent[item[0]], item[0]))


def silent_ports(probes: Iterable[ProbeResult]) -> list[tuple[str, list[str]]]:
    """Return each cause of a host's failed probes, with its ports."""
    return ports_by_text(probes, lambda probe: [probe.cause or ""])


def ports_by_text(
    probes: Iterable[ProbeResult], texts: Callable[[ProbeResult], Iterable[str]]
) -> list[tuple[str, list[str]]]:
    """Return each of the probes' texts, with the ports that have it."""
    # A port of both IPv4 and IPv6 is listed once. A dict keeps the order.
    ports: dict[str, dict[str, None]] = {}
    for probe in probes:
        for shown in texts(probe):
            ports.setdefault(shown, {})[str(probe.port)] = None
    return [(shown, list(found)) for shown, found in ports.items()]


def took_words(probe: ProbeResult) -> str:
    """Format a probe's duration."""
    return f"{1000 * probe.took:.0f} ms"


def cells_of(probe: ProbeResult) -> tuple[str, str, str, str, str, str]:
    """Return a probe as a row: port, address family, unencrypted, STARTTLS, implicit TLS, time."""
    plain, starttls, tls = NOT_ASKED, label(probe.cause or ""), ""
    if probe.is_reached:
        if probe.trusted in (None, OK):
            link = f"{probe.version} {label(probe.cause or 'valid')}"
        else:
            link = label(probe.trusted or "").removeprefix("certificate ")
        plain = {True: "yes", False: "no", None: NOT_ASKED}[probe.plain]
        no_starttls = NOT_ASKED if probe.starttls is None else label(probe.cause or "not offered")
        starttls = link if probe.starttls else no_starttls
        tls = link if probe.tls else NOT_ASKED
    return str(probe.port), probe.family, plain, starttls, tls, took_words(probe)


def details(probe: ProbeResult) -> Iterator[str]:
    """Yield a server's greeting, its mechanisms, and its certificate's names and time left."""
    if probe.greeting:
        yield f"greets as {probe.greeting.splitlines()[0]}"
    before, after = probe.before, probe.after
    if before is not None and after is not None:
        yield f"logins before TLS: {names_of(before)}; after: {names_of(after)}"
    elif before is not None or after is not None:
        yield f"logins: {names_of(before if after is None else after)}"
    if probe.certificate and probe.certificate.is_readable:
        names = ", ".join(probe.certificate.names[:MOST_NAMES]) or "no name"
        yield f"certificate for {names}, {in_words(probe.certificate.left())}"
    if probe.also:
        yield f"also {', '.join(map(label, probe.also))}"


def names_of(mechanisms: Sequence[str] | None) -> str:
    """Join mechanisms by spaces; `none` if there are none."""
    return " ".join(mechanisms or ()) or "none"
