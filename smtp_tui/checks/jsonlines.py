"""JSON Lines of a check: every key declared once, which gives its value and its JSON Schema.

ASCII only; keys are always there, null where empty.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.records import record
from smtp_tui.smtp import events
from smtp_tui.smtp.certificates import Certificate

if TYPE_CHECKING:
    from smtp_tui.checks.batch import BatchSummary
    from smtp_tui.checks.watch import VerdictChanged, Watch
    from smtp_tui.discovery.domain import DomainFact

VERSION = 1
"""The schema's version: it grows when a key changes its meaning or goes, not when one comes."""

Schema = dict[str, Any]


@record(kw_only=True)
class JsonType:
    """A kind of JSON value: its schema, and what makes it of a value of ours."""

    schema: Mapping[str, Any]
    write: Callable[[Any], Any] = lambda value: value


@record
class Key:
    """A key of an object.

    `source` gets its value: a path of attributes, a function, or the attribute of the key's name.
    """

    name: str
    kind: JsonType
    description: str
    source: str | Callable[[Any], Any] = ""

    def value(self, owner: Any) -> Any:
        """Return the value that JSON shows of the owner's."""
        get = self.source if callable(self.source) else attrgetter(self.source or self.name)
        return self.kind.write(get(owner))

    @property
    def schema(self) -> Schema:
        """The schema of its value."""
        return {"description": self.description, **self.kind.schema}


TEXT = JsonType(schema={"type": "string"}, write=str)
ID = JsonType(schema={"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$"}, write=str)
TRUTH = JsonType(schema={"type": "boolean"})
COUNT = JsonType(schema={"type": "integer", "minimum": 0})
WHOLE = JsonType(schema={"type": "integer"})
PORT = JsonType(schema={"type": "integer", "minimum": 1, "maximum": 65535})
CODE = JsonType(schema={"type": "integer", "minimum": 200, "maximum": 599})
SHA256 = JsonType(schema={"type": "string", "pattern": "^[0-9a-f]{64}$"})
SECONDS = JsonType(schema={"type": "number", "minimum": 0}, write=lambda value: round(value, 6))
MOMENT = JsonType(schema={"type": "string", "format": "date-time"}, write=datetime.isoformat)
TO_THE_SECOND = JsonType(
    schema=MOMENT.schema, write=lambda moment: moment.isoformat(timespec="seconds")
)
# What a setting's value may be; null is one that only the admin knows.
SETTING_VALUE = JsonType(schema={"type": ["string", "number", "boolean", "null"]})
SETTING_KEY = JsonType(schema={"type": "string", "pattern": "^[a-z_]+$"})
CHANGES = JsonType(
    schema={"type": "object", "additionalProperties": dict(SETTING_VALUE.schema)}, write=dict
)


def one_of(values: type[StrEnum]) -> JsonType:
    """The values of an enumeration that is closed."""
    return JsonType(schema={"enum": [value.value for value in values]}, write=str)


def maybe(kind: JsonType) -> JsonType:
    """A value, or null where there is none."""
    return JsonType(
        schema={"anyOf": [dict(kind.schema), {"type": "null"}]},
        write=lambda value: None if value is None else kind.write(value),
    )


def many(kind: JsonType) -> JsonType:
    """A list of values."""
    return JsonType(
        schema={"type": "array", "items": dict(kind.schema)},
        write=lambda values: [kind.write(value) for value in values],
    )


def shape(*keys: Key) -> JsonType:
    """An object that has all of these keys, always."""
    return JsonType(
        schema=_object_schema({key.name: key.schema for key in keys}),
        write=lambda owner: {key.name: key.value(owner) for key in keys},
    )


