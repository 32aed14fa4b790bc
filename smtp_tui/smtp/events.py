"""What happened in a check: frozen facts in one union, in the order they happened.

Every event carries the seconds since the check began. Texts that come from the server are already
redacted, but neither decoded for a terminal nor escaped: that is `transcript`'s business.
`StageEntered`, `RecipientReply`, `MessageQueued` and `Finished` frame the dialogue for front ends
and diagnosis; the rest are its substance. `Cause` names why a dialogue cannot go on.
"""

from __future__ import annotations

from enum import StrEnum

from smtp_tui.records import record
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.replies import Reply


class Stage(StrEnum):
    """The steps of a check, in order; a failure's stage is the step whose answer was awaited."""

    SETTINGS = "settings"
    PASSWORD = "password"  # noqa: S105 - the stage's name, not a secret
    RESOLVE = "resolve"
    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    TLS = "tls"
    AUTH = "auth"
    ENVELOPE = "envelope"
    MESSAGE = "message"


class Cause(StrEnum):
    """What stopped a dialogue, as far as the dialogue itself can tell.

    `REFUSED` is a negative reply, whose meaning the diagnosis reads from code and text; the others
    are causes already.
    """

    REFUSED = "refused"
    INTERNAL_ERROR = "internal-error"
    SETTINGS_INVALID = "settings-invalid"
    PASSWORD_MISSING = "password-missing"  # noqa: S105 - an id
    PASSWORD_SOURCE_FAILED = "password-source-failed"  # noqa: S105 - an id
    HOST_NOT_FOUND = "host-not-found"
    RESOLVER_FAILED = "resolver-failed"
    CONNECTION_REFUSED = "connection-refused"
    CONNECT_TIMEOUT = "connect-timeout"
    NETWORK_UNREACHABLE = "network-unreachable"
    CONNECT_DENIED_LOCALLY = "connect-denied-locally"
    GREETING_TIMEOUT = "greeting-timeout"
    IMPLICIT_TLS_EXPECTED = "implicit-tls-expected"
    NOT_SMTP = "not-smtp"
    REPLY_MALFORMED = "reply-malformed"
    REPLY_TOO_LONG = "reply-too-long"
    REPLY_TIMEOUT = "reply-timeout"
    REPLY_UNEXPECTED = "reply-unexpected"
    SERVER_CLOSED = "server-closed"
    CONNECTION_RESET = "connection-reset"
    STARTTLS_NOT_OFFERED = "starttls-not-offered"
    STARTTLS_INJECTION = "starttls-injection"
    PLAIN_TEXT_EXPECTED = "plain-text-expected"
    TLS_HANDSHAKE_TIMEOUT = "tls-handshake-timeout"
    TLS_VERSION_UNSUPPORTED = "tls-version-unsupported"
    TLS_NO_SHARED_CIPHER = "tls-no-shared-cipher"
    TLS_PARAMETERS_WEAK = "tls-parameters-weak"
    TLS_HANDSHAKE_FAILED = "tls-handshake-failed"
    CLIENT_CERTIFICATE_REQUIRED = "client-certificate-required"
    CERTIFICATE_SELF_SIGNED = "certificate-self-signed"
    CERTIFICATE_UNKNOWN_ISSUER = "certificate-unknown-issuer"
    CERTIFICATE_INCOMPLETE_CHAIN = "certificate-incomplete-chain"
    CERTIFICATE_WEAK = "certificate-weak"
    CERTIFICATE_INVALID = "certificate-invalid"
    CERTIFICATE_NAME_MISMATCH = "certificate-name-mismatch"
    CERTIFICATE_NOT_YET_VALID = "certificate-not-yet-valid"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_FINGERPRINT_MISMATCH = "certificate-fingerprint-mismatch"
    AUTH_NOT_OFFERED = "auth-not-offered"
    AUTH_MECHANISM_NOT_OFFERED = "auth-mechanism-not-offered"
    AUTH_NEEDS_ENCRYPTION = "auth-needs-encryption"
    SMTPUTF8_NOT_OFFERED = "smtputf8-not-offered"
    RECIPIENT_REFUSED = "recipient-refused"
    MESSAGE_TOO_LARGE = "message-too-large"
    AUTH_CHALLENGE_MALFORMED = "auth-challenge-malformed"


class WarningId(StrEnum):
    """Something that works but should not stay so."""

    LINK_OPEN = "link-open"
    PASSWORD_IN_CLEAR = "password-in-clear"  # noqa: S105 - an id
    CERTIFICATE_NOT_VERIFIED = "certificate-not-verified"
    CERTIFICATE_NO_SAN = "certificate-no-san"
    CERTIFICATE_EXPIRES_SOON = "certificate-expires-soon"
    AUTH_OFFERED_UNUSED = "auth-offered-unused"
    USERNAME_UNUSED = "username-unused"
    CAPABILITIES_CHANGED = "capabilities-changed"
    CLOSED_AFTER_AUTH = "closed-after-auth"
    QUIT_UNANSWERED = "quit-unanswered"
    REPLY_BARE_LF = "reply-bare-lf"
    HELO_FALLBACK = "helo-fallback"
    PIPELINING_SUSPECT = "pipelining-suspect"
    DELIVERY_UNKNOWN = "delivery-unknown"
    UNSOLICITED_REPLY = "unsolicited-reply"
    ADDRESS_UNANSWERED = "address-unanswered"
    PASSWORD_READABLE_BY_ALL = "password-readable-by-all"  # noqa: S105 - an id
    KEYRING_ENTRY_FOR_OTHER_HOST = "keyring-entry-for-other-host"


