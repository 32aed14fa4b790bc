"""Kinds of JSON values: how each is written, and the JSON Schema of what is written.

What several events hold: replies and certificates.

The events of one check, its verdict last, and the summary of several.

The events that `--watch` puts between those of its checks.

The JSON Schema (draft 2020-12) of a line of `check --json`, made from the same declarations.

The exit status that tells a script how far a check came.

JSON Lines: ASCII only, keys always there, null where empty; `events` declares each key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from smtp_tui.checks.batch import BatchSummary
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.records import record
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
    Received,
    RecipientReply,
    Resolved,
    Sent,
    Stage,
    StageEntered,
    TlsEstablished,
    TlsFailed,
)

if TYPE_CHECKING:
    from smtp_tui.checks.watch import VerdictChanged, Watch
    from smtp_tui.diagnosis.verdict import Verdict
    from smtp_tui.discovery.domain import DomainFact


Schema = dict[str, Any]


def _as_it_is(value: Any) -> Any:
    return value


@record(kw_only=True)
class Kind:
    """A kind of value: the schema of what is written, and what makes it of a value of ours."""

    schema: Mapping[str, Any]
    write: Callable[[Any], Any] = _as_it_is


@record
class Key:
    """A key of an object: its name, its kind, what it means, and where its value comes from.

    Without `of` the value is the attribute of the same name.
    """

    name: str
    kind: Kind
    means: str
    of: Callable[[Any], Any] | None = None

    def value(self, source: Any) -> Any:
        """Return its value, written."""
        return self.kind.write(self._found(source))

    def below(self, part: str) -> Key:
        """Return the key for a source that has its value in this part."""
        return replace(self, of=lambda source: self._found(getattr(source, part)))

    def _found(self, source: Any) -> Any:
        return getattr(source, self.name) if self.of is None else self.of(source)

    @property
    def schema(self) -> Schema:
        """The schema of its value."""
        return {"description": self.means, **self.kind.schema}


TEXT = Kind(schema={"type": "string"}, write=str)
ID = Kind(schema={"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$"}, write=str)
TRUTH = Kind(schema={"type": "boolean"})
COUNT = Kind(schema={"type": "integer", "minimum": 0})
WHOLE = Kind(schema={"type": "integer"})
PORT = Kind(schema={"type": "integer", "minimum": 1, "maximum": 65535})
CODE = Kind(schema={"type": "integer", "minimum": 200, "maximum": 599})
SHA256 = Kind(schema={"type": "string", "pattern": "^[0-9a-f]{64}$"})
SECONDS = Kind(schema={"type": "number", "minimum": 0}, write=lambda value: round(value, 6))
MOMENT = Kind(
    schema={"type": "string", "format": "date-time"},
    write=lambda moment: moment.isoformat(),
)
TO_THE_SECOND = Kind(schema=MOMENT.schema, write=lambda moment: _to_the_second(moment))


def _to_the_second(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def one_of(words: type[StrEnum]) -> Kind:
    """The words of an enumeration that is closed."""
    return Kind(schema={"enum": [word.value for word in words]}, write=str)


def maybe(kind: Kind) -> Kind:
    """A value, or null where there is none."""
    return Kind(
        schema={"anyOf": [dict(kind.schema), {"type": "null"}]},
        write=lambda value: None if value is None else kind.write(value),
    )


def many(kind: Kind) -> Kind:
    """A list of values."""
    return Kind(
        schema={"type": "array", "items": dict(kind.schema)},
        write=lambda values: [kind.write(value) for value in values],
    )


def shape(*keys: Key) -> Kind:
    """An object that has all of these keys, always."""
    return Kind(
        schema=_object({key.name: key.schema for key in keys}),
        write=lambda source: {key.name: key.value(source) for key in keys},
    )


@record
class Line:
    """An event: its name, what it means, and its keys beside `event`, `file` and `table`."""

    name: str
    means: str
    keys: tuple[Key, ...]

    def written(self, source: Any, file: str | None, table: str | None) -> dict[str, Any]:
        """Return the object of one event."""
        head = {"event": self.name, "file": file, "table": table}
        return head | {key.name: key.value(source) for key in self.keys}

    @property
    def schema(self) -> Schema:
        """The schema of its objects."""
        head = {"event": {"const": self.name}, "file": _FILE, "table": _TABLE}
        keys = {key.name: key.schema for key in self.keys}
        return {"description": self.means, **_object(head | keys)}


_FILE = {"description": "The file that was checked.", **maybe(TEXT).schema}
_TABLE = {"description": "The TOML path of the table.", **maybe(TEXT).schema}


def _object(keys: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": keys, "required": list(keys)}


_REPLY_KEYS = (
    Key("code", CODE, "The reply code."),
    Key("enhanced", maybe(TEXT), "The enhanced status code (RFC 3463)."),
    Key("text", TEXT, r"The text; \n between its lines, \xNN for a byte that is not UTF-8."),
)
REPLY = shape(*_REPLY_KEYS)
OF_REPLY = tuple(key.below("reply") for key in _REPLY_KEYS)

_CERTIFICATE_KEYS = (
    Key("subject", TEXT, "The subject."),
    Key(
        "names",
        many(TEXT),
        "The names and IP addresses that it is for, 50 at most.",
        lambda certificate: certificate.listed_names,
    ),
    Key("names_omitted", COUNT, "How many more names it is for."),
    Key("issuer", TEXT, "The issuer."),
    Key("not_after", MOMENT, "When it expires."),
    Key("sha256", SHA256, "SHA-256 of the certificate, in hexadecimal."),
)
CERTIFICATE = shape(*_CERTIFICATE_KEYS)

_KEY = shape(
    Key("type", TEXT, "The type of the key, such as RSA or EC."),
    Key("bits", maybe(COUNT), "The size of the key in bits."),
    Key("curve", maybe(TEXT), "The curve of an EC key.", lambda key: key.curve or None),
)
IN_FULL = shape(
    *_CERTIFICATE_KEYS,
    Key("not_before", MOMENT, "When it became valid."),
    Key("days_left", WHOLE, "Whole days until it expires.", Certificate.days_left),
    Key("key", maybe(_KEY), "Its public key; null if it cannot be read."),
    Key(
        "signature",
        maybe(TEXT),
        "The algorithm of its signature.",
        lambda certificate: certificate.signature or None,
    ),
)


def leaf_of(told: TlsEstablished | TlsFailed) -> Certificate | None:
    """Return the server's own certificate."""
    return told.chain[0] if told.chain else None


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


