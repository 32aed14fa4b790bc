"""Collect a check's facts from its events, and define the verdict on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smtp_tui.records import record
from smtp_tui.settings.parsers import is_this_machine
from smtp_tui.smtp import events
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Finished, Stage, WarningId
from smtp_tui.smtp.replies import Reply

if TYPE_CHECKING:
    from datetime import datetime

    from smtp_tui.config.dialects.spec import DialectRecognition
    from smtp_tui.diagnosis.comparison import Comparison
    from smtp_tui.diagnosis.delivery import DeliverySummary
    from smtp_tui.diagnosis.egress import Egress
    from smtp_tui.diagnosis.tokens import JudgedToken
    from smtp_tui.smtp.port_probe import ProbedAddress


@record(kw_only=True)
class Fix:
    """A change that cures: the admin supplies a `value` of None, empty text removes the setting.

    `more` holds the changes that must go with it; `weakens` says that it weakens security, and
    `trusts` that a machine other than the intended one could get the password. One that `signs_in`
    is no change of a setting: the admin signs in at the provider.
    """

    field: str
    value: object
    why: str
    more: Mapping[str, object] | None = None
    weakens: bool = False
    trusts: bool = False
    signs_in: bool = False

    @property
    def change(self) -> dict[str, object]:
        """All its changes by key."""
        return {self.field: self.value, **(self.more or {})}


@record(kw_only=True)
class TlsSummary:
    """The connection's TLS; `peer_would` is `ok`, a cause id, or None if untested."""

    version: str | None = None
    cipher: str | None = None
    verified: bool = False
    peer_would: str | None = None
    certificate: Certificate | None = None


# The experiment that tests what verify mode `peer` would do.
PEER_LOOK = "verify-peer"
# The experiment that tries a TLS handshake on a silent port.
TLS_PROBE = "tls-from-first-byte"
# Outcome of PEER_LOOK if it saw no certificate.
UNKNOWN = "unknown"


