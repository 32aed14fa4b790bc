"""The lines of JSON of `smtp-tui tap`, which reports parts of the dialogue as a check does."""

from __future__ import annotations

from collections.abc import Mapping

from smtp_tui.checks.json_types import (
    COUNT,
    ID,
    SECONDS,
    SHA256,
    STAGE,
    TEXT,
    TRUTH,
    JsonType,
    Keys,
    maybe,
    or_null,
    plain,
    shape,
)
from smtp_tui.smtp import events

_STREAM = shape("stream", size=COUNT, digest=SHA256)


def _of_client(keys: Keys) -> Keys:
    """The keys of a line about a client of a tap, whose event is an attribute."""
    return {"client": COUNT, **{name: _in_event(kind, name) for name, kind in keys.items()}}


def _in_event(kind: JsonType, name: str) -> JsonType:
    source = kind.source or name
    if callable(source):
        read = source
        return kind.of(lambda owner: read(owner.event))
    return kind.of(f"event.{source}")


def tap_lines(of_events: Mapping[type, tuple[str, Keys]], address: Keys) -> dict[str, Keys]:
    """Return the lines; `of_events` are a check's names and keys of an event."""
    return {
        **{
            f"tap-{name}": _of_client({**keys, "seconds": SECONDS})
            for kind in (
                *(events.Connected, events.Sent, events.Received, events.TlsEstablished),
                events.DialogueNote,
            )
            for name, keys in [of_events[kind]]
        },
        "tap-listening": {**address, "ca_file": maybe(TEXT)},
        "tap-changed": _of_client(
            {
                "direction": plain(str, enum=["server", "application"]),
                "added": TRUTH.of("is_added"),
                "offset": COUNT,
                "size": COUNT,
                "text": TEXT,
                "seconds": SECONDS,
            }
        ),
        "tap-differs": _of_client(
            {
                "id": ID,
                "text": TEXT,
                "application": maybe(TEXT),
                "check": maybe(TEXT),
                "seconds": SECONDS,
            }
        ),
        "tap-ended": _of_client(
            {
                "stage": maybe(STAGE),
                "detail": maybe(TEXT).of(or_null("detail")),
                "from_application": _STREAM,
                "to_server": _STREAM,
                "from_server": _STREAM,
                "to_application": _STREAM,
                "seconds": SECONDS,
            }
        ),
        "tap-finished": {"clients": COUNT, "differing": COUNT},
    }
