"""The texts of a verdict, from data and facts."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from smtp_tui.diagnosis.facts import Facts
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.escaping import visible
from smtp_tui.smtp.events import Finished
from smtp_tui.smtp.transcript import endpoint


@dataclass(frozen=True, slots=True)
class Wording:
    """What happened, why, and what to do."""

    what: str
    why: str
    cure: str


def failure_wording(
    cause: str, finished: Finished, facts: Facts, settings: Settings | None
) -> Wording:
    """Return the texts of a cause, filled in with what was seen, safe for a terminal."""
    texts = _causes()[cause]
    names = _Names({**_of_settings(settings, facts), **_of_end(finished, facts)})
    filled = {part: visible(text.format_map(names)) for part, text in texts.items()}
    return Wording(**filled)


def success_wording(facts: Facts, settings: Settings) -> str:
    """Say in one sentence what has been shown to work."""
    link = "on an open link"
    if facts.established:
        held = "verified" if facts.established.verified else "not verified"
        link = f"inside {facts.established.version}, certificate {held}"
    if settings.authenticates:
        who = f" {settings.username}" if settings.username else ""
        return visible(f"The server accepts the login{who} with {facts.mechanism}, {link}.")
    return visible(
        f"The server {settings.host} answers as it should, {link}; no login was asked for."
    )


def known_causes() -> frozenset[str]:
    """The ids that have texts."""
    return frozenset(_causes())


@cache
def _causes() -> dict[str, dict[str, str]]:
    text = (files("smtp_tui.diagnosis") / "causes.toml").read_text(encoding="utf-8")
    causes: dict[str, dict[str, str]] = tomllib.loads(text)
    return causes


class _Names(dict[str, str]):
    """A name without a value reads as unknown: a verdict is shown whatever is missing."""

    def __missing__(self, key: str) -> str:
        return "unknown"


def _of_settings(settings: Settings | None, facts: Facts) -> dict[str, str]:
    if settings is None:
        return {}
    place = endpoint(facts.address or settings.host, settings.port)
    where = place if settings.host in place else f"{settings.host} ({place})"
    return {
        "host": settings.host,
        "endpoint": where,
        "encryption": settings.encryption.value,
        "authentication": settings.authentication.value,
        "tls_minimum": f"TLS {settings.tls_minimum.value}",
        "tls_name": settings.tls_name,
    }


def _of_end(finished: Finished, facts: Facts) -> dict[str, str]:
    names = {
        "detail": finished.detail or "no details",
        "openssl": finished.detail or "no details",
        "command": finished.command or "the connection",
        "during": f" during {finished.stage}" + f" ({finished.command})" * bool(finished.command),
        "speaks": f", it speaks {finished.protocol}" if finished.protocol else "",
        "mechanisms": " ".join(facts.mechanisms) or "none",
    }
    if finished.reply:
        names["reply"] = f"{finished.reply.code} {finished.reply.text}".replace("\n", " ").strip()
    if finished.certificate:
        names.update(_of_certificate(finished.certificate))
    return names


def _of_certificate(certificate: Certificate) -> Mapping[str, str]:
    return {
        "names": ", ".join(certificate.names) or certificate.subject,
        "issuer": certificate.issuer or "nobody named",
        "not_before": f"{certificate.not_before:%Y-%m-%d %H:%M} UTC",
        "not_after": f"{certificate.not_after:%Y-%m-%d %H:%M} UTC",
    }
