"""What there is to say about a table besides its settings: unknown keys, a mailer switched off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from smtp_tui.config.errors import one_line
from smtp_tui.config.synonyms import SWITCHES


def remarks_on(
    table: str, content: Mapping[str, Any], unknown: Sequence[str], unclear: Sequence[str]
) -> tuple[str, ...]:
    """Return one sentence for each."""
    return tuple(_remarks(table, content, unknown, unclear))


def _remarks(
    table: str, content: Mapping[str, Any], unknown: Sequence[str], unclear: Sequence[str]
) -> Iterator[str]:
    for key in content:
        if key in SWITCHES and key not in unknown and content.get(key) is (key == "disabled"):
            yield f"{key} is {str(content[key]).lower()}: mail is switched off in this table."
    if unknown := [key for key in unknown if key not in unclear]:
        where = "at the top of the file" if table == "." else f"in [{one_line(table, 80)}]"
        yield f"Unknown keys {where}: {one_line(', '.join(unknown), 200)}."
    if unclear:
        named = " and ".join(unclear)
        yield (
            f"{named} may mean STARTTLS or implicit TLS. smtp-tui does not know which; set "
            "encryption."
        )
