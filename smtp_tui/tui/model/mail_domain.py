"""The domain whose mail servers are to be checked, as it is typed."""

from __future__ import annotations

from smtp_tui.discovery.steps import parse_query
from smtp_tui.tui.messages import as_sentence, text


def domain_typed(typed: str) -> str:
    """Return a domain in ASCII; a ValueError with a sentence if it is none."""
    try:
        query = parse_query(typed)
    except ValueError as error:
        raise ValueError(as_sentence(str(error))) from None
    if query.is_address:
        raise ValueError(text("mail-servers", "address"))
    return query.name
