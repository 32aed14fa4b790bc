"""The verdict in words: what happened, why, what to do, and what else is worth knowing."""

from __future__ import annotations

from collections.abc import Iterator

from smtp_tui.checks.exit_status import IN_WORDS
from smtp_tui.diagnosis.verdict import Fix, Verdict


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """Yield the lines that an admin reads last, in words: the ids are for programs."""
    if verdict.ok:
        yield f"PASSED in {verdict.seconds:.2f} s: {verdict.summary}"
    else:
        yield f"FAILED at {IN_WORDS[verdict.stage]}: {_headline(verdict)}"
        if len(verdict.problems) > 1:
            yield from (f"  {problem}." for problem in verdict.problems)
        if verdict.why:
            yield f"  Why: {verdict.why}"
        if verdict.cure:
            yield f"  To do: {verdict.cure}"
    for fix in verdict.fixes:
        yield f"  Fix {_assignments(fix)}: {fix.why}"
    for text in verdict.also_texts:
        yield f"  Also: {text}"
    for text in verdict.warning_texts:
        yield f"  Warning: {text}"


def _assignments(fix: Fix) -> str:
    """Word a fix as `smtp-tui set` takes it; what only the admin knows is left open."""
    return " ".join(f"{key}={'…' if value is None else value}" for key, value in fix.change.items())


def _headline(verdict: Verdict) -> str:
    count = len(verdict.problems)
    return f"smtp-tui cannot use {count} settings:" if count > 1 else verdict.summary
