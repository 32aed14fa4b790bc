"""smtp:// and smtps:// URLs, with the parameters that programs give them."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from smtp_tui.interchange.entries import Entry
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats.nodemailer import take_link, take_trust
from smtp_tui.interchange.import_builder import ImportBuilder
from smtp_tui.interchange.results import Exported, Imported, InterchangeError, text
from smtp_tui.interchange.spec import FormatSpec, Source

# Parameters of Symfony and lettre that mean the same as one of nodemailer.
_SAME = {
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
_RENAMED = {"local_domain": "name", "source_ip": "localAddress"}


def read(source: Source, form: FormatSpec) -> Imported:
    """Read a URL; what its scheme leaves open is told."""
    url = _split(source.text)
    taken = ImportBuilder(form, _entries(url))
    if not taken.take("host", "host"):
        raise InterchangeError(text("url-host"))
    taken.take("port", "port")
    secure = url.scheme.casefold() == "smtps"
    if secure:
        taken.default("port", 465)
    elif "port" not in taken:
        taken.remark("port", "url-port")
    take_link(taken, secure=secure)
    taken.take("username", "user")
    taken.put_password("password")
    taken.put_mechanism("authMethod", "auth_mode")
    taken.take("domain", "name")
    take_trust(taken)
    if taken.take("tls_fingerprint", "peer_fingerprint[sha256]"):
        taken.values.pop("openssl_verify_mode", None)
    if "require_tls" in dict(parse_qsl(url.query)):
        taken.remark("encryption", "symfony-require")
    taken.take("source_address", "localAddress")
    taken.leftovers("")
    return taken.done()


def _split(content: str) -> SplitResult:
    try:
        url = urlsplit(content.strip().strip("\"'"))
        _ = url.port
    except ValueError:
        raise InterchangeError(text("url-broken")) from None
    # A password with one of these unescaped has been cut in two.
    if url.fragment or url.netloc.count("@") > 1 or url.path.strip("/"):
        raise InterchangeError(text("url-broken"))
    if url.scheme.casefold() not in ("smtp", "smtps"):
        raise InterchangeError(text("url-scheme"))
    return url


def _entries(url: SplitResult) -> Iterator[Entry]:
    try:
        parts = (url.username, url.password)
        user, password = [unquote(one, errors="strict") if one else None for one in parts]
    except UnicodeDecodeError:
        raise InterchangeError(text("url-encoding")) from None
    host = unquote(url.hostname or "")
    yield from (Entry("host", host), Entry("user", user), Entry("password", password))
    if url.port is not None:
        yield Entry("port", url.port)
    for name, value in parse_qsl(url.query, keep_blank_values=True):
        same = _SAME.get((name, value.casefold()), (_RENAMED.get(name, name), value))
        yield Entry(*same)


def write(out: ExportBuilder) -> Exported:
    """Write a URL as nodemailer reads it; without the password, unless it is wanted."""
    link = out.link
    login = ""
    if out.username is not None:
        login = quote(out.username, safe="")
        if out.secret is not None:
            login += f":{quote(out.secret, safe='')}"
        elif out.wants_secret:
            out.note("password", "url-secret")
        login += "@"
    mechanism = out.mechanism
    query = {
        "requireTLS": "true" if link == "tls" else None,
        "ignoreTLS": "true" if link == "none" else None,
        "name": out.given("domain"),
        "authMethod": mechanism.upper() if mechanism else None,
        "tls.rejectUnauthorized": None if out.verifies else "false",
        "tls.servername": out.given("server_name"),
    }
    there = urlencode({name: value for name, value in query.items() if value is not None})
    scheme = "smtps" if link == "ssl" else "smtp"
    host = out.host_with_port
    if link == "tls":
        out.warn("encryption", "url-parameters")
    return out.done(f"{scheme}://{login}{host}{'/?' if there else ''}{there}\n")
