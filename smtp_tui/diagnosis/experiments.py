"""Select setting changes to try after a failure, and derive hints from the results.

A change is a mapping by key, as in a file; empty text removes a setting. Only changes that need no
credentials are tried. A cause's entry in `causes.toml` names its experiments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from smtp_tui.diagnosis.causes import causes, listed
from smtp_tui.diagnosis.verdict import CheckSummary, Verdict
from smtp_tui.providers import provider_of
from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication, Encryption, TlsVersion
from smtp_tui.settings.fields import BY_KEY, Settings
from smtp_tui.settings.parsers import address_literal, is_address
from smtp_tui.smtp.events import Stage

Change = Mapping[str, object]

# A change to one of these may trust a machine other than the intended one.
TRUST = frozenset({"server_name", "ca_file", "tls_fingerprint"})
# Submission ports and their encryption (RFC 8314, section 3; 2525 is in no standard).
SUBMISSION = ((587, "tls"), (465, "ssl"), (2525, "tls"))
_USUAL = SUBMISSION[:2]
MOST = 6
"""Changes that one check may try, each on a connection of its own."""
_UNTIL_TLS = (
    Stage.SETTINGS, Stage.PASSWORD, Stage.RESOLVE, Stage.CONNECT, Stage.GREETING, Stage.EHLO,
    Stage.TLS,
)  # fmt: skip
# Causes that show that the port does not have the encryption; others may come from elsewhere.
_NOT_THIS_ENCRYPTION = frozenset(
    {"starttls-not-offered", "starttls-refused", "plain-text-expected", "implicit-tls-expected"}
)
_NOT_REACHED = frozenset({"connection-refused", "connect-timeout"})
_MOST_NAMES = 2
_MOST_PORTS = 2


def with_changes(settings: Settings, change: Change) -> Settings:
    """Return the settings with a change made; ValueError if a value is invalid."""
    values: dict[str, Any] = {}
    for key, value in change.items():
        field = BY_KEY[key]
        values[field.attribute] = None if value == "" else field.parse(value)
    return replace(settings, **values)


def is_possible(change: Change) -> bool:
    """Whether every value of a change is valid for its field.

    A server may have chosen them: its certificate's names are any text.
    """
    return not any(
        BY_KEY[key].problem_with(value)
        for key, value in change.items()
        if value is not None and value != ""
    )


def keeping_port(settings: Settings, change: Change) -> Change:
    """Add the port to a change of encryption that would change the default port."""
    is_fixed = "port" in settings.given or settings.is_socket
    if "encryption" not in change or "port" in change or is_fixed:
        return change
    values = {"encryption": Encryption(str(change["encryption"])), "protocol": settings.protocol}
    moved = BY_KEY["port"].default(values)
    return change if moved == settings.port else {**change, "port": settings.port}


def weakens(settings: Settings, change: Change) -> bool:
    """Whether a change of settings weakens security: what passes a socket is on no network."""
    is_open = settings.encryption is Encryption.NONE or settings.is_socket
    return (
        change.get("openssl_verify_mode") == "none"
        or (change.get("encryption") == "none" and not is_open)
        or change.get("starttls_auto") is False
        or change.get("tls_minimum") in (TlsVersion.V1_0, TlsVersion.V1_1)
    )


@record(kw_only=True)
class ExperimentSpec:
    """A change to try, up to the stage `until`.

    `alias` is the hostname in the changed settings. It must resolve to the address of the check's
    connection, where the experiment connects.
    """

    change: Change
    until: Stage = Stage.EHLO
    alias: str | None = None

    @property
    def name(self) -> str:
        """The change as `key=value` pairs."""
        return " ".join(f"{key}={value}" for key, value in self.change.items())


def experiments_for(
    settings: Settings, facts: CheckSummary, cause: str | None
) -> tuple[ExperimentSpec, ...]:
    """Return the experiments for a failure, the most promising first, none twice."""
    known = _experiments(settings, facts)
    found: dict[str, ExperimentSpec] = {}
    for name in causes().get(cause or "", {}).get("experiments", ()):
        for spec in known[name]:
            if is_possible(spec.change) and with_changes(settings, spec.change) != settings:
                found.setdefault(spec.name, spec)
    return tuple(found.values())[:MOST]


def _experiments(settings: Settings, facts: CheckSummary) -> dict[str, list[ExperimentSpec]]:
    """Return the experiments by name in `causes.toml`; those without effect are dropped later."""

    def experiment(change: Change, until: Stage = Stage.EHLO) -> list[ExperimentSpec]:
        return [ExperimentSpec(change=change, until=until)]

    implicit_tls = experiment(keeping_port(settings, {"encryption": "ssl"}))
    starttls = experiment(keeping_port(settings, {"encryption": "tls"}))
    other_port = [
        ExperimentSpec(change={"port": port, "encryption": encryption})
        for port, encryption in _submission_ways(settings)
        if port != settings.port
    ]
    is_open = settings.encryption is Encryption.NONE
    older_tls = {TlsVersion.V1_3: "1.2", TlsVersion.V1_2: "1.0"}.get(settings.tls_minimum)
    own = facts.connected and facts.connected.local_address
    literal = address_literal(own) if own else ""
    refused_here = facts.finished and facts.finished.stage is Stage.EHLO
    is_new = literal and refused_here and literal not in (facts.greeted_as or "")
    return {
        "implicit-tls": implicit_tls,
        "starttls": starttls,
        "other-port": other_port,
        "other-way": []
        if settings.proxy
        else [*experiment({"address_family": "any"}), *experiment({"source_address": ""})],
        "certificate-names": _certificate_names(settings, facts),
        "system-trust": experiment({"ca_file": ""}, Stage.TLS),
        "chain-and-name": experiment({"tls_fingerprint": ""}, Stage.TLS),
        "older-tls": experiment({"tls_minimum": older_tls}, Stage.TLS) if older_tls else [],
        "address-literal": experiment({"domain": literal}) if is_new else [],
        "encrypted": [*(starttls + implicit_tls if is_open else []), *other_port],
    }


def _certificate_names(settings: Settings, facts: CheckSummary) -> list[ExperimentSpec]:
    """The certificate's names: as the host if on the same machine, and as the server name."""
    known = (settings.host.casefold(), settings.tls_name.casefold())
    names = [
        name
        for name in (facts.chain[0].names if facts.chain else ())
        if "*" not in name
        and not is_address(name)
        and name.casefold() not in known
        and is_possible({"host": name})
    ][:_MOST_NAMES]
    # Whether a name leads to the same machine shows only its address.
    hosts = () if settings.proxy or settings.is_socket else names
    return [
        *(ExperimentSpec(change={"host": name}, until=Stage.TLS, alias=name) for name in hosts),
        *(ExperimentSpec(change={"server_name": name}, until=Stage.TLS) for name in names),
    ]


