"""Describe each field for the form: its value's effect, and what the last test found.

The sentences are data: `meaning.toml` for values, `findings.toml` for tests. The rules here yield a
field, its sentence's name and placeholders. A field without a rule has no note. A few words next to
a value that a test found wrong are the `faults` of a cause in `causes.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from smtp_tui.diagnosis.advice import ConnectionSecurity, PartialSettings, parse_partial
from smtp_tui.diagnosis.causes import causes, label, listed, texts_of
from smtp_tui.diagnosis.diagnose import template_vars
from smtp_tui.diagnosis.verdict import CheckSummary, Verdict
from smtp_tui.providers import UsernameKind
from smtp_tui.safe_text import abridged, escape_controls
from smtp_tui.settings import password_sources as sources
from smtp_tui.settings.choices import (
    AUTO_ENCRYPTED,
    AUTO_OPEN,
    Authentication,
    TlsVersion,
    VerifyMode,
)
from smtp_tui.settings.fields import BY_KEY, FieldKind, Settings
from smtp_tui.settings.parsers import is_address, parse_mailbox
from smtp_tui.smtp.events import Cause, Stage
from smtp_tui.smtp.replies import EhloKeywords

Note = tuple[str, str, Mapping[str, str]]
"""A field, the name of its own or a general sentence, and the sentence's placeholders."""

_CLEAR = (Authentication.PLAIN, Authentication.LOGIN)
_TOKENS = (Authentication.XOAUTH2, Authentication.OAUTHBEARER)
_PASSWORD_PLACES: dict[type[sources.PasswordSource], str] = {
    sources.LiteralSource: "in-file",
    sources.KeyringSource: "in-keyring",
    sources.EnvironmentSource: "in-variable",
    sources.FileSource: "in-another-file",
    sources.CommandSource: "by-program",
    sources.OAuthSource: "signed-in",
    sources.AskSource: "asked",
}


def _login_notes(settings: PartialSettings) -> Iterator[Note]:
    authentication, mechanism = settings["authentication"], settings.mechanism
    provider, link = settings.provider, settings.link
    if settings["username"]:
        if authentication is not None:
            used = "idle" if authentication is Authentication.NONE else "used"
            yield "username", used, {"authentication": str(authentication)}
    else:
        yield "username", "nobody", {}
        if provider and provider.user is not UsernameKind.NONE:
            names = {"provider": provider.name, "wanted": provider.username_is}
            yield "username", "at-provider", names
    source, needs_password = settings["password"], mechanism not in (None, Authentication.EXTERNAL)
    if source is None:
        yield "password", "missing" if needs_password else "not-needed", {}
    else:
        yield "password", _PASSWORD_PLACES[type(source)], {}
        if authentication is not None and not needs_password:
            yield "password", "idle", {}
    if provider and needs_password:
        names = {"provider": provider.name, "wanted": provider.password_is}
        yield "password", "at-provider", names
    names = {"mechanism": str(authentication).upper()}
    if mechanism is None:
        is_auto = authentication is Authentication.AUTO
        yield "authentication", "auto-for-nobody" if is_auto else "nobody", {}
    elif mechanism is Authentication.AUTO:
        if link is not None:
            offers = {"encrypted": listed(AUTO_ENCRYPTED, "and"), "open": listed(AUTO_OPEN, "and")}
            yield "authentication", f"auto-{link.value}", offers
    elif mechanism in _CLEAR:
        yield "authentication", f"clear-{(link or ConnectionSecurity.TLS).value}", names
    elif mechanism is Authentication.EXTERNAL:
        yield "authentication", "external", {}
    else:
        yield "authentication", "token" if mechanism in _TOKENS else "proof", names


def _server_notes(settings: PartialSettings) -> Iterator[Note]:
    host, provider, link = settings["host"], settings.provider, settings.link
    if not host:
        yield "host", "missing", {}
    elif provider:
        yield "host", "provider", {"provider": provider.name}
        yield from (("host", "as-it-is", {"text": note}) for note in provider.notes[:1])
    else:
        kind = "local" if settings.is_local else "address" if is_address(host) else "name"
        yield "host", kind, {}
    if host and link in (ConnectionSecurity.TLS, ConnectionSecurity.PERHAPS) and settings.verifies:
        yield "host", "shown", {"name": settings["server_name"] or host}
    if link is not None:
        kind = settings["encryption"].value if link is ConnectionSecurity.TLS else link.value
        yield "port", kind, {}
        yield "encryption", kind, {}
        yield (
            "starttls_auto",
            "idle" if link is ConnectionSecurity.TLS else kind,
            {"encryption": kind},
        )
    domain, sender, source = settings["domain"], settings["from"], settings["source_address"]
    yield "domain", "said" if domain else "found", {"domain": domain or ""}
    if sender:
        sentence = "said" if "from" in settings.present else "made"
        yield "from", sentence, {"sender": parse_mailbox(sender).envelope}
    else:
        yield "from", "found", {}
    if settings["timeout"] is not None:
        yield "timeout", "limit", {"timeout": f"{settings['timeout']:g}"}
    if settings["address_family"] is not None:
        yield "address_family", settings["address_family"].value, {}
    yield "source_address", "left-from" if source else "chosen", {"source": source or ""}


