"""The domain check that follows a passed check: what DNS holds about the sender's domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from smtp_tui.checks.run import CheckRequest
from smtp_tui.config.errors import defect_text
from smtp_tui.discovery.dns import Resolver
from smtp_tui.discovery.domain import DomainFact, FactSeverity, domain_facts
from smtp_tui.settings.fields import Settings
from smtp_tui.settings.validate import parse_settings
from smtp_tui.smtp.events import Connected


class DomainCheck:
    """Asks DNS about the domain that a check which passed sends from."""

    def __init__(self, resolver: Resolver, selectors: Sequence[str] = ()) -> None:
        self._resolver = resolver
        self._selectors = selectors

    async def facts(
        self, request: CheckRequest, connected: Connected | None
    ) -> tuple[DomainFact, ...]:
        """Return what DNS holds; `connected` tells which addresses the check went from and to."""
        settings = sending_settings(request)
        if settings is None:
            return ()
        try:
            return await domain_facts(
                settings,
                connected.local_address if connected else None,
                self._resolver,
                server=connected.address if connected else None,
                selectors=self._selectors,
            )
        except Exception as error:  # the check has passed, whatever DNS brings out
            text = f"smtp-tui failed: {defect_text(error)}."
            weight = FactSeverity.UNKNOWN
            return (DomainFact(subject="dns", id="internal-error", weight=weight, text=text),)


def sending_settings(request: CheckRequest) -> Settings | None:
    """Return the settings of a request, the sender that of its mail where that names one."""
    settings = parse_settings(request.values).settings
    if settings and request.mail and request.mail.sender:
        return replace(settings, sender=str(request.mail.sender))
    return settings
