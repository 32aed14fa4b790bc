"""Convert a verdict to an exit status for scripts and text lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smtp_tui.diagnosis.verdict import Verdict

PASSED = 0
NEGATIVE = 1
USAGE = 2
SETTINGS = 3
DEFECT = 70

# Values of `smtp.events.Cause` and `Stage`, copied so that the module need not be loaded.
INTERNAL_ERROR = "internal-error"
# Each stage's exit status, and its name for admins: the ids are for programs.
_STAGES = {
    "settings": (SETTINGS, "settings"),
    "password": (4, "password"),
    "resolve": (5, "name lookup"),
    "connect": (6, "connection"),
    "greeting": (7, "greeting"),
    "ehlo": (7, "EHLO"),
    "tls": (8, "TLS"),
    "auth": (9, "login"),
    "envelope": (10, "envelope"),
    "message": (11, "message"),
}
BY_STAGE: dict[str, int] = {stage: status for stage, (status, _) in _STAGES.items()}
STAGE_NAMES: dict[str, str] = {stage: name for stage, (_, name) in _STAGES.items()}


def exit_status(verdict: Verdict) -> int:
    """Return 0 for a passed check, 70 for an internal error, else the stage's number."""
    if verdict.cause == INTERNAL_ERROR:
        return DEFECT
    return PASSED if verdict.ok else BY_STAGE[verdict.stage]


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """Yield the outcome, the reason, the fixes and the warnings, as text without ids."""
    if verdict.ok:
        yield f"PASSED in {verdict.seconds:.2f} s: {verdict.summary}"
    else:
        problems = verdict.problems if len(verdict.problems) > 1 else ()
        headline = f"smtp-tui cannot use {len(problems)} settings:" if problems else verdict.summary
        yield f"FAILED at {STAGE_NAMES[verdict.stage]}: {headline}"
        yield from (f"  {problem}." for problem in problems)
        if verdict.why:
            yield f"  Why: {verdict.why}"
        if verdict.cure:
            yield f"  To do: {verdict.cure}"
    for fix in verdict.fixes:
        # As `smtp-tui set` accepts it; `…` stands for what only the admin knows.
        pairs = (f"{key}={'…' if value is None else value}" for key, value in fix.change.items())
        yield f"  Fix {' '.join(pairs)}: {fix.why}"
    for text in verdict.also_texts:
        yield f"  Also: {text}"
    for text in verdict.warning_texts:
        yield f"  Warning: {text}"
