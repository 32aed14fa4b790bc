"""Vaultwarden's variables (.env.template), handed to the Rust library lettre."""

from __future__ import annotations

from smtp_tui.interchange.envfile.env_format import exported, intake
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import ImportBuilder
from smtp_tui.interchange.results import Exported, Imported
from smtp_tui.interchange.spec import FormatSpec, Source
from smtp_tui.settings.mailbox import parse_mailbox

_SECURITY = {"starttls": "tls", "force_tls": "ssl", "off": "none"}
_NAMES = {link: name for name, link in _SECURITY.items()}
_MECHANISMS = {"plain": "Plain", "login": "Login", "xoauth2": "Xoauth2"}
_PORTS = {"tls": 587, "ssl": 465, "none": 25}


def read(source: Source, form: FormatSpec) -> Imported:
    """Read the variables, with what Vaultwarden takes where they are not set."""
    taken = intake(form, source)
    taken.use("SMTP_EMBED_IMAGES", "SMTP_DEBUG")
    if taken.switch("USE_SENDMAIL", False):
        taken.refuse("USE_SENDMAIL", "not-smtp")
    if taken.switch("_ENABLE_SMTP", True) is False:
        taken.remark("", "not-enabled", program="Vaultwarden")
    taken.take("host", "SMTP_HOST")
    taken.take("port", "SMTP_PORT")
    taken.take("domain", "HELO_NAME")
    link = _link(taken)
    taken.put_link(link)
    _log_in(taken)
    _trust(taken)
    taken.put_timeout("SMTP_TIMEOUT")
    taken.put_sender(taken.text("SMTP_FROM"), taken.text("SMTP_FROM_NAME"), "SMTP_FROM")
    taken.default("port", _PORTS[link])
    taken.leftovers("SMTP_")
    return taken.done()


def _link(taken: ImportBuilder) -> str:
    if "SMTP_SECURITY" in taken:
        taken.use("SMTP_SSL", "SMTP_EXPLICIT_TLS")
        return taken.choice("SMTP_SECURITY", _SECURITY, "tls")
    # The older pair of switches, which the program still reads.
    if taken.switch("SMTP_EXPLICIT_TLS", False):
        taken.use("SMTP_SSL")
        return "ssl"
    return "tls" if taken.switch("SMTP_SSL", True) else "none"


def _log_in(taken: ImportBuilder) -> None:
    has_user = taken.take("username", "SMTP_USERNAME")
    if path := taken.text("SMTP_PASSWORD_FILE"):
        taken.put("password", {"file": path}, "SMTP_PASSWORD_FILE")
    taken.put_password("SMTP_PASSWORD")
    listed = (taken.text("SMTP_AUTH_MECHANISM") or "").replace('"', "").strip()
    if listed and "," not in listed:
        taken.put("authentication", listed, "SMTP_AUTH_MECHANISM")
    elif has_user:
        taken.remark("authentication", "own-choice", program="Vaultwarden", names="PLAIN, LOGIN")


def _trust(taken: ImportBuilder) -> None:
    if taken.switch("SMTP_ACCEPT_INVALID_CERTS", False):
        taken.put("openssl_verify_mode", "none", "SMTP_ACCEPT_INVALID_CERTS")
    elif taken.switch("SMTP_ACCEPT_INVALID_HOSTNAMES", False):
        taken.refuse("SMTP_ACCEPT_INVALID_HOSTNAMES", "any-name")
    taken.use("SMTP_ACCEPT_INVALID_HOSTNAMES")


def write(out: ExportBuilder) -> Exported:
    """Write the variables; Vaultwarden sends nothing without a sender."""
    settings = out.settings
    sender = out.mailbox or (parse_mailbox(settings.sender) if settings.sender else None)
    if sender is None:
        out.note("from", "needs-sender", program="Vaultwarden", name="SMTP_FROM")
    mechanism = out.mechanism
    pairs = [
        ("SMTP_HOST", out.host),
        ("SMTP_PORT", str(settings.port)),
        ("SMTP_SECURITY", _NAMES[out.link]),
        ("HELO_NAME", out.given("domain")),
        ("SMTP_ACCEPT_INVALID_CERTS", None if out.verifies else "true"),
        ("SMTP_ACCEPT_INVALID_HOSTNAMES", None if out.verifies else "true"),
        ("SMTP_TIMEOUT", out.whole_seconds),
        ("SMTP_FROM", sender.address if sender else None),
        ("SMTP_FROM_NAME", sender.name or None if sender else None),
        ("SMTP_AUTH_MECHANISM", _MECHANISMS[mechanism] if mechanism else None),
        ("SMTP_USERNAME", out.username),
    ]
    return exported(out, pairs, "SMTP_PASSWORD")
