"""What a test found about each field, in a sentence or two."""

from __future__ import annotations

from functools import cache

from smtp_tui.diagnosis.facts import Facts
from smtp_tui.diagnosis.names import names_of
from smtp_tui.diagnosis.seen import login, server, tls
from smtp_tui.diagnosis.texts import loaded
from smtp_tui.diagnosis.verdict import Verdict
from smtp_tui.smtp.escaping import visible

_OF = {**server.OF, **login.OF, **tls.OF}


def findings(key: str, facts: Facts, verdict: Verdict) -> str:
    """Say what a finished test found about a field; nothing where it did not come so far."""
    if key not in _OF:
        return ""
    names = names_of(None, facts)
    parts = list(_OF[key](facts, verdict))
    filled = [texts()[key][part.name].format_map({**names, **part.names}) for part in parts]
    return visible(" ".join(filled))


@cache
def texts() -> dict[str, dict[str, str]]:
    """Return the sentences of each field, by what they are for."""
    return loaded("findings.toml")