@record
class TriedEncryptions:
    """Which encryptions of a host's ports worked, as (port, encryption), and which failed.

    A test that ended before the port showed its encryption is in neither. `refused` are ports that
    no connection reached.
    """

    host: str
    worked: frozenset[tuple[int, str]] = frozenset()
    failed: frozenset[tuple[int, str]] = frozenset()
    refused: frozenset[int] = frozenset()


def tried_encryptions(
    settings: Settings, verdict: Verdict, facts: CheckSummary
) -> TriedEncryptions:
    """Return what a check and its experiments showed about the host's ports."""
    outcomes: dict[tuple[int, str], str] = {}
    for trial in facts.trials:
        change = dict(trial.change)
        port = change.get("port", settings.port)
        if "encryption" in change and isinstance(port, int):
            outcomes[port, str(change["encryption"])] = trial.outcome
    # A certificate shows that the port speaks TLS, trusted or not.
    is_past_tls = verdict.stage not in _UNTIL_TLS
    own = "ok" if verdict.ok or is_past_tls else verdict.cause or "unknown"
    outcomes[settings.port, settings.encryption.value] = own
    worked = {way for way, outcome in outcomes.items() if _is_encrypted(outcome)}
    failed = {way for way, outcome in outcomes.items() if _is_not_this_encryption(outcome)}
    refused = {port for (port, _), outcome in outcomes.items() if outcome in _NOT_REACHED}
    return TriedEncryptions(
        settings.host.casefold(), frozenset(worked), frozenset(failed), frozenset(refused)
    )


def _is_encrypted(outcome: str) -> bool:
    return outcome == "ok" or outcome.startswith("certificate-")


def _is_not_this_encryption(outcome: str) -> bool:
    return outcome in _NOT_THIS_ENCRYPTION or outcome.startswith("tls-")


