"""Looks beside a dialogue, on connections of their own and never with a credential."""

from __future__ import annotations

from dataclasses import replace

from smtp_tui.settings.choices import VerifyMode
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.addresses import AddressError, Target
from smtp_tui.smtp.attempts import Attempts
from smtp_tui.smtp.connection import ClosedByServer, Connection, Handshake, HandshakeFailed
from smtp_tui.smtp.tls import client_context, sni_name
from smtp_tui.smtp.tls_files import ContextError


async def tls_from_first_byte(target: Target, settings: Settings) -> Handshake | None:
    """Try a TLS handshake on a fresh connection; None when the port does not answer it."""
    anything = replace(
        settings, openssl_verify_mode=VerifyMode.NONE, client_certificate=None, client_key=None
    )
    try:
        connected, _ = await Attempts(settings.source_address).connect([target])
    except AddressError:
        return None
    connection = Connection(connected)
    try:
        # No certificate is checked and none is shown, so no file is read.
        return await connection.start_tls(client_context(anything), sni_name(settings))
    except (HandshakeFailed, ClosedByServer, ContextError, OSError):
        return None
    finally:
        connection.close()
