"""`smtp-tui send --follow`: how to follow the message."""

from __future__ import annotations

from smtp_tui.checks.request import WITHIN, FollowRequest
from smtp_tui.cli.commands import Invocation
from smtp_tui.cli.parser import UsageError, number_within

LONGEST = 86400.0  # seconds; more is a typo


def follow_request(call: Invocation) -> FollowRequest:
    """Return how to follow the message of a call; UsageError for an invalid value."""
    options = call.options
    if options.log == "":
        raise UsageError("--log needs a file, or journal")
    seconds = WITHIN if options.within is None else options.within
    within = number_within(seconds, 1, LONGEST, "--within needs a number of seconds")
    # Most servers try again after five minutes or more: who names a time means to wait for it.
    return FollowRequest(log=options.log, within=within, past_deferral=options.within is not None)
