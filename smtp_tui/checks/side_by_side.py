"""Run a check from the place where an application runs, and next to it the same one from here.

The password goes through the place alone: the check from here ends after EHLO, without a login.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import replace

from smtp_tui.checks.differences import (
    BothSides,
    FoundDifference,
    asked,
    described,
    differences,
    has_own_network,
)
from smtp_tui.checks.inside import InsideRequest, PlaceFileError
from smtp_tui.checks.place_settings import other_values
from smtp_tui.checks.request import CheckRequest, CheckTarget
from smtp_tui.checks.run import probe, verdict_without_check
from smtp_tui.checks.run import run as run_check
from smtp_tui.config.errors import one_line
from smtp_tui.config.paths import resolve_path
from smtp_tui.diagnosis.comparison import Comparison, PlaceSummary
from smtp_tui.diagnosis.verdict import CheckSummary, Verdict
from smtp_tui.places.place import Place
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.parsers import is_address
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.events import DialogueNote, Event, Stage, StageEntered
from smtp_tui.smtp.redaction import Redactor, RedactorGroup
from smtp_tui.smtp.session import CheckLimits
from smtp_tui.smtp.tls import verifies_chain

# The stages that the check from here does not reach.
_AFTER_EHLO = (Stage.AUTH, Stage.ENVELOPE, Stage.MESSAGE)
_THIS_MACHINE, _HERE = re.compile(r"\bthis machine\b(?!')"), re.compile(r"\bhere\b")
Probed = tuple[CheckSummary, Verdict]


async def run(request: CheckRequest) -> AsyncGenerator[Event | Verdict, None]:
    """Yield the events of the check from the request's place, and its verdict with a comparison.

    Wrap it in `contextlib.aclosing`.
    """
    place = request.place
    if place is None:
        raise AssertionError("a check side by side needs a place")
    redactors = request.redactors or RedactorGroup()
    with ExitStack() as files:
        try:
            inside = InsideRequest(replace(request, redactors=redactors), place, files)
        except PlaceFileError as error:
            verdict = verdict_without_check(CheckTarget(refusal=str(error)))
            told = tuple(described(found, place) for found in error.found)
            compared = replace(_comparison(request, place, None, ""), differences=told)
            yield replace(verdict, comparison=compared)
            return
        parsed = parse_settings(inside.request.values).settings
        settings = parsed and resolve_path(parsed, inside.request.base)
        sides = _BothChecks(request, place, settings, redactors)
        try:
            async with aclosing(run_check(inside.request)) as updates:
                async for update in updates:
                    if isinstance(update, Verdict):
                        compared = await sides.compared(update, inside.found)
                        yield replace(_as_of(place, update), comparison=compared)
                    else:
                        yield update
                        if isinstance(update, StageEntered) and update.stage is Stage.RESOLVE:
                            for text in _lookup_text(place, settings):
                                yield DialogueNote(seconds=update.seconds, text=text)
        finally:
            await sides.close()


def _lookup_text(place: Place, settings: Settings | None) -> Iterator[str]:
    """Yield what is waited for: a dead name server takes many seconds."""
    if settings and not (settings.proxy or settings.is_socket or is_address(settings.host)):
        yield f"looking up {settings.host} in {place.title}; name servers: {asked(place.resolver)}"


def _as_of(place: Place, verdict: Verdict) -> Verdict:
    """Let the texts on the CA certificates speak of the place; the clock is the same."""
    if verdict.stage is not Stage.TLS:
        return verdict
    why, cure = (
        _HERE.sub("there", _THIS_MACHINE.sub(place.title, text))
        for text in (verdict.why, verdict.cure)
    )
    # The names of a certificate may hold the word, too.
    summary = verdict.summary.replace(" not trusted here.", " not trusted there.", 1)
    return replace(verdict, summary=summary, why=why, cure=cure)


class _BothChecks:
    """The check from here, which runs while the one from the place does, and what both showed."""

    def __init__(
        self,
        request: CheckRequest,
        place: Place,
        settings: Settings | None,
        redactors: RedactorGroup,
    ) -> None:
        self._request, self._place, self._settings = request, place, settings
        self._redactors = redactors
        self._from_here: asyncio.Task[Probed] | None = None
        if settings and request.extra > 0:
            here = CheckLimits(extra=0)
            self._from_here = asyncio.create_task(
                self._probe(settings, Stage.EHLO, here, settings.timeout)
            )

    async def close(self) -> None:
        """Stop the check from here, if it still runs."""
        if self._from_here:
            self._from_here.cancel()
            await asyncio.gather(self._from_here, return_exceptions=True)

    async def compared(self, there: Verdict, found: Sequence[FoundDifference]) -> Comparison:
        """Return the comparison with the verdict from the place."""
        request, place, settings = self._request, self._place, self._settings
        if self._from_here is None or settings is None:
            return _comparison(request, place, None, "")
        # Both began at once: the one from here rarely needs more time.
        finished, _ = await asyncio.wait({self._from_here}, timeout=request.extra)
        if not finished:
            why = f"no verdict within {request.extra:g} s after the other"
            return _comparison(request, place, None, why)
        _, here = self._from_here.result()
        sides = BothSides(
            place=place,
            settings=settings,
            there=there,
            here=here,
            certifi=await self._with_certifi(settings, there),
        )
        compared = _comparison(request, place, here, "")
        if not there.ok and there.stage in _AFTER_EHLO:
            unseen = ("the login, which is not tried from here", *compared.not_compared)
            compared = replace(compared, not_compared=unseen)
        return replace(
            compared,
            differences=differences(sides, [*found, *self._of_variables()]),
            fails_here_too=there.cause is not None and there.cause == here.cause,
        )

    def _of_variables(self) -> list[FoundDifference]:
        """Return how the variables of the place differ from a file with settings."""
        request = self._request
        found = request.file and other_values(self._place, request.values)
        return [found] if found else []

    async def _with_certifi(self, settings: Settings, there: Verdict) -> Verdict | None:
        """Verify the certificate again with the authorities of the place's certifi, if any."""
        other = self._place.trust.other
        seen = there.facts and there.facts.handshake
        if other is None or other.pem is None or not seen or settings.ca_file:
            return None
        if not verifies_chain(settings):
            return None
        limits = CheckLimits(extra=0, network=self._place.network, trust=other.pem)
        _, verdict = await self._probe(settings, Stage.TLS, limits, self._request.extra)
        return verdict

    async def _probe(
        self, settings: Settings, until: Stage, limits: CheckLimits, seconds: float
    ) -> Probed:
        redactor: Redactor = self._redactors.redactor(settings.host, settings.username, None)
        return await probe(settings, until, limits=limits, seconds=seconds, redactor=redactor)


