"""One connection of a search: a dialogue up to EHLO, that has no credential to give away."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import dataclass

from smtp_tui.settings.choices import Encryption, VerifyMode
from smtp_tui.settings.reading import read
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import (
    Capabilities,
    Connected,
    Event,
    Fault,
    Finished,
    Received,
    Stage,
    TlsEstablished,
    TlsRefused,
)
from smtp_tui.smtp.session import Limits, check

# Seconds: a port that drops packets is not waited for any longer.
CONNECT_LIMIT = 3.0
# What a refusal is called where nobody reads the server's words.
_REFUSALS = {
    Stage.GREETING: "greeting-refused",
    Stage.EHLO: "ehlo-refused",
    Stage.TLS: "starttls-refused",
}
_CLOSING = 421


@dataclass(slots=True)
class Seen:
    """What one connection showed."""

    connected: bool = False
    greeting: str | None = None
    before: tuple[str, ...] | None = None
    after: tuple[str, ...] | None = None
    established: TlsEstablished | None = None
    chain: tuple[Certificate, ...] = ()
    end: Finished | None = None

    @property
    def cause(self) -> str | None:
        """Why it ended before its time; None where it got through EHLO."""
        if self.end is None:
            return Fault.CONNECT_TIMEOUT
        if self.end.fault is Fault.REFUSED:
            closing = self.end.reply and self.end.reply.code == _CLOSING
            return "server-busy" if closing else _REFUSALS.get(self.end.stage, Fault.REFUSED)
        return self.end.fault and self.end.fault.value

    @property
    def is_about_certificate(self) -> bool:
        """Whether it ended because the server's certificate does not hold."""
        return (self.cause or "").startswith("certificate-")

    def add(self, event: Event) -> None:
        """Take in the next event."""
        match event:
            case Connected():
                self.connected = True
            case Received(reply=reply) if self.greeting is None:
                self.greeting = reply.text
            case Capabilities(encrypted=False, mechanisms=mechanisms):
                self.before = mechanisms
            case Capabilities(mechanisms=mechanisms):
                self.after = mechanisms
            case TlsEstablished(chain=chain):
                self.established, self.chain = event, chain
            case TlsRefused(chain=chain):
                self.chain = chain
            case Finished():
                self.end = event
            case _:
                pass


async def look(
    address: str,
    port: int,
    way: Encryption,
    *,
    name: str,
    seconds: float,
    ca_file: str | None = None,
    domain: str | None = None,
    verify: VerifyMode = VerifyMode.PEER,
) -> Seen:
    """Look at a port of an address in one way, as the host `name`, for `seconds` at most."""
    settings = read(
        {
            "host": address,
            "port": port,
            "server_name": name,
            "encryption": way.value,
            "authentication": "none",
            "openssl_verify_mode": verify.value,
            "timeout": max(seconds, 0.1),
            "ca_file": ca_file,
            "domain": domain,
        }
    ).settings
    if settings is None:
        raise AssertionError("a place holds what settings can")
    seen = Seen()
    with suppress(TimeoutError):
        async with asyncio.timeout(CONNECT_LIMIT) as patience:
            async with aclosing(check(settings, limits=Limits(extra=0))) as events:
                async for event in events:
                    seen.add(event)
                    if seen.connected:
                        patience.reschedule(None)
    return seen
