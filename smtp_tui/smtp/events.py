"""Define the events of a check, all of them immutable.

Every event has the seconds since the check began. Texts from the server are already redacted, but
neither decoded for a terminal nor escaped: `transcript` does that. `StageEntered`,
`RecipientReply`, `MessageQueued` and `Finished` structure the dialogue for front ends and
diagnosis; the others are its content. `Cause` names why a check stopped.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from smtp_tui.records import record
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.replies import Reply

if TYPE_CHECKING:
    from smtp_tui.smtp.port_probe import ProbedAddress


class Stage(StrEnum):
    """The stages of a check, in order; a failure's stage is the one whose reply was awaited."""

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
    """Why a check stopped, as far as the check itself can tell.

    `REFUSED` is a negative reply, whose cause the diagnosis finds from its code and text; the
    others name the cause directly.
    """

    REFUSED = "refused"
    INTERNAL_ERROR = "internal-error"
    SETTINGS_INVALID = "settings-invalid"
    PASSWORD_MISSING = "password-missing"  # noqa: S105 - an id
    PASSWORD_SOURCE_FAILED = "password-source-failed"  # noqa: S105 - an id
    OAUTH_NOT_SIGNED_IN = "oauth-not-signed-in"
    OAUTH_RENEWAL_FAILED = "oauth-renewal-failed"
    OAUTH_CLIENT_REJECTED = "oauth-client-rejected"
    OAUTH_PROVIDER_UNREACHABLE = "oauth-provider-unreachable"
    OAUTH_STORE_READ_ONLY = "oauth-store-read-only"
    TOKEN_UNFIT = "token-unfit"  # noqa: S105 - an id
    HOST_NOT_FOUND = "host-not-found"
    RESOLVER_FAILED = "resolver-failed"
    CONNECTION_REFUSED = "connection-refused"
    CONNECT_TIMEOUT = "connect-timeout"
    NETWORK_UNREACHABLE = "network-unreachable"
    CONNECT_DENIED_LOCALLY = "connect-denied-locally"
    PLACE_LOST = "place-lost"
    PROXY_UNREACHABLE = "proxy-unreachable"
    PROXY_REFUSED = "proxy-refused"
    PROXY_TIMEOUT = "proxy-timeout"
    PROXY_NOT_A_PROXY = "proxy-not-a-proxy"
    SOCKET_MISSING = "socket-missing"
    SOCKET_DENIED = "socket-denied"
    SOCKET_REFUSED = "socket-refused"
    GREETING_TIMEOUT = "greeting-timeout"
    IMPLICIT_TLS_EXPECTED = "implicit-tls-expected"
    NOT_SMTP = "not-smtp"
    NOT_LMTP = "not-lmtp"
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
    DELIVERY_BOUNCED = "delivery-bounced"
    DELIVERY_DISCARDED = "delivery-discarded"
    DELIVERY_HELD = "delivery-held"
    DELIVERY_DEFERRED = "delivery-deferred"
    DELIVERY_UNFINISHED = "delivery-unfinished"
    DELIVERY_LOG_UNREADABLE = "delivery-log-unreadable"
    DELIVERY_LOG_ELSEWHERE = "delivery-log-elsewhere"
    ARRIVAL_NOT_SEEN = "arrival-not-seen"
    PROVE_MAILBOX_FAILED = "prove-mailbox-failed"


class WarningId(StrEnum):
    """A problem that does not stop the check but should be fixed."""

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
    OAUTH_ENDS_SOON = "oauth-ends-soon"
    ARRIVED_IN_JUNK = "arrived-in-junk"


@record(kw_only=True)
class EventBase:
    """The base of all events: the seconds since the check began."""

    seconds: float


@record(kw_only=True)
class StageEntered(EventBase):
    """A stage began."""

    stage: Stage


@record(kw_only=True)
class Resolved(EventBase):
    """The addresses of the host, or of the proxy, in the order they will be tried."""

    host: str
    addresses: tuple[str, ...]
    is_proxy: bool = False


