"""Chatwoot's variables (config/initializers/mailer.rb), handed to the mail gem of Ruby."""

from __future__ import annotations

from smtp_tui.interchange.envfile.env_format import exported, intake
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.results import Exported, Imported
from smtp_tui.interchange.ruby import link_of, log_in, mechanism_of
from smtp_tui.interchange.spec import FormatSpec, Source


def read(source: Source, form: FormatSpec) -> Imported:
    """Read the variables, with what Chatwoot takes where they are not set."""
    taken = intake(form, source)
    taken.take("host", "SMTP_ADDRESS")
    taken.take("port", "SMTP_PORT")
    taken.take("domain", "SMTP_DOMAIN")
    auto = taken.switch("SMTP_ENABLE_STARTTLS_AUTO", True)
    tls = taken.switch("SMTP_TLS", None)
    ssl = taken.switch("SMTP_SSL", None)
    taken.put_link(link_of(taken, tls=bool(tls or ssl), required=None, auto=auto))
    log_in(taken, "SMTP_USERNAME", "SMTP_PASSWORD", "SMTP_AUTHENTICATION")
    taken.take("openssl_verify_mode", "SMTP_OPENSSL_VERIFY_MODE")
    taken.put_sender(taken.text("MAILER_SENDER_EMAIL"), None, "MAILER_SENDER_EMAIL")
    taken.default("host", "localhost")
    taken.default("port", 587)
    taken.default("domain", "localhost.localdomain")
    taken.leftovers("SMTP_")
    return taken.done()


def write(out: ExportBuilder) -> Exported:
    """Write the variables."""
    link = out.link
    settings = out.settings
    pairs = [
        ("SMTP_ADDRESS", out.host),
        ("SMTP_PORT", str(settings.port)),
        ("SMTP_DOMAIN", out.given("domain")),
        ("SMTP_ENABLE_STARTTLS_AUTO", str(link == "auto").lower()),
        ("SMTP_TLS", "true" if link == "ssl" else None),
        ("SMTP_OPENSSL_VERIFY_MODE", str(settings.openssl_verify_mode)),
        ("MAILER_SENDER_EMAIL", out.sender),
        ("SMTP_AUTHENTICATION", mechanism_of(out)),
        ("SMTP_USERNAME", out.username),
    ]
    return exported(out, pairs, "SMTP_PASSWORD")
