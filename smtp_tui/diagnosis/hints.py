"""Parts of a cause's cure that depend on the settings and on what the experiments showed.

A cure that names the port in use, or one that was tried in vain, would send the admin in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable

from smtp_tui.diagnosis.summary import CheckSummary
from smtp_tui.providers.known import provider_of
from smtp_tui.settings.choices import Encryption
from smtp_tui.settings.fields import Settings

# Where mail is submitted, and how (RFC 8314, section 3; 2525 stands in no standard).
SUBMISSION = ((587, "tls"), (465, "ssl"), (2525, "tls"))
TRY_SSL = "If the port expects implicit TLS, as 465 does, set encryption to ssl. "
_MOST = 2


def submission_ways(host: str) -> tuple[tuple[int, str], ...]:
    """Return the ports and encryptions to submit mail with: the provider's, else the usual ones."""
    provider = provider_of(host)
    if provider is None:
        return SUBMISSION
    return tuple((way.port, way.encryption.value) for way in provider.ways)


def port_hint(settings: Settings, facts: CheckSummary) -> str:
    """Say which other port to use, or that the others were tried in vain; a sentence or nothing."""
    outcomes = _outcomes(facts)
    port, encryption = settings.port, settings.encryption.value
    ways = [
        way
        for way in submission_ways(settings.host)
        # Another encryption on the same port helps only where the port itself answers.
        if (way != (port, encryption) if facts.connected else way[0] != port)
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
    first = list(ways)[:_MOST]
    return f"Try {_listed(first)}. " if first else ""


def ssl_hint(settings: Settings, facts: CheckSummary) -> str:
    """Advise implicit TLS for a silent port, unless it is in use or was seen to be no answer."""
    is_answered = settings.encryption is Encryption.SSL or facts.speaks_tls is False
    return "" if is_answered else TRY_SSL


def starttls_hint(settings: Settings, facts: CheckSummary) -> str:
    """Advise STARTTLS on the port in use, unless it was tried in vain."""
    same_port = (None, settings.port)
    tried = [dict(trial.change) | {"outcome": trial.outcome} for trial in facts.trials]
    if any(
        one.get("encryption") == "tls" and one.get("port") in same_port and one["outcome"] != "ok"
        for one in tried
    ):
        return "STARTTLS does not work on this port either. "
    return "Set encryption to tls (STARTTLS). "


def _outcomes(facts: CheckSummary) -> dict[tuple[int, str], str]:
    found = {}
    for trial in facts.trials:
        change = dict(trial.change)
        if isinstance(port := change.get("port"), int):
            found[port, str(change.get("encryption", ""))] = trial.outcome
    return found


def _listed(ways: Iterable[tuple[int, str]], last: str = "or") -> str:
    """Write ports with their encryption: `port 587 (tls) or port 465 (ssl)`."""
    words = [f"port {port} ({encryption})" for port, encryption in ways]
    *most, final = words
    return f"{', '.join(most)} {last} {final}" if most else final
