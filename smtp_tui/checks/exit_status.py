"""Convert a verdict to an exit status for scripts and text lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from smtp_tui.lazy import load
from smtp_tui.safe_text import escape_controls, shortened

if TYPE_CHECKING:
    from smtp_tui.diagnosis.comparison import Comparison
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
# Values of `diagnosis.egress.Conclusion`: the reason names what stopped the connection.
_TRACED = ("egress-blocked", "egress-rejected")
# How `diagnosis.diagnose` ends the summary of a check that logs in nowhere.
_NO_LOGIN = "; there was no login."
_MOST_RECIPIENTS = 10
BY_STAGE: dict[str, int] = {stage: status for stage, (status, _) in _STAGES.items()}
STAGE_NAMES: dict[str, str] = {stage: name for stage, (_, name) in _STAGES.items()}


def exit_status(verdict: Verdict) -> int:
    """Return 0 for a passed check, 70 for an internal error, else the stage's number."""
    if verdict.cause == INTERNAL_ERROR:
        return DEFECT
    return PASSED if verdict.ok else BY_STAGE[verdict.stage]


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """Yield the outcome, the reason, the fixes and the warnings, as text without ids.

    With a comparison, the outcome from here comes first, and the differences last, or before the
    fixes of settings if one of them explains the failure.
    """
    comparison, where = verdict.comparison, ""
    told = [f"  {line}" for line in difference_lines(comparison)] if comparison else []
    if comparison:
        if line := here_line(comparison):
            yield line
        where = f"in {comparison.place.label} ({comparison.place.details}): "
    if verdict.ok:
        yield f"{where}PASSED in {verdict.seconds:.2f} s: {verdict.summary}"
    else:
        problems = verdict.problems if len(verdict.problems) > 1 else ()
        headline = f"smtp-tui cannot use {len(problems)} settings:" if problems else verdict.summary
        yield f"{where}FAILED at {STAGE_NAMES[verdict.stage]}: {headline}"
        yield from (f"  {problem}." for problem in problems)
        yield from (f"  {line}" for line in _recipient_lines(verdict))
        why, cure = own_reasons(verdict)
        if why:
            yield f"  Why: {why}"
        if cure:
            yield f"  To do: {cure}"
        if comparison and any(each.explains for each in comparison.differences):
            yield from told
            told = []
    for fix in verdict.fixes:
        if fix.signs_in:
            yield f"  Fix by smtp-tui login: {fix.why}"
            continue
        # As `smtp-tui set` accepts it; `…` stands for what only the admin knows.
        pairs = (f"{key}={'…' if value is None else value}" for key, value in fix.change.items())
        yield f"  Fix {' '.join(pairs)}: {fix.why}"
    for text in verdict.also_texts:
        yield f"  Also: {text}"
    for text in verdict.warning_texts:
        yield f"  Warning: {text}"
    if verdict.delivery and verdict.delivery.arrival:
        lines = load("arrival.report_lines:header_lines")(verdict.delivery.arrival)
        yield from (f"  {line}" for line in lines)
    yield from told


def _recipient_lines(verdict: Verdict) -> Iterator[str]:
    """Yield who gets the message and who does not, if the server rejects some of several."""
    rejected = [each for each in verdict.recipients if each.code // 100 != 2]
    if not rejected or len(verdict.recipients) == 1:
        return
    shown = sorted(verdict.recipients, key=lambda each: each not in rejected)[:_MOST_RECIPIENTS]
    for each in shown:
        said = shortened(escape_controls(f"{each.code} {' '.join(each.text.split())}"))
        word = "rejected" if each in rejected else "accepted"
        yield f"{escape_controls(each.address)}: {word}, {said}"
    if more := len(verdict.recipients) - len(shown):
        yield f"{more} more recipients: {len(rejected)} of {len(verdict.recipients)} are rejected"


def own_reasons(verdict: Verdict) -> tuple[str, str]:
    """Return the reason and the cure, each empty where a difference of a place explains more."""
    comparison = verdict.comparison
    # They speak of this machine; what explains the failure of another place stands elsewhere.
    is_explained = comparison and any(each.explains for each in comparison.differences)
    is_traced = verdict.egress is not None and verdict.egress.conclusion in _TRACED
    if not is_explained:
        return verdict.why, verdict.cure
    return verdict.why if is_traced else "", ""


def here_line(comparison: Comparison) -> str:
    """Return the outcome of the check from here; empty if none was wanted."""
    here = comparison.here
    if here is None:
        return f"here: not checked ({comparison.why_not})" if comparison.why_not else ""
    if here.ok:
        answer = here.summary.removesuffix(_NO_LOGIN).rstrip(".")
        return f"here: PASSED, without a login: {answer}."
    return f"here: FAILED at {STAGE_NAMES[here.stage]}: {here.summary}"


def difference_lines(comparison: Comparison) -> Iterator[str]:
    """Yield the differences, each with its cure and command, and what was not compared."""
    for difference in comparison.differences:
        yield f"{'Difference' if difference.explains else 'Also differs'}: {difference.what}"
        details = (
            ("Why", difference.why if difference.explains else ""),
            ("To do", difference.cure),
            ("Command", difference.command),
        )
        yield from (f"  {name}: {text}" for name, text in details if text)
    if comparison.fails_here_too:
        yield "It fails here in the same way."
    if comparison.not_compared:
        yield f"Not compared: {'; '.join(comparison.not_compared)}."
