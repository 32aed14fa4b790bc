"""The mail server of the pictures: the demo's, under the name and with a CA of an example."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import trustme
from aiosmtpd.smtp import SMTP

from smtp_tui import demo

HOST = "mail.example.net"
PASSWORD = "walnut-7-harbour"  # what the sample says
STARTTLS_PORT, TLS_PORT = 587, 465
GATE = "SMTP_TUI_TEST_GATE"
"""The variable that names a file to the stage: each byte in it lets one event of a test happen."""
VARIABLE = "SMTP_TUI_TEST_PORTS"


@dataclass(frozen=True)
class Relay:
    """A running server: its CA, and where the ports that a picture shows are in truth."""

    authority: bytes
    ports: Mapping[int, int]

    @property
    def environment(self) -> dict[str, str]:
        """What the stage must know of it."""
        return {VARIABLE: " ".join(f"{shown}:{true}" for shown, true in self.ports.items())}


class _Named(SMTP):
    """Greets with the example's name."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **{**more, "hostname": HOST, "ident": "ESMTP Example"})

    async def push(self, status: Any) -> None:
        """Say nothing to what is no command: it would come a moment sooner or later."""
        if not status.startswith("500"):
            await super().push(status)


@contextmanager
def running_relay() -> Iterator[Relay]:
    """Serve until the block ends."""
    authority = trustme.CA(organization_name="Example Org", organization_unit_name="Internal CA")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(
        HOST, organization_name="Example Org", organization_unit_name="Mail"
    ).configure_cert(context)
    with (
        patch.multiple(demo, SMTP=_Named, PASSWORD=PASSWORD),
        demo.serving(context) as (starttls, tls),
    ):
        yield Relay(authority.cert_pem.bytes(), {STARTTLS_PORT: starttls, TLS_PORT: tls})


def ports_told() -> dict[int, int]:
    """Return the true ports by those shown, as the stage is told them."""
    pairs = (pair.split(":") for pair in os.environ.get(VARIABLE, "").split())
    return {int(shown): int(true) for shown, true in pairs}
