"""Rails: `smtp_settings` of Action Mailer in an initializer or an environment's file."""

from __future__ import annotations

import re
from typing import Any

from smtp_tui.interchange import ruby
from smtp_tui.interchange.entries import Entry
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import ImportBuilder
from smtp_tui.interchange.results import Exported, Imported, InterchangeError, text
from smtp_tui.interchange.ruby import link_of, log_in, mechanism_of
from smtp_tui.interchange.spec import FormatSpec, Source

_HASH = re.compile(r"^(?P<lead>[^#\n]*?)smtp_settings\s*=\s*\{", re.MULTILINE)
_OPTIONS = re.compile(
    r"^[^#\n]*?\bdefault(?:_options\s*=\s*\{|_options\s*\(|\s)(?=\s*:?from)", re.M
)
_OFF = re.compile(r"^[^#\n]*?\bperform_deliveries\s*+=\s*+false\b", re.MULTILINE)
_METHOD = re.compile(r"^[^#\n]*?delivery_method\s*=\s*:(\w+)", re.MULTILINE)
# Ruby's numbers for the modes; 2 alone is no other than 1 for a client.
_MODES = {0: "none", 1: "peer", 2: "fail_if_no_peer_cert", 3: "fail_if_no_peer_cert"}
_STARTTLS = {"none": "false", "tls": "true"}


def read(source: Source, form: FormatSpec) -> Imported:
    """Read the hash, with what the mail gem takes where a key is not set."""
    match = _HASH.search(source.text)
    if match is None:
        raise InterchangeError(text("no-smtp-settings"))
    found = ruby.entries(source.text, match.end())
    options = _OPTIONS.search(source.text)
    if options:
        sender = next(iter(ruby.entries(source.text, options.end())), None)
        found += [sender] if sender and sender.name == "from" else []
    if method := _METHOD.search(source.text):
        line = source.text.count("\n", 0, method.start(1)) + 1
        found.append(Entry("delivery_method", method[1], line))
    taken = ImportBuilder(form, found)
    if _OFF.search(source.text):
        taken.remark("", "not-enabled", program="Rails")
    return _taken(taken)


def _taken(taken: ImportBuilder) -> Imported:
    taken.expect("delivery_method", "smtp")
    taken.take("host", "address")
    taken.take("port", "port")
    taken.take("domain", "domain")
    tls = bool(taken.switch("tls", None) or taken.switch("ssl", None))
    taken.put_link(link_of(taken, tls=tls, **_starttls(taken)))
    log_in(taken, "user_name", "password", "authentication")
    mode = taken.get("openssl_verify_mode")
    if mode is not None:
        taken.put("openssl_verify_mode", _MODES.get(mode, mode), "openssl_verify_mode")
    taken.take("ca_file", "ca_file")
    taken.put_sender(taken.text("from"), None, "from")
    for name in ("open_timeout", "read_timeout"):
        if name in taken:
            taken.refuse(name, "timeout-one-step")
    taken.default("host", "localhost")
    taken.default("port", 25)
    taken.default("domain", "localhost.localdomain")
    taken.leftovers("")
    return taken.done()


def _starttls(taken: ImportBuilder) -> dict[str, bool | None]:
    auto = taken.switch("enable_starttls_auto", None)
    if taken.text("enable_starttls") in ("auto", "always"):
        is_auto = taken.text("enable_starttls") == "auto"
        return {"required": None if is_auto else True, "auto": is_auto}
    return {"required": taken.switch("enable_starttls", None), "auto": auto}


def write(out: ExportBuilder) -> Exported:
    """Write the hash, for config/environments/production.rb or an initializer."""
    link = out.link
    mechanism = mechanism_of(out)
    mode = str(out.settings.openssl_verify_mode)
    pairs: list[tuple[str, str | None]] = [
        ("address", _quoted(out.host)),
        ("port", str(out.settings.port)),
        ("domain", _maybe(out.given("domain"))),
        ("tls", "true" if link == "ssl" else None),
        ("enable_starttls", _STARTTLS.get(link)),
        ("enable_starttls_auto", str(link == "auto").lower()),
        ("openssl_verify_mode", _quoted(mode)),
        ("ca_file", _maybe(out.given("ca_file"))),
        ("authentication", f":{mechanism}" if mechanism else None),
        ("user_name", _maybe(out.username)),
        ("password", _password(out)),
    ]
    lines = ["ActionMailer::Base.delivery_method = :smtp", "ActionMailer::Base.smtp_settings = {"]
    lines += [f"  {name}: {value}," for name, value in pairs if value is not None]
    lines.append("}")
    if sender := out.sender:
        lines.append(f"ActionMailer::Base.default_options = {{ from: {_quoted(sender)} }}")
    return out.done("\n".join([*lines, ""]))


def _password(out: ExportBuilder) -> str | None:
    if not out.wants_secret:
        return None
    return f"ENV.fetch({_quoted(out.variable)})" if out.secret is None else _quoted(out.secret)


def _maybe(value: Any) -> str | None:
    return None if value is None else _quoted(str(value))


def _quoted(value: str) -> str:
    """Write a string between single quotes, where only these and backslashes are escaped."""
    return "'" + re.sub(r"([\\'])", r"\\\1", value) + "'"
