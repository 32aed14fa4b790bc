"""What a stream of events amounts to, gathered while it flows."""

from __future__ import annotations

from dataclasses import dataclass, field

from smtp_tui.diagnosis.verdict import TlsSummary
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import (
    AuthStarted,
    Capabilities,
    Connected,
    Connecting,
    Event,
    Experiment,
    Finished,
    MessageQueued,
    Note,
    RecipientReply,
    Resolved,
    Sent,
    TlsEstablished,
    TlsFailed,
    WarningId,
)

# The experiment that says what verify mode `peer` would have said.
PEER_LOOK = "verify-peer"
# The experiment that asks a silent port for a TLS handshake.
TLS_PROBE = "tls-from-first-byte"
# Its outcome where it did not get to the certificate.
UNKNOWN = "unknown"


@dataclass(slots=True)
class CheckSummary:
    """The facts of one check that a verdict is made of."""

    resolved: tuple[str, ...] = ()
    tried: list[str] = field(default_factory=list)
    connected: Connected | None = None
    greeted_as: str | None = None
    offers: list[Capabilities] = field(default_factory=list)
    address: str | None = None
    established: TlsEstablished | None = None
    handshake: TlsEstablished | TlsFailed | None = None
    chain: tuple[Certificate, ...] = ()
    peer_would: str | None = None
    speaks_tls: bool | None = None
    trials: list[Experiment] = field(default_factory=list)
    mechanisms: tuple[str, ...] = ()
    mechanism: str | None = None
    warnings: list[WarningId] = field(default_factory=list)
    recipients: list[RecipientReply] = field(default_factory=list)
    is_accepted: bool = False
    queue_id: str | None = None
    finished: Finished | None = None

    def add(self, event: Event) -> None:
        """Take in the next event."""
        match event:
            case Resolved(addresses=addresses):
                self.resolved = addresses
            case Connecting(address=address):
                self.tried.append(address)
            case Connected(address=address):
                self.connected, self.address = event, address
            case Sent(text=text) if text.startswith(("EHLO ", "HELO ")):
                self.greeted_as = text
            case TlsEstablished():
                self.established = self.handshake = event
                self.chain = event.chain
            case TlsFailed(chain=chain):
                self.handshake, self.chain = event, chain
            case Capabilities(mechanisms=mechanisms):
                self.offers.append(event)
                self.mechanisms = mechanisms
            case AuthStarted(mechanism=mechanism):
                self.mechanism = mechanism
            case Experiment(name=name, outcome=outcome) if name == PEER_LOOK:
                self.peer_would = None if outcome == UNKNOWN else outcome
            case Experiment(name=name, outcome=outcome) if name == TLS_PROBE:
                self.speaks_tls = outcome == "ok"
            case Experiment(change=change) if change:
                self.trials.append(event)
            case Note(warning=WarningId() as warning) if warning not in self.warnings:
                self.warnings.append(warning)
            case RecipientReply():
                self.recipients.append(event)
            case MessageQueued(queue_id=queue_id):
                self.is_accepted, self.queue_id = True, queue_id
            case Finished():
                self.finished = event
            case _:
                pass

    @property
    def tls(self) -> TlsSummary | None:
        """The link's protection, or what is known of a handshake that failed."""
        if self.established:
            return TlsSummary(
                version=self.established.version,
                cipher=self.established.cipher,
                verified=self.established.verified,
                peer_would=self.peer_would,
                certificate=self.established.certificate,
            )
        if self.finished and self.finished.certificate:
            return TlsSummary(certificate=self.finished.certificate)
        return None
