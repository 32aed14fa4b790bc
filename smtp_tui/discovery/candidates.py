"""Servers that may accept mail, before anybody probes them, and the providers that are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from smtp_tui.config.errors import one_line, reason
from smtp_tui.discovery.steps import CandidateSource
from smtp_tui.providers.known import providers, providers_in
from smtp_tui.providers.provider import Provider
from smtp_tui.records import record
from smtp_tui.settings.choices import Encryption
from smtp_tui.settings.parsers import is_address

IMPLICIT_TLS_PORTS = frozenset({465, 2465})
# RFC 8314, section 3.3, prefers 465; 2525 is many relays' way round a block, 25 is for servers.
USUAL = (465, 587, 2525, 25)
PREFIXES = ("smtp", "mail")
MOST_SERVICES = 6
"""SRV records that are followed; more is a mistake, or malice."""


@record(kw_only=True)
class Candidate:
    """A port of a host, how it is known, and how the link is protected as far as that says.

    `order` ranks the candidates of one source; `username` is there where the source knows it.
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
        if self.encryption:
            return self.encryption
        return Encryption.SSL if self.port in IMPLICIT_TLS_PORTS else Encryption.TLS

    @property
    def rank(self) -> tuple[int, int]:
        """What counts first sorts first."""
        return list(CandidateSource).index(self.source), self.order


def preset_candidates(provider: Provider, host: str | None = None) -> Iterator[Candidate]:
    """Yield the ports of a provider, at `host` where that is known to be one of its own.

    None where the admin must choose the host.
    """
    if (named := host or provider.host) is None:
        return
    for order, way in enumerate(provider.ways):
        yield Candidate(
            host=named,
            port=way.port,
            encryption=way.encryption,
            source=CandidateSource.PRESET,
            order=order,
            provider=provider,
        )


def default_candidates(
    name: str, exchange: str | None, *, is_domain: bool, closed: frozenset[int]
) -> Iterator[Candidate]:
    """Yield the usual names of a domain's server on the usual ports.

    A name that is no domain is the host itself before all. `exchange` is the host that takes the
    domain's mail: its port 25 is for other servers. `closed` are ports that DNS says are not used.
    """
    prefixed = [] if is_address(name) else [f"{prefix}.{name}" for prefix in PREFIXES]
    hosts = [*prefixed, name] if is_domain else [name, *prefixed]
    if exchange and exchange not in hosts:
        hosts.append(exchange)
    for order, host in enumerate(hosts):
        for port in USUAL:
            if port not in closed and not (host == exchange and port == 25):
                is_given = host == name and not is_domain
                source = CandidateSource.GUESS
                yield Candidate(host=host, port=port, source=source, order=order, is_given=is_given)


def distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Each port of a host once, as its best source knows it, the best first."""

    def worth(candidate: Candidate) -> tuple[int, int, int]:
        port = candidate.port
        return (*candidate.rank, USUAL.index(port) if port in USUAL else -1)

    best: dict[tuple[str, int], Candidate] = {}
    for candidate in sorted(candidates, key=worth):
        best.setdefault((candidate.host, candidate.port), candidate)
    return list(best.values())


LARGEST = 1024 * 1024
"""Bytes of one file; more is no file of providers."""


@record(kw_only=True)
class Presets:
    """The providers, each id once, and what is wrong with files that cannot be read."""

    providers: tuple[Provider, ...]
    own: frozenset[str] = frozenset()
    faults: tuple[str, ...] = ()


def presets_with(folder: Path) -> Presets:
    """Return all providers; those in the folder's `*.toml` files stand in place of ours."""
    found: dict[str, Provider] = {}
    faults = []
    try:
        paths = sorted(path for path in folder.glob("*.toml") if path.is_file())
    except OSError:
        paths = []
    for path in paths:
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST + 1)
            if len(data) > LARGEST:
                raise ValueError("it is larger than 1 MiB")
            for provider in providers_in(data.decode("utf-8")):
                found.setdefault(provider.id, provider)
        except OSError as error:
            faults.append(f"{one_line(path)} cannot be read: {reason(error)}")
        except UnicodeDecodeError:  # a ValueError whose own text would show bytes of the file
            faults.append(f"{one_line(path)} is ignored: it is not UTF-8")
        except ValueError as error:
            faults.append(f"{one_line(path)} is ignored: {one_line(error)}")
    own = frozenset(found)
    for provider in providers():
        found.setdefault(provider.id, provider)
    return Presets(providers=tuple(found.values()), own=own, faults=tuple(faults))
