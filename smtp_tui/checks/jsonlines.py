"""Write checks as JSON Lines; each key is declared once, for its value and its JSON Schema.

ASCII only; keys are always present, null without a value. `jsonlines.toml` describes them.
"""

from __future__ import annotations

import json
from typing import Any

from smtp_tui.checks.delivery_keys import DELIVERY
from smtp_tui.checks.exit_status import BY_STAGE
from smtp_tui.checks.json_types import (
    CHANGES,
    CODE,
    COUNT,
    DAY,
    ID,
    MOMENT,
    PORT,
    SECONDS,
    SETTING_KEY,
    SETTING_VALUE,
    SHA256,
    STAGE,
    TEXT,
    TO_THE_SECOND,
    TRUTH,
    WHOLE,
    JsonType,
    Keys,
    Schema,
    descriptions,
    many,
    maybe,
    object_schema,
    or_null,
    shape,
    values_of,
)
from smtp_tui.checks.sender_lines import sender_lines
from smtp_tui.checks.tap_lines import tap_lines
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp import events
from smtp_tui.smtp.certificates import Certificate

VERSION = 1
"""The schema version: incremented when a key is removed or redefined, not when added."""

SCHEMA_VERSION = JsonType(lambda: {"const": VERSION}, source=lambda _: VERSION)

_ADDRESS = {"address": TEXT, "port": maybe(PORT)}
_CERTIFICATE_KEYS = {
    "subject": TEXT,
    "names": many(TEXT).of("listed_names"),
    "names_omitted": COUNT,
    "issuer": TEXT,
    "not_after": MOMENT,
    "sha256": SHA256,
}
_CERTIFICATE = maybe(shape("certificate", **_CERTIFICATE_KEYS))
_KEY = shape("key", type=TEXT, bits=maybe(COUNT), curve=maybe(TEXT).of(or_null("curve")))
_WHOLE_CERTIFICATE = shape(
    "certificate",
    **_CERTIFICATE_KEYS,
    not_before=MOMENT,
    days_left=WHOLE.of(Certificate.days_left),
    key=maybe(_KEY),
    signature=maybe(TEXT).of(or_null("signature")),
)
_TLS = {
    "version": maybe(TEXT).of(or_null("version")),
    "cipher": maybe(TEXT).of(or_null("cipher")),
    "verified": TRUTH.of(lambda event: getattr(event, "verified", False)),
    "certificate": _CERTIFICATE.of(lambda event: next(iter(event.chain), None)),
    "chain": many(_WHOLE_CERTIFICATE),
}
_VERDICT_TLS = shape(
    "verdict-tls",
    version=maybe(TEXT),
    cipher=maybe(TEXT),
    verified=TRUTH,
    peer_would=maybe(ID),
    certificate=_CERTIFICATE,
)
_FIX = shape(
    "fix",
    field=SETTING_KEY,
    value=SETTING_VALUE,
    more=maybe(CHANGES).of(or_null("more")),
    why=TEXT,
    weakens=TRUTH,
    signs_in=TRUTH,
)
_FAILED_TABLE = shape(
    "failed-table",
    file=maybe(TEXT).of("target.file"),
    table=maybe(TEXT).of("target.table"),
    stage=STAGE.of("verdict.stage"),
    cause=maybe(ID).of("verdict.cause"),
)
_APPLICATION = shape(
    "application", dialect=ID, name=maybe(TEXT).of("application"), why=TEXT.of("reason")
)
_DIFFERENCE = shape(
    "difference",
    id=ID,
    stage=STAGE,
    status=COUNT.of(lambda difference: BY_STAGE[difference.stage]),
    explains=TRUTH,
    what=TEXT,
    why=TEXT,
    to_do=TEXT.of("cure"),
    command=maybe(TEXT).of(or_null("command")),
    here=maybe(TEXT).of(or_null("here")),
    there=maybe(TEXT).of(or_null("there")),
)
_PLACE = shape(
    "place",
    kind=ID,
    name=TEXT,
    engine=maybe(ID),
    pid=COUNT,
    command=TEXT,
    user=COUNT,
    user_name=maybe(TEXT).of(or_null("user_name")),
    runtime=TEXT,
    trusts=many(TEXT),
    certificates=maybe(COUNT),
    name_servers=many(TEXT),
    settings_from=maybe(TEXT),
)
_SIDE = shape("side", ok=TRUTH, stage=STAGE, cause=maybe(ID), summary=TEXT)
_COMPARISON = shape(
    "comparison",
    place=_PLACE,
    here=maybe(_SIDE),
    differences=many(_DIFFERENCE),
    not_compared=many(TEXT),
)
_EGRESS_PORT = shape("egress-port", port=PORT, outcome=ID, sender=maybe(TEXT))
_EGRESS_ADDRESS = shape(
    "egress-address",
    address=TEXT,
    conclusion=ID,
    ports=many(_EGRESS_PORT),
    router=maybe(shape("router", address=TEXT, distance=COUNT)),
)
_HOSTING = shape(
    "hosting",
    id=ID,
    name=TEXT,
    ports=many(PORT),
    rule=maybe(TEXT),
    request=maybe(TEXT),
    source=TEXT,
    taken=DAY,
)
_EGRESS = shape("egress", conclusion=ID, addresses=many(_EGRESS_ADDRESS), provider=maybe(_HOSTING))
_FACT = shape("fact", subject=ID, id=ID, weight=ID, text=TEXT, record=maybe(TEXT))


def _reply_keys(prefix: str = "") -> Keys:
    """The keys of a reply, whose attribute paths begin with `prefix`."""
    keys = {"code": CODE, "enhanced": maybe(TEXT), "text": TEXT}
    return {name: kind.of(f"{prefix}{name}") for name, kind in keys.items()}


