"""Decide whether a message's From domain is proven, as DMARC asks for it (RFC 7489, 3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from smtp_tui.arrival.authentication_results import property_of
from smtp_tui.diagnosis.delivery import AuthenticationResult, DkimResult
from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.domain import dmarc_record, tags_of
from smtp_tui.discovery.facts import Unanswered
from smtp_tui.records import record


@record(kw_only=True)
class Alignment:
    """`aligned` is None if it is not known; `by` is `dkim` or `spf`; `note` says more."""

    aligned: bool | None
    by: str = ""
    note: str = ""


@record(kw_only=True)
class DmarcPolicy:
    """The record of the domain `owner`, if there is one; `note` says why there is none."""

    owner: str
    text: str = ""
    is_answered: bool = True
    note: str = ""


async def policy_of(domain: str, resolver: Resolver) -> DmarcPolicy:
    """Ask for the DMARC record of the From domain."""
    try:
        owner, policy = await dmarc_record(domain, resolver)
    except Unanswered:
        note = f"No nameserver answered for the DMARC of {domain}."
        return DmarcPolicy(owner=domain, is_answered=False, note=note)
    except ValueError:
        note = f"{domain} has several DMARC records, so receivers apply none."
        return DmarcPolicy(owner=domain, note=note)
    note = "" if policy else f"{domain} has no DMARC policy."
    return DmarcPolicy(owner=owner, text=policy or "", note=note)


def judge(
    domain: str,
    signatures: Sequence[DkimResult],
    results: Sequence[AuthenticationResult],
    policy: DmarcPolicy,
) -> Alignment:
    """Judge the From domain by the verified signatures and the believed results."""
    owner, note, tags = policy.owner, policy.note, tags_of(policy.text)
    if not policy.is_answered:
        return Alignment(aligned=None, note=note)
    signed = [signature.domain for signature in signatures if signature.outcome == "pass"]
    strict = tags.get("adkim") == "s"
    if _any_aligned(domain, signed, owner, strict=strict):
        return Alignment(aligned=True, by="dkim", note=note)
    spf = [result for result in results if result.method == "spf"]
    mailed = [_domain_of(result) for result in spf if result.result == "pass"]
    if _any_aligned(domain, mailed, owner, strict=tags.get("aspf") == "s"):
        return Alignment(aligned=True, by="spf", note=note)
    if finder := _found_by(domain, signatures, results, owner, strict=strict):
        note = f"smtp-tui did not verify the DKIM signature: {finder} did. {note}".rstrip()
        return Alignment(aligned=True, by="dkim", note=note)
    # Without a believed SPF result, or with a signature that could not be verified, it may be.
    is_open = not spf or any(signature.outcome == "unknown" for signature in signatures)
    return Alignment(aligned=None if is_open else False, note=note)


def _found_by(
    domain: str,
    signatures: Sequence[DkimResult],
    results: Sequence[AuthenticationResult],
    owner: str,
    *,
    strict: bool,
) -> str:
    """Return the believed server that verified an aligned signature that could not be here."""
    if signatures and all(signature.outcome != "unknown" for signature in signatures):
        return ""
    for result in results:
        signer = property_of(result, "header.d").casefold()
        if (result.method, result.result) == ("dkim", "pass") and _any_aligned(
            domain, [signer], owner, strict=strict
        ):
            return result.by
    return ""


def _any_aligned(domain: str, others: Iterable[str], owner: str, *, strict: bool) -> bool:
    return any(
        other == domain or (not strict and _is_same_organisation(domain, other, owner))
        for other in others
    )


def _is_same_organisation(domain: str, other: str, owner: str) -> bool:
    """Whether one lies below the other, or both below the domain with the DMARC record."""
    pairs = ((domain, other), (other, domain), (other, owner))
    return "." in other and any(lower == upper or _is_below(lower, upper) for lower, upper in pairs)


def _is_below(lower: str, upper: str) -> bool:
    return bool(upper) and lower.endswith(f".{upper}")


def _domain_of(result: AuthenticationResult) -> str:
    address = property_of(result, "smtp.mailfrom") or property_of(result, "smtp.helo")
    return address.strip("<>").rpartition("@")[2].casefold().rstrip(".")