@record(kw_only=True)
class EventBase:
    """The moment of an event."""

    seconds: float


@record(kw_only=True)
class StageEntered(EventBase):
    """A stage began."""

    stage: Stage


@record(kw_only=True)
class Resolved(EventBase):
    """The host's addresses, in the order they will be tried."""

    host: str
    addresses: tuple[str, ...]


@record(kw_only=True)
class Connecting(EventBase):
    """One address is tried."""

    address: str
    port: int


@record(kw_only=True)
class Connected(EventBase):
    """A TCP connection stands."""

    address: str
    port: int
    local_address: str


@record(kw_only=True)
class Sent(EventBase):
    """A command, or a response to a challenge; credentials stand as a description."""

    text: str


@record(kw_only=True)
class Received(EventBase):
    """A reply; `decoded` is what a base64 challenge says."""

    reply: Reply
    decoded: str | None = None


@record(kw_only=True)
class TlsEstablished(EventBase):
    """A TLS handshake ended well; `verified` tells whether the certificate was held to account.

    `chain` is what the peer sent, its own certificate first.
    """

    version: str
    cipher: str
    verified: bool
    chain: tuple[Certificate, ...]

    @property
    def certificate(self) -> Certificate | None:
        """The peer's own certificate."""
        return self.chain[0] if self.chain else None


@record(kw_only=True)
class TlsFailed(EventBase):
    """A TLS handshake failed after the peer had sent this chain, its own certificate first."""

    chain: tuple[Certificate, ...]


@record(kw_only=True)
class Capabilities(EventBase):
    """The EHLO keywords with their parameters, and the SASL mechanisms among them."""

    encrypted: bool
    keywords: tuple[tuple[str, str], ...]
    mechanisms: tuple[str, ...]


@record(kw_only=True)
class AuthStarted(EventBase):
    """A mechanism was chosen, and why."""

    mechanism: str
    reason: str


@record(kw_only=True)
class Note(EventBase):
    """A remark on the dialogue; a warning where `warning` names one."""

    text: str
    warning: WarningId | None = None


@record(kw_only=True)
class Experiment(EventBase):
    """What a look beside the dialogue, without credentials, showed.

    `outcome` is `ok`, a cause, or another word of the experiment's own. One that tries a change of
    the settings tells it by key, and the mechanisms that were offered then.
    """

    name: str
    outcome: str
    text: str
    change: tuple[tuple[str, object], ...] = ()
    mechanisms: tuple[str, ...] = ()


@record(kw_only=True)
class RecipientReply(EventBase):
    """What the server said to one recipient."""

    recipient: str
    reply: Reply


@record(kw_only=True)
class MessageQueued(EventBase):
    """The server took the message; `queue_id` is the name it gave it, where it told one."""

    queue_id: str | None


@record(kw_only=True)
class Finished(EventBase):
    """The dialogue is over: `fault` is None when it passed, and `stage` the last one entered.

    `command` is what was being answered, `also` further faults of the same certificate, `protocol`
    what the port speaks where it is not SMTP.
    """

    stage: Stage
    fault: Cause | None = None
    detail: str = ""
    command: str = ""
    reply: Reply | None = None
    also: tuple[Cause, ...] = ()
    certificate: Certificate | None = None
    protocol: str | None = None


Event = (
    StageEntered
    | Resolved
    | Connecting
    | Connected
    | Sent
    | Received
    | TlsEstablished
    | TlsFailed
    | Capabilities
    | AuthStarted
    | Note
    | Experiment
    | RecipientReply
    | MessageQueued
    | Finished
)


class CheckAborted(Exception):
    """The dialogue cannot go on; what the Finished event will say."""

    def __init__(
        self,
        fault: Cause,
        detail: str = "",
        *,
        reply: Reply | None = None,
        protocol: str | None = None,
        also: tuple[Cause, ...] = (),
        certificate: Certificate | None = None,
    ) -> None:
        super().__init__(fault)
        self.fault = fault
        self.detail = detail
        self.reply = reply
        self.protocol = protocol
        self.also = also
        self.certificate = certificate


def refused(reply: Reply) -> CheckAborted:
    """The end for a reply that is no success: a refusal, or a code that does not belong."""
    fault = Cause.REFUSED if reply.category in (4, 5) else Cause.REPLY_UNEXPECTED
    return CheckAborted(fault, reply=reply)
