"""The command line of curl.

The command line of `openssl s_client`.

The command line of swaks.
"""

from __future__ import annotations

from math import ceil
from urllib.parse import quote

from smtp_tui.checks.equivalents.plan import (
    SCRAM,
    TOKEN,
    CommandLine,
    CommandPlan,
    PlannedEncryption,
    bracketed,
)
from smtp_tui.settings.choices import AddressFamily, TlsVersion

_LINKS = {
    PlannedEncryption.STARTTLS: "--ssl-reqd",
    PlannedEncryption.STARTTLS_WHERE_OFFERED: "--ssl",
}


def curl_words(plan: CommandPlan) -> CommandLine:
    """Write what curl does of a check; NOOP is in place of the message."""
    settings = plan.settings
    words = CommandLine("curl", "-v", "--globoff")
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


def _url(plan: CommandPlan) -> str:
    """The URL: its host is the name for TLS, its path the name for EHLO."""
    scheme = "smtps" if plan.link is PlannedEncryption.TLS else "smtp"
    host = plan.tls_name if _is_renamed(plan) else plan.host
    path = quote(plan.hello or "", safe=":")
    return f"{scheme}://{bracketed(host.replace('%', '%25'))}:{plan.settings.port}/{path}"


def _is_renamed(plan: CommandPlan) -> bool:
    return plan.has_tls and bool(plan.settings.server_name)


def _add_tls(words: CommandLine, plan: CommandPlan) -> None:
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
    words.note("starttls-failing", when=plan.link is PlannedEncryption.STARTTLS_WHERE_OFFERED)


def _without_colons(path: str) -> str:
    """What stands behind a colon would be taken for the key's password."""
    return path.replace("\\", "\\\\").replace(":", "\\:")


def _add_login(words: CommandLine, plan: CommandPlan) -> None:
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


def _note_leaks(words: CommandLine, plan: CommandPlan, *, needs_password: bool) -> None:
    if plan.gives_away:
        words.note("shows-password")
        words.note("clear", when=not plan.has_tls)
    else:
        words.note("shows-digest", when=needs_password)


_VERSIONS = {
    TlsVersion.V1_0: "TLSv1",
    TlsVersion.V1_1: "TLSv1.1",
    TlsVersion.V1_2: "TLSv1.2",
    TlsVersion.V1_3: "TLSv1.3",
}


def openssl_words(plan: CommandPlan) -> CommandLine:
    """Write what openssl does of a check: the handshake."""
    if not plan.has_tls:
        nothing = CommandLine()
        nothing.note("nothing")
        return nothing
    settings = plan.settings
    words = CommandLine("openssl", "s_client", "-connect", plan.endpoint)
    words.add("-4", when=settings.address_family is AddressFamily.IPV4)
    words.add("-6", when=settings.address_family is AddressFamily.IPV6)
    words.add("-bind", bracketed(settings.source_address or ""), when=settings.source_address)
    if plan.link is not PlannedEncryption.TLS:
        words.add("-starttls", "smtp")
        words.add("-name", plan.hello or "", when=plan.hello)
        words.note("own-name", when=plan.hello is None)
        words.note("begins-anyway")
    _add_tls_openssl(words, plan)
    # Its end of input is the end of the connection.
    words.add_raw("</dev/null")
    if settings.tls_fingerprint:
        words.add_raw("|", "openssl", "x509", "-noout", "-fingerprint", "-sha256")
        words.note("compare-fingerprint")
    words.note("no-login")
    return words


def _add_tls_openssl(words: CommandLine, plan: CommandPlan) -> None:
    settings = plan.settings
    words.add("-servername", plan.tls_name, when=plan.has_name)
    words.add("-noservername", when=not plan.has_name)
    if settings.tls_fingerprint is None and plan.verifies:
        words.add("-verify_hostname" if plan.has_name else "-verify_ip", plan.tls_name)
        words.add("-verify_return_error")
    words.note("not-verified", when=not plan.verifies)
    words.add_path("-CAfile", settings.ca_file, plan.base)
    words.add("-min_protocol", _VERSIONS[settings.tls_minimum])
    words.add("-cipher", "DEFAULT@SECLEVEL=0", when=plan.is_old)
    words.add_path("-cert", settings.client_certificate, plan.base)
    words.add_path("-key", settings.client_key, plan.base)


