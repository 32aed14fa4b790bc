"""What a server offered, before TLS and inside it.

The login, as a test found it.

The server and the way to it, as a test found them.

TLS and the server's certificate, as a test found them.

What a test found about each field, in a sentence or two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from smtp_tui.diagnosis import observations
from smtp_tui.diagnosis.summary import CheckSummary
from smtp_tui.diagnosis.template_vars import template_vars
from smtp_tui.diagnosis.text_catalog import load_texts
from smtp_tui.diagnosis.value_notes import TextPart
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.ehlo import EhloKeywords
from smtp_tui.smtp.escaping import escape_controls
from smtp_tui.smtp.events import Capabilities, Cause, Stage, label

Finding = Callable[[CheckSummary, Verdict], Iterator[TextPart]]


def before_tls(facts: CheckSummary) -> Capabilities | None:
    """Return what was offered on the open link."""
    return next((one for one in facts.offers if not one.encrypted), None)


def inside_tls(facts: CheckSummary) -> Capabilities | None:
    """Return what was offered on the encrypted one."""
    return next((one for one in facts.offers if one.encrypted), None)


def offer_of(capabilities: Capabilities) -> EhloKeywords:
    """Return the keywords to ask."""
    return EhloKeywords(capabilities.keywords)


def mechanisms_of(capabilities: Capabilities) -> str:
    """Name the ways to log in that were offered."""
    return " ".join(capabilities.mechanisms) or "no login"


def _login(facts: CheckSummary, verdict: Verdict) -> Iterator[TextPart]:
    if not facts.mechanism:
        return
    names = {"mechanism": facts.mechanism}
    # Who got beyond the login had it accepted, whatever came after.
    if verdict.stage in (Stage.ENVELOPE, Stage.MESSAGE) or verdict.ok:
        yield TextPart("accepted", names)
    elif verdict.reply:
        yield TextPart("refused", names)
    elif verdict.cause:
        yield TextPart("ended", names | {"cause": label(verdict.cause)})


def _authentication(facts: CheckSummary, verdict: Verdict) -> Iterator[TextPart]:
    before = before_tls(facts)
    inside = inside_tls(facts)
    if before is not None and (before.mechanisms or inside is None):
        yield TextPart("offered-open", {"open": mechanisms_of(before)})
    if inside is not None:
        yield TextPart("offered-inside", {"inside": mechanisms_of(inside)})
    yield from _login(facts, verdict)


LOGIN_OBSERVATIONS: dict[str, Finding] = {
    "username": _login,
    "password": _login,
    "authentication": _authentication,
}


_SHOWN_ADDRESSES = 4
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def _host(facts: CheckSummary, _verdict: Verdict) -> Iterator[TextPart]:
    addresses = ", ".join(facts.resolved[:_SHOWN_ADDRESSES])
    more = len(facts.resolved) - _SHOWN_ADDRESSES
    names = {"addresses": f"{addresses} and {more} more" if more > 0 else addresses}
    if facts.address and len(facts.resolved) > 1:
        yield TextPart("one-of-many", names | {"address": facts.address})
    elif facts.address:
        yield TextPart("found", {"address": facts.address})
    elif facts.resolved:
        yield TextPart("unreachable", names)
    # What was said before TLS counts no more (RFC 3207, section 4.2).
    if facts.offers and (size := offer_of(facts.offers[-1]).size_limit):
        yield TextPart("size", {"size": _size(size)})


def _port(facts: CheckSummary, verdict: Verdict) -> Iterator[TextPart]:
    if facts.connected:
        names = {"address": facts.connected.address, "port": str(facts.connected.port)}
        yield TextPart("talks" if facts.greeted_as else "connects", names)
    elif verdict.stage is Stage.CONNECT and verdict.cause:
        yield TextPart("failed", {"cause": label(verdict.cause)})


def _domain(facts: CheckSummary, verdict: Verdict) -> Iterator[TextPart]:
    if facts.greeted_as:
        is_refused = verdict.cause == "ehlo-refused"
        yield TextPart("refused" if is_refused else "taken", {"said": facts.greeted_as})


def _sender(facts: CheckSummary, verdict: Verdict) -> Iterator[TextPart]:
    if verdict.cause in ("sender-refused", "sender-temporarily-refused"):
        yield TextPart("refused")
    elif facts.recipients:
        yield TextPart("taken")


def _timeout(_facts: CheckSummary, verdict: Verdict) -> Iterator[TextPart]:
    yield TextPart("took", {"seconds": f"{verdict.seconds:.1f}"})


def _address_family(facts: CheckSummary, _verdict: Verdict) -> Iterator[TextPart]:
    if facts.address:
        names = {"family": "IPv6" if ":" in facts.address else "IPv4", "address": facts.address}
        others = ", ".join(one for one in facts.tried if one != facts.address)
        yield TextPart("used-beside" if others else "used", names | {"tried": others})


def _source_address(facts: CheckSummary, _verdict: Verdict) -> Iterator[TextPart]:
    if facts.connected:
        yield TextPart("left-from", {"source": facts.connected.local_address})


def _size(count: int) -> str:
    for unit in _UNITS[:-1]:
        if count < 1024:
            return f"{count} {unit}"
        count //= 1024
    return f"{count} {_UNITS[-1]}"


SERVER_OBSERVATIONS: dict[str, Finding] = {
    "host": _host,
    "port": _port,
    "domain": _domain,
    "from": _sender,
    "timeout": _timeout,
    "address_family": _address_family,
    "source_address": _source_address,
}


def _encryption(facts: CheckSummary, verdict: Verdict) -> Iterator[TextPart]:
    yield from _starttls(facts, verdict)
    if facts.established:
        names = {"version": facts.established.version, "cipher": facts.established.cipher}
        yield TextPart("established", names)
    elif verdict.stage is Stage.TLS and verdict.cause:
        yield TextPart("failed", {"cause": label(verdict.cause)})
    elif facts.offers:
        yield TextPart("open")


def _starttls(facts: CheckSummary, _verdict: Verdict) -> Iterator[TextPart]:
    before = before_tls(facts)
    if before is not None:
        yield TextPart("offered" if "STARTTLS" in offer_of(before) else "not-offered")


def _verify_mode(_facts: CheckSummary, verdict: Verdict) -> Iterator[TextPart]:
    tls, cause = verdict.tls, verdict.cause or ""
    if tls is None or tls.certificate is None:
        return
    if cause.startswith("certificate-"):
        yield TextPart("failed", {"cause": ", ".join(map(label, (cause, *verdict.also)))})
    elif tls.verified:
        yield TextPart("passed")
    else:
        yield TextPart("unchecked")
    yield TextPart("certificate")
    if peer := tls.peer_would:
        yield TextPart("peer-takes" if peer == "ok" else "peer-ends", {"peer": label(peer)})


def _certificate(_facts: CheckSummary, verdict: Verdict) -> Iterator[TextPart]:
    if verdict.tls and verdict.tls.certificate:
        yield TextPart("seen")


def _ca_file(facts: CheckSummary, _verdict: Verdict) -> Iterator[TextPart]:
    if facts.chain:
        last = facts.chain[-1].issuer or "an unnamed issuer"
        names = {"count": str(len(facts.chain)), "last": last}
        yield TextPart("one" if len(facts.chain) == 1 else "several", names)


def _tls_minimum(facts: CheckSummary, verdict: Verdict) -> Iterator[TextPart]:
    if facts.established:
        yield TextPart("agreed", {"version": facts.established.version})
    elif verdict.cause == Cause.TLS_VERSION_UNSUPPORTED:
        yield TextPart("none-shared")


def _client_certificate(_facts: CheckSummary, verdict: Verdict) -> Iterator[TextPart]:
    if verdict.cause == Cause.CLIENT_CERTIFICATE_REQUIRED:
        yield TextPart("required")


TLS_OBSERVATIONS: dict[str, Finding] = {
    "encryption": _encryption,
    "starttls_auto": _starttls,
    "openssl_verify_mode": _verify_mode,
    "ca_file": _ca_file,
    "server_name": _certificate,
    "tls_minimum": _tls_minimum,
    "tls_fingerprint": _certificate,
    "client_certificate": _client_certificate,
}


_OF = {
    **observations.SERVER_OBSERVATIONS,
    **observations.LOGIN_OBSERVATIONS,
    **observations.TLS_OBSERVATIONS,
}


def observations_of(key: str, facts: CheckSummary, verdict: Verdict) -> str:
    """Say what a finished test found about a field; nothing where it did not come so far."""
    if key not in _OF:
        return ""
    names = template_vars(None, facts)
    parts = list(_OF[key](facts, verdict))
    filled = [
        observation_texts()[key][part.name].format_map({**names, **part.names}) for part in parts
    ]
    return escape_controls(" ".join(filled))


@cache
def observation_texts() -> dict[str, dict[str, str]]:
    """Return the sentences of each field, by what they are for."""
    return load_texts("findings.toml")