# The lines of events; each ends with the seconds since the check began.
_OF_EVENTS: dict[type, tuple[str, Keys]] = {
    events.Resolved: ("resolved", {"host": TEXT, "addresses": many(TEXT)}),
    events.Connecting: ("connecting", _ADDRESS),
    events.Connected: ("connected", {**_ADDRESS, "local_address": maybe(TEXT), "via": maybe(TEXT)}),
    events.Sent: ("sent", {"text": TEXT}),
    events.Received: ("received", {**_reply_keys("reply."), "decoded": maybe(TEXT)}),
    events.TlsEstablished: ("tls", _TLS),
    events.TlsFailed: ("tls", _TLS),
    events.ServerCapabilities: (
        "capabilities",
        {
            "encrypted": TRUTH,
            "keywords": many(TEXT).of(
                lambda event: [f"{name} {rest}".rstrip() for name, rest in event.keywords]
            ),
            "mechanisms": many(TEXT),
        },
    ),
    events.AuthStarted: ("auth", {"mechanism": TEXT, "reason": TEXT}),
    events.DialogueNote: ("note", {"text": TEXT, "warning": maybe(ID)}),
    events.Followed: (
        "followed",
        {
            "recipient": TEXT,
            "state": ID,
            "relay": maybe(TEXT).of(or_null("relay")),
            "enhanced": maybe(TEXT).of(or_null("enhanced")),
            "text": maybe(TEXT).of(or_null("text")),
            "queue_ids": many(TEXT),
            "cause": maybe(ID),
            "local": TRUTH.of("is_local"),
        },
    ),
    events.Experiment: ("experiment", {"name": TEXT, "outcome": ID, "text": TEXT}),
    Verdict: (
        "verdict",
        {
            "schema": SCHEMA_VERSION,
            "ok": TRUTH,
            "stage": STAGE,
            "cause": maybe(ID),
            "also": many(ID),
            "warnings": many(ID),
            "summary": TEXT,
            "why": maybe(TEXT).of(or_null("why")),
            "to_do": maybe(TEXT).of(or_null("cure")),
            "reply": maybe(shape("reply", **_reply_keys())),
            "protocol": maybe(TEXT),
            "fixes": many(_FIX),
            "address": maybe(TEXT),
            "tls": maybe(_VERDICT_TLS),
            "mechanisms": many(TEXT),
            "recipients": many(shape("recipient", address=TEXT, code=CODE, text=TEXT)),
            "queue_id": maybe(TEXT),
            "application": maybe(_APPLICATION).of("recognition"),
            "comparison": maybe(_COMPARISON),
            "egress": maybe(_EGRESS),
            "delivery": maybe(DELIVERY),
        },
    ),
}
# They only frame the dialogue: the verdict contains their data.
_WITHOUT_LINE = (events.StageEntered, events.RecipientReply, events.MessageQueued, events.Finished)

LINES: dict[str, Keys] = {
    **{name: {**keys, "seconds": SECONDS} for name, keys in _OF_EVENTS.values()},
    "domain": {
        "facts": many(_FACT).of(lambda report: report[0]),
        "seconds": SECONDS.of(lambda report: report[1]),
    },
    "summary": {
        "ok": TRUTH,
        "tables": COUNT.of(lambda batch: len(batch.results)),
        "passed": COUNT.of(lambda batch: len(batch.results) - len(batch.failed)),
        "failed": many(_FAILED_TABLE),
        "seconds": SECONDS,
    },
    "change": {
        "time": TO_THE_SECOND.of("moment"),
        "check": COUNT.of("number"),
        "ok": TRUTH.of("verdict.ok"),
        "stage": STAGE.of("verdict.stage"),
        "cause": maybe(ID).of("verdict.cause"),
        "was": maybe(shape("before", ok=TRUTH, stage=STAGE, cause=maybe(ID))).of("before"),
    },
    "held": {
        "time": TO_THE_SECOND.of(lambda pause: pause[0]),
        "text": TEXT.of(lambda pause: pause[1]),
    },
    "watched": {
        "checks": COUNT,
        "passed": COUNT,
        "failed": COUNT.of(lambda watch: watch.checks - watch.passed),
        "changes": COUNT,
        "seconds": SECONDS,
    },
    **tap_lines(_OF_EVENTS, _ADDRESS),
    **sender_lines(_VERDICT_TLS, _EGRESS),
}
"""Every event that a check or a tap can print: its name, and its keys after `event`, `file` and
`table`."""


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
        "$defs": {name: _line_schema(name, keys) for name, keys in LINES.items()},
    }


def _line_schema(name: str, keys: Keys) -> Schema:
    line_schema = object_schema(name, {"file": maybe(TEXT), "table": maybe(TEXT), **keys})
    line_schema["properties"] = {"event": {"const": name}, **line_schema["properties"]}
    line_schema["required"].insert(0, "event")
    return {"description": descriptions()["lines"][name], **line_schema}


def json_line(event: events.Event | Verdict, file: str | None, table: str | None) -> str | None:
    """Return the line of an event or verdict; None if it only frames the dialogue."""
    if isinstance(event, _WITHOUT_LINE):
        return None
    return named_line(_OF_EVENTS[type(event)][0], event, file, table)


def named_line(name: str, owner: Any, file: str | None, table: str | None) -> str:
    """Return one line of JSON; its keys read their values from `owner`."""
    head = {"event": name, "file": file, "table": table}
    # ASCII, json.dumps' default: independent of the locale and harmless to a terminal.
    return json.dumps(head | values_of(LINES[name], owner))
