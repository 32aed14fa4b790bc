"""The thresholds of `check --format nagios`: seconds, and a certificate's time left."""

from __future__ import annotations

import re
from datetime import timedelta

from smtp_tui.checks.monitoring import Range, RangeError, Thresholds, range_of
from smtp_tui.cli.parser import Invocation, UsageError
from smtp_tui.smtp.certificates import Limit

MOST_DAYS = 36500
# Days are whole, so that nobody's share of 0.25 becomes six hours.
_LIMIT = re.compile(r"(?P<share>[0-9]{1,3}(?:\.[0-9]{1,4})?)%|(?P<days>[0-9]{1,5})")


def thresholds_of(call: Invocation) -> Thresholds:
    """Return the thresholds that a call names, or the usual ones; UsageError where one is wrong."""
    usual = Thresholds()
    warning, critical = _limit(call, "warning"), _limit(call, "critical")
    if warning and critical and _is_above(critical, warning):
        raise UsageError(
            "the critical threshold of the certificate must not be above its warning threshold"
        )
    return Thresholds(
        certificate_warning=warning or usual.certificate_warning,
        certificate_critical=critical or _at_most(usual.certificate_critical, warning),
        seconds_warning=_range(call, "warning"),
        seconds_critical=_range(call, "critical"),
    )


def _limit(call: Invocation, level: str) -> Limit | None:
    """Return what a call says of a certificate's time left: a share, or days."""
    text = getattr(call.options, f"certificate_{level}")
    days = getattr(call.options, f"{level}_days")
    if text is None:
        text = None if days is None else str(days)
    elif days is not None:
        raise UsageError(
            f"--certificate-{level} and --{level}-days mean the same: give only one of them"
        )
    if text is None:
        return None
    found = _LIMIT.fullmatch(text)
    if found and found["share"] and float(found["share"]) <= 100:
        return Limit(share=float(found["share"]) / 100)
    if found and found["days"] and int(found["days"]) <= MOST_DAYS:
        return Limit(most=timedelta(days=int(found["days"])))
    option = f"--certificate-{level}" if days is None else f"--{level}-days"
    share = " or a share of the lifetime such as 25%" if days is None else ""
    raise UsageError(f"{option} needs days, 0 to {MOST_DAYS}{share}")


def _is_above(one: Limit, other: Limit) -> bool:
    """Whether a limit is above another; of a share and days the lifetime decides, so it is not."""
    if one.share is not None and other.share is not None:
        return one.share > other.share
    return one.most is not None and other.most is not None and one.most > other.most


def _at_most(usual: Limit, given: Limit | None) -> Limit:
    """Return the usual critical limit, no higher than the warning limit that a call gives."""
    if given is None:
        return usual
    return Limit(
        share=min((one for one in (usual.share, given.share) if one is not None), default=None),
        most=min((one for one in (usual.most, given.most) if one is not None), default=None),
    )


def _range(call: Invocation, level: str) -> Range | None:
    text = getattr(call.options, level)
    if text is None:
        return None
    try:
        return range_of(text)
    except RangeError as error:
        raise UsageError(f"--{level} needs a range of seconds: {error}") from None
