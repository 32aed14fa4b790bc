"""Gitea and Forgejo: the section [mailer] of app.ini."""

from __future__ import annotations

from smtp_tui.interchange import go_ini
from smtp_tui.interchange.entries import host_and_port
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import ImportBuilder
from smtp_tui.interchange.results import Exported, Imported, text
from smtp_tui.interchange.spec import FormatSpec, Source

_PROTOCOLS = {"smtp": "none", "smtps": "ssl", "smtp+starttls": "auto", "smtp+startls": "auto"}
_NAMES = {"none": "smtp", "ssl": "smtps", "auto": "smtp+starttls"}
_PORTS = {"none": 25, "ssl": 465, "auto": 587}
_ELSEWHERE = ("sendmail", "smtp+unix", "dummy")
_KEY = "PASSWD"


def read(source: Source, form: FormatSpec) -> Imported:
    """Read the section, with what Gitea takes where a key is not set."""
    taken = ImportBuilder(form, go_ini.entries(source.text, "mailer"))
    taken.use("SENDMAIL_PATH", "SENDMAIL_ARGS", "SENDMAIL_TIMEOUT", "SENDMAIL_CONVERT_CRLF")
    taken.use("MAILER_TYPE", "SUBJECT_PREFIX", "SEND_AS_PLAIN_TEXT", "ENVELOPE_FROM", "NAME")
    if taken.switch("ENABLED", False) is False:
        taken.remark("", "not-enabled", program="Gitea")
    name = "PROTOCOL" if "PROTOCOL" in taken else "MAILER_TYPE"
    if (taken.text(name) or "").casefold() in _ELSEWHERE:
        # Whatever stands beside it, no mail goes to a server by SMTP.
        taken.refuse(name, "not-smtp")
        return taken.done()
    if not taken.take("host", "SMTP_ADDR"):
        _old_host(taken)
    taken.take("port", "SMTP_PORT")
    link = _link(taken)
    taken.put_link(link)
    if link == "auto":
        taken.remark("starttls_auto", taken.form.goes_on, program="Gitea")
    if taken.switch("ENABLE_HELO", True):
        taken.take("domain", "HELO_HOSTNAME")
    has_user = taken.take("username", "USER")
    taken.put_password(_KEY)
    if has_user:
        names = "CRAM-MD5, PLAIN, LOGIN"
        taken.remark("authentication", "own-choice", program="Gitea", names=names)
    if taken.switch("FORCE_TRUST_SERVER_CERT", False) or taken.switch("SKIP_VERIFY", False):
        taken.put("openssl_verify_mode", "none", "FORCE_TRUST_SERVER_CERT")
    if taken.switch("USE_CLIENT_CERT", False):
        taken.take("client_certificate", "CLIENT_CERT_FILE")
        taken.take("client_key", "CLIENT_KEY_FILE")
    taken.use("CLIENT_CERT_FILE", "CLIENT_KEY_FILE")
    taken.put_sender(taken.text("FROM"), None, "FROM")
    if "PROTOCOL" in taken or "IS_TLS_ENABLED" in taken:
        taken.default("port", _PORTS[link])
    elif "port" not in taken.values:
        taken.remark("port", "gitea-no-port")
    taken.leftovers("")
    return taken.done()


def _old_host(taken: ImportBuilder) -> None:
    """Take the key that versions before 1.19 had for host and port."""
    if written := taken.text("HOST"):
        host, port = host_and_port(written)
        taken.put("host", host, "HOST")
        if port:
            taken.put("port", port, "HOST")


def _link(taken: ImportBuilder) -> str:
    protocol = (taken.text("PROTOCOL") or "").casefold()
    if protocol in _PROTOCOLS:
        return _PROTOCOLS[protocol]
    if protocol:
        taken.refuse("PROTOCOL", "not-smtp")
    if "IS_TLS_ENABLED" in taken:
        return "ssl" if taken.switch("IS_TLS_ENABLED", False) else "auto"
    # Without a protocol the port says which, and no port, or another, is taken for smtps.
    return {25: "none", 587: "auto"}.get(taken.values.get("port", 0), "ssl")


def write(out: ExportBuilder) -> Exported:
    """Write the section."""
    link = out.link
    out.note_own_ways()
    certificate = out.given("client_certificate")
    pairs: list[tuple[str, str | None]] = [
        ("ENABLED", "true"),
        ("PROTOCOL", _NAMES[link]),
        ("SMTP_ADDR", out.host),
        ("SMTP_PORT", str(out.settings.port)),
        ("HELO_HOSTNAME", out.given("domain")),
        ("FORCE_TRUST_SERVER_CERT", None if out.verifies else "true"),
        ("USE_CLIENT_CERT", "true" if certificate else None),
        ("CLIENT_CERT_FILE", certificate),
        ("CLIENT_KEY_FILE", out.given("client_key") or certificate),
        ("FROM", out.sender),
        ("USER", out.username),
        (_KEY, out.secret if out.wants_secret else None),
    ]
    lines = [
        f"{name} = {go_ini.quoted(name, value, '`')}" for name, value in pairs if value is not None
    ]
    if out.wants_secret and out.secret is None:
        name = f"GITEA__mailer__{_KEY}"
        out.note("password", "secret-left-out", name=_KEY)
        lines += [f"; {text('secret-or-variable', name=name)}", f"; {_KEY} ="]
    return out.done("\n".join(["[mailer]", *lines, ""]))
