"""When a certificate expires soon: the one rule that the check, its warnings and monitoring share.

A fixed number of days fits one lifetime alone: 14 days are too late for a certificate of a year and
alarm for ever on one of six days. So the rule is a share of the lifetime, and a limit to it. Let's
Encrypt's clients renew with a third of it left, or half of a short one.
"""

from __future__ import annotations

from datetime import timedelta

from smtp_tui.records import record

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


@record(kw_only=True)
class Limit:
    """Less time left than this is too little: a share of the lifetime, or `most` if that is less.

    Without a share it is `most`, and without `most` the share alone.
    """

    share: float | None = None
    most: timedelta | None = None

    def of(self, lifetime: timedelta) -> timedelta:
        """Return the time that must be left of a certificate with this lifetime."""
        spans = [self.most] if self.most is not None else []
        if self.share is not None:
            spans.append(max(lifetime, timedelta(0)) * self.share)
        return min(spans)


EXPIRES_SOON = Limit(share=1 / 4, most=timedelta(days=30))
EXPIRES_VERY_SOON = Limit(share=1 / 8, most=timedelta(days=14))


def in_words(left: timedelta) -> str:
    """Say how much time is left, in days, and in hours where a day is long."""
    if left < timedelta(0):
        return f"expired {_counted(-left)} ago"
    return f"{_counted(left)} left"


def _counted(span: timedelta) -> str:
    unit, name = (_DAY, "day") if span >= 2 * _DAY else (_HOUR, "hour")
    number = span // unit
    return f"{number} {name}{'' if number == 1 else 's'}" if number else "less than an hour"
