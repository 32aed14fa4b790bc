"""What Ruby's mail gem makes of its settings: shared by Rails, Chatwoot and Mastodon."""

from __future__ import annotations

from smtp_tui.interchange.intake import Intake
from smtp_tui.interchange.outlet import Outlet


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


def mechanism_of(out: Outlet) -> str | None:
    """Return the mechanism as the gem spells it; None where PLAIN, its default, is left to it."""
    if out.username is not None and out.mechanism is None:
        out.note("authentication", "ruby-plain")
    return (out.mechanism or "").replace("-", "_") or None


def log_in(taken: Intake, user: str, password: str, mechanism: str) -> None:
    """Take what logs in; the gem uses PLAIN where it is told no mechanism."""
    has_user = taken.take("username", user)
    taken.put_password(password)
    if not taken.put_mechanism(mechanism) and has_user:
        taken.default("authentication", "plain")
