"""Import and export Postfix's client settings in main.cf."""

from __future__ import annotations

import re
from collections.abc import Mapping

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import (
    LONGEST,
    Assignment,
    ImportBuilder,
    UnresolvedVariable,
    host_and_port,
)
from smtp_tui.interchange.spec import FormatSpec, ImportSource, InterchangeError, text

_USE = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\}|\((\w+)\)|[{(])")

# Parameters may refer to each other endlessly.
_DEEPEST = 32
_VERSIONS = ("1.0", "1.1", "1.2", "1.3")


def _entries(content: str) -> list[Assignment]:
    """Return the parameters, the last of each name, with references expanded."""
    parts: dict[str, tuple[list[str], int]] = {}
    name = ""
    for number, line in enumerate(content.split("\n"), 1):
        line = line.rstrip(" \t\r")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0] in " \t" and name:
            parts[name][0].append(line.strip())
        else:
            name, _, value = line.partition("=")
            name = name.strip()
            parts[name] = ([value.strip()], number)
    found: dict[str, object] = {}

    def resolve(name: str, depth: int = 0) -> object:
        """Expand references; the values that Postfix itself supplies are unknown."""
        if name in found or depth > _DEEPEST:
            return found.get(name)
        found[name] = UnresolvedVariable("computed")  # for a parameter that refers to itself
        value = " ".join(parts[name][0]).strip()
        pieces = []
        at = length = 0
        for match in _USE.finditer(value):
            used = match[2] or match[3] or match[4]
            inner = "$" if match[1] else resolve(used, depth + 1) if used in parts else None
            if not isinstance(inner, str):
                found[name] = UnresolvedVariable("from-variable", {"name": used or "?"})
                return found[name]
            pieces += [value[at : match.start()], inner]
            length += match.start() - at + len(inner)
            at = match.end()
            if length > LONGEST:
                return found[name]
        found[name] = "".join([*pieces, value[at:]])
        return found[name]

    return [
        Assignment(name, resolve(name), line)
        for name, (_, line) in parts.items()
        if re.fullmatch(r"\w+", name)
    ]


def _login_in(maps: str, relay: str, beside: Mapping[str, str]) -> str | None:
    """Return `user:password` for the relay, None if no table has it."""
    if maps.startswith("static:"):
        return maps.removeprefix("static:").strip("{} ")
    for content in beside.values():
        for line in content.split("\n"):
            key, _, login = line.strip(" \t\r").partition(" ")
            if "\t" in key:
                key, _, login = line.strip(" \t\r").partition("\t")
            if key in (relay, relay.partition("]:")[0].lstrip("[")) and login:
                return login.strip(" \t")
    return None


def _lower_bound(protocols: str) -> str | None:
    """Return the oldest TLS version that a list of protocols allows, None if it is unclear."""
    match = re.fullmatch(r">=\s*TLSv(1(?:\.\d)?)", protocols.strip())
    if match:
        return match[1] if "." in match[1] else "1.0"
    words = re.split(r"[,:\s]+", protocols.strip())
    if not all(word.startswith("!") for word in words):
        return None
    excluded = {word.removeprefix("!") for word in words}
    allowed = [
        version for version in _VERSIONS if f"TLSv{version}".removesuffix(".0") not in excluded
    ]
    return allowed[0] if allowed else None


PASSWORDS = "sasl_passwd"
"""The usual name of the login table."""

