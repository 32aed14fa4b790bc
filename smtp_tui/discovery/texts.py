"""The texts of a search, and what probes showed in a few words: cells of a table, and details."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from smtp_tui.diagnosis.causes import label
from smtp_tui.discovery.steps import OK, ProbeResult
from smtp_tui.smtp.certificates import in_words

NOT_ASKED = "-"
_MOST_NAMES = 4

PortsByText = list[tuple[str, list[str]]]


def text(kind: str, identity: str, **names: object) -> str:
    """Return a text filled in: a finding, a part of a reason, a note."""
    return str(_texts("texts.toml")[kind][identity]).format_map(names)


def domain_text(identity: str, **names: object) -> str:
    """Return the sentence of a fact about a domain, filled in."""
    return str(_texts("domain.toml")[identity]).format_map(names)


@cache
def _texts(file: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / file).read_text(encoding="utf-8"))


def by_host(probes: Iterable[ProbeResult]) -> list[tuple[str, list[ProbeResult]]]:
    """Put the probes of each host together, by port; hosts where a mail server answered first."""
    hosts: dict[str, list[ProbeResult]] = {}
    for probe in sorted(probes, key=lambda probe: (probe.port, ":" in probe.address)):
        hosts.setdefault(probe.host, []).append(probe)
    return sorted(hosts.items(), key=lambda item: (not answers(item[1]), item[0]))


def answers(probes: Iterable[ProbeResult]) -> bool:
    """Whether a mail server was met."""
    return any(probe.is_reached for probe in probes)


def silent_ports(probes: Iterable[ProbeResult]) -> PortsByText:
    """Return each cause that kept a host's ports silent, with these ports."""
    return _ports_by_text((probe.cause or "", probe.port) for probe in probes)


def shared_details(probes: Sequence[ProbeResult]) -> PortsByText:
    """Return each detail of the servers that were met, with the ports that it is of."""
    reached = [probe for probe in probes if probe.is_reached]
    return _ports_by_text((detail, probe.port) for probe in reached for detail in details(probe))


def _ports_by_text(pairs: Iterable[tuple[str, int]]) -> PortsByText:
    # A host has a port at IPv4 and at IPv6: named once. A dict keeps the order.
    ports: dict[str, dict[str, None]] = {}
    for shown, port in pairs:
        ports.setdefault(shown, {})[str(port)] = None
    return [(shown, list(found)) for shown, found in ports.items()]


def family_of(probe: ProbeResult) -> str:
    """Return `v4` or `v6`."""
    return "v6" if ":" in probe.address else "v4"


def took_words(probe: ProbeResult) -> str:
    """Say how long it took."""
    return f"{1000 * probe.took:.0f} ms"


def plain_words(probe: ProbeResult) -> str:
    """Say whether there is an unencrypted dialogue."""
    return {True: "yes", False: "no", None: NOT_ASKED}[probe.plain]


def starttls_words(probe: ProbeResult) -> str:
    """Say what came of STARTTLS: the version and the verdict on the certificate."""
    if probe.starttls is None:
        return NOT_ASKED
    return _link(probe) if probe.starttls else label(probe.cause or "not offered")


def tls_words(probe: ProbeResult) -> str:
    """Say the same of TLS from the first byte."""
    return _link(probe) if probe.tls else NOT_ASKED


def _link(probe: ProbeResult) -> str:
    if probe.trusted not in (None, OK):
        return label(probe.trusted or "").removeprefix("certificate ")
    return f"{probe.version} {label(probe.cause or 'valid')}"


def details(probe: ProbeResult) -> Iterator[str]:
    """Yield how a server greets, what it offers, and whose certificate it shows for how long."""
    if probe.greeting:
        yield f"greets as {probe.greeting.splitlines()[0]}"
    before, after = probe.before, probe.after
    if before is not None and after is not None:
        yield f"logins before TLS: {names_of(before)}; after: {names_of(after)}"
    elif before is not None or after is not None:
        yield f"logins: {names_of(before if after is None else after)}"
    if probe.certificate and probe.certificate.is_readable:
        names = ", ".join(probe.certificate.names[:_MOST_NAMES]) or "no name"
        yield f"certificate for {names}, {in_words(probe.certificate.left())}"
    if probe.also:
        yield f"also {', '.join(map(label, probe.also))}"


def names_of(mechanisms: Sequence[str] | None) -> str:
    """List mechanisms, or say that there are none."""
    return " ".join(mechanisms or ()) or "none"
