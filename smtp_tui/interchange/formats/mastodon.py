"""Mastodon's variables (config/environments/production.rb), handed to the mail gem of Ruby."""

from __future__ import annotations

from smtp_tui.interchange.envfile.env_format import exported, intake
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import ImportBuilder
from smtp_tui.interchange.results import Exported, Imported
from smtp_tui.interchange.ruby import link_of, log_in, mechanism_of
from smtp_tui.interchange.spec import FormatSpec, Source

_STARTTLS = {"none": "never", "auto": "auto", "tls": "always", "ssl": "never"}


def read(source: Source, form: FormatSpec) -> Imported:
    """Read the variables, with what Mastodon takes where they are not set."""
    taken = intake(form, source)
    taken.expect("SMTP_DELIVERY_METHOD", "smtp")
    taken.take("host", "SMTP_SERVER")
    taken.take("port", "SMTP_PORT")
    taken.take("domain", "SMTP_DOMAIN", "LOCAL_DOMAIN")
    taken.put_link(_link(taken))
    _log_in(taken)
    taken.take("openssl_verify_mode", "SMTP_OPENSSL_VERIFY_MODE")
    taken.take("ca_file", "SMTP_CA_FILE")
    taken.put_sender(taken.text("SMTP_FROM_ADDRESS"), None, "SMTP_FROM_ADDRESS")
    taken.default("port", 25)
    taken.default("from", "notifications@localhost")
    taken.leftovers("SMTP_")
    return taken.done()


def _link(taken: ImportBuilder) -> str:
    tls = taken.text("SMTP_TLS") == "true" or taken.text("SMTP_SSL") == "true"
    chosen = taken.choice(
        "SMTP_ENABLE_STARTTLS", {"always": "tls", "never": "none", "auto": "auto"}, ""
    )
    auto = taken.text("SMTP_ENABLE_STARTTLS_AUTO") != "false"
    if chosen:
        return link_of(
            taken, tls=tls, required={"tls": True, "none": False}.get(chosen), auto=chosen == "auto"
        )
    return link_of(taken, tls=tls, required=None, auto=auto)


def _log_in(taken: ImportBuilder) -> None:
    if taken.text("SMTP_AUTH_METHOD") != "none":
        log_in(taken, "SMTP_LOGIN", "SMTP_PASSWORD", "SMTP_AUTH_METHOD")
    elif taken.text("SMTP_LOGIN"):
        # Without a mechanism the mail gem logs in all the same, where there is a user name.
        taken.remark("authentication", "none-logs-in")
        log_in(taken, "SMTP_LOGIN", "SMTP_PASSWORD", "")
    else:
        taken.put("authentication", "none", "SMTP_AUTH_METHOD")


def write(out: ExportBuilder) -> Exported:
    """Write the variables."""
    link = out.link
    settings = out.settings
    method = mechanism_of(out) if out.username else "none"
    pairs = [
        ("SMTP_SERVER", out.host),
        ("SMTP_PORT", str(settings.port)),
        ("SMTP_DOMAIN", out.given("domain")),
        ("SMTP_ENABLE_STARTTLS", _STARTTLS[link]),
        ("SMTP_TLS", "true" if link == "ssl" else None),
        ("SMTP_OPENSSL_VERIFY_MODE", str(settings.openssl_verify_mode)),
        ("SMTP_CA_FILE", out.given("ca_file")),
        ("SMTP_FROM_ADDRESS", out.sender),
        ("SMTP_AUTH_METHOD", method),
        ("SMTP_LOGIN", out.username),
    ]
    return exported(out, pairs, "SMTP_PASSWORD")
