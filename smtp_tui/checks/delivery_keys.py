"""The keys of JSON about a delivery: what the mail log and the mailbox show of a message."""

from __future__ import annotations

from smtp_tui.checks.json_types import (
    ID,
    MOMENT,
    SECONDS,
    TEXT,
    TRUTH,
    many,
    maybe,
    or_null,
    plain,
    shape,
)

_HANDOVER = shape(
    "handover",
    recipient=TEXT,
    state=ID,
    relay=maybe(TEXT).of(or_null("relay")),
    seconds=maybe(SECONDS),
    delays=many(SECONDS),
    enhanced=maybe(TEXT).of(or_null("enhanced")),
    text=maybe(TEXT).of(or_null("text")),
    queue_ids=many(TEXT),
    cause=maybe(ID),
    local=TRUTH.of("is_local"),
)
_HOP = shape(
    "hop",
    by=maybe(TEXT).of(or_null("by")),
    received_from=maybe(TEXT).of(or_null("from_")),
    at=maybe(MOMENT),
    seconds=maybe(SECONDS),
    protocol=maybe(TEXT).of(or_null("protocol")),
)
_RESULT = shape(
    "authentication-result",
    by=TEXT,
    method=TEXT,
    result=TEXT,
    properties=plain(dict, type="object", additionalProperties={"type": "string"}),
)
_DKIM = shape(
    "dkim-result",
    domain=maybe(TEXT).of(or_null("domain")),
    selector=maybe(TEXT).of(or_null("selector")),
    outcome=ID,
    detail=maybe(TEXT).of(or_null("why")),
    algorithm=maybe(TEXT).of(or_null("algorithm")),
)
_ARRIVAL = shape(
    "arrival",
    found=TRUTH,
    mailbox=TEXT,
    folder=maybe(TEXT),
    folder_kind=maybe(ID).of("place"),
    seconds=maybe(SECONDS),
    precision=maybe(SECONDS),
    searched=many(TEXT),
    hops=many(_HOP),
    results=many(_RESULT),
    disbelieved=many(TEXT),
    dkim=many(_DKIM),
    domain=maybe(TEXT).of(or_null("domain")),
    aligned=maybe(TRUTH),
    aligned_by=maybe(ID).of(or_null("aligned_by")),
    removed=TRUTH,
    notes=many(TEXT),
)
DELIVERY = shape(
    "delivery", handovers=many(_HANDOVER), seconds=maybe(SECONDS), arrival=maybe(_ARRIVAL)
)
