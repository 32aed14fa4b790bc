"""The verdict of a check, as a report tells it."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.checks.report.markdown import code, prose
from smtp_tui.checks.status import IN_WORDS
from smtp_tui.diagnosis.verdict import Fix, Verdict


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """Yield what happened, why, what to do, and what else is worth knowing."""
    after = f"after {verdict.seconds:.2f} s"
    if verdict.ok:
        yield f"**PASSED** {after}: {prose(verdict.summary)}"
    else:
        yield f"**FAILED** at {IN_WORDS[verdict.stage]} {after}: {prose(verdict.summary)}"
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
    yield from (f"- also: {prose(text)}" for text in verdict.also_texts)
    yield from (f"- warning: {prose(text)}" for text in verdict.warning_texts)
    for one in verdict.recipients:
        yield f"- recipient {code(one.address)}: {code(f'{one.code} {one.text}')}"
    if verdict.queue_id:
        yield f"- queued as {code(verdict.queue_id)}"


def _fixes(fixes: tuple[Fix, ...]) -> Iterator[str]:
    for fix in fixes:
        told = ", ".join(_change(key, value) for key, value in fix.change.items())
        weakens = " This weakens security." if fix.weakens else ""
        trusts = " First make sure that this is the right server." if fix.trusts else ""
        yield f"- fix: {told}: {prose(fix.why)}{weakens}{trusts}"


def _change(key: str, value: object) -> str:
    if value is None:
        return f"set {code(key)}, to a value that only you know"
    if value == "":
        return f"remove {code(key)}"
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"set {code(key)} to {code(shown)}"
