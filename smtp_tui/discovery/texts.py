"""The texts of a search, as they ship with the package.

What knocks showed, in a few words each: the cells of a table, and what stands below it. Pure.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from smtp_tui.discovery.steps import OK, ProbeResult
from smtp_tui.smtp.certificates import in_words
from smtp_tui.smtp.events import label


def text(kind: str, identity: str, **names: object) -> str:
    """Return a text filled in: a finding, a part of a reason, a note."""
    return str(_texts("texts.toml")[kind][identity]).format_map(names)


def domain_text(identity: str, **names: object) -> str:
    """Return the sentence of a fact about a domain, filled in."""
    return str(_texts("domain.toml")[identity]).format_map(names)


@cache
def _texts(file: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / file).read_text(encoding="utf-8"))


NOT_ASKED = "-"
_CERTIFICATE = "certificate "
_MOST_NAMES = 4


def by_host(knocks: Iterable[ProbeResult]) -> list[tuple[str, list[ProbeResult]]]:
    """Put the knocks of each host together, by port; hosts where a mail server answered first."""
    hosts: dict[str, list[ProbeResult]] = {}
    for knock in sorted(knocks, key=lambda one: (one.port, ":" in one.address)):
        hosts.setdefault(knock.host, []).append(knock)
    return sorted(hosts.items(), key=lambda one: (not answers(one[1]), one[0]))


def answers(knocks: Iterable[ProbeResult]) -> bool:
    """Whether a mail server was met."""
    return any(one.is_reached for one in knocks)


def silent_ports(knocks: Iterable[ProbeResult]) -> list[tuple[str, list[str]]]:
    """Return each cause that kept a host's ports silent, with these ports."""
    ports: dict[str, list[str]] = {}
    for knock in knocks:
        _add(ports, knock.cause or "", str(knock.port))
    return list(ports.items())


def family_of(knock: ProbeResult) -> str:
    """Return `v4` or `v6`."""
    return "v6" if ":" in knock.address else "v4"


def took_words(knock: ProbeResult) -> str:
    """Say how long it took."""
    return f"{1000 * knock.took:.0f} ms"


def plain_words(knock: ProbeResult) -> str:
    """Say whether there is a dialogue in the clear."""
    return {True: "yes", False: "no", None: NOT_ASKED}[knock.plain]


def starttls_words(knock: ProbeResult) -> str:
    """Say what came of STARTTLS: the version and the verdict on the certificate."""
    if knock.starttls is None:
        return NOT_ASKED
    return _link(knock) if knock.starttls else label(knock.cause or "not offered")


def tls_words(knock: ProbeResult) -> str:
    """Say the same of TLS from the first byte."""
    return _link(knock) if knock.tls else NOT_ASKED


def _link(knock: ProbeResult) -> str:
    if knock.trusted not in (None, OK):
        return label(knock.trusted or "").removeprefix(_CERTIFICATE)
    return f"{knock.version} {label(knock.cause or 'valid')}"


def details(knock: ProbeResult) -> Iterator[str]:
    """Yield how a server greets, what it offers, and whose certificate it shows for how long."""
    if knock.greeting:
        yield f"greets as {knock.greeting.splitlines()[0]}"
    before, after = knock.before, knock.after
    if before is not None and after is not None:
        yield f"logins before TLS: {names_of(before)}; after: {names_of(after)}"
    elif before is not None or after is not None:
        yield f"logins: {names_of(before if after is None else after)}"
    if knock.certificate and knock.certificate.is_readable:
        names = ", ".join(knock.certificate.names[:_MOST_NAMES]) or "no name"
        yield f"certificate for {names}, {in_words(knock.certificate.left())}"
    if knock.also:
        yield f"also {', '.join(map(label, knock.also))}"


def shared_details(knocks: Sequence[ProbeResult]) -> list[tuple[str, list[str]]]:
    """Return each detail of the servers that were met, with the ports that it is of."""
    ports: dict[str, list[str]] = {}
    for knock in filter(lambda one: one.is_reached, knocks):
        for text in details(knock):
            _add(ports, text, str(knock.port))
    return list(ports.items())


def names_of(mechanisms: Sequence[str] | None) -> str:
    """List mechanisms, or say that there are none."""
    return " ".join(mechanisms or ()) or "none"


def _add(ports: dict[str, list[str]], text: str, port: str) -> None:
    known = ports.setdefault(text, [])
    if port not in known:
        known.append(port)