_ONLY_WITH_TLS = (
    "openssl_verify_mode", "ca_file", "server_name", "tls_minimum", "tls_fingerprint",
    "client_certificate",
)  # fmt: skip


def _tls_notes(settings: PartialSettings) -> Iterator[Note]:
    has_certificate, has_key = "client_certificate" in settings.present, settings["client_key"]
    kinds = ("apart", "within") if has_certificate else ("alone", "none")
    yield "client_key", kinds[0] if has_key else kinds[1], {}
    if settings.is_open:
        yield from ((key, "no-tls", {}) for key in _ONLY_WITH_TLS)
        return
    name, host, verifies = settings["server_name"], settings["host"], settings.verifies
    if "tls_fingerprint" in settings.present:
        yield "openssl_verify_mode", "pinned", {}
    elif settings["openssl_verify_mode"] is VerifyMode.NONE:
        yield "openssl_verify_mode", "any", {}
    elif name or host:
        trusted = "by-file" if "ca_file" in settings.present else "by-system"
        yield "openssl_verify_mode", trusted, {"name": name or host}
    trust = "trusted" if settings["ca_file"] else "system"
    yield "ca_file", trust if verifies else "idle", {}
    if name:
        yield "server_name", "wanted" if verifies else "asked", {"name": name}
    elif host:
        yield "server_name", "host" if verifies else "host-asked", {"host": host}
    version = settings["tls_minimum"]
    newest = "alone" if version is TlsVersion.V1_3 else "newer"
    yield "tls_minimum", newest, {"version": str(version)}
    yield "tls_fingerprint", "pinned" if settings["tls_fingerprint"] else "none", {}
    yield "client_certificate", "shown" if settings["client_certificate"] else "none", {}


# Their notes already say what applies if they are unset.
_SELF_EVIDENT = (FieldKind.TEXT, FieldKind.PASSWORD)


def value_note(key: str, values: Mapping[str, object]) -> str:
    """Describe a field's effect among a table's raw values; empty if it cannot be parsed."""
    settings = parse_partial(values)
    if key not in settings.values:
        return ""
    notes = texts_of("meaning.toml")
    texts = notes["any"] | notes.get(key, {})
    sentences = [
        texts[name].format_map(names)
        for rule in (_login_notes, _server_notes, _tls_notes)
        for field, name, names in rule(settings)
        if field == key
    ]
    kind, value = BY_KEY[key].kind, settings[key]
    if key not in settings.present and kind not in _SELF_EVIDENT:
        shown = f"{value:g}" if kind is FieldKind.NUMBER else str(value)
        shown = ("yes" if value else "no") if kind is FieldKind.SWITCH else shown
        sentences.insert(0, texts["unset"].format(value=shown))
    return escape_controls(" ".join(sentences))


_SHOWN_ADDRESSES = 4


def _server_findings(facts: CheckSummary, verdict: Verdict) -> Iterator[Note]:
    names = {"addresses": abridged(facts.resolved, _SHOWN_ADDRESSES)}
    is_tcp = facts.connected is not None and is_address(facts.connected.address)
    is_tcp = is_tcp and facts.connected is not None and facts.connected.via is None
    if facts.address and is_tcp:
        found = "one-of-many" if len(facts.resolved) > 1 else "found"
        yield "host", found, names | {"address": facts.address}
    elif facts.resolved:
        yield "host", "unreachable", names
    # TLS discards earlier capabilities (RFC 3207, section 4.2).
    if facts.offers and (size := EhloKeywords(facts.offers[-1].keywords).size_limit):
        yield "host", "size", {"size": _size(size)}
    if facts.connected and is_tcp:
        names = {"address": facts.connected.address, "port": str(facts.connected.port)}
        yield "port", "talks" if facts.greeted_as else "connects", names
        yield "source_address", "left-from", {"source": facts.connected.local_address or ""}
    elif verdict.stage is Stage.CONNECT and verdict.cause:
        yield "port", "failed", {"cause": label(verdict.cause)}
    for probed in facts.probed:
        if ports := [str(port) for port in probed.open_ports]:
            shown = f"{'port' if len(ports) == 1 else 'ports'} {listed(ports, 'and')}"
            yield "port", "others", {"address": probed.address, "ports": shown}
    if facts.greeted_as:
        is_refused = verdict.cause == "ehlo-refused"
        yield "domain", "refused" if is_refused else "taken", {"said": facts.greeted_as}
    if verdict.cause in ("sender-refused", "sender-temporarily-refused"):
        yield "from", "refused", {}
    elif facts.recipients:
        yield "from", "taken", {}
    yield "timeout", "took", {"seconds": f"{verdict.seconds:.1f}"}
    if facts.address and is_tcp:
        names = {"family": "IPv6" if ":" in facts.address else "IPv4", "address": facts.address}
        others = ", ".join(address for address in facts.tried if address != facts.address)
        yield "address_family", "used-beside" if others else "used", names | {"tried": others}


def _size(count: int) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1024:
            return f"{count} {unit}"
        count //= 1024
    return f"{count} TB"