def _object_schema(keys: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": keys, "required": list(keys)}


@record
class JsonEvent:
    """An event: its name, what it means, and its keys beside `event`, `file` and `table`."""

    name: str
    description: str
    keys: tuple[Key, ...]

    @property
    def schema(self) -> Schema:
        """The schema of its objects."""
        head = {
            "event": {"const": self.name},
            "file": {"description": "The file that was checked.", **maybe(TEXT).schema},
            "table": {"description": "The TOML path of the table.", **maybe(TEXT).schema},
        }
        keys = {key.name: key.schema for key in self.keys}
        return {"description": self.description, **_object_schema(head | keys)}


def _or_null(name: str) -> Callable[[Any], Any]:
    """Get an attribute; None where it is empty, or is none of what a failed handshake has."""
    return lambda owner: getattr(owner, name, None) or None


_SINCE = Key("seconds", SECONDS, "Seconds since the check began.")
_STAGE = Key("stage", one_of(events.Stage), "The stage that failed, or the last one that passed.")
_CAUSE = Key("cause", maybe(ID), "Why the check failed; null where it passed.")


def _line(name: str, description: str, *keys: Key) -> JsonEvent:
    return JsonEvent(name, description, keys)


def _event(name: str, description: str, *keys: Key) -> JsonEvent:
    return JsonEvent(name, description, (*keys, _SINCE))


_ADDRESS = (Key("address", TEXT, "The IP address."), Key("port", PORT, "The TCP port."))


def _reply_keys(part: str = "") -> tuple[Key, ...]:
    """The keys of a reply, or of a thing that has its reply in this part."""
    text = r"The text; \n between its lines, \xNN for a byte that is not UTF-8."
    return (
        Key("code", CODE, "The reply code.", f"{part}code"),
        Key("enhanced", maybe(TEXT), "The enhanced status code (RFC 3463).", f"{part}enhanced"),
        Key("text", TEXT, text, f"{part}text"),
    )


_CERTIFICATE_KEYS = (
    Key("subject", TEXT, "The subject."),
    Key(
        "names",
        many(TEXT),
        "The names and IP addresses that it is for, 50 at most.",
        "listed_names",
    ),
    Key("names_omitted", COUNT, "How many more names it is for."),
    Key("issuer", TEXT, "The issuer."),
    Key("not_after", MOMENT, "When it expires."),
    Key("sha256", SHA256, "SHA-256 of the certificate, in hexadecimal."),
)
_CERTIFICATE = maybe(shape(*_CERTIFICATE_KEYS))
_PUBLIC_KEY = shape(
    Key("type", TEXT, "The type of the key, such as RSA or EC."),
    Key("bits", maybe(COUNT), "The size of the key in bits."),
    Key("curve", maybe(TEXT), "The curve of an EC key.", _or_null("curve")),
)
_IN_FULL = shape(
    *_CERTIFICATE_KEYS,
    Key("not_before", MOMENT, "When it became valid."),
    Key("days_left", WHOLE, "Whole days until it expires.", Certificate.days_left),
    Key("key", maybe(_PUBLIC_KEY), "Its public key; null if it cannot be read."),
    Key("signature", maybe(TEXT), "The algorithm of its signature.", _or_null("signature")),
)
_VERIFIED = "Whether the certificate was verified, or is the pinned one."
_SERVER_CERTIFICATE = "The certificate of the server."
_TLS = _event(
    "tls",
    "A TLS handshake succeeded, or failed after the server had sent its certificates.",
    Key("version", maybe(TEXT), "The TLS version; null where it failed.", _or_null("version")),
    Key("cipher", maybe(TEXT), "The cipher suite; null where it failed.", _or_null("cipher")),
    Key("verified", TRUTH, _VERIFIED, lambda event: getattr(event, "verified", False)),
    Key(
        "certificate",
        _CERTIFICATE,
        _SERVER_CERTIFICATE,
        lambda event: next(iter(event.chain), None),
    ),
    Key("chain", many(_IN_FULL), "All certificates that the server sent, its own first."),
)
_FIX = shape(
    Key("field", SETTING_KEY, "The key of the setting to change."),
    Key("value", SETTING_VALUE, "Its new value; null where only you know it."),
    Key("more", maybe(CHANGES), "Further settings that must change with it.", _or_null("more")),
    Key("why", TEXT, "What the change does."),
    Key("weakens", TRUTH, "Whether it weakens security."),
)
_VERDICT_TLS = shape(
    Key("version", maybe(TEXT), "The TLS version; null where the handshake failed."),
    Key("cipher", maybe(TEXT), "The cipher suite."),
    Key("verified", TRUTH, _VERIFIED),
    Key(
        "peer_would",
        maybe(ID),
        "With openssl_verify_mode none: ok, or the cause that peer would have failed with.",
    ),
    Key("certificate", _CERTIFICATE, _SERVER_CERTIFICATE),
)
_RECIPIENT = shape(
    Key("address", TEXT, "The recipient."),
    Key("code", CODE, "The reply code."),
    Key("text", TEXT, "The reply."),
)
_APPLICATION = shape(
    Key("dialect", ID, "The dialect's name, plain for the program's own keys."),
    Key("name", maybe(TEXT), "The application's name.", "application"),
    Key("why", TEXT, "What shows that, in words.", "reason"),
)
_FAILED_TABLE = shape(
    Key("file", maybe(TEXT), "The file.", "target.file"),
    Key("table", maybe(TEXT), "The table.", "target.table"),
    Key("stage", _STAGE.kind, "The stage that failed.", "verdict.stage"),
    Key("cause", _CAUSE.kind, "Why it failed.", "verdict.cause"),
)
_FACT = shape(
    Key("subject", ID, "What it is about, such as mx or spf."),
    Key("id", ID, "The id of the fact."),
    Key("weight", ID, "good, note, bad or unknown."),
    Key("text", TEXT, "The fact in words."),
    Key("record", maybe(TEXT), "The DNS record."),
)
_VERDICT_BEFORE = shape(Key("ok", TRUTH, "Whether that check passed."), _STAGE, _CAUSE)

_LINES_OF_EVENTS: dict[type, JsonEvent] = {
    events.Resolved: _event(
        "resolved",
        "The addresses of the host.",
        Key("host", TEXT, "The host that was looked up."),
        Key("addresses", many(TEXT), "Its addresses, in the order in which they are tried."),
    ),
    events.Connecting: _event("connecting", "A connection is attempted.", *_ADDRESS),
    events.Connected: _event(
        "connected",
        "The connection is open.",
        *_ADDRESS,
        Key("local_address", TEXT, "The IP address of this machine."),
    ),
    events.Sent: _event(
        "sent",
        "smtp-tui sent a line; a description replaces every credential.",
        Key("text", TEXT, "The line."),
    ),
    events.Received: _event(
        "received",
        "The server replied.",
        *_reply_keys("reply."),
        Key("decoded", maybe(TEXT), "What a base64 challenge says."),
    ),
    events.TlsEstablished: _TLS,
    events.TlsFailed: _TLS,
    events.Capabilities: _event(
        "capabilities",
        "What the server offers in its reply to EHLO.",
        Key("encrypted", TRUTH, "Whether the connection was encrypted."),
        Key(
            "keywords",
            many(TEXT),
            "The keywords with their parameters.",
            lambda event: [f"{name} {rest}".rstrip() for name, rest in event.keywords],
        ),
        Key("mechanisms", many(TEXT), "The authentication mechanisms."),
    ),
    events.AuthStarted: _event(
        "auth",
        "A login begins.",
        Key("mechanism", TEXT, "The authentication mechanism."),
        Key("reason", TEXT, "Why this one."),
    ),
    events.Note: _event(
        "note",
        "A remark, or a warning.",
        Key("text", TEXT, "The remark."),
        Key("warning", maybe(ID), "The id of the warning; null for a remark."),
    ),
    events.Experiment: _event(
        "experiment",
        "An extra probe, without credentials, showed something.",
        Key("name", TEXT, "The id of the probe, or the settings that it tried."),
        Key("outcome", ID, "ok, a cause, or another id."),
        Key("text", TEXT, "The same in words."),
    ),
}
# They only frame the dialogue: the verdict holds what they say.
_WITHOUT_LINE = (events.StageEntered, events.RecipientReply, events.MessageQueued, events.Finished)

_VERDICT = _event(
    "verdict",
    "The outcome of a check.",
    Key("schema", JsonType(schema={"const": VERSION}), "This schema's version.", lambda _: VERSION),
    Key("ok", TRUTH, "Whether the check passed."),
    _STAGE,
    _CAUSE,
    Key("also", many(ID), "Further causes, of the same certificate."),
    Key("warnings", many(ID), "The ids of the warnings."),
    Key("summary", TEXT, "What happened, in words."),
    Key("why", maybe(TEXT), "Why it failed, in words.", _or_null("why")),
    Key("to_do", maybe(TEXT), "What to do, in words.", _or_null("cure")),
    Key("reply", maybe(shape(*_reply_keys())), "The reply that the check failed with."),
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
        "recognition",
    ),
)
_DOMAIN = _line(
    "domain",
    "With --domain-check: what DNS says about the domain of the sender.",
    Key("facts", many(_FACT), "The facts.", lambda found: found[0]),
    Key("seconds", SECONDS, "Seconds that the check took.", lambda found: found[1]),
)
_SUMMARY = _line(
    "summary",
    "The outcome of the checks of several tables; file and table are null.",
    Key("ok", TRUTH, "Whether all checks passed."),
    Key("tables", COUNT, "How many tables were checked.", lambda batch: len(batch.results)),
    Key(
        "passed",
        COUNT,
        "How many checks passed.",
        lambda batch: len(batch.results) - len(batch.failed),
    ),
    Key("failed", many(_FAILED_TABLE), "The checks that failed."),
    Key("seconds", SECONDS, "Seconds that all checks took."),
)
_CHANGE = _line(
    "change",
    "The verdict of a watch changed; the events of that check follow.",
    Key("time", TO_THE_SECOND, "When that was.", "moment"),
    Key("check", COUNT, "The number of the check.", "number"),
    Key("ok", TRUTH, "Whether it passed.", "verdict.ok"),
    Key("stage", _STAGE.kind, _STAGE.description, "verdict.stage"),
    Key("cause", _CAUSE.kind, _CAUSE.description, "verdict.cause"),
    Key("was", maybe(_VERDICT_BEFORE), "The verdict before; null for the first check.", "before"),
)
_HELD = _line(
    "held",
    "The server rejected the password, and smtp-tui does not send it again until it may differ.",
    Key("time", TO_THE_SECOND, "When that was.", lambda held: held[0]),
    Key("text", TEXT, "What smtp-tui waits for, in words.", lambda held: held[1]),
)
_WATCHED = _line(
    "watched",
    "The watch ended.",
    Key("checks", COUNT, "How many checks it made."),
    Key("passed", COUNT, "How many passed."),
    Key("failed", COUNT, "How many failed.", lambda watch: watch.checks - watch.passed),
    Key("changes", COUNT, "How often the verdict changed."),
    Key("seconds", SECONDS, "Seconds that it lasted."),
)
_OTHER_LINES = (_VERDICT, _DOMAIN, _SUMMARY, _CHANGE, _HELD, _WATCHED)
LINES: dict[str, JsonEvent] = {
    line.name: line for line in (*_LINES_OF_EVENTS.values(), *_OTHER_LINES)
}
"""Every event that a check can print, by its name."""