_SERVICES = {"smtp": "25", "smtps": "465", "submissions": "465", "submission": "587"}
_LEVELS = {
    "none": "none", "may": "auto", "encrypt": "tls", "fingerprint": "tls", "verify": "tls",
    "secure": "tls", "dane": "auto", "dane-only": "tls",
}  # fmt: skip
_UNCHECKED = ("may", "encrypt")
_SYSTEM = "/etc/ssl/certs"
_PREFIXES = ("relayhost", "smtp_sasl_", "smtp_tls_", "smtp_bind_", "smtp_helo_", "smtp_use_tls")


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import main.cf; `source.beside` has the login table's text by name."""
    builder = ImportBuilder(form, _entries(source.text))
    relay = re.split(r"[,\s]+", builder.text("relayhost") or "")[0]
    if relay:
        host, port = host_and_port(relay)
        builder.put("host", host, "relayhost")
        if port is not None:
            builder.put("port", _SERVICES.get(port, port), "relayhost")
        if not relay.startswith("["):
            builder.remark("host", "postfix-mx")
    else:
        builder.reject("relayhost", "no-relayhost")
    level = _link(builder)
    _trust(builder, level)
    _log_in(builder, relay, source.beside)
    builder.take("domain", "smtp_helo_name", "myhostname")
    builder.take("source_address", "smtp_bind_address", "smtp_bind_address6")
    if builder.text("inet_protocols") in ("ipv4", "ipv6"):
        builder.take("address_family", "inet_protocols")
    builder.default("port", 25)
    builder.report_leftovers(*_PREFIXES)
    return builder


def _link(builder: ImportBuilder) -> str:
    level = (builder.text("smtp_tls_security_level") or "").casefold()
    if not level and builder.switch("smtp_enforce_tls", False):
        level = "verify"
    if not level and builder.switch("smtp_use_tls", None):
        level = "may"
    if not level and "smtp_use_tls" not in builder:
        # The defaults of Postfix 3.11, if the file asks for them, include `may`.
        written = (builder.text("compatibility_level") or "").strip()
        match = re.fullmatch(r"(\d{1,4})(?:\.(\d{1,4}))?(?:\.\d{1,4})?", written)
        if match and (int(match[1]), int(match[2] or 0)) >= (3, 11):
            level = "may"
            builder.remark("encryption", "postfix-level", level=level)
    level = level or "none"
    if level not in _LEVELS:
        builder.reject("smtp_tls_security_level", "no-choice", choices=", ".join(_LEVELS))
        level = "none"
    link = "ssl" if builder.switch("smtp_tls_wrappermode", False) else _LEVELS[level]
    builder.put_link(link, "postfix-may")
    return level


def _trust(builder: ImportBuilder, level: str) -> None:
    if level in _UNCHECKED:
        builder.put("openssl_verify_mode", "none", "smtp_tls_security_level")
        builder.remark("openssl_verify_mode", "postfix-unchecked", level=level)
    if level.startswith("dane"):
        builder.reject("smtp_tls_security_level", "postfix-dane")
    if level == "fingerprint":
        builder.take("tls_fingerprint", "smtp_tls_fingerprint_cert_match")
    builder.use("smtp_tls_fingerprint_cert_match", "smtp_tls_secure_cert_match")
    builder.take("ca_file", "smtp_tls_CAfile")
    if (builder.text("smtp_tls_CApath") or _SYSTEM).rstrip("/") != _SYSTEM:
        builder.reject("smtp_tls_CApath", "folder-of-authorities")
    builder.take_each(client_certificate="smtp_tls_cert_file", client_key="smtp_tls_key_file")
    builder.use("smtp_tls_protocols")
    if protocols := builder.text("smtp_tls_mandatory_protocols"):
        if minimum := _lower_bound(protocols):
            builder.put("tls_minimum", minimum, "smtp_tls_mandatory_protocols")
        else:
            builder.reject("smtp_tls_mandatory_protocols", "no-single-minimum")


def _log_in(builder: ImportBuilder, relay: str, beside: Mapping[str, str]) -> None:
    if not builder.switch("smtp_sasl_auth_enable", False):
        builder.put("authentication", "none", "smtp_sasl_auth_enable")
        builder.use("smtp_sasl_password_maps", "smtp_sasl_security_options")
        builder.use("smtp_sasl_tls_security_options", "smtp_sasl_mechanism_filter")
        return
    names = re.findall(r"[^,\s]+", builder.text("smtp_sasl_mechanism_filter") or "")
    if len(names) == 1:
        builder.put_mechanism("smtp_sasl_mechanism_filter")
    elif names:
        builder.remark("authentication", "own-choice", names=", ".join(names))
    options = builder.text("smtp_sasl_tls_security_options", "smtp_sasl_security_options")
    if "smtp_sasl_security_options" not in builder or "noplaintext" in (options or ""):
        builder.remark("authentication", "postfix-noplaintext")
    builder.use("smtp_sasl_security_options", "smtp_sasl_tls_security_options")
    maps = builder.text("smtp_sasl_password_maps") or ""
    login = _login_in(maps, relay, beside)
    if login is None:
        builder.reject("smtp_sasl_password_maps", "no-login" if beside else "passwords-beside")
        return
    username, _, password = login.partition(":")
    builder.put("username", username, "smtp_sasl_password_maps")
    if password:
        builder.put("password", password, "smtp_sasl_password_maps")


