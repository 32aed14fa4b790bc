"""Which of the ports that answered is the best choice, and why.

What a search amounts to: the best choice, the nearest, or why there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from smtp_tui.discovery.candidates import USUAL, Candidate
from smtp_tui.discovery.dns import State
from smtp_tui.discovery.steps import ProbeResult, SearchQuery, SearchResult, Source
from smtp_tui.discovery.texts import text
from smtp_tui.providers.provider import User
from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication, Encryption
from smtp_tui.smtp.events import Cause, label

_MOST_NAMES = 4


@record(kw_only=True)
class RankedChoice:
    """A knock at a place, worth choosing more than those after it."""

    knock: ProbeResult
    place: Candidate

    @property
    def worth(self) -> tuple[int, bool, tuple[int, int], int, int, int]:
        """What counts first sorts first.

        A certificate that does not hold is worth more than none: it is mended, while plain text
        gives everything away.
        """
        knock = self.knock
        return (
            _grade(knock),
            not knock.mechanisms,
            self.place.rank,
            knock.encryption is not Encryption.SSL,
            USUAL.index(knock.port) if knock.port in USUAL else 0,
            ":" in knock.address,
        )


def _grade(knock: ProbeResult) -> int:
    if knock.cause is None:
        return 0 if knock.is_encrypted else 2
    return 1 if knock.trusted else 3


def ranked(
    knocks: Sequence[ProbeResult], places: Mapping[tuple[str, int], Candidate]
) -> list[RankedChoice]:
    """Return the knocks that reached a mail server, the best choice first."""
    reached = [one for one in knocks if one.is_reached]
    choices = [RankedChoice(knock=one, place=places[one.host, one.port]) for one in reached]
    return sorted(choices, key=lambda choice: choice.worth)


def values_of(choice: RankedChoice, subject: SearchQuery) -> dict[str, object]:
    """The values for our fields; what only the admin knows is left out."""
    knock, place = choice.knock, choice.place
    values: dict[str, object] = {
        "host": knock.host,
        "port": knock.port,
        "encryption": (knock.encryption or Encryption.NONE).value,
    }
    username = place.username
    if provider := place.provider:
        username = provider.username
        if provider.user is User.ADDRESS:
            username = subject.address
        if provider.authentication[0] is not Authentication.AUTO:
            values["authentication"] = provider.authentication[0].value
    if username:
        values["username"] = username
    return values


def reason_of(choice: RankedChoice, subject: SearchQuery) -> str:
    """Say in one sentence how it is known and what speaks for it."""
    knock, place = choice.knock, choice.place
    known = "given" if place.is_given else place.source.value
    provider = place.provider.name if place.provider else ""
    parts = [text("reasons", known, name=subject.name, provider=provider)]
    parts.append(text("reasons", (knock.encryption or Encryption.NONE).value))
    if knock.cause is None and knock.is_encrypted:
        parts[-1] += f" ({knock.version}) with {text('reasons', 'trusted')}"
    if knock.mechanisms:
        parts.append(text("reasons", "logins", mechanisms=" ".join(knock.mechanisms)))
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def notes_of(
    choice: RankedChoice, knocks: Sequence[ProbeResult], subject: SearchQuery
) -> Iterator[str]:
    """Say what else an admin must know before taking it."""
    knock, place = choice.knock, choice.place
    if knock.cause:
        yield text("notes", "near", cause=label(knock.cause))
        if knock.certificate and "certificate-name-mismatch" in (knock.cause, *knock.also):
            names = ", ".join(knock.certificate.names[:_MOST_NAMES]) or "no name"
            yield text("notes", "certificate-names", names=names)
    if knock.encryption is Encryption.NONE:
        yield text("notes", "plain")
    if not knock.mechanisms and knock.cause is None:
        yield text("notes", "no-login")
    if _is_outside(place, subject):
        yield text("notes", "outside", host=place.host, name=subject.name)
    yield from _of_the_other_family(knock, knocks)
    if place.provider:
        yield text("notes", "user", text=place.provider.username_is)
        yield text("notes", "password", text=place.provider.password_is)
        if place.provider.page:
            yield text("notes", "page", text=place.provider.page)
        yield from place.provider.notes


def _is_outside(place: Candidate, subject: SearchQuery) -> bool:
    """Whether a name was found in DNS that anybody on the way could have put there (RFC 6186)."""
    inside = place.host == subject.name or place.host.endswith(f".{subject.name}")
    return place.source is Source.SRV and not inside and not place.secure


def _of_the_other_family(knock: ProbeResult, knocks: Sequence[ProbeResult]) -> Iterator[str]:
    for other in knocks:
        same = (other.host, other.port) == (knock.host, knock.port) and other is not knock
        if same and other.cause and other.cause != knock.cause:
            family = "IPv6" if ":" in other.address else "IPv4"
            yield text("notes", "one-family", family=family, cause=label(other.cause))


def result_of(
    subject: SearchQuery,
    places: Sequence[Candidate],
    knocks: Sequence[ProbeResult],
    states: set[State],
) -> SearchResult:
    """Judge a search by its knocks; `states` are what became of the questions about the name."""
    by_port = {(place.host, place.port): place for place in places}
    choices = ranked(knocks, by_port)
    if not choices:
        return _nothing(subject, knocks, by_port, states)
    best = choices[0]
    return SearchResult(
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
    subject: SearchQuery,
    knocks: Sequence[ProbeResult],
    places: Mapping[tuple[str, int], Candidate],
    states: set[State],
) -> SearchResult:
    """Say why there is no choice at all."""
    name = subject.name
    if knocks:
        telling = min(knocks, key=lambda one: places[one.host, one.port].rank)
        cause = telling.cause or Cause.NOT_SMTP.value
        reason = text("nothing", "unreachable", count=len(knocks))
    elif states <= {State.FAILED}:
        cause, reason = Cause.RESOLVER_FAILED.value, text("nothing", "failed", name=name)
    elif State.NO_NAME in states and states <= {State.NO_NAME, State.FAILED}:
        cause, reason = Cause.HOST_NOT_FOUND.value, text("nothing", "no-name", name=name)
    else:
        cause, reason = Cause.HOST_NOT_FOUND.value, text("nothing", "no-host")
    return SearchResult(seconds=0, ok=False, cause=cause, reason=reason, knocks=len(knocks))
