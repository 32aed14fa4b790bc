"""The names in braces that the texts may use, filled in with what was set and what was seen."""

from __future__ import annotations

from smtp_tui.diagnosis.causes import label
from smtp_tui.diagnosis.verdict import CheckSummary
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.smtp.certificates import Certificate, anchor_of, missing_issuer
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.events import Finished, Stage
from smtp_tui.smtp.transcript import endpoint

UNKNOWN = "unknown"
LONGEST = 300
"""Characters of a server's words that a sentence repeats."""

_SHOWN_NAMES = 5
_DURING = {
    Stage.CONNECT: " while smtp-tui connected",
    Stage.GREETING: " before the greeting",
    Stage.EHLO: " after EHLO",
    Stage.TLS: " during the TLS handshake",
    Stage.AUTH: " during the login",
    Stage.MESSAGE: " while smtp-tui sent the message",
}
# Whole clauses or nothing, which `diagnosis.experiments.hints` fills in after a failure.
_OPTIONAL = ("try_ports", "try_ssl", "try_starttls", "or_auto")
NAMES = (
    *("host", "port", "endpoint", "encryption", "authentication", "tls_minimum", "tls_name"),
    *("username", "detail", "command", "during", "speaks", "mechanisms", "reply", "peer_look"),
    *("address", "trusted", "trusted_sha256", "hello"),
    *("names", "issuer", "missing", "not_before", "not_after", "sha256"),
    *_OPTIONAL,
)

Names = dict[str, str]


def template_vars(settings: Settings | None, facts: CheckSummary) -> Names:
    """Return a value for each of `NAMES`, in one line and safe for a terminal."""
    names = dict.fromkeys(NAMES, UNKNOWN) | dict.fromkeys(_OPTIONAL, "")
    if settings is not None:
        names |= _of_settings(settings, facts.address)
    if facts.finished is not None:
        names |= _of_end(facts.finished, names["host"])
    certificate = facts.tls.certificate if facts.tls else None
    if certificate is not None:
        names |= _of_certificate(certificate)
    if facts.chain:
        names["missing"] = missing_issuer(facts.chain) or "an unnamed issuer"
        if anchor := anchor_of(facts.chain):
            names |= {"trusted": anchor.subject, "trusted_sha256": anchor.sha256}
    names["address"] = facts.address or UNKNOWN
    names["hello"] = facts.greeted_as or "EHLO"
    names["mechanisms"] = " ".join(facts.mechanisms) or "none"
    names["peer_look"] = _peer_look(facts.peer_would)
    return {name: escape_controls(_cut(value)) for name, value in names.items()}


def _of_settings(settings: Settings, address: str | None) -> Names:
    place = endpoint(address or settings.host, settings.port)
    return {
        "host": settings.host,
        "port": str(settings.port),
        "endpoint": place if settings.host in place else f"{settings.host} ({place})",
        "encryption": settings.encryption.value,
        "authentication": settings.authentication.value,
        "username": mask_credentials(settings.username or "no user"),
        "tls_minimum": f"TLS {settings.tls_minimum.value}",
        "tls_name": settings.tls_name,
    }


def _of_end(finished: Finished, host: str) -> Names:
    reply = ""
    if finished.reply:
        reply = _clause(f"{finished.reply.code} {finished.reply.text}")
    detail = _clause(finished.detail.removeprefix(f"looking up {host}: "))
    return {
        "reply": reply or "no reply",
        "detail": detail or reply or "no details",
        "command": finished.command or "the connection",
        "during": _during(finished),
        "speaks": f" (it speaks {finished.protocol})" if finished.protocol else "",
    }


def _during(finished: Finished) -> str:
    if finished.command and finished.stage is not Stage.TLS:
        return f" after {finished.command}"
    return _DURING.get(finished.stage, "")


def _of_certificate(certificate: Certificate) -> Names:
    shown = ", ".join(certificate.names[:_SHOWN_NAMES])
    more = len(certificate.names) - _SHOWN_NAMES
    return {
        "names": (f"{shown} and {more} more" if more > 0 else shown) or certificate.subject,
        "issuer": certificate.issuer or "an unnamed issuer",
        "not_before": f"{certificate.not_before:%Y-%m-%d %H:%M} UTC",
        "not_after": f"{certificate.not_after:%Y-%m-%d %H:%M} UTC",
        "sha256": certificate.sha256,
    }


def _peer_look(peer_would: str | None) -> str:
    if peer_would is None:
        return ""
    if peer_would == "ok":
        return " Mode peer would accept this certificate."
    return f" Mode peer would reject this certificate: {label(peer_would)}."


def _clause(text: str) -> str:
    """Make words of the server or the system fit into a sentence of ours."""
    return " ".join(text.split()).rstrip(" .:;,")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