def write(out: ExportBuilder) -> str:
    """Export the lines of main.cf, and those of the login table as a comment."""
    relay = f"[{out.settings.host}]:{out.settings.port}"
    source, family = out.given("source_address"), out.given("address_family")
    pairs: list[tuple[str, str | None]] = [
        ("relayhost", relay),
        ("smtp_helo_name", out.given("domain")),
        *_tls(out),
    ]
    if str(family) in ("ipv4", "ipv6"):
        out.note("address_family", "inet-protocols")
        pairs.append(("inet_protocols", str(family)))
    pairs.append(("smtp_bind_address6" if ":" in (source or "") else "smtp_bind_address", source))
    pairs.append(("smtp_sasl_auth_enable", "yes" if out.wants_secret else "no"))
    if out.wants_secret:
        pairs += [
            ("smtp_sasl_password_maps", f"texthash:/etc/postfix/{PASSWORDS}"),
            ("smtp_sasl_security_options", "noanonymous"),
            ("smtp_sasl_mechanism_filter", out.mechanism),
        ]
    # A dollar sign starts a reference.
    lines = [f"{name} = {value.replace('$', '$$')}" for name, value in pairs if value is not None]
    return "\n".join([*lines, *_passwords(out, relay), ""])


def _tls(out: ExportBuilder) -> list[tuple[str, str | None]]:
    link = out.link
    if link == "none":
        return [("smtp_tls_security_level", "none")]
    fingerprint, minimum = out.given("tls_fingerprint"), out.given("tls_minimum")
    level = "fingerprint" if fingerprint else "secure" if out.verifies else "encrypt"
    if link == "auto":
        level = "may"
        if out.verifies:
            out.warn("openssl_verify_mode", "postfix-may-unchecked")
    # Postfix trusts no CA by default.
    needs_system = level == "secure" and out.given("ca_file") is None
    if needs_system:
        out.note("ca_file", "postfix-authorities", folder=_SYSTEM)
    is_pinned = level == "fingerprint"
    protocols = f">=TLSv{minimum}".removesuffix(".0") if minimum else None
    return [
        ("smtp_tls_security_level", level),
        ("smtp_tls_wrappermode", "yes" if link == "ssl" else None),
        ("smtp_tls_mandatory_protocols", protocols),
        ("smtp_tls_fingerprint_digest", "sha256" if is_pinned else None),
        ("smtp_tls_fingerprint_cert_match", out.fingerprint if is_pinned else None),
        ("smtp_tls_CAfile", out.given("ca_file")),
        ("smtp_tls_CApath", _SYSTEM if needs_system else None),
        ("smtp_tls_cert_file", out.given("client_certificate")),
        ("smtp_tls_key_file", out.given("client_key")),
    ]


def _passwords(out: ExportBuilder, relay: str) -> list[str]:
    if not out.wants_secret:
        return []
    username, secret = out.username or "", out.secret
    # The first colon ends the username, which is stripped of blanks, as is the end of the line.
    if ":" in username or username != username.strip() or username.startswith("#"):
        raise InterchangeError(text("postfix-username"))
    if secret is not None and (secret != secret.rstrip() or not secret.isprintable()):
        raise InterchangeError(text("postfix-password"))
    if secret is None:
        out.note("password", "secret-left-out", name=PASSWORDS)
    line = f"# {relay} {username}:{secret or text('password-here')}"
    return ["", f"# {text('postfix-file', name=PASSWORDS)}", line]
