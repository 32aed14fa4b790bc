"""Nextcloud's variables, those of its container image, handed to Symfony's mailer."""

from __future__ import annotations

from smtp_tui.interchange.envfile.env_format import exported, intake
from smtp_tui.interchange.export_builder import ExportBuilder
from smtp_tui.interchange.import_builder import ImportBuilder
from smtp_tui.interchange.results import Exported, Imported
from smtp_tui.interchange.spec import FormatSpec, Source
from smtp_tui.settings.mailbox import parse_mailbox


def read(source: Source, form: FormatSpec) -> Imported:
    """Read the variables, with what the image takes where they are not set."""
    taken = intake(form, source)
    secure = taken.choice("SMTP_SECURE", {"ssl": "ssl", "tls": "tls"}, "")
    taken.take("host", "SMTP_HOST")
    taken.take("port", "SMTP_PORT")
    taken.default("port", 465 if secure else 25)
    # Symfony has TLS from the first byte at this port, whatever is set.
    if secure == "ssl" or taken.values.get("port") == 465:
        taken.put_link("ssl")
    else:
        taken.put_link("auto")
        taken.remark("encryption", "symfony-auto", program="Nextcloud")
    taken.use("SMTP_AUTHTYPE")  # Symfony's mailer chooses by itself
    if taken.take("username", "SMTP_NAME"):
        names = "CRAM-MD5, LOGIN, PLAIN"
        taken.remark("authentication", "own-choice", program="Nextcloud", names=names)
    if path := taken.text("SMTP_PASSWORD_FILE"):
        taken.put("password", {"file": path}, "SMTP_PASSWORD_FILE")
    else:
        taken.put_password("SMTP_PASSWORD")
    _sender(taken)
    taken.leftovers("SMTP_")
    return taken.done()


def _sender(taken: ImportBuilder) -> None:
    local, domain = taken.text("MAIL_FROM_ADDRESS"), taken.text("MAIL_DOMAIN")
    if local and domain:
        taken.put_sender(f"{local}@{domain}", None, "MAIL_FROM_ADDRESS")
    else:
        taken.remark("from", "nextcloud-sender")


def write(out: ExportBuilder) -> Exported:
    """Write the variables; the image takes none of them without a sender."""
    link = out.link
    settings = out.settings
    if link != "ssl" and settings.port == 465:
        out.note("port", "port-means-tls", program="Nextcloud")
    out.note_own_ways()
    sender = parse_mailbox(settings.sender) if settings.sender else None
    local, _, domain = sender.address.rpartition("@") if sender else (None, "", None)
    if sender is None:
        out.note("from", "nextcloud-sender")
    elif sender.name:
        out.note("from", "no-sender-name", program="Nextcloud")
    pairs = [
        ("SMTP_HOST", out.host),
        ("SMTP_PORT", str(settings.port)),
        ("SMTP_SECURE", "ssl" if link == "ssl" else ""),
        ("MAIL_FROM_ADDRESS", local or ""),
        ("MAIL_DOMAIN", domain or ""),
        ("SMTP_NAME", out.username),
    ]
    return exported(out, pairs, "SMTP_PASSWORD")
