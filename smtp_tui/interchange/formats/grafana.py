"""Grafana: the section [smtp] of grafana.ini."""

from __future__ import annotations

import re

from smtp_tui.interchange import go_ini
from smtp_tui.interchange.entries import Entry, EnvRef, FileRef, Unresolved, host_and_port
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import ImportBuilder
from smtp_tui.interchange.results import Exported, Imported, InterchangeError, text
from smtp_tui.interchange.spec import FormatSpec, Source
from smtp_tui.settings.password_sources import File

_POLICIES = {"nostarttls": "none", "mandatorystarttls": "tls", "opportunisticstarttls": "auto"}
_NAMES = {"none": "NoStartTLS", "tls": "MandatoryStartTLS", "auto": "OpportunisticStartTLS"}
# Put in by Grafana: $__env{NAME}, ${NAME}, $__file{PATH}, $__vault{…}.
_PROVIDED = re.compile(r"\$(__\w+)?\{([^}]+)\}")


def read(source: Source, form: FormatSpec) -> Imported:
    """Read the section, with what Grafana takes where a key is not set."""
    taken = ImportBuilder(form, map(_provided, go_ini.entries(source.text, "smtp")))
    if taken.switch("enabled", False) is False:
        taken.remark("", "not-enabled", program="Grafana")
    host, port = host_and_port(taken.text("host") or "localhost:25")
    taken.put("host", host, "host")
    if port is not None:
        taken.put("port", port, "host")
    taken.put_link(_link(taken))
    taken.take("domain", "ehlo_identity")
    if taken.take("username", "user"):
        names = "CRAM-MD5, PLAIN, LOGIN"
        taken.remark("authentication", "own-choice", program="Grafana", names=names)
    taken.put_password("password")
    if taken.switch("skip_verify", False):
        taken.put("openssl_verify_mode", "none", "skip_verify")
    taken.take("client_certificate", "cert_file")
    taken.take("client_key", "key_file")
    taken.put_sender(taken.text("from_address"), taken.text("from_name"), "from_address")
    taken.default("from", "admin@grafana.localhost")
    taken.use("enable_tracing")
    taken.leftovers("")
    return taken.done()


def _provided(entry: Entry) -> Entry:
    if not isinstance(entry.value, str) or not (match := _provider(entry.value)):
        return entry
    value: object = Unresolved("computed")
    if match[0] == entry.value and match[1] in (None, "__env"):
        value = EnvRef(match[2])
    elif match[0] == entry.value and match[1] == "__file":
        value = FileRef(match[2])
    return Entry(entry.name, value, entry.line)


def _provider(value: str) -> re.Match[str] | None:
    # What no brace closes is not searched, or each opening would be gone through to the end.
    return _PROVIDED.search(value, 0, value.rfind("}") + 1)


def _link(taken: ImportBuilder) -> str:
    policy = taken.choice("startTLS_policy", _POLICIES, "auto")
    # Grafana's library has TLS from the first byte at this port, and at no other.
    if taken.values.get("port") == 465:
        return "ssl"
    if policy == "auto":
        taken.remark("starttls_auto", taken.form.goes_on, program="Grafana")
    return policy


def write(out: ExportBuilder) -> Exported:
    """Write the section."""
    link = out.link
    settings = out.settings
    if link == "ssl" and settings.port != 465:
        raise InterchangeError(text("grafana-port", port=settings.port))
    if link != "ssl" and settings.port == 465:
        out.note("port", "port-means-tls", program="Grafana")
    out.note_own_ways()
    sender = out.mailbox
    certificate = out.given("client_certificate")
    pairs: list[tuple[str, str | None]] = [
        ("enabled", "true"),
        ("host", out.host_with_port),
        ("startTLS_policy", _NAMES.get(link)),
        ("ehlo_identity", out.given("domain")),
        ("skip_verify", "false" if out.verifies else "true"),
        ("cert_file", certificate),
        ("key_file", out.given("client_key") or certificate),
        ("from_address", sender.address if sender else None),
        ("from_name", sender.name or None if sender else None),
        ("user", out.username),
    ]
    lines = [f"{name} = {_quoted(name, value)}" for name, value in pairs if value is not None]
    return out.done("\n".join(["[smtp]", *lines, *_password(out), ""]))


def _password(out: ExportBuilder) -> list[str]:
    if not out.wants_secret:
        return []
    if out.secret is not None:
        return [f"password = {_quoted('password', out.secret)}"]
    if isinstance(out.source, File):
        return [f"password = $__file{{{out.source.path}}}"]
    out.note("password", "becomes-variable", program=out.form.title, name=out.variable)
    return [f"password = $__env{{{out.variable}}}"]


def _quoted(name: str, value: str) -> str:
    if _provider(value):
        raise InterchangeError(text("grafana-provided", name=name))
    return go_ini.quoted(name, value, '"""')
