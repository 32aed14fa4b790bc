"""Which of the ports that answered is the best choice and why, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from smtp_tui.diagnosis.causes import label
from smtp_tui.discovery.candidates import USUAL, Candidate
from smtp_tui.discovery.dns import AnswerState
from smtp_tui.discovery.steps import CandidateSource, ProbeResult, SearchQuery, SearchResult
from smtp_tui.discovery.texts import text
from smtp_tui.providers.provider import User
from smtp_tui.records import record
from smtp_tui.settings.choices import Authentication, Encryption
from smtp_tui.smtp.events import Cause

_MOST_NAMES = 4


@record(kw_only=True)
class RankedChoice:
    """A probe of a candidate, worth choosing more than those after it."""

    probe: ProbeResult
    candidate: Candidate

    @property
    def worth(self) -> tuple[int, bool, tuple[int, int], int, int, int]:
        """What counts first sorts first."""
        # A certificate that does not hold is worth more than none: it can be fixed, while an
        # unencrypted connection gives everything away.
        probe = self.probe
        if probe.cause is None:
            grade = 0 if probe.is_encrypted else 2
        else:
            grade = 1 if probe.trusted else 3
        return (
            grade,
            not probe.mechanisms,
            self.candidate.rank,
            probe.encryption is not Encryption.SSL,
            USUAL.index(probe.port) if probe.port in USUAL else 0,
            ":" in probe.address,
        )


def ranked(
    probes: Sequence[ProbeResult], candidates: Mapping[tuple[str, int], Candidate]
) -> list[RankedChoice]:
    """Return the probes that reached a mail server, the best choice first."""
    choices = [
        RankedChoice(probe=probe, candidate=candidates[probe.host, probe.port])
        for probe in probes
        if probe.is_reached
    ]
    return sorted(choices, key=lambda choice: choice.worth)


def values_of(choice: RankedChoice, query: SearchQuery) -> dict[str, object]:
    """The values for our fields; what only the admin knows is left out."""
    probe, candidate = choice.probe, choice.candidate
    values: dict[str, object] = {
        "host": probe.host,
        "port": probe.port,
        "encryption": (probe.encryption or Encryption.NONE).value,
    }
    username = candidate.username
    if provider := candidate.provider:
        username = query.address if provider.user is User.ADDRESS else provider.username
        if provider.authentication[0] is not Authentication.AUTO:
            values["authentication"] = provider.authentication[0].value
    if username:
        values["username"] = username
    return values


def reason_of(choice: RankedChoice, query: SearchQuery) -> str:
    """Say in one sentence how it is known and what speaks for it."""
    probe, candidate = choice.probe, choice.candidate
    origin = "given" if candidate.is_given else candidate.source.value
    provider = candidate.provider.name if candidate.provider else ""
    parts = [text("reasons", origin, name=query.name, provider=provider)]
    parts.append(text("reasons", (probe.encryption or Encryption.NONE).value))
    if probe.cause is None and probe.is_encrypted:
        parts[-1] += f" ({probe.version}) with {text('reasons', 'trusted')}"
    if probe.mechanisms:
        parts.append(text("reasons", "logins", mechanisms=" ".join(probe.mechanisms)))
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def notes_of(
    choice: RankedChoice, probes: Sequence[ProbeResult], query: SearchQuery
) -> Iterator[str]:
    """Say what else an admin must know before taking it."""
    probe, candidate = choice.probe, choice.candidate
    if probe.cause:
        yield text("notes", "near", cause=label(probe.cause))
        if probe.certificate and "certificate-name-mismatch" in (probe.cause, *probe.also):
            names = ", ".join(probe.certificate.names[:_MOST_NAMES]) or "no name"
            yield text("notes", "certificate-names", names=names)
    if probe.encryption is Encryption.NONE:
        yield text("notes", "plain")
    if not probe.mechanisms and probe.cause is None:
        yield text("notes", "no-login")
    # Anybody on the way could have put a name of elsewhere into DNS (RFC 6186, section 6).
    inside = candidate.host == query.name or candidate.host.endswith(f".{query.name}")
    if candidate.source is CandidateSource.SRV and not inside and not candidate.secure:
        yield text("notes", "outside", host=candidate.host, name=query.name)
    for other in probes:
        same = (other.host, other.port) == (probe.host, probe.port) and other is not probe
        if same and other.cause and other.cause != probe.cause:
            family = "IPv6" if ":" in other.address else "IPv4"
            yield text("notes", "one-family", family=family, cause=label(other.cause))
    if candidate.provider:
        yield text("notes", "user", text=candidate.provider.username_is)
        yield text("notes", "password", text=candidate.provider.password_is)
        if candidate.provider.page:
            yield text("notes", "page", text=candidate.provider.page)
        yield from candidate.provider.notes


def result_of(
    query: SearchQuery,
    candidates: Sequence[Candidate],
    probes: Sequence[ProbeResult],
    states: set[AnswerState],
) -> SearchResult:
    """Judge a search by its probes; `states` are what became of the questions about the name."""
    by_port = {(candidate.host, candidate.port): candidate for candidate in candidates}
    choices = ranked(probes, by_port)
    if choices:
        best = choices[0]
        provider = best.candidate.provider
        return SearchResult(
            seconds=0,
            ok=best.probe.cause is None,
            values=values_of(best, query),
            cause=best.probe.cause,
            source=best.candidate.source,
            provider=provider.id if provider else None,
            reason=reason_of(best, query),
            notes=tuple(notes_of(best, probes, query)),
            knocks=len(probes),
        )
    if probes:
        telling = min(probes, key=lambda probe: by_port[probe.host, probe.port].rank)
        cause = telling.cause or Cause.NOT_SMTP.value
        reason = text("nothing", "unreachable", count=len(probes))
    elif states <= {AnswerState.FAILED}:
        cause, reason = Cause.RESOLVER_FAILED.value, text("nothing", "failed", name=query.name)
    else:
        absent = AnswerState.NO_NAME in states and states <= {
            AnswerState.NO_NAME,
            AnswerState.FAILED,
        }
        cause = Cause.HOST_NOT_FOUND.value
        reason = text("nothing", "no-name" if absent else "no-host", name=query.name)
    return SearchResult(seconds=0, ok=False, cause=cause, reason=reason, knocks=len(probes))