def _comparison(
    request: CheckRequest, place: Place, here: Verdict | None, why_not: str
) -> Comparison:
    return Comparison(
        place=summary_of(place, request.settings_from),
        here=here,
        why_not=why_not,
        not_compared=tuple(_not_compared(place)),
    )


def summary_of(place: Place, settings_from: str | None = None) -> PlaceSummary:
    """Return a place as reports name it."""
    trust = place.trust
    return PlaceSummary(
        kind=place.kind.value,
        name=place.name,
        engine=place.engine or None,
        pid=place.pid,
        command=one_line(place.status.command, 40),
        user=place.status.uid,
        user_name=place.user_name,
        runtime=trust.runtime,
        trusts=tuple(dict.fromkeys(trust.paths)),
        certificates=None if trust.pem is None else trust.count,
        name_servers=place.resolver.nameservers[:3],
        has_own_network=has_own_network(place),
        settings_from=settings_from,
    )


def _not_compared(place: Place) -> list[str]:
    """Return what may differ without being seen here."""
    library = " ".join(ssl.OPENSSL_VERSION.split()[:2])
    unseen = [f"the TLS library (this machine's {library} was used)"]
    if place.trust.pem is None:
        paths = f" in {', '.join(place.trust.paths)}" if place.trust.paths else ""
        unseen.append(
            f"the CA certificates of {place.trust.runtime}{paths} (this machine's were used)"
        )
    if not place.trust.is_known:
        program = one_line(place.status.command, 40)
        # The first process of a container is often a shell or an init that starts the application.
        child = next(iter(place.process.children), None)
        unseen.append(f"the CAs that {program} itself trusts (those of OpenSSL's files were used)")
        if child:
            unseen.append(f"process {child}, which {program} started (try --as-pid {child})")
    return [*unseen, *(note.rstrip(".") for note in place.notes)]
