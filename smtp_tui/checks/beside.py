"""A look beside a check: a dialogue of its own, which never carries a credential."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace

from smtp_tui.diagnosis.diagnose import diagnose
from smtp_tui.diagnosis.facts import Facts
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.settings.choices import Authentication
from smtp_tui.settings.fields import Settings
from smtp_tui.smtp.events import Stage
from smtp_tui.smtp.redaction import Redactor
from smtp_tui.smtp.session import Limits, check


def without_credentials(settings: Settings) -> Settings:
    """Return the settings without anything that lets anybody in."""
    return replace(
        settings,
        authentication=Authentication.NONE,
        username=None,
        password=None,
        client_certificate=None,
        client_key=None,
    )


async def look(
    settings: Settings, until: Stage, seconds: float, redactor: Redactor
) -> tuple[Facts, Verdict]:
    """Go as far as `until`, TLS or EHLO, for `seconds` at most; return what was seen.

    `redactor` is that of the check: a server that learned the password there may repeat it here.
    """
    asked = replace(without_credentials(settings), timeout=seconds)
    facts = Facts()
    limits = Limits(until=until, extra=0)
    async with aclosing(check(asked, limits=limits, redactor=redactor)) as events:
        async for event in events:
            facts.add(event)
    return facts, diagnose(asked, facts, 0)
