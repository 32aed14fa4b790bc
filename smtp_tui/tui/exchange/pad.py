"""The text of another program's settings while it is pasted or typed; its secrets are not shown."""

from __future__ import annotations

from smtp_tui.interchange.importing import LARGEST
from smtp_tui.settings.sources import Literal, parse_source
from smtp_tui.tui.asides.error_text import ErrorText
from smtp_tui.tui.exchange.masking import masked_line
from smtp_tui.tui.exchange.words import key_here, text

LONGEST_LINE = 2000
"""Characters of a line that are looked at to show it."""


class Pad(ErrorText):
    """Holds a text whole, so that nothing of it is lost; a longer one than any counts as such."""

    hint = text("import", "hint", key=key_here("file"))
    secrets: tuple[str, ...] = ()

    def bounded(self, text: str) -> str:
        """Return the lines; of what is too long enough to tell that it is."""
        return text.replace("\r\n", "\n").replace("\r", "\n")[: LARGEST + 1]

    def shown(self, text: str, height: int) -> list[str]:
        """Return the last lines of it without secrets."""
        last = text.rsplit("\n", height)[-height:]
        shown = [masked_line(line[:LONGEST_LINE], self.secrets) for line in last]
        return [*shown[:-1], shown[-1] if len(last[-1]) <= LONGEST_LINE else f"{shown[-1]}…"]

    def learn(self, password: object | None) -> None:
        """Know the password that the text gives away, to hide it wherever it stands."""
        source = None if password is None else parse_source(password)
        self.secrets = (source.value,) if isinstance(source, Literal) and source.value else ()