@record(kw_only=True)
class Connecting(EventBase):
    """A connection attempt to one address, or to a UNIX socket without a port, began."""

    address: str
    port: int | None


@record(kw_only=True)
class Connected(EventBase):
    """A connection is established; to a UNIX socket, without a port and a local address.

    `via` is the proxy that made it, to the host as it is in the settings.
    """

    address: str
    port: int | None
    local_address: str | None
    via: str | None = None


@record(kw_only=True)
class Sent(EventBase):
    """A command, or a response to a challenge; a description replaces credentials."""

    text: str


@record(kw_only=True)
class Received(EventBase):
    """A reply; `decoded` is the text of a base64 challenge."""

    reply: Reply
    decoded: str | None = None


@record(kw_only=True)
class TlsEstablished(EventBase):
    """A TLS handshake succeeded; `verified` is whether the certificate was verified.

    `chain` is the chain that the peer sent, its own certificate first.
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
    """A TLS handshake failed after the peer sent this chain, its own certificate first."""

    chain: tuple[Certificate, ...]


@record(kw_only=True)
class ServerCapabilities(EventBase):
    """The EHLO keywords with their parameters, and the SASL mechanisms they offer."""

    encrypted: bool
    keywords: tuple[tuple[str, str], ...]
    mechanisms: tuple[str, ...]


@record(kw_only=True)
class AuthStarted(EventBase):
    """A mechanism was chosen for `reason`."""

    mechanism: str
    reason: str


@record(kw_only=True)
class DialogueNote(EventBase):
    """A note on the dialogue; a warning if `warning` is set."""

    text: str
    warning: WarningId | None = None


@record(kw_only=True)
class Experiment(EventBase):
    """The result of a probe outside the dialogue, made without credentials.

    `outcome` is `ok`, a cause, or an outcome of this experiment only. `change` holds the settings
    it changed, by key, and `mechanisms` those offered with the change; `probed` is set if it tried
    the ports of an address.
    """

    name: str
    outcome: str
    text: str
    change: tuple[tuple[str, object], ...] = ()
    mechanisms: tuple[str, ...] = ()
    probed: ProbedAddress | None = None


@record(kw_only=True)
class RecipientReply(EventBase):
    """The reply to one recipient; `is_final` is LMTP's after the message (RFC 2033)."""

    recipient: str
    reply: Reply
    is_final: bool = False


@record(kw_only=True)
class MessageQueued(EventBase):
    """The server accepted the message; `queue_id` is its queue ID, if the reply has one."""

    queue_id: str | None


@record(kw_only=True)
class Followed(EventBase):
    """What the mail server's log says of the message for one recipient, after it was queued.

    `state` is a `diagnosis.delivery.DeliveryState`, `sentence` the same in words; `relay` is who
    got the message, `text` that server's reply, `cause` what the reply means, if known. `is_local`
    says that the message went to a mailbox or a program of this machine.
    """

    recipient: str
    state: str
    sentence: str
    relay: str
    enhanced: str
    text: str
    queue_ids: tuple[str, ...]
    cause: str | None
    is_local: bool


@record(kw_only=True)
class Finished(EventBase):
    """The check is over: `fault` is None if it passed, `stage` is the last one entered.

    `command` is the one whose reply was awaited, `also` further faults of the same certificate,
    `protocol` the port's protocol if it is not SMTP.
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
    | ServerCapabilities
    | AuthStarted
    | DialogueNote
    | Experiment
    | RecipientReply
    | MessageQueued
    | Followed
    | Finished
)


class CheckAborted(Exception):
    """The check cannot continue; holds the data of its Finished event."""

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
    """Return the CheckAborted for a reply that is a rejection or has an unexpected code."""
    fault = Cause.REFUSED if reply.category in (4, 5) else Cause.REPLY_UNEXPECTED
    return CheckAborted(fault, reply=reply)
