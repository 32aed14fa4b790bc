"""What was meant for one server alone, and does not count for another. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from smtp_tui.settings.fields import BY_KEY
from smtp_tui.tui.form.model import HOST, Draft, same_meaning

SERVER_NAME, FINGERPRINT = "server_name", "tls_fingerprint"


def with_trust_gone(
    change: Mapping[str, object], draft: Draft, certificate: str = ""
) -> dict[str, object]:
    """Let go of the name and the certificate that were the server's before, if that changes.

    `certificate` is the fingerprint that the new one has shown; what `change` sets itself stays.
    """
    host, pin = BY_KEY[HOST], BY_KEY[FINGERPRINT]
    before, after = draft.raw(HOST), change.get(HOST, draft.raw(HOST))
    if same_meaning(host, after, before):
        return dict(change)
    name, pinned = draft.raw(SERVER_NAME), draft.raw(FINGERPRINT)
    gone: dict[str, object] = {}
    if name is not None and not same_meaning(host, after, name):
        gone[SERVER_NAME] = ""
    if pinned is not None and not same_meaning(pin, certificate, pinned):
        gone[FINGERPRINT] = ""
    return {**gone, **change}
