"""Import and export nodemailer's transport options as JSON (not JavaScript) or a URL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from smtp_tui.interchange.envfile import export_env, import_env
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import Assignment, ImportBuilder, UnresolvedVariable
from smtp_tui.interchange.spec import FormatSpec, ImportSource, InterchangeError, text
from smtp_tui.interchange.yaml_tree import YamlTable

_PARTS = ("auth", "tls")
_LINK = ("secure", "requireTLS", "ignoreTLS")
_SWITCHES = frozenset({*_LINK, "tls.rejectUnauthorized"})
# Options that name the server other than by host and port.
_ELSEWHERE = {"service": "named-service", "url": "url-beside"}
_VERSION = "TLSv"
# Each limits one step; smtp-tui's limits the check.
_STEPS = ("connectionTimeout", "greetingTimeout", "socketTimeout", "dnsTimeout")


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the options, with nodemailer's defaults."""
    options, nested = _chosen_options(source.text)
    builder = ImportBuilder(form, entries(options))
    if nested:
        builder.remark("", "nested", name=nested)
    return take_options(builder)


def take_options(builder: ImportBuilder) -> ImportBuilder:
    """Import the builder's options, which are named like `auth.user`."""
    if builder.get("tls.ca") is not None:
        builder.reject("tls.ca", "no-setting")
    elsewhere = [name for name in _ELSEWHERE if builder.get(name) is not None]
    for name in elsewhere:
        builder.reject(name, _ELSEWHERE[name])
    builder.take_each(host="host", port="port")
    builder.take("proxy", "proxy")
    if builder.switch("lmtp", False):
        builder.put("protocol", "lmtp", "lmtp")
    is_at_465 = str(builder.values.get("port")) == "465"
    secure = bool(builder.switch("secure", False)) if "secure" in builder else is_at_465
    # A server named elsewhere has no defaults.
    if not elsewhere:
        builder.default("host", "localhost")
        builder.default("port", 465 if secure else 587)
    if not elsewhere or any(name in builder for name in _LINK):
        _take_link(builder, secure=secure)
    builder.take("domain", "name")
    _log_in(builder)
    _take_trust(builder)
    builder.take("source_address", "localAddress")
    for name in _STEPS:
        if name in builder:
            builder.reject(name, "timeout-one-step")
    builder.report_leftovers("")
    return builder


_GHOST = "mail__options__"
_GHOST_SWITCHES = ("secure", "requireTLS", "ignoreTLS", "tls.rejectUnauthorized")


