"""The command line of swaks."""

from __future__ import annotations

from math import ceil

from smtp_tui.checks.same.plan import Link, Plan, Words
from smtp_tui.settings.choices import AddressFamily, TlsVersion

_KNOWN = ("PLAIN", "LOGIN", "CRAM-MD5")
_LINKS = {
    Link.STARTTLS: "-tls",
    Link.STARTTLS_WHERE_OFFERED: "--tls-optional-strict",
    Link.TLS: "--tls-on-connect",
}
_VERSIONS = {
    TlsVersion.V1_0: "tlsv1",
    TlsVersion.V1_1: "tlsv1_1",
    TlsVersion.V1_2: "tlsv1_2",
    TlsVersion.V1_3: "tlsv1_3",
}


def swaks_words(plan: Plan) -> Words:
    """Write what swaks does of a check."""
    settings = plan.settings
    words = Words("swaks", "--server", plan.host, "--port", str(settings.port))
    words.add("-4", when=settings.address_family is AddressFamily.IPV4)
    words.add("-6", when=settings.address_family is AddressFamily.IPV6)
    words.add("--local-interface", settings.source_address or "", when=settings.source_address)
    words.add("--timeout", f"{ceil(settings.timeout)}s", when="timeout" in settings.given)
    words.add("--helo", plan.hello or "", when=plan.hello)
    words.note("own-name", when=plan.hello is None)
    if plan.has_tls:
        _add_tls(words, plan)
    _add_login(words, plan)
    return words


def _add_tls(words: Words, plan: Plan) -> None:
    settings = plan.settings
    words.add(_LINKS[plan.link])
    words.add("--tls-sni", plan.tls_name, when=plan.has_name)
    allowed = [name for version, name in _VERSIONS.items() if version >= settings.tls_minimum]
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


def _add_login(words: Words, plan: Plan) -> None:
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
