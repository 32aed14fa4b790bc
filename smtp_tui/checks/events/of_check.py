"""The events of one check, its verdict last, and the summary of several."""

from __future__ import annotations

from typing import Any

from smtp_tui.checks.events.common import CERTIFICATE, IN_FULL, OF_REPLY, REPLY, leaf_of
from smtp_tui.checks.events.kinds import (
    CODE,
    COUNT,
    ID,
    PORT,
    SECONDS,
    TEXT,
    TRUTH,
    Key,
    Kind,
    Line,
    many,
    maybe,
    one_of,
    shape,
)
from smtp_tui.smtp.events import (
    AuthStarted,
    Capabilities,
    Connected,
    Connecting,
    Experiment,
    Note,
    Received,
    Resolved,
    Sent,
    Stage,
    TlsEstablished,
    TlsFailed,
)

VERSION = 1
"""The schema's version: it grows when a key changes its meaning or goes, not when one comes."""

SINCE = Key("seconds", SECONDS, "Seconds since the check began.")

STAGE = Key("stage", one_of(Stage), "The stage that failed, or the last one that passed.")
CAUSE = Key("cause", maybe(ID), "Why the check failed; null where it passed.")

# What a setting's value may be; null is one that only the admin knows.
_VALUE = Kind(schema={"type": ["string", "number", "boolean", "null"]})
_SETTING = Kind(schema={"type": "string", "pattern": "^[a-z_]+$"})
_CHANGES = Kind(
    schema={"type": "object", "additionalProperties": dict(_VALUE.schema)},
    write=dict,
)

_TLS_KEYS = (
    Key("version", maybe(TEXT), "The TLS version; null where the handshake failed."),
    Key("cipher", maybe(TEXT), "The cipher suite."),
    Key("verified", TRUTH, "Whether the certificate was verified, or is the pinned one."),
)


def _agreed(name: str) -> Any:
    """Return what gets a value of a handshake, or None where it failed."""
    return lambda told: getattr(told, name, None)


_RESOLVED = Line(
    "resolved",
    "The addresses of the host.",
    (
        Key("host", TEXT, "The host that was looked up."),
        Key("addresses", many(TEXT), "Its addresses, in the order in which they are tried."),
        SINCE,
    ),
)
_CONNECTING = Line(
    "connecting",
    "A connection is attempted.",
    (Key("address", TEXT, "The IP address."), Key("port", PORT, "The TCP port."), SINCE),
)
_CONNECTED = Line(
    "connected",
    "The connection is open.",
    (
        Key("address", TEXT, "The IP address."),
        Key("port", PORT, "The TCP port."),
        Key("local_address", TEXT, "The IP address of this machine."),
        SINCE,
    ),
)
_SENT = Line(
    "sent",
    "smtp-tui sent a line; a description replaces every credential.",
    (Key("text", TEXT, "The line."), SINCE),
)
_RECEIVED = Line(
    "received",
    "The server replied.",
    (*OF_REPLY, Key("decoded", maybe(TEXT), "What a base64 challenge says."), SINCE),
)
_TLS = Line(
    "tls",
    "A TLS handshake succeeded, or failed after the server had sent its certificates.",
    (
        Key("version", maybe(TEXT), "The TLS version; null where it failed.", _agreed("version")),
        Key("cipher", maybe(TEXT), "The cipher suite; null where it failed.", _agreed("cipher")),
        Key(
            "verified",
            TRUTH,
            "Whether the certificate was verified, or is the pinned one.",
            lambda told: getattr(told, "verified", False),
        ),
        Key("certificate", maybe(CERTIFICATE), "The certificate of the server.", leaf_of),
        Key("chain", many(IN_FULL), "All certificates that the server sent, its own first."),
        SINCE,
    ),
)
_CAPABILITIES = Line(
    "capabilities",
    "What the server offers in its reply to EHLO.",
    (
        Key("encrypted", TRUTH, "Whether the connection was encrypted."),
        Key(
            "keywords",
            many(TEXT),
            "The keywords with their parameters.",
            lambda told: [f"{name} {rest}".rstrip() for name, rest in told.keywords],
        ),
        Key("mechanisms", many(TEXT), "The authentication mechanisms."),
        SINCE,
    ),
)
_AUTH = Line(
    "auth",
    "A login begins.",
    (
        Key("mechanism", TEXT, "The authentication mechanism."),
        Key("reason", TEXT, "Why this one."),
        SINCE,
    ),
)
_NOTE = Line(
    "note",
    "A remark, or a warning.",
    (
        Key("text", TEXT, "The remark."),
        Key("warning", maybe(ID), "The id of the warning; null for a remark."),
        SINCE,
    ),
)
_EXPERIMENT = Line(
    "experiment",
    "An extra probe, without credentials, showed something.",
    (
        Key("name", TEXT, "The id of the probe, or the settings that it tried."),
        Key("outcome", ID, "ok, a cause, or another id."),
        Key("text", TEXT, "The same in words."),
        SINCE,
    ),
)

