"""The command line of curl."""

from __future__ import annotations

from urllib.parse import quote

from smtp_tui.checks.same.plan import SCRAM, TOKEN, Link, Plan, Words, bracketed
from smtp_tui.settings.choices import AddressFamily

_LINKS = {Link.STARTTLS: "--ssl-reqd", Link.STARTTLS_WHERE_OFFERED: "--ssl"}


def curl_words(plan: Plan) -> Words:
    """Write what curl does of a check; NOOP is in place of the message."""
    settings = plan.settings
    words = Words("curl", "-v", "--globoff")
    words.add("-4", when=settings.address_family is AddressFamily.IPV4)
    words.add("-6", when=settings.address_family is AddressFamily.IPV6)
    words.add("--interface", settings.source_address or "", when=settings.source_address)
    words.add("--max-time", f"{settings.timeout:g}")
    words.note("own-name", when=plan.hello is None)
    if plan.has_tls:
        _add_tls(words, plan)
    _add_login(words, plan)
    words.add("--request", "NOOP", "--url", _url(plan))
    return words


def _url(plan: Plan) -> str:
    """The URL: its host is the name for TLS, its path the name for EHLO."""
    scheme = "smtps" if plan.link is Link.TLS else "smtp"
    host = plan.tls_name if _is_renamed(plan) else plan.host
    path = quote(plan.hello or "", safe=":")
    return f"{scheme}://{bracketed(host.replace('%', '%25'))}:{plan.settings.port}/{path}"


def _is_renamed(plan: Plan) -> bool:
    return plan.has_tls and bool(plan.settings.server_name)


def _add_tls(words: Words, plan: Plan) -> None:
    settings = plan.settings
    words.add(_LINKS.get(plan.link, ""), when=plan.link in _LINKS)
    words.add("--connect-to", f"::{plan.endpoint}", when=_is_renamed(plan))
    words.add(f"--tlsv{settings.tls_minimum.value}")
    words.add("--ciphers", "DEFAULT@SECLEVEL=0", when=plan.is_old)
    words.add("--insecure", when=not plan.verifies)
    words.add_path("--cacert", settings.ca_file, plan.base)
    words.add_path("--cert", settings.client_certificate, plan.base, _without_colons)
    words.add_path("--key", settings.client_key, plan.base)
    words.note("not-verified", when=not plan.verifies)
    words.note("no-fingerprint", when=settings.tls_fingerprint)
    words.note("beside-ca", when=settings.ca_file and plan.verifies)
    words.note("starttls-required", when=plan.needs_starttls)
    words.note("starttls-failing", when=plan.link is Link.STARTTLS_WHERE_OFFERED)


def _without_colons(path: str) -> str:
    """What stands behind a colon would be taken for the key's password."""
    return path.replace("\\", "\\\\").replace(":", "\\:")


def _add_login(words: Words, plan: Plan) -> None:
    if not plan.mechanisms:
        return
    user = plan.settings.username or ""
    if ":" in user or user.startswith(";"):
        words.note("no-user")
        return
    wanted = [name for name in plan.mechanisms if not (plan.chooses and name in SCRAM)]
    needs_password = wanted != ["EXTERNAL"]
    words.add("--login-options", ";".join(f"AUTH={name}" for name in wanted))
    words.add("--user", user if needs_password else f"{user}:")
    if not TOKEN.isdisjoint(wanted):
        words.add("--config", "-")
        words.note("asks-token")
    elif needs_password:
        words.note("asks")
    words.note("needs-gsasl", when=wanted[0] in SCRAM)
    words.note("own-choice", when=plan.chooses)
    _note_leaks(words, plan, needs_password=needs_password)


def _note_leaks(words: Words, plan: Plan, *, needs_password: bool) -> None:
    if plan.gives_away:
        words.note("shows-password")
        words.note("clear", when=not plan.has_tls)
    else:
        words.note("shows-digest", when=needs_password)
