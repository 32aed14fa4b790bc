"""The verdict of a check, as a report tells it."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.checks.report.markdown import code, prose
from smtp_tui.diagnosis.verdict import Fix, Verdict


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """Yield what happened, why, what to do, and what else is worth knowing."""
    after = f"after {verdict.seconds:.2f} s"
    if verdict.ok:
        yield f"**PASSED** {after}: {prose(verdict.summary)}"
    else:
        cause = code(verdict.cause or "unknown")
        yield f"**FAILED** at {verdict.stage} {after}, cause {cause}: {prose(verdict.summary)}"
    details = [*_details(verdict), *_fixes(verdict.fixes)]
    if details:
        yield from ("", *details)


def _details(verdict: Verdict) -> Iterator[str]:
    if len(verdict.problems) > 1:
        yield from (f"- cannot be used: {prose(problem)}" for problem in verdict.problems)
    if verdict.why:
        yield f"- why: {prose(verdict.why)}"
    if verdict.cure:
        yield f"- to do: {prose(verdict.cure)}"
    for cause, text in zip(verdict.also, verdict.also_texts, strict=True):
        yield f"- also {code(cause)}: {prose(text)}"
    for warning, text in zip(verdict.warnings, verdict.warning_texts, strict=True):
        yield f"- warning {code(warning)}: {prose(text)}"
    for one in verdict.recipients:
        yield f"- recipient {code(one.address)}: {code(f'{one.code} {one.text}')}"
    if verdict.queue_id:
        yield f"- queued as {code(verdict.queue_id)}"


def _fixes(fixes: tuple[Fix, ...]) -> Iterator[str]:
    for fix in fixes:
        told = ", ".join(_change(key, value) for key, value in fix.change.items())
        weakens = " This weakens the security." if fix.weakens else ""
        trusts = " Be sure first that this is the server that is meant." if fix.trusts else ""
        yield f"- fix: {told}: {prose(fix.why)}{weakens}{trusts}"


def _change(key: str, value: object) -> str:
    if value is None:
        return f"set {code(key)}, to what only you know"
    if value == "":
        return f"leave {code(key)} out"
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"set {code(key)} to {code(shown)}"
