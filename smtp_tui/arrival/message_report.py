"""Read a received message: a bounce, or the header of a message that arrived."""

from __future__ import annotations

import asyncio
import re
import textwrap
from collections.abc import Awaitable, Callable
from dataclasses import replace

from smtp_tui.arrival.alignment import DmarcPolicy, judge, policy_of
from smtp_tui.arrival.authentication_results import Receiver, believed_results
from smtp_tui.arrival.bounce import Bounce, read_bounce
from smtp_tui.arrival.headers import (
    LARGEST_MESSAGE,
    MOST_FIELDS,
    HeaderField,
    author_domain,
    clock_notes,
    decoded_words,
    first_of,
    header_fields,
    hops_of,
    values_of,
)
from smtp_tui.diagnosis.delivery import AuthenticationResult, DkimResult, Hop
from smtp_tui.discovery.dns import Resolver
from smtp_tui.lazy import load
from smtp_tui.records import record
from smtp_tui.safe_text import escape_controls, shortened

_MBOX_LINE = re.compile(rb"\AFrom [^\n]*\n")
Verify = Callable[[bytes, tuple[HeaderField, ...], Resolver], Awaitable[tuple[DkimResult, ...]]]

_NO_RECEIVED = (
    "The header has no Received line, so no server handed the message on: it is a copy from a "
    "folder for sent mail or drafts, or part of the header is missing."
)
_UNSIGNED = "The message has no DKIM signature, so DMARC can pass only by SPF."
# A header alone has no body to verify.
_BODY = re.compile(rb"\r?\n\r?\n.*\S", re.DOTALL)


@record(kw_only=True)
class HeaderReport:
    """What a received message's header and signatures show.

    The fields mean what those of `ArrivalProof` mean.
    """

    message_id: str = ""
    subject: str = ""
    domain: str = ""
    hops: tuple[Hop, ...] = ()
    results: tuple[AuthenticationResult, ...] = ()
    disbelieved: tuple[str, ...] = ()
    dkim: tuple[DkimResult, ...] = ()
    aligned: bool | None = None
    aligned_by: str = ""
    notes: tuple[str, ...] = ()


@record(kw_only=True)
class MessageReport:
    """A message read: `bounce` if it is one, else `header`; neither if it is no message."""

    bounce: Bounce | None = None
    header: HeaderReport | None = None


async def read_message(data: bytes, receiver: Receiver, resolver: Resolver | None) -> MessageReport:
    """Read a message, or parts of one, as pasted or piped; a resolver verifies signatures."""
    data = _cleaned(data)
    report = read_offline(data, receiver)
    if report.header is None or resolver is None:
        return report
    is_whole = _is_whole(data)
    header = await _verified(report.header, data, resolver, is_whole=is_whole)
    if header.dkim or is_whole:
        return MessageReport(header=header)
    if values_of(header_fields(data), "dkim-signature"):
        note = "Without the body, smtp-tui cannot verify the DKIM signatures."
        header = replace(header, notes=(*header.notes, note))
    return MessageReport(header=header)


def read_offline(data: bytes, receiver: Receiver) -> MessageReport:
    """Read a message without asking DNS, so that no signature is verified."""
    data = _cleaned(data)
    bounce = read_bounce(data)
    if bounce is not None:
        return MessageReport(bounce=bounce)
    fields = header_fields(data)
    named = any(first_of(fields, name) for name in ("received", "message-id"))
    if not named and not author_domain(fields):
        return MessageReport()
    return MessageReport(header=_header_report(data, receiver))


def _is_whole(data: bytes) -> bool:
    return bool(_BODY.search(data)) and len(data) < LARGEST_MESSAGE


def _cleaned(data: bytes) -> bytes:
    """Return a message without what a mail program or a mailbox file adds around it."""
    data = _MBOX_LINE.sub(b"", data[:LARGEST_MESSAGE].lstrip(b"\xef\xbb\xbf\r\n"))
    if data[:1] in (b" ", b"\t"):
        text = data.decode("utf-8", "surrogateescape")
        data = textwrap.dedent(text).encode("utf-8", "surrogateescape")
    return data


async def read_headers(
    message: bytes,
    receiver: Receiver,
    resolver: Resolver | None,
    *,
    own: str | None = None,
    is_whole: bool = True,
) -> HeaderReport:
    """Return what a message's header shows; without a resolver, nothing is verified.

    `own` is the first field of a message that smtp-tui composed. Only a whole message can be
    verified.
    """
    report = _header_report(message, receiver, own)
    return await _verified(report, message, resolver, is_whole=is_whole) if resolver else report


def _header_report(message: bytes, receiver: Receiver, own: str | None = None) -> HeaderReport:
    fields = header_fields(message)
    hops = hops_of(fields)
    believed = believed_results(fields, receiver, own=own)
    notes = list(clock_notes(hops))
    if len(fields) >= MOST_FIELDS:
        notes.append(f"smtp-tui read only the first {MOST_FIELDS} lines of the header.")
    if not hops:
        notes.append(_NO_RECEIVED)
    if values_of(fields, "arc-seal"):
        notes.append("The message has an ARC chain, which smtp-tui does not verify.")
    return HeaderReport(
        message_id=_shown(first_of(fields, "message-id")),
        subject=_shown(decoded_words(first_of(fields, "subject"))),
        domain=_shown(author_domain(fields) or ""),
        hops=hops,
        results=believed.results,
        disbelieved=believed.refusals,
        notes=tuple(notes),
    )


async def _verified(
    report: HeaderReport, message: bytes, resolver: Resolver, *, is_whole: bool
) -> HeaderReport:
    """Add what the signatures prove."""
    fields = header_fields(message)
    domain = author_domain(fields)
    # At once: each waits for seconds, if no name server answers.
    signatures, policy = await asyncio.gather(
        _signatures(message, fields, resolver, is_whole=is_whole),
        _policy(domain, resolver),
    )
    report = replace(report, dkim=signatures)
    if not values_of(fields, "dkim-signature"):
        report = replace(report, notes=(*report.notes, _UNSIGNED))
    if domain is None or policy is None:
        note = "The message does not have exactly one From address, so that DMARC fails."
        return replace(report, aligned=False, notes=(*report.notes, note))
    alignment = judge(domain, signatures, report.results, policy)
    aligned = alignment.aligned
    if not is_whole and aligned is False and values_of(fields, "dkim-signature"):
        aligned = None
    return replace(
        report,
        aligned=aligned,
        aligned_by=alignment.by,
        notes=(*report.notes, *filter(None, (alignment.note,))),
    )


async def _signatures(
    message: bytes, fields: tuple[HeaderField, ...], resolver: Resolver, *, is_whole: bool
) -> tuple[DkimResult, ...]:
    if not is_whole:
        return ()
    # dkimpy takes 60 ms to load, most of it dnspython.
    verify: Verify = load("arrival.dkim:verify")
    return await verify(message, fields, resolver)


async def _policy(domain: str | None, resolver: Resolver) -> DmarcPolicy | None:
    return await policy_of(domain, resolver) if domain else None


def _shown(text: str) -> str:
    return shortened(escape_controls(" ".join(text.split())))
