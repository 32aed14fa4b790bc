"""Say in lines for people what a received message shows."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.arrival.authentication_results import Receiver, property_of
from smtp_tui.arrival.bounce import Bounce, BouncedRecipient
from smtp_tui.arrival.message_report import HeaderReport, read_offline
from smtp_tui.diagnosis.delivery import ArrivalProof, AuthenticationResult, DkimResult, Hop

_ACTIONS = {
    "failed": "not delivered",
    "delayed": "delayed; the server tries again",
    "delivered": "delivered, as the server reports",
    "relayed": "handed to a server that reports nothing more",
    "expanded": "handed to the members of a list",
}
_SUBJECTS = ("header.d", "header.from", "smtp.mailfrom", "smtp.helo", "header.i")


def message_lines(data: bytes) -> list[str]:
    """Return what a message shows without DNS; empty if it is none."""
    report = read_offline(data, Receiver())
    if report.bounce:
        return list(bounce_lines(report.bounce))
    if report.header:
        return [title_of(report.header), *(f"  {line}" for line in header_lines(report.header))]
    return []


def title_of(header: HeaderReport) -> str:
    """Return the first line on a received message."""
    name = header.subject or header.message_id or "without a subject"
    return f"This is a {'received message' if header.hops else 'message'}: {name}"


def bounce_lines(bounce: Bounce) -> Iterator[str]:
    """Yield what a bounce says, and what that means."""
    reporter = bounce.reporter or "a server that it does not name"
    yield f"This is a delivery report of {reporter}."
    if original := bounce.original:
        named = (original.subject and f'"{original.subject}"', original.date, original.message_id)
        yield f"  Message: {', '.join(filter(None, named)) or 'without a subject'}"
    for recipient in bounce.recipients:
        yield from _recipient_lines(recipient)
    if bounce.explanation:
        yield f"  {bounce.explanation.summary}"
        yield f"    Why: {bounce.explanation.why}"
        yield f"    To do: {bounce.explanation.cure}"
    elif not bounce.recipients:
        yield "  It names no recipient."


def _recipient_lines(recipient: BouncedRecipient) -> Iterator[str]:
    outcome = _ACTIONS.get(recipient.action, "the report does not say what happened")
    status = f" ({recipient.status})" if recipient.status else ""
    yield f"  {recipient.recipient}: {outcome}{status}."
    if recipient.retries_until:
        yield f"    Until: {recipient.retries_until}"
    if recipient.diagnostic:
        who = recipient.remote or "The server"
        yield f"    {who} replied: {recipient.diagnostic}"
    if found := recipient.explanation:
        if found.said not in recipient.diagnostic:
            yield f"    {found.summary}"
        yield f"    Why: {found.why}"
        yield f"    To do: {found.cure}"


def header_lines(report: HeaderReport | ArrivalProof) -> Iterator[str]:
    """Yield the servers, the results and the signatures of a message that arrived."""
    for number, hop in enumerate(report.hops, 1):
        yield f"Hop {number}: {_hop_text(hop)}"
    for signature in report.dkim:
        yield f"DKIM: {_dkim_text(signature)}"
    for result in report.results:
        yield f"{result.by} found: {_result_text(result)}"
    for reason in report.disbelieved:
        yield f"Not believed: an Authentication-Results field, because {reason}."
    if (report.domain and report.dkim) or report.aligned is not None:
        yield f"DMARC: {_alignment_text(report)}"
    for note in report.notes:
        yield f"Note: {note}"


def _hop_text(hop: Hop) -> str:
    by = hop.by or "a server that does not name itself"
    source = f" from {hop.from_}" if hop.from_ else ""
    protocol = f" with {hop.protocol}" if hop.protocol else ""
    took = "" if hop.seconds is None else f", after {hop.seconds:g} s"
    return f"{by} received it{source}{protocol}{took}"


def _dkim_text(signature: DkimResult) -> str:
    who = f"{signature.domain or 'a signature'}"
    selector = f" (selector {signature.selector})" if signature.selector else ""
    match signature.outcome:
        case "pass":
            return f"the signature of {who}{selector} is valid"
        case "unknown":
            return f"the signature of {who}{selector} is not verified: {signature.why}"
        case _:
            return f"the signature of {who}{selector} is not valid: {signature.why}"


def _result_text(result: AuthenticationResult) -> str:
    subject = next(filter(None, (property_of(result, name) for name in _SUBJECTS)), "")
    return f"{result.method}={result.result}{f' for {subject}' if subject else ''}"


def _alignment_text(report: HeaderReport | ArrivalProof) -> str:
    domain = report.domain or "the From domain"
    if report.aligned:
        return f"{report.aligned_by.upper()} passes and is aligned with {domain}"
    if report.aligned is None:
        return f"smtp-tui does not know whether {domain} passes{_why_unknown(report)}"
    return f"neither DKIM nor SPF passes and is aligned with {domain}"


def _why_unknown(report: HeaderReport | ArrivalProof) -> str:
    if any(signature.outcome == "unknown" for signature in report.dkim):
        return ": it could not verify the DKIM signature"
    if not any(result.method == "spf" for result in report.results):
        return ": it cannot check SPF itself"
    return ""
