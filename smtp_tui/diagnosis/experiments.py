"""Changes of settings that can be tried after a failure, and hints on what the trials showed.

A change is a mapping by key, as a file has it; empty text takes a setting away. Only what needs no
credential is tried. A cause's entry in `causes.toml` names its experiments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from smtp_tui.diagnosis.causes import causes
from smtp_tui.diagnosis.verdict import CheckSummary
from smtp_tui.providers.provider import provider_of
from smtp_tui.records import record
from smtp_tui.settings.choices import AddressFamily, Authentication, Encryption, TlsVersion
from smtp_tui.settings.fields import BY_KEY, Settings
from smtp_tui.settings.parsers import address_literal, is_address
from smtp_tui.smtp.events import Stage

Change = Mapping[str, object]

# What one of these vouches for may be another machine than the one that was meant.
TRUST = frozenset({"server_name", "ca_file", "tls_fingerprint"})
# Where mail is submitted, and how (RFC 8314, section 3; 2525 stands in no standard).
SUBMISSION = ((587, "tls"), (465, "ssl"), (2525, "tls"))
MOST = 6
"""Connections that the experiments of one check may open."""
_MOST_NAMES = 2
_MOST_PORTS = 2


def with_changes(settings: Settings, change: Change) -> Settings:
    """Return the settings with a change made; ValueError where a value is none."""
    values: dict[str, Any] = {}
    for key, value in change.items():
        field = BY_KEY[key]
        values[field.attribute] = None if value == "" else field.parse(value)
    return replace(settings, **values)


def is_possible(change: Change) -> bool:
    """Whether every value of a change is one that its field accepts.

    A server may have chosen them: the names of its certificate are any text.
    """
    return not any(
        BY_KEY[key].problem_with(value)
        for key, value in change.items()
        if value is not None and value != ""
    )


def keeping_port(settings: Settings, change: Change) -> Change:
    """Add the port to a change of the encryption that would move an unset one elsewhere."""
    if "encryption" not in change or "port" in change or "port" in settings.given:
        return change
    moved = BY_KEY["port"].default({"encryption": Encryption(str(change["encryption"]))})
    return change if moved == settings.port else {**change, "port": settings.port}


def weakens(settings: Settings, change: Change) -> bool:
    """Whether security suffers by a change."""
    return (
        change.get("openssl_verify_mode") == "none"
        or (change.get("encryption") == "none" and settings.encryption is not Encryption.NONE)
        or change.get("starttls_auto") is False
        or change.get("tls_minimum") in (TlsVersion.V1_0, TlsVersion.V1_1)
    )


@record(kw_only=True)
class ExperimentSpec:
    """A change to try, up to `until`.

    `alias` is a name that must resolve to the address that was connected to: the settings ask for
    it, and the experiment goes there.
    """

    change: Change
    until: Stage = Stage.EHLO
    alias: str | None = None

    @property
    def name(self) -> str:
        """The change in short, which also names the experiment."""
        return " ".join(f"{key}={value}" for key, value in self.change.items())


def experiments_for(
    settings: Settings, facts: CheckSummary, cause: str | None
) -> tuple[ExperimentSpec, ...]:
    """Return what to try after a failure, the most promising first, and nothing twice."""
    found: dict[str, ExperimentSpec] = {}
    for name in causes().get(cause or "", {}).get("experiments", ()):
        for spec in _SOURCES[name](settings, facts):
            if is_possible(spec.change) and with_changes(settings, spec.change) != settings:
                found.setdefault(spec.name, spec)
    return tuple(found.values())[:MOST]


def _implicit_tls(settings: Settings, _facts: CheckSummary) -> Iterator[ExperimentSpec]:
    yield ExperimentSpec(change=keeping_port(settings, {"encryption": "ssl"}))


def _starttls(settings: Settings, _facts: CheckSummary) -> Iterator[ExperimentSpec]:
    yield ExperimentSpec(change=keeping_port(settings, {"encryption": "tls"}))


def _other_port(settings: Settings, _facts: CheckSummary) -> Iterator[ExperimentSpec]:
    for port, encryption in _submission_ways(settings.host):
        if port != settings.port:
            yield ExperimentSpec(change={"port": port, "encryption": encryption})


def _other_way(settings: Settings, _facts: CheckSummary) -> Iterator[ExperimentSpec]:
    if settings.address_family is not AddressFamily.ANY:
        yield ExperimentSpec(change={"address_family": "any"})
    if settings.source_address:
        yield ExperimentSpec(change={"source_address": ""})


def _certificate_names(settings: Settings, facts: CheckSummary) -> Iterator[ExperimentSpec]:
    """The names that the certificate is for: as the host, where they lead to the same machine."""
    known = (settings.host.casefold(), settings.tls_name.casefold())
    names = [
        name
        for name in (facts.chain[0].names if facts.chain else ())
        if "*" not in name
        and not is_address(name)
        and name.casefold() not in known
        and is_possible({"host": name})
    ]
    for name in names[:_MOST_NAMES]:
        yield ExperimentSpec(change={"host": name}, until=Stage.TLS, alias=name)
    for name in names[:_MOST_NAMES]:
        yield ExperimentSpec(change={"server_name": name}, until=Stage.TLS)


def _system_trust(settings: Settings, _facts: CheckSummary) -> Iterator[ExperimentSpec]:
    if settings.ca_file:
        yield ExperimentSpec(change={"ca_file": ""}, until=Stage.TLS)


def _chain_and_name(settings: Settings, _facts: CheckSummary) -> Iterator[ExperimentSpec]:
    if settings.tls_fingerprint:
        yield ExperimentSpec(change={"tls_fingerprint": ""}, until=Stage.TLS)


def _older_tls(settings: Settings, _facts: CheckSummary) -> Iterator[ExperimentSpec]:
    if settings.tls_minimum in (TlsVersion.V1_2, TlsVersion.V1_3):
        older = "1.2" if settings.tls_minimum is TlsVersion.V1_3 else "1.0"
        yield ExperimentSpec(change={"tls_minimum": older}, until=Stage.TLS)


def _address_literal(_settings: Settings, facts: CheckSummary) -> Iterator[ExperimentSpec]:
    refused_here = facts.finished and facts.finished.stage is Stage.EHLO
    if facts.connected and refused_here:
        literal = address_literal(facts.connected.local_address)
        if literal not in (facts.greeted_as or ""):
            yield ExperimentSpec(change={"domain": literal})


def _encrypted(settings: Settings, facts: CheckSummary) -> Iterator[ExperimentSpec]:
    """The ways to an encrypted connection."""
    if settings.encryption is Encryption.NONE:
        yield from _starttls(settings, facts)
        yield from _implicit_tls(settings, facts)
    yield from _other_port(settings, facts)


_SOURCES: dict[str, Callable[[Settings, CheckSummary], Iterator[ExperimentSpec]]] = {
    "implicit-tls": _implicit_tls,
    "starttls": _starttls,
    "other-port": _other_port,
    "other-way": _other_way,
    "certificate-names": _certificate_names,
    "system-trust": _system_trust,
    "chain-and-name": _chain_and_name,
    "older-tls": _older_tls,
    "address-literal": _address_literal,
    "encrypted": _encrypted,
}


def hints(settings: Settings, facts: CheckSummary) -> dict[str, str]:
    """Return the parts of a cure that depend on the settings and on what the experiments showed.

    A cure that names the port in use, or one that was tried in vain, would send the admin in a
    circle. Each is a whole sentence, or empty.
    """
    is_auto = settings.authentication is Authentication.AUTO
    is_answered = settings.encryption is Encryption.SSL or facts.speaks_tls is False
    try_ssl = "If the port expects implicit TLS, as 465 does, set encryption to ssl. "
    starttls = "Set encryption to tls (STARTTLS). "
    for trial in facts.trials:
        change = dict(trial.change)
        is_here = change.get("port") in (None, settings.port)
        if change.get("encryption") == "tls" and is_here and trial.outcome != "ok":
            starttls = "STARTTLS does not work on this port either. "
    return {
        "try_ports": _port_hint(settings, facts),
        "try_ssl": "" if is_answered else try_ssl,
        "try_starttls": starttls,
        "or_auto": "" if is_auto else "auto, or to ",
    }


def _submission_ways(host: str) -> tuple[tuple[int, str], ...]:
    """Return the ports and encryptions to submit mail with: the provider's, else the usual ones."""
    provider = provider_of(host)
    if provider is None:
        return SUBMISSION
    return tuple((way.port, way.encryption.value) for way in provider.ways)