_KNOWN = ("PLAIN", "LOGIN", "CRAM-MD5")
_LINKS_swaks = {
    PlannedEncryption.STARTTLS: "-tls",
    PlannedEncryption.STARTTLS_WHERE_OFFERED: "--tls-optional-strict",
    PlannedEncryption.TLS: "--tls-on-connect",
}
_VERSIONS_swaks = {
    TlsVersion.V1_0: "tlsv1",
    TlsVersion.V1_1: "tlsv1_1",
    TlsVersion.V1_2: "tlsv1_2",
    TlsVersion.V1_3: "tlsv1_3",
}


def swaks_words(plan: CommandPlan) -> CommandLine:
    """Write what swaks does of a check."""
    settings = plan.settings
    words = CommandLine("swaks", "--server", plan.host, "--port", str(settings.port))
    words.add("-4", when=settings.address_family is AddressFamily.IPV4)
    words.add("-6", when=settings.address_family is AddressFamily.IPV6)
    words.add("--local-interface", settings.source_address or "", when=settings.source_address)
    words.add("--timeout", f"{ceil(settings.timeout)}s", when="timeout" in settings.given)
    words.add("--helo", plan.hello or "", when=plan.hello)
    words.note("own-name", when=plan.hello is None)
    if plan.has_tls:
        _add_tls_swaks(words, plan)
    _add_login_swaks(words, plan)
    return words


def _add_tls_swaks(words: CommandLine, plan: CommandPlan) -> None:
    settings = plan.settings
    words.add(_LINKS_swaks[plan.link])
    words.add("--tls-sni", plan.tls_name, when=plan.has_name)
    allowed = [name for version, name in _VERSIONS_swaks.items() if version >= settings.tls_minimum]
    words.add("--tls-protocol", ",".join(allowed))
    words.add("--tls-cipher", "DEFAULT@SECLEVEL=0", when=plan.is_old)
    words.add("--tls-verify", when=plan.verifies)
    is_other = plan.tls_name != plan.host
    words.add("--tls-verify-target", plan.tls_name, when=plan.verifies and is_other)
    words.add_path("--tls-ca-path", settings.ca_file, plan.base)
    key = settings.client_key or settings.client_certificate
    words.add_path("--tls-cert", settings.client_certificate, plan.base)
    words.add_path("--tls-key", key, plan.base)
    words.note("old-swaks" if plan.verifies else "not-verified")
    words.note("no-fingerprint", when=settings.tls_fingerprint)
    words.note("starttls-required", when=plan.needs_starttls)


def _add_login_swaks(words: CommandLine, plan: CommandPlan) -> None:
    known = [name for name in plan.mechanisms if name in _KNOWN]
    user = plan.settings.username or ""
    is_none = user == "<>"  # to swaks, typed too
    if not known or is_none:
        words.add("--quit-after", "HELO")
        words.note("no-mechanism", when=plan.mechanisms and not known)
        words.note("no-user", when=known)
        return
    # Even behind an equals sign swaks reads such a name as an option.
    is_readable = not user.startswith("-")
    words.add("--auth", ",".join(known))
    words.add("--auth-user", user, when=is_readable)
    words.add("--auth-hide-password", "--protect-prompt", "--quit-after", "AUTH")
    words.note("asks", "asks-netrc")
    words.note("asks-user", when=not is_readable)
    words.note("shows-digest", when="CRAM-MD5" in known)
    words.note("tries-both", when=len(known) > 1)
    words.note("own-choice", when=plan.chooses)
    words.note("clear", when=plan.gives_away and not plan.has_tls)