_WAS = shape(Key("ok", TRUTH, "Whether that check passed."), STAGE, CAUSE)

CHANGE = Line(
    "change",
    "The verdict of a watch changed; the events of that check follow.",
    (
        Key("time", TO_THE_SECOND, "When that was.", lambda change: change.moment),
        Key("check", COUNT, "The number of the check.", lambda change: change.number),
        Key("ok", TRUTH, "Whether it passed.", lambda change: change.verdict.ok),
        Key("stage", STAGE.kind, STAGE.means, lambda change: change.verdict.stage),
        Key("cause", CAUSE.kind, CAUSE.means, lambda change: change.verdict.cause),
        Key(
            "was",
            maybe(_WAS),
            "The verdict before; null for the first check.",
            lambda change: change.before,
        ),
    ),
)
HELD = Line(
    "held",
    "The server rejected the password, and smtp-tui does not send it again until it may differ.",
    (
        Key("time", TO_THE_SECOND, "When that was.", lambda told: told[0]),
        Key("text", TEXT, "What smtp-tui waits for, in words.", lambda told: told[1]),
    ),
)
WATCHED = Line(
    "watched",
    "The watch ended.",
    (
        Key("checks", COUNT, "How many checks it made."),
        Key("passed", COUNT, "How many passed."),
        Key("failed", COUNT, "How many failed.", lambda watch: watch.checks - watch.passed),
        Key("changes", COUNT, "How often the verdict changed."),
        Key("seconds", SECONDS, "Seconds that it lasted."),
    ),
)


LINES: dict[str, Line] = {
    line.name: line
    for line in (*OF_EVENTS.values(), VERDICT, DOMAIN, SUMMARY, CHANGE, HELD, WATCHED)
}
"""Every event that a check can print, by its name."""


def schema() -> Schema:
    """Return the schema of one line."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:smtp-tui:check-json:{VERSION}",
        "title": "One line of smtp-tui check --json",
        "description": (
            f"Version {VERSION}. The version grows when a key changes its meaning or goes away. "
            "New keys and new ids can come in any release."
        ),
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in LINES],
        "$defs": {name: line.schema for name, line in LINES.items()},
    }


# rf
# rf


_FRAMING = (StageEntered, RecipientReply, MessageQueued, Finished)


def json_line(told: Event | Verdict, file: str | None, table: str | None) -> str | None:
    """Return the line of an event or a verdict; None for what only frames the dialogue."""
    if isinstance(told, _FRAMING):
        return None
    return written(
        VERDICT if isinstance(told, Verdict) else OF_EVENTS[type(told)], told, file, table
    )


def summary_line(summary: BatchSummary) -> str:
    """Return the line that ends the checks of several tables."""
    return written(SUMMARY, summary, None, None)


def domain_line(
    facts: Sequence[DomainFact], file: str | None, table: str | None, seconds: float
) -> str:
    """Return the facts of the domain check."""
    return written(DOMAIN, (facts, seconds), file, table)


def change_line(change: VerdictChanged, file: str | None, table: str | None) -> str:
    """Return the line that begins a watch's check with another verdict."""
    # rf

    return written(CHANGE, change, file, table)


def held_line(moment: datetime, text: str, file: str | None, table: str | None) -> str:
    """Return the line of a watch that waits for another password."""
    # rf

    return written(HELD, (moment, text), file, table)


def watched_line(watch: Watch, file: str | None, table: str | None) -> str:
    """Return the line that ends a watch."""
    # rf

    return written(WATCHED, watch, file, table)


def written(line: Line, source: Any, file: str | None, table: str | None) -> str:
    """Return an event as one line of JSON: every line of a check is made here."""
    return json.dumps(line.written(source, file, table))
