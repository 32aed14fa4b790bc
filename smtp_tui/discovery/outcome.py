"""What a search amounts to: the best choice, the nearest, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from smtp_tui.discovery.choosing import notes_of, ranked, reason_of, values_of
from smtp_tui.discovery.places import Place
from smtp_tui.discovery.resolver import State
from smtp_tui.discovery.steps import Knock, Result
from smtp_tui.discovery.subject import Subject
from smtp_tui.discovery.texts import text
from smtp_tui.smtp.events import Fault


def result_of(
    subject: Subject, places: Sequence[Place], knocks: Sequence[Knock], states: set[State]
) -> Result:
    """Judge a search by its knocks; `states` are what became of the questions about the name."""
    by_port = {(place.host, place.port): place for place in places}
    choices = ranked(knocks, by_port)
    if not choices:
        return _nothing(subject, knocks, by_port, states)
    best = choices[0]
    return Result(
        seconds=0,
        ok=best.knock.cause is None,
        values=values_of(best, subject),
        cause=best.knock.cause,
        source=best.place.source,
        provider=best.place.provider.id if best.place.provider else None,
        reason=reason_of(best, subject),
        notes=tuple(notes_of(best, knocks, subject)),
        knocks=len(knocks),
    )


def _nothing(
    subject: Subject,
    knocks: Sequence[Knock],
    places: Mapping[tuple[str, int], Place],
    states: set[State],
) -> Result:
    """Say why there is no choice at all."""
    name = subject.name
    if knocks:
        telling = min(knocks, key=lambda one: places[one.host, one.port].rank)
        cause = telling.cause or Fault.NOT_SMTP.value
        reason = text("nothing", "unreachable", count=len(knocks))
    elif states <= {State.FAILED}:
        cause, reason = Fault.RESOLVER_FAILED.value, text("nothing", "failed", name=name)
    elif State.NO_NAME in states and states <= {State.NO_NAME, State.FAILED}:
        cause, reason = Fault.HOST_NOT_FOUND.value, text("nothing", "no-name", name=name)
    else:
        cause, reason = Fault.HOST_NOT_FOUND.value, text("nothing", "no-host")
    return Result(seconds=0, ok=False, cause=cause, reason=reason, knocks=len(knocks))
