"""Where mail may be handed over, before anybody knocks, and in which order to try.

The providers that are known: the admin's own files first, then those of the program.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from smtp_tui.config.errors import one_line, reason
from smtp_tui.discovery.steps import Source
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

    `order` ranks the places of one source; `username` is told where the source knows it.
    """

    host: str
    port: int
    source: Source
    order: int = 0
    encryption: Encryption | None = None
    provider: Provider | None = None
    username: str | None = None
    secure: bool = False
    is_given: bool = False

    @property
    def expected(self) -> Encryption:
        """The way to try first."""
        if self.encryption:
            return self.encryption
        return Encryption.SSL if self.port in IMPLICIT_TLS_PORTS else Encryption.TLS

    @property
    def rank(self) -> tuple[int, int]:
        """What counts first sorts first."""
        return list(Source).index(self.source), self.order


def preset_places(provider: Provider, host: str | None = None) -> Iterator[Candidate]:
    """The places of a provider's preset, at `host` where that is known to be one of its own.

    None where the admin must choose the host.
    """
    if (named := host or provider.host) is None:
        return
    for order, way in enumerate(provider.ways):
        yield Candidate(
            host=named,
            port=way.port,
            encryption=way.encryption,
            source=Source.PRESET,
            order=order,
            provider=provider,
        )


def default_candidates(
    name: str, exchange: str | None, *, is_domain: bool, closed: frozenset[int]
) -> Iterator[Candidate]:
    """The usual names of a domain's server on the usual ports.

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
                yield Candidate(
                    host=host,
                    port=port,
                    source=Source.GUESS,
                    order=order,
                    is_given=host == name and not is_domain,
                )


def distinct(places: Iterable[Candidate]) -> list[Candidate]:
    """Each port of a host once, as its best source knows it, the best first."""
    best: dict[tuple[str, int], Candidate] = {}
    for place in sorted(places, key=_worth):
        best.setdefault((place.host, place.port), place)
    return list(best.values())


def _worth(place: Candidate) -> tuple[int, int, int]:
    port = USUAL.index(place.port) if place.port in USUAL else -1
    return (*place.rank, port)


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
    for path in _files_in(folder):
        try:
            for provider in providers_in(_text_of(path)):
                found.setdefault(provider.id, provider)
        except OSError as error:
            faults.append(f"{one_line(path)} cannot be read: {reason(error)}")
        except ValueError as error:
            faults.append(f"{one_line(path)} is ignored: {one_line(error)}")
    own = frozenset(found)
    for provider in providers():
        found.setdefault(provider.id, provider)
    return Presets(providers=tuple(found.values()), own=own, faults=tuple(faults))


def _files_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.glob("*.toml") if path.is_file())
    except OSError:
        return []


def _text_of(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError("it is larger than 1 MiB")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