def _port_hint(settings: Settings, facts: CheckSummary) -> str:
    """Say which other port to use, or that the others were tried in vain."""
    outcomes = {
        (change.get("port"), str(change.get("encryption", ""))): trial.outcome
        for trial in facts.trials
        if isinstance((change := dict(trial.change)).get("port"), int)
    }
    here = (settings.port, settings.encryption.value)
    ways = [
        way
        for way in _submission_ways(settings.host)
        # Another encryption on the same port helps only where the port itself answers.
        if (way != here if facts.connected else way[0] != settings.port)
    ]
    worked = [way for way in ways if outcomes.get(way) == "ok"]
    failed = [way for way in ways if way in outcomes and way not in worked]
    if worked:
        return f"Use {_listed(worked[:1])}: smtp-tui tried it, and it works. "
    if failed:
        return f"smtp-tui also tried {_listed(failed, 'and')}, without success. "
    return other_ports(ways)


def other_ports(ways: Iterable[tuple[int, str]]) -> str:
    """Advise the first of these ports; nothing where there is none."""
    first = list(ways)[:_MOST_PORTS]
    return f"Try {_listed(first)}. " if first else ""


def _listed(ways: Iterable[tuple[int, str]], last: str = "or") -> str:
    """Write ports with their encryption: `port 587 (tls) or port 465 (ssl)`."""
    *most, final = [f"port {port} ({encryption})" for port, encryption in ways]
    return f"{', '.join(most)} {last} {final}" if most else final