def hints(settings: Settings, facts: CheckSummary) -> dict[str, str]:
    """Return the parts of a cure that depend on the settings and the experiments' results.

    A cure that names the port in use, or one that was tried in vain, would send the admin in a
    circle. Each part is a clause, or empty.
    """
    is_auto = settings.authentication is Authentication.AUTO
    is_cram = facts.mechanism == "CRAM-MD5"
    is_answered = settings.encryption is Encryption.SSL or facts.speaks_tls is False
    starttls_failed = any(
        change.get("encryption") == "tls" and change.get("port") in (None, settings.port)
        for trial in facts.trials
        if trial.outcome != "ok" and (change := dict(trial.change))
    )
    try_ssl = "If the port expects implicit TLS, as 465 does, set encryption to ssl. "
    failed = "STARTTLS does not work on this port either. "
    return {
        "try_ports": _port_hint(settings, facts),
        "try_ssl": "" if is_answered else try_ssl,
        "try_starttls": failed if starttls_failed else "Set encryption to tls (STARTTLS). ",
        "or_auto": "" if is_auto else "auto, or to ",
        "encrypt": _encryption_hint(settings, facts),
        "about_mechanism": _mechanism_hint(settings, facts),
        "if_cram": "If only cram-md5 fails, use plain inside TLS. " if is_cram else "",
    }


def _submission_ways(settings: Settings) -> tuple[tuple[int, str], ...]:
    """Return the submission ports with encryption: the provider's, else the usual ones.

    LMTP is spoken on none of them, and a UNIX socket has no port.
    """
    if settings.is_lmtp or settings.is_socket:
        return ()
    provider = provider_of(settings.host)
    return (
        tuple((way.port, way.encryption.value) for way in provider.ways) if provider else SUBMISSION
    )


def _port_hint(settings: Settings, facts: CheckSummary) -> str:
    """Suggest another port, or report those that were tried in vain."""
    outcomes = {
        (change.get("port"), str(change.get("encryption", ""))): trial.outcome
        for trial in facts.trials
        if isinstance((change := dict(trial.change)).get("port"), int)
    }
    here = (settings.port, settings.encryption.value)
    tried = {reply.port for probed in facts.probed for reply in probed.replies}
    is_open = {port for probed in facts.probed for port in probed.open_ports}
    ways = [
        way
        for way in _submission_ways(settings)
        if way[0] not in tried - is_open
        # Another encryption on the same port helps only where the port itself answers.
        if (way != here if facts.connected else way[0] != settings.port)
    ]
    if worked := [way for way in ways if outcomes.get(way) == "ok"]:
        return f"Use {_listed(worked[:1])}: smtp-tui tried it, and it works. "
    if failed := [way for way in ways if way in outcomes]:
        return f"smtp-tui also tried {_listed(failed, 'and')}, without success. "
    return other_ports(ways)


def _mechanism_hint(settings: Settings, facts: CheckSummary) -> str:
    """Say why a server may not offer the mechanism that is set."""
    if settings.authentication in (Authentication.XOAUTH2, Authentication.OAUTHBEARER):
        return "Only servers with single sign-on accept access tokens. "
    if settings.authentication is not Authentication.CRAM_MD5:
        return ""
    # An unverified server may be anyone, and plain would give it the password.
    is_verified = facts.established is not None and facts.established.verified
    instead = " Inside TLS, plain is as safe." if is_verified else ""
    return f"A server that stores only hashes of passwords cannot offer CRAM-MD5.{instead} "


def _encryption_hint(settings: Settings, facts: CheckSummary) -> str:
    """Suggest an encryption and its usual port, or report those that were tried in vain."""
    outcomes = {
        (change.get("port") or settings.port, str(change["encryption"])): trial.outcome
        for trial in facts.trials
        if "encryption" in (change := dict(trial.change))
    }
    here = {name: outcome for (port, name), outcome in outcomes.items() if port == settings.port}
    is_offered = any("STARTTLS" in dict(offer.keywords) for offer in facts.offers)
    if is_offered and "tls" not in here:
        return "Set encryption to tls. "
    if worked := [name for name, outcome in here.items() if _is_encrypted(outcome)]:
        return f"Set encryption to {worked[0]}. "
    if len(here) > 1:
        neither = listed(list(here), "nor")
        return f"{_port_hint(settings, facts)}Neither {neither} works on this port. "
    if "ok" in outcomes.values():
        return _port_hint(settings, facts)
    has_ports = bool(_submission_ways(settings))
    ways = [
        name if (port, name) in outcomes or not has_ports else f"{name} (port {port})"
        for port, name in _USUAL
        # Without its usual port, it may still work on the port in use.
        if name not in here or (port, name) not in outcomes
    ]
    return f"Set encryption to {listed(ways, 'or')}. "


def other_ports(ways: Iterable[tuple[int, str]]) -> str:
    """Suggest the first of these ports; empty if there are none."""
    first = list(ways)[:_MOST_PORTS]
    return f"Try {_listed(first)}. " if first else ""


def _listed(ways: Iterable[tuple[int, str]], last: str = "or") -> str:
    return listed([f"port {port} ({encryption})" for port, encryption in ways], last)