def _login_findings(facts: CheckSummary, verdict: Verdict) -> Iterator[Note]:
    before = next((offer for offer in facts.offers if not offer.encrypted), None)
    inside = next((offer for offer in facts.offers if offer.encrypted), None)
    if before is not None:
        offered = "offered" if "STARTTLS" in EhloKeywords(before.keywords) else "not-offered"
        yield "encryption", offered, {}
        yield "starttls_auto", offered, {}
        if before.mechanisms or inside is None:
            names = {"open": " ".join(before.mechanisms) or "no login"}
            yield "authentication", "offered-open", names
    if inside is not None:
        names = {"inside": " ".join(inside.mechanisms) or "no login"}
        yield "authentication", "offered-inside", names
    if not facts.mechanism:
        return
    # A test that got past the login had it accepted, whatever came after.
    is_accepted = verdict.stage in (Stage.ENVELOPE, Stage.MESSAGE) or verdict.ok
    if is_accepted or verdict.reply or verdict.cause:
        outcome = "accepted" if is_accepted else "refused" if verdict.reply else "ended"
        names = {"mechanism": facts.mechanism}
        if verdict.cause:
            names["cause"] = label(verdict.cause)
        for key in ("username", "password", "authentication"):
            yield key, outcome, names


def _tls_findings(facts: CheckSummary, verdict: Verdict) -> Iterator[Note]:
    tls, cause, established = verdict.tls, verdict.cause or "", facts.established
    if established:
        names = {"version": established.version, "cipher": established.cipher}
        yield "encryption", "established", names
        yield "tls_minimum", "agreed", names
    elif verdict.stage is Stage.TLS and cause:
        yield "encryption", "failed", {"cause": label(cause)}
    elif facts.offers:
        yield "encryption", "open", {}
    if not established and cause == Cause.TLS_VERSION_UNSUPPORTED:
        yield "tls_minimum", "none-shared", {}
    if cause == Cause.CLIENT_CERTIFICATE_REQUIRED:
        yield "client_certificate", "required", {}
    if facts.chain:
        last = facts.chain[-1].issuer or "an unnamed issuer"
        names = {"count": str(len(facts.chain)), "last": last}
        yield "ca_file", "one" if len(facts.chain) == 1 else "several", names
    if tls is None or tls.certificate is None:
        return
    yield "server_name", "seen", {}
    yield "tls_fingerprint", "seen", {}
    if cause.startswith("certificate-"):
        failures = ", ".join(map(label, (cause, *verdict.also)))
        yield "openssl_verify_mode", "failed", {"cause": failures}
    else:
        yield "openssl_verify_mode", "passed" if tls.verified else "unchecked", {}
    yield "openssl_verify_mode", "certificate", {}
    if peer := tls.peer_would:
        outcome = "peer-takes" if peer == "ok" else "peer-ends"
        yield "openssl_verify_mode", outcome, {"peer": label(peer)}


def observations_of(key: str, facts: CheckSummary, verdict: Verdict) -> str:
    """Describe what a finished test found about a field; empty if it did not get so far."""
    names = template_vars(None, facts)
    sentences = [
        texts_of("findings.toml")[key][name].format_map({**names, **placeholders})
        for rule in (_server_findings, _login_findings, _tls_findings)
        for field, name, placeholders in rule(facts, verdict)
        if field == key
    ]
    return escape_controls(" ".join(sentences))


LONGEST_FAULT = 16  # characters: the rest of a row belongs to its value
# The recipients of a test message: no field of the settings.
RECIPIENTS = "to"


def faults_of(verdict: Verdict, settings: Settings | None) -> dict[str, str]:
    """Return in a few words what is wrong with each field at fault, and with RECIPIENTS."""
    if verdict.cause == Cause.SETTINGS_INVALID:
        finished = verdict.facts.finished if verdict.facts else None
        key, *_ = re.findall(r"^\w+", finished.detail if finished else "") or [""]
        return {key: "cannot be used"} if key in BY_KEY else {}
    faults: dict[str, str] = causes().get(verdict.cause or "", {}).get("faults", {})
    if verdict.egress and (
        fault := texts_of("egress.toml")[verdict.egress.conclusion].get("fault")
    ):
        faults = {"port": fault}
    code = str(verdict.reply.code) if verdict.reply else ""
    return {
        _field_at_fault(key, verdict, settings): short.format(code=code).strip()[:LONGEST_FAULT]
        for key, short in faults.items()
        if key != RECIPIENTS or verdict.recipients
    }


def _field_at_fault(key: str, verdict: Verdict, settings: Settings | None) -> str:
    """Return the field at fault; it may be one that replaces `key`."""
    mechanism = verdict.facts.mechanism if verdict.facts else None
    if key == "host" and verdict.stage is Stage.TLS and settings and settings.server_name:
        return "server_name"
    if key == "password" and mechanism == "EXTERNAL":
        return "client_certificate"  # the certificate is the login
    # The username does not have the form that the provider expects.
    if key == "password" and verdict.fixes and verdict.fixes[0].field == "username":
        return "username"
    return key
