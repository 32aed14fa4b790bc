"""The domain check that follows a passed check: what DNS holds about the sender's domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from smtp_tui.checks.run import CheckRequest
from smtp_tui.defects import defect_text
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.domain import DomainFact, FactSeverity, domain_facts
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.events import Connected, Event


class DomainCheck:
    """Hears a check, and asks DNS when it has passed."""

    def __init__(self, resolver: Resolver, selectors: Sequence[str] = ()) -> None:
        self._resolver = resolver
        self._selectors = selectors
        self._connected: Connected | None = None

    def hear(self, told: Event | Verdict) -> None:
        """Take in what a check tells: which addresses it went from and to."""
        if isinstance(told, Connected):
            self._connected = told

    async def facts(self, request: CheckRequest) -> tuple[DomainFact, ...]:
        """Return what DNS holds about the domain that the request sends from."""
        settings = sending_settings(request)
        if settings is None:
            return ()
        try:
            return await domain_facts(
                settings,
                self._connected.local_address if self._connected else None,
                self._resolver,
                server=self._connected.address if self._connected else None,
                selectors=self._selectors,
            )
        except Exception as error:  # the check has passed, whatever DNS brings out
            text = f"smtp-tui failed: {defect_text(error)}."
            return (
                DomainFact(
                    subject="dns", id="internal-error", weight=FactSeverity.UNKNOWN, text=text
                ),
            )


def sending_settings(request: CheckRequest) -> Settings | None:
    """Return the settings of a request, the sender that of its mail where that names one."""
    settings = parse_settings(request.values).settings
    if settings and request.mail and request.mail.sender:
        return replace(settings, sender=str(request.mail.sender))
    return settings