_FIX = shape(
    Key("field", _SETTING, "The key of the setting to change."),
    Key("value", _VALUE, "Its new value; null where only you know it."),
    Key(
        "more",
        maybe(_CHANGES),
        "Further settings that must change with it.",
        lambda fix: fix.more or None,
    ),
    Key("why", TEXT, "What the change does."),
    Key("weakens", TRUTH, "Whether it weakens security."),
)
_VERDICT_TLS = shape(
    *_TLS_KEYS,
    Key(
        "peer_would",
        maybe(ID),
        "With openssl_verify_mode none: ok, or the cause that peer would have failed with.",
    ),
    Key("certificate", maybe(CERTIFICATE), "The certificate of the server."),
)
_RECIPIENT = shape(
    Key("address", TEXT, "The recipient."),
    Key("code", CODE, "The reply code."),
    Key("text", TEXT, "The reply."),
)
_APPLICATION = shape(
    Key("dialect", ID, "The dialect's name, plain for the program's own keys."),
    Key("name", maybe(TEXT), "The application's name.", lambda found: found.application),
    Key("why", TEXT, "What shows that, in words.", lambda found: found.reason),
)
VERDICT = Line(
    "verdict",
    "The outcome of a check.",
    (
        Key("schema", Kind(schema={"const": VERSION}), "This schema's version.", lambda _: VERSION),
        Key("ok", TRUTH, "Whether the check passed."),
        STAGE,
        CAUSE,
        Key("also", many(ID), "Further causes, of the same certificate."),
        Key("warnings", many(ID), "The ids of the warnings."),
        Key("summary", TEXT, "What happened, in words."),
        Key("why", maybe(TEXT), "Why it failed, in words.", lambda verdict: verdict.why or None),
        Key("to_do", maybe(TEXT), "What to do, in words.", lambda verdict: verdict.cure or None),
        Key("reply", maybe(REPLY), "The reply that the check failed with."),
        Key("protocol", maybe(TEXT), "What the port speaks, where it is not SMTP."),
        Key("fixes", many(_FIX), "Changes of the settings that would help, the best first."),
        Key("address", maybe(TEXT), "The IP address that answered."),
        Key("tls", maybe(_VERDICT_TLS), "The encryption; null where there is none."),
        Key("mechanisms", many(TEXT), "The authentication mechanisms that the server offers."),
        Key("recipients", many(_RECIPIENT), "The reply to each recipient."),
        Key("queue_id", maybe(TEXT), "The server's id for the message."),
        Key(
            "application",
            maybe(_APPLICATION),
            "The application whose keys the file holds; null without a file.",
            lambda verdict: verdict.recognition,
        ),
        SINCE,
    ),
)

_FAILED = shape(
    Key("file", maybe(TEXT), "The file.", lambda one: one.subject.file),
    Key("table", maybe(TEXT), "The table.", lambda one: one.subject.table),
    Key("stage", STAGE.kind, "The stage that failed.", lambda one: one.verdict.stage),
    Key("cause", CAUSE.kind, "Why it failed.", lambda one: one.verdict.cause),
)
SUMMARY = Line(
    "summary",
    "The outcome of the checks of several tables; file and table are null.",
    (
        Key("ok", TRUTH, "Whether all checks passed."),
        Key("tables", COUNT, "How many tables were checked.", lambda told: len(told.outcomes)),
        Key(
            "passed",
            COUNT,
            "How many checks passed.",
            lambda told: len(told.outcomes) - len(told.failed),
        ),
        Key("failed", many(_FAILED), "The checks that failed."),
        Key("seconds", SECONDS, "Seconds that all checks took."),
    ),
)

_FACT = shape(
    Key("subject", ID, "What it is about, such as mx or spf."),
    Key("id", ID, "The id of the fact."),
    Key("weight", ID, "good, note, bad or unknown."),
    Key("text", TEXT, "The fact in words."),
    Key("record", maybe(TEXT), "The DNS record."),
)
DOMAIN = Line(
    "domain",
    "With --domain-check: what DNS says about the domain of the sender.",
    (
        Key("facts", many(_FACT), "The facts.", lambda told: told[0]),
        Key("seconds", SECONDS, "Seconds that the check took.", lambda told: told[1]),
    ),
)

OF_EVENTS: dict[type, Line] = {
    Resolved: _RESOLVED,
    Connecting: _CONNECTING,
    Connected: _CONNECTED,
    Sent: _SENT,
    Received: _RECEIVED,
    TlsEstablished: _TLS,
    TlsFailed: _TLS,
    Capabilities: _CAPABILITIES,
    AuthStarted: _AUTH,
    Note: _NOTE,
    Experiment: _EXPERIMENT,
}
"""The line of each event; those that only frame the dialogue have none."""
