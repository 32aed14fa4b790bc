"""What an outcome means to a monitoring system: its state, its host, its certificate."""

from __future__ import annotations

from enum import IntEnum

from smtp_tui.checks.batch import CheckResult, CheckTarget
from smtp_tui.checks.monitoring.ranges import Range
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.records import record
from smtp_tui.settings.masking import mask_credentials
from smtp_tui.smtp.certificates import Certificate
from smtp_tui.smtp.events import Cause, Stage, WarningId
from smtp_tui.smtp.lifetimes import EXPIRES_SOON, EXPIRES_VERY_SOON, Limit


class State(IntEnum):
    """The states of the Monitoring Plugins, by their exit status."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


WORST_FIRST = (State.CRITICAL, State.UNKNOWN, State.WARNING, State.OK)

# Nothing was asked of a server yet: whether mail works is not known.
_UNTESTED = frozenset({Stage.SETTINGS, Stage.PASSWORD})

# Somebody must act on these. A certificate that expires has thresholds of its own, and the others
# do no harm by themselves: an alarm that never ends is ignored.
MATTERS = frozenset(
    {
        WarningId.LINK_OPEN,
        WarningId.PASSWORD_IN_CLEAR,
        WarningId.CERTIFICATE_NOT_VERIFIED,
        WarningId.ADDRESS_UNANSWERED,
    }
)


@record(kw_only=True)
class Thresholds:
    """What makes a passed check a WARNING or CRITICAL: its certificate's time left, its seconds."""

    certificate_warning: Limit = EXPIRES_SOON
    certificate_critical: Limit = EXPIRES_VERY_SOON
    seconds_warning: Range | None = None
    seconds_critical: Range | None = None


def state_of(verdict: Verdict, thresholds: Thresholds) -> State:
    """Return the state of a table whose check came to `verdict`."""
    if not verdict.ok:
        is_unknown = verdict.stage in _UNTESTED or verdict.cause == Cause.INTERNAL_ERROR
        return State.UNKNOWN if is_unknown else State.CRITICAL
    too_long = exceeded(verdict, thresholds)
    return max(
        state_of_certificate(verdict, thresholds),
        too_long[0] if too_long else State.OK,
        State.WARNING if MATTERS & set(verdict.warnings) else State.OK,
    )


def state_of_certificate(verdict: Verdict, thresholds: Thresholds) -> State:
    """Return the state that the server's certificate asks for by its time left."""
    leaf = leaf_of(verdict)
    if leaf is None:
        return State.OK
    if leaf.is_below(thresholds.certificate_critical):
        return State.CRITICAL
    return State.WARNING if leaf.is_below(thresholds.certificate_warning) else State.OK


def exceeded(verdict: Verdict, thresholds: Thresholds) -> tuple[State, Range] | None:
    """Return the worst state that the seconds of a check ask for, and the range that says so."""
    for state, limit in (
        (State.CRITICAL, thresholds.seconds_critical),
        (State.WARNING, thresholds.seconds_warning),
    ):
        if limit and limit.alarms(verdict.seconds):
            return state, limit
    return None


def leaf_of(verdict: Verdict) -> Certificate | None:
    """Return the server's own certificate, where there is one that can be read."""
    leaf = verdict.tls.certificate if verdict.tls else None
    return leaf if leaf and leaf.is_readable else None


def host_of(subject: CheckTarget) -> str:
    """Return the host that a table names; empty where it names none."""
    host = subject.request.values.get("host") if subject.request else None
    return mask_credentials(host) if isinstance(host, str) else ""


def limit_of(outcome: CheckResult) -> float | None:
    """Return the seconds that a check may take, where its table can be read."""
    from smtp_tui.settings.validate import parse_settings

    request = outcome.subject.request
    settings = parse_settings(request.values).settings if request else None
    return settings.timeout if settings else None