def schema() -> Schema:
    """Return the JSON Schema (draft 2020-12) of one line of `check --json`."""
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


def json_line(event: events.Event | Verdict, file: str | None, table: str | None) -> str | None:
    """Return the line of an event or a verdict; None for what only frames the dialogue."""
    if isinstance(event, _WITHOUT_LINE):
        return None
    line = _VERDICT if isinstance(event, Verdict) else _LINES_OF_EVENTS[type(event)]
    return written(line, event, file, table)


def summary_line(summary: BatchSummary) -> str:
    """Return the line that ends the checks of several tables."""
    return written(_SUMMARY, summary, None, None)


def domain_line(
    facts: Sequence[DomainFact], file: str | None, table: str | None, seconds: float
) -> str:
    """Return the facts of the domain check."""
    return written(_DOMAIN, (facts, seconds), file, table)


def change_line(change: VerdictChanged, file: str | None, table: str | None) -> str:
    """Return the line that begins a watch's check with another verdict."""
    return written(_CHANGE, change, file, table)


def held_line(moment: datetime, text: str, file: str | None, table: str | None) -> str:
    """Return the line of a watch that waits for another password."""
    return written(_HELD, (moment, text), file, table)


def watched_line(watch: Watch, file: str | None, table: str | None) -> str:
    """Return the line that ends a watch."""
    return written(_WATCHED, watch, file, table)


def written(line: JsonEvent, owner: Any, file: str | None, table: str | None) -> str:
    """Return an event as one line of JSON: every line of a check is made here."""
    head = {"event": line.name, "file": file, "table": table}
    # ASCII, as json.dumps has it: no locale changes a line, and no terminal obeys one.
    return json.dumps(head | {key.name: key.value(owner) for key in line.keys})
