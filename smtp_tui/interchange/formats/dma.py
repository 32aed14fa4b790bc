"""Import and export dma.conf, the DragonFly Mail Agent's, with the login of its auth.conf."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.formats.beside import as_comment, refuse, secret_or_place
from smtp_tui.interchange.import_builder import Assignment, ImportBuilder
from smtp_tui.interchange.spec import FormatSpec, ImportSource, text

_LOGINS = "auth.conf"
# user|host:password; a blank or another bar may stand in place of the colon.
_LOGIN = re.compile(r"(?P<user>[^|\n]*+)\|(?P<host>[^:| \t\n]*+)[:| \t](?P<password>[^\n]*+)")
_SWITCHES = ("STARTTLS", "OPPORTUNISTIC_TLS", "SECURETRANSFER", "VERIFYCERT", "INSECURE")


def _entries(content: str) -> Iterator[Assignment]:
    for number, line in enumerate(content.split("\n"), 1):
        written = line.rstrip("\r").partition("#")[0]
        name, _, value = written.replace("\t", " ").partition(" ")
        if name:
            yield Assignment(name, value or ("yes" if name in _SWITCHES else ""), number)


def read(source: ImportSource, form: FormatSpec) -> ImportBuilder:
    """Import the settings and the login for the server, with dma's defaults."""
    builder = ImportBuilder(form, _entries(source.text))
    builder.take_each(host="SMARTHOST", port="PORT")
    link = _link(builder)
    builder.put_link(link, form.goes_on)
    if link != "none":
        pinned = builder.take("tls_fingerprint", "FINGERPRINT")
        if not builder.switch("VERIFYCERT", False) and not pinned:
            builder.values["openssl_verify_mode"] = "none"
            builder.remark("openssl_verify_mode", "dma-unverified")
    builder.use("FINGERPRINT", "VERIFYCERT")
    if (builder.text("MAILNAME") or "").startswith("/"):
        builder.reject("MAILNAME", "from-file")
    else:
        builder.take("domain", "MAILNAME")
    if "@" in (masked := builder.text("MASQUERADE") or "").strip("@"):
        builder.put("from", masked, "MASQUERADE")
    builder.take("client_certificate", "CERTFILE")
    _log_in(builder, source, link)
    builder.default("port", 25)
    builder.report_leftovers("")
    return builder


def _link(builder: ImportBuilder) -> str:
    starttls, auto = builder.switch("STARTTLS", False), builder.switch("OPPORTUNISTIC_TLS", False)
    if not builder.switch("SECURETRANSFER", False):
        return "none"
    return "ssl" if not starttls else "auto" if auto else "tls"


def _log_in(builder: ImportBuilder, source: ImportSource, link: str) -> None:
    """Take the login for the server; of several, dma uses the last."""
    is_open = builder.switch("INSECURE", False)
    if "AUTHPATH" not in builder:
        return
    logins = source.beside.get((builder.text("AUTHPATH") or "").rpartition("/")[2])
    if logins is None:
        builder.reject("AUTHPATH", "passwords-beside")
        return
    host = builder.values.get("host")
    lines = [line for line in logins.split("\n") if line and not line.startswith("#")]
    found = [match for line in lines if (match := _LOGIN.match(line)) and match["host"] == host]
    if not found:
        builder.reject("AUTHPATH", "no-login")
        return
    builder.put("username", found[-1]["user"], "AUTHPATH")
    builder.put("password", found[-1]["password"], "AUTHPATH")
    builder.remark_own_choice("CRAM-MD5, LOGIN")
    if link == "none" and not is_open:
        builder.remark("authentication", "dma-secure")


def write(out: ExportBuilder) -> str:
    """Export dma.conf, and the line of auth.conf as a comment."""
    for key in ("domain", "from", "client_certificate"):
        refuse(out, key, out.given(key), "#")
    lines = [name if value is True else f"{name} {value}" for name, value in out.pairs()]
    if out.link != "none" and out.verifies and not out.given("tls_fingerprint"):
        out.note("openssl_verify_mode", "dma-verifycert")
    if not out.wants_secret:
        return "\n".join([*lines, ""])
    refuse(out, "host", out.settings.host, ":| \t")
    refuse(out, "username", out.username, "|", start="#")
    password = secret_or_place(out, _LOGINS)
    login = f"{out.username}|{out.settings.host}:{password}"
    lines += ["AUTHPATH /etc/dma/auth.conf", *(["INSECURE"] if out.link == "none" else [])]
    return "\n".join([*lines, *as_comment(text("dma-file", name=_LOGINS), [login]), ""])