@dataclass(slots=True)
class CheckSummary:
    """The facts of one check that a verdict is made of."""

    resolved: tuple[str, ...] = ()
    tried: list[str] = field(default_factory=list)
    connected: events.Connected | None = None
    greeting: str | None = None
    greeted_as: str | None = None
    offers: list[events.ServerCapabilities] = field(default_factory=list)
    address: str | None = None
    established: events.TlsEstablished | None = None
    handshake: events.TlsEstablished | events.TlsFailed | None = None
    chain: tuple[Certificate, ...] = ()
    peer_would: str | None = None
    speaks_tls: bool | None = None
    trials: list[events.Experiment] = field(default_factory=list)
    probed: list[ProbedAddress] = field(default_factory=list)
    mechanisms: tuple[str, ...] = ()
    mechanism: str | None = None
    warnings: list[WarningId] = field(default_factory=list)
    recipients: list[events.RecipientReply] = field(default_factory=list)
    accepted_at: float | None = None  # seconds after the check began
    queue_id: str | None = None
    username_is_secret: bool = False  # as at Postmark, whose token is both
    has_sign_in: bool = False
    granted: tuple[str, ...] = ()  # the scopes of the sign-in's token
    sign_in_ends_at: datetime | None = None
    explained: dict[str, str] = field(default_factory=dict)
    followed: dict[str, events.Followed] = field(default_factory=dict)
    token: JudgedToken | None = None
    challenge: str = ""  # the last one of the login that is JSON
    finished: Finished | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the server accepted the message."""
        return self.accepted_at is not None

    def add(self, event: events.Event) -> None:
        """Add the next event."""
        match event:
            case events.Resolved(addresses=addresses, is_proxy=False):
                self.resolved = addresses
            case events.Connecting(address=address):
                self.tried.append(address)
            case events.Connected(address=address):
                self.connected, self.address = event, address
            case events.Received(reply=reply) if self.greeting is None:
                self.greeting = reply.text
            case events.Received(decoded=str(text)) if text.startswith("{"):
                self.challenge = text
            case events.Sent(text=text) if text.startswith(("EHLO ", "HELO ", "LHLO ")):
                # The other protocol's command only finds out which one the server knows.
                is_lmtp = (self.greeted_as or text).startswith("LHLO ")
                if text.startswith("LHLO ") is is_lmtp:
                    self.greeted_as = text
            case events.TlsEstablished():
                self.established = self.handshake = event
                self.chain = event.chain
            case events.TlsFailed(chain=chain):
                self.handshake, self.chain = event, chain
            case events.ServerCapabilities(mechanisms=mechanisms):
                self.offers.append(event)
                self.mechanisms = mechanisms
            case events.AuthStarted(mechanism=mechanism):
                self.mechanism = mechanism
            case events.Experiment(name=name, outcome=outcome) if name == PEER_LOOK:
                self.peer_would = None if outcome == UNKNOWN else outcome
            case events.Experiment(name=name, outcome=outcome) if name == TLS_PROBE:
                self.speaks_tls = outcome == "ok"
            case events.Experiment(probed=probed) if probed:
                self.probed.append(probed)
            case events.Experiment(change=change) if change:
                self.trials.append(event)
            case events.DialogueNote(warning=WarningId() as warning) if (
                warning not in self.warnings
            ):
                self.warnings.append(warning)
            case events.RecipientReply(is_final=True):
                self._replace_reply(event)
            case events.RecipientReply():
                self.recipients.append(event)
            case events.MessageQueued(seconds=seconds, queue_id=queue_id):
                self.accepted_at, self.queue_id = seconds, queue_id
            case events.Followed(recipient=recipient):
                self.followed[recipient] = event
            case Finished():
                self.finished = event
            case _:
                pass

    def _replace_reply(self, final: events.RecipientReply) -> None:
        """Replace the reply to RCPT by the one after the message."""
        for place, earlier in enumerate(self.recipients):
            is_waiting = not earlier.is_final and earlier.reply.category == 2
            if is_waiting and earlier.recipient == final.recipient:
                self.recipients[place] = final
                return

    def is_local(self, host: str) -> bool:
        """Whether the host is this machine, by its name or by its resolved addresses."""
        if self.connected and self.connected.via:
            return False
        return all(map(is_this_machine, self.resolved or (host,)))

    @property
    def tls(self) -> TlsSummary | None:
        """The connection's TLS, or what is known of a failed handshake."""
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


@record(kw_only=True)
class Recipient:
    """The server's reply to one recipient."""

    address: str
    code: int
    text: str


@record(kw_only=True)
class Verdict:
    """The outcome of a check.

    `summary` says what happened, `why` what that means, `cure` what to do; on success `cause` is
    None, `stage` the last one passed, and `why` and `cure` may be empty. `problems` lists the
    unusable settings; `recognition` names the application that the file belongs to, None without a
    file; `also_texts` and `warning_texts` have a text for each of `also` and `warnings`. `facts`
    are the check's. `comparison` is with a check from here, if this one was from another place.
    `egress` is what the ports of the host show, if they were tried. `delivery` is what is known
    about the message after the server accepted it, if that was followed.
    """

    seconds: float
    ok: bool
    stage: Stage
    cause: str | None
    summary: str
    why: str = ""
    cure: str = ""
    also: tuple[str, ...] = ()
    warnings: tuple[WarningId, ...] = ()
    reply: Reply | None = None
    protocol: str | None = None
    fixes: tuple[Fix, ...] = ()
    address: str | None = None
    tls: TlsSummary | None = None
    mechanisms: tuple[str, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    queue_id: str | None = None
    problems: tuple[str, ...] = ()
    also_texts: tuple[str, ...] = ()
    warning_texts: tuple[str, ...] = ()
    egress: Egress | None = None
    recognition: DialectRecognition | None = None
    facts: CheckSummary | None = field(default=None, repr=False)
    comparison: Comparison | None = None
    delivery: DeliverySummary | None = None