def read_ghost(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import Ghost's variables, which it hands to nodemailer as options."""
    builder = import_env(form, source)
    builder.entries = {
        name.removeprefix(_GHOST).replace("__", "."): entry
        for name, entry in builder.entries.items()
        if name.startswith("mail__")
    }
    # It names the transports in any case.
    if (builder.text("mail.transport") or "direct").casefold() != "smtp":
        builder.reject("mail.transport", "not-smtp")
    for name in _GHOST_SWITCHES:
        if name in builder and builder.text(name) not in (None, "true", "false"):
            builder.entries[name] = replace(
                builder.entries[name], value=UnresolvedVariable("not-a-switch")
            )
    if "secure" not in builder and "secureConnection" in builder:
        builder.entries["secure"] = builder.entries.pop("secureConnection")
    builder.take_sender("mail.from")
    return take_options(builder)


def write_ghost(out: ExportBuilder) -> str:
    """Export Ghost's variables."""
    return export_env(out, out.pairs())


# No other program's options have these names.
_OWN = frozenset({"requireTLS", "ignoreTLS", "authMethod", "localAddress", "lmtp"})
# nodemailer has other names for these: the settings are those of another program.
_NOT_ITS_OWN = frozenset(
    {"user", "username", "password", "pass", "from", "encryption", "smtp_host"}
)


def keys_in(content: str, form: FormatSpec) -> list[str]:
    """Return the options of the transport."""
    del form
    if _CALL.search(content):
        return ["createTransport"]  # JavaScript, which reading refuses
    return [*_options(content)[0]]


_CALL = re.compile(r"createTransport\s*+\(")


def _options(content: str) -> tuple[YamlTable, str | None]:
    """Return the options, and the name that they are nested under, if any."""
    data = _parsed(content)
    if _is_transport(data):
        return data, None
    inner = list(islice(_transports(data, ""), 2))
    if len(inner) == 1:
        ((name, options),) = inner
        return options, name
    return YamlTable(), None


def _chosen_options(content: str) -> tuple[YamlTable, str | None]:
    """Return the options of a file that is known to have some; a host may be all."""
    options, nested = _options(content)
    if not options and {"host", "service"} & (data := _parsed(content)).keys():
        return data, None
    if not options:
        raise InterchangeError(text("no-transport"))
    return options, nested


def _parsed(content: str) -> YamlTable:
    try:
        data = json.loads(content.removeprefix("\ufeff"), object_pairs_hook=YamlTable)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise InterchangeError(text("not-json", where=f"line {line}" if line else "it")) from None
    if not isinstance(data, YamlTable):
        raise InterchangeError(text("not-json", where="it"))
    return data


def _transports(data: YamlTable, above: str) -> Iterator[tuple[str, YamlTable]]:
    for key, value in data.items():
        name = f"{above}{key}"
        if isinstance(value, YamlTable) and above.count(".") < _DEEPEST:
            if _is_transport(value):
                yield name, value
            else:
                yield from _transports(value, f"{name}.")


_DEEPEST = 3


def _is_transport(data: YamlTable) -> bool:
    """Whether options are nodemailer's, and not those of any program with a host and a port."""
    auth, tls = data.get("auth"), data.get("tls")
    has_login = isinstance(auth, dict) and not _LOGIN.isdisjoint(auth)
    has_tls = isinstance(tls, dict) and not _TLS.isdisjoint(tls)
    is_own = has_login or has_tls or not _OWN.isdisjoint(data)
    # Web servers have a host and `secure` too.
    is_smtp = any(word in str(data.get("host")) for word in ("mail", "smtp"))
    is_bare = "secure" in data and is_smtp and _NOT_ITS_OWN.isdisjoint(data)
    has_server = "host" in data or "service" in data
    return has_server and (is_own or is_bare or ("service" in data and "secure" in data))


_LOGIN = frozenset({"user", "pass", "type", "credentials"})
_TLS = frozenset({"rejectUnauthorized", "servername", "minVersion", "ciphers"})


def entries(options: YamlTable) -> Iterator[Assignment]:
    """Yield the options, those of `auth` and `tls` with these names before theirs."""
    for entry in options.entries():
        is_part = entry.name in _PARTS and isinstance(entry.value, YamlTable)
        for part in entry.value.entries() if is_part else [entry]:
            key = f"{entry.name}.{part.name}" if is_part else part.name
            # In JavaScript the text "false" is true.
            is_unclear = key in _SWITCHES and not isinstance(part.value, bool | None)
            value = UnresolvedVariable("not-a-switch") if is_unclear else part.value
            yield Assignment(key, value, repeated=entry.repeated or (part.repeated and key))


def _take_link(builder: ImportBuilder, *, secure: bool) -> None:
    """Set the encryption from the options that a URL can have too."""
    required, ignored = builder.switch("requireTLS", False), builder.switch("ignoreTLS", False)
    link = "ssl" if secure else "tls" if required else "none" if ignored else "auto"
    builder.put_link(link, "url-auto" if builder.form.name == "url" else "auto-goes-on")


def _take_trust(builder: ImportBuilder) -> None:
    """Set how to verify the certificate."""
    if builder.switch("tls.rejectUnauthorized", True) is False:
        builder.put("openssl_verify_mode", "none", "tls.rejectUnauthorized")
    builder.take("server_name", "tls.servername", "servername")
    if minimum := builder.text("tls.minVersion"):
        version = minimum.removeprefix(_VERSION)
        builder.put("tls_minimum", "1.0" if version == "1" else version, "tls.minVersion")


def _log_in(builder: ImportBuilder) -> None:
    builder.take("username", "auth.user")
    if (builder.text("auth.type") or "login").casefold() == "oauth2":
        builder.put("authentication", "xoauth2", "auth.type")
        builder.put_password("auth.accessToken")
    elif not builder.put_password("auth.pass") and "auth.credentials" in builder:
        builder.reject("auth.credentials", "computed")
    is_set = "authentication" in builder.values
    if not is_set and not builder.put_mechanism("auth.method", "authMethod"):
        builder.remark_own_choice("PLAIN, LOGIN, CRAM-MD5")


def write(out: ExportBuilder) -> str:
    """Export the options; JSON cannot refer to a password."""
    pairs = out.pairs()
    if out.settings.proxy and out.settings.proxy.scheme == "socks5":
        out.note("proxy", "nodemailer-socks")
    options: dict[str, Any] = {name: value for name, value in pairs if "." not in name}
    if out.username is not None:
        mechanism = out.mechanism
        is_oauth = mechanism == "xoauth2"
        name = "accessToken" if is_oauth else "pass"
        auth = {"user": out.username, **({"type": "OAuth2"} if is_oauth else {})}
        if out.secret is not None:
            auth[name] = out.secret
        elif out.wants_secret:
            out.note("password", "nodemailer-secret", name=f"auth.{name}", variable=out.variable)
        if mechanism and not is_oauth:
            options["authMethod"] = mechanism.upper()
        options["auth"] = auth
    if tls := {name.removeprefix("tls."): value for name, value in pairs if "." in name}:
        options["tls"] = tls
    return json.dumps(options, indent=2, ensure_ascii=False) + "\n"


# Parameters of Symfony and lettre that are equivalent to nodemailer's.
_SAME_PARAMETERS = {
    ("require_tls", "true"): ("requireTLS", "true"),
    ("require_tls", "1"): ("requireTLS", "true"),
    ("tls", "required"): ("requireTLS", "true"),
    ("tls", "opportunistic"): ("requireTLS", "false"),
    ("auto_tls", "false"): ("ignoreTLS", "true"),
    ("auto_tls", "0"): ("ignoreTLS", "true"),
    ("disable_starttls", "true"): ("ignoreTLS", "true"),
    ("verify_peer", "0"): ("tls.rejectUnauthorized", "false"),
    ("verify_peer", "false"): ("tls.rejectUnauthorized", "false"),
}
_RENAMED_PARAMETERS = {"local_domain": "name", "source_ip": "localAddress"}


def read_url(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import a URL; remark on what its scheme leaves open."""
    return take_url(form, source.text)


def take_url(form: FormatSpec, content: str) -> ImportBuilder:
    """Import a URL as nodemailer reads it."""
    url = split_url(content)
    builder = ImportBuilder(form, url_entries(url))
    if not builder.take("host", "host"):
        raise InterchangeError(text("url-host"))
    builder.take("port", "port")
    secure = url.scheme.casefold() == "smtps"
    if secure:
        builder.default("port", 465)
    elif form.name == "url" and "port" not in builder:
        builder.remark("port", "url-port")
    else:
        builder.default("port", 587)
    _take_link(builder, secure=secure)
    builder.take("username", "user")
    builder.put_password("password")
    builder.put_mechanism("authMethod", "auth_mode")
    builder.take("domain", "name")
    _take_trust(builder)
    if builder.take("tls_fingerprint", "peer_fingerprint[sha256]"):
        builder.values.pop("openssl_verify_mode", None)
    if "require_tls" in dict(parse_qsl(url.query)):
        builder.remark("encryption", "symfony-require")
    builder.take("source_address", "localAddress")
    builder.report_leftovers("")
    return builder


def split_url(content: str) -> SplitResult:
    """Split an SMTP URL; InterchangeError, without the URL, if it is none or broken."""
    try:
        url = urlsplit(content.strip().strip("\"'"))
        _ = url.port
    except ValueError:
        raise InterchangeError(text("url-broken")) from None
    # One of these, unescaped in the password, cuts it in two.
    if url.fragment or url.netloc.count("@") > 1 or url.path.strip("/"):
        raise InterchangeError(text("url-broken"))
    if url.scheme.casefold() not in ("smtp", "smtps"):
        raise InterchangeError(text("url-scheme"))
    return url


def url_entries(url: SplitResult) -> Iterator[Assignment]:
    """Yield the parts of a URL and its options, under nodemailer's names."""
    try:
        parts = (url.username, url.password)
        user, password = [unquote(part, errors="strict") if part else None for part in parts]
    except UnicodeDecodeError:
        raise InterchangeError(text("url-encoding")) from None
    host = unquote(url.hostname or "")
    yield from (
        Assignment("host", host),
        Assignment("user", user),
        Assignment("password", password),
    )
    if url.port is not None:
        yield Assignment("port", url.port)
    for name, value in parse_qsl(url.query, keep_blank_values=True):
        same = _SAME_PARAMETERS.get(
            (name, value.casefold()), (_RENAMED_PARAMETERS.get(name, name), value)
        )
        yield Assignment(*same)


def write_url(out: ExportBuilder) -> str:
    """Export a URL as nodemailer reads it, with the password only on request."""
    if out.link == "tls":
        out.warn("encryption", "url-parameters")
    return f"{url_of(out, out.pairs())}\n"


def url_of(out: ExportBuilder, options: list[tuple[str, Any]]) -> str:
    """Return a URL with these options; its password is left out where it is not known."""
    login = ""
    if out.username is not None:
        # A slash, a colon or an @ would end the login.
        login = quote(out.username, safe="")
        if out.secret is not None:
            login += f":{quote(out.secret, safe='')}"
        elif out.wants_secret:
            out.note("password", "url-secret")
        login += "@"
    query = urlencode(options, safe="[]")
    scheme = "smtps" if out.link == "ssl" else "smtp"
    return f"{scheme}://{login}{out.host_with_port}{'/?' if query else ''}{query}"
