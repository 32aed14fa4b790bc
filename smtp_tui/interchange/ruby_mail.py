"""What Ruby's mail gem makes of its settings: shared by Rails, Chatwoot and Mastodon."""

from __future__ import annotations

from smtp_tui.interchange.intake import Intake


def link_of(taken: Intake, *, tls: bool, required: bool | None, auto: bool | None) -> str:
    """Return how the link is protected.

    `required` is `enable_starttls` where it is set, `auto` `enable_starttls_auto`, which is on
    unless it is set. With STARTTLS only allowed, the gem goes on, and logs in, in the clear.
    """
    if tls:
        if required or auto:
            taken.remark("encryption", "ruby-both")
        return "ssl"
    if required is not None:
        return "tls" if required else "none"
    if auto is None or auto:
        taken.remark("starttls_auto", "auto-goes-on", program=taken.form.title)
        return "auto"
    return "none"


def log_in(taken: Intake, user: str, password: str, mechanism: str) -> None:
    """Take what logs in; the gem uses PLAIN where it is told no mechanism."""
    has_user = taken.take("username", user)
    taken.put_password(password)
    if not taken.put_mechanism(mechanism) and has_user:
        taken.default("authentication", "plain")
